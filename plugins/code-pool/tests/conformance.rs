//! The suite every plugin passes.

mod fixture;

use entrepot_conformance::Suite;

#[test]
fn conforms() {
    Suite::for_supplier(code_pool::plugin, fixture::fixture()).assert_conforms();
}

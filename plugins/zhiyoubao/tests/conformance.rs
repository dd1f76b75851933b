//! The suite every plugin passes, against the simulated gateway's desk.

#[allow(dead_code)] // some of it is for other tests
mod fixture;

use entrepot_conformance::Suite;

#[test]
fn conforms() {
    Suite::for_supplier(zhiyoubao::plugin, fixture::fixture()).assert_conforms();
}

//! The suite every plugin passes, against the simulated supplier's desk.

mod fixture;

use entrepot_conformance::Suite;

#[test]
fn conforms() {
    Suite::for_supplier(octo_supplier::plugin, fixture::fixture()).assert_conforms();
}

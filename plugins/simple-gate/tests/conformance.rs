//! The suite every plugin passes, against the simulated gate's desk.

mod fixture;

use entrepot_conformance::Suite;

#[test]
fn conforms() {
    Suite::for_supplier(simple_gate::plugin, fixture::fixture()).assert_conforms();
}

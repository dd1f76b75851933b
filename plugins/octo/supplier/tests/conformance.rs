//! The suite every plugin passes, against the simulated supplier's desk.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)] // some of it is for other tests
mod fixture;

use entrepot_conformance::Suite;

#[test]
fn conforms() {
    Suite::for_supplier(octo_supplier::plugin, fixture::fixture()).assert_conforms();
}

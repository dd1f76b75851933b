//! The suite every plugin passes.

#[allow(dead_code)] // some of it is for other tests
mod fixture;

use entrepot_conformance::Suite;

#[test]
fn conforms() {
    Suite::for_channel(douyin_groupbuy::plugin, fixture::fixture()).assert_conforms();
}

//! What the conformance suite needs of each built-in: `entrepot plugins check ID` runs it with these. They are the ones
//! that the plugins' own tests use, written once, in the plugins' folders.

use entrepot_conformance::Fixture;

#[path = "../../code-pool/tests/fixture/mod.rs"]
mod code_pool;
#[allow(dead_code, missing_docs)] // some of it is for the plugin's own tests
#[path = "../../douyin/calendar/tests/fixture/mod.rs"]
mod douyin_calendar;
#[allow(dead_code, missing_docs)] // some of it is for the plugin's own tests
#[path = "../../douyin/groupbuy/tests/fixture/mod.rs"]
mod douyin_groupbuy;
#[allow(dead_code, clippy::unwrap_used)] // some of it is for the plugin's own tests, and all of it is test data
#[path = "../../octo/supplier/tests/fixture/mod.rs"]
mod octo_supplier;
#[path = "../../simple-gate/tests/fixture/mod.rs"]
mod simple_gate;
#[allow(dead_code)] // some of it is for the plugin's own tests
#[path = "../../zhiyoubao/tests/fixture/mod.rs"]
mod zhiyoubao;

/// What the suite needs of the built-in of that id.
#[must_use]
pub fn fixture(plugin: &str) -> Option<Fixture> {
    Some(match plugin {
        "code-pool" => code_pool::fixture(),
        "douyin-calendar" => douyin_calendar::fixture(),
        "douyin-groupbuy" => douyin_groupbuy::fixture(),
        "octo-supplier" => octo_supplier::fixture(),
        "simple-gate" => simple_gate::fixture(),
        "zhiyoubao" => zhiyoubao::fixture(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    /// A built-in that cannot be checked by its id would be the one that nobody checks.
    #[test]
    fn every_built_in_has_its_fixture() {
        for plugin in crate::plugins() {
            let id = plugin.manifest().id;
            assert!(super::fixture(id.as_str()).is_some(), "{id} has no fixture in plugins/builtin/src/fixtures.rs");
        }
    }
}

//! What the suite needs for this plugin: its example settings, and some that must be refused.

use entrepot_conformance::Fixture;
use serde_json::json;

/// Everything that the suite needs.
pub fn fixture() -> Fixture {
    Fixture::pool()
        .example(include_str!("../settings.example.toml"))
        .bad_setting(json!({"show_as": "barcode"}), "show_as")
        .bad_setting(json!({"show_as": 1}), "show_as")
}

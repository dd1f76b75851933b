//! The suite every plugin passes.

use entrepot_conformance::{Fixture, Side, Suite};
use serde_json::json;

#[test]
fn conforms() {
    let fixture = Fixture {
        example: include_str!("../settings.example.toml"),
        bad_settings: vec![(json!({"show_as": "barcode"}), "show_as"), (json!({"show_as": 1}), "show_as")],
        secrets: vec![],
        side: Side::Pool,
    };
    Suite::for_supplier(code_pool::plugin, fixture).assert_conforms();
}

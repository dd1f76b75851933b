//! The suite every plugin passes, against the simulated gate's desk.

mod gate;

use entrepot_conformance::{Fixture, Side, Suite, SupplierSide};
use serde_json::json;

#[test]
fn conforms() {
    let fixture = Fixture {
        example: include_str!("../settings.example.toml"),
        bad_settings: vec![(json!({"timeout_ms": "soon"}), "timeout_ms"), (json!({"timeout_ms": 1}), "timeout_ms")],
        secrets: vec![("token", gate::TOKEN)],
        side: Side::Supplier(SupplierSide {
            product: "adult",
            refused_product: Some("refused"),
            other_side: gate::fresh,
        }),
    };
    Suite::for_supplier(simple_gate::plugin, fixture).assert_conforms();
}

//! The suite every plugin passes, against the simulated gateway's desk.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)] // orders are what the other tests need of it
#[path = "gateway/desk.rs"]
mod desk;

use std::sync::Arc;

use entrepot_conformance::{Booked, Fixture, OtherSide, Side, Suite, SupplierSide};
use entrepot_sdk::contract::supplier::UsedUnits;
use entrepot_sdk::prelude::*;
use serde_json::json;
use zhiyoubao_simulator::{AuditMode, Desk, Goods};

struct AtTheDesk(Desk);

fn fresh() -> Arc<dyn OtherSide> {
    let mut options = desk::options();
    options.audit = AuditMode::Approve;
    let desk = Desk::new(options);
    desk.sell(Goods::new("PST1"));
    Arc::new(AtTheDesk(desk))
}

impl OtherSide for AtTheDesk {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Fault> {
        desk::answer(&self.0, request)
    }

    fn booked(&self) -> Vec<Booked> {
        let orders = self.0.orders().into_iter();
        let booked = orders.map(|order| Booked {
            order: order.number.clone(),
            product: order.lines[0].goods.clone(),
            count: u16::try_from(order.lines[0].quantity).unwrap(),
            date: Some(order.lines[0].visit.to_string()),
        });
        booked.collect()
    }

    fn cancelled(&self, order: &str) -> UsedUnits {
        let returned = self.0.order(order).map_or(0, |order| order.lines.iter().map(|line| line.returned).sum());
        UsedUnits::Count { count: u16::try_from(returned).unwrap() }
    }
}

#[test]
fn conforms() {
    let fixture = Fixture {
        example: include_str!("../settings.example.toml"),
        bad_settings: vec![
            (json!({"corp_code": "A", "user_name": "b", "timeout_ms": 1}), "timeout_ms"),
            (json!({"corp_code": "", "user_name": "b"}), "corp_code"),
            (json!({"corp_code": "A", "user_name": "b", "pay_method": "cash"}), "pay_method"),
        ],
        secrets: vec![("private_key", desk::KEY)],
        side: Side::Supplier(SupplierSide { product: "PST1", refused_product: Some("PST404"), other_side: fresh }),
    };
    Suite::for_supplier(zhiyoubao::plugin, fixture).assert_conforms();
}

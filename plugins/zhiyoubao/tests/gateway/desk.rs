//! A table at the simulated gateway: its desk behind the plugin's calls, and orders as the core would give them.

use std::sync::Arc;

use entrepot_sdk::contract::order::{Guest, GuestField, Visit};
use entrepot_sdk::contract::product::DocumentKind;
use entrepot_sdk::contract::supplier::SupplierUnit;
use entrepot_sdk::prelude::*;
use entrepot_sdk::testing::{Bench, Seat, World};
use serde_json::json;
use zhiyoubao_simulator::{Desk, Goods, Options};

use crate::fixture::{KEY, answer};

/// Two numbers with valid check digits, of a region that does not exist.
pub const DOCUMENTS: [&str; 2] = ["999999199001010016", "999999199001010024"];
pub const NOW: Timestamp = Timestamp::from_millis(1_772_328_600_000);
const PATH: &str = "/boss/service/code.htm";

pub struct Table {
    pub desk: Arc<Desk>,
    pub seat: Seat,
}

pub fn options() -> Options {
    let mut options = Options::new("DEMOCORP", "demo", KEY);
    options.now = Arc::new(|| NOW.millis());
    options
}

impl Table {
    pub async fn new() -> Self {
        Self::set(json!({})).await
    }

    /// With settings besides the usual ones.
    pub async fn set(more: serde_json::Value) -> Self {
        let desk = Arc::new(Desk::new(options()));
        desk.sell(Goods::new("PST1").priced(8_000));
        desk.sell(Goods::new("PST2").priced(8_000).real_name());
        let world = World::new();
        world.set_now(NOW);
        world.secret("private_key", KEY);
        let other = Arc::clone(&desk);
        world.other_side(move |request| answer(&other, request));
        let mut settings = json!({"corp_code": "DEMOCORP", "user_name": "demo", "message_template": "autumn"});
        for (key, value) in more.as_object().into_iter().flatten() {
            settings[key] = value.clone();
        }
        let bench = Bench::new(zhiyoubao::plugin()).world(&world).settings(settings);
        let bench = bench.opening(|open| open.base_url = Some(format!("http://partner.test{PATH}")));
        Self { desk, seat: bench.open().await.unwrap() }
    }
}

fn guest(name: &str, document: Option<&str>) -> Guest {
    let plain = |text: &str| Some(GuestField::Plain(text.to_owned()));
    Guest {
        name: plain(name),
        phone: plain("19900000000"),
        document: document.and_then(plain),
        document_kind: document.map(|_| DocumentKind::IdentityCard),
    }
}

pub fn order(number: &str, units: u16) -> SupplierOrder {
    let date: VisitDate = "2026-03-05".parse().unwrap();
    SupplierOrder {
        order: OrderId::parse(number).unwrap(),
        reference: None,
        product_code: "PST1".to_owned(),
        units: (1..=units).map(|number| SupplierUnit { number, guests: Vec::new(), gone: false }).collect(),
        visit: Some(Visit { arrive: date, leave: date }),
        slot: None,
        buyer: Some(guest("测试甲", None)),
        unit_cost: Some(Money::fen(8_000)),
    }
}

pub fn real_names(number: &str) -> SupplierOrder {
    let mut order = order(number, 2);
    order.product_code = "PST2".to_owned();
    for (unit, document) in order.units.iter_mut().zip(DOCUMENTS) {
        unit.guests = vec![guest("测试乙", Some(document))];
    }
    order
}

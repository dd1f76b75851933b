//! What the suite needs for this plugin: its example settings, and the simulated gate's desk as the other side.

use std::sync::Arc;

use entrepot_conformance::{Booked, Button, Fixture, OtherSide, Pressed};
use entrepot_sdk::contract::supplier::UsedUnits;
use entrepot_sdk::prelude::*;
use serde_json::json;
use simple_gate_simulator::Desk;

const TOKEN: &str = "gate-token-5f3a9c1e77";

struct AtTheDesk(Desk);

/// Everything that the suite needs.
pub fn fixture() -> Fixture {
    Fixture::supplier("adult", || Arc::new(AtTheDesk(Desk::new(TOKEN))))
        .refuses("refused")
        .example(include_str!("../settings.example.toml"))
        .bad_setting(json!({"timeout_ms": "soon"}), "timeout_ms")
        .bad_setting(json!({"timeout_ms": 1}), "timeout_ms")
        .secret("token", TOKEN)
}

impl OtherSide for AtTheDesk {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Fault> {
        let path = request.url.strip_prefix("http://partner.test").unwrap_or("/elsewhere");
        let header = request.headers.iter().find(|(name, _)| name == "authorization");
        let bearer = header.and_then(|(_, value)| value.strip_prefix("Bearer "));
        let answer = self.0.answer(&request.method, path, bearer, request.body.as_deref().unwrap_or_default());
        Ok(HttpResponse { status: answer.status, headers: Vec::new(), body: answer.body })
    }

    fn booked(&self) -> Vec<Booked> {
        let told = |order: simple_gate_simulator::desk::Booked| Booked {
            order: order.order,
            product: order.product,
            count: order.count,
            date: order.date,
            ..Booked::default()
        };
        self.0.orders().into_iter().map(told).collect()
    }

    fn cancelled(&self, order: &str) -> UsedUnits {
        let numbers = self.0.order(order).map(|booked| booked.cancelled.into_iter().collect()).unwrap_or_default();
        UsedUnits::Number { numbers }
    }

    fn press(&self, button: &Button) -> Pressed {
        match button {
            Button::Delay => self.0.next_fault(simple_gate_simulator::desk::Fault::Pending),
            // Its tickets are there as soon as somebody asks.
            Button::Issue { .. } => {}
            Button::SellOut => self.0.set_capacity("adult", 0),
            _ => return Pressed::Missing,
        }
        Pressed::Done
    }
}

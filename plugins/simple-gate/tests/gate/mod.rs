//! The simulated gate's desk as the suite's other side.

use std::sync::Arc;

use entrepot_conformance::{Booked, OtherSide};
use entrepot_sdk::contract::supplier::UsedUnits;
use entrepot_sdk::prelude::*;
use simple_gate_simulator::Desk;

pub const TOKEN: &str = "gate-token-5f3a9c1e77";

struct AtTheDesk(Desk);

pub fn fresh() -> Arc<dyn OtherSide> {
    Arc::new(AtTheDesk(Desk::new(TOKEN)))
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
        let booked = self.0.orders().into_iter();
        booked.map(|it| Booked { order: it.order, product: it.product, count: it.count, date: it.date }).collect()
    }

    fn cancelled(&self, order: &str) -> UsedUnits {
        let numbers = self.0.order(order).map(|booked| booked.cancelled.into_iter().collect()).unwrap_or_default();
        UsedUnits::Number { numbers }
    }
}

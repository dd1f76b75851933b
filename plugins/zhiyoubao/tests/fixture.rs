//! What the suite needs for this plugin: its example settings, and the simulated gateway's desk as the other side.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use entrepot_conformance::{Booked, Button, Fixture, OtherSide, Pressed};
use entrepot_sdk::contract::hearing::About;
use entrepot_sdk::contract::supplier::UsedUnits;
use entrepot_sdk::prelude::*;
use serde_json::json;
use zhiyoubao_simulator::{
    AuditMode, Desk, Ended, Goods, Notice as Callback, NoticeKind, Options, Pace, RefundState, Signature,
};

/// The distributor's key.
pub const KEY: &str = "0123456789ABCDEF0123456789ABCDEF";
const PATH: &str = "/boss/service/code.htm";
const SOLD: &str = "PST1";

struct AtTheDesk {
    desk: Desk,
    /// The gateway's clock, in Unix milliseconds.
    now: Arc<AtomicI64>,
}

/// Everything that the suite needs.
pub fn fixture() -> Fixture {
    Fixture::supplier(SOLD, || Arc::new(AtTheDesk::new()))
        .refuses("PST404")
        .example(include_str!("../settings.example.toml"))
        .bad_setting(json!({"corp_code": "A", "user_name": "b", "timeout_ms": 1}), "timeout_ms")
        .bad_setting(json!({"corp_code": "", "user_name": "b"}), "corp_code")
        .bad_setting(json!({"corp_code": "A", "user_name": "b", "pay_method": "cash"}), "pay_method")
        .secret("private_key", KEY)
}

/// The desk's answer to a call of the plugin.
pub fn answer(desk: &Desk, request: &HttpRequest) -> Result<HttpResponse, Fault> {
    let content_type = request.headers.iter().find(|(name, _)| name == "content-type");
    let body = request.body.as_deref().unwrap_or_default();
    let answer = desk.answer(&request.method, PATH, content_type.map(|(_, value)| value.as_str()), body.as_bytes());
    match answer.pace {
        Pace::Now => Ok(HttpResponse { status: answer.status, headers: Vec::new(), body: answer.body }),
        Pace::Held | Pace::Never => Err(Fault::unknown(FaultKind::TimedOut, "nobody answered")),
    }
}

impl AtTheDesk {
    fn new() -> Self {
        let now = Arc::new(AtomicI64::new(1_772_328_600_000));
        let clock = Arc::clone(&now);
        let mut options = Options::new("DEMOCORP", "demo", KEY);
        options.audit = AuditMode::Approve;
        options.now = Arc::new(move || clock.load(Ordering::Acquire));
        let desk = Desk::new(options);
        desk.sell(Goods::new(SOLD));
        for kind in [NoticeKind::CheckIn, NoticeKind::Finish, NoticeKind::Refund] {
            desk.register(kind, "http://entrepot.test/in");
        }
        Self { desk, now }
    }

    /// The call that the gateway would make about an order.
    fn call(&self, order: &str, about: About) -> Option<RawRequest> {
        let (order, total) = (order.to_owned(), self.desk.order(order)?.total());
        let (scene, notice) = match about {
            About::Usage => ("checked", Callback::CheckIn { order, total, checked: 1, returned: 0 }),
            About::Cancellation => {
                let (batch, line) = ("5a0c".to_owned(), format!("{order}-1"));
                ("refunded", Callback::Refund { batch, order, line, approved: true, returned: 1 })
            }
            _ => {
                let ended = Ended::Checked;
                ("finished", Callback::Finish { order, ended, total, checked: total, returned: 0 })
            }
        };
        let id = self.desk.forge(&notice, Signature::Right).ok()?;
        let url = self.desk.outbox().into_iter().find(|callback| callback.id == id)?.url;
        Some(RawRequest {
            scene: SceneName::parse(scene).ok()?,
            method: "GET".to_owned(),
            query: url.split_once('?')?.1.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        })
    }

    fn decide(&self, order: &str, agreed: bool) -> Option<()> {
        let waits =
            |refund: &zhiyoubao_simulator::Refund| refund.order == order && refund.state == RefundState::Waiting;
        let refund = self.desk.refunds().into_iter().find(waits)?;
        self.desk.decide(&refund.batch, agreed).ok()
    }
}

impl OtherSide for AtTheDesk {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Fault> {
        answer(&self.desk, request)
    }

    fn booked(&self) -> Vec<Booked> {
        let told = |order: zhiyoubao_simulator::Order| {
            let line = order.lines.first()?;
            let slot = line.slot.as_ref().map(|(start, end)| format!("{start}-{end}"));
            Some(Booked {
                order: order.number.clone(),
                product: line.goods.clone(),
                count: u16::try_from(line.quantity).unwrap_or(u16::MAX),
                date: Some(line.visit.to_string()),
                cost: Some(Money::fen(line.price_fen)),
                slot,
            })
        };
        self.desk.orders().into_iter().filter_map(told).collect()
    }

    fn cancelled(&self, order: &str) -> UsedUnits {
        let returned = self.desk.order(order).map_or(0, |order| order.lines.iter().map(|line| line.returned).sum());
        UsedUnits::Count { count: u16::try_from(returned).unwrap_or(u16::MAX) }
    }

    fn press(&self, button: &Button) -> Pressed {
        let pressed = match button {
            Button::Use { order, units, at } => {
                self.now.store(at.millis(), Ordering::Release);
                let count = u32::try_from(units.len()).unwrap_or(u32::MAX);
                self.desk.order(order).and_then(|order| self.desk.redeem(&order.assist_code, count).ok())
            }
            Button::Audit => {
                self.desk.change(|options| options.audit = AuditMode::Manual);
                Some(())
            }
            Button::Decide { order, agreed } => self.decide(order, *agreed),
            Button::Call { order, about } => return self.call(order, *about).map_or(Pressed::Missing, Pressed::Calls),
            _ => None,
        };
        pressed.map_or(Pressed::Missing, |()| Pressed::Done)
    }
}

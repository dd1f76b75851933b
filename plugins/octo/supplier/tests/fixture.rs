//! What the suite needs for this plugin: its example settings, and the simulated supplier's desk as the other side.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entrepot_conformance::{Booked, Button, Fixture, OtherSide, Pressed};
use entrepot_sdk::contract::supplier::UsedUnits;
use entrepot_sdk::contract::time::{Clock as _, SystemClock};
use entrepot_sdk::prelude::*;
use octo_simulator::catalogue::Price;
use octo_simulator::{Answer, Booking as Theirs, Call as Asked, Desk, Manner, Options, PriceChange};
use serde_json::{Value, json};

/// The supplier's key.
pub const KEY: &str = "octo-key-3f9c7a51e2";
const PASSWORD: &str = "hook-password-91c4e07b5d";
const SOLD: &str = "museum/museum-day/adult";
/// The desk's clock begins before the suite's date of visit: 2026-09-01.
const BEGIN_MS: i64 = 1_788_220_800_000;
/// Availability ids are the supplier's own affair; the suite has a word of its own for one of them.
const SLOT: (&str, &str) = ("museum.museum-day.20261001", "09:00-10:30");

struct AtTheDesk {
    desk: Desk,
    /// The desk's clock, in Unix milliseconds.
    now: Arc<AtomicI64>,
    /// How far the suite's clock is ahead of it.
    ahead_ms: i64,
}

/// Everything that the suite needs.
pub fn fixture() -> Fixture {
    Fixture::supplier(SOLD, || Arc::new(AtTheDesk::new()))
        .refuses("nothing/museum-day/adult")
        .example(include_str!("../settings.example.toml"))
        .bad_setting(json!({"timeout_ms": 1}), "timeout_ms")
        .bad_setting(json!({"hold_minutes": 0}), "hold_minutes")
        .bad_setting(json!({"pending_poll_ms": 1}), "pending_poll_ms")
        .bad_setting(json!({"currency": "yuan"}), "currency")
        .bad_setting(json!({"currency": "CNY", "pricing": false}), "currency")
        .bad_setting(json!({"names": "both"}), "names")
        .bad_setting(json!({"language": "中文"}), "language")
        .bad_setting(json!({"webhook_user": "a:b"}), "webhook_user")
        .secret("api_key", KEY)
        .secret("webhook_password", PASSWORD)
}

impl AtTheDesk {
    fn new() -> Self {
        let now = Arc::new(AtomicI64::new(BEGIN_MS));
        let clock = Arc::clone(&now);
        let mut options = Options::new(KEY);
        options.now = Arc::new(move || Timestamp::from_millis(clock.load(Ordering::Acquire)).to_utc());
        options.unit_items_limit = 1_000;
        // Short answers: the suite changes each of their values, one after the other.
        options.embed_catalogue = false;
        for option in options.catalogue.iter_mut().flat_map(|product| &mut product.options) {
            if option.id == "museum-day" {
                option.max_units = None;
                option.schedule.capacity = Some(100_000);
                option.units.retain(|unit| unit.id == "adult");
                option.units.iter_mut().flat_map(|unit| &mut unit.prices).for_each(|price| price.taxes.clear());
            }
        }
        let ahead_ms = SystemClock.now().millis() / 1_000 * 1_000 - BEGIN_MS;
        Self { desk: Desk::new(options), now, ahead_ms }
    }

    /// What was asked for when a booking was reserved.
    fn reserved(&self, order: &str) -> Option<Value> {
        let recorded = self.desk.recorded().into_iter().filter(|recorded| recorded.call == Some(Asked::Reserve));
        let mut bodies = recorded.filter_map(|recorded| serde_json::from_str(&recorded.request.body).ok());
        bodies.find(|body: &Value| body["resellerReference"] == order)
    }

    fn confirmed(&self) -> Vec<Theirs> {
        self.desk.bookings().into_iter().filter(|booking| booking.confirmed.is_some()).collect()
    }

    fn of(&self, order: &str) -> Option<Theirs> {
        self.desk.bookings().into_iter().find(|booking| booking.reseller_reference.as_deref() == Some(order))
    }

    fn uses(&self, order: &str, units: &[u16], at: Timestamp) -> Option<()> {
        self.now.store(at.millis() - self.ahead_ms, Ordering::Release);
        let booking = self.of(order)?;
        for number in units {
            let reference = format!("{order}-{number}");
            let item = booking.items.iter().find(|item| item.reseller_reference.as_ref() == Some(&reference))?;
            self.desk.redeem(item.code.as_deref()?).ok()?;
        }
        Some(())
    }

    fn offer(&self, date: VisitDate, open: bool, cost: Money, units: u32) -> Option<()> {
        let (product, option, day) = ("museum", "museum-day", date.to_string());
        let minor = cost.amount_minor;
        let price = Price {
            currency: cost.currency.as_str().to_owned(),
            precision: 2,
            original: minor,
            retail: minor,
            net: Some(minor),
            taxes: Vec::new(),
        };
        let change = PriceChange { product, option, unit: Some("adult"), date: Some(&day), price };
        self.desk.set_price(change).ok()?;
        if !open {
            return self.desk.close(product, option, &day).ok();
        }
        self.desk.set_capacity(product, option, &day, units).ok()
    }

    /// The notice that the supplier would send of a booking.
    fn call(&self, order: &str) -> Option<RawRequest> {
        let booking = self.of(order)?;
        let body = json!({
            "diff": [{"op": "replace", "path": "/status", "was": "ON_HOLD", "value": booking.status.word()}],
            "booking": {"uuid": booking.uuid, "resellerReference": order, "status": booking.status.word()},
        });
        let password = STANDARD.encode(format!("entrepot:{PASSWORD}"));
        Some(RawRequest {
            scene: SceneName::parse("booking_update").ok()?,
            method: "POST".to_owned(),
            query: String::new(),
            headers: vec![("authorization".to_owned(), format!("Basic {password}"))],
            body: body.to_string().into_bytes(),
        })
    }
}

impl OtherSide for AtTheDesk {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Fault> {
        let target = request.url.strip_prefix("http://partner.test").unwrap_or("/elsewhere");
        let mut sent = octo_simulator::Request::new(&request.method, target);
        sent.headers = request.headers.clone();
        sent.body = request.body.clone().unwrap_or_default().replace(SLOT.1, SLOT.0);
        let Answer { status, content_type, capabilities, body, manner } = self.desk.answer(&sent);
        if manner != Manner::AtOnce {
            return Err(Fault::unknown(FaultKind::TimedOut, "nobody answered"));
        }
        let mut headers = vec![("content-type".to_owned(), content_type.to_owned())];
        headers.extend(capabilities.map(|ids| ("octo-capabilities".to_owned(), ids)));
        let mut told: Value = serde_json::from_str(&body).unwrap_or_default();
        move_times(&mut told, self.ahead_ms);
        Ok(HttpResponse { status, headers, body: told.to_string().replace(SLOT.0, SLOT.1) })
    }

    fn booked(&self) -> Vec<Booked> {
        let told = |booking: Theirs| {
            let order = booking.reseller_reference?;
            let asked = self.reserved(&order)?;
            let id = asked["availabilityId"].as_str();
            let day = id.and_then(|id| id.rsplit('.').next()).filter(|day| day.len() >= 8);
            Some(Booked {
                product: format!("{}/{}/{}", booking.product.id, booking.option_id, booking.items.first()?.unit_id),
                count: u16::try_from(booking.items.len()).unwrap_or(u16::MAX),
                date: day.map(|day| format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..8])),
                cost: None,
                slot: id.filter(|id| *id == SLOT.0).map(|_| SLOT.1.to_owned()),
                order,
            })
        };
        self.confirmed().into_iter().filter_map(told).collect()
    }

    fn cancelled(&self, order: &str) -> UsedUnits {
        let booking = self.confirmed().into_iter().find(|booking| booking.reseller_reference.as_deref() == Some(order));
        let asked = self.reserved(order).and_then(|body| body["unitItems"].as_array().map(Vec::len)).unwrap_or(0);
        let gone = |number: &u16| {
            let reference = format!("{order}-{number}");
            booking.as_ref().is_some_and(|booking| {
                let there = booking.items.iter().any(|item| item.reseller_reference.as_ref() == Some(&reference));
                booking.status.ended() || !there
            })
        };
        UsedUnits::Number { numbers: (1..=u16::try_from(asked).unwrap_or(u16::MAX)).filter(gone).collect() }
    }

    fn press(&self, button: &Button) -> Pressed {
        let pressed = match button {
            Button::SellOut => self.desk.sell_out("museum", "museum-day", "2026-10-01").ok(),
            Button::Use { order, units, at } => self.uses(order, units, *at),
            Button::Expire { .. } => {
                self.now.fetch_add(7_200_000, Ordering::AcqRel);
                Some(())
            }
            Button::Offer { date, open, cost, units, slot: None } => self.offer(*date, *open, *cost, *units),
            Button::Call { order, .. } => return self.call(order).map_or(Pressed::Missing, Pressed::Calls),
            _ => None,
        };
        pressed.map_or(Pressed::Missing, |()| Pressed::Done)
    }
}

/// Brings the instants of an answer from the desk's clock to the suite's.
fn move_times(value: &mut Value, by_ms: i64) {
    match value {
        Value::Object(fields) => {
            // Nobody reads it, and its values need not be changed one after the other.
            fields.remove("contact");
            for (name, field) in fields {
                let instant = field.as_str().filter(|_| name.starts_with("utc"));
                let instant = instant.and_then(|text| chrono::DateTime::parse_from_rfc3339(text).ok());
                if let Some(instant) = instant {
                    let moved = Timestamp::from_millis(instant.timestamp_millis() + by_ms);
                    *field = json!(moved.to_utc().format("%Y-%m-%dT%H:%M:%SZ").to_string());
                } else {
                    move_times(field, by_ms);
                }
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| move_times(entry, by_ms)),
        _ => {}
    }
}

//! What the suite needs for this plugin: its example settings, and the simulated supplier's desk as the other side.

use std::sync::Arc;

use entrepot_conformance::{Booked, Button, Fixture, OtherSide, Pressed};
use entrepot_sdk::contract::supplier::UsedUnits;
use entrepot_sdk::contract::time::{Clock as _, SystemClock};
use entrepot_sdk::prelude::*;
use octo_simulator::{Answer, Booking as Theirs, Call as Asked, Desk, Manner, Options};
use serde_json::{Value, json};

/// The reseller's key.
pub const KEY: &str = "octo-key-3f9c7a51e2";
/// What is sold by date.
pub const MUSEUM: &str = "museum/museum-day/adult";

struct AtTheDesk(Desk);

/// Everything that the suite needs. The desk stands at the time at which it is made, as the suite's world does.
pub fn fixture() -> Fixture {
    let fresh = || AtTheDesk(Desk::new(Options::standing_at(KEY, SystemClock.now().to_utc())));
    Fixture::supplier(MUSEUM, move || Arc::new(fresh()))
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
        .secret("webhook_password", "hook-password-91c4e07b5d")
}

/// A simulated supplier's answer as the host hands it over.
pub fn answer(desk: &Desk, request: &HttpRequest) -> Result<HttpResponse, Fault> {
    let target = request.url.strip_prefix("http://partner.test").unwrap_or("/elsewhere");
    let mut sent = octo_simulator::Request::new(&request.method, target);
    sent.headers = request.headers.clone();
    sent.body = request.body.clone().unwrap_or_default();
    let Answer { status, content_type, capabilities, body, manner } = desk.answer(&sent);
    if manner != Manner::AtOnce {
        return Err(Fault::unknown(FaultKind::TimedOut, "nobody answered"));
    }
    let mut headers = vec![("content-type".to_owned(), content_type.to_owned())];
    headers.extend(capabilities.map(|ids| ("octo-capabilities".to_owned(), ids)));
    Ok(HttpResponse { status, headers, body })
}

impl AtTheDesk {
    /// What was asked for when a booking was reserved.
    fn reserved(&self, order: &str) -> Option<Value> {
        let recorded = self.0.recorded().into_iter().filter(|recorded| recorded.call == Some(Asked::Reserve));
        let mut bodies = recorded.filter_map(|recorded| serde_json::from_str(&recorded.request.body).ok());
        bodies.find(|body: &Value| body["resellerReference"] == order)
    }

    fn confirmed(&self) -> Vec<Theirs> {
        self.0.bookings().into_iter().filter(|booking: &Theirs| booking.confirmed.is_some()).collect()
    }
}

impl OtherSide for AtTheDesk {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Fault> {
        answer(&self.0, request)
    }

    fn booked(&self) -> Vec<Booked> {
        let booked = self.confirmed().into_iter().map(|booking| {
            let order = booking.reseller_reference.unwrap();
            let slot =
                self.reserved(&order).and_then(|body| body["availabilityId"].as_str().map(str::to_owned)).unwrap();
            let day = slot.rsplit('.').next().unwrap();
            Booked {
                order,
                product: format!("{}/{}/{}", booking.product.id, booking.option_id, booking.items[0].unit_id),
                count: u16::try_from(booking.items.len()).unwrap(),
                date: Some(format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..8])),
                ..Booked::default()
            }
        });
        booked.collect()
    }

    fn cancelled(&self, order: &str) -> UsedUnits {
        let booking = self.confirmed().into_iter().find(|booking| booking.reseller_reference.as_deref() == Some(order));
        let asked = self.reserved(order).unwrap()["unitItems"].as_array().unwrap().len();
        let gone = |number: &u16| {
            let reference = format!("{order}-{number}");
            booking.as_ref().is_some_and(|booking| {
                let there = booking.items.iter().any(|item| item.reseller_reference.as_ref() == Some(&reference));
                booking.status.ended() || !there
            })
        };
        UsedUnits::Number { numbers: (1..=u16::try_from(asked).unwrap()).filter(gone).collect() }
    }

    fn press(&self, button: &Button) -> Pressed {
        let uuid = |order: &str| {
            let of = |booking: &Theirs| booking.reseller_reference.as_deref() == Some(order);
            self.0.bookings().into_iter().find(of).map(|booking| booking.uuid)
        };
        let pressed = match button {
            Button::Use { order, units, .. } => uuid(order).and_then(|uuid| {
                let at: Vec<usize> = units.iter().map(|unit| usize::from(*unit) - 1).collect();
                self.0.redeem_units(&uuid, &at).ok()
            }),
            Button::Expire { .. } => {
                self.0.advance(chrono::TimeDelta::days(1));
                Some(())
            }
            _ => None,
        };
        pressed.map_or(Pressed::Missing, |()| Pressed::Done)
    }
}

//! The suite every plugin passes, against the simulated supplier's desk.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)] // orders are what the other tests need of it
#[path = "reseller/desk.rs"]
mod desk;

use std::sync::Arc;

use entrepot_conformance::{Booked, Fixture, OtherSide, Suite};
use entrepot_sdk::contract::supplier::UsedUnits;
use entrepot_sdk::prelude::*;
use octo_simulator::{Booking as Theirs, Call, Desk, Options};
use serde_json::{Value, json};

/// A time before the suite's date of visit: the desk's own, as suppliers' clocks are.
const THERE: Timestamp = Timestamp::from_millis(1_788_220_800_000);

struct AtTheDesk(Desk);

fn fresh() -> Arc<dyn OtherSide> {
    Arc::new(AtTheDesk(Desk::new(Options::standing_at(desk::KEY, THERE.to_utc()))))
}

impl AtTheDesk {
    /// What was asked for when a booking was reserved.
    fn reserved(&self, order: &str) -> Option<Value> {
        let recorded = self.0.recorded().into_iter().filter(|recorded| recorded.call == Some(Call::Reserve));
        let mut bodies = recorded.filter_map(|recorded| serde_json::from_str(&recorded.request.body).ok());
        bodies.find(|body: &Value| body["resellerReference"] == order)
    }

    fn confirmed(&self) -> Vec<Theirs> {
        self.0.bookings().into_iter().filter(|booking| booking.confirmed.is_some()).collect()
    }
}

impl OtherSide for AtTheDesk {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Fault> {
        desk::answer(&self.0, request)
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
}

#[test]
fn conforms() {
    let mut fixture = Fixture::supplier(desk::MUSEUM, fresh)
        .example(include_str!("../settings.example.toml"))
        .secret("api_key", desk::KEY)
        .secret("webhook_password", "hook-password-91c4e07b5d")
        .refuses("nothing/museum-day/adult");
    for (settings, key) in [
        (json!({"timeout_ms": 1}), "timeout_ms"),
        (json!({"hold_minutes": 0}), "hold_minutes"),
        (json!({"pending_poll_ms": 1}), "pending_poll_ms"),
        (json!({"currency": "yuan"}), "currency"),
        (json!({"currency": "CNY", "pricing": false}), "currency"),
        (json!({"names": "both"}), "names"),
        (json!({"language": "中文"}), "language"),
        (json!({"webhook_user": "a:b"}), "webhook_user"),
    ] {
        fixture = fixture.bad_setting(settings, key);
    }
    Suite::for_supplier(octo_supplier::plugin, fixture).assert_conforms();
}

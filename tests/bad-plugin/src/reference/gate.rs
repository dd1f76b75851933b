//! The partner of the supplier: holds, sells, cancels with or without an audit, counts use, shows a catalogue and a
//! calendar. Orders repeat by their number, cancellations by their key.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::signature;

/// The product that it sells.
pub const PRODUCT: &str = "adult";
/// The product that it refuses.
pub const REFUSED: &str = "refused";
/// The secret that calls and notifications are signed with.
pub const SECRET: &str = "gate-secret-81c5e0f4a2";
/// The longest hold it grants, in milliseconds.
pub const LONGEST_HOLD_MS: i64 = 1_800_000;

/// An order, as it came and as it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    /// Our order number.
    pub order: String,
    /// The product.
    pub product: String,
    /// Unit numbers.
    pub units: Vec<u16>,
    /// The date of arrival.
    pub date: Option<String>,
    /// The slot.
    pub slot: Option<String>,
    /// What is owed for one unit.
    pub cost: Option<Cost>,
    /// Names of those who come.
    pub names: Vec<String>,
    /// `held`, `issued` or `pending`.
    pub state: String,
    /// Until when it is held.
    pub until_ms: i64,
    /// Units used.
    pub used: Vec<u16>,
    /// When the last was.
    pub used_ms: Option<i64>,
    /// Units given back.
    pub gone: Vec<u16>,
    /// Cancellations by key.
    pub cancels: BTreeMap<String, Cancel>,
}

/// Money, as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Minor units.
    pub minor: i64,
    /// Currency.
    pub currency: String,
}

/// A cancellation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cancel {
    /// Units that go.
    pub units: Vec<u16>,
    /// `done`, `waiting` or `refused`.
    pub state: String,
    /// What is kept.
    pub fee: Option<i64>,
}

/// What a date is sold for.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Whether it is on sale.
    pub open: bool,
    /// Minor units.
    pub cost: i64,
    /// Units left.
    pub units: u32,
    /// The slot's id.
    pub slot: Option<String>,
}

/// The buttons and books.
#[derive(Debug, Default)]
pub struct Books {
    /// Orders by our number.
    pub orders: BTreeMap<String, Order>,
    /// Whether the next booking is delayed.
    pub delay: bool,
    /// Whether nothing is left.
    pub sold_out: bool,
    /// Whether cancellations are audited.
    pub audit: bool,
    /// What a cancellation costs.
    pub fee: Option<i64>,
    /// Dates that are sold otherwise than all others.
    pub offers: BTreeMap<String, Offer>,
}

/// The partner.
#[derive(Debug, Default)]
pub struct Gate(Mutex<Books>);

type Answer = (u16, Value);

fn no(reason: &str) -> Answer {
    (409, json!({ "reason": reason }))
}

impl Gate {
    /// Its books, to read and to press buttons.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one call. `path` is decoded; `query` holds pairs.
    #[must_use]
    pub fn answer(&self, method: &str, path: &[String], query: &[(String, String)], body: &str, sign: &str) -> Answer {
        if sign != signature(SECRET, &[body.as_bytes()]) {
            return (401, json!({ "reason": "signature" }));
        }
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let mut books = self.books();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let of = |name: &str| query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        match (method, path.as_slice()) {
            ("POST", ["hold"]) => books.hold(&body),
            ("POST", ["book"]) => books.book(&body),
            ("GET", ["catalogue"]) => catalogue(of("page")),
            ("GET", ["calendar"]) => books.calendar(of("product"), of("first"), of("last"), of("page")),
            ("POST", ["orders", order, "release"]) => books.release(order),
            ("GET", ["orders", order]) => books.show(order),
            ("POST", ["orders", order, "cancel"]) => books.cancel(order, &body),
            ("GET", ["orders", order, "cancels", key]) => books.show_cancel(order, key),
            ("GET", ["orders", order, "usage"]) => books.usage(order),
            ("POST", ["orders", order, "resend"]) => books.resend(order, body["how"] == "message"),
            _ => (404, json!({ "reason": "no such call" })),
        }
    }
}

fn catalogue(page: &str) -> Answer {
    let good = |code: &str| json!({ "code": code, "name": "A ticket", "least": 1, "most": 50 });
    match page {
        "" => (200, json!({ "goods": [good(PRODUCT)], "next": "2" })),
        "2" => (200, json!({ "goods": [good("child")], "next": null })),
        _ => (404, json!({ "reason": "no such page" })),
    }
}

impl Order {
    fn told(&self) -> Value {
        let reference = format!("G-{}", self.order.len());
        if self.gone.len() == self.units.len() {
            return json!({ "order": self.order, "state": "cancelled" });
        }
        match self.state.as_str() {
            "held" => {
                json!({ "order": self.order, "state": "held", "reference": reference, "until_ms": self.until_ms })
            }
            "pending" => json!({
                "order": self.order, "state": "pending", "reference": reference, "queue": "q-7", "after_ms": 2_000,
            }),
            _ => json!({ "order": self.order, "state": "issued", "reference": reference, "tickets": self.tickets() }),
        }
    }

    fn tickets(&self) -> Vec<Value> {
        let ticket = |unit: &u16| json!({ "unit": unit, "code": format!("TICKET-{}-{unit:03}", self.order) });
        self.units.iter().map(ticket).collect()
    }
}

impl Books {
    fn refusal(&self, body: &Value) -> Option<Answer> {
        if self.sold_out {
            return Some(no("sold out"));
        }
        (body["product"] != PRODUCT).then(|| no("not sold here"))
    }

    fn hold(&mut self, body: &Value) -> Answer {
        if let Some(refusal) = self.refusal(body) {
            return refusal;
        }
        let Ok(mut new) = serde_json::from_value::<Order>(body.clone()) else {
            return (400, json!({ "reason": "body" }));
        };
        let known = self.orders.get(&new.order).map(|order| order.state.clone());
        if known.is_some_and(|state| state != "held") {
            return (200, json!({ "order": new.order, "state": "booked" }));
        }
        new.state = "held".to_owned();
        let told = new.told();
        self.orders.insert(new.order.clone(), new);
        (200, told)
    }

    fn release(&mut self, order: &str) -> Answer {
        if self.orders.get(order).is_some_and(|order| order.state == "held") {
            self.orders.remove(order);
        }
        (200, json!({ "order": order, "state": "released" }))
    }

    fn book(&mut self, body: &Value) -> Answer {
        let Ok(mut new) = serde_json::from_value::<Order>(body.clone()) else {
            return (400, json!({ "reason": "body" }));
        };
        if let Some(known) = self.orders.get(&new.order).filter(|known| known.state != "held") {
            return if known.units == new.units { (200, known.told()) } else { no("another order has this number") };
        }
        if let Some(refusal) = self.refusal(body) {
            return refusal;
        }
        new.state = if std::mem::take(&mut self.delay) { "pending" } else { "issued" }.to_owned();
        let told = new.told();
        self.orders.insert(new.order.clone(), new);
        (200, told)
    }

    fn show(&self, order: &str) -> Answer {
        match self.orders.get(order) {
            Some(order) => (200, order.told()),
            None => (404, json!({ "order": order, "state": "unknown" })),
        }
    }

    fn cancel(&mut self, order: &str, body: &Value) -> Answer {
        let (audit, fee) = (self.audit, self.fee);
        let Some(known) = self.orders.get_mut(order) else { return no("no such order") };
        let key = body["key"].as_str().unwrap_or_default().to_owned();
        let units: Vec<u16> = serde_json::from_value(body["units"].clone()).unwrap_or_default();
        if !known.cancels.contains_key(&key) {
            if units.iter().any(|unit| known.used.contains(unit) || known.gone.contains(unit)) {
                return no("used or given back");
            }
            if !audit {
                known.gone.extend(&units);
                known.gone.sort_unstable();
            }
            let state = if audit { "waiting" } else { "done" }.to_owned();
            known.cancels.insert(key.clone(), Cancel { units, state, fee });
        }
        self.show_cancel(order, &key)
    }

    fn show_cancel(&self, order: &str, key: &str) -> Answer {
        let Some(known) = self.orders.get(order) else { return no("no such order") };
        match known.cancels.get(key) {
            None => (404, json!({ "order": order, "state": "not_asked" })),
            Some(cancel) => {
                let batch = (cancel.state == "waiting").then_some("b-1");
                (200, json!({ "order": order, "state": cancel.state, "fee": cancel.fee, "batch": batch }))
            }
        }
    }

    /// The audit of all that waits ends.
    pub fn decide(&mut self, order: &str, agreed: bool) {
        let Some(known) = self.orders.get_mut(order) else { return };
        for cancel in known.cancels.values_mut().filter(|cancel| cancel.state == "waiting") {
            cancel.state = if agreed { "done" } else { "refused" }.to_owned();
            if agreed {
                known.gone.extend(&cancel.units);
            }
        }
        known.gone.sort_unstable();
    }

    fn usage(&self, order: &str) -> Answer {
        let Some(known) = self.orders.get(order) else { return (404, json!({ "reason": "no such order" })) };
        let ended = known.used.len() + known.gone.len() >= known.units.len();
        let told = json!({
            "order": order, "used": known.used, "gone": known.gone, "last_ms": known.used_ms, "ended": ended,
        });
        (200, told)
    }

    fn resend(&self, order: &str, message: bool) -> Answer {
        let Some(known) = self.orders.get(order) else { return no("no such order") };
        if message {
            return (200, json!({ "order": order, "sent": true }));
        }
        let gone = |ticket: &Value| known.gone.iter().any(|unit| ticket["unit"] == *unit);
        let tickets: Vec<Value> = known.tickets().into_iter().filter(|ticket| !gone(ticket)).collect();
        (200, json!({ "order": order, "tickets": tickets }))
    }

    fn calendar(&self, product: &str, first: &str, last: &str, page: &str) -> Answer {
        if product != PRODUCT {
            return (404, json!({ "reason": "no such product" }));
        }
        let cell = |date: &str| {
            let usual = Offer { open: true, cost: 8_000, units: 100, slot: None };
            let Offer { open, cost, units, slot } = self.offers.get(date).unwrap_or(&usual);
            json!({ "date": date, "open": open, "cost": cost, "units": units, "slot": slot })
        };
        // Two pages: the first date, and the last where it is another one.
        match page {
            "" if first == last => (200, json!({ "product": product, "cells": [cell(first)], "next": null })),
            "" => (200, json!({ "product": product, "cells": [cell(first)], "next": "2" })),
            _ => (200, json!({ "product": product, "cells": [cell(last)], "next": null })),
        }
    }
}

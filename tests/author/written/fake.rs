//! Turnstile, played from its description: no network, no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entrepot_conformance::{Booked, OtherSide};
use entrepot_sdk::contract::supplier::UsedUnits;
use entrepot_sdk::prelude::*;
use entrepot_sdk::{sign, xml};

/// The key that it signs with.
pub const TOKEN: &str = "supplier-acme-token-7c41e09b52";
/// Goods that it does not sell.
pub const REFUSED_PRODUCT: &str = "refused";

/// A fresh one, without orders.
pub fn fresh() -> Arc<dyn OtherSide> {
    Arc::new(Fake::default())
}

#[derive(Default)]
struct Fake(Mutex<Book>);

#[derive(Default)]
struct Book {
    orders: BTreeMap<String, (Booked, BTreeSet<u16>)>,
    keys: BTreeSet<String>,
}

impl Fake {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OtherSide for Fake {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Fault> {
        let call = request.url.strip_prefix("http://partner.test/api/").unwrap_or_default();
        let form: BTreeMap<_, _> = http::pairs(request.body.as_deref().unwrap_or_default(), 20)?.into_iter().collect();
        let body = self.book().answer(call, |name| form.get(name).cloned().unwrap_or_default());
        Ok(HttpResponse { status: 200, headers: Vec::new(), body })
    }

    fn booked(&self) -> Vec<Booked> {
        self.book().orders.values().map(|(booked, _)| booked.clone()).collect()
    }

    fn cancelled(&self, order: &str) -> UsedUnits {
        let returned = self.book().orders.get(order).map(|(_, returned)| returned.clone()).unwrap_or_default();
        UsedUnits::Number { numbers: returned.into_iter().collect() }
    }
}

impl Book {
    fn answer(&mut self, call: &str, field: impl Fn(&str) -> String) -> String {
        let number = field("number");
        if sign::md5_hex(&[call, "|", &number, "|", &field("time"), "|", TOKEN]) != field("sign") {
            return reply("9", None);
        }
        match call {
            "order" if field("goods") == REFUSED_PRODUCT => reply("8", None),
            "order" => {
                let count = field("count").parse().unwrap_or_default();
                let booked = Booked { order: number.clone(), product: field("goods"), count, date: Some(field("day")) };
                reply("0", Some(self.orders.entry(number).or_insert((booked, BTreeSet::new()))))
            }
            "query" => match self.orders.get(&number) {
                Some(order) => reply("0", Some(order)),
                None => reply("4", None),
            },
            _ => {
                let Some(order) = self.orders.get_mut(&number) else { return reply("4", None) };
                if self.keys.insert(field("key")) {
                    order.1.extend(field("tickets").split(',').filter_map(|place| place.parse::<u16>().ok()));
                }
                reply("0", Some(order))
            }
        }
    }
}

fn reply(code: &str, order: Option<&(Booked, BTreeSet<u16>)>) -> String {
    xml::document("reply", |reply| {
        reply.text("code", code);
        reply.text("text", "in words");
        let Some((booked, returned)) = order else { return };
        let gone = returned.len() == usize::from(booked.count);
        reply.within("order", |order| {
            order.text("number", &booked.order);
            order.text("serial", &format!("S-{}", sign::md5_hex(&[&booked.order])));
            order.text("state", if gone { "gone" } else { "ready" });
            for place in 1..=booked.count {
                order.text("ticket", &format!("{}-{place}", booked.order));
            }
        });
    })
}

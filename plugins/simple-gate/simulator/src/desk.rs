//! The gate without a network. Booking repeats by order, cancelling by key; a product refused is `refused`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// The product that is always refused.
pub const REFUSED_PRODUCT: &str = "refused";

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has its effect and is never answered.
    HangAfterEffect,
    /// It has its effect and is answered once [`Desk::let_go`] is called.
    HoldAfterEffect,
    /// A booking or cancellation is refused once [`Desk::let_go`] is called.
    HoldRefusal,
    /// A booking or cancellation is refused.
    RefuseNext,
    /// It has its effect and is answered with a page of HTML.
    Html,
    /// A booking is taken and stays pending until it is inquired about.
    Pending,
    /// Status 503, without effect.
    Unavailable,
}

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// `POST`, …
    pub method: String,
    /// The path, percent-encoded as received.
    pub path: String,
    /// The body.
    pub body: String,
}

/// What goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `application/json` or `text/html`.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
    /// Whether it is kept back for ever.
    pub hangs: bool,
    /// Whether it is kept back until it is let go.
    pub held: bool,
}

/// An order, as the gate knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Booked {
    /// The caller's order number.
    pub order: String,
    /// The product.
    pub product: String,
    /// Units booked.
    pub count: u16,
    /// The date.
    pub date: Option<String>,
    /// Names of guests, in order; empty where none was given.
    pub guests: Vec<String>,
    /// The gate's own number.
    pub reference: String,
    /// One ticket a unit.
    pub tickets: Vec<String>,
    /// Units given back.
    pub cancelled: BTreeSet<u16>,
    /// Units used.
    pub used: BTreeSet<u16>,
    /// Whether the tickets are not ready yet.
    pub pending: bool,
}

#[derive(Deserialize)]
struct NewTickets {
    order: String,
    product: String,
    count: u16,
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    guests: Vec<NewGuest>,
}

#[derive(Deserialize)]
struct NewGuest {
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct CancelTickets {
    units: Vec<u16>,
    key: String,
}

/// The gate's desk.
pub struct Desk {
    token: String,
    book: Mutex<Book>,
    let_go: Semaphore,
}

#[derive(Default)]
struct Book {
    orders: BTreeMap<String, Booked>,
    cancellations: BTreeMap<String, Answer>,
    capacity: BTreeMap<String, u32>,
    faults: VecDeque<Fault>,
    recorded: Vec<Recorded>,
}

impl Desk {
    /// A desk that asks for this bearer token.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self { token: token.to_owned(), book: Mutex::default(), let_go: Semaphore::new(0) }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Limits the units of a product that are out at once; unlimited until then.
    pub fn set_capacity(&self, product: &str, units: u32) {
        self.book().capacity.insert(product.to_owned(), units);
    }

    /// Lets the next call without a fault go wrong.
    pub fn next_fault(&self, fault: Fault) {
        self.book().faults.push_back(fault);
    }

    /// Lets one answer go that is held.
    pub fn let_go(&self) {
        self.let_go.add_permits(1);
    }

    /// Waits for that.
    pub(crate) async fn released(&self) {
        if let Ok(permit) = self.let_go.acquire().await {
            permit.forget();
        }
    }

    /// All orders, by the caller's number.
    #[must_use]
    pub fn orders(&self) -> Vec<Booked> {
        self.book().orders.values().cloned().collect()
    }

    /// One order.
    #[must_use]
    pub fn order(&self, order: &str) -> Option<Booked> {
        self.book().orders.get(order).cloned()
    }

    /// The requests so far.
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        self.book().recorded.clone()
    }

    /// A guest shows a ticket. `false` when nobody knows it, or it was used or given back.
    pub fn use_ticket(&self, ticket: &str) -> bool {
        self.book().orders.values_mut().any(|order| {
            let unit = (1..).zip(&order.tickets).find(|(_, held)| *held == ticket).map(|(unit, _)| unit);
            unit.is_some_and(|unit| !order.cancelled.contains(&unit) && order.used.insert(unit))
        })
    }

    /// Answers one request. `bearer` is the token without its prefix.
    #[must_use]
    pub fn answer(&self, method: &str, path: &str, bearer: Option<&str>, body: &str) -> Answer {
        if bearer != Some(self.token.as_str()) {
            return Answer::no(401, "token");
        }
        let mut book = self.book();
        book.recorded.push(Recorded { method: method.to_owned(), path: path.to_owned(), body: body.to_owned() });
        let fault = book.faults.pop_front();
        match fault {
            Some(Fault::Unavailable) => return Answer::no(503, "closed"),
            Some(Fault::RefuseNext) if method == "POST" => return Answer::no(409, "refused"),
            Some(Fault::HoldRefusal) if method == "POST" => {
                return Answer { held: true, ..Answer::no(409, "refused") };
            }
            _ => {}
        }
        let segments: Vec<String> = path.trim_matches('/').split('/').map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let answer = match (method, segments.as_slice()) {
            ("POST", ["tickets"]) => book.sell(body, fault == Some(Fault::Pending)),
            ("GET", ["tickets", order]) => book.show(order),
            ("POST", ["tickets", order, "cancel"]) => book.cancel(order, body),
            _ => Answer::no(404, "no such call"),
        };
        match fault {
            Some(Fault::HangAfterEffect) => Answer { hangs: true, ..answer },
            Some(Fault::HoldAfterEffect) => Answer { held: true, ..answer },
            Some(Fault::Html) => {
                let page = "<html><body>The gate is being cleaned.</body></html>".to_owned();
                Answer { status: 200, content_type: "text/html", body: page, hangs: false, held: false }
            }
            _ => answer,
        }
    }
}

impl Book {
    fn sell(&mut self, body: &str, pending: bool) -> Answer {
        let Ok(new) = serde_json::from_str::<NewTickets>(body) else {
            return Answer::no(400, "body");
        };
        if let Some(booked) = self.orders.get(&new.order) {
            let same = (&booked.product, booked.count, &booked.date) == (&new.product, new.count, &new.date);
            return if same { booked.told() } else { Answer::no(409, "another order has this number") };
        }
        if new.count == 0 || new.product == REFUSED_PRODUCT {
            return Answer::no(409, "not sold here");
        }
        let of_product = self.orders.values().filter(|order| order.product == new.product);
        let out: u32 = of_product.map(|order| u32::from(order.count) - order.cancelled.len() as u32).sum();
        if self.capacity.get(&new.product).is_some_and(|capacity| out + u32::from(new.count) > *capacity) {
            return Answer::no(409, "sold out");
        }
        let number = self.orders.len() + 1;
        let booked = Booked {
            reference: format!("G{number:06}"),
            tickets: (1..=new.count).map(|unit| format!("T{number:06}-{unit:03}")).collect(),
            order: new.order.clone(),
            product: new.product,
            count: new.count,
            date: new.date,
            guests: new.guests.into_iter().map(|guest| guest.name.unwrap_or_default()).collect(),
            cancelled: BTreeSet::new(),
            used: BTreeSet::new(),
            pending,
        };
        let told = booked.told();
        self.orders.insert(new.order, booked);
        told
    }

    fn show(&mut self, order: &str) -> Answer {
        let Some(booked) = self.orders.get_mut(order) else {
            return Answer::no(404, "no such order");
        };
        booked.pending = false;
        booked.told()
    }

    fn cancel(&mut self, order: &str, body: &str) -> Answer {
        let Ok(CancelTickets { units, key }) = serde_json::from_str(body) else {
            return Answer::no(400, "body");
        };
        if let Some(answer) = self.cancellations.get(&key) {
            return answer.clone();
        }
        let Some(booked) = self.orders.get_mut(order) else {
            return Answer::no(404, "no such order");
        };
        let answer = if units.iter().any(|unit| *unit == 0 || *unit > booked.count) {
            Answer::no(409, "no such unit")
        } else if units.iter().any(|unit| booked.used.contains(unit)) {
            Answer::no(409, "used")
        } else if units.iter().any(|unit| booked.cancelled.contains(unit)) {
            Answer::no(409, "given back before")
        } else {
            booked.cancelled.extend(units);
            Answer::json(200, &json!({}))
        };
        self.cancellations.insert(key, answer.clone());
        answer
    }
}

impl Booked {
    fn told(&self) -> Answer {
        if self.cancelled.len() == usize::from(self.count) {
            Answer::json(200, &json!({"order": self.order, "state": "cancelled"}))
        } else if self.pending {
            Answer::json(202, &json!({"order": self.order, "state": "pending", "reference": self.reference}))
        } else {
            let Self { order, reference, tickets, .. } = self;
            Answer::json(200, &json!({"order": order, "state": "issued", "reference": reference, "tickets": tickets}))
        }
    }
}

impl Answer {
    fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/json", body: body.to_string(), hangs: false, held: false }
    }

    fn no(status: u16, reason: &str) -> Self {
        Self::json(status, &json!({"reason": reason}))
    }
}

/// A path segment without its percent-encoding; what is none stays as it is.
fn decoded(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| bytes[at] == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

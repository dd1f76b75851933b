//! An invented ticket system over HTTP, of the kind that one meets: forms in, XML out, MD5, yuan and China time.
//!
//! `POST /api/CALL` with a form of `number` (the caller's order number), `time` (`yyyy-MM-dd HH:mm:ss`, China), `sign`
//! (lower-case MD5 of `CALL|number|time|KEY`), and what the call needs:
//!
//! | call | fields | answers |
//! |---|---|---|
//! | `order` | `goods`, `count`, `day`, `price` (yuan, `80.00`; may be missing) | 0 with the order; 7 sold out; 8 not sold |
//! | `query` | | 0 with the order; 4 not known |
//! | `return` | `tickets` (their places in the order, from 1, with commas), `key` | 0 with the order; 4; 5 refused |
//!
//! The status is 200 whatever the answer, and 9 says that the signature does not hold:
//! `<reply><code>0</code><text>…</text><order><number>…</number><serial>…</serial><state>ready</state><ticket>…</ticket>…</order></reply>`,
//! where the state is `ready`, or `gone` once every ticket was returned. An order and a return may be sent again and get
//! the first answer.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use chrono::NaiveDateTime;
use entrepot_sdk::http;
use md5::{Digest, Md5};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The key that the guide's configuration has.
pub const KEY: &str = "the-token-that-acme-gave-you";

/// An order there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The goods.
    pub goods: String,
    /// The day, as it was sent.
    pub day: String,
    /// One a ticket.
    pub tickets: Vec<String>,
    /// Places of those that were returned.
    pub returned: BTreeSet<u16>,
    serial: String,
}

#[derive(Default)]
struct Books {
    orders: BTreeMap<String, Order>,
    returns: BTreeSet<String>,
}

/// A system that runs; it stops when dropped.
pub struct Turnstile {
    /// Where it listens, without a slash at the end.
    pub url: String,
    books: Arc<Mutex<Books>>,
    task: JoinHandle<()>,
}

impl Turnstile {
    /// Starts it on loopback.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let books = Arc::<Mutex<Books>>::default();
        let router = Router::new().route("/api/{call}", post(serve)).with_state(Arc::clone(&books));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, books, task }
    }

    /// What was ordered, by the callers' numbers.
    pub fn orders(&self) -> BTreeMap<String, Order> {
        self.books.lock().unwrap().orders.clone()
    }
}

impl Drop for Turnstile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(State(books): State<Arc<Mutex<Books>>>, Path(call): Path<String>, form: String) -> String {
    let fields: BTreeMap<String, String> = http::pairs(&form, 20).unwrap_or_default().into_iter().collect();
    books.lock().unwrap().answer(&call, &fields)
}

impl Books {
    fn answer(&mut self, call: &str, fields: &BTreeMap<String, String>) -> String {
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let (number, time) = (field("number"), field("time"));
        let digest = Md5::digest(format!("{call}|{number}|{time}|{KEY}"));
        let sign: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let timely = NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S").is_ok_and(|there| {
            let there = there.and_utc() - chrono::Duration::hours(8);
            (there - chrono::Utc::now()).num_minutes().abs() < 5
        });
        if sign != field("sign") || !timely {
            return no(9, "signature or time");
        }
        match call {
            "order" if field("goods") != "adult" => no(8, "not sold here"),
            "order" => match field("count").parse::<u16>() {
                Ok(count @ 1..=20) => {
                    let serial = format!("TS{}", self.orders.len() + 1);
                    let tickets = (1..=count).map(|place| format!("{serial}-{place}")).collect();
                    let (goods, day, returned) = (field("goods").to_owned(), field("day").to_owned(), BTreeSet::new());
                    let order = Order { goods, day, tickets, returned, serial };
                    told(number, self.orders.entry(number.to_owned()).or_insert(order))
                }
                _ => no(7, "not so many"),
            },
            "query" => self.orders.get(number).map_or_else(|| no(4, "not known"), |order| told(number, order)),
            "return" => self.take_back(number, field("tickets"), field("key")),
            _ => no(1, "no such call"),
        }
    }

    fn take_back(&mut self, number: &str, places: &str, key: &str) -> String {
        let Some(order) = self.orders.get_mut(number) else { return no(4, "not known") };
        let places: BTreeSet<u16> = places.split(',').filter_map(|place| place.parse().ok()).collect();
        if self.returns.insert(key.to_owned()) {
            if places.is_empty() || !places.is_disjoint(&order.returned) {
                return no(5, "returned before");
            }
            order.returned.extend(places);
        }
        told(number, order)
    }
}

fn told(number: &str, order: &Order) -> String {
    let state = if order.returned.len() == order.tickets.len() { "gone" } else { "ready" };
    let number = number.replace('&', "&amp;").replace('<', "&lt;");
    let tickets: String = order.tickets.iter().map(|ticket| format!("<ticket>{ticket}</ticket>")).collect();
    let serial = &order.serial;
    let order = format!("<number>{number}</number><serial>{serial}</serial><state>{state}</state>{tickets}");
    format!("<?xml version=\"1.0\"?>\n<reply><code>0</code><text>ok</text><order>{order}</order></reply>")
}

fn no(code: u32, text: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<reply><code>{code}</code><text>{text}</text></reply>")
}

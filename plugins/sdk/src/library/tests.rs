//! The C table of a library, used as a host uses it.

use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use entrepot_contract::abi::{BUSY, PluginTable};
use entrepot_contract::capability::{Calls, SupplierCapabilities};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::supplier::{Booking, Memo, SupplierOrder};
use serde_json::{Value, json};

use super::*;
use crate::export::recording::{Event, HOST, listen, table_of};
use crate::prelude::{Call, Card, LogLevel, NoSettings, OpenContext, Supplier, async_trait, http, plugin_of_supplier};

/// Does what the product code says.
struct Obedient;

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("with a guest's name");
    }
}

fn refused(text: String) -> Booking {
    Booking::Refused(Refusal::new(Reason::Other, text))
}

#[async_trait]
impl Supplier for Obedient {
    type Settings = NoSettings;

    fn card() -> Card<SupplierCapabilities> {
        Card {
            id: "obedient",
            family: "tests",
            version: "1",
            summary: "Does what it is told.",
            capabilities: Calls::book().inquire(0).into(),
            secrets: vec![],
            scenes: vec![],
            clear_fields: vec![],
        }
    }

    async fn open(context: &OpenContext, _settings: NoSettings) -> Result<Self, Fault> {
        assert_ne!(context.base_url()?, "http://panic.test", "told to");
        Ok(Self)
    }

    async fn book(&self, call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        match order.product_code.as_str() {
            "panic" => panic!("with a guest's name"),
            "panic_in_drop" => drop(PanicsWhenDropped),
            "hang" => std::future::pending().await,
            "log" => call.log(LogLevel::Info, &"é".repeat(LOG_LIMIT_BYTES)),
            "huge" => {
                let text = "x".repeat(5 * 1024 * 1024);
                return Ok(Booking::Refused(Refusal { reason: Reason::Other, text, zh: None, calendar: Vec::new() }));
            }
            "ask" => {
                let reason = call.http(http::get("ask", "http://partner.test").build()).await?.body;
                return Ok(refused(reason));
            }
            _ => {}
        }
        Ok(refused(order.order.to_string()))
    }

    async fn inquire(&self, _call: &Call<()>, _order: SupplierOrder, _memo: Option<Memo>) -> Result<Booking, Fault> {
        panic!("with a guest's name")
    }
}

struct Peer {
    table: PluginTable,
    instance: u64,
    events: Receiver<Event>,
}

impl Peer {
    fn new() -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let instance = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let table = table_of(crate::export::table(plugin_of_supplier::<Obedient>));
        Self { table, instance, events: listen(instance) }
    }

    fn opened() -> Self {
        let peer = Self::new();
        assert_eq!(peer.open("http://partner.test"), ACCEPTED);
        assert_eq!(peer.reply(OPENING), json!({"Ok": {"answers": []}}));
        peer
    }

    fn open(&self, base_url: &str) -> i32 {
        let message = json!({"application": "a1", "base_url": base_url, "token_mode": "fixed", "settings": {}});
        let message = message.to_string();
        (self.table.open)(&raw const HOST, self.instance, message.as_ptr(), message.len())
    }

    fn submit(&self, call: u64, name: &str, product: &str) -> i32 {
        let connection = json!({"id": "c1", "merchant": "m1", "account": null, "settings": {}});
        let order = json!({
            "order": format!("o{call}"), "reference": null, "product_code": product,
            "units": [{"number": 1}], "visit": null, "slot": null, "unit_cost": null,
        });
        let context = json!({
            "deadline": "2026-09-21T14:13:30.000Z", "idempotency_key": "k", "trace": "t", "attempt": 1,
            "connection": connection,
        });
        let message = json!({"context": context, "request": {"to": "supplier", "call": name, "order": order}});
        let message = message.to_string();
        (self.table.submit)(self.instance, call, message.as_ptr(), message.len())
    }

    fn next(&self) -> Event {
        self.events.recv_timeout(Duration::from_secs(20)).expect("an event from the library")
    }

    fn reply(&self, call: u64) -> Value {
        match self.next() {
            Event::Reply(number, text) if number == call => serde_json::from_str(&text).unwrap(),
            other => panic!("expected the reply to {call}, found {other:?}"),
        }
    }

    fn booked(&self, call: u64, product: &str) -> Value {
        assert_eq!(self.submit(call, "book", product), ACCEPTED);
        self.reply(call)
    }
}

#[test]
fn a_call_is_answered() {
    let peer = Peer::opened();
    assert_eq!(peer.booked(7, "fine")["Ok"]["text"], "o7");
    assert_eq!(peer.booked(7, "fine")["Ok"]["text"], "o7", "a number may be used again");
}

#[test]
fn an_empty_message_is_a_heartbeat() {
    let peer = Peer::opened();
    assert_eq!((peer.table.submit)(peer.instance, 9, ptr::dangling(), 0), ACCEPTED);
    assert!(matches!(peer.next(), Event::Reply(9, text) if text.is_empty()));
    assert_eq!((peer.table.submit)(peer.instance + 1_000_000, 9, ptr::dangling(), 0), CLOSED);
}

#[test]
fn a_panic_is_a_fault_that_names_the_place_only() {
    let peer = Peer::opened();
    for product in ["panic", "panic_in_drop"] {
        let fault = &peer.booked(1, product)["Err"];
        assert_eq!((&fault["kind"], &fault["effect"]), (&json!("crashed"), &json!("unknown")), "{product}");
        let text = fault["text"].as_str().unwrap();
        assert!(text.contains("tests.rs:") && !text.contains("guest"), "{text}");
    }
    assert_eq!(peer.submit(2, "inquire", "fine"), ACCEPTED);
    let fault = &peer.reply(2)["Err"];
    assert_eq!((&fault["kind"], &fault["effect"]), (&json!("crashed"), &json!("not_done")), "inquiring has no effect");
    assert_eq!(peer.booked(3, "fine")["Ok"]["text"], "o3", "the instance lives on");
}

#[test]
fn a_panic_while_opening_leaves_the_number_free() {
    let peer = Peer::new();
    assert_eq!(peer.open("http://panic.test"), ACCEPTED);
    assert_eq!(peer.reply(OPENING)["Err"]["kind"], "crashed");
    assert_eq!(peer.submit(1, "book", "fine"), CLOSED);
    assert_eq!(peer.open("http://partner.test"), ACCEPTED);
    assert!(peer.reply(OPENING)["Ok"].is_object());
    assert_eq!(peer.open("http://partner.test"), REFUSED, "the number is taken");
}

#[test]
fn calls_at_work_are_bounded_and_can_be_stopped() {
    let peer = Peer::opened();
    let limit = IN_FLIGHT_LIMIT as u64;
    for call in 1..=limit {
        assert_eq!(peer.submit(call, "book", "hang"), ACCEPTED);
    }
    assert_eq!(peer.submit(limit + 1, "book", "fine"), BUSY);
    (peer.table.cancel)(peer.instance, 5);
    let fault = &peer.reply(5)["Err"];
    assert_eq!((&fault["kind"], &fault["effect"]), (&json!("timed_out"), &json!("unknown")));
    assert_eq!(peer.submit(1, "book", "fine"), REFUSED, "that number is at work");
    assert_eq!(peer.booked(limit + 1, "fine")["Ok"]["text"], format!("o{}", limit + 1));
}

#[test]
fn services_are_answered_by_number() {
    let peer = Peer::opened();
    for call in [1, 2] {
        assert_eq!(peer.submit(call, "book", "ask"), ACCEPTED);
    }
    let mut asked = Vec::new();
    for _ in 0..2 {
        let Event::Request(number, text) = peer.next() else {
            panic!("expected a request");
        };
        let message: Value = serde_json::from_str(&text).unwrap();
        asked.push((message["call"].as_u64().unwrap(), number));
    }
    for (call, number) in asked.into_iter().rev() {
        let answer = json!({"Ok": {"answer": "http", "status": 200, "headers": [], "body": format!("b{call}")}});
        let answer = answer.to_string();
        assert_eq!((peer.table.deliver)(peer.instance, number, answer.as_ptr(), answer.len()), ACCEPTED);
        assert_eq!(peer.reply(call)["Ok"]["text"], format!("b{call}"));
    }
}

#[test]
fn a_service_answer_that_cannot_be_read_ends_the_call() {
    let peer = Peer::opened();
    assert_eq!(peer.submit(1, "book", "ask"), ACCEPTED);
    let Event::Request(number, _) = peer.next() else {
        panic!("expected a request");
    };
    assert_eq!((peer.table.deliver)(peer.instance, number, ptr::null(), 0), REFUSED);
    assert_eq!(peer.reply(1)["Err"]["kind"], "garbled");
}

#[test]
fn too_large_answers_and_lines_stay_here() {
    let peer = Peer::opened();
    let fault = &peer.booked(1, "huge")["Err"];
    assert_eq!((&fault["kind"], &fault["effect"]), (&json!("garbled"), &json!("unknown")));
    assert_eq!(peer.submit(2, "book", "log"), ACCEPTED);
    let Event::Log(line) = peer.next() else {
        panic!("expected a log line");
    };
    assert!(line.len() < LOG_LIMIT_BYTES + 100);
    peer.reply(2);
}

#[test]
fn closing_waits_for_calls_and_then_says_so() {
    let peer = Peer::opened();
    assert_eq!(peer.submit(1, "book", "ask"), ACCEPTED);
    let Event::Request(number, _) = peer.next() else {
        panic!("expected a request");
    };
    (peer.table.close)(peer.instance);
    assert_eq!(peer.submit(2, "book", "fine"), CLOSED);
    let answer = r#"{"Err":{"kind":"unavailable","effect":"not_done","text":"x"}}"#;
    assert_eq!((peer.table.deliver)(peer.instance, number, answer.as_ptr(), answer.len()), ACCEPTED);
    assert_eq!(peer.reply(1)["Err"]["kind"], "unavailable");
    assert!(matches!(peer.next(), Event::Closed));
    assert_eq!(peer.submit(3, "book", "fine"), CLOSED);
}

#[test]
fn closing_stops_calls_that_do_not_end() {
    let peer = Peer::opened();
    assert_eq!(peer.submit(1, "book", "hang"), ACCEPTED);
    (peer.table.close)(peer.instance);
    assert_eq!(peer.reply(1)["Err"]["effect"], "unknown");
    assert!(matches!(peer.next(), Event::Closed));
}

#[test]
fn messages_that_are_none_are_refused() {
    let peer = Peer::opened();
    let (submit, number) = (peer.table.submit, peer.instance);
    assert_eq!(submit(number, 1, ptr::null(), 5), REFUSED);
    assert_eq!(submit(number, 1, b"{}".as_ptr(), 2), REFUSED);
    assert_eq!(submit(number, 1, b"{}".as_ptr(), 5 * 1024 * 1024), REFUSED, "too long to be looked at");
    assert_eq!((peer.table.open)(ptr::null(), number + 1_000_000, b"{}".as_ptr(), 2), REFUSED);
    let other = HostTable { abi: 99, ..HOST };
    assert_eq!((peer.table.open)(&raw const other, number + 1_000_000, b"{}".as_ptr(), 2), REFUSED);
    let shorter = HostTable { size: 8, ..HOST };
    assert_eq!((peer.table.open)(&raw const shorter, number + 1_000_000, b"{}".as_ptr(), 2), REFUSED);
    assert_eq!(peer.booked(1, "fine")["Ok"]["text"], "o1");
}

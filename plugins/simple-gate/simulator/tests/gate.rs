//! The gate by itself.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use simple_gate_simulator::{Answer, Desk, Fault, SimpleGate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TOKEN: &str = "secret";

fn book(desk: &Desk, order: &str, count: u16) -> Answer {
    let body = json!({"order": order, "product": "adult", "count": count, "date": "2026-10-01", "guests": []});
    desk.answer("POST", "/tickets", Some(TOKEN), &body.to_string())
}

fn cancel(desk: &Desk, order: &str, units: &[u16], key: &str) -> Answer {
    let body = json!({"units": units, "key": key}).to_string();
    desk.answer("POST", &format!("/tickets/{order}/cancel"), Some(TOKEN), &body)
}

#[test]
fn an_order_is_booked_once_and_capacity_holds() {
    let desk = Desk::new(TOKEN);
    desk.set_capacity("adult", 3);
    let first = book(&desk, "o1", 2);
    assert_eq!(first.status, 200);
    assert_eq!(book(&desk, "o1", 2), first);
    assert_eq!(book(&desk, "o1", 1).status, 409, "same number, another order");
    assert_eq!(book(&desk, "o2", 2).status, 409, "sold out");
    assert_eq!(cancel(&desk, "o1", &[1], "k1").status, 200);
    assert_eq!(book(&desk, "o2", 2).status, 200, "a unit came back");
    assert_eq!(desk.orders().len(), 2);
}

#[test]
fn used_tickets_do_not_come_back() {
    let desk = Desk::new(TOKEN);
    let answer: Value = serde_json::from_str(&book(&desk, "o1", 2).body).unwrap();
    let ticket = answer["tickets"][0].as_str().unwrap();
    assert!(desk.use_ticket(ticket));
    assert!(!desk.use_ticket(ticket), "used before");
    assert_eq!(cancel(&desk, "o1", &[1, 2], "k1").status, 409);
    assert_eq!(cancel(&desk, "o1", &[2], "k2").status, 200);
    assert_eq!(cancel(&desk, "o1", &[2], "k2").status, 200, "a repeat gets the first answer");
    assert_eq!(cancel(&desk, "o1", &[2], "k3").status, 409, "another key does not");
}

#[test]
fn faults_hit_one_call_each() {
    let desk = Desk::new(TOKEN);
    assert_eq!(desk.answer("GET", "/tickets/o1", None, "").status, 401);
    desk.next_fault(Fault::Unavailable);
    assert_eq!(book(&desk, "o1", 1).status, 503);
    assert!(desk.orders().is_empty());
    desk.next_fault(Fault::HangAfterEffect);
    assert!(book(&desk, "o1", 1).hangs);
    assert_eq!(desk.orders().len(), 1);
    desk.next_fault(Fault::Html);
    assert_eq!(book(&desk, "o1", 1).content_type, "text/html");
    desk.next_fault(Fault::Pending);
    assert_eq!(book(&desk, "o/2", 1).status, 202);
    assert_eq!(desk.answer("GET", "/tickets/o%2F2", Some(TOKEN), "").status, 200);
}

#[tokio::test]
async fn it_answers_on_loopback() {
    let gate = SimpleGate::start(TOKEN).await.unwrap();
    let address = gate.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /tickets/o1 HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.ends_with(r#"{"reason":"no such order"}"#), "{answer}");
    assert_eq!(gate.desk.recorded().len(), 1);
}

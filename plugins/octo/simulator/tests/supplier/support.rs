//! What the tests ask with. All data is made up.

use chrono::{DateTime, Utc};
use octo_simulator::{Answer, Desk, Options, Request};
use serde_json::{Value, json};

pub const TOKEN: &str = "key-of-a-test";
/// The availability of the museum that most tests book (§1: the day of its example).
pub const MUSEUM_SLOT: &str = "museum.museum-day.20260305";
/// The boat at 09:00 of that day.
pub const BOAT_SLOT: &str = "boat.boat-day.20260305T0900";

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A desk whose clock stands at the beginning of March.
pub fn desk() -> Desk {
    desk_with(|_| {})
}

pub fn desk_with(set: impl FnOnce(&mut Options)) -> Desk {
    let mut options = Options::standing_at(TOKEN, at("2026-03-01T00:00:00Z"));
    set(&mut options);
    Desk::new(options)
}

pub fn uuid(number: u32) -> String {
    format!("5c1b2c3a-0000-4000-8000-{number:012}")
}

pub fn request(method: &str, target: &str, capabilities: &str) -> Request {
    Request::new(method, target)
        .header("Authorization", &format!("Bearer {TOKEN}"))
        .header("Octo-Capabilities", capabilities)
        .header("Content-Type", "application/json")
}

pub fn get(desk: &Desk, target: &str) -> Answer {
    desk.answer(&request("GET", target, ""))
}

pub fn get_priced(desk: &Desk, target: &str) -> Value {
    desk.answer(&request("GET", target, "octo/pricing")).value()
}

pub fn post(desk: &Desk, target: &str, body: &Value) -> Answer {
    desk.answer(&request("POST", target, "").body(body))
}

pub fn post_priced(desk: &Desk, target: &str, body: &Value) -> Answer {
    desk.answer(&request("POST", target, "octo/pricing").body(body))
}

pub fn patch(desk: &Desk, uuid: &str, body: &Value) -> Answer {
    desk.answer(&request("PATCH", &format!("/bookings/{uuid}"), "").body(body))
}

/// The body of a reservation at the museum.
pub fn museum(number: u32, units: &[&str]) -> Value {
    body(number, ("museum", "museum-day", MUSEUM_SLOT), units)
}

/// The body of a reservation on the boat.
pub fn boat(number: u32, units: &[&str]) -> Value {
    body(number, ("boat", "boat-day", BOAT_SLOT), units)
}

pub fn body(number: u32, (product, option, slot): (&str, &str, &str), units: &[&str]) -> Value {
    let items: Vec<Value> = units.iter().map(|unit| json!({"unitId": unit})).collect();
    json!({
        "uuid": uuid(number), "productId": product, "optionId": option, "availabilityId": slot, "unitItems": items,
        "resellerReference": format!("ORDER-{number}"),
    })
}

pub fn reserve(desk: &Desk, body: &Value) -> Value {
    ok(&post(desk, "/bookings", body))
}

pub fn confirm(desk: &Desk, uuid: &str) -> Answer {
    let body = json!({"contact": {"fullName": "Test Guest", "emailAddress": "guest@example.com"}});
    post(desk, &format!("/bookings/{uuid}/confirm"), &body)
}

pub fn cancel(desk: &Desk, uuid: &str) -> Answer {
    post(desk, &format!("/bookings/{uuid}/cancel"), &json!({"reason": "plans changed"}))
}

/// Reserved and confirmed.
pub fn booked(desk: &Desk, body: &Value) -> Value {
    let hold = reserve(desk, body);
    ok(&confirm(desk, hold["uuid"].as_str().unwrap()))
}

/// The body of a successful answer.
pub fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.value()
}

/// Asserts a refusal: id and status (§5).
#[track_caller]
pub fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, answer.value()["error"].as_str()), (status, Some(error)), "{}", answer.body);
    assert!(answer.value()["errorMessage"].is_string());
}

/// The museum's vacancies on the day of the tests.
pub fn museum_left(desk: &Desk) -> Value {
    let body = json!({"productId": "museum", "optionId": "museum-day", "localDate": "2026-03-05"});
    ok(&post(desk, "/availability", &body))[0]["vacancies"].clone()
}

//! Headers, bodies and the record of them (§1, §7).

use octo_simulator::options::{ErrorStatuses, Strictness};
use octo_simulator::{Call, ErrorId, Request};
use serde_json::json;

use crate::support::*;

fn without(header: &str) -> Request {
    let mut request = request("GET", "/supplier", "octo/pricing");
    request.headers.retain(|(name, _)| name != header);
    request
}

#[test]
fn a_key_is_asked_for_on_every_call() {
    let desk = desk();
    refused(&desk.answer(&without("Authorization")), 401, "UNAUTHORIZED");
    refused(&desk.answer(&without("Authorization").header("authorization", "Bearer other")), 401, "UNAUTHORIZED");
    refused(&desk.answer(&without("Authorization").header("authorization", TOKEN)), 401, "UNAUTHORIZED");
    desk.block_key(true);
    refused(&get(&desk, "/supplier"), 403, "FORBIDDEN");
    desk.block_key(false);
    assert_eq!(get(&desk, "/supplier").status, 200);
}

#[test]
fn capabilities_are_asked_for_and_those_applied_are_told() {
    let desk = desk();
    let missing = desk.answer(&without("Octo-Capabilities"));
    refused(&missing, 400, "BAD_REQUEST");
    assert_eq!(missing.capabilities, None);
    let told = |asked: &str| desk.answer(&request("GET", "/supplier", asked)).capabilities.unwrap();
    assert_eq!(told(""), "");
    assert_eq!(told("octo/webhooks, octo/pricing"), "octo/pricing,octo/webhooks");
    assert_eq!(told("octo/content,octo/pricing"), "octo/pricing", "content is not played here");
    refused(&desk.answer(&request("GET", "/supplier", "octo/princing")), 400, "BAD_REQUEST");
    let refusal = desk.answer(&request("GET", "/products/none", "octo/pricing"));
    assert_eq!(refusal.capabilities.as_deref(), Some("octo/pricing"), "refusals tell them, too");
}

#[test]
fn content_type_is_json_also_on_get() {
    let desk = desk();
    refused(&desk.answer(&without("Content-Type")), 400, "BAD_REQUEST");
    let post = |media: &str| {
        let mut request = request("POST", "/bookings", "").body(&museum(1, &["adult"]));
        request.headers.retain(|(name, _)| name != "Content-Type");
        desk.answer(&request.header("content-type", media))
    };
    refused(&post("text/plain"), 400, "BAD_REQUEST");
    refused(&post("application/x-www-form-urlencoded"), 400, "BAD_REQUEST");
    assert_eq!(post("application/json; charset=utf-8").status, 200);
}

#[test]
fn languages_are_optional_and_well_formed() {
    let desk = desk();
    let asked = |languages: &str| desk.answer(&request("GET", "/supplier", "").header("Accept-Language", languages));
    assert_eq!(asked("zh-CN, en;q=0.8, *;q=0.1").status, 200);
    refused(&asked("en;q=2"), 400, "BAD_REQUEST");
    refused(&asked("english please"), 400, "BAD_REQUEST");
}

#[test]
fn every_rule_can_be_switched_off() {
    let desk = desk_with(|options| options.strict = Strictness::all(false));
    let bare = Request::new("GET", "/supplier").header("Authorization", &format!("Bearer {TOKEN}"));
    assert_eq!(desk.answer(&bare).status, 200);
    let mut body = museum(1, &["adult"]);
    body["uuid"] = json!("5C1B2C3A-0000-4000-8000-00000000000A");
    body["vendorField"] = json!(1);
    assert_eq!(post(&desk, "/bookings", &body).status, 200);
}

#[test]
fn bodies_and_queries_are_read_strictly() {
    let desk = desk();
    let mut unknown = museum(1, &["adult"]);
    unknown["productID"] = json!("museum");
    refused(&post(&desk, "/bookings", &unknown), 400, "BAD_REQUEST");
    let mut number = museum(1, &["adult"]);
    number["productId"] = json!(7);
    refused(&post(&desk, "/bookings", &number), 400, "BAD_REQUEST");
    let mut broken = request("POST", "/bookings", "");
    broken.body = "{\"uuid\":".to_owned();
    refused(&desk.answer(&broken), 400, "BAD_REQUEST");
    refused(&post(&desk, "/bookings", &json!([])), 400, "BAD_REQUEST");
    refused(&get(&desk, "/products?page=2"), 400, "BAD_REQUEST");
    refused(&get(&desk, "/nowhere"), 404, "NOT_FOUND");
    assert!(desk.bookings().is_empty());
}

#[test]
fn errors_may_all_have_status_400() {
    let desk = desk_with(|options| options.error_statuses = ErrorStatuses::All400);
    refused(&desk.answer(&without("Authorization")), 400, "UNAUTHORIZED");
    refused(&get(&desk, "/nowhere"), 400, "NOT_FOUND");
}

#[test]
fn calls_are_recorded_and_guests_are_never_printed() {
    let desk = desk();
    let mut body = museum(1, &["adult"]);
    body["contact"] = json!({"fullName": "Test Guest", "phoneNumber": "+12025550123"});
    body["notes"] = json!("Test Guest comes late");
    body["unitItems"][0]["contact"] = json!({"emailAddress": "guest@example.com"});
    reserve(&desk, &body);
    let answer = confirm(&desk, &uuid(1));
    let _ = desk.answer(&without("Authorization"));
    let recorded = desk.recorded();
    let calls: Vec<_> = recorded.iter().map(|one| (one.call, one.status, one.error)).collect();
    let wanted = [
        (Some(Call::Reserve), 200, None),
        (Some(Call::Confirm), 200, None),
        (Some(Call::Supplier), 401, Some(ErrorId::Unauthorized)),
    ];
    assert_eq!(calls, wanted);
    assert_eq!(recorded[0].request.header_value("content-type"), Some("application/json"));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&recorded[0].request.body).unwrap(), body);
    let printed = format!("{recorded:?} {answer:?} {:?} {:?}", desk.bookings(), recorded[0].request);
    assert!(printed.contains(&uuid(1)));
    for secret in ["Test Guest", "+12025550123", "guest@example.com", TOKEN] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

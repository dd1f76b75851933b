//! Webhooks (§6).

use chrono::TimeDelta;
use octo_simulator::{Answer, Desk};
use serde_json::{Value, json};

use crate::support::*;

fn hook(desk: &Desk, method: &str, path: &str, body: &Value) -> Answer {
    desk.answer(&request(method, path, "octo/webhooks").body(body))
}

fn add(desk: &Desk) -> Value {
    ok(&hook(
        desk,
        "POST",
        "/webhooks",
        &json!({"url": "https://name:word@reseller.example/octo", "event": "booking_update"}),
    ))
}

#[test]
fn webhooks_come_and_go() {
    let desk = desk();
    let added = add(&desk);
    assert_eq!(added["event"], "booking_update");
    assert_eq!(ok(&hook(&desk, "GET", "/webhooks", &json!({}))), json!([added]));
    let path = format!("/webhooks/{}", added["id"].as_str().unwrap());
    assert_eq!(hook(&desk, "DELETE", &path, &json!({})).status, 200);
    refused(&hook(&desk, "DELETE", &path, &json!({})), 404, "NOT_FOUND");
    refused(
        &hook(&desk, "POST", "/webhooks", &json!({"url": "https://a.example", "event": "all"})),
        400,
        "BAD_REQUEST",
    );
    refused(
        &hook(&desk, "POST", "/webhooks", &json!({"url": "reseller", "event": "booking_update"})),
        400,
        "BAD_REQUEST",
    );
    refused(&get(&desk, "/webhooks"), 404, "NOT_FOUND");
}

#[test]
fn confirm_update_cancel_and_redemption_are_told() {
    let desk = desk();
    add(&desk);
    let statuses = |desk: &Desk| -> Vec<String> {
        let told = desk.take_notices();
        told.iter().map(|notice| notice.body["booking"]["status"].as_str().unwrap().to_owned()).collect()
    };
    reserve(&desk, &museum(1, &["adult"]));
    assert!(desk.take_notices().is_empty(), "a hold is no event");
    ok(&confirm(&desk, &uuid(1)));
    let notices = desk.take_notices();
    assert_eq!(notices[0].url, "https://name:word@reseller.example/octo");
    assert!(!format!("{notices:?}").contains("word"));
    let diff = notices[0].body["diff"].as_array().unwrap();
    assert!(diff.contains(&json!({"op": "replace", "path": "/status", "was": "ON_HOLD", "value": "CONFIRMED"})));
    desk.advance(TimeDelta::seconds(1));
    ok(&patch(&desk, &uuid(1), &json!({"notes": "late"})));
    refused(&patch(&desk, &uuid(1), &json!({"unitItems": []})), 400, "UNPROCESSABLE_ENTITY");
    ok(&cancel(&desk, &uuid(1)));
    assert_eq!(statuses(&desk), ["CONFIRMED", "CANCELLED"], "a refusal is no event");
    booked(&desk, &museum(2, &["adult"]));
    desk.redeem_units(&uuid(2), &[0]).unwrap();
    assert_eq!(statuses(&desk), ["CONFIRMED", "REDEEMED"]);
    booked(&desk, &museum(3, &["adult"]));
    desk.cancel_by_supplier(&uuid(3)).unwrap();
    assert_eq!(statuses(&desk), ["CONFIRMED", "CANCELLED"]);
}

#[test]
fn redemption_may_be_no_event() {
    let desk = desk_with(|options| options.notice_of_redemption = false);
    add(&desk);
    booked(&desk, &museum(1, &["adult"]));
    desk.redeem_units(&uuid(1), &[0]).unwrap();
    assert_eq!(desk.take_notices().len(), 1, "the confirmation alone");
}

//! What the contract can say and no flow serves is refused by its name, and leaves nothing behind.

use entrepot_contract::channel::ChannelRequest;
use entrepot_contract::intent::Intent;
use entrepot_contract::message::Request;
use entrepot_contract::outcome::{Outcome, Reason};
use serde_json::Value;

use crate::house::House;

/// The golden messages whose intents are not served, or not all of them.
const UNSERVED: &[&str] = &[
    "encode check_booking of a stay",
    "encode create_order, all of it",
    "encode issue_order, all of it",
    "encode ask_refund, all of it",
    "encode record_refund of money",
    "encode pull_calendar of shops",
    "encode sync_order",
    "encode record_use",
    "encode change_order",
    "encode extend_hold",
    "encode show_orders by own",
    "encode list_products",
    "encode record_standing of a product",
    "encode want_codes",
    "encode ask_member",
    "encode ask_invoice",
];

fn intent(name: &str) -> Intent {
    let golden: Value = serde_json::from_str(include_str!("../../../contract/golden/1.0/requests.json")).unwrap();
    match serde_json::from_value(golden[name].clone()).unwrap() {
        Request::Channel(ChannelRequest::Encode { intent, .. }) => *intent,
        other => panic!("{name} is {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_flow_serves_is_refused_by_name() {
    let house = House::new().await;
    for name in UNSERVED {
        let intent = intent(name);
        let word = intent.name();
        let Ok(Outcome::Refused(refusal)) = house.call("create", intent).await else { panic!("{name}") };
        assert_eq!(refusal.reason, Reason::Other, "{name}");
        assert!(refusal.text.contains(word) && refusal.text.contains("not served"), "{name}: {}", refusal.text);
    }
    assert_eq!(house.orders(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_no_flow_serves_is_not_kept_as_a_fact() {
    let house = House::new().await;
    // Nothing places it: neither account nor order is known.
    let answer = house.call_through("app", "pay", None, intent("encode record_use")).await;
    let Ok(Outcome::Refused(refusal)) = answer else { panic!("{answer:?}") };
    assert!(refusal.text.contains("record_use"), "{}", refusal.text);
}

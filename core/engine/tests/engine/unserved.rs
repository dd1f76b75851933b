//! What the contract can say and no flow serves is refused by its name, and leaves nothing behind.

use entrepot_contract::channel::ChannelRequest;
use entrepot_contract::intent::Intent;
use entrepot_contract::message::Request;
use entrepot_contract::outcome::{Outcome, Reason};
use entrepot_domain::change::RefKey;
use entrepot_engine::storage::Storage;
use serde_json::Value;

use crate::house::{House, STOCK};

/// The golden messages whose intents are not served, or not all of them.
const UNSERVED: &[&str] = &[
    "encode check_booking of a stay",
    "encode create_order, all of it",
    "encode issue_order, all of it",
    "encode ask_refund, all of it",
    "encode pull_calendar of shops",
    "encode sync_order",
    "encode record_use",
    "encode change_order",
    "encode extend_hold",
    "encode show_orders by reference",
    "encode show_orders by visits",
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

/// The money is gone, whatever it was for: nobody is helped by a no.
#[tokio::test(start_paused = true)]
async fn a_refund_that_happened_is_taken_down_whether_it_can_be_placed_or_not() {
    let golden = intent("encode record_refund of money");
    let Intent::RecordRefund(told) = &golden else { panic!("{golden:?}") };
    let number = told.order.to_string();
    let house = House::new().await;
    let early = house.call_through("app", "refunded", None, golden.clone()).await;
    assert_eq!(early, Err("stored".to_owned()));
    assert_eq!(house.alerts("unplaced"), 1);
    house.create(&number, "own", 1, true).await.unwrap();
    let refunds = house.refunds(&number).await;
    assert_eq!((refunds.len(), refunds[0].channel_amount), (1, Some(told.amount)));
    assert_eq!(house.call("refunded", golden.clone()).await, Ok(Outcome::Recorded));
    assert_eq!((house.refunds(&number).await.len(), house.left("own").await), (1, STOCK - 1));
    house.sound().await;
}

/// It is decided, and only told: whatever is wrong with it, a no helps nobody, and a person looks.
#[tokio::test(start_paused = true)]
async fn what_the_channel_decided_by_itself_is_taken_down_whether_it_can_be_placed_or_not() {
    let golden = intent("encode record_decision");
    let Intent::RecordDecision(told) = &golden else { panic!("{golden:?}") };
    let number = told.order.to_string();
    let units = u32::try_from(told.units.len()).unwrap();
    let reference = RefKey { application: "app".parse().unwrap(), order: told.order.clone() };
    for account in [Some("account"), None] {
        let house = House::new().await;
        let early = house.call_through("app", "refunded", account, golden.clone()).await;
        assert!(early == Ok(Outcome::Recorded) || early == Err("stored".to_owned()), "{early:?}");
        let kept_on = house.storage.channel_ref(&reference).await.unwrap().unwrap();
        let kept = serde_json::to_string(&kept_on.facts).unwrap();
        for line in &told.units {
            let shown = line.names.code.iter().chain(line.credentials.iter().map(|credential| &credential.value));
            assert!(shown.into_iter().all(|secret| !kept.contains(secret)), "{kept}");
        }
        assert_eq!(kept_on.facts.len(), 1);
    }
    let house = House::new().await;
    house.create(&number, "own", units, true).await.unwrap();
    // A repeat says the same, and is the same.
    for _ in 0..2 {
        assert_eq!(house.call("refunded", golden.clone()).await, Ok(Outcome::Recorded));
    }
    let order = house.order(&number).await.unwrap();
    let lines = house.storage.refund_lines(&order.merchant, &order.id).await.unwrap();
    assert_eq!(lines.len(), told.units.len());
    // Another decision about the same refund is another one.
    let mut other = told.clone();
    other.units.iter_mut().for_each(|line| line.agreed = Some(false));
    assert_eq!(house.call("refunded", Intent::RecordDecision(other)).await, Ok(Outcome::Recorded));
    assert_eq!(house.storage.refund_lines(&order.merchant, &order.id).await.unwrap().len(), 2 * told.units.len());
    house.sound().await;
}

//! Refunds of tickets that a supplier holds.

use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::Outcome;
use entrepot_contract::supplier::Cancellation;
use entrepot_domain::command::Body;

use crate::house::*;

#[tokio::test(start_paused = true)]
async fn a_refund_is_agreed_once_the_supplier_gave_its_ticket_back() {
    let house = House::new().await;
    house.issued("1", "gated", 2).await;
    let first = house.call("ask", ask("1", "r")).await.unwrap();
    assert!(matches!(first, Outcome::RefundAgreed { .. }), "{first:?}");
    assert_eq!(house.call("ask", ask("1", "r")).await.unwrap(), first);
    assert_eq!(house.gate.calls(), ["book", "cancel"]);
    for _ in 0..2 {
        assert_eq!(house.call("refunded", refunded("1", "r")).await.unwrap(), Outcome::Recorded);
    }
    house.rests().await;
    assert_eq!(house.gate.calls(), ["book", "cancel"], "it agreed before");
    assert_eq!((house.state("1").await, house.left("gated").await), (OrderState::Refunded, STOCK));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_refund_is_refused_when_the_supplier_refuses() {
    let house = House::new().await;
    house.issued("1", "gated", 2).await;
    let refused = Cancellation::Refused { reason: "used".to_owned() };
    house.gate.cancels.lock().unwrap().push_back(refused);
    let answer = house.call("ask", ask("1", "r")).await.unwrap();
    assert!(matches!(answer, Outcome::RefundRefused { reason, .. } if reason == "used"));
    assert_eq!((house.state("1").await, house.left("gated").await), (OrderState::Issued, STOCK - 2));
    house.rests().await;
    assert!(house.shop.told().is_empty());
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn an_audit_at_the_supplier_means_waiting_and_a_notice() {
    let house = House::new().await;
    house.issued("1", "gated", 2).await;
    let waiting = Cancellation::Waiting { ask_after_ms: Some(20_000) };
    house.gate.cancels.lock().unwrap().push_back(waiting);
    assert_eq!(house.call("ask", ask("1", "r")).await.unwrap(), Outcome::RefundWaiting);
    until("told", || house.shop.told() == ["refund_decided"]).await;
    assert!(matches!(house.call("ask", ask("1", "r")).await.unwrap(), Outcome::RefundAgreed { .. }));
    house.rests().await;
    assert_eq!(house.gate.calls(), ["book", "cancel", "cancel"]);
}

#[tokio::test(start_paused = true)]
async fn money_that_is_gone_without_a_question_takes_the_ticket_with_it() {
    let house = House::new().await;
    house.issued("1", "gated", 2).await;
    let refused = Cancellation::Refused { reason: "used".to_owned() };
    house.gate.cancels.lock().unwrap().push_back(refused);
    assert_eq!(house.call("refunded", refunded("1", "r")).await.unwrap(), Outcome::Recorded);
    house.rests().await;
    assert_eq!((house.state("1").await, house.alerts("contradiction")), (OrderState::Refunded, 1));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_rule_decided_no_person_decides_otherwise() {
    let house = House::new().await;
    let order = house.issued("1", "own", 2).await;
    let Outcome::RefundAgreed { .. } = house.call("ask", ask("1", "r")).await.unwrap() else { panic!() };
    let refund = refund_of(&house, &order).await;
    let body = Body::DecideRefund { order, refund, agree: false, reason: None };
    let answer = house.administer(body).await;
    assert!(matches!(answer, entrepot_domain::answer::Answer::Refused(_)), "it is decided already");
}

async fn refund_of(house: &House, order: &entrepot_contract::ids::OrderId) -> entrepot_contract::ids::RefundId {
    use entrepot_engine::storage::Storage;
    house.storage.order(&id("park"), order).await.unwrap().unwrap().1[0].id.clone()
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_cannot_be_recorded_is_acknowledged_once_somebody_can_see_why() {
    let house = House::new().await;
    house.issued("1", "own", 1).await;
    house.issued("2", "own", 1).await;
    house.call("refunded", refunded("1", "r")).await.unwrap();
    // The channel's key of another order: nothing can be recorded under it.
    house.storage.inject_at("record", entrepot_engine::memory::InjectedFault::Busy);
    assert_eq!(house.call("refunded", refunded("2", "r")).await, Ok(Outcome::Busy));
    assert_eq!(house.alerts("contradiction"), 0);
    assert_eq!(house.call("refunded", refunded("2", "r")).await, Ok(Outcome::Recorded));
    assert_eq!(house.alerts("contradiction"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_supplier_that_gives_back_what_a_person_refused_is_a_contradiction() {
    let house = House::new().await;
    let order = house.issued("1", "gated", 1).await;
    let waiting = Cancellation::Waiting { ask_after_ms: Some(20_000) };
    house.gate.cancels.lock().unwrap().push_back(waiting);
    assert_eq!(house.call("ask", ask("1", "r")).await.unwrap(), Outcome::RefundWaiting);
    let (_, refunds) = house.engine.storage().order(&id("park"), &order).await.unwrap().unwrap();
    let refund = refunds[0].id.clone();
    house.administer(Body::DecideRefund { order, refund, agree: false, reason: None }).await;
    house.rests().await;
    assert_eq!(house.alerts("contradiction"), 1);
}

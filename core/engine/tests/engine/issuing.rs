//! Credentials from a supplier: in the call when they come in time, by a callback otherwise, and never twice.

use std::sync::Arc;

use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::{Outcome, Reason};

use crate::fakes::Book;
use crate::house::*;

#[tokio::test(start_paused = true)]
async fn the_call_waits_for_the_supplier_and_answers_with_the_tickets() {
    let house = Arc::new(House::new().await);
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::Held]);
    let call = {
        let house = house.clone();
        tokio::spawn(async move { house.call("issue", issue("1")).await })
    };
    settle().await;
    assert_eq!(house.state("1").await, OrderState::Issuing);
    house.gate.release.notify_one();
    let Outcome::Issued { units, .. } = call.await.unwrap().unwrap() else { panic!() };
    assert_eq!(units.len(), 2);
    house.rests().await;
    assert!(house.shop.told().is_empty(), "the answer said it already");
    assert_eq!(house.gate.bookings(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_supplier_that_takes_longer_means_issuing_and_a_callback() {
    let house = House::new().await;
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::Later { ask_after_ms: 10_000 }]);
    assert!(matches!(house.call("issue", issue("1")).await.unwrap(), Outcome::Issuing { .. }));
    assert!(matches!(house.call("issue", issue("1")).await.unwrap(), Outcome::Issuing { .. }));
    until("told", || house.shop.told() == ["issued"]).await;
    house.rests().await;
    assert_eq!(house.gate.calls(), ["book", "inquire"]);
    assert!(matches!(house.call("issue", issue("1")).await.unwrap(), Outcome::Issued { .. }));
    assert_eq!(house.order("1").await.unwrap().supplier_reference.map(|text| text.to_string().len() > 2), Some(true));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_supplier_that_refuses_ends_the_order_and_the_channel_knows() {
    let house = House::new().await;
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::Refuse]);
    let answer = house.call("issue", issue("1")).await.unwrap();
    assert!(matches!(answer, Outcome::Refused(refusal) if refusal.reason == Reason::SupplierRefused));
    assert_eq!((house.state("1").await, house.alerts("issue_refused")), (OrderState::Refused, 1));
    assert_eq!(house.call("refunded", refunded("1", "r")).await.unwrap(), Outcome::Recorded);
    assert_eq!(house.left("gated").await, STOCK);
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_about_and_nothing_is_booked_twice() {
    let house = House::new().await;
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::LostAfter]);
    let fault = Fault::not_done(FaultKind::Unavailable, "away");
    house.gate.inquiries.lock().unwrap().extend([fault.clone(), fault]);
    house.call("issue", issue("1")).await.unwrap();
    until("issued", || house.storage.orders(&id("park"))[0].state == OrderState::Issued).await;
    house.rests().await;
    assert_eq!(house.gate.calls(), ["book", "inquire", "inquire", "inquire"]);
    assert_eq!(house.gate.bookings(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_supplier_never_heard_of_is_booked_again() {
    let house = House::new().await;
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::LostBefore]);
    house.call("issue", issue("1")).await.unwrap();
    until("issued", || house.storage.orders(&id("park"))[0].state == OrderState::Issued).await;
    assert_eq!(house.gate.calls(), ["book", "inquire", "inquire", "book"], "heard twice");
    assert_eq!(house.gate.bookings(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_supplier_that_cannot_be_reached_is_tried_again_without_a_question() {
    let house = House::new().await;
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::Away, Book::Away]);
    house.call("issue", issue("1")).await.unwrap();
    until("issued", || house.storage.orders(&id("park"))[0].state == OrderState::Issued).await;
    assert_eq!(house.gate.calls(), ["book", "book", "book"]);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_that_comes_after_the_refund_goes_back() {
    let house = House::new().await;
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::Later { ask_after_ms: 10_000 }]);
    assert!(matches!(house.call("issue", issue("1")).await.unwrap(), Outcome::Issuing { .. }));
    assert_eq!(house.call("refunded", refunded("1", "r")).await.unwrap(), Outcome::Recorded);
    assert_eq!(house.state("1").await, OrderState::Refunded);
    house.rests().await;
    let calls = house.gate.calls();
    assert_eq!(calls[..2], ["book", "inquire"]);
    assert!(calls[2..].iter().all(|call| *call == "cancel") && calls.len() > 2, "{calls:?}");
    assert_eq!(house.state("1").await, OrderState::Refunded);
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn an_issue_call_before_the_payment_comes_again() {
    let house = House::new().await;
    house.create("1", "own", 1, false).await.unwrap();
    assert_eq!(house.call("issue", issue("1")).await.unwrap(), Outcome::CallAgain);
    house.call("pay", pay("1")).await.unwrap();
    assert!(matches!(house.call("issue", issue("1")).await.unwrap(), Outcome::Issued { .. }));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_may_lag_is_asked_for_again_before_anything_is_booked_twice() {
    let house = House::of(|gate| *gate.lag_ms.lock().unwrap() = 5_000).await;
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::LostAfter]);
    *house.gate.unseen.lock().unwrap() = 1;
    house.call("issue", issue("1")).await.unwrap();
    until("issued", || house.storage.orders(&id("park"))[0].state == OrderState::Issued).await;
    assert_eq!((house.gate.calls(), house.gate.bookings()), (vec!["book", "inquire", "inquire"], 1));
}

#[tokio::test(start_paused = true)]
async fn a_booking_that_is_pending_for_too_long_is_told_until_it_ends() {
    let house = House::new().await;
    house.sold("1", "gated", 2).await;
    // The supplier's card says 20 seconds; the second look finds it issued.
    house.gate.script([Book::Later { ask_after_ms: 25_000 }]);
    house.gate.pending.lock().unwrap().push_back(10_000);
    house.call("issue", issue("1")).await.unwrap();
    until("told", || house.alerts("stuck") == 1).await;
    house.rests().await;
    assert_eq!(house.alerts("stuck"), 0);
    assert_eq!(house.gate.calls(), ["book", "inquire", "inquire"]);
}

#[tokio::test(start_paused = true)]
async fn guests_stand_at_their_units() {
    let house = House::new().await;
    house.issued("1", "gated", 2).await;
    let booked = house.gate.orders.lock().unwrap();
    let numbers: Vec<u16> = booked[0].units.iter().map(|unit| unit.number).collect();
    assert_eq!(numbers, [1, 2]);
    assert!(booked[0].units.iter().all(|unit| !unit.gone));
}

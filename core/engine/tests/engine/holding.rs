//! Units kept at the supplier before they are booked.

use entrepot_contract::capability::HoldAbility;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::{Acceptance, Outcome};
use entrepot_contract::supplier::Holding;

use crate::fakes::refusal;
use crate::house::*;

const LONGEST_MS: u64 = 600_000;

async fn house() -> House {
    House::of(|gate| {
        *gate.hold.lock().unwrap() = Some(HoldAbility { longest_ms: LONGEST_MS, extends: true });
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn an_unpaid_order_is_held_there_and_booked_once_it_is_paid() {
    let house = house().await;
    house.create("1", "gated", 2, false).await.unwrap();
    house.rests().await;
    assert_eq!(house.gate.calls(), ["hold"]);
    let held = house.order("1").await.unwrap();
    let longest = i64::try_from(LONGEST_MS).unwrap();
    assert!(held.hold_until().unwrap().since(held.created_at) <= longest, "our hold is no longer than the supplier's");
    house.call("pay", pay("1")).await.unwrap();
    assert!(matches!(house.call("issue", issue("1")).await.unwrap(), Outcome::Issued { .. }));
    house.rests().await;
    assert_eq!(house.gate.calls(), ["hold", "book"]);
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_supplier_does_not_keep_ends_before_it_is_paid() {
    let house = house().await;
    house.gate.holdings.lock().unwrap().push_back(Ok(Holding::Refused(refusal("full"))));
    house.create("1", "gated", 2, false).await.unwrap();
    house.rests().await;
    assert_eq!((house.state("1").await, house.left("gated").await), (OrderState::Cancelled, STOCK));
    let paid = house.call("pay", pay("1")).await.unwrap();
    assert_eq!(paid, Outcome::Paid { acceptance: Acceptance::Refused }, "the guest gets his money back");
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn an_order_that_ends_unpaid_is_given_up_there() {
    let house = house().await;
    house.create("1", "gated", 1, false).await.unwrap();
    house.rests().await;
    house.call("cancel", cancel("1")).await.unwrap();
    house.rests().await;
    assert_eq!(house.gate.calls(), ["hold", "release"]);
    house.create("2", "gated", 1, false).await.unwrap();
    house.rests().await;
    house.clock.jump(i64::try_from(LONGEST_MS).unwrap());
    until("given up", || house.gate.calls().len() == 4).await;
    house.rests().await;
    assert_eq!((house.state("2").await, house.gate.calls()[3]), (OrderState::Cancelled, "release"));
    house.sound().await;
}

/// A hold is a courtesy: when nobody answers, the sale goes on and is booked when its time comes.
#[tokio::test(start_paused = true)]
async fn a_supplier_that_does_not_answer_stands_in_nobodys_way() {
    let house = house().await;
    for _ in 0..3 {
        house.gate.holdings.lock().unwrap().push_back(Err(Fault::unknown(FaultKind::TimedOut, "no answer")));
    }
    house.create("1", "gated", 1, false).await.unwrap();
    house.rests().await;
    assert_eq!((house.gate.calls(), house.state("1").await), (vec!["hold"; 3], OrderState::Created));
    house.call("pay", pay("1")).await.unwrap();
    assert!(matches!(house.call("issue", issue("1")).await.unwrap(), Outcome::Issued { .. }));
    assert_eq!(house.alerts("dead_job"), 0);
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn who_declares_no_hold_is_not_asked() {
    let house = House::new().await;
    house.create("1", "gated", 1, false).await.unwrap();
    house.call("cancel", cancel("1")).await.unwrap();
    house.rests().await;
    assert!(house.gate.calls().is_empty());
}

//! Facts that come before their order, or while it is made.

use std::sync::Arc;

use entrepot_contract::intent::Intent;
use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::{Acceptance, Outcome, Reason};
use entrepot_engine::storage::Storage;

use crate::house::*;

/// With the account the call is placed, without it nobody can.
const PLACES: [Option<&str>; 2] = [Some("account"), None];

async fn fact(house: &House, scene: &str, account: Option<&str>, intent: Intent) {
    let answer = house.call_through("app", scene, account, intent).await;
    match account {
        Some(_) => assert_eq!(answer, Ok(Outcome::Recorded)),
        None => assert_eq!(answer, Err("stored".to_owned())),
    }
}

#[tokio::test(start_paused = true)]
async fn a_payment_before_its_order_makes_it_paid() {
    for account in PLACES {
        let house = House::new().await;
        fact(&house, "pay", account, pay("1")).await;
        fact(&house, "pay", account, pay("1")).await;
        assert_eq!(house.alerts("unplaced"), 1);
        let answer = house.create("1", "own", 2, false).await.unwrap();
        assert!(matches!(answer, Outcome::Created { acceptance: Some(Acceptance::Accepted), .. }), "{answer:?}");
        assert_eq!(house.state("1").await, OrderState::Accepted);
        assert_eq!(house.alerts("unplaced"), 0, "the order is there");
        house.sound().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_before_its_order_refuses_it() {
    for account in PLACES {
        for (scene, intent) in [("cancel", cancel("1")), ("refunded", refunded("1", "r"))] {
            let house = House::new().await;
            fact(&house, scene, account, intent).await;
            let answer = house.create("1", "own", 2, false).await.unwrap();
            assert!(matches!(answer, Outcome::Refused(refusal) if refusal.reason == Reason::StateForbids));
            assert_eq!((house.orders(), house.left("own").await), (0, STOCK));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_fact_about_a_known_order_finds_its_connection_without_an_account() {
    let house = House::new().await;
    house.create("1", "own", 2, false).await.unwrap();
    let paid = house.call_through("app", "pay", None, pay("1")).await.unwrap();
    assert_eq!(paid, Outcome::Paid { acceptance: Acceptance::Accepted });
    let gone = house.call_through("app", "refunded", None, refunded("1", "r")).await.unwrap();
    assert_eq!(gone, Outcome::Recorded);
    assert_eq!(house.state("1").await, OrderState::Refunded);
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_can_place_is_refused_in_the_plugins_words() {
    let house = House::new().await;
    for (scene, intent, reason) in [
        ("create", create("1", "own", 2, None), Reason::OffSale),
        ("issue", issue("1"), Reason::OrderUnknown),
        ("ask", ask("1", "r"), Reason::OrderUnknown),
    ] {
        let answer = house.call_through("app", scene, None, intent).await;
        assert!(matches!(&answer, Ok(Outcome::Refused(refusal)) if refusal.reason == reason), "{scene}: {answer:?}");
    }
    assert_eq!(house.orders(), 0);
}

#[tokio::test(start_paused = true)]
async fn while_the_order_is_made_its_facts_are_asked_to_come_again() {
    let house = Arc::new(House::new().await);
    let mut lane = house.storage.lane().await.unwrap();
    let held = lane.begin().await.unwrap();
    let making = {
        let house = house.clone();
        tokio::spawn(async move { house.create("1", "own", 2, false).await })
    };
    settle().await;
    for (scene, intent) in [("pay", pay("1")), ("cancel", cancel("1")), ("refunded", refunded("1", "r"))] {
        assert_eq!(house.call(scene, intent.clone()).await, Ok(Outcome::CallAgain), "{scene}");
        assert_eq!(house.call_through("app", scene, None, intent).await, Err("busy".to_owned()), "{scene}");
    }
    drop(held);
    assert!(matches!(making.await.unwrap(), Ok(Outcome::Created { acceptance: None, .. })));
    let paid = house.call("pay", pay("1")).await.unwrap();
    assert_eq!(paid, Outcome::Paid { acceptance: Acceptance::Accepted });
}

#[tokio::test(start_paused = true)]
async fn a_fact_and_its_order_in_one_batch_see_each_other() {
    for account in PLACES {
        let house = Arc::new(House::new().await);
        let mut lane = house.storage.lane().await.unwrap();
        let held = lane.begin().await.unwrap();
        let spawn = |scene: &'static str, account: Option<&'static str>, intent: Intent| {
            let house = house.clone();
            tokio::spawn(async move { house.call_through("app", scene, account, intent).await })
        };
        // The first one has the lane waiting; the two that follow share the next batch.
        let first = spawn("create", Some("account"), create("0", "own", 1, None));
        settle().await;
        let fact = spawn("pay", account, pay("1"));
        settle().await;
        let order = spawn("create", Some("account"), create("1", "own", 2, None));
        settle().await;
        drop(held);
        first.await.unwrap().unwrap();
        let kept = fact.await.unwrap();
        assert!(kept == Ok(Outcome::Recorded) || kept == Err("stored".to_owned()), "{kept:?}");
        let made = order.await.unwrap().unwrap();
        assert!(matches!(made, Outcome::Created { acceptance: Some(Acceptance::Accepted), .. }), "{made:?}");
        house.sound().await;
    }
}

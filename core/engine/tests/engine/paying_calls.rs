//! A channel that says by its call for credentials alone that the guest paid: with its order, before it, after its end.

use std::sync::Arc;

use entrepot_contract::intent::{Intent, IssueOrder};
use entrepot_contract::listing::UnitNames;
use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::{Outcome, Reason};
use entrepot_contract::time::Timestamp;
use entrepot_engine::storage::Storage;

use crate::fakes::Book;
use crate::house::*;

fn paying(number: &str) -> Intent {
    Intent::IssueOrder(IssueOrder { paid_at: Some(Timestamp::from_millis(5)), ..IssueOrder::new(id(number)) })
}

fn certificate(name: &str, item: &str) -> UnitNames {
    UnitNames { certificate: Some(name.to_owned()), item: Some(item.to_owned()), code: None }
}

#[tokio::test(start_paused = true)]
async fn the_call_pays_and_its_answer_has_the_codes() {
    for sku in ["own", "gated"] {
        let house = House::new().await;
        house.create("1", sku, 2, false).await.unwrap();
        let first = house.call("issue", paying("1")).await.unwrap();
        assert!(matches!(&first, Outcome::Issued { units, .. } if units.len() == 2), "{first:?}");
        assert_eq!(house.call("issue", paying("1")).await.unwrap(), first);
        assert_eq!((house.state("1").await, house.left(sku).await), (OrderState::Issued, STOCK - 2));
        house.rests().await;
        assert!(house.shop.told().is_empty());
        house.sound().await;
    }
}

/// With the account the call is placed, without it nobody can.
#[tokio::test(start_paused = true)]
async fn a_call_before_its_order_is_kept_and_the_codes_go_by_a_callback() {
    for account in [Some("account"), None] {
        let house = House::new().await;
        for _ in 0..2 {
            let answer = house.call_through("app", "issue", account, paying("1")).await;
            assert_eq!(answer, Ok(Outcome::Recorded));
        }
        assert_eq!((house.orders(), house.alerts("unplaced")), (0, 1));
        house.create("1", "gated", 2, false).await.unwrap();
        until("told", || house.shop.told() == ["issued"]).await;
        assert_eq!((house.state("1").await, house.alerts("unplaced")), (OrderState::Issued, 0));
        let again = house.call("issue", paying("1")).await.unwrap();
        assert!(matches!(again, Outcome::Issued { .. }), "{again:?}");
        house.rests().await;
        assert_eq!((house.shop.told(), house.gate.bookings()), (vec!["issued"], 1));
        house.sound().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_supplier_that_refuses_after_such_a_call_is_told_to_the_channel() {
    let house = House::new().await;
    house.call("issue", paying("1")).await.unwrap();
    house.gate.script([Book::Refuse]);
    house.create("1", "gated", 2, false).await.unwrap();
    until("told", || house.shop.told() == ["issue_failed"]).await;
    assert_eq!(house.state("1").await, OrderState::Refused);
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn an_order_that_ended_fails_for_good() {
    let house = House::new().await;
    house.create("1", "own", 2, false).await.unwrap();
    house.call("cancel", cancel("1")).await.unwrap();
    let answer = house.call("issue", paying("1")).await.unwrap();
    assert!(matches!(&answer, Outcome::Refused(refusal) if refusal.reason == Reason::SupplierRefused), "{answer:?}");
    assert_eq!((house.left("own").await, house.alerts("paid_after_end")), (STOCK, 1));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn while_its_order_is_made_such_a_call_is_asked_to_come_again() {
    let house = Arc::new(House::new().await);
    let mut lane = house.storage.lane().await.unwrap();
    let held = lane.begin().await.unwrap();
    let making = {
        let house = house.clone();
        tokio::spawn(async move { house.create("1", "own", 2, false).await })
    };
    settle().await;
    assert_eq!(house.call("issue", paying("1")).await, Ok(Outcome::CallAgain));
    drop(held);
    making.await.unwrap().unwrap();
    assert!(matches!(house.call("issue", paying("1")).await, Ok(Outcome::Issued { .. })));
}

/// The answer names each certificate with the credentials of the unit that has its item.
#[tokio::test(start_paused = true)]
async fn the_answer_says_the_names_in_the_order_of_the_units() {
    let house = House::new().await;
    let item = |name: &str| UnitNames { item: Some(name.to_owned()), ..UnitNames::default() };
    let Intent::CreateOrder(mut create) = create("1", "own", 2, None) else { panic!() };
    create.unit_names = vec![item("i-1"), item("i-2")];
    house.call("create", Intent::CreateOrder(create)).await.unwrap();
    let Intent::IssueOrder(mut call) = paying("1") else { panic!() };
    call.unit_names = vec![certificate("c-2", "i-2"), certificate("c-1", "i-1")];
    house.call("issue", Intent::IssueOrder(call)).await.unwrap();
    let ordered = vec![certificate("c-1", "i-1"), certificate("c-2", "i-2")];
    assert_eq!(house.order("1").await.unwrap().unit_names, ordered);
    let Some(Intent::IssueOrder(said)) = house.shop.answered.lock().unwrap().last().cloned() else { panic!() };
    assert_eq!(said.unit_names, ordered);
}

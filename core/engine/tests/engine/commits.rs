//! Commits that fail: repeated, looked up, taken apart, or never begun.

use std::sync::Arc;
use std::time::Duration;

use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::{Outcome, Reason};
use entrepot_engine::memory::InjectedFault;
use entrepot_engine::storage::{LaneStorage, Storage};

use crate::fakes::LIMIT_MS;
use crate::house::*;

/// Another writer that has the database: what is asked meanwhile waits and shares a batch.
async fn other_writer(house: &House) -> Box<dyn LaneStorage> {
    house.storage.lane().await.unwrap()
}

fn spawn_creates(
    house: &Arc<House>,
    numbers: std::ops::Range<u32>,
) -> Vec<tokio::task::JoinHandle<Result<Outcome, String>>> {
    numbers
        .map(|number| {
            let house = house.clone();
            tokio::spawn(async move { house.create(&number.to_string(), "own", 1, true).await })
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_repeated_without_the_caller_noticing() {
    let house = House::new().await;
    for _ in 0..5 {
        house.storage.inject(InjectedFault::Conflict);
    }
    house.sold("1", "own", 2).await;
    assert_eq!(house.left("own").await, STOCK - 2);
    for _ in 0..6 {
        house.storage.inject(InjectedFault::Conflict);
    }
    assert_eq!(house.create("2", "own", 2, true).await, Ok(Outcome::Busy));
    house.sold("2", "own", 2).await;
    assert_eq!((house.orders(), house.left("own").await), (2, STOCK - 4));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_commit_of_unknown_outcome_gives_exactly_one_order() {
    for fault in [InjectedFault::CommitLostBefore, InjectedFault::CommitLostAfter] {
        let house = House::new().await;
        house.storage.inject(fault);
        let order = house.sold("1", "own", 2).await;
        assert_eq!(house.sold("1", "own", 2).await, order);
        assert_eq!((house.orders(), house.left("own").await), (1, STOCK - 2), "{fault:?}");
        house.storage.inject(fault);
        assert_eq!(house.call("refunded", refunded("1", "r")).await.unwrap(), Outcome::Recorded);
        assert_eq!((house.state("1").await, house.left("own").await), (OrderState::Refunded, STOCK), "{fault:?}");
        house.sound().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_whose_keys_cannot_be_read_is_busy_and_the_repeat_tells() {
    let house = House::new().await;
    house.storage.inject(InjectedFault::CommitLostAfter);
    house.storage.inject_at("find_keys", InjectedFault::Busy);
    assert_eq!(house.create("1", "own", 2, true).await, Ok(Outcome::Busy));
    house.sold("1", "own", 2).await;
    assert_eq!((house.orders(), house.left("own").await), (1, STOCK - 2));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_supplier_is_asked_once_though_the_commits_around_it_were_lost() {
    for fault in [InjectedFault::CommitLostBefore, InjectedFault::CommitLostAfter] {
        let house = House::new().await;
        house.sold("1", "gated", 2).await;
        house.storage.inject(fault);
        let started = house.call("issue", issue("1")).await.unwrap();
        assert!(matches!(started, Outcome::Issued { .. } | Outcome::Issuing { .. }), "{fault:?}: {started:?}");
        until("issued", || house.storage.orders(&id("park"))[0].state == OrderState::Issued).await;
        house.rests().await;
        assert_eq!((house.gate.bookings(), house.gate.calls()), (1, vec!["book"]), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_database_is_busy_at_once() {
    let house = House::new().await;
    house.storage.inject(InjectedFault::Busy);
    assert_eq!(house.create("1", "own", 1, true).await, Ok(Outcome::Busy));
    for call in ["lane", "begin", "open", "load_orders", "load_rest"] {
        house.storage.inject_at(call, InjectedFault::Busy);
        if call == "lane" {
            // The lane asks for a connection of its own only after it lost the one before.
            house.storage.inject(InjectedFault::Busy);
        }
        assert_eq!(house.create("1", "own", 1, true).await, Ok(Outcome::Busy), "{call}");
    }
    house.storage.heal();
    house.sold("1", "own", 1).await;
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn poison_fails_alone_and_its_neighbours_pass() {
    let house = Arc::new(House::new().await);
    house.storage.poison("13");
    let mut lane = other_writer(&house).await;
    let held = lane.begin().await.unwrap();
    let calls = spawn_creates(&house, 0..20);
    settle().await;
    drop(held);
    for (number, call) in calls.into_iter().enumerate() {
        match call.await.unwrap().unwrap() {
            Outcome::Refused(refusal) => assert_eq!((number, refusal.reason), (13, Reason::Other)),
            outcome => assert!(matches!(outcome, Outcome::Created { .. }) && number != 13, "{number}: {outcome:?}"),
        }
    }
    assert_eq!((house.orders(), house.left("own").await), (19, STOCK - 19));
    house.storage.heal();
    house.sold("13", "own", 1).await;
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_data_fault_that_passes_costs_nobody_his_order() {
    let house = Arc::new(House::new().await);
    let mut lane = other_writer(&house).await;
    let held = lane.begin().await.unwrap();
    let calls = spawn_creates(&house, 0..8);
    settle().await;
    house.storage.inject(InjectedFault::Data);
    drop(held);
    let mut created = 0;
    for call in calls {
        created += u32::from(matches!(call.await.unwrap(), Ok(Outcome::Created { .. })));
    }
    assert!(created >= 7, "only a command alone in its batch may fail: {created}");
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_that_waited_too_long_is_answered_busy_and_never_runs() {
    let house = Arc::new(House::new().await);
    let mut lane = other_writer(&house).await;
    let held = lane.begin().await.unwrap();
    let calls = spawn_creates(&house, 0..3);
    settle().await;
    tokio::time::advance(Duration::from_millis(u64::from(LIMIT_MS) + 1)).await;
    settle().await;
    drop(held);
    for call in calls {
        assert_eq!(call.await.unwrap(), Err("timed out".to_owned()));
    }
    tokio::time::advance(Duration::from_secs(5)).await;
    settle().await;
    assert_eq!((house.orders(), house.left("own").await), (0, STOCK));
    house.sold("0", "own", 1).await;
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn prices_written_by_two_commands_of_one_batch_are_one_revision() {
    use entrepot_domain::command::Body;
    let house = Arc::new(House::new().await);
    let mut lane = other_writer(&house).await;
    let held = lane.begin().await.unwrap();
    let writes: Vec<_> = (51..55)
        .map(|stock| {
            let house = house.clone();
            tokio::spawn(async move { house.administer(Body::WriteCalendar { rows: vec![row("own", stock)] }).await })
        })
        .collect();
    settle().await;
    drop(held);
    for write in writes {
        assert_eq!(write.await.unwrap(), entrepot_domain::answer::Answer::Changed { rows: 1 });
    }
    let here = house.engine.rules(&id("park")).await.unwrap().catalogue.revision;
    let stored = house.storage.catalogue(&id("park"), None).await.unwrap().revision;
    assert_eq!(here, stored, "what a node remembers is never newer than what is stored");
}

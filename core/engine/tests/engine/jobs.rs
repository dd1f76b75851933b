//! Jobs: lost leases, the order of notices, dead ones and what a person does about them.

use std::sync::Arc;

use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::intent::UnitChoice;
use entrepot_contract::notice::OrderEvent;
use entrepot_contract::order::OrderState;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::CommandKey;
use entrepot_domain::job::JobState;
use entrepot_engine::flows::redeem::{Redeem, Shown};
use entrepot_engine::storage::Storage;

use crate::fakes::Book;
use crate::house::*;

fn at_gate(shown: Shown, key: &str) -> Redeem {
    Redeem {
        merchant: id("park"),
        gate: None,
        shown,
        key: CommandKey { scope: "gate".to_owned(), kind: "redeem".to_owned(), key: key.to_owned() },
        by: "gate".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_of_a_lost_lease_is_kept_but_ends_no_job() {
    let house = Arc::new(House::with(|settings| settings.poll_ms = 3_600_000).await);
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::Held]);
    let call = {
        let house = house.clone();
        tokio::spawn(async move { house.call("issue", issue("1")).await })
    };
    settle().await;
    assert_eq!(house.gate.calls(), ["book"]);
    house.clock.jump(31_000);
    let leased = house.storage.lease_jobs(&id("other"), 10, 30_000).await.unwrap();
    assert_eq!((leased.len(), leased[0].state, leased[0].token), (1, JobState::Started, 2));
    house.gate.release.notify_one();
    settle().await;
    assert_eq!(house.state("1").await, OrderState::Issued, "a real ticket is never thrown away");
    let job = &house.storage.jobs()[0];
    assert_eq!((job.state, job.token), (JobState::Started, 2));
    assert_eq!(job.lease.as_ref().unwrap().0, id("other"));
    drop(call);
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_died_leaves_a_question_behind() {
    let house = House::with(|settings| settings.poll_ms = 1_000).await;
    let order = house.sold("1", "gated", 2).await;
    // Another node began, booked, and was never heard of again.
    house.storage.inject_at("start_job", entrepot_engine::memory::InjectedFault::Busy);
    house.storage.inject_at("put_job", entrepot_engine::memory::InjectedFault::Busy);
    let call = house.call("issue", issue("1"));
    let other = async {
        settle().await;
        house.clock.jump(31_000);
        let leased = house.storage.lease_jobs(&id("other"), 10, 1_000).await.unwrap();
        assert!(house.storage.start_job(&leased[0].job.id, leased[0].token, 1_000).await.unwrap());
        *house.gate.booked.lock().unwrap().entry(order.to_string()).or_default() += 1;
    };
    let (_, ()) = tokio::join!(call, other);
    until("issued", || house.storage.orders(&id("park"))[0].state == OrderState::Issued).await;
    assert_eq!(house.gate.calls(), ["inquire"]);
    assert_eq!(house.gate.bookings(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_starts_again_takes_its_own_jobs_back_at_once() {
    let house = House::with(|settings| settings.poll_ms = 3_600_000).await;
    let order = house.sold("1", "gated", 2).await;
    house.gate.script([Book::Held]);
    let call = house.call("issue", issue("1"));
    let started_again = async {
        settle().await;
        assert_eq!(house.gate.calls(), ["book"]);
        // What the node did before it died; its lease has 30 seconds left.
        *house.gate.booked.lock().unwrap().entry(order.to_string()).or_default() += 1;
        let _again = house.start_again(id("node")).await;
        until("issued", || house.storage.orders(&id("park"))[0].state == OrderState::Issued).await;
        assert_eq!(house.gate.calls(), ["book", "inquire"], "it asks before it books again");
        let job = house.storage.jobs()[0].clone();
        assert_eq!((job.state, job.token), (JobState::Done, 3), "taken back under one number, leased under the next");
        house.gate.release.notify_one();
    };
    let (_, ()) = tokio::join!(call, started_again);
    settle().await;
    assert_eq!(house.storage.jobs().len(), 1);
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_of_another_name_waits_for_the_lease() {
    let house = House::with(|settings| settings.poll_ms = 3_600_000).await;
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::Held]);
    let call = house.call("issue", issue("1"));
    let other = async {
        settle().await;
        let before = house.storage.jobs();
        let _other = house.start_again(id("other")).await;
        settle().await;
        assert_eq!(house.storage.jobs(), before);
        house.gate.release.notify_one();
    };
    let (_, ()) = tokio::join!(call, other);
    assert_eq!((house.state("1").await, house.gate.calls().len()), (OrderState::Issued, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_used_at_our_gate_is_told_to_the_channel() {
    let house = House::new().await;
    let order = house.issued("1", "gated", 2).await;
    let code = house.storage.credentials(&id("park"), &order).await.unwrap()[1].credentials[0].value.clone();
    let shown = || at_gate(Shown::Code(format!(" {code} ")), "a");
    let answer = house.engine.redeem(shown()).await.unwrap();
    assert_eq!(answer, Answer::Redeemed { order: order.clone(), units: vec![2] });
    assert_eq!(house.engine.redeem(shown()).await.unwrap(), answer, "one key, one answer");
    let again = house.engine.redeem(at_gate(Shown::Code(code.clone()), "b")).await.unwrap();
    assert!(matches!(again, Answer::Refused(_)));
    let unknown = house.engine.redeem(at_gate(Shown::Code("nobody's".to_owned()), "c")).await.unwrap();
    assert!(matches!(unknown, Answer::Refused(_)));
    house.rests().await;
    assert_eq!(house.shop.told(), ["redeemed"]);
    let tickets = |told: usize| match &house.shop.told.lock().unwrap()[told].event {
        OrderEvent::Redeemed { tickets, .. } => tickets.clone(),
        other => panic!("{other:?}"),
    };
    let issued = house.storage.credentials(&id("park"), &order).await.unwrap();
    assert_eq!(tickets(0), issued[1..2], "what the guest of the unit showed, and nothing of the others");
    let rest = at_gate(Shown::Order(order, UnitChoice::AllLeft), "d");
    house.engine.redeem(rest).await.unwrap();
    house.rests().await;
    assert_eq!((house.shop.told().len(), house.state("1").await), (2, OrderState::Completed));
    assert!(!tickets(1).is_empty());
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_gate_takes_its_own_tickets_only() {
    let house = House::new().await;
    let own = house.issued("1", "own", 1).await;
    let mut redeem = at_gate(Shown::Order(own, UnitChoice::AllLeft), "a");
    redeem.gate = Some(id("gate"));
    assert!(matches!(house.engine.redeem(redeem).await.unwrap(), Answer::Refused(_)));
}

#[tokio::test(start_paused = true)]
async fn notices_of_one_order_keep_their_order() {
    let house = House::new().await;
    let order = house.issued("1", "own", 2).await;
    let away = Fault::not_done(FaultKind::Unavailable, "away");
    house.shop.faults.lock().unwrap().extend([away.clone(), away]);
    house.engine.redeem(at_gate(Shown::Order(order.clone(), UnitChoice::Numbers(vec![2])), "a")).await.unwrap();
    settle().await;
    house.engine.redeem(at_gate(Shown::Order(order, UnitChoice::Numbers(vec![1])), "b")).await.unwrap();
    settle().await;
    assert!(house.shop.told().is_empty(), "the second waits for the first");
    assert_eq!(house.storage.jobs()[1].job.after, Some(house.storage.jobs()[0].job.id.clone()));
    house.rests().await;
    let units: Vec<Vec<u16>> = house
        .shop
        .told
        .lock()
        .unwrap()
        .iter()
        .map(|notice| match &notice.event {
            OrderEvent::Redeemed { units, .. } => units.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(units, [vec![2], vec![1]]);
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_may_have_arrived_is_not_repeated_blindly() {
    let house = House::new().await;
    let order = house.issued("1", "own", 1).await;
    house.shop.faults.lock().unwrap().push_back(Fault::unknown(FaultKind::TimedOut, "no answer"));
    house.engine.redeem(at_gate(Shown::Order(order, UnitChoice::AllLeft), "a")).await.unwrap();
    until("dead", || house.alerts("dead_job") == 1).await;
    assert!(house.shop.told().is_empty());
    let job = house.storage.jobs()[0].job.id.clone();
    house.engine.decide_job(&id("park"), job, false).await.unwrap();
    assert_eq!(house.storage.jobs()[0].state, JobState::Abandoned);
}

#[tokio::test(start_paused = true)]
async fn a_dead_job_is_an_alert_and_a_person_can_try_again() {
    let house = House::with(|settings| settings.attempts_limit = 3).await;
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::Away; 3]);
    house.call("issue", issue("1")).await.unwrap();
    until("dead", || house.alerts("dead_job") == 1).await;
    let job = house.storage.jobs()[0].clone();
    assert_eq!((job.state, job.attempts, house.gate.calls().len()), (JobState::Dead, 3, 3));
    assert!(house.engine.decide_job(&id("other"), job.job.id.clone(), true).await.is_err(), "not his");
    house.engine.decide_job(&id("park"), job.job.id.clone(), true).await.unwrap();
    until("issued", || house.storage.orders(&id("park"))[0].state == OrderState::Issued).await;
    house.rests().await;
    assert_eq!(house.gate.calls(), ["book"; 4], "what certainly had no effect is simply done again");
    assert!(house.engine.decide_job(&id("park"), job.job.id, true).await.is_err(), "it is over");
}

#[tokio::test(start_paused = true)]
async fn a_retry_of_an_unclear_booking_asks_first() {
    let house = House::with(|settings| settings.attempts_limit = 2).await;
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::LostAfter]);
    house.gate.inquiries.lock().unwrap().push_back(Fault::not_done(FaultKind::Unavailable, "away"));
    house.call("issue", issue("1")).await.unwrap();
    until("dead", || house.alerts("dead_job") == 1).await;
    let job = house.storage.jobs()[0].job.id.clone();
    house.engine.decide_job(&id("park"), job, true).await.unwrap();
    until("issued", || house.storage.orders(&id("park"))[0].state == OrderState::Issued).await;
    assert_eq!(house.gate.calls(), ["book", "inquire", "inquire"]);
    assert_eq!(house.gate.bookings(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_booking_of_unknown_outcome_stays_unknown_when_the_next_try_cannot_begin() {
    let house = House::with(|settings| settings.backoff_first_ms = 10_000).await;
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::LostAfter]);
    house.call("issue", issue("1")).await.unwrap();
    house.storage.inject_at("order", entrepot_engine::memory::InjectedFault::Busy);
    until("issued", || house.storage.orders(&id("park"))[0].state == OrderState::Issued).await;
    assert_eq!(house.gate.calls(), ["book", "inquire"]);
    assert_eq!(house.gate.bookings(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_never_outlives_its_lease() {
    let house = House::with(|settings| (settings.lease_ms, settings.poll_ms) = (3_000, 100)).await;
    house.sold("1", "gated", 2).await;
    house.gate.script([Book::Held]);
    house.call("issue", issue("1")).await.unwrap();
    until("issued", || house.storage.orders(&id("park"))[0].state == OrderState::Issued).await;
    house.gate.release.notify_one();
    house.rests().await;
    assert_eq!(house.gate.calls(), ["book", "inquire", "inquire", "book"]);
    assert_eq!(house.gate.bookings(), 1, "the first call was given up before anybody asked about it");
}

#[tokio::test(start_paused = true)]
async fn a_job_dies_only_once_somebody_is_told() {
    let house = House::with(|settings| (settings.lease_ms, settings.poll_ms) = (2_000, 500)).await;
    let order = house.issued("1", "own", 1).await;
    house.shop.faults.lock().unwrap().push_back(Fault::unknown(FaultKind::TimedOut, "no answer"));
    for _ in 0..2 {
        house.storage.inject_at("record", entrepot_engine::memory::InjectedFault::Busy);
    }
    house.engine.redeem(at_gate(Shown::Order(order, UnitChoice::AllLeft), "a")).await.unwrap();
    until("told", || {
        let dead = house.storage.jobs()[0].state == JobState::Dead;
        assert!(!dead || house.alerts("dead_job") == 1, "it died unheard");
        dead
    })
    .await;
    assert!(house.shop.told().is_empty(), "and what may have arrived was not sent again");
}

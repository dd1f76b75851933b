//! Workers that block or spin.

use std::path::Path;
use std::sync::Arc;

use bad_plugin::plugin::began;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_host::{RunningInstance, State, Threads};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::stage::{LONG_MS, START, Stage, all_there, book, reason, scope, until};

fn held(stage: &Stage, running: &Arc<RunningInstance>, order: &str) -> JoinHandle<Result<String, Fault>> {
    let (running, context, request) = (Arc::clone(running), stage.context(LONG_MS), book("bad", order));
    tokio::spawn(async move { running.call(context, request, scope()).await.map(reason) })
}

async fn stalls_and_recovers(defect: &str, workers: usize) {
    let stage = Stage::with("bad-plugin", "none");
    let go = stage.folder.path().join("go");
    let settings = json!({"defect": defect, "until": go});
    let bad = stage.open_with("bad-plugin", "bad", settings, Some(workers)).await.unwrap();
    let twin = stage.open("bad-plugin", "twin", json!({})).await.unwrap();
    let healthy = stage.open("healthy-plugin", "healthy", json!({})).await.unwrap();
    let orders: Vec<String> = (1..=workers).map(|number| format!("held-{number}")).collect();
    let calls: Vec<_> = orders.iter().map(|order| held(&stage, &bad, order)).collect();
    let marks: Vec<_> = orders.iter().map(|order| began(&go, order)).collect();
    let marks: Vec<&Path> = marks.iter().map(AsRef::as_ref).collect();
    until("all workers are held", || all_there(&marks)).await;

    assert_eq!(bad.look(), Threads::Run, "a heartbeat is on its way");
    stage.advance(1_999);
    assert_eq!(bad.look(), Threads::Run);
    stage.advance(1);
    assert_eq!(bad.look(), Threads::Silent { since: START });
    assert_eq!(stage.status("bad-plugin", "bad").state, State::Degraded);
    assert_eq!(stage.troubles("bad-plugin", "bad"), [("its threads do not run".to_owned(), START)]);
    let report = stage.status("bad-plugin", "bad").reports.pop().unwrap();
    assert!(report.text.starts_with("its threads do not run"), "{report:?}");
    // The threads belong to the library, so its other instance has the same trouble; nobody else has.
    twin.look();
    stage.advance(2_000);
    assert!(matches!(twin.look(), Threads::Silent { .. }));
    assert_eq!(stage.book(&healthy, "any").await.unwrap(), "o1");
    assert_eq!(stage.status("healthy-plugin", "healthy").state, State::Open);

    std::fs::write(&go, "").unwrap();
    until("the threads run again", || bad.look() == Threads::Run && twin.look() == Threads::Run).await;
    let status = stage.status("bad-plugin", "bad");
    assert_eq!((status.state, status.reports.last().unwrap().text.as_str()), (State::Open, "its threads run again"));
    for (call, order) in calls.into_iter().zip(orders) {
        assert_eq!(call.await.unwrap().unwrap(), order, "what was held is answered");
    }
    assert_eq!(stage.book(&twin, "any").await.unwrap(), "o1");
}

#[tokio::test]
async fn workers_that_block_are_named_and_recover() {
    stalls_and_recovers("block", 2).await;
}

#[tokio::test]
async fn a_worker_that_spins_is_named_and_recovers() {
    stalls_and_recovers("spin", 1).await;
}

/// A partner that does not answer leaves the threads running: that is the breaker's business.
#[tokio::test]
async fn calls_that_wait_are_no_stall() {
    let stage = Stage::with("bad-plugin", "none");
    let bad = stage.open("bad-plugin", "bad", json!({"defect": "hang"})).await.unwrap();
    let fault = stage.fails(&bad, book("bad", "o1"), FaultKind::TimedOut).await;
    assert!(fault.text.ends_with("within 300 ms"), "{fault}");
    for _ in 0..3 {
        bad.look();
        stage.advance(2_000);
        until("the heartbeat is answered", || bad.look() == Threads::Run).await;
    }
    assert_eq!(stage.troubles("bad-plugin", "bad"), []);
}

/// One of three workers is held: the number is the configured one, and the others go on.
#[tokio::test]
async fn as_many_workers_run_as_are_asked_for() {
    let stage = Stage::with("bad-plugin", "none");
    let go = stage.folder.path().join("go");
    let settings = json!({"defect": "block", "until": go});
    let bad = stage.open_with("bad-plugin", "bad", settings, Some(3)).await.unwrap();
    let calls = [held(&stage, &bad, "held-1"), held(&stage, &bad, "held-2")];
    let marks = [began(&go, "held-1"), began(&go, "held-2")];
    until("two workers are held", || all_there(&[&marks[0], &marks[1]])).await;
    assert_eq!(stage.book(&bad, "fine").await.unwrap(), "o1", "the third one answers");
    bad.look();
    stage.advance(5_000);
    until("the heartbeat is answered", || bad.look() == Threads::Run).await;
    std::fs::write(&go, "").unwrap();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

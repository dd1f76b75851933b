//! What goes wrong in calls: a certain kind of fault, a breaker that opens, probes and closes, and others that answer.

use entrepot_contract::fault::{Effect, FaultKind};
use entrepot_contract::message::Request;
use entrepot_host::breaker::BreakerState;
use entrepot_host::{RunningInstance, State};
use serde_json::json;

use crate::stage::{FAILURES, OPEN_MS, START, Stage, book, inquire};

/// Fails until the breaker opens; then healthy instances answer, and a good answer to the probe closes it.
async fn survives(stage: &Stage, bad: &RunningInstance, request: Request, kind: FaultKind, effect: Effect) {
    let (plugin, application) = (bad.key().plugin.as_str(), bad.key().application.as_str());
    let healthy = stage.open("healthy-plugin", "healthy", json!({})).await.unwrap();
    for _ in 0..FAILURES {
        let fault = stage.fails(bad, request.clone(), kind).await;
        assert_eq!((fault.kind, fault.effect), (kind, effect), "{fault}");
        assert_eq!(stage.book(&healthy, "any").await.unwrap(), "o1", "the others answer");
    }
    let status = stage.status(plugin, application);
    assert_eq!(status.state, State::Degraded);
    let health = &status.connections[0];
    assert_eq!((health.breaker, health.since, health.in_flight), (BreakerState::Open, Some(START), 0));
    assert!(health.fault.is_some());
    let what = "calls of connection c fail again and again".to_owned();
    assert_eq!(stage.troubles(plugin, application), [(what, START)]);
    assert_eq!(stage.troubles("healthy-plugin", "healthy"), []);

    let fault = stage.book(bad, "fine").await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Busy, Effect::NotDone), "it is left alone");
    stage.advance(OPEN_MS);
    assert!(stage.book(bad, "fine").await.is_ok(), "the probe");
    let status = stage.status(plugin, application);
    assert_eq!((status.state, status.connections[0].since), (State::Open, None));
    assert_eq!(status.reports.last().unwrap().text, "answers again");
}

#[tokio::test]
async fn each_defect_in_a_call_is_contained() {
    use {Effect::NotDone, Effect::Unknown};
    let cases = [
        ("panic_in_call", book("bad", "o1"), FaultKind::Crashed, Unknown),
        ("panic_in_call", inquire("bad"), FaultKind::Crashed, NotDone),
        ("panic_twice", book("bad", "o1"), FaultKind::Crashed, Unknown),
        ("panic_in_drop", book("bad", "o1"), FaultKind::Crashed, Unknown),
        ("hang", book("bad", "o1"), FaultKind::TimedOut, Unknown),
        ("hang", inquire("bad"), FaultKind::TimedOut, NotDone),
        ("huge", book("bad", "o1"), FaultKind::Garbled, Unknown),
        ("longwinded", book("bad", "o1"), FaultKind::Garbled, Unknown),
        ("longwinded", inquire("bad"), FaultKind::Garbled, NotDone),
        ("other_answer", book("bad", "o1"), FaultKind::Garbled, Unknown),
    ];
    for (defect, request, kind, effect) in cases {
        let stage = Stage::with("bad-plugin", "none");
        let bad = stage.open("bad-plugin", "bad", json!({"defect": defect})).await.unwrap();
        let twin = stage.open("bad-plugin", "twin", json!({})).await.unwrap();
        survives(&stage, &bad, request, kind, effect).await;
        assert_eq!(stage.book(&twin, "any").await.unwrap(), "o1", "another instance of the same library answers");
        assert_eq!(stage.troubles("bad-plugin", "twin"), []);
    }
}

/// It declared what it cannot do: the host believed it, and the answer says so.
#[tokio::test]
async fn a_lie_about_capabilities_is_an_answer_and_an_undeclared_call_never_arrives() {
    let stage = Stage::with("bad-plugin", "none");
    let bad = stage.open("bad-plugin", "bad", json!({"defect": "lie"})).await.unwrap();
    let fault = stage.call(&bad, inquire("bad")).await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Unsupported, Effect::NotDone));
    let rows = Request::Supplier(entrepot_contract::supplier::SupplierRequest::PrepareCodes { rows: vec![] });
    let fault = stage.call(&bad, rows).await.unwrap_err();
    assert!(fault.kind == FaultKind::Unsupported && fault.text.contains("bad-plugin"), "{fault}");
    assert_eq!(stage.book(&bad, "bad").await.unwrap(), "o1");
}

#[tokio::test]
async fn a_leaking_plugin_keeps_answering_and_its_late_lines_do_no_harm() {
    let stage = Stage::with("bad-plugin", "none");
    let bad = stage.open("bad-plugin", "bad", json!({"defect": "leak"})).await.unwrap();
    for _ in 0..20 {
        assert_eq!(stage.book(&bad, "bad").await.unwrap(), "o1");
    }
    let status = stage.status("bad-plugin", "bad");
    assert_eq!((status.state, status.connections[0].in_flight), (State::Open, 0));
}

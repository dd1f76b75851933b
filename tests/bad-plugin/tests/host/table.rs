//! What goes wrong at the C table, in a library that was written by hand.

use entrepot_contract::fault::{Effect, FaultKind};
use entrepot_host::{State, Threads};
use serde_json::json;

use crate::stage::{FAILURES, OPEN_MS, START, Stage, book, until};

/// The library answers badly for as many calls as open a breaker, and well after that.
#[tokio::test]
async fn each_bad_reply_is_contained_and_the_next_good_one_counts() {
    let cases = [
        ("late", FaultKind::TimedOut),
        ("other-number", FaultKind::TimedOut),
        ("megabytes", FaultKind::Garbled),
        ("garbage", FaultKind::Garbled),
        ("empty", FaultKind::Garbled),
        ("null-answer", FaultKind::Garbled),
        ("odd-code", FaultKind::Garbled),
    ];
    for (mark, kind) in cases {
        let stage = Stage::with("bad-table", mark);
        stage.load("bad-plugin", "none").unwrap();
        let bad = stage.open("bad-table", "bad", json!({})).await.unwrap();
        let other = stage.open("bad-plugin", "other", json!({})).await.unwrap();
        let healthy = stage.open("healthy-plugin", "healthy", json!({})).await.unwrap();
        for _ in 0..FAILURES {
            let fault = stage.fails(&bad, book("bad", "o1"), kind).await;
            assert_eq!((fault.kind, fault.effect), (kind, Effect::Unknown), "{mark}: {fault}");
            for running in [&other, &healthy] {
                assert_eq!(stage.book(running, "any").await.unwrap(), "o1");
            }
        }
        let what = "calls of connection c fail again and again".to_owned();
        assert_eq!(stage.troubles("bad-table", "bad"), [(what, START)], "{mark}");
        assert_eq!(stage.book(&bad, "any").await.unwrap_err().kind, FaultKind::Busy);
        stage.advance(OPEN_MS);
        assert_eq!(stage.book(&bad, "any").await.unwrap(), "well", "{mark}: the probe has its own answer");
        assert_eq!(stage.status("bad-table", "bad").state, State::Open);
    }
}

#[tokio::test]
async fn the_first_of_two_answers_counts() {
    let stage = Stage::with("bad-table", "twice");
    let bad = stage.open("bad-table", "bad", json!({})).await.unwrap();
    for expected in ["first", "first", "first", "well", "well"] {
        assert_eq!(stage.book(&bad, "any").await.unwrap(), expected);
    }
    assert_eq!(stage.troubles("bad-table", "bad"), []);
}

#[tokio::test]
async fn an_instance_that_stops_by_itself_ends_its_calls() {
    let stage = Stage::with("bad-table", "stops");
    let bad = stage.open("bad-table", "bad", json!({})).await.unwrap();
    let fault = stage.book(&bad, "any").await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Crashed, Effect::Unknown));
    let fault = stage.book(&bad, "any").await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Unavailable, Effect::NotDone));
}

/// What takes heartbeats and answers none is told from a slow partner; what refuses them is not watched.
#[tokio::test]
async fn a_library_that_takes_everything_and_answers_nothing_is_named() {
    let stage = Stage::with("bad-table", "dead");
    let bad = stage.open("bad-table", "bad", json!({})).await.unwrap();
    assert_eq!(bad.look(), Threads::Run, "there is time until two seconds are over");
    stage.advance(2_000);
    assert_eq!(bad.look(), Threads::Silent { since: START });
    assert_eq!(stage.troubles("bad-table", "bad"), [("its threads do not run".to_owned(), START)]);
    let fault = stage.fails(&bad, book("any", "o1"), FaultKind::TimedOut).await;
    assert!(fault.text.ends_with("within 300 ms: the plugin's threads do not run"), "{fault}");

    let stage = Stage::with("bad-table", "no-heart");
    let bad = stage.open("bad-table", "bad", json!({})).await.unwrap();
    until("the refusal", || bad.look() == Threads::Unwatched).await;
    stage.advance(60_000);
    assert_eq!((bad.look(), stage.status("bad-table", "bad").state), (Threads::Unwatched, State::Open));
}

//! One token for the whole deployment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use entrepot_sdk::contract::fault::{Effect, Fault, FaultKind};
use entrepot_sdk::contract::message::TokenMode;
use entrepot_sdk::contract::notice::OrderEvent;
use entrepot_sdk::contract::services::HttpRequest;
use entrepot_sdk::testing::{Bench, START, World};
use serde_json::{Value, json};

use crate::support::*;
use crate::{seat, world};

/// The life of a token, in milliseconds (common §3).
const LIFE_MS: i64 = 7_200_000;

/// Douyin with numbered tokens, which takes only tokens that `good` likes.
fn counting(world: &World, good: impl Fn(&str) -> bool + Send + Sync + 'static) {
    let fetched = AtomicU32::new(0);
    world.other_side(move |request| {
        if request.api == "client_token" {
            let number = fetched.fetch_add(1, Ordering::Relaxed) + 1;
            return Ok(token(&format!("clt.{number}")));
        }
        Ok(coded(if good(used(request)) { 0 } else { 2_190_002 }))
    });
}

fn used(request: &HttpRequest) -> &str {
    let header = request.headers.iter().find(|(name, _)| name == "access-token");
    header.map_or("", |(_, value)| value.as_str())
}

fn apis(world: &World) -> Vec<String> {
    world.sent().iter().map(|request| format!("{} {}", request.api, used(request)).trim().to_owned()).collect()
}

/// Common §3's request.
#[tokio::test]
async fn the_token_call() {
    let world = world();
    seat(&world, json!({}), json!({})).await.deliver(notice(OrderEvent::Accepted)).await.expect("taken");
    let request = world.sent().remove(0);
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "http://partner.test/oauth/client_token/"));
    let body: Value = serde_json::from_str(request.body.as_deref().expect("a body")).expect("JSON");
    let expected = json!({"client_key": CLIENT_KEY, "client_secret": CLIENT_SECRET, "grant_type": "client_credential"});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn two_calls_at_once_fetch_one_token() {
    let world = world();
    // Two instances on one cache, as on two nodes.
    let (first, second) = (seat(&world, json!({}), json!({})).await, seat(&world, json!({}), json!({})).await);
    world.hold();
    let fetching = tokio::spawn(async move { first.deliver(notice(OrderEvent::Accepted)).await });
    world.called(1).await;
    let fault = second.deliver(notice(OrderEvent::Accepted)).await.expect_err("no token yet");
    assert_eq!((fault.kind, fault.effect), (FaultKind::Unavailable, Effect::NotDone));
    assert!(fault.retry_after_ms.is_some_and(|ms| ms <= 1_000), "{fault:?}");
    world.release();
    fetching.await.expect("no panic").expect("taken");
    second.deliver(notice(OrderEvent::Accepted)).await.expect("taken");
    let fetches = world.sent().iter().filter(|request| request.api == "client_token").count();
    assert_eq!(fetches, 1);
}

#[tokio::test]
async fn a_token_is_used_for_three_quarters_of_its_life() {
    let world = world();
    counting(&world, |_| true);
    let seat = seat(&world, json!({}), json!({})).await;
    for (at, expected) in [(0, "clt.1"), (LIFE_MS / 4 * 3 - 1, "clt.1"), (LIFE_MS / 4 * 3, "clt.2")] {
        world.set_now(START.plus_millis(at));
        seat.deliver(notice(OrderEvent::Accepted)).await.expect("taken");
        assert_eq!(world.sent().last().map(used), Some(expected), "after {at} ms");
    }
    let cached: Value = serde_json::from_str(&world.cached("client_token").expect("cached").value).expect("JSON");
    assert_eq!(cached["token"], "clt.2");
}

#[tokio::test]
async fn the_old_token_serves_while_another_call_fetches() {
    let world = world();
    counting(&world, |_| true);
    let (first, second) = (seat(&world, json!({}), json!({})).await, seat(&world, json!({}), json!({})).await);
    first.deliver(notice(OrderEvent::Accepted)).await.expect("taken");
    world.set_now(START.plus_millis(LIFE_MS / 10 * 8));
    world.hold();
    let fetching = tokio::spawn(async move { first.deliver(notice(OrderEvent::Accepted)).await });
    world.called(3).await;
    let second = Arc::new(second);
    let other = Arc::clone(&second);
    let serving = tokio::spawn(async move { other.deliver(notice(OrderEvent::Accepted)).await });
    world.called(4).await;
    assert_eq!(apis(&world)[2..], ["client_token", "confirm_order clt.1"]);
    world.release();
    fetching.await.expect("no panic").expect("taken");
    serving.await.expect("no panic").expect("taken");
    assert_eq!(apis(&world).last().map(String::as_str), Some("confirm_order clt.2"));
}

/// A node that died while fetching leaves a claim, which ends by itself.
#[tokio::test]
async fn an_abandoned_claim_ends() {
    let world = world();
    let dying = seat(&world, json!({}), json!({})).await;
    world.hold();
    let task = tokio::spawn(async move { dying.deliver(notice(OrderEvent::Accepted)).await });
    world.called(1).await;
    task.abort();
    world.release();
    let seat = seat(&world, json!({}), json!({})).await;
    seat.deliver(notice(OrderEvent::Accepted)).await.expect_err("claimed");
    world.set_now(START.plus_millis(10_000));
    seat.deliver(notice(OrderEvent::Accepted)).await.expect("taken");
}

#[tokio::test]
async fn a_refused_token_is_dropped_and_the_call_repeated_once() {
    let world = world();
    counting(&world, |token| token != "clt.1");
    let seat = seat(&world, json!({}), json!({})).await;
    seat.deliver(notice(OrderEvent::Accepted)).await.expect("taken at the second try");
    assert_eq!(apis(&world), ["client_token", "confirm_order clt.1", "client_token", "confirm_order clt.2"]);
    seat.deliver(notice(OrderEvent::Accepted)).await.expect("taken");
    assert_eq!(world.sent().len(), 5, "the new token is kept");
}

/// Both calls hold the token that Douyin stops taking; only one of them fetches, and both get through.
#[tokio::test]
async fn of_two_refused_calls_one_fetches() {
    let world = world();
    let revoked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&revoked);
    counting(&world, move |token| token != "clt.1" || !seen.load(Ordering::Acquire));
    let (first, second) = (seat(&world, json!({}), json!({})).await, seat(&world, json!({}), json!({})).await);
    first.deliver(notice(OrderEvent::Accepted)).await.expect("taken");
    revoked.store(true, Ordering::Release);
    world.hold();
    let calls =
        [first, second].map(|seat| tokio::spawn(async move { seat.deliver(notice(OrderEvent::Accepted)).await }));
    world.called(4).await;
    assert_eq!(apis(&world)[2..], ["confirm_order clt.1", "confirm_order clt.1"]);
    world.release();
    for call in calls {
        call.await.expect("no panic").expect("taken");
    }
    assert_eq!(apis(&world)[4..], ["client_token", "confirm_order clt.2", "confirm_order clt.2"]);
}

#[tokio::test]
async fn a_token_refused_twice_waits() {
    let world = world();
    counting(&world, |_| false);
    let seat = seat(&world, json!({}), json!({})).await;
    let fault = seat.deliver(notice(OrderEvent::Accepted)).await.expect_err("refused");
    assert_eq!((fault.kind, fault.effect), (FaultKind::Unavailable, Effect::NotDone));
    assert_eq!(fault.retry_after_ms, Some(60_000));
    assert_eq!(world.sent().len(), 4, "no third try: {:?}", apis(&world));
}

#[tokio::test]
async fn a_failed_fetch_is_certainly_without_effect_and_pauses() {
    let world = world();
    let seat = seat(&world, json!({}), json!({})).await;
    world.other_side(|_| Err(Fault::unknown(FaultKind::TimedOut, "no answer in time")));
    let fault = seat.deliver(notice(OrderEvent::Accepted)).await.expect_err("no token");
    assert_eq!((fault.kind, fault.effect), (FaultKind::TimedOut, Effect::NotDone));
    seat.deliver(notice(OrderEvent::Accepted)).await.expect_err("pausing");
    assert_eq!(world.sent().len(), 1, "the fetch is not repeated at once");
    world.other_side(douyin);
    world.set_now(START.plus_millis(2_000));
    seat.deliver(notice(OrderEvent::Accepted)).await.expect("taken");
}

#[tokio::test]
async fn a_failed_refresh_goes_on_with_the_old_token() {
    let world = world();
    let seat = seat(&world, json!({}), json!({})).await;
    seat.deliver(notice(OrderEvent::Accepted)).await.expect("taken");
    world.other_side(|request| match request.api.as_str() {
        "client_token" => Ok(coded(10_020)),
        _ => Ok(coded(0)),
    });
    world.set_now(START.plus_millis(LIFE_MS - 1));
    seat.deliver(notice(OrderEvent::Accepted)).await.expect("the old one lives");
    world.set_now(START.plus_millis(LIFE_MS + 10_000));
    let fault = seat.deliver(notice(OrderEvent::Accepted)).await.expect_err("it is over");
    assert_eq!((fault.kind, fault.effect), (FaultKind::RateLimited, Effect::NotDone));
}

#[tokio::test]
async fn wrong_credentials_ask_for_an_operator() {
    let world = world();
    world.other_side(|_| Ok(coded(10_013)));
    let seat = seat(&world, json!({}), json!({})).await;
    let fault = seat.deliver(notice(OrderEvent::Accepted)).await.expect_err("no token");
    assert_eq!((fault.kind, fault.effect), (FaultKind::Refused, Effect::NotDone));
    assert!(fault.text.contains("client_secret"), "{fault}");
    assert!(!fault.text.contains(CLIENT_SECRET) && !fault.text.contains(CLIENT_KEY), "{fault}");
}

#[tokio::test]
async fn answers_without_a_usable_token_are_garbled() {
    for data in [
        json!({"error_code": 0}),
        json!({"error_code": 0, "access_token": "", "expires_in": 7200}),
        json!({"error_code": 0, "access_token": "a\nb", "expires_in": 7200}),
        json!({"error_code": 0, "access_token": "clt.x", "expires_in": 0}),
        json!({"error_code": 0, "access_token": "clt.x", "expires_in": "soon"}),
    ] {
        let world = world();
        world.other_side(move |_| Ok(answer(&json!({"data": data}))));
        let seat = seat(&world, json!({}), json!({})).await;
        let fault = seat.deliver(notice(OrderEvent::Accepted)).await.expect_err("no token");
        assert_eq!((fault.kind, fault.effect), (FaultKind::Garbled, Effect::NotDone));
    }
}

/// Common §2: sandbox applications have a fixed token.
#[tokio::test]
async fn a_fixed_token_is_asked_for_only_in_its_mode() {
    let world = world();
    let bench =
        || Bench::new(douyin_calendar::plugin()).world(&world).opening(|open| open.token_mode = TokenMode::Fixed);
    assert!(bench().open().await.is_err(), "the secret is missing");
    world.secret("fixed_token", FIXED_TOKEN);
    let seat = bench().open().await.expect("it opens");
    seat.deliver(notice(OrderEvent::Accepted)).await.expect("taken");
    assert_eq!(apis(&world), [format!("confirm_order {FIXED_TOKEN}")]);
    world.other_side(|_| Ok(coded(2_190_008)));
    let fault = seat.deliver(notice(OrderEvent::Accepted)).await.expect_err("refused");
    assert_eq!((fault.kind, fault.effect), (FaultKind::Refused, Effect::NotDone));
    assert!(fault.text.contains("fixed_token") && !fault.text.contains(FIXED_TOKEN), "{fault}");
}

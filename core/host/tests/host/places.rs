//! Places in shares: who waits for one, how long, and what it costs the others. Time is paused: it moves when nothing
//! else can.

use std::time::Duration;

use entrepot_contract::channel::{ChannelRequest, ChannelResponse, Located, RawResponse};
use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::message::{Request, Response};
use entrepot_contract::notice::OrderEvent;
use entrepot_host::places::{PLACE_WAIT_MS, WAITING_LIMIT};
use entrepot_host::{InstanceLimits, OpenOptions, RunningInstance};
use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::support::{Bed, Fake, channel, deliver, encode, options, raw, scope};

/// How long each call of the plugin takes, in milliseconds.
async fn taking(each_ms: u64, limits: InstanceLimits) -> (Bed, std::sync::Arc<RunningInstance>) {
    let bed = Bed::new(Fake::new(channel(), move |request, _| {
        async move {
            tokio::time::sleep(Duration::from_millis(each_ms)).await;
            Ok(Response::Channel(match request {
                Request::Channel(ChannelRequest::Encode { .. }) => {
                    ChannelResponse::Encoded { raw: RawResponse::json(b"{}".to_vec()) }
                }
                _ => ChannelResponse::Located(Located::default()),
            }))
        }
        .boxed()
    }));
    let running = bed.open(OpenOptions { limits, ..options() }).await;
    (bed, running)
}

fn locate() -> Request {
    Request::Channel(ChannelRequest::Locate { raw: raw(vec![]) })
}

fn limits(in_flight: usize, connection_in_flight: usize) -> InstanceLimits {
    InstanceLimits { in_flight, connection_in_flight, timeout_ms: 1_000 }
}

fn kind(result: Result<Response, Fault>) -> Option<(FaultKind, Effect)> {
    result.err().map(|fault| (fault.kind, fault.effect))
}

const BUSY: Option<(FaultKind, Effect)> = Some((FaultKind::Busy, Effect::NotDone));

#[tokio::test(start_paused = true)]
async fn an_answer_is_never_lost_to_a_full_share() {
    for limits in [limits(64, 2), limits(2, 2)] {
        let (bed, running) = taking(150, limits).await;
        let began = Instant::now();
        let calls = (0..12).map(|_| running.call(bed.context(5_000), encode(), scope("a")));
        assert!(join_all(calls).await.into_iter().all(|answer| answer.is_ok()));
        assert_eq!(began.elapsed().as_millis(), 6 * 150, "two at a time, and no more");
        assert_eq!(running.status().connections[0].in_flight, 0, "all places are free again");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_its_whole_wait_and_then_says_that_it_was_not_made() {
    let (bed, running) = taking(5_000, limits(64, 1)).await;
    let began = Instant::now();
    let first = running.call(bed.context(900), encode(), scope("a"));
    let second = running.call(bed.context(400), encode(), scope("a"));
    let (first, second) = tokio::join!(first, async { (second.await, began.elapsed().as_millis()) });
    assert_eq!(kind(first).map(|(kind, _)| kind), Some(FaultKind::TimedOut));
    let (fault, after_ms) = (second.0.unwrap_err(), second.1);
    assert_eq!((fault.kind, fault.effect, after_ms), (FaultKind::Busy, Effect::NotDone, 400));
    assert!(fault.text.contains("this connection") && fault.text.contains("within 400 ms"), "{}", fault.text);
}

#[tokio::test(start_paused = true)]
async fn the_time_spent_waiting_counts_against_the_call() {
    let (bed, running) = taking(600, limits(1, 1)).await;
    let began = Instant::now();
    let calls = (0..2).map(|_| running.call(bed.context(1_000), encode(), scope("a")));
    let kinds: Vec<_> = join_all(calls).await.into_iter().map(|it| kind(it).map(|(kind, _)| kind)).collect();
    assert_eq!(kinds, [None, Some(FaultKind::TimedOut)]);
    assert_eq!(began.elapsed().as_millis(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_waits_a_short_moment_and_never_longer_than_it_may() {
    for (left_ms, waited_ms) in [(5_000, u128::from(PLACE_WAIT_MS)), (40, 40)] {
        let (bed, running) = taking(1_000, limits(64, 1)).await;
        let _first = tokio::join!(running.call(bed.context(900), locate(), scope("a")), async {
            let began = Instant::now();
            assert_eq!(kind(running.call(bed.context(left_ms), locate(), scope("a")).await), BUSY);
            assert_eq!(began.elapsed().as_millis(), waited_ms);
        });
    }
    let (bed, running) = taking(PLACE_WAIT_MS - 1, limits(64, 1)).await;
    let calls = (0..2).map(|_| running.call(bed.context(5_000), locate(), scope("a")));
    assert!(join_all(calls).await.into_iter().all(|answer| answer.is_ok()), "a place was free soon enough");
}

#[tokio::test(start_paused = true)]
async fn who_reaches_the_partner_is_refused_at_once() {
    let (bed, running) = taking(500, limits(64, 1)).await;
    let _first = tokio::join!(running.call(bed.context(900), deliver(OrderEvent::Accepted), scope("a")), async {
        let began = Instant::now();
        assert_eq!(kind(running.call(bed.context(900), deliver(OrderEvent::Accepted), scope("a")).await), BUSY);
        assert_eq!(began.elapsed(), Duration::ZERO);
    });
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_his_connection_keeps_no_place_of_another() {
    let (bed, running) = taking(300, limits(2, 1)).await;
    let flood = join_all((0..3).map(|_| running.call(bed.context(5_000), encode(), scope("a"))));
    let other = async {
        let began = Instant::now();
        assert!(running.call(bed.context(5_000), encode(), scope("b")).await.is_ok());
        began.elapsed().as_millis()
    };
    let (flood, took_ms) = tokio::join!(flood, other);
    assert!(flood.into_iter().all(|answer| answer.is_ok()));
    assert_eq!(took_ms, 300, "it did not wait");
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_are_bounded_and_calls_that_come_in_push_no_answer_out() {
    let (bed, running) = taking(400, limits(1, 1)).await;
    let call = |request| running.call(bed.context(1_000), request, scope("a"));
    let mut first = Box::pin(call(encode()));
    assert!((&mut first).now_or_never().is_none(), "it has the only place");
    let mut waiting: Vec<_> = (0..WAITING_LIMIT).map(|_| Box::pin(call(locate()))).collect();
    assert!(waiting.iter_mut().all(|one| one.now_or_never().is_none()));
    assert_eq!(call(locate()).now_or_never().map(kind), Some(BUSY), "one too many");
    let mut answer = Box::pin(call(encode()));
    assert!((&mut answer).now_or_never().is_none(), "an answer still waits");
    drop(waiting.pop());
    assert!(Box::pin(call(locate())).as_mut().now_or_never().is_none(), "who went made room");
    let (first, answer, others) = tokio::join!(first, answer, join_all(waiting));
    assert_eq!(kind(first), None);
    assert!(others.into_iter().all(|other| kind(other) == BUSY));
    assert_eq!(kind(answer), None);
}

//! Shares and breakers: what one connection, one partner or one dropped call may cost the others.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use entrepot_contract::channel::{ChannelRequest, ChannelResponse, Located, RawResponse};
use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::message::{Request, Response};
use entrepot_contract::notice::OrderEvent;
use entrepot_host::breaker::BreakerState;
use entrepot_host::{InstanceLimits, OpenOptions, State};
use futures_util::FutureExt;
use metrics::{Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::calls::{answering, pending};
use crate::support::{Bed, Fake, START_MS, book, channel, deliver, encode, options, raw, scope, supplier};

#[tokio::test(start_paused = true)]
async fn a_flood_is_bounded_per_connection_and_per_instance() {
    let bed = Bed::new(Fake::new(supplier(), |_, _| std::future::pending().boxed()));
    let limits = InstanceLimits { in_flight: 5, connection_in_flight: 3, timeout_ms: 1_000 };
    let running = bed.open(OpenOptions { limits, ..options() }).await;
    let connections = ["a", "a", "a", "a", "b", "b", "b"];
    let calls = connections.map(|connection| running.call(bed.context(5_000), book(), scope(connection)));
    let faults = futures_util::future::join_all(calls).await.into_iter().map(|result| result.unwrap_err());
    let kinds: Vec<_> = faults.map(|fault| (fault.kind, fault.effect)).collect();
    let (hung, busy) = ((FaultKind::TimedOut, Effect::Unknown), (FaultKind::Busy, Effect::NotDone));
    assert_eq!(kinds, [hung, hung, hung, busy, hung, hung, busy]);
    assert_eq!(running.call(bed.context(5_000), book(), scope("b")).await.unwrap_err().kind, FaultKind::TimedOut);
}

#[tokio::test]
async fn a_failing_connection_is_left_alone_and_probed() {
    let works = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&works);
    let bed = Bed::new(Fake::new(supplier(), move |_, _| {
        let answer = if switch.load(Ordering::SeqCst) { Ok(pending()) } else { Err(unavailable()) };
        std::future::ready(answer).boxed()
    }));
    let running = bed.open(options()).await;
    let call = |connection| running.call(bed.context(1_000), book(), scope(connection));
    for _ in 0..3 {
        assert_eq!(call("a").await.unwrap_err().kind, FaultKind::Unavailable);
    }
    let refused = call("a").await.unwrap_err();
    assert_eq!((refused.kind, refused.effect), (FaultKind::Busy, Effect::NotDone));
    assert_eq!(refused.retry_after_ms, Some(1_000));
    assert_eq!(call("b").await.unwrap_err().kind, FaultKind::Unavailable, "another connection is not touched");
    assert_eq!(running.status().state, State::Degraded);
    bed.clock.advance(1_000);
    assert_eq!(call("a").await.unwrap_err().kind, FaultKind::Unavailable, "the probe");
    assert_eq!(call("a").await.unwrap_err().retry_after_ms, Some(2_000), "longer each time");
    works.store(true, Ordering::SeqCst);
    bed.clock.advance(2_000);
    assert!(call("a").await.is_ok());
    assert!(call("a").await.is_ok());
    let status = running.status();
    assert_eq!(status.state, State::Open);
    assert!(status.connections.iter().all(|connection| connection.breaker == BreakerState::Closed));
    let texts: Vec<_> = status.reports.iter().map(|report| report.text.as_str()).collect();
    assert!(texts[0].starts_with("left alone after") && *texts.last().unwrap() == "answers again", "{texts:?}");
}

fn unavailable() -> Fault {
    Fault::not_done(FaultKind::Unavailable, "the partner is away")
}

#[tokio::test]
async fn refusals_for_business_reasons_never_open_the_breaker() {
    let bed = Bed::new(answering(Err(Fault::not_done(FaultKind::SoldOut, "nothing left"))));
    let running = bed.open(options()).await;
    for _ in 0..20 {
        assert_eq!(running.call(bed.context(1_000), book(), scope("a")).await.unwrap_err().kind, FaultKind::SoldOut);
    }
}

#[tokio::test]
async fn an_unreachable_partner_does_not_stop_its_own_inbound_calls() {
    let bed = Bed::new(Fake::new(channel(), |request, _| {
        let answer = match request {
            Request::Channel(ChannelRequest::Deliver { .. }) => Err(unavailable()),
            _ => Ok(Response::Channel(ChannelResponse::Located(Located::default()))),
        };
        std::future::ready(answer).boxed()
    }));
    let running = bed.open(options()).await;
    for _ in 0..3 {
        assert!(running.call(bed.context(1_000), deliver(OrderEvent::Accepted), scope("a")).await.is_err());
    }
    let refused = running.call(bed.context(1_000), deliver(OrderEvent::Accepted), scope("a")).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Busy);
    let locate = Request::Channel(ChannelRequest::Locate { raw: raw(vec![]) });
    assert!(running.call(bed.context(1_000), locate, scope("a")).await.is_ok());
}

#[tokio::test]
async fn an_answer_is_tried_even_where_the_plugin_is_left_alone() {
    let bed = Bed::new(Fake::new(channel(), |request, _| {
        let answer = match request {
            Request::Channel(ChannelRequest::Encode { .. }) => {
                Ok(Response::Channel(ChannelResponse::Encoded { raw: RawResponse::json(b"{}".to_vec()) }))
            }
            _ => Err(Fault::not_done(FaultKind::Internal, "it stumbles")),
        };
        std::future::ready(answer).boxed()
    }));
    let running = bed.open(options()).await;
    let locate = || Request::Channel(ChannelRequest::Locate { raw: raw(vec![]) });
    for _ in 0..3 {
        assert_eq!(running.call(bed.context(1_000), locate(), scope("a")).await.unwrap_err().kind, FaultKind::Internal);
    }
    assert_eq!(running.call(bed.context(1_000), locate(), scope("a")).await.unwrap_err().kind, FaultKind::Busy);
    assert!(running.call(bed.context(1_000), encode(), scope("a")).await.is_ok());
    let still = running.call(bed.context(1_000), locate(), scope("a")).await.unwrap_err();
    assert_eq!(still.kind, FaultKind::Busy, "an answer closes no breaker");
}

#[tokio::test]
async fn a_dropped_call_gives_its_share_back_and_says_nothing() {
    let bed = Bed::new(Fake::new(supplier(), |_, _| std::future::pending().boxed()));
    let running = bed.open(OpenOptions { limits: InstanceLimits::new(1, 1_000), ..options() }).await;
    for _ in 0..5 {
        let mut call = Box::pin(running.call(bed.context(1_000), book(), scope("a")));
        assert!((&mut call).now_or_never().is_none());
        assert_eq!(
            running.call(bed.context(1_000), book(), scope("a")).await.unwrap_err().kind,
            FaultKind::Busy,
            "the share is used up while it runs"
        );
        drop(call);
    }
    let health = &running.status().connections[0];
    assert_eq!((health.failures, health.in_flight, health.breaker), (0, 0, BreakerState::Closed));
}

/// Remembers gauges by name and labels.
#[derive(Clone, Default)]
struct Gauges(Arc<Mutex<BTreeMap<String, f64>>>);

struct OneGauge(Gauges, String);

impl GaugeFn for OneGauge {
    fn increment(&self, _: f64) {}
    fn decrement(&self, _: f64) {}
    fn set(&self, value: f64) {
        self.0.0.lock().unwrap().insert(self.1.clone(), value);
    }
}

impl Recorder for Gauges {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let labels: Vec<String> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Gauge::from_arc(Arc::new(OneGauge(self.clone(), format!("{} {}", key.name(), labels.join(" ")))))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn metrics_tell_which_instance_is_degraded_and_since_when() {
    let gauges = Gauges::default();
    let _recording = metrics::set_default_local_recorder(&gauges);
    let told =
        |name: &str| gauges.0.lock().unwrap()[&format!("entrepot_plugin_{name} plugin=fake-supplier instance=app")];
    let all = || ["breakers_open", "threads_silent", "degraded_since_seconds"].map(told);
    let bed = Bed::new(answering(Err(unavailable())));
    let running = bed.open(options()).await;
    assert_eq!(all(), [0.0, 0.0, 0.0]);
    bed.clock.advance(5_000);
    for connection in ["a", "a", "a", "b", "b", "b"] {
        assert!(running.call(bed.context(1_000), book(), scope(connection)).await.is_err());
    }
    assert_eq!(all(), [2.0, 0.0, (START_MS + 5_000) as f64 / 1_000.0]);
    bed.host.close(&bed.key).await;
    assert_eq!(all(), [0.0, 0.0, 0.0]);
}

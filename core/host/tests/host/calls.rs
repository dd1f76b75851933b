//! The way of one call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use entrepot_contract::capability::Fulfils;
use entrepot_contract::channel::{ChannelRequest, ChannelResponse, Located, RawResponse};
use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::message::{Request, Response};
use entrepot_contract::notice::OrderEvent;
use entrepot_contract::notice::Told;
use entrepot_contract::order::{Credential, CredentialKind, UnitCredentials};
use entrepot_contract::supplier::{
    Booking, Cancellation, CodeRow, Holding, SupplierRequest, SupplierResponse, Usage, UsedUnits, Wait,
};
use entrepot_host::{CallScope, InstanceLimits, OpenOptions};
use futures_util::FutureExt;

use crate::support::{Bed, Fake, book, channel, deliver, encode, inquire, options, order, raw, scope, supplier};

pub fn pending() -> Response {
    Response::Supplier(SupplierResponse::Booking(Booking::Pending { reference: None, wait: Wait::default() }))
}

pub fn answering(response: Result<Response, Fault>) -> Fake {
    Fake::new(supplier(), move |_, _| std::future::ready(response.clone()).boxed())
}

async fn fails(fake: Fake, request: Request) -> (Fault, Bed) {
    let bed = Bed::new(fake);
    let running = bed.open(options()).await;
    let fault = running.call(bed.context(2_000), request, scope("c")).await.unwrap_err();
    (fault, bed)
}

#[tokio::test]
async fn an_answer_comes_back() {
    let bed = Bed::new(answering(Ok(pending())));
    let running = bed.open(options()).await;
    assert_eq!(running.call(bed.context(1), book(), scope("c")).await, Ok(pending()));
}

#[tokio::test]
async fn a_panic_stays_inside() {
    for (request, effect) in [(book(), Effect::Unknown), (inquire(), Effect::NotDone)] {
        let fake = Fake::new(supplier(), |_, _| async { panic!("boom with s3cret-value") }.boxed());
        let (fault, bed) = fails(fake, request).await;
        assert_eq!((fault.kind, fault.effect), (FaultKind::Crashed, effect));
        assert!(fault.text.contains("boom with ***"), "{}", fault.text);
        let reports = &bed.host.status()[0].instances[0].reports;
        assert!(reports.iter().any(|report| report.text.contains("boom")), "{reports:?}");
    }
}

#[tokio::test]
async fn a_panic_before_the_first_await_stays_inside() {
    let fake = Fake::new(supplier(), |_, _| panic!("at once"));
    assert_eq!(fails(fake, book()).await.0.kind, FaultKind::Crashed);
}

/// Panics when it is dropped, after saying so.
struct BadDrop(Arc<AtomicBool>);

impl Drop for BadDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
        panic!("in drop");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hanging_call_is_dropped_at_its_deadline() {
    for (request, effect) in [(book(), Effect::Unknown), (inquire(), Effect::NotDone)] {
        let dropped = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&dropped);
        let fake = Fake::new(supplier(), move |_, _| {
            let guard = BadDrop(Arc::clone(&dropped));
            async move {
                let _guard = guard;
                std::future::pending().await
            }
            .boxed()
        });
        let (fault, _) = fails(fake, request).await;
        assert_eq!((fault.kind, fault.effect), (FaultKind::TimedOut, effect));
        assert!(seen.load(Ordering::SeqCst), "the plugin's future is gone");
    }
}

#[tokio::test(start_paused = true)]
async fn the_instances_own_limit_may_be_nearer_than_the_deadline() {
    let bed = Bed::new(Fake::new(supplier(), |_, _| std::future::pending().boxed()));
    let running = bed.open(OpenOptions { limits: InstanceLimits::new(4, 300), ..options() }).await;
    let started = tokio::time::Instant::now();
    let fault = running.call(bed.context(60_000), book(), scope("c")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::TimedOut);
    assert!(started.elapsed().as_millis() < 1_000);
}

#[tokio::test]
async fn a_call_whose_time_is_over_never_begins() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let bed = Bed::new(Fake::new(supplier(), move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(pending())).boxed()
    }));
    let running = bed.open(options()).await;
    for left_ms in [0, -1, i64::MIN] {
        let fault = running.call(bed.context(left_ms), book(), scope("c")).await.unwrap_err();
        assert_eq!((fault.kind, fault.effect), (FaultKind::TimedOut, Effect::NotDone));
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_to_another_call_is_garbled() {
    let codes = Response::Supplier(SupplierResponse::Codes { rows: vec![] });
    let located = Response::Channel(ChannelResponse::Located(Located::default()));
    let not_found = Response::Supplier(SupplierResponse::Booking(Booking::NotFound));
    let not_asked = Response::Supplier(SupplierResponse::Cancellation(Cancellation::NotAsked));
    let held = Response::Supplier(SupplierResponse::Holding(Holding::Booked));
    for wrong in [codes, located, not_found, not_asked, held, issued(&[1]), issued(&[1, 3]), issued(&[1, 1])] {
        let (fault, _) = fails(answering(Ok(wrong)), book()).await;
        assert_eq!((fault.kind, fault.effect), (FaultKind::Garbled, Effect::Unknown));
    }
    let delivered = Response::Channel(ChannelResponse::Told(Told::Done));
    let (fault, _) = fails(answering(Ok(delivered)), inquire()).await;
    assert_eq!((fault.kind, fault.effect), (FaultKind::Garbled, Effect::NotDone));
}

/// Credentials of these units.
fn issued(units: &[u16]) -> Response {
    let credential = Credential { kind: CredentialKind::QrCode, value: "code".to_owned(), document_kind: None };
    let unit = |unit: &u16| UnitCredentials { unit: *unit, credentials: vec![credential.clone()] };
    let booking = Booking::Issued { reference: None, units: units.iter().map(unit).collect() };
    Response::Supplier(SupplierResponse::Booking(booking))
}

#[tokio::test]
async fn what_this_build_does_not_know_is_refused_and_not_believed() {
    let request = |call: &str| {
        let text = serde_json::json!({"to": "supplier", "call": call, "order": order(2)});
        serde_json::from_value::<Request>(text).unwrap()
    };
    assert_eq!(request("paint").name(), "unknown", "a call of a later build");
    let (fault, _) = fails(answering(Ok(pending())), request("paint")).await;
    assert_eq!(fault.kind, FaultKind::Unsupported);
    for answer in [
        serde_json::json!({"from": "supplier", "answer": "booking", "booking": "lent", "to": "a friend"}),
        serde_json::json!({"from": "supplier", "answer": "painting", "colour": "red"}),
        serde_json::json!({"from": "nobody", "answer": "booking"}),
    ] {
        let (fault, _) = fails(answering(Ok(serde_json::from_value(answer).unwrap())), book()).await;
        assert_eq!((fault.kind, fault.effect), (FaultKind::Garbled, Effect::Unknown));
    }
    let usage =
        Usage { used: UsedUnits::Count { count: 3 }, gone: UsedUnits::Unknown, last_used_at: None, ended: false };
    let mut manifest = supplier();
    let Fulfils::Calls(calls) = &mut manifest.capabilities.supplier.as_mut().unwrap().fulfils else { panic!() };
    calls.usage = Some(entrepot_contract::capability::UsageAbility { poll_ms: 60_000 });
    let answer = Response::Supplier(SupplierResponse::Usage(usage));
    let fake = Fake::new(manifest, move |_, _| std::future::ready(Ok(answer.clone())).boxed());
    let (fault, _) = fails(fake, Request::Supplier(SupplierRequest::Usage { order: order(2) })).await;
    assert_eq!((fault.kind, fault.effect), (FaultKind::Garbled, Effect::NotDone));
}

#[tokio::test]
async fn a_fault_is_believed_as_far_as_it_can_be_true() {
    for (told, effect) in [
        (Fault { effect: Effect::Done, ..Fault::not_done(FaultKind::Busy, "") }, Effect::NotDone),
        (Fault { effect: Effect::Done, ..Fault::not_done(FaultKind::Refused, "") }, Effect::Unknown),
        (Fault::not_done(FaultKind::TimedOut, "nothing went out"), Effect::NotDone),
        (Fault::unknown(FaultKind::Crashed, ""), Effect::Unknown),
    ] {
        assert_eq!(fails(answering(Err(told.clone())), book()).await.0.effect, effect, "{told}");
        assert_eq!(fails(answering(Err(told)), inquire()).await.0.effect, Effect::NotDone);
    }
}

#[tokio::test]
async fn what_is_not_declared_never_reaches_the_plugin() {
    let mut manifest = supplier();
    let declared = manifest.capabilities.supplier.as_mut().unwrap();
    let Fulfils::Calls(calls) = &mut declared.fulfils else { panic!() };
    (calls.inquire, calls.cancel.as_mut().unwrap().units) = (None, false);
    let cancel = |units| Request::Supplier(SupplierRequest::Cancel { order: order(2), units, key: "k".to_owned() });
    let rows = vec![CodeRow { line: 1, code: "c".to_owned(), password: None }];
    let refused = [
        (inquire(), "the call inquire"),
        (cancel(vec![1]), "single units"),
        (cancel(vec![]), "not there to give back"),
        (cancel(vec![2, 1]), "not there to give back"),
        (cancel(vec![1, 3]), "not there to give back"),
        (Request::Supplier(SupplierRequest::Release { order: order(2) }), "the call release"),
        (Request::Supplier(SupplierRequest::ReadCatalogue { page: None }), "the call read_catalogue"),
        (Request::Supplier(SupplierRequest::Hear { raw: raw(vec![]) }), "the scene create"),
        (Request::Supplier(SupplierRequest::Book { order: order(10) }), "10 units"),
        (Request::Supplier(SupplierRequest::PrepareCodes { rows }), "prepare_codes"),
        (Request::Channel(ChannelRequest::Locate { raw: raw(vec![]) }), "locate"),
    ];
    let bed = Bed::new(Fake::new(manifest, |_, _| panic!("reached")));
    let running = bed.open(options()).await;
    for (request, named) in refused {
        let fault = running.call(bed.context(1_000), request, scope("c")).await.unwrap_err();
        assert_eq!((fault.kind, fault.effect), (FaultKind::Unsupported, Effect::NotDone));
        assert!(fault.text.contains(named) && fault.text.contains("fake-supplier"), "{}", fault.text);
    }
    let whole = running.call(bed.context(1_000), cancel(vec![1, 2]), scope("c")).await.unwrap_err();
    assert_eq!(whole.kind, FaultKind::Crashed, "a whole cancellation reaches it");
}

#[tokio::test]
async fn a_channel_is_asked_for_its_scenes_and_events_only() {
    let bed = Bed::new(Fake::new(channel(), |request, _| {
        let answer = match request {
            Request::Channel(ChannelRequest::Deliver { .. }) => ChannelResponse::Told(Told::Done),
            _ => ChannelResponse::Located(Located::default()),
        };
        std::future::ready(Ok(Response::Channel(answer))).boxed()
    }));
    let running = bed.open(options()).await;
    let mut stray = raw(vec![]);
    stray.scene = "stray".parse().unwrap();
    let issued = OrderEvent::Issued { units: vec![] };
    for request in [Request::Channel(ChannelRequest::Locate { raw: stray }), deliver(issued), inquire()] {
        let fault = running.call(bed.context(1_000), request, CallScope::default()).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unsupported);
    }
    let locate = Request::Channel(ChannelRequest::Locate { raw: raw(vec![1]) });
    for request in [locate, deliver(OrderEvent::Accepted)] {
        assert!(running.call(bed.context(1_000), request, CallScope::default()).await.is_ok());
    }
    assert!(running.answers_for(&"create".parse().unwrap()).is_some());
}

#[tokio::test]
async fn messages_have_a_limit() {
    let long = vec![b'x'; entrepot_contract::abi::MESSAGE_LIMIT_BYTES + 1];
    let answer = ChannelResponse::Encoded { raw: RawResponse::json(long.clone()) };
    let bed =
        Bed::new(Fake::new(channel(), move |_, _| std::future::ready(Ok(Response::Channel(answer.clone()))).boxed()));
    let running = bed.open(options()).await;
    let locate = Request::Channel(ChannelRequest::Locate { raw: raw(long) });
    let fault = running.call(bed.context(1_000), locate, CallScope::default()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Invalid);
    let fault = running.call(bed.context(1_000), encode(), CallScope::default()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Garbled);
}

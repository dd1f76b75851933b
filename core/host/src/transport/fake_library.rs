//! A library that is none: a C table whose functions stand in this program, so that late, double, unknown and refused
//! messages can be tried without building a file. It reads no buffer and so needs no `unsafe`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use entrepot_contract::abi::{
    ACCEPTED, BUSY, CLOSED, CRASHED, CallReply, HostTable, OpenReply, PluginTable, REFUSED, ServiceCall,
};
use entrepot_contract::capability::{Calls, Capabilities};
use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::manifest::{LogRules, Manifest, PluginKind};
use entrepot_contract::message::{CallContext, OpenRequest, Opened, Request, Response, TokenMode};
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::services::{CacheValue, LogLevel, ServiceRequest, ServiceResponse, Services};
use entrepot_contract::supplier::{Booking, SupplierOrder, SupplierRequest, SupplierResponse, SupplierUnit, Wait};
use entrepot_contract::time::Timestamp;
use entrepot_contract::version::{ABI, CONTRACT};
use futures_util::FutureExt;

use super::library::{HOST, LibraryPlugin};
use crate::pulse::{Heart as _, Threads};

static CANCELS: AtomicU64 = AtomicU64::new(0);

fn reply(instance: u64, call: u64, message: &impl serde::Serialize) {
    let bytes = serde_json::to_vec(message).unwrap();
    (HOST.reply)(instance, call, bytes.as_ptr(), bytes.len());
}

fn pending(ask_after_ms: u64) -> Response {
    let booking = Booking::Pending { reference: None, wait: Wait::ms(ask_after_ms) };
    Response::Supplier(SupplierResponse::Booking(booking))
}

extern "C" fn no_manifest(_: extern "C" fn(u64, *const u8, usize), _: u64) -> i32 {
    REFUSED
}

extern "C" fn opens(_: *const HostTable, instance: u64, _: *const u8, _: usize) -> i32 {
    reply(instance, 0, &OpenReply::Ok(Opened::default()));
    reply(instance, 0, &OpenReply::Err(Fault::invalid("a second answer to the opening")));
    ACCEPTED
}

extern "C" fn answers_twice(instance: u64, call: u64, _: *const u8, _: usize) -> i32 {
    reply(instance, call + 1_000, &CallReply::Ok(pending(3)));
    reply(u64::MAX, call, &CallReply::Ok(pending(4)));
    reply(instance, call, &CallReply::Ok(pending(1)));
    reply(instance, call, &CallReply::Ok(pending(2)));
    ACCEPTED
}

extern "C" fn answers_rubbish(instance: u64, call: u64, _: *const u8, _: usize) -> i32 {
    (HOST.reply)(instance, call, b"{".as_ptr(), 1);
    ACCEPTED
}

extern "C" fn answers_too_much(instance: u64, call: u64, _: *const u8, _: usize) -> i32 {
    (HOST.reply)(instance, call, b"{".as_ptr(), usize::MAX);
    ACCEPTED
}

extern "C" fn answers_nothing(instance: u64, call: u64, _: *const u8, _: usize) -> i32 {
    (HOST.reply)(instance, call, std::ptr::null(), 0);
    ACCEPTED
}

extern "C" fn asks_for_a_secret(instance: u64, call: u64, _: *const u8, _: usize) -> i32 {
    let asked = ServiceCall { call, request: ServiceRequest::Secret { name: "key".to_owned() } };
    let bytes = serde_json::to_vec(&asked).unwrap();
    // The service call's number is the call's, so that `deliver` knows what to answer.
    (HOST.request)(instance, call, bytes.as_ptr(), bytes.len());
    ACCEPTED
}

extern "C" fn delivered(instance: u64, service_call: u64, _: *const u8, length: usize) -> i32 {
    reply(instance, service_call, &CallReply::Ok(pending(length as u64)));
    ACCEPTED
}

extern "C" fn stops_under_way(instance: u64, _: u64, _: *const u8, _: usize) -> i32 {
    (HOST.closed)(instance);
    ACCEPTED
}

extern "C" fn hangs(_: u64, _: u64, _: *const u8, _: usize) -> i32 {
    ACCEPTED
}

extern "C" fn beats(instance: u64, call: u64, _: *const u8, length: usize) -> i32 {
    let empty: &[u8] = &[];
    (HOST.reply)(instance, call, empty.as_ptr(), length);
    ACCEPTED
}

extern "C" fn cancelled(_: u64, _: u64) {
    CANCELS.fetch_add(1, Ordering::SeqCst);
}

extern "C" fn closes(instance: u64) {
    (HOST.closed)(instance);
}

macro_rules! refusing {
    ($($name:ident = $code:expr;)*) => {$(
        extern "C" fn $name(_: u64, _: u64, _: *const u8, _: usize) -> i32 {
            $code
        }
    )*};
}

refusing! {
    is_busy = BUSY;
    is_closed = CLOSED;
    refuses = REFUSED;
    crashes = CRASHED;
    says_nonsense = 77;
}

type Submit = extern "C" fn(u64, u64, *const u8, usize) -> i32;

fn library(submit: Submit) -> LibraryPlugin {
    let manifest = Manifest {
        id: "fake-library".parse().unwrap(),
        kind: PluginKind::Supplier,
        family: "fake".parse().unwrap(),
        version: "0".to_owned(),
        contract: CONTRACT,
        summary: String::new(),
        capabilities: Capabilities { channel: None, supplier: Some(Calls::book().into()) },
        instance_settings: true.into(),
        connection_settings: true.into(),
        secrets: vec![],
        scenes: vec![],
        rates: vec![],
        log: LogRules::default(),
        panic: "unwind".to_owned(),
    };
    let table = PluginTable {
        abi: ABI,
        size: 0,
        manifest: no_manifest,
        open: opens,
        submit,
        cancel: cancelled,
        deliver: delivered,
        close: closes,
    };
    LibraryPlugin::for_tests(table, manifest)
}

struct OneSecret;

#[async_trait]
impl Services for OneSecret {
    async fn request(&self, _: ServiceRequest) -> Result<ServiceResponse, Fault> {
        Ok(ServiceResponse::Secret(CacheValue("s".to_owned())))
    }

    fn log(&self, _: LogLevel, _: &str) {}

    fn now(&self) -> Timestamp {
        Timestamp::default()
    }
}

fn open_request() -> OpenRequest {
    OpenRequest {
        application: "app".parse().unwrap(),
        base_url: None,
        token_mode: TokenMode::ClientToken,
        extra_headers: vec![],
        settings: serde_json::Value::Null,
    }
}

async fn open(submit: Submit) -> Arc<dyn Instance> {
    let (instance, opened) = library(submit).open(open_request(), Arc::new(OneSecret)).await.unwrap();
    assert_eq!(opened, Opened::default());
    instance
}

async fn call(instance: &dyn Instance) -> Result<Response, Fault> {
    let context = CallContext {
        deadline: Timestamp::default(),
        idempotency_key: String::new(),
        trace: "t".parse().unwrap(),
        attempt: 1,
        connection: None,
    };
    let order = SupplierOrder {
        order: "o".parse().unwrap(),
        reference: None,
        product_code: String::new(),
        units: vec![SupplierUnit { number: 1, guests: vec![], gone: false }],
        visit: None,
        slot: None,
        buyer: None,
        unit_cost: None,
    };
    let request = Request::Supplier(SupplierRequest::Book { order: Box::new(order) });
    instance.call(context, request, Arc::new(OneSecret)).await
}

#[tokio::test]
async fn the_first_answer_counts_and_stray_ones_are_dropped() {
    let instance = open(answers_twice).await;
    assert_eq!(call(&*instance).await, Ok(pending(1)));
    assert_eq!(call(&*instance).await, Ok(pending(1)));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_the_effect_unknown() {
    for submit in [answers_rubbish as Submit, answers_too_much, answers_nothing] {
        let fault = call(&*open(submit).await).await.unwrap_err();
        assert_eq!((fault.kind, fault.effect), (FaultKind::Garbled, Effect::Unknown));
    }
}

#[tokio::test]
async fn what_the_library_did_not_take_is_not_done() {
    let refusals = [
        (is_busy as Submit, FaultKind::Busy, Effect::NotDone),
        (is_closed, FaultKind::Unavailable, Effect::NotDone),
        (refuses, FaultKind::Invalid, Effect::NotDone),
        (crashes, FaultKind::Crashed, Effect::NotDone),
        (says_nonsense, FaultKind::Garbled, Effect::Unknown),
    ];
    for (submit, kind, effect) in refusals {
        let fault = call(&*open(submit).await).await.unwrap_err();
        assert_eq!((fault.kind, fault.effect), (kind, effect));
    }
}

#[tokio::test]
async fn a_service_is_served_and_answered_through_deliver() {
    let instance = open(asks_for_a_secret).await;
    let written = serde_json::to_vec(&Ok::<_, Fault>(ServiceResponse::Secret(CacheValue("s".to_owned()))));
    assert_eq!(call(&*instance).await, Ok(pending(written.unwrap().len() as u64)));
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_cancelled_once() {
    let instance = open(hangs).await;
    let before = CANCELS.load(Ordering::SeqCst);
    assert!(call(&*instance).now_or_never().is_none());
    assert_eq!(CANCELS.load(Ordering::SeqCst), before + 1);
}

#[tokio::test]
async fn an_instance_that_stops_answers_its_calls() {
    let instance = open(stops_under_way).await;
    let fault = call(&*instance).await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Crashed, Effect::Unknown));
    instance.close().await;
}

#[tokio::test]
async fn a_closed_instance_is_forgotten() {
    let instance = open(answers_twice).await;
    instance.close().await;
    let fault = call(&*instance).await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Unavailable, Effect::NotDone));
}

#[tokio::test]
async fn a_heartbeat_tells_whether_the_threads_run() {
    let at = Timestamp::from_millis;
    let silent = Threads::Silent { since: at(1_000) };
    let hearts = [
        (beats as Submit, Threads::Run),
        (hangs, silent),
        (answers_rubbish, Threads::Run),
        (refuses, Threads::Unwatched),
        (is_busy, Threads::Run),
    ];
    for (submit, expected) in hearts {
        let opened = library(submit).open_remote(open_request(), Arc::new(OneSecret), None).await;
        let (heart, _) = opened.unwrap();
        heart.beat(at(1_000));
        assert_eq!(heart.threads(at(3_000)), expected);
    }
}

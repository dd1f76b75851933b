//! A fake plugin, a clock that stands still, a log that remembers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use entrepot_contract::async_trait;
use entrepot_contract::capability::{Calls, CancelAbility, Capabilities, ChannelCapabilities};
use entrepot_contract::channel::{ChannelRequest, RawRequest, RawResponse, ReadyAnswers};
use entrepot_contract::fault::Fault;
use entrepot_contract::ids::{ApplicationId, ConnectionId, OrderId, PluginId, TraceId};
use entrepot_contract::intent::Intent;
use entrepot_contract::listing::ListingNames;
use entrepot_contract::manifest::{LogRules, Manifest, PluginKind, Scene};
use entrepot_contract::message::{CallContext, OpenRequest, Opened, Request, Response, TokenMode};
use entrepot_contract::notice::{Notice, OrderEvent, OrderNotice};
use entrepot_contract::outcome::Outcome;
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::services::{HttpRequest, Services};
use entrepot_contract::supplier::{SupplierOrder, SupplierRequest, SupplierUnit};
use entrepot_contract::time::{Clock, Timestamp};
use entrepot_contract::version::CONTRACT;
use entrepot_host::breaker::BreakerRules;
use entrepot_host::{
    CallScope, Host, HostParts, HttpClient, InstanceKey, InterfaceEntry, InterfaceLog, MemoryCache, OpenOptions,
    RunningInstance,
};
use futures_util::future::BoxFuture;
use serde_json::json;

pub const START_MS: i64 = 1_790_000_000_000;

/// A clock that moves when it is told to.
pub struct StillClock(pub AtomicI64);

impl StillClock {
    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A log that remembers.
#[derive(Default)]
pub struct Recorder(pub Mutex<Vec<InterfaceEntry>>);

impl Recorder {
    pub fn entries(&self) -> Vec<InterfaceEntry> {
        self.0.lock().unwrap().clone()
    }
}

impl InterfaceLog for Recorder {
    fn record(&self, entry: InterfaceEntry) {
        self.0.lock().unwrap().push(entry);
    }
}

pub type Script = dyn Fn(Request, Arc<dyn Services>) -> BoxFuture<'static, Result<Response, Fault>> + Send + Sync;

pub type OpenScript = dyn Fn(&Manifest) -> Result<Opened, Fault> + Send + Sync;

/// A plugin that does what its script says.
pub struct Fake {
    pub manifest: Manifest,
    pub script: Arc<Script>,
    pub open: Arc<OpenScript>,
}

impl Fake {
    pub fn new(
        manifest: Manifest,
        script: impl Fn(Request, Arc<dyn Services>) -> BoxFuture<'static, Result<Response, Fault>> + Send + Sync + 'static,
    ) -> Self {
        Self { manifest, script: Arc::new(script), open: Arc::new(|manifest| Ok(ready(manifest))) }
    }
}

#[async_trait]
impl Plugin for Fake {
    fn manifest(&self) -> Manifest {
        self.manifest.clone()
    }

    async fn open(
        &self,
        _request: OpenRequest,
        _services: Arc<dyn Services>,
    ) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let opened = (self.open)(&self.manifest)?;
        Ok((Arc::new(FakeInstance(Arc::clone(&self.script))), opened))
    }
}

struct FakeInstance(Arc<Script>);

#[async_trait]
impl Instance for FakeInstance {
    async fn call(
        &self,
        _context: CallContext,
        request: Request,
        services: Arc<dyn Services>,
    ) -> Result<Response, Fault> {
        (self.0)(request, services).await
    }

    async fn close(&self) {}
}

/// Ready answers for all scenes.
pub fn ready(manifest: &Manifest) -> Opened {
    let answer = RawResponse::json(b"{}".to_vec());
    let answers = manifest.scenes.iter().map(|scene| ReadyAnswers {
        scene: scene.name.clone(),
        busy: answer.clone(),
        timed_out: answer.clone(),
        refused: answer.clone(),
        unplaced: answer.clone(),
        stored: None,
        malformed: answer.clone(),
    });
    Opened { answers: answers.collect() }
}

fn manifest(id: &str, kind: PluginKind, capabilities: Capabilities) -> Manifest {
    Manifest {
        id: id.parse().unwrap(),
        kind,
        family: "fake".parse().unwrap(),
        version: "0.0.1".to_owned(),
        contract: CONTRACT,
        summary: "A fake.".to_owned(),
        capabilities,
        instance_settings: json!({"type": "object", "properties": {"rate": {"type": "integer", "maximum": 5}}}),
        connection_settings: json!({"type": "object"}),
        secrets: vec!["key".to_owned(), "absent".to_owned()],
        scenes: vec![],
        rates: vec![],
        log: LogRules { clear: vec!["order_id".to_owned(), "code".to_owned()] },
        panic: "unwind".to_owned(),
    }
}

/// A supplier that can do everything.
pub fn supplier() -> Manifest {
    let calls = Calls::book().units_limit(9).inquire(0).cancel(CancelAbility::parts().inquire());
    manifest("fake-supplier", PluginKind::Supplier, Capabilities { supplier: Some(calls.into()), channel: None })
}

/// A channel with one scene and one notice.
pub fn channel() -> Manifest {
    let channel = ChannelCapabilities { notices: vec!["accepted".to_owned()], ..ChannelCapabilities::default() };
    let capabilities = Capabilities { channel: Some(channel), supplier: None };
    let scene = Scene {
        name: "create".parse().unwrap(),
        action: "create".to_owned(),
        method: "POST".to_owned(),
        path: "create".to_owned(),
        limit_ms: 1_000,
        fact: false,
    };
    Manifest { scenes: vec![scene], ..manifest("fake-channel", PluginKind::Channel, capabilities) }
}

/// A host with one plugin, and what it was made of.
pub struct Bed {
    pub host: Host,
    pub clock: Arc<StillClock>,
    pub log: Arc<Recorder>,
    pub key: InstanceKey,
}

impl Bed {
    pub fn new(fake: Fake) -> Self {
        let clock = Arc::new(StillClock(AtomicI64::new(START_MS)));
        let log = Arc::new(Recorder::default());
        let key = InstanceKey::new(fake.manifest.id.clone(), ApplicationId::parse("app").unwrap());
        let host = Host::new(parts(&clock, &log), vec![Arc::new(fake)]).unwrap();
        Self { host, clock, log, key }
    }

    pub async fn open(&self, options: OpenOptions) -> Arc<RunningInstance> {
        self.host.open(self.key.clone(), open_request(), options).await.unwrap()
    }

    /// A context with so much time left.
    pub fn context(&self, left_ms: i64) -> CallContext {
        CallContext {
            deadline: self.clock.now().plus_millis(left_ms),
            idempotency_key: "key-1".to_owned(),
            trace: TraceId::parse("trace-1").unwrap(),
            attempt: 1,
            connection: None,
        }
    }
}

pub fn parts(clock: &Arc<StillClock>, log: &Arc<Recorder>) -> HostParts {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    HostParts {
        cache: Arc::new(MemoryCache::new(Arc::clone(&clock))),
        clock,
        interface_log: Arc::clone(log) as _,
        client: HttpClient::new().unwrap(),
        breaker: BreakerRules { failures: 3, first_open_ms: 1_000, longest_open_ms: 4_000 },
    }
}

pub fn fresh_parts() -> HostParts {
    parts(&Arc::new(StillClock(AtomicI64::new(START_MS))), &Arc::default())
}

pub fn open_request() -> OpenRequest {
    OpenRequest {
        application: "app".parse().unwrap(),
        base_url: None,
        token_mode: TokenMode::ClientToken,
        extra_headers: vec![],
        settings: json!({}),
    }
}

pub fn options() -> OpenOptions {
    let secrets = [("key", "s3cret-value"), ("other", "0ther-value")];
    OpenOptions {
        secrets: BTreeMap::from(secrets.map(|(name, value)| (name.to_owned(), value.into()))),
        ..OpenOptions::default()
    }
}

pub fn scope(connection: &str) -> CallScope {
    CallScope { connection: Some(ConnectionId::parse(connection).unwrap()), order: Some("order-1".to_owned()) }
}

pub fn order(count: u16) -> Box<SupplierOrder> {
    Box::new(SupplierOrder {
        order: OrderId::parse("order-1").unwrap(),
        reference: None,
        product_code: "p".to_owned(),
        units: (1..=count).map(|number| SupplierUnit { number, guests: vec![], gone: false }).collect(),
        visit: None,
        slot: None,
        buyer: None,
        unit_cost: None,
    })
}

pub fn book() -> Request {
    Request::Supplier(SupplierRequest::Book { order: order(2) })
}

pub fn inquire() -> Request {
    Request::Supplier(SupplierRequest::Inquire { order: order(2), memo: None })
}

pub fn raw(body: Vec<u8>) -> RawRequest {
    RawRequest {
        scene: "create".parse().unwrap(),
        method: "POST".to_owned(),
        query: String::new(),
        headers: vec![],
        body,
    }
}

pub fn encode() -> Request {
    Request::Channel(ChannelRequest::Encode {
        scene: "create".parse().unwrap(),
        intent: Box::new(Intent::Unknown),
        outcome: Box::new(Outcome::Bookable),
    })
}

pub fn deliver(event: OrderEvent) -> Request {
    let notice = OrderNotice {
        order: "order-1".parse().unwrap(),
        channel_order: "c-1".parse().unwrap(),
        source_order: None,
        names: ListingNames::default(),
        unit_names: Vec::new(),
        event,
    };
    Request::Channel(ChannelRequest::Deliver { notice: Box::new(Notice::Order(notice)) })
}

pub fn post(url: String, body: &str) -> HttpRequest {
    HttpRequest {
        api: "push".to_owned(),
        method: "POST".to_owned(),
        url,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Some(body.to_owned()),
        timeout_ms: 5_000,
        secret_headers: vec![],
    }
}

pub fn plugin_id(id: &str) -> PluginId {
    id.parse().unwrap()
}

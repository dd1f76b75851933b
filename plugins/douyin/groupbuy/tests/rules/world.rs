//! The whole application in this process, on a database of its own and a clock that the test holds, before a Douyin that takes
//! everything down. It is spoken to as it will be: by signed calls, the admin API and its clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, Uri};
use axum::response::{IntoResponse, Response};
use douyin_simulator::{Platform, PlatformOptions};
use douyin_testing::calls::{CLIENT_KEY, CLIENT_SECRET, scene, signed};
use entrepot_contract::channel::RawRequest;
use entrepot_contract::time::{Clock, HandClock, Timestamp};
use entrepot_engine::Ticks;
use entrepot_engine::seed::CountedSeeds;
use entrepot_server::boot::{self, App, Schema, Surroundings};
use entrepot_server::http::{Shared, router};
use entrepot_server::{config, plugins};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::spoilt;

/// 2026-04-20, ten o'clock in the morning at the venue.
pub const START: Timestamp = Timestamp::from_millis(1_776_650_400_000);
/// The pair of the examples, and its halves.
pub const PAIR: &str = "QG100|YY200";
pub const VOUCHER: &str = "QG100";
pub const TICKET: &str = "YY200";
/// The connection that sells it.
pub const CONNECTION: &str = "park-groupbuy";
/// Its distributor.
pub const DISTRIBUTOR: &str = "bluebird";
/// The price of a voucher, and what its distributor pays, in fen.
pub const PRICE: i64 = 9_900;
pub const SETTLED: i64 = 8_000;

const LOCAL: &str = "the-way-in-of-this-test";
const MERCHANT: &str = "/merchants/park";

/// An answer of the application.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub body: Value,
}

impl Got {
    /// It has to be a success; its body.
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        self.body
    }

    /// It has to be a problem of that status; its two sentences.
    pub fn refused(self, status: u16) -> (String, String) {
        assert_eq!(self.status, status, "{}", self.body);
        let said = |name: &str| self.body[name].as_str().unwrap_or_default().to_owned();
        (said("detail"), said("detail_zh"))
    }
}

/// A call that came to Douyin.
#[derive(Debug, Clone)]
pub struct Called {
    pub path: String,
    pub body: Value,
    pub text: String,
    pub account: Option<String>,
}

/// Douyin: takes every call down, and answers success, or what the test put there.
#[derive(Default)]
pub struct Douyin {
    calls: Mutex<Vec<Called>>,
    faults: Mutex<VecDeque<(String, i64)>>,
    /// What is online there (fulfilment §11).
    pub online: Mutex<Value>,
}

impl Douyin {
    /// The calls of a path's end, in their order.
    pub fn called(&self, path: &str) -> Vec<Called> {
        self.calls.lock().unwrap().iter().filter(|call| call.path.ends_with(path)).cloned().collect()
    }

    /// The paths of all calls but the token's.
    pub fn paths(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| !call.path.contains("oauth")).map(|call| call.path.clone()).collect()
    }

    /// The next call of a path's end gets this error.
    pub fn fail(&self, path: &str, code: i64) {
        self.faults.lock().unwrap().push_back((path.to_owned(), code));
    }

    fn answer(&self, call: Called) -> Value {
        let path = call.path.clone();
        self.calls.lock().unwrap().push(call);
        let mut faults = self.faults.lock().unwrap();
        let fault = faults.iter().position(|(of, _)| path.ends_with(of)).and_then(|at| faults.remove(at));
        let code = fault.map_or(0, |(_, code)| code);
        let mut data = json!({"error_code": code, "description": "", "access_token": "clt.test", "expires_in": 7200,
            "verify_results": [{"code": 0, "msg": "", "verify_id": "1", "certificate_id": "2"}]});
        if path.contains("product/online/get") {
            data["product_onlines"] = self.online.lock().unwrap().clone();
        }
        if path.contains("trade/order/query") {
            data["orders"] = json!([]);
        }
        json!({"data": data, "extra": {"error_code": code, "description": "", "logid": "L1"}, "message": "success"})
    }
}

async fn taken(State(douyin): State<Arc<Douyin>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let account = headers.get("rpc-transit-life-account").and_then(|value| value.to_str().ok());
    let call = Called {
        path: uri.path().trim_end_matches('/').to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        text: String::from_utf8_lossy(&body).into_owned(),
        account: account.map(str::to_owned),
    };
    axum::Json(douyin.answer(call)).into_response()
}

/// One application with its Douyin.
pub struct World {
    pub app: App,
    pub clock: Arc<HandClock>,
    pub douyin: Arc<Douyin>,
    router: Router,
    keys: AtomicU64,
    serving: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl World {
    /// A world whose connection is configured as most are, furnished with the pair of the examples.
    pub async fn new() -> Self {
        Self::with(json!({})).await
    }

    /// The same, with more configuration of the connection.
    pub async fn with(channel: Value) -> Self {
        let world = Self::bare(channel).await;
        world.furnish().await;
        world
    }

    /// Nothing is sold yet.
    pub async fn bare(channel: Value) -> Self {
        let douyin = Arc::new(Douyin::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let there = Router::new().fallback(taken).with_state(douyin.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, there).await.unwrap() });
        Self::before(&base, channel, Arc::new(HandClock::at(START)), douyin, serving).await
    }

    /// Before whoever stands at that address.
    async fn before(
        base: &str,
        channel: Value,
        clock: Arc<HandClock>,
        douyin: Arc<Douyin>,
        serving: tokio::task::JoinHandle<()>,
    ) -> Self {
        let folder = in_memory();
        let url = format!("sqlite://{}", folder.path().join("park.db").display());
        let mut given = configuration(base, &url);
        let mut more = Vec::new();
        if let Some(slip) = spoilt::active() {
            more.push(spoilt::plugin(slip));
            let limits = given["plugins"].as_object_mut().unwrap().remove("douyin-groupbuy").unwrap();
            given["plugins"][spoilt::ID] = limits;
            given["merchants"]["park"]["channels"][CONNECTION]["plugin"] = json!(spoilt::ID);
        }
        merge(&mut given["merchants"]["park"]["channels"][CONNECTION], &channel);
        let file = folder.path().join("park.json");
        std::fs::write(&file, given.to_string()).unwrap();
        let cards: Vec<_> = more.iter().map(|plugin| plugin.manifest()).collect();
        let known = |id: &str| {
            let card = cards.iter().find(|card| card.id.as_str() == id);
            card.map(config::KnownPlugin::from).or_else(|| plugins::known_built_in(id))
        };
        let loaded = config::load_checked(&[file], &json!({}), &known);
        let loaded = loaded.unwrap_or_else(|faults| panic!("{faults}"));
        let surroundings = Surroundings {
            plugins: more,
            clock: clock.clone(),
            seeds: Arc::new(CountedSeeds::new(1)),
            ticks: Ticks::ByHand,
        };
        let app = boot::start_in(loaded, Schema::Migrate, surroundings).await.unwrap();
        let router = router(Shared::beside(app.clone(), LOCAL).unwrap());
        Self { app, clock, douyin, router, keys: AtomicU64::new(1), serving, _folder: folder }
    }

    /// A furnished world before the simulated platform, which shares its clock and speaks to it over HTTP.
    pub async fn with_platform(channel: Value, options: impl FnOnce(&mut PlatformOptions)) -> (Self, Platform) {
        let clock = Arc::new(HandClock::at(START));
        let mut wanted = PlatformOptions::new(CLIENT_KEY, CLIENT_SECRET, "app");
        let now = clock.clone();
        wanted.now = Arc::new(move || now.now().millis());
        wanted.seed = 1;
        options(&mut wanted);
        let platform = Platform::start(wanted).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("http://{}", listener.local_addr().unwrap());
        let idle = tokio::spawn(async {});
        let mut world = Self::before(&platform.openapi_base(), channel, clock, Arc::default(), idle).await;
        let router = world.router.clone();
        world.serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        platform.set_target(&target);
        world.furnish().await;
        (world, platform)
    }

    /// The end, with all promises of the books kept.
    pub async fn end(self) {
        let held = self.get("/invariants").await.ok();
        for finding in held["invariants"].as_array().unwrap() {
            assert_eq!(finding["held"], true, "{finding}");
        }
        self.app.stop().await;
        self.serving.abort();
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, String)], body: Vec<u8>) -> Got {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body(), 10_000_000).await.unwrap();
        Got { status, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    /// A signed call of Douyin's, and the `data` of its answer.
    pub async fn spi(&self, of: &str, body: &Value) -> Value {
        self.spi_bytes(of, body.to_string()).await.ok()["data"].take()
    }

    /// The same with a body letter by letter.
    pub async fn spi_bytes(&self, of: &str, body: String) -> Got {
        let query = format!("client_key={CLIENT_KEY}&timestamp={}&sign=ignored", self.clock.now().millis());
        let raw = RawRequest { scene: scene(of), method: "POST".to_owned(), query, headers: vec![], body: body.into() };
        let raw = signed(raw);
        let headers: Vec<(&str, String)> =
            raw.headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        self.send("POST", &format!("/in/app/{of}?{}", raw.query), &headers, raw.body.clone()).await
    }

    async fn api(&self, method: &str, path: &str, body: Option<&Value>) -> Got {
        let key = format!("k-{}", self.keys.fetch_add(1, Ordering::Relaxed));
        self.api_as(key, method, path, body).await
    }

    async fn api_as(&self, key: String, method: &str, path: &str, body: Option<&Value>) -> Got {
        let path = if path.starts_with("/connections") || path.starts_with("/merchants") || path.starts_with("/alerts")
        {
            path.to_owned()
        } else {
            [MERCHANT, path].concat()
        };
        let headers = [
            ("authorization", format!("Bearer {LOCAL}")),
            ("idempotency-key", key),
            ("content-type", "application/json".to_owned()),
        ];
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        self.send(method, &format!("/api/v1{path}"), &headers, body).await
    }

    /// A look through the admin API; a path without its merchant is of the park.
    pub async fn get(&self, path: &str) -> Got {
        self.api("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Got {
        self.api("POST", path, Some(&body)).await
    }

    /// The same with an idempotency key of the caller's.
    pub async fn post_as(&self, key: &str, path: &str, body: Value) -> Got {
        self.api_as(key.to_owned(), "POST", path, Some(&body)).await
    }

    /// The paths of all that the admin API does.
    pub async fn acts(&self) -> Vec<String> {
        let document = self.send("GET", "/api/v1/openapi.json", &[], Vec::new()).await.ok();
        document["paths"].as_object().unwrap().keys().cloned().collect()
    }

    pub async fn put(&self, path: &str, body: Value) -> Got {
        self.api("PUT", path, Some(&body)).await
    }

    /// Time passes, and everybody looks at the clock.
    pub async fn pass(&self, millis: i64) {
        self.clock.pass(millis);
        self.tick().await;
    }

    /// Jobs and deadlines that are due are seen to.
    pub async fn tick(&self) {
        self.app.engine.tick().await;
    }

    /// The open alerts of a kind, as their texts.
    pub async fn alerts(&self, kind: &str) -> Vec<String> {
        let all = self.get("/alerts").await.ok();
        let open = all["alerts"].as_array().unwrap().iter();
        open.filter(|alert| alert["kind"] == kind && alert["resolved_at"].is_null())
            .map(|alert| alert["text"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

/// One application, its group-buy connection and a calendar ticket's beside it, a pool for the tickets.
fn configuration(base: &str, url: &str) -> Value {
    json!({
        "database": { "url": url, "lanes": 1, "readers": 1 },
        "http": { "listen": "127.0.0.1:0", "shutdown_ms": 500 },
        "jobs": { "poll_ms": 50, "backoff_first_ms": 1, "backoff_limit_ms": 2 },
        "security": { "guest_key": "ZW50cmVwb3QtZGVtby1vbmx5LW5ldmVyLXVzZS1pdCE=", "guest_key_id": "demo",
            "allow_demo_key": true },
        "plugins": { "douyin-groupbuy": { "timeout_ms": 1500 }, "douyin-calendar": { "timeout_ms": 1500 }, "code-pool": {} },
        "applications": { "app": { "family": "douyin", "base_url": base,
            "credentials": { "client_key": CLIENT_KEY, "client_secret": CLIENT_SECRET },
            "settings": { "plain_guests": true } } },
        "merchants": { "park": { "name": "Park",
            "channels": {
                CONNECTION: { "plugin": "douyin-groupbuy", "application": "app", "account_id": "70001",
                    "distributor": DISTRIBUTOR, "one_completes_all": true, "catch_up_s": 0,
                    "deadlines": { "issue_from": "acceptance", "audit_s": 86_400 } },
                "park-calendar": { "plugin": "douyin-calendar", "application": "app", "account_id": "70002",
                    "distributor": DISTRIBUTOR, "catch_up_s": 0 },
            },
            "suppliers": { "park-pool": { "plugin": "code-pool", "gate": true } },
        } },
    })
}

/// A folder in memory, where the machine has one: a world is furnished and gone within a moment, and many of them wait for nothing
/// but the disk.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Puts what is new over what is there, table by table; nothing takes away what was there.
fn merge(into: &mut Value, more: &Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                if value.is_null() {
                    into.remove(key);
                } else {
                    merge(into.entry(key.clone()).or_insert(Value::Null), value);
                }
            }
        }
        (into, more) => *into = more.clone(),
    }
}

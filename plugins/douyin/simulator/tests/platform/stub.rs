//! The other side, as small as can be: it records what arrives and answers what a test queued.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use douyin_simulator::{Order, Platform, PlatformOptions, Purchase, Scene};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const SECRET: &str = "0123456789abcdef0123456789ABCDEF";
pub const KEY: &str = "awtestkey000001";

/// What one request brought.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Recomputes the signature from the wire bytes alone, in the words of the page.
    pub fn is_signed(&self) -> bool {
        let mut pairs: Vec<&str> = self.query.split('&').filter(|pair| !pair.starts_with("sign=")).collect();
        pairs.sort_unstable();
        let mut text = format!("{SECRET}&{}&http_body=", pairs.join("&")).into_bytes();
        text.extend_from_slice(&self.body);
        let hex: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        hex == self.header("x-life-sign")
    }
}

/// A queued answer.
pub enum Play {
    Json(u16, Value),
    Stall,
}

#[derive(Default)]
pub struct Stub {
    pub seen: Mutex<Vec<Seen>>,
    queued: Mutex<BTreeMap<String, VecDeque<Play>>>,
}

impl Stub {
    pub fn seen_on(&self, scene: Scene) -> Vec<Seen> {
        let mut seen = self.seen.lock().expect("not poisoned").clone();
        seen.retain(|one| one.path.ends_with(scene.default_path()));
        seen
    }

    pub fn play(&self, scene: Scene, play: Play) {
        let mut queued = self.queued.lock().expect("not poisoned");
        queued.entry(format!("/in/app/{}", scene.default_path())).or_default().push_back(play);
    }

    /// Queues `data` with HTTP 200.
    pub fn answer(&self, scene: Scene, data: Value) {
        self.play(scene, Play::Json(200, json!({"data": data})));
    }
}

/// What an obliging middleware answers when nothing is queued.
fn standard(path: &str, body: &Value) -> Value {
    let order_id = body["order_id"].as_str().unwrap_or_default();
    let out_id = format!("T{order_id}");
    let accept = json!({"confirm_mode": 1, "confirm_result": 1});
    match path.rsplit('/').next().unwrap_or_default() {
        "create-order" => json!({"error_code": 0, "order_out_id": out_id, "confirm_info": accept}),
        "pay-order" => json!({"error_code": 0, "confirm_info": accept}),
        "issue-certificate" if body["certificates"].is_array() => {
            let copies = body["copies"].as_u64().unwrap_or(0);
            let codes: Vec<String> = (1..=copies).map(|n| format!("A{n}")).collect();
            json!({"error_code": 0, "result": 1, "third_order_id": out_id, "codes": codes})
        }
        "issue-certificate" => {
            let copies = body["copies"].as_u64().unwrap_or(0);
            json!({"error_code": 0, "result": 1, "vouchers": vouchers(&out_id, copies)})
        }
        "create-promise" => json!({"error_code": 0, "order_id": order_id, "ext_order_id": out_id}),
        "pre-create-order" => json!({"error_code": 0, "ext_order_id": out_id}),
        "issue-promise" => {
            let rows = body["certificate_info_list"].as_array().into_iter().flatten();
            let rows: Vec<Value> = rows.enumerate().map(|(n, row)| promised(&row["certificate_id"], n + 1)).collect();
            json!({"error_code": 0, "result": 1, "order_id": order_id, "certificate_info": rows})
        }
        "apply-code-refund" => json!({"error_code": 0, "result": 1}),
        "apply-refund" => {
            let fee = body["refund_fee_amount"].as_i64().unwrap_or(0);
            json!({"error_code": 0, "audit_refund_result": 1, "refund_fee_amount": fee})
        }
        _ => json!({"error_code": 0, "description": "success"}),
    }
}

/// The codes of one certificate, as family F2 answers them.
pub fn promised(certificate_id: &Value, n: usize) -> Value {
    let code = json!({"certificate_no": format!("A{n}"), "certificate_type": 1});
    let project = json!({"project_id": format!("p{n}"), "name": "Gate", "certificate": [code]});
    json!({"certificate_id": certificate_id, "project_list": [project]})
}

pub fn vouchers(out_id: &str, copies: u64) -> Value {
    let one = |n| json!({"entrance": {"project_id": format!("{out_id}-{n}"), "qrcodes": [format!("QR-{n}")]}});
    (1..=copies).map(one).collect::<Vec<_>>().into()
}

async fn receive(
    State(stub): State<Arc<Stub>>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let parsed: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let seen = Seen { path: path.clone(), query: query.unwrap_or_default(), headers, body: body.to_vec() };
    let signed = seen.is_signed() || path.ends_with("webhook");
    stub.seen.lock().expect("not poisoned").push(seen);
    if !signed {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let queued = stub.queued.lock().expect("not poisoned").get_mut(&path).and_then(VecDeque::pop_front);
    let (status, answer) = match queued {
        Some(Play::Json(status, answer)) => (status, answer),
        Some(Play::Stall) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            (200, Value::Null)
        }
        None if path.ends_with("webhook") => (200, parsed["content"].clone()),
        None => (200, json!({"data": standard(&path, &parsed)})),
    };
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

/// A platform wired to a stub, and its clock.
pub struct World {
    /// Where the stub listens.
    pub target: String,
    pub platform: Platform,
    pub stub: Arc<Stub>,
    pub clock: Arc<AtomicI64>,
    pub http: reqwest::Client,
    token: Mutex<String>,
}

impl World {
    pub async fn new() -> World {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut PlatformOptions)) -> World {
        let clock = Arc::new(AtomicI64::new(1_790_000_000_000));
        let mut options = PlatformOptions::new(KEY, SECRET, "app");
        let time = Arc::clone(&clock);
        options.now = Arc::new(move || time.load(Ordering::SeqCst));
        change(&mut options);
        let platform = Platform::start(options).await.expect("the platform starts");
        let stub = Arc::new(Stub::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let target = format!("http://{}", listener.local_addr().expect("an address"));
        platform.set_target(&target);
        let app = Router::new().fallback(receive).with_state(Arc::clone(&stub));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        World { target, platform, stub, clock, http, token: Mutex::default() }
    }

    pub fn forward(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.platform.openapi_base());
        let request = self.http.post(url).header("access-token", token);
        let answer = request.header("content-type", "application/json").body(body.to_string()).send().await;
        let text = answer.expect("an answer").text().await.expect("a body");
        serde_json::from_str(&text).expect("JSON")
    }

    /// A GET with a token that is fetched once.
    pub async fn ask(&self, path_and_query: &str) -> Value {
        let token = self.known_token().await;
        let url = format!("{}{path_and_query}", self.platform.openapi_base());
        let request = self.http.get(url).header("access-token", token);
        let answer = request.header("content-type", "application/json").send().await;
        let text = answer.expect("an answer").text().await.expect("a body");
        serde_json::from_str(&text).expect("JSON")
    }

    pub async fn fetch_token(&self) -> Value {
        let body = json!({"client_key": KEY, "client_secret": SECRET, "grant_type": "client_credential"});
        self.post(douyin_simulator::TOKEN_PATH, "", &body).await
    }

    pub async fn fresh_token(&self) -> String {
        self.fetch_token().await["data"]["access_token"].as_str().expect("a token").to_owned()
    }

    /// A call with a token that is fetched once.
    pub async fn openapi(&self, path: &str, body: &Value) -> Value {
        let token = self.known_token().await;
        self.post(path, &token, body).await
    }

    async fn known_token(&self) -> String {
        let mut token = self.token.lock().expect("not poisoned").clone();
        if token.is_empty() {
            token = self.fresh_token().await;
            self.token.lock().expect("not poisoned").clone_from(&token);
        }
        token
    }

    /// An order with vouchers, bought just now.
    pub async fn bought(&self, purchase: &Purchase) -> Order {
        self.platform.buy(purchase).await.order.expect("an order")
    }

    /// The rules broken so far.
    pub fn broken(&self) -> Vec<String> {
        self.platform.violations().into_iter().map(|one| one.rule).collect()
    }
}

/// `data.error_code`.
pub fn code(answer: &Value) -> i64 {
    answer["data"]["error_code"].as_i64().expect("an error_code")
}

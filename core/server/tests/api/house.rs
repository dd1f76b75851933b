//! An application with its router, and the requests and sales that tests make.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body as HttpBody;
use axum::http::{Request, header};
use entrepot_contract::ids::MerchantId;
use entrepot_contract::intent::{AskRefund, CreateOrder, RecordRefund, UnitChoice, Wish};
use entrepot_contract::listing::ListingNames;
use entrepot_contract::money::Money;
use entrepot_contract::order::{Guests, RefundCause, Visit};
use entrepot_contract::plugin::Plugin;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CommandKey, OrderName};
use entrepot_server::boot::{self, App, Schema};
use entrepot_server::http::{Shared, router};
use entrepot_server::{config, plugins};
use serde_json::{Value, json};
use tower::ServiceExt;

/// A date that is always ahead; a Thursday.
pub const DAY: &str = "2099-10-01";

pub struct House {
    pub app: App,
    router: Router,
    keys: AtomicU64,
    _folder: Option<tempfile::TempDir>,
}

/// What came back.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub kind: String,
    pub body: Value,
}

impl Got {
    /// The body of a good answer.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.body
    }

    /// A problem with this status and reason; gives its body.
    #[track_caller]
    pub fn problem(self, status: u16, reason: &str) -> Value {
        assert_eq!((self.status, self.body["reason"].as_str()), (status, Some(reason)), "{self:?}");
        assert_eq!(self.kind, "application/problem+json");
        assert_eq!(self.body["status"], status);
        self.body
    }

    /// A problem that is the caller's fault.
    #[track_caller]
    pub fn refused(self) -> Value {
        assert!((400..500).contains(&self.status), "{self:?}");
        assert_eq!(self.kind, "application/problem+json", "{self:?}");
        self.body
    }
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// Which databases this run is about.
fn wanted(kind: &str) -> bool {
    match std::env::var("ENTREPOT_TEST_DATABASE").as_deref() {
        Ok("both") => true,
        Ok(named) => named == kind,
        Err(_) => kind == "sqlite",
    }
}

/// Runs a test on every database of this run, each with an application of its own.
pub async fn everywhere(test: impl AsyncFn(&House)) {
    everywhere_with(json!({}), test).await;
}

/// The same with values above the demo's configuration.
pub async fn everywhere_with(values: Value, test: impl AsyncFn(&House)) {
    everywhere_beside(values, &Vec::new, test).await;
}

/// The same with plugins beside the built-ins, made anew for each database.
pub async fn everywhere_beside(values: Value, plugins: &dyn Fn() -> Vec<Arc<dyn Plugin>>, test: impl AsyncFn(&House)) {
    let mut runs = 0;
    if wanted("sqlite") {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("api.db").display());
        run(&url, Some(folder), &values, plugins(), &test).await;
        runs += 1;
    }
    if wanted("postgres") {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let server = std::env::var("ENTREPOT_TEST_POSTGRES")
            .expect("ENTREPOT_TEST_POSTGRES names no server; run the tests with: cargo xtask test");
        let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
        let name = format!("api_{nanos}_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let url = entrepot_store::create_database(&server, &name).await.unwrap();
        run(&url, None, &values, plugins(), &test).await;
        runs += 1;
    }
    assert!(runs > 0, "this run names no database");
}

async fn run(
    url: &str,
    folder: Option<tempfile::TempDir>,
    values: &Value,
    more: Vec<Arc<dyn Plugin>>,
    test: &impl AsyncFn(&House),
) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/demo.toml");
    let mut overrides = json!({
        "database": { "url": url, "lanes": 2, "readers": 2 },
        "http": { "listen": "127.0.0.1:0", "shutdown_ms": 500 },
    });
    for (name, value) in values.as_object().unwrap() {
        overrides[name] = value.clone();
    }
    let cards: Vec<_> = more.iter().map(|plugin| plugin.manifest()).collect();
    let known = |id: &str| {
        let card = cards.iter().find(|card| card.id.as_str() == id);
        card.map(config::KnownPlugin::from).or_else(|| plugins::known_built_in(id))
    };
    let loaded = config::load_checked(&[file], &overrides, &known);
    let loaded = loaded.unwrap_or_else(|faults| panic!("{faults}"));
    let app = boot::start_with(loaded, Schema::Migrate, more).await.unwrap();
    let shared = Shared::beside(app.clone(), House::LOCAL).unwrap();
    let house = House::of(app, router(shared), folder);
    test(&house).await;
    house.app.stop().await;
}

impl House {
    /// The token of this machine's console.
    pub const LOCAL: &str = "the-way-in-of-this-machine";

    /// Around an application and its routes; the folder stays as long as it.
    pub fn of(app: App, router: Router, folder: Option<tempfile::TempDir>) -> Self {
        Self { app, router, keys: AtomicU64::new(1), _folder: folder }
    }

    /// A request as it goes over the wire.
    pub async fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Got {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(HttpBody::from(body)).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Got { status, kind, body }
    }

    /// A key that was not used before.
    pub fn key(&self) -> String {
        format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// A request below `/api/v1` with this token.
    pub async fn with(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Got {
        self.keyed(token, &self.key(), method, path, body).await
    }

    /// The same with a key.
    pub async fn keyed(&self, token: &str, key: &str, method: &str, path: &str, body: Option<&Value>) -> Got {
        let bearer = format!("Bearer {token}");
        let headers =
            [("authorization", bearer.as_str()), ("idempotency-key", key), ("content-type", "application/json")];
        let body = body.map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default();
        self.raw(method, &format!("/api/v1{path}"), &headers, body).await
    }

    pub async fn get(&self, path: &str) -> Got {
        self.with(Self::LOCAL, "GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Got {
        self.with(Self::LOCAL, "POST", path, Some(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Got {
        self.with(Self::LOCAL, "PUT", path, Some(&body)).await
    }

    /// The same request with a key, by this machine's console.
    pub async fn repeat(&self, key: &str, method: &str, path: &str, body: &Value) -> Got {
        self.keyed(Self::LOCAL, key, method, path, Some(body)).await
    }

    /// A body that is no JSON.
    pub async fn bytes(&self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Got {
        let (bearer, key) = (format!("Bearer {}", Self::LOCAL), self.key());
        let headers =
            [("authorization", bearer.as_str()), ("idempotency-key", key.as_str()), ("content-type", content_type)];
        self.raw(method, &format!("/api/v1{path}"), &headers, body.to_vec()).await
    }

    /// Makes a token and gives its text.
    pub async fn token(&self, body: Value) -> String {
        let made = self.post("/tokens", body).await.ok();
        made["text"].as_str().unwrap().to_owned()
    }

    /// The acts in the audit log, the newest first.
    pub async fn audit(&self) -> Vec<entrepot_engine::records::AuditLine> {
        self.app.storage.list_audit(None, 500).await.unwrap()
    }

    /// All invariants of both merchants hold.
    pub async fn check(&self) {
        for merchant in ["lakeside", "hilltop"] {
            let found = self.get(&format!("/merchants/{merchant}/invariants")).await.ok();
            let findings = found["invariants"].as_array().unwrap();
            assert!(findings.len() >= 8);
            for finding in findings {
                assert_eq!(finding["held"], true, "{finding}");
            }
        }
    }

    /// The lakeside park sells: `boat` with numbers of our own, `swan` from the pool `swans`, on [`DAY`], 50 of each
    /// at 100.00 for the guest and 80.00 for the distributor, whose limit is 10,000.00.
    pub async fn furnish(&self) {
        let product = json!({
            "id": "lake", "kind": "ticket", "name": "The lake", "on_sale": true,
            "validity": { "on": "window", "from": "2020-01-01", "to": "2100-12-31" },
            "refund": { "otherwise": "manual", "partial": true },
        });
        let sku = |id: &str, fulfilment: Value| json!({ "sku": { "id": id, "product": "lake", "name": id, "maximum_units": 10, "fulfilment": fulfilment } });
        let listing = |id: &str| {
            json!({ "listing": { "id": id, "connection": "lakeside-douyin", "sells": { "one": id },
                "names": { "product": "p1", "sku_out": id } } })
        };
        let pool = json!({ "by": "supplier", "connection": "lakeside-pool", "product_code": "swans" });
        let entries = json!({ "entries": [
            { "product": product },
            sku("boat", json!({ "by": "own_number" })),
            sku("swan", pool),
            listing("boat"),
            listing("swan"),
        ] });
        self.post("/merchants/lakeside/catalogue", entries).await.ok();
        let row = |sku: &str| {
            json!({ "sku": sku, "dates": [DAY], "retail_minor": 10_000, "settlement_minor": 8_000,
                "stock": { "limited": 50 } })
        };
        let rows = json!({ "rows": [row("boat"), row("swan")] });
        self.post("/merchants/lakeside/calendar", rows).await.ok();
        let limit = json!({ "limit_minor": 1_000_000 });
        self.put("/merchants/lakeside/distributors/bluebird/limit", limit).await.ok();
    }

    /// Gives a command as the channel would.
    pub async fn channel(&self, body: Body) -> Answer {
        let merchant: MerchantId = id("lakeside");
        let key = CommandKey { scope: "test".to_owned(), kind: body.name().to_owned(), key: self.key() };
        self.app.engine.command(&merchant, key, String::new(), "channel", body).await.unwrap()
    }

    /// Sells units of a SKU to the end of issuing; gives our order number.
    pub async fn sell(&self, channel_order: &str, sku: &str, count: u32) -> String {
        let order = self.book(channel_order, sku, count).await;
        let issued = self
            .channel(Body::StartIssue {
                order: OrderName::Own(id(&order)),
                count: None,
                names: Default::default(),
                paid_at: None,
            })
            .await;
        assert!(matches!(issued, Answer::Issued { .. }), "{issued:?}");
        order
    }

    /// Sells units of a SKU until they are paid; gives our order number.
    pub async fn book(&self, channel_order: &str, sku: &str, count: u32) -> String {
        self.book_for(channel_order, sku, count, Guests::default()).await
    }

    /// The same, with guests.
    pub async fn book_for(&self, channel_order: &str, sku: &str, count: u32, guests: Guests) -> String {
        let order = self.create_for(channel_order, sku, count, guests).await;
        let paid_at = self.app.clock.now();
        let paid = self.channel(Body::PayOrder { order: OrderName::Own(id(&order)), paid_at }).await;
        assert!(matches!(paid, Answer::Paid { .. }), "{paid:?}");
        order
    }

    /// Orders units of a SKU, which nobody pays yet; gives our order number.
    pub async fn create(&self, channel_order: &str, sku: &str, count: u32) -> String {
        self.create_for(channel_order, sku, count, Guests::default()).await
    }

    async fn create_for(&self, channel_order: &str, sku: &str, count: u32, guests: Guests) -> String {
        let now = self.app.clock.now();
        let wish = Wish {
            names: ListingNames { sku_out: Some(sku.to_owned()), ..ListingNames::default() },
            count,
            visit: Some(Visit { arrive: id(DAY), leave: id(DAY) }),
            slot: None,
            origin_amount: None,
            pay_amount: None,
            guests,
            guests_final: true,
            ..Wish::default()
        };
        let intent = CreateOrder::new(id(channel_order), wish, now);
        let body =
            Body::CreateOrder { connection: id("lakeside-douyin"), intent: Box::new(intent), people: Vec::new() };
        let Answer::Created { order, .. } = self.channel(body).await else { panic!("not created") };
        order.to_string()
    }

    /// The guest of an order asks for money back.
    pub async fn ask_refund(&self, order: &str, channel_order: &str, key: &str) -> Answer {
        let intent = AskRefund::new(
            id(channel_order),
            key.to_owned(),
            RefundCause::Guest,
            UnitChoice::AllLeft,
            self.app.clock.now(),
        );
        self.channel(Body::AskRefund { order: OrderName::Own(id(order)), intent }).await
    }

    /// The channel announces that money went back.
    pub async fn record_refund(&self, order: &str, channel_order: &str, key: &str) -> Answer {
        let intent = RecordRefund::new(
            id(channel_order),
            key.to_owned(),
            RefundCause::Guest,
            UnitChoice::AllLeft,
            Money::fen(10_000),
            self.app.clock.now(),
        );
        self.channel(Body::RecordRefund { order: OrderName::Own(id(order)), intent }).await
    }

    /// What guests show for an order, unit by unit.
    pub async fn codes(&self, order: &str) -> Vec<String> {
        let units = self.app.engine.storage().credentials(&id("lakeside"), &id(order)).await.unwrap();
        units.into_iter().map(|unit| unit.credentials[0].value.clone()).collect()
    }
}

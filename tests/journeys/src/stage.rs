//! Partners, a database, a server on it and an operator.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use douyin_simulator::{OrderMode, Platform, PlatformOptions, Purchase};
use serde_json::{Value, json};
use simple_gate_simulator::{Gate, SimpleGate};

use crate::databases::Given;
use crate::office::{Offer, Office, RETAIL_FEN};
use crate::program;
use crate::serving::Server;
use crate::signed::{APPLICATION, CLIENT_KEY, CLIENT_SECRET, Signed};

/// Everything that a journey needs.
pub struct Stage {
    /// The database.
    pub given: Given,
    /// The platform that sells.
    pub platform: Platform,
    /// The supplier's gate.
    pub gate: Gate,
    /// The server under test.
    pub server: Server,
    /// Its operator.
    pub office: Office,
    /// Today at the venue: the day of all visits.
    pub day: String,
    config: [PathBuf; 2],
    behind_ms: Arc<AtomicI64>,
}

/// Today at the venue, in UTC+8.
pub fn today() -> String {
    in_days(0)
}

/// So many days after today at the venue.
pub fn in_days(days: i64) -> String {
    (chrono::Utc::now() + chrono::Duration::hours(8 + 24 * days)).format("%Y-%m-%d").to_string()
}

impl Stage {
    /// Migrates the database and serves on it.
    pub async fn set(given: Given) -> Self {
        Self::set_with(given, &json!({})).await
    }

    /// The same with more configuration, as a `--config` file above the others.
    pub async fn set_with(given: Given, more: &Value) -> Self {
        Self::set_behind(given, more, 0).await
    }

    /// The same with a platform whose clock is so many milliseconds behind.
    pub async fn set_behind(given: Given, more: &Value, behind_ms: i64) -> Self {
        Self::set_in(OrderMode::BeforePayment, given, more, behind_ms).await
    }

    /// The same with a platform that makes its orders before or after payment.
    pub async fn set_in(mode: OrderMode, given: Given, more: &Value, behind_ms: i64) -> Self {
        let mut options = PlatformOptions::new(CLIENT_KEY, CLIENT_SECRET, APPLICATION);
        let now = options.now.clone();
        let behind_ms = Arc::new(AtomicI64::new(behind_ms));
        let behind = behind_ms.clone();
        options.now = Arc::new(move || now() - behind.load(Ordering::Relaxed));
        options.order_mode = mode;
        options.seed = 1;
        let platform = Platform::start(options).await.unwrap();
        let gate = SimpleGate::start("demo-gate-token").await.unwrap();
        let config = [given.folder.path().join("here.json"), given.folder.path().join("more.json")];
        // Short leases, so that what a killed server left is taken up soon.
        let here = json!({
            "database": { "url": given.url },
            "http": { "listen": "127.0.0.1:0" },
            "jobs": { "poll_ms": 50, "lease_ms": 3000, "backoff_first_ms": 100, "backoff_limit_ms": 1000 },
            "plugins": {
                "simple-gate": { "timeout_ms": 2000 },
                "code-pool": { "timeout_ms": 2000 },
                "zhiyoubao": { "timeout_ms": 2000 },
                "octo-supplier": { "timeout_ms": 2500 },
                "douyin-calendar": { "timeout_ms": 2000 },
                "douyin-groupbuy": { "timeout_ms": 2000 },
            },
            "telemetry": { "filter": "debug" },
            "applications": { "douyin-demo": { "base_url": platform.openapi_base() } },
            "merchants": { "lakeside": { "suppliers": { "lakeside-gate": { "base_url": gate.url } } } },
        });
        std::fs::write(&config[0], here.to_string()).unwrap();
        std::fs::write(&config[1], more.to_string()).unwrap();
        let mut migrate = program::command(&["migrate"]);
        migrate.args(flags(&config));
        program::finish(migrate, "").done();
        let server = Server::start(serve(&config, &given, None));
        let office = Office::new(&server.url, "");
        let mut stage = Self { office, given, platform, gate, server, day: today(), config, behind_ms };
        stage.meet();
        stage
    }

    /// Finds the way to the server that runs now.
    fn meet(&mut self) {
        self.platform.set_target(&self.server.url);
        let token = match self.note() {
            Some(note) => note["token"].as_str().unwrap().to_owned(),
            None if self.office.token.is_empty() => {
                let made = self.command(&["tokens", "create", "--name", "journeys", "--role", "admin"]);
                program::finish(made, "").done().trim().to_owned()
            }
            None => self.office.token.clone(),
        };
        self.office = Office::new(&self.server.url, &token);
    }

    /// So much time passes for the platform, and for nobody else.
    pub fn let_pass(&self, time_ms: i64) {
        self.behind_ms.fetch_sub(time_ms, Ordering::Relaxed);
    }

    /// What the server left beside its SQLite file.
    pub fn note(&self) -> Option<Value> {
        let text = std::fs::read_to_string(self.note_file()?).unwrap();
        Some(serde_json::from_str(&text).unwrap())
    }

    /// Where the server leaves it; nowhere on PostgreSQL.
    pub fn note_file(&self) -> Option<PathBuf> {
        let file = self.given.file.as_ref()?;
        Some(file.with_file_name("test.db.server"))
    }

    /// A command with this stage's configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program::command(arguments);
        command.args(flags(&self.config));
        command
    }

    /// Puts other configuration above that of the house, for the next server, or the next reload.
    pub fn configure(&self, more: &Value) {
        std::fs::write(&self.config[1], more.to_string()).unwrap();
    }

    /// The same with a text that need not be JSON.
    pub fn configure_raw(&self, text: &str) {
        std::fs::write(&self.config[1], text).unwrap();
    }

    /// The command `reload`, for the server under test.
    pub fn reload(&self) -> program::Ended {
        let mut command = self.command(&["reload", "--json"]);
        if self.given.file.is_none() {
            command.args(["--url", &self.server.url]).env("ENTREPOT_TOKEN", &self.office.token);
        }
        program::finish(command, "")
    }

    /// The next server on the same database, once the one before is gone.
    pub fn restart(&mut self) {
        self.server = self.serve_as(None);
        self.meet();
    }

    /// A server on the same database, under the configured node id or another one. Nobody calls it yet.
    pub fn serve_as(&self, node: Option<&str>) -> Server {
        Server::start(serve(&self.config, &self.given, node))
    }

    /// Sends a signed call: status and body.
    pub async fn send(&self, call: &Signed) -> (u16, Value) {
        call.send(&self.office.http, &self.server.url).await
    }

    /// Sends a signed call that is heard: what its answer holds.
    pub async fn call(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send(&Signed::of(path, body)).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer["data"].clone()
    }

    /// A purchase of an offer, for the simulated platform.
    pub fn purchase(&self, offer: &Offer, count: u32) -> Purchase {
        Purchase {
            account_id: if offer.merchant == "lakeside" { "70001" } else { "70002" }.to_owned(),
            product_out_id: offer.product.to_owned(),
            sku_out_id: offer.sku.to_owned(),
            day: self.day.clone(),
            unit_price_fen: RETAIL_FEN,
            count,
            tourists: Vec::new(),
            ..Purchase::sample()
        }
    }

    /// The body of a create call, from the example of `spec/douyin-scenic-calendar.md` §3.
    pub fn create_body(&self, offer: &Offer, order: &str, count: i64) -> Value {
        json!({
            "order_id": order, "account_id": "70001", "sku_id": "1800", "sku_out_id": offer.sku,
            "product_out_id": offer.product, "count": count, "biz_type": 2,
            "book_start_day": self.day, "book_end_day": self.day,
            "create_order_time_unix": chrono::Utc::now().timestamp(),
            "amount": { "origin_amount": RETAIL_FEN * count, "pay_amount": RETAIL_FEN * count },
            "buyer": { "name": "UOwV1M23gYhaMjPTUENkGg==", "phone": "SxxOBnwVlwZFQV1er5pEHA==" },
            "item_order_infos": [{ "item_order_id": "1" }],
        })
    }
}

fn flags(config: &[PathBuf; 2]) -> Vec<String> {
    let demo = program::demo_config();
    let files = std::iter::once(&demo).chain(config);
    files.flat_map(|file| ["--config".to_owned(), file.display().to_string()]).collect()
}

fn serve(config: &[PathBuf; 2], given: &Given, node: Option<&str>) -> Command {
    let mut command = program::command(&["serve"]);
    if let Some(folder) = &given.libraries {
        command.arg("--libraries").arg(folder);
    }
    command.args(flags(config)).envs(node.map(|node| ("ENTREPOT_NODE__ID", node)));
    command
}

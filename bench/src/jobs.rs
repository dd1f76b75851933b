//! Jobs from the moment their change is committed to their end: each order asks a supplier that answers at once, so
//! that what is measured is ours alone.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use entrepot_contract::ids::{ApplicationId, ConnectionId, NodeId, PluginId};
use entrepot_contract::message::{ConnectionFacts, OpenRequest, TokenMode};
use entrepot_contract::order::CredentialKind;
use entrepot_contract::product::Fulfilment;
use entrepot_contract::supplier::{Booking, Memo, SupplierOrder};
use entrepot_contract::time::{Clock, SystemClock};
use entrepot_domain::answer::Answer;
use entrepot_domain::catalogue::{Beside, Cancels, ChannelRules, ConnectionRules, SupplierRules};
use entrepot_engine::directory::{Connection, Directory};
use entrepot_engine::interface_log::InterfaceQueue;
use entrepot_engine::seed::RandomSeeds;
use entrepot_engine::{Engine, EngineSettings, Parts};
use entrepot_host::breaker::BreakerRules;
use entrepot_host::{Host, HostParts, HttpClient, InstanceKey, MemoryCache, NoInterfaceLog, OpenOptions};
use entrepot_sdk::prelude::{
    Call, Calls, Card, Fault, NoSettings, OpenContext, Supplier, SupplierCapabilities, async_trait, one_a_unit,
    plugin_of_supplier,
};
use entrepot_store::{GuestKeys, Options as StoreOptions, SqlStorage};
use serde::Serialize;
use serde_json::{Value, json};

use crate::clients::{Until, percentile_ms, round};
use crate::database::Choice;
use crate::machine::Machine;
use crate::shop::{Offer, id, put_on_sale};
use crate::sql::Sql;
use crate::table::{number, report};
use crate::{Result, engine_way};

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    databases: Choice,
    /// How long jobs are made as fast as 64 clients can, in seconds
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Jobs a second while the start delay is measured
    #[arg(long, default_value_t = 300)]
    paced: u64,
    /// Jobs at work at once
    #[arg(long, default_value_t = 64)]
    workers: usize,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    database: &'static str,
    jobs: i64,
    enqueue_to_done_per_s: f64,
    paced_per_s: u64,
    start_p50_ms: f64,
    start_p95_ms: f64,
}

/// When each order's booking reached the supplier; one process runs one program.
static STARTED: Mutex<BTreeMap<String, Instant>> = Mutex::new(BTreeMap::new());

fn started() -> std::sync::MutexGuard<'static, BTreeMap<String, Instant>> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A supplier that issues at once.
struct AtOnce;

#[async_trait]
impl Supplier for AtOnce {
    type Settings = NoSettings;

    fn card() -> Card<SupplierCapabilities> {
        Card {
            id: "bench-at-once",
            family: "bench",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Issues at once, for figures.",
            capabilities: Calls::book().inquire(0).into(),
            secrets: Vec::new(),
            scenes: Vec::new(),
            clear_fields: Vec::new(),
        }
    }

    async fn open(_context: &OpenContext, _settings: NoSettings) -> std::result::Result<Self, Fault> {
        Ok(Self)
    }

    async fn book(&self, _call: &Call<()>, order: SupplierOrder) -> std::result::Result<Booking, Fault> {
        started().entry(order.order.to_string()).or_insert_with(Instant::now);
        let codes = (0..order.count()).map(|unit| format!("{}-{unit}", order.order)).collect();
        let units = one_a_unit(&order, CredentialKind::VoucherNumber, codes)?;
        Ok(Booking::Issued { reference: None, units })
    }

    async fn inquire(
        &self,
        _call: &Call<()>,
        _order: SupplierOrder,
        _memo: Option<Memo>,
    ) -> std::result::Result<Booking, Fault> {
        Ok(Booking::NotFound)
    }
}

/// Runs and prints.
pub async fn run(options: Options) -> Result<()> {
    let machine = Machine::look()?;
    let mut rows = Vec::new();
    for source in options.databases.sources()? {
        let url = source.fresh("jobs").await?;
        let (engine, offer) = open(&url, options.workers).await?;
        let sql = Sql::connect(&url, 1).await?;
        let (jobs, rate) = flood(&engine, &offer, &sql, options.seconds).await?;
        if !options.json {
            eprintln!("{}: {jobs} jobs, {}/s from the first order to the last job's end", source.kind(), number(rate));
        }
        let delays_us = paced(&engine, &offer, options.paced).await?;
        rows.push(Row {
            database: source.kind(),
            jobs,
            enqueue_to_done_per_s: rate,
            paced_per_s: options.paced,
            start_p50_ms: percentile_ms(&delays_us, 0.5),
            start_p95_ms: percentile_ms(&delays_us, 0.95),
        });
        sql.close().await;
        engine.stop(Duration::from_secs(5)).await;
    }
    let heads = ["database", "jobs", "enqueue to done/s", "paced/s", "start p50 ms", "start p95 ms"];
    report(options.json, &machine, &rows, &heads, |row| {
        vec![
            row.database.to_owned(),
            row.jobs.to_string(),
            number(row.enqueue_to_done_per_s),
            row.paced_per_s.to_string(),
            number(row.start_p50_ms),
            number(row.start_p95_ms),
        ]
    })
}

/// Makes jobs as fast as possible, and waits until all have ended.
async fn flood(engine: &Engine, offer: &Offer, sql: &Sql, seconds: u64) -> Result<(i64, f64)> {
    let numbers = Arc::new(AtomicU64::new(8_000_000_000_000_000_000));
    let buyers = engine_way::buyers(engine, offer, 64, &numbers);
    let begun = Instant::now();
    round(buyers, Until::Time(Duration::from_secs(seconds))).await?;
    let wanted = sql.orders().await?;
    loop {
        let done = sql.jobs_done().await?;
        if done >= wanted {
            return Ok((done, done as f64 / begun.elapsed().as_secs_f64()));
        }
        if begun.elapsed() > Duration::from_secs(seconds + 120) {
            return Err(format!("{done} of {wanted} jobs ended within two minutes"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How long after its order was answered each job reached the supplier, in microseconds, sorted.
async fn paced(engine: &Engine, offer: &Offer, per_second: u64) -> Result<Vec<u32>> {
    let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / per_second.max(1)));
    let mut orders = Vec::new();
    for count in 0..per_second * 4 {
        pace.tick().await;
        let (engine, offer) = (engine.clone(), offer.clone());
        orders.push(tokio::spawn(async move {
            let answer = engine_way::buy(&engine, &offer, 9_000_000_000_000_000_000 + count).await?;
            let answered = Instant::now();
            match answer {
                Ok(Answer::Created { order, .. }) => Ok((order.to_string(), answered)),
                other => Err(format!("an order was answered with {other:?}")),
            }
        }));
    }
    let mut answered: Vec<(String, Instant)> = Vec::new();
    for order in orders {
        answered.push(order.await.map_err(|fault| fault.to_string())??);
    }
    let patience = Instant::now() + Duration::from_secs(60);
    while answered.iter().any(|(order, _)| !started().contains_key(order)) && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let started = started();
    let mut delays = Vec::new();
    for (order, at) in &answered {
        let begun = started.get(order).ok_or_else(|| format!("the job of order {order} never began"))?;
        // A job may begin before the order's caller has been woken.
        let waited = begun.saturating_duration_since(*at);
        delays.push(u32::try_from(waited.as_micros()).unwrap_or(u32::MAX));
    }
    delays.sort_unstable();
    Ok(delays)
}

/// An engine with one channel connection and one supplier, and nothing else.
async fn open(url: &str, workers: usize) -> Result<(Engine, Offer)> {
    let offer = Offer::new()?;
    let fault = |fault: &dyn std::fmt::Display| fault.to_string();
    let keys = GuestKeys::new("bench", [7; 32]).map_err(|invalid| fault(&invalid))?;
    let options = StoreOptions { url: url.to_owned(), lanes: 2, readers: 4, connect_timeout_ms: 5_000, keys };
    let storage = SqlStorage::connect(options).await.map_err(|refused| fault(&refused))?;
    storage.migrate().await.map_err(|refused| fault(&refused))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let parts = HostParts {
        clock: Arc::clone(&clock),
        cache: Arc::new(MemoryCache::new(Arc::clone(&clock))),
        interface_log: Arc::new(NoInterfaceLog),
        client: HttpClient::new().map_err(|refused| fault(&refused))?,
        breaker: BreakerRules::default(),
    };
    let host = Host::new(parts, vec![plugin_of_supplier::<AtOnce>()]).map_err(|refused| fault(&refused))?;
    let supplier: ConnectionId = id("lakeside-at-once")?;
    let plugin: PluginId = id("bench-at-once")?;
    let own: ApplicationId = id(supplier.as_str())?;
    let request = OpenRequest {
        application: own.clone(),
        base_url: None,
        token_mode: TokenMode::default(),
        extra_headers: Vec::new(),
        settings: json!({}),
    };
    let key = InstanceKey::new(plugin.clone(), own.clone());
    host.open(key, request, OpenOptions::default()).await.map_err(|refused| fault(&refused))?;
    let mut settings = EngineSettings::new(id::<NodeId>("bench")?);
    settings.job_workers = workers;
    let shared = storage.shared();
    let (interface_log, _) = InterfaceQueue::start(Arc::clone(&shared), 16);
    let engine = Engine::start(Parts {
        storage: shared,
        host,
        clock,
        seeds: Arc::new(RandomSeeds),
        settings,
        directory: directory(&offer, &supplier, &plugin, &own)?,
        interface_log,
        teller: None,
    });
    let engine = engine.await.map_err(|refused| fault(&refused))?;
    let product_code = "ANY".to_owned();
    put_on_sale(&engine, &offer, Fulfilment::Supplier { connection: supplier, product_code }).await?;
    Ok((engine, offer))
}

fn directory(offer: &Offer, supplier: &ConnectionId, plugin: &PluginId, own: &ApplicationId) -> Result<Directory> {
    let connection = |id: &ConnectionId, plugin: &PluginId, application: &ApplicationId, rules| Connection {
        id: id.clone(),
        merchant: offer.merchant.clone(),
        plugin: plugin.clone(),
        application: application.clone(),
        facts: ConnectionFacts {
            id: id.clone(),
            merchant: offer.merchant.clone(),
            account: None,
            shops: Vec::new(),
            settings: Value::Object(Default::default()),
        },
        rules,
        external: "bench".to_owned(),
    };
    let sells = ConnectionRules::Channel(ChannelRules {
        application: offer.application.clone(),
        distributor: Some(offer.distributor.clone()),
        price_check: true,
        accept_at_once: true,
        issue_at_acceptance: true,
        refund_by_rule: true,
        unissued_refund: Default::default(),
        pairs: None,
        redeem_units: true,
        one_completes_all: false,
        tells_redemption: false,
        times: entrepot_domain::deadline::Times::usual(),
        beside: Beside::default(),
        selling: true,
    });
    let issues = ConnectionRules::Supplier(SupplierRules { cancel: Cancels::Nothing, ..SupplierRules::called() });
    let mut directory = Directory::default();
    let channel_plugin = id("bench-channel")?;
    for one in [
        connection(&offer.connection, &channel_plugin, &offer.application, sells),
        connection(supplier, plugin, own, issues),
    ] {
        directory.connections.insert(one.id.clone(), one);
    }
    Ok(directory)
}

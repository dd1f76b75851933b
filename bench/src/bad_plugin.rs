//! What a bad plugin costs the others: p99 of an order over HTTP through a healthy plugin, alone and while a bad one's
//! threads are held. The ratio counts; both are taken in the same run, in turn.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use entrepot_contract::ids::{ApplicationId, PluginId};
use entrepot_contract::message::Request;
use entrepot_contract::supplier::{SupplierOrder, SupplierRequest, SupplierUnit};
use entrepot_contract::time::{Clock, SystemClock};
use entrepot_host::{CallScope, InstanceKey, RunningInstance};
use serde::Serialize;
use serde_json::json;

use crate::Result;
use crate::boundary::{built_library, context};
use crate::clients::{Until, percentile_ms};
use crate::database::{Choice, Source};
use crate::http_way::{Apart, Served, of_shop};
use crate::machine::Machine;
use crate::shop::{Shop, id};
use crate::table::{number, report};

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    databases: Choice,
    /// How many clients buy at once
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// How long each part lasts, in seconds
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often it is measured alone and beside the bad plugin, in turn
    #[arg(long, default_value_t = 3)]
    turns: usize,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What the bad plugin does, with how many threads, and how much slower others may get.
const DEFECTS: &[(&str, usize, f64)] = &[("block", 2, 1.5), ("spin", 1, 3.0)];

/// How long a thread may take until it is held.
const PATIENCE: Duration = Duration::from_secs(10);

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    database: &'static str,
    defect: &'static str,
    threads: usize,
    clients: usize,
    /// Of all orders taken alone.
    alone_p99_ms: f64,
    /// Of all orders taken while the threads were held.
    beside_p99_ms: f64,
    /// The second divided by the first.
    factor: f64,
    /// How much it may be.
    limit: f64,
}

/// Runs and prints; fails where a factor is above its limit.
pub async fn run(options: Options) -> Result<()> {
    let machine = Machine::look()?;
    let metrics = entrepot_server::telemetry::start_metrics()?;
    let library = built_library("bad-plugin", "bad-plugin")?;
    let mut rows = Vec::new();
    for source in options.databases.sources()? {
        for (defect, threads, limit) in DEFECTS {
            let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
            let bad = Bad { defect, threads: *threads, until: folder.path().join("go"), library: library.clone() };
            let (shop, served) = bad.shop(&source, folder.path(), metrics.clone()).await?;
            let measured = measure(&options, &bad, &shop, &served).await;
            // Whatever came of it: what spins must not spin on.
            bad.let_go()?;
            served.stop().await;
            shop.app.stop().await;
            let (alone_p99_ms, beside_p99_ms) = measured?;
            let factor = beside_p99_ms / alone_p99_ms.max(1e-9);
            let (database, clients, limit) = (source.kind(), options.clients, *limit);
            let threads = *threads;
            rows.push(Row { database, defect, threads, clients, alone_p99_ms, beside_p99_ms, factor, limit });
        }
    }
    report(options.json, &machine, &rows, &HEADS, line)?;
    let above = rows.iter().find(|row| row.factor > row.limit);
    above.map_or(Ok(()), |row| Err(format!("{} {}: others got slower than they may", row.database, row.defect)))
}

/// A bad plugin in its library, with an instance that holds threads until a file is there.
pub(crate) struct Bad {
    pub(crate) defect: &'static str,
    pub(crate) threads: usize,
    /// Where the file is that lets them go.
    pub(crate) until: PathBuf,
    pub(crate) library: PathBuf,
}

impl Bad {
    pub(crate) async fn shop(
        &self,
        source: &Source,
        folder: &Path,
        metrics: metrics_exporter_prometheus::PrometheusHandle,
    ) -> Result<(Shop, Served)> {
        let url = source.fresh(&format!("bad_plugin_{}", self.defect)).await?;
        let settings = json!({ "defect": self.defect, "until": self.until });
        let more = json!({
            "plugins": { "bad-plugin": { "library": self.library, "workers": self.threads } },
            "merchants": { "lakeside": { "suppliers": {
                "lakeside-bad": { "plugin": "bad-plugin", "settings": settings },
            } } },
        });
        let shop = Shop::open(&url, folder, more).await?;
        let served = Served::start(&shop, metrics).await?;
        Ok((shop, served))
    }

    /// Holds all of its threads, from now on until they are let go.
    pub(crate) async fn hold(&self, shop: &Shop, turn: usize) -> Result<()> {
        let key = InstanceKey::new(id::<PluginId>("bad-plugin")?, id::<ApplicationId>("lakeside-bad")?);
        let running = shop.app.engine.host().instance(&key).ok_or("the bad plugin is not open")?;
        let orders: Vec<String> = (0..self.threads).map(|thread| format!("held-{turn}-{thread}")).collect();
        for order in &orders {
            let (running, request) = (Arc::clone(&running), booking(order)?);
            // Its answer comes when the threads are let go, or never: nobody waits for it.
            tokio::spawn(async move { booked(&running, request).await });
        }
        let begun = Instant::now();
        while !orders.iter().all(|order| self.until.with_extension(order).exists()) {
            if begun.elapsed() > PATIENCE {
                return Err(format!("{}: its threads were not held within {} s", self.defect, PATIENCE.as_secs()));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    pub(crate) fn let_go(&self) -> Result<()> {
        std::fs::write(&self.until, "").map_err(|fault| format!("{}: {fault}", self.until.display()))
    }

    /// Takes the mark away again, for the next turn: after all threads have seen it.
    async fn again(&self) -> Result<()> {
        tokio::time::sleep(Duration::from_millis(500)).await;
        std::fs::remove_file(&self.until).map_err(|fault| format!("{}: {fault}", self.until.display()))
    }
}

/// The p99 alone and beside the bad plugin, each over all turns.
async fn measure(options: &Options, bad: &Bad, shop: &Shop, served: &Served) -> Result<(f64, f64)> {
    let apart = Apart::start()?;
    let numbers = Arc::new(AtomicU64::new(8_000_000_000_000_000_000));
    let time = Until::Time(Duration::from_secs(options.seconds.max(1)));
    let buyers = of_shop(served, shop, options.clients, &numbers)?;
    let (mut buyers, _) = apart.round(buyers, Until::Time(Duration::from_secs(1))).await?;
    let (mut alone_us, mut beside_us) = (Vec::new(), Vec::new());
    for turn in 0..options.turns.max(1) {
        let (back, alone) = apart.round(buyers, time).await?;
        alone_us.extend(alone.stored_us);
        bad.hold(shop, turn).await?;
        let (back, beside) = apart.round(back, time).await?;
        beside_us.extend(beside.stored_us);
        buyers = back;
        bad.let_go()?;
        bad.again().await?;
    }
    let p99_ms = |mut took_us: Vec<u32>| {
        took_us.sort_unstable();
        percentile_ms(&took_us, 0.99)
    };
    Ok((p99_ms(alone_us), p99_ms(beside_us)))
}

async fn booked(running: &RunningInstance, request: Request) {
    let Ok(mut context) = context() else { return };
    context.deadline = SystemClock.now().plus_millis(3_600_000);
    let scope = CallScope { connection: context.connection.as_ref().map(|facts| facts.id.clone()), order: None };
    let _ = running.call(context, request, scope).await;
}

fn booking(order: &str) -> Result<Request> {
    let order = SupplierOrder {
        order: id(order)?,
        reference: None,
        product_code: "bad".to_owned(),
        units: vec![SupplierUnit { number: 1, guests: Vec::new(), gone: false }],
        visit: None,
        slot: None,
        buyer: None,
        unit_cost: None,
    };
    Ok(Request::Supplier(SupplierRequest::Book { order: Box::new(order) }))
}

const HEADS: [&str; 8] =
    ["database", "defect", "threads", "clients", "alone p99 ms", "beside p99 ms", "factor", "limit"];

fn line(row: &Row) -> Vec<String> {
    vec![
        row.database.to_owned(),
        row.defect.to_owned(),
        row.threads.to_string(),
        row.clients.to_string(),
        number(row.alone_p99_ms),
        number(row.beside_p99_ms),
        number(row.factor),
        number(row.limit),
    ]
}

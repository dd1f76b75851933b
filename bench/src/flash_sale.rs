//! Everybody buys one SKU and date until it is sold out, three ways in the same run: `plain`, one transaction for each
//! order; `engine`, called directly; `http`, through the channel's signed calls. A fourth, `library`, is `http` with the
//! channel's plugin in a shared library: what the boundary costs an order.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use serde_json::{Value, json};

use crate::boundary::built_library;
use crate::clients::{Buyer, Round, Until, percentile_ms, round};
use crate::database::{Choice, Source};
use crate::http_way::{Apart, Served, of_shop};
use crate::machine::Machine;
use crate::shop::Shop;
use crate::sql::{Sql, plain};
use crate::table::{number, print};
use crate::{Result, engine_way};

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    databases: Choice,
    /// How many clients buy at once
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
    clients: Vec<usize>,
    /// How long the stock should last, in seconds; what is on sale follows from a first second of sales
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Which ways: plain, engine, http, library
    #[arg(long, value_delimiter = ',', default_values_t = ["plain".to_owned(), "engine".to_owned(), "http".to_owned()])]
    paths: Vec<String>,
    /// Connections of the plain way; the fewer of clients and 32 when left out, and one on SQLite, whose one writer
    /// makes more of them slower
    #[arg(long)]
    plain_connections: Option<u32>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    database: &'static str,
    path: String,
    clients: usize,
    accepted_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    refused_per_s: f64,
    oversold: i64,
    ledger_sum: i64,
    /// Calls answered "busy"; they were made again.
    busy: usize,
    /// Orders found in the database.
    stored: i64,
    /// Orders in one transaction, on average.
    orders_per_transaction: f64,
}

/// What a run has in common.
struct Run<'a> {
    options: &'a Options,
    source: &'a Source,
    folder: tempfile::TempDir,
    metrics: PrometheusHandle,
}

/// Runs and prints.
pub async fn run(options: Options) -> Result<()> {
    let machine = Machine::look()?;
    let metrics = entrepot_server::telemetry::start_metrics()?;
    if !options.json {
        println!("{}", machine.line());
    }
    let mut rows = Vec::new();
    let mut settings = serde_json::Map::new();
    for source in options.databases.sources()? {
        let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
        let run = Run { options: &options, source: &source, folder, metrics: metrics.clone() };
        for (way, read) in run.settings().await? {
            if !options.json {
                println!("{} {way}: {read}", source.kind());
            }
            settings.insert(format!("{} {way}", source.kind()), read.into());
        }
        for clients in &options.clients {
            for path in &options.paths {
                let row = run.one(path, *clients).await?;
                if !options.json {
                    eprintln!("{} {path} {clients}: {}/s", row.database, number(row.accepted_per_s));
                }
                rows.push(row);
            }
        }
    }
    if options.json {
        let report = json!({ "machine": machine, "settings": settings, "rows": rows });
        println!("{}", serde_json::to_string_pretty(&report).map_err(|fault| fault.to_string())?);
    } else {
        tell(&rows);
    }
    let broken = rows.iter().find(|row| row.oversold != 0 || row.ledger_sum != 0);
    broken.map_or(Ok(()), |row| Err(format!("{} {} {}: the books are wrong", row.database, row.path, row.clients)))
}

impl Run<'_> {
    async fn shop(&self, name: &str, more: Value) -> Result<(String, Shop)> {
        let url = self.source.fresh(name).await?;
        let shop = Shop::open(&url, self.folder.path(), more).await?;
        Ok((url, shop))
    }

    /// Durability as both sides' own connections read it back.
    async fn settings(&self) -> Result<Vec<(&'static str, String)>> {
        let (url, shop) = self.shop("settings", json!({})).await?;
        let engine = shop.app.storage.durability().await.map_err(|fault| fault.to_string())?;
        let sql = Sql::connect(&url, 1).await?;
        let plain = sql.durability().await?;
        sql.close().await;
        shop.app.stop().await;
        Ok(vec![("engine", engine), ("plain", plain)])
    }

    async fn one(&self, path: &str, clients: usize) -> Result<Row> {
        let more = match path {
            "library" => {
                let library = built_library("douyin-calendar", "douyin-calendar")?;
                json!({ "plugins": { "douyin-calendar": { "library": library } } })
            }
            _ => json!({}),
        };
        let (url, shop) = self.shop(&format!("{path}_{clients}"), more).await?;
        // Numbers that no other run uses, as long as the platform's.
        let numbers = Arc::new(AtomicU64::new(8_000_000_000_000_000_000));
        let counts = Sql::connect(&url, 1).await?;
        let row = match path {
            "plain" => {
                let most = if self.source.kind() == "sqlite" { 1 } else { 32 };
                let fitting = u32::try_from(clients).unwrap_or(most).min(most);
                let pool = Sql::connect(&url, self.options.plain_connections.unwrap_or(fitting)).await?;
                let buyers = plain::buyers(&pool, &shop.offer, clients, &numbers);
                let row = self.sell(path, buyers, &counts, None).await;
                pool.close().await;
                row
            }
            "engine" => {
                self.sell(path, engine_way::buyers(&shop.app.engine, &shop.offer, clients, &numbers), &counts, None)
                    .await
            }
            "http" | "library" => {
                let served = Served::start(&shop, self.metrics.clone()).await?;
                let row =
                    self.sell(path, of_shop(&served, &shop, clients, &numbers)?, &counts, Some(&Apart::start()?)).await;
                served.stop().await;
                row
            }
            other => Err(format!("--paths {other}: expected plain, engine, http or library")),
        };
        let broken = shop.broken_invariants().await?;
        counts.close().await;
        shop.app.stop().await;
        if broken.is_empty() { row } else { Err(format!("{path}: broken: {}", broken.join("; "))) }
    }

    /// A first second of sales warms everything up and says how much stock lasts as long as it should; then that much
    /// is sold out; then everybody is refused for a while.
    async fn sell<B: Buyer>(&self, path: &str, buyers: Vec<B>, counts: &Sql, apart: Option<&Apart>) -> Result<Row> {
        let clients = buyers.len();
        let (buyers, warm) = go(buyers, Until::Time(Duration::from_secs(1)), apart).await?;
        let seconds = self.options.seconds.max(1) as f64;
        let units = (warm.per_second(warm.stored_us.len()) * seconds).max(clients as f64) as u32;
        counts.leave(units).await?;
        let before = counts.orders().await?;
        let (batches, commands) = self.batches();
        let (buyers, sold) = go(buyers, Until::SoldOut, apart).await?;
        let stored = counts.orders().await? - before;
        let (batches, commands) = (self.batches().0 - batches, self.batches().1 - commands);
        let (_, refused) = go(buyers, Until::Time(Duration::from_secs(1)), apart).await?;
        if usize::try_from(stored).ok() != Some(sold.stored_us.len()) {
            return Err(format!("{path}: {} orders were answered, {stored} are stored", sold.stored_us.len()));
        }
        Ok(Row {
            database: self.source.kind(),
            path: path.to_owned(),
            clients,
            accepted_per_s: sold.per_second(sold.stored_us.len()),
            p50_ms: percentile_ms(&sold.stored_us, 0.5),
            p99_ms: percentile_ms(&sold.stored_us, 0.99),
            refused_per_s: refused.per_second(refused.refused_us.len()),
            oversold: counts.oversold().await? + counts.astray().await?,
            ledger_sum: counts.ledger_sum().await?,
            busy: sold.busy_us.len(),
            stored,
            orders_per_transaction: if batches > 0.0 { commands / batches } else { 1.0 },
        })
    }

    /// Batches and commands that the engine has counted so far.
    fn batches(&self) -> (f64, f64) {
        let text = self.metrics.render();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
            line.unwrap_or_default()
        };
        (value("entrepot_batch_commands_count"), value("entrepot_batch_commands_sum"))
    }
}

async fn go<B: Buyer>(buyers: Vec<B>, until: Until, apart: Option<&Apart>) -> Result<(Vec<B>, Round)> {
    match apart {
        Some(apart) => apart.round(buyers, until).await,
        None => round(buyers, until).await,
    }
}

fn tell(rows: &[Row]) {
    let heads = [
        "database",
        "path",
        "clients",
        "stored/s",
        "p50 ms",
        "p99 ms",
        "refused/s",
        "oversold",
        "ledger sum",
        "busy",
        "orders/transaction",
    ];
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.database.to_owned(),
                row.path.clone(),
                row.clients.to_string(),
                number(row.accepted_per_s),
                number(row.p50_ms),
                number(row.p99_ms),
                number(row.refused_per_s),
                row.oversold.to_string(),
                row.ledger_sum.to_string(),
                row.busy.to_string(),
                number(row.orders_per_transaction),
            ]
        })
        .collect();
    print(&heads, &lines);
    println!(
        "plain: {} round trips and {} inserted and 2 updated rows an order",
        plain::ROUND_TRIPS,
        plain::ROWS_INSERTED
    );
}

//! How the flash sale goes when many orders stand in the database already.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::Result;
use crate::clients::{Until, percentile_ms, round};
use crate::database::Choice;
use crate::engine_way;
use crate::machine::Machine;
use crate::shop::Shop;
use crate::sql::Sql;
use crate::table::{number, report};

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    databases: Choice,
    /// How many orders stand there before; 10000000 on demand
    #[arg(long, value_delimiter = ',', default_values_t = [0, 100_000, 1_000_000])]
    orders: Vec<u64>,
    /// How many clients buy at once
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// How long each sale lasts, in seconds
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    database: &'static str,
    orders_before: u64,
    accepted_per_s: f64,
    p99_ms: f64,
    /// Compared with the first line of the same database, in percent.
    loss_percent: f64,
}

/// Runs and prints.
pub async fn run(options: Options) -> Result<()> {
    let machine = Machine::look()?;
    let mut rows: Vec<Row> = Vec::new();
    for source in options.databases.sources()? {
        let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
        // One database that grows: what stands there is loaded only once.
        let url = source.fresh("growth").await?;
        let shop = Shop::open(&url, folder.path(), json!({})).await?;
        let sql = Sql::connect(&url, 1).await?;
        let numbers = Arc::new(AtomicU64::new(8_000_000_000_000_000_000));
        let (mut loaded, mut first) = (0, None);
        for wanted in &options.orders {
            sql.load_orders(&shop.offer, loaded, *wanted).await?;
            loaded = loaded.max(*wanted);
            let buyers = engine_way::buyers(&shop.app.engine, &shop.offer, options.clients, &numbers);
            let (buyers, _) = round(buyers, Until::Time(Duration::from_secs(1))).await?;
            let before = sql.orders().await?;
            let (_, sold) = round(buyers, Until::Time(Duration::from_secs(options.seconds))).await?;
            let stored = usize::try_from(sql.orders().await? - before).unwrap_or(0);
            let rate = sold.per_second(stored);
            let first = *first.get_or_insert(rate);
            rows.push(Row {
                database: source.kind(),
                orders_before: *wanted,
                accepted_per_s: rate,
                p99_ms: percentile_ms(&sold.stored_us, 0.99),
                loss_percent: (1.0 - rate / first) * 100.0,
            });
        }
        sql.close().await;
        shop.app.stop().await;
    }
    let heads = ["database", "orders before", "stored/s", "p99 ms", "loss %"];
    report(options.json, &machine, &rows, &heads, |row| {
        vec![
            row.database.to_owned(),
            row.orders_before.to_string(),
            number(row.accepted_per_s),
            number(row.p99_ms),
            format!("{:.1}", row.loss_percent),
        ]
    })
}

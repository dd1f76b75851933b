//! More clients than can be served: whether all are answered in time and in the channel's words, whether memory stays
//! where it is, and whether one merchant's flood reaches another merchant.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use entrepot_contract::product::Fulfilment;
use serde::Serialize;
use serde_json::json;

use crate::Result;
use crate::clients::{Round, Until, percentile_ms, round};
use crate::database::{Choice, Source};
use crate::http_way::{Apart, Call, HttpBuyer, Served, buyers};
use crate::machine::{Machine, resident_mib};
use crate::shop::{ACCOUNT, Offer, SECOND_ACCOUNT, Shop, put_on_sale};
use crate::table::{number, report};

/// How long the platform waits for the answer to a create call.
const LIMIT_MS: f64 = 3_000.0;

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    databases: Choice,
    /// How many clients wait at once
    #[arg(long, default_value_t = 5_000)]
    clients: usize,
    /// How long each part lasts, in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many clients of one merchant flood, while eight of the other go on
    #[arg(long, default_value_t = 500)]
    flood: usize,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    database: &'static str,
    clients: usize,
    stored_per_s: f64,
    busy_per_s: f64,
    slowest_ms: f64,
    /// Answers that came after the platform's limit.
    late: usize,
    memory_before_mib: u64,
    memory_peak_mib: u64,
    quiet_p99_ms: f64,
    flooded_p99_ms: f64,
    /// The second divided by the first; at most 3 is wanted.
    flood_factor: f64,
}

/// Runs and prints.
pub async fn run(options: Options) -> Result<()> {
    let machine = Machine::look()?;
    let metrics = entrepot_server::telemetry::start_metrics()?;
    let mut rows = Vec::new();
    for source in options.databases.sources()? {
        let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
        let url = source.fresh("overload").await?;
        let more = json!({ "http": { "max_connections": options.clients * 2 + 1_000 } });
        let shop = Shop::open(&url, folder.path(), more).await?;
        let second = Offer::of("hilltop")?;
        put_on_sale(&shop.app.engine, &second, Fulfilment::OwnNumber).await?;
        let served = Served::start(&shop, metrics.clone()).await?;
        rows.push(measure(&options, &source, &shop, &second, &served).await?);
        served.stop().await;
        shop.app.stop().await;
    }
    report(options.json, &machine, &rows, &HEADS, line)
}

async fn measure(options: &Options, source: &Source, shop: &Shop, second: &Offer, served: &Served) -> Result<Row> {
    let apart = Apart::start()?;
    let numbers = Arc::new(AtomicU64::new(8_000_000_000_000_000_000));
    let first_call = Call::new(served.address, ACCOUNT, &shop.offer)?;
    let second_call = Call::new(served.address, SECOND_ACCOUNT, second)?;
    let time = Until::Time(Duration::from_secs(options.seconds));
    let (warm, _) = apart.round(buyers(&first_call, 64, &numbers), Until::Time(Duration::from_secs(1))).await?;
    drop(warm);

    let quiet = buyers(&second_call, 8, &numbers);
    let (quiet, alone) = apart.round(quiet, time).await?;
    let flood = connected(&apart, buyers(&first_call, options.flood, &numbers)).await?;
    let both = async move {
        let flooding = tokio::spawn(round(flood, time));
        let answered = round(quiet, time).await;
        let _ = flooding.await;
        answered
    };
    let (_, flooded) = apart.run(both).await??;

    let crowd = connected(&apart, buyers(&first_call, options.clients, &numbers)).await?;
    let memory_before_mib = resident_mib();
    let watched = tokio::spawn(peak_mib(Duration::from_secs(options.seconds)));
    let (_, crowded) = apart.round(crowd, time).await?;
    let memory_peak_mib = watched.await.map_err(|fault| fault.to_string())?;
    let [quiet_p99_ms, flooded_p99_ms] = [&alone, &flooded].map(|round| percentile_ms(&round.stored_us, 0.99));
    Ok(Row {
        database: source.kind(),
        clients: options.clients,
        stored_per_s: crowded.per_second(crowded.stored_us.len()),
        busy_per_s: crowded.per_second(crowded.busy_us.len()),
        slowest_ms: slowest_ms(&crowded),
        late: late(&crowded),
        memory_before_mib,
        memory_peak_mib,
        quiet_p99_ms,
        flooded_p99_ms,
        flood_factor: flooded_p99_ms / quiet_p99_ms.max(1e-9),
    })
}

/// Connects all clients, a few at a time, so that what is measured is calls.
async fn connected(apart: &Apart, buyers: Vec<HttpBuyer>) -> Result<Vec<HttpBuyer>> {
    let connecting = async move {
        let mut connected = Vec::with_capacity(buyers.len());
        for mut buyer in buyers {
            buyer.connect().await?;
            connected.push(buyer);
        }
        Ok(connected)
    };
    apart.run(connecting).await?.map_err(|fault: std::io::Error| format!("connecting: {fault}"))
}

/// The most memory that this process held, the clients' included.
async fn peak_mib(time: Duration) -> u64 {
    let begun = Instant::now();
    let mut peak = 0;
    while begun.elapsed() < time {
        peak = peak.max(resident_mib());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    peak
}

fn all(round: &Round) -> impl Iterator<Item = f64> + '_ {
    let kinds = [&round.stored_us, &round.refused_us, &round.busy_us];
    kinds.into_iter().flatten().map(|us| f64::from(*us) / 1_000.0)
}

fn slowest_ms(round: &Round) -> f64 {
    all(round).fold(0.0, f64::max)
}

fn late(round: &Round) -> usize {
    all(round).filter(|ms| *ms > LIMIT_MS).count()
}

const HEADS: [&str; 11] = [
    "database",
    "clients",
    "stored/s",
    "busy/s",
    "slowest ms",
    "late",
    "MiB before",
    "MiB peak",
    "quiet p99 ms",
    "flooded p99 ms",
    "factor",
];

fn line(row: &Row) -> Vec<String> {
    vec![
        row.database.to_owned(),
        row.clients.to_string(),
        number(row.stored_per_s),
        number(row.busy_per_s),
        number(row.slowest_ms),
        row.late.to_string(),
        row.memory_before_mib.to_string(),
        row.memory_peak_mib.to_string(),
        number(row.quiet_p99_ms),
        number(row.flooded_p99_ms),
        number(row.flood_factor),
    ]
}

//! The channel's booking check and create call over signed HTTP, alone and while a supplier hangs: both threads of its
//! plugin hold a booking and never answer. The check has two seconds at the platform, whatever a supplier does.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde::Serialize;

use crate::Result;
use crate::bad_plugin::Bad;
use crate::boundary::built_library;
use crate::clients::{Round, Until, percentile_ms};
use crate::database::Choice;
use crate::http_way::{Apart, Call, buyers};
use crate::machine::Machine;
use crate::shop::ACCOUNT;
use crate::table::{number, report};

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    databases: Choice,
    /// How many clients call at once
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// How long each part lasts, in seconds
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What the platform waits for a booking check, in milliseconds.
const CHECK_LIMIT_MS: f64 = 2_000.0;

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    database: &'static str,
    scene: &'static str,
    supplier: &'static str,
    clients: usize,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    busy: usize,
}

/// Runs and prints; fails where a check is later than the platform waits.
pub async fn run(options: Options) -> Result<()> {
    let machine = Machine::look()?;
    let metrics = entrepot_server::telemetry::start_metrics()?;
    let library = built_library("bad-plugin", "bad-plugin")?;
    let mut rows = Vec::new();
    for source in options.databases.sources()? {
        let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
        let bad = Bad { defect: "block", threads: 2, until: folder.path().join("go"), library: library.clone() };
        let (shop, served) = bad.shop(&source, folder.path(), metrics.clone()).await?;
        let apart = Apart::start()?;
        let numbers = Arc::new(AtomicU64::new(7_000_000_000_000_000_000));
        let time = Until::Time(Duration::from_secs(options.seconds.max(1)));
        for (turn, supplier) in ["answers", "hangs"].into_iter().enumerate() {
            if supplier == "hangs" {
                bad.hold(&shop, turn).await?;
            }
            for scene in ["check-booking", "create-order"] {
                let call = Call::of_scene(scene, served.address, ACCOUNT, &shop.offer)?;
                let clients = buyers(&call, options.clients, &numbers);
                let (clients, _) = apart.round(clients, Until::Time(Duration::from_secs(1))).await?;
                let (_, round) = apart.round(clients, time).await?;
                rows.push(row(source.kind(), scene, supplier, options.clients, &round));
            }
        }
        bad.let_go()?;
        served.stop().await;
        shop.app.stop().await;
    }
    report(options.json, &machine, &rows, &HEADS, line)?;
    let late = rows.iter().find(|row| row.scene == "check-booking" && row.p999_ms > CHECK_LIMIT_MS);
    late.map_or(Ok(()), |row| Err(format!("{}: checks are later than {CHECK_LIMIT_MS} ms", row.database)))
}

fn row(database: &'static str, scene: &'static str, supplier: &'static str, clients: usize, round: &Round) -> Row {
    let part = |part| percentile_ms(&round.stored_us, part);
    Row {
        database,
        scene,
        supplier,
        clients,
        per_second: round.per_second(round.stored_us.len()),
        p50_ms: part(0.5),
        p99_ms: part(0.99),
        p999_ms: part(0.999),
        busy: round.busy_us.len(),
    }
}

const HEADS: [&str; 9] =
    ["database", "scene", "supplier", "clients", "calls/s", "p50 ms", "p99 ms", "p99.9 ms", "busy"];

fn line(row: &Row) -> Vec<String> {
    vec![
        row.database.to_owned(),
        row.scene.to_owned(),
        row.supplier.to_owned(),
        row.clients.to_string(),
        number(row.per_second),
        number(row.p50_ms),
        number(row.p99_ms),
        number(row.p999_ms),
        row.busy.to_string(),
    ]
}

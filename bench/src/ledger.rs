//! Transfers on one account that everybody wants: money comes in from one distributor, a fen at a time.

use std::time::Duration;

use entrepot_contract::money::Money;
use entrepot_domain::command::Body;
use entrepot_engine::Engine;
use serde::Serialize;
use serde_json::json;

use crate::Result;
use crate::clients::{Buyer, Sale, Until, percentile_ms, round};
use crate::database::Choice;
use crate::machine::Machine;
use crate::shop::{Offer, Shop, administer};
use crate::sql::Sql;
use crate::table::{number, report};

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    databases: Choice,
    /// How many clients transfer at once
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 256])]
    clients: Vec<usize>,
    /// How long, in seconds
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
    clients: usize,
    transfers_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    ledger_sum: i64,
}

/// One client; each transfer is a command with a key of its own.
struct Payer {
    engine: Engine,
    offer: Offer,
}

impl Buyer for Payer {
    async fn buy(&mut self) -> Result<Sale> {
        let distributor = self.offer.distributor.clone();
        let body = Body::TopUp { distributor, amount: Money::fen(1), note: None };
        administer(&self.engine, &self.offer.merchant, body).await?;
        Ok(Sale::Stored)
    }
}

/// Runs and prints.
pub async fn run(options: Options) -> Result<()> {
    let machine = Machine::look()?;
    let mut rows = Vec::new();
    for source in options.databases.sources()? {
        for clients in &options.clients {
            let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
            let url = source.fresh(&format!("ledger_{clients}")).await?;
            let shop = Shop::open(&url, folder.path(), json!({})).await?;
            let sql = Sql::connect(&url, 1).await?;
            let one = || Payer { engine: shop.app.engine.clone(), offer: shop.offer.clone() };
            let payers = (0..*clients).map(|_| one()).collect();
            let (payers, _) = round(payers, Until::Time(Duration::from_secs(1))).await?;
            let before = sql.postings().await?;
            let (_, paid) = round(payers, Until::Time(Duration::from_secs(options.seconds))).await?;
            let stored = usize::try_from(sql.postings().await? - before).unwrap_or(0);
            rows.push(Row {
                database: source.kind(),
                clients: *clients,
                transfers_per_s: paid.per_second(stored),
                p50_ms: percentile_ms(&paid.stored_us, 0.5),
                p99_ms: percentile_ms(&paid.stored_us, 0.99),
                ledger_sum: sql.ledger_sum().await?,
            });
            sql.close().await;
            shop.app.stop().await;
        }
    }
    let heads = ["database", "clients", "transfers/s", "p50 ms", "p99 ms", "ledger sum"];
    report(options.json, &machine, &rows, &heads, |row| {
        vec![
            row.database.to_owned(),
            row.clients.to_string(),
            number(row.transfers_per_s),
            number(row.p50_ms),
            number(row.p99_ms),
            row.ledger_sum.to_string(),
        ]
    })
}

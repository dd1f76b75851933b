//! Date cells changed in bulk, as an operator's upload does it. These merchants sell through no channel, so nothing is
//! pushed: what reaches a channel is measured by [`crate::push`].

use std::time::Instant;

use entrepot_contract::ids::{MerchantId, SkuId};
use entrepot_domain::command::{BULK_LIMIT_ROWS, Body};
use entrepot_engine::Engine;
use serde::Serialize;
use serde_json::{Value, json};

use crate::Result;
use crate::database::Choice;
use crate::dates::{put_product, row};
use crate::machine::Machine;
use crate::shop::{Offer, RETAIL_FEN, Shop, administer, id};
use crate::sql::Sql;
use crate::table::{number, report};

/// Dates of one SKU.
const DAYS: u32 = 365;

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    databases: Choice,
    /// How many date cells are changed, at least
    #[arg(long, default_value_t = 1_000_000)]
    cells: u32,
    /// Over how many merchants; each writes one chunk after the other
    #[arg(long, default_value_t = 50)]
    merchants: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    database: &'static str,
    cells: i64,
    seconds: f64,
    cells_per_s: f64,
    pushed: bool,
}

/// Runs and prints.
pub async fn run(options: Options) -> Result<()> {
    let machine = Machine::look()?;
    let skus = options.cells.div_ceil(options.merchants.max(1)).div_ceil(DAYS);
    let skus: Vec<SkuId> = (0..skus).map(|number| id(&format!("UPLOADED-{number:04}"))).collect::<Result<_>>()?;
    let names: Vec<String> = (0..options.merchants).map(|number| format!("upload-{number:03}")).collect();
    let merchants: serde_json::Map<String, Value> =
        names.iter().map(|name| (name.clone(), json!({ "name": name }))).collect();
    let mut rows = Vec::new();
    for source in options.databases.sources()? {
        let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
        let url = source.fresh("calendar").await?;
        let shop = Shop::open(&url, folder.path(), json!({ "merchants": merchants })).await?;
        let sql = Sql::connect(&url, 1).await?;
        let engine = &shop.app.engine;
        for name in &names {
            put_product(engine, &id(name)?, &id("UPLOADED")?, &skus).await?;
        }
        let before = sql.dates().await?;
        let begun = Instant::now();
        let uploads: Vec<_> = names
            .iter()
            .map(|name| tokio::spawn(upload(engine.clone(), name.clone(), skus.clone(), shop.offer.clone())))
            .collect();
        for one in uploads {
            one.await.map_err(|fault| fault.to_string())??;
        }
        let seconds = begun.elapsed().as_secs_f64();
        let cells = sql.dates().await? - before;
        rows.push(Row { database: source.kind(), cells, seconds, cells_per_s: cells as f64 / seconds, pushed: false });
        sql.close().await;
        shop.app.stop().await;
    }
    let heads = ["database", "cells changed", "seconds", "cells/s"];
    report(options.json, &machine, &rows, &heads, |row| {
        vec![row.database.to_owned(), row.cells.to_string(), number(row.seconds), number(row.cells_per_s)]
    })?;
    if !options.json {
        println!("without a channel: `bench push` measures what one is told");
    }
    Ok(())
}

async fn upload(engine: Engine, name: String, skus: Vec<SkuId>, offer: Offer) -> Result<()> {
    let merchant: MerchantId = id(&name)?;
    let mut rows = Vec::with_capacity(BULK_LIMIT_ROWS);
    for sku in &skus {
        for day in 0..DAYS {
            let date = offer.date.plus_days(day).ok_or("a date beyond the calendar")?;
            rows.push(row(sku, date, RETAIL_FEN)?);
            if rows.len() == BULK_LIMIT_ROWS {
                administer(&engine, &merchant, Body::WriteCalendar { rows: std::mem::take(&mut rows) }).await?;
            }
        }
    }
    if rows.is_empty() { Ok(()) } else { administer(&engine, &merchant, Body::WriteCalendar { rows }).await }
}

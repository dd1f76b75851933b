//! Changed date cells until the channel has them all: one product's cells at a simulated Douyin, changed in bulk, one by
//! one, and again while they are being told. What Douyin holds at the end is the last price of each cell, or it fails.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{Days, Utc};
use douyin_simulator::{Call, Platform, PlatformOptions};
use entrepot_contract::ids::{ProductId, SkuId};
use entrepot_contract::listing::{Listing, ListingNames, Sells};
use entrepot_contract::time::VisitDate;
use entrepot_domain::command::{BULK_LIMIT_ROWS, Body, CalendarRow, CatalogueEntry};
use entrepot_engine::Engine;
use serde::Serialize;
use serde_json::{Value, json};

use crate::database::{Choice, Source};
use crate::dates::{put_product, row};
use crate::machine::Machine;
use crate::shop::{ACCOUNT, APPLICATION, CLIENT_KEY, CLIENT_SECRET, Offer, RETAIL_FEN, Shop, administer, id};
use crate::table::{number, report};
use crate::{Result, relay};

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    databases: Choice,
    /// How many date cells are changed, SKU after SKU; SKUs times days at most
    #[arg(long, default_value_t = 1_000)]
    cells: usize,
    /// SKUs of the product
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    skus: u32,
    /// Dates of each SKU; Douyin is told those of the next 60 days
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=58))]
    days: u32,
    /// How often the connection looks for changes, in seconds: its `calendar.every_s`, which waits in every figure
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    every: u32,
    /// How long Douyin's answers are on their way, in milliseconds
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(0..=1_000))]
    answer_ms: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// The product. Its name comes before that of the shop's own, whose date is the mark of a later round.
const PRODUCT: &str = "CELLS";

/// SKUs and dates that one call carries; scenic §15, inferred, as the plugin's card says them.
const SKUS_A_CALL: usize = 3;
const DAYS_A_CALL: usize = 60;

/// How long anything may take, beside the time between two looks.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often Douyin's calendar is read.
const GLANCE: Duration = Duration::from_millis(2);

/// How the cells are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// All, in bulk commands of 500 rows each, the most a command takes.
    InBulk,
    /// Each by a command, one after the other.
    OneByOne,
    /// All in bulk, and twice more once Douyin has got the first of them.
    WhileTold,
}

impl Change {
    const fn name(self) -> &'static str {
        match self {
            Self::InBulk => "in bulk",
            Self::OneByOne => "one by one",
            Self::WhileTold => "while told",
        }
    }

    /// How often each cell changes.
    const fn times(self) -> i64 {
        match self {
            Self::InBulk | Self::OneByOne => 1,
            Self::WhileTold => 3,
        }
    }
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    database: &'static str,
    changed: &'static str,
    cells: usize,
    /// Changes of cells, all together.
    changes: usize,
    /// Calls that told prices and stock of the product, until nothing was left to tell.
    calls: usize,
    /// The fewest that can carry the cells once.
    fewest_calls: usize,
    /// Cells that the calls carried, divided by the calls.
    cells_a_call: f64,
    /// How many of the calls Douyin had when the last write was answered.
    calls_before: usize,
    /// How long the writes took; `while told`: the second and the third.
    write_s: f64,
    /// From the last write's answer until Douyin held the last price of every cell.
    told_s: f64,
}

/// Runs and prints; fails where Douyin holds anything but the last price of a cell.
pub async fn run(options: Options) -> Result<()> {
    let most = options.skus as usize * options.days as usize;
    if !(1..=most).contains(&options.cells) {
        return Err(format!("--cells {}: expected 1 to {most}, SKUs times days", options.cells));
    }
    let machine = Machine::look()?;
    let mut rows = Vec::new();
    for source in options.databases.sources()? {
        rows.extend(on(&source, &options).await?);
    }
    report(options.json, &machine, &rows, &HEADS, line)?;
    if !options.json {
        let (every, answer_ms) = (options.every, options.answer_ms);
        println!("looks every {every} s, answers after {answer_ms} ms; fewest: ceil(SKUs/3) x ceil(days/60)");
    }
    Ok(())
}

/// All three on one fresh database.
async fn on(source: &Source, options: &Options) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
    let platform = Platform::start(PlatformOptions::new(CLIENT_KEY, CLIENT_SECRET, APPLICATION)).await;
    let platform = platform.map_err(|fault| format!("the simulated Douyin: {fault}"))?;
    let address = platform.openapi_base();
    let address = address.strip_prefix("http://").and_then(|address| address.parse().ok());
    let address = address.ok_or("the simulated Douyin has no address")?;
    let address = relay::start(address, Duration::from_millis(options.answer_ms)).await?;
    let url = source.fresh("push").await?;
    let told = json!({ "calendar": { "every_s": options.every } });
    let more = json!({
        "applications": { APPLICATION: { "base_url": format!("http://{address}") } },
        "merchants": { "lakeside": { "channels": { "lakeside-douyin": told } } },
    });
    let shop = Shop::open(&url, folder.path(), more).await?;
    let measured = measure(&shop, platform, options, source.kind()).await;
    shop.app.stop().await;
    measured
}

async fn measure(shop: &Shop, platform: Platform, options: &Options, database: &'static str) -> Result<Vec<Row>> {
    let cells = Cells::new(options)?;
    let patience = PATIENCE + Duration::from_secs(u64::from(options.every) * 4);
    let pushes = Pushes { engine: &shop.app.engine, offer: &shop.offer, platform, cells, patience };
    pushes.put_on_sale().await?;
    let mut rows = Vec::new();
    let mut generation = 0;
    for change in [Change::InBulk, Change::OneByOne, Change::WhileTold] {
        rows.push(pushes.changed(database, change, generation + 1).await?);
        generation += change.times();
    }
    Ok(rows)
}

/// The cells that change, and their prices: every cell has one of its own, and another one with each change.
struct Cells {
    skus: Vec<SkuId>,
    cells: Vec<(SkuId, VisitDate)>,
    /// The same as Douyin names them, each with its place among the cells.
    by_sku: BTreeMap<SkuId, Vec<(String, usize)>>,
}

impl Cells {
    fn new(options: &Options) -> Result<Self> {
        // From the day after tomorrow on: at the venue it may be tomorrow already.
        let first = Utc::now().date_naive().checked_add_days(Days::new(2)).and_then(VisitDate::new);
        let first = first.ok_or("no date to sell")?;
        let dates = (0..options.days).map(|day| first.plus_days(day).ok_or("a date beyond the calendar"));
        let dates = dates.collect::<std::result::Result<Vec<VisitDate>, _>>()?;
        let skus = (0..options.skus).map(|number| id(&format!("CELL-{number:03}"))).collect::<Result<Vec<SkuId>>>()?;
        let all = skus.iter().flat_map(|sku| dates.iter().map(move |date| (sku.clone(), *date)));
        let cells: Vec<(SkuId, VisitDate)> = all.take(options.cells).collect();
        let mut by_sku: BTreeMap<SkuId, Vec<(String, usize)>> = BTreeMap::new();
        for (place, (sku, date)) in cells.iter().enumerate() {
            by_sku.entry(sku.clone()).or_default().push((date.to_string(), place));
        }
        Ok(Self { skus, cells, by_sku })
    }

    fn price_fen(&self, place: usize, generation: i64) -> i64 {
        let step = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        RETAIL_FEN + generation * step(self.cells.len()) + step(place)
    }

    fn rows(&self, generation: i64) -> Result<Vec<CalendarRow>> {
        let of_cell =
            |(place, (sku, date)): (usize, &(SkuId, VisitDate))| row(sku, *date, self.price_fen(place, generation));
        self.cells.iter().enumerate().map(of_cell).collect()
    }

    fn fewest_calls(&self) -> usize {
        let dates = self.by_sku.values().map(Vec::len).max().unwrap_or(0);
        self.by_sku.len().div_ceil(SKUS_A_CALL) * dates.div_ceil(DAYS_A_CALL)
    }
}

struct Pushes<'a> {
    engine: &'a Engine,
    offer: &'a Offer,
    platform: Platform,
    cells: Cells,
    patience: Duration,
}

impl Pushes<'_> {
    /// The product with a listing for each SKU; Douyin is told all of it.
    async fn put_on_sale(&self) -> Result<()> {
        let (merchant, product): (_, ProductId) = (&self.offer.merchant, id(PRODUCT)?);
        put_product(self.engine, merchant, &product, &self.cells.skus).await?;
        let listing = |sku: &SkuId| {
            Ok(CatalogueEntry::Listing(Listing {
                id: id(&format!("{sku}-listing"))?,
                connection: self.offer.connection.clone(),
                sells: Sells::One(sku.clone()),
                names: ListingNames {
                    product_out: Some(product.to_string()),
                    sku_out: Some(sku.to_string()),
                    ..ListingNames::default()
                },
                on_sale: true,
                allotment: None,
                safety_stock: 0,
                there: None,
            }))
        };
        let entries = self.cells.skus.iter().map(listing).collect::<Result<Vec<_>>>()?;
        administer(self.engine, merchant, Body::PutCatalogue { entries }).await?;
        self.write_bulk(0).await?;
        self.until("the first prices", || self.holds(0)).await?;
        self.settle(0).await
    }

    /// Changes all cells and waits until Douyin has them. `generation` is that of the first change.
    async fn changed(&self, database: &'static str, change: Change, generation: i64) -> Result<Row> {
        self.platform.clear_records();
        if change == Change::WhileTold {
            self.write_bulk(generation).await?;
            self.until("the first changed price", || self.holds_first(generation)).await?;
        }
        let last = generation + change.times() - 1;
        let begun = Instant::now();
        match change {
            Change::InBulk => self.write_bulk(last).await?,
            Change::OneByOne => self.write_singly(last).await?,
            Change::WhileTold => {
                self.write_bulk(last - 1).await?;
                self.write_bulk(last).await?;
            }
        }
        let answered = Instant::now();
        let calls_before = self.calls()?.len();
        self.until("the last price of every cell", || self.holds(last)).await?;
        let told_s = answered.elapsed().as_secs_f64();
        self.settle(last).await?;
        if !self.holds(last) {
            return Err(format!("{database}, {}: Douyin was told an older price after the last one", change.name()));
        }
        if let Some(broken) = self.platform.violations().first() {
            return Err(format!("{database}, {}: Douyin's rules were broken: {}", change.name(), broken.rule));
        }
        let calls = self.calls()?;
        let carried: usize = calls.iter().map(carried).sum();
        let cells = self.cells.cells.len();
        Ok(Row {
            database,
            changed: change.name(),
            cells,
            changes: cells * usize::try_from(change.times()).unwrap_or(1),
            calls: calls.len(),
            fewest_calls: self.cells.fewest_calls(),
            cells_a_call: carried as f64 / calls.len().max(1) as f64,
            calls_before,
            write_s: answered.duration_since(begun).as_secs_f64(),
            told_s,
        })
    }

    async fn write_bulk(&self, generation: i64) -> Result<()> {
        for rows in self.cells.rows(generation)?.chunks(BULK_LIMIT_ROWS) {
            self.write(rows.to_vec()).await?;
        }
        Ok(())
    }

    async fn write_singly(&self, generation: i64) -> Result<()> {
        for row in self.cells.rows(generation)? {
            self.write(vec![row]).await?;
        }
        Ok(())
    }

    async fn write(&self, rows: Vec<CalendarRow>) -> Result<()> {
        administer(self.engine, &self.offer.merchant, Body::WriteCalendar { rows }).await
    }

    /// Whether Douyin holds the price of that change for every cell.
    fn holds(&self, generation: i64) -> bool {
        self.cells.by_sku.iter().all(|(sku, dates)| {
            let held = self.platform.calendar(ACCOUNT, sku.as_str());
            let right = |date: &str, place| {
                held.get(date).is_some_and(|day| day.actual_fen == self.cells.price_fen(place, generation))
            };
            dates.iter().all(|(date, place)| right(date, *place))
        })
    }

    /// Whether it holds that of the first cell, which is told first.
    fn holds_first(&self, generation: i64) -> bool {
        let Some((sku, date)) = self.cells.cells.first() else { return false };
        let held = self.platform.calendar(ACCOUNT, sku.as_str());
        held.get(&date.to_string()).is_some_and(|day| day.actual_fen == self.cells.price_fen(0, generation))
    }

    /// Waits until a whole round has found nothing left to tell. The shop's own product comes last in each round: its
    /// first new price may still go out with the round that told the cells, its second goes out with a later one.
    async fn settle(&self, generation: i64) -> Result<()> {
        for mark in [1, 2] {
            let price_fen = RETAIL_FEN + generation * 2 + mark;
            let CalendarRow { day, .. } = row(&self.offer.sku, self.offer.date, price_fen)?;
            self.write(vec![CalendarRow { day, stock: None }]).await?;
            let date = self.offer.date.to_string();
            let held = || self.platform.calendar(ACCOUNT, self.offer.sku.as_str());
            let marked = || held().get(&date).is_some_and(|day| day.actual_fen == price_fen);
            self.until("the mark of a later round", marked).await?;
        }
        Ok(())
    }

    /// What Douyin was told of the product since the records were cleared; it refused none of it.
    fn calls(&self) -> Result<Vec<Call>> {
        let mut calls = self.platform.calls();
        calls.retain(|call| call.path.contains("/ticket_calendar/") && call.body["product_out_id"] == PRODUCT);
        let refused = calls.iter().find(|call| call.error_code != Some(0));
        refused.map_or(Ok(()), |call| Err(format!("Douyin answered {:?} on {}", call.error_code, call.path)))?;
        Ok(calls)
    }

    async fn until(&self, what: &str, is_so: impl Fn() -> bool) -> Result<()> {
        let begun = Instant::now();
        while !is_so() {
            if begun.elapsed() > self.patience {
                return Err(format!("Douyin was not told {what} within {} s", self.patience.as_secs()));
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }
}

/// How many cells a call carries: dates are told one by one.
fn carried(call: &Call) -> usize {
    let items = |list: &Value| -> usize {
        let dates = |item: &Value| item["calendar_value"]["value_list"].as_array().map_or(0, Vec::len);
        list.as_array().into_iter().flatten().map(dates).sum()
    };
    let lists = call.body["ticket_sku_and_calendar"].as_array().into_iter().flatten();
    items(&call.body["calendars"]) + lists.map(|sku| items(&sku["calendar_list"])).sum::<usize>()
}

const HEADS: [&str; 10] = [
    "database",
    "changed",
    "cells",
    "changes",
    "calls",
    "fewest",
    "cells/call",
    "calls before",
    "write s",
    "told after s",
];

fn line(row: &Row) -> Vec<String> {
    vec![
        row.database.to_owned(),
        row.changed.to_owned(),
        row.cells.to_string(),
        row.changes.to_string(),
        row.calls.to_string(),
        row.fewest_calls.to_string(),
        number(row.cells_a_call),
        row.calls_before.to_string(),
        number(row.write_s),
        number(row.told_s),
    ]
}

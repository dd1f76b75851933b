//! The calendar of a merchant's SKUs: prices, opening and stock by date. Read in ranges, written in bulk.
//!
//! - `bulk`: what a bulk write asks for, row by row; `plan`: what it will do, cell by cell, with every fault.

mod bulk;
mod plan;

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use entrepot_contract::calendar::{CalendarDay, Capacity, Stock, StockKey};
use entrepot_contract::ids::{MerchantId, SkuId};
use entrepot_contract::product::Sku;
use entrepot_contract::time::VisitDate;
use entrepot_domain::catalogue::stock_cells;
use entrepot_domain::command::{BULK_LIMIT_ROWS, Body, CalendarRow, CommandKey, fingerprint};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth::Need;
use super::extract::{QueryOf, Writer, bytes_of, id};
use super::{Endpoint, Parameter, acts};
use crate::http::Shared;
use crate::http::problem::Problem;
use bulk::Bad;
use plan::{Plan, own_bucket, plan};

/// Largest bulk write, in bytes, and how much longer than other bodies it may take to arrive.
const BODY_LIMIT_BYTES: usize = 16 * 1024 * 1024;
const BODY_PATIENCE: u64 = 3;

/// Longest range that is read at once, in days.
pub(super) const RANGE_LIMIT_DAYS: i64 = 400;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const QUERY: &[Parameter] = &[
        ("sku", "the SKU"),
        ("from", "first date; left out for what is sold without a date"),
        ("to", "last date, at most 400 days from the first"),
    ];
    vec![
        Endpoint::look(
            "/merchants/{merchant}/calendar",
            "Prices, opening and stock of one SKU by date",
            Need::See,
            QUERY,
            || get(read),
        ),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/calendar",
            "Writes prices, opening and stock of dates, ranges and weekdays: all or none is begun unless skip_bad_rows is \
             true; at most 20000 cells",
            Need::Operate,
            Some(bulk::schema),
            || post(write).layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES)),
        ),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    sku: SkuId,
    from: Option<VisitDate>,
    to: Option<VisitDate>,
}

pub(super) fn numbers(stock: &Stock) -> Value {
    let capacity = match stock.capacity {
        Capacity::Limited(limit) => Some(limit),
        Capacity::Unlimited => None,
    };
    json!({ "capacity": capacity, "held": stock.held, "sold": stock.sold, "left": stock.left() })
}

async fn read(
    State(shared): State<Shared>,
    Path(merchant): Path<String>,
    QueryOf(range): QueryOf<Range>,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let catalogue = acts::catalogue(&shared, &merchant).await?;
    let (product, sku) = catalogue
        .sku(&range.sku)
        .map_err(|_| Problem::not_found(format!("merchant {merchant} has no SKU {}", range.sku)))?;
    let days = catalogue.days.get(&range.sku);
    let days: Vec<&CalendarDay> = match (product.kind.dated(), range.from, range.to) {
        (false, _, _) => days.into_iter().flat_map(|days| days.values()).collect(),
        (true, Some(from), Some(to)) if (0..RANGE_LIMIT_DAYS).contains(&to.days_since(from)) => {
            days.into_iter().flat_map(|days| days.range(Some(from)..=Some(to))).map(|(_, day)| day).collect()
        }
        _ => {
            let text = format!("{} is sold by date: expected from and to, up to {RANGE_LIMIT_DAYS} days", sku.id);
            return Err(Problem::malformed(text));
        }
    };
    let dates: Vec<Option<VisitDate>> = days.iter().map(|day| day.date).collect();
    let stock = shared.app.engine.storage().stock(&merchant, &stock_cells(sku, &dates, None)).await?;
    let days: Vec<Value> = days.into_iter().map(|day| day_of(sku, day, &stock)).collect();
    Ok(Json(json!({ "sku": sku.id, "product": product.id, "days": days })))
}

/// One date. `stock` is the SKU's own bucket; where it draws on several, `buckets` has them all.
fn day_of(sku: &Sku, day: &CalendarDay, stock: &BTreeMap<StockKey, Stock>) -> Value {
    let cell = |bucket| stock.get(&StockKey { bucket, date: day.date, slot: None }).map(numbers);
    let mut answer = json!({
        "date": day.date,
        "retail_minor": day.retail.amount_minor,
        "settlement_minor": day.settlement.amount_minor,
        "currency": day.retail.currency,
        "cost_minor": day.cost.map(|cost| cost.amount_minor),
        "open": day.open,
        "close": day.close,
        "minimum_units": day.minimum_units,
        "maximum_units": day.maximum_units,
        "cutoff": day.cutoff,
        "slots": day.slots,
        "stock": own_bucket(sku).cloned().and_then(cell),
    });
    if sku.buckets.len() > 1 {
        let buckets: Map<String, Value> =
            sku.buckets.iter().map(|bucket| (bucket.to_string(), json!(cell(bucket.clone())))).collect();
        answer["buckets"] = Value::Object(buckets);
    }
    answer
}

async fn write(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path(merchant): Path<String>,
    LongBody(body): LongBody,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let digest = fingerprint(&[("body", json!(body).to_string())]);
    let key = |part: usize| {
        let (kind, key) = match part {
            0 => ("write_calendar", asked.key.clone()),
            _ => ("write_calendar_part", format!("{part}#{}", asked.key)),
        };
        CommandKey { scope: format!("api:{}", asked.by), kind: kind.to_owned(), key }
    };
    let repeated = match shared.app.storage.fingerprint_of(&merchant, &key(0)).await? {
        Some(known) if known != digest => {
            let text = format!("the key {} was used before with other contents", asked.key);
            return Err(Problem::new(StatusCode::CONFLICT, "key_conflict", text));
        }
        known => known.is_some(),
    };
    let sent = bulk::read(body)?;
    let (skip, dry_run) = (sent.skip_bad_rows, sent.dry_run);
    // A repeat met other numbers when it was new, and gets its first answer from the key.
    let (plan, mut bad) = sift(&shared, &merchant, sent, !repeated || skip).await?;
    bad.sort_by(|a, b| (a.place.len(), &a.place).cmp(&(b.place.len(), &b.place)));
    if !skip {
        acts::unrefused(bad.drain(..).map(Bad::into_refusal).collect())?;
    }
    let skipped: Vec<Value> = bad.iter().map(Bad::line).collect();
    let subject = plan.subject();
    let rows = plan.into_rows();
    if dry_run || rows.is_empty() {
        return Ok(Json(json!({ "rows": rows.len(), "skipped": skipped, "dry_run": dry_run })));
    }
    let written = give(&shared, &asked.by, &merchant, rows, key, &digest).await?;
    let places: BTreeSet<&str> = bad.iter().map(|bad| bad.place.as_str()).collect();
    let detail = format!("{written} rows, {} skipped", places.len());
    acts::log(&shared, &asked, Some(&merchant), "wrote the calendar", &subject, &detail).await?;
    Ok(Json(json!({ "rows": written, "skipped": skipped })))
}

/// Rounds in which stock is looked at again after bad rows were left out: each may leave later rows without what they
/// lean on.
const SIFT_ROUNDS: usize = 10;

/// What can be written, and every row that cannot.
async fn sift(
    shared: &Shared,
    merchant: &MerchantId,
    sent: bulk::Sent,
    look_at_stock: bool,
) -> Result<(Plan, Vec<Bad>), Problem> {
    let catalogue = acts::catalogue(shared, merchant).await?;
    let (mut wishes, mut bad) = (sent.wishes, sent.bad);
    let mut rounds = 1..=SIFT_ROUNDS;
    while rounds.next().is_some() {
        let (plan, mut found) = plan(&wishes, &catalogue);
        let stock = match look_at_stock {
            true => plan.check_stock(&shared.app.engine.storage().stock(merchant, &plan.cells()).await?),
            false => Vec::new(),
        };
        let done = stock.is_empty() || !sent.skip_bad_rows;
        found.extend(stock);
        if !done {
            let places: BTreeSet<&str> = found.iter().map(|bad| bad.place.as_str()).collect();
            wishes.retain(|(place, _)| !places.contains(place.as_str()));
        }
        bad.extend(found);
        if done {
            return Ok((plan, bad));
        }
    }
    let text = format!("bad rows lean on one another more than {SIFT_ROUNDS} deep; write them without skip_bad_rows");
    Err(Problem::of_faults(vec![text]))
}

/// A body of many rows.
struct LongBody(Map<String, Value>);

impl FromRequest<Shared> for LongBody {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let bytes = bytes_of(request, shared, BODY_PATIENCE).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|fault| Problem::malformed(format!("the body: {fault}")))
    }
}

/// Gives the rows in chunks. They were checked as a whole; only a sale in between can still refuse one.
async fn give(
    shared: &Shared,
    by: &str,
    merchant: &MerchantId,
    rows: Vec<CalendarRow>,
    key: impl Fn(usize) -> CommandKey,
    digest: &str,
) -> Result<u32, Problem> {
    let mut written = 0_u32;
    for (part, chunk) in rows.chunks(BULK_LIMIT_ROWS).enumerate() {
        let body = Body::WriteCalendar { rows: chunk.to_vec() };
        let answer = shared.app.engine.command(merchant, key(part), digest.to_owned(), by, body).await?;
        written = written.saturating_add(acts::changed(answer)?);
    }
    Ok(written)
}

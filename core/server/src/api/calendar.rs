//! The calendar of a merchant's SKUs: prices, opening and stock by date. Read in ranges, written in bulk.
//!
//! - `bulk`: what a bulk write asks for, cell by cell, with every fault.

mod bulk;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
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
use super::extract::{JsonBody, QueryOf, Writer, id};
use super::{Endpoint, Parameter, acts};
use crate::http::Shared;
use crate::http::problem::Problem;

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
            "Writes prices, opening and stock of dates, ranges and weekdays: all or none is begun; at most 20000 cells",
            Need::Operate,
            Some(bulk::schema),
            || post(write),
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
        "stock": bulk::own_bucket(sku).cloned().and_then(cell),
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
    JsonBody(body): JsonBody<Map<String, Value>>,
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
    let wishes = bulk::wishes(body).map_err(Problem::of_faults)?;
    let catalogue = acts::catalogue(&shared, &merchant).await?;
    let plan = bulk::plan(&wishes, &catalogue).map_err(Problem::of_faults)?;
    if !repeated {
        // A repeat met other numbers when it was new, and gets its first answer from the key.
        let stock = shared.app.engine.storage().stock(&merchant, &plan.cells()).await?;
        plan.check_stock(&stock)?;
    }
    let subject = plan.subject();
    let rows = plan.into_rows();
    let written = give(&shared, &asked.by, &merchant, rows, key, &digest).await?;
    let detail = format!("{written} rows");
    acts::log(&shared, &asked, Some(&merchant), "wrote the calendar", &subject, &detail).await?;
    Ok(Json(json!({ "rows": written })))
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

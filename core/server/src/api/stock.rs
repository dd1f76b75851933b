//! Stock by bucket: every cell with its slots and shares, and corrections without prices.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::{get, post};
use entrepot_contract::calendar::{Capacity, Stock, StockKey};
use entrepot_contract::ids::{BucketId, MerchantId};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::time::VisitDate;
use entrepot_domain::catalogue::Catalogue;
use entrepot_domain::command::{BULK_LIMIT_ROWS, Body, CommandKey, StockChange, StockCorrection};
use entrepot_domain::stock::set_capacity;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth::Need;
use super::calendar::{RANGE_LIMIT_DAYS, numbers};
use super::extract::{JsonBody, QueryOf, Writer, id};
use super::{Endpoint, Parameter, acts};
use crate::http::Shared;
use crate::http::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const QUERY: &[Parameter] = &[
        ("bucket", "only this bucket"),
        ("from", "first date; left out: only what is sold without a date"),
        ("to", "last date, at most 400 days from the first"),
    ];
    vec![
        Endpoint::look(
            "/merchants/{merchant}/stock",
            "Stock by bucket, date and slot, and who draws on each bucket",
            Need::See,
            QUERY,
            || get(read),
        ),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/stock",
            "Corrects the stock of cells: set to a capacity, or add to it; all rows or none, at most 500",
            Need::Operate,
            Some(schema),
            || post(correct),
        ),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    bucket: Option<BucketId>,
    from: Option<VisitDate>,
    to: Option<VisitDate>,
}

async fn read(
    State(shared): State<Shared>,
    Path(merchant): Path<String>,
    QueryOf(range): QueryOf<Range>,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let dates = match (range.from, range.to) {
        (None, None) => None,
        (Some(from), Some(to)) if (0..RANGE_LIMIT_DAYS).contains(&to.days_since(from)) => Some((from, to)),
        _ => {
            let text = format!("expected from and to, up to {RANGE_LIMIT_DAYS} days, or neither");
            return Err(Problem::malformed(text));
        }
    };
    let catalogue = acts::catalogue(&shared, &merchant).await?;
    let found = shared.app.storage.stock_between(&merchant, range.bucket.as_ref(), dates).await?;
    let mut buckets = Map::new();
    let mut cells = Vec::with_capacity(found.len());
    for (key, stock) in &found {
        buckets.entry(key.bucket.as_str()).or_insert_with(|| drawers(&catalogue, &key.bucket));
        let mut cell = numbers(stock);
        cell["bucket"] = json!(key.bucket);
        cell["date"] = json!(key.date);
        cell["slot"] = json!(key.slot);
        cells.push(cell);
    }
    Ok(Json(json!({ "cells": cells, "buckets": buckets })))
}

/// Who draws on a bucket: SKUs, and the listings whose own share it is.
fn drawers(catalogue: &Catalogue, bucket: &BucketId) -> Value {
    let skus = catalogue.skus.values().filter(|sku| sku.buckets.contains(bucket)).map(|sku| &sku.id);
    let shares = catalogue.listings.iter().filter(|listing| listing.allotment.as_ref() == Some(bucket));
    json!({
        "skus": skus.collect::<Vec<_>>(),
        "allotment_of": shares.map(|listing| &listing.id).collect::<Vec<_>>(),
    })
}

/// A cell's correction: one of `set` and `add`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The bucket.
    #[schemars(with = "String")]
    bucket: BucketId,
    /// The date; left out for what is sold without one.
    date: Option<VisitDate>,
    /// The time slot, where the date has several.
    slot: Option<String>,
    /// How many units may be sold.
    set: Option<Capacity>,
    /// So many more, or fewer when negative.
    add: Option<i32>,
}

fn schema(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["rows"],
        "properties": {
            "rows": {
                "type": "array", "minItems": 1, "maxItems": BULK_LIMIT_ROWS, "items": generator.subschema_for::<Row>()
            }
        },
        "additionalProperties": false,
    })
}

/// Rows as they come: each is read by itself, so that every fault is found.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    rows: Vec<Value>,
}

impl Row {
    fn read(place: &str, value: Value) -> Result<StockCorrection, String> {
        let row: Self = serde_json::from_value(value).map_err(|fault| format!("{place}: {fault}"))?;
        if let Some(fault) = row.slot.as_deref().and_then(|slot| acts::slot_fault(place, slot)) {
            return Err(fault);
        }
        let change = match (row.set, row.add) {
            (Some(capacity), None) => StockChange::Set(capacity),
            (None, Some(more)) => StockChange::Add(more),
            (found, _) => {
                let found = if found.is_some() { "both" } else { "neither" };
                return Err(format!("{place}: expected one of set and add, found {found}"));
            }
        };
        Ok(StockCorrection { key: StockKey { bucket: row.bucket, date: row.date, slot: row.slot }, change })
    }
}

/// What the rules would refuse, row by row, with the place of each.
fn refusals(rows: &[StockCorrection], catalogue: &Catalogue, mut stock: BTreeMap<StockKey, Stock>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        match after(row, catalogue, stock.get(&row.key)) {
            Ok(cell) => {
                stock.insert(row.key.clone(), cell);
            }
            Err(refusal) => refusals.push(Refusal::new(refusal.reason, format!("rows[{index}]: {}", refusal.text))),
        }
    }
    refusals
}

fn after(row: &StockCorrection, catalogue: &Catalogue, before: Option<&Stock>) -> Result<Stock, Refusal> {
    let (key, malformed) = (&row.key, |text| Refusal::new(Reason::Malformed, text));
    if !catalogue.skus.values().any(|sku| catalogue.draws_on(sku, &key.bucket)) {
        return Err(malformed(format!("no SKU draws on bucket {}", key.bucket)));
    }
    let capacity = match (row.change, before.map(|stock| stock.capacity)) {
        (StockChange::Set(capacity), _) => capacity,
        (StockChange::Add(more), Some(Capacity::Limited(limit))) => limit
            .checked_add_signed(more)
            .map(Capacity::Limited)
            .ok_or_else(|| malformed(format!("{} can sell {limit}; {more:+} cannot be counted", key.bucket)))?,
        (StockChange::Add(_), found) => {
            let found = if found.is_some() { "stock without limit" } else { "nothing" };
            let text = format!("{} has no number to add to, found {found}; set one instead", key.bucket);
            return Err(malformed(text));
        }
    };
    set_capacity(key, before, capacity)
}

async fn correct(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path(merchant): Path<String>,
    JsonBody(body): JsonBody<Rows>,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let count = body.rows.len();
    if !(1..=BULK_LIMIT_ROWS).contains(&count) {
        return Err(Problem::malformed(format!("rows: expected 1 to {BULK_LIMIT_ROWS}, found {count}")));
    }
    let (mut rows, mut faults) = (Vec::with_capacity(count), Vec::new());
    for (index, value) in body.rows.into_iter().enumerate() {
        match Row::read(&format!("rows[{index}]"), value) {
            Ok(row) => rows.push(row),
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(Problem::of_faults(faults));
    }
    let command = Body::CorrectStock { rows: rows.clone() };
    let key =
        CommandKey { scope: format!("api:{}", asked.by), kind: command.name().to_owned(), key: asked.key.clone() };
    if shared.app.storage.fingerprint_of(&merchant, &key).await?.is_none() {
        // The command stops at the first fault. A repeat met other numbers when it was new.
        let catalogue = acts::catalogue(&shared, &merchant).await?;
        let keys: Vec<StockKey> = rows.iter().map(|row| row.key.clone()).collect();
        let stock = shared.app.engine.storage().stock(&merchant, &keys).await?;
        acts::unrefused(refusals(&rows, &catalogue, stock))?;
    }
    let written = acts::changed(shared.app.engine.administer(&asked, &merchant, command).await?)?;
    let subject = rows.first().map(|row| row.key.bucket.to_string()).unwrap_or_default();
    acts::log(&shared, &asked, Some(&merchant), "corrected stock", &subject, &format!("{written} rows")).await?;
    Ok(Json(json!({ "rows": written })))
}

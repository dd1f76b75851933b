//! What people changed: who, when, what was there before and after.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::get;
use entrepot_contract::ids::MerchantId;
use entrepot_contract::time::VisitDate;
use entrepot_domain::change::HistoryKind;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Need;
use super::extract::{QueryOf, id};
use super::{Endpoint, Parameter};
use crate::http::Shared;
use crate::http::problem::Problem;

/// Lines of a page when nobody says how many.
const PAGE_LINES: u32 = 50;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const QUERY: &[Parameter] = &[
        ("kind", "calendar, stock, catalogue, credit_limit, code or code_batch"),
        (
            "subject",
            "a SKU, a bucket, an entry such as product/lake, a distributor, a code's id, pool/batch: in this order of kinds",
        ),
        ("date", "only what touches this date"),
        ("before", "the seq of the last line of the page before"),
        ("limit", "lines of a page: 50, at most 200"),
    ];
    vec![Endpoint::look(
        "/merchants/{merchant}/history",
        "What people changed of one subject, the newest first, with what was there before",
        Need::See,
        QUERY,
        || get(list),
    )]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    kind: HistoryKind,
    subject: String,
    date: Option<VisitDate>,
    before: Option<i64>,
    limit: Option<u32>,
}

async fn list(
    State(shared): State<Shared>,
    Path(merchant): Path<String>,
    QueryOf(asked): QueryOf<Asked>,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let page = (asked.before, asked.limit.unwrap_or(PAGE_LINES));
    let found = shared.app.storage.list_history(&merchant, asked.kind, &asked.subject, asked.date, page).await?;
    let lines: Vec<Value> = found
        .into_iter()
        .map(|(seq, line)| {
            let mut line = json!(line);
            line["seq"] = json!(seq);
            line
        })
        .collect();
    Ok(Json(json!({ "history": lines })))
}

//! What differs between our orders and a channel's (差异): a list for people and spreadsheets, and a person's word that one
//! is settled.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use entrepot_contract::ids::{ConnectionId, MerchantId};
use entrepot_contract::time::VisitDate;
use entrepot_domain::difference::DifferenceKind;
use entrepot_engine::notes::{ComparedDay, DifferenceFilter, DifferenceName, StandingDifference};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Need;
use super::extract::{JsonBody, QueryOf, Writer, id};
use super::{Endpoint, Parameter, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;
use crate::sheet::{self, Sheet};

/// Longest subject, in bytes.
const SUBJECT_LIMIT_BYTES: usize = 256;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const QUERY: &[Parameter] = &[
        ("connection", "only of this channel connection"),
        ("day", "only of this day's comparison"),
        ("settled", "true: those that are gone or were settled, too"),
        ("format", "json, csv (UTF-8 with its mark) or xlsx"),
        ("limit", "rows: 10000, and at most so many"),
    ];
    vec![
        Endpoint::look(
            "/merchants/{merchant}/differences",
            "What differs between our orders and the channels', the newest day first, with what to do about it",
            Need::See,
            QUERY,
            || get(list),
        ),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/differences/settle",
            "A person settled a difference; a later comparison that finds it again raises it again",
            Need::Operate,
            Some(body_of::<Settled>),
            || post(settle),
        ),
    ]
}

/// How a list is written.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    Csv,
    Xlsx,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    connection: Option<ConnectionId>,
    day: Option<VisitDate>,
    #[serde(default)]
    settled: bool,
    #[serde(default)]
    format: Format,
    #[serde(default)]
    limit: u32,
}

const HEADINGS: &[&str] = &[
    "day",
    "connection",
    "kind",
    "subject",
    "order",
    "voucher",
    "ours",
    "theirs",
    "advice_zh",
    "advice_en",
    "found_at",
    "seen_at",
    "settled_at",
    "settled_by",
];

fn row(found: &StandingDifference) -> Value {
    let mut row = json!(found);
    let (zh, en) = found.difference.kind.advice();
    row["advice_zh"] = json!(zh);
    row["advice_en"] = json!(en);
    row
}

/// A reservation's differences stand under those of its voucher, where that comes first.
fn together(found: &[StandingDifference]) -> Vec<&StandingDifference> {
    let family = |one: &StandingDifference| {
        let named = one.difference.voucher.as_ref().map_or(one.difference.subject.as_str(), |voucher| voucher.as_str());
        (one.day, one.connection.to_string(), named.to_owned())
    };
    let mut places = std::collections::BTreeMap::new();
    for (place, one) in found.iter().enumerate() {
        places.entry(family(one)).or_insert(place);
    }
    let mut rows: Vec<&StandingDifference> = found.iter().collect();
    rows.sort_by_key(|one| (places.get(&family(one)).copied(), one.difference.voucher.is_some()));
    rows
}

fn sheet(rows: &[Value]) -> Sheet {
    let cell = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let cells = |row: &Value| HEADINGS.iter().map(|name| cell(row, name)).collect();
    Sheet { name: "differences", headings: HEADINGS, rows: rows.iter().map(cells).collect() }
}

async fn list(
    State(shared): State<Shared>,
    Path(merchant): Path<String>,
    QueryOf(query): QueryOf<Listed>,
) -> Result<Response, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let filter =
        DifferenceFilter { connection: query.connection, day: query.day, settled: query.settled, limit: query.limit };
    let found = shared.app.engine.storage().differences(&merchant, &filter).await?;
    let full = found.len() >= usize::try_from(filter.most()).unwrap_or(usize::MAX);
    let rows: Vec<Value> = together(&found).into_iter().map(row).collect();
    let (kind, bytes) = match query.format {
        Format::Json => return Ok(Json(json!({ "differences": rows, "more": full })).into_response()),
        Format::Csv => (sheet::CSV, sheet(&rows).csv()),
        Format::Xlsx => (sheet::XLSX, sheet(&rows).xlsx()),
    };
    let bytes = bytes.map_err(|fault| {
        tracing::error!(fault, "differences could not be written");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "unwritable", "the list cannot be written in this format")
    })?;
    Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response())
}

/// Which difference, and what was done about it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settled {
    /// The channel connection.
    #[schemars(with = "String")]
    connection: ConnectionId,
    /// The day of the comparison.
    day: VisitDate,
    /// Its kind, as the list shows it.
    #[schemars(with = "String")]
    kind: DifferenceKind,
    /// What it is about, as the list shows it.
    subject: String,
    /// What was done about it; no guest's data.
    note: String,
}

async fn settle(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path(merchant): Path<String>,
    JsonBody(body): JsonBody<Settled>,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let fits = (1..=SUBJECT_LIMIT_BYTES).contains(&body.subject.len()) && !body.subject.contains('\0');
    acts::faultless([
        acts::text_fault("note", &body.note),
        (!fits).then(|| format!("subject: expected 1 to {SUBJECT_LIMIT_BYTES} bytes")),
    ])?;
    let (engine, Settled { connection, day, kind, subject, note }) = (&shared.app.engine, body);
    let by = format!("{}: {note}", asked.by);
    let of = ComparedDay { merchant: merchant.clone(), connection: connection.clone(), day };
    let which = DifferenceName { of, kind, subject: subject.clone() };
    if !engine.storage().settle(&which, &by, engine.now()).await? {
        // A repeat of the same word is no fault.
        let filter = DifferenceFilter { connection: Some(connection.clone()), day: Some(day), settled: true, limit: 0 };
        let known = engine.storage().differences(&merchant, &filter).await?;
        let same = known.iter().find(|one| one.difference.kind == kind && one.difference.subject == subject);
        if same.is_none_or(|one| one.settled_by.as_deref() != Some(by.as_str())) {
            let text = format!("no difference {} about {subject} of {day} stands at {connection}", kind.name());
            return Err(Problem::not_found(text));
        }
    }
    let detail = format!("{} of {day} at {connection}: {note}", kind.name());
    acts::log(&shared, &asked, Some(&merchant), "settled a difference", &subject, &detail).await?;
    Ok(Json(json!({ "connection": connection, "day": day, "kind": kind, "subject": subject, "settled": true })))
}

//! Redemption at Entrepot's own desk: by order, by the code a guest shows, or by a list of used tickets. A code is in the
//! body only: it never reaches a log, a URL or a problem's text.

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::Method;
use axum::routing::post;
use entrepot_contract::ids::{MerchantId, OrderId};
use entrepot_contract::intent::UnitChoice;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::CommandKey;
use entrepot_engine::flows::redeem::{Redeem, Shown};
use entrepot_engine::flows::redeem_rows::{ROWS_LIMIT, RowOutcome, UsedList};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth::Need;
use super::extract::{JsonBody, QueryOf, Writer, bytes_of, id, is_csv};
use super::used_file::{self, UsedFile};
use super::{Endpoint, acts};
use crate::http::Shared;
use crate::http::problem::Problem;

/// Longest code, in characters.
pub(super) const CODE_LIMIT_CHARS: usize = 512;

/// Largest list, in bytes.
const LIST_LIMIT_BYTES: usize = 2 * 1024 * 1024;

/// How many times longer than other bodies a list may take to arrive.
const LIST_PATIENCE: u64 = 4;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/redemptions",
            "Redeems units of an order, or the unit whose code is shown",
            Need::Redeem,
            Some(schema),
            || post(redeem),
        ),
        Endpoint {
            query: &[("dry_run", "true: each row is answered as it would be, nothing is written")],
            ..Endpoint::act(
                Method::POST,
                "/merchants/{merchant}/redemptions/list",
                "Redeems a list of used tickets, each row by itself; the same list again changes nothing: JSON, or \
                 text/csv with a header row (columns code, or order and units; optional used_at); at most 2 MiB and \
                 5000 rows",
                Need::Redeem,
                Some(list_schema),
                || post(redeem_list).layer(DefaultBodyLimit::max(LIST_LIMIT_BYTES)),
            )
        },
    ]
}

fn list_schema(_: &mut SchemaGenerator) -> Schema {
    let time =
        "when it was used: at the venue (2026-10-01 09:30) or with an offset; at most 31 days ago; now without it";
    json_schema!({
        "type": "object",
        "required": ["rows"],
        "properties": {
            "rows": {
                "type": "array",
                "maxItems": ROWS_LIMIT,
                "items": {
                    "type": "object",
                    "properties": {
                        "line": { "type": "integer", "minimum": 0, "description": "for the answer; counted from 1 when left out" },
                        "code": { "type": "string", "maxLength": CODE_LIMIT_CHARS, "description": "what the guest showed" },
                        "order": { "type": "string", "description": "an order id, instead of a code" },
                        "units": {
                            "type": "array", "minItems": 1, "items": { "type": "integer", "minimum": 1, "maximum": 65535 },
                            "description": "numbers of the order's units; all that are left when left out"
                        },
                        "used_at": { "type": "string", "description": time }
                    },
                    "additionalProperties": false
                }
            },
            "dry_run": { "type": "boolean", "description": "each row is answered as it would be, nothing is written" }
        },
        "additionalProperties": false
    })
}

fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "oneOf": [
            {
                "type": "object",
                "required": ["order"],
                "properties": {
                    "order": { "type": "string", "description": "an order id" },
                    "units": {
                        "type": "array", "minItems": 1, "items": { "type": "integer", "minimum": 1, "maximum": 65535 },
                        "description": "numbers of units; all that are left when left out"
                    }
                },
                "additionalProperties": false
            },
            {
                "type": "object",
                "required": ["code"],
                "properties": {
                    "code": { "type": "string", "maxLength": CODE_LIMIT_CHARS, "description": "what the guest shows" }
                },
                "additionalProperties": false
            }
        ]
    })
}

/// What is shown. Read by hand, because a reader's own words could repeat the code.
fn shown(body: &Map<String, Value>) -> Result<Shown, Problem> {
    const FORM: &str = "expected {\"order\", \"units\"?} or {\"code\"}";
    if body.keys().any(|name| !["order", "units", "code"].contains(&name.as_str())) {
        return Err(Problem::malformed(format!("the body has other fields; {FORM}")));
    }
    match (body.get("order"), body.get("units"), body.get("code")) {
        (Some(Value::String(order)), units, None) => {
            let units = units.map_or(Ok(UnitChoice::AllLeft), units_of).map_err(Problem::malformed)?;
            let order: OrderId = order.parse().map_err(|fault| Problem::malformed(format!("order: {fault}")))?;
            Ok(Shown::Order(order, units))
        }
        (None, None, Some(Value::String(code))) => Ok(Shown::Code(code_of(code).map_err(Problem::malformed)?)),
        _ => Err(Problem::malformed(FORM)),
    }
}

/// A code as it may be, or what is wrong with it.
pub(super) fn code_of(code: &str) -> Result<String, String> {
    let count = code.trim().chars().count();
    if count == 0 || count > CODE_LIMIT_CHARS || code.chars().any(char::is_control) {
        return Err(format!("code: expected 1 to {CODE_LIMIT_CHARS} printable characters"));
    }
    Ok(code.to_owned())
}

/// Numbers of units, or what is wrong with them.
pub(super) fn units_of(units: &Value) -> Result<UnitChoice, String> {
    let number = |unit: &Value| unit.as_u64().and_then(|unit| u16::try_from(unit).ok()).filter(|unit| *unit > 0);
    let units: Option<Vec<u16>> = units.as_array().and_then(|units| units.iter().map(number).collect());
    match units {
        Some(units) if !units.is_empty() => Ok(UnitChoice::Numbers(units)),
        _ => Err("units: expected a list of one or more numbers from 1 to 65535".to_owned()),
    }
}

async fn redeem(
    State(shared): State<Shared>,
    Writer(asked, principal): Writer,
    Path(merchant): Path<String>,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let redeem = Redeem {
        merchant: merchant.clone(),
        gate: principal.gate,
        shown: shown(&body)?,
        key: CommandKey { scope: format!("api:{}", asked.by), kind: "redeem".to_owned(), key: asked.key.clone() },
        by: asked.by.clone(),
    };
    match acts::settled(shared.app.engine.redeem(redeem).await?)? {
        Answer::Redeemed { order, units } => {
            let detail = format!("units {units:?}");
            acts::log(&shared, &asked, Some(&merchant), "redeemed", order.as_str(), &detail).await?;
            Ok(Json(json!({ "order": order, "units": units })))
        }
        other => Err(acts::odd(&other)),
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListQuery {
    dry_run: bool,
}

/// A list as it arrives.
struct SentList {
    file: UsedFile,
    dry_run: bool,
}

impl FromRequest<Shared> for SentList {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let csv = is_csv(request.headers())?;
        let bytes = bytes_of(request, shared, LIST_PATIENCE).await?;
        let (file, dry_run) = if csv { (used_file::of_csv(&bytes)?, false) } else { used_file::of_json(&bytes)? };
        Ok(Self { file, dry_run })
    }
}

async fn redeem_list(
    State(shared): State<Shared>,
    Writer(asked, principal): Writer,
    Path(merchant): Path<String>,
    QueryOf(query): QueryOf<ListQuery>,
    sent: SentList,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let dry_run = sent.dry_run || query.dry_run;
    let UsedFile { rows, refused, ignored } = sent.file;
    let list = UsedList {
        merchant: merchant.clone(),
        gate: principal.gate,
        rows,
        dry_run,
        key: asked.key.clone(),
        by: asked.by.clone(),
    };
    let outcomes = shared.app.engine.redeem_rows(list).await;
    let (mut counts, mut results) = (Counts::default(), Vec::with_capacity(outcomes.len() + refused.len()));
    for (line, fault) in refused {
        counts.refused += 1;
        results.push((line, json!({ "line": line, "result": "refused", "reason": "malformed", "text": fault })));
    }
    for (line, outcome) in outcomes {
        results.push((line, counts.told(line, outcome)));
    }
    results.sort_by_key(|(line, _)| *line);
    let results: Vec<Value> = results.into_iter().map(|(_, result)| result).collect();
    if !dry_run {
        let Counts { redeemed, used_before, refused, busy } = counts;
        let detail =
            format!("{redeemed} rows redeemed, {used_before} used before, {refused} refused, {busy} not tried");
        acts::log(&shared, &asked, Some(&merchant), "redeemed a list", merchant.as_str(), &detail).await?;
    }
    Ok(Json(json!({
        "rows": results.len(), "redeemed": counts.redeemed, "used_before": counts.used_before,
        "refused": counts.refused, "busy": counts.busy, "dry_run": dry_run, "results": results,
        "ignored_columns": ignored,
    })))
}

/// What a list came to.
#[derive(Default)]
struct Counts {
    redeemed: usize,
    used_before: usize,
    refused: usize,
    busy: usize,
}

impl Counts {
    /// Counts a row; its part of the answer.
    fn told(&mut self, line: u32, outcome: RowOutcome) -> Value {
        match outcome {
            RowOutcome::Redeemed { order, units } => {
                self.redeemed += 1;
                json!({ "line": line, "result": "redeemed", "order": order, "units": units })
            }
            RowOutcome::UsedBefore { order, units } => {
                self.used_before += 1;
                json!({ "line": line, "result": "used_before", "order": order, "units": units })
            }
            RowOutcome::Refused(refusal) => {
                self.refused += 1;
                let mut told =
                    json!({ "line": line, "result": "refused", "reason": refusal.reason, "text": refusal.text });
                if let Some(chinese) = refusal.zh {
                    told["text_zh"] = json!(chinese);
                }
                told
            }
            RowOutcome::Busy => {
                self.busy += 1;
                json!({ "line": line, "result": "busy", "text": "not tried now; give the list again" })
            }
        }
    }
}

//! Redemption at Entrepot's own desk: by order, or by the code a guest shows. A code is in the body only: it never
//! reaches a log, a URL or a problem's text.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::post;
use entrepot_contract::ids::{MerchantId, OrderId};
use entrepot_contract::intent::UnitChoice;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::CommandKey;
use entrepot_engine::flows::redeem::{Redeem, Shown};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::auth::Need;
use super::extract::{JsonBody, Writer, id};
use super::{Endpoint, acts};
use crate::http::Shared;
use crate::http::problem::Problem;

/// Longest code, in characters.
const CODE_LIMIT_CHARS: usize = 512;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::act(
        Method::POST,
        "/merchants/{merchant}/redemptions",
        "Redeems units of an order, or the unit whose code is shown",
        Need::Redeem,
        Some(schema),
        || post(redeem),
    )]
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
            let units = units.map_or(Ok(UnitChoice::AllLeft), units_of)?;
            let order: OrderId = order.parse().map_err(|fault| Problem::malformed(format!("order: {fault}")))?;
            Ok(Shown::Order(order, units))
        }
        (None, None, Some(Value::String(code))) => {
            let count = code.trim().chars().count();
            if count == 0 || count > CODE_LIMIT_CHARS || code.chars().any(char::is_control) {
                return Err(Problem::malformed(format!("code: expected 1 to {CODE_LIMIT_CHARS} printable characters")));
            }
            Ok(Shown::Code(code.clone()))
        }
        _ => Err(Problem::malformed(FORM)),
    }
}

fn units_of(units: &Value) -> Result<UnitChoice, Problem> {
    let number = |unit: &Value| unit.as_u64().and_then(|unit| u16::try_from(unit).ok()).filter(|unit| *unit > 0);
    let units: Option<Vec<u16>> = units.as_array().and_then(|units| units.iter().map(number).collect());
    match units {
        Some(units) if !units.is_empty() => Ok(UnitChoice::Numbers(units)),
        _ => Err(Problem::malformed("units: expected a list of one or more numbers from 1 to 65535")),
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

//! Codes typed by a person, for an order whose supplier cannot issue (人工出票). Codes are in the body only: they never
//! reach a log, a URL or a problem's text.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::post;
use entrepot_contract::ids::{MerchantId, OrderId};
use entrepot_contract::order::{Credential, CredentialKind, Order, UnitCredentials};
use entrepot_domain::answer::Answer;
use entrepot_engine::flows::issue_by_hand::{BY_HAND_LIMIT, ByHand};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::acts::{faultless, text_fault};
use super::auth::Need;
use super::extract::{JsonBody, Writer, id};
use super::redemption::{CODE_LIMIT_CHARS, code_of};
use super::{Endpoint, acts};
use crate::http::Shared;
use crate::http::problem::Problem;

/// The kinds of codes that can be typed.
const KINDS: [(&str, CredentialKind); 3] = [
    ("voucher_number", CredentialKind::VoucherNumber),
    ("qr_code", CredentialKind::QrCode),
    ("url", CredentialKind::Url),
];

/// The names that a body may have.
const NAMES: [&str; 5] = ["codes", "for_all", "kind", "reason", "supplier_has_none"];

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::act(
        Method::POST,
        "/merchants/{merchant}/orders/{order}/issue",
        "Issues an accepted order, or one whose supplier was asked, with codes that a person types; the channel is told",
        Need::Operate,
        Some(schema),
        || post(issue),
    )]
}

fn schema(_: &mut SchemaGenerator) -> Schema {
    let code = json!({ "type": "string", "minLength": 1, "maxLength": CODE_LIMIT_CHARS });
    let several = json!({ "type": "array", "minItems": 1, "items": code });
    json_schema!({
        "type": "object",
        "required": ["reason"],
        "properties": {
            "codes": {
                "type": "array", "minItems": 1, "items": { "anyOf": [code, several] },
                "description": format!("for each unit, in the units' order, its code or codes; at most {BY_HAND_LIMIT} in all, none twice")
            },
            "for_all": { "type": "string", "maxLength": CODE_LIMIT_CHARS, "description": "instead of codes: one that all units show" },
            "kind": { "enum": KINDS.map(|(name, _)| name), "description": "what the codes are; voucher_number when left out" },
            "reason": { "type": "string", "description": "for the timeline; holds no code" },
            "supplier_has_none": {
                "type": "boolean",
                "description": "somebody looked at the supplier: it issued nothing. Needed while its answer is open"
            }
        },
        "additionalProperties": false
    })
}

/// What a person typed. Read by hand, because a reader's own words could repeat a code.
struct Typed {
    codes: Codes,
    kind: CredentialKind,
    reason: String,
    looked: bool,
}

enum Codes {
    /// For each unit its own.
    Each(Vec<Vec<String>>),
    /// One for all.
    ForAll(String),
}

fn typed(body: &Map<String, Value>) -> Result<Typed, Problem> {
    if body.keys().any(|name| !NAMES.contains(&name.as_str())) {
        return Err(Problem::malformed(format!("the body: expected {} only", NAMES.join(", "))));
    }
    let codes = match (body.get("codes"), body.get("for_all")) {
        (Some(Value::Array(units)), None) => {
            Codes::Each(units.iter().enumerate().map(|(at, unit)| of_unit(at + 1, unit)).collect::<Result<_, _>>()?)
        }
        (None, Some(Value::String(code))) => Codes::ForAll(one("for_all", code)?),
        _ => {
            return Err(Problem::malformed("the body: expected codes, a list with an entry for each unit, or for_all"));
        }
    };
    let kind = match body.get("kind") {
        None => Some(CredentialKind::VoucherNumber),
        Some(name) => KINDS.iter().find(|(known, _)| name == known).map(|(_, kind)| *kind),
    };
    let kind = kind.ok_or_else(|| {
        Problem::malformed(format!("kind: expected one of {}", KINDS.map(|(name, _)| name).join(", ")))
    })?;
    let reason = body.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned();
    let looked = match body.get("supplier_has_none") {
        None => false,
        Some(Value::Bool(looked)) => *looked,
        Some(_) => return Err(Problem::malformed("supplier_has_none: expected true or false")),
    };
    faultless([text_fault("reason", &reason)])?;
    Ok(Typed { codes, kind, reason, looked })
}

fn of_unit(number: usize, unit: &Value) -> Result<Vec<String>, Problem> {
    let place = format!("unit {number}");
    let codes: Option<Vec<&str>> = match unit {
        Value::String(code) => Some(vec![code]),
        Value::Array(codes) if !codes.is_empty() => codes.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let codes = codes.ok_or_else(|| Problem::malformed(format!("{place}: expected a code or a list of codes")))?;
    codes.into_iter().map(|code| one(&place, code)).collect()
}

fn one(place: &str, code: &str) -> Result<String, Problem> {
    let code = code_of(code).map_err(|fault| Problem::malformed(format!("{place}: {fault}")))?;
    Ok(code.trim().to_owned())
}

impl Typed {
    /// Each unit with what its guest shows.
    fn units(&self, order: &Order) -> Result<Vec<UnitCredentials>, Problem> {
        let credential = |value: &String| Credential { kind: self.kind, value: value.clone(), document_kind: None };
        let units = order.units.iter().map(|unit| unit.number);
        match &self.codes {
            Codes::ForAll(code) => {
                Ok(units.map(|unit| UnitCredentials { unit, credentials: vec![credential(code)] }).collect())
            }
            Codes::Each(codes) => {
                let (found, bought) = (codes.len(), order.units.len());
                let count: usize = codes.iter().map(Vec::len).sum();
                let mut once: Vec<&String> = codes.iter().flatten().collect();
                once.sort_unstable();
                once.dedup();
                faultless([
                    (found != bought)
                        .then(|| format!("codes: order {} has {bought} units, found codes for {found}", order.id)),
                    (count > BY_HAND_LIMIT).then(|| format!("codes: at most {BY_HAND_LIMIT}, found {count}")),
                    (once.len() != count).then(|| {
                        "codes: one stands there twice; give it as for_all when all units show the same".to_owned()
                    }),
                ])?;
                let of = |(unit, codes): (u16, &Vec<String>)| UnitCredentials {
                    unit,
                    credentials: codes.iter().map(credential).collect(),
                };
                Ok(units.zip(codes).map(of).collect())
            }
        }
    }
}

async fn issue(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path((merchant, order)): Path<(String, String)>,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<Json<Value>, Problem> {
    let (merchant, order): (MerchantId, OrderId) = (id(&merchant)?, id(&order)?);
    let typed = typed(&body)?;
    let found = shared.app.engine.storage().order(&merchant, &order).await?;
    let (found, _) = found.ok_or_else(|| Problem::not_found(format!("merchant {merchant} has no order {order}")))?;
    let units = typed.units(&found)?;
    let detail = format!("{} units, {}", units.len(), typed.reason);
    let hand = ByHand { merchant: merchant.clone(), order, units, reason: typed.reason, looked: typed.looked };
    match acts::settled(shared.app.engine.issue_by_hand(&asked, hand).await?)? {
        Answer::Issued { order } => {
            acts::log(&shared, &asked, Some(&merchant), "issued by hand", order.as_str(), &detail).await?;
            Ok(Json(json!({ "order": order, "units": found.units.len(), "issued": "by_hand" })))
        }
        other => Err(acts::odd(&other)),
    }
}

//! Many refunds decided at once. Each counts by itself: what somebody else decided meanwhile, or the channel by itself, is
//! refused and the others are not.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::post;
use entrepot_contract::ids::{MerchantId, RefundId};
use entrepot_engine::flows::administer::Asked;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::acts::faultless;
use super::super::auth::Need;
use super::super::extract::{JsonBody, Writer, id};
use super::super::{Endpoint, body_of};
use super::{Decision, faults, find, settle};
use crate::http::Shared;
use crate::http::problem::Problem;

/// Most refunds decided by one request.
const DECISIONS_LIMIT: usize = 200;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::act(
        Method::POST,
        "/merchants/{merchant}/refunds/decisions",
        "Decides up to 200 refunds that wait, each with a result of its own",
        Need::Operate,
        Some(body_of::<Decisions>),
        || post(decide),
    )
}

/// Several decisions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Decisions {
    /// 1 to 200, each of another refund.
    #[schemars(length(min = 1, max = 200))]
    decisions: Vec<OneDecision>,
}

/// One of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneDecision {
    /// Which refund.
    refund: RefundId,
    /// Yes or no.
    agree: bool,
    /// For the guest; needed on a no.
    reason: Option<String>,
}

async fn decide(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path(merchant): Path<String>,
    JsonBody(body): JsonBody<Decisions>,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let found = body.decisions.len();
    if !(1..=DECISIONS_LIMIT).contains(&found) {
        return Err(Problem::malformed(format!("decisions: expected 1 to {DECISIONS_LIMIT}, found {found}")));
    }
    let mut seen = BTreeSet::new();
    let mut all = Vec::with_capacity(found);
    let mut wrong = Vec::new();
    for (number, OneDecision { refund, agree, reason }) in body.decisions.into_iter().enumerate() {
        let decision = Decision { agree, reason };
        wrong.extend(faults(&decision, &format!("decisions[{number}].")));
        wrong.push(
            (!seen.insert(refund.clone())).then(|| format!("decisions[{number}].refund: {refund} stands there twice")),
        );
        all.push((refund, decision));
    }
    faultless(wrong)?;
    let (mut results, mut decided) = (Vec::with_capacity(found), 0_usize);
    for (refund, decision) in all {
        let (done, result) = one(&shared, &asked, &merchant, &refund, decision).await;
        decided += usize::from(done);
        results.push(result);
    }
    Ok(Json(json!({ "decided": decided, "refused": found - decided, "results": results })))
}

/// What came of one, and whether it was decided so. Its key is the request's with its number: a repeat of the request gets the
/// first results.
async fn one(
    shared: &Shared,
    asked: &Asked,
    merchant: &MerchantId,
    refund: &RefundId,
    decision: Decision,
) -> (bool, Value) {
    let asked = Asked { by: asked.by.clone(), key: format!("{}/{refund}", asked.key) };
    let done = match find(shared, merchant, refund.as_str()).await {
        Ok(found) => settle(shared, &asked, merchant, found, decision).await,
        Err(problem) => Err(problem),
    };
    match done {
        Ok(mut told) => {
            told["result"] = json!("decided");
            (true, told)
        }
        Err(problem) => {
            let mut told = json!(problem);
            let said = ["reason", "detail", "detail_zh"].map(|name| told[name].take());
            let [reason, text, chinese] = said;
            let mut result = json!({ "refund": refund, "result": "refused", "reason": reason, "text": text });
            if !chinese.is_null() {
                result["text_zh"] = chinese;
            }
            (false, result)
        }
    }
}

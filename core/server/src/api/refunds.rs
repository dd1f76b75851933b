//! Refunds: list, look with what the rule would say, decide.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::{get, post};
use entrepot_contract::ids::{MerchantId, OrderId, RefundId};
use entrepot_contract::order::{Order, Refund, RefundState};
use entrepot_contract::product::RefundFee;
use entrepot_domain::answer::{Answer, RefundStanding};
use entrepot_domain::decide::preview;
use entrepot_domain::refund_rule::Verdict;
use entrepot_store::admin::Page;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::acts::{faultless, text_fault};
use super::auth::Need;
use super::extract::{JsonBody, QueryOf, Writer, id};
use super::{Endpoint, Parameter, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const QUERY: &[Parameter] = &[
        ("state", "only refunds in this state: waiting, agreed, refused, done"),
        ("after", "the last id of the page before"),
        ("limit", "rows of a page: 100, at most 500"),
    ];
    vec![
        Endpoint::look("/merchants/{merchant}/refunds", "Refunds, the newest first", Need::See, QUERY, || get(list)),
        Endpoint::look(
            "/merchants/{merchant}/refunds/{refund}",
            "One refund with its order, and what the order's rule says now",
            Need::See,
            &[],
            || get(show),
        ),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/refunds/{refund}/decision",
            "Decides a refund that waits",
            Need::Operate,
            Some(body_of::<Decision>),
            || post(decide),
        ),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    state: Option<RefundState>,
    after: Option<String>,
    #[serde(default)]
    limit: u32,
}

async fn list(
    State(shared): State<Shared>,
    Path(merchant): Path<String>,
    QueryOf(query): QueryOf<ListQuery>,
) -> Result<Json<Value>, Problem> {
    let state = query.state.map(|state| json!(state));
    let page = Page { after: query.after, limit: query.limit };
    let state = state.as_ref().and_then(Value::as_str);
    let refunds = shared.app.storage.list_refunds(&id::<MerchantId>(&merchant)?, state, &page).await?;
    Ok(Json(json!({ "refunds": refunds })))
}

async fn find(shared: &Shared, merchant: &MerchantId, refund: &str) -> Result<Refund, Problem> {
    let refund: RefundId = id(refund)?;
    let found = shared.app.storage.refund(merchant, refund.as_str()).await?;
    found.ok_or_else(|| Problem::not_found(format!("merchant {merchant} has no refund {refund}")))
}

async fn show(
    State(shared): State<Shared>,
    Path((merchant, refund)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let refund = find(&shared, &merchant, &refund).await?;
    let order = order_of(&shared, &merchant, &refund.order).await?;
    let voucher = match order.source() {
        Some((source, _)) => Some(order_of(&shared, &merchant, source).await?),
        None => None,
    };
    let told = preview(&order, voucher.as_ref(), refund.cause, refund.units.len(), refund.asked_at)?;
    let (verdict, fee) = match told.verdict {
        Verdict::Allow(fee) => ("agree", Some(fee)),
        Verdict::Refuse => ("refuse", None),
        Verdict::AskPerson => ("a_person_decides", None),
    };
    let fee = fee.filter(|fee| *fee != RefundFee::Free);
    let preview = json!({
        "rule": verdict,
        "fee": fee,
        "settlement_fee_per_unit": told.settlement_fee,
        "units": refund.units,
    });
    Ok(Json(json!({ "refund": refund, "order": order, "preview": preview })))
}

async fn order_of(shared: &Shared, merchant: &MerchantId, order: &OrderId) -> Result<Order, Problem> {
    let found = shared.app.engine.storage().order(merchant, order).await?;
    let missing = || Problem::not_found(format!("merchant {merchant} has no order {order}"));
    Ok(found.ok_or_else(missing)?.0)
}

/// A decision.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Decision {
    /// Yes or no.
    agree: bool,
    /// For the guest; needed on a no.
    reason: Option<String>,
}

async fn decide(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path((merchant, refund)): Path<(String, String)>,
    JsonBody(body): JsonBody<Decision>,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let missing = !body.agree && body.reason.is_none();
    faultless([
        missing.then(|| "reason: a no needs one, for the guest".to_owned()),
        body.reason.as_deref().and_then(|reason| text_fault("reason", reason)),
    ])?;
    let refund = find(&shared, &merchant, &refund).await?;
    let (agree, reason) = (body.agree, body.reason);
    let detail = if agree { "agreed".to_owned() } else { format!("refused: {}", reason.clone().unwrap_or_default()) };
    let engine = &shared.app.engine;
    let answer =
        engine.decide_refund(&asked, &merchant, refund.order.clone(), refund.id.clone(), agree, reason).await?;
    match acts::settled(answer)? {
        Answer::Refund { order, refund, standing } => {
            acts::log(&shared, &asked, Some(&merchant), "decided a refund", refund.as_str(), &detail).await?;
            let state = match standing {
                RefundStanding::Waiting => RefundState::Waiting,
                RefundStanding::Agreed { .. } => RefundState::Agreed,
                RefundStanding::Refused { .. } => RefundState::Refused,
                RefundStanding::Done => RefundState::Done,
            };
            Ok(Json(json!({ "order": order, "refund": refund, "state": state })))
        }
        other => Err(acts::odd(&other)),
    }
}

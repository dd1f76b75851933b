//! Refunds: list, look with what the rule would say and how long there is, decide; `bulk`: decide many, each with a result of
//! its own.

mod bulk;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::{get, post};
use entrepot_contract::ids::{MerchantId, OrderId, RefundId};
use entrepot_contract::order::{Order, Refund, RefundState};
use entrepot_contract::product::RefundFee;
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::{Answer, RefundStanding};
use entrepot_domain::decide::{decides_itself_at, preview};
use entrepot_domain::refund_rule::Verdict;
use entrepot_engine::flows::administer::Asked;
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
        Endpoint::look(
            "/merchants/{merchant}/refunds",
            "Refunds, the newest first; with those that wait what the rule says and how long there is",
            Need::See,
            QUERY,
            || get(list),
        ),
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
        bulk::endpoint(),
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
    let merchant: MerchantId = id(&merchant)?;
    let state = query.state.map(|state| json!(state));
    let page = Page { after: query.after, limit: query.limit };
    let state = state.as_ref().and_then(Value::as_str);
    let refunds = shared.app.storage.list_refunds(&merchant, state, &page).await?;
    let waiting: Vec<OrderId> =
        refunds.iter().filter(|one| one.state == RefundState::Waiting).map(|one| one.order.clone()).collect();
    let orders = shared.app.storage.families(&merchant, &waiting).await?;
    let orders: BTreeMap<&OrderId, &Order> = orders.iter().map(|order| (&order.id, order)).collect();
    let now = shared.app.engine.now();
    let mut rows = Vec::with_capacity(refunds.len());
    for refund in refunds {
        let mut row = json!(refund);
        if refund.state == RefundState::Waiting
            && let Some(order) = orders.get(&refund.order)
        {
            let voucher = order.source().and_then(|(source, _)| orders.get(source));
            time_left(order, &refund, now, &mut row);
            row["preview"] = previewed(order, voucher.copied(), &refund)?;
        }
        rows.push(row);
    }
    Ok(Json(json!({ "refunds": rows })))
}

/// Adds when the channel decides by itself, and how long that is from now; nothing where it waits for ever.
fn time_left(order: &Order, refund: &Refund, now: Timestamp, row: &mut Value) {
    if let Some(due) = decides_itself_at(order, &refund.id) {
        row["decides_itself_at"] = json!(due);
        row["left_ms"] = json!(due.since(now).max(0));
    }
}

/// What the rule says of a refund, as it stands now.
fn previewed(order: &Order, voucher: Option<&Order>, refund: &Refund) -> Result<Value, Problem> {
    let told = preview(order, voucher, refund.cause, refund.units.len(), refund.asked_at)?;
    let (verdict, fee) = match told.verdict {
        Verdict::Allow(fee) => ("agree", Some(fee)),
        Verdict::Refuse => ("refuse", None),
        Verdict::AskPerson => ("a_person_decides", None),
    };
    Ok(json!({
        "rule": verdict,
        "fee": fee.filter(|fee| *fee != RefundFee::Free),
        "settlement_fee_per_unit": told.settlement_fee,
        "units": refund.units,
    }))
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
    let mut told = json!({ "refund": refund, "order": order });
    if refund.state == RefundState::Waiting {
        time_left(&order, &refund, shared.app.engine.now(), &mut told);
    }
    told["preview"] = previewed(&order, voucher.as_ref(), &refund)?;
    Ok(Json(told))
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
    faultless(faults(&body, ""))?;
    let refund = find(&shared, &merchant, &refund).await?;
    settle(&shared, &asked, &merchant, refund, body).await.map(Json)
}

/// What is wrong with a decision by itself.
fn faults(body: &Decision, place: &str) -> [Option<String>; 2] {
    let missing = !body.agree && body.reason.is_none();
    [
        missing.then(|| format!("{place}reason: a no needs one, for the guest")),
        body.reason.as_deref().and_then(|reason| text_fault(&format!("{place}reason"), reason)),
    ]
}

/// Decides one, and writes down who did.
async fn settle(
    shared: &Shared,
    asked: &Asked,
    merchant: &MerchantId,
    refund: Refund,
    body: Decision,
) -> Result<Value, Problem> {
    let (agree, reason) = (body.agree, body.reason);
    let detail = if agree { "agreed".to_owned() } else { format!("refused: {}", reason.clone().unwrap_or_default()) };
    let engine = &shared.app.engine;
    let answer = engine.decide_refund(asked, merchant, refund.order.clone(), refund.id.clone(), agree, reason).await?;
    match acts::settled(answer)? {
        Answer::Refund { order, refund, standing } => {
            acts::log(shared, asked, Some(merchant), "decided a refund", refund.as_str(), &detail).await?;
            let state = match standing {
                RefundStanding::Waiting => RefundState::Waiting,
                RefundStanding::Agreed { .. } => RefundState::Agreed,
                RefundStanding::Refused { .. } => RefundState::Refused,
                RefundStanding::Done => RefundState::Done,
            };
            Ok(json!({ "order": order, "refund": refund, "state": state }))
        }
        other => Err(acts::odd(&other)),
    }
}

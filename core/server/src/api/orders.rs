//! Orders: list, look, timeline, interface log, acceptance by hand; guests and credentials only with a line in the audit
//! log.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::{get, post};
use entrepot_contract::ids::{MerchantId, OrderId};
use entrepot_contract::order::Order;
use entrepot_contract::time::VisitDate;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, OrderName};
use entrepot_domain::standing;
use entrepot_store::admin::{OrderFilter, Page};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::acts::{faultless, text_fault};
use super::auth::Need;
use super::extract::{JsonBody, QueryOf, Reader, Writer, id};
use super::{Endpoint, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;

const PAGE: [(&str, &str); 2] =
    [("after", "the last id of the page before"), ("limit", "rows of a page: 100, at most 500")];

pub(super) fn endpoints() -> Vec<Endpoint> {
    const QUERY: &[(&str, &str)] = &[
        ("state", "only orders in this state"),
        ("channel_order", "the order as the channel names it"),
        ("arrive", "only orders with this date of visit"),
        PAGE[0],
        PAGE[1],
    ];
    let look = |path, summary, need, route| Endpoint {
        method: Method::GET,
        path,
        summary,
        need,
        body: None,
        query: &[],
        route,
    };
    vec![
        Endpoint {
            method: Method::GET,
            path: "/merchants/{merchant}/orders",
            summary: "Orders, the newest first",
            need: Need::See,
            body: None,
            query: QUERY,
            route: || get(list),
        },
        look("/merchants/{merchant}/orders/{order}", "One order with its refunds and timeline", Need::See, || {
            get(show)
        }),
        look(
            "/merchants/{merchant}/orders/{order}/interface-log",
            "The exchanges with partners about one order, masked",
            Need::See,
            || get(interface_log),
        ),
        look(
            "/merchants/{merchant}/orders/{order}/guests",
            "Who an order names; written into the audit log",
            Need::SeeGuests,
            || get(guests),
        ),
        look(
            "/merchants/{merchant}/orders/{order}/credentials",
            "What the guests show; written into the audit log",
            Need::SeeGuests,
            || get(credentials),
        ),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/orders/{order}/acceptance",
            "Accepts or refuses a paid order that waits for it; the channel is told afterwards",
            Need::Operate,
            Some(body_of::<Acceptance>),
            || post(accept),
        ),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    state: Option<String>,
    channel_order: Option<String>,
    arrive: Option<VisitDate>,
    after: Option<String>,
    #[serde(default)]
    limit: u32,
}

async fn list(
    State(shared): State<Shared>,
    Path(merchant): Path<String>,
    QueryOf(query): QueryOf<ListQuery>,
) -> Result<Json<Value>, Problem> {
    let filter = OrderFilter { state: query.state, channel_order: query.channel_order, arrive: query.arrive };
    let page = Page { after: query.after, limit: query.limit };
    let merchant: MerchantId = id(&merchant)?;
    let orders = shared.app.storage.list_orders(&merchant, &filter, &page).await?;
    let of_vouchers: Vec<OrderId> = orders.iter().filter(|one| of_voucher(one)).map(|one| one.id.clone()).collect();
    let members = shared.app.storage.families(&merchant, &of_vouchers).await?;
    let orders: Vec<Value> = orders
        .iter()
        .map(|order| {
            let mut told = json!(order);
            stand(order, &members, &mut told);
            told
        })
        .collect();
    Ok(Json(json!({ "orders": orders })))
}

/// Whether an order is a voucher whose dates are reserved, or a reservation.
fn of_voucher(order: &Order) -> bool {
    order.terms.reservation.is_some() || order.source().is_some()
}

/// Adds how a voucher or its reservation stands for a desk, with the order beside it.
fn stand(order: &Order, members: &[Order], told: &mut Value) {
    if !of_voucher(order) {
        return;
    }
    let family: Vec<Order> = members.iter().filter(|member| member.family == order.family).cloned().collect();
    if let Some(standing) = standing::together(order, &family) {
        told["standing"] = json!(standing);
        told["standing_zh"] = json!(standing.zh());
    }
    if let Some(linked) = standing::linked(order, &family) {
        told["linked_order"] = json!({
            "id": linked.id, "channel_order": linked.channel_order, "state": linked.state,
        });
    }
}

async fn find(shared: &Shared, merchant: &str, order: &str) -> Result<(MerchantId, Order, Value), Problem> {
    let merchant: MerchantId = id(merchant)?;
    let order: OrderId = id(order)?;
    let found = shared.app.engine.storage().order(&merchant, &order).await?;
    let (order, refunds) =
        found.ok_or_else(|| Problem::not_found(format!("merchant {merchant} has no order {order}")))?;
    Ok((merchant, order, json!(refunds)))
}

async fn show(
    State(shared): State<Shared>,
    Path((merchant, order)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let (merchant, order, refunds) = find(&shared, &merchant, &order).await?;
    let timeline = shared.app.engine.storage().events(&merchant, &order.id).await?;
    let lines = shared.app.engine.storage().refund_lines(&merchant, &order.id).await?;
    let mut told = json!({ "order": order, "refunds": refunds, "refund_lines": lines, "timeline": timeline });
    if of_voucher(&order) {
        let members = shared.app.storage.families(&merchant, std::slice::from_ref(&order.id)).await?;
        stand(&order, &members, &mut told);
    }
    Ok(Json(told))
}

async fn interface_log(
    State(shared): State<Shared>,
    Path((merchant, order)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let (merchant, order, _) = find(&shared, &merchant, &order).await?;
    let names = [order.id.as_str(), order.channel_order.as_str()];
    let lines = shared.app.storage.interface_of(&merchant, names).await?;
    Ok(Json(json!({ "exchanges": lines })))
}

async fn guests(
    State(shared): State<Shared>,
    Reader(principal): Reader,
    Path((merchant, order)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let (merchant, order, _) = find(&shared, &merchant, &order).await?;
    // The line is written first: nobody sees guests' data without it.
    shared.app.engine.audit(&principal.name, Some(&merchant), "saw guests", order.id.as_str(), "").await?;
    let guests = shared.app.engine.storage().guests(&merchant, &order.id).await?;
    Ok(Json(json!({ "guests": guests })))
}

async fn credentials(
    State(shared): State<Shared>,
    Reader(principal): Reader,
    Path((merchant, order)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let (merchant, order, _) = find(&shared, &merchant, &order).await?;
    shared.app.engine.audit(&principal.name, Some(&merchant), "saw credentials", order.id.as_str(), "").await?;
    if order.unshown {
        shared.app.engine.show_credentials(&merchant, &order.id).await?;
    }
    let units = shared.app.engine.storage().credentials(&merchant, &order.id).await?;
    Ok(Json(json!({ "units": units })))
}

/// Whether a paid order is taken.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    /// Yes or no.
    accept: bool,
    /// For the channel and the guest; needed on a no.
    reason: Option<String>,
}

async fn accept(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path((merchant, order)): Path<(String, String)>,
    JsonBody(body): JsonBody<Acceptance>,
) -> Result<Json<Value>, Problem> {
    let missing = !body.accept && body.reason.is_none();
    faultless([
        missing.then(|| "reason: a no needs one, for the channel and the guest".to_owned()),
        body.reason.as_deref().and_then(|reason| text_fault("reason", reason)),
    ])?;
    let (merchant, order, _) = find(&shared, &merchant, &order).await?;
    let detail = if body.accept { String::new() } else { body.reason.clone().unwrap_or_default() };
    let command =
        Body::DecideAcceptance { order: OrderName::Own(order.id.clone()), accept: body.accept, reason: body.reason };
    match acts::settled(shared.app.engine.administer(&asked, &merchant, command).await?)? {
        Answer::Paid { order, acceptance } => {
            let act = if body.accept { "accepted an order" } else { "refused an order" };
            acts::log(&shared, &asked, Some(&merchant), act, order.as_str(), &detail).await?;
            Ok(Json(json!({ "order": order, "acceptance": acceptance })))
        }
        other => Err(acts::odd(&other)),
    }
}

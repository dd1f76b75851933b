//! Days that are compared with a channel (对账): asked for, and how they went. What differs is [`super::differences`].

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use entrepot_contract::ids::{ConnectionId, MerchantId};
use entrepot_contract::time::VisitDate;
use entrepot_domain::catalogue::{ChannelRules, ConnectionRules};
use entrepot_domain::venue;
use entrepot_engine::directory::Connection;
use entrepot_engine::flows::reconcile::{CHANNEL_ZONE, Comparison};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Need;
use super::extract::{JsonBody, QueryOf, Writer, id};
use super::{Endpoint, Parameter, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;

/// Most days of one list.
const DAYS_LIMIT: usize = 400;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const QUERY: &[Parameter] = &[("connection", "only of this channel connection")];
    vec![
        Endpoint::look(
            "/merchants/{merchant}/reconciliations",
            "Days that were compared with channels, the newest first; at most 400",
            Need::See,
            QUERY,
            || get(list),
        ),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/reconciliations",
            "Compares a day's orders, uses and bill with a channel; it goes on beside, look at the day for its end",
            Need::Operate,
            Some(body_of::<Wanted>),
            || post(compare),
        ),
        Endpoint::look(
            "/merchants/{merchant}/reconciliations/{connection}/{day}",
            "How comparing a day went",
            Need::See,
            &[],
            || get(show),
        ),
    ]
}

/// Which day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The channel connection.
    #[schemars(with = "String")]
    connection: ConnectionId,
    /// The day, in the channel's time: yyyy-MM-dd.
    day: VisitDate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    connection: Option<ConnectionId>,
}

/// A merchant's channel connection.
fn channel(shared: &Shared, merchant: &MerchantId, id: &ConnectionId) -> Result<(Connection, ChannelRules), Problem> {
    let directory = shared.app.engine.directory();
    let known = directory.connections.get(id).filter(|known| known.merchant == *merchant);
    let found = known.and_then(|known| match &known.rules {
        ConnectionRules::Channel(rules) => Some((known.clone(), rules.clone())),
        ConnectionRules::Supplier(_) => None,
    });
    found.ok_or_else(|| Problem::not_found(format!("merchant {merchant} has no channel connection {id}")))
}

fn row(connection: &ConnectionId, day: VisitDate, comparison: &Comparison) -> Value {
    let mut row = json!(comparison);
    row["connection"] = json!(connection);
    row["day"] = json!(day);
    row
}

async fn list(
    State(shared): State<Shared>,
    Path(merchant): Path<String>,
    QueryOf(query): QueryOf<Listed>,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    if let Some(named) = &query.connection {
        channel(&shared, &merchant, named)?;
    }
    let directory = shared.app.engine.directory();
    let mut all = Vec::new();
    for connection in directory.connections.values() {
        let asked = query.connection.as_ref().is_none_or(|named| *named == connection.id);
        if connection.merchant == merchant && asked && matches!(connection.rules, ConnectionRules::Channel(_)) {
            let days = shared.app.engine.comparisons(connection).await?;
            all.extend(days.into_iter().map(|(day, comparison)| (day, connection.id.clone(), comparison)));
        }
    }
    all.sort_by(|one, other| (other.0, &one.1).cmp(&(one.0, &other.1)));
    all.truncate(DAYS_LIMIT);
    let rows: Vec<Value> = all.iter().map(|(day, connection, comparison)| row(connection, *day, comparison)).collect();
    Ok(Json(json!({ "reconciliations": rows })))
}

async fn show(
    State(shared): State<Shared>,
    Path((merchant, connection, day)): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let (merchant, connection): (MerchantId, ConnectionId) = (id(&merchant)?, id(&connection)?);
    let day: VisitDate = id(&day)?;
    let (known, _) = channel(&shared, &merchant, &connection)?;
    let days = shared.app.engine.comparisons(&known).await?;
    let found = days.get(&day).ok_or_else(|| {
        Problem::not_found(format!("{day} was not compared with {connection}, and nobody asked for it"))
    })?;
    Ok(Json(row(&connection, day, found)))
}

async fn compare(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path(merchant): Path<String>,
    JsonBody(body): JsonBody<Wanted>,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let (connection, rules) = channel(&shared, &merchant, &body.connection)?;
    let zone = rules.beside.compares.as_ref().map_or(CHANNEL_ZONE, |compares| compares.time_zone.as_str());
    let today = venue::zone(zone).and_then(|zone| venue::today(zone, shared.app.engine.now()));
    if let Some(today) = today.filter(|today| body.day > *today) {
        let text = format!("day: expected a day that has begun: {today} in {zone} at the latest, found {}", body.day);
        return Err(Problem::malformed(text));
    }
    if !shared.app.engine.compare_soon(&connection, body.day, &asked.by).await? {
        let text = format!(
            "plugin {} of connection {} cannot ask its channel about orders, or is not open: there is nothing to compare \
             with",
            connection.plugin, connection.id
        );
        return Err(Problem::new(StatusCode::CONFLICT, "unsupported", text));
    }
    let detail = body.day.to_string();
    acts::log(&shared, &asked, Some(&merchant), "had a day compared", connection.id.as_str(), &detail).await?;
    Ok(Json(json!({ "connection": connection.id, "day": body.day, "standing": "wanted" })))
}

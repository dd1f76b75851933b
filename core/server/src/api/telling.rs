//! What channels are told and asked beside their orders: how it goes, and a person's word to do it again now. Prices and
//! stock, products, the changes that are followed.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use entrepot_contract::capability::ChannelCapabilities;
use entrepot_contract::ids::ConnectionId;
use entrepot_contract::looking::LookName;
use entrepot_domain::catalogue::{ChannelRules, ConnectionRules, TellsProducts};
use entrepot_domain::planted::{self, Bug};
use entrepot_engine::directory::Connection;
use entrepot_engine::flows::tell_product::Untellable;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Need;
use super::extract::{JsonBody, Writer, id};
use super::{Endpoint, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let (see, operate) = (Need::See, Need::Operate);
    vec![
        Endpoint::look(
            "/connections/{connection}/calendar-tellings",
            "How telling a channel prices and stock goes, product by product",
            see,
            &[],
            || get(calendars),
        ),
        Endpoint::act(
            Method::POST,
            "/connections/{connection}/calendar-tellings",
            "Tells a channel all dates again: of one product, or of all",
            operate,
            Some(body_of::<Which>),
            || post(tell_calendars),
        ),
        Endpoint::look(
            "/connections/{connection}/product-tellings",
            "How telling a channel its products goes",
            see,
            &[],
            || get(products),
        ),
        Endpoint::act(
            Method::POST,
            "/connections/{connection}/product-tellings",
            "Tells a channel a product as it stands now, or all of them",
            operate,
            Some(body_of::<Which>),
            || post(tell_products),
        ),
        Endpoint::look(
            "/connections/{connection}/catch-up",
            "How far the changes of a channel's orders were followed",
            see,
            &[],
            || get(following),
        ),
        Endpoint::act(
            Method::POST,
            "/connections/{connection}/catch-up",
            "Follows the changes of a channel's orders now",
            operate,
            None,
            || post(follow),
        ),
    ]
}

/// What is told.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Which {
    /// The product's name, as the list shows it; all when left out.
    product: Option<String>,
}

/// The channel connection that a path names, with its rules. Whose it is was looked at by the guard.
pub(super) fn channel(shared: &Shared, connection: &str) -> Result<(Connection, ChannelRules), Problem> {
    let connection: ConnectionId = id(connection)?;
    let directory = shared.app.engine.directory();
    let known = directory.connections.get(&connection).cloned();
    let known = known.ok_or_else(|| Problem::not_found(format!("no connection {connection} is configured")))?;
    match known.rules.clone() {
        ConnectionRules::Channel(rules) => Ok((known, rules)),
        ConnectionRules::Supplier(_) => {
            let text = format!("connection {connection} is a supplier; only channels are told and followed");
            Err(Problem::new(StatusCode::CONFLICT, "unsupported", text))
        }
    }
}

/// What the connection's plugin can do; nothing while it is not open.
pub(crate) fn abilities(shared: &Shared, connection: &Connection) -> ChannelCapabilities {
    let instance = shared.app.engine.host().instance(&connection.instance());
    instance.and_then(|open| open.manifest().capabilities.channel.clone()).unwrap_or_default()
}

/// The configuration's key of something that is off.
fn off(connection: &Connection, what: &str, key: &str) -> Problem {
    let text = format!(
        "connection {} is not configured to {what}: set {key} at [merchants.{}.channels.{}], then: entrepot reload",
        connection.id, connection.merchant, connection.id
    );
    Problem::new(StatusCode::CONFLICT, "off", text)
}

fn unable(connection: &Connection, what: &str) -> Problem {
    let text = format!(
        "plugin {} of connection {} cannot {what}, or is not open; its card says what it can: entrepot plugins list",
        connection.plugin, connection.id
    );
    Problem::new(StatusCode::CONFLICT, "unsupported", text)
}

async fn names(shared: &Shared, connection: &Connection) -> Result<Vec<String>, Problem> {
    let products = shared.app.engine.channel_products(connection).await?;
    Ok(products.into_iter().map(|(name, _)| name).collect())
}

/// A product that is not listed at the connection.
async fn unlisted(shared: &Shared, connection: &Connection, named: Option<&str>) -> Result<Problem, Problem> {
    let known = names(shared, connection).await?.join(", ");
    Ok(Problem::not_found(match named {
        Some(name) => format!("connection {} has no product {name:?}; there are: {known}", connection.id),
        None => format!("connection {} has no listing: put one into the catalogue first", connection.id),
    }))
}

async fn calendars(State(shared): State<Shared>, Path(connection): Path<String>) -> Result<Json<Value>, Problem> {
    let (connection, rules) = channel(&shared, &connection)?;
    let mut known: std::collections::BTreeMap<_, _> =
        shared.app.engine.calendar_tellings(&connection).await?.into_iter().collect();
    let rows: Vec<Value> = names(&shared, &connection)
        .await?
        .into_iter()
        .map(|name| {
            let mut row = json!(known.remove(&name).unwrap_or_default());
            row["product"] = json!(name);
            row
        })
        .collect();
    Ok(Json(json!({
        "connection": connection.id,
        "configured": rules.beside.calendar.is_some(),
        "able": abilities(&shared, &connection).calendar.is_some(),
        "products": rows,
    })))
}

async fn tell_calendars(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path(connection): Path<String>,
    JsonBody(body): JsonBody<Which>,
) -> Result<Json<Value>, Problem> {
    let (connection, rules) = channel(&shared, &connection)?;
    if rules.beside.calendar.is_none() {
        return Err(off(&connection, "tell its channel prices and stock", "a table `calendar`"));
    }
    if abilities(&shared, &connection).calendar.is_none() {
        return Err(unable(&connection, "tell prices and stock"));
    }
    let product = body.product.as_deref();
    let count = shared.app.engine.tell_calendar_whole(&connection, product).await?;
    if count == 0 {
        return Err(unlisted(&shared, &connection, product).await?);
    }
    let detail = product.unwrap_or("all products");
    let act = "had prices and stock told again";
    acts::log(&shared, &asked, Some(&connection.merchant), act, connection.id.as_str(), detail).await?;
    Ok(Json(json!({ "connection": connection.id, "products": count })))
}

async fn products(State(shared): State<Shared>, Path(connection): Path<String>) -> Result<Json<Value>, Problem> {
    let (connection, rules) = channel(&shared, &connection)?;
    let mut known = shared.app.engine.product_tellings(&connection).await?;
    let rows: Vec<Value> = names(&shared, &connection)
        .await?
        .into_iter()
        .map(|name| {
            let mut row = json!(known.remove(&name).unwrap_or_default());
            row["product"] = json!(name);
            row
        })
        .collect();
    let told = match rules.beside.products {
        TellsProducts::Never => "never",
        TellsProducts::Asked => "asked",
        TellsProducts::Always => "always",
    };
    let able = abilities(&shared, &connection).notices.iter().any(|notice| notice == "product");
    Ok(Json(json!({ "connection": connection.id, "configured": told, "able": able, "products": rows })))
}

async fn tell_products(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path(connection): Path<String>,
    JsonBody(body): JsonBody<Which>,
) -> Result<Json<Value>, Problem> {
    let (connection, _) = channel(&shared, &connection)?;
    let product = body.product.as_deref();
    let count = match shared.app.engine.tell_products(&connection, product).await? {
        Ok(count) => count,
        Err(_) if planted::is(Bug::UndeclaredTold) => 1,
        Err(Untellable::Off) => {
            return Err(off(&connection, "tell its channel products", "products = \"asked\" or \"always\""));
        }
        Err(Untellable::Unable) => return Err(unable(&connection, "tell products")),
    };
    if count == 0 {
        return Err(unlisted(&shared, &connection, product).await?);
    }
    let detail = product.unwrap_or("all products");
    acts::log(&shared, &asked, Some(&connection.merchant), "had products told", connection.id.as_str(), detail).await?;
    Ok(Json(json!({ "connection": connection.id, "products": count })))
}

async fn following(State(shared): State<Shared>, Path(connection): Path<String>) -> Result<Json<Value>, Problem> {
    let (connection, rules) = channel(&shared, &connection)?;
    let mut row = json!(shared.app.engine.following(&connection).await?);
    row["connection"] = json!(connection.id);
    row["every_s"] = json!(rules.beside.catch_up_ms.map(|every| every / 1000));
    row["able"] = json!(abilities(&shared, &connection).looks.contains(&LookName::Orders));
    Ok(Json(row))
}

async fn follow(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path(connection): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (connection, rules) = channel(&shared, &connection)?;
    if rules.beside.catch_up_ms.is_none() {
        return Err(off(&connection, "follow its channel's orders", "catch_up_s = 300"));
    }
    if !abilities(&shared, &connection).looks.contains(&LookName::Orders) {
        return Err(unable(&connection, "ask its channel about orders"));
    }
    shared.app.engine.catch_up_soon(&connection).await?;
    let merchant = Some(&connection.merchant);
    acts::log(&shared, &asked, merchant, "had a channel's changes followed", connection.id.as_str(), "now").await?;
    Ok(Json(json!({ "connection": connection.id, "asked": true })))
}

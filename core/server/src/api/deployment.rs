//! What is deployed: merchants, applications, connections with their switches, plugins, routes, invariants.
//! A caller with a merchant sees what is that merchant's.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::{get, post};
use entrepot_contract::ids::{ApplicationId, ConnectionId, MerchantId};
use entrepot_domain::catalogue::ConnectionRules;
use entrepot_domain::invariants;
use entrepot_engine::directory::{Connection, Directory};
use entrepot_engine::storage::Switch;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::{Need, Principal};
use super::extract::{JsonBody, Reader, Writer, id};
use super::{Endpoint, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let see = Need::See;
    vec![
        Endpoint::look("/merchants", "Merchants", see, &[], || get(merchants)),
        Endpoint::look("/applications", "Applications, without credentials", see, &[], || get(applications)),
        Endpoint::look("/connections", "Connections and whether they sell", see, &[], || get(connections)),
        Endpoint::act(
            Method::POST,
            "/connections/{connection}/switch",
            "Switches a connection: on, paused (no new sales), draining (no new sales, to be removed)",
            Need::Operate,
            Some(body_of::<SwitchBody>),
            || post(switch),
        ),
        Endpoint::look("/plugins", "Plugins, their instances and health", see, &[], || get(plugins)),
        Endpoint::look("/routes", "The paths that partners call", see, &[], || get(routes)),
        Endpoint::look(
            "/merchants/{merchant}/invariants",
            "Checks stock, ledger, codes and orders against each other",
            see,
            &[],
            || get(check),
        ),
    ]
}

fn sees(principal: &Principal, merchant: &MerchantId) -> bool {
    principal.merchant.as_ref().is_none_or(|own| own == merchant)
}

/// The connections that a caller may see.
fn seen<'a>(directory: &'a Directory, principal: &'a Principal) -> impl Iterator<Item = &'a Connection> {
    directory.connections.values().filter(|connection| sees(principal, &connection.merchant))
}

/// The applications that a caller may see; none: all.
fn scope(directory: &Directory, principal: &Principal) -> Option<BTreeSet<ApplicationId>> {
    principal.merchant.as_ref()?;
    Some(seen(directory, principal).map(|connection| connection.application.clone()).collect())
}

async fn merchants(State(shared): State<Shared>, Reader(principal): Reader) -> Json<Value> {
    let directory = shared.app.engine.directory();
    let merchants = directory.merchants.iter().filter(|(id, _)| sees(&principal, id));
    let merchants: Vec<Value> = merchants.map(|(id, name)| json!({ "id": id, "name": name })).collect();
    Json(json!({ "merchants": merchants }))
}

async fn applications(State(shared): State<Shared>, Reader(principal): Reader) -> Json<Value> {
    let directory = shared.app.engine.directory();
    let scope = scope(&directory, &principal);
    let applications = directory.applications.values();
    let applications: Vec<Value> = applications
        .filter(|application| scope.as_ref().is_none_or(|scope| scope.contains(&application.id)))
        .map(|application| {
            let plugins: Vec<_> = application.plugins.keys().collect();
            json!({ "id": application.id, "family": application.family, "plugins": plugins })
        })
        .collect();
    Json(json!({ "applications": applications }))
}

async fn connections(State(shared): State<Shared>, Reader(principal): Reader) -> Result<Json<Value>, Problem> {
    let directory = shared.app.engine.directory();
    let switches = shared.app.engine.storage().switches().await?;
    let connections: Vec<Value> = seen(&directory, &principal)
        .map(|connection| {
            let switch = switches.get(&connection.id).copied().unwrap_or(Switch::On);
            let (kind, selling) = match &connection.rules {
                ConnectionRules::Channel(rules) => ("channel", rules.selling && switch == Switch::On),
                ConnectionRules::Supplier(rules) => ("supplier", rules.selling && switch == Switch::On),
            };
            json!({
                "id": connection.id,
                "merchant": connection.merchant,
                "plugin": connection.plugin,
                "kind": kind,
                "application": connection.application,
                "account": connection.facts.account,
                "switch": switch,
                "selling": selling,
            })
        })
        .collect();
    Ok(Json(json!({ "connections": connections })))
}

/// How a connection is switched.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Position {
    /// It sells.
    On,
    /// No new sales for now.
    Paused,
    /// No new sales; to be removed once its orders have ended.
    Draining,
}

/// Switches a connection.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SwitchBody {
    /// On, paused or draining.
    switch: Position,
}

async fn switch(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path(connection): Path<String>,
    JsonBody(body): JsonBody<SwitchBody>,
) -> Result<Json<Value>, Problem> {
    let connection: ConnectionId = id(&connection)?;
    let directory = shared.app.engine.directory();
    let known = directory
        .connections
        .get(&connection)
        .ok_or_else(|| Problem::not_found(format!("no connection {connection} is configured")))?;
    let switch = match body.switch {
        Position::On => Switch::On,
        Position::Paused => Switch::Paused,
        Position::Draining => Switch::Draining,
    };
    shared.app.engine.switch(&connection, switch).await?;
    let detail = format!("{switch:?}").to_lowercase();
    acts::log(&shared, &asked, Some(&known.merchant), "switched a connection", connection.as_str(), &detail).await?;
    Ok(Json(json!({ "connection": connection, "switch": switch })))
}

async fn plugins(State(shared): State<Shared>, Reader(principal): Reader) -> Json<Value> {
    let directory = shared.app.engine.directory();
    let mut plugins = shared.app.engine.host().status();
    if let Some(scope) = scope(&directory, &principal) {
        let own: BTreeSet<&ConnectionId> = seen(&directory, &principal).map(|connection| &connection.id).collect();
        for plugin in &mut plugins {
            // Reports may speak of other merchants' connections.
            plugin.reports.clear();
            plugin.instances.retain(|instance| scope.contains(&instance.key.application));
            for instance in &mut plugin.instances {
                instance.reports.clear();
                instance.connections.retain(|health| health.connection.as_ref().is_none_or(|id| own.contains(id)));
                let shared = instance.connections.iter_mut().filter(|health| health.connection.is_none());
                shared.for_each(|health| health.fault = None);
            }
        }
    }
    Json(json!({ "plugins": plugins }))
}

async fn routes(State(shared): State<Shared>, Reader(principal): Reader) -> Json<Value> {
    let directory = shared.app.engine.directory();
    let mut routes = directory.routes();
    if let Some(scope) = scope(&directory, &principal) {
        routes.retain(|route| scope.contains(&route.application));
    }
    Json(json!({ "routes": routes }))
}

async fn check(State(shared): State<Shared>, Path(merchant): Path<String>) -> Result<Json<Value>, Problem> {
    let snapshot = shared.app.engine.storage().snapshot(&id::<MerchantId>(&merchant)?).await?;
    let findings: Vec<Value> = invariants::check(&snapshot)
        .into_iter()
        .map(|finding| json!({ "name": finding.name, "held": finding.broken.is_empty(), "broken": finding.broken }))
        .collect();
    Ok(Json(json!({ "invariants": findings })))
}

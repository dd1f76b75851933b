//! Alive, ready, measured.

use axum::Json;
use axum::extract;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use entrepot_host::{InstanceStatus, PluginStatus, State, Trouble};
use serde_json::{Value, json};

use super::Shared;

/// The process runs.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers, and every instance of a plugin that is required is open. One that is degraded is told and
/// leaves the server ready: the others sell on.
pub async fn ready(extract::State(shared): extract::State<Shared>) -> (StatusCode, Json<Value>) {
    let database = shared.app.storage.ping().await.map_err(|fault| fault.to_string());
    let plugins = shared.app.engine.host().status();
    let ready = database.is_ok() && plugins.iter().all(required_are_open);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let database =
        database.map_or_else(|fault| json!({ "ready": false, "fault": fault }), |()| json!({ "ready": true }));
    let plugins: Vec<Value> = plugins.iter().map(told).collect();
    (status, Json(json!({ "ready": ready, "database": database, "plugins": plugins })))
}

fn required_are_open(plugin: &PluginStatus) -> bool {
    let shut = |instance: &InstanceStatus| matches!(instance.state, State::Failed | State::Declared);
    !plugin.instances.iter().any(|instance| instance.required && shut(instance))
}

/// A plugin with those of its instances that have troubles. Faults' texts are for the API: this page is open.
fn told(plugin: &PluginStatus) -> Value {
    let trouble = |trouble: Trouble| json!({ "what": trouble.what.to_string(), "since": trouble.since });
    let instances = plugin.instances.iter().filter_map(|instance| {
        let troubles: Vec<Value> = instance.troubles().into_iter().map(trouble).collect();
        let shown = json!({
            "instance": instance.key.to_string(),
            "state": instance.state,
            "required": instance.required,
            "troubles": troubles,
        });
        (!troubles.is_empty()).then_some(shown)
    });
    json!({ "id": plugin.id, "state": plugin.state, "degraded": instances.collect::<Vec<_>>() })
}

/// Everything that is counted, for Prometheus.
pub async fn metrics(extract::State(shared): extract::State<Shared>) -> impl IntoResponse {
    shared.metrics.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], shared.metrics.render())
}

/// Where to look.
pub async fn index() -> Json<Value> {
    Json(json!({
        "name": "entrepot",
        "version": env!("CARGO_PKG_VERSION"),
        "see": ["/healthz", "/readyz", "/metrics", "/api/v1/openapi.json"],
    }))
}

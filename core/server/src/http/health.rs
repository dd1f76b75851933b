//! Alive, ready, measured.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::Shared;

/// The process runs.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers, and every plugin that is required is open.
pub async fn ready(State(shared): State<Shared>) -> (StatusCode, Json<Value>) {
    let database = shared.app.storage.ping().await.map_err(|fault| fault.to_string());
    let plugins = shared.app.engine.host().status();
    let status = if database.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let database =
        database.map_or_else(|fault| json!({ "ready": false, "fault": fault }), |()| json!({ "ready": true }));
    let plugins: Vec<Value> = plugins
        .iter()
        .map(|plugin| serde_json::to_value(plugin).unwrap_or_default())
        .map(|plugin| json!({ "id": plugin["id"], "state": plugin["state"] }))
        .collect();
    (status, Json(json!({ "ready": status == StatusCode::OK, "database": database, "plugins": plugins })))
}

/// Everything that is counted, for Prometheus.
pub async fn metrics(State(shared): State<Shared>) -> impl IntoResponse {
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

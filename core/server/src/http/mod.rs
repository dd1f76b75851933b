//! The HTTP server: limits on everything, inbound calls, health, metrics, the admin API, and the way down.
//!
//! - [`inbound`]: `/in/{application}/…`; [`health`]: `/healthz`, `/readyz`, `/metrics`.
//! - [`problem`]: RFC 9457 answers.
//! - `listen`: accepting connections, with their number and their patience limited.

pub mod health;
pub mod inbound;
mod listen;
pub mod problem;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get};
use metrics_exporter_prometheus::PrometheusHandle;

pub use listen::serve;

use crate::api;
use crate::boot::App;
use crate::telemetry;

/// What every handler shares.
#[derive(Clone)]
pub struct Shared {
    /// Everything that runs.
    pub app: App,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// The way in for commands on this machine; never stored in the database.
    pub local_token: std::sync::Arc<str>,
    /// Counts and limits what unauthenticated callers may write into the log.
    pub strangers: std::sync::Arc<inbound::Strangers>,
}

impl Shared {
    /// What handlers share in a program that calls the [`router`] itself. Whoever shows `local_token` as bearer may do
    /// everything, as commands on this machine do.
    pub fn beside(app: App, local_token: &str) -> Result<Self, String> {
        let metrics = telemetry::start_metrics()?;
        Ok(Self { app, metrics, local_token: local_token.into(), strangers: std::sync::Arc::default() })
    }
}

/// All routes.
pub fn router(shared: Shared) -> Router {
    let limit = shared.app.running().config.http.body_limit_bytes;
    let inbound = Router::new()
        .route("/in/{application}/{*path}", any(inbound::handle))
        // The body is read by the handler itself, within a time and a size of its own.
        .layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/", get(health::index))
        .nest("/api/v1", api::router(&shared))
        .layer(DefaultBodyLimit::max(limit))
        .merge(inbound)
        .fallback(problem::no_route)
        .method_not_allowed_fallback(problem::no_method)
        .with_state(shared)
}

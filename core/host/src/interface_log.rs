//! The log of exchanges with partners, as a trait: the host says what happened, others keep it.

use entrepot_contract::ids::{ApplicationId, ConnectionId, PluginId, TraceId};
use entrepot_contract::time::Timestamp;

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The partner called us.
    Inbound,
    /// We called the partner.
    Outbound,
}

/// One exchange. Everything in it may be shown: bodies are masked, secrets are taken out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct InterfaceEntry {
    /// When it began.
    pub at: Timestamp,
    /// Who called whom.
    pub direction: Direction,
    /// The application.
    pub application: ApplicationId,
    /// The plugin.
    pub plugin: PluginId,
    /// The connection, where there is one.
    pub connection: Option<ConnectionId>,
    /// The order it is about, where it is known.
    pub order: Option<String>,
    /// Follows the call.
    pub trace: TraceId,
    /// The interface: the name a plugin gives it, or the scene of an inbound call.
    pub api: String,
    /// `POST`, `GET`, …
    pub method: String,
    /// The URL; values of its query are masked.
    pub url: String,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// Why there was none.
    pub fault: Option<String>,
    /// The body sent, masked.
    pub request_body: String,
    /// The body received, masked.
    pub response_body: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// Where exchanges are kept.
pub trait InterfaceLog: Send + Sync {
    /// Takes an entry. Must not block and must not fail: what cannot be kept is counted by the keeper.
    fn record(&self, entry: InterfaceEntry);
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoInterfaceLog;

impl InterfaceLog for NoInterfaceLog {
    fn record(&self, _entry: InterfaceEntry) {}
}

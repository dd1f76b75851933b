//! Who a plugin is: static, readable without opening anything.

use serde::{Deserialize, Serialize};

use crate::capability::Capabilities;
use crate::ids::{FamilyName, PluginId, SceneName};
use crate::version::ContractVersion;

/// A plugin's card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its id: what configuration names.
    pub id: PluginId,
    /// Channel or supplier.
    pub kind: PluginKind,
    /// The outside system it belongs to.
    pub family: FamilyName,
    /// Its own version, for people.
    pub version: String,
    /// The contract it was built with.
    pub contract: ContractVersion,
    /// One sentence for people.
    pub summary: String,
    /// What it can do.
    pub capabilities: Capabilities,
    /// JSON Schema of an instance's settings (an application's for channels, a connection's for suppliers).
    pub instance_settings: serde_json::Value,
    /// JSON Schema of a connection's settings, which come with each call.
    pub connection_settings: serde_json::Value,
    /// Names of secrets it asks the host for at opening.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// The scenes it takes calls for.
    #[serde(default)]
    pub scenes: Vec<Scene>,
    /// Quotas that the partner documents for calls of one application. The host keeps them, unless the configuration
    /// names another for the same interface.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<ApiRate>,
    /// What the interface log may show in clear.
    #[serde(default)]
    pub log: LogRules,
    /// `unwind` or `abort`: a host refuses a library built with `abort`.
    #[serde(default = "unwind")]
    pub panic: String,
}

fn unwind() -> String {
    "unwind".to_owned()
}

/// Channel or supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginKind {
    /// Sells.
    Channel,
    /// Fulfils.
    Supplier,
    /// A kind added after this build: a host does not take such a card.
    #[serde(other)]
    Unknown,
}

/// A kind of inbound call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scene {
    /// Unique in the family.
    pub name: SceneName,
    /// The partner's own name of it, for the operator who types the URL into a console.
    pub action: String,
    /// `POST`, …
    pub method: String,
    /// Path below `/in/{application}/`.
    pub path: String,
    /// How long the partner waits, in milliseconds.
    pub limit_ms: u32,
    /// Whether it states a fact that has to be kept even when nobody knows the order yet.
    pub fact: bool,
}

/// A quota for one interface of the partner: `calls` in any `per_ms`, as a bucket that holds `calls`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiRate {
    /// The interface, as the plugin names it ([`crate::services::HttpRequest::api`]).
    pub api: String,
    /// Calls; above 0.
    pub calls: u32,
    /// In this many milliseconds; above 0, at most [`RATE_TIME_LIMIT_MS`].
    pub per_ms: u64,
}

impl ApiRate {
    /// So many calls a second.
    #[must_use]
    pub fn per_second(api: impl Into<String>, calls: u32) -> Self {
        Self { api: api.into(), calls, per_ms: 1_000 }
    }
}

/// Quotas on one card.
pub const RATES_LIMIT: usize = 128;

/// The longest time that a quota counts calls over: a day, in milliseconds.
pub const RATE_TIME_LIMIT_MS: u64 = 86_400_000;

/// What the interface log may show in clear; everything else appears as type and length.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogRules {
    /// Names of JSON fields (at any depth) whose scalar values are shown.
    pub clear: Vec<String>,
}

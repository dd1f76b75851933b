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

/// What the interface log may show in clear; everything else appears as type and length.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogRules {
    /// Names of JSON fields (at any depth) whose scalar values are shown.
    pub clear: Vec<String>,
}

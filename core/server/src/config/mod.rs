//! The configuration: one struct per concern, layered from files and environment, checked as a whole.
//!
//! Reading ([`load`], [`load_checked`]) goes through these steps, each of which adds to one list of faults: `layers`
//! finds and parses each source, `tree` merges them with figment and remembers where every value came from, `resolve`
//! reads secrets, `schema` holds the merged tree against the JSON Schema of [`Config`], `check` compares the parts with
//! each other and with the plugins, and only then does `load` make the structs.
//!
//! - concerns: `database`, `http`, `engine`, `jobs`, `security`, `interface_log`, `telemetry`, `node`, `alerts`,
//!   `plugin`, `application`, `merchant` with its `channel` and `supplier` connections.
//! - values: `secret` (masked texts), `address` (URLs), `format` (the named formats of the schema), `key` (places).
//! - faults: `fault` (the list and how it reads), `explain` (from a schema's words to a person's).
//! - `compare`: what cannot change while a server runs, and whether two nodes run the same.
//! - `settings`: plugins' own settings; `show`: what `config show` prints.

mod address;
mod alerts;
mod application;
mod channel;
mod check;
mod compare;
mod database;
mod engine;
mod explain;
mod fault;
mod format;
mod http;
mod interface_log;
mod jobs;
mod key;
mod layers;
mod load;
mod merchant;
mod node;
mod plugin;
mod resolve;
mod schema;
mod secret;
mod security;
mod settings;
mod show;
mod supplier;
mod telemetry;
mod tree;

use std::collections::BTreeMap;

use entrepot_contract::ids::{ApplicationId, ConnectionId, MerchantId, PluginId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use address::{BaseUrl, DatabaseKind, DatabaseUrl};
pub use alerts::{Alerts, Language, Webhook, WebhookForm, WebhookUrl};
pub use application::{ApiLimit, Application};
pub use channel::{AcceptanceMode, AuditMode, Channel, Deadlines, IssueAt};
pub use check::{KnownPlugin, KnownPlugins, check};
pub use compare::{changed, changed_below, fingerprint, fixed_changes};
pub use database::Database;
pub use engine::Engine;
pub use fault::{ConfigFault, Faults};
pub use http::Http;
pub use interface_log::InterfaceLog;
pub use jobs::Jobs;
pub use key::{Key, Segment};
pub use layers::{ENV_PREFIX, Origin};
pub use load::{Loaded, load, load_checked};
pub use merchant::Merchant;
pub use node::Node;
pub use plugin::{Declaration, Plugin, Source};
pub use schema::schema;
pub use secret::{EnvSecret, FileSecret, MASK, Secret, SecretText};
pub use security::{DEMO_GUEST_KEY, GuestKey, Security};
pub use settings::settings_known_to;
pub use show::show;
pub use supplier::{GiveCodes, NamedPool, Supplier, WhenEmpty};
pub use telemetry::{Telemetry, TelemetryFormat};
pub use tree::Origins;

/// The lowest layer: every key with its default, embedded in the binary.
pub const DEFAULT_TOML: &str = include_str!("../../../../config/default.toml");

/// The configuration of one Entrepot node.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where everything is stored.
    pub database: Database,
    /// The HTTP server that partners, operators and gates call.
    pub http: Http,
    /// The sequencer, where every sale is decided.
    pub engine: Engine,
    /// What must happen later: issuing, notices, retries.
    pub jobs: Jobs,
    /// Keys that protect guests' data.
    pub security: Security,
    /// The record of calls exchanged with partners.
    pub interface_log: InterfaceLog,
    /// Logs of the process.
    pub telemetry: Telemetry,
    /// Whom alerts are told to.
    pub alerts: Alerts,
    /// This process among others on the same database.
    pub node: Node,
    /// Which plugins are loaded, and how, by plugin id.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Plugin>", extend("propertyNames" = {"format": "entrepot-id"}))]
    pub plugins: BTreeMap<PluginId, Plugin>,
    /// Credential sets at partners, by application id; the id is part of the inbound URLs.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Application>", extend("propertyNames" = {"format": "application-id"}))]
    pub applications: BTreeMap<ApplicationId, Application>,
    /// Merchants with their connections, by merchant id.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Merchant>", extend("propertyNames" = {"format": "entrepot-id"}))]
    pub merchants: BTreeMap<MerchantId, Merchant>,
}

impl Config {
    /// Every channel connection with its merchant.
    pub fn channels(&self) -> impl Iterator<Item = (&MerchantId, &ConnectionId, &Channel)> {
        self.merchants
            .iter()
            .flat_map(|(merchant, m)| m.channels.iter().map(move |(id, channel)| (merchant, id, channel)))
    }

    /// Every supplier connection with its merchant.
    pub fn suppliers(&self) -> impl Iterator<Item = (&MerchantId, &ConnectionId, &Supplier)> {
        self.merchants
            .iter()
            .flat_map(|(merchant, m)| m.suppliers.iter().map(move |(id, supplier)| (merchant, id, supplier)))
    }
}

impl Default for Config {
    /// What `config/default.toml` says, without files or environment.
    fn default() -> Self {
        load::read(&[], &serde_json::Value::Null, &BTreeMap::new())
            .into_loaded()
            .expect("the embedded default.toml is valid: a unit test loads it")
            .config
    }
}

#[cfg(test)]
mod tests;

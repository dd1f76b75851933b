//! `[merchants.ID.suppliers.ID]`: a connection that fulfils.

use std::collections::BTreeMap;

use entrepot_contract::ids::{PluginId, PoolName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::{BaseUrl, allowed_hosts};
use super::application::{ApiLimit, HostName};
use super::secret::SecretText;

/// A connection that fulfils: a ticketing system, or a pool of imported codes.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Supplier {
    /// The plugin that speaks the supplier's protocol.
    #[schemars(with = "String", extend("format" = "entrepot-id"))]
    pub plugin: PluginId,
    /// The supplier's base URL, where the plugin calls one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BaseUrl")]
    pub base_url: Option<BaseUrl>,
    /// Secrets by the names that the plugin asks for.
    #[serde(default)]
    pub credentials: BTreeMap<String, SecretText>,
    /// Limits per API, by the plugin's name of the API.
    #[serde(default)]
    pub limits: BTreeMap<String, ApiLimit>,
    /// Hosts (with port, where it is not the scheme's) that may be called; empty: the host of `base_url` alone.
    #[serde(default)]
    #[schemars(with = "Vec<HostName>")]
    pub allow_hosts: Vec<String>,
    /// Whether it takes new orders; the database must agree. Those that are there go on either way.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether its tickets are redeemed at our own desk, by the gate call.
    #[serde(default)]
    pub gate: bool,
    /// Whether units of orders that wait for payment or acceptance are held there, where its plugin can.
    #[serde(default = "yes")]
    pub hold: bool,
    /// Reads the supplier's calendar: its stock and its cost of each date become ours. Left out, ours is kept by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<ReadCalendar>,
    /// How it gives codes, where it fulfils from a pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<GiveCodes>,
    /// The plugin's own settings.
    #[serde(default)]
    pub settings: serde_json::Map<String, serde_json::Value>,
}

/// How a pool connection gives codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveCodes {
    /// Codes that each unit gets: 1 to 20.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 20))]
    pub codes_per_unit: u16,
    /// What becomes of an order for which the pool has too few codes: `wait` or `refuse`.
    #[serde(default)]
    pub on_empty: WhenEmpty,
    /// Whether codes that nobody was shown go back into the pool when their whole order is given back.
    #[serde(default)]
    pub return_unshown: bool,
    /// Pools of which it gives codes in another way, by their names.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, NamedPool>", extend("propertyNames" = {"format": "entrepot-id"}, "maxProperties" = NAMED_POOLS_LIMIT))]
    pub named: BTreeMap<PoolName, NamedPool>,
}

/// Pools of one connection that are named in its configuration.
pub const NAMED_POOLS_LIMIT: usize = 1_000;

/// How codes of one pool are given; a key that is left out is as the connection has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NamedPool {
    /// Codes that each unit gets: 1 to 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u16", range(min = 1, max = 20))]
    pub codes_per_unit: Option<u16>,
    /// What becomes of an order for which the pool has too few codes: `wait` or `refuse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "WhenEmpty")]
    pub on_empty: Option<WhenEmpty>,
    /// Whether codes that nobody was shown go back into the pool when their whole order is given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub return_unshown: Option<bool>,
}

/// What becomes of an order for which a pool has too few codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenEmpty {
    /// It waits, with an alert, and is issued when codes come while the channel still waits for it.
    #[default]
    Wait,
    /// It is refused at once; the channel gives the money back.
    Refuse,
}

const fn one() -> u16 {
    1
}

/// How a supplier's calendar is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadCalendar {
    /// How often, in seconds: 30 to 86,400. News of the supplier are read at once.
    #[serde(default = "ten_minutes")]
    #[schemars(range(min = 30, max = 86_400))]
    pub every_s: u32,
    /// How many days ahead, today included: 1 to 400.
    #[serde(default = "sixty")]
    #[schemars(range(min = 1, max = 400))]
    pub days: u16,
}

const fn ten_minutes() -> u32 {
    600
}

const fn sixty() -> u16 {
    60
}

impl Supplier {
    /// The hosts that may be called: those allowed by name, else the one of the base URL.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        allowed_hosts(&self.allow_hosts, self.base_url.as_ref())
    }
}

fn yes() -> bool {
    true
}

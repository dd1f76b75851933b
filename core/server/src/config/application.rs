//! `[applications.ID]`: one credential set at a partner.

use std::collections::BTreeMap;

use entrepot_contract::ids::FamilyName;
use entrepot_contract::message::TokenMode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::address::{BaseUrl, allowed_hosts};
use super::secret::SecretText;

/// One credential set at a partner, shared by the connections of many merchants.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// The partner family whose plugins answer for it.
    #[schemars(with = "String", extend("format" = "entrepot-id"))]
    pub family: FamilyName,
    /// The partner's base URL; absent: the plugin's own default, or no calls at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BaseUrl")]
    pub base_url: Option<BaseUrl>,
    /// How the partner's token is had: fetched with the credentials, or given as the credential `fixed_token`.
    #[serde(default)]
    #[schemars(schema_with = "token_mode")]
    pub token_mode: TokenMode,
    /// Secrets by the names that the plugin asks for.
    #[serde(default)]
    pub credentials: BTreeMap<String, SecretText>,
    /// Headers added to each call. Their values are treated as secrets.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"format": "header-name"}))]
    pub extra_headers: BTreeMap<String, SecretText>,
    /// Limits per API, by the plugin's name of the API.
    #[serde(default)]
    pub limits: BTreeMap<String, ApiLimit>,
    /// Hosts (with port, where it is not the scheme's) that may be called; empty: the host of `base_url` alone.
    #[serde(default)]
    #[schemars(with = "Vec<HostName>")]
    pub allow_hosts: Vec<String>,
    /// The plugins' own settings.
    #[serde(default)]
    pub settings: serde_json::Map<String, serde_json::Value>,
}

impl Application {
    /// The hosts that may be called: those allowed by name, else the one of the base URL.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        allowed_hosts(&self.allow_hosts, self.base_url.as_ref())
    }
}

/// How often one API of a partner may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiLimit {
    /// Calls per second.
    #[schemars(range(min = 1, max = 100_000))]
    pub per_second: u32,
}

/// Stands in the schema for one entry of `allow_hosts`.
#[derive(JsonSchema)]
#[schemars(transparent, extend("format" = "host-name"))]
pub(super) struct HostName(#[allow(dead_code)] String);

fn token_mode(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["client_token", "fixed"] })
}

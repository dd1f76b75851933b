//! `[merchants.ID]`: a merchant and its connections.

use std::collections::BTreeMap;

use entrepot_contract::ids::ConnectionId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::supplier::Supplier;

/// A merchant and its connections. Connection ids are unique over all merchants, channels and suppliers alike.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merchant {
    /// Its name, for people.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// Connections that sell, by connection id.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Channel>", extend("propertyNames" = {"format": "entrepot-id"}))]
    pub channels: BTreeMap<ConnectionId, Channel>,
    /// Connections that fulfil, by connection id.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Supplier>", extend("propertyNames" = {"format": "entrepot-id"}))]
    pub suppliers: BTreeMap<ConnectionId, Supplier>,
}

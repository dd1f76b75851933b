//! `[database]`: where everything is stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::DatabaseUrl;

/// Where everything is stored, and how many connections are opened to it.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://FILE` (relative to the working directory) or `postgres://USER:PASSWORD@HOST/NAME`.
    pub url: DatabaseUrl,
    /// Writer lanes on PostgreSQL, one database connection each; merchants are spread over them. SQLite always has one.
    #[schemars(range(min = 1, max = 64))]
    pub lanes: u32,
    /// Connections for reading.
    #[schemars(range(min = 1, max = 256))]
    pub readers: u32,
    /// How long opening a connection may take, in milliseconds.
    #[schemars(range(min = 100, max = 120_000))]
    pub connect_timeout_ms: u64,
}

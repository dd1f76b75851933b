//! `[interface_log]`: the record of calls exchanged with partners.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long and how much of the calls exchanged with partners is kept.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InterfaceLog {
    /// How long entries are kept, in hours.
    #[schemars(range(min = 1, max = 87_600))]
    pub retention_hours: u32,
    /// Entries waiting to be written; further ones are dropped and counted.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub queue_limit: usize,
    /// How much of one masked body is kept, in bytes; 0 keeps none.
    #[schemars(range(min = 0, max = 1_048_576))]
    pub body_limit_bytes: usize,
}

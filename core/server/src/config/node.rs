//! `[node]`: this process among others on the same database.

use entrepot_contract::ids::NodeId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// This process among others on the same database.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its name, unique among the processes that run at the same time; absent: made anew at each start. A process that
    /// starts under the id of one that died takes that one's jobs back at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "entrepot-id"))]
    pub id: Option<NodeId>,
}

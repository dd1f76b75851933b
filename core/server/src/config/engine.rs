//! `[engine]`: the sequencer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Limits of the sequencer, where every sale is decided.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Commands that may wait in a lane; further ones are answered "busy".
    #[schemars(range(min = 1, max = 1_000_000))]
    pub queue_limit: usize,
    /// Commands decided in one transaction.
    #[schemars(range(min = 1, max = 10_000))]
    pub batch_limit: usize,
    /// Kept back from the time a partner waits in each scene, so that the answer still arrives; in milliseconds.
    #[schemars(range(min = 0, max = 60_000))]
    pub answer_margin_ms: u64,
    /// How long an unpaid order holds its stock where the channel names no time, in milliseconds.
    #[schemars(range(min = 1000, max = 604_800_000))]
    pub hold_ms: u64,
}

//! `[jobs]`: what must happen later.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Workers, leases and retries of jobs.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// Jobs worked on at once by this node.
    #[schemars(range(min = 1, max = 4096))]
    pub workers: usize,
    /// How long a job belongs to the node that took it, in milliseconds; longer than any plugin's `timeout_ms`.
    #[schemars(range(min = 1000, max = 3_600_000))]
    pub lease_ms: u64,
    /// How often due jobs are looked for, in milliseconds; below `lease_ms`.
    #[schemars(range(min = 10, max = 60_000))]
    pub poll_ms: u64,
    /// Attempts before a job waits for a person.
    #[schemars(range(min = 1, max = 1000))]
    pub attempts_limit: u32,
    /// Pause before the second attempt, in milliseconds; doubled from there, with jitter.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub backoff_first_ms: u64,
    /// Longest pause between attempts, in milliseconds.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub backoff_limit_ms: u64,
}

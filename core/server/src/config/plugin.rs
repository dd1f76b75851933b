//! `[plugins.ID]`: which plugins are loaded, and how.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How one plugin is loaded and how far it is trusted.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plugin {
    /// The library to load, relative to the file that names it; absent: built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1))]
    pub library: Option<PathBuf>,
    /// SHA-256 of the library in hexadecimal; checked before it is opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "sha256"))]
    pub sha256: Option<String>,
    /// Whether the server refuses to start without it.
    #[serde(default = "required")]
    pub required: bool,
    /// Calls that may be in flight at once, per instance.
    #[serde(default = "in_flight")]
    #[schemars(range(min = 1, max = 10_000))]
    pub in_flight: usize,
    /// The part of `in_flight` that one connection of a shared application may use; absent: three quarters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize", range(min = 1, max = 10_000))]
    pub connection_in_flight: Option<usize>,
    /// Longest time one call may take, in milliseconds; below `jobs.lease_ms`.
    #[serde(default = "timeout_ms")]
    #[schemars(range(min = 1, max = 600_000))]
    pub timeout_ms: u64,
    /// Threads of a library's own runtime, from its first opening on; without meaning for a built-in.
    #[serde(default = "workers")]
    #[schemars(range(min = 1, max = 64))]
    pub workers: usize,
}

impl Default for Plugin {
    /// Built in, with the default limits: what a plugin without a table of its own gets.
    fn default() -> Self {
        Self {
            library: None,
            sha256: None,
            required: required(),
            in_flight: in_flight(),
            connection_in_flight: None,
            timeout_ms: timeout_ms(),
            workers: workers(),
        }
    }
}

impl Plugin {
    /// Calls of one connection that may be in flight at once: not all of `in_flight`, so that one merchant's flood
    /// leaves places to the others of its application.
    #[must_use]
    pub fn connection_share(&self) -> usize {
        self.connection_in_flight.unwrap_or_else(|| (self.in_flight - self.in_flight / 4).max(1))
    }
}

fn required() -> bool {
    true
}

fn in_flight() -> usize {
    64
}

fn timeout_ms() -> u64 {
    10_000
}

fn workers() -> usize {
    2
}

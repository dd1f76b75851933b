//! `[http]`: the server that partners, operators and gates call.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The HTTP server's address and limits.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address and port to listen on; port 0 takes a free one.
    #[schemars(with = "String", extend("format" = "listen-address"))]
    pub listen: SocketAddr,
    /// Largest body accepted, in bytes.
    #[schemars(range(min = 1024, max = 67_108_864))]
    pub body_limit_bytes: usize,
    /// How long a client may take to send headers and body, in milliseconds.
    #[schemars(range(min = 100, max = 600_000))]
    pub read_timeout_ms: u64,
    /// Connections held open at once; further ones wait to be accepted.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_connections: usize,
    /// How long calls in flight may take to finish after a stop was asked for, in milliseconds.
    #[schemars(range(min = 0, max = 600_000))]
    pub shutdown_ms: u64,
    /// Unauthenticated calls logged per minute and source address; further ones are only counted.
    #[schemars(range(min = 0, max = 100_000))]
    pub unauthenticated_log_per_minute: u32,
}

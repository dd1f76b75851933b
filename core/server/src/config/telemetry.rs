//! `[telemetry]`: logs of the process.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the process logs to standard error, and how.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// How a line looks.
    pub format: TelemetryFormat,
    /// Which lines appear: a level, or directives such as `info,entrepot_engine=debug`.
    #[schemars(extend("format" = "log-filter"))]
    pub filter: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TelemetryFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

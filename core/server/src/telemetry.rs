//! Logs and metrics. Spans carry connection, order and the partner's id of a request; nothing of guests or secrets.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Telemetry, TelemetryFormat};

/// Starts logging to standard error. A second start in one process changes nothing.
pub fn start_logs(telemetry: &Telemetry) -> Result<(), String> {
    let filter = EnvFilter::try_new(&telemetry.filter)
        .map_err(|fault| format!("telemetry.filter: {:?} is no filter: {fault}", telemetry.filter))?;
    let colours = std::io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    // An error means that logging was started before, which is fine.
    let _ = match telemetry.format {
        TelemetryFormat::Json => logs.json().flatten_event(true).try_init(),
        TelemetryFormat::Pretty => logs.compact().try_init(),
    };
    Ok(())
}

/// Starts counting; the handle renders what `/metrics` answers.
pub fn start_metrics() -> Result<PrometheusHandle, String> {
    let seconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(metrics_exporter_prometheus::Matcher::Suffix("_seconds".to_owned()), &seconds)
        .map_err(|fault| fault.to_string())?
        .build_recorder();
    let handle = recorder.handle();
    // In tests several servers share one process; the first one's numbers count for all.
    let _ = metrics::set_global_recorder(recorder);
    Ok(handle)
}

//! A command's way to the API: opened, used, closed in any case.

use serde_json::Value;

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{database, print};
use crate::client::Client;
use crate::config::{Config, Telemetry, TelemetryFormat};
use crate::telemetry;

/// Does some work over the API: of the server that runs on the database, or of an engine in this process.
pub(super) async fn with_api(
    source: &Source,
    work: impl AsyncFnOnce(&Client, &Config) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let loaded = source.load()?;
    let config = loaded.config.clone();
    // A command says what it does by itself; of an engine in its process only what goes wrong is of interest.
    let quiet = Telemetry { format: TelemetryFormat::Pretty, filter: "warn".to_owned() };
    telemetry::start_logs(&quiet).map_err(Failure::failed)?;
    let client = match Client::of_server(&config, &print::note).await? {
        Some(client) => client,
        None => {
            database::ready(&config, &source.flags()).await?;
            Client::here(loaded).await?
        }
    };
    let result = work(&client, &config).await;
    client.close().await;
    result
}

/// The rows of a list's answer.
pub(super) fn rows<'a>(answer: &'a Value, name: &str) -> Result<&'a [Value], Failure> {
    let rows = answer.get(name).and_then(Value::as_array);
    rows.map(Vec::as_slice).ok_or_else(|| Failure::failed(format!("the API's answer has no {name}")))
}

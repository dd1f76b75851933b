//! `plugins`: what is built in or loaded, and whether a plugin is fit to be loaded.

use std::sync::Arc;

use entrepot_contract::manifest::ApiRate;
use entrepot_contract::time::SystemClock;
use entrepot_host::breaker::BreakerRules;
use entrepot_host::{Host, HostParts, HttpClient, LoadedFrom, MemoryCache, NoInterfaceLog, PluginStatus, State};
use serde::Serialize;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::print;
use super::source::OptionalSource;
use super::{plugins_check, plugins_new};
use crate::config::Config;
use crate::plugins;

/// List plugins, check one, or begin one
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  entrepot plugins list")]
pub(super) enum Command {
    /// List what is built in and, with a configuration, what it loads; nothing is opened
    #[command(after_help = "\
LOADED is `built-in`, the exact path of a library (JSON has its SHA-256, too), or `process: COMMAND`; a process is
started to read its card, and ended. What does not load is listed as failed, with the reason on standard error and exit
code 1.

Examples:
  entrepot plugins list
  entrepot plugins list --config entrepot.toml --json
  entrepot plugins list --libraries target/debug/plugins")]
    List(List),
    Check(plugins_check::Args),
    New(plugins_new::Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    source: OptionalSource,
    /// Print JSON: id, kind, version, abi, contract, loaded, state, capabilities, rates, settings_schema and more
    #[arg(long)]
    json: bool,
}

/// One row of `plugins list --json`. Stable for scripts: it may gain fields.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    id: String,
    pub(super) kind: Value,
    pub(super) family: Option<String>,
    pub(super) version: Option<String>,
    abi: Option<u32>,
    pub(super) contract: Option<String>,
    pub(super) loaded: String,
    sha256: Option<String>,
    state: State,
    capabilities: Value,
    rates: Vec<ApiRate>,
    settings_schema: Value,
    fault: Option<String>,
}

pub(super) async fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(list) => run_list(list).await,
        Command::Check(args) => plugins_check::run(args).await,
        Command::New(args) => plugins_new::run(args),
    }
}

/// A host without instances: enough to read cards.
pub(super) fn host(config: &Config) -> Result<Host, Failure> {
    let clock = Arc::new(SystemClock);
    let parts = HostParts {
        cache: Arc::new(MemoryCache::new(clock.clone())),
        clock,
        interface_log: Arc::new(NoInterfaceLog),
        client: HttpClient::new().map_err(|fault| Failure::failed(fault.to_string()))?,
        breaker: BreakerRules::default(),
    };
    Host::new(parts, plugins::built_ins(config)).map_err(|fault| Failure::failed(fault.to_string()))
}

async fn run_list(list: &List) -> Result<Exit, Failure> {
    let config = list.source.load_or_bare()?;
    let host = host(&config)?;
    for (id, plugin) in &config.plugins {
        if let Some(declaration) = plugin.declaration(id) {
            // The failure is kept with the plugin and shown with it.
            let _ = plugins::load(&host, &declaration).await;
        }
    }
    let rows: Vec<Row> = host.status().into_iter().map(row).collect();
    // Processes were started to read their cards.
    host.close_all().await;
    if list.json {
        print::json(&rows)?;
    } else {
        print::line(&shown(&rows))?;
    }
    let mut exit = Exit::Done;
    for row in &rows {
        if let Some(fault) = &row.fault {
            print::note(&format!("error: {}: {fault}", row.id));
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

pub(super) fn row(status: PluginStatus) -> Row {
    let (loaded, sha256) = match status.loaded {
        LoadedFrom::BuiltIn => ("built-in".to_owned(), None),
        LoadedFrom::Library { path, sha256 } => (path.display().to_string(), sha256),
        LoadedFrom::Process { command, .. } => (format!("process: {command}"), None),
    };
    let fault = status.reports.last().map(|report| report.text.clone());
    let card = status.card.as_ref();
    Row {
        id: status.id.to_string(),
        kind: card.map_or(Value::Null, |card| json!(card.kind)),
        family: card.map(|card| card.family.clone()),
        version: card.map(|card| card.version.clone()),
        abi: status.abi,
        contract: card.map(|card| card.contract.to_string()),
        loaded,
        sha256,
        state: status.state,
        capabilities: card.map_or(Value::Null, |card| json!(card.capabilities)),
        rates: card.map_or_else(Vec::new, |card| card.rates.clone()),
        settings_schema: card.map_or(
            Value::Null,
            |card| json!({ "instance": card.instance_settings, "connection": card.connection_settings }),
        ),
        fault: fault.filter(|_| status.state == State::Failed),
    }
}

fn shown(rows: &[Row]) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let cells: Vec<[String; 6]> = rows
        .iter()
        .map(|row| {
            let state = print::cell(&json!(row.state));
            [row.id.clone(), print::cell(&row.kind), text(&row.version), text(&row.contract), state, row.loaded.clone()]
        })
        .collect();
    print::table(["ID", "KIND", "VERSION", "CONTRACT", "STATE", "LOADED"], &cells)
}

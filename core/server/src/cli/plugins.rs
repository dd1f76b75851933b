//! `plugins`: what is built in or loaded, and whether a plugin is fit to be loaded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use entrepot_contract::ids::PluginId;
use entrepot_contract::time::SystemClock;
use entrepot_host::breaker::BreakerRules;
use entrepot_host::{
    Host, HostParts, HttpClient, LibraryDeclaration, LoadedFrom, MemoryCache, NoInterfaceLog, PluginStatus, State,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::plugins_new;
use super::print;
use super::source::OptionalSource;
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
    /// Load one plugin and check its card: versions, capabilities, scenes, schemas
    #[command(after_help = "\
PLUGIN is the id of a built-in, or the path of a library. What a plugin does is checked by the conformance suite, in
the plugin's own folder: cargo test -p PACKAGE

Examples:
  entrepot plugins check target/debug/plugins/libmy_gate.so --id my-gate
  entrepot plugins check my-gate")]
    Check(Check),
    New(plugins_new::Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    source: OptionalSource,
    /// Print JSON: id, kind, version, abi, contract, loaded, state, capabilities, settings_schema and more
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Id of a built-in, or path of a library
    #[arg(value_name = "ID|PATH")]
    plugin: String,
    /// The id expected in a library; without it, the one its file name says
    #[arg(long, value_name = "ID")]
    id: Option<PluginId>,
}

/// One row of `plugins list --json`. Stable for scripts: it may gain fields.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    kind: Value,
    family: Option<String>,
    version: Option<String>,
    abi: Option<u32>,
    contract: Option<String>,
    loaded: String,
    sha256: Option<String>,
    state: State,
    capabilities: Value,
    settings_schema: Value,
    fault: Option<String>,
}

pub(super) async fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(list) => run_list(list).await,
        Command::Check(check) => run_check(check),
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

fn row(status: PluginStatus) -> Row {
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

fn run_check(check: &Check) -> Result<Exit, Failure> {
    let host = host(&Config::default())?;
    let built_in = host.status().into_iter().find(|status| status.id.as_str() == check.plugin);
    let status = match built_in {
        // Its card was checked when the host took it.
        Some(status) => status,
        None => load(&check.plugin, check.id.as_ref(), &host)?,
    };
    let id = status.id.clone();
    let row = row(status);
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    print::line(&format!(
        "{id} is fit to be loaded: {} {} of family {}, contract {}, from {}",
        print::cell(&row.kind),
        text(&row.version),
        text(&row.family),
        text(&row.contract),
        row.loaded
    ))?;
    print::line(
        "its behaviour is checked by the conformance suite: cargo test -p PACKAGE, in the workspace of the plugin",
    )?;
    Ok(Exit::Done)
}

fn load(given: &str, id: Option<&PluginId>, host: &Host) -> Result<PluginStatus, Failure> {
    let path = PathBuf::from(given);
    if !path.is_file() {
        let built_in = host.status().iter().map(|status| status.id.to_string()).collect::<Vec<_>>().join(", ");
        let what = if path.exists() { "is no file" } else { "is not there" };
        return Err(Failure::failed(format!(
            "{given} is no built-in plugin ({built_in}), and as the path of a library it {what}; \
             the house's own libraries are built with: cargo xtask libraries"
        )));
    }
    let plugin = match id {
        Some(id) => id.clone(),
        None => named(&path).ok_or_else(|| Failure::usage(format!("say with --id which plugin {given} holds")))?,
    };
    // A built-in of the same id would be in the way.
    let config = Config {
        plugins: [(plugin.clone(), crate::config::Plugin::in_library(path.clone()))].into(),
        ..Config::default()
    };
    let host = self::host(&config)?;
    let declaration = LibraryDeclaration { plugin: plugin.clone(), path, sha256: None };
    host.load_library(&declaration).map_err(|fault| Failure::failed(fault.to_string()))?;
    let loaded = host.status().into_iter().find(|status| status.id == plugin);
    loaded.ok_or_else(|| Failure::failed(format!("{plugin} was loaded and is not there")))
}

/// `libmy_gate.so` → `my-gate`.
fn named(path: &Path) -> Option<PluginId> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(std::env::consts::DLL_SUFFIX)?;
    let name = name.strip_prefix(std::env::consts::DLL_PREFIX).unwrap_or(name);
    name.replace('_', "-").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_names_its_plugin() {
        let file = plugins::library_file(Path::new("somewhere"), "my-gate");
        assert_eq!(named(&file).unwrap().as_str(), "my-gate");
        assert!(named(Path::new("my-gate.txt")).is_none());
    }
}

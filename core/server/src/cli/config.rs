//! `config`: check, show, schema.

use super::exit::{Exit, Failure};
use super::source::OptionalSource;
use super::{plugins, print};
use crate::config::{self, Loaded};
use crate::plugins::load;
use crate::routing::checked_directory;

/// Check or show the configuration, or print its schema
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  entrepot config check --config entrepot.toml")]
pub(super) enum Command {
    /// Report every fault at once: file, key, what was found, what is allowed
    #[command(after_help = "\
Checks names, limits, secrets and plugins' settings without touching database or network. Libraries are loaded
and processes started, to read the schemas of their settings; nothing is opened. Exit code 2 on any fault.

Example:
  entrepot config check --config base.toml --config merchants.yaml")]
    Check(OptionalSource),
    /// Print every value in force with its origin; secrets are masked
    #[command(after_help = "Example:\n  entrepot config show --config entrepot.toml | grep database")]
    Show(OptionalSource),
    /// Print a JSON Schema of a whole configuration file
    #[command(after_help = "Example:\n  entrepot config schema > entrepot.schema.json")]
    Schema,
}

pub(super) async fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Check(source) => {
            let loaded = source.load()?;
            check_plugins(&loaded).await?;
            let config = loaded.config;
            let count =
                |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
            print::line(&format!(
                "the configuration is good: {}, {}, {}",
                count(config.merchants.len(), "merchant", "merchants"),
                count(config.channels().count(), "channel connection", "channel connections"),
                count(config.suppliers().count(), "supplier connection", "supplier connections"),
            ))?;
        }
        Command::Show(source) => print::raw(config::show(&source.load()?).as_bytes())?,
        Command::Schema => print::json(&config::schema())?,
    }
    Ok(Exit::Done)
}

/// What is known of a plugin only once it is loaded: whether it can be, and what its settings and connections may be.
async fn check_plugins(loaded: &Loaded) -> Result<(), Failure> {
    let host = plugins::host(&loaded.config)?;
    let mut failed = None;
    for (id, plugin) in &loaded.config.plugins {
        let Some(declaration) = plugin.declaration(id) else { continue };
        if let Err(fault) = load(&host, &declaration).await {
            failed.get_or_insert(format!("plugins.{id}: {fault}"));
        }
    }
    let checked = checked_directory(loaded, &host);
    // Processes were started to read their cards.
    host.close_all().await;
    match failed {
        Some(failed) => Err(Failure::usage(failed)),
        None => checked.map(drop).map_err(Failure::from),
    }
}

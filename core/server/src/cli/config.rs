//! `config`: check, show, schema.

use super::exit::{Exit, Failure};
use super::print;
use super::source::OptionalSource;
use crate::config;

/// Check or show the configuration, or print its schema
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  entrepot config check --config entrepot.toml")]
pub(super) enum Command {
    /// Report every fault at once: file, key, what was found, what is allowed
    #[command(after_help = "\
Checks names, limits, secrets and plugins' settings without touching database or network. Exit code 2 on any fault.

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

pub(super) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Check(source) => {
            let config = source.load()?.config;
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

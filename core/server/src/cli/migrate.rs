//! `migrate`: makes the schema, or brings it up to date.

use super::exit::{Exit, Failure};
use super::print;
use super::source::Source;
use crate::boot;
use crate::client::beside::{self, Look};
use crate::config::Config;

const AFTER: &str = "\
Changes go forward only. Running it again changes nothing. Stop every server of an older version first.

Example:
  entrepot migrate --config entrepot.toml";

/// Make the database, or bring its schema up to date
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    let config = args.source.load()?.config;
    let named = config.database.url.redacted();
    let storage = boot::connect(&config).await.map_err(Failure::unreachable)?;
    let pending = storage.pending().await.map_err(|fault| Failure::unreachable(format!("{named}: {fault}")))?;
    if pending > 0 {
        refuse_under_a_server(&config)?;
    }
    let migrated = storage.migrate().await;
    storage.close().await;
    let changes = migrated.map_err(|fault| Failure::failed(format!("{named}: {fault}")))?;
    print::line(&match changes {
        0 => format!("{named} is up to date: 0 changes"),
        1 => format!("{named} is up to date: 1 change made"),
        _ => format!("{named} is up to date: {changes} changes made"),
    })?;
    Ok(Exit::Done)
}

/// A schema does not change under a server that runs on the file.
fn refuse_under_a_server(config: &Config) -> Result<(), Failure> {
    let Some(path) = beside::path_of(config) else { return Ok(()) };
    match beside::look(&path) {
        Ok(Look::Nobody | Look::Stale) => Ok(()),
        Ok(Look::Running(note)) => {
            Err(Failure::failed(format!("a server with process id {} runs on this database; stop it first", note.pid)))
        }
        Ok(Look::Starting) => Err(Failure::failed("a server is starting on this database; stop it first")),
        Err(fault) => Err(Failure::unreachable(format!("{}: {fault}", path.display()))),
    }
}

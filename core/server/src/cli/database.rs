//! Whether the database can be used, before anything else is started on it.

use std::path::PathBuf;

use super::exit::Failure;
use crate::boot;
use crate::client::beside;
use crate::config::Config;

/// Whether the configuration names a SQLite file that is not there, or has nothing in it.
pub(crate) fn is_new_file(config: &Config) -> bool {
    beside::database_file(config).is_some_and(|file| !has_content(&file))
}

fn has_content(file: &PathBuf) -> bool {
    std::fs::metadata(file).is_ok_and(|found| found.len() > 0)
}

/// The database answers and its schema is up to date. `flags` complete the advice.
pub(crate) async fn ready(config: &Config, flags: &str) -> Result<(), Failure> {
    let named = config.database.url.redacted();
    if is_new_file(config) {
        return Err(Failure::unreachable(format!(
            "there is no database at {named} yet; make it with: entrepot migrate {flags}"
        )));
    }
    let storage = boot::connect(config).await.map_err(Failure::unreachable)?;
    let pending = storage.pending().await;
    storage.close().await;
    match pending {
        Ok(0) => Ok(()),
        Ok(pending) => {
            let changes = if pending == 1 { "1 change" } else { &format!("{pending} changes") };
            Err(Failure::failed(format!(
                "the schema of {named} lacks {changes}; bring it up to date with: entrepot migrate {flags}"
            )))
        }
        Err(fault) => Err(Failure::unreachable(format!("{named}: {fault}"))),
    }
}

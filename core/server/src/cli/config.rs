//! `config`: check, show, schema.

use entrepot_contract::ids::{ConnectionId, MerchantId};
use entrepot_domain::catalogue::{Catalogue, ChannelRules, ConnectionRules};
use entrepot_domain::pair;
use entrepot_domain::said::{Said, said};
use entrepot_engine::directory::Directory;
use entrepot_engine::storage::{Storage, StorageFault};

use super::exit::{Exit, Failure};
use super::source::OptionalSource;
use super::{database, plugins, print};
use crate::boot;
use crate::config::{self, Config, Language, Loaded};
use crate::plugins::load;
use crate::routing::checked_directory;

/// Check or show the configuration, or print its schema
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  entrepot config check --config entrepot.toml")]
pub(super) enum Command {
    /// Report every fault at once: file, key, what was found, what is allowed
    #[command(after_help = "\
Checks names, limits, secrets and plugins' settings without touching database or network. Libraries are loaded
and processes started, to read the schemas of their settings; nothing is opened. With --database the catalogue is
read, too. Exit code 2 on any fault.

Example:
  entrepot config check --config base.toml --config merchants.yaml")]
    Check {
        #[command(flatten)]
        source: OptionalSource,
        /// Read the catalogue in the database, too: what listings of vouchers with reservations have to hold
        #[arg(long)]
        database: bool,
    },
    /// Print every value in force with its origin; secrets are masked
    #[command(after_help = "Example:\n  entrepot config show --config entrepot.toml | grep database")]
    Show(OptionalSource),
    /// Print a JSON Schema of a whole configuration file
    #[command(after_help = "Example:\n  entrepot config schema > entrepot.schema.json")]
    Schema,
}

pub(super) async fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Check { source, database } => {
            let loaded = source.load()?;
            let directory = check_plugins(&loaded).await?;
            let config = loaded.config;
            if *database {
                check_catalogue(&config, &directory).await?;
            }
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
async fn check_plugins(loaded: &Loaded) -> Result<Directory, Failure> {
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
        None => checked.map_err(Failure::from),
    }
}

/// What a guest would find out by an order that fails: it stands in the catalogue, which no file shows.
async fn check_catalogue(config: &Config, directory: &Directory) -> Result<(), Failure> {
    database::ready(config, "--config …").await?;
    let storage = boot::connect(config).await.map_err(Failure::unreachable)?;
    let faults = wrong_pairs(storage.shared().as_ref(), directory).await;
    storage.close().await;
    let faults =
        faults.map_err(|fault| Failure::unreachable(format!("{}: {fault}", config.database.url.redacted())))?;
    if faults.is_empty() {
        return Ok(());
    }
    let spoken = |fault: &Said| match config.alerts.language {
        Language::Zh => fault.zh.clone(),
        Language::En => fault.en.clone(),
    };
    Err(Failure::usage(faults.iter().map(spoken).collect::<Vec<_>>().join("\n")))
}

/// Everything that does not hold for the pairs of all connections whose channels sell such.
async fn wrong_pairs(storage: &dyn Storage, directory: &Directory) -> Result<Vec<Said>, StorageFault> {
    let mut faults = Vec::new();
    for connection in directory.connections.values() {
        let ConnectionRules::Channel(ChannelRules { pairs: Some(bar), .. }) = &connection.rules else { continue };
        let catalogue = storage.catalogue(&connection.merchant, None).await?;
        faults.extend(wrong_in(&catalogue, &connection.merchant, &connection.id, *bar));
    }
    Ok(faults)
}

fn wrong_in(catalogue: &Catalogue, merchant: &MerchantId, connection: &ConnectionId, bar: char) -> Vec<Said> {
    let listings = catalogue.listings.iter().filter(|listing| &listing.connection == connection);
    let faults =
        listings.flat_map(|listing| pair::fits(catalogue, listing, bar).into_iter().map(move |fault| (listing, fault)));
    faults
        .map(|(listing, fault)| {
            let told = fault.said(bar);
            said(
                format!("商户 {merchant} 的商品映射 {}：{}", listing.id, told.zh),
                format!("merchant {merchant}, listing {}: {}", listing.id, told.en),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_pair_of_the_catalogue_is_told_with_its_listing() {
        let listing = |id: &str, text: &str| {
            let value = serde_json::json!({ "id": id, "connection": "shop", "names": { "sku_out": text },
                "sells": { "pair": { "voucher": "trip", "reservation": "entry" } } });
            serde_json::from_value(value).unwrap()
        };
        let listings = vec![listing("wide", "trip｜entry"), listing("plain", "trip")];
        let catalogue = Catalogue { listings, ..Catalogue::default() };
        let wrong =
            |connection: &str| wrong_in(&catalogue, &"park".parse().unwrap(), &connection.parse().unwrap(), '|');
        let faults = wrong("shop");
        let told =
            |part: &str| faults.iter().any(|fault| fault.en.contains(part) && fault.en.contains("merchant park"));
        assert!(told("listing wide") && told("full-width") && told("listing plain"), "{faults:?}");
        assert!(faults.iter().all(|fault| fault.zh.contains("商户 park")));
        assert!(wrong("other").is_empty());
    }
}

//! `connections`: what a supplier sells, as it tells it now.

use entrepot_contract::ids::ConnectionId;
use serde_json::Value;

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{print, reach};
use crate::client::segment;

/// Look at what is on the other side of a connection
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  entrepot connections goods --config entrepot.toml lakeside-gate")]
pub(super) enum Command {
    /// List what a supplier sells: the product codes that a SKU may name
    #[command(after_help = "\
Asked of the supplier now. Not every supplier tells.

Examples:
  entrepot connections goods --config entrepot.toml lakeside-gate
  entrepot connections goods --config entrepot.toml --json lakeside-gate")]
    Goods(Goods),
}

#[derive(Debug, clap::Args)]
pub(super) struct Goods {
    #[command(flatten)]
    source: Source,
    /// The supplier connection
    connection: ConnectionId,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Pages read at most: a supplier that never ends is cut off.
const PAGES_LIMIT: usize = 200;

pub(super) async fn run(command: Command) -> Result<Exit, Failure> {
    let Command::Goods(goods) = command;
    reach::with_api(&goods.source, async |client, _| {
        let base = format!("/connections/{}/goods", segment(goods.connection.as_str()));
        let (mut all, mut page): (Vec<Value>, Option<String>) = (Vec::new(), None);
        for _ in 0..PAGES_LIMIT {
            let path = page.as_ref().map_or_else(|| base.clone(), |page| format!("{base}?page={}", segment(page)));
            let answer = client.get(&path).await?;
            all.extend(answer["goods"].as_array().into_iter().flatten().cloned());
            page = answer["next"].as_str().map(str::to_owned);
            if page.is_none() {
                break;
            }
        }
        if goods.json {
            print::json(&all)?;
        } else {
            let cells = |good: &Value| {
                ["product_code", "name", "dated", "slotted", "minimum_units", "maximum_units"]
                    .map(|field| print::cell(&good[field]))
            };
            let rows: Vec<[String; 6]> = all.iter().map(cells).collect();
            print::line(&print::table(["CODE", "NAME", "DATED", "SLOTS", "LEAST", "MOST"], &rows))?;
        }
        if page.is_some() {
            print::note(&format!("the supplier has more than {PAGES_LIMIT} pages; the rest is not shown"));
        }
        Ok(Exit::Done)
    })
    .await
}

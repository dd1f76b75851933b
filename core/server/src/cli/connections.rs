//! `connections`: what is on the other side: a supplier's goods, what a channel is told and asked, what has to agree.

use entrepot_contract::ids::ConnectionId;
use serde_json::Value;

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{check, print, reach, telling, there};
use crate::client::segment;

/// Look at what is on the other side of a connection, tell it again, check what must agree
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  entrepot connections check --config entrepot.toml lakeside-acme
  entrepot connections goods --config entrepot.toml lakeside-gate")]
pub(super) enum Command {
    /// Walk through what must agree on both sides of a connection
    #[command(after_help = "\
Each line is right, wrong, not known, or to be agreed by hand, with what to do. The partner is asked; nothing changes
there. The exit code is 1 when a line is wrong.

Examples:
  entrepot connections check --config entrepot.toml lakeside-acme
  entrepot connections check --config entrepot.toml --language en lakeside-acme
  entrepot connections check --config entrepot.toml --json lakeside-gate")]
    Check(check::Args),
    /// Show how telling a channel prices and stock goes, or tell all dates again
    #[command(after_help = "\
Only where the configuration says so: [merchants.ID.channels.ID.calendar]. What changed is told by itself.

Examples:
  entrepot connections calendar --config entrepot.toml lakeside-acme
  entrepot connections calendar --config entrepot.toml lakeside-acme --again --product lake")]
    Calendar(telling::Calendar),
    /// Show how telling a channel its products goes, or tell them
    #[command(after_help = "\
Only where the configuration says so: products = \"asked\" or \"always\".

Examples:
  entrepot connections products --config entrepot.toml lakeside-acme
  entrepot connections products --config entrepot.toml lakeside-acme --tell --product lake")]
    Products(telling::Products),
    /// Show how far the changes of a channel's orders were followed, or follow them now
    #[command(after_help = "\
What was missed while no server ran is found and made up for by itself; this does not wait for its time.

Examples:
  entrepot connections catch-up --config entrepot.toml lakeside-acme
  entrepot connections catch-up --config entrepot.toml lakeside-acme --now")]
    CatchUp(telling::CatchUp),
    /// Enter what a person read in the channel's console about a listing, or show what was entered
    #[command(after_help = "\
The check of the connection holds it against ours. Fields: price_minor, stock, days_valid, cancel (free, never, or
{\"until\": [HOURS]}), first_date, last_date, documents, credentials, reservation_close, linked. A value is JSON or a word.

Examples:
  entrepot connections there --config entrepot.toml lakeside-acme pair
  entrepot connections there --config entrepot.toml lakeside-acme pair price_minor=9900 stock=100 cancel=free linked=false
  entrepot connections there --config entrepot.toml lakeside-acme pair 'documents=[\"identity_card\"]' stock=")]
    There(there::Args),
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
    match command {
        Command::Check(args) => check::run(args).await,
        Command::Calendar(args) => telling::calendar(args).await,
        Command::Products(args) => telling::products(args).await,
        Command::CatchUp(args) => telling::catch_up(args).await,
        Command::There(args) => there::run(args).await,
        Command::Goods(args) => list_goods(args).await,
    }
}

async fn list_goods(goods: Goods) -> Result<Exit, Failure> {
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

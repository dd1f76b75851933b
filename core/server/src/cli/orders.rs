//! `orders`: one order with everything that happened to it.

use entrepot_contract::ids::{MerchantId, OrderId};
use serde_json::Value;

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{merchants, print, reach};
use crate::client::{Client, segment};
use crate::config::Config;

/// Look at orders
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  entrepot orders show --config entrepot.toml 01JABCDEFGHJKMNPQRSTVWXYZ0")]
pub(super) enum Command {
    /// Show an order with its refunds and its timeline; no guest's name, no code
    #[command(after_help = "\
ORDER is our number. Without --merchant every merchant is asked.

Examples:
  entrepot orders show --config entrepot.toml 01JABCDEFGHJKMNPQRSTVWXYZ0
  entrepot orders show --config entrepot.toml --merchant lakeside --json 01JABCDEFGHJKMNPQRSTVWXYZ0")]
    Show(Show),
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    source: Source,
    /// Our number of the order
    order: OrderId,
    /// Whose order
    #[arg(long)]
    merchant: Option<MerchantId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: Command) -> Result<Exit, Failure> {
    let Command::Show(show) = command;
    reach::with_api(&show.source, async |client, config| {
        let (_, answer) = find(client, config, show.merchant.as_ref(), &show.order).await?;
        if show.json {
            print::json(&answer)?;
        } else {
            print::line(&story(&answer))?;
        }
        Ok(Exit::Done)
    })
    .await
}

/// The order with its merchant.
pub(super) async fn find(
    client: &Client,
    config: &Config,
    named: Option<&MerchantId>,
    order: &OrderId,
) -> Result<(MerchantId, Value), Failure> {
    for merchant in merchants::all(config, named)? {
        let path = format!("/merchants/{}/orders/{}", segment(merchant.as_str()), segment(order.as_str()));
        match client.get(&path).await {
            Ok(answer) => return Ok((merchant, answer)),
            Err(fault) if fault.is_not_found() => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    let whose = named.map_or_else(|| "any merchant".to_owned(), |merchant| format!("merchant {merchant}"));
    Err(Failure::failed(format!("no order {order} of {whose}")))
}

fn story(answer: &Value) -> String {
    let mut parts = vec![print::outline(&answer["order"])];
    let refunds = answer["refunds"].as_array().filter(|refunds| !refunds.is_empty());
    if refunds.is_some() {
        parts.push(format!("\nrefunds\n{}", print::outline(&answer["refunds"])));
    }
    let timeline = answer["timeline"].as_array().into_iter().flatten();
    let rows: Vec<[String; 4]> =
        timeline.map(|event| ["at", "what", "by", "detail"].map(|field| print::cell(&event[field]))).collect();
    parts.push(format!("\n{}", print::table(["WHEN", "WHAT", "BY", "DETAIL"], &rows)));
    parts.join("\n")
}

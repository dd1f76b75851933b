//! `credit`: money between distributors.

use axum::http::Method;
use entrepot_contract::ids::{DistributorId, MerchantId};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{merchants, print, reach};
use crate::client::{new_key, segment};

/// Move distributors' credit
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:
  entrepot credit transfer --config entrepot.toml --from bluebird --to robin --amount-minor 50000")]
pub(super) enum Command {
    /// Move money from one distributor's account to another's
    #[command(after_help = "\
The giver cannot give more than is left to spend. Both statements have a line.

Examples:
  entrepot credit transfer --config entrepot.toml --from bluebird --to robin --amount-minor 50000
  entrepot credit transfer --config entrepot.toml --merchant lakeside --from bluebird --to robin --amount-minor 50000 \\
    --note \"June\"")]
    Transfer(Transfer),
}

#[derive(Debug, clap::Args)]
pub(super) struct Transfer {
    #[command(flatten)]
    source: Source,
    /// Who gives
    #[arg(long, value_name = "ID")]
    from: DistributorId,
    /// Who receives
    #[arg(long, value_name = "ID")]
    to: DistributorId,
    /// How much, in minor units (50000 is 500.00 CNY)
    #[arg(long, value_name = "N")]
    amount_minor: i64,
    /// For both statements
    #[arg(long)]
    note: Option<String>,
    /// Whose distributors; needed where there are several merchants
    #[arg(long, value_name = "ID")]
    merchant: Option<MerchantId>,
}

pub(super) async fn run(command: Command) -> Result<Exit, Failure> {
    let Command::Transfer(args) = command;
    reach::with_api(&args.source, async |client, config| {
        let merchant = merchants::one(config, args.merchant.as_ref())?;
        let path = format!("/merchants/{}/transfers", segment(merchant.as_str()));
        let mut body = json!({ "from": args.from, "to": args.to, "amount_minor": args.amount_minor });
        if let Some(note) = &args.note {
            body["note"] = json!(note);
        }
        let answer = client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        let left = print::cell(&answer["available_minor"]);
        let (amount, from, to) = (args.amount_minor, &args.from, &args.to);
        print::line(&format!("{amount} moved from {from} to {to}; {from} has {left} left to spend"))?;
        Ok(Exit::Done)
    })
    .await
}

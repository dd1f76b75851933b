//! `stop-sale`: ends of sales, for as much as is named.

use axum::http::Method;
use entrepot_contract::ids::{ConnectionId, MerchantId, SkuId, StopSaleId};
use entrepot_contract::time::VisitDate;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{merchants, print, reach};
use crate::client::{Client, new_key, segment};

/// Stop sales, or let them go on
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:
  entrepot stop-sale set --config entrepot.toml fog --sku boat --from 2026-10-01 --to 2026-10-02 --reason fog")]
pub(super) enum Command {
    /// Stop sales of a SKU, through a connection, on dates; of all that is left out
    #[command(after_help = "\
Orders that are there already go on. The same ID again replaces what it stopped.

Examples:
  entrepot stop-sale set --config entrepot.toml fog --sku boat --from 2026-10-01 --to 2026-10-02 --reason fog
  entrepot stop-sale set --config entrepot.toml --merchant lakeside strike --reason \"the boatmen strike\"")]
    Set(Set),
    /// Let sales go on again
    #[command(after_help = "Example:\n  entrepot stop-sale lift --config entrepot.toml --merchant lakeside fog")]
    Lift(Lift),
}

#[derive(Debug, clap::Args)]
pub(super) struct Set {
    #[command(flatten)]
    source: Source,
    /// Its id, chosen by you
    id: StopSaleId,
    /// Which SKU; all without it
    #[arg(long)]
    sku: Option<SkuId>,
    /// Through which connection; all without it
    #[arg(long)]
    connection: Option<ConnectionId>,
    /// First date of visit
    #[arg(long)]
    from: Option<VisitDate>,
    /// Last date of visit, inclusive
    #[arg(long)]
    to: Option<VisitDate>,
    /// Why, for people
    #[arg(long)]
    reason: String,
    /// Whose sales; needed where there are several merchants
    #[arg(long, value_name = "ID")]
    merchant: Option<MerchantId>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Lift {
    #[command(flatten)]
    source: Source,
    /// The stop
    id: StopSaleId,
    /// Whose sales; needed where there are several merchants
    #[arg(long, value_name = "ID")]
    merchant: Option<MerchantId>,
}

pub(super) async fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Set(args) => set(args).await,
        Command::Lift(args) => lift(args).await,
    }
}

async fn set(args: Set) -> Result<Exit, Failure> {
    reach::with_api(&args.source, async |client, config| {
        let path = path_of(&merchants::one(config, args.merchant.as_ref())?, &args.id);
        let body = json!({
            "sku": args.sku, "connection": args.connection, "from": args.from, "to": args.to, "reason": args.reason,
        });
        put(client, &path, &body).await?;
        print::line(&format!("sales are stopped by {}", args.id))?;
        Ok(Exit::Done)
    })
    .await
}

async fn lift(args: Lift) -> Result<Exit, Failure> {
    reach::with_api(&args.source, async |client, config| {
        let path = path_of(&merchants::one(config, args.merchant.as_ref())?, &args.id);
        let mut stop = client.get(&path).await?;
        stop["lifted"] = json!(true);
        put(client, &path, &stop).await?;
        print::line(&format!("{} is lifted; sales go on", args.id))?;
        Ok(Exit::Done)
    })
    .await
}

async fn put(client: &Client, path: &str, body: &Value) -> Result<(), Failure> {
    client.request(Method::PUT, path, Some(&new_key()?), Some(body)).await?;
    Ok(())
}

fn path_of(merchant: &MerchantId, stop: &StopSaleId) -> String {
    format!("/merchants/{}/stop-sales/{}", segment(merchant.as_str()), segment(stop.as_str()))
}

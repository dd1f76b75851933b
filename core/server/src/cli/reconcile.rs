//! `reconcile`: a day is compared with a channel.

use std::time::{Duration, Instant};

use axum::http::Method;
use entrepot_contract::ids::{ConnectionId, MerchantId};
use entrepot_contract::time::VisitDate;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{merchants, print, reach};
use crate::client::{Client, new_key, segment};

/// How long `--wait` waits, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(900);
const LOOK: Duration = Duration::from_millis(500);

/// Compare a day's orders, uses and bill with a channel
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It goes on beside the server's work, on the first of several nodes; what differs is listed by `entrepot differences`. A
channel's bill comes some hours after the day. Each day at its time: [merchants.ID.channels.ID.reconcile].

Examples:
  entrepot reconcile --config entrepot.toml --connection lakeside-acme --day 2026-10-01
  entrepot reconcile --config entrepot.toml --connection lakeside-acme --day 2026-10-01 --wait")]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// The channel connection
    #[arg(long)]
    connection: ConnectionId,
    /// The day, in the channel's time: yyyy-MM-dd
    #[arg(long)]
    day: VisitDate,
    /// Wait until it has ended; the exit code is 1 when it failed
    #[arg(long)]
    wait: bool,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    reach::with_api(&args.source, async |client, config| {
        let merchant = merchants::of_channel(config, None, Some(&args.connection))?;
        let path = format!("/merchants/{}/reconciliations", segment(merchant.as_str()));
        let body = json!({ "connection": args.connection, "day": args.day });
        client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        if !args.wait {
            if !client.is_remote() {
                print::note("noted in the database; the server compares it, now or once it runs");
            }
            print::line(&format!("{} is compared with {} soon", args.day, args.connection))?;
            return Ok(Exit::Done);
        }
        let ended = wait(client, &merchant, &args).await?;
        print::line(&print::outline(&ended))?;
        Ok(if ended["standing"] == "done" { Exit::Done } else { Exit::Failed })
    })
    .await
}

async fn wait(client: &Client, merchant: &MerchantId, args: &Args) -> Result<Value, Failure> {
    let of = [merchant.as_str(), "reconciliations", args.connection.as_str(), &args.day.to_string()].map(segment);
    let path = format!("/merchants/{}", of.join("/"));
    let began = Instant::now();
    loop {
        let found = client.get(&path).await?;
        if found["standing"] != "wanted" {
            return Ok(found);
        }
        if began.elapsed() > PATIENCE {
            let seconds = PATIENCE.as_secs();
            return Err(Failure::failed(format!(
                "it has not ended after {seconds} s; it goes on without this command"
            )));
        }
        tokio::time::sleep(LOOK).await;
    }
}

//! `redeem`: a guest is let in.

use std::io::{BufRead, IsTerminal, Read};

use axum::http::Method;
use entrepot_contract::ids::{MerchantId, OrderId};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{merchants, orders, print, reach};
use crate::client::{new_key, segment};

/// Longest line read from standard input, in bytes.
const CODE_LIMIT_BYTES: u64 = 4096;

const AFTER: &str = "\
Only where Entrepot's own gate takes the tickets (`gate = true` at the supplier connection).
A code is read from standard input: arguments are visible to everybody on a machine.

Examples:
  entrepot redeem --config entrepot.toml --order 01JABCDEFGHJKMNPQRSTVWXYZ0 --units 1,2
  entrepot redeem --config entrepot.toml --merchant lakeside --code -";

/// Redeem tickets by order or by code
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
#[group(id = "shown", required = true, multiple = false, args = ["order", "code"])]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// Our number of the order
    #[arg(long)]
    order: Option<OrderId>,
    /// Numbers of the units to redeem; all that are left without it
    #[arg(long, value_delimiter = ',', requires = "order", conflicts_with = "code")]
    units: Vec<u16>,
    /// `-`: read the code from standard input
    #[arg(long, value_parser = ["-"], allow_hyphen_values = true)]
    code: Option<String>,
    /// Whose tickets; an order is looked for at all merchants, a code needs it where there are several
    #[arg(long)]
    merchant: Option<MerchantId>,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    let code = args.code.as_ref().map(|_| code()).transpose()?;
    reach::with_api(&args.source, async |client, config| {
        let (merchant, body) = match (&args.order, code) {
            (Some(order), _) => {
                let (merchant, _) = orders::find(client, config, args.merchant.as_ref(), order).await?;
                let mut body = json!({ "order": order });
                if !args.units.is_empty() {
                    body["units"] = json!(args.units);
                }
                (merchant, body)
            }
            (None, code) => (merchants::one(config, args.merchant.as_ref())?, json!({ "code": code })),
        };
        let path = format!("/merchants/{}/redemptions", segment(merchant.as_str()));
        let answer = client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        print::line("redeemed")?;
        if answer != Value::Null {
            print::line(&print::outline(&answer))?;
        }
        Ok(Exit::Done)
    })
    .await
}

fn code() -> Result<String, Failure> {
    let input = std::io::stdin().lock();
    if std::io::stdin().is_terminal() {
        print::note("the code, then Enter:");
    }
    let mut line = String::new();
    input
        .take(CODE_LIMIT_BYTES)
        .read_line(&mut line)
        .map_err(|fault| Failure::failed(format!("standard input: {fault}")))?;
    match line.trim() {
        "" => Err(Failure::usage("standard input has no code")),
        code => Ok(code.to_owned()),
    }
}

//! `redeem`: a guest is let in.

use std::io::{BufRead, IsTerminal, Read};
use std::path::PathBuf;

use axum::http::Method;
use entrepot_contract::ids::{MerchantId, OrderId};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{merchants, orders, print, reach, used_list};
use crate::client::{new_key, segment};

/// Longest line read from standard input, in bytes.
const CODE_LIMIT_BYTES: u64 = 4096;

const AFTER: &str = "\
Only where Entrepot's own gate takes the tickets (`gate = true` at the supplier connection).
A code is read from standard input: arguments are visible to everybody on a machine.

A file has a heading line and the column `code`, or `order` and if need be `units` (1;2); `used_at`, if given, is a time
at the venue (2026-10-01 09:30) or with its offset, at most 31 days ago. Each line counts by itself: what was used before
is only counted, so that the same file may be given again. Refused lines are named on standard error and written to
--errors with their reasons, to be corrected and given again; the exit code is 1 then. At most 200000 lines.

Examples:
  entrepot redeem --config entrepot.toml --order 01JABCDEFGHJKMNPQRSTVWXYZ0 --units 1,2
  entrepot redeem --config entrepot.toml --merchant lakeside --code -
  entrepot redeem --config entrepot.toml --merchant lakeside --file used.csv --dry-run
  entrepot redeem --config entrepot.toml --merchant lakeside --file used.csv --errors refused.csv";

/// Redeem tickets by order, by code or by a list
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
#[group(id = "shown", required = true, multiple = false, args = ["order", "code", "file"])]
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
    /// A CSV file of used tickets; `-` reads standard input
    #[arg(long, value_name = "FILE.csv", allow_hyphen_values = true)]
    file: Option<PathBuf>,
    /// Where refused lines are written; a new file
    #[arg(long, value_name = "FILE.csv", requires = "file")]
    errors: Option<PathBuf>,
    /// Say what would come of each line; nothing is redeemed
    #[arg(long, requires = "file")]
    dry_run: bool,
    /// Print what came of a file as JSON
    #[arg(long, requires = "file")]
    json: bool,
    /// Whose tickets; an order is looked for at all merchants, codes and files need it where there are several
    #[arg(long)]
    merchant: Option<MerchantId>,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    if let Some(file) = &args.file {
        let (source, merchant) = (&args.source, args.merchant.as_ref());
        let job = used_list::Job {
            source,
            file,
            errors: args.errors.as_ref(),
            merchant,
            dry_run: args.dry_run,
            json: args.json,
        };
        return used_list::run(job).await;
    }
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

//! `orders issue`: a person types the codes that no supplier gave.

use std::path::PathBuf;

use axum::http::Method;
use entrepot_contract::ids::{MerchantId, OrderId};
use serde_json::{Value, json};

use super::code_file::content_of;
use super::exit::{Exit, Failure};
use super::source::Source;
use super::{orders, print, reach};
use crate::client::{new_key, segment};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// Our number of the order
    order: OrderId,
    /// The codes: a file, or `-` for standard input; a line for each unit, several codes of a unit apart by blanks
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    codes: PathBuf,
    /// The file holds one code, and all units show it
    #[arg(long)]
    one_for_all: bool,
    /// What the codes are
    #[arg(long, value_parser = ["voucher_number", "qr_code", "url"], default_value = "voucher_number")]
    kind: String,
    /// Why, for the timeline
    #[arg(long)]
    reason: String,
    /// You looked at the supplier: it issued nothing; needed while its answer is open
    #[arg(long)]
    supplier_has_none: bool,
    /// Whose order
    #[arg(long)]
    merchant: Option<MerchantId>,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    let (named, bytes) = content_of(&args.codes)?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{named}: expected UTF-8 text")))?;
    let units = lines(text.trim_start_matches('\u{feff}'));
    let mut body = json!({
        "reason": args.reason, "kind": args.kind, "supplier_has_none": args.supplier_has_none,
    });
    match (args.one_for_all, units.as_slice()) {
        (_, []) => return Err(Failure::usage(format!("{named}: holds no code"))),
        (false, _) => body["codes"] = json!(units),
        (true, [one]) if one.len() == 1 => body["for_all"] = json!(one[0]),
        (true, _) => return Err(Failure::usage(format!("{named}: --one-for-all takes exactly one code"))),
    }
    reach::with_api(&args.source, async |client, config| {
        let (merchant, _) = orders::find(client, config, args.merchant.as_ref(), &args.order).await?;
        let path = format!("/merchants/{}/orders/{}/issue", segment(merchant.as_str()), segment(args.order.as_str()));
        let answer = client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        let units = answer.get("units").and_then(Value::as_u64).unwrap_or_default();
        print::line(&format!("order {} is issued by hand: {units} units", args.order))?;
        Ok(Exit::Done)
    })
    .await
}

/// The codes of each unit: a line each, empty lines left out.
fn lines(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).filter(|codes: &Vec<&str>| !codes.is_empty()).collect()
}

//! `refunds`: those that wait for a person.

use axum::http::Method;
use clap::ValueEnum;
use entrepot_contract::ids::{MerchantId, RefundId};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{merchants, print, reach};
use crate::client::{Client, new_key, segment};
use crate::config::Config;

/// List refunds, or decide one that waits
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  entrepot refunds list --config entrepot.toml --state waiting")]
pub(super) enum Command {
    /// List refunds, the newest first
    #[command(
        after_help = "Example:\n  entrepot refunds list --config entrepot.toml --merchant lakeside --state waiting"
    )]
    List(List),
    /// Agree to a refund that waits, or refuse it
    #[command(after_help = "\
The channel is told afterwards. What was decided once stays decided.

Examples:
  entrepot refunds decide --config entrepot.toml 01JABCDEFGHJKMNPQRSTVWXYZ0 --agree
  entrepot refunds decide --config entrepot.toml 01JABCDEFGHJKMNPQRSTVWXYZ0 --refuse --reason \"used yesterday\"")]
    Decide(Decide),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    Waiting,
    Agreed,
    Refused,
    Done,
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    source: Source,
    /// Whose refunds; all merchants' without it
    #[arg(long)]
    merchant: Option<MerchantId>,
    /// Only those in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(id = "decision", required = true, multiple = false, args = ["agree", "refuse"])]
pub(super) struct Decide {
    #[command(flatten)]
    source: Source,
    /// The refund, as `refunds list` shows it
    refund: RefundId,
    /// Give the money back
    #[arg(long)]
    agree: bool,
    /// Keep it; needs a reason
    #[arg(long, requires = "reason")]
    refuse: bool,
    /// Why, for the channel and the guest
    #[arg(long)]
    reason: Option<String>,
    /// Whose refund
    #[arg(long)]
    merchant: Option<MerchantId>,
}

pub(super) async fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(list) => run_list(list).await,
        Command::Decide(decide) => run_decide(decide).await,
    }
}

async fn run_list(list: List) -> Result<Exit, Failure> {
    reach::with_api(&list.source, async |client, config| {
        let mut found: Vec<(MerchantId, Value)> = Vec::new();
        for merchant in merchants::all(config, list.merchant.as_ref())? {
            let refunds = refunds_of(client, &merchant, list.state).await?;
            found.extend(refunds.into_iter().map(|refund| (merchant.clone(), refund)));
        }
        if list.json {
            let refunds: Vec<Value> = found
                .into_iter()
                .map(|(merchant, mut refund)| {
                    refund["merchant"] = json!(merchant);
                    refund
                })
                .collect();
            print::json(&refunds)?;
            return Ok(Exit::Done);
        }
        let fields = ["id", "order", "units", "state", "cause", "decided_by", "asked_at"];
        let rows: Vec<[String; 8]> = found
            .iter()
            .map(|(merchant, refund)| {
                let [id, order, units, state, cause, by, at] = fields.map(|field| print::cell(&refund[field]));
                [id, merchant.to_string(), order, units, state, cause, by, at]
            })
            .collect();
        let headings = ["REFUND", "MERCHANT", "ORDER", "UNITS", "STATE", "CAUSE", "DECIDED BY", "ASKED"];
        print::line(&print::table(headings, &rows))?;
        Ok(Exit::Done)
    })
    .await
}

/// All pages of a merchant's refunds.
async fn refunds_of(client: &Client, merchant: &MerchantId, state: Option<State>) -> Result<Vec<Value>, Failure> {
    let state = state.and_then(|state| state.to_possible_value());
    let mut query = "limit=500".to_owned();
    if let Some(state) = &state {
        query.push_str(&format!("&state={}", state.get_name()));
    }
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().and_then(|refund| refund["id"].as_str()).map(segment);
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        let path = format!("/merchants/{}/refunds?{query}{after}", segment(merchant.as_str()));
        let answer = client.get(&path).await?;
        let page = reach::rows(&answer, "refunds")?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend_from_slice(page);
    }
}

async fn run_decide(decide: Decide) -> Result<Exit, Failure> {
    reach::with_api(&decide.source, async |client, config| {
        let merchant = owner(client, config, &decide).await?;
        let path = format!("{}/decision", path_of(&merchant, &decide.refund));
        let mut body = json!({ "agree": decide.agree });
        if let Some(reason) = &decide.reason {
            body["reason"] = json!(reason);
        }
        let answer = client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        let (state, order) = (print::cell(&answer["state"]), print::cell(&answer["order"]));
        let text = format!("refund {} of order {order} is {state}", decide.refund);
        // Somebody may have been first. `waiting` is agreed to, with the supplier being asked.
        if decide.agree == (state == "refused") {
            return Err(Failure::failed(text));
        }
        print::line(&text)?;
        Ok(Exit::Done)
    })
    .await
}

/// Whose refund it is, where nobody says.
async fn owner(client: &Client, config: &Config, decide: &Decide) -> Result<MerchantId, Failure> {
    for merchant in merchants::all(config, decide.merchant.as_ref())? {
        match client.get(&path_of(&merchant, &decide.refund)).await {
            Ok(_) => return Ok(merchant),
            Err(fault) if fault.is_not_found() => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    let whose = decide.merchant.as_ref().map_or_else(|| "any merchant".to_owned(), |id| format!("merchant {id}"));
    Err(Failure::failed(format!("no refund {} of {whose}", decide.refund)))
}

fn path_of(merchant: &MerchantId, refund: &RefundId) -> String {
    format!("/merchants/{}/refunds/{}", segment(merchant.as_str()), segment(refund.as_str()))
}

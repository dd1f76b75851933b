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

/// List refunds, look at those that wait, decide them
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  entrepot refunds list --config entrepot.toml --state waiting")]
pub(super) enum Command {
    /// List refunds, the newest first
    #[command(
        after_help = "Example:\n  entrepot refunds list --config entrepot.toml --merchant lakeside --state waiting"
    )]
    List(List),
    /// Those that wait for a person, with what the rule says and how long there is; what ends first comes first
    #[command(after_help = "\
LEFT is the time until the channel decides by itself, by the connection's `deadlines.audit_s`.

Examples:
  entrepot refunds queue --config entrepot.toml
  entrepot refunds queue --config entrepot.toml --merchant lakeside --json")]
    Queue(Queue),
    /// Agree to refunds that wait, or refuse them
    #[command(after_help = "\
The channel is told afterwards. What was decided once stays decided, by whomever: the channel does so by itself when the time
ends. Several at once are of one merchant, at most 200, and each counts by itself; the exit code is 1 when one was refused.

Examples:
  entrepot refunds decide --config entrepot.toml 01JABCDEFGHJKMNPQRSTVWXYZ0 --agree
  entrepot refunds decide --config entrepot.toml --agree 01JABCDEFGHJKMNPQRSTVWXYZ0 01JABCDEFGHJKMNPQRSTVWXYZ1
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
pub(super) struct Queue {
    #[command(flatten)]
    source: Source,
    /// Whose refunds; all merchants' without it
    #[arg(long)]
    merchant: Option<MerchantId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(id = "decision", required = true, multiple = false, args = ["agree", "refuse"])]
pub(super) struct Decide {
    #[command(flatten)]
    source: Source,
    /// The refunds, as `refunds queue` shows them
    #[arg(required = true, num_args = 1..=200)]
    refunds: Vec<RefundId>,
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
        Command::Queue(queue) => run_queue(queue).await,
        Command::Decide(decide) => match decide.refunds.as_slice() {
            [one] => run_decide(&decide, one).await,
            _ => run_decisions(&decide).await,
        },
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

async fn run_queue(queue: Queue) -> Result<Exit, Failure> {
    reach::with_api(&queue.source, async |client, config| {
        let mut found: Vec<Value> = Vec::new();
        for merchant in merchants::all(config, queue.merchant.as_ref())? {
            let waiting = refunds_of(client, &merchant, Some(State::Waiting)).await?;
            found.extend(waiting.into_iter().map(|mut refund| {
                refund["merchant"] = json!(merchant);
                refund
            }));
        }
        found.sort_by_key(|refund| refund["left_ms"].as_i64().unwrap_or(i64::MAX));
        if queue.json {
            print::json(&found)?;
            return Ok(Exit::Done);
        }
        let rows: Vec<[String; 8]> = found
            .iter()
            .map(|refund| {
                let [id, merchant, order, units, cause, at] =
                    ["id", "merchant", "order", "units", "cause", "asked_at"].map(|field| print::cell(&refund[field]));
                [
                    id,
                    merchant,
                    order,
                    units,
                    cause,
                    at,
                    left(&refund["left_ms"]),
                    print::cell(&refund["preview"]["rule"]),
                ]
            })
            .collect();
        let headings = ["REFUND", "MERCHANT", "ORDER", "UNITS", "CAUSE", "ASKED", "LEFT", "RULE"];
        print::line(&print::table(headings, &rows))?;
        Ok(Exit::Done)
    })
    .await
}

/// How long there is, as people say it.
fn left(ms: &Value) -> String {
    let Some(seconds) = ms.as_i64().map(|ms| ms / 1000) else { return "-".to_owned() };
    match seconds {
        i64::MIN..=0 => "over".to_owned(),
        1..600 => format!("{seconds} s"),
        600..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

async fn run_decisions(decide: &Decide) -> Result<Exit, Failure> {
    reach::with_api(&decide.source, async |client, config| {
        let merchant = merchants::one(config, decide.merchant.as_ref())?;
        let one = |refund: &RefundId| {
            let mut decision = json!({ "refund": refund, "agree": decide.agree });
            if let Some(reason) = &decide.reason {
                decision["reason"] = json!(reason);
            }
            decision
        };
        let body = json!({ "decisions": decide.refunds.iter().map(one).collect::<Vec<_>>() });
        let path = format!("/merchants/{}/refunds/decisions", segment(merchant.as_str()));
        let answer = client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        let rows: Vec<[String; 4]> = reach::rows(&answer, "results")?
            .iter()
            .map(|result| {
                let [refund, what, state, text] =
                    ["refund", "result", "state", "text"].map(|field| print::cell(&result[field]));
                [refund, what, state, text]
            })
            .collect();
        print::line(&print::table(["REFUND", "RESULT", "STATE", "WHY NOT"], &rows))?;
        Ok(if answer["refused"] == 0 { Exit::Done } else { Exit::Failed })
    })
    .await
}

async fn run_decide(decide: &Decide, refund: &RefundId) -> Result<Exit, Failure> {
    reach::with_api(&decide.source, async |client, config| {
        let merchant = owner(client, config, decide.merchant.as_ref(), refund).await?;
        let path = format!("{}/decision", path_of(&merchant, refund));
        let mut body = json!({ "agree": decide.agree });
        if let Some(reason) = &decide.reason {
            body["reason"] = json!(reason);
        }
        let answer = client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        let (state, order) = (print::cell(&answer["state"]), print::cell(&answer["order"]));
        let text = format!("refund {refund} of order {order} is {state}");
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
async fn owner(
    client: &Client,
    config: &Config,
    named: Option<&MerchantId>,
    refund: &RefundId,
) -> Result<MerchantId, Failure> {
    for merchant in merchants::all(config, named)? {
        match client.get(&path_of(&merchant, refund)).await {
            Ok(_) => return Ok(merchant),
            Err(fault) if fault.is_not_found() => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    let whose = named.map_or_else(|| "any merchant".to_owned(), |id| format!("merchant {id}"));
    Err(Failure::failed(format!("no refund {refund} of {whose}")))
}

fn path_of(merchant: &MerchantId, refund: &RefundId) -> String {
    format!("/merchants/{}/refunds/{}", segment(merchant.as_str()), segment(refund.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_said_as_people_say_it() {
        let said =
            [json!(-5), json!(0), json!(59_999), json!(3_600_000), json!(86_400_000), Value::Null].map(|ms| left(&ms));
        assert_eq!(said, ["over", "over", "59 s", "60 min", "24 h", "-"]);
    }
}

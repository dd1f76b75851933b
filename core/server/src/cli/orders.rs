//! `orders`: one order with everything that happened to it; acceptance and issuing by hand.

use axum::http::Method;
use entrepot_contract::ids::{MerchantId, OrderId};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{issue_order, merchants, print, reach};
use crate::client::{Client, new_key, segment};
use crate::config::Config;

/// Look at orders, accept or refuse one that waits, have tickets sent again, issue one by hand
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
    /// Accept a paid order that waits for it
    #[command(after_help = "\
The channel is told afterwards. What was decided once stays decided.

Example:
  entrepot orders accept --config entrepot.toml 01JABCDEFGHJKMNPQRSTVWXYZ0")]
    Accept(Accept),
    /// Refuse a paid order that waits for acceptance
    #[command(after_help = "\
The channel is told afterwards and gives the money back.

Example:
  entrepot orders refuse --config entrepot.toml 01JABCDEFGHJKMNPQRSTVWXYZ0 --reason \"closed by storm\"")]
    Refuse(Refuse),
    /// Have the supplier send the guest his tickets again
    #[command(after_help = "\
By the supplier's own message to the order's contact. With --credentials they are printed instead, which needs a token
that may see guests' data. A lost answer is told; nothing is sent twice behind your back.

Examples:
  entrepot orders resend --config entrepot.toml 01JABCDEFGHJKMNPQRSTVWXYZ0
  entrepot orders resend --config entrepot.toml --credentials 01JABCDEFGHJKMNPQRSTVWXYZ0")]
    Resend(Resend),
    /// Issue an order with codes that you type: the last resort when its supplier cannot
    #[command(after_help = "\
For an order that is accepted, or whose supplier was asked. Codes come from a file or standard input: arguments are
visible to everybody on a machine. While nobody knows whether the supplier issued, look there first and say so with
--supplier-has-none. The channel is told; a refund of such an order is decided by a person.

Examples:
  entrepot orders issue --config entrepot.toml 01JABCDEFGHJKMNPQRSTVWXYZ0 --codes - --reason \"gate system down\"
  entrepot orders issue --config entrepot.toml 01JABCDEFGHJKMNPQRSTVWXYZ0 --codes codes.txt --reason \"by phone\"")]
    Issue(issue_order::Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct Resend {
    #[command(flatten)]
    source: Source,
    /// Our number of the order
    order: OrderId,
    /// Print the tickets' credentials instead of having a message sent
    #[arg(long)]
    credentials: bool,
    /// Whose order
    #[arg(long)]
    merchant: Option<MerchantId>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Accept {
    #[command(flatten)]
    source: Source,
    /// Our number of the order
    order: OrderId,
    /// Whose order
    #[arg(long)]
    merchant: Option<MerchantId>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Refuse {
    #[command(flatten)]
    source: Source,
    /// Our number of the order
    order: OrderId,
    /// Why, for the channel and the guest
    #[arg(long)]
    reason: String,
    /// Whose order
    #[arg(long)]
    merchant: Option<MerchantId>,
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
    match command {
        Command::Show(show) => run_show(show).await,
        Command::Resend(resend) => run_resend(resend).await,
        Command::Issue(issue) => issue_order::run(issue).await,
        Command::Accept(Accept { source, order, merchant }) => {
            decide(&source, merchant.as_ref(), &order, json!({ "accept": true })).await
        }
        Command::Refuse(Refuse { source, order, reason, merchant }) => {
            decide(&source, merchant.as_ref(), &order, json!({ "accept": false, "reason": reason })).await
        }
    }
}

async fn decide(source: &Source, named: Option<&MerchantId>, order: &OrderId, body: Value) -> Result<Exit, Failure> {
    reach::with_api(source, async |client, config| {
        let (merchant, _) = find(client, config, named, order).await?;
        let path = format!("/merchants/{}/orders/{}/acceptance", segment(merchant.as_str()), segment(order.as_str()));
        let answer = client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        print::line(&format!("order {order} is {}", print::cell(&answer["acceptance"])))?;
        Ok(Exit::Done)
    })
    .await
}

async fn run_resend(resend: Resend) -> Result<Exit, Failure> {
    let Resend { source, order, credentials, merchant } = resend;
    reach::with_api(&source, async |client, config| {
        let (merchant, _) = find(client, config, merchant.as_ref(), &order).await?;
        let path = format!("/merchants/{}/orders/{}/resend", segment(merchant.as_str()), segment(order.as_str()));
        let body = json!({ "how": if credentials { "credentials" } else { "message" } });
        let answer = client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        match &answer["units"] {
            Value::Null => print::line(&format!("the supplier sent the tickets of order {order} again"))?,
            units => print::line(&print::outline(units))?,
        }
        Ok(Exit::Done)
    })
    .await
}

async fn run_show(show: Show) -> Result<Exit, Failure> {
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
    if let (Some(word), Some(chinese)) = (answer["standing"].as_str(), answer["standing_zh"].as_str()) {
        parts.insert(0, format!("{chinese} ({})", word.replace('_', " ")));
    }
    if let Some(linked) = answer["linked_order"].as_object() {
        let [id, channel, state] = ["id", "channel_order", "state"].map(|name| print::cell(&linked[name]));
        parts.push(format!("\nlinked order\n{id} ({channel}) is {state}"));
    }
    let refunds = answer["refunds"].as_array().filter(|refunds| !refunds.is_empty());
    if refunds.is_some() {
        parts.push(format!("\nrefunds\n{}", print::outline(&answer["refunds"])));
    }
    let lines = answer["refund_lines"].as_array().map_or(&[][..], Vec::as_slice);
    if !lines.is_empty() {
        let rows: Vec<[String; 7]> = lines.iter().map(decided).collect();
        let header = ["TOLD", "UNIT", "DECIDED", "GIVES BACK", "APPLIED", "USES TOTAL/USED/BACK", "DUE = BACK + KEPT"];
        parts.push(format!("\ndecided by the channel\n{}", print::table(header, &rows)));
        let faults = lines.iter().flat_map(|line| line["faults"].as_array().into_iter().flatten());
        parts.extend(faults.map(|fault| format!("cannot be right: {}", print::cell(fault))));
    }
    let timeline = answer["timeline"].as_array().into_iter().flatten();
    let rows: Vec<[String; 4]> =
        timeline.map(|event| ["at", "what", "by", "detail"].map(|field| print::cell(&event[field]))).collect();
    parts.push(format!("\n{}", print::table(["WHEN", "WHAT", "BY", "DETAIL"], &rows)));
    parts.join("\n")
}

/// One line of a decision that the channel took by itself.
fn decided(line: &Value) -> [String; 7] {
    let times = &line["times"];
    let minor = |name: &str| print::cell(&times["amounts"][name]["amount_minor"]);
    let (uses, amounts) = if times.is_null() {
        (String::new(), String::new())
    } else {
        let uses = ["total", "used", "refunded"].map(|name| print::cell(&times[name])).join("/");
        (uses, format!("{} = {} + {}", minor("due"), minor("back"), minor("kept")))
    };
    let unit = match (&line["unit"], &line["names"]["certificate"]) {
        (Value::Null, Value::Null) => "unknown".to_owned(),
        (Value::Null, named) => format!("unknown ({})", print::cell(named)),
        (unit, _) => print::cell(unit),
    };
    let said = match line["agreed"].as_bool() {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    };
    let applied = if line["applied"] == true { "yes" } else { "no" };
    [
        print::cell(&line["told_at"]),
        unit,
        said.to_owned(),
        print::cell(&line["gives_back"]),
        applied.to_owned(),
        uses,
        amounts,
    ]
}

//! `connections calendar|products|catch-up`: what a channel is told and asked beside its orders.

use axum::http::Method;
use entrepot_contract::ids::ConnectionId;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{print, reach};
use crate::client::{Client, new_key, segment};

#[derive(Debug, clap::Args)]
pub(super) struct Calendar {
    #[command(flatten)]
    source: Source,
    /// The channel connection
    connection: ConnectionId,
    /// Tell all dates again, not only what differs
    #[arg(long)]
    again: bool,
    /// Only this product, by the name that the list shows
    #[arg(long, requires = "again")]
    product: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Products {
    #[command(flatten)]
    source: Source,
    /// The channel connection
    connection: ConnectionId,
    /// Tell them as they stand now
    #[arg(long)]
    tell: bool,
    /// Only this product, by the name that the list shows
    #[arg(long, requires = "tell")]
    product: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct CatchUp {
    #[command(flatten)]
    source: Source,
    /// The channel connection
    connection: ConnectionId,
    /// Follow them now
    #[arg(long)]
    now: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn path(connection: &ConnectionId, what: &str) -> String {
    format!("/connections/{}/{what}", segment(connection.as_str()))
}

/// Asks for something to be told: of one product, or of all. How many those are.
async fn ask(client: &Client, path: &str, product: Option<&str>) -> Result<u64, Failure> {
    let body = json!({ "product": product });
    let answer = client.request(Method::POST, path, Some(&new_key()?), Some(&body)).await?;
    if !client.is_remote() {
        print::note("noted in the database; the server tells it, now or once it runs");
    }
    Ok(answer["products"].as_u64().unwrap_or_default())
}

/// Prints the rows of an answer under headings.
fn show<const N: usize>(answer: &Value, json: bool, headings: [&str; N], fields: [&str; N]) -> Result<Exit, Failure> {
    if json {
        print::json(answer)?;
        return Ok(Exit::Done);
    }
    let cells = |row: &Value| fields.map(|field| print::cell(&row[field]));
    let rows: Vec<[String; N]> = reach::rows(answer, "products")?.iter().map(cells).collect();
    print::line(&print::table(headings, &rows))?;
    Ok(Exit::Done)
}

pub(super) async fn calendar(args: Calendar) -> Result<Exit, Failure> {
    let path = path(&args.connection, "calendar-tellings");
    reach::with_api(&args.source, async |client, _| {
        if args.again {
            let count = ask(client, &path, args.product.as_deref()).await?;
            print::line(&format!("all dates of {count} products are told again soon"))?;
            return Ok(Exit::Done);
        }
        let answer = client.get(&path).await?;
        if answer["configured"] == false {
            print::note("this connection is not configured to tell prices and stock");
        } else if answer["able"] == false {
            print::note("the plugin cannot tell prices and stock, or is not open");
        }
        let headings = ["PRODUCT", "TOLD", "WHOLE", "CALLS", "FAILED", "NEXT", "FAULT", "REFUSED"];
        let fields = ["product", "told_at", "whole_at", "calls", "failures", "next_at", "fault", "refused"];
        show(&answer, args.json, headings, fields)
    })
    .await
}

pub(super) async fn products(args: Products) -> Result<Exit, Failure> {
    let path = path(&args.connection, "product-tellings");
    reach::with_api(&args.source, async |client, _| {
        if args.tell {
            let count = ask(client, &path, args.product.as_deref()).await?;
            print::line(&format!("{count} products are told soon"))?;
            return Ok(Exit::Done);
        }
        let answer = client.get(&path).await?;
        if answer["configured"] == "never" {
            print::note("this connection is not configured to tell products");
        } else if answer["able"] == false {
            print::note("the plugin cannot tell products, or is not open");
        }
        let headings = ["PRODUCT", "STANDING", "TOLD", "FAILED", "NEXT", "FAULT"];
        let fields = ["product", "standing", "told_at", "failures", "next_at", "fault"];
        show(&answer, args.json, headings, fields)
    })
    .await
}

pub(super) async fn catch_up(args: CatchUp) -> Result<Exit, Failure> {
    let path = path(&args.connection, "catch-up");
    reach::with_api(&args.source, async |client, _| {
        if args.now {
            client.request(Method::POST, &path, Some(&new_key()?), None).await?;
            if !client.is_remote() {
                print::note("no server was asked: one that runs on this database follows at its own time");
            }
            print::line("the changes of its orders are followed soon")?;
            return Ok(Exit::Done);
        }
        let answer = client.get(&path).await?;
        if args.json {
            print::json(&answer)?;
        } else {
            print::line(&print::outline(&answer))?;
        }
        Ok(Exit::Done)
    })
    .await
}

//! `pools`: codes of a pool are handed over to a channel that gives them to its buyers by itself (预置码).

use axum::http::Method;
use clap::Subcommand;
use entrepot_contract::ids::{CodeId, ConnectionId, ListingId, MerchantId, PoolName, SkuId, UploadId};
use entrepot_contract::time::VisitDate;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{merchants, print, reach};
use crate::client::{new_key, segment};

/// Hand codes over to a channel's own pool
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  entrepot pools uploads --config entrepot.toml summer")]
pub(super) enum Command {
    /// Hand codes of a pool over to a channel, which gives them to its buyers by itself (预置码)
    #[command(after_help = "\
From then on nobody here gives these codes. A code that the channel has already is named, and stays out of the pool until
you know who has it. The server does it part by part; `pools uploads` tells how far it is.

Example:
  entrepot pools upload --config entrepot.toml summer --connection lakeside-acme --sku lake-adult --count 1200")]
    Upload(Upload),
    /// List a pool's uploads, or show one with the codes that the channel had before
    #[command(after_help = "\
Examples:
  entrepot pools uploads --config entrepot.toml summer
  entrepot pools uploads --config entrepot.toml summer U01K8QZ4M7X2R0VJ5N3B9T6WYDE")]
    Uploads(Uploads),
    /// End an upload: what the channel certainly does not have goes back into the pool
    #[command(after_help = "Example:\n  entrepot pools stop --config entrepot.toml summer U01K8QZ4M7X2R0VJ5N3B9T6WYDE")]
    Stop(Stop),
    /// Ask a channel to which order it gave a code
    #[command(
        after_help = "Example:\n  entrepot pools bound --config entrepot.toml summer C01K8QZ4M7X2R0VJ5N3B9T6WYDE-0001"
    )]
    Bound(Bound),
}

/// A pool.
#[derive(Debug, clap::Args)]
pub(super) struct Of {
    #[command(flatten)]
    source: Source,
    /// The pool
    #[arg(value_name = "POOL")]
    pool: PoolName,
    /// Whose pool; needed where there are several merchants
    #[arg(long, value_name = "ID")]
    merchant: Option<MerchantId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Upload {
    #[command(flatten)]
    of: Of,
    /// The channel connection
    #[arg(long, value_name = "ID")]
    connection: ConnectionId,
    /// The SKU for which the channel gives them
    #[arg(long, value_name = "ID", required_unless_present = "listing")]
    sku: Option<SkuId>,
    /// The listing, where the SKU has several
    #[arg(long, value_name = "ID")]
    listing: Option<ListingId>,
    /// How many codes: 1 to 100000
    #[arg(long, value_name = "N")]
    count: u32,
    /// The last day on which the channel may give them; each code's own when left out
    #[arg(long, value_name = "DATE")]
    last_day: Option<VisitDate>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Uploads {
    #[command(flatten)]
    of: Of,
    /// Only this one, with its codes
    #[arg(value_name = "UPLOAD")]
    upload: Option<UploadId>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Stop {
    #[command(flatten)]
    of: Of,
    /// The upload
    #[arg(value_name = "UPLOAD")]
    upload: UploadId,
}

#[derive(Debug, clap::Args)]
pub(super) struct Bound {
    #[command(flatten)]
    of: Of,
    /// The code's id
    #[arg(value_name = "CODE")]
    code: CodeId,
}

fn path_of(of: &Of, merchant: &MerchantId, below: &str) -> String {
    format!("/merchants/{}/pools/{}{below}", segment(merchant.as_str()), segment(of.pool.as_str()))
}

pub(super) async fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Upload(asked) => upload(asked).await,
        Command::Uploads(asked) => uploads(asked).await,
        Command::Stop(asked) => stop(asked).await,
        Command::Bound(asked) => bound(asked).await,
    }
}

async fn upload(asked: Upload) -> Result<Exit, Failure> {
    let of = &asked.of;
    reach::with_api(&of.source, async |client, config| {
        let merchant = merchants::of_channel(config, of.merchant.as_ref(), Some(&asked.connection))?;
        let mut body = json!({ "connection": asked.connection, "count": asked.count });
        for (name, value) in [("sku", json!(asked.sku)), ("listing", json!(asked.listing))] {
            if !value.is_null() {
                body[name] = value;
            }
        }
        if let Some(day) = asked.last_day {
            body["last_day"] = json!(day);
        }
        let path = path_of(of, &merchant, "/uploads");
        let answer = client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        if !client.is_remote() {
            print::note("noted in the database; the server hands the codes over once it runs");
        }
        if of.json {
            print::json(&answer)?;
        } else {
            let (id, pool, to) = (print::cell(&answer["upload"]), &of.pool, &asked.connection);
            print::line(&format!("upload {id}: {} codes of pool {pool} go to {to}", asked.count))?;
        }
        Ok(Exit::Done)
    })
    .await
}

async fn uploads(asked: Uploads) -> Result<Exit, Failure> {
    let of = &asked.of;
    reach::with_api(&of.source, async |client, config| {
        let merchant = merchants::of_supplier(config, of.merchant.as_ref(), None)?;
        let one = asked.upload.as_ref().map(|upload| format!("/{}", segment(upload.as_str()))).unwrap_or_default();
        let answer = client.get(&path_of(of, &merchant, &format!("/uploads{one}"))).await?;
        if of.json {
            print::json(&answer)?;
        } else if asked.upload.is_some() {
            print::line(&print::outline(&answer))?;
        } else {
            let names = ["id", "connection", "standing", "wanted", "reserved", "taken", "refused", "at", "note"];
            let rows: Vec<[String; 9]> = reach::rows(&answer, "uploads")?
                .iter()
                .map(|row: &Value| names.map(|name| print::cell(&row[name])))
                .collect();
            let headings = ["UPLOAD", "CONNECTION", "STANDING", "WANTED", "RESERVED", "TAKEN", "REFUSED", "AT", "NOTE"];
            print::line(&print::table(headings, &rows))?;
        }
        Ok(Exit::Done)
    })
    .await
}

async fn stop(asked: Stop) -> Result<Exit, Failure> {
    let of = &asked.of;
    reach::with_api(&of.source, async |client, config| {
        let merchant = merchants::of_supplier(config, of.merchant.as_ref(), None)?;
        let path = path_of(of, &merchant, &format!("/uploads/{}/stop", segment(asked.upload.as_str())));
        let answer = client.request(Method::POST, &path, Some(&new_key()?), None).await?;
        if of.json {
            print::json(&answer)?;
        } else {
            print::line(&format!("upload {} has ended", asked.upload))?;
        }
        Ok(Exit::Done)
    })
    .await
}

async fn bound(asked: Bound) -> Result<Exit, Failure> {
    let of = &asked.of;
    reach::with_api(&of.source, async |client, config| {
        let merchant = merchants::of_supplier(config, of.merchant.as_ref(), None)?;
        let path = path_of(of, &merchant, &format!("/codes/{}/bound-order", segment(asked.code.as_str())));
        let answer = client.get(&path).await?;
        if of.json {
            print::json(&answer)?;
        } else if answer["order"].is_null() {
            print::line("the channel gave it to nobody so far")?;
        } else {
            print::line(&print::outline(&answer["order"]))?;
        }
        Ok(Exit::Done)
    })
    .await
}

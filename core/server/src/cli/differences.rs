//! `differences`: what differs between our orders and the channels', and a person's word that one is settled.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use axum::http::Method;
use clap::ValueEnum;
use entrepot_contract::ids::{ConnectionId, MerchantId};
use entrepot_contract::time::VisitDate;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{merchants, print, reach};
use crate::client::{new_key, segment};
use crate::config::Language;

/// List what differs between our orders and a channel's, or settle a difference
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Found by comparing a day: entrepot reconcile. What a later comparison does not find again is gone by itself.

Examples:
  entrepot differences --config entrepot.toml
  entrepot differences --config entrepot.toml --connection lakeside-acme --day 2026-10-01 --format csv
  entrepot differences --config entrepot.toml --settled --format xlsx --output differences.xlsx"
)]
pub(super) struct Args {
    #[command(subcommand)]
    act: Option<Act>,
    #[command(flatten)]
    source: Source,
    /// Only of this channel connection
    #[arg(long)]
    connection: Option<ConnectionId>,
    /// Only of this day's comparison: yyyy-MM-dd
    #[arg(long)]
    day: Option<VisitDate>,
    /// Those that are gone or were settled, too
    #[arg(long)]
    settled: bool,
    /// How they are written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Where they are written; a new file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Whose; needed where there are several merchants and no connection is named
    #[arg(long)]
    merchant: Option<MerchantId>,
}

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Table,
    /// For programs
    Json,
    /// For spreadsheets, in UTF-8 with its mark
    Csv,
    /// For spreadsheets; needs --output
    Xlsx,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Say that a difference is settled, and what was done about it
    #[command(after_help = "\
A later comparison that finds it again raises it again.

Example:
  entrepot differences settle --config entrepot.toml --connection lakeside-acme --day 2026-10-01 --kind amount \\
    --subject 800001 --note \"the channel corrected its bill\"")]
    Settle(Settle),
}

#[derive(Debug, clap::Args)]
struct Settle {
    #[command(flatten)]
    source: Source,
    /// The channel connection
    #[arg(long)]
    connection: ConnectionId,
    /// The day of the comparison: yyyy-MM-dd
    #[arg(long)]
    day: VisitDate,
    /// Its kind, as the list shows it
    #[arg(long)]
    kind: String,
    /// What it is about, as the list shows it
    #[arg(long)]
    subject: String,
    /// What was done about it; no guest's data
    #[arg(long)]
    note: String,
}

pub(super) async fn run(mut args: Args) -> Result<Exit, Failure> {
    match args.act.take() {
        Some(Act::Settle(settle)) => run_settle(settle).await,
        None => list(args).await,
    }
}

async fn run_settle(settle: Settle) -> Result<Exit, Failure> {
    let Settle { source, connection, day, kind, subject, note } = settle;
    reach::with_api(&source, async |client, config| {
        let merchant = merchants::of_channel(config, None, Some(&connection))?;
        let path = format!("/merchants/{}/differences/settle", segment(merchant.as_str()));
        let body = json!({ "connection": connection, "day": day, "kind": kind, "subject": subject, "note": note });
        client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        print::line(&format!("the difference {kind} about {subject} is settled"))?;
        Ok(Exit::Done)
    })
    .await
}

/// The path of a list in the form that the API gives.
fn path(args: &Args, merchant: &MerchantId) -> String {
    let format = match args.format {
        Format::Table | Format::Json => "json",
        Format::Csv => "csv",
        Format::Xlsx => "xlsx",
    };
    let mut path =
        format!("/merchants/{}/differences?format={format}&settled={}", segment(merchant.as_str()), args.settled);
    if let Some(connection) = &args.connection {
        path.push_str(&format!("&connection={}", segment(connection.as_str())));
    }
    if let Some(day) = &args.day {
        path.push_str(&format!("&day={day}"));
    }
    path
}

async fn list(args: Args) -> Result<Exit, Failure> {
    if args.format == Format::Xlsx && args.output.is_none() {
        return Err(Failure::usage("an XLSX file is nothing for a terminal: name a file with --output"));
    }
    reach::with_api(&args.source, async |client, config| {
        let merchant = merchants::of_channel(config, args.merchant.as_ref(), args.connection.as_ref())?;
        let path = path(&args, &merchant);
        let bytes = match args.format {
            Format::Csv | Format::Xlsx => client.download(&path).await?,
            Format::Json | Format::Table => {
                let answer = client.get(&path).await?;
                if answer["more"] == true {
                    print::note("there are more; name a day or a connection to see the rest");
                }
                match args.format {
                    Format::Json => format!("{answer:#}\n").into_bytes(),
                    _ => format!("{}\n", table(&answer, config.alerts.language)?).into_bytes(),
                }
            }
        };
        match &args.output {
            Some(file) => {
                written(file, &bytes)?;
                print::note(&format!("written to {}", file.display()));
            }
            None => print::raw(&bytes)?,
        }
        Ok(Exit::Done)
    })
    .await
}

fn table(answer: &Value, language: Language) -> Result<String, Failure> {
    let advice = match language {
        Language::Zh => "advice_zh",
        Language::En => "advice_en",
    };
    let fields = ["day", "connection", "kind", "subject", "ours", "theirs", advice, "settled_by"];
    let cells = |row: &Value| {
        let mut cells = fields.map(|field| print::cell(&row[field]));
        if let Some(voucher) = row["voucher"].as_str() {
            cells[3] = format!("{} (voucher {})", cells[3], print::cell(&voucher.into()));
        }
        cells
    };
    let rows: Vec<[String; 8]> = reach::rows(answer, "differences")?.iter().map(cells).collect();
    let headings = ["DAY", "CONNECTION", "KIND", "SUBJECT", "OURS", "THEIRS", "WHAT TO DO", "SETTLED"];
    Ok(print::table(headings, &rows))
}

fn written(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = File::options();
    options.write(true).create_new(true);
    let failed = |fault: std::io::Error| Failure::failed(format!("{}: {fault}", file.display()));
    options.open(file).and_then(|mut file| file.write_all(bytes)).map_err(failed)
}

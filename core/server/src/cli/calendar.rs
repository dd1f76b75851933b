//! `calendar`: files of prices and stock go into the calendar.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::http::Method;
use entrepot_contract::ids::MerchantId;
use serde::Serialize;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{calendar_file, merchants, print, reach};
use crate::client::{Client, new_key, segment};

/// Rows of one request.
const CHUNK_ROWS: usize = 10_000;

/// Import calendars
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  entrepot calendar import --config entrepot.toml october.csv")]
pub(super) enum Command {
    /// Import a CSV file of prices, opening and stock
    #[command(after_help = "\
The file has a heading line with a column `sku` and any of: date, retail, settlement, cost (yuan: 128 or 128.50),
retail_minor, settlement_minor, cost_minor, currency, stock (a number or unlimited), bucket, slot, open (true or false),
minimum_units, maximum_units. What is empty stays as it is; a new date needs both prices and stock.

The whole file is checked first. When a row is bad nothing is written, and all bad rows are named on standard error
with their lines; with --skip-bad-rows the good ones are written. The exit code is 1 when a row was bad.

Examples:
  entrepot calendar import --config entrepot.toml --merchant lakeside --dry-run october.csv
  entrepot calendar import --config entrepot.toml --merchant lakeside --skip-bad-rows october.csv")]
    Import(Import),
}

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    #[command(flatten)]
    source: Source,
    /// Whose calendar; needed where there are several merchants
    #[arg(long, value_name = "ID")]
    merchant: Option<MerchantId>,
    /// Write the good rows although others are bad
    #[arg(long)]
    skip_bad_rows: bool,
    /// Check only; nothing is written
    #[arg(long)]
    dry_run: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    /// The file; `-` reads standard input
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
}

/// What came of an import.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Lines of the file, without the heading.
    lines: usize,
    /// Rows of the calendar written, or that would be.
    rows: u64,
    /// Bad lines with what is wrong.
    bad: BTreeMap<u64, Vec<String>>,
    /// Whether anything was written.
    written: bool,
}

pub(super) async fn run(command: Command) -> Result<Exit, Failure> {
    let Command::Import(import) = command;
    // The file is read as a whole before anything is written.
    let file = calendar_file::read(&import.file)?;
    if !file.ignored.is_empty() {
        print::note(&format!("note: columns without meaning here: {}", file.ignored.join(", ")));
    }
    reach::with_api(&import.source, async |client, config| {
        let merchant = merchants::one(config, import.merchant.as_ref())?;
        let lines = file.rows.len() + file.refused.len();
        let mut report = Report { lines, bad: file.refused.clone(), ..Report::default() };
        send(client, &merchant, &file.rows, true, &mut report).await?;
        let wanted = !import.dry_run && (report.bad.is_empty() || import.skip_bad_rows);
        if wanted && report.rows > 0 {
            report.rows = 0;
            report.bad = file.refused.clone();
            let result = send(client, &merchant, &file.rows, false, &mut report).await;
            print::progress("");
            result.map_err(|failure| Failure {
                text: format!("{}\nwhat was written stays; give the file again", failure.text),
                ..failure
            })?;
            report.written = true;
        }
        tell(&import, &merchant, &report)?;
        Ok(if report.bad.is_empty() { Exit::Done } else { Exit::Failed })
    })
    .await
}

/// Gives the rows in requests of their own; bad ones are answered with their places.
async fn send(
    client: &Client,
    merchant: &MerchantId,
    rows: &[(u64, Value)],
    dry_run: bool,
    report: &mut Report,
) -> Result<(), Failure> {
    let path = format!("/merchants/{}/calendar", segment(merchant.as_str()));
    for (number, chunk) in rows.chunks(CHUNK_ROWS).enumerate() {
        let what = if dry_run { "checked" } else { "written" };
        print::progress(&format!("{} of {} lines {what}", number * CHUNK_ROWS, rows.len()));
        let values: Vec<&Value> = chunk.iter().map(|(_, row)| row).collect();
        let body = json!({ "rows": values, "skip_bad_rows": true, "dry_run": dry_run });
        let answer = client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        report.rows += answer["rows"].as_u64().unwrap_or(0);
        for bad in reach::rows(&answer, "skipped")? {
            let line = line_of(&bad["place"], chunk)
                .ok_or_else(|| Failure::failed(format!("the API names a row that was not sent: {bad}")))?;
            report.bad.entry(line).or_default().push(print::cell(&bad["fault"]));
        }
    }
    Ok(())
}

/// The line behind a place such as `rows[17]`.
fn line_of(place: &Value, chunk: &[(u64, Value)]) -> Option<u64> {
    let index: usize = place.as_str()?.strip_prefix("rows[")?.strip_suffix(']')?.parse().ok()?;
    chunk.get(index).map(|(line, _)| *line)
}

fn tell(import: &Import, merchant: &MerchantId, report: &Report) -> Result<(), Failure> {
    print::progress("");
    if import.json {
        return print::json(report);
    }
    for (line, faults) in &report.bad {
        print::note(&format!("line {line}: {}", faults.join("; ")));
    }
    let bad = report.bad.len();
    let outcome = match (report.written, import.dry_run) {
        (true, _) => format!("{} rows written", report.rows),
        (false, true) => format!("{} rows would be written", report.rows),
        (false, false) => "nothing was written".to_owned(),
    };
    let advice = match bad > 0 && !report.written && !import.dry_run && report.rows > 0 {
        true => "; --skip-bad-rows writes the others",
        false => "",
    };
    print::line(&format!("calendar of {merchant}: {} lines read, {bad} bad, {outcome}{advice}", report.lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_the_api_is_a_line_of_the_file() {
        let chunk = [(2, Value::Null), (5, Value::Null)];
        assert_eq!(line_of(&json!("rows[1]"), &chunk), Some(5));
        for odd in [json!("rows[2]"), json!("the body"), json!("rows[-1]"), json!(1), Value::Null] {
            assert_eq!(line_of(&odd, &chunk), None, "{odd}");
        }
    }
}

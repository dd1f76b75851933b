//! `codes`: files of codes go into pools.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::http::Method;
use entrepot_contract::ids::{ConnectionId, MerchantId, PoolName};
use entrepot_contract::supplier::CodeRow;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{code_file, merchants, print, reach};
use crate::client::{Client, new_key, segment};

/// Rows of one request. A request is one answer's wait, and the steps of the progress.
const CHUNK_ROWS: usize = 5000;
/// Bytes of one request, about.
const CHUNK_BYTES: usize = 2 * 1024 * 1024;

/// Import codes
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  entrepot codes import --config entrepot.toml --pool summer summer.csv")]
pub(super) enum Command {
    /// Import a CSV file of codes into a pool; makes the pool when it is new
    #[command(after_help = "\
The file has a heading line with a column `code` and, if codes have one, `password`; other columns are ignored. A code
that is there already is counted and not added twice, so that an import that stopped half-way is simply given again.
Rows that cannot be codes are named on standard error with the reason; the others are imported, and the exit code is 1.

Examples:
  entrepot codes import --config entrepot.toml --pool summer --dry-run summer.csv
  entrepot codes import --config entrepot.toml --merchant lakeside --pool summer summer.csv")]
    Import(Import),
}

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    #[command(flatten)]
    source: Source,
    /// The pool
    #[arg(long, value_name = "NAME")]
    pool: PoolName,
    /// Whose pool; needed where there are several merchants
    #[arg(long, value_name = "ID")]
    merchant: Option<MerchantId>,
    /// The pool connection, where the merchant has several
    #[arg(long, value_name = "ID")]
    connection: Option<ConnectionId>,
    /// Check and count only; nothing is written
    #[arg(long)]
    dry_run: bool,
    /// Print the counts as JSON
    #[arg(long)]
    json: bool,
    /// The file; `-` reads standard input
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
}

/// What came of an import: the API's reports, added up.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Report {
    rows: usize,
    added: usize,
    #[serde(default)]
    duplicates: Vec<u32>,
    #[serde(default)]
    refused: BTreeMap<u32, String>,
    #[serde(default)]
    dry_run: bool,
}

impl Report {
    fn add(&mut self, part: Self) {
        self.added += part.added;
        self.duplicates.extend(part.duplicates);
        self.refused.extend(part.refused);
    }
}

pub(super) async fn run(command: Command) -> Result<Exit, Failure> {
    let Command::Import(import) = command;
    // The file is read as a whole before anything is written.
    let file = code_file::read(&import.file)?;
    if !file.ignored.is_empty() {
        print::note(&format!("note: columns without meaning here: {}", file.ignored.join(", ")));
    }
    reach::with_api(&import.source, async |client, config| {
        let merchant = merchants::of_supplier(config, import.merchant.as_ref(), import.connection.as_ref())?;
        let mut report = Report {
            rows: file.rows.len() + file.duplicates.len() + file.refused.len(),
            duplicates: file.duplicates.clone(),
            refused: file.refused.clone(),
            dry_run: import.dry_run,
            ..Report::default()
        };
        let result = send(client, &import, &merchant, &chunks(&file.rows, CHUNK_BYTES), &mut report).await;
        print::progress("");
        for (line, reason) in &report.refused {
            print::note(&format!("line {line}: {reason}"));
        }
        if let Err(failure) = result {
            let partly = !import.dry_run && (report.added > 0 || failure.exit == Exit::Unreachable);
            let text = format!("{}\nwhat was added stays; give the file again, none is added twice", failure.text);
            return Err(if partly { Failure { text, ..failure } } else { failure });
        }
        report.duplicates.sort_unstable();
        tell(&import, &merchant, &report)?;
        Ok(if report.refused.is_empty() { Exit::Done } else { Exit::Failed })
    })
    .await
}

fn tell(import: &Import, merchant: &MerchantId, report: &Report) -> Result<(), Failure> {
    if import.json {
        return print::json(report);
    }
    let added = if import.dry_run { "would be added" } else { "added" };
    print::line(&format!(
        "pool {} of {merchant}: {} rows read, {} {added}, {} there already or twice in the file, {} refused",
        import.pool,
        report.rows,
        report.added,
        report.duplicates.len(),
        report.refused.len()
    ))
}

async fn send(
    client: &Client,
    import: &Import,
    merchant: &MerchantId,
    chunks: &[&[CodeRow]],
    report: &mut Report,
) -> Result<(), Failure> {
    let path = format!("/merchants/{}/pools/{}/codes", segment(merchant.as_str()), segment(import.pool.as_str()));
    let mut behind = 0;
    for chunk in chunks {
        print::progress(&format!("{behind} of {} rows", report.rows));
        let mut body = json!({ "codes": chunk, "dry_run": import.dry_run });
        if let Some(connection) = &import.connection {
            body["connection"] = json!(connection);
        }
        let answer = client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        let part = serde_json::from_value(answer)
            .map_err(|fault| Failure::failed(format!("the API's answer is no report: {fault}")))?;
        report.add(part);
        behind += chunk.len();
    }
    Ok(())
}

/// Cuts rows into requests of at most so many rows and about so many bytes.
fn chunks(rows: &[CodeRow], bytes: usize) -> Vec<&[CodeRow]> {
    let mut chunks = Vec::new();
    let (mut from, mut size) = (0, 0);
    for (at, row) in rows.iter().enumerate() {
        // Quotes may double in JSON; the names of the fields come on top.
        let own = 2 * (row.code.len() + row.password.as_ref().map_or(0, String::len)) + 48;
        if at > from && (at - from == CHUNK_ROWS || size + own > bytes) {
            chunks.push(&rows[from..at]);
            (from, size) = (at, 0);
        }
        size += own;
    }
    if from < rows.len() {
        chunks.push(&rows[from..]);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u32, code: &str) -> CodeRow {
        CodeRow { line, code: code.to_owned(), password: None }
    }

    #[test]
    fn chunks_hold_every_row_once_and_stay_small() {
        let rows: Vec<CodeRow> = (0..12_500).map(|line| row(line, "0123456789")).collect();
        let sizes = |bytes| chunks(&rows, bytes).iter().map(|chunk| chunk.len()).collect::<Vec<_>>();
        assert_eq!(sizes(CHUNK_BYTES), [5000, 5000, 2500]);
        assert_eq!(sizes(500 * 68).len(), 25);
        assert_eq!(sizes(1).len(), 12_500, "a row larger than the limit still goes, alone");
        assert!(chunks(&[], 1000).is_empty());
    }
}

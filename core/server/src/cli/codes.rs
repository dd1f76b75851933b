//! `codes`: files of codes go into pools; batches rest, end and are exported.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::http::Method;
use entrepot_contract::ids::{BatchId, ConnectionId, MerchantId, PoolName};
use entrepot_engine::flows::import_codes::{Duplicates, ImportRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{code_file, merchants, print, reach};
use crate::client::{Client, new_key, segment};
use crate::code_file::Columns;

/// Rows of one request. A request is one answer's wait, and the steps of the progress.
const CHUNK_ROWS: usize = 5000;
/// Rows of one page of an export.
const PAGE_ROWS: usize = 500;
/// Bytes of one request, about.
const CHUNK_BYTES: usize = 2 * 1024 * 1024;

/// Import, pause, void and export codes
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  entrepot codes import --config entrepot.toml --pool summer summer.csv")]
pub(super) enum Command {
    /// Import a CSV or XLSX file of codes into a pool; makes the pool when it is new
    #[command(after_help = "\
The file has a heading line. Columns: code (码, 券码, 卡号), password (密码), valid_from, valid_to (有效期), batch (批次),
face_value (面值, in yuan), face_minor and currency; others are ignored. --columns maps them by heading or letter. CSV may
be UTF-8, UTF-16 or GB18030. A code that is there already is counted and not added twice, so that an import that stopped
half-way is simply given again. Rows that cannot be codes are named on standard error with the reason, and written to
--errors as a file to mend and import; the others are imported, and the exit code is 1.

Examples:
  entrepot codes import --config entrepot.toml --pool summer --dry-run summer.csv
  entrepot codes import --config entrepot.toml --merchant lakeside --pool summer --batch june summer.xlsx
  entrepot codes import --config entrepot.toml --pool summer --columns code=B,password=C --errors bad.csv cards.csv")]
    Import(Import),
    /// List a pool's batches with their numbers
    #[command(after_help = "Example:\n  entrepot codes batches --config entrepot.toml --pool summer")]
    Batches(Of),
    /// Let a batch's codes rest
    #[command(after_help = "Example:\n  entrepot codes pause --config entrepot.toml --pool summer june")]
    Pause(Batch),
    /// Give a paused batch's codes again
    #[command(after_help = "Example:\n  entrepot codes resume --config entrepot.toml --pool summer june")]
    Resume(Batch),
    /// Take a batch's codes that nobody has out for ever
    #[command(after_help = "Example:\n  entrepot codes void --config entrepot.toml --pool summer june")]
    Void(Batch),
    /// Write codes as CSV to standard output: masked, or in full where the role may
    #[command(
        after_help = "Example:\n  entrepot codes export --config entrepot.toml --pool summer --batch june --full"
    )]
    Export(Export),
}

/// A pool.
#[derive(Debug, clap::Args)]
pub(super) struct Of {
    #[command(flatten)]
    source: Source,
    /// The pool
    #[arg(long, value_name = "NAME")]
    pool: PoolName,
    /// Whose pool; needed where there are several merchants
    #[arg(long, value_name = "ID")]
    merchant: Option<MerchantId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Batch {
    #[command(flatten)]
    of: Of,
    /// The batch
    #[arg(value_name = "BATCH")]
    batch: BatchId,
}

#[derive(Debug, clap::Args)]
pub(super) struct Export {
    #[command(flatten)]
    of: Of,
    /// Only this batch
    #[arg(long, value_name = "BATCH")]
    batch: Option<BatchId>,
    /// Only codes in this state: available, returned, paused, reserved, assigned, used, void or expired
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Codes and passwords in full; the audit log has it first
    #[arg(long)]
    full: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    #[command(flatten)]
    of: Of,
    /// The pool connection, where the merchant has several
    #[arg(long, value_name = "ID")]
    connection: Option<ConnectionId>,
    /// The batch of rows that name none; the time of the import when left out
    #[arg(long, value_name = "BATCH")]
    batch: Option<BatchId>,
    /// Which column holds what: field=heading or field=letter
    #[arg(long, value_name = "MAP", default_value = "", hide_default_value = true)]
    columns: String,
    /// The first line is a code, no heading
    #[arg(long)]
    no_header: bool,
    /// Where to write the rows that were refused
    #[arg(long, value_name = "FILE.csv")]
    errors: Option<PathBuf>,
    /// Check and count only; nothing is written
    #[arg(long)]
    dry_run: bool,
    /// The file; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What came of an import: the API's reports, added up.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Report {
    rows: usize,
    added: usize,
    #[serde(default)]
    duplicates: Duplicates,
    #[serde(default)]
    refused: BTreeMap<u32, String>,
    #[serde(default)]
    dry_run: bool,
}

impl Report {
    fn add(&mut self, part: Self) {
        self.added += part.added;
        self.duplicates.in_file.extend(part.duplicates.in_file);
        self.duplicates.in_pool.extend(part.duplicates.in_pool);
        self.duplicates.in_other_pool.extend(part.duplicates.in_other_pool);
        self.refused.extend(part.refused);
    }
}

pub(super) async fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Import(import) => run_import(import).await,
        Command::Batches(of) => batches(of).await,
        Command::Pause(batch) => move_batch(batch, "pause").await,
        Command::Resume(batch) => move_batch(batch, "resume").await,
        Command::Void(batch) => move_batch(batch, "void").await,
        Command::Export(asked) => export(asked).await,
    }
}

async fn run_import(import: Import) -> Result<Exit, Failure> {
    let columns = Columns::parse(&import.columns, !import.no_header).map_err(Failure::failed)?;
    // The file is read as a whole before anything is written.
    let file = code_file::read(&import.file, &columns)?;
    if !file.ignored.is_empty() {
        print::note(&format!("note: columns without meaning here: {}", file.ignored.join(", ")));
    }
    reach::with_api(&import.of.source, async |client, config| {
        let merchant = merchants::of_supplier(config, import.of.merchant.as_ref(), import.connection.as_ref())?;
        let mut report = Report {
            rows: file.rows.len() + file.duplicates.len() + file.refused.len(),
            duplicates: Duplicates { in_file: file.duplicates.clone(), ..Duplicates::default() },
            refused: file.refused.clone(),
            dry_run: import.dry_run,
            ..Report::default()
        };
        let result = send(client, &import, &merchant, &chunks(&file.rows, CHUNK_BYTES), &mut report).await;
        print::progress("");
        for (line, reason) in &report.refused {
            print::note(&format!("line {line}: {reason}"));
        }
        if let Some(path) = import.errors.as_ref().filter(|_| !report.refused.is_empty()) {
            code_file::write_refused(path, &report.refused, &file.rows)?;
            print::note(&format!("{} rows to mend and import are in {}", report.refused.len(), path.display()));
        }
        if let Err(failure) = result {
            let partly = !import.dry_run && (report.added > 0 || failure.exit == Exit::Unreachable);
            let text = format!("{}\nwhat was added stays; give the file again, none is added twice", failure.text);
            return Err(if partly { Failure { text, ..failure } } else { failure });
        }
        report.duplicates.in_file.sort_unstable();
        tell(&import, &merchant, &report)?;
        Ok(if report.refused.is_empty() { Exit::Done } else { Exit::Failed })
    })
    .await
}

fn tell(import: &Import, merchant: &MerchantId, report: &Report) -> Result<(), Failure> {
    if import.of.json {
        return print::json(report);
    }
    let added = if import.dry_run { "would be added" } else { "added" };
    let Duplicates { in_file, in_pool, in_other_pool } = &report.duplicates;
    print::line(&format!(
        "pool {} of {merchant}: {} rows read, {} {added}, {} twice in the file, {} in the pool already, {} in another \
         pool, {} refused",
        import.of.pool,
        report.rows,
        report.added,
        in_file.len(),
        in_pool.len(),
        in_other_pool.len(),
        report.refused.len()
    ))
}

/// The path of a pool, or of what is below it.
fn path_of(of: &Of, merchant: &MerchantId, below: &str) -> String {
    format!("/merchants/{}/pools/{}{below}", segment(merchant.as_str()), segment(of.pool.as_str()))
}

async fn batches(of: Of) -> Result<Exit, Failure> {
    reach::with_api(&of.source, async |client, config| {
        let merchant = merchants::of_supplier(config, of.merchant.as_ref(), None)?;
        let answer = client.request(Method::GET, &path_of(&of, &merchant, "/batches"), None, None).await?;
        if of.json {
            print::json(&answer)?;
            return Ok(Exit::Done);
        }
        let text = |row: &Value, name: &str| match &row[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let rows = reach::rows(&answer, "batches")?.iter();
        let names = [
            "id",
            "state",
            "available",
            "returned",
            "paused",
            "reserved",
            "assigned",
            "used",
            "void",
            "expired",
            "at",
            "by",
        ];
        let rows: Vec<[String; 12]> = rows.map(|row| names.map(|name| text(row, name))).collect();
        let headings = [
            "BATCH",
            "STATE",
            "AVAILABLE",
            "RETURNED",
            "PAUSED",
            "RESERVED",
            "ASSIGNED",
            "USED",
            "VOID",
            "EXPIRED",
            "IMPORTED",
            "BY",
        ];
        print::line(&print::table(headings, &rows))?;
        Ok(Exit::Done)
    })
    .await
}

async fn move_batch(asked: Batch, act: &str) -> Result<Exit, Failure> {
    let of = &asked.of;
    reach::with_api(&of.source, async |client, config| {
        let merchant = merchants::of_supplier(config, of.merchant.as_ref(), None)?;
        let below = format!("/batches/{}/{act}", segment(asked.batch.as_str()));
        let path = path_of(of, &merchant, &below);
        let answer = client.request(Method::POST, &path, Some(&new_key()?), None).await?;
        if of.json {
            print::json(&answer)?;
        } else {
            print::line(&format!("batch {} of pool {}: {}, {} codes", asked.batch, of.pool, act, answer["moved"]))?;
        }
        Ok(Exit::Done)
    })
    .await
}

/// Columns of an export; it may be imported again.
const EXPORTED: [&str; 12] = [
    "id",
    "state",
    "batch",
    "code",
    "password",
    "valid_from",
    "valid_to",
    "face_minor",
    "currency",
    "order",
    "unit",
    "given_at",
];

async fn export(asked: Export) -> Result<Exit, Failure> {
    let of = &asked.of;
    reach::with_api(&of.source, async |client, config| {
        let merchant = merchants::of_supplier(config, of.merchant.as_ref(), None)?;
        let mut query = format!("?limit={PAGE_ROWS}");
        if let Some(batch) = &asked.batch {
            query.push_str(&format!("&batch={}", segment(batch.as_str())));
        }
        if let Some(state) = &asked.state {
            query.push_str(&format!("&state={}", segment(state)));
        }
        let below = if asked.full { "/export/full" } else { "/export" };
        print::line(&EXPORTED.join(","))?;
        let mut after = String::new();
        loop {
            let path = format!("{}{query}&after={}", path_of(of, &merchant, below), segment(&after));
            let answer = client.request(Method::GET, &path, None, None).await?;
            let rows = reach::rows(&answer, "codes")?;
            print::raw(&exported(rows)?)?;
            match rows.last().and_then(|row| row["id"].as_str()) {
                Some(last) if rows.len() == PAGE_ROWS => after = last.to_owned(),
                _ => return Ok(Exit::Done),
            }
        }
    })
    .await
}

fn exported(rows: &[Value]) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        let text = |name: &str| match name {
            "face_minor" => &row["face"]["amount_minor"],
            "currency" => &row["face"]["currency"],
            other => &row[other],
        };
        let cells = EXPORTED.map(|name| match text(name) {
            Value::Null => String::new(),
            Value::String(text) => code_file::safe(text),
            other => other.to_string(),
        });
        writer.write_record(cells).map_err(|fault| Failure::failed(fault.to_string()))?;
    }
    writer.into_inner().map_err(|fault| Failure::failed(fault.to_string()))
}

async fn send(
    client: &Client,
    import: &Import,
    merchant: &MerchantId,
    chunks: &[&[ImportRow]],
    report: &mut Report,
) -> Result<(), Failure> {
    let path = path_of(&import.of, merchant, "/codes");
    // All parts of one file are one batch.
    let batch = import
        .batch
        .clone()
        .map_or_else(|| chrono::Utc::now().format("%Y%m%d-%H%M%S").to_string(), |batch| batch.to_string());
    let mut behind = 0;
    for chunk in chunks {
        print::progress(&format!("{behind} of {} rows", report.rows));
        let mut body = json!({ "codes": chunk, "batch": batch, "dry_run": import.dry_run });
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
fn chunks(rows: &[ImportRow], bytes: usize) -> Vec<&[ImportRow]> {
    let mut chunks = Vec::new();
    let (mut from, mut size) = (0, 0);
    for (at, row) in rows.iter().enumerate() {
        // Quotes may double in JSON; the names of the fields come on top.
        let more = [&row.password, &row.valid_from, &row.valid_to, &row.batch, &row.face_value];
        let more: usize = more.into_iter().flatten().map(|text| text.len() + 16).sum();
        let own = 2 * (row.code.len() + more) + 48;
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

    fn row(line: u32, code: &str) -> ImportRow {
        ImportRow { line, code: code.to_owned(), ..ImportRow::default() }
    }

    #[test]
    fn chunks_hold_every_row_once_and_stay_small() {
        let rows: Vec<ImportRow> = (0..12_500).map(|line| row(line, "0123456789")).collect();
        let sizes = |bytes| chunks(&rows, bytes).iter().map(|chunk| chunk.len()).collect::<Vec<_>>();
        assert_eq!(sizes(CHUNK_BYTES), [5000, 5000, 2500]);
        assert_eq!(sizes(500 * 68).len(), 25);
        assert_eq!(sizes(1).len(), 12_500, "a row larger than the limit still goes, alone");
        assert!(chunks(&[], 1000).is_empty());
    }
}

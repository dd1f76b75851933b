//! `redeem --file`: a list of used tickets, sent in parts; what was refused is written down to be corrected.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use axum::http::Method;
use entrepot_contract::ids::MerchantId;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::code_file::content_of;
use super::exit::{Exit, Failure};
use super::source::Source;
use super::{merchants, print, reach};
use crate::api::used_file::{Record, fields_of, records_of, row_of};
use crate::client::{Client, new_key, segment};

/// Most lines of one file.
const LINES_LIMIT: usize = 200_000;

/// Rows of one request.
const CHUNK_ROWS: usize = 1_000;

/// The column in which a written line says what is wrong with it. It means nothing when the file is given again.
const FAULT: &str = "fault";

/// What to do with a file.
pub(super) struct Job<'a> {
    /// Where the API is.
    pub(super) source: &'a Source,
    /// The file.
    pub(super) file: &'a Path,
    /// Where refused lines go.
    pub(super) errors: Option<&'a PathBuf>,
    /// Whose tickets.
    pub(super) merchant: Option<&'a MerchantId>,
    /// Nothing is written.
    pub(super) dry_run: bool,
    /// The report as JSON.
    pub(super) json: bool,
}

/// What came of a list.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Lines of the file, without the heading.
    lines: usize,
    /// Rows whose units are used now, or would be.
    redeemed: u64,
    /// Rows whose units were used before.
    used_before: u64,
    /// Refused lines with the reasons; those that were not tried, too.
    refused: BTreeMap<u32, String>,
    /// Whether nothing was written.
    dry_run: bool,
}

pub(super) async fn run(job: Job<'_>) -> Result<Exit, Failure> {
    // The file is read as a whole before anything is written.
    let (named, bytes) = content_of(job.file)?;
    let (names, records) = records_of(&bytes).map_err(|problem| {
        let problem = serde_json::to_value(problem).unwrap_or_default();
        Failure::failed(format!("{named}: {}", problem["detail"].as_str().unwrap_or("cannot be read")))
    })?;
    if records.len() > LINES_LIMIT {
        return Err(Failure::failed(format!("{named}: more than {LINES_LIMIT} lines; split the file")));
    }
    let mut report = Report { lines: records.len(), dry_run: job.dry_run, ..Report::default() };
    let rows = rows_of(&names, &records, &mut report);
    // Before anything is done: what is refused must not get lost.
    let errors = job.errors.map(|path| ErrorFile::create(path)).transpose()?;
    let sent = reach::with_api(job.source, async |client, config| {
        let merchant = merchants::one(config, job.merchant)?;
        let sent = send(client, &merchant, &rows, &mut report).await;
        print::progress("");
        sent.map_err(|failure| Failure {
            text: format!("{}\nwhat was redeemed stays so; give the file again, nothing is done twice", failure.text),
            ..failure
        })?;
        Ok(Exit::Done)
    })
    .await;
    match errors {
        Some(errors) if report.refused.is_empty() => errors.remove()?,
        Some(errors) => errors.write(&names, &records, &report.refused)?,
        None => {}
    }
    sent?;
    tell(&job, &report)?;
    Ok(if report.refused.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Rows as the API takes them; what cannot be read is refused here.
fn rows_of(names: &[String], records: &[Record], report: &mut Report) -> Vec<Map<String, Value>> {
    let mut rows = Vec::with_capacity(records.len());
    for (line, record) in records {
        let read = record.as_ref().map_err(Clone::clone).and_then(|record| {
            let mut fields = fields_of(names, record)?;
            row_of(*line, &fields)?;
            fields.insert("line".to_owned(), json!(line));
            Ok(fields)
        });
        match read {
            Ok(fields) => rows.push(fields),
            Err(fault) => drop(report.refused.insert(*line, fault)),
        }
    }
    rows
}

async fn send(
    client: &Client,
    merchant: &MerchantId,
    rows: &[Map<String, Value>],
    report: &mut Report,
) -> Result<(), Failure> {
    let path = format!("/merchants/{}/redemptions/list", segment(merchant.as_str()));
    for (number, chunk) in rows.chunks(CHUNK_ROWS).enumerate() {
        print::progress(&format!("{} of {} rows", number * CHUNK_ROWS, rows.len()));
        let body = json!({ "rows": chunk, "dry_run": report.dry_run });
        let answer = client.request(Method::POST, &path, Some(&new_key()?), Some(&body)).await?;
        report.redeemed += answer["redeemed"].as_u64().unwrap_or(0);
        report.used_before += answer["used_before"].as_u64().unwrap_or(0);
        for result in reach::rows(&answer, "results")? {
            let line = result["line"].as_u64().and_then(|line| u32::try_from(line).ok()).unwrap_or_default();
            if matches!(result["result"].as_str(), Some("refused" | "busy")) {
                report.refused.insert(line, print::cell(&result["text"]));
            }
        }
    }
    Ok(())
}

/// The lines that were refused, with their reasons. It holds codes: nobody else may read it.
struct ErrorFile<'a> {
    path: &'a Path,
    file: std::fs::File,
}

impl<'a> ErrorFile<'a> {
    /// A file that is there already is not overwritten: it may be the list itself.
    fn create(path: &'a Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|fault| Failure::failed(format!("{}: {fault}", path.display())))?;
        Ok(Self { path, file })
    }

    /// Nothing was refused.
    fn remove(self) -> Result<(), Failure> {
        let removed = std::fs::remove_file(self.path);
        removed.map_err(|fault| Failure::failed(format!("{}: {fault}", self.path.display())))
    }

    fn write(self, names: &[String], records: &[Record], refused: &BTreeMap<u32, String>) -> Result<(), Failure> {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        let failed = |fault: &dyn std::fmt::Display| Failure::failed(format!("{}: {fault}", self.path.display()));
        let kept: Vec<usize> = (0..names.len()).filter(|at| names[*at] != FAULT).collect();
        let heading = kept.iter().map(|at| names[*at].as_str()).chain([FAULT]);
        writer.write_record(heading).map_err(|fault| failed(&fault))?;
        for (line, record) in records {
            let Some(why) = refused.get(line) else { continue };
            let why = format!("line {line}: {why}");
            let fields = kept.iter().map(|at| record.as_ref().ok().and_then(|record| record.get(*at)).unwrap_or(""));
            writer.write_record(fields.chain([why.as_str()])).map_err(|fault| failed(&fault))?;
        }
        let bytes = writer.into_inner().map_err(|fault| failed(&fault))?;
        let mut file = self.file;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(|fault| failed(&fault))
    }
}

fn tell(job: &Job<'_>, report: &Report) -> Result<(), Failure> {
    if job.json {
        return print::json(report);
    }
    for (line, fault) in &report.refused {
        print::note(&format!("line {line}: {fault}"));
    }
    let (done, refused) = (if job.dry_run { "would be redeemed" } else { "redeemed" }, report.refused.len());
    let advice = match job.errors.filter(|_| refused > 0) {
        Some(path) => format!("; the refused lines are in {}, to be corrected and given again", path.display()),
        None => String::new(),
    };
    print::line(&format!(
        "{} lines read, {} {done}, {} used before, {refused} refused{advice}",
        report.lines, report.redeemed, report.used_before
    ))
}

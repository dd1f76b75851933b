//! Codes are imported into a pool: rows are mended and checked, made ready by the pool's plugin, then added chunk by chunk.
//!
//! A chunk is whole or not there. An import that stopped is given again: what is there is counted as a duplicate.

mod row;

use std::collections::{BTreeMap, HashSet};

use entrepot_contract::ids::{BatchId, ConnectionId, MerchantId, PoolName, TraceId};
use entrepot_contract::message::{CallContext, Request, Response};
use entrepot_contract::supplier::{CodeRow, PreparedCode, SupplierRequest, SupplierResponse};
use entrepot_domain::answer::Answer;
use entrepot_domain::code::CodeFacts;
use entrepot_domain::code::NewCode;
use entrepot_domain::command::{BULK_LIMIT_ROWS, Body, CommandKey, fingerprint};
use entrepot_host::CallScope;
use serde::{Deserialize, Serialize};

use crate::core::Engine;

pub use row::ImportRow;

/// Most rows of one import.
pub const IMPORT_LIMIT_ROWS: usize = 200_000;

/// What is imported.
#[derive(Debug)]
pub struct Import {
    /// Whose.
    pub merchant: MerchantId,
    /// The pool connection whose plugin reads the rows; the merchant's only one when none is named.
    pub connection: Option<ConnectionId>,
    /// The pool; made when it is new.
    pub pool: PoolName,
    /// The batch of rows that name none.
    pub batch: BatchId,
    /// The rows.
    pub rows: Vec<ImportRow>,
    /// Counts only; nothing is written.
    pub dry_run: bool,
    /// Who.
    pub by: String,
    /// Marks this import: the same mark repeated adds nothing twice.
    pub key: String,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Rows read.
    pub rows: usize,
    /// Codes added, or that would be.
    pub added: usize,
    /// Rows whose code was there before.
    pub duplicates: Duplicates,
    /// Rows that cannot be codes, with the reason.
    pub refused: BTreeMap<u32, String>,
    /// Whether anything was written.
    pub dry_run: bool,
}

/// Lines of rows whose code was there before, by where; in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Duplicates {
    /// On a line before.
    pub in_file: Vec<u32>,
    /// In the same pool.
    pub in_pool: Vec<u32>,
    /// In another pool of the merchant.
    pub in_other_pool: Vec<u32>,
}

impl Duplicates {
    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.in_file.len() + self.in_pool.len() + self.in_other_pool.len()
    }
}

impl Engine {
    /// Imports codes. Rows that cannot be codes are reported; the others are added in chunks, each of them whole.
    /// `progress` is told how many rows are behind.
    pub async fn import_codes(&self, import: Import, progress: impl Fn(usize) + Send) -> Result<ImportReport, String> {
        if import.rows.len() > IMPORT_LIMIT_ROWS {
            return Err(format!("at most {IMPORT_LIMIT_ROWS} rows at once, found {}", import.rows.len()));
        }
        let connection = self.pool_connection(&import)?;
        let mut report = ImportReport { rows: import.rows.len(), dry_run: import.dry_run, ..ImportReport::default() };
        let mut seen = HashSet::new();
        for (number, chunk) in import.rows.chunks(BULK_LIMIT_ROWS).enumerate() {
            let (rows, facts) = check(chunk, &import.batch, &mut report);
            let prepared = self.prepare(&connection, &import.merchant, &rows).await?;
            let codes = sift(&rows, facts, prepared, &mut seen, &mut report)?;
            if import.dry_run {
                let texts: Vec<String> = codes.iter().map(|code| code.text.clone()).collect();
                let known = self.core.storage.known_codes(&import.merchant, &texts).await;
                let known = known.map_err(|fault| fault.to_string())?;
                let known: BTreeMap<String, PoolName> = known.into_iter().collect();
                for code in &codes {
                    match known.get(&code.text) {
                        None => report.added += 1,
                        Some(pool) if *pool == import.pool => report.duplicates.in_pool.push(code.line),
                        Some(_) => report.duplicates.in_other_pool.push(code.line),
                    }
                }
            } else if !codes.is_empty() {
                self.add(&import, number, codes, &mut report).await?;
            }
            progress((number * BULK_LIMIT_ROWS) + chunk.len());
        }
        if !import.dry_run && report.added > 0 {
            super::watch_codes::issue_waiting(&self.core).await;
        }
        Ok(report)
    }

    fn pool_connection(&self, import: &Import) -> Result<ConnectionId, String> {
        use entrepot_domain::catalogue::ConnectionRules;
        let directory = self.core.directory();
        let pools: Vec<&ConnectionId> = directory
            .connections
            .values()
            .filter(|connection| connection.merchant == import.merchant)
            .filter(|connection| matches!(&connection.rules, ConnectionRules::Supplier(rules) if rules.pool))
            .map(|connection| &connection.id)
            .collect();
        match (&import.connection, pools.as_slice()) {
            (Some(named), _) if pools.contains(&named) => Ok(named.clone()),
            (Some(named), _) => Err(format!("{named} is no pool connection of merchant {}", import.merchant)),
            (None, [only]) => Ok((*only).clone()),
            (None, []) => {
                Err(format!("merchant {} has no supplier connection that fulfils from a pool", import.merchant))
            }
            (None, _) => {
                Err(format!("merchant {} has several pool connections; name one of {pools:?}", import.merchant))
            }
        }
    }

    async fn prepare(
        &self,
        id: &ConnectionId,
        merchant: &MerchantId,
        rows: &[CodeRow],
    ) -> Result<Vec<PreparedCode>, String> {
        let directory = self.core.directory();
        let connection = directory.connections.get(id).ok_or_else(|| format!("connection {id} is not configured"))?;
        let instance = self.core.host.instance(&connection.instance());
        let instance = instance.ok_or_else(|| format!("plugin {} is not open", connection.plugin))?;
        let trace = TraceId::parse(format!("import-{merchant}")).map_err(|fault| fault.to_string())?;
        let context = CallContext {
            deadline: self.core.clock.now().plus_millis(10_000),
            idempotency_key: trace.to_string(),
            trace,
            attempt: 1,
            connection: Some(connection.facts.clone()),
        };
        let request = Request::Supplier(SupplierRequest::PrepareCodes { rows: rows.to_vec() });
        let scope = CallScope { connection: Some(id.clone()), order: None };
        match instance.call(context, request, scope).await {
            Ok(Response::Supplier(SupplierResponse::Codes { rows: prepared })) if prepared.len() == rows.len() => {
                Ok(prepared)
            }
            Ok(_) => Err(format!("plugin {} did not answer for every row", connection.plugin)),
            Err(fault) => Err(fault.to_string()),
        }
    }

    async fn add(
        &self,
        import: &Import,
        number: usize,
        codes: Vec<NewCode>,
        report: &mut ImportReport,
    ) -> Result<(), String> {
        let digest =
            fingerprint(&[("codes", codes.iter().map(|code| code.text.as_str()).collect::<Vec<_>>().join("\n"))]);
        let key = CommandKey {
            scope: import.by.clone(),
            kind: "add_codes".to_owned(),
            key: format!("{}-{number}-{digest}", import.key),
        };
        let body = Body::AddCodes { pool: import.pool.clone(), codes };
        match self.command(&import.merchant, key, digest, &import.by, body).await {
            Ok(Answer::CodesAdded { added, duplicates, elsewhere }) => {
                report.added += usize::try_from(added).unwrap_or(0);
                report.duplicates.in_pool.extend(duplicates);
                report.duplicates.in_other_pool.extend(elsewhere);
                Ok(())
            }
            Ok(Answer::Refused(refusal)) => Err(refusal.text),
            Ok(_) | Err(_) => Err(format!(
                "the import stopped after {} codes; give it again: what is there is not added twice",
                report.added
            )),
        }
    }
}

/// Rows that can be codes, with what the plugin need not know of them.
fn check(chunk: &[ImportRow], batch: &BatchId, report: &mut ImportReport) -> (Vec<CodeRow>, Vec<CodeFacts>) {
    let mut ready = (Vec::with_capacity(chunk.len()), Vec::with_capacity(chunk.len()));
    for row in chunk {
        match row::ready(row, batch) {
            Ok((row, facts)) => {
                ready.0.push(row);
                ready.1.push(facts);
            }
            Err(reason) => {
                report.refused.insert(row.line, reason);
            }
        }
    }
    ready
}

/// Keeps rows that are codes and not twice in the file.
fn sift(
    rows: &[CodeRow],
    facts: Vec<CodeFacts>,
    prepared: Vec<PreparedCode>,
    seen: &mut HashSet<String>,
    report: &mut ImportReport,
) -> Result<Vec<NewCode>, String> {
    let mut codes = Vec::with_capacity(rows.len());
    for ((row, facts), ready) in rows.iter().zip(facts).zip(prepared) {
        if ready.line != row.line {
            return Err(format!("the plugin answered line {} for line {}", ready.line, row.line));
        }
        match ready.result {
            Err(reason) => {
                report.refused.insert(row.line, reason);
            }
            Ok(credentials) => {
                // The first credential is what a guest shows; it makes the code unique.
                let Some(text) = credentials.first().map(|credential| credential.value.clone()) else {
                    report.refused.insert(row.line, "the plugin made nothing of it".to_owned());
                    continue;
                };
                if seen.insert(text.clone()) {
                    codes.push(NewCode { line: row.line, text, credentials, facts });
                } else {
                    report.duplicates.in_file.push(row.line);
                }
            }
        }
    }
    Ok(codes)
}

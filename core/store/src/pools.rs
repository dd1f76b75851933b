//! Lists of pools, batches and codes for the admin API, and what the watch over pools looks at. Texts of codes leave only by [`SqlStorage::export_codes`].

use entrepot_contract::ids::{BatchId, CodeId, MerchantId, PoolName, UploadId};
use entrepot_contract::money::{Currency, Money};
use entrepot_contract::order::Credential;
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::code::{BatchState, CodeState, Pool, ValidDays};
use entrepot_domain::upload::HandOver;
use entrepot_engine::storage::StorageFault;
use sea_orm::{QueryResult, Value};
use serde::Serialize;

use crate::SqlStorage;
use crate::admin::Page;
use crate::codes::{read_pool, valid_of};
use crate::fault::unreadable;
use crate::numbers::number;
use crate::rows::{column, of_word};
use crate::seal::Cell;

/// Codes by where they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CodeCounts {
    /// May be given.
    pub available: u32,
    /// Given back unseen; may be given again, after those that are available.
    pub returned: u32,
    /// Kept back with their batch.
    pub paused: u32,
    /// A channel's own pool has them, or may have them.
    pub reserved: u32,
    /// Given to units and not used.
    pub assigned: u32,
    /// Used at a gate.
    pub used: u32,
    /// Taken out.
    pub void: u32,
    /// Ended before anybody had them.
    pub expired: u32,
}

impl CodeCounts {
    fn add(&mut self, state: CodeState, codes: u32) {
        let place = match state {
            CodeState::Available => &mut self.available,
            CodeState::Returned => &mut self.returned,
            CodeState::Paused => &mut self.paused,
            CodeState::Reserved => &mut self.reserved,
            CodeState::Assigned => &mut self.assigned,
            CodeState::Used => &mut self.used,
            CodeState::Void => &mut self.void,
            CodeState::Expired => &mut self.expired,
        };
        *place = place.saturating_add(codes);
    }
}

/// A pool with its numbers.
#[derive(Debug, Clone, Serialize)]
pub struct PoolRow {
    /// Its name.
    pub name: PoolName,
    /// Its codes.
    #[serde(flatten)]
    pub codes: CodeCounts,
    /// Alert below this many.
    pub threshold: u32,
    /// Alert when codes end within so many days; 0: never.
    pub expiring_days: u32,
    /// Orders that wait for codes.
    pub waiting: u32,
}

/// A batch with its numbers.
#[derive(Debug, Clone, Serialize)]
pub struct BatchRow {
    /// Its id.
    pub id: BatchId,
    /// Whether its codes are given.
    pub state: BatchState,
    /// Who brought the first of them.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Its codes.
    #[serde(flatten)]
    pub codes: CodeCounts,
}

/// A code without its text.
#[derive(Debug, Clone, Serialize)]
pub struct CodeRow {
    /// Its id.
    pub id: CodeId,
    /// Where it stands.
    pub state: CodeState,
    /// With what it came.
    pub batch: BatchId,
    /// When it is good.
    #[serde(flatten)]
    pub valid: ValidRow,
    /// What is printed on it.
    pub face: Option<Money>,
    /// The order that has it.
    pub order: Option<String>,
    /// The unit that has it.
    pub unit: Option<u32>,
    /// The upload that took it to a channel's own pool.
    pub upload: Option<UploadId>,
    /// How it stands there.
    pub hand_over: Option<HandOver>,
    /// When it was given, or reserved.
    pub given_at: Option<Timestamp>,
    /// When it was used, voided or found expired.
    pub ended_at: Option<Timestamp>,
}

/// When a code is good; null is open.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ValidRow {
    valid_from: Option<VisitDate>,
    valid_to: Option<VisitDate>,
}

impl From<ValidDays> for ValidRow {
    fn from(days: ValidDays) -> Self {
        Self { valid_from: days.from, valid_to: days.to }
    }
}

/// A code with what a guest shows.
#[derive(Debug, Clone)]
pub struct ExportedCode {
    /// Everything else.
    pub row: CodeRow,
    /// Its text and, where it has one, its password.
    pub credentials: Vec<Credential>,
}

/// Which codes of a pool.
#[derive(Debug, Clone, Default)]
pub struct CodeFilter {
    /// Of one batch.
    pub batch: Option<BatchId>,
    /// In one state.
    pub state: Option<CodeState>,
    /// Of one upload.
    pub upload: Option<UploadId>,
    /// How they stand with its channel.
    pub hand_over: Option<HandOver>,
}

const COLUMNS: &str = "id, state, batch, valid_from, valid_to, face_minor, face_currency, order_id, unit, given_at,
                       ended_at, upload, hand_over, credentials";

fn read_code(row: &QueryResult) -> Result<CodeRow, StorageFault> {
    let unit: Option<i64> = column(row, "unit")?;
    let (upload, hand_over): (Option<String>, Option<String>) = (column(row, "upload")?, column(row, "hand_over")?);
    let valid: (String, String) = (column(row, "valid_from")?, column(row, "valid_to")?);
    let face: (Option<i64>, Option<String>) = (column(row, "face_minor")?, column(row, "face_currency")?);
    let instant = |name: &str| Ok::<_, StorageFault>(column::<Option<i64>>(row, name)?.map(Timestamp::from_millis));
    Ok(CodeRow {
        id: CodeId::parse(column::<String>(row, "id")?).map_err(|fault| unreadable("code", fault))?,
        state: of_word("code state", column(row, "state")?)?,
        batch: BatchId::parse(column::<String>(row, "batch")?).map_err(|fault| unreadable("batch", fault))?,
        valid: valid_of(&valid.0, &valid.1)?.into(),
        face: match face {
            (Some(minor), Some(currency)) => Currency::parse(&currency).map(|currency| Money::new(minor, currency)),
            _ => None,
        },
        order: column(row, "order_id")?,
        upload: upload.map(UploadId::parse).transpose().map_err(|fault| unreadable("upload", fault))?,
        hand_over: hand_over.map(|word| of_word("hand-over", word)).transpose()?,
        unit: unit.and_then(|unit| u32::try_from(unit).ok()),
        given_at: instant("given_at")?,
        ended_at: instant("ended_at")?,
    })
}

impl SqlStorage {
    /// A merchant's pools.
    pub async fn list_pools(&self, merchant: &MerchantId) -> Result<Vec<PoolRow>, StorageFault> {
        let sql = "SELECT p.name, p.threshold, p.expiring_days, (SELECT COUNT(*) FROM code_waits w
                       WHERE w.merchant = p.merchant AND w.pool = p.name) AS waiting
                   FROM pools p WHERE p.merchant = ?1 ORDER BY p.name";
        let mut pools = self
            .ask(sql, vec![merchant.as_str().into()], |row| {
                Ok(PoolRow {
                    name: PoolName::parse(column::<String>(row, "name")?).map_err(|fault| unreadable("pool", fault))?,
                    codes: CodeCounts::default(),
                    threshold: number(row, "threshold")?,
                    expiring_days: number(row, "expiring_days")?,
                    waiting: number(row, "waiting")?,
                })
            })
            .await?;
        let sql = "SELECT pool, state, COUNT(*) AS codes FROM codes WHERE merchant = ?1 GROUP BY pool, state";
        let counts = self.ask(sql, vec![merchant.as_str().into()], |row| {
            let state: CodeState = of_word("code state", column(row, "state")?)?;
            Ok((column::<String>(row, "pool")?, state, number(row, "codes")?))
        });
        for (name, state, codes) in counts.await? {
            if let Some(pool) = pools.iter_mut().find(|pool| pool.name.as_str() == name) {
                pool.codes.add(state, codes);
            }
        }
        Ok(pools)
    }

    /// A pool's batches, the oldest first.
    pub async fn list_batches(&self, merchant: &MerchantId, pool: &PoolName) -> Result<Vec<BatchRow>, StorageFault> {
        let values = || -> Vec<Value> { vec![merchant.as_str().into(), pool.as_str().into()] };
        let sql = "SELECT id, state, by_whom, at FROM code_batches WHERE merchant = ?1 AND pool = ?2 ORDER BY at, id";
        let mut batches = self
            .ask(sql, values(), |row| {
                Ok(BatchRow {
                    id: BatchId::parse(column::<String>(row, "id")?).map_err(|fault| unreadable("batch", fault))?,
                    state: of_word("batch state", column(row, "state")?)?,
                    by: column(row, "by_whom")?,
                    at: Timestamp::from_millis(column(row, "at")?),
                    codes: CodeCounts::default(),
                })
            })
            .await?;
        let sql = "SELECT batch, state, COUNT(*) AS codes FROM codes WHERE merchant = ?1 AND pool = ?2
                   GROUP BY batch, state";
        let counts = self.ask(sql, values(), |row| {
            let state: CodeState = of_word("code state", column(row, "state")?)?;
            Ok((column::<String>(row, "batch")?, state, number(row, "codes")?))
        });
        for (id, state, codes) in counts.await? {
            if let Some(batch) = batches.iter_mut().find(|batch| batch.id.as_str() == id) {
                batch.codes.add(state, codes);
            }
        }
        Ok(batches)
    }

    /// All pools.
    pub(crate) async fn all_pools(&self) -> Result<Vec<(MerchantId, PoolName, Pool)>, StorageFault> {
        let sql = "SELECT merchant, name, available, threshold, expiring_days FROM pools ORDER BY merchant, name";
        self.ask(sql, Vec::new(), read_pool).await
    }

    /// How many codes that nobody has were good until the day before this one at most.
    pub(crate) async fn codes_ended(
        &self,
        merchant: &MerchantId,
        pool: &PoolName,
        before: VisitDate,
    ) -> Result<u32, StorageFault> {
        let sql = "SELECT COUNT(*) AS codes FROM codes WHERE merchant = ?1 AND pool = ?2
                   AND state IN ('available', 'returned', 'paused') AND valid_to < ?3";
        let values = vec![merchant.as_str().into(), pool.as_str().into(), before.to_string().into()];
        Ok(self.ask(sql, values, |row| number(row, "codes")).await?.into_iter().next().unwrap_or_default())
    }

    /// Codes of a pool, without their texts.
    pub async fn list_codes(
        &self,
        merchant: &MerchantId,
        pool: &PoolName,
        filter: &CodeFilter,
        page: &Page,
    ) -> Result<Vec<CodeRow>, StorageFault> {
        let (sql, values) = codes_sql(merchant, pool, filter, page)?;
        self.ask(&sql, values, read_code).await
    }

    /// One code, without its text.
    pub async fn code(
        &self,
        merchant: &MerchantId,
        pool: &PoolName,
        code: &CodeId,
    ) -> Result<Option<CodeRow>, StorageFault> {
        let sql = format!("SELECT {COLUMNS} FROM codes WHERE merchant = ?1 AND pool = ?2 AND id = ?3");
        let values = vec![merchant.as_str().into(), pool.as_str().into(), code.as_str().into()];
        Ok(self.ask(&sql, values, read_code).await?.into_iter().next())
    }

    /// One code with its text: for its channel alone, unless the audit line is written first.
    pub async fn code_in_full(
        &self,
        merchant: &MerchantId,
        pool: &PoolName,
        code: &CodeId,
    ) -> Result<Option<ExportedCode>, StorageFault> {
        let sql = format!("SELECT {COLUMNS} FROM codes WHERE merchant = ?1 AND pool = ?2 AND id = ?3");
        let values = vec![merchant.as_str().into(), pool.as_str().into(), code.as_str().into()];
        let found = self.ask(&sql, values, |row| self.read_in_full(merchant, row)).await?;
        Ok(found.into_iter().next())
    }

    fn read_in_full(&self, merchant: &MerchantId, row: &QueryResult) -> Result<ExportedCode, StorageFault> {
        let code = read_code(row)?;
        let cell = Cell { table: "codes", column: "credentials", row: code.id.as_str() };
        let plain = self.inner.keys.open(merchant.as_str(), cell, &column::<String>(row, "credentials")?)?;
        let credentials = serde_json::from_str(&plain).map_err(|_| unreadable("code", "its form is another"))?;
        Ok(ExportedCode { row: code, credentials })
    }

    /// Codes of a pool with their texts: write the audit line first.
    pub async fn export_codes(
        &self,
        merchant: &MerchantId,
        pool: &PoolName,
        filter: &CodeFilter,
        page: &Page,
    ) -> Result<Vec<ExportedCode>, StorageFault> {
        let (sql, values) = codes_sql(merchant, pool, filter, page)?;
        self.ask(&sql, values, |row| self.read_in_full(merchant, row)).await
    }
}

fn codes_sql(
    merchant: &MerchantId,
    pool: &PoolName,
    filter: &CodeFilter,
    page: &Page,
) -> Result<(String, Vec<Value>), StorageFault> {
    // A batch is found by its index, in the order of the page.
    let batch = if filter.batch.is_some() { "batch = ?3" } else { "?3 = ''" };
    let upload = if filter.upload.is_some() { "upload = ?7" } else { "?7 = ''" };
    let sql = format!(
        "SELECT {COLUMNS} FROM codes WHERE merchant = ?1 AND pool = ?2 AND {batch} AND (?4 = '' OR state = ?4)
         AND {upload} AND (?8 = '' OR hand_over = ?8) AND id > ?5 ORDER BY id LIMIT ?6"
    );
    let state = filter.state.map(|state| crate::rows::word(&state)).transpose()?.unwrap_or_default();
    let batch = filter.batch.as_ref().map(ToString::to_string).unwrap_or_default();
    let hand_over = filter.hand_over.map(|stands| crate::rows::word(&stands)).transpose()?.unwrap_or_default();
    let upload = filter.upload.as_ref().map(ToString::to_string).unwrap_or_default();
    let values = vec![
        merchant.as_str().into(),
        pool.as_str().into(),
        batch.into(),
        state.into(),
        page.after(),
        page.limit(),
        upload.into(),
        hand_over.into(),
    ];
    Ok((sql, values))
}

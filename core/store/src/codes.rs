//! Codes of pools, as batches lock, load and write them, and as flows look at them.
//!
//! The row of a pool is locked before its codes are read: whoever gives, moves or takes back codes holds it.

use std::collections::BTreeSet;

use entrepot_contract::ids::{BatchId, CodeId, MerchantId, OrderId, PoolName};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::change::Writes;
use entrepot_domain::code::{
    AvailableCode, BatchState, CodeBatch, CodeMove, CodeState, CodeWait, Days, FreshCode, HeldCode, Pool, ValidDays,
};
use entrepot_domain::command::BULK_LIMIT_ROWS;
use entrepot_domain::footprint::Footprint;
use entrepot_domain::state::State;
use entrepot_engine::storage::{Footprints, States, StorageFault};
use sea_orm::{ConnectionTrait, QueryResult};
use serde_json::{Value as Json, json};

use crate::SqlStorage;
use crate::fault::{sort, unreadable};
use crate::numbers::{merchant_of, number};
use crate::rows::Kind::{Number, Text};
use crate::rows::{Field, Row, column, of_word, query, word};
use crate::seal::{Cell, GuestKeys};
use crate::uploads::UploadChanges;

/// How a validity without an end is stored.
pub(crate) const FOR_EVER: &str = "9999-12-31";

/// Locks pools, and loads what is asked for of their codes.
pub(crate) async fn load(
    storage: &SqlStorage,
    connection: &impl ConnectionTrait,
    footprints: &Footprints,
    states: &mut States,
) -> Result<(), StorageFault> {
    let load = Load { storage, connection };
    load.pools(footprints, states).await?;
    for (merchant, footprint) in footprints {
        let Some(state) = states.get_mut(merchant) else { continue };
        load.available(merchant, footprint, state).await?;
        load.batches(merchant, footprint, state).await?;
        for moving in &footprint.code_moves {
            let codes = load.moving(merchant, moving).await?;
            state.moving_codes.insert(moving.clone(), codes);
        }
        for order in &footprint.code_holders {
            let codes = load.held(merchant, order).await?;
            state.held_codes.insert(order.clone(), codes);
        }
        crate::uploads::load(storage, connection, merchant, footprint, state).await?;
        if !footprint.code_texts.is_empty() {
            let texts: Vec<String> = footprint.code_texts.iter().cloned().collect();
            let known = crate::reads::known_codes(storage, connection, merchant, &texts).await?;
            state.known_codes.extend(known);
        }
    }
    Ok(())
}

struct Load<'a, C> {
    storage: &'a SqlStorage,
    connection: &'a C,
}

impl<C: ConnectionTrait> Load<'_, C> {
    async fn pools(&self, footprints: &Footprints, states: &mut States) -> Result<(), StorageFault> {
        let dialect = self.storage.inner.dialect;
        let mut wanted = Vec::new();
        for (merchant, footprint) in footprints {
            for pool in footprint.pools.keys() {
                wanted.push(json!([merchant, pool]));
                if let Some(state) = states.get_mut(merchant) {
                    state.pools.entry(pool.clone()).or_insert(None);
                }
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "SELECT p.merchant, p.name, p.available, p.threshold, p.expiring_days FROM {} JOIN pools p
             ON p.merchant = {} AND p.name = {} ORDER BY p.merchant, p.name{}",
            dialect.each(),
            dialect.element(0, Text),
            dialect.element(1, Text),
            dialect.lock("p"),
        );
        let statement = dialect.statement(&sql, vec![Json::Array(wanted).to_string().into()]);
        for (merchant, name, pool) in query(self.connection, statement, read_pool).await? {
            if let Some(state) = states.get_mut(&merchant) {
                state.pools.insert(name, Some(pool));
            }
        }
        Ok(())
    }

    /// What ends first before the others, then the oldest; each code once, however many days it fits.
    async fn available(
        &self,
        merchant: &MerchantId,
        footprint: &Footprint,
        state: &mut State,
    ) -> Result<(), StorageFault> {
        for (pool, wanted) in &footprint.pools {
            let limit = footprint.codes_wanted(pool);
            let mut found: Vec<SealedCode> = Vec::new();
            for days in wanted.keys() {
                let fits = self.fitting(merchant, pool, *days, limit).await?;
                let all = fits.len() < usize::try_from(limit).unwrap_or(usize::MAX);
                state.codes_seen.insert((pool.clone(), *days), all);
                found.extend(fits);
            }
            for (_, code) in footprint.codes.iter().filter(|(of, _)| of == pool) {
                found.extend(self.one(merchant, pool, code).await?);
            }
            let mut seen = BTreeSet::new();
            found.retain(|code| seen.insert(code.id.clone()));
            found.sort_by(|one, other| one.turn().cmp(&other.turn()));
            let opened: Result<_, StorageFault> = found.into_iter().map(|code| self.open(merchant, code)).collect();
            state.codes.insert(pool.clone(), opened?);
        }
        Ok(())
    }

    /// Those that were never given, and only where they are too few, those that came back.
    async fn fitting(
        &self,
        merchant: &MerchantId,
        pool: &PoolName,
        days: Option<Days>,
        limit: u32,
    ) -> Result<Vec<SealedCode>, StorageFault> {
        let (first, last) = stored_days(days);
        let mut found = Vec::new();
        for state in [CodeState::Available, CodeState::Returned] {
            let left = i64::from(limit) - i64::try_from(found.len()).unwrap_or(i64::MAX);
            if left <= 0 {
                break;
            }
            // Each state has an index of its own, which only a word in the statement finds.
            let sql = format!(
                "SELECT id, state, credentials, valid_from, valid_to FROM codes WHERE merchant = ?1 AND pool = ?2
                 AND state = '{}' AND valid_to >= ?3 AND valid_from <= ?4 ORDER BY valid_to, id LIMIT ?5",
                word(&state)?
            );
            let (merchant, pool) = (merchant.as_str().into(), pool.as_str().into());
            let values = vec![merchant, pool, last.as_str().into(), first.as_str().into(), left.into()];
            let statement = self.storage.inner.dialect.statement(&sql, values);
            found.extend(query(self.connection, statement, read_sealed).await?);
        }
        Ok(found)
    }

    async fn one(
        &self,
        merchant: &MerchantId,
        pool: &PoolName,
        code: &CodeId,
    ) -> Result<Vec<SealedCode>, StorageFault> {
        let sql = "SELECT id, state, credentials, valid_from, valid_to FROM codes WHERE merchant = ?1 AND pool = ?2
                   AND state IN ('available', 'returned') AND id = ?3";
        let values = vec![merchant.as_str().into(), pool.as_str().into(), code.as_str().into()];
        query(self.connection, self.storage.inner.dialect.statement(sql, values), read_sealed).await
    }

    fn open(&self, merchant: &MerchantId, code: SealedCode) -> Result<AvailableCode, StorageFault> {
        let cell = Cell { table: "codes", column: "credentials", row: &code.id };
        let plain = self.storage.inner.keys.open(merchant.as_str(), cell, &code.sealed)?;
        Ok(AvailableCode {
            credentials: serde_json::from_str(&plain).map_err(|_| unreadable("code", "its form is another"))?,
            valid: valid_of(&code.valid_from, &code.valid_to)?,
            returned: code.state == CodeState::Returned,
            id: CodeId::parse(code.id).map_err(|fault| unreadable("code", fault))?,
        })
    }

    async fn batches(
        &self,
        merchant: &MerchantId,
        footprint: &Footprint,
        state: &mut State,
    ) -> Result<(), StorageFault> {
        for (pool, id) in &footprint.batches {
            let sql = "SELECT state, by_whom, at FROM code_batches WHERE merchant = ?1 AND pool = ?2 AND id = ?3";
            let values = vec![merchant.as_str().into(), pool.as_str().into(), id.as_str().into()];
            let found = query(self.connection, self.storage.inner.dialect.statement(sql, values), |row| {
                Ok(CodeBatch {
                    state: of_word("batch state", column(row, "state")?)?,
                    by: column(row, "by_whom")?,
                    at: Timestamp::from_millis(column(row, "at")?),
                })
            });
            state.batches.insert((pool.clone(), id.clone()), found.await?.into_iter().next());
        }
        Ok(())
    }

    async fn moving(&self, merchant: &MerchantId, moving: &CodeMove) -> Result<Vec<(CodeId, CodeState)>, StorageFault> {
        let words: Result<Vec<String>, StorageFault> =
            moving.from().iter().map(|state| Ok(format!("'{}'", word(state)?))).collect();
        let (which, value) = match moving {
            CodeMove::Batch(_, batch, _) => ("batch = ?3", batch.to_string()),
            CodeMove::Ended(_, before) => ("valid_to < ?3", before.to_string()),
        };
        let sql = format!(
            "SELECT id, state FROM codes WHERE merchant = ?1 AND pool = ?2 AND {which} AND state IN ({})
             LIMIT {BULK_LIMIT_ROWS}",
            words?.join(", ")
        );
        let values = vec![merchant.as_str().into(), moving.pool().as_str().into(), value.into()];
        query(self.connection, self.storage.inner.dialect.statement(&sql, values), |row| {
            let id = CodeId::parse(column::<String>(row, "id")?).map_err(|fault| unreadable("code", fault))?;
            Ok((id, of_word("code state", column(row, "state")?)?))
        })
        .await
    }

    async fn held(&self, merchant: &MerchantId, order: &OrderId) -> Result<Vec<HeldCode>, StorageFault> {
        let sql = "SELECT c.id, COALESCE(b.state, 'active') AS state FROM codes c LEFT JOIN code_batches b
                   ON b.merchant = c.merchant AND b.pool = c.pool AND b.id = c.batch
                   WHERE c.order_id = ?1 AND c.merchant = ?2 AND c.state = 'assigned' ORDER BY c.id";
        let values = vec![order.as_str().into(), merchant.as_str().into()];
        query(self.connection, self.storage.inner.dialect.statement(sql, values), |row| {
            let id = CodeId::parse(column::<String>(row, "id")?).map_err(|fault| unreadable("code", fault))?;
            Ok(HeldCode { id, batch: of_word::<BatchState>("batch state", column(row, "state")?)? })
        })
        .await
    }
}

/// A code whose credentials are not opened yet.
struct SealedCode {
    id: String,
    state: CodeState,
    sealed: String,
    valid_from: String,
    valid_to: String,
}

impl SealedCode {
    /// Sorts codes as they are given.
    fn turn(&self) -> (bool, &str, &str) {
        (self.state == CodeState::Returned, &self.valid_to, &self.id)
    }
}

fn read_sealed(row: &QueryResult) -> Result<SealedCode, StorageFault> {
    Ok(SealedCode {
        id: column(row, "id")?,
        state: of_word("code state", column(row, "state")?)?,
        sealed: column(row, "credentials")?,
        valid_from: column(row, "valid_from")?,
        valid_to: column(row, "valid_to")?,
    })
}

pub(crate) fn read_pool(row: &QueryResult) -> Result<(MerchantId, PoolName, Pool), StorageFault> {
    let name = PoolName::parse(column::<String>(row, "name")?).map_err(|fault| unreadable("pool", fault))?;
    let pool = Pool {
        available: number(row, "available")?,
        threshold: number(row, "threshold")?,
        expiring_days: u16::try_from(number(row, "expiring_days")?).unwrap_or(u16::MAX),
    };
    Ok((merchant_of(row)?, name, pool))
}

/// The stored ends of a validity as days.
pub(crate) fn valid_of(from: &str, to: &str) -> Result<ValidDays, StorageFault> {
    let day = |text: &str| text.parse::<VisitDate>().map(Some).map_err(|fault| unreadable("validity", fault));
    Ok(ValidDays {
        from: if from.is_empty() { None } else { day(from)? },
        to: if to == FOR_EVER { None } else { day(to)? },
    })
}

/// The first and last day that a code has to cover, as they are compared; without days any code will do.
fn stored_days(days: Option<Days>) -> (String, String) {
    days.map_or_else(|| (FOR_EVER.to_owned(), String::new()), |days| (days.first.to_string(), days.last.to_string()))
}

/// A new code as a row.
pub(crate) fn fresh(
    keys: &GuestKeys,
    merchant: &MerchantId,
    pool: &PoolName,
    code: &FreshCode,
) -> Result<Row, StorageFault> {
    let plain = serde_json::to_string(&code.credentials).map_err(|fault| StorageFault::Data(fault.to_string()))?;
    let cell = Cell { table: "codes", column: "credentials", row: code.id.as_str() };
    let facts = &code.facts;
    Ok(vec![
        code.id.as_str().into(),
        merchant.as_str().into(),
        pool.as_str().into(),
        keys.index(merchant.as_str(), &code.text)?.into(),
        keys.seal(merchant.as_str(), cell, &plain)?.into(),
        word(&code.state)?.into(),
        facts.batch.as_str().into(),
        facts.valid.from.map(|day| day.to_string()).unwrap_or_default().into(),
        facts.valid.to.map_or_else(|| FOR_EVER.to_owned(), |day| day.to_string()).into(),
        facts.face.map(|face| face.amount_minor).into(),
        facts.face.map(|face| face.currency.as_str().to_owned()).into(),
    ])
}

/// A batch as a row.
pub(crate) fn batch(
    merchant: &MerchantId,
    pool: &PoolName,
    id: &BatchId,
    batch: &CodeBatch,
) -> Result<Row, StorageFault> {
    Ok(vec![
        merchant.as_str().into(),
        pool.as_str().into(),
        id.as_str().into(),
        word(&batch.state)?.into(),
        batch.by.as_str().into(),
        batch.at.millis().into(),
    ])
}

/// An order that waits, as a row.
pub(crate) fn wait(merchant: &MerchantId, wait: &CodeWait) -> Row {
    let (first, last) = stored_days(wait.days);
    vec![
        wait.order.as_str().into(),
        merchant.as_str().into(),
        wait.pool.as_str().into(),
        wait.wanted.into(),
        first.into(),
        last.into(),
        Field::Number(wait.since.millis()),
    ]
}

/// What happens to codes that are there, for all merchants of a batch.
#[derive(Default)]
pub(crate) struct CodeChanges {
    taken: Vec<Json>,
    moved: Vec<Json>,
    ended: Vec<Json>,
    returned: Vec<(MerchantId, CodeId, OrderId, CodeState)>,
    uploads: UploadChanges,
    waits_over: Vec<Json>,
}

impl CodeChanges {
    pub(crate) fn extend(&mut self, merchant: &MerchantId, writes: &Writes) -> Result<(), StorageFault> {
        for taken in &writes.taken_codes {
            self.taken.push(json!([taken.code, taken.order, taken.unit, taken.at.millis()]));
        }
        for (code, state, at) in &writes.moved_codes {
            // What may be given again has no end yet.
            let ended = matches!(state, CodeState::Void | CodeState::Expired).then(|| at.millis());
            self.moved.push(json!([code, word(state)?, ended]));
        }
        for (order, unit, state, at) in &writes.ended_unit_codes {
            self.ended.push(json!([order, unit, word(state)?, at.millis()]));
        }
        for (code, order, state) in &writes.returned_codes {
            self.returned.push((merchant.clone(), code.clone(), order.clone(), *state));
        }
        self.uploads.extend(writes)?;
        let over = writes.code_waits.iter().filter(|(_, wait)| wait.is_none());
        self.waits_over.extend(over.map(|(order, _)| json!([order])));
        Ok(())
    }

    /// Returned codes leave their orders before anybody is given one.
    pub(crate) async fn write(
        self,
        storage: &SqlStorage,
        connection: &impl ConnectionTrait,
    ) -> Result<(), StorageFault> {
        let dialect = storage.inner.dialect;
        for (merchant, code, order, state) in &self.returned {
            give_back(storage, connection, merchant, code, order, *state).await?;
        }
        let (text, count) = (|index| dialect.element(index, Text), |index| dialect.element(index, Number));
        let wanted = u64::try_from(self.taken.len()).unwrap_or(u64::MAX);
        let sql = format!(
            "UPDATE codes SET state = 'assigned', order_id = {}, unit = {}, given_at = {} FROM {}
             WHERE codes.id = {} AND codes.state IN ('available', 'returned')",
            text(1),
            count(2),
            count(3),
            dialect.each(),
            text(0),
        );
        // A code is free once: if one is gone meanwhile, the batch is done again.
        let taken = run(storage, connection, &sql, self.taken).await?;
        if taken != wanted {
            return Err(StorageFault::Conflict(format!("{taken} of {wanted} codes were free")));
        }
        self.uploads.write(storage, connection).await?;
        let sql = format!(
            "UPDATE codes SET state = {}, ended_at = {}, upload = NULL, hand_over = NULL, given_at = NULL FROM {}
             WHERE codes.id = {} AND codes.order_id IS NULL",
            text(1),
            count(2),
            dialect.each(),
            text(0),
        );
        run(storage, connection, &sql, self.moved).await?;
        let sql = format!(
            "UPDATE codes SET state = {}, ended_at = {} FROM {} WHERE codes.order_id = {} AND codes.unit = {}
             AND codes.state = 'assigned'",
            text(2),
            count(3),
            dialect.each(),
            text(0),
            count(1),
        );
        run(storage, connection, &sql, self.ended).await?;
        let sql = format!("DELETE FROM code_waits WHERE order_id IN (SELECT {} FROM {})", text(0), dialect.each());
        run(storage, connection, &sql, self.waits_over).await?;
        Ok(())
    }
}

pub(crate) async fn run(
    storage: &SqlStorage,
    connection: &impl ConnectionTrait,
    sql: &str,
    rows: Vec<Json>,
) -> Result<u64, StorageFault> {
    if rows.is_empty() {
        return Ok(0);
    }
    let statement = storage.inner.dialect.statement(sql, vec![Json::Array(rows).to_string().into()]);
    Ok(connection.execute(statement).await.map_err(sort)?.rows_affected())
}

/// A code leaves its order: nobody finds that order by it any more.
async fn give_back(
    storage: &SqlStorage,
    connection: &impl ConnectionTrait,
    merchant: &MerchantId,
    code: &CodeId,
    order: &OrderId,
    state: CodeState,
) -> Result<(), StorageFault> {
    let dialect = storage.inner.dialect;
    let sql = "SELECT id, state, credentials, valid_from, valid_to FROM codes WHERE id = ?1 AND merchant = ?2";
    let values = vec![code.as_str().into(), merchant.as_str().into()];
    let found = query(connection, dialect.statement(sql, values), read_sealed).await?;
    for code in found {
        let opened = Load { storage, connection }.open(merchant, code)?;
        for credential in &opened.credentials {
            let indexes = storage.inner.keys.indexes(merchant.as_str(), &credential.value);
            let sql = format!(
                "DELETE FROM unit_codes WHERE code_index IN ({}) AND merchant = ?2 AND order_id = ?3",
                dialect.texts()
            );
            let values = vec![json!(indexes).to_string().into(), merchant.as_str().into(), order.as_str().into()];
            connection.execute(dialect.statement(&sql, values)).await.map_err(sort)?;
        }
    }
    let sql = "UPDATE codes SET state = ?1, order_id = NULL, unit = NULL, given_at = NULL
               WHERE id = ?2 AND order_id = ?3 AND state = 'assigned'";
    let values = vec![word(&state)?.into(), code.as_str().into(), order.as_str().into()];
    let rows = connection.execute(dialect.statement(sql, values)).await.map_err(sort)?.rows_affected();
    if rows == 1 { Ok(()) } else { Err(StorageFault::Conflict(format!("code {code} left order {order} before"))) }
}

impl SqlStorage {
    /// Orders for which enough codes are there by now, those that wait longest first. No order needs a thousand codes;
    /// one that did would be issued when its channel asks again.
    pub(crate) async fn waiting_for_codes(&self, limit: u32) -> Result<Vec<(MerchantId, OrderId)>, StorageFault> {
        let sql = "SELECT w.merchant, w.order_id FROM code_waits w WHERE w.wanted <= (SELECT COUNT(*) FROM (
                       SELECT 1 FROM codes c WHERE c.merchant = w.merchant AND c.pool = w.pool
                       AND c.state = 'available' AND c.valid_to >= w.last_day AND c.valid_from <= w.first_day
                       UNION ALL SELECT 1 FROM codes c WHERE c.merchant = w.merchant AND c.pool = w.pool
                       AND c.state = 'returned' AND c.valid_to >= w.last_day AND c.valid_from <= w.first_day
                       LIMIT 1000) AS fits)
                   ORDER BY w.since, w.order_id LIMIT ?1";
        query(&self.inner.reader, self.inner.dialect.statement(sql, vec![i64::from(limit).into()]), |row| {
            let order: String = column(row, "order_id")?;
            Ok((merchant_of(row)?, OrderId::parse(order).map_err(|fault| unreadable("order", fault))?))
        })
        .await
    }
}

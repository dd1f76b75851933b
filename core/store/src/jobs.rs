//! Leases on jobs, by the database's own clock. No lock is held between statements: every change names the lease's
//! number, and who lost it changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::ids::{JobId, NodeId};
use entrepot_domain::job::{Heard, JobMemo, JobState};
use entrepot_engine::storage::{JobNext, JobsOf, LeasedJob, StorageFault};
use serde_json::{Value as Json, json};

use crate::SqlStorage;
use crate::fault::unreadable;
use crate::numbers::number;
use crate::rows::Kind::{Number, Text};
use crate::rows::{column, json as json_column, of_word, query, text_of, word};

/// Ends the leases of a node that starts anew. The numbers change now, so that nobody goes on under the old ones.
pub(crate) async fn reclaim(storage: &SqlStorage, node: &NodeId) -> Result<u64, StorageFault> {
    let sql = "UPDATE jobs SET lease_node = NULL, lease_until = 0, lease_token = lease_token + 1
               WHERE lease_node = ?1 AND state IN ('ready', 'started')";
    storage.execute(sql, vec![node.as_str().into()]).await
}

/// Takes leases on jobs that are due and whose predecessor has ended.
pub(crate) async fn lease(
    storage: &SqlStorage,
    node: &NodeId,
    limit: u32,
    lease_ms: u32,
) -> Result<Vec<LeasedJob>, StorageFault> {
    let now = storage.inner.dialect.now();
    let open = "state IN ('ready', 'started')";
    let sql = format!(
        "UPDATE jobs SET lease_node = ?1, lease_token = lease_token + 1, lease_until = {now} + ?2
         WHERE id IN (SELECT j.id FROM jobs j WHERE j.{open} AND j.due_at <= {now} AND j.lease_until <= {now}
            AND (j.after_job IS NULL
                 OR EXISTS (SELECT 1 FROM jobs a WHERE a.id = j.after_job AND a.state IN ('done', 'abandoned')))
            ORDER BY j.due_at LIMIT ?3)
         AND {open} AND lease_until <= {now}
         RETURNING body, state, lease_token, attempts, memo, heard"
    );
    let values = vec![node.as_str().into(), i64::from(lease_ms).into(), i64::from(limit).into()];
    let statement = storage.inner.dialect.statement(&sql, values);
    query(&storage.inner.writer, statement, |row| {
        Ok(LeasedJob {
            job: json_column(row, "body")?,
            state: of_word("job state", column(row, "state")?)?,
            token: column(row, "lease_token")?,
            attempts: number(row, "attempts")?,
            memo: remembered(column(row, "memo")?)?,
            heard: told(column(row, "heard")?)?,
        })
    })
    .await
}

/// What a job remembers; nothing is no text.
fn remembered(text: Option<String>) -> Result<JobMemo, StorageFault> {
    match text {
        Some(text) => serde_json::from_str(&text).map_err(|fault| unreadable("memo", fault)),
        None => Ok(JobMemo::default()),
    }
}

fn told(text: Option<String>) -> Result<Option<Heard>, StorageFault> {
    text.map(|text| serde_json::from_str(&text).map_err(|fault| unreadable("heard", fault))).transpose()
}

/// Marks a leased job as started and renews its lease.
pub(crate) async fn start(storage: &SqlStorage, id: &JobId, token: i64, lease_ms: u32) -> Result<bool, StorageFault> {
    let sql = format!(
        "UPDATE jobs SET state = ?1, started = 1, lease_until = {} + ?2 WHERE id = ?3 AND lease_token = ?4
         AND lease_node IS NOT NULL AND state IN ('ready', 'started')",
        storage.inner.dialect.now()
    );
    let values = vec![word(&JobState::Started)?.into(), i64::from(lease_ms).into(), id.as_str().into(), token.into()];
    Ok(storage.execute(&sql, values).await? == 1)
}

/// The same for several at once; which of them are started.
pub(crate) async fn start_all(
    storage: &SqlStorage,
    leases: &BTreeMap<JobId, i64>,
    lease_ms: u32,
) -> Result<BTreeSet<JobId>, StorageFault> {
    let dialect = storage.inner.dialect;
    let sql = format!(
        "UPDATE jobs SET state = ?2, started = 1, lease_until = {} + ?3 FROM {}
         WHERE jobs.id = {} AND jobs.lease_token = {} AND lease_node IS NOT NULL AND state IN ('ready', 'started')
         RETURNING jobs.id",
        dialect.now(),
        dialect.each(),
        dialect.element(0, Text),
        dialect.element(1, Number),
    );
    let rows: Vec<Json> = leases.iter().map(|(job, token)| json!([job, token])).collect();
    let values =
        vec![Json::Array(rows).to_string().into(), word(&JobState::Started)?.into(), i64::from(lease_ms).into()];
    let statement = dialect.statement(&sql, values);
    let started = query(&storage.inner.writer, statement, |row| {
        JobId::parse(column::<String>(row, "id")?).map_err(|fault| unreadable("job", fault))
    });
    Ok(started.await?.into_iter().collect())
}

/// Puts a leased job back, or to its end.
pub(crate) async fn put(storage: &SqlStorage, id: &JobId, token: i64, next: JobNext) -> Result<bool, StorageFault> {
    let sql = format!(
        "UPDATE jobs SET state = ?1, due_at = {} + CASE WHEN heard <> ?9 THEN 0 ELSE ?2 END, lease_until = 0,
            lease_node = NULL, note = ?3, attempts = attempts + ?4, started = ?5, memo = ?6,
            heard = CASE WHEN heard <> ?9 THEN heard END
         WHERE id = ?7 AND lease_token = ?8 AND lease_node IS NOT NULL AND state IN ('ready', 'started')",
        storage.inner.dialect.now()
    );
    let memo = if next.memo == JobMemo::default() { None } else { Some(text_of(&next.memo)?) };
    let wait = i64::try_from(next.wait_ms).unwrap_or(i64::MAX / 4);
    let values = vec![
        word(&next.state)?.into(),
        wait.into(),
        next.note.chars().take(500).collect::<String>().into(),
        i64::from(next.counts).into(),
        i64::from(next.unclear).into(),
        memo.into(),
        id.as_str().into(),
        token.into(),
        next.heard.as_ref().map(text_of).transpose()?.unwrap_or_default().into(),
    ];
    Ok(storage.execute(&sql, values).await? == 1)
}

/// Started jobs hear something and are due; one that is at work is due again when it is put back.
pub(crate) async fn tell(storage: &SqlStorage, about: &JobsOf<'_>, heard: &Heard) -> Result<u64, StorageFault> {
    let sql = format!(
        "UPDATE jobs SET heard = ?1, due_at = {}
         WHERE order_id = ?2 AND connection = ?3 AND merchant = ?4 AND kind = ?5 AND state = 'started'",
        storage.inner.dialect.now()
    );
    let values = vec![
        text_of(heard)?.into(),
        about.order.as_str().into(),
        about.connection.as_str().into(),
        about.merchant.as_str().into(),
        about.kind.into(),
    ];
    storage.execute(&sql, values).await
}

/// How many jobs may have had an effect that nobody knows of.
pub(crate) async fn unclear(storage: &SqlStorage, about: &JobsOf<'_>) -> Result<u64, StorageFault> {
    let sql =
        "SELECT COUNT(*) AS found FROM jobs WHERE order_id = ?1 AND connection = ?2 AND merchant = ?3 AND kind = ?4
                 AND started <> 0 AND state IN ('started', 'dead')";
    let values = vec![
        about.order.as_str().into(),
        about.connection.as_str().into(),
        about.merchant.as_str().into(),
        about.kind.into(),
    ];
    let found = query(&storage.inner.reader, storage.inner.dialect.statement(sql, values), |row| {
        column::<i64>(row, "found").map(|found| u64::try_from(found).unwrap_or(0))
    });
    Ok(found.await?.into_iter().sum())
}

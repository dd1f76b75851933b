//! What is written beside commands.

use entrepot_contract::ids::{JobId, MerchantId};
use entrepot_contract::time::Timestamp;
use entrepot_domain::alert::AlertKind;
use entrepot_engine::records::{InterfaceLine, Record};
use entrepot_engine::storage::StorageFault;
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::SqlStorage;
use crate::alerts::{self, NO_MERCHANT};
use crate::deployment;
use crate::fault::sort;
use crate::rows::{text_of, word};
use crate::tables;

pub(crate) async fn write(storage: &SqlStorage, record: Record) -> Result<(), StorageFault> {
    match record {
        Record::Interface(lines) => interface(storage, lines).await,
        Record::Register(connections) => deployment::register(storage, &connections).await,
        Record::Switch { connection, switch } => {
            let sql = "UPDATE connections SET switch = ?1 WHERE id = ?2";
            let changed = storage.execute(sql, vec![word(&switch)?.into(), connection.as_str().into()]).await?;
            if changed == 1 {
                Ok(())
            } else {
                Err(StorageFault::Data(format!("connection {connection} is not registered")))
            }
        }
        Record::Job { merchant, job, retry, at } => decide_job(storage, &merchant, &job, retry, at).await,
        Record::Alert { merchant, alert } => {
            let row = alerts::raised(merchant.as_ref().map_or(NO_MERCHANT, MerchantId::as_str), &alert);
            alerts::raise(&storage.inner.writer, vec![row]).await
        }
        Record::Resolve { merchant, kind, subject, at } => {
            let merchant = merchant.as_ref().map_or(NO_MERCHANT, MerchantId::as_str);
            alerts::resolve(&storage.inner.writer, vec![alerts::resolved(merchant, kind, &subject, at)]).await
        }
        Record::Audit(line) => {
            let sql = "INSERT INTO audit_log (at, by_whom, merchant, act, subject, detail)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let values = vec![
                line.at.millis().into(),
                line.by.into(),
                line.merchant.map(|merchant| merchant.to_string()).into(),
                line.act.into(),
                line.subject.into(),
                line.detail.into(),
            ];
            storage.execute(sql, values).await?;
            Ok(())
        }
        Record::Node(node) => deployment::tell(storage, &node).await,
        Record::NodeGone(node) => {
            storage.execute("DELETE FROM nodes WHERE id = ?1", vec![node.as_str().into()]).await?;
            Ok(())
        }
        Record::Prune { interface_before } => {
            let sql = "DELETE FROM interface_log WHERE at < ?1";
            storage.execute(sql, vec![interface_before.millis().into()]).await?;
            Ok(())
        }
    }
}

async fn decide_job(
    storage: &SqlStorage,
    merchant: &MerchantId,
    job: &JobId,
    retry: bool,
    at: Timestamp,
) -> Result<(), StorageFault> {
    let state = if retry { "ready" } else { "abandoned" };
    // A job whose last call may have had its effect is asked about first, also when it was dead.
    let sql = format!(
        "UPDATE jobs SET state = CASE WHEN ?1 = 'ready' AND started = 1 THEN 'started' ELSE ?1 END,
            due_at = {}, attempts = 0, lease_node = NULL, lease_until = 0
         WHERE id = ?2 AND merchant = ?3 AND state IN ('ready', 'started', 'dead')",
        storage.inner.dialect.now()
    );
    let values = vec![state.into(), job.as_str().into(), merchant.as_str().into()];
    let both = storage.inner.writer.begin().await.map_err(sort)?;
    let changed = both.execute(storage.inner.dialect.statement(&sql, values)).await.map_err(sort)?;
    if changed.rows_affected() != 1 {
        return Err(StorageFault::Data(format!("merchant {merchant} has no open job {job}")));
    }
    let row = alerts::resolved(merchant.as_str(), AlertKind::DeadJob, job.as_str(), at);
    alerts::resolve(&both, vec![row]).await?;
    both.commit().await.map_err(sort)
}

async fn interface(storage: &SqlStorage, lines: Vec<InterfaceLine>) -> Result<(), StorageFault> {
    let mut rows = Vec::with_capacity(lines.len());
    for line in &lines {
        rows.push(vec![
            line.at.millis().into(),
            line.merchant.as_ref().map(MerchantId::as_str).into(),
            line.application.as_str().into(),
            line.order.as_deref().into(),
            text_of(line)?.into(),
        ]);
    }
    tables::INTERFACE_LOG.write(&storage.inner.writer, rows).await
}

//! Alerts: one row for each merchant, kind and subject. Raised again after it was resolved, it is a new one to tell.

use entrepot_contract::ids::MerchantId;
use entrepot_contract::time::Timestamp;
use entrepot_domain::alert::{Alert, AlertKind};
use entrepot_engine::storage::{OpenAlert, StorageFault};
use sea_orm::ConnectionTrait;
use serde_json::{Value as Json, json};

use crate::SqlStorage;
use crate::fault::{sort, unreadable};
use crate::rows::Kind::{Number, Text};
use crate::rows::{Dialect, column, of_word, query};

/// Alerts of the whole deployment belong to no merchant.
pub(crate) const NO_MERCHANT: &str = "";

/// An alert to raise, as a row.
pub(crate) fn raised(merchant: &str, alert: &Alert) -> Json {
    json!([merchant, alert.kind, alert.subject, alert.text, alert.at.millis()])
}

/// An alert to resolve, as a row.
pub(crate) fn resolved(merchant: &str, kind: AlertKind, subject: &str, at: Timestamp) -> Json {
    json!([merchant, kind, subject, at.millis()])
}

/// Raises alerts: once for each kind and subject, counted when one comes again.
pub(crate) async fn raise(connection: &impl ConnectionTrait, rows: Vec<Json>) -> Result<(), StorageFault> {
    let dialect = Dialect(connection.get_database_backend());
    let (text, number) = (|index| dialect.element(index, Text), |index| dialect.element(index, Number));
    let sql = format!(
        "INSERT INTO alerts (merchant, kind, subject, text, first_at, last_at, times)
         SELECT {}, {}, {}, {}, {}, {}, 1 FROM {} WHERE true
         ON CONFLICT (merchant, kind, subject) DO UPDATE SET text = excluded.text, last_at = excluded.last_at,
            first_at = CASE WHEN alerts.resolved_at IS NULL THEN alerts.first_at ELSE excluded.first_at END,
            times = CASE WHEN alerts.resolved_at IS NULL THEN alerts.times + 1 ELSE 1 END,
            taken_until = CASE WHEN alerts.resolved_at IS NULL THEN alerts.taken_until ELSE 0 END,
            told_at = CASE WHEN alerts.resolved_at IS NULL THEN alerts.told_at END, resolved_at = NULL",
        text(0),
        text(1),
        text(2),
        text(3),
        number(4),
        number(4),
        dialect.each(),
    );
    run(connection, dialect, &sql, rows).await
}

/// Resolves alerts whose cause is gone.
pub(crate) async fn resolve(connection: &impl ConnectionTrait, rows: Vec<Json>) -> Result<(), StorageFault> {
    let dialect = Dialect(connection.get_database_backend());
    let text = |index| dialect.element(index, Text);
    let sql = format!(
        "UPDATE alerts SET resolved_at = {} FROM {} WHERE alerts.merchant = {} AND alerts.kind = {}
         AND alerts.subject = {} AND alerts.resolved_at IS NULL",
        dialect.element(3, Number),
        dialect.each(),
        text(0),
        text(1),
        text(2),
    );
    run(connection, dialect, &sql, rows).await
}

async fn run(
    connection: &impl ConnectionTrait,
    dialect: Dialect,
    sql: &str,
    rows: Vec<Json>,
) -> Result<(), StorageFault> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = dialect.statement(sql, vec![Json::Array(rows).to_string().into()]);
    connection.execute(statement).await.map_err(sort)?;
    Ok(())
}

/// Takes alerts that nobody was told about. A node that dies after taking leaves them to another one.
pub(crate) async fn take(
    storage: &SqlStorage,
    now: Timestamp,
    limit: u32,
    lease_ms: u32,
) -> Result<Vec<OpenAlert>, StorageFault> {
    let open = "resolved_at IS NULL AND told_at IS NULL AND taken_until <= ?1";
    let sql = format!(
        "UPDATE alerts SET taken_until = ?2 WHERE (merchant, kind, subject) IN
            (SELECT merchant, kind, subject FROM alerts WHERE {open} ORDER BY first_at LIMIT ?3) AND {open}
         RETURNING merchant, kind, subject, text, last_at"
    );
    let until = now.plus_millis(i64::from(lease_ms)).millis();
    let values = vec![now.millis().into(), until.into(), i64::from(limit).into()];
    query(&storage.inner.writer, storage.inner.dialect.statement(&sql, values), |row| {
        let merchant: String = column(row, "merchant")?;
        let merchant = (merchant != NO_MERCHANT).then(|| MerchantId::parse(merchant)).transpose();
        Ok(OpenAlert {
            merchant: merchant.map_err(|fault| unreadable("merchant", fault))?,
            alert: Alert {
                kind: of_word("alert kind", column(row, "kind")?)?,
                subject: column(row, "subject")?,
                text: column(row, "text")?,
                at: Timestamp::from_millis(column(row, "last_at")?),
            },
        })
    })
    .await
}

/// Somebody was told.
pub(crate) async fn told(storage: &SqlStorage, alert: &OpenAlert, now: Timestamp) -> Result<(), StorageFault> {
    let sql = "UPDATE alerts SET told_at = ?1 WHERE merchant = ?2 AND kind = ?3 AND subject = ?4";
    let merchant = alert.merchant.as_ref().map_or(NO_MERCHANT, MerchantId::as_str);
    let values =
        vec![now.millis().into(), merchant.into(), alert.alert.kind.name().into(), alert.alert.subject.as_str().into()];
    storage.execute(sql, values).await?;
    Ok(())
}

impl SqlStorage {
    /// Whether an alert was ever raised; `None` asks about the whole deployment.
    pub async fn has_alert(
        &self,
        merchant: Option<&MerchantId>,
        kind: AlertKind,
        subject: &str,
    ) -> Result<bool, StorageFault> {
        let sql = "SELECT kind FROM alerts WHERE merchant = ?1 AND kind = ?2 AND subject = ?3";
        let merchant = merchant.map_or(NO_MERCHANT, MerchantId::as_str);
        let values = vec![merchant.into(), kind.name().into(), subject.into()];
        let found =
            query(&self.inner.reader, self.inner.dialect.statement(sql, values), |row| column::<String>(row, "kind"));
        Ok(!found.await?.is_empty())
    }
}

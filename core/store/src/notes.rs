//! Notes and differences in SQL.

use async_trait::async_trait;
use entrepot_contract::ids::{ConnectionId, MerchantId, OrderId};
use entrepot_contract::order::{Order, Refund};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::difference::Difference;
use entrepot_engine::notes::{
    ComparedDay, DifferenceFilter, DifferenceName, MadeOrder, Note, NoteKind, Notes, ORDERS_PAGE, StandingDifference,
};
use entrepot_engine::seed::first_order_at;
use entrepot_engine::storage::StorageFault;
use sea_orm::{ConnectionTrait, QueryResult, TransactionTrait, Value as SqlValue};
use serde_json::{Value, json};

use crate::SqlStorage;
use crate::fault::{sort, unreadable};
use crate::rows::Kind::Text;
use crate::rows::{column, json as json_column, query, text_of};

/// Most notes of one statement.
const CHUNK: usize = 500;

fn instant(row: &QueryResult, name: &str) -> Result<Timestamp, StorageFault> {
    Ok(Timestamp::from_millis(column(row, name)?))
}

fn day_of(of: &ComparedDay) -> Vec<SqlValue> {
    vec![of.merchant.as_str().into(), of.connection.as_str().into(), of.day.to_string().into()]
}

impl SqlStorage {
    /// Runs a statement over rows that travel as one parameter, the first.
    async fn each(
        connection: &impl ConnectionTrait,
        dialect: crate::rows::Dialect,
        sql: &str,
        rows: Vec<Value>,
        more: &[SqlValue],
    ) -> Result<(), StorageFault> {
        for chunk in rows.chunks(CHUNK) {
            let mut values = vec![Value::Array(chunk.to_vec()).to_string().into()];
            values.extend(more.iter().cloned());
            connection.execute(dialect.statement(sql, values)).await.map_err(sort)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Notes for SqlStorage {
    async fn notes(&self, scope: &str, kind: NoteKind) -> Result<Vec<Note>, StorageFault> {
        let sql = "SELECT subject, body, at FROM notes WHERE scope = ?1 AND kind = ?2 ORDER BY subject";
        self.ask(sql, vec![scope.into(), kind.name().into()], |row| {
            Ok(Note { subject: column(row, "subject")?, body: json_column(row, "body")?, at: instant(row, "at")? })
        })
        .await
    }

    async fn note(
        &self,
        scope: &str,
        kind: NoteKind,
        changes: Vec<(String, Option<Value>)>,
        at: Timestamp,
    ) -> Result<(), StorageFault> {
        let dialect = self.inner.dialect;
        let (subject, body) = (dialect.element(0, Text), dialect.element(1, Text));
        let write = format!(
            "INSERT INTO notes (scope, kind, subject, body, at) SELECT ?2, ?3, {subject}, {body}, ?4 FROM {} WHERE true
             ON CONFLICT (scope, kind, subject) DO UPDATE SET body = excluded.body, at = excluded.at",
            dialect.each()
        );
        let take = format!(
            "DELETE FROM notes WHERE scope = ?2 AND kind = ?3 AND subject IN (SELECT {subject} FROM {})",
            dialect.each()
        );
        let (written, taken): (Vec<_>, Vec<_>) = changes.into_iter().partition(|(_, body)| body.is_some());
        let written = written.into_iter().map(|(subject, body)| json!([subject, body.unwrap_or_default().to_string()]));
        let taken = taken.into_iter().map(|(subject, _)| json!([subject]));
        let all = self.inner.writer.begin().await.map_err(sort)?;
        let named: Vec<SqlValue> = vec![scope.into(), kind.name().into()];
        let dated = [named.clone(), vec![at.millis().into()]].concat();
        Self::each(&all, dialect, &write, written.collect(), &dated).await?;
        Self::each(&all, dialect, &take, taken.collect(), &named).await?;
        all.commit().await.map_err(sort)
    }

    async fn first_note(
        &self,
        scope: &str,
        kind: NoteKind,
        subject: &str,
        since: Timestamp,
        at: Timestamp,
    ) -> Result<bool, StorageFault> {
        let sql = "INSERT INTO notes (scope, kind, subject, body, at) VALUES (?1, ?2, ?3, 'null', ?4)
                   ON CONFLICT (scope, kind, subject) DO UPDATE SET at = excluded.at WHERE notes.at < ?5";
        let values = vec![scope.into(), kind.name().into(), subject.into(), at.millis().into(), since.millis().into()];
        Ok(self.execute(sql, values).await? == 1)
    }

    async fn forget_notes(&self, kind: NoteKind, before: Timestamp) -> Result<(), StorageFault> {
        let sql = "DELETE FROM notes WHERE kind = ?1 AND at < ?2";
        self.execute(sql, vec![kind.name().into(), before.millis().into()]).await.map(drop)
    }

    async fn orders_made(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        (from, to): (Timestamp, Timestamp),
        after: Option<&OrderId>,
    ) -> Result<Vec<MadeOrder>, StorageFault> {
        // Ids begin with the time: the rows of a day lie together.
        let first = first_order_at(from);
        let after = after.map_or_else(|| first.clone(), |after| after.to_string().max(first.clone()));
        let sql = "SELECT body FROM orders WHERE merchant = ?1 AND id > ?2 AND id < ?3 AND connection = ?4
                   ORDER BY id LIMIT ?5";
        let values = vec![
            merchant.as_str().into(),
            after.into(),
            first_order_at(to).into(),
            connection.as_str().into(),
            i64::from(ORDERS_PAGE).into(),
        ];
        let orders: Vec<Order> = self.ask(sql, values, |row| json_column(row, "body")).await?;
        let Some((first, last)) = orders.first().zip(orders.last()) else { return Ok(Vec::new()) };
        let sql = "SELECT r.body AS body FROM refunds r JOIN orders o ON o.id = r.order_id
                   WHERE o.merchant = ?1 AND o.id >= ?2 AND o.id <= ?3 AND o.connection = ?4 ORDER BY r.id";
        let values = vec![
            merchant.as_str().into(),
            first.id.as_str().into(),
            last.id.as_str().into(),
            connection.as_str().into(),
        ];
        let refunds: Vec<Refund> = self.ask(sql, values, |row| json_column(row, "body")).await?;
        let with = |order: Order| {
            let own = refunds.iter().filter(|refund| refund.order == order.id).cloned().collect();
            MadeOrder { order, refunds: own }
        };
        Ok(orders.into_iter().map(with).collect())
    }

    async fn found(&self, of: &ComparedDay, found: Vec<Difference>, at: Timestamp) -> Result<(), StorageFault> {
        let dialect = self.inner.dialect;
        let write = format!(
            "INSERT INTO differences (merchant, connection, day, kind, subject, body, found_at, seen_at)
             SELECT ?2, ?3, ?4, {}, {}, {}, ?5, ?5 FROM {} WHERE true
             ON CONFLICT (merchant, connection, day, kind, subject) DO UPDATE SET body = excluded.body,
                seen_at = excluded.seen_at, settled_at = NULL, settled_by = NULL,
                found_at = CASE WHEN differences.settled_at IS NULL THEN differences.found_at ELSE excluded.found_at END",
            dialect.element(0, Text),
            dialect.element(1, Text),
            dialect.element(2, Text),
            dialect.each()
        );
        let gone = "UPDATE differences SET settled_at = ?4, settled_by = 'gone' WHERE merchant = ?1 AND connection = ?2
                    AND day = ?3 AND settled_at IS NULL AND seen_at <> ?4";
        let mut rows = Vec::with_capacity(found.len());
        for difference in &found {
            rows.push(json!([difference.kind.name(), difference.subject, text_of(difference)?]));
        }
        let dated = [day_of(of), vec![at.millis().into()]].concat();
        let all = self.inner.writer.begin().await.map_err(sort)?;
        Self::each(&all, dialect, &write, rows, &dated).await?;
        all.execute(dialect.statement(gone, dated)).await.map_err(sort)?;
        all.commit().await.map_err(sort)
    }

    async fn settle(&self, which: &DifferenceName, by: &str, at: Timestamp) -> Result<bool, StorageFault> {
        let sql = "UPDATE differences SET settled_at = ?4, settled_by = ?5 WHERE merchant = ?1 AND connection = ?2
                   AND day = ?3 AND kind = ?6 AND subject = ?7 AND settled_at IS NULL";
        let more: Vec<SqlValue> =
            vec![at.millis().into(), by.into(), which.kind.name().into(), which.subject.as_str().into()];
        Ok(self.execute(sql, [day_of(&which.of), more].concat()).await? == 1)
    }

    async fn differences(
        &self,
        merchant: &MerchantId,
        filter: &DifferenceFilter,
    ) -> Result<Vec<StandingDifference>, StorageFault> {
        let standing = if filter.settled { "true" } else { "settled_at IS NULL" };
        let sql = format!(
            "SELECT * FROM differences WHERE merchant = ?1 AND (?2 = '' OR connection = ?2) AND (?3 = '' OR day = ?3)
             AND {standing} ORDER BY day DESC, connection, kind, subject LIMIT ?4"
        );
        let values = vec![
            merchant.as_str().into(),
            filter.connection.as_ref().map(ToString::to_string).unwrap_or_default().into(),
            filter.day.map(|day| day.to_string()).unwrap_or_default().into(),
            i64::from(filter.most()).into(),
        ];
        query(&self.inner.reader, self.inner.dialect.statement(&sql, values), |row| {
            let connection: String = column(row, "connection")?;
            let day: String = column(row, "day")?;
            Ok(StandingDifference {
                connection: ConnectionId::parse(connection).map_err(|fault| unreadable("connection", fault))?,
                day: day.parse::<VisitDate>().map_err(|fault| unreadable("day", fault))?,
                difference: json_column(row, "body")?,
                found_at: instant(row, "found_at")?,
                seen_at: instant(row, "seen_at")?,
                settled_at: column::<Option<i64>>(row, "settled_at")?.map(Timestamp::from_millis),
                settled_by: column(row, "settled_by")?,
            })
        })
        .await
    }
}

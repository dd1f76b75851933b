//! Lists for the admin API. Each query carries its merchant; pages go by the last id seen.

use entrepot_contract::calendar::StockKey;
use entrepot_contract::ids::{BucketId, ConnectionId, DistributorId, JobId, MerchantId, OrderId};
use entrepot_contract::order::{Order, Refund};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::alert::{AlertKind, AlertLevel};
use entrepot_domain::change::{HistoryCell, HistoryKind, HistoryLine};
use entrepot_domain::command::CommandKey;
use entrepot_domain::credit::{Account, Posting};
use entrepot_domain::job::{JobState, NewJob};
use entrepot_engine::records::{AuditLine, InterfaceLine};
use entrepot_engine::storage::StorageFault;
use sea_orm::{QueryResult, Value};
use serde::Serialize;

use crate::SqlStorage;
use crate::fault::unreadable;
use crate::numbers::{number, read_account, read_stock_row};
use crate::rows::{column, json, of_word, query, word};
use crate::snapshot::read_posting;

/// Most rows of one page.
pub const PAGE_LIMIT: u32 = 500;

/// A page: rows after an id, at most so many.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The last id of the page before.
    pub after: Option<String>,
    /// At most [`PAGE_LIMIT`]; 100 when zero.
    pub limit: u32,
}

impl Page {
    pub(crate) fn after(&self) -> Value {
        self.after.clone().unwrap_or_default().into()
    }

    pub(crate) fn limit(&self) -> Value {
        let limit = if self.limit == 0 { 100 } else { self.limit.min(PAGE_LIMIT) };
        i64::from(limit).into()
    }
}

/// Which orders are asked for.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// In this state.
    pub state: Option<String>,
    /// As the channel names it.
    pub channel_order: Option<String>,
    /// With this date of visit.
    pub arrive: Option<VisitDate>,
}

/// A job with its standing.
#[derive(Debug, Clone, Serialize)]
pub struct JobRow {
    /// The job.
    #[serde(flatten)]
    pub job: NewJob,
    /// Where it stands.
    pub state: JobState,
    /// Tries so far.
    pub attempts: u32,
    /// Why it did not end.
    pub note: String,
    /// When it is due again.
    pub due_at: Timestamp,
}

/// An alert with its history.
#[derive(Debug, Clone, Serialize)]
pub struct AlertRow {
    /// Whose; empty for the whole deployment.
    pub merchant: String,
    /// What kind.
    pub kind: AlertKind,
    /// How much it matters.
    pub level: AlertLevel,
    /// What it is, in Chinese.
    pub title_zh: &'static str,
    /// What it is, in English.
    pub title_en: &'static str,
    /// About what.
    pub subject: String,
    /// For people.
    pub text: String,
    /// When it was raised first.
    pub first_at: Timestamp,
    /// When it came last.
    pub last_at: Timestamp,
    /// How often.
    pub times: u32,
    /// When somebody was told by a webhook.
    pub told_at: Option<Timestamp>,
    /// When its cause was gone.
    pub resolved_at: Option<Timestamp>,
}

fn instant(row: &QueryResult, name: &str) -> Result<Timestamp, StorageFault> {
    Ok(Timestamp::from_millis(column(row, name)?))
}

fn read_job(row: &QueryResult) -> Result<JobRow, StorageFault> {
    Ok(JobRow {
        job: json(row, "body")?,
        state: of_word("job state", column(row, "state")?)?,
        attempts: number(row, "attempts")?,
        note: column(row, "note")?,
        due_at: instant(row, "due_at")?,
    })
}

impl SqlStorage {
    pub(crate) async fn ask<T>(
        &self,
        sql: &str,
        values: Vec<Value>,
        read: impl Fn(&QueryResult) -> Result<T, StorageFault>,
    ) -> Result<Vec<T>, StorageFault> {
        query(&self.inner.reader, self.inner.dialect.statement(sql, values), read).await
    }

    /// Orders, the newest first.
    pub async fn list_orders(
        &self,
        merchant: &MerchantId,
        filter: &OrderFilter,
        page: &Page,
    ) -> Result<Vec<Order>, StorageFault> {
        let by_channel = match filter.channel_order {
            Some(_) => "id IN (SELECT order_id FROM channel_refs WHERE channel_order = ?4)",
            None => "?4 = ''",
        };
        let sql = format!(
            "SELECT body FROM orders WHERE merchant = ?1 AND (?2 = '' OR id < ?2) AND (?3 = '' OR state = ?3)
             AND {by_channel} AND (?5 = '' OR arrive = ?5) ORDER BY id DESC LIMIT ?6"
        );
        let values = vec![
            merchant.as_str().into(),
            page.after(),
            filter.state.clone().unwrap_or_default().into(),
            filter.channel_order.clone().unwrap_or_default().into(),
            filter.arrive.map(|date| date.to_string()).unwrap_or_default().into(),
            page.limit(),
        ];
        self.ask(&sql, values, |row| json(row, "body")).await
    }

    /// Orders of a connection among the merchant's newest, at most [`PAGE_LIMIT`] of them, the newest first. However many orders
    /// there are, no more than `among` are looked through.
    pub async fn newest_of(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        among: u32,
    ) -> Result<Vec<Order>, StorageFault> {
        let sql = "SELECT body FROM orders WHERE id IN (SELECT id FROM (SELECT id, connection FROM orders
                   WHERE merchant = ?1 ORDER BY id DESC LIMIT ?2) AS newest WHERE connection = ?3)
                   ORDER BY id DESC LIMIT ?4";
        let values = vec![
            merchant.as_str().into(),
            i64::from(among).into(),
            connection.as_str().into(),
            i64::from(PAGE_LIMIT).into(),
        ];
        self.ask(sql, values, |row| json(row, "body")).await
    }

    /// These orders with all others of their families: vouchers with their reservations.
    pub async fn families(&self, merchant: &MerchantId, members: &[OrderId]) -> Result<Vec<Order>, StorageFault> {
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = members.iter().map(OrderId::as_str).collect();
        let names = serde_json::to_string(&names).map_err(|fault| StorageFault::Data(fault.to_string()))?;
        let sql = format!(
            "SELECT body FROM orders WHERE family IN (SELECT family FROM orders WHERE id IN ({})) AND merchant = ?2
             ORDER BY id",
            self.inner.dialect.texts()
        );
        self.ask(&sql, vec![names.into(), merchant.as_str().into()], |row| json(row, "body")).await
    }

    /// Refunds, the newest first; those in one state when it is named.
    pub async fn list_refunds(
        &self,
        merchant: &MerchantId,
        state: Option<&str>,
        page: &Page,
    ) -> Result<Vec<Refund>, StorageFault> {
        let sql = "SELECT body FROM refunds WHERE merchant = ?1 AND (?2 = '' OR id < ?2) AND (?3 = '' OR state = ?3)
                   ORDER BY id DESC LIMIT ?4";
        let values = vec![merchant.as_str().into(), page.after(), state.unwrap_or_default().into(), page.limit()];
        self.ask(sql, values, |row| json(row, "body")).await
    }

    /// One refund.
    pub async fn refund(&self, merchant: &MerchantId, id: &str) -> Result<Option<Refund>, StorageFault> {
        let sql = "SELECT body FROM refunds WHERE merchant = ?1 AND id = ?2";
        let found = self.ask(sql, vec![merchant.as_str().into(), id.into()], |row| json(row, "body")).await?;
        Ok(found.into_iter().next())
    }

    /// Jobs, the newest first; those in one state when it is named.
    pub async fn list_jobs(
        &self,
        merchant: &MerchantId,
        state: Option<&str>,
        page: &Page,
    ) -> Result<Vec<JobRow>, StorageFault> {
        let sql = "SELECT * FROM jobs WHERE merchant = ?1 AND (?2 = '' OR id < ?2) AND (?3 = '' OR state = ?3)
                   ORDER BY id DESC LIMIT ?4";
        let values = vec![merchant.as_str().into(), page.after(), state.unwrap_or_default().into(), page.limit()];
        self.ask(sql, values, read_job).await
    }

    /// One job.
    pub async fn job(&self, merchant: &MerchantId, id: &JobId) -> Result<Option<JobRow>, StorageFault> {
        let sql = "SELECT * FROM jobs WHERE merchant = ?1 AND id = ?2";
        let found = self.ask(sql, vec![merchant.as_str().into(), id.as_str().into()], read_job).await?;
        Ok(found.into_iter().next())
    }

    /// The fingerprint of the command that was answered under this key before.
    pub async fn fingerprint_of(
        &self,
        merchant: &MerchantId,
        key: &CommandKey,
    ) -> Result<Option<String>, StorageFault> {
        let sql = "SELECT fingerprint FROM command_keys WHERE merchant = ?1 AND scope = ?2 AND kind = ?3 AND key = ?4";
        let values =
            vec![merchant.as_str().into(), key.scope.clone().into(), key.kind.clone().into(), key.key.clone().into()];
        Ok(self.ask(sql, values, |row| column(row, "fingerprint")).await?.into_iter().next())
    }

    /// Lines of the audit log, the newest first: of one merchant, or all.
    pub async fn list_audit(&self, merchant: Option<&MerchantId>, limit: u32) -> Result<Vec<AuditLine>, StorageFault> {
        let sql = "SELECT * FROM audit_log WHERE (?1 = '' OR merchant = ?1) ORDER BY seq DESC LIMIT ?2";
        let page = Page { after: None, limit };
        let values = vec![merchant.map(ToString::to_string).unwrap_or_default().into(), page.limit()];
        self.ask(sql, values, |row| {
            let merchant: Option<String> = column(row, "merchant")?;
            Ok(AuditLine {
                at: instant(row, "at")?,
                by: column(row, "by_whom")?,
                merchant: merchant.map(MerchantId::parse).transpose().map_err(|fault| unreadable("merchant", fault))?,
                act: column(row, "act")?,
                subject: column(row, "subject")?,
                detail: column(row, "detail")?,
            })
        })
        .await
    }

    /// Alerts, those that stand before those that were resolved, the newest first; of one merchant with those of the
    /// deployment, or all. `standing` leaves out what was resolved.
    pub async fn list_alerts(
        &self,
        merchant: Option<&MerchantId>,
        standing: bool,
    ) -> Result<Vec<AlertRow>, StorageFault> {
        let open = if standing { "resolved_at IS NULL" } else { "true" };
        let sql = format!(
            "SELECT * FROM alerts WHERE {open} AND (?1 = '' OR merchant = ?1 OR merchant = '')
             ORDER BY CASE WHEN resolved_at IS NULL THEN 0 ELSE 1 END, last_at DESC LIMIT 500"
        );
        let merchant = merchant.map(ToString::to_string).unwrap_or_default();
        self.ask(&sql, vec![merchant.into()], |row| {
            let kind: AlertKind = of_word("alert kind", column(row, "kind")?)?;
            let (title_zh, title_en) = kind.titles();
            Ok(AlertRow {
                merchant: column(row, "merchant")?,
                kind,
                level: kind.level(),
                title_zh,
                title_en,
                subject: column(row, "subject")?,
                text: column(row, "text")?,
                first_at: instant(row, "first_at")?,
                last_at: instant(row, "last_at")?,
                times: number(row, "times")?,
                told_at: column::<Option<i64>>(row, "told_at")?.map(Timestamp::from_millis),
                resolved_at: column::<Option<i64>>(row, "resolved_at")?.map(Timestamp::from_millis),
            })
        })
        .await
    }

    /// What people changed of one subject, newest first: lines before `before`, at most `limit`. A date keeps only lines
    /// that touch it.
    pub async fn list_history(
        &self,
        merchant: &MerchantId,
        kind: HistoryKind,
        subject: &str,
        date: Option<VisitDate>,
        page: (Option<i64>, u32),
    ) -> Result<Vec<(i64, HistoryLine)>, StorageFault> {
        let sql = "SELECT * FROM history WHERE merchant = ?1 AND kind = ?2 AND subject = ?3 AND seq < ?4
                   AND (?5 = '' OR (first_date <= ?5 AND last_date >= ?5)) ORDER BY seq DESC LIMIT ?6";
        let named = date.map(|date| date.to_string()).unwrap_or_default();
        let values = vec![
            merchant.as_str().into(),
            word(&kind)?.into(),
            subject.into(),
            page.0.unwrap_or(i64::MAX).into(),
            named.into(),
            i64::from(page.1.clamp(1, 200)).into(),
        ];
        self.ask(sql, values, |row| {
            let ends: (String, String) = (column(row, "first_date")?, column(row, "last_date")?);
            let ends = (ends.0.parse::<VisitDate>().ok(), ends.1.parse::<VisitDate>().ok());
            let mut cells: Vec<HistoryCell> = json(row, "body")?;
            cells.retain(|cell| date.is_none() || cell.date == date);
            let line = HistoryLine {
                at: instant(row, "at")?,
                by: column(row, "by_whom")?,
                kind,
                subject: subject.to_owned(),
                dates: ends.0.zip(ends.1),
                cells,
            };
            Ok((column(row, "seq")?, line))
        })
        .await
    }

    /// The accounts of a merchant's distributors.
    pub async fn list_accounts(&self, merchant: &MerchantId) -> Result<Vec<Account>, StorageFault> {
        let sql = "SELECT * FROM accounts WHERE merchant = ?1 ORDER BY distributor";
        let found = self.ask(sql, vec![merchant.as_str().into()], read_account).await?;
        Ok(found.into_iter().map(|(_, account)| account).collect())
    }

    /// A statement: lines after a number, oldest first.
    pub async fn statement(
        &self,
        merchant: &MerchantId,
        distributor: &DistributorId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Posting>, StorageFault> {
        let sql = "SELECT * FROM postings WHERE merchant = ?1 AND distributor = ?2 AND sequence > ?3
                   ORDER BY sequence LIMIT ?4";
        let page = Page { after: None, limit };
        let values = vec![merchant.as_str().into(), distributor.as_str().into(), after.into(), page.limit()];
        self.ask(sql, values, read_posting).await
    }

    /// The interface log of one order, oldest first, by our number or the channel's.
    pub async fn interface_of(
        &self,
        merchant: &MerchantId,
        names: [&str; 2],
    ) -> Result<Vec<InterfaceLine>, StorageFault> {
        let sql = "SELECT body FROM interface_log WHERE merchant = ?1 AND (order_ref = ?2 OR order_ref = ?3)
                   ORDER BY seq LIMIT 500";
        let values = vec![merchant.as_str().into(), names[0].into(), names[1].into()];
        self.ask(sql, values, |row| json(row, "body")).await
    }

    /// Stock cells between two dates, inclusive, and those without a date; of one bucket, or all.
    pub async fn stock_between(
        &self,
        merchant: &MerchantId,
        bucket: Option<&BucketId>,
        dates: Option<(VisitDate, VisitDate)>,
    ) -> Result<Vec<(StockKey, entrepot_contract::calendar::Stock)>, StorageFault> {
        let sql = "SELECT * FROM stock WHERE merchant = ?1 AND (date = '' OR (date >= ?2 AND date <= ?3))
                   AND (?4 = '' OR bucket = ?4) ORDER BY bucket, date, slot LIMIT 20000";
        let (from, to) = dates.map(|(from, to)| (from.to_string(), to.to_string())).unwrap_or_default();
        let bucket = bucket.map(ToString::to_string).unwrap_or_default();
        let values = vec![merchant.as_str().into(), from.into(), to.into(), bucket.into()];
        let found = self.ask(sql, values, read_stock_row).await?;
        Ok(found.into_iter().map(|(_, key, stock)| (key, stock)).collect())
    }
}

//! What flows read, and the `Storage` trait itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use entrepot_contract::calendar::{CalendarDay, Stock, StockKey};
use entrepot_contract::ids::{
    ConnectionId, DistributorId, JobId, MerchantId, NodeId, OrderId, PoolName, SupplierReference, UploadId,
};
use entrepot_contract::order::{Guests, LimitKey, Order, Refund, UnitCredentials};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::catalogue::Catalogue;
use entrepot_domain::change::{ChannelRef, Event, RefKey, Writes};
use entrepot_domain::code::Pool;
use entrepot_domain::credit::Account;
use entrepot_domain::invariants::Snapshot;
use entrepot_domain::job::Heard;
use entrepot_domain::refund_line::RefundLine;
use entrepot_domain::upload::Upload;
use entrepot_engine::records::{Record, Registered, RegisteredConnection};
use entrepot_engine::storage::{
    HOLDERS_LIMIT, JobNext, JobsOf, LaneStorage, LeasedJob, NodeSeen, OpenAlert, OpenWork, Prepared, Storage,
    StorageFault, Switch, UploadCode,
};
use sea_orm::ConnectionTrait;
use serde_json::{Value as Json, json};

use crate::SqlStorage;
use crate::batch::{SqlLane, read_ref, read_refs};
use crate::fault::{sort, unreadable};
use crate::numbers::{number, read_accounts, read_stock};
use crate::refund_lines;
use crate::rows::{column, json as json_column, of_word, query};
use crate::seal::Cell;
use crate::write::WriteSet;

/// The catalogue revision of each merchant that has one.
pub(crate) async fn revisions(
    storage: &SqlStorage,
    connection: &impl ConnectionTrait,
    merchants: &[MerchantId],
) -> Result<BTreeMap<MerchantId, i64>, StorageFault> {
    if merchants.is_empty() {
        return Ok(BTreeMap::new());
    }
    let dialect = storage.inner.dialect;
    let sql = format!("SELECT merchant, revision FROM catalogues WHERE merchant IN ({})", dialect.texts());
    let statement = dialect.statement(&sql, vec![json!(merchants).to_string().into()]);
    let found = query(connection, statement, |row| {
        let merchant: String = column(row, "merchant")?;
        let merchant = MerchantId::parse(merchant).map_err(|fault| unreadable("merchant", fault))?;
        Ok((merchant, column(row, "revision")?))
    });
    Ok(found.await?.into_iter().collect())
}

/// Which of these codes the merchant has already, and in which pool.
pub(crate) async fn known_codes(
    storage: &SqlStorage,
    connection: &impl ConnectionTrait,
    merchant: &MerchantId,
    texts: &[String],
) -> Result<Vec<(String, PoolName)>, StorageFault> {
    let mut by_index: BTreeMap<String, &String> = BTreeMap::new();
    for text in texts {
        for index in storage.inner.keys.indexes(merchant.as_str(), text) {
            by_index.insert(index, text);
        }
    }
    let dialect = storage.inner.dialect;
    let found = dialect.found_by_each("codes", "code_index");
    let sql = format!("SELECT found.code_index, found.pool FROM {found} WHERE found.merchant = ?2");
    let wanted: Vec<&String> = by_index.keys().collect();
    let statement = dialect.statement(&sql, vec![json!(wanted).to_string().into(), merchant.as_str().into()]);
    let found = query(connection, statement, |row| {
        let pool = PoolName::parse(column::<String>(row, "pool")?).map_err(|fault| unreadable("pool", fault))?;
        Ok((column::<String>(row, "code_index")?, pool))
    });
    let known = found.await?.into_iter();
    Ok(known.filter_map(|(index, pool)| Some(((*by_index.get(&index)?).clone(), pool))).collect())
}

impl SqlStorage {
    /// Opens a sealed column of an order; the default when it is empty.
    pub(crate) async fn sealed<T: serde::de::DeserializeOwned + Default>(
        &self,
        connection: &impl ConnectionTrait,
        merchant: &MerchantId,
        id: &OrderId,
        name: &'static str,
    ) -> Result<T, StorageFault> {
        let sql = format!("SELECT {name} AS sealed FROM orders WHERE id = ?1 AND merchant = ?2");
        let values = vec![id.as_str().into(), merchant.as_str().into()];
        let statement = self.inner.dialect.statement(&sql, values);
        let found = query(connection, statement, |row| column::<Option<String>>(row, "sealed")).await?;
        let Some(Some(sealed)) = found.into_iter().next() else { return Ok(T::default()) };
        let cell = Cell { table: "orders", column: name, row: id.as_str() };
        let plain = self.inner.keys.open(merchant.as_str(), cell, &sealed)?;
        // The text itself must not reach an error.
        serde_json::from_str(&plain).map_err(|_| unreadable(name, "its form is another"))
    }

    /// What changed in a catalogue after a revision.
    async fn changed(&self, merchant: &MerchantId, after: i64, catalogue: &mut Catalogue) -> Result<(), StorageFault> {
        let values = || vec![merchant.as_str().into(), after.into()];
        let sql = "SELECT body FROM catalogue_entries WHERE merchant = ?1 AND revision > ?2 ORDER BY kind, id";
        let statement = self.inner.dialect.statement(sql, values());
        for entry in query(&self.inner.reader, statement, |row| json_column(row, "body")).await? {
            catalogue.put(entry);
        }
        let sql = "SELECT body FROM calendar_days WHERE merchant = ?1 AND revision > ?2";
        let statement = self.inner.dialect.statement(sql, values());
        for day in query(&self.inner.reader, statement, |row| json_column::<CalendarDay>(row, "body")).await? {
            catalogue.put_day(day);
        }
        Ok(())
    }
}

#[async_trait]
impl Storage for SqlStorage {
    async fn lane(&self) -> Result<Box<dyn LaneStorage>, StorageFault> {
        Ok(Box::new(SqlLane::new(self.clone(), self.inner.lane_connection().await?)))
    }

    fn lanes(&self) -> usize {
        self.inner.lanes()
    }

    fn prepare(
        &self,
        writes: BTreeMap<MerchantId, Writes>,
        absent: &BTreeSet<RefKey>,
    ) -> Result<Prepared, StorageFault> {
        Ok(Prepared::new(WriteSet::of(self, &writes, absent)?))
    }

    async fn catalogue(&self, merchant: &MerchantId, known: Option<Arc<Catalogue>>) -> Result<Catalogue, StorageFault> {
        // The revision is read first: what changes meanwhile belongs to a later one and is read again.
        let revision = self.revisions(std::slice::from_ref(merchant)).await?.get(merchant).copied().unwrap_or_default();
        // Rows written before there were revisions have the number 0: who knows nothing reads those, too.
        let after = known.as_ref().map_or(-1, |known| known.read_at);
        let mut catalogue = known.map(|known| (*known).clone()).unwrap_or_default();
        self.changed(merchant, after, &mut catalogue).await?;
        Ok(Catalogue { revision, read_at: revision, ..catalogue })
    }

    async fn revisions(&self, merchants: &[MerchantId]) -> Result<BTreeMap<MerchantId, i64>, StorageFault> {
        revisions(self, &self.inner.reader, merchants).await
    }

    async fn channel_ref(&self, key: &RefKey) -> Result<Option<ChannelRef>, StorageFault> {
        let sql = "SELECT * FROM channel_refs WHERE application = ?1 AND channel_order = ?2";
        let values = vec![key.application.as_str().into(), key.order.as_str().into()];
        let found = query(&self.inner.reader, self.inner.dialect.statement(sql, values), read_ref).await?;
        Ok(found.into_iter().next().map(|(_, reference)| reference))
    }

    async fn channel_refs(&self, keys: &[RefKey]) -> Result<BTreeMap<RefKey, ChannelRef>, StorageFault> {
        read_refs(self, &self.inner.reader, keys).await
    }

    async fn order(&self, merchant: &MerchantId, id: &OrderId) -> Result<Option<(Order, Vec<Refund>)>, StorageFault> {
        // One statement sees one moment: the order and its refunds belong together.
        let sql = "SELECT o.body AS order_body, r.body AS refund_body FROM orders o
                   LEFT JOIN refunds r ON r.order_id = o.id WHERE o.id = ?1 AND o.merchant = ?2 ORDER BY r.id";
        let values = vec![id.as_str().into(), merchant.as_str().into()];
        let rows = query(&self.inner.reader, self.inner.dialect.statement(sql, values), |row| {
            let refund: Option<String> = column(row, "refund_body")?;
            let refund = refund.map(|text| serde_json::from_str::<Refund>(&text)).transpose();
            Ok((json_column::<Order>(row, "order_body")?, refund.map_err(|fault| unreadable("refund", fault))?))
        })
        .await?;
        let mut order = None;
        let mut refunds = Vec::new();
        for (found, refund) in rows {
            order = Some(found);
            refunds.extend(refund);
        }
        Ok(order.map(|order| (order, refunds)))
    }

    async fn refund_lines(&self, merchant: &MerchantId, id: &OrderId) -> Result<Vec<RefundLine>, StorageFault> {
        refund_lines::read(self, merchant, id).await
    }

    async fn credentials(&self, merchant: &MerchantId, id: &OrderId) -> Result<Vec<UnitCredentials>, StorageFault> {
        self.sealed(&self.inner.reader, merchant, id, "credentials").await
    }

    async fn guests(&self, merchant: &MerchantId, id: &OrderId) -> Result<Guests, StorageFault> {
        self.sealed(&self.inner.reader, merchant, id, "guests").await
    }

    async fn stock(&self, merchant: &MerchantId, keys: &[StockKey]) -> Result<BTreeMap<StockKey, Stock>, StorageFault> {
        let wanted: Vec<(MerchantId, StockKey)> = keys.iter().map(|key| (merchant.clone(), key.clone())).collect();
        let found = read_stock(self, &self.inner.reader, &wanted, "").await?;
        Ok(found.into_iter().map(|(_, key, stock)| (key, stock)).collect())
    }

    async fn account(
        &self,
        merchant: &MerchantId,
        distributor: &DistributorId,
    ) -> Result<Option<Account>, StorageFault> {
        let wanted: Vec<Json> = vec![json!([merchant, distributor])];
        let found = read_accounts(self, &self.inner.reader, wanted, "").await?;
        Ok(found.into_iter().next().map(|(_, account)| account))
    }

    async fn events(&self, merchant: &MerchantId, id: &OrderId) -> Result<Vec<Event>, StorageFault> {
        let sql = "SELECT body FROM events WHERE merchant = ?1 AND order_id = ?2 ORDER BY seq";
        let values = vec![merchant.as_str().into(), id.as_str().into()];
        let rows: Vec<Vec<Event>> =
            query(&self.inner.reader, self.inner.dialect.statement(sql, values), |row| json_column(row, "body"))
                .await?;
        Ok(rows.into_iter().flatten().collect())
    }

    async fn units_of_code(&self, merchant: &MerchantId, code: &str) -> Result<Vec<(OrderId, u16)>, StorageFault> {
        let dialect = self.inner.dialect;
        let indexes = self.inner.keys.indexes(merchant.as_str(), code);
        let sql = format!(
            "SELECT order_id, unit FROM unit_codes WHERE code_index IN ({}) AND merchant = ?2
             ORDER BY order_id DESC, unit DESC LIMIT {HOLDERS_LIMIT}",
            dialect.texts()
        );
        let statement = dialect.statement(&sql, vec![json!(indexes).to_string().into(), merchant.as_str().into()]);
        query(&self.inner.reader, statement, |row| {
            let order: String = column(row, "order_id")?;
            let unit = u16::try_from(number(row, "unit")?).map_err(|fault| unreadable("unit", fault))?;
            Ok((OrderId::parse(order).map_err(|fault| unreadable("order", fault))?, unit))
        })
        .await
    }

    async fn known_codes(
        &self,
        merchant: &MerchantId,
        texts: &[String],
    ) -> Result<Vec<(String, PoolName)>, StorageFault> {
        known_codes(self, &self.inner.reader, merchant, texts).await
    }

    async fn waiting_for_codes(&self, limit: u32) -> Result<Vec<(MerchantId, OrderId)>, StorageFault> {
        self.waiting_for_codes(limit).await
    }

    async fn pools(&self) -> Result<Vec<(MerchantId, PoolName, Pool)>, StorageFault> {
        self.all_pools().await
    }

    async fn going_uploads(&self) -> Result<Vec<(MerchantId, Upload)>, StorageFault> {
        self.all_going_uploads().await
    }

    async fn upload_codes(&self, merchant: &MerchantId, upload: &UploadId) -> Result<Vec<UploadCode>, StorageFault> {
        self.codes_of_upload(merchant, upload).await
    }

    async fn codes_ended(
        &self,
        merchant: &MerchantId,
        pool: &PoolName,
        before: VisitDate,
    ) -> Result<u32, StorageFault> {
        self.codes_ended(merchant, pool, before).await
    }

    async fn pool(&self, merchant: &MerchantId, pool: &PoolName) -> Result<Option<(u32, u32)>, StorageFault> {
        let sql = "SELECT available, threshold FROM pools WHERE merchant = ?1 AND name = ?2";
        let values = vec![merchant.as_str().into(), pool.as_str().into()];
        let found = query(&self.inner.reader, self.inner.dialect.statement(sql, values), |row| {
            Ok((number(row, "available")?, number(row, "threshold")?))
        });
        Ok(found.await?.into_iter().next())
    }

    async fn deadlines(&self, now: Timestamp, limit: u32) -> Result<Vec<(MerchantId, OrderId)>, StorageFault> {
        let sql = "SELECT merchant, id FROM orders WHERE next_deadline_at IS NOT NULL AND next_deadline_at <= ?1
                   ORDER BY next_deadline_at LIMIT ?2";
        let values = vec![now.millis().into(), i64::from(limit).into()];
        query(&self.inner.reader, self.inner.dialect.statement(sql, values), |row| {
            let merchant: String = column(row, "merchant")?;
            let order: String = column(row, "id")?;
            Ok((
                MerchantId::parse(merchant).map_err(|fault| unreadable("merchant", fault))?,
                OrderId::parse(order).map_err(|fault| unreadable("order", fault))?,
            ))
        })
        .await
    }

    async fn limits(&self, merchant: &MerchantId, keys: &[LimitKey]) -> Result<BTreeMap<LimitKey, u32>, StorageFault> {
        crate::limits::counters(&self.inner.reader, merchant, keys).await
    }

    fn digest(&self, merchant: &MerchantId, text: &str) -> Result<String, StorageFault> {
        self.inner.keys.index(merchant.as_str(), text)
    }

    async fn take_alerts(&self, now: Timestamp, limit: u32, lease_ms: u32) -> Result<Vec<OpenAlert>, StorageFault> {
        crate::alerts::take(self, now, limit, lease_ms).await
    }

    async fn alert_told(&self, alert: &OpenAlert, now: Timestamp) -> Result<(), StorageFault> {
        crate::alerts::told(self, alert, now).await
    }

    async fn reclaim_jobs(&self, node: &NodeId) -> Result<u64, StorageFault> {
        crate::jobs::reclaim(self, node).await
    }

    async fn lease_jobs(&self, node: &NodeId, limit: u32, lease_ms: u32) -> Result<Vec<LeasedJob>, StorageFault> {
        crate::jobs::lease(self, node, limit, lease_ms).await
    }

    async fn start_job(&self, id: &JobId, token: i64, lease_ms: u32) -> Result<bool, StorageFault> {
        crate::jobs::start(self, id, token, lease_ms).await
    }

    async fn start_jobs(&self, leases: &BTreeMap<JobId, i64>, lease_ms: u32) -> Result<BTreeSet<JobId>, StorageFault> {
        crate::jobs::start_all(self, leases, lease_ms).await
    }

    async fn put_job(&self, id: &JobId, token: i64, next: JobNext) -> Result<bool, StorageFault> {
        crate::jobs::put(self, id, token, next).await
    }

    async fn tell_jobs(&self, about: &JobsOf<'_>, heard: &Heard) -> Result<u64, StorageFault> {
        crate::jobs::tell(self, about, heard).await
    }

    async fn unclear_jobs(&self, about: &JobsOf<'_>) -> Result<u64, StorageFault> {
        crate::jobs::unclear(self, about).await
    }

    async fn order_by_reference(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        reference: &SupplierReference,
    ) -> Result<Option<OrderId>, StorageFault> {
        let sql = "SELECT body FROM orders WHERE supplier_reference = ?1 AND merchant = ?2 ORDER BY id DESC LIMIT 20";
        let values = vec![reference.as_str().into(), merchant.as_str().into()];
        let found: Vec<Order> =
            query(&self.inner.reader, self.inner.dialect.statement(sql, values), |row| json_column(row, "body"))
                .await?;
        let fulfils = |order: &Order| matches!(&order.terms.fulfilment, Fulfilment::Supplier { connection: own, .. } if own == connection);
        Ok(found.into_iter().find(fulfils).map(|order| order.id))
    }

    async fn record(&self, record: Record) -> Result<(), StorageFault> {
        crate::records::write(self, record).await
    }

    async fn switches(&self) -> Result<BTreeMap<ConnectionId, Switch>, StorageFault> {
        let statement = self.inner.dialect.statement("SELECT id, switch FROM connections", Vec::new());
        let found = query(&self.inner.reader, statement, |row| {
            let id: String = column(row, "id")?;
            let id = ConnectionId::parse(id).map_err(|fault| unreadable("connection", fault))?;
            Ok((id, of_word("switch", column(row, "switch")?)?))
        });
        Ok(found.await?.into_iter().collect())
    }

    async fn registered(&self) -> Result<Vec<Registered>, StorageFault> {
        crate::deployment::registered(&self.inner.reader).await
    }

    async fn open_work(&self, connection: &RegisteredConnection, visited: VisitDate) -> Result<OpenWork, StorageFault> {
        crate::deployment::open_work(self, connection, visited).await
    }

    async fn nodes(&self, within_ms: u32) -> Result<Vec<NodeSeen>, StorageFault> {
        crate::deployment::nodes(self, within_ms).await
    }

    async fn snapshot(&self, merchant: &MerchantId) -> Result<Snapshot, StorageFault> {
        crate::snapshot::read(self, merchant).await
    }
}

impl SqlStorage {
    /// As the trait object that the engine takes.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn Storage> {
        Arc::new(self.clone())
    }

    pub(crate) async fn execute(&self, sql: &str, values: Vec<sea_orm::Value>) -> Result<u64, StorageFault> {
        let statement = self.inner.dialect.statement(sql, values);
        Ok(self.inner.writer.execute(statement).await.map_err(sort)?.rows_affected())
    }
}

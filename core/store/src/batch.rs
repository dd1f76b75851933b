//! One transaction: look, lock and load. On PostgreSQL rows are locked in the order of their keys; SQLite's one
//! writer holds everything from its first statement on.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use entrepot_contract::ids::{ApplicationId, ChannelOrderId, MerchantId, OrderId};
use entrepot_domain::change::{ChannelRef, PlacedOrder, RefKey};
use entrepot_domain::command::CommandKey;
use entrepot_engine::storage::{Batch, BirthLease, Footprints, LaneStorage, Opened, Prepared, States, StorageFault};
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, QueryResult, Statement, TransactionTrait,
};
use serde_json::{Value as Json, json};

use crate::SqlStorage;
use crate::fault::{sort, sort_commit, unreadable};
use crate::numbers::{merchant_of, read_accounts, read_numbers, read_stock};
use crate::rows::Kind::Text;
use crate::rows::{Dialect, column, json as json_column, query};
use crate::write::WriteSet;

/// A lane's connection.
pub(crate) struct SqlLane {
    storage: SqlStorage,
    connection: DatabaseConnection,
}

impl SqlLane {
    pub(crate) const fn new(storage: SqlStorage, connection: DatabaseConnection) -> Self {
        Self { storage, connection }
    }
}

#[async_trait]
impl LaneStorage for SqlLane {
    async fn begin(&mut self) -> Result<Box<dyn Batch + '_>, StorageFault> {
        let transaction = self.connection.begin().await.map_err(sort)?;
        Ok(Box::new(SqlBatch { storage: self.storage.clone(), transaction }))
    }

    async fn find_keys(&mut self, keys: &[(MerchantId, CommandKey)]) -> Result<Vec<CommandKey>, StorageFault> {
        let dialect = self.storage.inner.dialect;
        let sql = format!("SELECT k.scope, k.kind, k.key {}", keys_sql(dialect, dialect.each()));
        query(&self.connection, dialect.statement(&sql, vec![key_rows(keys)]), |row| {
            Ok(CommandKey { scope: column(row, "scope")?, kind: column(row, "kind")?, key: column(row, "key")? })
        })
        .await
    }
}

/// One transaction. Dropping it rolls back.
struct SqlBatch {
    storage: SqlStorage,
    transaction: DatabaseTransaction,
}

/// Joins the keys of a JSON parameter with the answers given for them.
fn keys_sql(dialect: Dialect, each: &str) -> String {
    format!(
        "FROM {each} JOIN command_keys k ON k.merchant = {} AND k.scope = {} AND k.kind = {} AND k.key = {}",
        dialect.element(0, Text),
        dialect.element(1, Text),
        dialect.element(2, Text),
        dialect.element(3, Text),
    )
}

fn key_rows(keys: &[(MerchantId, CommandKey)]) -> sea_orm::Value {
    let rows: Vec<Json> = keys.iter().map(|(merchant, key)| json!([merchant, key.scope, key.kind, key.key])).collect();
    Json::Array(rows).to_string().into()
}

#[async_trait]
impl Batch for SqlBatch {
    async fn open(
        &mut self,
        footprints: &Footprints,
        keys: &[(MerchantId, CommandKey)],
        states: &mut States,
    ) -> Result<Opened, StorageFault> {
        let mut absent: BTreeSet<RefKey> =
            footprints.values().flat_map(|footprint| footprint.refs.iter().cloned()).collect();
        let merchants: Vec<&MerchantId> = states.keys().collect();
        let values = vec![ref_rows(&absent), key_rows(keys), json!(merchants).to_string().into()];
        let statement =
            Statement::from_sql_and_values(self.storage.inner.dialect.0, open_sql(self.storage.inner.dialect), values);
        let rows = self.transaction.query_all(statement).await.map_err(sort)?;
        let (mut refs, mut revisions) = (BTreeMap::new(), BTreeMap::new());
        for row in &rows {
            match column::<String>(row, "what")?.as_str() {
                "ref" => {
                    let (key, reference) = read_ref(row)?;
                    absent.remove(&key);
                    refs.insert(key, reference);
                }
                "key" => {
                    let key = CommandKey {
                        scope: column(row, "scope")?,
                        kind: column(row, "kind")?,
                        key: column(row, "key")?,
                    };
                    if let Some(state) = states.get_mut(&merchant_of(row)?) {
                        state.keys.insert(key, (column(row, "fingerprint")?, json_column(row, "answer")?));
                    }
                }
                _ => {
                    revisions.insert(merchant_of(row)?, column(row, "revision")?);
                }
            }
        }
        for (merchant, footprint) in footprints {
            let Some(state) = states.get_mut(merchant) else { continue };
            for key in &footprint.refs {
                state.refs.insert(key.clone(), refs.get(key).cloned().unwrap_or_default());
            }
        }
        Ok(Opened { revisions, absent })
    }

    async fn load_orders(&mut self, footprints: &Footprints, states: &mut States) -> Result<(), StorageFault> {
        let ids: Vec<&OrderId> = footprints.values().flat_map(|footprint| &footprint.orders).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let wanted = serde_json::to_string(&ids).map_err(|fault| StorageFault::Data(fault.to_string()))?;
        self.lock_families(&wanted).await?;
        for (merchant, footprint) in footprints {
            if let Some(state) = states.get_mut(merchant) {
                for id in &footprint.orders {
                    state.family_of.entry(id.clone()).or_insert(None);
                }
            }
        }
        let dialect = self.storage.inner.dialect;
        let families = format!("SELECT family FROM orders WHERE id IN ({})", dialect.texts());
        let sql = format!("SELECT o.merchant, o.body FROM orders o WHERE o.family IN ({families}) ORDER BY o.id");
        let statement = dialect.statement(&sql, vec![wanted.clone().into()]);
        for (merchant, order) in
            query(&self.transaction, statement, |row| Ok((merchant_of(row)?, json_column(row, "body")?))).await?
        {
            if let Some(state) = states.get_mut(&merchant) {
                state.insert_order(order);
            }
        }
        let sql = format!(
            "SELECT r.merchant, r.body FROM refunds r JOIN orders o ON o.id = r.order_id
             WHERE o.family IN ({families}) ORDER BY r.id"
        );
        let statement = dialect.statement(&sql, vec![wanted.into()]);
        for (merchant, refund) in
            query(&self.transaction, statement, |row| Ok((merchant_of(row)?, json_column(row, "body")?))).await?
        {
            if let Some(state) = states.get_mut(&merchant) {
                state.insert_refund(refund);
            }
        }
        Ok(())
    }

    async fn load_rest(&mut self, footprints: &Footprints, states: &mut States) -> Result<(), StorageFault> {
        crate::limits::load(&self.transaction, footprints, states).await?;
        crate::codes::load(&self.storage, &self.transaction, footprints, states).await?;
        self.load_guests(footprints, states).await?;
        self.load_numbers(footprints, states).await
    }

    async fn commit(self: Box<Self>, prepared: Prepared, lease: BirthLease) -> Result<(), StorageFault> {
        prepared.form::<WriteSet>()?.write(&self.storage, &self.transaction, &lease).await?;
        self.transaction.commit().await.map_err(sort_commit)
    }
}

impl SqlBatch {
    /// A family is locked as one row: its first order's.
    async fn lock_families(&self, wanted: &str) -> Result<(), StorageFault> {
        let dialect = self.storage.inner.dialect;
        if dialect.0 == DatabaseBackend::Sqlite {
            return Ok(());
        }
        let sql = format!(
            "SELECT o.id FROM orders o WHERE o.id IN (SELECT family FROM orders WHERE id IN ({})) ORDER BY o.id{}",
            dialect.texts(),
            dialect.lock("o"),
        );
        let statement = dialect.statement(&sql, vec![wanted.to_owned().into()]);
        self.transaction.query_all(statement).await.map_err(sort)?;
        Ok(())
    }

    /// Guests are opened only where their documents are the credentials; they never change, so nothing is locked.
    async fn load_guests(&self, footprints: &Footprints, states: &mut States) -> Result<(), StorageFault> {
        for (merchant, footprint) in footprints {
            let Some(state) = states.get_mut(merchant) else { continue };
            for order in &footprint.guests {
                let guests = self.storage.sealed(&self.transaction, merchant, order, "guests").await?;
                state.guests.insert(order.clone(), guests);
            }
        }
        Ok(())
    }

    /// Cells, then accounts: the hottest row is locked last. On PostgreSQL one statement locks both, in this order.
    async fn load_numbers(&self, footprints: &Footprints, states: &mut States) -> Result<(), StorageFault> {
        let (mut cells, mut accounts) = (Vec::new(), Vec::new());
        for (merchant, footprint) in footprints {
            let Some(state) = states.get_mut(merchant) else { continue };
            for key in &footprint.stock {
                cells.push((merchant.clone(), key.clone()));
                state.stock.entry(key.clone()).or_insert(None);
            }
            for distributor in &footprint.accounts {
                accounts.push(json!([merchant, distributor]));
                state.accounts.entry(distributor.clone()).or_insert(None);
            }
        }
        let dialect = self.storage.inner.dialect;
        let (found_cells, found_accounts) = if dialect.postgres() && !cells.is_empty() && !accounts.is_empty() {
            read_numbers(dialect, &self.transaction, &cells, accounts).await?
        } else {
            let cells = read_stock(&self.storage, &self.transaction, &cells, &dialect.lock("s")).await?;
            (cells, read_accounts(&self.storage, &self.transaction, accounts, &dialect.lock("a")).await?)
        };
        for (merchant, key, stock) in found_cells {
            if let Some(state) = states.get_mut(&merchant) {
                state.stock.insert(key, Some(stock));
            }
        }
        for (merchant, account) in found_accounts {
            if let Some(state) = states.get_mut(&merchant) {
                state.accounts.insert(account.distributor.clone(), Some(account));
            }
        }
        Ok(())
    }
}

/// What a batch reads first. On SQLite its first statement writes: from there on this is the one writer, and what is
/// read cannot change.
fn open_sql(dialect: Dialect) -> String {
    let writer = if dialect.postgres() { "" } else { "UPDATE writer SET batches = batches + 1 WHERE id = 1; " };
    let merchants = if dialect.postgres() { "jsonb_array_elements_text($3::jsonb)" } else { "value FROM json_each(?)" };
    format!(
        "{writer}WITH refs AS ({})
         SELECT 'ref' AS what, merchant, application, channel_order, order_id, connection, facts, NULL AS scope,
            NULL AS kind, NULL AS key, NULL AS fingerprint, NULL AS answer, CAST(NULL AS BIGINT) AS revision FROM refs
         UNION ALL
         SELECT 'key', k.merchant, NULL, NULL, NULL, NULL, NULL, k.scope, k.kind, k.key, k.fingerprint, k.answer, NULL {}
         UNION ALL
         SELECT 'revision', merchant, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, revision
         FROM catalogues WHERE merchant IN (SELECT {merchants})",
        refs_sql(dialect, &dialect.each_of(1), &dialect.lock("c")),
        keys_sql(dialect, &dialect.each_of(2)),
    )
}

fn refs_sql(dialect: Dialect, each: &str, lock: &str) -> String {
    format!(
        "SELECT c.application, c.channel_order, c.merchant, c.order_id, c.connection, c.facts
         FROM {each} JOIN channel_refs c ON c.application = {} AND c.channel_order = {}
         ORDER BY c.channel_order, c.application{lock}",
        dialect.element(0, Text),
        dialect.element(1, Text),
    )
}

fn ref_rows<'a>(keys: impl IntoIterator<Item = &'a RefKey>) -> sea_orm::Value {
    let rows: Vec<Json> = keys.into_iter().map(|key| json!([key.application, key.order])).collect();
    Json::Array(rows).to_string().into()
}

/// References as flows see them, without a lock.
pub(crate) async fn read_refs(
    storage: &SqlStorage,
    connection: &impl ConnectionTrait,
    keys: &[RefKey],
) -> Result<BTreeMap<RefKey, ChannelRef>, StorageFault> {
    let dialect = storage.inner.dialect;
    let statement = dialect.statement(&refs_sql(dialect, dialect.each(), ""), vec![ref_rows(keys)]);
    Ok(query(connection, statement, read_ref).await?.into_iter().collect())
}

fn read_ref_key(row: &QueryResult) -> Result<RefKey, StorageFault> {
    Ok(RefKey {
        application: ApplicationId::parse(column::<String>(row, "application")?)
            .map_err(|fault| unreadable("application", fault))?,
        order: ChannelOrderId::parse(column::<String>(row, "channel_order")?)
            .map_err(|fault| unreadable("channel order", fault))?,
    })
}

pub(crate) fn read_ref(row: &QueryResult) -> Result<(RefKey, ChannelRef), StorageFault> {
    let key = read_ref_key(row)?;
    let placed: (Option<String>, Option<String>, Option<String>) =
        (column(row, "merchant")?, column(row, "order_id")?, column(row, "connection")?);
    let order = match placed {
        (Some(merchant), Some(order), Some(connection)) => Some(PlacedOrder {
            merchant: MerchantId::parse(merchant).map_err(|fault| unreadable("merchant", fault))?,
            order: OrderId::parse(order).map_err(|fault| unreadable("order", fault))?,
            connection: connection.parse().map_err(|fault| unreadable("connection", fault))?,
        }),
        _ => None,
    };
    let facts: Option<String> = column(row, "facts")?;
    let facts = match facts {
        Some(text) => serde_json::from_str(&text).map_err(|fault| unreadable("fact", fault))?,
        None => Vec::new(),
    };
    Ok((key, ChannelRef { order, facts }))
}

//! The ordered in-memory implementation of [`Storage`]: for tests and for the simulation.
//!
//! It has one writer, like SQLite: a batch keeps its turn from `begin` until it is committed or dropped, and a commit
//! writes everything or nothing. It has no randomness, no clock and no order of its own: leases are counted by the
//! injected clock, and everything is kept in ordered maps. Faults happen only where they are injected.
//!
//! - `tables`: the rows, and how a batch's writes reach them.
//! - `codes`: pools and their codes.
//! - `jobs`: leases, tokens and the order of jobs.
//! - `batch`: one lane's writer and its batches.
//! - `notes`: what is noted beside commands.
//! - `faults`: what was injected.

mod batch;
mod codes;
mod faults;
mod jobs;
mod notes;
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use entrepot_contract::calendar::{Stock, StockKey};
use entrepot_contract::ids::{
    ConnectionId, DistributorId, JobId, MerchantId, NodeId, OrderId, PoolName, SupplierReference, UploadId,
};
use entrepot_contract::order::{Guests, LimitKey, Order, Refund, UnitCredentials};
use entrepot_contract::time::{Clock, Timestamp, VisitDate};
use entrepot_domain::alert::Alert;
use entrepot_domain::catalogue::Catalogue;
use entrepot_domain::change::{ChannelRef, Event, HistoryLine, RefKey, Writes};
use entrepot_domain::code::Pool;
use entrepot_domain::command::fingerprint;
use entrepot_domain::credit::Account;
use entrepot_domain::invariants::Snapshot;
use entrepot_domain::job::Heard;
use entrepot_domain::refund_line::RefundLine;
use entrepot_domain::upload::{Upload, UploadStanding};

use crate::records::{AuditLine, InterfaceLine, Record, Registered, RegisteredConnection};
use crate::storage::{
    HOLDERS_LIMIT, JobNext, JobsOf, LaneStorage, LeasedJob, NodeSeen, OpenAlert, OpenWork, Prepared, Storage,
    StorageFault, Switch, UploadCode,
};

pub use faults::InjectedFault;
pub use jobs::JobView;

use batch::MemoryLane;
use faults::Faults;
use tables::{MerchantTables, Tables};

/// A database in memory. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct MemoryStorage {
    shared: Arc<Shared>,
}

/// What all handles share.
struct Shared {
    clock: Arc<dyn Clock>,
    tables: Mutex<Tables>,
    faults: Mutex<Faults>,
    /// Held by a batch from `begin` to its end.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Shared {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails when a fault was injected at this call.
    fn enter(&self, call: &str) -> Result<(), StorageFault> {
        match self.faults().at(call) {
            Some(fault) => Err(fault.outside_commit(call)),
            None => Ok(()),
        }
    }

    /// Reads one merchant's rows; nothing is there for a merchant that nobody wrote about.
    fn read<T>(&self, merchant: &MerchantId, read: impl FnOnce(&MerchantTables) -> T) -> T {
        match self.tables().merchants.get(merchant) {
            Some(rows) => read(rows),
            None => read(&MerchantTables::default()),
        }
    }
}

impl MemoryStorage {
    /// An empty database; leases and delays are counted by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            shared: Arc::new(Shared {
                clock,
                tables: Mutex::default(),
                faults: Mutex::default(),
                turn: Arc::default(),
            }),
        }
    }

    /// Lets a commit fail: the first fault that was injected meets the next commit, and so on.
    pub fn inject(&self, fault: InjectedFault) {
        self.shared.faults().commits.push_back(fault);
    }

    /// Lets another call fail, named as in the traits (`begin`, `load_rest`, `order`, `put_job`, …); each fault meets
    /// one call.
    pub fn inject_at(&self, call: &str, fault: InjectedFault) {
        self.shared.faults().calls.entry(call.to_owned()).or_default().push_back(fault);
    }

    /// Refuses, as data that cannot be written, every commit that stores this command key, until
    /// [`MemoryStorage::heal`].
    pub fn poison(&self, key: &str) {
        self.shared.faults().poisoned.insert(key.to_owned());
    }

    /// Forgets all faults that have not happened yet.
    pub fn heal(&self) {
        *self.shared.faults() = Faults::default();
    }

    /// All jobs, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobView> {
        self.shared.tables().jobs.list()
    }

    /// All open alerts with their merchants, ordered by merchant, kind and subject.
    #[must_use]
    pub fn alerts(&self) -> Vec<(Option<MerchantId>, Alert)> {
        let tables = self.shared.tables();
        tables.alerts.iter().map(|((merchant, _, _), (alert, _))| (merchant.clone(), alert.clone())).collect()
    }

    /// All orders of a merchant.
    #[must_use]
    pub fn orders(&self, merchant: &MerchantId) -> Vec<Order> {
        self.shared.read(merchant, |rows| rows.orders.values().cloned().collect())
    }

    /// What people changed, oldest first.
    #[must_use]
    pub fn history(&self, merchant: &MerchantId) -> Vec<HistoryLine> {
        self.shared.read(merchant, |rows| rows.history.clone())
    }

    /// The interface log.
    #[must_use]
    pub fn interface_lines(&self) -> Vec<InterfaceLine> {
        self.shared.tables().interface.clone()
    }

    /// The audit log.
    #[must_use]
    pub fn audit_lines(&self) -> Vec<AuditLine> {
        self.shared.tables().audit.clone()
    }
}

#[async_trait]
impl Storage for MemoryStorage {
    async fn lane(&self) -> Result<Box<dyn LaneStorage>, StorageFault> {
        self.shared.enter("lane")?;
        Ok(Box::new(MemoryLane::new(self.shared.clone())))
    }

    fn lanes(&self) -> usize {
        1
    }

    fn prepare(
        &self,
        writes: BTreeMap<MerchantId, Writes>,
        _absent: &BTreeSet<RefKey>,
    ) -> Result<Prepared, StorageFault> {
        Ok(Prepared::new(writes))
    }

    async fn catalogue(
        &self,
        merchant: &MerchantId,
        _known: Option<Arc<Catalogue>>,
    ) -> Result<Catalogue, StorageFault> {
        self.shared.enter("catalogue")?;
        Ok(self.shared.read(merchant, |rows| rows.catalogue.clone()))
    }

    async fn revisions(&self, merchants: &[MerchantId]) -> Result<BTreeMap<MerchantId, i64>, StorageFault> {
        self.shared.enter("revisions")?;
        Ok(self.shared.tables().revisions(merchants))
    }

    async fn channel_ref(&self, key: &RefKey) -> Result<Option<ChannelRef>, StorageFault> {
        self.shared.enter("channel_ref")?;
        Ok(self.shared.tables().refs.get(key).cloned())
    }

    async fn order(&self, merchant: &MerchantId, id: &OrderId) -> Result<Option<(Order, Vec<Refund>)>, StorageFault> {
        self.shared.enter("order")?;
        Ok(self.shared.read(merchant, |rows| {
            let order = rows.orders.get(id)?;
            Some((order.clone(), rows.refunds_of(id).cloned().collect()))
        }))
    }

    async fn refund_lines(&self, merchant: &MerchantId, id: &OrderId) -> Result<Vec<RefundLine>, StorageFault> {
        self.shared.enter("refund_lines")?;
        Ok(self.shared.read(merchant, |rows| rows.refund_lines.get(id).cloned().unwrap_or_default()))
    }

    async fn credentials(&self, merchant: &MerchantId, id: &OrderId) -> Result<Vec<UnitCredentials>, StorageFault> {
        self.shared.enter("credentials")?;
        Ok(self.shared.read(merchant, |rows| rows.credentials.get(id).cloned().unwrap_or_default()))
    }

    async fn guests(&self, merchant: &MerchantId, id: &OrderId) -> Result<Guests, StorageFault> {
        self.shared.enter("guests")?;
        Ok(self.shared.read(merchant, |rows| rows.guests.get(id).cloned().unwrap_or_default()))
    }

    async fn stock(&self, merchant: &MerchantId, keys: &[StockKey]) -> Result<BTreeMap<StockKey, Stock>, StorageFault> {
        self.shared.enter("stock")?;
        Ok(self
            .shared
            .read(merchant, |rows| keys.iter().filter_map(|key| Some((key.clone(), *rows.stock.get(key)?))).collect()))
    }

    async fn account(
        &self,
        merchant: &MerchantId,
        distributor: &DistributorId,
    ) -> Result<Option<Account>, StorageFault> {
        self.shared.enter("account")?;
        Ok(self.shared.read(merchant, |rows| rows.accounts.get(distributor).cloned()))
    }

    async fn events(&self, merchant: &MerchantId, id: &OrderId) -> Result<Vec<Event>, StorageFault> {
        self.shared.enter("events")?;
        Ok(self.shared.read(merchant, |rows| rows.events.get(id).cloned().unwrap_or_default()))
    }

    async fn units_of_code(&self, merchant: &MerchantId, code: &str) -> Result<Vec<(OrderId, u16)>, StorageFault> {
        self.shared.enter("units_of_code")?;
        let newest = |units: &BTreeSet<_>| units.iter().rev().take(HOLDERS_LIMIT).cloned().collect();
        Ok(self.shared.read(merchant, |rows| rows.shown.get(code).map(newest).unwrap_or_default()))
    }

    async fn known_codes(
        &self,
        merchant: &MerchantId,
        texts: &[String],
    ) -> Result<Vec<(String, PoolName)>, StorageFault> {
        self.shared.enter("known_codes")?;
        Ok(self.shared.read(merchant, |rows| rows.codes.known(texts)))
    }

    async fn waiting_for_codes(&self, limit: u32) -> Result<Vec<(MerchantId, OrderId)>, StorageFault> {
        self.shared.enter("waiting_for_codes")?;
        Ok(self.shared.tables().waiting_for_codes(limit))
    }

    async fn pools(&self) -> Result<Vec<(MerchantId, PoolName, Pool)>, StorageFault> {
        self.shared.enter("pools")?;
        let tables = self.shared.tables();
        let of = |(merchant, rows): (&MerchantId, &MerchantTables)| {
            let merchant = merchant.clone();
            let pools = rows.codes.pools.clone().into_iter();
            pools.map(move |(name, pool)| (merchant.clone(), name, pool)).collect::<Vec<_>>()
        };
        Ok(tables.merchants.iter().flat_map(of).collect())
    }

    async fn going_uploads(&self) -> Result<Vec<(MerchantId, Upload)>, StorageFault> {
        self.shared.enter("going_uploads")?;
        let tables = self.shared.tables();
        let of = |(merchant, rows): (&MerchantId, &MerchantTables)| {
            let going = rows.codes.uploads.values().filter(|upload| upload.standing == UploadStanding::Going);
            going.map(|upload| (merchant.clone(), upload.clone())).collect::<Vec<_>>()
        };
        Ok(tables.merchants.iter().flat_map(of).collect())
    }

    async fn upload_codes(&self, merchant: &MerchantId, upload: &UploadId) -> Result<Vec<UploadCode>, StorageFault> {
        self.shared.enter("upload_codes")?;
        Ok(self.shared.read(merchant, |rows| rows.codes.upload_codes(upload)))
    }

    async fn codes_ended(
        &self,
        merchant: &MerchantId,
        pool: &PoolName,
        before: VisitDate,
    ) -> Result<u32, StorageFault> {
        self.shared.enter("codes_ended")?;
        Ok(self.shared.read(merchant, |rows| rows.codes.ended(pool, before)))
    }

    async fn pool(&self, merchant: &MerchantId, pool: &PoolName) -> Result<Option<(u32, u32)>, StorageFault> {
        self.shared.enter("pool")?;
        Ok(self.shared.read(merchant, |rows| rows.codes.pools.get(pool).map(|pool| (pool.available, pool.threshold))))
    }

    async fn deadlines(&self, now: Timestamp, limit: u32) -> Result<Vec<(MerchantId, OrderId)>, StorageFault> {
        self.shared.enter("deadlines")?;
        Ok(self.shared.tables().deadlines(now, limit))
    }

    async fn limits(&self, merchant: &MerchantId, keys: &[LimitKey]) -> Result<BTreeMap<LimitKey, u32>, StorageFault> {
        self.shared.enter("limits")?;
        let found =
            |rows: &MerchantTables| keys.iter().filter_map(|key| Some((key.clone(), *rows.limits.get(key)?))).collect();
        Ok(self.shared.read(merchant, found))
    }

    fn digest(&self, merchant: &MerchantId, text: &str) -> Result<String, StorageFault> {
        // Nothing of this storage outlives its process: a digest without a key is as good as one with it.
        Ok(fingerprint(&[("merchant", merchant.to_string()), ("text", text.to_owned())]))
    }

    async fn take_alerts(&self, now: Timestamp, limit: u32, lease_ms: u32) -> Result<Vec<OpenAlert>, StorageFault> {
        self.shared.enter("take_alerts")?;
        Ok(self.shared.tables().take_alerts(now, limit, lease_ms))
    }

    async fn alert_told(&self, alert: &OpenAlert, _now: Timestamp) -> Result<(), StorageFault> {
        self.shared.enter("alert_told")?;
        self.shared.tables().alert_told(alert);
        Ok(())
    }

    async fn reclaim_jobs(&self, node: &NodeId) -> Result<u64, StorageFault> {
        self.shared.enter("reclaim_jobs")?;
        Ok(self.shared.tables().jobs.reclaim(node))
    }

    async fn lease_jobs(&self, node: &NodeId, limit: u32, lease_ms: u32) -> Result<Vec<LeasedJob>, StorageFault> {
        self.shared.enter("lease_jobs")?;
        let now = self.shared.clock.now();
        Ok(self.shared.tables().jobs.lease(node, limit, now, lease_ms))
    }

    async fn start_job(&self, id: &JobId, token: i64, lease_ms: u32) -> Result<bool, StorageFault> {
        self.shared.enter("start_job")?;
        let now = self.shared.clock.now();
        Ok(self.shared.tables().jobs.start(id, token, now, lease_ms))
    }

    async fn put_job(&self, id: &JobId, token: i64, next: JobNext) -> Result<bool, StorageFault> {
        self.shared.enter("put_job")?;
        let now = self.shared.clock.now();
        Ok(self.shared.tables().jobs.put(id, token, next, now))
    }

    async fn tell_jobs(&self, about: &JobsOf<'_>, heard: &Heard) -> Result<u64, StorageFault> {
        self.shared.enter("tell_jobs")?;
        let now = self.shared.clock.now();
        Ok(self.shared.tables().jobs.tell(about, heard, now))
    }

    async fn unclear_jobs(&self, about: &JobsOf<'_>) -> Result<u64, StorageFault> {
        self.shared.enter("unclear_jobs")?;
        Ok(self.shared.tables().jobs.unclear(about))
    }

    async fn order_by_reference(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        reference: &SupplierReference,
    ) -> Result<Option<OrderId>, StorageFault> {
        self.shared.enter("order_by_reference")?;
        Ok(self.shared.tables().order_by_reference(merchant, connection, reference))
    }

    async fn record(&self, record: Record) -> Result<(), StorageFault> {
        self.shared.enter("record")?;
        let now = self.shared.clock.now();
        self.shared.tables().record(record, now)
    }

    async fn switches(&self) -> Result<BTreeMap<ConnectionId, Switch>, StorageFault> {
        self.shared.enter("switches")?;
        Ok(self.shared.tables().switches.clone())
    }

    async fn registered(&self) -> Result<Vec<Registered>, StorageFault> {
        self.shared.enter("registered")?;
        Ok(self.shared.tables().registered())
    }

    async fn open_work(&self, connection: &RegisteredConnection, visited: VisitDate) -> Result<OpenWork, StorageFault> {
        self.shared.enter("open_work")?;
        Ok(self.shared.tables().open_work(connection, visited))
    }

    async fn nodes(&self, within_ms: u32) -> Result<Vec<NodeSeen>, StorageFault> {
        self.shared.enter("nodes")?;
        let now = self.shared.clock.now();
        Ok(self.shared.tables().nodes(now, within_ms))
    }

    async fn snapshot(&self, merchant: &MerchantId) -> Result<Snapshot, StorageFault> {
        self.shared.enter("snapshot")?;
        Ok(self.shared.read(merchant, MerchantTables::snapshot))
    }
}

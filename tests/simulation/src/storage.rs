//! The database as one node reaches it: slow, sometimes gone, and gone for ever once the node has crashed.
//!
//! A batch keeps the world's one writing turn, and its reads go to the storage in memory one by one: nobody writes in
//! between. So a crash gives the turn back and leaves nothing of the batch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use entrepot_contract::calendar::{Stock, StockKey};
use entrepot_contract::ids::{
    ConnectionId, DistributorId, JobId, MerchantId, NodeId, OrderId, PoolName, SupplierReference, UploadId,
};
use entrepot_contract::order::{Guests, LimitKey, Order, Refund, UnitCredentials};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::catalogue::Catalogue;
use entrepot_domain::change::{ChannelRef, Event, RefKey, Writes};
use entrepot_domain::code::Pool;
use entrepot_domain::command::CommandKey;
use entrepot_domain::credit::Account;
use entrepot_domain::difference::Difference;
use entrepot_domain::invariants::Snapshot;
use entrepot_domain::job::Heard;
use entrepot_domain::refund_line::RefundLine;
use entrepot_domain::upload::Upload;
use entrepot_engine::memory::MemoryStorage;
use entrepot_engine::notes::{
    ComparedDay, DifferenceFilter, DifferenceName, MadeOrder, Note, NoteKind, Notes, StandingDifference,
};
use entrepot_engine::records::{Record, Registered, RegisteredConnection};
use entrepot_engine::storage::{
    Batch, BirthLease, Footprints, JobNext, JobsOf, LaneStorage, LeasedJob, NodeSeen, OpenAlert, OpenWork, Opened,
    Prepared, States, Storage, StorageFault, Switch, UploadCode,
};
use tokio::sync::OwnedMutexGuard;

use crate::seat::Seat;

type Answer<T> = Result<T, StorageFault>;

/// The writing turn of a batch; a crash or a stall of its node takes it away.
pub(crate) type Turn = Arc<Mutex<Option<OwnedMutexGuard<()>>>>;

/// The database as one generation of a node reaches it.
pub(crate) struct NodeStorage {
    pub(crate) seat: Seat,
    pub(crate) memory: MemoryStorage,
}

impl NodeStorage {
    /// A read: it takes its time and may find nobody there.
    async fn read(&self, call: &str) -> Answer<()> {
        self.seat.step(call).await;
        self.seat.lost(call, 10)
    }

    /// A write of one statement, lost before or after its effect.
    async fn write<T>(&self, call: &str, effect: impl Future<Output = Answer<T>>) -> Answer<T> {
        self.seat.step(call).await;
        self.seat.lost(call, 15)?;
        let done = effect.await;
        self.seat.step(call).await;
        self.seat.lost(call, 15)?;
        done
    }
}

#[async_trait]
impl Storage for NodeStorage {
    async fn lane(&self) -> Answer<Box<dyn LaneStorage>> {
        self.read("lane").await?;
        Ok(Box::new(NodeLane { seat: self.seat.clone(), memory: self.memory.clone() }))
    }

    fn lanes(&self) -> usize {
        1
    }

    fn prepare(&self, writes: BTreeMap<MerchantId, Writes>, absent: &BTreeSet<RefKey>) -> Answer<Prepared> {
        self.memory.prepare(writes, absent)
    }

    async fn catalogue(&self, merchant: &MerchantId, known: Option<Arc<Catalogue>>) -> Answer<Catalogue> {
        self.read("catalogue").await?;
        self.memory.catalogue(merchant, known).await
    }

    async fn revisions(&self, merchants: &[MerchantId]) -> Answer<BTreeMap<MerchantId, i64>> {
        self.read("revisions").await?;
        self.memory.revisions(merchants).await
    }

    async fn channel_ref(&self, key: &RefKey) -> Answer<Option<ChannelRef>> {
        self.read("channel_ref").await?;
        let found = self.memory.channel_ref(key).await;
        self.seat.step("channel_ref is read").await;
        found
    }

    async fn order(&self, merchant: &MerchantId, id: &OrderId) -> Answer<Option<(Order, Vec<Refund>)>> {
        self.read("order").await?;
        self.memory.order(merchant, id).await
    }

    async fn refund_lines(&self, merchant: &MerchantId, id: &OrderId) -> Answer<Vec<RefundLine>> {
        self.read("refund_lines").await?;
        self.memory.refund_lines(merchant, id).await
    }

    async fn credentials(&self, merchant: &MerchantId, id: &OrderId) -> Answer<Vec<UnitCredentials>> {
        self.read("credentials").await?;
        self.memory.credentials(merchant, id).await
    }

    async fn guests(&self, merchant: &MerchantId, id: &OrderId) -> Answer<Guests> {
        self.read("guests").await?;
        self.memory.guests(merchant, id).await
    }

    async fn stock(&self, merchant: &MerchantId, keys: &[StockKey]) -> Answer<BTreeMap<StockKey, Stock>> {
        self.read("stock").await?;
        self.memory.stock(merchant, keys).await
    }

    async fn account(&self, merchant: &MerchantId, distributor: &DistributorId) -> Answer<Option<Account>> {
        self.read("account").await?;
        self.memory.account(merchant, distributor).await
    }

    async fn events(&self, merchant: &MerchantId, id: &OrderId) -> Answer<Vec<Event>> {
        self.read("events").await?;
        self.memory.events(merchant, id).await
    }

    async fn units_of_code(&self, merchant: &MerchantId, code: &str) -> Answer<Vec<(OrderId, u16)>> {
        self.read("units_of_code").await?;
        self.memory.units_of_code(merchant, code).await
    }

    async fn known_codes(&self, merchant: &MerchantId, texts: &[String]) -> Answer<Vec<(String, PoolName)>> {
        self.read("known_codes").await?;
        self.memory.known_codes(merchant, texts).await
    }

    async fn waiting_for_codes(&self, limit: u32) -> Answer<Vec<(MerchantId, OrderId)>> {
        self.read("waiting_for_codes").await?;
        self.memory.waiting_for_codes(limit).await
    }

    async fn pools(&self) -> Answer<Vec<(MerchantId, PoolName, Pool)>> {
        self.read("pools").await?;
        self.memory.pools().await
    }

    async fn going_uploads(&self) -> Answer<Vec<(MerchantId, Upload)>> {
        self.read("going_uploads").await?;
        self.memory.going_uploads().await
    }

    async fn upload_codes(&self, merchant: &MerchantId, upload: &UploadId) -> Answer<Vec<UploadCode>> {
        self.read("upload_codes").await?;
        self.memory.upload_codes(merchant, upload).await
    }

    async fn codes_ended(&self, merchant: &MerchantId, pool: &PoolName, before: VisitDate) -> Answer<u32> {
        self.read("codes_ended").await?;
        self.memory.codes_ended(merchant, pool, before).await
    }

    async fn pool(&self, merchant: &MerchantId, pool: &PoolName) -> Answer<Option<(u32, u32)>> {
        self.read("pool").await?;
        self.memory.pool(merchant, pool).await
    }

    async fn deadlines(&self, now: Timestamp, limit: u32) -> Answer<Vec<(MerchantId, OrderId)>> {
        self.read("deadlines").await?;
        self.memory.deadlines(now, limit).await
    }

    async fn limits(&self, merchant: &MerchantId, keys: &[LimitKey]) -> Answer<BTreeMap<LimitKey, u32>> {
        self.read("limits").await?;
        self.memory.limits(merchant, keys).await
    }

    fn digest(&self, merchant: &MerchantId, text: &str) -> Answer<String> {
        self.memory.digest(merchant, text)
    }

    async fn take_alerts(&self, now: Timestamp, limit: u32, lease_ms: u32) -> Answer<Vec<OpenAlert>> {
        self.write("take_alerts", self.memory.take_alerts(now, limit, lease_ms)).await
    }

    async fn alert_told(&self, alert: &OpenAlert, now: Timestamp) -> Answer<()> {
        self.write("alert_told", self.memory.alert_told(alert, now)).await
    }

    async fn reclaim_jobs(&self, node: &NodeId) -> Answer<u64> {
        self.write("reclaim_jobs", self.memory.reclaim_jobs(node)).await
    }

    async fn lease_jobs(&self, node: &NodeId, limit: u32, lease_ms: u32) -> Answer<Vec<LeasedJob>> {
        self.write("lease_jobs", self.memory.lease_jobs(node, limit, lease_ms)).await
    }

    async fn start_job(&self, id: &JobId, token: i64, lease_ms: u32) -> Answer<bool> {
        self.write("start_job", self.memory.start_job(id, token, lease_ms)).await
    }

    async fn put_job(&self, id: &JobId, token: i64, next: JobNext) -> Answer<bool> {
        self.write("put_job", self.memory.put_job(id, token, next)).await
    }

    async fn tell_jobs(&self, about: &JobsOf<'_>, heard: &Heard) -> Answer<u64> {
        self.write("tell_jobs", self.memory.tell_jobs(about, heard)).await
    }

    async fn unclear_jobs(&self, about: &JobsOf<'_>) -> Answer<u64> {
        self.read("unclear_jobs").await?;
        self.memory.unclear_jobs(about).await
    }

    async fn order_by_reference(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        reference: &SupplierReference,
    ) -> Answer<Option<OrderId>> {
        self.read("order_by_reference").await?;
        self.memory.order_by_reference(merchant, connection, reference).await
    }

    async fn record(&self, record: Record) -> Answer<()> {
        self.write("record", self.memory.record(record)).await
    }

    async fn switches(&self) -> Answer<BTreeMap<ConnectionId, Switch>> {
        self.read("switches").await?;
        self.memory.switches().await
    }

    async fn registered(&self) -> Answer<Vec<Registered>> {
        self.read("registered").await?;
        self.memory.registered().await
    }

    async fn open_work(&self, connection: &RegisteredConnection, visited: VisitDate) -> Answer<OpenWork> {
        self.read("open_work").await?;
        self.memory.open_work(connection, visited).await
    }

    async fn nodes(&self, within_ms: u32) -> Answer<Vec<NodeSeen>> {
        self.read("nodes").await?;
        self.memory.nodes(within_ms).await
    }

    async fn snapshot(&self, merchant: &MerchantId) -> Answer<Snapshot> {
        self.read("snapshot").await?;
        self.memory.snapshot(merchant).await
    }
}

struct NodeLane {
    seat: Seat,
    memory: MemoryStorage,
}

#[async_trait]
impl LaneStorage for NodeLane {
    async fn begin(&mut self) -> Answer<Box<dyn Batch + '_>> {
        self.seat.step("begin").await;
        self.seat.lost("begin", 10)?;
        let guard = self.seat.world().turn.clone().lock_owned().await;
        let turn: Turn = Arc::new(Mutex::new(Some(guard)));
        self.seat.holds(&turn);
        Ok(Box::new(NodeBatch { seat: self.seat.clone(), memory: self.memory.clone(), turn }))
    }

    async fn find_keys(&mut self, keys: &[(MerchantId, CommandKey)]) -> Answer<Vec<CommandKey>> {
        self.seat.step("find_keys").await;
        self.seat.lost("find_keys", 80)?;
        self.memory.lane().await?.find_keys(keys).await
    }
}

struct NodeBatch {
    seat: Seat,
    memory: MemoryStorage,
    turn: Turn,
}

impl NodeBatch {
    async fn enter(&self, call: &str) -> Answer<()> {
        self.seat.step(call).await;
        self.open(call)?;
        self.seat.conflict(call, 12)?;
        self.seat.lost(call, 4)
    }

    /// The server ends the transaction of a node that stalls: others want to write.
    fn open(&self, call: &str) -> Answer<()> {
        match &*self.turn.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(_) => Ok(()),
            None => Err(StorageFault::Lost(format!("the transaction was idle for too long before {call}"))),
        }
    }
}

impl Drop for NodeBatch {
    fn drop(&mut self) {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

#[async_trait]
impl Batch for NodeBatch {
    async fn open(
        &mut self,
        footprints: &Footprints,
        keys: &[(MerchantId, CommandKey)],
        states: &mut States,
    ) -> Answer<Opened> {
        self.enter("open").await?;
        self.memory.lane().await?.begin().await?.open(footprints, keys, states).await
    }

    async fn load_orders(&mut self, footprints: &Footprints, states: &mut States) -> Answer<()> {
        self.enter("load_orders").await?;
        self.memory.lane().await?.begin().await?.load_orders(footprints, states).await
    }

    async fn load_rest(&mut self, footprints: &Footprints, states: &mut States) -> Answer<()> {
        self.enter("load_rest").await?;
        self.memory.lane().await?.begin().await?.load_rest(footprints, states).await
    }

    async fn commit(self: Box<Self>, prepared: Prepared, lease: BirthLease) -> Answer<()> {
        self.seat.step("commit").await;
        self.open("commit")?;
        // A tenth of all commits fails, in one of four ways.
        self.seat.conflict("commit", 30)?;
        self.seat.lost("commit", 20)?;
        self.seat.unknown("commit, which did not happen", 20)?;
        {
            let mut lane = self.memory.lane().await?;
            lane.begin().await?.commit(prepared, lease).await?;
        }
        self.seat.world().committed();
        self.seat.step("commit has happened").await;
        self.seat.unknown("commit, which happened", 30)
    }
}

/// Nothing of these worlds is compared with a channel or told to it by date.
#[async_trait]
impl Notes for NodeStorage {
    async fn notes(&self, scope: &str, kind: NoteKind) -> Answer<Vec<Note>> {
        self.read("notes").await?;
        self.memory.notes(scope, kind).await
    }

    async fn note(
        &self,
        scope: &str,
        kind: NoteKind,
        changes: Vec<(String, Option<serde_json::Value>)>,
        at: Timestamp,
    ) -> Answer<()> {
        self.write("note", self.memory.note(scope, kind, changes, at)).await
    }

    async fn first_note(
        &self,
        scope: &str,
        kind: NoteKind,
        subject: &str,
        since: Timestamp,
        at: Timestamp,
    ) -> Answer<bool> {
        self.write("first_note", self.memory.first_note(scope, kind, subject, since, at)).await
    }

    async fn forget_notes(&self, kind: NoteKind, before: Timestamp) -> Answer<()> {
        self.write("forget_notes", self.memory.forget_notes(kind, before)).await
    }

    async fn orders_made(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        time: (Timestamp, Timestamp),
        after: Option<&OrderId>,
    ) -> Answer<Vec<MadeOrder>> {
        self.read("orders_made").await?;
        self.memory.orders_made(merchant, connection, time, after).await
    }

    async fn found(&self, of: &ComparedDay, found: Vec<Difference>, at: Timestamp) -> Answer<()> {
        self.write("found", self.memory.found(of, found, at)).await
    }

    async fn settle(&self, which: &DifferenceName, by: &str, at: Timestamp) -> Answer<bool> {
        self.write("settle", self.memory.settle(which, by, at)).await
    }

    async fn differences(&self, merchant: &MerchantId, filter: &DifferenceFilter) -> Answer<Vec<StandingDifference>> {
        self.read("differences").await?;
        self.memory.differences(merchant, filter).await
    }
}

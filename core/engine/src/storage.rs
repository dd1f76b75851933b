//! What the engine asks of a database. Two implementations: SQL in `store`, and [`crate::memory`].

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use entrepot_contract::calendar::{Stock, StockKey};
use entrepot_contract::ids::{
    CodeId, ConnectionId, DistributorId, JobId, MerchantId, NodeId, OrderId, PoolName, SupplierReference, UploadId,
};
use entrepot_contract::order::{Credential, Guests, LimitKey, Order, Refund, UnitCredentials};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::alert::Alert;
use entrepot_domain::catalogue::{Catalogue, Rules};
use entrepot_domain::change::{ChannelRef, Event, RefKey, Writes};
use entrepot_domain::code::Pool;
use entrepot_domain::command::CommandKey;
use entrepot_domain::credit::Account;
use entrepot_domain::footprint::Footprint;
use entrepot_domain::invariants::Snapshot;
use entrepot_domain::job::{Heard, JobMemo, JobState, NewJob};
use entrepot_domain::refund_line::RefundLine;
use entrepot_domain::state::State;
use entrepot_domain::upload::{HandOver, Upload};

use crate::notes::Notes;
use crate::records::{Node, Record, Registered, RegisteredConnection};

/// How the database failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageFault {
    /// A conflict with another node or a lock that took too long: the same work may pass when it is done again.
    #[error("the database asks to try again: {0}")]
    Conflict(String),
    /// The data itself is refused; doing it again cannot pass.
    #[error("the database refuses the data: {0}")]
    Data(String),
    /// The connection or the server is gone.
    #[error("the database cannot be reached: {0}")]
    Lost(String),
    /// The connection broke while a commit was under way: it may have happened.
    #[error("nobody knows whether the commit happened: {0}")]
    CommitUnknown(String),
}

/// A merchant's states, as a batch has loaded them.
pub type States = BTreeMap<MerchantId, State>;

/// The rows each merchant's commands have to see.
pub type Footprints = BTreeMap<MerchantId, Footprint>;

/// A database.
#[async_trait]
pub trait Storage: Notes + Send + Sync {
    /// A writer of its own: batches of one lane follow one another.
    async fn lane(&self) -> Result<Box<dyn LaneStorage>, StorageFault>;
    /// How many lanes make sense: one where the database has one writer.
    fn lanes(&self) -> usize;
    /// Makes ready what a batch will write, without asking the database: so it can be done while another batch is
    /// written. `absent` are the references that the batch finds missing.
    fn prepare(
        &self,
        writes: BTreeMap<MerchantId, Writes>,
        absent: &BTreeSet<RefKey>,
    ) -> Result<Prepared, StorageFault>;
    /// A merchant's catalogue, whole. `known` is what the caller read before: only what changed since is read again.
    async fn catalogue(&self, merchant: &MerchantId, known: Option<Arc<Catalogue>>) -> Result<Catalogue, StorageFault>;
    /// The catalogue revision of each merchant that has one.
    async fn revisions(&self, merchants: &[MerchantId]) -> Result<BTreeMap<MerchantId, i64>, StorageFault>;
    /// What is known about a channel's order number.
    async fn channel_ref(&self, key: &RefKey) -> Result<Option<ChannelRef>, StorageFault>;
    /// The same for several; those that nobody knows are left out.
    async fn channel_refs(&self, keys: &[RefKey]) -> Result<BTreeMap<RefKey, ChannelRef>, StorageFault> {
        let mut found = BTreeMap::new();
        for key in keys {
            if let Some(reference) = self.channel_ref(key).await? {
                found.insert(key.clone(), reference);
            }
        }
        Ok(found)
    }
    /// An order with its refunds.
    async fn order(&self, merchant: &MerchantId, id: &OrderId) -> Result<Option<(Order, Vec<Refund>)>, StorageFault>;
    /// What the channel decided about an order's refunds by itself, in the order in which it was told.
    async fn refund_lines(&self, merchant: &MerchantId, id: &OrderId) -> Result<Vec<RefundLine>, StorageFault>;
    /// An order's credentials; empty before it is issued.
    async fn credentials(&self, merchant: &MerchantId, id: &OrderId) -> Result<Vec<UnitCredentials>, StorageFault>;
    /// Who an order names.
    async fn guests(&self, merchant: &MerchantId, id: &OrderId) -> Result<Guests, StorageFault>;
    /// Cells; those that are not there are left out.
    async fn stock(&self, merchant: &MerchantId, keys: &[StockKey]) -> Result<BTreeMap<StockKey, Stock>, StorageFault>;
    /// A distributor's account.
    async fn account(
        &self,
        merchant: &MerchantId,
        distributor: &DistributorId,
    ) -> Result<Option<Account>, StorageFault>;
    /// An order's timeline, oldest first.
    async fn events(&self, merchant: &MerchantId, id: &OrderId) -> Result<Vec<Event>, StorageFault>;
    /// The orders whose units show this code, with the units' numbers: the newest order first, at most [`HOLDERS_LIMIT`].
    /// A code has one, a guest's document may have several.
    async fn units_of_code(&self, merchant: &MerchantId, code: &str) -> Result<Vec<(OrderId, u16)>, StorageFault>;
    /// Which of these codes the merchant has already, and in which pool.
    async fn known_codes(
        &self,
        merchant: &MerchantId,
        texts: &[String],
    ) -> Result<Vec<(String, PoolName)>, StorageFault>;
    /// Orders that wait for codes and for which enough are there, those that wait longest first.
    async fn waiting_for_codes(&self, limit: u32) -> Result<Vec<(MerchantId, OrderId)>, StorageFault>;
    /// The pools of all merchants.
    async fn pools(&self) -> Result<Vec<(MerchantId, PoolName, Pool)>, StorageFault>;
    /// The uploads of all merchants that are under way, the oldest first.
    async fn going_uploads(&self) -> Result<Vec<(MerchantId, Upload)>, StorageFault>;
    /// The codes that the channel of an upload did not answer for, by id.
    async fn upload_codes(&self, merchant: &MerchantId, upload: &UploadId) -> Result<Vec<UploadCode>, StorageFault>;
    /// How many codes that nobody has were good until the day before this one at most.
    async fn codes_ended(&self, merchant: &MerchantId, pool: &PoolName, before: VisitDate)
    -> Result<u32, StorageFault>;
    /// A pool's numbers: available and threshold.
    async fn pool(&self, merchant: &MerchantId, pool: &PoolName) -> Result<Option<(u32, u32)>, StorageFault>;
    /// Orders with a deadline that has to be looked at by `now`, the most urgent first.
    async fn deadlines(&self, now: Timestamp, limit: u32) -> Result<Vec<(MerchantId, OrderId)>, StorageFault>;
    /// Counters of purchase limits; those that are not there are left out.
    async fn limits(&self, merchant: &MerchantId, keys: &[LimitKey]) -> Result<BTreeMap<LimitKey, u32>, StorageFault>;
    /// A keyed digest by which a person is told apart: the same for the same text of one merchant.
    fn digest(&self, merchant: &MerchantId, text: &str) -> Result<String, StorageFault>;
    /// Takes alerts that nobody was told about, for a time; one of several nodes gets each.
    async fn take_alerts(&self, now: Timestamp, limit: u32, lease_ms: u32) -> Result<Vec<OpenAlert>, StorageFault>;
    /// Somebody was told about an alert as it stood.
    async fn alert_told(&self, alert: &OpenAlert, now: Timestamp) -> Result<(), StorageFault>;
    /// Ends the leases that this node's id still has, each under a new number: how many. Only for a node that starts:
    /// whoever had them under its id is gone, and would be fenced off.
    async fn reclaim_jobs(&self, node: &NodeId) -> Result<u64, StorageFault>;
    /// Takes leases on jobs that are due, for a time counted by the database's own clock.
    async fn lease_jobs(&self, node: &NodeId, limit: u32, lease_ms: u32) -> Result<Vec<LeasedJob>, StorageFault>;
    /// Marks a leased job as started: a call with effect is about to go out. False: the lease is lost.
    async fn start_job(&self, id: &JobId, token: i64, lease_ms: u32) -> Result<bool, StorageFault>;
    /// The same for several jobs with their leases' numbers; those whose lease is lost are left out.
    async fn start_jobs(&self, leases: &BTreeMap<JobId, i64>, lease_ms: u32) -> Result<BTreeSet<JobId>, StorageFault> {
        let mut started = BTreeSet::new();
        for (job, token) in leases {
            if self.start_job(job, *token, lease_ms).await? {
                started.insert(job.clone());
            }
        }
        Ok(started)
    }
    /// Puts a leased job back, or to its end. False: the lease is lost.
    async fn put_job(&self, id: &JobId, token: i64, next: JobNext) -> Result<bool, StorageFault>;
    /// The other side told something about what started jobs of that kind are at: they are due now. How many there are.
    async fn tell_jobs(&self, about: &JobsOf<'_>, heard: &Heard) -> Result<u64, StorageFault>;
    /// How many jobs may have had an effect that nobody knows of: started, or given up by themselves after a start.
    async fn unclear_jobs(&self, about: &JobsOf<'_>) -> Result<u64, StorageFault>;
    /// The merchant's order that a supplier connection calls so.
    async fn order_by_reference(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        reference: &SupplierReference,
    ) -> Result<Option<OrderId>, StorageFault>;
    /// Writes something that is no command.
    async fn record(&self, record: Record) -> Result<(), StorageFault>;
    /// The switches of all connections, and whether each id still names what it named before.
    async fn switches(&self) -> Result<BTreeMap<ConnectionId, Switch>, StorageFault>;
    /// Every connection that was ever registered, ordered by id.
    async fn registered(&self) -> Result<Vec<Registered>, StorageFault>;
    /// What is still open at a connection. An issued order counts until `visited` at the latest: guests who did not
    /// come before that day do not keep a connection for ever.
    async fn open_work(&self, connection: &RegisteredConnection, visited: VisitDate) -> Result<OpenWork, StorageFault>;
    /// The nodes that told of themselves within that time, by the database's own clock; ordered by id.
    async fn nodes(&self, within_ms: u32) -> Result<Vec<NodeSeen>, StorageFault>;
    /// All that a merchant's invariants speak about.
    async fn snapshot(&self, merchant: &MerchantId) -> Result<Snapshot, StorageFault>;
}

/// A code on its way to a channel's own pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadCode {
    /// Its id.
    pub id: CodeId,
    /// `waiting` or `unclear`.
    pub stands: HandOver,
    /// What the guest shows.
    pub credentials: Vec<Credential>,
}

/// An alert that stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OpenAlert {
    /// Whose; none for the whole deployment.
    pub merchant: Option<MerchantId>,
    /// What.
    pub alert: Alert,
}

/// Whether a connection sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// It sells.
    On,
    /// No new sales for now.
    Paused,
    /// No new sales; it may be removed once its orders have ended.
    Draining,
}

/// What is still open at a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct OpenWork {
    /// Orders that it sold or fulfils and that have not ended.
    pub orders: u64,
    /// Jobs that have to reach it.
    pub jobs: u64,
}

/// A node that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSeen {
    /// What it told.
    pub node: Node,
    /// How long ago, in milliseconds.
    pub ago_ms: i64,
}

/// What becomes of a job after a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobNext {
    /// Where it stands.
    pub state: JobState,
    /// How long until it is due again, by the database's own clock.
    pub wait_ms: u64,
    /// Why, for people; holds no secrets.
    pub note: String,
    /// Whether this try counts.
    pub counts: bool,
    /// Whether a call may have had its effect: then the job is asked about before it is done again.
    pub unclear: bool,
    /// What it remembers from now on.
    pub memo: JobMemo,
    /// What this try had heard: that is done with. What came meanwhile makes the job due at once.
    pub heard: Option<Heard>,
}

/// Jobs of one order at one counterparty.
#[derive(Debug, Clone, Copy)]
pub struct JobsOf<'a> {
    /// Whose.
    pub merchant: &'a MerchantId,
    /// The order.
    pub order: &'a OrderId,
    /// The counterparty.
    pub connection: &'a ConnectionId,
    /// The kind's name.
    pub kind: &'a str,
}

/// A job with its lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedJob {
    /// The job.
    pub job: NewJob,
    /// Where it stood when it was leased.
    pub state: JobState,
    /// The lease's number; fences off whoever held it before.
    pub token: i64,
    /// Tries before this one.
    pub attempts: u32,
    /// What it remembers of them.
    pub memo: JobMemo,
    /// What the other side told since the last try.
    pub heard: Option<Heard>,
}

/// One lane's writer.
#[async_trait]
pub trait LaneStorage: Send {
    /// Begins a batch. `node` leases the jobs that the batch bears.
    async fn begin(&mut self) -> Result<Box<dyn Batch + '_>, StorageFault>;
    /// After a commit of unknown outcome: on a new connection, which of these keys are there?
    async fn find_keys(&mut self, keys: &[(MerchantId, CommandKey)]) -> Result<Vec<CommandKey>, StorageFault>;
}

/// One batch: one transaction. Dropping it rolls back.
#[async_trait]
pub trait Batch: Send {
    /// What a batch sees before anything else, in one go: channel references, locked where they are there; answers
    /// given before; and the catalogue revision of each merchant that has one.
    async fn open(
        &mut self,
        footprints: &Footprints,
        keys: &[(MerchantId, CommandKey)],
        states: &mut States,
    ) -> Result<Opened, StorageFault>;
    /// Locks and loads the families of orders.
    async fn load_orders(&mut self, footprints: &Footprints, states: &mut States) -> Result<(), StorageFault>;
    /// Locks and loads pools with their codes, cells and accounts, in this order.
    async fn load_rest(&mut self, footprints: &Footprints, states: &mut States) -> Result<(), StorageFault>;
    /// Writes everything and commits. Jobs are born leased to the node.
    async fn commit(self: Box<Self>, prepared: Prepared, lease: BirthLease) -> Result<(), StorageFault>;
}

/// What a batch sees before anything else, besides what its states hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opened {
    /// The catalogue revision of each merchant that has one.
    pub revisions: BTreeMap<MerchantId, i64>,
    /// The references that are not there. They are only promised to be absent: when another writer makes one first, the
    /// commit is a conflict.
    pub absent: BTreeSet<RefKey>,
}

/// What a batch writes, in the form of the database that made it ready.
pub struct Prepared(Box<dyn Any + Send + Sync>);

impl Prepared {
    /// Wraps it.
    pub fn new<T: Any + Send + Sync>(form: T) -> Self {
        Self(Box::new(form))
    }

    /// Unwraps it again; a form of another database is refused.
    pub fn form<T: Any>(self) -> Result<T, StorageFault> {
        let other = |_| StorageFault::Data("what is to be written was made ready for another database".to_owned());
        self.0.downcast().map(|form| *form).map_err(other)
    }
}

/// Who runs the jobs that a batch bears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BirthLease {
    /// The node.
    pub node: NodeId,
    /// How long it has them.
    pub lease_ms: u32,
}

/// The fencing number of a job that was born leased.
pub const BIRTH_TOKEN: i64 = 1;

/// Most units that are looked at behind one code: somebody who comes every week has the same document in every order.
pub const HOLDERS_LIMIT: usize = 64;

/// An empty state for each merchant, with the rules it is decided by.
#[must_use]
pub fn empty_states(rules: BTreeMap<MerchantId, Rules>) -> States {
    rules.into_iter().map(|(merchant, rules)| (merchant, State::new(rules))).collect()
}

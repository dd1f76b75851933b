//! What deciding yields: changes, and their sum over a batch.

use std::collections::BTreeMap;

use entrepot_contract::calendar::{Stock, StockKey};
use entrepot_contract::ids::{
    ApplicationId, BatchId, ChannelOrderId, CodeId, ConnectionId, DistributorId, MerchantId, OrderId, PoolName,
    RefundId, UploadId,
};
use entrepot_contract::intent::Intent;
use entrepot_contract::order::{Guests, LimitKey, Order, Refund, UnitCredentials};
use entrepot_contract::time::{Timestamp, VisitDate};
use serde::{Deserialize, Serialize};

use crate::alert::{Alert, AlertChange, AlertKind};
use crate::answer::Answer;
use crate::code::{CodeBatch, CodeState, CodeWait, FreshCode, Pool, TakenCode};
use crate::command::{CalendarRow, CatalogueEntry, CommandKey};
use crate::credit::{Account, Posting};
use crate::job::{JobEnd, NewJob};
use crate::refund_line::RefundLine;
use crate::upload::{HandOver, Upload};

/// Names a row of `channel_refs`: one application's order number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RefKey {
    /// The application.
    pub application: ApplicationId,
    /// The order as the channel names it.
    pub order: ChannelOrderId,
}

/// What is known about a channel's order number.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelRef {
    /// Our order, once created.
    pub order: Option<PlacedOrder>,
    /// Facts that came before the order, oldest first; at most [`FACTS_LIMIT`].
    pub facts: Vec<StoredFact>,
}

/// Where an order of a channel went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedOrder {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Ours.
    pub order: OrderId,
    /// The connection it came through.
    pub connection: ConnectionId,
}

/// Most facts kept on one unknown order; repeats of one fact count once.
pub const FACTS_LIMIT: usize = 20;

/// A fact about an order that is not there yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredFact {
    /// What the channel said.
    pub intent: Intent,
    /// When it came.
    pub at: Timestamp,
}

/// A line of an order's timeline. Holds no guests' data and no credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The order.
    pub order: OrderId,
    /// When.
    pub at: Timestamp,
    /// What happened, one word or two.
    pub what: String,
    /// Who caused it.
    pub by: String,
    /// For people.
    pub detail: String,
}

/// What the timeline says of an order that nobody paid in time.
pub const HOLD_RAN_OUT: &str = "hold ran out";

/// A change that people made, with what was there before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What kind of thing changed.
    pub kind: HistoryKind,
    /// Which one: a SKU, a bucket, an entry of the catalogue, a distributor.
    pub subject: String,
    /// First and last date it touches.
    pub dates: Option<(VisitDate, VisitDate)>,
    /// What changed, one entry for each date or cell.
    pub cells: Vec<HistoryCell>,
}

/// What people change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryKind {
    /// A SKU's price, opening, cut-off.
    Calendar,
    /// A bucket's capacity.
    Stock,
    /// Products, SKUs, listings, distributors, stops.
    Catalogue,
    /// How far a distributor may fall below zero.
    CreditLimit,
    /// One imported code.
    Code,
    /// A batch of a pool's codes: `pool/batch`.
    CodeBatch,
}

/// One value before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryCell {
    /// The date, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<VisitDate>,
    /// The time slot, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// What was there; null when nothing was.
    pub before: serde_json::Value,
    /// What is there now.
    pub after: serde_json::Value,
}

/// One change. Rows are written as they stand at the end of a batch, lines as they are.
#[derive(Debug, Clone)]
pub enum Change {
    /// A new or changed order.
    Order(Box<Order>),
    /// Who an order names; written once, encrypted.
    Guests(OrderId, Guests),
    /// An order's credentials; written once, encrypted.
    Credentials(OrderId, Vec<UnitCredentials>),
    /// A new or changed refund.
    Refund(Box<Refund>),
    /// Lines of what a channel decided by itself; written once, their secrets encrypted.
    RefundLines(Vec<RefundLine>),
    /// What is known about a channel's order number.
    Ref(RefKey, ChannelRef),
    /// A cell's numbers.
    Stock(StockKey, Stock),
    /// An account's numbers, with the line that explains them, if money moved.
    Account(Account, Option<Posting>),
    /// A pool's numbers.
    Pool(PoolName, Pool),
    /// New codes of a pool.
    NewCodes(PoolName, Vec<FreshCode>),
    /// A code given to a unit: only ever from `available`.
    TakeCode(TakenCode),
    /// A code that nobody has moves to another state.
    MoveCode(CodeId, CodeState, Timestamp),
    /// The codes of these units of an order come to their end.
    EndUnitCodes(OrderId, Vec<u16>, CodeState, Timestamp),
    /// A code that was given and never shown leaves its order, to this state.
    ReturnCode(CodeId, OrderId, CodeState),
    /// A code becomes reserved for an upload: only ever from `available`.
    ReserveCode(CodeId, UploadId, Timestamp),
    /// How a reserved code stands with its channel.
    HandOver(CodeId, HandOver),
    /// An upload, new or changed.
    Upload(Box<Upload>),
    /// A batch of a pool, new or changed.
    Batch(PoolName, BatchId, CodeBatch),
    /// An order begins to wait for codes.
    AwaitCodes(CodeWait),
    /// It waits no more.
    WaitOver(OrderId),
    /// A line of a timeline.
    Event(Event),
    /// A job is born.
    Job(NewJob),
    /// A job ended.
    EndJob(JobEnd),
    /// Somebody should look.
    Alert(Alert),
    /// The cause of an alert is gone.
    Resolve(AlertKind, String, Timestamp),
    /// A purchase limit's counter.
    Limit(LimitKey, u32),
    /// People changed something.
    History(Vec<HistoryLine>),
    /// Dates of a calendar.
    Calendar(Vec<CalendarRow>),
    /// Parts of the catalogue.
    Catalogue(Vec<CatalogueEntry>),
}

/// What a batch writes for one merchant.
#[derive(Debug, Clone, Default)]
pub struct Writes {
    /// Orders as they end; `true` for new ones.
    pub orders: BTreeMap<OrderId, (Order, bool)>,
    /// Guests of new orders.
    pub guests: BTreeMap<OrderId, Guests>,
    /// Credentials.
    pub credentials: BTreeMap<OrderId, Vec<UnitCredentials>>,
    /// Refunds as they end.
    pub refunds: BTreeMap<RefundId, Refund>,
    /// What channels decided by themselves, in order.
    pub refund_lines: Vec<RefundLine>,
    /// Channel references as they end.
    pub refs: BTreeMap<RefKey, ChannelRef>,
    /// Cells as they end.
    pub stock: BTreeMap<StockKey, Stock>,
    /// Accounts as they end.
    pub accounts: BTreeMap<DistributorId, Account>,
    /// Statement lines.
    pub postings: Vec<Posting>,
    /// Pools as they end.
    pub pools: BTreeMap<PoolName, Pool>,
    /// New codes by pool.
    pub new_codes: Vec<(PoolName, FreshCode)>,
    /// Codes given.
    pub taken_codes: Vec<TakenCode>,
    /// Codes moved, which nobody has.
    pub moved_codes: Vec<(CodeId, CodeState, Timestamp)>,
    /// Codes of units ended.
    pub ended_unit_codes: Vec<(OrderId, u16, CodeState, Timestamp)>,
    /// Codes that left their orders.
    pub returned_codes: Vec<(CodeId, OrderId, CodeState)>,
    /// Codes reserved for uploads.
    pub reserved_codes: Vec<(CodeId, UploadId, Timestamp)>,
    /// How reserved codes stand, in order.
    pub handed_over: Vec<(CodeId, HandOver)>,
    /// Uploads as they end.
    pub uploads: BTreeMap<UploadId, Upload>,
    /// Batches as they end.
    pub batches: BTreeMap<(PoolName, BatchId), CodeBatch>,
    /// Orders that wait for codes, and those that wait no more.
    pub code_waits: BTreeMap<OrderId, Option<CodeWait>>,
    /// Timeline lines.
    pub events: Vec<Event>,
    /// Jobs born.
    pub jobs: Vec<NewJob>,
    /// Jobs ended.
    pub ended_jobs: Vec<JobEnd>,
    /// Alerts as they end, by kind and subject.
    pub alerts: BTreeMap<(AlertKind, String), AlertChange>,
    /// Counters of purchase limits as they end.
    pub limits: BTreeMap<LimitKey, u32>,
    /// What people changed.
    pub history: Vec<HistoryLine>,
    /// Calendar rows.
    pub calendar: Vec<CalendarRow>,
    /// Catalogue entries.
    pub catalogue: Vec<CatalogueEntry>,
    /// Keys with their answers.
    pub keys: Vec<KeyRow>,
}

/// A key with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// The key.
    pub key: CommandKey,
    /// Digest of the deciding fields.
    pub fingerprint: String,
    /// What was answered.
    pub answer: Answer,
    /// When.
    pub at: Timestamp,
}

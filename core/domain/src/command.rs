//! What may be asked for. Time, ids and randomness come in with the command; deciding is deterministic.
//!
//! - `rows`: parts of a calendar and a catalogue, as people write them; `told`: what partners said, in their words.

mod rows;
mod told;

use std::collections::BTreeMap;

use entrepot_contract::ids::{
    ApplicationId, BatchId, ChannelOrderId, CodeId, ConnectionId, DistributorId, MerchantId, NodeId, OrderId, PoolName,
    RefundId, UploadId,
};
use entrepot_contract::intent::decided::RecordDecision;
use entrepot_contract::intent::{AskRefund, CreateOrder, Intent, RecordRefund, UnitChoice};
use entrepot_contract::money::Money;
use entrepot_contract::supplier::{Holding, Usage};
use entrepot_contract::time::{Timestamp, VisitDate};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::code::{BatchState, Days, NewCode};
use crate::job::JobEnd;
use crate::limits::Person;
use crate::seed::Seed;
use crate::upload::{UploadSaid, UploadWish};

pub use rows::{CalendarRow, CatalogueEntry, StockChange, StockCorrection};
pub use told::{ChannelNames, IssueResult};

/// Most rows one bulk command may carry; longer work is cut into chunks before.
pub const BULK_LIMIT_ROWS: usize = 500;

/// How the key of a refund begins that was found by asking the channel, before its notice came with the channel's own.
pub const FOLLOWED: &str = "followed-";

/// What makes a command unrepeatable: the same key gets the first answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CommandKey {
    /// Who numbers the keys: a connection, an API token's owner, the job runner.
    pub scope: String,
    /// The scene: one channel key may serve several.
    pub kind: String,
    /// The key itself.
    pub key: String,
}

/// A command with everything that deciding needs besides the rows.
#[derive(Debug, Clone)]
pub struct Command {
    /// Whose rows it touches; none for a fact that nobody can place yet.
    pub merchant: MerchantId,
    /// Its key.
    pub key: CommandKey,
    /// Digest of the deciding fields; never of raw or encrypted bytes.
    pub fingerprint: String,
    /// When it was given.
    pub at: Timestamp,
    /// Who gave it, for the timeline: `channel`, `rule`, `job`, or a person.
    pub by: String,
    /// Where ids and voucher numbers come from.
    pub seed: Seed,
    /// The job whose outcome it records.
    pub job: Option<JobEnd>,
    /// What is asked for.
    pub body: Body,
}

/// An order as the caller knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderName {
    /// By the channel's number.
    Channel(ApplicationId, ChannelOrderId),
    /// By ours.
    Own(OrderId),
}

/// What is asked for.
#[derive(Debug, Clone)]
pub enum Body {
    /// An order was made at the channel.
    CreateOrder {
        /// The connection it came through.
        connection: ConnectionId,
        /// What the channel said.
        intent: Box<CreateOrder>,
        /// Those whom purchase limits count.
        people: Vec<Person>,
    },
    /// The guest paid.
    PayOrder {
        /// Which.
        order: OrderName,
        /// When.
        paid_at: Timestamp,
    },
    /// An order ended at the channel.
    CancelOrder {
        /// Which.
        order: OrderName,
        /// When in its life, and at what time, for the timeline; empty where nobody says so.
        told: String,
    },
    /// A person accepts or refuses a paid order (接单, 拒单).
    DecideAcceptance {
        /// Which.
        order: OrderName,
        /// Yes or no.
        accept: bool,
        /// For the guest, on a no.
        reason: Option<String>,
    },
    /// Time passed: whoever has to be warned is warned, and what is too late takes its course.
    PassDeadlines {
        /// Which.
        order: OrderId,
    },
    /// Credentials are asked for.
    StartIssue {
        /// Which.
        order: OrderName,
        /// Units the channel believes it sold.
        count: Option<u32>,
        /// What the channel calls the order and its units.
        names: ChannelNames,
        /// When the guest paid, where the channel says so by this call alone.
        paid_at: Option<Timestamp>,
    },
    /// The caller stops waiting: a callback is owed unless credentials are there.
    PromiseIssue {
        /// Which.
        order: OrderId,
    },
    /// A supplier answered.
    RecordIssue {
        /// Which.
        order: OrderId,
        /// What it said.
        result: IssueResult,
    },
    /// Units were used at a gate.
    Redeem {
        /// Which.
        order: OrderName,
        /// Which units.
        units: UnitChoice,
        /// When.
        used_at: Timestamp,
    },
    /// A supplier told how much was used at its gate.
    RecordUse {
        /// Which.
        order: OrderId,
        /// Totals since the order was made.
        usage: Usage,
        /// When it was asked, or told by itself.
        asked_at: Timestamp,
    },
    /// A supplier answered whether it keeps units.
    RecordHold {
        /// Of which order.
        order: OrderId,
        /// What it said.
        holding: Holding,
    },
    /// A supplier is asked soon how much was used at its gate.
    AskUse {
        /// Which.
        order: OrderId,
    },
    /// May this be refunded?
    AskRefund {
        /// Which.
        order: OrderName,
        /// What the channel said.
        intent: AskRefund,
    },
    /// The caller stops waiting: a notice is owed unless it was decided.
    PromiseRefund {
        /// The order.
        order: OrderId,
        /// The refund.
        refund: RefundId,
    },
    /// A waiting refund is decided.
    DecideRefund {
        /// The order.
        order: OrderId,
        /// The refund.
        refund: RefundId,
        /// Yes or no.
        agree: bool,
        /// For the guest, on a no; on a supplier's yes what it keeps, for the timeline.
        reason: Option<String>,
    },
    /// The channel gave money back.
    RecordRefund {
        /// Which.
        order: OrderName,
        /// What the channel said.
        intent: RecordRefund,
    },
    /// The channel decided about a refund by itself.
    RecordDecision {
        /// Which.
        order: OrderName,
        /// The decision's own name: the key of this command.
        key: String,
        /// What the channel said.
        told: Box<RecordDecision>,
    },
    /// A supplier answered a cancellation whose money is gone already.
    RecordSupplierCancel {
        /// Which.
        order: OrderId,
        /// A certain no, for people.
        refused: Option<String>,
        /// What it keeps of what we owe, on a yes.
        fee: Option<Money>,
    },
    /// A job ended and nothing else changed.
    EndJob {
        /// The order it is about.
        order: OrderId,
        /// For the timeline.
        note: String,
    },
    /// A fact about an order that nobody can place yet.
    StoreFact {
        /// The application it came through.
        application: ApplicationId,
        /// The order.
        order: ChannelOrderId,
        /// The fact.
        intent: Box<Intent>,
    },
    /// Money came in from a distributor.
    TopUp {
        /// Whose account.
        distributor: DistributorId,
        /// How much.
        amount: Money,
        /// For the statement.
        note: Option<String>,
    },
    /// A correction; negative in the merchant's favour.
    AdjustCredit {
        /// Whose account.
        distributor: DistributorId,
        /// How much.
        amount: Money,
        /// For the statement.
        note: String,
    },
    /// How far a distributor's balance may fall below zero.
    SetCreditLimit {
        /// Whose account.
        distributor: DistributorId,
        /// The limit.
        limit: Money,
    },
    /// Money of one distributor becomes another's.
    TransferCredit {
        /// Who gives.
        from: DistributorId,
        /// Who receives.
        to: DistributorId,
        /// How much.
        amount: Money,
        /// For both statements.
        note: Option<String>,
    },
    /// Stock of cells, without their prices.
    CorrectStock {
        /// At most [`BULK_LIMIT_ROWS`] rows.
        rows: Vec<StockCorrection>,
    },
    /// Prices, opening and stock of dates.
    WriteCalendar {
        /// At most [`BULK_LIMIT_ROWS`] rows.
        rows: Vec<CalendarRow>,
    },
    /// Creates or replaces parts of the catalogue.
    PutCatalogue {
        /// At most [`BULK_LIMIT_ROWS`] entries.
        entries: Vec<CatalogueEntry>,
    },
    /// Adds codes to a pool, making the pool when it is new.
    AddCodes {
        /// The pool.
        pool: PoolName,
        /// At most [`BULK_LIMIT_ROWS`] codes.
        codes: Vec<NewCode>,
    },
    /// Takes a code out of its pool for ever.
    VoidCode {
        /// The pool.
        pool: PoolName,
        /// The code.
        code: CodeId,
    },
    /// When a pool is low on codes.
    SetPoolThreshold {
        /// The pool.
        pool: PoolName,
        /// Alert below this many.
        threshold: u32,
        /// Alert when codes end within so many days, 0 for never; it stays as it is when left out.
        expiring_days: Option<u16>,
    },
    /// Pauses, resumes or voids codes of a batch that nobody has: at most [`BULK_LIMIT_ROWS`] at once; repeated until
    /// none is left.
    MoveBatch {
        /// The pool.
        pool: PoolName,
        /// The batch.
        batch: BatchId,
        /// What becomes of it.
        to: BatchState,
    },
    /// Takes codes that were good until the day before at most out of their pool, as many at once.
    ExpireCodes {
        /// The pool.
        pool: PoolName,
        /// The first day that counts.
        before: VisitDate,
    },
    /// Codes came: an order that waits for some is issued, if its time has not run out.
    IssueWaiting {
        /// Which.
        order: OrderId,
    },
    /// Codes of a pool are to be handed over to a channel's own pool.
    StartUpload {
        /// The pool.
        pool: PoolName,
        /// What is wanted.
        wish: UploadWish,
    },
    /// An upload's next part becomes reserved, when the one before is answered for.
    ReserveForUpload {
        /// The pool.
        pool: PoolName,
        /// The upload.
        upload: UploadId,
        /// Most codes; [`BULK_LIMIT_ROWS`] at most.
        limit: u32,
        /// When they have to be good.
        days: Days,
    },
    /// A call with an upload's codes is about to go out.
    TryUpload {
        /// The pool.
        pool: PoolName,
        /// The upload.
        upload: UploadId,
        /// Who calls.
        node: NodeId,
        /// When the call is over at the latest.
        until: Timestamp,
    },
    /// What came of that call.
    RecordUpload {
        /// The pool.
        pool: PoolName,
        /// The upload.
        upload: UploadId,
        /// The try's number.
        number: u32,
        /// What the channel said.
        said: UploadSaid,
    },
    /// A person ends an upload.
    StopUpload {
        /// The pool.
        pool: PoolName,
        /// The upload.
        upload: UploadId,
    },
    /// A channel told to which of its orders it gave a code of its own pool: the code's history has a line.
    NoteBoundCode {
        /// The pool.
        pool: PoolName,
        /// The code.
        code: CodeId,
        /// The channel connection.
        connection: ConnectionId,
        /// The order, as the channel names it.
        order: ChannelOrderId,
        /// When it was made there, where the channel says so.
        ordered_at: Option<Timestamp>,
    },
    /// Somebody is about to see an order's credentials: from here on its codes never go back.
    ShowCredentials {
        /// Which.
        order: OrderId,
    },
}

impl Body {
    /// A short name: the kind of its key, and what metrics count.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CreateOrder { .. } => "create_order",
            Self::PayOrder { .. } => "pay_order",
            Self::CancelOrder { .. } => "cancel_order",
            Self::DecideAcceptance { .. } => "decide_acceptance",
            Self::PassDeadlines { .. } => "pass_deadlines",
            Self::StartIssue { .. } => "start_issue",
            Self::PromiseIssue { .. } => "promise_issue",
            Self::RecordIssue { .. } => "record_issue",
            Self::Redeem { .. } => "redeem",
            Self::RecordUse { .. } => "record_use",
            Self::RecordHold { .. } => "record_hold",
            Self::AskUse { .. } => "ask_use",
            Self::AskRefund { .. } => "ask_refund",
            Self::PromiseRefund { .. } => "promise_refund",
            Self::DecideRefund { .. } => "decide_refund",
            Self::RecordRefund { .. } => "record_refund",
            Self::RecordDecision { .. } => "record_decision",
            Self::RecordSupplierCancel { .. } => "record_supplier_cancel",
            Self::EndJob { .. } => "end_job",
            Self::StoreFact { .. } => "store_fact",
            Self::TopUp { .. } => "top_up",
            Self::AdjustCredit { .. } => "adjust_credit",
            Self::SetCreditLimit { .. } => "set_credit_limit",
            Self::TransferCredit { .. } => "transfer_credit",
            Self::CorrectStock { .. } => "correct_stock",
            Self::WriteCalendar { .. } => "write_calendar",
            Self::PutCatalogue { .. } => "put_catalogue",
            Self::AddCodes { .. } => "add_codes",
            Self::VoidCode { .. } => "void_code",
            Self::SetPoolThreshold { .. } => "set_pool_threshold",
            Self::MoveBatch { .. } => "move_batch",
            Self::ExpireCodes { .. } => "expire_codes",
            Self::IssueWaiting { .. } => "issue_waiting",
            Self::StartUpload { .. } => "start_upload",
            Self::ReserveForUpload { .. } => "reserve_for_upload",
            Self::TryUpload { .. } => "try_upload",
            Self::RecordUpload { .. } => "record_upload",
            Self::StopUpload { .. } => "stop_upload",
            Self::NoteBoundCode { .. } => "note_bound_code",
            Self::ShowCredentials { .. } => "show_credentials",
        }
    }
}

impl Body {
    /// Whether the answer is stored under the command's key. The others are idempotent by the state they meet, and
    /// what they answer may change with it.
    #[must_use]
    pub const fn keyed(&self) -> bool {
        !matches!(
            self,
            Self::StartIssue { .. }
                | Self::PromiseIssue { .. }
                | Self::PromiseRefund { .. }
                | Self::RecordIssue {
                    result: IssueResult::Issued { .. }
                        | IssueResult::Pending { .. }
                        | IssueResult::Refused { .. }
                        | IssueResult::Found { .. },
                    ..
                }
                | Self::RecordSupplierCancel { .. }
                | Self::RecordUse { .. }
                | Self::AskUse { .. }
                | Self::RecordHold { .. }
                | Self::EndJob { .. }
                | Self::PassDeadlines { .. }
                | Self::StoreFact { .. }
                | Self::ExpireCodes { .. }
                | Self::IssueWaiting { .. }
                | Self::ReserveForUpload { .. }
                | Self::TryUpload { .. }
                | Self::RecordUpload { .. }
                | Self::ShowCredentials { .. }
        )
    }
}

/// Digest of the deciding fields of a command.
#[must_use]
pub fn fingerprint(fields: &[(&str, String)]) -> String {
    let sorted: BTreeMap<_, _> = fields.iter().map(|(name, value)| (*name, value)).collect();
    let mut hash = Sha256::new();
    for (name, value) in sorted {
        for part in [name, value.as_str()] {
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

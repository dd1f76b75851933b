//! What must reach the outside later. A job is written in the transaction of the change that causes it.

use entrepot_contract::ids::{ConnectionId, JobId, MerchantId, OrderId, RefundId};
use entrepot_contract::order::{Order, Refund, RefundState, UnitState};
use entrepot_contract::supplier::{Cancellation, Memo};
use entrepot_contract::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum JobKind {
    /// Keeps the units of an order at its supplier.
    Hold {
        /// Until when, at most.
        until: Timestamp,
    },
    /// Gives up what is kept at the supplier.
    Release,
    /// Books an order at its supplier.
    Book,
    /// Gives units back at the supplier.
    CancelAtSupplier {
        /// Unit numbers.
        units: Vec<u16>,
        /// Those that went before: their own jobs run first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gone: Vec<u16>,
        /// The refund that waits for the answer; none where the money is gone already.
        refund: Option<RefundId>,
        /// The same for every repeat.
        key: String,
    },
    /// Asks the supplier how much was used at its gate (核销).
    AskUse,
    /// Tells the channel. Credentials are read when it is delivered, never stored in a job.
    Notify(Notification),
}

/// What the channel is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notification {
    /// Accepted.
    Accepted,
    /// Refused after payment.
    Refused {
        /// For people.
        reason: String,
    },
    /// Credentials are there.
    Issued,
    /// Credentials will not come.
    IssueFailed {
        /// For people.
        reason: String,
    },
    /// A waiting refund was decided.
    RefundDecided {
        /// Which.
        refund: RefundId,
    },
    /// Units were used.
    Redeemed {
        /// Idempotency mark of this use.
        token: String,
        /// The units.
        units: Vec<u16>,
        /// Whether these are all units of the order.
        whole: bool,
        /// When.
        at: Timestamp,
    },
}

impl Notification {
    /// The event's name in the contract.
    #[must_use]
    pub const fn event(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused { .. } => "refused",
            Self::Issued => "issued",
            Self::IssueFailed { .. } => "issue_failed",
            Self::RefundDecided { .. } => "refund_decided",
            Self::Redeemed { .. } => "redeemed",
        }
    }
}

/// The name of [`JobKind::Book`].
pub const BOOK: &str = "book";

/// The name of [`JobKind::CancelAtSupplier`].
pub const CANCEL_AT_SUPPLIER: &str = "cancel_at_supplier";

/// The name of [`JobKind::AskUse`], by which stored jobs are told from those that follow one another.
pub const ASK_USE: &str = "ask_use";

impl JobKind {
    /// Gives units of an order back at the supplier, after those that were given back already.
    #[must_use]
    pub fn cancel(order: &Order, units: Vec<u16>, refund: Option<RefundId>, key: String) -> Self {
        let gone = order.numbers(UnitState::Refunded).into_iter().filter(|unit| !units.contains(unit)).collect();
        Self::CancelAtSupplier { units, gone, refund, key }
    }

    /// A short name for lists, logs and metrics.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Hold { .. } => "hold".to_owned(),
            Self::Release => "release".to_owned(),
            Self::Book => BOOK.to_owned(),
            Self::CancelAtSupplier { .. } => CANCEL_AT_SUPPLIER.to_owned(),
            Self::AskUse => ASK_USE.to_owned(),
            Self::Notify(notification) => format!("notify_{}", notification.event()),
        }
    }

    /// Whether it runs beside the other jobs of its order at one counterparty: it only asks. The others follow one
    /// another.
    #[must_use]
    pub const fn beside(&self) -> bool {
        matches!(self, Self::AskUse)
    }
}

/// What a job remembers between its tries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobMemo {
    /// What the other side's last wait said; it comes back with the next question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<Memo>,
    /// When the other side said first that it knows nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent_at: Option<Timestamp>,
    /// Whether somebody was told that it waits for too long.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
}

/// What the other side told by itself, while a job was at it. It stays with the job until a try has seen it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// When: tells one from the next.
    pub at: Timestamp,
    /// A fact, where the partner's signature covers it; otherwise only a reason to ask now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<HeardCancellation>,
}

/// How a cancellation stands, told by the supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeardCancellation {
    /// Our key; without it the one under way is meant.
    pub key: Option<String>,
    /// The answer.
    pub answer: Cancellation,
}

/// A job as it is born.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// Whose.
    pub merchant: MerchantId,
    /// The order it is about.
    pub order: OrderId,
    /// The connection it calls.
    pub connection: ConnectionId,
    /// What it does.
    pub kind: JobKind,
    /// The job that has to end first.
    pub after: Option<JobId>,
    /// When it was born.
    pub created_at: Timestamp,
}

/// Who decided a refund that the supplier was asked about and agreed to: its tickets are gone already.
pub const SUPPLIER: &str = "the supplier";

/// Whether the units of a refund are gone at the supplier, because it agreed.
#[must_use]
pub fn gone_at_supplier(refund: &Refund) -> bool {
    matches!(refund.state, RefundState::Agreed | RefundState::Done) && refund.decided_by.as_deref() == Some(SUPPLIER)
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its time.
    Ready,
    /// A call with effect may have gone out; its outcome is not known.
    Started,
    /// Ended.
    Done,
    /// Gave up: a person has to look.
    Dead,
    /// Given up by a person.
    Abandoned,
}

/// The end of a job, written with the change that its outcome causes. `token` fences off a lost lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEnd {
    /// The job.
    pub id: JobId,
    /// The lease's number.
    pub token: i64,
}

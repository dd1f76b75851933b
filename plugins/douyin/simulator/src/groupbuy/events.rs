//! What happened to an order, in the order in which it happened: whether codes came before a refusal, what went back.

use crate::misuse::Misuse;
use crate::platform::Platform;

/// One thing that happened to an order, a calendar ticket's too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// We accepted (接单).
    Accepted,
    /// We refused: creation or acceptance.
    Rejected,
    /// Good vouchers came with the answer of the issue call.
    Issued,
    /// Good vouchers came by the callback.
    IssueCallback,
    /// We said that issuing failed for good.
    IssueFailed,
    /// A refund was asked for.
    RefundAsked {
        /// `biz_uniq_key` or after-sale id.
        key: String,
        /// `apply_source`.
        source: i64,
    },
    /// We will decide later.
    RefundWaiting {
        /// The refund.
        key: String,
    },
    /// We agreed, or the audit's time was over.
    RefundAgreed {
        /// The refund.
        key: String,
        /// The platform agreed by itself.
        by_deadline: bool,
    },
    /// We refused.
    RefundRefused {
        /// The refund.
        key: String,
        /// Good vouchers came with it (补码).
        vouchers: bool,
        /// Whether it counted: a refusal of a failed issue without vouchers does not (B8).
        counted: bool,
    },
    /// Units ended and money moved; 0 for a mere cancellation.
    Refunded {
        /// Fen.
        amount_fen: i64,
        /// How many units.
        units: usize,
    },
    /// A cancel notice was due (B10).
    Cancelled,
    /// Redeemed: how many units.
    Verified {
        /// How many units.
        units: usize,
    },
}

impl Platform {
    /// What happened to an order, oldest first.
    ///
    /// # Errors
    /// When the order is unknown.
    pub fn events(&self, order_id: &str) -> Result<Vec<Event>, Misuse> {
        self.change(order_id, |order| order.events.iter().map(|(_, event)| event.clone()).collect())
    }

    /// The same with the platform's time of each, Unix milliseconds.
    ///
    /// # Errors
    /// When the order is unknown.
    pub fn dated_events(&self, order_id: &str) -> Result<Vec<(i64, Event)>, Misuse> {
        self.change(order_id, |order| order.events.clone())
    }
}

//! What a command is answered, and what is stored under its key. Holds no guests' data and no credentials.

use entrepot_contract::ids::{OrderId, RefundId, UploadId};
use entrepot_contract::money::Money;
use entrepot_contract::outcome::{Acceptance, Refusal};
use serde::{Deserialize, Serialize};

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The order stands.
    Created {
        /// Its id.
        order: OrderId,
        /// Whether it is accepted; none while unpaid.
        acceptance: Option<Acceptance>,
    },
    /// The payment is recorded.
    Paid {
        /// The order.
        order: OrderId,
        /// Whether it is accepted.
        acceptance: Acceptance,
    },
    /// The fact is recorded on an order.
    Recorded {
        /// The order.
        order: OrderId,
    },
    /// The fact is stored until its order comes.
    Stored,
    /// The order is known: the fact belongs to its connection.
    Known {
        /// The order.
        order: OrderId,
    },
    /// Credentials are there.
    Issued {
        /// The order.
        order: OrderId,
    },
    /// A supplier is at work.
    Issuing {
        /// The order.
        order: OrderId,
    },
    /// Codes are missing; the order waits for them.
    OutOfCodes {
        /// The order.
        order: OrderId,
    },
    /// Issuing ended without credentials.
    NotIssued {
        /// The order.
        order: OrderId,
        /// For people.
        reason: String,
    },
    /// The refund stands so.
    Refund {
        /// The order.
        order: OrderId,
        /// The refund.
        refund: RefundId,
        /// How it stands.
        standing: RefundStanding,
    },
    /// Units were used.
    Redeemed {
        /// The order.
        order: OrderId,
        /// Their numbers.
        units: Vec<u16>,
    },
    /// Money moved.
    Posted {
        /// The account's balance.
        balance_minor: i64,
        /// What may still be spent.
        available_minor: i64,
    },
    /// The catalogue or calendar changed.
    Changed {
        /// Rows written.
        rows: u32,
    },
    /// Codes were added.
    CodesAdded {
        /// New ones.
        added: u32,
        /// Line numbers of codes that are there already, in this pool or twice in the command.
        duplicates: Vec<u32>,
        /// Line numbers of codes that another pool of the merchant has.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        elsewhere: Vec<u32>,
    },
    /// An upload of codes.
    Upload {
        /// Its id.
        upload: UploadId,
        /// The try that may begin; 0: none.
        #[serde(default)]
        number: u32,
    },
    /// A final no.
    Refused(Refusal),
    /// Not yet: never stored; the same command may pass later.
    Early(Refusal),
}

/// How a refund stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum RefundStanding {
    /// Nobody decided yet.
    Waiting,
    /// We agreed, keeping this.
    Agreed {
        /// The channel's own fee.
        fee: Money,
    },
    /// We refused.
    Refused {
        /// For the guest.
        reason: String,
    },
    /// The money is back.
    Done,
}

//! The calls a supplier answers.

use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, SupplierReference};
use crate::money::Money;
use crate::order::{Guests, UnitCredentials, Visit};

/// An order as a supplier needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierOrder {
    /// Our order number: the idempotency key at the supplier.
    pub order: OrderId,
    /// What the supplier called it, once known.
    pub reference: Option<SupplierReference>,
    /// The product in the supplier's words.
    pub product_code: String,
    /// Units.
    pub count: u16,
    /// When; none for undated things.
    pub visit: Option<Visit>,
    /// The time slot, where there are several.
    pub slot: Option<String>,
    /// Who.
    pub guests: Guests,
    /// What we owe for one unit, where it was agreed.
    pub unit_cost: Option<Money>,
}

/// The calls, in the words of the boundary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum SupplierRequest {
    /// Book and issue.
    Book {
        /// What.
        order: Box<SupplierOrder>,
    },
    /// What became of it? Asked before anything else when an outcome is unknown.
    Inquire {
        /// Which.
        order: Box<SupplierOrder>,
    },
    /// Give units back.
    Cancel {
        /// Which order.
        order: Box<SupplierOrder>,
        /// Unit numbers; all of them when the whole order goes.
        units: Vec<u16>,
        /// The key of this cancellation, the same for every repeat.
        key: String,
    },
    /// Turn imported rows into ready credentials (suppliers whose fulfilment is a pool).
    PrepareCodes {
        /// The rows.
        rows: Vec<CodeRow>,
    },
}

/// A row of an imported code file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRow {
    /// Line in the file, for messages.
    pub line: u32,
    /// The code.
    pub code: String,
    /// A password that goes with it.
    #[serde(default)]
    pub password: Option<String>,
}

impl std::fmt::Debug for CodeRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {} ({} chars)", self.line, self.code.chars().count())
    }
}

/// What became of a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "booking", rename_all = "snake_case")]
pub enum Booking {
    /// Issued; one entry for each unit.
    Issued {
        /// What the supplier calls it.
        reference: Option<SupplierReference>,
        /// The credentials.
        units: Vec<UnitCredentials>,
    },
    /// Taken, credentials follow: inquire later.
    Pending {
        /// What the supplier calls it.
        reference: Option<SupplierReference>,
        /// When to ask again, in milliseconds.
        ask_after_ms: Option<u64>,
    },
    /// A certain no.
    Refused {
        /// For people.
        reason: String,
    },
    /// To `inquire` only: the supplier never heard of it.
    NotFound,
    /// To `inquire` only: it was cancelled.
    Cancelled,
}

/// What became of a cancellation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cancellation", rename_all = "snake_case")]
pub enum Cancellation {
    /// Given back.
    Done,
    /// A certain no, for example because it was used.
    Refused {
        /// For people.
        reason: String,
    },
    /// The supplier audits it: repeat the call with the same key later.
    Waiting {
        /// When to ask again, in milliseconds.
        ask_after_ms: Option<u64>,
    },
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedCode {
    /// Line in the file.
    pub line: u32,
    /// The credentials of one unit, or why the row cannot be one.
    pub result: Result<Vec<crate::order::Credential>, String>,
}

/// The answers, one for each call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum SupplierResponse {
    /// To `book` and `inquire`.
    Booking(Booking),
    /// To `cancel`.
    Cancellation(Cancellation),
    /// To `prepare_codes`.
    Codes {
        /// One entry for each row, in order.
        rows: Vec<PreparedCode>,
    },
}

//! What the core answered, before a channel's plugin encodes it.

use serde::{Deserialize, Serialize};

use crate::calendar::CalendarDay;
use crate::ids::OrderId;
use crate::listing::ListingNames;
use crate::money::Money;
use crate::order::UnitCredentials;

/// The answer to an [`crate::intent::Intent`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It may be bought.
    Bookable,
    /// The order stands.
    Created {
        /// Our order id.
        order: OrderId,
        /// Whether we accept it; none while it is unpaid.
        acceptance: Option<Acceptance>,
    },
    /// The payment is recorded.
    Paid {
        /// Whether we accept the order.
        acceptance: Acceptance,
    },
    /// The fact is recorded; there is nothing to say.
    Recorded,
    /// The fact is early: call again.
    CallAgain,
    /// Credentials.
    Issued {
        /// Our order id.
        order: OrderId,
        /// One entry for each unit.
        units: Vec<UnitCredentials>,
    },
    /// The supplier is at work; a callback follows.
    Issuing {
        /// Our order id.
        order: OrderId,
    },
    /// A refund was agreed.
    RefundAgreed {
        /// The fee we keep: what the channel computed, never more; none where it computed none.
        #[serde(default)]
        fee: Option<Money>,
    },
    /// A refund was refused.
    RefundRefused {
        /// Our order id.
        order: OrderId,
        /// For the guest.
        reason: String,
        /// Credentials of the units that are good, where issuing had failed for the channel: they repair the order.
        repaired: Vec<UnitCredentials>,
    },
    /// A person has to decide; a notice follows.
    RefundWaiting,
    /// How much of an order was used.
    Usage {
        /// Our order id.
        order: OrderId,
        /// Whether each unit was used, by number.
        units: Vec<UnitUsage>,
        /// Whether the guest holds credentials: before that the channel knows no single unit.
        #[serde(default)]
        issued: bool,
    },
    /// The calendar.
    Calendar {
        /// One entry for each SKU asked for.
        skus: Vec<CalendarAnswer>,
    },
    /// We said no; final.
    Refused(Refusal),
    /// Too much to do, or too late; nothing was done.
    Busy,
    /// An outcome added after this build.
    #[serde(other)]
    Unknown,
}

/// Whether we accept a paid order (接单).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// Accepted now.
    Accepted,
    /// Refused now; the channel pays back.
    Refused,
    /// A notice follows.
    Later,
    /// An answer added after this build.
    #[serde(other)]
    Unknown,
}

/// One unit's use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitUsage {
    /// The unit's number.
    pub unit: u16,
    /// Where it stands.
    pub state: crate::order::UnitState,
}

/// The calendar of one SKU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalendarAnswer {
    /// As the channel names it.
    pub names: ListingNames,
    /// Its dates, in order.
    pub days: Vec<CalendarCell>,
}

/// One date with the stock a channel may sell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalendarCell {
    /// Price and opening.
    pub day: CalendarDay,
    /// Units left; none is without limit.
    pub left: Option<u32>,
}

/// Why we said no. `found` and `expected` explain it to an operator; neither holds guests' data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The reason as data.
    pub reason: Reason,
    /// The reason for people.
    pub text: String,
}

impl Refusal {
    /// A refusal with its text.
    #[must_use]
    pub fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self { reason, text: text.into() }
    }
}

/// Reasons for a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing left.
    SoldOut,
    /// The product, SKU or listing is not on sale, or nobody knows it.
    OffSale,
    /// The date is closed, past, or has no price.
    DateClosed,
    /// A purchase limit per document.
    DocumentLimit,
    /// A purchase limit per phone.
    PhoneLimit,
    /// Another purchase limit.
    OtherLimit,
    /// More units than one order may hold.
    TooManyUnits,
    /// Fewer units than one order must hold.
    TooFewUnits,
    /// A phone is missing.
    PhoneMissing,
    /// A document is missing.
    DocumentMissing,
    /// A name is missing.
    NameMissing,
    /// Guests and units do not match.
    GuestsMismatch,
    /// A phone cannot be one.
    PhoneMalformed,
    /// A document number cannot be one, or its kind is not accepted.
    DocumentMalformed,
    /// A name cannot be one.
    NameMalformed,
    /// The distributor's credit does not reach.
    CreditShort,
    /// The channel's price differs from ours.
    PriceDiffers,
    /// Nobody knows the order.
    OrderUnknown,
    /// The state of the order does not allow it.
    StateForbids,
    /// The same key came with other contents.
    KeyConflict,
    /// The connection or merchant does not sell now.
    Paused,
    /// A supplier said no.
    SupplierRefused,
    /// The message cannot be understood.
    Malformed,
    /// Anything else.
    #[serde(other)]
    Other,
}

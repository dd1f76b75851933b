//! What the core answered, before a channel's plugin encodes it.

use serde::{Deserialize, Serialize};

use crate::bounds::{NAME_LIMIT_BYTES, TEXT_LIMIT_BYTES, cut};
use crate::calendar::CalendarDay;
use crate::ids::{ChannelOrderId, OrderId};
use crate::listing::{ListingNames, UnitNames};
use crate::money::Money;
use crate::notice::ProductNotice;
use crate::order::{UnitCredentials, Visit};
use crate::time::Timestamp;

/// Most orders of one [`Outcome::Orders`].
pub const ORDERS_LIMIT: usize = 100;

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
    /// The fact is recorded; there is nothing to say. To a call for credentials that is the payment, too
    /// ([`crate::intent::IssueOrder::paid_at`]): its order is not here yet, and a callback follows once it is.
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
    /// Orders as they stand: to `show_orders`, `extend_hold` and `change_order`, and to what asks for the whole order.
    Orders {
        /// At most [`ORDERS_LIMIT`]; empty when nobody knows any.
        orders: Vec<OrderShown>,
    },
    /// What is sold, page by page.
    Products {
        /// Each listing's product.
        products: Vec<ProductNotice>,
        /// The next page's name; none for the last.
        #[serde(default)]
        next: Option<String>,
    },
    /// A guest's membership as it stands.
    Member(Box<MemberFacts>),
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

/// An order with all that a channel may show of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderShown {
    /// Our order id.
    pub order: OrderId,
    /// As the channel names it.
    pub channel_order: ChannelOrderId,
    /// The second name that the channel gave it.
    #[serde(default)]
    pub reference: Option<String>,
    /// The voucher order of a reservation.
    #[serde(default)]
    pub source_order: Option<ChannelOrderId>,
    /// The product, as the channel names it.
    pub names: ListingNames,
    /// Where it stands.
    pub standing: Standing,
    /// When the guest comes.
    #[serde(default)]
    pub visit: Option<Visit>,
    /// The time slot.
    #[serde(default)]
    pub slot: Option<String>,
    /// The shop that hands it out.
    #[serde(default)]
    pub shop: Option<String>,
    /// Where each unit stands, by number.
    pub units: Vec<UnitUsage>,
    /// How the channel named the units, in the order of their numbers; empty where it named none.
    #[serde(default)]
    pub unit_names: Vec<UnitNames>,
    /// What the guest shows; empty before there is anything.
    #[serde(default)]
    pub credentials: Vec<UnitCredentials>,
    /// When it was made at the channel.
    pub ordered_at: Timestamp,
    /// Until when it is kept unpaid.
    #[serde(default)]
    pub hold_until: Option<Timestamp>,
    /// When it was paid.
    #[serde(default)]
    pub paid_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// What was kept of the guest's money, where units were given back for a fee.
    #[serde(default)]
    pub fee: Option<Money>,
}

/// Where an order stands, in the words that channels share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Kept, not paid.
    Held,
    /// Paid; tickets come later.
    Waiting,
    /// The guest holds his tickets, or needs none.
    Issued,
    /// All that was not given back was used.
    Used,
    /// All of it was given back after payment.
    GivenBack,
    /// It ended before payment: by the channel's word.
    Cancelled,
    /// It ended before payment: nobody paid in time.
    Expired,
    /// We refused it after payment.
    Refused,
    /// A standing added after this build.
    #[serde(other)]
    Unknown,
}

/// A guest's membership in the merchant's club.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MemberFacts {
    /// Whether he is a member.
    pub member: bool,
    /// Whether he became one by this call.
    pub joined_now: bool,
    /// The number of his card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// His level; 1 is the lowest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<u32>,
    /// His points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
    /// What his points are worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points_worth: Option<Money>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// When any of this changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

/// The calendar of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarAnswer {
    /// As the channel names it.
    pub names: ListingNames,
    /// Its dates, in order.
    pub days: Vec<CalendarCell>,
}

/// One date with the stock a channel may sell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarCell {
    /// Price and opening.
    pub day: CalendarDay,
    /// Units left; none is without limit. Where the date is sold by time slot ([`CalendarDay::slots`]) nothing is left
    /// for an order that names none, and `slots` tells what is.
    pub left: Option<u32>,
    /// What is left of each of its time slots, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<SlotLeft>,
}

/// What is left of one time slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotLeft {
    /// Its id, as an order names it.
    pub slot: String,
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
    /// The same in Chinese, where people know it by one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zh: Option<String>,
    /// What the dates asked for cost and hold, where a check wants to know it of a refusal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calendar: Vec<CalendarAnswer>,
}

impl Refusal {
    /// A refusal with its text, or as much of it as may be said.
    #[must_use]
    pub fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self { reason, text: cut(text.into(), TEXT_LIMIT_BYTES), zh: None, calendar: Vec::new() }
    }

    /// The same refusal with its sentence in Chinese.
    #[must_use]
    pub fn in_chinese(mut self, text: impl Into<String>) -> Self {
        self.zh = Some(cut(text.into(), NAME_LIMIT_BYTES));
        self
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
    /// A refund of the order is pending: it has to be refused first.
    RefundPending,
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

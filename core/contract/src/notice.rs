//! What the core decided and a channel has to be told. Delivered by jobs, at least once.

use serde::{Deserialize, Serialize};

use crate::calendar::CalendarDay;
use crate::ids::{ChannelOrderId, CodeId, ListingId, OrderId, ProductId, SkuId};
use crate::listing::{ListingNames, UnitNames};
use crate::money::Money;
use crate::order::{Credential, UnitCredentials};
use crate::outcome::CalendarCell;
use crate::product::{GuestRequirement, RefundRule, Validity};
use crate::supplier::Wait;
use crate::time::{Timestamp, VisitDate};

/// Something that a channel has to be told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// About an order.
    Order(OrderNotice),
    /// Prices, opening or stock of a product's dates changed.
    Calendar(CalendarNotice),
    /// A product, or whether it is on sale, changed.
    Product(ProductNotice),
    /// Codes go into a pool that the channel keeps itself (预置码).
    Codes(CodesNotice),
    /// A notice added after this build.
    #[serde(other)]
    Unknown,
}

impl Notice {
    /// A short name for logs and capabilities: the event's for an order, otherwise `calendar`, `product` or `codes`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Order(notice) => notice.event.name(),
            Self::Calendar(_) => "calendar",
            Self::Product(_) => "product",
            Self::Codes(_) => "codes",
            Self::Unknown => "unknown",
        }
    }
}

/// One notice about one order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderNotice {
    /// Our order id.
    pub order: OrderId,
    /// As the channel names it.
    pub channel_order: ChannelOrderId,
    /// The voucher order of a reservation, as the channel names it.
    #[serde(default)]
    pub source_order: Option<ChannelOrderId>,
    /// The product, as the channel names it; empty when its listing is gone.
    #[serde(default)]
    pub names: ListingNames,
    /// How the channel named the units, in the order of their numbers; empty where it named none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unit_names: Vec<UnitNames>,
    /// What happened.
    pub event: OrderEvent,
}

/// Dates of one product of the channel, as they stand when it is told: whatever happened in between, the newest value
/// counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalendarNotice {
    /// The product as the channel names it, without a SKU.
    pub names: ListingNames,
    /// Its SKUs whose dates are told; at most as many as the plugin declares
    /// ([`crate::capability::CalendarNotices`]).
    pub skus: Vec<SkuDates>,
    /// Whether these are all dates of each SKU from today to the horizon; otherwise those that changed.
    #[serde(default)]
    pub whole: bool,
}

/// Dates of one listing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SkuDates {
    /// Our listing id.
    pub listing: ListingId,
    /// As the channel names it, with its SKU.
    pub names: ListingNames,
    /// The dates, in order; with `gone` at most as many as the plugin declares.
    pub cells: Vec<CalendarCell>,
    /// Dates that are not for sale any more, and of which nothing else is known.
    #[serde(default)]
    pub gone: Vec<VisitDate>,
}

impl CalendarNotice {
    /// Its dates with their price and opening.
    pub fn days(&self) -> impl Iterator<Item = &CalendarDay> {
        self.skus.iter().flat_map(|sku| sku.cells.iter().map(|cell| &cell.day))
    }

    /// Whether it tells of that date of that listing.
    #[must_use]
    pub fn tells(&self, listing: &ListingId, date: VisitDate) -> bool {
        self.skus.iter().any(|sku| {
            let dates = sku.cells.iter().filter_map(|cell| cell.day.date).chain(sku.gone.iter().copied());
            sku.listing == *listing && dates.into_iter().any(|told| told == date)
        })
    }
}

/// A product of a channel as it stands with us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProductNotice {
    /// As the channel names it, without a SKU; its own ids are missing until it gave them.
    pub names: ListingNames,
    /// Whether any of it may be sold.
    pub on_sale: bool,
    /// Our product.
    pub product: ProductId,
    /// Its name, for guests.
    pub title: String,
    /// What has to be known about the guests.
    #[serde(default)]
    pub guests: GuestRequirement,
    /// When what was sold can be used.
    #[serde(default)]
    pub validity: Validity,
    /// What a guest gets back, and when.
    #[serde(default)]
    pub refund: RefundRule,
    /// What is sold of it, ordered by listing.
    pub skus: Vec<SkuNotice>,
}

/// One SKU of a product of a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SkuNotice {
    /// Our listing id.
    pub listing: ListingId,
    /// As the channel names it, with its SKU.
    pub names: ListingNames,
    /// Whether it may be sold.
    pub on_sale: bool,
    /// Ours.
    pub sku: SkuId,
    /// Its name, for guests.
    pub title: String,
    /// People one unit admits.
    #[serde(default)]
    pub persons: u16,
    /// Fewest units of one order.
    pub minimum_units: u16,
    /// Most units of one order.
    pub maximum_units: u16,
}

/// Codes of one of our pools, which the channel gives to its buyers by itself: nobody here gives them any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CodesNotice {
    /// For what they are, as the channel names it, with its SKU.
    pub names: ListingNames,
    /// At most as many as the plugin declares ([`crate::capability::CodeNotices`]), each of them once.
    pub codes: Vec<PoolCode>,
    /// Until when the channel may give them, exclusive; for ever when none.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// What may have become of them before: then a code that the channel has already may be there by that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<EarlierCodes>,
}

/// What may have become of codes in calls whose answers nobody heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlierCodes {
    /// Calls with all of them together: the channel has all or none by that.
    Together,
    /// Calls with parts of them: it may have some.
    #[serde(other)]
    Parts,
}

/// A code on its way to a channel's own pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoolCode {
    /// Ours: answers name it so.
    pub id: CodeId,
    /// What the guest shows.
    pub credentials: Vec<Credential>,
}

/// To `deliver`: what the channel made of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case")]
pub enum Told {
    /// It took it.
    Done,
    /// It took it and decides later (a product's audit): the same notice again asks how it stands.
    Waiting(Wait),
    /// Of a calendar: it took the rest.
    Partly {
        /// The dates it refused; never empty.
        refused: Vec<RefusedDate>,
    },
    /// Of codes: what was not simply taken. No code is named twice, and those that are not named were taken.
    Codes {
        /// It certainly did not take these by this notice, nor by one before: it has them from elsewhere.
        #[serde(default)]
        refused: Vec<RefusedCode>,
        /// It certainly has none of these so far, and nothing is known against them: they are told again.
        #[serde(default)]
        untold: Vec<CodeId>,
        /// It may have these: they are told again, with [`CodesNotice::earlier`].
        #[serde(default)]
        unclear: Vec<CodeId>,
    },
    /// An answer added after this build.
    #[serde(other)]
    Unknown,
}

/// A code that a channel did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedCode {
    /// Which.
    pub code: CodeId,
    /// The channel's reason, for people; never holds the code.
    pub reason: String,
}

/// A date that a channel did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedDate {
    /// Whose.
    pub listing: ListingId,
    /// Which.
    pub date: VisitDate,
    /// The channel's reason, for people.
    pub reason: String,
}

/// How a waiting refund was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum RefundDecision {
    /// Yes.
    Agreed {
        /// The fee the channel computed, as it said it; none where it said none.
        #[serde(default)]
        fee: Option<Money>,
    },
    /// No.
    Refused {
        /// For the guest.
        reason: String,
        /// Credentials of the units that are good, where issuing had failed for the channel.
        #[serde(default)]
        repaired: Vec<UnitCredentials>,
    },
    /// A decision added after this build.
    #[serde(other)]
    Unknown,
}

/// What happened to an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum OrderEvent {
    /// We accepted it.
    Accepted,
    /// We refused it after payment.
    Refused {
        /// For people.
        reason: String,
    },
    /// Credentials are there.
    Issued {
        /// One entry for each unit.
        units: Vec<UnitCredentials>,
    },
    /// Credentials will not come.
    IssueFailed {
        /// For people.
        reason: String,
    },
    /// A waiting refund was decided.
    RefundDecided {
        /// The channel's key.
        key: String,
        /// The units it is about.
        units: Vec<u16>,
        /// How.
        decision: RefundDecision,
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
        /// The shop, where the channel needs one.
        shop: Option<String>,
        /// When the last refund was asked that was refused: a channel may want a use that follows to lie before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund_refused: Option<Timestamp>,
        /// What the guests of these units showed, for a channel that knows units by their codes: one entry for each
        /// unit that has any, in the order of their numbers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tickets: Vec<UnitCredentials>,
    },
    /// An event added after this build.
    #[serde(other)]
    Unknown,
}

impl OrderEvent {
    /// A short name for logs and capabilities.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused { .. } => "refused",
            Self::Issued { .. } => "issued",
            Self::IssueFailed { .. } => "issue_failed",
            Self::RefundDecided { .. } => "refund_decided",
            Self::Redeemed { .. } => "redeemed",
            Self::Unknown => "unknown",
        }
    }
}

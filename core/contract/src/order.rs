//! Orders, units, guests, credentials and refunds, as the core keeps them.

mod refund;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::StockKey;
use crate::ids::{
    ApplicationId, BucketId, ChannelOrderId, ConnectionId, DistributorId, ListingId, MerchantId, OrderId, ProductId,
    RefundId, SkuId, SupplierReference,
};
use crate::listing::UnitNames;
use crate::money::Money;
use crate::product::{DocumentKind, Fulfilment, LimitSubject, RefundRule, ReservationRule, Route};
use crate::time::{Timestamp, VisitDate};
use crate::version::Anything;

pub use refund::{Refund, RefundCause, RefundState};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Stock and credit are held, the guest has not paid.
    Created,
    /// Paid, not yet accepted (接单).
    Paid,
    /// Accepted; credentials not asked for yet.
    Accepted,
    /// A supplier is at work.
    Issuing,
    /// The guest holds credentials (or needs none).
    Issued,
    /// Every unit was used or given back, at least one was used.
    Completed,
    /// Every unit was given back after payment.
    Refunded,
    /// Ended before payment.
    Cancelled,
    /// We refused it after payment; the channel pays back.
    Refused,
}

impl OrderState {
    /// Whether nothing more is expected to happen.
    #[must_use]
    pub const fn ended(self) -> bool {
        matches!(self, Self::Completed | Self::Refunded | Self::Cancelled | Self::Refused)
    }
}

/// A purchase, or a reservation made with an earlier purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum OrderKind {
    /// Bought by itself.
    Purchase,
    /// Takes a date for units of a voucher order.
    Reservation {
        /// The voucher order.
        source: OrderId,
        /// The voucher order's units, one for each unit of the reservation, in their order.
        units: Vec<u16>,
    },
}

/// What an order has taken of one cell. Counts go down as units are given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The cell.
    pub key: StockKey,
    /// Units that stand in it.
    pub count: u32,
    /// The common bucket in whose place a connection's own share was taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<BucketId>,
}

/// What an order has used up of one purchase limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitTaken {
    /// The counter.
    pub key: LimitKey,
    /// Unit numbers that count; one that is given back counts no more.
    pub units: Vec<u16>,
}

/// A counter of a purchase limit: one product, one period, one person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LimitKey {
    /// The product.
    pub product: ProductId,
    /// By what people are told apart.
    pub per: LimitSubject,
    /// The period, by its venue-local name: `2026-10-01`, `2026-10`, or empty for ever.
    pub period: String,
    /// Keyed digest of the document or phone; never the text itself.
    pub subject: String,
}

/// Something that must happen in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// What.
    pub kind: DeadlineKind,
    /// By when.
    pub due: Timestamp,
    /// When somebody is warned; none once that was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<Timestamp>,
    /// Whether it passed without having been met.
    #[serde(default)]
    pub passed: bool,
}

impl Deadline {
    /// When it has to be looked at next; none once it passed.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        (!self.passed).then(|| self.warn.unwrap_or(self.due))
    }
}

/// What must happen in time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum DeadlineKind {
    /// The guest pays; otherwise the hold ends.
    Hold,
    /// We accept or refuse a paid order; otherwise the channel decides.
    Accept,
    /// Credentials are there; otherwise the channel gives the money back.
    Issue,
    /// A refund is decided; otherwise the channel decides.
    Audit {
        /// The refund.
        refund: RefundId,
    },
    /// The units of a voucher are reserved or used; otherwise the channel gives the money back.
    Reserve,
    /// The next call of the channel comes; otherwise nobody goes on with the order.
    Progress,
    /// The supplier is asked how much was used at its gate. Passed: the question is under way.
    Usage,
}

/// The dates of a visit or stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Date of entry or check-in.
    pub arrive: VisitDate,
    /// Date of leaving; the same as `arrive` for a ticket. For a stay the last night is the one before it.
    pub leave: VisitDate,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Ours.
    pub id: OrderId,
    /// The merchant.
    pub merchant: MerchantId,
    /// The first order of its family; its row is the family's lock.
    pub family: OrderId,
    /// Purchase or reservation.
    pub kind: OrderKind,
    /// The channel connection; notices go there.
    pub connection: ConnectionId,
    /// The application whose callbacks name it.
    pub application: ApplicationId,
    /// As the channel names it.
    pub channel_order: ChannelOrderId,
    /// What was sold.
    pub listing: ListingId,
    /// The product.
    pub product: ProductId,
    /// The SKU.
    pub sku: SkuId,
    /// When the guest comes; none for vouchers.
    pub visit: Option<Visit>,
    /// The stock it stands in: one of each bucket and date for each unit not given back.
    pub stock: Vec<Taken>,
    /// The purchase limits it counts for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitTaken>,
    /// Where it stands.
    pub state: OrderState,
    /// What was bought, unit by unit.
    pub units: Vec<Unit>,
    /// What the channel took from the guest for the whole order; recorded, never posted.
    pub retail: Money,
    /// The terms of the day it was sold.
    pub terms: Terms,
    /// A second name that the channel gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How the channel names the units, in the order of their numbers; empty where it names none. Without their codes,
    /// which are secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unit_names: Vec<UnitNames>,
    /// What the supplier calls it.
    pub supplier_reference: Option<SupplierReference>,
    /// Whether a person typed its codes (人工出票): then its supplier is not asked about use or to take units back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
    /// Whether the channel was told "issuing" and waits for a callback.
    pub callback_owed: bool,
    /// Whether it was issued from a pool that takes codes back, and nobody was answered or told its credentials.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unshown: bool,
    /// When it was created here.
    pub created_at: Timestamp,
    /// When the guest paid.
    pub paid_at: Option<Timestamp>,
    /// What must happen in time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deadlines: Vec<Deadline>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the form that serde calls
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What was agreed at the sale; later changes of the catalogue do not reach it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Who sold it, on whose credit line; none when the merchant sells by itself.
    pub distributor: Option<DistributorId>,
    /// What the distributor owes for one unit.
    pub settlement: Money,
    /// What the merchant owes his supplier for one unit; kept for margins, never posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// How a voucher's dates are reserved; none for what is not a voucher with reservations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<ReservationRule>,
    /// What a guest gets back.
    pub refund: RefundRule,
    /// Where credentials come from.
    pub fulfilment: Fulfilment,
    /// Suppliers that are asked when that one certainly refuses, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub otherwise: Vec<Route>,
    /// IANA zone of the venue.
    pub time_zone: String,
    /// First and last date of use, both inclusive.
    pub usable: Option<(VisitDate, VisitDate)>,
}

/// One unit (份) bought. Numbers start at 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its number within the order.
    pub number: u16,
    /// Where it stands.
    pub state: UnitState,
    /// Minor units captured from the distributor for it.
    #[serde(default)]
    pub captured_minor: i64,
    /// Minor units given back to the distributor for it; never more than captured.
    #[serde(default)]
    pub returned_minor: i64,
}

/// Where a unit stands. `bought = available + reserved + redeemed + refunded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitState {
    /// Bought (or held) and not used.
    Available,
    /// Taken by a live reservation.
    Reserved,
    /// Used (核销).
    Redeemed,
    /// Given back, before or after payment.
    Refunded,
    /// A state added after this build.
    #[serde(other)]
    Unknown,
}

/// A field of a guest: readable, or still sealed by the channel (opening it costs a call).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuestField {
    /// Readable text.
    Plain(String),
    /// The channel's own encryption.
    Sealed(String),
    /// A form added after this build.
    #[serde(untagged)]
    Unknown(Anything),
}

impl GuestField {
    /// The readable text, when there is one.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Sealed(_) | Self::Unknown(_) => None,
        }
    }
}

impl fmt::Debug for GuestField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => write!(f, "plain({} chars)", text.chars().count()),
            Self::Sealed(text) => write!(f, "sealed({} chars)", text.chars().count()),
            Self::Unknown(_) => f.write_str("unknown"),
        }
    }
}

/// One person. Nothing of it may reach a log, an error or a URL; `Debug` shows lengths only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Guest {
    /// Name.
    pub name: Option<GuestField>,
    /// Phone.
    pub phone: Option<GuestField>,
    /// Document number.
    pub document: Option<GuestField>,
    /// What the document is.
    pub document_kind: Option<DocumentKind>,
}

/// Everybody an order names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Guests {
    /// The contact (下单人).
    pub buyer: Option<Guest>,
    /// Those who enter (出行人).
    pub visitors: Vec<Guest>,
    /// What the guest writes to the merchant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<GuestField>,
}

/// What a guest shows (凭证).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// What it is.
    pub kind: CredentialKind,
    /// Its content; a secret until it is shown to the guest.
    pub value: String,
    /// Which document, for kind `document`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_kind: Option<DocumentKind>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({} chars)", self.kind, self.value.chars().count())
    }
}

/// Kinds of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// A number a person types (券号).
    VoucherNumber,
    /// The content of a QR code (券码).
    QrCode,
    /// The guest's own document.
    Document,
    /// A link that shows the ticket.
    Url,
    /// An image, base64 without prefix.
    Image,
    /// A password that goes with a voucher number.
    Password,
    /// A kind added after this build.
    #[serde(other)]
    Other,
}

/// The credentials of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitCredentials {
    /// The unit's number.
    pub unit: u16,
    /// What the guest shows for it; never empty.
    pub credentials: Vec<Credential>,
}

/// The ways an order's numbers are read by people and plugins.
impl Order {
    /// When it has to be looked at next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.iter().filter_map(Deadline::next).min()
    }

    /// When the hold of an unpaid order ends.
    #[must_use]
    pub fn hold_until(&self) -> Option<Timestamp> {
        self.deadlines.iter().find(|deadline| deadline.kind == DeadlineKind::Hold).map(|deadline| deadline.due)
    }

    /// The voucher order behind a reservation, with the units it took there.
    #[must_use]
    pub fn source(&self) -> Option<(&OrderId, &[u16])> {
        match &self.kind {
            OrderKind::Purchase => None,
            OrderKind::Reservation { source, units } => Some((source, units)),
        }
    }

    /// Units in one state.
    #[must_use]
    pub fn count(&self, state: UnitState) -> usize {
        self.units.iter().filter(|unit| unit.state == state).count()
    }

    /// Numbers of the units in one state.
    #[must_use]
    pub fn numbers(&self, state: UnitState) -> Vec<u16> {
        self.units.iter().filter(|unit| unit.state == state).map(|unit| unit.number).collect()
    }
}

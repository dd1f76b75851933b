//! What the core asks a channel about the channel's own side: to catch up after an outage, to reconcile, to open what a
//! guest's data is sealed with. Nothing changes there by asking.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::ChannelOrderId;
use crate::listing::ListingNames;
use crate::money::Money;
use crate::order::Credential;
use crate::time::{Timestamp, VisitDate};

/// Most texts of one [`Look::Sealed`].
pub const SEALED_LIMIT: usize = 100;

/// Most entries of one page.
pub const SEEN_LIMIT: usize = 500;

/// A question about the channel's side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "look", rename_all = "snake_case")]
pub enum Look {
    /// How does an order stand there?
    Order {
        /// As the channel names it.
        order: ChannelOrderId,
    },
    /// Which orders changed there? Page by page.
    Orders {
        /// From when on.
        from: Timestamp,
        /// Until when, exclusive.
        to: Timestamp,
        /// The page's name from the one before; none for the first.
        #[serde(default)]
        page: Option<String>,
    },
    /// What was booked there on a day (账单)? Page by page.
    Ledger {
        /// The day, in the channel's time.
        day: VisitDate,
        /// The page's name from the one before; none for the first.
        #[serde(default)]
        page: Option<String>,
    },
    /// What was used there? Page by page.
    Redemptions {
        /// From when on.
        from: Timestamp,
        /// Until when, exclusive.
        to: Timestamp,
        /// The page's name from the one before; none for the first.
        #[serde(default)]
        page: Option<String>,
    },
    /// How does a product stand there?
    Product {
        /// As the channel names it.
        names: ListingNames,
    },
    /// Which shops (门店, POI) belong to the connection's account? Page by page.
    Shops {
        /// The page's name from the one before; none for the first.
        #[serde(default)]
        page: Option<String>,
    },
    /// What does sealed text say?
    Sealed(Sealed),
    /// To which order did the channel give a code of its own pool (预置码)?
    ReservedCode {
        /// For what it was handed over, as the channel names it.
        names: ListingNames,
        /// What the guest shows.
        credentials: Vec<Credential>,
    },
    /// A question added after this build.
    #[serde(other)]
    Unknown,
}

/// Texts under the channel's own encryption.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The order they came with; some channels open only together with it.
    pub order: ChannelOrderId,
    /// At most [`SEALED_LIMIT`], each as it came.
    pub texts: Vec<String>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sealed texts of {}", self.texts.len(), self.order)
    }
}

/// The questions by name, for cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookName {
    /// [`Look::Order`].
    Order,
    /// [`Look::Orders`].
    Orders,
    /// [`Look::Ledger`].
    Ledger,
    /// [`Look::Redemptions`].
    Redemptions,
    /// [`Look::Product`].
    Product,
    /// [`Look::Shops`].
    Shops,
    /// [`Look::Sealed`].
    Sealed,
    /// [`Look::ReservedCode`].
    ReservedCode,
    /// A question added after this build.
    #[serde(other)]
    Unknown,
}

impl LookName {
    /// As it stands in a card.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Orders => "orders",
            Self::Ledger => "ledger",
            Self::Redemptions => "redemptions",
            Self::Product => "product",
            Self::Shops => "shops",
            Self::Sealed => "sealed",
            Self::ReservedCode => "reserved_code",
            Self::Unknown => "unknown",
        }
    }
}

impl Look {
    /// Its name; none for what was added after this build.
    #[must_use]
    pub const fn name(&self) -> Option<LookName> {
        Some(match self {
            Self::Order { .. } => LookName::Order,
            Self::Orders { .. } => LookName::Orders,
            Self::Ledger { .. } => LookName::Ledger,
            Self::Redemptions { .. } => LookName::Redemptions,
            Self::Product { .. } => LookName::Product,
            Self::Shops { .. } => LookName::Shops,
            Self::Sealed(_) => LookName::Sealed,
            Self::ReservedCode { .. } => LookName::ReservedCode,
            Self::Unknown => return None,
        })
    }
}

/// To `look`: what was seen, in the form that fits the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum Seen {
    /// To [`Look::Order`] (at most one) and [`Look::Orders`].
    Orders {
        /// At most [`SEEN_LIMIT`].
        orders: Vec<OrderSeen>,
        /// The next page's name; none for the last.
        #[serde(default)]
        next: Option<String>,
    },
    /// To [`Look::Ledger`].
    Ledger {
        /// At most [`SEEN_LIMIT`].
        lines: Vec<LedgerLine>,
        /// The next page's name; none for the last.
        #[serde(default)]
        next: Option<String>,
    },
    /// To [`Look::Redemptions`].
    Redemptions {
        /// At most [`SEEN_LIMIT`].
        lines: Vec<RedemptionLine>,
        /// The next page's name; none for the last.
        #[serde(default)]
        next: Option<String>,
    },
    /// To [`Look::Product`].
    Products {
        /// One for each SKU; empty when the channel knows nothing of it.
        products: Vec<ProductSeen>,
    },
    /// To [`Look::Shops`].
    Shops {
        /// At most [`SEEN_LIMIT`].
        shops: Vec<ShopSeen>,
        /// The next page's name; none for the last.
        #[serde(default)]
        next: Option<String>,
    },
    /// To [`Look::Sealed`].
    Opened(Opened),
    /// To [`Look::ReservedCode`].
    ReservedCode {
        /// Whose it is; none while the channel gave it to nobody.
        order: Option<BoundOrder>,
    },
    /// An answer added after this build.
    #[serde(other)]
    Unknown,
}

/// An order to which a channel gave codes of its own pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundOrder {
    /// As the channel names it.
    pub order: ChannelOrderId,
    /// What was bought, as the channel names it.
    #[serde(default)]
    pub names: ListingNames,
    /// How many codes it has.
    pub codes: u32,
    /// When it was made there.
    #[serde(default)]
    pub ordered_at: Option<Timestamp>,
    /// What the guest paid.
    #[serde(default)]
    pub paid: Option<Money>,
}

/// Opened texts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// One for each text asked for, in order; none for one that the channel does not open.
    pub texts: Vec<Option<String>>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} opened texts", self.texts.iter().flatten().count())
    }
}

/// How an order stands at the channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSeen {
    /// As the channel names it.
    pub order: ChannelOrderId,
    /// Where it stands.
    pub state: SeenState,
    /// The same in the channel's own word or number; what this build cannot name is kept by it.
    pub raw_state: String,
    /// Our order id as the channel stores it.
    #[serde(default)]
    pub own_order: Option<String>,
    /// The order of the vouchers that this one reserves, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_order: Option<ChannelOrderId>,
    /// What was bought, as the channel names it.
    #[serde(default)]
    pub names: ListingNames,
    /// When it was made there.
    #[serde(default)]
    pub ordered_at: Option<Timestamp>,
    /// When the guest paid.
    #[serde(default)]
    pub paid_at: Option<Timestamp>,
    /// When it changed last there.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
    /// Units bought, where it says so.
    #[serde(default)]
    pub units: Option<u32>,
    /// Units used, where it says so.
    #[serde(default)]
    pub used_units: Option<u32>,
    /// Units given back, where it says so.
    #[serde(default)]
    pub refunded_units: Option<u32>,
    /// What the guest paid for the whole order, where it says so.
    #[serde(default)]
    pub paid: Option<Money>,
    /// What the guest got back so far, where it says so.
    #[serde(default)]
    pub refunded: Option<Money>,
}

/// Where an order stands at a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenState {
    /// Made, not paid.
    Unpaid,
    /// Paid, and nothing more happened.
    Paid,
    /// The guest holds credentials.
    Issued,
    /// All of it was used.
    Used,
    /// All of it was given back.
    Refunded,
    /// It ended before payment.
    Cancelled,
    /// Anything else; the raw word tells.
    #[serde(other)]
    Other,
}

/// One use (核销) as the channel recorded it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedemptionLine {
    /// The channel's id of the use; the same use comes with the same id.
    pub id: String,
    /// The order, where it names one.
    #[serde(default)]
    pub order: Option<ChannelOrderId>,
    /// Units it counts for.
    pub units: u32,
    /// When.
    pub at: Timestamp,
    /// When it was taken back; none while it stands.
    #[serde(default)]
    pub undone_at: Option<Timestamp>,
}

/// One line of a channel's bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// The channel's id of the line; the same line comes with the same id.
    pub id: String,
    /// The order, where it names one.
    #[serde(default)]
    pub order: Option<ChannelOrderId>,
    /// What it is for, in the channel's word.
    pub what: String,
    /// What the merchant receives; negative for what goes back.
    pub amount: Money,
    /// What the channel keeps.
    #[serde(default)]
    pub commission: Option<Money>,
    /// When.
    pub at: Timestamp,
}

/// How a product stands at the channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductSeen {
    /// As the channel names it.
    pub names: ListingNames,
    /// Its title there.
    pub title: String,
    /// Whether it is on sale there.
    pub on_sale: bool,
    /// How its audit stands, in the channel's word.
    #[serde(default)]
    pub audit: Option<String>,
    /// Its price there, where it has one for all dates.
    #[serde(default)]
    pub price: Option<Money>,
    /// Its stock there, where it has one for all dates.
    #[serde(default)]
    pub stock: Option<u32>,
}

/// A shop of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopSeen {
    /// The channel's id.
    pub id: String,
    /// Its name there.
    pub name: String,
    /// Our id of it as the channel stores it.
    #[serde(default)]
    pub out_id: Option<String>,
}

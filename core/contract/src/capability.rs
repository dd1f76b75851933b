//! What a plugin can do, as data. What it does not declare never reaches it.

use serde::{Deserialize, Serialize};

use crate::looking::LookName;
use crate::supplier::ResendWay;

/// Declared abilities and limits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Present when the plugin is a channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelCapabilities>,
    /// Present when the plugin is a supplier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier: Option<SupplierCapabilities>,
}

/// What a channel can do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelCapabilities {
    /// What it can tell its partner ([`crate::notice::Notice::name`]).
    pub notices: Vec<String>,
    /// Those of them that the partner takes twice without a second effect; the others are not repeated blindly.
    pub repeatable_notices: Vec<String>,
    /// Whether single units can be redeemed, or only the whole order.
    pub redeem_units: bool,
    /// Whether single units can be refunded.
    pub refund_units: bool,
    /// What the core may ask it about its partner.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<LookName>,
    /// The limits of the notice `calendar`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarNotices>,
    /// The limits of the notice `codes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codes: Option<CodeNotices>,
    /// What the partner has to allow the application (scopes, 能力), in its own words: a person agrees it with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Scope>,
    /// Present when it sells pairs: a voucher, and the one dated product that its holder reserves. A listing of one has to
    /// follow the rules of pairs then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairs: Option<Pairs>,
    /// What only a person can see to at the partner before a connection sells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub duties: Vec<Duty>,
}

/// How a channel binds a voucher and what is reserved with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairs {
    /// Stands between our SKU ids of the two, in the one name under which the channel keeps both
    /// ([`crate::listing::ListingNames::sku_out`] or [`crate::listing::ListingNames::product_out`]).
    pub separator: char,
}

/// Something that a person has to see to at a partner.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Duty {
    /// Its name, for programs.
    pub name: String,
    /// What to do, in Chinese.
    pub zh: String,
    /// What to do, in English.
    pub en: String,
}

/// Something that a partner has to allow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// As the partner calls it.
    pub name: String,
    /// What it is for; a person reads it.
    pub what: String,
    /// Whether the connection works without it, less something.
    pub optional: bool,
}

/// How a channel is told about dates.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CalendarNotices {
    /// Most dates of each SKU in one notice; at least 1.
    pub dates_limit: u16,
    /// Most SKUs of one notice; at least 1.
    pub skus_limit: u16,
    /// How many days ahead it wants to know, today included.
    pub horizon_days: u16,
}

/// How a channel takes codes into a pool of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeNotices {
    /// Most codes of one notice; at least 1.
    pub codes_limit: u16,
}

/// What a supplier can do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SupplierCapabilities {
    /// How it fulfils. A card has to say it.
    pub fulfils: Fulfils,
    /// Guests show their tickets at Entrepot's own desk.
    pub own_gate: bool,
}

/// How a supplier fulfils.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Fulfils {
    /// From a pool that the core keeps; the plugin only prepares imported codes.
    Pool,
    /// By calls.
    Calls(Box<Calls>),
    /// Not said, or a way added after this build: a host does not take such a card.
    #[default]
    #[serde(other)]
    Unknown,
}

/// The calls that a supplier answers. What is absent is never called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Calls {
    /// It books.
    pub book: BookAbility,
    /// It keeps units before they are booked, and gives them up again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldAbility>,
    /// It tells what became of an order by our number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inquire: Option<InquireAbility>,
    /// It takes units back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<CancelAbility>,
    /// It tells how much was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageAbility>,
    /// The ways in which it shows tickets again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resend: Vec<ResendWay>,
    /// It tells what it sells.
    pub catalogue: bool,
    /// It tells prices and stock by date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarAbility>,
}

/// How a supplier books.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BookAbility {
    /// Repeating with our order number never books twice.
    pub repeatable: bool,
    /// Most units of one order; none is without limit.
    pub units_limit: Option<u16>,
    /// A booking that is pending for longer, in milliseconds since its job was born, is an alert; none: after an hour.
    pub pending_alert_ms: Option<u64>,
}

/// How a supplier keeps units before they are booked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HoldAbility {
    /// The longest hold it grants, in milliseconds from now.
    pub longest_ms: u64,
    /// Whether a hold can be made longer.
    pub extends: bool,
}

/// How a supplier tells what became of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InquireAbility {
    /// How far its answers may lag behind its calls, in milliseconds; 0 when what was written is read. "Not found" and
    /// "not asked" are believed when they are said twice, so far apart.
    pub not_found_after_ms: u64,
}

/// How a supplier takes units back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CancelAbility {
    /// Whether a part of an order can go; otherwise only all of its units together.
    pub units: bool,
    /// Repeating with its key never cancels twice.
    pub repeatable: bool,
    /// Whether it tells how a cancellation stands: `inquire_cancel`.
    pub inquire: bool,
    /// An audit that takes longer, in milliseconds since its job was born, is an alert; none: after a day.
    pub audit_alert_ms: Option<u64>,
}

/// How a supplier tells how much was used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UsageAbility {
    /// How often it may be asked about one order on its day, in milliseconds.
    pub poll_ms: u64,
}

/// How a supplier tells prices and stock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CalendarAbility {
    /// Most dates of one question; at least 1.
    pub days_limit: u16,
}

impl SupplierCapabilities {
    /// A supplier that fulfils from a pool of the core.
    #[must_use]
    pub const fn pool() -> Self {
        Self { fulfils: Fulfils::Pool, own_gate: false }
    }

    /// The same, with tickets shown at Entrepot's own desk.
    #[must_use]
    pub fn own_gate(self) -> Self {
        Self { own_gate: true, ..self }
    }

    /// Whether it fulfils from a pool.
    #[must_use]
    pub const fn is_pool(&self) -> bool {
        matches!(self.fulfils, Fulfils::Pool)
    }

    /// The calls it answers; none when it fulfils otherwise.
    #[must_use]
    pub fn calls(&self) -> Option<&Calls> {
        match &self.fulfils {
            Fulfils::Calls(calls) => Some(calls),
            Fulfils::Pool | Fulfils::Unknown => None,
        }
    }
}

impl From<Calls> for SupplierCapabilities {
    fn from(calls: Calls) -> Self {
        Self { fulfils: Fulfils::Calls(Box::new(calls)), own_gate: false }
    }
}

/// A card's calls, written down one after the other: `Calls::book().repeatable().inquire(0).into()`.
impl Calls {
    /// It books, and nothing else.
    #[must_use]
    pub fn book() -> Self {
        Self::default()
    }

    /// Booking repeats: our order number never books twice.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.book.repeatable = true;
        self
    }

    /// Most units of one order.
    #[must_use]
    pub fn units_limit(mut self, units: u16) -> Self {
        self.book.units_limit = Some(units);
        self
    }

    /// It can be asked about bookings; its answers lag behind its calls by at most so many milliseconds.
    #[must_use]
    pub fn inquire(mut self, not_found_after_ms: u64) -> Self {
        self.inquire = Some(InquireAbility { not_found_after_ms });
        self
    }

    /// It takes units back.
    #[must_use]
    pub fn cancel(mut self, cancel: CancelAbility) -> Self {
        self.cancel = Some(cancel);
        self
    }
}

impl CancelAbility {
    /// Only whole orders, once, and without an audit that can be asked about.
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }

    /// Whole orders and parts of them.
    #[must_use]
    pub fn parts() -> Self {
        Self { units: true, ..Self::default() }
    }

    /// Its key never cancels twice.
    #[must_use]
    pub fn repeatable(self) -> Self {
        Self { repeatable: true, ..self }
    }

    /// It tells how a cancellation stands.
    #[must_use]
    pub fn inquire(self) -> Self {
        Self { inquire: true, ..self }
    }
}

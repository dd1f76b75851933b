//! The calls a supplier answers.
//!
//! Three rules hold for all of them. Our order number is the key of what is held and booked, and a cancellation's `key`
//! is its own: a repeat carries the same. What a supplier tells of use and of stock are totals, never increments. A call
//! that came in from outside carries nothing to believe unless its signature covers the contents.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::channel::RawRequest;
use crate::hearing::Heard;
use crate::ids::{OrderId, SupplierReference};
use crate::money::Money;
use crate::order::{Guest, UnitCredentials, Visit};
use crate::outcome::Refusal;
use crate::reading::{CalendarPage, CataloguePage};
use crate::time::{Timestamp, VisitDate};

/// Longest [`Memo`], in bytes.
pub const MEMO_LIMIT_BYTES: usize = 256;

/// An order as a supplier needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierOrder {
    /// Our order number: the idempotency key at the supplier.
    pub order: OrderId,
    /// What the supplier called it, once known.
    #[serde(default)]
    pub reference: Option<SupplierReference>,
    /// The product in the supplier's words.
    pub product_code: String,
    /// All units, in the order of their numbers; never empty, numbers never change.
    pub units: Vec<SupplierUnit>,
    /// When; none for undated things.
    #[serde(default)]
    pub visit: Option<Visit>,
    /// The time slot, by its id at the supplier, where there are several.
    #[serde(default)]
    pub slot: Option<String>,
    /// The contact (下单人).
    #[serde(default)]
    pub buyer: Option<Guest>,
    /// What we owe for one unit, where it was agreed.
    #[serde(default)]
    pub unit_cost: Option<Money>,
}

/// One unit (份), with those who enter with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierUnit {
    /// Its number within the order.
    pub number: u16,
    /// Those who enter with it (出行人); empty where nobody is named. One guest for a whole order stands at its first
    /// unit.
    #[serde(default)]
    pub guests: Vec<Guest>,
    /// Whether it was given back at the supplier before, so that a call can be said by what remains.
    #[serde(default)]
    pub gone: bool,
}

impl SupplierOrder {
    /// Units of the order, also those given back.
    #[must_use]
    pub fn count(&self) -> u16 {
        u16::try_from(self.units.len()).unwrap_or(u16::MAX)
    }

    /// Numbers of the units not given back, in order.
    #[must_use]
    pub fn left(&self) -> Vec<u16> {
        self.units.iter().filter(|unit| !unit.gone).map(|unit| unit.number).collect()
    }

    /// Whether these units are all that is left: with them the order ends.
    #[must_use]
    pub fn is_rest(&self, units: &[u16]) -> bool {
        self.left() == units
    }

    /// Everybody who enters, unit by unit.
    pub fn guests(&self) -> impl Iterator<Item = &Guest> {
        self.units.iter().flat_map(|unit| &unit.guests)
    }
}

/// The calls, in the words of the boundary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum SupplierRequest {
    /// Keep units for a while, or longer: a repeat with a later `until` extends.
    Hold {
        /// What.
        order: Box<SupplierOrder>,
        /// How long we would like them; the supplier may grant less.
        until: Timestamp,
    },
    /// Give up what is held. Done also when it has ended by itself.
    Release {
        /// Which.
        order: Box<SupplierOrder>,
    },
    /// Book and issue; confirms where units are held.
    Book {
        /// What.
        order: Box<SupplierOrder>,
    },
    /// What became of the booking? Asked before anything else when an outcome is unknown.
    Inquire {
        /// Which.
        order: Box<SupplierOrder>,
        /// What the last [`Wait`] about it said.
        #[serde(default)]
        memo: Option<Memo>,
    },
    /// Give units back.
    Cancel {
        /// Which order.
        order: Box<SupplierOrder>,
        /// Unit numbers, in order: never empty, none of them gone. See [`SupplierOrder::is_rest`].
        units: Vec<u16>,
        /// The key of this cancellation, the same for every repeat.
        key: String,
    },
    /// How does that cancellation stand?
    InquireCancel {
        /// Which order.
        order: Box<SupplierOrder>,
        /// As in `cancel`.
        units: Vec<u16>,
        /// As in `cancel`.
        key: String,
        /// What the last [`Wait`] about it said.
        #[serde(default)]
        memo: Option<Memo>,
    },
    /// How much was used and given back until now?
    Usage {
        /// Of which order.
        order: Box<SupplierOrder>,
    },
    /// Show the guest his tickets again.
    Resend {
        /// Of which order.
        order: Box<SupplierOrder>,
        /// How.
        how: ResendWay,
        /// One for each time that a person asks.
        key: String,
    },
    /// What is sold there? Page by page; the same page again gives the same.
    ReadCatalogue {
        /// The page's name from the one before; none for the first.
        #[serde(default)]
        page: Option<String>,
    },
    /// Prices and stock of one product, for a range of dates within the declared limit.
    ReadCalendar {
        /// The product in the supplier's words.
        product_code: String,
        /// First date.
        first: VisitDate,
        /// Last date, inclusive.
        last: VisitDate,
        /// The page's name from the one before; none for the first.
        #[serde(default)]
        page: Option<String>,
    },
    /// A call came in. Authentic, and what does it tell?
    Hear {
        /// The call.
        raw: RawRequest,
    },
    /// Turn imported rows into ready credentials (suppliers that fulfil from a pool).
    PrepareCodes {
        /// The rows.
        rows: Vec<CodeRow>,
    },
    /// A call added after this build.
    #[serde(other)]
    Unknown,
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

impl fmt::Debug for CodeRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} ({} chars)", self.line, self.code.chars().count())
    }
}

/// A word of the plugin that the core keeps with a job and brings with the next question: a batch number, a place in a
/// queue. At most 256 bytes, never a guest's data. Stored before anybody is answered.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Memo(String);

impl Memo {
    /// Nothing when the text is empty or too long.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (1..=MEMO_LIMIT_BYTES).contains(&text.len()).then_some(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memo({} bytes)", self.0.len())
    }
}

impl<'de> Deserialize<'de> for Memo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("a memo has 1 to {MEMO_LIMIT_BYTES} bytes"));
        Self::new(text).ok_or_else(wrong)
    }
}

/// Under way: ask again later, and with what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wait {
    /// When, in milliseconds: 100 to 3,600,000, what is outside is brought into it. The core's own rhythm when left out.
    pub ask_after_ms: Option<u64>,
    /// Comes back with the next question; what an earlier wait said stays when this one says nothing.
    pub memo: Option<Memo>,
}

impl Wait {
    /// To be asked again after so many milliseconds.
    #[must_use]
    pub const fn ms(ask_after_ms: u64) -> Self {
        Self { ask_after_ms: Some(ask_after_ms), memo: None }
    }

    /// With a word that comes back; none is left out.
    #[must_use]
    pub fn with_memo(self, memo: Option<Memo>) -> Self {
        Self { memo, ..self }
    }
}

/// To `hold`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "holding", rename_all = "snake_case")]
pub enum Holding {
    /// The units are kept.
    Held {
        /// What the supplier calls it.
        #[serde(default)]
        reference: Option<SupplierReference>,
        /// Until when; it may be earlier than what was asked for.
        until: Timestamp,
    },
    /// It is booked already.
    Booked,
    /// A certain no.
    Refused(Refusal),
    /// An answer added after this build.
    #[serde(other)]
    Unknown,
}

/// What became of a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "booking", rename_all = "snake_case")]
pub enum Booking {
    /// Issued; one entry for each unit, none of them empty.
    Issued {
        /// What the supplier calls it.
        #[serde(default)]
        reference: Option<SupplierReference>,
        /// The credentials.
        units: Vec<UnitCredentials>,
    },
    /// Taken, credentials follow: inquire later.
    Pending {
        /// What the supplier calls it.
        #[serde(default)]
        reference: Option<SupplierReference>,
        /// When to ask again, and with what.
        #[serde(default)]
        wait: Wait,
    },
    /// A certain no: nothing is booked.
    Refused(Refusal),
    /// Not to `book`: kept by a hold, not booked.
    Held {
        /// Until when.
        until: Timestamp,
    },
    /// Not to `book`: the supplier never heard of it. Not believed before it is said twice.
    NotFound,
    /// Not to `book`: all of it was given back.
    Cancelled,
    /// An answer added after this build.
    #[serde(other)]
    Unknown,
}

/// What became of a cancellation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cancellation", rename_all = "snake_case")]
pub enum Cancellation {
    /// Given back.
    Done {
        /// What the supplier keeps of what we owe for these units, where it says so.
        #[serde(default)]
        fee: Option<Money>,
    },
    /// A certain no, for example because it was used: the tickets stay good.
    Refused(Refusal),
    /// Taken; the supplier audits it (退票审核).
    Waiting(Wait),
    /// To `inquire_cancel` only: nobody asked for it. Not believed before it is said twice.
    NotAsked,
    /// An answer added after this build.
    #[serde(other)]
    Unknown,
}

/// To `usage`: totals since the order was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Used (核销).
    pub used: UsedUnits,
    /// Given back.
    pub gone: UsedUnits,
    /// When the last use was; none when the supplier does not say.
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
    /// Nothing more will happen (完结, expired).
    #[serde(default)]
    pub ended: bool,
}

/// Units by number where the supplier tells them apart, otherwise how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum UsedUnits {
    /// These.
    Number {
        /// Unit numbers of the order, each once.
        numbers: Vec<u16>,
    },
    /// So many, whichever.
    Count {
        /// At most the units of the order.
        count: u16,
    },
    /// A way added after this build.
    #[serde(other)]
    Unknown,
}

/// How a ticket is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResendWay {
    /// By the supplier's own message to the order's contact.
    Message,
    /// As credentials, now.
    Credentials,
    /// A way added after this build.
    #[serde(other)]
    Unknown,
}

/// To `resend`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "resent", rename_all = "snake_case")]
pub enum Resent {
    /// The supplier sent a message.
    Sent,
    /// The credentials as they are now, of units that are not gone.
    Credentials {
        /// Never empty.
        units: Vec<UnitCredentials>,
    },
    /// A certain no.
    Refused(Refusal),
    /// An answer added after this build.
    #[serde(other)]
    Unknown,
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
    /// To `hold`.
    Holding(Holding),
    /// To `release`: nothing is held any more.
    Released,
    /// To `book` and `inquire`.
    Booking(Booking),
    /// To `cancel` and `inquire_cancel`.
    Cancellation(Cancellation),
    /// To `usage`.
    Usage(Usage),
    /// To `resend`.
    Resent(Resent),
    /// To `read_catalogue`.
    Catalogue(CataloguePage),
    /// To `read_calendar`.
    Calendar(CalendarPage),
    /// To `hear`.
    Heard(Heard),
    /// To `prepare_codes`.
    Codes {
        /// One entry for each row, in order.
        rows: Vec<PreparedCode>,
    },
    /// An answer added after this build.
    #[serde(other)]
    Unknown,
}

/// Whether these are credentials for the units of an order: none is foreign, doubled or empty, and none that is left is
/// missing.
#[must_use]
pub fn credentials_fit(order: &SupplierOrder, units: &[UnitCredentials]) -> bool {
    let known: BTreeSet<u16> = order.units.iter().map(|unit| unit.number).collect();
    let told: BTreeSet<u16> = units.iter().map(|unit| unit.unit).collect();
    let full = |unit: &UnitCredentials| {
        !unit.credentials.is_empty() && unit.credentials.iter().all(|credential| !credential.value.is_empty())
    };
    told.len() == units.len()
        && told.is_subset(&known)
        && order.left().iter().all(|unit| told.contains(unit))
        && units.iter().all(full)
}

//! What a supplier tells of its goods and their calendar, page by page.

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::time::{Timestamp, VisitDate};

/// Most goods of one page.
pub const GOODS_LIMIT: usize = 500;
/// Most cells of one page.
pub const CELLS_LIMIT: usize = 1_000;

/// To `read_catalogue`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CataloguePage {
    /// At most 500.
    pub goods: Vec<SupplierGood>,
    /// The next page's name; none after the last.
    pub next: Option<String>,
}

/// Something that can be booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierGood {
    /// What a SKU names as its product code.
    pub product_code: String,
    /// For people.
    pub name: String,
    /// Whether a booking names a date.
    #[serde(default)]
    pub dated: bool,
    /// Whether a booking names a time slot of its date.
    #[serde(default)]
    pub slotted: bool,
    /// Fewest units of one order; none: one.
    #[serde(default)]
    pub minimum_units: Option<u16>,
    /// Most units of one order; none: the supplier does not say.
    #[serde(default)]
    pub maximum_units: Option<u16>,
    /// IANA zone of the venue, where the supplier says it.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// To `read_calendar`. A date that was asked for and is not in any page is unknown, not closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CalendarPage {
    /// At most 1,000, within the dates asked for.
    pub cells: Vec<SupplierCell>,
    /// The next page's name; none after the last.
    pub next: Option<String>,
}

/// One date, or one time slot of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierCell {
    /// The date at the venue.
    pub date: VisitDate,
    /// The slot, where the date has several.
    #[serde(default)]
    pub slot: Option<Slot>,
    /// Whether it is on sale.
    pub open: bool,
    /// Units that the supplier would still sell to us; what we booked already is not among them.
    #[serde(default)]
    pub vacancies: Vacancies,
    /// What we owe for one unit.
    #[serde(default)]
    pub cost: Option<Money>,
    /// When bookings end.
    #[serde(default)]
    pub cutoff: Option<Timestamp>,
}

/// How many units a supplier would still sell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "are", rename_all = "snake_case")]
pub enum Vacancies {
    /// So many.
    Limited {
        /// Units.
        units: u32,
    },
    /// As many as are asked for.
    Unlimited,
    /// The supplier does not say, or in a way added after this build.
    #[default]
    #[serde(other)]
    Unknown,
}

/// A time slot (时段).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// What an order names it by.
    pub id: String,
    /// Its begin at the venue, `HH:mm`.
    pub starts: String,
    /// Its end at the venue, `HH:mm`.
    pub ends: String,
}

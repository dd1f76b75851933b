//! What one SKU costs on one date, whether it sells, and the stock behind it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{BucketId, SkuId};
use crate::money::Money;
use crate::reading::Slot;
use crate::time::{Timestamp, VisitDate};

/// One SKU on one date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarDay {
    /// The SKU.
    pub sku: SkuId,
    /// The date at the venue; none for what is sold without a date.
    pub date: Option<VisitDate>,
    /// What a guest pays for one unit.
    pub retail: Money,
    /// What a distributor owes for one unit.
    pub settlement: Money,
    /// Whether the date is on sale.
    pub open: bool,
    /// When sales for the date end; none means with the date itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close: Option<SalesClose>,
    /// What the merchant owes his supplier for one unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// Fewest units of one order for this date; the SKU's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_units: Option<u16>,
    /// Most units of one order for this date; the SKU's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_units: Option<u16>,
    /// When its supplier takes the last booking for the date; it is sold until then at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<Timestamp>,
    /// The time slots (时段) that the date is sold by, by their begin; empty where it is sold as a whole. At most
    /// [`SLOTS_LIMIT`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<DaySlot>,
}

/// Most time slots of one date.
pub const SLOTS_LIMIT: usize = 200;

impl CalendarDay {
    /// The time slot of that id.
    #[must_use]
    pub fn slot(&self, id: &str) -> Option<&DaySlot> {
        self.slots.iter().find(|slot| slot.slot.id == id)
    }
}

/// One time slot of a date. Its price is the date's; its stock stands in the cell of its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySlot {
    /// Its id and times.
    pub slot: Slot,
    /// What the merchant owes his supplier for one unit; the date's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// When its supplier takes the last booking for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<Timestamp>,
}

/// When sales for a date end (提前预订时间), in venue time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SalesClose {
    /// Days before the date of visit; 0 is the day itself.
    pub days_before: u16,
    /// Minutes since 00:00 of that day (1080 is 18:00).
    pub minute_of_day: u16,
}

/// A cell of dated stock. Undated stock has no date.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StockKey {
    /// The bucket.
    pub bucket: BucketId,
    /// The date; none for vouchers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<VisitDate>,
    /// The time slot (时段), where the date has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
}

/// How many units a cell may sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capacity {
    /// At most this many.
    Limited(u32),
    /// As many as are asked for.
    Unlimited,
}

/// A cell's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// How many units may be sold.
    pub capacity: Capacity,
    /// Units of orders not yet paid.
    pub held: u32,
    /// Units of paid orders.
    pub sold: u32,
}

impl Stock {
    /// Units that may still be sold; `None` is without limit.
    #[must_use]
    pub fn left(&self) -> Option<u32> {
        match self.capacity {
            Capacity::Unlimited => None,
            Capacity::Limited(limit) => Some(limit.saturating_sub(self.held).saturating_sub(self.sold)),
        }
    }
}

//! Price and stock by date: Douyin's pull call and its answer. The calendar item is the one of the publish call.

use serde::{Deserialize, Serialize};

use crate::kinds::CalendarType;
use crate::number::{Fen, Id, blank_as_none, null_as_empty};
use crate::time::Day;

/// Price and stock pull: at most 60 days. Scenic §16, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullCalendar {
    /// Merchant account.
    pub account_id: Id,
    /// Douyin's product; absent while it is being created.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub product_id: Option<Id>,
    /// Our product.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub product_out_id: Option<Id>,
    /// First day.
    pub start_date: Day,
    /// Last day.
    pub end_date: Day,
    /// The specifications asked for; empty means all.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub ticket_specifications: Vec<SpecificationRef>,
}

/// A specification by its ids. Scenic §16, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SpecificationRef {
    /// Douyin's.
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub sku_id: Option<Id>,
    /// Ours; required in the answer, and equal to the product's id of ours for a single-specification product.
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub sku_out_id: Option<Id>,
}

/// Payload of the pull's answer. Scenic §16, `documented`, tail `inferred`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PullCalendarAnswer {
    /// One element per specification.
    pub ticket_sku_and_calendar: Vec<SkuCalendar>,
}

/// One specification with all its dates in one list. Scenic §15, §16, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkuCalendar {
    /// Which.
    pub ticket_specification: SpecificationRef,
    /// The dates.
    pub calendar_list: Vec<CalendarItem>,
}

/// Price and stock of some days. Scenic §14, `documented`; in the pull's answer `inferred`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CalendarItem {
    /// How the days are named.
    pub calendar_type: CalendarType,
    /// The days.
    pub calendar_value: CalendarValue,
    /// List price, fen.
    pub origin_amount: Fen,
    /// Selling price, fen.
    pub actual_amount: Fen,
    /// Settlement price, fen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settle_amount: Option<Fen>,
    /// Stock of each day.
    pub stock_qty: u64,
    /// On sale or not; the values were not seen, so they are configuration (`inferred`: 1 open, 0 closed).
    pub status: i64,
}

/// The days of a calendar item. Scenic §14, `documented` fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CalendarValue {
    /// First day of a range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Day>,
    /// Last day of a range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Day>,
    /// Single dates `yyyy-MM-dd`, or weekday numbers (`inferred`); always written.
    pub value_list: Vec<String>,
    /// Dates left out of a range.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_date_list: Vec<Day>,
}

impl CalendarItem {
    /// An item of single dates, the safest form (`inferred`).
    pub fn of_dates(days: &[Day], origin_amount: Fen, actual_amount: Fen, stock_qty: u64, status: i64) -> Self {
        let value_list = days.iter().map(Day::to_string).collect();
        Self {
            calendar_type: CalendarType::Dates,
            calendar_value: CalendarValue { value_list, ..CalendarValue::default() },
            origin_amount,
            actual_amount,
            settle_amount: None,
            stock_qty,
            status,
        }
    }
}

//! Price and stock by date: Douyin's pull call with its answer, and the two publish calls. The calendar item is the
//! same everywhere.

use std::collections::BTreeSet;

use chrono::Datelike;
use serde::{Deserialize, Serialize};

use crate::kinds::CalendarType;
use crate::number::{Fen, Id, Int, Text, blank_as_none, null_as_empty};
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuCalendar {
    /// Which.
    pub ticket_specification: SpecificationRef,
    /// The dates.
    pub calendar_list: Vec<CalendarItem>,
}

/// Body of the publish call for one specification. Scenic §14, `documented` fields. Whether it replaces the whole calendar
/// is not known (§15).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SaveCalendar {
    /// Merchant account.
    pub account_id: Id,
    /// The product.
    #[serde(flatten)]
    pub product: ProductRef,
    /// The specification.
    pub ticket_specification: SpecificationRef,
    /// Its dates.
    pub calendars: Vec<CalendarItem>,
}

/// Body of the publish call for several specifications. Scenic §15, `documented` fields, incremental meaning `inferred`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchSaveCalendar {
    /// Merchant account.
    pub account_id: Id,
    /// The product.
    #[serde(flatten)]
    pub product: ProductRef,
    /// Its specifications with their dates.
    pub ticket_sku_and_calendar: Vec<SkuCalendar>,
}

/// A product by one of its ids. Scenic §14, `inferred`: one of them is enough, and ours is the one it was bound by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProductRef {
    /// Douyin's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<Id>,
    /// Ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_out_id: Option<Id>,
}

/// Price and stock of some days. Scenic §14, `documented`; in the pull's answer `inferred`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarItem {
    /// How the days are named.
    pub calendar_type: CalendarType,
    /// The days.
    pub calendar_value: CalendarValue,
    /// What each of them costs, and how many there are.
    #[serde(flatten)]
    pub terms: CalendarTerms,
}

/// What days cost and how many units they have. Scenic §14, `documented`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarTerms {
    /// List price, fen.
    pub origin_amount: Fen,
    /// Selling price, fen.
    pub actual_amount: Fen,
    /// Settlement price, fen.
    #[serde(default, deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub settle_amount: Option<Fen>,
    /// Stock of each day.
    pub stock_qty: Int,
    /// On sale or not; the values were not seen, so they are configuration (`inferred`: 1 open, 0 closed).
    pub status: Int,
}

/// The days of a calendar item. Scenic §14, `documented` fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CalendarValue {
    /// First day of a range.
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Day>,
    /// Last day of a range.
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Day>,
    /// Single dates `yyyy-MM-dd`, or weekday numbers (`inferred`); always written.
    #[serde(deserialize_with = "null_as_empty")]
    pub value_list: Vec<Text>,
    /// Dates left out of a range.
    #[serde(deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub exclude_date_list: Vec<Day>,
}

/// An item whose days cannot be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalendarFault {
    /// A type no page lists.
    #[error("calendar_type {0} is none of 1 to 4")]
    Type(i64),
    /// A value that is neither a day nor, where weekdays stand, 1 to 7.
    #[error("value_list holds something that is no day and no weekday from 1 to 7")]
    Value,
    /// The last day lies before the first one.
    #[error("end_date lies before start_date")]
    Order,
    /// Too many days.
    #[error("the days of an item are more than {DAYS_LIMIT}")]
    TooMany,
}

/// Most days that one item is read as; the pull asks for 60 at most.
pub const DAYS_LIMIT: usize = 1_000;

impl CalendarItem {
    /// Single dates (type 3), the safest form (`inferred`).
    pub fn of_dates(days: &[Day], terms: CalendarTerms) -> Self {
        let value_list = days.iter().map(|day| Text::from(day.to_string())).collect();
        let calendar_value = CalendarValue { value_list, ..CalendarValue::default() };
        Self { calendar_type: CalendarType::Dates, calendar_value, terms }
    }

    /// All days of a range (type 1). Scenic §14, `inferred` filling.
    pub fn of_range(first: Day, last: Day, terms: CalendarTerms) -> Self {
        let calendar_value =
            CalendarValue { start_date: Some(first), end_date: Some(last), ..CalendarValue::default() };
        Self { calendar_type: CalendarType::DateRange, calendar_value, terms }
    }

    /// The days it is about, ascending, each once. Where it names no first or last day, `first` and `last` stand for them.
    ///
    /// Scenic §14, §16: the four types `documented`, how they fill the value `inferred`: 1 from `start_date` to `end_date`;
    /// 2 the same, on the weekdays from the first to the last of `value_list` (all when it is empty); 3 the dates of
    /// `value_list`; 4 from `start_date` to `end_date`, on the weekdays of `value_list`. Weekdays are 1 (Monday) to 7.
    /// `exclude_date_list` always goes.
    pub fn days(&self, first: Day, last: Day) -> Result<Vec<Day>, CalendarFault> {
        let value = &self.calendar_value;
        let (first, last) = (value.start_date.unwrap_or(first), value.end_date.unwrap_or(last));
        let mut days: BTreeSet<Day> = match self.calendar_type {
            CalendarType::DateRange => between(first, last)?,
            CalendarType::Dates => dates(&value.value_list)?,
            CalendarType::WeekRange | CalendarType::Weekdays => {
                let weekdays = self.weekdays()?;
                let mut days = between(first, last)?;
                days.retain(|day| weekdays.contains(&day.date().weekday().number_from_monday()));
                days
            }
            CalendarType::Other(code) => return Err(CalendarFault::Type(code)),
        };
        days.retain(|day| !value.exclude_date_list.contains(day));
        Ok(days.into_iter().collect())
    }

    fn weekdays(&self) -> Result<BTreeSet<u32>, CalendarFault> {
        let number = |text: &Text| {
            let number = text.as_str().parse::<u32>().ok();
            number.filter(|number| (1..=7).contains(number)).ok_or(CalendarFault::Value)
        };
        let named: BTreeSet<u32> = self.calendar_value.value_list.iter().map(number).collect::<Result<_, _>>()?;
        Ok(match (self.calendar_type, named.first(), named.last()) {
            (CalendarType::WeekRange, Some(first), Some(last)) => (*first..=*last).collect(),
            (CalendarType::WeekRange, ..) => (1..=7).collect(),
            _ => named,
        })
    }
}

fn dates(texts: &[Text]) -> Result<BTreeSet<Day>, CalendarFault> {
    if texts.len() > DAYS_LIMIT {
        return Err(CalendarFault::TooMany);
    }
    texts.iter().map(|text| Day::parse(text.as_str()).map_err(|_| CalendarFault::Value)).collect()
}

fn between(first: Day, last: Day) -> Result<BTreeSet<Day>, CalendarFault> {
    if last < first {
        return Err(CalendarFault::Order);
    }
    let days: BTreeSet<Day> = first
        .date()
        .iter_days()
        .take_while(|date| *date <= last.date())
        .take(DAYS_LIMIT + 1)
        .filter_map(Day::from_date)
        .collect();
    if days.len() > DAYS_LIMIT { Err(CalendarFault::TooMany) } else { Ok(days) }
}

//! Prices and stock by date in Douyin's words: for the pull's answer and for what is published. Scenic §14 to §16.

use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::money::Currency;
use entrepot_sdk::contract::outcome::{CalendarAnswer, CalendarCell};
use entrepot_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::calendar::{CalendarItem, CalendarTerms, PullCalendarAnswer, SkuCalendar, SpecificationRef};
use crate::number::{Fen, Id, Int};
use crate::time::Day;

/// How dates of equal terms are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatesAs {
    /// `calendar_type` 3.
    Dates,
    /// `calendar_type` 1.
    Ranges,
}

/// One date with what it costs and how many units it has.
#[derive(Debug, Clone, Copy)]
pub struct Dated {
    /// The date.
    pub date: VisitDate,
    /// What it costs, and what is left.
    pub terms: CalendarTerms,
}

/// How an application's dates are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateStyle {
    /// `status` of a date on sale (scenic §14, `inferred`).
    pub open_status: i64,
    /// `status` of a closed date (scenic §14, `inferred`).
    pub closed_status: i64,
    /// `stock_qty` of a date without limit (`inferred`: scenic §14 knows no such value).
    pub unlimited_stock: u32,
    /// How dates of equal terms are named.
    pub dates_as: DatesAs,
    /// The price of a date of which nothing is known any more, in fen (`inferred`).
    pub gone_price_fen: i64,
}

/// Writes one SKU's dates.
#[derive(Debug, Clone, Copy)]
pub struct DateWriter {
    /// How the application's dates are told.
    pub style: DateStyle,
    /// The list price (划线价) in fen; the retail price where there is none, or where it is higher.
    pub list_price_fen: Option<i64>,
    /// Whether the settlement price is told, too.
    pub settlement: bool,
}

impl DateWriter {
    /// The dates of these cells; what is sold without a date has no place in a calendar.
    pub fn dated(&self, cells: &[CalendarCell]) -> Result<Vec<Dated>, Fault> {
        let dated = |cell: &CalendarCell| {
            let date = cell.day.date?;
            Some(self.terms(cell).map(|terms| Dated { date, terms }))
        };
        cells.iter().filter_map(dated).collect()
    }

    /// A list price below the selling price would be none (`inferred`).
    fn terms(&self, cell: &CalendarCell) -> Result<CalendarTerms, Fault> {
        let actual_amount = price(cell.day.retail)?;
        let listed = self.list_price_fen.and_then(Fen::new).unwrap_or(actual_amount);
        let settle_amount = match self.settlement {
            true => Some(price(cell.day.settlement)?),
            false => None,
        };
        let status = match cell.day.open {
            true => self.style.open_status,
            false => self.style.closed_status,
        };
        Ok(CalendarTerms {
            origin_amount: listed.max(actual_amount),
            actual_amount,
            settle_amount,
            stock_qty: Int(i64::from(cell.left.unwrap_or(self.style.unlimited_stock))),
            status: Int(status),
        })
    }

    /// A date that is not for sale any more: closed, without stock, at a price nobody should pay (`inferred`: a price has to
    /// be there, and nothing is known of it).
    pub fn gone(&self, date: VisitDate) -> Result<Dated, Fault> {
        let actual_amount = price(Money::fen(self.style.gone_price_fen))?;
        let listed = self.list_price_fen.and_then(Fen::new).unwrap_or(actual_amount);
        let terms = CalendarTerms {
            origin_amount: listed.max(actual_amount),
            actual_amount,
            settle_amount: None,
            stock_qty: Int(0),
            status: Int(self.style.closed_status),
        };
        Ok(Dated { date, terms })
    }

    /// Dates of equal terms share one item, or one for each run of days. Order: by the first date of the terms.
    #[must_use]
    pub fn items(&self, dates: &[Dated]) -> Vec<CalendarItem> {
        let mut groups: Vec<(CalendarTerms, Vec<Day>)> = Vec::new();
        for Dated { date, terms } in dates {
            // A date of visit has the same years as a day.
            let Some(day) = Day::from_date(date.date()) else { continue };
            match groups.iter_mut().find(|(known, _)| known == terms) {
                Some((_, days)) => days.push(day),
                None => groups.push((*terms, vec![day])),
            }
        }
        match self.style.dates_as {
            DatesAs::Dates => groups.iter().map(|(terms, days)| CalendarItem::of_dates(days, *terms)).collect(),
            DatesAs::Ranges => {
                let of_group = |(terms, days): (CalendarTerms, Vec<Day>)| {
                    let ranges = ranges(days);
                    ranges.into_iter().map(move |(first, last)| CalendarItem::of_range(first, last, terms))
                };
                groups.into_iter().flat_map(of_group).collect()
            }
        }
    }
}

/// The runs of days without a gap.
fn ranges(mut days: Vec<Day>) -> Vec<(Day, Day)> {
    days.sort_unstable();
    let mut ranges: Vec<(Day, Day)> = Vec::new();
    for day in days {
        match ranges.last_mut() {
            Some((_, last)) if last.date().succ_opt() == Some(day.date()) => *last = day,
            _ => ranges.push((day, day)),
        }
    }
    ranges
}

fn price(amount: Money) -> Result<Fen, Fault> {
    if amount.currency != Currency::CNY {
        let text = format!("Douyin sells in CNY, the calendar is in {:?}", amount.currency);
        return Err(Fault::invalid(text));
    }
    Fen::new(amount.amount_minor).ok_or_else(|| Fault::invalid("a price of the calendar cannot be told in fen"))
}

/// A specification by all its ids. Ours is required; for a product with one specification it equals the product's (§16,
/// `documented`).
#[must_use]
pub fn specification(names: &ListingNames) -> SpecificationRef {
    let sku_out = names.sku_out.as_ref().or(names.product_out.as_ref());
    SpecificationRef { sku_id: names.sku.clone().and_then(Id::new), sku_out_id: sku_out.cloned().and_then(Id::new) }
}

/// The pull's answer: one element for each specification, all its dates in one list (§16, `documented`). `writer` says how the
/// dates of an SKU of these names are written.
pub fn pull_answer(
    skus: &[CalendarAnswer],
    writer: impl Fn(&ListingNames) -> Result<DateWriter, Fault>,
) -> Result<PullCalendarAnswer, Fault> {
    let of_sku = |answer: &CalendarAnswer| {
        let writer = writer(&answer.names)?;
        let dates = writer.dated(&answer.days)?;
        let ticket_specification = specification(&answer.names);
        Ok(SkuCalendar { ticket_specification, calendar_list: writer.items(&dates) })
    };
    let ticket_sku_and_calendar = skus.iter().map(of_sku).collect::<Result<_, Fault>>()?;
    Ok(PullCalendarAnswer { ticket_sku_and_calendar })
}

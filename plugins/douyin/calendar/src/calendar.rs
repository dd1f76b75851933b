//! Prices and stock by date in Douyin's words: for the pull's answer and for what is published. Scenic §14 to §16.

use douyin_wire::calendar::{CalendarItem, CalendarTerms, PullCalendarAnswer, SkuCalendar, SpecificationRef};
use douyin_wire::number::{Fen, Id, Int};
use douyin_wire::time::Day;
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::money::Currency;
use entrepot_sdk::contract::outcome::{CalendarAnswer, CalendarCell};
use entrepot_sdk::prelude::*;

use crate::connection::ConnectionSettings;
use crate::settings::{ApplicationSettings, DatesAs};

/// One date with what it costs and how many units it has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dated {
    pub(crate) date: VisitDate,
    pub(crate) terms: CalendarTerms,
}

/// How one SKU's dates are told over one connection.
pub(crate) struct Teller<'a> {
    settings: &'a ApplicationSettings,
    connection: &'a ConnectionSettings,
    list_price_fen: Option<i64>,
}

impl<'a> Teller<'a> {
    pub(crate) fn of_sku(
        settings: &'a ApplicationSettings,
        connection: &'a ConnectionSettings,
        names: &ListingNames,
    ) -> Result<Self, Fault> {
        let list_price_fen = connection.list_price_fen([names.sku_out.as_ref(), names.product_out.as_ref()])?;
        Ok(Self { settings, connection, list_price_fen })
    }

    /// The dates of these cells; what is sold without a date has no place in a calendar.
    pub(crate) fn dated(&self, cells: &[CalendarCell]) -> Result<Vec<Dated>, Fault> {
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
        let settle_amount = match self.connection.send_settle_amount {
            true => Some(price(cell.day.settlement)?),
            false => None,
        };
        let status = match cell.day.open {
            true => self.settings.calendar_open_status,
            false => self.settings.calendar_closed_status,
        };
        Ok(CalendarTerms {
            origin_amount: listed.max(actual_amount),
            actual_amount,
            settle_amount,
            stock_qty: Int(i64::from(cell.left.unwrap_or(self.settings.unlimited_stock))),
            status: Int(status),
        })
    }

    /// A date that is not for sale any more: closed, without stock, at a price nobody should pay (`inferred`: a price has to
    /// be there, and nothing is known of it).
    pub(crate) fn gone(&self, date: VisitDate) -> Result<Dated, Fault> {
        let actual_amount = price(Money::fen(self.settings.gone_price_fen))?;
        let listed = self.list_price_fen.and_then(Fen::new).unwrap_or(actual_amount);
        let terms = CalendarTerms {
            origin_amount: listed.max(actual_amount),
            actual_amount,
            settle_amount: None,
            stock_qty: Int(0),
            status: Int(self.settings.calendar_closed_status),
        };
        Ok(Dated { date, terms })
    }

    /// Dates of equal terms share one item, or one for each run of days. Order: by the first date of the terms.
    pub(crate) fn items(&self, dates: &[Dated]) -> Vec<CalendarItem> {
        let mut groups: Vec<(CalendarTerms, Vec<Day>)> = Vec::new();
        for Dated { date, terms } in dates {
            // A date of visit has the same years as a day.
            let Some(day) = Day::from_date(date.date()) else { continue };
            match groups.iter_mut().find(|(known, _)| known == terms) {
                Some((_, days)) => days.push(day),
                None => groups.push((*terms, vec![day])),
            }
        }
        match self.settings.calendar_dates_as {
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
pub(crate) fn specification(names: &ListingNames) -> SpecificationRef {
    let sku_out = names.sku_out.as_ref().or(names.product_out.as_ref());
    SpecificationRef { sku_id: names.sku.clone().and_then(Id::new), sku_out_id: sku_out.cloned().and_then(Id::new) }
}

/// The pull's answer: one element for each specification, all its dates in one list (§16, `documented`).
pub(crate) fn answer(
    settings: &ApplicationSettings,
    connection: &ConnectionSettings,
    skus: &[CalendarAnswer],
) -> Result<PullCalendarAnswer, Fault> {
    let of_sku = |answer: &CalendarAnswer| {
        let teller = Teller::of_sku(settings, connection, &answer.names)?;
        let dates = teller.dated(&answer.days)?;
        let ticket_specification = specification(&answer.names);
        Ok(SkuCalendar { ticket_specification, calendar_list: teller.items(&dates) })
    };
    let ticket_sku_and_calendar = skus.iter().map(of_sku).collect::<Result<_, Fault>>()?;
    Ok(PullCalendarAnswer { ticket_sku_and_calendar })
}

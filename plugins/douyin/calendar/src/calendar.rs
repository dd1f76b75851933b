//! Prices and stock by date, as the pull's answer wants them. Scenic §14 to §16.

use douyin_wire::calendar::{CalendarItem, PullCalendarAnswer, SkuCalendar, SpecificationRef};
use douyin_wire::number::{Fen, Id};
use douyin_wire::time::Day;
use entrepot_sdk::contract::money::Currency;
use entrepot_sdk::contract::outcome::{CalendarAnswer, CalendarCell};
use entrepot_sdk::prelude::*;

use crate::settings::ApplicationSettings;

/// What dates must share to stand in one item: fen, stock, status.
type Terms = (i64, u32, i64);

/// One element for each specification, all its dates in one list (§16, `documented`).
pub(crate) fn answer(settings: &ApplicationSettings, skus: &[CalendarAnswer]) -> Result<PullCalendarAnswer, Fault> {
    let of_sku = |answer: &CalendarAnswer| {
        let names = &answer.names;
        // Required; for a product with one specification it equals the product's (§16, `documented`).
        let sku_out = names.sku_out.as_ref().or(names.product_out.as_ref());
        Ok(SkuCalendar {
            ticket_specification: SpecificationRef {
                sku_id: names.sku.clone().and_then(Id::new),
                sku_out_id: sku_out.cloned().and_then(Id::new),
            },
            calendar_list: items(settings, &answer.days)?,
        })
    };
    let ticket_sku_and_calendar = skus.iter().map(of_sku).collect::<Result<_, Fault>>()?;
    Ok(PullCalendarAnswer { ticket_sku_and_calendar })
}

/// Items of single dates: the safest form (§14, `inferred`). Dates of equal terms share an item, in order of their
/// first date. Douyin's list price is our retail price, and so is its selling price: we know no other.
fn items(settings: &ApplicationSettings, cells: &[CalendarCell]) -> Result<Vec<CalendarItem>, Fault> {
    let mut groups: Vec<(Terms, Vec<Day>)> = Vec::new();
    for cell in cells {
        // What is sold without a date has no place in a calendar.
        let Some(day) = cell.day.date.and_then(|date| Day::from_date(date.date())) else {
            continue;
        };
        let terms = terms(settings, cell)?;
        match groups.iter_mut().find(|(known, _)| *known == terms) {
            Some((_, days)) => days.push(day),
            None => groups.push((terms, vec![day])),
        }
    }
    let item = |((fen, stock, status), days): (Terms, Vec<Day>)| {
        let price = Fen::new(fen).ok_or_else(|| Fault::invalid("a price of the calendar cannot be told in fen"))?;
        let stock = u64::from(stock);
        Ok(CalendarItem::of_dates(&days, price, price, stock, status))
    };
    groups.into_iter().map(item).collect()
}

fn terms(settings: &ApplicationSettings, cell: &CalendarCell) -> Result<Terms, Fault> {
    let retail = cell.day.retail;
    if retail.currency != Currency::CNY {
        let text = format!("Douyin sells in CNY, the calendar is in {:?}", retail.currency);
        return Err(Fault::invalid(text));
    }
    let status = if cell.day.open { settings.calendar_open_status } else { settings.calendar_closed_status };
    let stock = cell.left.unwrap_or(settings.unlimited_stock);
    Ok((retail.amount_minor, stock, status))
}

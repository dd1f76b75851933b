//! Prices, opening, stock and the catalogue. All rows or none.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::bounds::{LIST_LIMIT, units_limit};
use entrepot_contract::calendar::{Capacity, SLOTS_LIMIT};
use entrepot_contract::ids::{BucketId, PoolName, SkuId};
use entrepot_contract::listing::{CancelThere, There};
use entrepot_contract::money::Currency;
use entrepot_contract::order::CredentialKind;
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{
    Collect, DocumentKind, Fulfilment, LimitPeriod, LimitSubject, Product, RefundFee, Sku,
};

use super::draft::Draft;
use super::{Stop, document};
use crate::answer::Answer;
use crate::catalogue::Rules;
use crate::change::{Change, HistoryCell, HistoryKind};
use crate::command::{BULK_LIMIT_ROWS, CalendarRow, CatalogueEntry, StockChange, StockCorrection};
use crate::credit::Account;
use crate::stock;
use crate::venue;

/// How many days ahead a date may be reserved.
const WINDOW_DAYS: std::ops::RangeInclusive<u16> = 1..=3_650;

/// Steps of a cancel rule that an operator read at a channel.
const STEPS_THERE: std::ops::RangeInclusive<usize> = 1..=20;

/// Most kinds of document, or of credential, that an operator read at a channel.
const KINDS_THERE: usize = 20;

fn malformed(text: String) -> Refusal {
    Refusal::new(Reason::Malformed, text)
}

fn size(rows: usize) -> Result<u32, Refusal> {
    if rows == 0 || rows > BULK_LIMIT_ROWS {
        return Err(malformed(format!("1 to {BULK_LIMIT_ROWS} rows at once, found {rows}")));
    }
    Ok(u32::try_from(rows).unwrap_or(u32::MAX))
}

/// An order is told as a list of units and of the people whom they admit; none may be longer than a list.
fn most_units(sku: &Sku, units: u16) -> Result<(), Refusal> {
    let limit = units_limit(sku.persons_per_unit);
    if units <= limit {
        return Ok(());
    }
    let text = format!(
        "an order of {} has at most {limit} units, for {} people each ({LIST_LIMIT} in all); maximum_units is {units}",
        sku.id, sku.persons_per_unit
    );
    Err(malformed(text))
}

pub(super) fn write(draft: &mut Draft<'_>, rows: &[CalendarRow]) -> Result<Answer, Stop> {
    let count = size(rows.len())?;
    for row in rows {
        let day = &row.day;
        let (product, sku) = draft.state.rules.catalogue.sku(&day.sku)?;
        if product.kind.dated() != day.date.is_some() {
            let needs = if product.kind.dated() { "needs a date" } else { "has no dates" };
            return Err(malformed(format!("{} is a {:?} and {needs}", sku.id, product.kind)).into());
        }
        for price in [Some(day.retail), Some(day.settlement), day.cost].into_iter().flatten() {
            if price.amount_minor < 0 || price.currency != day.retail.currency {
                return Err(
                    malformed(format!("prices of {} are from zero up in one currency, found {price}", sku.id)).into()
                );
            }
        }
        let least = day.minimum_units.unwrap_or(sku.minimum_units);
        if least > day.maximum_units.unwrap_or(sku.maximum_units) {
            return Err(malformed(format!("the fewest units of {} are more than its most", sku.id)).into());
        }
        most_units(sku, day.maximum_units.unwrap_or(least))?;
        if day.slots.len() > SLOTS_LIMIT {
            return Err(malformed(format!("a date of {} has at most {SLOTS_LIMIT} time slots", sku.id)).into());
        }
        if let Some(close) = day.close.filter(|close| close.minute_of_day > 1440) {
            return Err(malformed(format!("minute {} is not in a day", close.minute_of_day)).into());
        }
        if let Some((key, capacity)) = &row.stock {
            if !draft.state.rules.catalogue.draws_on(sku, &key.bucket) || key.date != day.date {
                return Err(malformed(format!("{} does not draw on bucket {} on that date", sku.id, key.bucket)).into());
            }
            let before = draft.cell(key)?;
            let after = stock::set_capacity(key, before.as_ref(), *capacity)?;
            draft.set_cell(key.clone(), after);
        }
    }
    remember_days(draft, rows);
    remember_stock(draft);
    draft.push(Change::Calendar(rows.to_vec()));
    Ok(Answer::Changed { rows: count })
}

/// What dates were before, and are now.
fn remember_days(draft: &mut Draft<'_>, rows: &[CalendarRow]) {
    let mut cells: BTreeMap<&SkuId, Vec<HistoryCell>> = BTreeMap::new();
    for row in rows {
        let before = draft.state.rules.catalogue.day(&row.day.sku, row.day.date);
        if before == Some(&row.day) {
            continue;
        }
        cells.entry(&row.day.sku).or_default().push(HistoryCell {
            date: row.day.date,
            slot: None,
            before: as_json(before),
            after: as_json(Some(&row.day)),
        });
    }
    for (sku, cells) in cells {
        draft.remember(HistoryKind::Calendar, sku.as_str(), cells);
    }
}

/// What the cells of this decision could sell before, and can now.
fn remember_stock(draft: &mut Draft<'_>) {
    let mut cells: BTreeMap<BucketId, Vec<HistoryCell>> = BTreeMap::new();
    for (key, before, after) in draft.changed_cells() {
        let before = before.map(|stock| stock.capacity);
        if before != Some(after.capacity) {
            cells.entry(key.bucket).or_default().push(HistoryCell {
                date: key.date,
                slot: key.slot,
                before: as_json(before.as_ref()),
                after: as_json(Some(&after.capacity)),
            });
        }
    }
    for (bucket, cells) in cells {
        draft.remember(HistoryKind::Stock, bucket.as_str(), cells);
    }
}

fn as_json(value: Option<&impl serde::Serialize>) -> serde_json::Value {
    // Numbers, dates and words: what is written here can always be told.
    serde_json::to_value(value).unwrap_or_default()
}

pub(super) fn correct(draft: &mut Draft<'_>, rows: &[StockCorrection]) -> Result<Answer, Stop> {
    let count = size(rows.len())?;
    for row in rows {
        let catalogue = &draft.state.rules.catalogue;
        if !catalogue.skus.values().any(|sku| catalogue.draws_on(sku, &row.key.bucket)) {
            return Err(malformed(format!("no SKU draws on bucket {}", row.key.bucket)).into());
        }
        let before = draft.cell(&row.key)?;
        let capacity = match (row.change, before.map(|stock| stock.capacity)) {
            (StockChange::Set(capacity), _) => capacity,
            (StockChange::Add(more), Some(Capacity::Limited(limit))) => {
                let after = limit.checked_add_signed(more).ok_or_else(|| {
                    malformed(format!("{} can sell {limit}; {more:+} cannot be counted", row.key.bucket))
                })?;
                Capacity::Limited(after)
            }
            (StockChange::Add(_), found) => {
                let text = format!("{} has no number to add to, found {found:?}; set one instead", row.key.bucket);
                return Err(malformed(text).into());
            }
        };
        let after = stock::set_capacity(&row.key, before.as_ref(), capacity)?;
        draft.set_cell(row.key.clone(), after);
    }
    remember_stock(draft);
    Ok(Answer::Changed { rows: count })
}

pub(super) fn put(draft: &mut Draft<'_>, entries: &[CatalogueEntry]) -> Result<Answer, Stop> {
    let count = size(entries.len())?;
    for (index, entry) in entries.iter().enumerate() {
        check(draft, &entries[..index], entry)?;
        if let CatalogueEntry::Distributor(distributor) = entry
            && draft.account(&distributor.id)?.is_none()
        {
            draft.set_account(Account::new(distributor.id.clone(), Currency::CNY), None);
        }
    }
    document::fits(draft, entries)?;
    for entry in entries {
        let (kind, id) = entry.name();
        let before = draft.state.rules.catalogue.entry(kind, id);
        let cell =
            HistoryCell { date: None, slot: None, before: as_json(before.as_ref()), after: as_json(Some(entry)) };
        draft.remember(HistoryKind::Catalogue, &format!("{kind}/{id}"), vec![cell]);
    }
    draft.push(Change::Catalogue(entries.to_vec()));
    Ok(Answer::Changed { rows: count })
}

/// The suppliers of a SKU are supplier connections; others are named only beside a first one.
fn suppliers_of(rules: &Rules, sku: &Sku) -> Result<(), Refusal> {
    let Fulfilment::Supplier { connection, product_code } = &sku.fulfilment else {
        if sku.otherwise.is_empty() && sku.when.is_always() {
            return Ok(());
        }
        let text = "names other suppliers, or when one is asked, but its credentials come from no supplier";
        return Err(malformed(format!("SKU {} {text}", sku.id)));
    };
    let others = sku.otherwise.iter().map(|route| (&route.connection, &route.product_code, &route.when));
    let mut seen = BTreeSet::new();
    for (connection, code, when) in std::iter::once((connection, product_code, &sku.when)).chain(others) {
        let supplier = rules
            .supplier(connection)
            .ok_or_else(|| malformed(format!("SKU {} names {connection}, which is no supplier connection", sku.id)))?;
        if supplier.pool {
            PoolName::parse(code.clone()).map_err(|fault| malformed(format!("SKU {}: {fault}", sku.id)))?;
        }
        if !seen.insert((connection, code)) {
            return Err(malformed(format!("SKU {} names {code} of {connection} twice", sku.id)));
        }
        if let Some(channel) = when.channels.iter().find(|channel| rules.channel(channel).is_none()) {
            return Err(malformed(format!("SKU {} names {channel}, which is no channel connection", sku.id)));
        }
        if when.from.zip(when.to).is_some_and(|(from, to)| from > to) {
            return Err(malformed(format!("SKU {}: the dates of {connection} end before they begin", sku.id)));
        }
    }
    Ok(())
}

/// What an entry refers to has to be there, in the catalogue or earlier in the same command.
fn check(draft: &Draft<'_>, earlier: &[CatalogueEntry], entry: &CatalogueEntry) -> Result<(), Refusal> {
    let rules = &draft.state.rules;
    let has_sku = |id| {
        rules.catalogue.skus.contains_key(id)
            || earlier.iter().any(|other| matches!(other, CatalogueEntry::Sku(sku) if &sku.id == id))
    };
    match entry {
        CatalogueEntry::Product(product) => {
            product_rules(rules, product)?;
        }
        CatalogueEntry::Sku(sku) => {
            let has_product = rules.catalogue.products.contains_key(&sku.product)
                || earlier
                    .iter()
                    .any(|other| matches!(other, CatalogueEntry::Product(product) if product.id == sku.product));
            if !has_product {
                return Err(malformed(format!("SKU {} names product {}, which is not there", sku.id, sku.product)));
            }
            if sku.buckets.is_empty() || sku.minimum_units > sku.maximum_units || sku.persons_per_unit == 0 {
                let text = "needs a bucket, minimum_units up to maximum_units, and a person for each unit";
                return Err(malformed(format!("SKU {} {text}", sku.id)));
            }
            most_units(sku, sku.maximum_units)?;
            suppliers_of(rules, sku)?;
        }
        CatalogueEntry::Listing(listing) => {
            if rules.channel(&listing.connection).is_none() {
                let text =
                    format!("listing {} names {}, which is no channel connection", listing.id, listing.connection);
                return Err(malformed(text));
            }
            if listing.names.is_empty() {
                return Err(malformed(format!("listing {} needs a name the channel uses", listing.id)));
            }
            for sku in [listing.sells.bought(), listing.sells.dated()] {
                if !has_sku(sku) {
                    return Err(malformed(format!("listing {} names SKU {sku}, which is not there", listing.id)));
                }
            }
            if let Some(fault) = listing.there.as_ref().and_then(there_fault) {
                return Err(malformed(format!("listing {}: there.{fault}", listing.id)));
            }
        }
        CatalogueEntry::Distributor(distributor) => {
            if distributor.warn_below_minor.is_some_and(|least| least < 0) {
                return Err(malformed(format!("{} is warned below an amount from zero up", distributor.id)));
            }
            if let Some(price) = distributor.prices.values().find(|price| price.amount_minor < 0) {
                return Err(malformed(format!("prices of {} are from zero up, found {price}", distributor.id)));
            }
        }
        CatalogueEntry::StopSale(stop) => {
            if let Some(sku) = stop.sku.as_ref().filter(|sku| !has_sku(sku)) {
                return Err(malformed(format!("stop {} names SKU {sku}, which is not there", stop.id)));
            }
            if let Some(connection) = stop.connection.as_ref().filter(|id| rules.channel(id).is_none()) {
                return Err(malformed(format!("stop {} names {connection}, which is no channel connection", stop.id)));
            }
            if stop.from.zip(stop.to).is_some_and(|(from, to)| from > to) {
                return Err(malformed(format!("stop {} ends before it begins", stop.id)));
            }
        }
    }
    Ok(())
}

/// Figures that no console can show.
fn there_fault(there: &There) -> Option<String> {
    let documents = there.documents.as_deref().unwrap_or_default();
    let credentials = there.credentials.as_deref().unwrap_or_default();
    let hours = match &there.cancel {
        Some(CancelThere::Until(hours)) => Some(hours.len()),
        Some(CancelThere::Free | CancelThere::Never) | None => None,
    };
    let late = there.reservation_close.filter(|close| close.minute_of_day > 1440);
    let text = if there.price_minor.is_some_and(|price| price < 0) {
        "price_minor: a price is from zero up".to_owned()
    } else if there.first_date.zip(there.last_date).is_some_and(|(first, last)| first > last) {
        "last_date: the dates end before they begin".to_owned()
    } else if let Some(close) = late {
        format!("reservation_close: minute {} is not in a day", close.minute_of_day)
    } else if hours.is_some_and(|steps| !STEPS_THERE.contains(&steps)) {
        "cancel: `until` has 1 to 20 steps; write \"free\" or \"never\" where there is none".to_owned()
    } else if documents.len() > KINDS_THERE || documents.contains(&DocumentKind::Other) {
        "documents: a kind that is not known, or too many".to_owned()
    } else if credentials.len() > KINDS_THERE || credentials.contains(&CredentialKind::Other) {
        "credentials: a kind that is not known, or too many".to_owned()
    } else {
        return None;
    };
    Some(text)
}

/// What one product says, by itself.
fn product_rules(rules: &Rules, product: &Product) -> Result<(), Refusal> {
    if product.merchant != rules.merchant {
        return Err(malformed(format!("product {} names another merchant", product.id)));
    }
    if venue::zone(&product.time_zone).is_none() {
        let text = format!("{:?} is no IANA time zone; for China: Asia/Shanghai", product.time_zone);
        return Err(malformed(text));
    }
    if product.reservation.is_some() && product.kind.dated() {
        let text = format!("product {} is sold by date; only a voucher has a reservation rule", product.id);
        return Err(malformed(text));
    }
    if product.reservation.is_some_and(|rule| !WINDOW_DAYS.contains(&rule.window_days)) {
        let text = "reservation.window_days is from 1 to 3,650: how many days ahead a date may be reserved";
        return Err(malformed(format!("product {}: {text}", product.id)));
    }
    for limit in &product.limits {
        let asked = match limit.per {
            LimitSubject::Phone => true,
            LimitSubject::Document => product.guests.collect != Collect::Buyer && !product.guests.documents.is_empty(),
        };
        if !asked {
            let text = "a limit per document needs guests with documents: set guests.collect and guests.documents";
            return Err(malformed(format!("product {}: {text}", product.id)));
        }
        if limit.units == 0 || (limit.period == LimitPeriod::VisitDate && !product.kind.dated()) {
            let text = "a limit is of one unit at least, and per visit date only where dates are sold";
            return Err(malformed(format!("product {}: {text}", product.id)));
        }
    }
    for step in &product.refund.steps {
        let odd = match step.fee {
            RefundFee::Free => false,
            RefundFee::Fixed(minor) => minor < 0,
            RefundFee::Ratio(share) => share > 10_000,
        };
        if odd {
            let text = format!("product {}: a fee is from nothing to everything, found {:?}", product.id, step.fee);
            return Err(malformed(text));
        }
    }
    Ok(())
}

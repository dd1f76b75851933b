//! What a bulk write will do: rows laid over what is there, in order; a bad row changes nothing of it.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::calendar::{CalendarDay, Capacity, Stock, StockKey};
use entrepot_contract::ids::{BucketId, SkuId};
use entrepot_contract::money::{Currency, Money};
use entrepot_contract::product::Sku;
use entrepot_contract::time::VisitDate;
use entrepot_domain::catalogue::Catalogue;
use entrepot_domain::command::CalendarRow;
use entrepot_domain::stock::set_capacity;

use super::bulk::{Bad, CELLS_LIMIT, Wish};

/// Dates of one row whose faults are told one by one.
const TOLD_DATES: usize = 10;

/// The bucket whose stock is meant when none is named: the one of the SKU's name, or its only one.
pub(super) fn own_bucket(sku: &Sku) -> Option<&BucketId> {
    let own = sku.buckets.iter().find(|bucket| bucket.as_str() == sku.id.as_str());
    own.or(match sku.buckets.as_slice() {
        [only] => Some(only),
        _ => None,
    })
}

type Cell = (SkuId, Option<VisitDate>);

/// What will be written. Stock remembers the place that asked for it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    days: BTreeMap<Cell, CalendarDay>,
    stock: BTreeMap<StockKey, (String, SkuId, Capacity)>,
    /// Cells that new dates need and nobody writes.
    needed: BTreeMap<StockKey, (String, SkuId)>,
}

/// Lays the wishes over the catalogue, in order; later ones win. Those that cannot be laid are given back.
pub(super) fn plan(wishes: &[(String, Wish)], catalogue: &Catalogue) -> (Plan, Vec<Bad>) {
    let mut plan = Plan::default();
    let mut bad = Vec::new();
    let mut cells = 0_usize;
    for (place, wish) in wishes {
        match plan.row(place, wish, catalogue, CELLS_LIMIT.saturating_sub(cells)) {
            Ok(laid) => {
                cells += laid.days.len();
                plan.take(laid);
            }
            Err(faults) => bad.extend(faults.into_iter().map(|fault| Bad::malformed(place, fault))),
        }
    }
    (plan, bad)
}

fn bucket_of<'a>(wish: &'a Wish, sku: &'a Sku, catalogue: &Catalogue) -> Result<Option<&'a BucketId>, String> {
    match &wish.bucket {
        Some(named) if catalogue.draws_on(sku, named) => Ok(Some(named)),
        Some(named) => Err(format!(
            "bucket: {} draws on {:?}, not on {named}, and no listing of it has {named} as its allotment",
            sku.id, sku.buckets
        )),
        None => match own_bucket(sku) {
            None if wish.stock.is_some() => {
                Err(format!("stock: {} draws on several buckets; name one of {:?} as bucket", sku.id, sku.buckets))
            }
            own => Ok(own),
        },
    }
}

fn words(sku: &SkuId, date: Option<VisitDate>) -> String {
    date.map_or_else(|| sku.to_string(), |date| format!("{sku} on {date}"))
}

/// A price of a cell: as wished, or as it is.
fn price(
    name: &str,
    cell: &Cell,
    currency: Currency,
    wished: Option<i64>,
    known: Option<Money>,
) -> Result<Money, String> {
    match (wished, known) {
        (Some(minor), _) => Ok(Money::new(minor, currency)),
        (None, Some(known)) if known.currency == currency => Ok(known),
        (None, known) => {
            let cell = words(&cell.0, cell.1);
            Err(match known {
                Some(known) => {
                    format!("{cell}: {name} is kept in {:?}; give it in {currency:?}, too", known.currency)
                }
                None => format!("{cell} is new: {name} is needed"),
            })
        }
    }
}

impl Plan {
    /// One row by itself, over what is laid and what is there.
    fn row(&self, place: &str, wish: &Wish, catalogue: &Catalogue, room: usize) -> Result<Self, Vec<String>> {
        let (product, sku) = catalogue.sku(&wish.sku).map_err(|refusal| vec![refusal.text])?;
        let bucket = bucket_of(wish, sku, catalogue).map_err(|fault| vec![fault])?;
        let dates = wish.dates(product.kind.dated(), room).map_err(|fault| vec![fault])?;
        let (mut laid, mut faults, mut silent) = (Self::default(), Vec::new(), 0_usize);
        for date in dates {
            let cell = (wish.sku.clone(), date);
            let known = self.days.get(&cell).or_else(|| catalogue.day(&wish.sku, date));
            match day(wish, &cell, known).and_then(|day| check(day, sku)) {
                Ok(day) => {
                    if let Some(bucket) = bucket {
                        let key = StockKey { bucket: bucket.clone(), date, slot: wish.slot.clone() };
                        laid.ask(place, wish, key, known.is_none());
                    }
                    laid.days.insert(cell, day);
                }
                Err(_) if faults.len() >= TOLD_DATES => silent += 1,
                Err(found) => faults.extend(found),
            }
        }
        if silent > 0 {
            faults.push(format!("and {silent} more dates of this row"));
        }
        if faults.is_empty() { Ok(laid) } else { Err(faults) }
    }

    fn ask(&mut self, place: &str, wish: &Wish, key: StockKey, is_new: bool) {
        match wish.stock {
            Some(capacity) => {
                self.stock.insert(key, (place.to_owned(), wish.sku.clone(), capacity));
            }
            None if is_new => {
                self.needed.insert(key, (place.to_owned(), wish.sku.clone()));
            }
            None => {}
        }
    }

    fn take(&mut self, row: Self) {
        self.days.extend(row.days);
        self.stock.extend(row.stock);
        self.needed.extend(row.needed);
    }

    /// The cells that have to be looked at.
    pub(super) fn cells(&self) -> Vec<StockKey> {
        let cells: BTreeSet<&StockKey> = self.stock.keys().chain(self.needed.keys()).collect();
        cells.into_iter().cloned().collect()
    }

    /// Rows whose stock cannot become what is wished, and new dates that have none.
    pub(super) fn check_stock(&self, stock: &BTreeMap<StockKey, Stock>) -> Vec<Bad> {
        let missing =
            self.needed.iter().filter(|(key, _)| !stock.contains_key(*key) && !self.stock.contains_key(*key)).map(
                |(key, (place, sku))| {
                    Bad::malformed(place, format!("{} is new: stock is needed", words(sku, key.date)))
                },
            );
        let refused = self.stock.iter().filter_map(|(key, (place, _, capacity))| {
            let refusal = set_capacity(key, stock.get(key), *capacity).err()?;
            Some(Bad { place: place.clone(), refusal })
        });
        missing.chain(refused).collect()
    }

    /// The SKUs, for the audit log.
    pub(super) fn subject(&self) -> String {
        let skus: BTreeSet<&str> = self.days.keys().map(|(sku, _)| sku.as_str()).collect();
        skus.into_iter().take(20).collect::<Vec<_>>().join(", ")
    }

    /// The rows as the command takes them.
    pub(super) fn into_rows(self) -> Vec<CalendarRow> {
        let mut stock: BTreeMap<Cell, Vec<(StockKey, Capacity)>> = BTreeMap::new();
        for (key, (_, sku, capacity)) in self.stock {
            stock.entry((sku, key.date)).or_default().push((key, capacity));
        }
        let mut rows = Vec::with_capacity(self.days.len());
        for (cell, day) in self.days {
            let cells = stock.remove(&cell).unwrap_or_default();
            if cells.is_empty() {
                rows.push(CalendarRow { day: day.clone(), stock: None });
            }
            rows.extend(cells.into_iter().map(|cell| CalendarRow { day: day.clone(), stock: Some(cell) }));
        }
        rows
    }
}

/// A date as it is wished, over what is known of it.
fn day(wish: &Wish, cell: &Cell, known: Option<&CalendarDay>) -> Result<CalendarDay, Vec<String>> {
    let currency = wish.currency.or(known.map(|day| day.retail.currency)).unwrap_or(Currency::CNY);
    let retail = price("retail_minor", cell, currency, wish.retail_minor, known.map(|day| day.retail));
    let settlement = price("settlement_minor", cell, currency, wish.settlement_minor, known.map(|day| day.settlement));
    let (retail, settlement) = match (retail, settlement) {
        (Ok(retail), Ok(settlement)) => (retail, settlement),
        (retail, settlement) => return Err([retail.err(), settlement.err()].into_iter().flatten().collect()),
    };
    Ok(CalendarDay {
        sku: cell.0.clone(),
        date: cell.1,
        retail,
        settlement,
        open: wish.open.unwrap_or(known.is_none_or(|day| day.open)),
        close: wish.close.unwrap_or(known.and_then(|day| day.close)),
        cost: match wish.cost_minor {
            Some(cost) => cost.map(|minor| Money::new(minor, currency)),
            None => known.and_then(|day| day.cost),
        },
        minimum_units: wish.minimum_units.unwrap_or(known.and_then(|day| day.minimum_units)),
        maximum_units: wish.maximum_units.unwrap_or(known.and_then(|day| day.maximum_units)),
        // The supplier's, as they were read.
        cutoff: known.and_then(|day| day.cutoff),
        slots: known.map(|day| day.slots.clone()).unwrap_or_default(),
    })
}

/// What the rules would refuse of a date by itself.
fn check(day: CalendarDay, sku: &Sku) -> Result<CalendarDay, Vec<String>> {
    let cell = words(&day.sku, day.date);
    if let Some(cost) = day.cost.filter(|cost| cost.currency != day.retail.currency) {
        let (kept, asked) = (cost.currency, day.retail.currency);
        return Err(vec![format!("{cell}: cost_minor is kept in {kept:?}; give it in {asked:?}, too")]);
    }
    let least = day.minimum_units.unwrap_or(sku.minimum_units);
    let most = day.maximum_units.unwrap_or(sku.maximum_units);
    if least > most {
        return Err(vec![format!("{cell}: the fewest units of an order are {least}, more than the most, {most}")]);
    }
    Ok(day)
}

//! A bulk write: ranges become cells, what is left out is taken from what is there, every fault is listed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike;
use entrepot_contract::calendar::{CalendarDay, Capacity, SalesClose, Stock, StockKey};
use entrepot_contract::ids::{BucketId, SkuId};
use entrepot_contract::money::{Currency, Money};
use entrepot_contract::product::Sku;
use entrepot_contract::time::VisitDate;
use entrepot_domain::catalogue::Catalogue;
use entrepot_domain::command::CalendarRow;
use entrepot_domain::stock::set_capacity;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::api::acts::{AMOUNT_LIMIT_MINOR, slot_fault};
use crate::http::problem::Problem;

/// Most cells of one call: a SKU on a date is a cell.
const CELLS_LIMIT: usize = 20_000;

/// Most faults that are looked for.
const FAULTS_LIMIT: usize = 1_000;

/// Most days before a date that its sales may end.
const CLOSE_LIMIT_DAYS: u16 = 365;

/// What is to be written for one SKU. What is left out stays as it is; new dates need prices and stock, and are open
/// unless it is said otherwise.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// The SKU.
    sku: SkuId,
    /// First date of a range.
    from: Option<VisitDate>,
    /// Last date of it.
    to: Option<VisitDate>,
    /// Only these weekdays of the range: 1 is Monday, 7 Sunday.
    weekdays: Option<BTreeSet<u8>>,
    /// Single dates, besides the range.
    dates: Option<BTreeSet<VisitDate>>,
    /// What a guest pays for one unit.
    retail_minor: Option<i64>,
    /// What a distributor owes for one unit.
    settlement_minor: Option<i64>,
    /// Of both prices; as before, or CNY.
    currency: Option<Currency>,
    /// Whether the date is on sale.
    open: Option<bool>,
    /// How many units may be sold.
    stock: Option<Capacity>,
    /// The bucket of that stock; the SKU's own when left out.
    bucket: Option<BucketId>,
    /// When sales for a date end; null: with the date itself.
    #[serde(default, deserialize_with = "said")]
    #[schemars(with = "Option<SalesClose>")]
    close: Option<Option<SalesClose>>,
    /// What the merchant owes his supplier for one unit; null: not known.
    #[serde(default, deserialize_with = "said")]
    #[schemars(with = "Option<i64>")]
    cost_minor: Option<Option<i64>>,
    /// Fewest units of one order; null: the SKU's own.
    #[serde(default, deserialize_with = "said")]
    #[schemars(with = "Option<u16>")]
    minimum_units: Option<Option<u16>>,
    /// Most units of one order; null: the SKU's own.
    #[serde(default, deserialize_with = "said")]
    #[schemars(with = "Option<u16>")]
    maximum_units: Option<Option<u16>>,
    /// The time slot of that stock, where the date has several.
    slot: Option<String>,
}

/// Tells null from what is left out.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// One wish at the top, or several in `rows`, or both.
pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = Wish::json_schema(generator);
    let rows = json!({ "type": "array", "items": generator.subschema_for::<Wish>() });
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert("rows".to_owned(), rows);
    }
    schema.remove("required");
    schema
}

/// The wishes of a body, each with its place in it.
pub(super) fn wishes(mut body: Map<String, Value>) -> Result<Vec<(String, Wish)>, Vec<String>> {
    let mut faults = Vec::new();
    let mut wishes = Vec::new();
    let rows = match body.remove("rows") {
        None => Vec::new(),
        Some(Value::Array(rows)) => rows,
        Some(_) => return Err(vec!["rows: expected a list".to_owned()]),
    };
    if rows.len() > CELLS_LIMIT {
        return Err(vec![format!("rows: expected at most {CELLS_LIMIT}, found {}", rows.len())]);
    }
    let top = (!body.is_empty()).then_some(("the body".to_owned(), Value::Object(body)));
    let rows = rows.into_iter().enumerate().map(|(index, row)| (format!("rows[{index}]"), row));
    for (place, value) in top.into_iter().chain(rows) {
        match serde_json::from_value::<Wish>(value) {
            Ok(wish) => {
                faults.extend(form_faults(&place, &wish));
                wishes.push((place, wish));
            }
            Err(fault) => faults.push(format!("{place}: {fault}")),
        }
        if faults.len() >= FAULTS_LIMIT {
            break;
        }
    }
    if wishes.is_empty() && faults.is_empty() {
        faults.push("expected a sku with what is to be written, or rows of such".to_owned());
    }
    if faults.is_empty() { Ok(wishes) } else { Err(faults) }
}

/// What is wrong with a wish by itself.
fn form_faults(place: &str, wish: &Wish) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, price) in [
        ("retail_minor", wish.retail_minor),
        ("settlement_minor", wish.settlement_minor),
        ("cost_minor", wish.cost_minor.flatten()),
    ] {
        if let Some(price) = price.filter(|price| !(0..=AMOUNT_LIMIT_MINOR).contains(price)) {
            faults.push(format!("{place}: {name}: expected minor units from 0 to {AMOUNT_LIMIT_MINOR}, found {price}"));
        }
    }
    if let Some(day) = wish.weekdays.iter().flatten().find(|day| !(1..=7).contains(*day)) {
        faults.push(format!("{place}: weekdays: expected 1 (Monday) to 7 (Sunday), found {day}"));
    }
    if let Some(Some(close)) = wish.close
        && (close.minute_of_day > 1440 || close.days_before > CLOSE_LIMIT_DAYS)
    {
        faults.push(format!("{place}: close: expected minute_of_day to 1440 and days_before to {CLOSE_LIMIT_DAYS}"));
    }
    match (wish.from, wish.to) {
        (Some(from), Some(to)) if from > to => faults.push(format!("{place}: from {from} is after to {to}")),
        (Some(_), None) | (None, Some(_)) => faults.push(format!("{place}: a range needs from and to")),
        (None, None) if wish.weekdays.is_some() => faults.push(format!("{place}: weekdays choose from a range")),
        _ => {}
    }
    if (wish.bucket.is_some() || wish.slot.is_some()) && wish.stock.is_none() {
        faults.push(format!("{place}: bucket and slot say whose stock is meant; stock is left out"));
    }
    faults.extend(wish.slot.as_deref().and_then(|slot| slot_fault(place, slot)));
    faults
}

/// The bucket whose stock is meant when none is named: the one of the SKU's name, or its only one.
pub(super) fn own_bucket(sku: &Sku) -> Option<&BucketId> {
    let own = sku.buckets.iter().find(|bucket| bucket.as_str() == sku.id.as_str());
    own.or(match sku.buckets.as_slice() {
        [only] => Some(only),
        _ => None,
    })
}

type Cell = (SkuId, Option<VisitDate>);

/// What will be written.
#[derive(Debug, Default)]
pub(super) struct Plan {
    days: BTreeMap<Cell, CalendarDay>,
    stock: BTreeMap<StockKey, (SkuId, Capacity)>,
    /// Cells that new dates need and nobody writes, with the place that asks.
    needed: BTreeMap<StockKey, (String, SkuId)>,
}

/// Lays the wishes over the catalogue, in order; later ones win.
pub(super) fn plan(wishes: &[(String, Wish)], catalogue: &Catalogue) -> Result<Plan, Vec<String>> {
    let mut plan = Plan::default();
    let mut faults = Vec::new();
    let mut cells = 0_usize;
    for (place, wish) in wishes {
        match catalogue.sku(&wish.sku) {
            Err(refusal) => faults.push(format!("{place}: {}", refusal.text)),
            Ok((product, sku)) => {
                let bucket = match bucket_of(wish, sku, catalogue) {
                    Ok(bucket) => bucket,
                    Err(fault) => {
                        faults.push(format!("{place}: {fault}"));
                        continue;
                    }
                };
                match dates_of(wish, product.kind.dated(), CELLS_LIMIT.saturating_sub(cells)) {
                    Err(fault) => faults.push(format!("{place}: {fault}")),
                    Ok(dates) => {
                        cells += dates.len();
                        for date in dates {
                            faults.extend(plan.lay(place, wish, date, bucket, catalogue));
                        }
                    }
                }
            }
        }
        if faults.len() >= FAULTS_LIMIT {
            break;
        }
    }
    if faults.is_empty() { Ok(plan) } else { Err(faults) }
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

/// The dates of a wish, at most `room` of them.
fn dates_of(wish: &Wish, dated: bool, room: usize) -> Result<BTreeSet<Option<VisitDate>>, String> {
    let named = wish.from.is_some() || wish.dates.is_some();
    if !dated {
        return match named {
            true => Err(format!("{} is sold without a date; leave from, to and dates out", wish.sku)),
            false => Ok(BTreeSet::from([None])),
        };
    }
    let mut dates: BTreeSet<Option<VisitDate>> = wish.dates.iter().flatten().copied().map(Some).collect();
    if let (Some(from), Some(to)) = (wish.from, wish.to) {
        // A hundred years at most, by what a date may be.
        let length = u32::try_from(to.days_since(from)).unwrap_or(0);
        let days = (0..=length).filter_map(|day| from.plus_days(day));
        let meant = |date: &VisitDate| {
            let weekday = u8::try_from(date.date().weekday().number_from_monday()).unwrap_or(0);
            wish.weekdays.as_ref().is_none_or(|weekdays| weekdays.contains(&weekday))
        };
        dates.extend(days.filter(meant).map(Some));
    }
    match dates.len() {
        0 if named => Err(format!("{}: no date of the range is one of the weekdays", wish.sku)),
        0 => Err(format!("{} is sold by date: expected from and to, or dates", wish.sku)),
        count if count > room => Err(format!("more than {CELLS_LIMIT} cells in one call; write the rest in another")),
        _ => Ok(dates),
    }
}

fn words(sku: &SkuId, date: Option<VisitDate>) -> String {
    date.map_or_else(|| sku.to_string(), |date| format!("{sku} on {date}"))
}

impl Plan {
    /// Lays one cell over what is there; what is missing, if anything.
    fn lay(
        &mut self,
        place: &str,
        wish: &Wish,
        date: Option<VisitDate>,
        bucket: Option<&BucketId>,
        catalogue: &Catalogue,
    ) -> Vec<String> {
        let cell = (wish.sku.clone(), date);
        let known = self.days.get(&cell).or_else(|| catalogue.day(&wish.sku, date));
        let mut faults = Vec::new();
        let currency = wish.currency.or(known.map(|day| day.retail.currency)).unwrap_or(Currency::CNY);
        let mut price = |name: &str, wished: Option<i64>, known: Option<Money>| match (wished, known) {
            (Some(minor), _) => Some(Money::new(minor, currency)),
            (None, Some(known)) if known.currency == currency => Some(known),
            (None, Some(known)) => {
                let cell = words(&wish.sku, date);
                faults.push(format!(
                    "{place}: {cell}: {name} is kept in {:?}; give it in {currency:?}, too",
                    known.currency
                ));
                None
            }
            (None, None) => {
                let cell = words(&wish.sku, date);
                faults.push(format!("{place}: {cell} is new: {name} is needed"));
                None
            }
        };
        let retail = price("retail_minor", wish.retail_minor, known.map(|day| day.retail));
        let settlement = price("settlement_minor", wish.settlement_minor, known.map(|day| day.settlement));
        if let Some(bucket) = bucket {
            let key = StockKey { bucket: bucket.clone(), date, slot: wish.slot.clone() };
            match wish.stock {
                Some(capacity) => {
                    self.stock.insert(key, (wish.sku.clone(), capacity));
                }
                None if known.is_none() => {
                    self.needed.insert(key, (place.to_owned(), wish.sku.clone()));
                }
                None => {}
            }
        }
        if let (Some(retail), Some(settlement)) = (retail, settlement) {
            self.days.insert(
                cell,
                CalendarDay {
                    sku: wish.sku.clone(),
                    date,
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
                },
            );
        }
        faults
    }

    /// The cells that have to be looked at.
    pub(super) fn cells(&self) -> Vec<StockKey> {
        let cells: BTreeSet<&StockKey> = self.stock.keys().chain(self.needed.keys()).collect();
        cells.into_iter().cloned().collect()
    }

    /// Whether the stock can become what is wished, and new dates have some.
    pub(super) fn check_stock(&self, stock: &BTreeMap<StockKey, Stock>) -> Result<(), Problem> {
        let missing: Vec<String> = self
            .needed
            .iter()
            .filter(|(key, _)| !stock.contains_key(*key) && !self.stock.contains_key(*key))
            .map(|(key, (place, sku))| format!("{place}: {} is new: stock is needed", words(sku, key.date)))
            .collect();
        if !missing.is_empty() {
            return Err(Problem::of_faults(missing));
        }
        let mut refused =
            self.stock.iter().filter_map(|(key, (_, capacity))| set_capacity(key, stock.get(key), *capacity).err());
        let Some(first) = refused.next() else { return Ok(()) };
        let faults: Vec<String> = std::iter::once(first.text.clone()).chain(refused.map(|other| other.text)).collect();
        Err(Problem::from(first).with_faults(faults))
    }

    /// The SKUs, for the audit log.
    pub(super) fn subject(&self) -> String {
        let skus: BTreeSet<&str> = self.days.keys().map(|(sku, _)| sku.as_str()).collect();
        skus.into_iter().take(20).collect::<Vec<_>>().join(", ")
    }

    /// The rows as the command takes them.
    pub(super) fn into_rows(self) -> Vec<CalendarRow> {
        let mut stock: BTreeMap<Cell, Vec<(StockKey, Capacity)>> = BTreeMap::new();
        for (key, (sku, capacity)) in self.stock {
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

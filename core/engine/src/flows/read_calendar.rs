//! Reads a supplier's calendar into ours, where the connection says that the supplier's numbers count: stock, cost, time
//! slots and the last booking of the dates that are for sale. Prices for guests and opening stay the merchant's own; what the supplier closed has no
//! stock left. One node of a deployment reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use entrepot_contract::calendar::{CalendarDay, Capacity, DaySlot, SLOTS_LIMIT, Stock, StockKey};
use entrepot_contract::ids::{BucketId, ConnectionId, SkuId, TraceId};
use entrepot_contract::money::Money;
use entrepot_contract::product::Fulfilment;
use entrepot_contract::reading::{SupplierCell, Vacancies};
use entrepot_contract::supplier::{SupplierRequest, SupplierResponse};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::answer::Answer;
use entrepot_domain::catalogue::{Catalogue, ConnectionRules, ReadsCalendar};
use entrepot_domain::command::{BULK_LIMIT_ROWS, Body, CalendarRow, CommandKey, StockChange, StockCorrection};
use entrepot_domain::venue;

use super::supplier::{Asking, CALL_LIMIT_MS};
use crate::core::Core;
use crate::directory::Connection;
use crate::rounds::Going;

/// Most pages of one question; a supplier that never ends is cut off.
const PAGES_LIMIT: usize = 50;

/// Begins what is due. A reading goes on beside the ticker.
pub(crate) async fn look(core: &Arc<Core>) {
    for connection in core.directory().connections.values() {
        let ConnectionRules::Supplier(rules) = &connection.rules else { continue };
        let Some(reads) = rules.reads_calendar else { continue };
        let failed = "a supplier's calendar could not be read";
        let going = Going { rounds: |core| &core.readings, every_ms: reads.every_ms, failed };
        let round = async move |core: Arc<Core>, connection: Connection| {
            let read = read(&core, &connection, reads, core.clock.now()).await;
            let result = if read.is_ok() { "done" } else { "failed" };
            metrics::counter!("entrepot_calendar_readings_total", "result" => result).increment(1);
            read
        };
        going.begin(core, connection, round).await;
    }
}

async fn read(core: &Core, connection: &Connection, reads: ReadsCalendar, now: Timestamp) -> Result<(), String> {
    let rules = core.rules(&connection.merchant).await.map_err(|fault| fault.to_string())?;
    let catalogue = &rules.catalogue;
    let mut failed = None;
    for (sku, code) in bound(catalogue, &connection.id) {
        let told = one(core, connection, reads, catalogue, &sku, &code, now).await;
        // One product that cannot be read keeps no other from it.
        if let Err(why) = told {
            failed.get_or_insert(format!("product {code}: {why}"));
        }
    }
    failed.map_or(Ok(()), Err)
}

/// The dated SKUs that this connection fulfils, with their codes there.
fn bound(catalogue: &Catalogue, connection: &ConnectionId) -> Vec<(SkuId, String)> {
    let of = |sku: &entrepot_contract::product::Sku| match &sku.fulfilment {
        Fulfilment::Supplier { connection: own, product_code } if own == connection => {
            let dated = catalogue.products.get(&sku.product).is_some_and(|product| product.kind.dated());
            dated.then(|| (sku.id.clone(), product_code.clone()))
        }
        _ => None,
    };
    catalogue.skus.values().filter_map(of).collect()
}

/// The bucket whose stock the supplier tells: the SKU's only one, that nothing else draws on.
fn bucket<'a>(catalogue: &'a Catalogue, sku: &SkuId) -> Option<&'a BucketId> {
    let [own] = catalogue.skus.get(sku)?.buckets.as_slice() else { return None };
    let fulfilment = &catalogue.skus.get(sku)?.fulfilment;
    let alone =
        |other: &&entrepot_contract::product::Sku| catalogue.draws_on(other, own) && other.fulfilment != *fulfilment;
    catalogue.skus.values().find(alone).is_none().then_some(own)
}

async fn one(
    core: &Core,
    connection: &Connection,
    reads: ReadsCalendar,
    catalogue: &Catalogue,
    sku: &SkuId,
    code: &str,
    now: Timestamp,
) -> Result<(), String> {
    let bucket = bucket(catalogue, sku).ok_or("its stock is shared with what another supplier fulfils")?;
    let zone = catalogue.skus.get(sku).and_then(|sku| catalogue.products.get(&sku.product));
    let zone = zone.and_then(|product| venue::zone(&product.time_zone)).ok_or("its time zone is not known")?;
    let today = venue::today(zone, now).ok_or("today is not known")?;
    let cells = cells(core, connection, code, (today, reads.days), now).await?;
    let keys: Vec<StockKey> = cells.iter().map(|cell| key(bucket, cell)).collect();
    let stock = core.storage.stock(&connection.merchant, &keys).await.map_err(|fault| fault.to_string())?;
    let corrections: Vec<StockCorrection> = cells
        .iter()
        .zip(keys)
        .filter_map(|(cell, key)| {
            let before = stock.get(&key);
            let after = capacity(cell, before)?;
            (before.map(|stock| stock.capacity) != Some(after))
                .then_some(StockCorrection { key, change: StockChange::Set(after) })
        })
        .collect();
    let dates = by_date(&cells)?.into_iter();
    let days: Vec<CalendarRow> = dates.filter_map(|(date, told)| changed(catalogue, sku, date, told)).collect();
    for (number, rows) in corrections.chunks(BULK_LIMIT_ROWS).enumerate() {
        let body = Body::CorrectStock { rows: rows.to_vec() };
        write(core, connection, sku, format!("stock-{number}"), now, body).await?;
    }
    for (number, rows) in days.chunks(BULK_LIMIT_ROWS).enumerate() {
        let body = Body::WriteCalendar { rows: rows.to_vec() };
        write(core, connection, sku, format!("days-{number}"), now, body).await?;
    }
    Ok(())
}

async fn write(
    core: &Core,
    connection: &Connection,
    sku: &SkuId,
    part: String,
    now: Timestamp,
    body: Body,
) -> Result<(), String> {
    let key = CommandKey {
        scope: format!("calendar:{}", connection.id),
        kind: body.name().to_owned(),
        key: format!("{sku}-{}-{part}", now.millis()),
    };
    let by = format!("supplier {}", connection.id);
    match core.command(&connection.merchant, key, String::new(), &by, body, None, None).await {
        Ok(Answer::Refused(refusal)) => Err(refusal.text),
        Ok(_) => Ok(()),
        Err(fault) => Err(fault.to_string()),
    }
}

fn key(bucket: &BucketId, cell: &SupplierCell) -> StockKey {
    StockKey { bucket: bucket.clone(), date: Some(cell.date), slot: cell.slot.as_ref().map(|slot| slot.id.clone()) }
}

/// What a cell may sell in all. The supplier's vacancies leave out what it booked for us, ours count it: what was sold
/// and is not booked yet is counted there once more, until the next reading.
fn capacity(cell: &SupplierCell, before: Option<&Stock>) -> Option<Capacity> {
    let (held, sold) = before.map_or((0, 0), |stock| (stock.held, stock.sold));
    match (cell.open, cell.vacancies) {
        (false, _) => Some(Capacity::Limited(held.saturating_add(sold))),
        (true, Vacancies::Limited { units }) => {
            Some(Capacity::Limited(units.saturating_add(sold).max(held.saturating_add(sold))))
        }
        (true, Vacancies::Unlimited) => Some(Capacity::Unlimited),
        (true, Vacancies::Unknown) => None,
    }
}

/// What the supplier says of one date besides its stock.
struct Told {
    cost: Option<Money>,
    cutoff: Option<Timestamp>,
    slots: Vec<DaySlot>,
}

/// The cells by their date. A date is sold as a whole, or by the time slots that are told of it.
fn by_date(cells: &[SupplierCell]) -> Result<BTreeMap<VisitDate, Told>, String> {
    let mut told: BTreeMap<VisitDate, Told> = BTreeMap::new();
    for cell in cells {
        let date = told.entry(cell.date).or_insert(Told { cost: None, cutoff: None, slots: Vec::new() });
        match &cell.slot {
            Some(slot) => {
                date.slots.push(DaySlot { slot: slot.clone(), cost: cell.cost, cutoff: cell.cutoff });
            }
            None => (date.cost, date.cutoff) = (cell.cost, cell.cutoff),
        }
    }
    for (date, told) in &mut told {
        if told.slots.len() > SLOTS_LIMIT {
            return Err(format!("{date} has {} time slots, and may have {SLOTS_LIMIT}", told.slots.len()));
        }
        told.slots.sort_by(|a, b| (&a.slot.starts, &a.slot.id).cmp(&(&b.slot.starts, &b.slot.id)));
    }
    Ok(told)
}

/// A date of ours of which the supplier says something new. A cost in another money than ours is none.
fn changed(catalogue: &Catalogue, sku: &SkuId, date: VisitDate, told: Told) -> Option<CalendarRow> {
    let day = catalogue.day(sku, Some(date))?;
    let ours = |cost: &Money| cost.currency == day.retail.currency;
    let slots = told.slots.into_iter().map(|slot| DaySlot { cost: slot.cost.filter(ours), ..slot }).collect();
    let cost = told.cost.filter(ours).or(day.cost);
    let new = CalendarDay { cost, cutoff: told.cutoff, slots, ..day.clone() };
    (new != *day).then_some(CalendarRow { day: new, stock: None })
}

/// All cells of a product from a date on, question by question and page by page.
async fn cells(
    core: &Core,
    connection: &Connection,
    code: &str,
    (first, days): (VisitDate, u16),
    now: Timestamp,
) -> Result<Vec<SupplierCell>, String> {
    let instance = core.host.instance(&connection.instance()).ok_or("its plugin is not open")?;
    let supplier = instance.manifest().capabilities.supplier.as_ref();
    let calls = supplier.and_then(entrepot_contract::capability::SupplierCapabilities::calls);
    let limit = calls.and_then(|calls| calls.calendar.as_ref()).ok_or("it tells no calendar")?.days_limit.max(1);
    let mut cells = Vec::new();
    let mut from = 0_u16;
    while from < days {
        let until = days.min(from.saturating_add(limit));
        let day = |number: u16| first.plus_days(u32::from(number)).ok_or("the dates end");
        let (first, last) = (day(from)?, day(until - 1)?);
        let mut page = None;
        for number in 0.. {
            if number == PAGES_LIMIT {
                return Err(format!("more than {PAGES_LIMIT} pages"));
            }
            let trace = TraceId::parse(format!("calendar-{}-{from}-{number}", now.millis()))
                .map_err(|fault| fault.to_string())?;
            let key = trace.to_string();
            let limit_ms = CALL_LIMIT_MS;
            let asking = Asking { connection: &connection.id, order: None, trace, key: &key, attempt: 1, limit_ms };
            let request = SupplierRequest::ReadCalendar { product_code: code.to_owned(), first, last, page };
            match asking.call(core, request).await {
                Ok(SupplierResponse::Calendar(told)) => {
                    cells.extend(told.cells);
                    page = told.next;
                }
                Ok(_) => return Err("read_calendar was answered with something else".to_owned()),
                Err(fault) => return Err(fault.to_string()),
            }
            if page.is_none() {
                break;
            }
        }
        from = until;
    }
    // Where a date is told twice the last word counts; a command names each cell once.
    let mut once: BTreeMap<(VisitDate, Option<String>), SupplierCell> = BTreeMap::new();
    for cell in cells {
        once.insert((cell.date, cell.slot.as_ref().map(|slot| slot.id.clone())), cell);
    }
    Ok(once.into_values().collect())
}

//! What a sale takes of a catalogue: which SKU, which dates, which cells of stock.

use std::collections::BTreeMap;

use entrepot_contract::calendar::StockKey;
use entrepot_contract::ids::{BucketId, SkuId};
use entrepot_contract::intent::Wish;
use entrepot_contract::listing::Listing;
use entrepot_contract::order::Visit;
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Product, Sku};
use entrepot_contract::time::VisitDate;

use super::VISIT_LIMIT_DAYS;
use crate::planted::{self, Bug};

/// The SKU that a wish of a listing is about: with a date what is reserved, without one what is bought.
#[must_use]
pub const fn sold<'a>(listing: &'a Listing, wish: &Wish) -> &'a SkuId {
    match wish.visit {
        Some(_) => listing.sells.dated(),
        None => listing.sells.bought(),
    }
}

/// The stock cells of which each unit of a SKU takes one: every bucket on every date.
#[must_use]
pub fn stock_cells(sku: &Sku, dates: &[Option<VisitDate>], slot: Option<&str>) -> Vec<StockKey> {
    let missed = usize::from(planted::is(Bug::MissedNight) && dates.len() > 1);
    let mut cells: Vec<StockKey> = dates[..dates.len() - missed]
        .iter()
        .flat_map(|date| {
            sku.buckets.iter().map(move |bucket| StockKey {
                bucket: if planted::is(Bug::StockNotShared) { own(sku) } else { bucket.clone() },
                date: *date,
                slot: slot.map(str::to_owned),
            })
        })
        .collect();
    cells.sort();
    cells.dedup();
    cells
}

/// The bucket of nobody but this SKU.
fn own(sku: &Sku) -> BucketId {
    BucketId::parse(sku.id.as_str()).unwrap_or_else(|_| sku.buckets[0].clone())
}

/// A connection's own share of each cell that is taken from it before the common pool, by the pool's cell.
#[must_use]
pub fn share_cells(sku: &Sku, allotment: Option<&BucketId>, cells: &[StockKey]) -> BTreeMap<StockKey, StockKey> {
    let (Some(share), Some(common)) = (allotment, sku.buckets.first()) else { return BTreeMap::new() };
    let shared = cells.iter().filter(|key| &key.bucket == common);
    shared.map(|key| (key.clone(), StockKey { bucket: share.clone(), ..key.clone() })).collect()
}

/// The dates that a visit takes from the calendar: the day of a ticket, the nights of a stay, no date for a voucher.
pub fn dates_taken(product: &Product, visit: Option<&Visit>) -> Result<Vec<Option<VisitDate>>, Refusal> {
    let closed = |text: String| Refusal::new(Reason::DateClosed, text);
    if !product.kind.dated() {
        return Ok(vec![None]);
    }
    let Some(visit) = visit else {
        return Err(closed(format!("product {} is sold by date and the call names none", product.id)));
    };
    let days = visit.leave.days_since(visit.arrive);
    if !(0..=VISIT_LIMIT_DAYS).contains(&days) {
        return Err(closed(format!("the visit from {} to {} cannot be", visit.arrive, visit.leave)));
    }
    if product.kind != entrepot_contract::product::ProductKind::RoomStay {
        return Ok(vec![Some(visit.arrive)]);
    }
    if days == 0 {
        return Err(closed(format!("a stay needs a night; arrival and departure are {}", visit.arrive)));
    }
    let nights = u32::try_from(days).unwrap_or(0);
    Ok((0..nights).map(|night| visit.arrive.plus_days(night)).collect())
}

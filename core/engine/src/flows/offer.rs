//! What a channel may be offered of a listing: what is left of its own share and of the common pool, less the safety
//! stock. An order may reach into the safety stock; an offer never does.

use std::collections::BTreeMap;

use entrepot_contract::calendar::{DaySlot, Stock, StockKey};
use entrepot_contract::ids::SkuId;
use entrepot_contract::intent::Wish;
use entrepot_contract::listing::Listing;
use entrepot_contract::outcome::{CalendarAnswer, CalendarCell, Outcome, Refusal, SlotLeft};
use entrepot_contract::time::VisitDate;
use entrepot_domain::catalogue::{Rules, share_cells, stock_cells};

use crate::core::{Core, Engine};
use crate::inbound::Visit;
use crate::storage::StorageFault;

/// Most dates that one answer tells.
pub(super) const DATES_LIMIT: i64 = 120;

/// Units that may be offered; none is without limit. Each of `cells` has to have them; a cell that is not there has
/// nothing.
pub(super) fn left(
    cells: &[StockKey],
    shares: &BTreeMap<StockKey, StockKey>,
    stock: &BTreeMap<StockKey, Stock>,
    safety_stock: u32,
) -> Option<u32> {
    let of = |key: &StockKey| stock.get(key).map_or(Some(0), Stock::left);
    let both = |key: &StockKey| match shares.get(key) {
        Some(share) => of(share).zip(of(key)).map(|(share, common)| share.saturating_add(common)),
        None => of(key),
    };
    let least = cells.iter().map(both).fold(None, |least: Option<u32>, left| match (least, left) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    });
    least.map(|least| least.saturating_sub(safety_stock))
}

/// A listing's dates within a range, both inclusive, as a channel may offer them.
pub(super) async fn days(
    core: &Core,
    rules: &Rules,
    listing: &Listing,
    (from, to): (VisitDate, VisitDate),
) -> Result<Vec<CalendarCell>, StorageFault> {
    let Ok((product, sku)) = rules.catalogue.sku(listing.sells.dated()) else { return Ok(Vec::new()) };
    let selling = listing.on_sale && product.on_sale;
    let days: BTreeMap<Option<VisitDate>, _> = rules
        .catalogue
        .days
        .get(&sku.id)
        .into_iter()
        .flat_map(|days| days.range(Some(from)..=Some(to)))
        .map(|(date, day)| (*date, day.clone()))
        .collect();
    let dates: Vec<Option<VisitDate>> = days.keys().copied().collect();
    let mut keys: Vec<StockKey> = dates.iter().flat_map(|date| stock_cells(sku, &[*date], None)).collect();
    let slotted = days.iter().flat_map(|(date, day)| day.slots.iter().map(move |slot| (*date, slot)));
    keys.extend(slotted.flat_map(|(date, slot)| stock_cells(sku, &[date], Some(&slot.slot.id))));
    let shares = share_cells(sku, listing.allotment.as_ref(), &keys);
    keys.extend(shares.values().cloned());
    let stock = core.storage.stock(&rules.merchant, &keys).await?;
    Ok(days
        .into_iter()
        .map(|(date, mut day)| {
            day.open &= selling && rules.catalogue.stopped(&listing.connection, &sku.id, date).is_none();
            // A date sells as long as every bucket has some; one that is not there sells nothing.
            let left_of =
                |slot: Option<&str>| left(&stock_cells(sku, &[date], slot), &shares, &stock, listing.safety_stock);
            let slot_left =
                |slot: &DaySlot| SlotLeft { slot: slot.slot.id.clone(), left: left_of(Some(&slot.slot.id)) };
            let slots = day.slots.iter().map(slot_left).collect();
            // Nobody buys a date as a whole that is sold by time slot.
            let left = if day.slots.is_empty() { left_of(None) } else { Some(0) };
            CalendarCell { day, left, slots }
        })
        .collect())
}

/// A no, with what the dates asked for cost and hold where the call wants to know it.
pub(super) async fn with_calendar(visit: &Visit<'_>, wish: &Wish, outcome: Outcome) -> Outcome {
    let (Outcome::Refused(refusal), Some(stay), true) = (&outcome, wish.visit, wish.calendar_when_refused) else {
        return outcome;
    };
    if !(0..DATES_LIMIT).contains(&stay.leave.days_since(stay.arrive)) {
        return outcome;
    }
    match asked_for(visit, wish, (stay.arrive, stay.leave)).await {
        Ok(calendar) => Outcome::Refused(Refusal { calendar, ..refusal.clone() }),
        Err(fault) => {
            // The no stands; what is missing is what it comes with.
            tracing::warn!(%fault, "the calendar of a refusal cannot be read");
            outcome
        }
    }
}

async fn asked_for(
    visit: &Visit<'_>,
    wish: &Wish,
    dates: (VisitDate, VisitDate),
) -> Result<Vec<CalendarAnswer>, StorageFault> {
    let rules = visit.core.rules(&visit.connection.merchant).await?;
    // What nobody knows has no dates.
    let Ok(listing) = rules.catalogue.listing(&visit.connection.id, &wish.names) else { return Ok(Vec::new()) };
    let days = days(visit.core, &rules, listing, dates).await?;
    Ok(vec![CalendarAnswer { names: listing.names.clone(), days }])
}

/// Units of one date, or of what is sold without one, that a channel may be offered; none is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offered {
    /// As they were put up, whatever was sold since.
    pub all: Option<u32>,
    /// That are left now.
    pub left: Option<u32>,
}

impl Engine {
    /// What a channel may be offered of a SKU of a listing, on those of the dates that have a price; a date sold by time slot
    /// has the units of all its slots.
    pub async fn offered(
        &self,
        rules: &Rules,
        listing: &Listing,
        sku: &SkuId,
        dates: &[Option<VisitDate>],
    ) -> Result<BTreeMap<Option<VisitDate>, Offered>, StorageFault> {
        let (Ok((_, sku)), Some(days)) = (rules.catalogue.sku(sku), rules.catalogue.days.get(sku)) else {
            return Ok(BTreeMap::new());
        };
        let cells: Vec<(Option<VisitDate>, Vec<StockKey>)> = dates
            .iter()
            .filter_map(|date| days.get(date))
            .flat_map(|day| {
                let whole = day.slots.is_empty().then_some(None);
                let slots = day.slots.iter().map(|slot| Some(slot.slot.id.as_str()));
                whole.into_iter().chain(slots).map(|slot| (day.date, stock_cells(sku, &[day.date], slot)))
            })
            .collect();
        let mut keys: Vec<StockKey> = cells.iter().flat_map(|(_, keys)| keys).cloned().collect();
        let shares = share_cells(sku, listing.allotment.as_ref(), &keys);
        keys.extend(shares.values().cloned());
        let now = self.storage().stock(&rules.merchant, &keys).await?;
        let unsold: BTreeMap<StockKey, Stock> =
            now.iter().map(|(key, stock)| (key.clone(), Stock { held: 0, sold: 0, ..*stock })).collect();
        let mut offered = BTreeMap::new();
        for (date, keys) in cells {
            let of = |stock| left(&keys, &shares, stock, listing.safety_stock);
            let sum = offered.entry(date).or_insert(Offered { all: Some(0), left: Some(0) });
            *sum = Offered { all: add(sum.all, of(&unsold)), left: add(sum.left, of(&now)) };
        }
        Ok(offered)
    }
}

/// Without limit as soon as one of both is.
fn add(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    one.zip(other).map(|(one, other)| one.saturating_add(other))
}

#[cfg(test)]
mod tests {
    use entrepot_contract::calendar::Capacity;

    use super::*;

    fn cell(bucket: &str) -> StockKey {
        StockKey { bucket: bucket.parse().unwrap(), date: None, slot: None }
    }

    fn stock(limit: u32, sold: u32) -> Stock {
        Stock { capacity: Capacity::Limited(limit), held: 0, sold }
    }

    #[test]
    fn share_and_pool_add_up_and_safety_stock_is_never_offered() {
        let stock =
            BTreeMap::from([(cell("pool"), stock(10, 4)), (cell("share"), stock(3, 1)), (cell("b"), stock(7, 0))]);
        let shares = BTreeMap::from([(cell("pool"), cell("share"))]);
        assert_eq!(left(&[cell("pool")], &BTreeMap::new(), &stock, 0), Some(6));
        assert_eq!(left(&[cell("pool")], &shares, &stock, 0), Some(8));
        assert_eq!(left(&[cell("pool"), cell("b")], &shares, &stock, 2), Some(5));
        assert_eq!(left(&[cell("pool"), cell("other")], &shares, &stock, 2), Some(0));
        assert_eq!(left(&[cell("b")], &shares, &stock, 9), Some(0));
    }
}

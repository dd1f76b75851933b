//! What does the calendar say? Prices from the catalogue, stock from the database.

use std::collections::BTreeMap;

use entrepot_contract::calendar::StockKey;
use entrepot_contract::intent::PullCalendar;
use entrepot_contract::listing::Listing;
use entrepot_contract::outcome::{CalendarAnswer, CalendarCell, Outcome, Reason, Refusal};
use entrepot_contract::time::VisitDate;
use entrepot_domain::catalogue::{Rules, share_cells, stock_cells};

use super::offer::left;
use crate::inbound::Visit;
use crate::storage::StorageFault;

/// Most dates of one answer.
const DATES_LIMIT: i64 = 120;

pub(super) async fn run(visit: &Visit<'_>, pull: &PullCalendar) -> Outcome {
    let days = pull.to.days_since(pull.from) + 1;
    if !(1..=DATES_LIMIT).contains(&days) {
        let text = format!("a pull covers 1 to {DATES_LIMIT} dates, found {} to {}", pull.from, pull.to);
        return Outcome::Refused(Refusal::new(Reason::Malformed, text));
    }
    match answer(visit, pull).await {
        Ok(outcome) => outcome,
        Err(fault) => {
            tracing::warn!(%fault, "the calendar cannot be read");
            Outcome::Busy
        }
    }
}

async fn answer(visit: &Visit<'_>, pull: &PullCalendar) -> Result<Outcome, StorageFault> {
    let rules = visit.core.rules(&visit.connection.merchant).await?;
    let listings: Vec<&Listing> = rules
        .catalogue
        .listings
        .iter()
        .filter(|listing| listing.connection == visit.connection.id && same_product(listing, pull))
        .filter(|listing| pull.skus.is_empty() || pull.skus.iter().any(|names| listing.names.answers_to(names)))
        .collect();
    if listings.is_empty() {
        let text = format!("connection {} has no listing for {:?}", visit.connection.id, pull.names);
        return Ok(Outcome::Refused(Refusal::new(Reason::OffSale, text)));
    }
    let mut skus = Vec::with_capacity(listings.len());
    for listing in listings {
        skus.push(CalendarAnswer { names: listing.names.clone(), days: days_of(visit, &rules, listing, pull).await? });
    }
    Ok(Outcome::Calendar { skus })
}

/// A pull names the product; its listings are one for each SKU.
fn same_product(listing: &Listing, pull: &PullCalendar) -> bool {
    let both = |ours: &Option<String>, theirs: &Option<String>| ours.is_some() && ours == theirs;
    both(&listing.names.product, &pull.names.product) || both(&listing.names.product_out, &pull.names.product_out)
}

async fn days_of(
    visit: &Visit<'_>,
    rules: &Rules,
    listing: &Listing,
    pull: &PullCalendar,
) -> Result<Vec<CalendarCell>, StorageFault> {
    let Ok((product, sku)) = rules.catalogue.sku(listing.sells.dated()) else { return Ok(Vec::new()) };
    let selling = listing.on_sale && product.on_sale;
    let days: BTreeMap<Option<VisitDate>, _> = rules
        .catalogue
        .days
        .get(&sku.id)
        .into_iter()
        .flat_map(|days| days.iter())
        .filter(|(date, _)| date.is_some_and(|date| date >= pull.from && date <= pull.to))
        .map(|(date, day)| (*date, day.clone()))
        .collect();
    let dates: Vec<Option<VisitDate>> = days.keys().copied().collect();
    let mut keys: Vec<StockKey> = dates.iter().flat_map(|date| stock_cells(sku, &[*date], None)).collect();
    let shares = share_cells(sku, listing.allotment.as_ref(), &keys);
    keys.extend(shares.values().cloned());
    let stock = visit.core.storage.stock(&visit.connection.merchant, &keys).await?;
    Ok(days
        .into_iter()
        .map(|(date, mut day)| {
            day.open &= selling && rules.catalogue.stopped(&listing.connection, &sku.id, date).is_none();
            // A date sells as long as every bucket has some; one that is not there sells nothing.
            let left = left(&stock_cells(sku, &[date], None), &shares, &stock, listing.safety_stock);
            CalendarCell { day, left }
        })
        .collect())
}

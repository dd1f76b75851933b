//! What does the calendar say? Prices from the catalogue, stock from the database.

use entrepot_contract::intent::PullCalendar;
use entrepot_contract::listing::Listing;
use entrepot_contract::outcome::{CalendarAnswer, Outcome, Reason, Refusal};

use super::offer::{DATES_LIMIT, days};
use crate::inbound::Visit;
use crate::storage::StorageFault;

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
        skus.push(CalendarAnswer {
            names: listing.names.clone(),
            days: days(visit.core, &rules, listing, (pull.from, pull.to)).await?,
        });
    }
    Ok(Outcome::Calendar { skus })
}

/// A pull names the product; its listings are one for each SKU.
fn same_product(listing: &Listing, pull: &PullCalendar) -> bool {
    let both = |ours: &Option<String>, theirs: &Option<String>| ours.is_some() && ours == theirs;
    both(&listing.names.product, &pull.names.product) || both(&listing.names.product_out, &pull.names.product_out)
}

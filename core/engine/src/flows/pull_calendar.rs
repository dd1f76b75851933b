//! What does the calendar say? Prices from the catalogue, stock from the database.

use entrepot_contract::intent::PullCalendar;
use entrepot_contract::listing::{Listing, ListingNames, Sells};
use entrepot_contract::outcome::{CalendarAnswer, Outcome, Reason, Refusal};
use entrepot_domain::catalogue::Rules;

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
    let mut answers: Vec<(&Listing, ListingNames)> =
        listings.into_iter().map(|listing| (listing, listing.names.clone())).collect();
    if answers.is_empty() {
        answers = half_of_pair(visit, &rules, pull);
    }
    if answers.is_empty() {
        let text = format!("connection {} has no listing for {:?}", visit.connection.id, pull.names);
        return Ok(Outcome::Refused(Refusal::new(Reason::OffSale, text)));
    }
    let mut skus = Vec::with_capacity(answers.len());
    for (listing, names) in answers {
        let days = days(visit.core, &rules, listing, (pull.from, pull.to)).await?;
        skus.push(CalendarAnswer { names, days });
    }
    Ok(Outcome::Calendar { skus })
}

/// A pull names the product; its listings are one for each SKU.
fn same_product(listing: &Listing, pull: &PullCalendar) -> bool {
    let both = |ours: &Option<String>, theirs: &Option<String>| ours.is_some() && ours == theirs;
    both(&listing.names.product, &pull.names.product) || both(&listing.names.product_out, &pull.names.product_out)
}

/// A pull may name what is reserved with a voucher: the second half of a pair, which is no product of its own here. It
/// has the dates of the pair, and answers to the names that were asked for. Of several pairs with the same half one that
/// is on sale tells them.
fn half_of_pair<'a>(visit: &Visit<'_>, rules: &'a Rules, pull: &PullCalendar) -> Vec<(&'a Listing, ListingNames)> {
    let Some(half) = pull.names.product_out.as_ref().or(pull.names.sku_out.as_ref()) else { return Vec::new() };
    let reserves = |listing: &&Listing| {
        listing.connection == visit.connection.id
            && matches!(&listing.sells, Sells::Pair { reservation, .. } if reservation.as_str() == half)
    };
    let found = rules.catalogue.listings.iter().filter(reserves);
    let Some(listing) = found.min_by_key(|listing| (!listing.on_sale, &listing.id)) else { return Vec::new() };
    // It has one SKU, which is called as the product is unless the call says otherwise.
    let called = |asked: &ListingNames| ListingNames {
        product: pull.names.product.clone(),
        product_out: pull.names.product_out.clone(),
        sku: asked.sku.clone(),
        sku_out: asked.sku_out.clone().or_else(|| Some(half.clone())),
    };
    if pull.skus.is_empty() {
        return vec![(listing, called(&pull.names))];
    }
    let means = |asked: &&ListingNames| asked.sku_out.as_ref().is_none_or(|out| out == half);
    pull.skus.iter().filter(means).take(1).map(|asked| (listing, called(asked))).collect()
}

//! May this be bought? The catalogue answers from memory, stock and credit by one read each. Nothing is reserved.

use entrepot_contract::intent::Wish;
use entrepot_contract::order::LimitKey;
use entrepot_contract::outcome::{Outcome, Reason, Refusal};
use entrepot_domain::decide::{Offer, check_booking};
use entrepot_domain::limits;
use entrepot_domain::planted::{self, Bug};

use super::offer::left;
use crate::inbound::Visit;
use crate::storage::StorageFault;

pub(super) async fn run(visit: &Visit<'_>, wish: &Wish) -> Outcome {
    let outcome = check(visit, wish).await;
    super::offer::with_calendar(visit, wish, outcome).await
}

async fn check(visit: &Visit<'_>, wish: &Wish) -> Outcome {
    let rules = match visit.core.rules(&visit.connection.merchant).await {
        Ok(rules) => rules,
        Err(fault) => {
            tracing::warn!(%fault, "the catalogue cannot be read");
            return Outcome::Busy;
        }
    };
    let offer = match check_booking(&rules, &visit.connection.id, wish, visit.core.clock.now()) {
        Ok(offer) => offer,
        Err(refusal) => return Outcome::Refused(refusal),
    };
    let merchant = &visit.connection.merchant;
    let mut keys = offer.cells.clone();
    keys.extend(offer.shares.values().cloned());
    let stock = match visit.core.storage.stock(merchant, &keys).await {
        Ok(stock) => stock,
        Err(fault) => {
            tracing::warn!(%fault, "stock cannot be read");
            return Outcome::Busy;
        }
    };
    for cell in &offer.cells {
        let date = cell.date.map_or_else(|| "without a date".to_owned(), |date| format!("on {date}"));
        if !stock.contains_key(cell) && offer.shares.get(cell).is_none_or(|share| !stock.contains_key(share)) {
            let text = format!("{} has no stock {date}", cell.bucket);
            return Outcome::Refused(Refusal::new(Reason::DateClosed, text));
        }
        let left = left(std::slice::from_ref(cell), &offer.shares, &stock, offer.listing.safety_stock);
        if let Some(left) = left.filter(|left| *left < wish.count) {
            let text = format!("{} {date}: {left} may be offered, {} asked for", cell.bucket, wish.count);
            return Outcome::Refused(Refusal::new(Reason::SoldOut, text));
        }
    }
    match beyond_limits(visit, wish, &offer).await {
        Ok(None) => {}
        Ok(Some(refusal)) => return Outcome::Refused(refusal),
        Err(fault) => {
            tracing::warn!(%fault, "purchase limits cannot be read");
            return Outcome::Busy;
        }
    }
    let Some(distributor) = rules.channel(&visit.connection.id).and_then(|channel| channel.distributor.clone()) else {
        return Outcome::Bookable;
    };
    match visit.core.storage.account(&visit.connection.merchant, &distributor).await {
        Err(fault) => {
            tracing::warn!(%fault, "the account cannot be read");
            Outcome::Busy
        }
        Ok(account) => {
            let available = account.map_or(0, |account| account.available_minor());
            let needed = offer.owed.amount_minor.saturating_mul(i64::from(wish.count));
            let needed = needed.max(i64::from(planted::is(Bug::ReservationPriced)));
            if needed > available {
                let text = format!("distributor {distributor} has {available} left, {needed} is needed");
                return Outcome::Refused(Refusal::new(Reason::CreditShort, text));
            }
            Outcome::Bookable
        }
    }
}

/// What a purchase limit says against the wish.
async fn beyond_limits(visit: &Visit<'_>, wish: &Wish, offer: &Offer<'_>) -> Result<Option<Refusal>, StorageFault> {
    let people = super::people::named(visit, wish).await?;
    if people.is_empty() {
        return Ok(None);
    }
    let (now, persons) = (visit.core.clock.now(), offer.sku.persons_per_unit);
    let wanted = limits::wanted(offer.product, wish.visit.as_ref(), &people, wish.count, persons, now);
    let keys: Vec<LimitKey> = wanted.iter().map(|(taken, _)| taken.key.clone()).collect();
    let counters = visit.core.storage.limits(&visit.connection.merchant, &keys).await?;
    let refused = wanted.iter().find_map(|(taken, limit)| {
        limits::take(taken, counters.get(&taken.key).copied().unwrap_or_default(), *limit).err()
    });
    Ok(refused)
}

//! May this be bought? The catalogue answers from memory, stock and credit by one read each. Nothing is reserved.

use entrepot_contract::intent::Wish;
use entrepot_contract::outcome::{Outcome, Reason, Refusal};
use entrepot_domain::decide::check_wish;

use crate::inbound::Visit;

pub(super) async fn run(visit: &Visit<'_>, wish: &Wish) -> Outcome {
    let rules = match visit.core.rules(&visit.connection.merchant).await {
        Ok(rules) => rules,
        Err(fault) => {
            tracing::warn!(%fault, "the catalogue cannot be read");
            return Outcome::Busy;
        }
    };
    let offer = match check_wish(&rules, &visit.connection.id, wish, visit.core.clock.now()) {
        Ok(offer) => offer,
        Err(refusal) => return Outcome::Refused(refusal),
    };
    let stock = match visit.core.storage.stock(&visit.connection.merchant, &offer.cells).await {
        Ok(stock) => stock,
        Err(fault) => {
            tracing::warn!(%fault, "stock cannot be read");
            return Outcome::Busy;
        }
    };
    for cell in &offer.cells {
        let date = cell.date.map_or_else(|| "without a date".to_owned(), |date| format!("on {date}"));
        let Some(found) = stock.get(cell) else {
            let text = format!("{} has no stock {date}", cell.bucket);
            return Outcome::Refused(Refusal::new(Reason::DateClosed, text));
        };
        if let Some(left) = found.left().filter(|left| *left < wish.count) {
            let text = format!("{} {date}: {left} left, {} asked for", cell.bucket, wish.count);
            return Outcome::Refused(Refusal::new(Reason::SoldOut, text));
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
            let needed = offer.settlement.amount_minor.saturating_mul(i64::from(wish.count));
            if needed > available {
                let text = format!("distributor {distributor} has {available} left, {needed} is needed");
                return Outcome::Refused(Refusal::new(Reason::CreditShort, text));
            }
            Outcome::Bookable
        }
    }
}

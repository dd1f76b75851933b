//! Purchase limits (限购): how much one person may buy of a product in a period. People are told apart by keyed digests
//! that come in with the command; no document and no phone is ever seen here.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::order::{LimitKey, LimitTaken, Visit};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{LimitPeriod, LimitSubject, Product, PurchaseLimit};
use entrepot_contract::time::Timestamp;

use crate::planted::{self, Bug};
use crate::venue;

/// Somebody an order names, as far as limits need him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// By what he is told apart.
    pub per: LimitSubject,
    /// Keyed digest of the document or phone.
    pub digest: String,
    /// Which guest he is, counted from zero; of no meaning for a phone.
    pub place: usize,
}

/// What an order of `units` units would use up of each limit of a product, with the most that the counter may reach.
#[must_use]
pub fn wanted(
    product: &Product,
    visit: Option<&Visit>,
    people: &[Person],
    units: u32,
    persons_per_unit: u16,
    now: Timestamp,
) -> Vec<(LimitTaken, PurchaseLimit)> {
    let mut found: BTreeMap<(usize, String), BTreeSet<u16>> = BTreeMap::new();
    for (index, limit) in product.limits.iter().enumerate() {
        for person in people.iter().filter(|person| person.per == limit.per) {
            let numbers = found.entry((index, person.digest.clone())).or_default();
            match limit.per {
                LimitSubject::Phone => numbers.extend(1..=u16::try_from(units).unwrap_or(u16::MAX)),
                LimitSubject::Document => {
                    let unit = person.place / usize::from(persons_per_unit.max(1)) + 1;
                    let last = usize::try_from(units).unwrap_or(usize::MAX).max(1);
                    numbers.insert(u16::try_from(unit.min(last)).unwrap_or(u16::MAX));
                }
            }
        }
    }
    let taken = found.into_iter().map(|((index, subject), numbers)| {
        let limit = product.limits[index];
        let period = period(product, limit.period, visit, now);
        let key = LimitKey { product: product.id.clone(), per: limit.per, period, subject };
        (LimitTaken { key, units: numbers.into_iter().collect() }, limit)
    });
    taken.collect()
}

/// Adds what an order takes to a counter; refused when it reaches beyond the limit.
pub fn take(taken: &LimitTaken, counter: u32, limit: PurchaseLimit) -> Result<u32, Refusal> {
    let more = u32::try_from(taken.units.len()).unwrap_or(u32::MAX);
    let after = counter.saturating_add(more);
    if after <= limit.units + u32::from(planted::is(Bug::LimitByOne)) {
        return Ok(after);
    }
    let (reason, whose) = match limit.per {
        LimitSubject::Document => (Reason::DocumentLimit, "document"),
        LimitSubject::Phone => (Reason::PhoneLimit, "phone"),
    };
    let period = if taken.key.period.is_empty() { "in all".to_owned() } else { format!("in {}", taken.key.period) };
    let text = format!(
        "product {} sells {} units to one {whose} {period}: {counter} are bought, {more} more asked for",
        taken.key.product, limit.units
    );
    Err(Refusal::new(reason, text))
}

/// The name of a period: purchases with the same name count together.
fn period(product: &Product, period: LimitPeriod, visit: Option<&Visit>, now: Timestamp) -> String {
    let today = || venue::zone(&product.time_zone).and_then(|zone| venue::today(zone, now));
    match period {
        LimitPeriod::Always => String::new(),
        LimitPeriod::VisitDate => visit.map(|visit| visit.arrive.to_string()).unwrap_or_default(),
        LimitPeriod::PurchaseDay => today().map(|day| format!("{day} (day)")).unwrap_or_default(),
        LimitPeriod::PurchaseMonth => today().map(|day| day.date().format("%Y-%m").to_string()).unwrap_or_default(),
    }
}

/// A document or phone as limits compare it: without case, spaces and marks, and a phone without China's prefix.
#[must_use]
pub fn normalised(per: LimitSubject, text: &str) -> String {
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    match per {
        LimitSubject::Document => plain,
        LimitSubject::Phone => plain.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(&plain).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_phone_are_one_person() {
        for text in ["13800000000", "+86 138-0000-0000", "86 13800000000"] {
            assert_eq!(normalised(LimitSubject::Phone, text), "13800000000");
        }
        assert_eq!(normalised(LimitSubject::Document, "11010119900307001x"), "11010119900307001X");
    }
}

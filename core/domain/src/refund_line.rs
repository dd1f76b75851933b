//! What a channel decided about a refund by itself, line by line as it is kept: one line for each unit that it named.

use std::fmt;

use entrepot_contract::ids::OrderId;
use entrepot_contract::intent::GivesBack;
use entrepot_contract::intent::decided::{AmountsBack, DecidedUnit, TimeBack, TimesBack};
use entrepot_contract::listing::UnitNames;
use entrepot_contract::money::Money;
use entrepot_contract::order::Credential;
use entrepot_contract::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of a decision. Shown to people as it stands, but for its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLine {
    /// The order.
    pub order: OrderId,
    /// The decision: the key of its command.
    pub key: String,
    /// Its place in the decision, from 1.
    pub line: u16,
    /// The channel's key of the refund, where it told one.
    pub refund: Option<String>,
    /// Our number of the unit; none where nobody knows which one is meant.
    pub unit: Option<u16>,
    /// The unit as the channel names it, without its code.
    pub names: UnitNames,
    /// What goes back, where it was agreed.
    pub gives_back: GivesBack,
    /// Whether it goes back; none where the channel's word is not known.
    pub agreed: Option<bool>,
    /// When it was asked.
    pub asked_at: Option<Timestamp>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// When it was told here.
    pub told_at: Timestamp,
    /// The figures of a card of several uses (次卡).
    pub times: Option<TimesBack>,
    /// Whether the order was changed by it, or stood so already.
    pub applied: bool,
    /// Why its figures cannot be right, in words.
    pub faults: Vec<String>,
    /// Never written with the rest.
    #[serde(skip)]
    pub secret: LineSecret,
}

/// What a guest shows for the unit of a line.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LineSecret {
    /// The code by which the channel named the unit.
    pub code: Option<String>,
    /// The credentials that it named for it.
    pub credentials: Vec<Credential>,
}

impl fmt::Debug for LineSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_ref().map_or(0, |code| code.chars().count());
        write!(f, "secret(code {code} chars, {} credentials)", self.credentials.len())
    }
}

impl LineSecret {
    /// What a channel's line holds of it.
    #[must_use]
    pub fn of(told: &DecidedUnit) -> Self {
        Self { code: told.names.code.clone(), credentials: told.credentials.clone() }
    }

    /// Whether there is nothing to hide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.code.is_none() && self.credentials.is_empty()
    }
}

/// What does not add up in the figures of a line; empty where all of it does.
#[must_use]
pub fn faults(times: &TimesBack) -> Vec<String> {
    let mut found = Vec::new();
    if u64::from(times.used) + u64::from(times.refunded) > u64::from(times.total) {
        found.push(format!("{} uses used and {} given back are more than {}", times.used, times.refunded, times.total));
    }
    found.extend(unbalanced("the line", times.amounts));
    for (place, one) in (1..).zip(&times.each) {
        let name = one.id.as_ref().map_or_else(|| format!("use {place}"), |id| format!("use {id}"));
        found.extend(unbalanced(&name, one.amounts));
        found.extend(split(&name, one));
    }
    if !times.each.is_empty() {
        for (what, of) in PARTS {
            found.extend(not_the_sum(what, of(&times.amounts), times.each.iter().map(|one| of(&one.amounts))));
        }
    }
    found
}

type Part = fn(&AmountsBack) -> Money;

const PARTS: [(&str, Part); 3] =
    [("due", |amounts| amounts.due), ("given back", |amounts| amounts.back), ("kept", |amounts| amounts.kept)];

fn minor(money: Money) -> i128 {
    i128::from(money.amount_minor)
}

fn unbalanced(name: &str, AmountsBack { due, back, kept }: AmountsBack) -> Option<String> {
    let one_currency = due.currency == back.currency && back.currency == kept.currency;
    let right = one_currency && minor(due) == minor(back) + minor(kept);
    (!right).then(|| format!("{name}: {due} due is not {back} given back and {kept} kept"))
}

fn split(name: &str, one: &TimeBack) -> Option<String> {
    if one.subsidy.is_none() && one.guest.is_none() {
        return None;
    }
    let back = one.amounts.back;
    let (subsidy, guest) =
        (one.subsidy.unwrap_or(Money::zero(back.currency)), one.guest.unwrap_or(Money::zero(back.currency)));
    let one_currency = subsidy.currency == back.currency && guest.currency == back.currency;
    let right = one_currency && minor(back) == minor(subsidy) + minor(guest);
    (!right).then(|| format!("{name}: {back} given back is not {subsidy} of a subsidy and {guest} of the guest's"))
}

fn not_the_sum(what: &str, whole: Money, each: impl Iterator<Item = Money>) -> Option<String> {
    let (mut sum, mut one_currency) = (0_i128, true);
    for part in each {
        sum += minor(part);
        one_currency &= part.currency == whole.currency;
    }
    let right = one_currency && sum == minor(whole);
    (!right).then(|| format!("the line: {whole} {what} is not the sum of its uses, {sum} in minor units"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(due: i64, back: i64, kept: i64) -> AmountsBack {
        AmountsBack { due: Money::fen(due), back: Money::fen(back), kept: Money::fen(kept) }
    }

    fn card() -> TimesBack {
        let one = |id: &str, due, back, kept| TimeBack {
            id: Some(id.to_owned()),
            amounts: amounts(due, back, kept),
            subsidy: Some(Money::fen(100)),
            guest: Some(Money::fen(back - 100)),
        };
        TimesBack {
            total: 3,
            used: 1,
            refunded: 2,
            amounts: amounts(2_000, 1_800, 200),
            each: vec![one("a", 1_000, 900, 100), one("b", 1_000, 900, 100)],
        }
    }

    #[test]
    fn figures_that_add_up_have_no_fault_and_those_that_do_not_are_named() {
        assert_eq!(faults(&card()), Vec::<String>::new());
        let told = |change: fn(&mut TimesBack)| {
            let mut card = card();
            change(&mut card);
            faults(&card).join("; ")
        };
        assert_eq!(told(|card| card.used = 2), "2 uses used and 2 given back are more than 3");
        let text = told(|card| card.amounts.kept = Money::fen(201));
        assert!(text.contains("the line: 20.00 CNY due is not 18.00 CNY given back and 2.01 CNY kept"), "{text}");
        assert!(text.contains("2.01 CNY kept is not the sum of its uses, 200"), "{text}");
        let text = told(|card| card.each[1].amounts.due = Money::fen(1_001));
        assert!(text.contains("use b: 10.01 CNY due") && text.contains("20.00 CNY due is not the sum"), "{text}");
        let text = told(|card| card.each[0].guest = None);
        assert_eq!(text, "use a: 9.00 CNY given back is not 1.00 CNY of a subsidy and 0.00 CNY of the guest's");
        let text = told(|card| card.each.clear());
        assert_eq!(text, "", "a channel that tells no single uses tells nothing wrong of them");
    }
}

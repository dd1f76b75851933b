//! What was acknowledged is still true.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::{Order, OrderState, RefundState, UnitState};
use entrepot_contract::outcome::{Acceptance, Outcome, Reason};
use entrepot_domain::answer::Answer;
use entrepot_engine::storage::Storage;

use super::{contradicted, excused, now, refunds};
use crate::house::{self, SHOPS};
use crate::ledger::{Answered, ChannelName, Ledger, Wanted};
use crate::world::World;

fn name_of(order: &Order) -> ChannelName {
    let shop = SHOPS.iter().position(|(_, application, _)| *application == order.application.as_str()).unwrap_or(0);
    (shop, order.channel_order.to_string())
}

pub(super) fn still_true(world: &World, orders: &[Order]) {
    let mut known: BTreeMap<ChannelName, &Order> = BTreeMap::new();
    for order in orders {
        let name = name_of(order);
        if known.insert(name.clone(), order).is_some() {
            world.breach(format!("the channel's order {name:?} stands here twice"));
        }
    }
    let breaches = {
        let ledger = world.ledger();
        let mut breaches = Vec::new();
        for answered in &ledger.answers {
            breaches.extend(breach_of(world, &ledger, known.get(&answered.order).copied(), answered));
        }
        for order in orders {
            breaches.extend(as_wanted(&ledger, order));
        }
        breaches
    };
    for breach in breaches {
        world.breach(breach);
    }
    used(world, orders);
}

/// An answer that is not true, if it is not.
fn breach_of(world: &World, ledger: &Ledger, order: Option<&Order>, answered: &Answered) -> Option<String> {
    let said = || format!("{} of {:?} was answered {:?}", answered.scene, answered.order, answered.outcome);
    let not = |text: &str| Some(format!("{}, but {text}", said()));
    match (answered.scene, &answered.outcome) {
        ("create", Outcome::Created { order: id, .. }) => match order {
            Some(order) if &order.id == id => {
                let wanted = &ledger.wanted[&(answered.order.clone(), answered.contents.clone())];
                (order.units.len() != wanted.count as usize)
                    .then(|| format!("{}, but it has {}", said(), order.units.len()))
            }
            _ => not("there is no such order"),
        },
        ("create", Outcome::Refused(refusal)) => {
            let made =
                ledger.about(&answered.order, "create").any(|other| matches!(other.outcome, Outcome::Created { .. }));
            (order.is_some() && !made && refusal.reason != Reason::KeyConflict)
                .then(|| format!("{}, but there is an order", said()))
        }
        ("pay", Outcome::Paid { acceptance: Acceptance::Accepted }) => match order {
            Some(order) if order.paid_at.is_some() => None,
            _ => not("no payment is known"),
        },
        ("pay", Outcome::Recorded) => match order {
            Some(order) if order.paid_at.is_none() => not("no payment is known"),
            _ => None,
        },
        ("cancel", Outcome::Recorded) => match order {
            Some(order) if order.paid_at.is_none() && order.state != OrderState::Cancelled => not("it goes on"),
            _ => None,
        },
        ("ask", Outcome::RefundAgreed { .. } | Outcome::RefundRefused { .. }) => {
            asked(world, order, answered).and_then(|text| not(&text))
        }
        ("refunded", Outcome::Recorded) => announced(world, order, answered).and_then(|text| not(&text)),
        ("issue", Outcome::Issued { units, .. }) => match order {
            Some(order) => {
                let stored = now(world.memory.credentials(&world.merchant(), &order.id)).unwrap_or_default();
                if &stored == units { None } else { not("other credentials are known") }
            }
            None => not("there is no such order"),
        },
        // The call paid for an order that came later, or that never came.
        ("issue", Outcome::Recorded) => match order {
            Some(order) if order.paid_at.is_none() => not("no payment is known"),
            Some(order) if order.state == OrderState::Accepted => not("nobody issues it"),
            _ => None,
        },
        ("pay" | "cancel" | "refunded", Outcome::Refused(_)) => not("what has happened cannot be refused"),
        _ => None,
    }
}

/// A refund that was decided stands so, or went on from there.
fn asked(world: &World, order: Option<&Order>, answered: &Answered) -> Option<String> {
    let Some(order) = order else { return Some("there is no such order".to_owned()) };
    let found = refunds(world, &order.id).into_iter().find(|refund| refund.key == answered.key);
    let agreed = matches!(answered.outcome, Outcome::RefundAgreed { .. });
    match found.map(|refund| refund.state) {
        Some(RefundState::Done) => None,
        Some(RefundState::Agreed) if agreed => None,
        Some(RefundState::Refused) if !agreed => None,
        other => Some(format!("it is {other:?}")),
    }
}

/// Money that the channel gave back has moved the units it names, or a person was told why it cannot.
fn announced(world: &World, order: Option<&Order>, answered: &Answered) -> Option<String> {
    let order = order?;
    let all = refunds(world, &order.id);
    let Some(refund) = all.iter().find(|refund| refund.key == answered.key) else {
        return Some("no refund is known".to_owned());
    };
    if refund.state != RefundState::Done {
        return Some(format!("the refund is {:?}", refund.state));
    }
    if let Some(unit) = refund.units.iter().find(|unit| !order.numbers(UnitState::Refunded).contains(unit)) {
        return Some(format!("unit {unit} was not given back"));
    }
    let unpaid = order.state == OrderState::Cancelled;
    let named: BTreeSet<u16> = match &answered.units {
        Some(UnitChoice::Numbers(numbers)) => numbers.iter().copied().collect(),
        Some(UnitChoice::Count(count)) if refund.units.len() > *count as usize => {
            return Some(format!("units {:?} went", refund.units));
        }
        _ => return None,
    };
    let gone: BTreeSet<u16> = refund.units.iter().copied().collect();
    let fits = gone == named || (gone.is_subset(&named) && contradicted(world, order));
    (!fits && !unpaid).then(|| format!("units {gone:?} went"))
}

/// An order is what was wanted: units, cells, price.
fn as_wanted(ledger: &Ledger, order: &Order) -> Vec<String> {
    let name = name_of(order);
    let fits = |wanted: &&Wanted| wanted.sku == order.sku.as_str() && wanted.count as usize == order.units.len();
    let mine = ledger.wanted.iter().filter(|((other, _), _)| *other == name).map(|(_, wanted)| wanted);
    let Some(wanted) = mine.clone().find(fits) else {
        return vec![format!("order {} of {name:?} is one that nobody wanted", order.id)];
    };
    let mut breaches = Vec::new();
    let (_, days) = house::visit(wanted.sku, wanted.nights);
    let taken: BTreeSet<_> = order.stock.iter().map(|taken| taken.key.clone()).collect();
    if !house::cells(name.0, wanted.sku, &days).contains(&taken) {
        breaches.push(format!("order {} for {days:?} takes {:?}", order.id, order.stock));
    }
    let distributor = SHOPS[name.0].2;
    // A reservation captures nothing: its voucher did.
    let price = |day: &u32| house::settlement_fen(distributor, wanted.sku, *day);
    let owed: i64 = if order.source().is_some() { 0 } else { days.iter().map(price).sum() };
    let captured = if order.paid_at.is_some() { owed } else { 0 };
    if order.terms.settlement.amount_minor != owed || order.units.iter().any(|unit| unit.captured_minor != captured) {
        breaches.push(format!("order {}: a unit costs {owed}, {:?} was captured", order.id, order.units));
    }
    let kept = |unit: &&entrepot_contract::order::Unit| unit.state == UnitState::Refunded && order.paid_at.is_some();
    for unit in order.units.iter().filter(kept) {
        let most = if wanted.sku == "asked" { house::FEE_FEN } else { 0 };
        let fee = unit.captured_minor - unit.returned_minor;
        // A refund fee is kept over all units of a refund; none is kept beyond what the rule says for all of them.
        if fee > most * i64::from(wanted.count) {
            breaches.push(format!("order {}: {fee} of unit {} is kept", order.id, unit.number));
        }
    }
    breaches
}

/// What was let in at a gate is used.
fn used(world: &World, orders: &[Order]) {
    let commands = world.ledger().commands.clone();
    for answer in commands.values() {
        let Answer::Redeemed { order, units } = answer else { continue };
        let found = orders.iter().find(|other| &other.id == order);
        let used = found.map(|order| order.numbers(UnitState::Redeemed)).unwrap_or_default();
        if !units.iter().all(|unit| used.contains(unit)) {
            world.breach(format!("units {units:?} of order {order} were let in, used are {used:?}"));
        }
    }
    for order in orders.iter().filter(|order| order.state == OrderState::Issued || order.state == OrderState::Completed)
    {
        let stored = now(world.memory.credentials(&world.merchant(), &order.id)).unwrap_or_default();
        // Units that were given back before get no code of a pool.
        let enough = order.units.len() - order.count(UnitState::Refunded)..=order.units.len();
        // Nothing is shown at the gate for a voucher whose dates are reserved.
        if order.sku.as_str() != house::PASS && !enough.contains(&stored.len()) && !excused(world, order) {
            world.breach(format!("order {} is issued with credentials for {} units", order.id, stored.len()));
        }
    }
}

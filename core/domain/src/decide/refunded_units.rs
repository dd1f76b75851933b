//! Which units a refund that the channel announced is about. Its word is taken as far as the order's units go.

use std::collections::BTreeSet;

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::money::Money;
use entrepot_contract::order::{Order, OrderState, Refund, UnitState};

use super::draft::Draft;
use super::issue::free_units;
use super::redeem::named;
use crate::alert::AlertKind;
use crate::planted::{self, Bug};

/// Which units the money belongs to: those the channel names, else those of the question, else all that are open.
/// `amount`: what the guest got, where it was told.
pub(super) fn gone(
    draft: &mut Draft<'_>,
    order: &Order,
    refund: &Refund,
    choice: &UnitChoice,
    amount: Option<Money>,
) -> Vec<u16> {
    let open: Vec<u16> = open_units(order);
    let wanted = match choice {
        _ if planted::is(Bug::RefundOfTheRest) => open.clone(),
        UnitChoice::Numbers(numbers) => {
            let once: BTreeSet<u16> = numbers.iter().copied().collect();
            once.into_iter().collect()
        }
        UnitChoice::Count(count) => counted(draft, order, refund, usize::try_from(*count).unwrap_or(usize::MAX)),
        // One unit for each name, whichever, where the channel told no names before.
        UnitChoice::Named(names) => named(order, names).unwrap_or_else(|| counted(draft, order, refund, names.len())),
        UnitChoice::AllLeft if !refund.units.is_empty() => refund.units.clone(),
        UnitChoice::AllLeft | UnitChoice::Unknown(_) => open.clone(),
    };
    let again = planted::is(Bug::RefundedTwice);
    let (gone, other): (Vec<u16>, Vec<u16>) = wanted.into_iter().partition(|unit| again || open.contains(unit));
    let short = match choice {
        UnitChoice::Count(count) => gone.len() < usize::try_from(*count).unwrap_or(0),
        UnitChoice::Named(names) => gone.len() < names.len(),
        _ => false,
    };
    // A reservation that was cancelled before has no open unit left, nor has an order that ended unpaid and was paid
    // all the same: their refund is no news.
    let unused = order.count(UnitState::Redeemed) == 0;
    let ended = (order.source().is_some() && unused) || order.state == OrderState::Cancelled;
    let over = ended && open.is_empty();
    if (!other.is_empty() || gone.is_empty() || short) && !over {
        let amount = amount.map_or_else(|| "units".to_owned(), |amount| amount.to_string());
        let text = format!(
            "the channel refunded {amount} of order {}, whose open units are {open:?}; units {other:?} were used or given \
             back before",
            order.id
        );
        draft.alert(AlertKind::Contradiction, order.id.as_str(), text);
    }
    gone
}

/// Units that were neither used nor given back; reserved ones after the others.
fn open_units(order: &Order) -> Vec<u16> {
    let mut units = order.numbers(UnitState::Available);
    units.extend(order.numbers(UnitState::Reserved));
    units
}

/// That many units: those of the question first, then the last that no other refund names, then the last that are open.
fn counted(draft: &Draft<'_>, order: &Order, refund: &Refund, count: usize) -> Vec<u16> {
    if refund.units.len() == count {
        return refund.units.clone();
    }
    let open = open_units(order);
    let asked = refund.units.iter().filter(|unit| open.contains(unit)).copied();
    let free = free_units(draft, order).into_iter().rev();
    let mut units = Vec::with_capacity(count.min(open.len()));
    for unit in asked.chain(free).chain(open.iter().rev().copied()) {
        if units.len() < count && !units.contains(&unit) {
            units.push(unit);
        }
    }
    units
}

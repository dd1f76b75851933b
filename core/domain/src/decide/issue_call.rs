//! The channel asks for credentials. Where it says in no other way that the guest paid, its call is the payment, too; and
//! such a call may come before the order that it is about.

use entrepot_contract::intent::{Intent, IssueOrder};
use entrepot_contract::listing::UnitNames;
use entrepot_contract::order::{DeadlineKind, Order, OrderState};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::time::Timestamp;

use super::draft::Draft;
use super::issue::{Begun, begin, shown, start_clock, start_clock_at};
use super::{Stop, give_codes, payment};
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::change::ChannelRef;
use crate::command::{ChannelNames, OrderName};
use crate::credit::PostingKind;
use crate::planted::{self, Bug};

/// `paid_at`: the call is the payment, too; of an order that is paid it is a call like any other.
pub(super) fn start(
    draft: &mut Draft<'_>,
    name: &OrderName,
    count: Option<u32>,
    names: &ChannelNames,
    paid_at: Option<Timestamp>,
) -> Result<Answer, Stop> {
    let mut order = draft.find(name)?;
    let id = order.id.clone();
    hear(draft, &mut order, count, names);
    if let Some(paid_at) = paid_at {
        pay(draft, &mut order, paid_at)?;
    }
    match order.state {
        OrderState::Issued | OrderState::Completed => {
            shown(draft, order);
            return Ok(Answer::Issued { order: id });
        }
        OrderState::Issuing if give_codes::waits(draft, &order).is_some() => {
            let begun = begin(draft, &mut order)?;
            return Ok(answer(draft, order, begun));
        }
        OrderState::Issuing => return Ok(Answer::Issuing { order: id }),
        OrderState::Refused | OrderState::Refunded | OrderState::Cancelled => {
            return Ok(Answer::NotIssued { order: id, reason: format!("the order is {:?}", order.state) });
        }
        // A person accepts it, and this channel does not call again.
        OrderState::Paid if paid_at.is_some() || order.callback_owed => {
            start_clock(draft, &mut order)?;
            owe_callback(draft, &mut order);
            draft.put(order);
            return Ok(Answer::Issuing { order: id });
        }
        OrderState::Created | OrderState::Paid | OrderState::Accepted => {}
    }
    draft.met(&mut order, &DeadlineKind::Progress);
    if order.state != OrderState::Accepted {
        let text = format!("order {id} is {:?}; credentials are issued once it is paid and accepted", order.state);
        return Err(Refusal::new(Reason::StateForbids, text).into());
    }
    start_clock(draft, &mut order)?;
    let begun = begin(draft, &mut order)?;
    Ok(answer(draft, order, begun))
}

/// Takes the payment that a call for credentials is.
fn pay(draft: &mut Draft<'_>, order: &mut Order, paid_at: Timestamp) -> Result<(), Stop> {
    match order.state {
        OrderState::Created => {
            payment::take_payment(draft, order, paid_at, PostingKind::Capture)?;
            draft.put(order.clone());
        }
        OrderState::Cancelled => payment::too_late(draft, order),
        _ => {}
    }
    Ok(())
}

fn owe_callback(draft: &mut Draft<'_>, order: &mut Order) {
    if !order.callback_owed {
        order.callback_owed = true;
        draft.note(order, "callback owed", "the channel asked for credentials and waits for them");
    }
}

/// What whoever asks for credentials is told; he is shown them when they are there.
fn answer(draft: &mut Draft<'_>, mut order: Order, begun: Begun) -> Answer {
    let id = order.id.clone();
    order.unshown = false;
    draft.put(order);
    match begun {
        Begun::Issued => Answer::Issued { order: id },
        Begun::Asked => Answer::Issuing { order: id },
        Begun::OutOfCodes => Answer::OutOfCodes { order: id },
        Begun::Refused { reason } => Answer::NotIssued { order: id, reason },
    }
}

/// The call for credentials that paid for an order before it came; none where there was none.
pub(crate) fn call_before(reference: &ChannelRef) -> Option<(&IssueOrder, Timestamp)> {
    reference.facts.iter().find_map(|fact| match &fact.intent {
        Intent::IssueOrder(call) if call.paid_at.is_some() => Some((call, fact.at)),
        _ => None,
    })
}

/// A new order for which credentials were asked before it came: the channel counts since then, and does not ask again.
pub(super) fn came_before(draft: &mut Draft<'_>, order: &mut Order, reference: &ChannelRef) -> Result<(), Stop> {
    let Some((call, at)) = call_before(reference).filter(|_| !planted::is(Bug::EarlyCallForgotten)) else {
        return Ok(());
    };
    let names = ChannelNames { reference: call.reference.clone(), units: call.unit_names.clone() };
    hear(draft, order, call.count, &names);
    start_clock_at(draft, order, at)?;
    owe_callback(draft, order);
    Ok(())
}

/// Keeps what the channel calls the order and its units, and tells somebody where it counts otherwise.
fn hear(draft: &mut Draft<'_>, order: &mut Order, count: Option<u32>, names: &ChannelNames) {
    let before = (order.reference.clone(), order.unit_names.clone());
    if names.reference.is_some() {
        order.reference.clone_from(&names.reference);
    }
    let bought = order.units.len();
    if let Some(named) = together(&order.unit_names, &names.units, bought) {
        order.unit_names = named;
    } else {
        let told = format!("order {} holds {bought} units, the channel names {}", order.id, names.units.len());
        contradicts(draft, order, told);
    }
    if before != (order.reference.clone(), order.unit_names.clone()) {
        draft.put(order.clone());
    }
    if let Some(count) = count.filter(|count| usize::try_from(*count) != Ok(bought)) {
        let told = format!("order {} holds {bought} units, the channel asks credentials for {count}", order.id);
        contradicts(draft, order, told);
    }
}

fn contradicts(draft: &mut Draft<'_>, order: &Order, text: String) {
    draft.alert(AlertKind::Contradiction, order.id.as_str(), text.clone());
    draft.note(order, "issue call contradicts", text);
}

/// The names that units have, with those that a call adds: each by the item that both name, else all of them in the
/// order of the units. None where the call names neither known items nor as many units as there are.
fn together(known: &[UnitNames], told: &[UnitNames], units: usize) -> Option<Vec<UnitNames>> {
    if told.is_empty() {
        return Some(known.to_vec());
    }
    let mut named = known.to_vec();
    let places: Option<Vec<usize>> = told.iter().map(|one| place(known, one)).collect();
    match places {
        Some(places) if distinct(&places) => {
            for (place, one) in places.into_iter().zip(told) {
                let certificate = one.certificate.clone().or_else(|| named[place].certificate.clone());
                named[place] = UnitNames { certificate, ..named[place].clone() };
            }
            Some(named)
        }
        _ if told.len() == units => {
            named.resize(units, UnitNames::default());
            let one = |(told, known): (&UnitNames, UnitNames)| UnitNames {
                certificate: told.certificate.clone().or(known.certificate),
                item: told.item.clone().or(known.item),
                code: None,
            };
            Some(told.iter().zip(named).map(one).collect())
        }
        _ => None,
    }
}

/// The unit that has this item, where no other one has it.
fn place(known: &[UnitNames], told: &UnitNames) -> Option<usize> {
    let same = |other: &UnitNames| told.item.is_some() && other.item == told.item;
    known.iter().position(same).filter(|place| !known[place + 1..].iter().any(same))
}

fn distinct(places: &[usize]) -> bool {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).all(|pair| pair[0] != pair[1])
}

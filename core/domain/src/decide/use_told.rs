//! A supplier tells how much was used and given back at its own gate. That is a fact: it is never refused, and what it
//! tells are totals, so that hearing it again changes nothing.

use std::collections::BTreeSet;

use entrepot_contract::ids::OrderId;
use entrepot_contract::order::{Deadline, DeadlineKind, Order, OrderState, Refund, RefundState, UnitState};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::supplier::{Usage, UsedUnits};
use entrepot_contract::time::Timestamp;

use super::draft::Draft;
use super::{Stop, issue, redeem};
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::command::OrderName;
use crate::job::JobKind;
use crate::venue;

/// Most that a guest's ticket is watched before and after its last day, in milliseconds: venues report late.
const AFTER_MS: i64 = 86_400_000;

/// A window of use that is longer is watched in the slow rhythm.
const LONG_MS: i64 = 3 * 86_400_000;

/// The slow rhythm, in milliseconds.
const SLOW_MS: i64 = 6 * 3_600_000;

/// The fastest rhythm, in milliseconds, whatever a supplier allows.
const FASTEST_MS: i64 = 60_000;

/// The supplier answered a question that was asked at `asked_at`, or told by itself.
pub(super) fn record(draft: &mut Draft<'_>, id: &OrderId, usage: &Usage, asked_at: Timestamp) -> Result<Answer, Stop> {
    let mut order = draft.find(&OrderName::Own(id.clone()))?;
    let used_at = usage.last_used_at.unwrap_or(asked_at);
    let used = newly_used(draft, &order, &usage.used);
    if !used.is_empty() {
        at_gate(draft, &mut order, &used, used_at)?;
    }
    given_back(draft, &order, &usage.gone);
    watch_on(draft, &mut order, usage.ended, asked_at);
    draft.put(order);
    Ok(Answer::Recorded { order: id.clone() })
}

/// Something happened there, or might have: the supplier is asked soon. However often that is said, it is asked once.
pub(super) fn ask(draft: &mut Draft<'_>, id: &OrderId) -> Result<Answer, Stop> {
    let mut order = draft.find(&OrderName::Own(id.clone()))?;
    if rhythm(draft, &order).is_some() {
        let now = draft.at();
        match order.deadlines.iter_mut().find(|deadline| deadline.kind == DeadlineKind::Usage) {
            Some(deadline) => deadline.due = if deadline.passed { now } else { deadline.due.min(now) },
            None => order.deadlines.push(Deadline { kind: DeadlineKind::Usage, due: now, warn: None, passed: false }),
        }
        draft.put(order);
    }
    Ok(Answer::Recorded { order: id.clone() })
}

/// It is time to ask: by a job, which is under way as long as the deadline counts as passed.
pub(super) fn due(draft: &mut Draft<'_>, order: &Order, deadline: &mut Deadline) {
    deadline.passed = true;
    deadline.due = draft.at();
    draft.ask_supplier(order, JobKind::AskUse);
}

/// From now on the supplier is asked what its gate saw, where it can be asked.
pub(super) fn watch(draft: &Draft<'_>, order: &mut Order) {
    let Some(poll_ms) = rhythm(draft, order) else { return };
    let Some((opens, closes)) = window(order) else { return };
    let first = opens.max(draft.at()).plus_millis(pace(poll_ms, opens, closes));
    order.deadlines.retain(|other| other.kind != DeadlineKind::Usage);
    order.deadlines.push(Deadline { kind: DeadlineKind::Usage, due: first, warn: None, passed: false });
}

/// The next question, unless nothing can happen there any more. Who was asked to look while a question was under way
/// looks again at once: the answer may be older than the news.
fn watch_on(draft: &Draft<'_>, order: &mut Order, ended: bool, asked_at: Timestamp) {
    let Some(index) = order.deadlines.iter().position(|deadline| deadline.kind == DeadlineKind::Usage) else { return };
    let was = order.deadlines.remove(index);
    let now = draft.at();
    let due = if was.passed && was.due > asked_at { Some(now) } else { next(draft, order, now).filter(|_| !ended) };
    if let Some(due) = due.filter(|_| !order.state.ended()) {
        order.deadlines.push(Deadline { kind: DeadlineKind::Usage, due, warn: None, passed: false });
    }
}

fn next(draft: &Draft<'_>, order: &Order, now: Timestamp) -> Option<Timestamp> {
    let (opens, closes) = window(order)?;
    let due = opens.max(now).plus_millis(pace(rhythm(draft, order)?, opens, closes));
    (now < closes.plus_millis(AFTER_MS)).then_some(due)
}

/// How often the order's supplier may be asked, in milliseconds; none where it cannot be asked.
fn rhythm(draft: &Draft<'_>, order: &Order) -> Option<i64> {
    let Fulfilment::Supplier { connection, .. } = &order.terms.fulfilment else { return None };
    if order.by_hand {
        return None;
    }
    draft.state.rules.supplier(connection)?.usage_poll_ms
}

fn pace(poll_ms: i64, opens: Timestamp, closes: Timestamp) -> i64 {
    let least = if closes.since(opens) > LONG_MS { SLOW_MS } else { FASTEST_MS };
    poll_ms.max(least)
}

/// From when on, and until when, a guest may come.
fn window(order: &Order) -> Option<(Timestamp, Timestamp)> {
    let zone = venue::zone(&order.terms.time_zone)?;
    let (first, last) = order.terms.usable?;
    Some((venue::start_of(zone, first), venue::start_of(zone, last).plus_millis(86_400_000)))
}

/// The units that were used there and are not known to be. Where the supplier counts only, the first that no refund
/// names.
fn newly_used(draft: &mut Draft<'_>, order: &Order, told: &UsedUnits) -> Vec<u16> {
    let known = order.numbers(UnitState::Redeemed);
    match told {
        UsedUnits::Unknown => Vec::new(),
        UsedUnits::Number { numbers } => {
            if known.iter().any(|unit| !numbers.contains(unit)) {
                fewer(draft, order, known.len(), numbers.len());
            }
            let told: BTreeSet<u16> = numbers.iter().copied().collect();
            told.into_iter().filter(|unit| !known.contains(unit)).collect()
        }
        UsedUnits::Count { count } => {
            let count = usize::from(*count);
            if count < known.len() {
                fewer(draft, order, known.len(), count);
            }
            let free = issue::free_units(draft, order);
            let rest = order.units.iter().map(|unit| unit.number).filter(|unit| !known.contains(unit));
            let behind = rest.filter(|unit| !free.contains(unit)).collect::<Vec<u16>>();
            let mut units: Vec<u16> =
                free.iter().copied().chain(behind).take(count.saturating_sub(known.len())).collect();
            units.sort_unstable();
            units
        }
    }
}

/// Where guests may also show their tickets at our desk, the supplier need not know of each; nor where one ticket that it
/// saw completed the others.
fn fewer(draft: &mut Draft<'_>, order: &Order, known: usize, told: usize) {
    if told > 0 && draft.channel(&order.connection).is_ok_and(|channel| channel.one_completes_all) {
        return;
    }
    let Fulfilment::Supplier { connection, .. } = &order.terms.fulfilment else { return };
    if draft.state.rules.supplier(connection).is_some_and(|rules| rules.own_gate) {
        return;
    }
    let text = format!("order {}: {known} units are used here, {connection} tells {told}", order.id);
    draft.alert(AlertKind::Contradiction, order.id.as_str(), text);
}

/// Units were used at the supplier's gate. What contradicts it is told to a person; nothing is undone.
fn at_gate(draft: &mut Draft<'_>, order: &mut Order, used: &[u16], used_at: Timestamp) -> Result<(), Stop> {
    let open = |unit: &u16| order.units.iter().any(|own| own.number == *unit && own.state == UnitState::Available);
    let (usable, other): (Vec<u16>, Vec<u16>) = used.iter().copied().partition(open);
    let issued = matches!(order.state, OrderState::Issued | OrderState::Completed);
    if !other.is_empty() || !issued {
        let text =
            format!("the supplier tells units {used:?} of order {} used; it is {:?} here", order.id, order.state);
        draft.alert(AlertKind::Contradiction, order.id.as_str(), format!("{text}, units {other:?} are given back"));
        draft.note(order, "use contradicts", text);
    }
    if usable.is_empty() || !issued {
        return Ok(());
    }
    let usable = redeem::with_the_others(draft.channel(&order.connection)?, order, usable);
    let live = |refund: &&Refund| matches!(refund.state, RefundState::Waiting | RefundState::Agreed);
    let pending = draft.state.refunds(order).filter(live);
    if let Some(refund) = pending.filter(|refund| refund.units.iter().any(|unit| usable.contains(unit))).last() {
        let text = format!(
            "units {usable:?} of order {} were used while refund {} is {:?}",
            order.id, refund.id, refund.state
        );
        draft.alert(AlertKind::Contradiction, order.id.as_str(), text);
    }
    redeem::use_units(draft, order, &usable, used_at)
}

/// Units that the supplier took back and that nobody gave back here.
fn given_back(draft: &mut Draft<'_>, order: &Order, told: &UsedUnits) {
    let going: BTreeSet<u16> = draft
        .state
        .refunds(order)
        .filter(|refund| refund.state != RefundState::Refused)
        .flat_map(|refund| refund.units.iter().copied())
        .chain(order.numbers(UnitState::Refunded))
        .collect();
    let strange = match told {
        UsedUnits::Number { numbers } => numbers.iter().filter(|unit| !going.contains(unit)).count(),
        UsedUnits::Count { count } => usize::from(*count).saturating_sub(going.len()),
        UsedUnits::Unknown => 0,
    };
    if strange > 0 {
        let text = format!("the supplier took back {strange} units of order {} that nobody refunded here", order.id);
        draft.alert(AlertKind::Contradiction, order.id.as_str(), text);
    }
}

//! Units are kept at the supplier while an order waits for its payment or for acceptance. A hold of ours never lasts
//! longer than the supplier's.

use entrepot_contract::ids::OrderId;
use entrepot_contract::order::{DeadlineKind, Order, OrderState};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::supplier::Holding;
use entrepot_contract::time::Timestamp;

use super::draft::Draft;
use super::{Stop, issue, payment};
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::catalogue::Holds;
use crate::command::OrderName;
use crate::job::JobKind;

/// Asks the supplier to keep the units of an unpaid order.
pub(super) fn unpaid(draft: &mut Draft<'_>, order: &Order) {
    if let (Some(holds), Some(until)) = (holds(draft, order), order.hold_until()) {
        keep(draft, order, &holds, until);
    }
}

/// Asks to keep them while a paid order waits for acceptance: anew, or for longer where that can be.
pub(super) fn waiting(draft: &mut Draft<'_>, order: &Order, held_before: bool) {
    let Some(holds) = holds(draft, order) else { return };
    let accept = order.deadlines.iter().find(|deadline| deadline.kind == DeadlineKind::Accept);
    if let Some(until) = accept.map(|deadline| deadline.due).filter(|_| holds.extends || !held_before) {
        keep(draft, order, &holds, until);
    }
}

fn keep(draft: &mut Draft<'_>, order: &Order, holds: &Holds, until: Timestamp) {
    let until = until.min(draft.at().plus_millis(holds.longest_ms));
    draft.ask_supplier(order, JobKind::Hold { until });
}

/// An order that was held ended without having been booked.
pub(super) fn give_up(draft: &mut Draft<'_>, order: &Order) {
    if holds(draft, order).is_some() {
        draft.ask_supplier(order, JobKind::Release);
    }
}

fn holds(draft: &Draft<'_>, order: &Order) -> Option<Holds> {
    let Fulfilment::Supplier { connection, .. } = &order.terms.fulfilment else { return None };
    draft.state.rules.supplier(connection)?.holds
}

/// The supplier answered.
pub(super) fn record(draft: &mut Draft<'_>, id: &OrderId, holding: &Holding) -> Result<Answer, Stop> {
    let mut order = draft.find(&OrderName::Own(id.clone()))?;
    match holding {
        Holding::Held { reference, until } => {
            order.supplier_reference = reference.clone().or(order.supplier_reference);
            draft.note(&order, "held at the supplier", format!("until {until}"));
            if order.hold_until().is_some_and(|own| *until < own) {
                let times = draft.channel(&order.connection)?.times;
                let deadline = times.until(DeadlineKind::Hold, draft.at(), *until);
                draft.expect(&mut order, deadline);
            }
        }
        Holding::Refused(refusal)
            if order.state == OrderState::Created && issue::next_supplier(draft, &mut order, &refusal.text) =>
        {
            unpaid(draft, &order);
        }
        Holding::Refused(refusal) if order.state == OrderState::Created => {
            let what = format!("the supplier keeps nothing: {}", refusal.text);
            payment::end_unpaid(draft, &mut order, &what)?;
        }
        Holding::Refused(refusal) => {
            draft.note(&order, "not held at the supplier", refusal.text.clone());
            if order.state == OrderState::Paid {
                let text =
                    format!("order {} waits for acceptance; its supplier keeps nothing: {}", order.id, refusal.text);
                draft.alert(AlertKind::IssueRefused, order.id.as_str(), text);
            }
        }
        Holding::Booked | Holding::Unknown => draft.note(&order, "held at the supplier", "it is booked there"),
    }
    draft.put(order);
    Ok(Answer::Recorded { order: id.clone() })
}

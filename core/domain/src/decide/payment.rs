//! Payment, acceptance, and the ways an unpaid order ends.

use entrepot_contract::ids::OrderId;
use entrepot_contract::order::{Order, OrderState, UnitState};
use entrepot_contract::outcome::{Acceptance, Refusal};
use entrepot_contract::time::Timestamp;

use super::create::total;
use super::draft::Draft;
use super::{Stop, issue};
use crate::answer::Answer;
use crate::change::Change;
use crate::command::OrderName;
use crate::credit::{PostingCause, PostingKind};
use crate::planted::{self, Bug};
use crate::stock::Standing;
use crate::transitions::Step;

pub(super) fn pay(draft: &mut Draft<'_>, name: &OrderName, paid_at: Timestamp) -> Result<Answer, Stop> {
    let mut order = draft.find(name)?;
    match order.state {
        OrderState::Created => {}
        OrderState::Cancelled => {
            // The money is at the channel and the order is gone here: the channel must not think it accepted.
            let text =
                format!("order {} was paid after it had ended; the channel has to give the money back", order.id);
            draft.alert("paid_after_end", order.id.as_str(), text);
            draft.note(&order, "paid too late", "");
            return Ok(Answer::Paid { order: order.id, acceptance: Acceptance::Refused });
        }
        state => {
            let acceptance = match state {
                OrderState::Paid => Acceptance::Later,
                OrderState::Refused => Acceptance::Refused,
                _ => Acceptance::Accepted,
            };
            return Ok(Answer::Paid { order: order.id, acceptance });
        }
    }
    let acceptance = take_payment(draft, &mut order, paid_at, PostingKind::Capture)?;
    let id = order.id.clone();
    draft.push(Change::Order(Box::new(order)));
    Ok(Answer::Paid { order: id, acceptance })
}

/// Records the payment: stock and credit become final, and the order is accepted where the connection says so.
/// `kind` is `Capture` after a hold, `Sale` without one.
pub(super) fn take_payment(
    draft: &mut Draft<'_>,
    order: &mut Order,
    paid_at: Timestamp,
    kind: PostingKind,
) -> Result<Acceptance, Stop> {
    let rules = draft.channel(&order.connection)?;
    draft.step(order, Step::Pay)?;
    order.paid_at = Some(paid_at);
    order.hold_until = None;
    let count = u32::try_from(order.units.len()).unwrap_or(u32::MAX);
    draft.confirm_stock(&order.stock.clone(), count)?;
    if let Some(distributor) = order.terms.distributor.clone() {
        let cause = PostingCause { order: Some(order.id.clone()), ..PostingCause::default() };
        draft.post(&distributor, kind, total(order)?, cause)?;
        let settlement = order.terms.settlement.amount_minor;
        for unit in &mut order.units {
            unit.captured_minor = settlement;
        }
    }
    draft.note(order, "paid", "");
    if !rules.accept_at_once {
        return Ok(Acceptance::Later);
    }
    draft.step(order, Step::Accept)?;
    draft.note(order, "accepted", "");
    if rules.issue_at_acceptance {
        issue::begin(draft, order)?;
    }
    Ok(Acceptance::Accepted)
}

pub(super) fn cancel(draft: &mut Draft<'_>, name: &OrderName) -> Result<Answer, Stop> {
    let mut order = draft.find(name)?;
    match order.state {
        OrderState::Created => {
            end_unpaid(draft, &mut order, "cancelled")?;
            let id = order.id.clone();
            draft.push(Change::Order(Box::new(order)));
            Ok(Answer::Recorded { order: id })
        }
        state if state.ended() => Ok(Answer::Recorded { order: order.id }),
        // After payment the money moves by a refund, which is announced by itself.
        _ => {
            draft.note(&order, "cancelled at the channel", "the refund's announcement gives stock and credit back");
            Ok(Answer::Recorded { order: order.id })
        }
    }
}

pub(super) fn expire(draft: &mut Draft<'_>, id: &OrderId) -> Result<Answer, Stop> {
    let mut order = draft.find(&OrderName::Own(id.clone()))?;
    let due = order.state == OrderState::Created && order.hold_until.is_some_and(|until| until <= draft.at());
    if due && !planted::is(Bug::HoldForEver) {
        end_unpaid(draft, &mut order, "hold ran out")?;
        draft.push(Change::Order(Box::new(order)));
    }
    Ok(Answer::Recorded { order: id.clone() })
}

/// Ends an unpaid order: what it held goes back.
pub(super) fn end_unpaid(draft: &mut Draft<'_>, order: &mut Order, what: &str) -> Result<(), Stop> {
    let count = u32::try_from(order.count(UnitState::Available)).unwrap_or(u32::MAX);
    if !planted::is(Bug::ForgetRelease) {
        draft.release_stock(&order.stock.clone(), count, Standing::Held)?;
    }
    if let Some(distributor) = order.terms.distributor.clone().filter(|_| !planted::is(Bug::ForgetCreditRelease)) {
        let cause = PostingCause { order: Some(order.id.clone()), ..PostingCause::default() };
        draft.post(&distributor, PostingKind::Release, total(order)?, cause)?;
    }
    for unit in &mut order.units {
        unit.state = UnitState::Refunded;
    }
    order.hold_until = None;
    draft.step(order, Step::Cancel).map_err(|refusal: Refusal| Stop::Refused(refusal))?;
    draft.note(order, what, "stock and credit given back");
    Ok(())
}

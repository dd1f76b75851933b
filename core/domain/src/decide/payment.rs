//! Payment, acceptance, and cancellation.

use entrepot_contract::order::{DeadlineKind, Order, OrderState, UnitState};
use entrepot_contract::outcome::Acceptance;
use entrepot_contract::time::Timestamp;

use super::create::total;
use super::draft::Draft;
use super::issue::Begun;
use super::{Stop, hold, issue, reserve};
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::catalogue::ChannelRules;
use crate::command::OrderName;
use crate::credit::{PostingCause, PostingKind};
use crate::deadline::IssueFrom;
use crate::job::Notification;
use crate::planted::{self, Bug};
use crate::stock::Standing;
use crate::transitions::Step;
use crate::venue;

pub(super) fn pay(draft: &mut Draft<'_>, name: &OrderName, paid_at: Timestamp) -> Result<Answer, Stop> {
    let mut order = draft.find(name)?;
    match order.state {
        OrderState::Created => {}
        OrderState::Cancelled => {
            too_late(draft, &order);
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
    draft.put(order);
    Ok(Answer::Paid { order: id, acceptance })
}

/// The money is at the channel and the order is gone here: the channel must not think it accepted.
pub(super) fn too_late(draft: &mut Draft<'_>, order: &Order) {
    let text = format!("order {} was paid after it had ended; the channel has to give the money back", order.id);
    draft.alert(AlertKind::PaidAfterEnd, order.id.as_str(), text);
    draft.note(order, "paid too late", "");
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
    draft.met(order, &DeadlineKind::Hold);
    draft.confirm_stock(order)?;
    if let Some(distributor) = order.terms.distributor.clone() {
        let cause = PostingCause { order: Some(order.id.clone()), ..PostingCause::default() };
        draft.post(&distributor, kind, total(order)?, cause)?;
        let settlement = order.terms.settlement.amount_minor;
        for unit in &mut order.units {
            unit.captured_minor = settlement;
        }
    }
    draft.note(order, "paid", "");
    if order.terms.reservation.is_some() {
        expect_reservation(draft, order, rules);
    }
    if !rules.accept_at_once {
        if let Some(within) = rules.times.accept_ms {
            let deadline = rules.times.from_now(DeadlineKind::Accept, draft.at(), within);
            draft.expect(order, deadline);
        }
        hold::waiting(draft, order, kind == PostingKind::Capture);
        return Ok(Acceptance::Later);
    }
    Ok(match accept(draft, order)? {
        Begun::Refused { .. } => Acceptance::Refused,
        _ => Acceptance::Accepted,
    })
}

/// Accepts a paid order, and begins to issue it where the connection says so: what came of that.
fn accept(draft: &mut Draft<'_>, order: &mut Order) -> Result<Begun, Stop> {
    let rules = draft.channel(&order.connection)?;
    draft.step(order, Step::Accept)?;
    draft.met(order, &DeadlineKind::Accept);
    draft.note(order, "accepted", "");
    let counted = order.source().is_some() && rules.times.issue_from == IssueFrom::Acceptance;
    let counted = counted && !planted::is(Bug::ClockFromIssueCall);
    if counted {
        issue::start_clock(draft, order)?;
    }
    // A channel that asked for credentials already does not ask again.
    if rules.issue_at_acceptance || order.callback_owed {
        return issue::begin(draft, order);
    }
    // A clock that runs already warns earlier than this one.
    let waits = order.terms.reservation.is_none() && !(counted && rules.times.issue_ms.is_some());
    if let Some(within) = rules.times.progress_ms.filter(|_| waits) {
        let deadline = rules.times.from_now(DeadlineKind::Progress, draft.at(), within);
        draft.expect(order, deadline);
    }
    Ok(Begun::Asked)
}

/// A voucher's units are reserved until its window ends.
fn expect_reservation(draft: &mut Draft<'_>, order: &mut Order, rules: &ChannelRules) {
    if planted::is(Bug::WindowForgotten) {
        return;
    }
    let zone = venue::zone(&order.terms.time_zone);
    if let (Some(zone), Some((_, last))) = (zone, order.terms.usable) {
        let end = venue::sales_end(zone, last, None);
        let deadline = rules.times.until(DeadlineKind::Reserve, draft.at(), end);
        draft.expect(order, deadline);
    }
}

pub(super) fn decide_acceptance(
    draft: &mut Draft<'_>,
    name: &OrderName,
    yes: bool,
    reason: Option<&str>,
) -> Result<Answer, Stop> {
    let mut order = draft.find(name)?;
    let id = order.id.clone();
    let mut acceptance = Acceptance::Refused;
    // Such a channel never asked for acceptance: it is told about credentials.
    let asked_for_credentials = order.callback_owed;
    if yes {
        match accept(draft, &mut order)? {
            _ if asked_for_credentials => acceptance = accepted(&order),
            Begun::Refused { reason } => draft.notify(&order, Notification::Refused { reason }),
            _ => {
                acceptance = Acceptance::Accepted;
                draft.notify(&order, Notification::Accepted);
            }
        }
    } else {
        draft.step(&mut order, Step::Refuse)?;
        hold::give_up(draft, &order);
        draft.met(&mut order, &DeadlineKind::Accept);
        let reason = reason.unwrap_or("refused").to_owned();
        draft.note(&order, "refused", reason.clone());
        if asked_for_credentials {
            order.callback_owed = false;
            draft.met(&mut order, &DeadlineKind::Issue);
            draft.notify(&order, Notification::IssueFailed { reason });
        } else {
            draft.notify(&order, Notification::Refused { reason });
        }
        if order.source().is_some() {
            let units = order.numbers(UnitState::Available);
            reserve::end_units(draft, &mut order, &units, UnitState::Available)?;
        }
    }
    draft.put(order);
    Ok(Answer::Paid { order: id, acceptance })
}

fn accepted(order: &Order) -> Acceptance {
    match order.state {
        OrderState::Refused => Acceptance::Refused,
        _ => Acceptance::Accepted,
    }
}

pub(super) fn cancel(draft: &mut Draft<'_>, name: &OrderName, told: &str) -> Result<Answer, Stop> {
    let mut order = draft.find(name)?;
    let id = order.id.clone();
    if order.state.ended() {
        return Ok(Answer::Recorded { order: id });
    }
    let effect = if order.state != OrderState::Created && order.source().is_none() {
        "; the refund's announcement gives stock and credit back"
    } else {
        ""
    };
    draft.note(&order, "cancelled at the channel", format!("{told}{effect}"));
    if order.state == OrderState::Created {
        end_unpaid(draft, &mut order, "cancelled")?;
        draft.put(order);
    } else if order.source().is_some() {
        // A reservation is no purchase: when it is cancelled its voucher lives on, and no money need be announced.
        let units = order.numbers(UnitState::Available);
        draft.note(&order, "cancelled", format!("units {units:?} go back to the voucher"));
        reserve::end_units(draft, &mut order, &units, UnitState::Available)?;
        draft.close_if_done(&mut order)?;
        draft.put(order);
    }
    // Otherwise the money moves by a refund, which is announced by itself.
    Ok(Answer::Recorded { order: id })
}

/// Ends an unpaid order: what it held goes back.
pub(super) fn end_unpaid(draft: &mut Draft<'_>, order: &mut Order, what: &str) -> Result<(), Stop> {
    let units = order.numbers(UnitState::Available);
    if !planted::is(Bug::ForgetRelease) {
        draft.release(order, &units, Standing::Held)?;
    }
    if let Some(distributor) = order.terms.distributor.clone().filter(|_| !planted::is(Bug::ForgetCreditRelease)) {
        let cause = PostingCause { order: Some(order.id.clone()), ..PostingCause::default() };
        draft.post(&distributor, PostingKind::Release, total(order)?, cause)?;
    }
    for unit in &mut order.units {
        unit.state = UnitState::Refunded;
    }
    draft.meet_all(order);
    draft.step(order, Step::Cancel)?;
    hold::give_up(draft, order);
    draft.note(order, what, "stock and credit given back");
    reserve::tell_source(draft, order, &units, UnitState::Available)
}

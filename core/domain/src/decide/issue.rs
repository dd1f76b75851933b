//! Credentials: made here, taken from a pool in this very change, or asked for at a supplier by a job.

use std::collections::BTreeSet;

use entrepot_contract::ids::OrderId;
use entrepot_contract::order::{
    Credential, CredentialKind, DeadlineKind, Order, OrderState, Refund, RefundState, UnitCredentials, UnitState,
};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Fulfilment, Route};
use entrepot_contract::time::Timestamp;

use super::draft::Draft;
use super::{Stop, by_hand, document, give_codes, reserve, unissued, use_told};
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::change::Change;
use crate::command::{IssueResult, OrderName};
use crate::footprint::pool_behind;
use crate::job::{JobKind, Notification};
use crate::planted::{self, Bug};
use crate::transitions::Step;

/// What beginning to issue came to.
pub(super) enum Begun {
    /// Credentials are there, or none are needed.
    Issued,
    /// A supplier was asked.
    Asked,
    /// The pool has too few codes; nothing was taken, and the order waits.
    OutOfCodes,
    /// The pool has too few codes; the order is refused.
    Refused {
        /// For people.
        reason: String,
    },
}

/// Somebody is answered the credentials that are there.
pub(super) fn shown(draft: &mut Draft<'_>, mut order: Order) {
    if order.unshown {
        order.unshown = false;
        draft.put(order);
    }
}

pub(super) fn show(draft: &mut Draft<'_>, id: &OrderId) -> Result<Answer, Stop> {
    let order = draft.find(&OrderName::Own(id.clone()))?;
    shown(draft, order);
    Ok(Answer::Recorded { order: id.clone() })
}

/// The channel counts from now on, unless it does already.
pub(super) fn start_clock(draft: &mut Draft<'_>, order: &mut Order) -> Result<(), Refusal> {
    let now = draft.at();
    start_clock_at(draft, order, now)
}

/// The channel counts since then, unless it does already.
pub(super) fn start_clock_at(draft: &mut Draft<'_>, order: &mut Order, since: Timestamp) -> Result<(), Refusal> {
    let times = draft.channel(&order.connection)?.times;
    let runs = order.deadlines.iter().any(|deadline| deadline.kind == DeadlineKind::Issue);
    if let Some(within) = times.issue_ms.filter(|_| !runs) {
        let deadline = times.from_now(DeadlineKind::Issue, since, within);
        draft.expect(order, deadline);
    }
    Ok(())
}

/// Begins to issue an accepted order. The caller writes the order.
pub(super) fn begin(draft: &mut Draft<'_>, order: &mut Order) -> Result<Begun, Stop> {
    match &order.terms.fulfilment {
        Fulfilment::Nothing => {
            draft.step(order, Step::Issue)?;
            draft.met(order, &DeadlineKind::Issue);
            if order.callback_owed {
                order.callback_owed = false;
                draft.notify(order, Notification::Issued);
            }
            draft.note(order, "issued", "nothing has to be shown");
            Ok(Begun::Issued)
        }
        Fulfilment::OwnNumber => {
            let units = order
                .units
                .iter()
                .map(|unit| UnitCredentials {
                    unit: unit.number,
                    credentials: vec![Credential {
                        kind: CredentialKind::VoucherNumber,
                        value: draft.command.seed.voucher_number(unit.number),
                        document_kind: None,
                    }],
                })
                .collect();
            finish(draft, order, units, "voucher numbers of our own")?;
            Ok(Begun::Issued)
        }
        Fulfilment::Document => match document::credentials(&draft.guests(&order.id)?, order.units.len()) {
            Ok(units) => {
                finish(draft, order, units, "the documents of its guests")?;
                Ok(Begun::Issued)
            }
            // What is sold has readable documents; somebody took them away since.
            Err(Refusal { text: reason, .. }) => {
                draft.alert(AlertKind::IssueRefused, order.id.as_str(), format!("order {}: {reason}", order.id));
                fail(draft, order, &reason)?;
                Ok(Begun::Refused { reason })
            }
        },
        Fulfilment::Supplier { connection, .. } => match pool_behind(draft.state, &order.terms.fulfilment) {
            Some((pool, rules)) => give_codes::give(draft, order, &pool, rules),
            None => {
                let told = format!("supplier {connection} is asked");
                // Another supplier may have refused it before.
                if order.state != OrderState::Issuing {
                    draft.step(order, Step::StartIssue)?;
                }
                start_clock(draft, order)?;
                draft.ask_supplier(order, JobKind::Book);
                // A supplier books whole orders: what was refunded before is given back there afterwards.
                let units = order.numbers(UnitState::Refunded);
                if !units.is_empty() {
                    let key = format!("{}-before", order.id);
                    let kind = JobKind::cancel(order, units, None, key);
                    draft.ask_supplier(order, kind);
                }
                draft.note(order, "issuing", told);
                Ok(Begun::Asked)
            }
        },
    }
}

pub(super) fn finish(
    draft: &mut Draft<'_>,
    order: &mut Order,
    units: Vec<UnitCredentials>,
    from: &str,
) -> Result<(), Stop> {
    draft.step(order, Step::Issue)?;
    draft.met(order, &DeadlineKind::Issue);
    draft.push(Change::Credentials(order.id.clone(), units));
    draft.note(order, "issued", from);
    // After it in the timeline, too: a refusal goes out with the tickets.
    if unissued::tickets_came(draft, order) {
        order.callback_owed = false;
    } else if order.callback_owed && !planted::is(Bug::CallbackForgotten) {
        order.callback_owed = false;
        draft.notify(order, Notification::Issued);
    } else {
        let behind = pool_behind(draft.state, &order.terms.fulfilment);
        order.unshown = behind.is_some_and(|(_, rules)| rules.return_unshown);
    }
    Ok(())
}

pub(super) fn promise(draft: &mut Draft<'_>, id: &OrderId) -> Result<Answer, Stop> {
    let mut order = draft.find(&OrderName::Own(id.clone()))?;
    Ok(match order.state {
        OrderState::Issued | OrderState::Completed => {
            shown(draft, order);
            Answer::Issued { order: id.clone() }
        }
        // Its call was the payment, and a person accepts it.
        OrderState::Paid if order.callback_owed => Answer::Issuing { order: id.clone() },
        OrderState::Issuing => {
            if !order.callback_owed {
                order.callback_owed = true;
                draft.note(&order, "callback owed", "the channel was told that a supplier is at work");
                draft.put(order);
            }
            Answer::Issuing { order: id.clone() }
        }
        state => Answer::NotIssued { order: order.id, reason: format!("the order is {state:?}") },
    })
}

pub(super) fn waiting(draft: &mut Draft<'_>, id: &OrderId) -> Result<Answer, Stop> {
    give_codes::issue_waiting(draft, id)
}

pub(super) fn record(draft: &mut Draft<'_>, id: &OrderId, result: &IssueResult) -> Result<Answer, Stop> {
    let mut order = draft.find(&OrderName::Own(id.clone()))?;
    if let IssueResult::ByHand { units, reason } = result {
        return by_hand::issue(draft, order, units, reason);
    }
    if order.by_hand && matches!(order.state, OrderState::Issued | OrderState::Completed) {
        return by_hand::heard(draft, order, result);
    }
    if order.state != OrderState::Issuing {
        return late(draft, &order, result);
    }
    match result {
        IssueResult::ByHand { .. } | IssueResult::Found { .. } => {}
        IssueResult::Issued { reference, units } => {
            fits(&order, units)?;
            order.supplier_reference = reference.clone().or(order.supplier_reference);
            finish(draft, &mut order, units.clone(), "credentials of the supplier")?;
            use_told::watch(draft, &mut order);
        }
        IssueResult::Pending { reference } => {
            order.supplier_reference = reference.clone().or(order.supplier_reference);
            draft.note(&order, "booked, pending", "the supplier issues later");
        }
        IssueResult::Refused { reason } if falls_over(draft, &mut order, reason)? => {}
        IssueResult::Refused { reason } => {
            draft.alert(
                AlertKind::IssueRefused,
                order.id.as_str(),
                format!("the supplier refused order {}: {reason}", order.id),
            );
            fail(draft, &mut order, reason)?;
        }
    }
    draft.put(order);
    Ok(Answer::Recorded { order: id.clone() })
}

/// Another supplier is asked after a certain no; false when there is none.
fn falls_over(draft: &mut Draft<'_>, order: &mut Order, reason: &str) -> Result<bool, Stop> {
    if !next_supplier(draft, order, reason) {
        return Ok(false);
    }
    if matches!(begin(draft, order)?, Begun::OutOfCodes) {
        give_codes::wait(draft, order);
    }
    Ok(true)
}

/// The next supplier of an order that still takes new orders takes the place of the one that refused.
pub(super) fn next_supplier(draft: &mut Draft<'_>, order: &mut Order, why: &str) -> bool {
    while !order.terms.otherwise.is_empty() {
        let Route { connection, product_code, .. } = order.terms.otherwise.remove(0);
        if draft.state.rules.supplier(&connection).is_some_and(|supplier| supplier.selling) {
            draft.note(order, "another supplier", format!("{why}; {connection} is asked"));
            order.terms.fulfilment = Fulfilment::Supplier { connection, product_code };
            order.supplier_reference = None;
            return true;
        }
    }
    false
}

/// Credentials will not come: the channel gives the money back, and a reservation's voucher lives on.
pub(super) fn fail(draft: &mut Draft<'_>, order: &mut Order, reason: &str) -> Result<(), Stop> {
    draft.step(order, Step::FailIssue)?;
    if order.callback_owed {
        order.callback_owed = false;
        draft.notify(order, Notification::IssueFailed { reason: reason.to_owned() });
    }
    draft.met(order, &DeadlineKind::Issue);
    draft.note(order, "supplier refused", reason);
    unissued::tickets_will_not_come(draft, order);
    if order.source().is_some() {
        let units = order.numbers(UnitState::Available);
        reserve::end_units(draft, order, &units, UnitState::Available)?;
    }
    Ok(())
}

/// A supplier's word on an order that no longer waits for it: a real ticket is never thrown away.
fn late(draft: &mut Draft<'_>, order: &Order, result: &IssueResult) -> Result<Answer, Stop> {
    if let IssueResult::Issued { reference, .. } | IssueResult::Found { reference, .. } = result
        && !matches!(order.state, OrderState::Issued | OrderState::Completed)
    {
        let mut order = order.clone();
        order.supplier_reference = reference.clone().or(order.supplier_reference);
        let text = format!("the supplier issued order {}, which is {:?} by now; giving it back", order.id, order.state);
        draft.alert(AlertKind::Contradiction, order.id.as_str(), text.clone());
        draft.note(&order, "issued too late", text);
        let units = order.units.iter().map(|unit| unit.number).collect();
        let key = format!("{}-late", order.id);
        let kind = JobKind::cancel(&order, units, None, key);
        draft.ask_supplier(&order, kind);
        draft.put(order);
    }
    Ok(Answer::Recorded { order: order.id.clone() })
}

/// A supplier's answer has one entry, not empty, for each unit.
pub(super) fn fits(order: &Order, units: &[UnitCredentials]) -> Result<(), Refusal> {
    let named: BTreeSet<u16> = units.iter().map(|unit| unit.unit).collect();
    let bought: BTreeSet<u16> = order.units.iter().map(|unit| unit.number).collect();
    let full = units.iter().all(|unit| !unit.credentials.is_empty());
    if named == bought && units.len() == bought.len() && full {
        return Ok(());
    }
    let text = format!("order {} has {} units, each with its codes; found {}", order.id, bought.len(), units.len());
    Err(Refusal::new(Reason::Malformed, text))
}

/// Units of an order that may still be used or given back and that no live refund names.
pub(super) fn free_units(draft: &Draft<'_>, order: &Order) -> Vec<u16> {
    let named = named_by_others(draft, order);
    order.numbers(UnitState::Available).into_iter().filter(|unit| !named.contains(unit)).collect()
}

/// Units that live refunds name.
pub(super) fn named_by_others(draft: &Draft<'_>, order: &Order) -> BTreeSet<u16> {
    let live = |refund: &&Refund| matches!(refund.state, RefundState::Waiting | RefundState::Agreed);
    draft.state.refunds(order).filter(live).flat_map(|refund| refund.units.iter().copied()).collect()
}

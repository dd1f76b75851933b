//! Codes of a pool meet orders: taken in the change that issues, waited for where there are too few, and given back
//! where nobody was shown them. A code is given to one unit, ever, unless it came back unseen.

use entrepot_contract::ids::{OrderId, PoolName};
use entrepot_contract::order::{
    DeadlineKind, Order, OrderState, Refund, RefundCause, RefundState, UnitCredentials, UnitState,
};

use super::draft::Draft;
use super::issue::{Begun, fail, finish, start_clock};
use super::{Stop, codes, issue};
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::catalogue::{CodeRules, OnEmpty};
use crate::change::{Change, HistoryKind};
use crate::code::{CodeState, CodeWait, TakenCode, days_needed};
use crate::command::OrderName;
use crate::footprint::pool_behind;
use crate::planted::{self, Bug};
use crate::transitions::Step;

/// Whether the order waits for codes of a pool.
pub(super) fn waits(draft: &Draft<'_>, order: &Order) -> Option<(PoolName, CodeRules)> {
    pool_behind(draft.state, &order.terms.fulfilment).filter(|_| order.state == OrderState::Issuing)
}

/// Gives every unit that was not given back its codes, or none to any.
pub(super) fn give(draft: &mut Draft<'_>, order: &mut Order, name: &PoolName, rules: CodeRules) -> Result<Begun, Stop> {
    let terms = &order.terms;
    let days = days_needed(order.visit.as_ref(), terms.usable, &terms.time_zone, draft.at());
    let pool = draft.pool(name)?.cloned().unwrap_or_default();
    let all = *draft.state.codes_seen.get(&(name.clone(), days)).ok_or(Stop::SeeMore)?;
    let units: Vec<u16> =
        order.units.iter().filter(|unit| unit.state != UnitState::Refunded).map(|unit| unit.number).collect();
    let per_unit = usize::from(rules.per_unit.max(1));
    let wanted = units.len() * per_unit;
    let fits = draft.state.codes.get(name).into_iter().flatten();
    let fits = fits.filter(|code| days.is_none_or(|days| code.valid.cover(days)));
    let mut taken: Vec<_> = fits.take(wanted).cloned().collect();
    if taken.len() < wanted {
        if !all {
            return Err(Stop::SeeMore);
        }
        let when = days.map_or_else(String::new, |days| format!(" that are good from {} to {}", days.first, days.last));
        let text = format!("pool {name} has {} codes{when}, order {} needs {wanted}", taken.len(), order.id);
        if issue::next_supplier(draft, order, &text) {
            return issue::begin(draft, order);
        }
        return too_few(draft, order, name, rules, &text, wanted);
    }
    let mut given = Vec::with_capacity(units.len());
    for unit in units {
        let codes = taken.drain(..per_unit);
        let mut credentials = Vec::new();
        for code in codes {
            let (order, at) = (order.id.clone(), draft.at());
            draft.push(Change::TakeCode(TakenCode { code: code.id, order, unit, at }));
            credentials.extend(code.credentials);
        }
        given.push(UnitCredentials { unit, credentials });
    }
    let left = pool.available.saturating_sub(u32::try_from(wanted).unwrap_or(u32::MAX));
    codes::count(draft, name, &pool, left);
    if order.state == OrderState::Issuing {
        over(draft, order);
    }
    finish(draft, order, given, &format!("{wanted} codes of pool {name}"))?;
    Ok(Begun::Issued)
}

fn too_few(
    draft: &mut Draft<'_>,
    order: &mut Order,
    name: &PoolName,
    rules: CodeRules,
    text: &str,
    wanted: usize,
) -> Result<Begun, Stop> {
    if rules.on_empty == OnEmpty::Refuse {
        draft.alert(AlertKind::PoolEmpty, name.as_str(), format!("{text}; it is refused"));
        if order.state == OrderState::Issuing {
            over(draft, order);
        }
        let reason = format!("pool {name} has too few codes");
        fail(draft, order, &reason)?;
        return Ok(Begun::Refused { reason });
    }
    draft.alert(AlertKind::PoolEmpty, name.as_str(), format!("{text}; import codes, it is issued by itself then"));
    if order.state != OrderState::Issuing {
        draft.step(order, Step::StartIssue)?;
        start_clock(draft, order)?;
        await_codes(draft, order, name, wanted);
        draft.note(order, "waits for codes", text);
    }
    Ok(Begun::OutOfCodes)
}

fn await_codes(draft: &mut Draft<'_>, order: &Order, name: &PoolName, wanted: usize) {
    let terms = &order.terms;
    let wait = CodeWait {
        pool: name.clone(),
        order: order.id.clone(),
        wanted: u32::try_from(wanted).unwrap_or(u32::MAX),
        days: days_needed(order.visit.as_ref(), terms.usable, &terms.time_zone, draft.at()),
        since: draft.at(),
    };
    draft.push(Change::AwaitCodes(wait));
    // The pool's own alert ends with the next code that comes, which may not be enough for this one.
    let text = format!("order {} waits for {wanted} codes of pool {name}; import codes, or issue it by hand", order.id);
    draft.alert(AlertKind::IssueDue, order.id.as_str(), text);
}

/// An order waits for codes no more.
fn over(draft: &mut Draft<'_>, order: &Order) {
    draft.push(Change::WaitOver(order.id.clone()));
    draft.resolve(AlertKind::IssueDue, order.id.as_str());
}

/// An order that its supplier refused waits for the pool that came after it.
pub(super) fn wait(draft: &mut Draft<'_>, order: &Order) {
    let Some((name, rules)) = waits(draft, order) else { return };
    let units = order.units.len() - order.count(UnitState::Refunded);
    await_codes(draft, order, &name, units * usize::from(rules.per_unit.max(1)));
    draft.note(order, "waits for codes", format!("of pool {name}"));
}

/// Codes came: issues what waits, unless the channel does not wait for it any more.
pub(super) fn issue_waiting(draft: &mut Draft<'_>, id: &OrderId) -> Result<Answer, Stop> {
    let mut order = draft.find(&OrderName::Own(id.clone()))?;
    let Some((pool, rules)) = waits(draft, &order) else {
        over(draft, &order);
        return Ok(Answer::NotIssued { order: id.clone(), reason: format!("the order is {:?}", order.state) });
    };
    let now = draft.at();
    let late = |deadline: &entrepot_contract::order::Deadline| {
        deadline.kind == DeadlineKind::Issue && (deadline.passed || deadline.due <= now)
    };
    // It asked about the tickets that did not come, and they repair the order as long as it waits for an answer.
    let asks = |refund: &Refund| refund.cause == RefundCause::IssueFailed && refund.state == RefundState::Waiting;
    let rescued = draft.state.refunds(&order).any(asks) && !planted::is(Bug::LateCodesForgotten);
    if order.deadlines.iter().any(late) && !rescued {
        let reason = "codes came after the channel's time for issuing had ended";
        draft.push(Change::WaitOver(id.clone()));
        draft.note(&order, "not issued by itself", reason);
        return Ok(Answer::NotIssued { order: id.clone(), reason: reason.to_owned() });
    }
    let begun = give(draft, &mut order, &pool, rules)?;
    draft.put(order);
    Ok(match begun {
        Begun::Issued | Begun::Asked => Answer::Issued { order: id.clone() },
        Begun::OutOfCodes => Answer::OutOfCodes { order: id.clone() },
        Begun::Refused { reason } => Answer::NotIssued { order: id.clone(), reason },
    })
}

/// Units were given back after payment: their codes are void, or go back where nobody was shown any of the order's.
pub(super) fn give_up(draft: &mut Draft<'_>, order: &mut Order, units: &[u16]) -> Result<(), Stop> {
    if waits(draft, order).is_some() && order.count(UnitState::Refunded) == order.units.len() {
        over(draft, order);
    }
    let whole = order.unshown && order.count(UnitState::Refunded) == order.units.len();
    let behind = pool_behind(draft.state, &order.terms.fulfilment).filter(|(_, rules)| rules.return_unshown && whole);
    let Some((name, _)) = behind else {
        draft.push(Change::EndUnitCodes(order.id.clone(), units.to_vec(), CodeState::Void, draft.at()));
        return Ok(());
    };
    let pool = draft.pool(&name)?.cloned().unwrap_or_default();
    let held = draft.state.held_codes.get(&order.id).ok_or(Stop::SeeMore)?.clone();
    let mut available = pool.available;
    let count = held.len();
    for code in held {
        let state = code.batch.standing_of_returned();
        available = available.saturating_add(u32::from(state.is_free()));
        let returned = format!("returned from order {}, nobody had seen it", order.id);
        codes::told(draft, HistoryKind::Code, code.id.as_str(), &CodeState::Assigned, &returned);
        draft.push(Change::ReturnCode(code.id, order.id.clone(), state));
    }
    // What is somebody else's from now on must not be read here again.
    draft.push(Change::Credentials(order.id.clone(), Vec::new()));
    order.unshown = false;
    codes::count(draft, &name, &pool, available);
    draft.note(order, "codes returned", format!("{count} codes go back to pool {name}; nobody had seen them"));
    Ok(())
}

//! Refunds: asked, decided by rule or by a person, announced by the channel. The announcement is authoritative.

use entrepot_contract::ids::{OrderId, RefundId};
use entrepot_contract::intent::{AskRefund, GivesBack, RecordRefund, UnitChoice};
use entrepot_contract::money::Money;
use entrepot_contract::order::{DeadlineKind, Order, OrderState, Refund, RefundCause, RefundState, UnitState};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Fulfilment, RefundFee};
use entrepot_contract::time::Timestamp;

use super::draft::Draft;
use super::issue::free_units;
use super::redeem::choose;
use super::{Stop, give_codes, payment, refunded_units, reserve, unissued};
use crate::alert::AlertKind;
use crate::answer::{Answer, RefundStanding};
use crate::catalogue::Cancels;
use crate::change::Change;
use crate::command::{FOLLOWED, OrderName};
use crate::credit::{PostingCause, PostingKind};
use crate::job::{JobKind, Notification, SUPPLIER};
use crate::planted::{self, Bug};
use crate::refund_rule::{Verdict, fee_on, judge};
use crate::stock::Standing;

/// What a refund would come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundPreview {
    /// What the rule says.
    pub verdict: Verdict,
    /// What would be kept back from the distributor for each unit.
    pub settlement_fee: Money,
}

/// What a refund would come to: the same evaluation as the decision.
pub fn preview(order: &Order, cause: RefundCause, units: usize, at: Timestamp) -> Result<RefundPreview, Refusal> {
    let verdict = judge(order, cause, units, at);
    let fee = match verdict {
        Verdict::Allow(fee) => fee,
        Verdict::Refuse | Verdict::AskPerson => RefundFee::Free,
    };
    let settlement_fee = fee_on(order.terms.settlement, fee)
        .map_err(|fault| Refusal::new(Reason::Other, format!("fee of order {}: {fault}", order.id)))?;
    Ok(RefundPreview { verdict, settlement_fee })
}

pub(super) fn ask(draft: &mut Draft<'_>, name: &OrderName, intent: &AskRefund) -> Result<Answer, Stop> {
    let mut order = draft.find(name)?;
    if let Some(known) = draft.state.refunds(&order).find(|refund| refund.key == intent.key) {
        return Ok(answer(known));
    }
    let mut refund = Refund {
        id: draft.command.seed.refund(),
        order: order.id.clone(),
        key: intent.key.clone(),
        state: RefundState::Waiting,
        cause: intent.cause,
        units: Vec::new(),
        channel_fee: intent.fee,
        asked_amount: intent.amount,
        reason: intent.reason.clone(),
        channel_amount: None,
        settlement_fee: None,
        decided_by: None,
        note: None,
        notice_owed: false,
        asked_at: draft.at(),
        decided_at: None,
        done_at: None,
    };
    let chosen = choose(&order, &free_units(draft, &order), &intent.units);
    match chosen {
        Err(refusal) => decide(draft, &order, &mut refund, "rule", Err(refusal.text)),
        Ok(units) => {
            refund.units = units;
            by_rule(draft, &order, &mut refund, intent.asked_at)?;
        }
    }
    let answered = answer(&refund);
    let times = draft.channel(&order.connection)?.times;
    if let Some(within) = times.audit_ms.filter(|_| refund.state == RefundState::Waiting) {
        let kind = DeadlineKind::Audit { refund: refund.id.clone() };
        let deadline = times.from_now(kind, intent.asked_at.min(draft.at()), within);
        draft.expect(&mut order, deadline);
        draft.put(order);
    }
    draft.push(Change::Refund(Box::new(refund)));
    Ok(answered)
}

fn by_rule(draft: &mut Draft<'_>, order: &Order, refund: &mut Refund, asked_at: Timestamp) -> Result<(), Stop> {
    let told = preview(order, refund.cause, refund.units.len(), asked_at)?;
    let by_rule = draft.channel(&order.connection)?.refund_by_rule;
    if by_rule && refund.cause == RefundCause::IssueFailed {
        unissued::asked(draft, order, refund);
        return Ok(());
    }
    let mut verdict = if by_rule { told.verdict } else { Verdict::AskPerson };
    if matches!(verdict, Verdict::Allow(_)) && !takes_back(draft, order, refund) {
        draft.note(order, "refund asked", format!("{}: nobody takes that back by call", refund.id));
        verdict = Verdict::AskPerson;
    }
    match verdict {
        Verdict::Refuse => {
            let reason = "the product's refund rule gives nothing back any more".to_owned();
            decide(draft, order, refund, "rule", Err(reason));
        }
        Verdict::AskPerson => ask_person(draft, order, refund),
        Verdict::Allow(_) => {
            refund.settlement_fee = Some(settlement_fee(told.settlement_fee, refund)?);
            if ticket_at_supplier(draft, order) {
                let (id, key) = (Some(refund.id.clone()), refund.id.to_string());
                let kind = JobKind::cancel(order, refund.units.clone(), id, key);
                draft.ask_supplier(order, kind);
                draft.note(order, "refund asked", format!("{}: the rule agrees, the supplier is asked", refund.id));
            } else {
                decide(draft, order, refund, "rule", Ok(()));
            }
        }
    }
    Ok(())
}

/// The channel is told to wait, and a person that it does.
pub(super) fn ask_person(draft: &mut Draft<'_>, order: &Order, refund: &mut Refund) {
    refund.notice_owed = true;
    let text = format!("refund {} of order {} waits for a person", refund.id, order.id);
    draft.alert(AlertKind::RefundWaiting, refund.id.as_str(), text);
    draft.note(order, "refund asked", format!("{} waits for a person", refund.id));
}

/// Whether the supplier that holds tickets of this order can be asked to take these units back.
fn takes_back(draft: &Draft<'_>, order: &Order, refund: &Refund) -> bool {
    // Whoever typed the codes knows where they came from.
    if order.by_hand {
        return false;
    }
    if !ticket_at_supplier(draft, order) {
        return true;
    }
    let Fulfilment::Supplier { connection, .. } = &order.terms.fulfilment else { return true };
    // Of a supplier that is gone nobody knows what it could.
    match draft.state.rules.supplier(connection).map(|rules| rules.cancel) {
        None | Some(Cancels::Parts) => true,
        Some(Cancels::Whole) => refund.units.len() == order.units.len(),
        Some(Cancels::Nothing) => false,
    }
}

/// What is kept back from the distributor for a refund: never more than what the channel keeps from the guest.
fn settlement_fee(per_unit: Money, refund: &Refund) -> Result<Money, Refusal> {
    let count = u32::try_from(refund.units.len()).unwrap_or(u32::MAX);
    let fee = per_unit
        .times(count)
        .map_err(|fault| Refusal::new(Reason::Other, format!("fee of refund {}: {fault}", refund.id)))?;
    Ok(match refund.channel_fee {
        Some(channel) if channel.currency == fee.currency && channel.amount_minor < fee.amount_minor => channel,
        _ => fee,
    })
}

/// Whether a called supplier may hold tickets of this order.
pub(super) fn ticket_at_supplier(draft: &Draft<'_>, order: &Order) -> bool {
    let Fulfilment::Supplier { connection, .. } = &order.terms.fulfilment else { return false };
    if order.by_hand {
        return false;
    }
    let calls = draft.state.rules.supplier(connection).is_none_or(|rules| !rules.pool);
    calls && matches!(order.state, OrderState::Issued | OrderState::Issuing | OrderState::Completed)
}

/// Writes a decision into a refund, and tells the channel when it was told to wait.
pub(super) fn decide(
    draft: &mut Draft<'_>,
    order: &Order,
    refund: &mut Refund,
    by: &str,
    decision: Result<(), String>,
) {
    refund.decided_by = Some(by.to_owned());
    refund.decided_at = Some(draft.at());
    match decision {
        Ok(()) => {
            refund.state = RefundState::Agreed;
            draft.note(order, "refund agreed", format!("{} for units {:?}", refund.id, refund.units));
        }
        Err(reason) => {
            refund.state = RefundState::Refused;
            draft.note(order, "refund refused", format!("{}: {reason}", refund.id));
            refund.note = Some(reason);
        }
    }
    if refund.notice_owed {
        refund.notice_owed = false;
        draft.notify(order, Notification::RefundDecided { refund: refund.id.clone() });
    }
}

fn find(draft: &Draft<'_>, order: &Order, id: &RefundId) -> Result<Refund, Refusal> {
    let refund = draft.state.refunds(order).find(|refund| &refund.id == id).cloned();
    refund.ok_or_else(|| Refusal::new(Reason::OrderUnknown, format!("order {} has no refund {id}", order.id)))
}

pub(super) fn promise(draft: &mut Draft<'_>, order: &OrderId, id: &RefundId) -> Result<Answer, Stop> {
    let order = draft.find(&OrderName::Own(order.clone()))?;
    let mut refund = find(draft, &order, id)?;
    let answered = answer(&refund);
    if refund.state == RefundState::Waiting && !refund.notice_owed {
        refund.notice_owed = true;
        draft.push(Change::Refund(Box::new(refund)));
    }
    Ok(answered)
}

pub(super) fn settle(
    draft: &mut Draft<'_>,
    order: &OrderId,
    id: &RefundId,
    agree: bool,
    reason: Option<&str>,
) -> Result<Answer, Stop> {
    let mut order = draft.find(&OrderName::Own(order.clone()))?;
    let mut refund = find(draft, &order, id)?;
    let asked_supplier = draft.command.job.is_some();
    let by = if asked_supplier { SUPPLIER.to_owned() } else { draft.command.by.clone() };
    if refund.state != RefundState::Waiting {
        let agreed = matches!(refund.state, RefundState::Agreed | RefundState::Done);
        if asked_supplier && agree && !agreed {
            let text = format!("the supplier gave back units {:?} of refund {id}, which was refused", refund.units);
            draft.alert(AlertKind::Contradiction, order.id.as_str(), text);
        }
        if agreed == agree || asked_supplier {
            return Ok(answer(&refund));
        }
        let text = format!("refund {id} is {:?} already; it cannot be decided again", refund.state);
        return Err(Refusal::new(Reason::StateForbids, text).into());
    }
    if !agree && !asked_supplier {
        unissued::refusable(&order, &refund)?;
    }
    let decision = if agree {
        if refund.settlement_fee.is_none() {
            refund.settlement_fee = Some(Money::zero(order.terms.settlement.currency));
        }
        Ok(())
    } else {
        Err(reason.unwrap_or("refused").to_owned())
    };
    decide(draft, &order, &mut refund, &by, decision);
    if let Some(kept) = reason.filter(|_| agree && asked_supplier) {
        draft.note(&order, "cancelled at the supplier", kept);
    }
    decided(draft, &mut order, &refund);
    draft.put(order);
    let answered = answer(&refund);
    draft.push(Change::Refund(Box::new(refund)));
    Ok(answered)
}

/// Nobody waits for a decision on this refund any more.
pub(super) fn decided(draft: &mut Draft<'_>, order: &mut Order, refund: &Refund) {
    draft.met(order, &DeadlineKind::Audit { refund: refund.id.clone() });
    draft.resolve(AlertKind::RefundWaiting, refund.id.as_str());
}

fn answer(refund: &Refund) -> Answer {
    let zero = || Money::zero(entrepot_contract::money::Currency::CNY);
    let standing = match refund.state {
        RefundState::Waiting => RefundStanding::Waiting,
        RefundState::Agreed => RefundStanding::Agreed { fee: refund.channel_fee.unwrap_or_else(zero) },
        RefundState::Refused => RefundStanding::Refused { reason: refund.note.clone().unwrap_or_default() },
        RefundState::Done => RefundStanding::Done,
    };
    Answer::Refund { order: refund.order.clone(), refund: refund.id.clone(), standing }
}

pub(super) fn record(draft: &mut Draft<'_>, name: &OrderName, intent: &RecordRefund) -> Result<Answer, Stop> {
    let mut order = draft.find(name)?;
    let known = draft.state.refunds(&order).find(|refund| refund.key == intent.key).cloned();
    if known.as_ref().is_some_and(|refund| refund.state == RefundState::Done) {
        return Ok(Answer::Recorded { order: order.id });
    }
    if intent.gives_back != GivesBack::Units {
        let waited = known.as_ref().is_some_and(|refund| refund.state == RefundState::Waiting);
        let refund = money_alone(draft, &order, known, intent);
        if waited {
            decided(draft, &mut order, &refund);
            draft.put(order.clone());
        }
        return Ok(Answer::Recorded { order: order.id });
    }
    if known.is_none()
        && let Some(found) = followed(draft, &order, intent)
    {
        draft.note(&order, "refunded", format!("{}: the channel's notice of it came", found.id));
        draft.push(Change::Refund(Box::new(Refund { key: intent.key.clone(), ..found })));
        return Ok(Answer::Recorded { order: order.id });
    }
    let waited = known.as_ref().is_some_and(|refund| refund.state == RefundState::Waiting);
    let mut refund = match known {
        Some(refund) => contradiction(draft, &order, refund),
        None => announced(draft, &order, intent),
    };
    if waited {
        decided(draft, &mut order, &refund);
    }
    // Only what the supplier agreed to is gone there: an order may have been issued after its refund was agreed.
    let cancelled_upstream = refund.state == RefundState::Agreed && refund.decided_by.as_deref() == Some(SUPPLIER);
    let asked = refund.units.len();
    refund.units = refunded_units::gone(draft, &order, &refund, intent);
    // A fee agreed for more units than went is kept for those that went.
    if let Some(fee) = refund.settlement_fee.as_mut().filter(|_| refund.units.len() < asked) {
        let share = i128::from(fee.amount_minor) * refund.units.len() as i128 / asked as i128;
        fee.amount_minor = i64::try_from(share).unwrap_or(fee.amount_minor);
    }
    refund.state = RefundState::Done;
    refund.channel_amount = Some(intent.amount);
    refund.done_at = Some(draft.at());
    if order.state == OrderState::Created {
        payment::end_unpaid(draft, &mut order, "refunded before payment was known")?;
    } else {
        let reserved = order.numbers(UnitState::Reserved);
        give_back(draft, &mut order, &mut refund, intent.refunded_at)?;
        upstream(draft, &order, &refund, cancelled_upstream);
        draft.close_if_done(&mut order)?;
        let gone: Vec<u16> = reserved.into_iter().filter(|unit| refund.units.contains(unit)).collect();
        draft.put(order.clone());
        if gone.is_empty() {
            reserve::tell_source(draft, &order, &refund.units, UnitState::Available)?;
        } else {
            reserve::end_reservations_of(draft, &order, &gone)?;
            // An unpaid reservation that ended whole gave other units back.
            order = draft.find(&OrderName::Own(order.id.clone()))?;
        }
    }
    let told = format!("{}: the guest got {} for units {:?}", refund.id, intent.amount, refund.units);
    draft.note(&order, "refunded", told);
    let id = order.id.clone();
    draft.push(Change::Refund(Box::new(refund)));
    draft.put(order);
    Ok(Answer::Recorded { order: id })
}

/// The guest got money, and none of his units is known to be gone by it: the fact is kept, stock and credit stay, and a
/// person says what it means for them.
pub(super) fn money_alone(
    draft: &mut Draft<'_>,
    order: &Order,
    known: Option<Refund>,
    intent: &RecordRefund,
) -> Refund {
    let refund = known.unwrap_or_else(|| announced(draft, order, intent));
    let refund = Refund {
        state: RefundState::Done,
        units: Vec::new(),
        channel_amount: Some(intent.amount),
        done_at: Some(draft.at()),
        ..refund
    };
    let what = match intent.gives_back {
        GivesBack::Money => "money alone",
        GivesBack::Reservation => "for a date alone",
        GivesBack::Units | GivesBack::Unknown => "for what this build does not know",
    };
    let text = format!("{}: the guest got {}, {what}; units and credit stay as they are", refund.id, intent.amount);
    draft.alert(AlertKind::Contradiction, order.id.as_str(), format!("order {}: refund {text}; look there", order.id));
    draft.note(order, "refunded", text);
    draft.push(Change::Refund(Box::new(refund.clone())));
    refund
}

/// The same result, which asking the channel had found before its notice came.
fn followed(draft: &Draft<'_>, order: &Order, intent: &RecordRefund) -> Option<Refund> {
    let same = |refund: &&Refund| {
        let named = match &intent.units {
            UnitChoice::Numbers(numbers) => numbers.iter().all(|unit| refund.units.contains(unit)),
            UnitChoice::Count(count) => usize::try_from(*count).is_ok_and(|count| count == refund.units.len()),
            UnitChoice::AllLeft | UnitChoice::Named(_) | UnitChoice::Unknown(_) => true,
        };
        refund.key.starts_with(FOLLOWED) && refund.channel_amount == Some(intent.amount) && named
    };
    draft.state.refunds(order).find(same).cloned()
}

/// A result that we refused, or had not decided, is recorded all the same, and somebody should look.
fn contradiction(draft: &mut Draft<'_>, order: &Order, refund: Refund) -> Refund {
    if refund.state == RefundState::Refused {
        let text = format!("the channel refunded {} of order {}, which was refused here", refund.id, order.id);
        draft.alert(AlertKind::Contradiction, order.id.as_str(), text);
    }
    refund
}

fn announced(draft: &Draft<'_>, order: &Order, intent: &RecordRefund) -> Refund {
    Refund {
        id: draft.command.seed.refund(),
        order: order.id.clone(),
        key: intent.key.clone(),
        state: RefundState::Waiting,
        cause: intent.cause,
        units: Vec::new(),
        channel_fee: None,
        asked_amount: None,
        reason: None,
        channel_amount: None,
        settlement_fee: None,
        decided_by: Some("channel".to_owned()),
        note: None,
        notice_owed: false,
        asked_at: draft.at(),
        decided_at: None,
        done_at: None,
    }
}

/// Units, stock and credit go back; per unit never more than was captured.
fn give_back(draft: &mut Draft<'_>, order: &mut Order, refund: &mut Refund, at: Timestamp) -> Result<(), Stop> {
    let fee = match refund.settlement_fee {
        Some(fee) => fee,
        None => {
            let told = preview(order, refund.cause, refund.units.len(), at)?;
            settlement_fee(told.settlement_fee, refund)?
        }
    };
    refund.settlement_fee = Some(fee);
    let mut fee_left = fee.amount_minor;
    let mut back = 0_i64;
    for unit in order.units.iter_mut().filter(|unit| refund.units.contains(&unit.number)) {
        unit.state = UnitState::Refunded;
        let kept = fee_left.min(unit.captured_minor - unit.returned_minor);
        let returned = unit.captured_minor - unit.returned_minor - kept;
        fee_left -= kept;
        unit.returned_minor += returned;
        back = back.saturating_add(returned);
    }
    draft.release(order, &refund.units, Standing::Sold)?;
    if let Some(distributor) = order.terms.distributor.clone() {
        let cause =
            PostingCause { order: Some(order.id.clone()), refund: Some(refund.id.clone()), ..PostingCause::default() };
        let amount = Money::new(back, order.terms.settlement.currency);
        draft.post(&distributor, PostingKind::Refund, amount, cause)?;
    }
    give_codes::give_up(draft, order, &refund.units)
}

/// The money is gone: tickets at a supplier have to go, too, unless it agreed before.
fn upstream(draft: &mut Draft<'_>, order: &Order, refund: &Refund, cancelled: bool) {
    if cancelled || refund.units.is_empty() || !ticket_at_supplier(draft, order) || planted::is(Bug::RefundedTicketKept)
    {
        return;
    }
    let kind = JobKind::cancel(order, refund.units.clone(), None, refund.id.to_string());
    draft.ask_supplier(order, kind);
}

/// What a supplier keeps of a cancellation, in words.
#[must_use]
pub fn kept(fee: Money) -> String {
    format!("the supplier keeps {fee}")
}

pub(super) fn supplier_answered(
    draft: &mut Draft<'_>,
    order: &OrderId,
    refused: Option<&str>,
    fee: Option<Money>,
) -> Result<Answer, Stop> {
    match refused {
        Some(reason) => {
            let text = format!("order {order} was refunded by the channel, but the supplier keeps it: {reason}");
            draft.alert(AlertKind::Contradiction, order.as_str(), text);
            draft.note_on(order, "supplier refused to cancel", reason);
        }
        None => {
            let kept = fee.map(kept).unwrap_or_default();
            draft.note_on(order, "cancelled at the supplier", kept);
        }
    }
    Ok(Answer::Recorded { order: order.clone() })
}

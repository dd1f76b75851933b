//! Refunds: asked, and decided by rule or by a person. What the channel did then is in `refund_told`.

use entrepot_contract::ids::{OrderId, RefundId};
use entrepot_contract::intent::{AskRefund, GivesBack, UnitChoice};
use entrepot_contract::money::Money;
use entrepot_contract::order::{DeadlineKind, Order, OrderState, Refund, RefundCause, RefundState, UnitState};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Fulfilment, RefundFee};
use entrepot_contract::time::Timestamp;

use super::draft::Draft;
use super::issue::{free_units, named_by_others};
use super::redeem::choose;
use super::{Stop, payment, reserve, unissued};
use crate::alert::AlertKind;
use crate::answer::{Answer, RefundStanding};
use crate::catalogue::Cancels;
use crate::change::Change;
use crate::command::OrderName;
use crate::job::{JobKind, Notification, SUPPLIER};
use crate::planted::{self, Bug};
use crate::refund_rule::{Verdict, fee_on, judge};

/// What a refund would come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundPreview {
    /// What the rule says.
    pub verdict: Verdict,
    /// What would be kept back from the distributor for each unit.
    pub settlement_fee: Money,
}

/// What a refund would come to: the same evaluation as the decision.
/// `voucher`: the order behind a reservation, whose money is the reservation's where that costs nothing by itself.
pub fn preview(
    order: &Order,
    voucher: Option<&Order>,
    cause: RefundCause,
    units: usize,
    at: Timestamp,
) -> Result<RefundPreview, Refusal> {
    let verdict = judge(order, cause, units, at);
    let fee = match verdict {
        Verdict::Allow(fee) => fee,
        Verdict::Refuse | Verdict::AskPerson => RefundFee::Free,
    };
    let behind = voucher.filter(|voucher| reserve::pays_for(voucher)).map(|voucher| voucher.terms.settlement);
    let settlement_fee = fee_on(behind.unwrap_or(order.terms.settlement), fee)
        .map_err(|fault| Refusal::new(Reason::Other, format!("fee of order {}: {fault}", order.id)))?;
    Ok(RefundPreview { verdict, settlement_fee })
}

pub(super) fn ask(draft: &mut Draft<'_>, name: &OrderName, intent: &AskRefund) -> Result<Answer, Stop> {
    let mut order = draft.find(name)?;
    if let Some(known) = draft.state.refunds(&order).find(|refund| refund.key == intent.key) {
        return Ok(answer(known));
    }
    if intent.gives_back == GivesBack::Reservation && order.source().is_none() {
        let text = format!("order {} is no reservation: no date of it can go back alone", order.id);
        return Err(Refusal::new(Reason::Malformed, text).into());
    }
    let mut refund = asked(draft, &order, intent);
    if planted::is(Bug::ExpiredRefused) && intent.cause == RefundCause::Expired {
        ask_person(draft, &order, &mut refund);
        draft.push(Change::Refund(Box::new(refund.clone())));
        return Ok(answer(&refund));
    }
    match asked_units(draft, &order, &refund, &intent.units) {
        // A refusal without tickets would have no effect, whatever is wrong with the question.
        Meant::None(_) if unissued::refusable(&order, &refund).is_err() => {
            if draft.channel(&order.connection)?.refund_by_rule {
                unissued::asked(draft, &order, &mut refund);
            } else {
                ask_person(draft, &order, &mut refund);
            }
        }
        Meant::None(_) if planted::is(Bug::RedeemedRefunded) => decide(draft, &order, &mut refund, "rule", Ok(())),
        Meant::None(reason) => decide(draft, &order, &mut refund, "rule", Err(reason)),
        Meant::Units(units) => {
            refund.units = units;
            by_rule(draft, &order, &mut refund, intent.asked_at)?;
        }
        Meant::Person(units) => {
            refund.units = units;
            ask_person(draft, &order, &mut refund);
        }
        Meant::Nothing => {
            refund.settlement_fee = Some(Money::zero(order.terms.settlement.currency));
            decide(draft, &order, &mut refund, "rule", Ok(()));
        }
    }
    date_goes_back(draft, &mut order, &refund, false)?;
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

fn asked(draft: &Draft<'_>, order: &Order, intent: &AskRefund) -> Refund {
    Refund {
        id: draft.command.seed.refund(),
        order: order.id.clone(),
        key: intent.key.clone(),
        state: RefundState::Waiting,
        cause: intent.cause,
        units: Vec::new(),
        gives_back: intent.gives_back,
        same_as: None,
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
    }
}

/// What a question is about.
enum Meant {
    /// Units that the rule decides about.
    Units(Vec<u16>),
    /// Units that a person decides about; none where they are back with the voucher already.
    Person(Vec<u16>),
    /// All of it went back before.
    Nothing,
    /// No unit that can go back, and why.
    None(String),
}

fn asked_units(draft: &Draft<'_>, order: &Order, refund: &Refund, choice: &UnitChoice) -> Meant {
    let mut free = free_units(draft, order);
    let available = free.len();
    if order.terms.reservation.is_some() {
        // Whoever holds a date with them would lose it: that is nothing a rule of the voucher knows about.
        let named = named_by_others(draft, order);
        free.extend(order.numbers(UnitState::Reserved).into_iter().filter(|unit| !named.contains(unit)));
    }
    match choose(order, &free, choice) {
        Ok(units) if units.iter().all(|unit| free[..available].contains(unit)) => Meant::Units(units),
        Ok(units) => Meant::Person(units),
        Err(refusal) => match reserve::left_behind(draft, order) {
            Some(left) => ended_before(refund, left),
            None => Meant::None(refusal.text),
        },
    }
}

/// A question about a reservation that ended before, unused: its voucher may be in use again.
fn ended_before(refund: &Refund, left: reserve::Left) -> Meant {
    let unissued = matches!(refund.cause, RefundCause::IssueFailed | RefundCause::NotAccepted);
    match left {
        _ if refund.gives_back == GivesBack::Reservation => Meant::Nothing,
        reserve::Left::Gone => Meant::Nothing,
        reserve::Left::Free if unissued => Meant::Nothing,
        reserve::Left::Free | reserve::Left::Taken => Meant::Person(Vec::new()),
    }
}

/// A date that goes back alone goes at once: the guest may reserve another one before the channel tells of it.
pub(super) fn date_goes_back(
    draft: &mut Draft<'_>,
    order: &mut Order,
    refund: &Refund,
    cancelled: bool,
) -> Result<(), Stop> {
    if refund.state != RefundState::Agreed || refund.gives_back != GivesBack::Reservation {
        return Ok(());
    }
    if order.state == OrderState::Created {
        payment::end_unpaid(draft, order, "reservation given back")?;
    } else {
        let open = order.numbers(UnitState::Available).into_iter().filter(|unit| refund.units.contains(unit)).collect();
        reserve::give_back(draft, order, open, cancelled)?;
    }
    draft.put(order.clone());
    Ok(())
}

/// Questions about units that are gone meanwhile, by the channel's own word: nobody has to decide them any more, nor to
/// be told.
pub(super) fn overtaken(draft: &mut Draft<'_>, order: &mut Order) {
    let open = |unit: &u16| {
        order
            .units
            .iter()
            .any(|own| own.number == *unit && matches!(own.state, UnitState::Available | UnitState::Reserved))
    };
    let over = |refund: &&Refund| refund.state == RefundState::Waiting && !refund.units.iter().any(open);
    let all: Vec<Refund> = draft.state.refunds(order).filter(over).cloned().collect();
    for mut refund in all {
        refund.notice_owed = false;
        decide(draft, order, &mut refund, "channel", Ok(()));
        decided(draft, order, &refund);
        draft.push(Change::Refund(Box::new(refund)));
    }
}

/// What the rule says of a refund, with the voucher behind it.
pub(super) fn previewed(
    draft: &Draft<'_>,
    order: &Order,
    refund: &Refund,
    at: Timestamp,
) -> Result<RefundPreview, Refusal> {
    let voucher = order.source().and_then(|(source, _)| draft.order(source));
    preview(order, voucher.as_ref(), refund.cause, refund.units.len(), at)
}

fn by_rule(draft: &mut Draft<'_>, order: &Order, refund: &mut Refund, asked_at: Timestamp) -> Result<(), Stop> {
    let told = previewed(draft, order, refund, asked_at)?;
    let by_rule = draft.channel(&order.connection)?.refund_by_rule;
    if by_rule && refund.cause == RefundCause::IssueFailed {
        unissued::asked(draft, order, refund);
        return Ok(());
    }
    let on_its_way = unissued::on_its_way(draft, order, refund)?;
    let mut verdict = if by_rule && !on_its_way { told.verdict } else { Verdict::AskPerson };
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
            refund.settlement_fee = Some(match refund.gives_back {
                GivesBack::Reservation => Money::zero(order.terms.settlement.currency),
                _ => settlement_fee(told.settlement_fee, refund)?,
            });
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
pub(super) fn settlement_fee(per_unit: Money, refund: &Refund) -> Result<Money, Refusal> {
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
    if !asked_supplier {
        still_ours(draft, &order, &refund)?;
        if !agree {
            unissued::refusable(&order, &refund)?;
        }
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
    draft.put(order.clone());
    date_goes_back(draft, &mut order, &refund, asked_supplier)?;
    let answered = answer(&refund);
    draft.push(Change::Refund(Box::new(refund)));
    Ok(answered)
}

/// When the channel decides a refund by itself; none where it waits for as long as it takes.
#[must_use]
pub fn decides_itself_at(order: &Order, refund: &RefundId) -> Option<Timestamp> {
    let kind = DeadlineKind::Audit { refund: refund.clone() };
    order.deadlines.iter().find(|deadline| deadline.kind == kind).map(|deadline| deadline.due)
}

/// Whoever decides after the channel did so by itself decides nothing.
fn still_ours(draft: &Draft<'_>, order: &Order, refund: &Refund) -> Result<(), Refusal> {
    let Some(ended) = decides_itself_at(order, &refund.id).filter(|due| *due <= draft.at()) else { return Ok(()) };
    let text = format!(
        "the time for refund {} of order {} ended {ended}: the channel has decided by itself, and announces it",
        refund.id, order.id
    );
    let chinese = format!("退款 {} 的审核时限已于 {ended} 结束，平台已自行处理，请等待其结果通知", refund.id);
    Err(Refusal::new(Reason::StateForbids, text).in_chinese(chinese))
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

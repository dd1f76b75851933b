//! What the channel decided about a refund by itself (信息同步): kept line by line, whatever it says, and applied as far
//! as it can be told what it means. A yes has the effects of the notice of its result, once, whichever of them comes
//! first; a no ends the question. What cannot be applied is a person's.

use std::collections::BTreeSet;

use entrepot_contract::intent::decided::{DecidedUnit, RecordDecision};
use entrepot_contract::intent::{GivesBack, Intent, RecordRefund, UnitChoice};
use entrepot_contract::listing::UnitNames;
use entrepot_contract::money::{Currency, Money};
use entrepot_contract::order::{Order, Refund, RefundCause, RefundState, UnitState};

use super::draft::Draft;
use super::redeem::named;
use super::refund::{date_goes_back, decide, decided};
use super::{Stop, refund_told, reserve};
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::change::{Change, ChannelRef};
use crate::command::OrderName;
use crate::refund_line::{LineSecret, RefundLine, faults};

pub(super) fn record(
    draft: &mut Draft<'_>,
    name: &OrderName,
    key: &str,
    told: &RecordDecision,
) -> Result<Answer, Stop> {
    let order = draft.find(name)?;
    let id = order.id.clone();
    let mut lines = lines_of(draft, &order, key, told);
    let mut reasons = doubts(&lines);
    let whole = draft.channel(&order.connection)?.one_completes_all;
    let meant = Meant::of(&lines);
    if whole && meant.in_part(&order) {
        reasons.push("its units go back together or not at all, and it says different things of them".to_owned());
    } else {
        let applied = apply(draft, order.clone(), key, told, &meant, &mut reasons)?;
        for line in &mut lines {
            line.applied = line.unit.is_some_and(|unit| applied.contains(&unit));
        }
    }
    keep(draft, &order, lines, &reasons);
    Ok(Answer::Recorded { order: id })
}

/// Decisions that were told before the order came. One that ends all of it refused the order already.
pub(super) fn came_before(draft: &mut Draft<'_>, order: &Order, reference: &ChannelRef) {
    for (number, fact) in (1..).zip(&reference.facts) {
        let Intent::RecordDecision(told) = &fact.intent else { continue };
        let lines = lines_of(draft, order, &format!("before-{number}"), told);
        let mut reasons = doubts(&lines);
        if lines.iter().any(|line| line.agreed == Some(true)) {
            reasons.push("it was told before the order came, and gives back a part of it".to_owned());
        }
        keep(draft, order, lines, &reasons);
    }
}

/// Whether a decision that came before its order ends all of it.
pub(super) fn ends_all(told: &RecordDecision) -> bool {
    let known = !matches!(told.gives_back, GivesBack::Unknown);
    known && told.units.iter().all(|line| line.agreed == Some(true) && line.times.is_none())
}

fn lines_of(draft: &Draft<'_>, order: &Order, key: &str, told: &RecordDecision) -> Vec<RefundLine> {
    let numbers = numbers_of(order, &told.units);
    let line = |((line, unit), told_of): ((u16, Option<u16>), &DecidedUnit)| RefundLine {
        order: order.id.clone(),
        key: key.to_owned(),
        line,
        refund: told.refund.clone(),
        unit,
        names: UnitNames { code: None, ..told_of.names.clone() },
        gives_back: told.gives_back,
        agreed: told_of.agreed,
        asked_at: told_of.asked_at,
        decided_at: told_of.decided_at,
        told_at: draft.at(),
        times: told_of.times.clone(),
        applied: false,
        faults: told_of.times.as_ref().map(faults).unwrap_or_default(),
        secret: LineSecret::of(told_of),
    };
    (1..).zip(numbers).zip(&told.units).map(line).collect()
}

/// Our units behind the lines: by the channel's names, else by their places where there is a line for each unit.
fn numbers_of(order: &Order, lines: &[DecidedUnit]) -> Vec<Option<u16>> {
    let one = |line: &DecidedUnit| named(order, std::slice::from_ref(&line.names)).map(|numbers| numbers[0]);
    let by_name: Vec<Option<u16>> = lines.iter().map(one).collect();
    let known: BTreeSet<u16> = by_name.iter().flatten().copied().collect();
    let twice = known.len() < by_name.iter().flatten().count();
    if known.is_empty() && lines.len() == order.units.len() {
        return order.units.iter().map(|unit| Some(unit.number)).collect();
    }
    if twice { vec![None; lines.len()] } else { by_name }
}

/// Why lines are a person's, one reason for each that is.
fn doubts(lines: &[RefundLine]) -> Vec<String> {
    let mut reasons = Vec::new();
    for line in lines {
        let place = line.line;
        reasons.extend(line.faults.iter().map(|fault| format!("line {place}, {fault}")));
        if line.unit.is_none() {
            reasons.push(format!("line {place} names {:?}, which is no unit of this order", line.names));
        }
        if line.agreed.is_none() {
            reasons.push(format!("line {place}: this build does not know whether it is a yes or a no"));
        }
        if let Some(times) = &line.times {
            let text = format!(
                "line {place} is a card of {} uses, {} of them used and {} given back; such cards are not sold here",
                times.total, times.used, times.refunded
            );
            reasons.push(text);
        }
    }
    reasons
}

/// What a decision says of which units, as far as it can be applied.
struct Meant {
    agreed: Vec<u16>,
    refused: Vec<u16>,
    /// Whether some line says nothing that can be applied.
    unclear: bool,
}

impl Meant {
    fn of(lines: &[RefundLine]) -> Self {
        let mut meant = Self { agreed: Vec::new(), refused: Vec::new(), unclear: false };
        for line in lines {
            // A part of a card is no part of what is kept here as units.
            let part = line.times.as_ref().is_some_and(|times| times.used > 0 || times.refunded != times.total);
            match (line.unit, line.agreed) {
                (Some(unit), Some(true)) if line.faults.is_empty() && !part => meant.agreed.push(unit),
                (Some(unit), Some(false)) => meant.refused.push(unit),
                _ => meant.unclear = true,
            }
        }
        meant
    }

    fn has(&self, unit: u16) -> bool {
        self.agreed.contains(&unit) || self.refused.contains(&unit)
    }

    /// Whether it is neither a yes nor a no to all that is left of the order.
    fn in_part(&self, order: &Order) -> bool {
        let unsaid = |unit: &u16| !self.has(*unit);
        let open = [UnitState::Available, UnitState::Reserved].into_iter().flat_map(|state| order.numbers(state));
        let mixed = !self.agreed.is_empty() && (!self.refused.is_empty() || open.into_iter().any(|unit| unsaid(&unit)));
        self.unclear || mixed
    }
}

/// Gives the units that stand now as they were decided.
fn apply(
    draft: &mut Draft<'_>,
    mut order: Order,
    key: &str,
    told: &RecordDecision,
    meant: &Meant,
    reasons: &mut Vec<String>,
) -> Result<Vec<u16>, Stop> {
    let (mut done, mut applied) = (None, Vec::new());
    if !meant.agreed.is_empty() {
        let question = question(draft, &order, told.refund.as_deref(), &meant.agreed);
        done = question.as_ref().map(|question| question.id.clone());
        match told.gives_back {
            GivesBack::Units | GivesBack::Money => {
                let intent = as_result(&order, key, told, question.as_ref(), &meant.agreed, draft);
                order = refund_told::decided(draft, order, question, &intent)?;
                applied.extend(&meant.agreed);
            }
            GivesBack::Reservation if order.source().is_some() => {
                order = date_back(draft, order, key, told, question, &meant.agreed)?;
                applied.extend(&meant.agreed);
            }
            GivesBack::Reservation => {
                reasons.push("it cancels a reservation, and this order is none".to_owned());
            }
            GivesBack::Unknown => reasons.push("what goes back is nothing that this build knows".to_owned()),
        }
    }
    if !meant.refused.is_empty() {
        let question = question(draft, &order, told.refund.as_deref(), &meant.refused);
        let stands = match question.filter(|question| done.as_ref() != Some(&question.id)) {
            Some(question) => refused(draft, order, question, reasons),
            None => true,
        };
        if stands {
            applied.extend(&meant.refused);
        }
    }
    Ok(applied)
}

/// The question that a decision answers: the one with its key, else the only open one about these units. One that names
/// no unit is about those that had ended before.
fn question(draft: &Draft<'_>, order: &Order, key: Option<&str>, units: &[u16]) -> Option<Refund> {
    if let Some(key) = key
        && let Some(known) = draft.state.refunds(order).find(|refund| refund.key == key)
    {
        return Some(known.clone());
    }
    let about = |refund: &&Refund| refund.units.is_empty() || refund.units.iter().any(|unit| units.contains(unit));
    let open = |refund: &&Refund| matches!(refund.state, RefundState::Waiting | RefundState::Agreed);
    let mut found = draft.state.refunds(order).filter(open).filter(about);
    let first = found.next()?;
    found.next().is_none().then(|| first.clone())
}

/// The notice of a result, as this decision stands for one: it tells no amount.
fn as_result(
    order: &Order,
    key: &str,
    told: &RecordDecision,
    question: Option<&Refund>,
    units: &[u16],
    draft: &Draft<'_>,
) -> RecordRefund {
    let key = match question {
        Some(question) => question.key.clone(),
        None => told.refund.clone().unwrap_or_else(|| key.to_owned()),
    };
    let decided_at = told.units.iter().filter_map(|line| line.decided_at).max();
    // What the fee is reckoned from is when it was asked; a decision names that as well as a question.
    let asked_at = told.units.iter().filter_map(|line| line.asked_at).min().or(decided_at).unwrap_or(draft.at());
    let cause = question.map_or(RefundCause::Platform, |question| question.cause);
    let units = UnitChoice::Numbers(units.to_vec());
    RecordRefund::new(order.channel_order.clone(), key, cause, units, Money::zero(Currency::CNY), asked_at)
}

/// The date alone goes back: its units end, and the voucher's are free again.
fn date_back(
    draft: &mut Draft<'_>,
    mut order: Order,
    key: &str,
    told: &RecordDecision,
    question: Option<Refund>,
    units: &[u16],
) -> Result<Order, Stop> {
    let open: Vec<u16> = order.numbers(UnitState::Available).into_iter().filter(|unit| units.contains(unit)).collect();
    let waited = question.as_ref().is_some_and(|question| question.state == RefundState::Waiting);
    if open.is_empty() && !waited {
        return Ok(order);
    }
    let intent = as_result(&order, key, told, question.as_ref(), units, draft);
    let mut refund = question.unwrap_or_else(|| refund_told::announced(draft, &order, &intent));
    if refund.state == RefundState::Done {
        return Ok(order);
    }
    refund.gives_back = GivesBack::Reservation;
    if !open.is_empty() {
        refund.units = open;
    }
    refund.settlement_fee.get_or_insert(Money::zero(order.terms.settlement.currency));
    by_channel(draft, &mut order, &mut refund, Ok(()));
    draft.put(order.clone());
    date_goes_back(draft, &mut order, &refund, false)?;
    draft.push(Change::Refund(Box::new(refund)));
    Ok(order)
}

/// The channel said no: nobody decides here any more, and nothing is told back. False where it is too late for that.
fn refused(draft: &mut Draft<'_>, mut order: Order, mut refund: Refund, reasons: &mut Vec<String>) -> bool {
    match refund.state {
        RefundState::Refused => return true,
        RefundState::Waiting => {}
        RefundState::Agreed if refund.gives_back != GivesBack::Reservation => {
            reasons.push(format!("it refuses refund {}, which was agreed here", refund.id));
        }
        RefundState::Agreed | RefundState::Done => {
            reasons.push(format!("it refuses refund {}, which is {:?}", refund.id, refund.state));
            return false;
        }
    }
    by_channel(draft, &mut order, &mut refund, Err("refused by the channel".to_owned()));
    draft.put(order);
    draft.push(Change::Refund(Box::new(refund)));
    true
}

/// Writes the channel's decision into a question; nobody is told, who told us.
pub(super) fn by_channel(draft: &mut Draft<'_>, order: &mut Order, refund: &mut Refund, decision: Result<(), String>) {
    refund.notice_owed = false;
    decide(draft, order, refund, "channel", decision);
    decided(draft, order, refund);
}

/// Whether all of these units, and what is left of a voucher behind them, went back before.
pub(super) fn nothing_left(draft: &Draft<'_>, order: &Order, units: &[u16]) -> bool {
    let back = order.numbers(UnitState::Refunded);
    let voucher = order.source().and_then(|(source, _)| draft.order(source));
    let behind = voucher.filter(reserve::pays_for).map(|voucher| reserve::behind(order, &voucher, units));
    units.iter().all(|unit| back.contains(unit)) && behind.is_none_or(|behind| behind.is_empty())
}

fn keep(draft: &mut Draft<'_>, order: &Order, lines: Vec<RefundLine>, reasons: &[String]) {
    let count = |agreed| lines.iter().filter(|line| line.agreed == Some(agreed)).count();
    let text = format!("{} lines: {} yes, {} no", lines.len(), count(true), count(false));
    draft.note(order, "decided by the channel", text);
    if !reasons.is_empty() {
        let text = format!(
            "order {}: the channel decided about a refund by itself, and a person has to look: {}",
            order.id,
            reasons.join("; ")
        );
        draft.alert(AlertKind::Contradiction, order.id.as_str(), text);
    }
    draft.push(Change::RefundLines(lines));
}

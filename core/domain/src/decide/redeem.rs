//! Units are used at a gate (核销).

use std::collections::BTreeSet;

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::listing::UnitNames;
use entrepot_contract::order::{Order, OrderState, Refund, RefundState, UnitState};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::time::Timestamp;

use super::draft::Draft;
use super::issue::free_units;
use super::{Stop, reserve};
use crate::answer::Answer;
use crate::catalogue::ChannelRules;
use crate::change::Change;
use crate::code::CodeState;
use crate::command::OrderName;
use crate::job::Notification;
use crate::planted::{self, Bug};
use crate::venue;

/// The sentence by which desks know it.
const REFUSE_FIRST: &str = "订单正在申请退改中，必须先拒绝退改申请，才能进行验证!";

/// How far the clock of a gate may be ahead of ours, in milliseconds.
const CLOCKS_MS: i64 = 120_000;

/// How long ago a use may be that is told now, in milliseconds.
const USED_AGO_MS: i64 = 31 * 86_400_000;

pub(super) fn redeem(
    draft: &mut Draft<'_>,
    name: &OrderName,
    choice: &UnitChoice,
    used_at: Timestamp,
) -> Result<Answer, Stop> {
    let mut order = draft.find(name)?;
    if planted::is(Bug::UseTakenBack) && order.count(UnitState::Redeemed) > 0 {
        return Ok(taken_back(draft, order));
    }
    may_redeem(draft, &order, used_at)?;
    let rules = draft.channel(&order.connection)?;
    let free = match () {
        () if planted::is(Bug::UsedTwice) => order.units.iter().map(|unit| unit.number).collect(),
        () if planted::is(Bug::UsedWhileRefunding) => order.numbers(UnitState::Available),
        () => free_units(draft, &order),
    };
    let units = choose(&order, &free, choice)?;
    let open = order.count(UnitState::Available);
    if !rules.redeem_units && !rules.one_completes_all && units.len() != open {
        let text = format!(
            "the channel of order {} redeems whole orders: {open} units are open, {} named",
            order.id,
            units.len()
        );
        return Err(Refusal::new(Reason::StateForbids, text).into());
    }
    let units = with_the_others(rules, &order, units);
    use_units(draft, &mut order, &units, used_at)?;
    let id = order.id.clone();
    draft.put(order);
    Ok(Answer::Redeemed { order: id, units })
}

/// A planted bug: what was used can be used again.
fn taken_back(draft: &mut Draft<'_>, mut order: Order) -> Answer {
    for unit in order.units.iter_mut().filter(|unit| unit.state == UnitState::Redeemed) {
        unit.state = UnitState::Available;
    }
    let answer = Answer::Redeemed { order: order.id.clone(), units: Vec::new() };
    draft.put(order);
    answer
}

/// The units that are used with these: all that are open, where one completes its order.
pub(super) fn with_the_others(rules: &ChannelRules, order: &Order, units: Vec<u16>) -> Vec<u16> {
    if rules.one_completes_all && !units.is_empty() && !planted::is(Bug::OnlyOneUsed) {
        order.numbers(UnitState::Available)
    } else {
        units
    }
}

/// Units that are there become used; the channel is told. The caller writes the order. A channel that redeems whole
/// orders only is told once nothing of the order is open any more.
pub(super) fn use_units(
    draft: &mut Draft<'_>,
    order: &mut Order,
    units: &[u16],
    used_at: Timestamp,
) -> Result<(), Stop> {
    for unit in order.units.iter_mut().filter(|unit| units.contains(&unit.number)) {
        unit.state = UnitState::Redeemed;
    }
    draft.note(order, "redeemed", format!("units {units:?}"));
    draft.push(Change::EndUnitCodes(order.id.clone(), units.to_vec(), CodeState::Used, used_at));
    let rules = draft.channel(&order.connection)?;
    if rules.tells_redemption && (rules.redeem_units || order.count(UnitState::Available) == 0) {
        let told = if rules.redeem_units { units.to_vec() } else { order.numbers(UnitState::Redeemed) };
        let token = format!("{}-{}", order.id, draft.command.seed.job(0));
        let whole = told.len() == order.units.len();
        draft.notify(order, Notification::Redeemed { token, units: told, whole, at: used_at });
    }
    reserve::tell_source(draft, order, units, UnitState::Redeemed)?;
    Ok(draft.close_if_done(order)?)
}

fn may_redeem(draft: &Draft<'_>, order: &Order, used_at: Timestamp) -> Result<(), Refusal> {
    let no = |text: String| Err(Refusal::new(Reason::StateForbids, text));
    if order.state != OrderState::Issued {
        return no(format!("only an issued order can be redeemed; {} is {:?}", order.id, order.state));
    }
    if order.terms.reservation.is_some() {
        return no(format!("the units of voucher order {} are used by a reservation, not by themselves", order.id));
    }
    in_time(draft, order, used_at)?;
    let source = order.source().and_then(|(source, _)| draft.order(source));
    for asked in [Some(order), source.as_ref()].into_iter().flatten() {
        let live = |refund: &&Refund| matches!(refund.state, RefundState::Waiting | RefundState::Agreed);
        if let Some(refund) = draft.state.refunds(asked).find(live).filter(|_| !planted::is(Bug::UsedWhileRefunding)) {
            let text = format!("refund {} of order {} is pending; it has to be refused first", refund.id, asked.id);
            return Err(Refusal::new(Reason::RefundPending, text).in_chinese(REFUSE_FIRST));
        }
    }
    let zone = venue::zone(&order.terms.time_zone);
    if let (Some((first, last)), Some(zone)) = (order.terms.usable, zone) {
        let day = venue::today(zone, used_at);
        if day.is_none_or(|day| day < first) && !planted::is(Bug::EarlyUseTaken) {
            return no(format!("order {} can be used from {first}, not earlier", order.id));
        }
        if day.is_none_or(|day| day > last) {
            return no(format!("order {} could be used until {last}", order.id));
        }
    }
    Ok(())
}

/// A use may be told later than it was, not before it was and not of a time that nobody remembers.
fn in_time(draft: &Draft<'_>, order: &Order, used_at: Timestamp) -> Result<(), Refusal> {
    let ago_ms = draft.at().since(used_at);
    let wrong = if ago_ms < -CLOCKS_MS {
        "in the future".to_owned()
    } else if ago_ms > USED_AGO_MS {
        format!("more than {} days ago", USED_AGO_MS / 86_400_000)
    } else if used_at.since(order.created_at) < -CLOCKS_MS {
        "before the order was made".to_owned()
    } else {
        return Ok(());
    };
    let text = format!("order {}: it cannot have been used at {used_at}, {wrong}", order.id);
    Err(Refusal::new(Reason::StateForbids, text))
}

/// Our numbers of the units that a channel names so; none where one of the names is no unit's, or two are the same one's.
pub(super) fn named(order: &Order, names: &[UnitNames]) -> Option<Vec<u16>> {
    let same = |ours: &Option<String>, asked: &Option<String>| ours.is_some() && ours == asked;
    let number = |asked: &UnitNames| {
        let known = order.units.iter().zip(&order.unit_names);
        let mut found =
            known.filter(|(_, ours)| same(&ours.certificate, &asked.certificate) || same(&ours.item, &asked.item));
        found.next().map(|(unit, _)| unit.number).filter(|_| found.next().is_none())
    };
    let numbers: BTreeSet<u16> = names.iter().filter_map(number).collect();
    (numbers.len() == names.len()).then(|| numbers.into_iter().collect())
}

/// The units meant, out of those that are free.
pub(super) fn choose(order: &Order, free: &[u16], choice: &UnitChoice) -> Result<Vec<u16>, Refusal> {
    let no = |text: String| Err(Refusal::new(Reason::StateForbids, text));
    match choice {
        UnitChoice::Unknown(_) => no("which units, this build does not know".to_owned()),
        UnitChoice::Named(names) => match named(order, names) {
            Some(numbers) => choose(order, free, &UnitChoice::Numbers(numbers)),
            None => no(format!("order {} has no units that the channel gave these names", order.id)),
        },
        UnitChoice::AllLeft if free.is_empty() => no(format!("order {} has no unit left", order.id)),
        UnitChoice::AllLeft => Ok(free.to_vec()),
        UnitChoice::Count(count) => {
            let wanted = usize::try_from(*count).unwrap_or(usize::MAX);
            if wanted == 0 || wanted > free.len() {
                return no(format!("order {} has {} units left, {count} asked for", order.id, free.len()));
            }
            Ok(free[..wanted].to_vec())
        }
        UnitChoice::Numbers(numbers) => {
            let mut units = numbers.clone();
            units.sort_unstable();
            units.dedup();
            if let Some(other) = units.iter().find(|unit| !free.contains(unit)) {
                return no(format!("unit {other} of order {} is not free; free units: {free:?}", order.id));
            }
            if units.is_empty() {
                return no(format!("no unit of order {} was named", order.id));
            }
            Ok(units)
        }
    }
}

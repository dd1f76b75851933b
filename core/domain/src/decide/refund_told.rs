//! Money that the channel gave back: its word is authoritative. What it says of a reservation is settled with the voucher
//! behind it, once: it may tell the same money of either order, or of both.

use entrepot_contract::ids::OrderId;
use entrepot_contract::intent::{GivesBack, RecordRefund, UnitChoice};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Order, OrderState, Refund, RefundCause, RefundState, UnitState};
use entrepot_contract::time::Timestamp;

use super::draft::Draft;
use super::refund::{decided as refund_decided, overtaken, previewed, settlement_fee, ticket_at_supplier};
use super::{Stop, decided as by_itself, give_codes, payment, refunded_units, reserve};
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::change::Change;
use crate::command::{FOLLOWED, OrderName};
use crate::credit::{PostingCause, PostingKind};
use crate::job::{JobKind, SUPPLIER};
use crate::planted::{self, Bug};
use crate::stock::Standing;

pub(super) fn record(draft: &mut Draft<'_>, name: &OrderName, intent: &RecordRefund) -> Result<Answer, Stop> {
    let mut order = draft.find(name)?;
    let known = draft.state.refunds(&order).find(|refund| refund.key == intent.key).cloned();
    if let Some(refund) = known.as_ref().filter(|refund| refund.state == RefundState::Done) {
        if refund.channel_amount.is_none() {
            learned(draft, &order, refund.clone(), intent);
        }
        return Ok(Answer::Recorded { order: order.id });
    }
    let alone = match intent.gives_back {
        GivesBack::Units => false,
        GivesBack::Reservation => order.source().is_none(),
        GivesBack::Money | GivesBack::Unknown => true,
    };
    let alone = alone || known.is_none() && kept_by_mistake(&order, intent);
    let waited = known.as_ref().is_some_and(|refund| refund.state == RefundState::Waiting);
    if alone {
        let refund = money_alone(draft, &order, known, intent);
        if waited {
            refund_decided(draft, &mut order, &refund);
            draft.put(order.clone());
        }
        return Ok(Answer::Recorded { order: order.id });
    }
    if let Some(told) = same_money(draft, &order, intent) {
        return Ok(told_twice(draft, order, known, &told, intent));
    }
    if let Some(found) = untold(draft, &order, intent) {
        // The notice's key is that of its question, too, which may come after it.
        let key = if known.is_none() { intent.key.clone() } else { found.key.clone() };
        learned(draft, &order, Refund { key, ..found.clone() }, intent);
        // Of two records the question's stands for nothing by itself.
        return Ok(match known {
            Some(_) => told_twice(draft, order, known, &found, intent),
            None => Answer::Recorded { order: order.id },
        });
    }
    if known.is_none()
        && let Some(found) = followed(draft, &order, intent)
    {
        draft.note(&order, "refunded", format!("{}: the channel's notice of it came", found.id));
        draft.push(Change::Refund(Box::new(Refund { key: intent.key.clone(), ..found })));
        return Ok(Answer::Recorded { order: order.id });
    }
    let id = order.id.clone();
    settled(draft, order, known, &Told { intent, amount: Some(intent.amount) })?;
    Ok(Answer::Recorded { order: id })
}

/// Money that goes back by the channel's own decision, which tells no amount: its result does, before or after. The same
/// as that notice, once. Gives the order as it stands then.
pub(super) fn decided(
    draft: &mut Draft<'_>,
    mut order: Order,
    question: Option<Refund>,
    intent: &RecordRefund,
) -> Result<Order, Stop> {
    if question.as_ref().is_some_and(|question| question.state == RefundState::Done) {
        return Ok(order);
    }
    let UnitChoice::Numbers(units) = &intent.units else { return Ok(order) };
    if !by_itself::nothing_left(draft, &order, units) {
        return settled(draft, order, question, &Told { intent, amount: None });
    }
    if let Some(mut refund) = question.filter(|question| question.state == RefundState::Waiting) {
        by_itself::by_channel(draft, &mut order, &mut refund, Ok(()));
        draft.put(order.clone());
        draft.push(Change::Refund(Box::new(refund)));
    }
    Ok(order)
}

/// What is told of money that went back.
struct Told<'a> {
    intent: &'a RecordRefund,
    /// What the guest got; none while only that he gets it is known.
    amount: Option<Money>,
}

impl Told<'_> {
    fn moves_money(&self) -> bool {
        self.amount.is_none_or(|amount| amount.amount_minor > 0)
    }
}

/// Writes what is told into its refund, and lets go what it says went.
fn settled(draft: &mut Draft<'_>, mut order: Order, known: Option<Refund>, told: &Told<'_>) -> Result<Order, Stop> {
    let waited = known.as_ref().is_some_and(|refund| refund.state == RefundState::Waiting);
    let mut refund = match known {
        Some(refund) => contradiction(draft, &order, refund),
        None => announced(draft, &order, told.intent),
    };
    if waited {
        refund_decided(draft, &mut order, &refund);
    }
    let before = refund.units.clone();
    order = went(draft, order, &mut refund, told)?;
    let amount = told.amount.map_or_else(|| "his money".to_owned(), |amount| amount.to_string());
    let text = format!("{}: the guest got {amount} for units {:?}", refund.id, refund.units);
    draft.note(&order, "refunded", text);
    if refund.units.is_empty() && refund.gives_back == GivesBack::Reservation {
        // They went when it was agreed.
        refund.units = before;
    }
    draft.push(Change::Refund(Box::new(refund)));
    draft.put(order.clone());
    Ok(order)
}

/// Whether a planted bug keeps what the channel gave back without a question.
fn kept_by_mistake(order: &Order, intent: &RecordRefund) -> bool {
    match intent.cause {
        RefundCause::Guest => order.terms.reservation.is_some() && planted::is(Bug::UnaskedRefundKept),
        RefundCause::Platform => order.source().is_some() && planted::is(Bug::UnaskedReservationKept),
        _ => false,
    }
}

/// What the notice says went, goes; gives the order as it stands then.
fn went(draft: &mut Draft<'_>, mut order: Order, refund: &mut Refund, told: &Told<'_>) -> Result<Order, Stop> {
    // Only what the supplier agreed to is gone there: an order may have been issued after its refund was agreed.
    let cancelled_upstream = refund.state == RefundState::Agreed && refund.decided_by.as_deref() == Some(SUPPLIER);
    let (asked, agreed) = (refund.units.len(), refund.settlement_fee);
    refund.units = refunded_units::gone(draft, &order, refund, &told.intent.units, told.amount);
    // A fee agreed for more units than went is kept for those that went.
    if let Some(fee) = refund.settlement_fee.as_mut().filter(|_| refund.units.len() < asked) {
        let share = i128::from(fee.amount_minor) * refund.units.len() as i128 / asked as i128;
        fee.amount_minor = i64::try_from(share).unwrap_or(fee.amount_minor);
    }
    refund.state = RefundState::Done;
    refund.channel_amount = told.amount;
    refund.done_at = Some(draft.at());
    if order.state == OrderState::Created {
        payment::end_unpaid(draft, &mut order, "refunded before payment was known")?;
        draft.put(order.clone());
        settle_source(draft, &order, refund, agreed, told)?;
        return Ok(order);
    }
    let reserved = order.numbers(UnitState::Reserved);
    give_back(draft, &mut order, refund, told.intent.refunded_at)?;
    upstream(draft, &order, refund, cancelled_upstream);
    draft.close_if_done(&mut order)?;
    let gone: Vec<u16> = reserved.into_iter().filter(|unit| refund.units.contains(unit)).collect();
    draft.put(order.clone());
    if gone.is_empty() {
        settle_source(draft, &order, refund, agreed, told)?;
        reserve::tell_source(draft, &order, &refund.units, UnitState::Available)?;
        return Ok(order);
    }
    reserve::end_reservations_of(draft, &order, &gone)?;
    // An unpaid reservation that ended whole gave other units back.
    draft.find(&OrderName::Own(order.id))
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

/// The refund of a reservation by which this money of its voucher was told before, where no other notice was taken for
/// it. Only of a voucher of which nothing is left: of another one it might be more money.
fn same_money(draft: &Draft<'_>, order: &Order, intent: &RecordRefund) -> Option<Refund> {
    let back = |unit: &u16| order.units.iter().any(|own| own.number == *unit && own.state == UnitState::Refunded);
    let over = match &intent.units {
        UnitChoice::Numbers(numbers) => numbers.iter().all(back),
        _ => order.count(UnitState::Available) + order.count(UnitState::Reserved) == 0,
    };
    if order.source().is_some() || !reserve::pays_for(order) || !over || order.count(UnitState::Redeemed) > 0 {
        return None;
    }
    let taken: Vec<_> = draft.state.refunds(order).filter_map(|refund| refund.same_as.as_ref()).collect();
    let reservations = draft.state.family(order).filter(|member| member.source().is_some());
    let told = reservations.flat_map(|member| draft.state.refunds(member));
    let free = |refund: &&Refund| {
        refund.state == RefundState::Done && refund.same_as.is_none() && !taken.contains(&&refund.id)
    };
    let told: Vec<&Refund> = told.filter(free).filter(|_| intent.amount.amount_minor > 0).collect();
    let exact = told.iter().find(|refund| refund.channel_amount == Some(intent.amount));
    // One that the channel decided by itself told no amount yet.
    let found = exact.or_else(|| told.iter().find(|refund| refund.channel_amount.is_none()));
    found.map(|refund| Refund::clone(refund))
}

/// The refund that the channel decided by itself, where this notice is the first to tell its amount.
fn untold(draft: &Draft<'_>, order: &Order, intent: &RecordRefund) -> Option<Refund> {
    let same = |refund: &&Refund| {
        let named = match &intent.units {
            UnitChoice::Numbers(numbers) => numbers.iter().all(|unit| refund.units.contains(unit)),
            _ => true,
        };
        refund.state == RefundState::Done && refund.channel_amount.is_none() && named
    };
    draft.state.refunds(order).find(same).cloned()
}

/// The amount of a refund that the channel decided by itself is told.
fn learned(draft: &mut Draft<'_>, order: &Order, refund: Refund, intent: &RecordRefund) {
    draft.note(order, "refunded", format!("{}: the guest got {}", refund.id, intent.amount));
    if intent.amount.amount_minor <= 0 {
        let text = format!(
            "order {}: by the channel's decision the guest of refund {} gets money, by its notice {}",
            order.id, refund.id, intent.amount
        );
        draft.alert(AlertKind::Contradiction, order.id.as_str(), text);
    }
    draft.push(Change::Refund(Box::new(Refund { channel_amount: Some(intent.amount), ..refund })));
}

/// A second notice of money that is settled: taken down, and nothing moves.
fn told_twice(
    draft: &mut Draft<'_>,
    mut order: Order,
    known: Option<Refund>,
    told: &Refund,
    intent: &RecordRefund,
) -> Answer {
    let waited = known.as_ref().is_some_and(|refund| refund.state == RefundState::Waiting);
    let refund = Refund {
        state: RefundState::Done,
        units: Vec::new(),
        same_as: Some(told.id.clone()),
        settlement_fee: None,
        channel_amount: Some(intent.amount),
        done_at: Some(draft.at()),
        ..known.unwrap_or_else(|| announced(draft, &order, intent))
    };
    let text = format!("{}: the same {} as refund {} of reservation {}", refund.id, intent.amount, told.id, told.order);
    draft.note(&order, "refunded", text);
    let id = order.id.clone();
    if waited {
        refund_decided(draft, &mut order, &refund);
        draft.put(order);
    }
    draft.push(Change::Refund(Box::new(refund)));
    Answer::Recorded { order: id }
}

/// Money told of a reservation that costs nothing by itself is its voucher's: the units behind go back with it, and their
/// credit, once. Without money the date alone went back, and the voucher lives on.
fn settle_source(
    draft: &mut Draft<'_>,
    order: &Order,
    refund: &Refund,
    agreed: Option<Money>,
    told: &Told<'_>,
) -> Result<(), Stop> {
    let Some((source, _)) = order.source() else { return Ok(()) };
    let intent = told.intent;
    let mut source = draft.find(&OrderName::Own(source.clone()))?;
    if !told.moves_money() || !reserve::pays_for(&source) {
        return Ok(());
    }
    let units = reserve::behind(order, &source, &meant(order, &source, refund, intent));
    if units.is_empty() {
        return Ok(());
    }
    let reserved: Vec<u16> =
        source.numbers(UnitState::Reserved).into_iter().filter(|unit| units.contains(unit)).collect();
    // Of a reservation that had ended before no unit went, and nothing of the fee was kept yet.
    let fee = match if refund.units.is_empty() { agreed } else { refund.settlement_fee } {
        Some(fee) => fee,
        None => {
            let of = Refund { units: units.clone(), ..refund.clone() };
            settlement_fee(previewed(draft, order, &of, intent.refunded_at)?.settlement_fee, &of)?
        }
    };
    let mut of_source = Refund { units, settlement_fee: Some(fee), ..refund.clone() };
    give_back(draft, &mut source, &mut of_source, intent.refunded_at)?;
    upstream(draft, &source, &of_source, false);
    let text = format!("{}: units {:?}, told of reservation {}", refund.id, of_source.units, order.id);
    draft.note(&source, "refunded", text);
    draft.close_if_done(&mut source)?;
    overtaken(draft, &mut source);
    draft.put(source.clone());
    reserve::end_reservations_of(draft, &source, &reserved)
}

/// The units of a reservation that a notice is about: those that went, else those it names of one that had ended before.
fn meant(order: &Order, source: &Order, refund: &Refund, intent: &RecordRefund) -> Vec<u16> {
    if !refund.units.is_empty() {
        return refund.units.clone();
    }
    let open = |unit: &u16| !reserve::behind(order, source, &[*unit]).is_empty();
    let all = order.units.iter().map(|unit| unit.number);
    match &intent.units {
        UnitChoice::Numbers(numbers) => numbers.clone(),
        UnitChoice::Count(count) => all.filter(open).take(usize::try_from(*count).unwrap_or(usize::MAX)).collect(),
        _ => all.collect(),
    }
}

/// The same result, which asking the channel had found before its notice came.
fn followed(draft: &Draft<'_>, order: &Order, intent: &RecordRefund) -> Option<Refund> {
    let same = |refund: &&Refund| {
        let named = match &intent.units {
            UnitChoice::Numbers(numbers) => numbers.iter().all(|unit| refund.units.contains(unit)),
            UnitChoice::Count(count) => usize::try_from(*count).is_ok_and(|count| count == refund.units.len()),
            UnitChoice::AllLeft | UnitChoice::Named(_) | UnitChoice::Unknown(_) => true,
        };
        let named = named || refund.same_as.is_some();
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

pub(super) fn announced(draft: &Draft<'_>, order: &Order, intent: &RecordRefund) -> Refund {
    Refund {
        id: draft.command.seed.refund(),
        order: order.id.clone(),
        key: intent.key.clone(),
        state: RefundState::Waiting,
        cause: intent.cause,
        units: Vec::new(),
        gives_back: intent.gives_back,
        same_as: None,
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
            let told = previewed(draft, order, refund, at)?;
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

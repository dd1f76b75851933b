//! Reservations (预约): units of a voucher order take a date. A voucher order is a ledger of its units:
//! bought = available + reserved + redeemed + refunded.

use entrepot_contract::ids::{ApplicationId, ChannelOrderId, SkuId};
use entrepot_contract::intent::{CreateOrder, Wish};
use entrepot_contract::listing::{Listing, Sells};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Order, OrderKind, OrderState, UnitState, Visit};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Markup, ReservationRule, Validity};
use entrepot_contract::time::{Timestamp, VisitDate};

use super::create::Offer;
use super::draft::Draft;
use super::issue::free_units;
use super::{Stop, give_codes};
use crate::catalogue::{ChannelRules, Rules};
use crate::change::RefKey;
use crate::command::OrderName;
use crate::credit::{PostingCause, PostingKind};
use crate::job::JobKind;
use crate::planted::{self, Bug};
use crate::stock::Standing;
use crate::venue;

/// The voucher order that a reservation names. One that is not here, or not paid, may be on its way: the caller is asked
/// to come again, and nothing is kept of this call.
pub(super) fn source(draft: &Draft<'_>, application: &ApplicationId, number: &ChannelOrderId) -> Result<Order, Stop> {
    let name = OrderName::Channel(application.clone(), number.clone());
    let key = RefKey { application: application.clone(), order: number.clone() };
    if !draft.state.refs.contains_key(&key) {
        return Err(Stop::SeeMore);
    }
    let early = |text: String| Stop::Early(Refusal::new(Reason::OrderUnknown, text));
    if draft.state.order_id(&name).is_none() {
        return Err(early(format!("the reservation names voucher order {number}, which is not here (yet)")));
    }
    let source = draft.find(&name)?;
    match source.state {
        OrderState::Created | OrderState::Paid => {
            Err(early(format!("voucher order {} is {:?}; it is reserved once it is paid", source.id, source.state)))
        }
        OrderState::Accepted | OrderState::Issuing | OrderState::Issued => Ok(source),
        state => {
            let text = format!("voucher order {} is {state:?}; nothing of it can be reserved", source.id);
            Err(Refusal::new(Reason::StateForbids, text).into())
        }
    }
}

/// Whether a wish is for a date of a voucher.
pub(super) fn is_reservation(listing: &Listing, wish: &Wish) -> bool {
    matches!(listing.sells, Sells::Pair { .. }) && wish.visit.is_some()
}

/// Whether a voucher's dates reach to this visit: those that it can be used on, and no more than its rule's days ahead.
fn bookable(
    rule: ReservationRule,
    usable: Option<(VisitDate, VisitDate)>,
    visit: &Visit,
    time_zone: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let closed = |text: String| Err(Refusal::new(Reason::DateClosed, text));
    if let Some((first, last)) = usable
        && (visit.arrive < first || visit.leave > last)
    {
        return closed(format!("it is for dates from {first} to {last}, not {}", visit.arrive));
    }
    let today = venue::zone(time_zone).and_then(|zone| venue::today(zone, now));
    let ahead = u32::from(rule.window_days.max(1) - 1) + u32::from(planted::is(Bug::WindowOneDayLonger));
    match today.and_then(|today| today.plus_days(ahead)) {
        Some(last) if visit.arrive <= last => Ok(()),
        Some(last) => closed(format!(
            "dates are reserved {} days ahead, today until {last}; {} is later",
            rule.window_days, visit.arrive
        )),
        None => closed(format!("nobody knows what day it is in {time_zone:?}")),
    }
}

/// Whether the catalogue's voucher reaches to the date of a wish, as far as it tells without the voucher order: that
/// has the dates of the day on which it was sold.
pub(super) fn reaches(rules: &Rules, offer: &Offer<'_>, wish: &Wish, now: Timestamp) -> Result<(), Refusal> {
    let (Sells::Pair { voucher, .. }, Some(visit)) = (&offer.listing.sells, &wish.visit) else { return Ok(()) };
    let (product, _) = rules.catalogue.sku(voucher)?;
    let Some(rule) = product.reservation else { return Ok(()) };
    let usable = venue::usable(product.validity, None);
    bookable(rule, usable, visit, &offer.product.time_zone, now)
        .map_err(|refusal| Refusal::new(refusal.reason, format!("voucher {voucher}: {}", refusal.text)))
}

/// What a reservation for this settlement price is going to capture for one unit, as far as the catalogue tells without
/// the voucher order: that was sold at the price of its own day.
pub(super) fn likely_markup(
    rules: &Rules,
    channel: &ChannelRules,
    listing: &Listing,
    settlement: Money,
) -> Result<Money, Refusal> {
    let (product, voucher) = rules.catalogue.sku(listing.sells.bought())?;
    let day = rules.catalogue.day(&voucher.id, None);
    let price = day.map(|day| rules.catalogue.settlement(channel.distributor.as_ref(), day));
    match product.reservation {
        None => Ok(settlement),
        Some(rule) => over(rule, price.unwrap_or(settlement), settlement, &voucher.id),
    }
}

/// A date of a pair is taken with a voucher, never alone.
pub(super) fn bought_alone(offer: &Offer<'_>, intent: &CreateOrder) -> Result<(), Refusal> {
    match &offer.listing.sells {
        Sells::Pair { voucher, .. } if is_reservation(offer.listing, &intent.wish) => {
            let text = format!(
                "{} is reserved with an order of voucher {voucher}, which the call does not name",
                offer.sku.id
            );
            Err(Refusal::new(Reason::StateForbids, text))
        }
        _ => Ok(()),
    }
}

/// When the voucher of an offer is good, as it is sold today.
fn offer_window(draft: &Draft<'_>, offer: &Offer<'_>) -> Result<Validity, Refusal> {
    Ok(draft.state.rules.catalogue.sku(offer.listing.sells.bought())?.0.validity)
}

/// Takes units of the voucher order for a new reservation.
pub(super) fn take(draft: &mut Draft<'_>, order: &mut Order, mut source: Order, offer: &Offer<'_>) -> Result<(), Stop> {
    let no = |text: String| Stop::Refused(Refusal::new(Reason::StateForbids, text));
    let Some(rule) = source.terms.reservation else {
        return Err(no(format!("order {} is no voucher that dates are reserved with", source.id)));
    };
    if offer.listing.sells.bought() != &source.sku {
        let text =
            format!("{} is reserved with voucher {}, not {}", offer.sku.id, offer.listing.sells.bought(), source.sku);
        return Err(no(text));
    }
    if let Some(visit) = &order.visit {
        let usable = if planted::is(Bug::NewWindowForOldOrder) {
            venue::usable(offer_window(draft, offer)?, None)
        } else {
            source.terms.usable
        };
        bookable(rule, usable, visit, &order.terms.time_zone, draft.at()).map_err(|refusal| {
            Refusal::new(refusal.reason, format!("voucher order {}: {}", source.id, refusal.text))
        })?;
    }
    let free = free_units(draft, &source);
    let wanted = order.units.len();
    if rule.together
        && !planted::is(Bug::PartReserved)
        && (wanted != free.len() || source.count(UnitState::Reserved) > 0)
    {
        return Err(no(format!(
            "all units of voucher order {} are reserved together: {} are free, {} reserved, {wanted} asked for",
            source.id,
            free.len(),
            source.count(UnitState::Reserved)
        )));
    }
    let Some(units) = free.get(..wanted) else {
        return Err(no(format!("voucher order {} has {} free units, {wanted} asked for", source.id, free.len())));
    };
    let units = units.to_vec();
    let free = planted::is(Bug::ReservedTwice);
    for unit in source.units.iter_mut().filter(|unit| units.contains(&unit.number) && !free) {
        unit.state = UnitState::Reserved;
    }
    draft.note(&source, "reserved", format!("units {units:?} by {}", order.id));
    order.family = source.family.clone();
    order.terms.distributor = source.terms.distributor.clone();
    order.terms.settlement = over(rule, source.terms.settlement, offer.settlement, &source.sku)?;
    order.kind = OrderKind::Reservation { source: source.id.clone(), units };
    draft.put(source);
    Ok(())
}

/// What a reservation captures for one unit, besides what the voucher did.
fn over(rule: ReservationRule, voucher: Money, settlement: Money, sku: &SkuId) -> Result<Money, Refusal> {
    let zero = Money::zero(settlement.currency);
    Ok(match rule.markup {
        Markup::Nothing => zero,
        Markup::Calendar => settlement,
        Markup::Difference => {
            let more = settlement
                .minus(voucher)
                .map_err(|fault| Refusal::new(Reason::Other, format!("markup over {sku}: {fault}")))?;
            if more.amount_minor > 0 { more } else { zero }
        }
    })
}

/// The voucher's units behind these units of a reservation become what `state` says.
pub(super) fn tell_source(draft: &mut Draft<'_>, order: &Order, units: &[u16], state: UnitState) -> Result<(), Stop> {
    let OrderKind::Reservation { source, units: taken } = &order.kind else { return Ok(()) };
    let mut source = draft.find(&OrderName::Own(source.clone()))?;
    let behind: Vec<u16> =
        units.iter().filter_map(|unit| taken.get(usize::from(*unit).checked_sub(1)?)).copied().collect();
    let mut changed = Vec::new();
    for unit in source.units.iter_mut().filter(|unit| behind.contains(&unit.number)) {
        // What the channel gave back meanwhile stays so.
        if unit.state == UnitState::Reserved && !(state == UnitState::Available && planted::is(Bug::ReservationKept)) {
            unit.state = state;
            changed.push(unit.number);
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    let what = if state == UnitState::Redeemed { "redeemed" } else { "reservation ended" };
    draft.note(&source, what, format!("units {changed:?} by {}", order.id));
    draft.close_if_done(&mut source)?;
    draft.put(source);
    Ok(())
}

/// Whether a voucher's money is that of its reservations, which cost nothing by themselves.
pub(super) fn pays_for(voucher: &Order) -> bool {
    voucher.terms.reservation.is_some_and(|rule| rule.markup == Markup::Nothing)
}

/// The voucher's units behind these units of a reservation that are neither used nor given back.
pub(super) fn behind(order: &Order, voucher: &Order, units: &[u16]) -> Vec<u16> {
    let taken = order.source().map_or(&[][..], |(_, taken)| taken);
    let open = |number: &u16| {
        let unit = voucher.units.iter().find(|unit| unit.number == *number);
        unit.is_some_and(|unit| matches!(unit.state, UnitState::Available | UnitState::Reserved))
    };
    units.iter().filter_map(|unit| taken.get(usize::from(*unit).checked_sub(1)?)).copied().filter(open).collect()
}

/// What is left of a voucher behind a reservation that ended without having been used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Nothing: it went back, too.
    Gone,
    /// Units that nobody reserved since.
    Free,
    /// Units that another reservation has.
    Taken,
}

/// None where the order is no reservation, or one that has units or had some used.
pub(super) fn left_behind(draft: &Draft<'_>, order: &Order) -> Option<Left> {
    let (source, _) = order.source()?;
    if order.count(UnitState::Refunded) != order.units.len() {
        return None;
    }
    let voucher = draft.order(source)?;
    let all: Vec<u16> = order.units.iter().map(|unit| unit.number).collect();
    let open = behind(order, &voucher, &all);
    let free = voucher.numbers(UnitState::Available);
    Some(match () {
        () if open.is_empty() => Left::Gone,
        () if open.iter().all(|unit| free.contains(unit)) => Left::Free,
        () => Left::Taken,
    })
}

/// Units of a paid reservation go back to its voucher. `cancelled`: its supplier took them back already.
pub(super) fn give_back(
    draft: &mut Draft<'_>,
    order: &mut Order,
    units: Vec<u16>,
    cancelled: bool,
) -> Result<(), Stop> {
    if units.is_empty() {
        return Ok(());
    }
    let upstream = !cancelled && super::refund::ticket_at_supplier(draft, order);
    draft.note(order, "given back", format!("units {units:?} go back to the voucher"));
    end(draft, order, &units, UnitState::Available, upstream)?;
    Ok(draft.close_if_done(order)?)
}

/// Ends units of a paid reservation for good: stock, markup and the voucher's units go back, a supplier is told.
/// `state`: what becomes of the voucher's units.
pub(super) fn end_units(draft: &mut Draft<'_>, order: &mut Order, units: &[u16], state: UnitState) -> Result<(), Stop> {
    let upstream = super::refund::ticket_at_supplier(draft, order);
    end(draft, order, units, state, upstream)
}

fn end(draft: &mut Draft<'_>, order: &mut Order, units: &[u16], state: UnitState, upstream: bool) -> Result<(), Stop> {
    let mut back = 0_i64;
    for unit in order.units.iter_mut().filter(|unit| units.contains(&unit.number)) {
        unit.state = UnitState::Refunded;
        back = back.saturating_add(unit.captured_minor - unit.returned_minor);
        unit.returned_minor = unit.captured_minor;
    }
    draft.release(order, units, Standing::Sold)?;
    if let Some(distributor) = order.terms.distributor.clone() {
        let cause = PostingCause { order: Some(order.id.clone()), ..PostingCause::default() };
        draft.post(&distributor, PostingKind::Refund, Money::new(back, order.terms.settlement.currency), cause)?;
    }
    give_codes::give_up(draft, order, units)?;
    if upstream {
        let key = format!("{}-{}", order.id, draft.command.seed.job(0));
        let kind = JobKind::cancel(order, units.to_vec(), None, key);
        draft.ask_supplier(order, kind);
    }
    tell_source(draft, order, units, state)
}

/// Units of a voucher that the channel gave back while they were reserved: their reservations end, too.
pub(super) fn end_reservations_of(draft: &mut Draft<'_>, source: &Order, gone: &[u16]) -> Result<(), Stop> {
    let members: Vec<_> = draft.state.family(source).map(|member| member.id.clone()).collect();
    for id in members {
        let Some(mut order) = draft.order(&id) else { continue };
        let Some((_, taken)) = order.source() else { continue };
        let units: Vec<u16> = (1_u16..)
            .zip(taken)
            .filter(|(number, behind)| gone.contains(behind) && order.numbers(UnitState::Available).contains(number))
            .map(|(number, _)| number)
            .collect();
        if units.is_empty() {
            continue;
        }
        if order.state == OrderState::Created {
            // Nobody paid for it yet, and nobody will pay for what is left of it: it ends whole, with what it held.
            super::payment::end_unpaid(draft, &mut order, "voucher refunded")?;
            super::refund::overtaken(draft, &mut order);
            draft.put(order);
            continue;
        }
        draft.note(&order, "voucher refunded", format!("units {units:?} end with {}", source.id));
        end_units(draft, &mut order, &units, UnitState::Refunded)?;
        draft.close_if_done(&mut order)?;
        super::refund::overtaken(draft, &mut order);
        draft.put(order);
    }
    Ok(())
}

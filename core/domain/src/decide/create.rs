//! An order is made: the catalogue's rules, then stock and credit, all or nothing.

use std::collections::BTreeMap;

use entrepot_contract::bounds::units_limit;
use entrepot_contract::calendar::{CalendarDay, DaySlot, Stock, StockKey};
use entrepot_contract::ids::ConnectionId;
use entrepot_contract::intent::{CreateOrder, GivesBack, Intent, Wish};
use entrepot_contract::listing::Listing;
use entrepot_contract::money::Money;
use entrepot_contract::order::{DeadlineKind, LimitTaken, Order, OrderKind, OrderState, Terms, Unit, UnitState};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Fulfilment, Product, Sku};
use entrepot_contract::time::{Timestamp, VisitDate};

use super::draft::Draft;
use super::{Stop, decided, document, hold, issue_call, payment, refund_told, reserve};
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::catalogue::{ChannelRules, Rules, dates_taken, share_cells, sold, stock_cells};
use crate::change::{Change, ChannelRef, PlacedOrder, RefKey};
use crate::credit::{PostingCause, PostingKind};
use crate::guests;
use crate::limits::{self, Person};
use crate::pair;
use crate::planted::{self, Bug};
use crate::route::{Chosen, Sale, choose};
use crate::said::Said;
use crate::stock::Standing;
use crate::venue;

/// What a wish comes to, when the catalogue allows it.
#[derive(Debug, Clone)]
pub struct Offer<'a> {
    /// The listing it named.
    pub listing: &'a Listing,
    /// The product.
    pub product: &'a Product,
    /// The SKU.
    pub sku: &'a Sku,
    /// The cells of which each unit takes one.
    pub cells: Vec<StockKey>,
    /// What a guest pays for one unit.
    pub retail: Money,
    /// Cells of the connection's own share, by the common cell before which each is taken.
    pub shares: BTreeMap<StockKey, StockKey>,
    /// What the distributor owes for one unit.
    pub settlement: Money,
    /// What of that is still to be taken from his credit: for a reservation, what its voucher does not cover.
    pub owed: Money,
    /// What the merchant owes his supplier for one unit.
    pub cost: Option<Money>,
    /// Who fulfils it, whatever is left.
    pub chosen: Chosen,
}

/// Checks a wish against the catalogue: everything but stock, credit and purchase limits.
pub fn check_wish<'a>(
    rules: &'a Rules,
    connection: &ConnectionId,
    wish: &Wish,
    now: Timestamp,
) -> Result<Offer<'a>, Refusal> {
    let paused = || Refusal::new(Reason::Paused, format!("connection {connection} takes no new sales"));
    let channel = rules.channel(connection).ok_or_else(paused)?;
    let listing = rules.catalogue.listing(connection, &wish.names);
    // Whoever holds a voucher bought it before sales were stopped, and no amount of its reservation counts.
    let reserves = listing.as_ref().is_ok_and(|listing| reserve::is_reservation(listing, wish));
    if !channel.selling && !reserves {
        return Err(paused());
    }
    let listing = listing.map_err(|refusal| as_pair(rules, connection, channel, wish, refusal))?;
    if !reserves {
        named_as_sold(rules, channel, listing, wish)?;
    }
    let (product, sku) = rules.catalogue.sku(sold(listing, wish))?;
    if !(listing.on_sale || reserves) || !product.on_sale {
        return Err(Refusal::new(Reason::OffSale, format!("product {} is not on sale", product.id)));
    }
    let chosen = choose(rules, sku, &Sale { connection, wish, left: None })?;
    let dates = dates_taken(product, wish.visit.as_ref())?;
    let cells = stock_cells(sku, &dates, wish.slot.as_deref());
    let shares = share_cells(sku, listing.allotment.as_ref(), &cells);
    let price = price(rules, connection, channel, product, sku, &dates, wish, now)?;
    if channel.price_check && !reserves {
        same_price(price.retail, wish)?;
        same_nights(rules, sku, &dates, wish)?;
    }
    admitted(sku, wish)?;
    if wish.guests_final {
        guests::check(&product.guests, &wish.guests, wish.count, sku.persons_per_unit)?;
        if sku.fulfilment == Fulfilment::Document {
            document::credentials(&wish.guests, usize::try_from(wish.count).unwrap_or(usize::MAX))?;
        }
    }
    let Price { retail, settlement, cost } = price;
    let owed = if reserves { reserve::likely_markup(rules, channel, listing, settlement)? } else { settlement };
    Ok(Offer { listing, product, sku, cells, shares, retail, settlement, owed, cost, chosen })
}

/// The refusal of names that no listing answers to, in a pair's own words where they look like one.
fn as_pair(rules: &Rules, connection: &ConnectionId, channel: &ChannelRules, wish: &Wish, refusal: Refusal) -> Refusal {
    let wrong = channel.pairs.and_then(|bar| pair::unlisted(Some(&rules.catalogue), connection, &wish.names, bar));
    wrong.map_or(refusal, misnamed)
}

/// The names of a purchase against the pair that is sold: whoever holds a voucher may reserve whatever they say now.
fn named_as_sold(rules: &Rules, channel: &ChannelRules, listing: &Listing, wish: &Wish) -> Result<(), Refusal> {
    let wrong = channel.pairs.and_then(|bar| pair::listed_as(&rules.catalogue, listing, &wish.names, bar));
    wrong.map_or(Ok(()), |wrong| Err(misnamed(wrong)))
}

/// Nothing is sold under a pair's name that is wrong.
#[must_use]
pub fn misnamed(wrong: Said) -> Refusal {
    Refusal::new(Reason::OffSale, wrong.en).in_chinese(wrong.zh)
}

/// Checks a wish whose voucher order is not known: the same, and the dates of the voucher as the catalogue has it.
pub fn check_booking<'a>(
    rules: &'a Rules,
    connection: &ConnectionId,
    wish: &Wish,
    now: Timestamp,
) -> Result<Offer<'a>, Refusal> {
    let offer = check_wish(rules, connection, wish, now)?;
    reserve::reaches(rules, &offer, wish, now)?;
    Ok(offer)
}

/// Whether an order of that size may be for that date; the SKU's own limits stand where the date has none.
fn units(sku: &Sku, day: &CalendarDay, count: u32) -> Result<(), Refusal> {
    let least = u32::from(day.minimum_units.unwrap_or(sku.minimum_units).max(1));
    let most = u32::from(day.maximum_units.unwrap_or(sku.maximum_units).min(units_limit(sku.persons_per_unit)));
    let named = day.date.map(|date| format!(" on {date}")).unwrap_or_default();
    if count < least {
        let text = format!("{}{named} sells at least {least} units, {count} asked for", sku.id);
        return Err(Refusal::new(Reason::TooFewUnits, text));
    }
    if count > most {
        let text = format!("{}{named} sells at most {most} units an order, {count} asked for", sku.id);
        return Err(Refusal::new(Reason::TooManyUnits, text));
    }
    Ok(())
}

/// One unit over all its dates.
struct Price {
    retail: Money,
    settlement: Money,
    cost: Option<Money>,
}

/// What one unit comes to over all its dates; refused when a date is closed, stopped, past or has no price.
#[allow(clippy::too_many_arguments)] // the parts of one wish; it is called from one place
fn price(
    rules: &Rules,
    connection: &ConnectionId,
    channel: &ChannelRules,
    product: &Product,
    sku: &Sku,
    dates: &[Option<VisitDate>],
    wish: &Wish,
    now: Timestamp,
) -> Result<Price, Refusal> {
    let closed = |text: String| Refusal::new(Reason::DateClosed, text);
    let overflow = |fault| Refusal::new(Reason::Other, format!("{}: {fault}", sku.id));
    let zone = venue::zone(&product.time_zone)
        .ok_or_else(|| closed(format!("product {} names no known time zone: {}", product.id, product.time_zone)))?;
    let mut sum: Option<Price> = None;
    for date in dates {
        let named = date.map_or_else(|| "without a date".to_owned(), |date| format!("on {date}"));
        if let Some(stop) = rules.catalogue.stopped(connection, &sku.id, *date) {
            return Err(closed(format!("sales of {} {named} are stopped ({}): {}", sku.id, stop.id, stop.reason)));
        }
        let day = rules
            .catalogue
            .day(&sku.id, *date)
            .filter(|day| day.open)
            .ok_or_else(|| closed(format!("{} is not open {named}", sku.id)))?;
        if let Some(date) = date
            && now >= venue::sales_end(zone, *date, day.close.filter(|_| !planted::is(Bug::CutOffIgnored)))
        {
            return Err(closed(format!("sales of {} {named} have ended", sku.id)));
        }
        let slot = slot_of(day, wish)?;
        if slot.map_or(day.cutoff, |slot| slot.cutoff.or(day.cutoff)).is_some_and(|cutoff| now >= cutoff) {
            return Err(closed(format!("the supplier of {} takes no more bookings {named}", sku.id)));
        }
        units(sku, day, wish.count)?;
        let cost = slot.and_then(|slot| slot.cost).or(day.cost);
        let settlement = rules.catalogue.settlement(channel.distributor.as_ref(), day);
        sum = Some(match sum {
            None => Price { retail: day.retail, settlement, cost },
            Some(sum) => Price {
                retail: sum.retail.plus(day.retail).map_err(overflow)?,
                settlement: sum.settlement.plus(settlement).map_err(overflow)?,
                cost: match (sum.cost, cost) {
                    (Some(sum), Some(cost)) => Some(sum.plus(cost).map_err(overflow)?),
                    (one, other) => one.or(other),
                },
            },
        });
    }
    sum.ok_or_else(|| closed(format!("{} has no date to sell", sku.id)))
}

/// The time slot that a wish takes of a date; none of a date that is sold as a whole.
fn slot_of<'a>(day: &'a CalendarDay, wish: &Wish) -> Result<Option<&'a DaySlot>, Refusal> {
    let no = |text: String| Err(Refusal::new(Reason::DateClosed, text));
    let named = day.date.map(|date| format!(" on {date}")).unwrap_or_default();
    match &wish.slot {
        _ if day.slots.is_empty() => Ok(None),
        None => no(format!("{}{named} is sold by time slot, and the call names none", day.sku)),
        Some(id) => match day.slot(id) {
            Some(slot) => Ok(Some(slot)),
            None => no(format!("{}{named} has no time slot {id}", day.sku)),
        },
    }
}

/// Whether the units admit everybody who comes.
fn admitted(sku: &Sku, wish: &Wish) -> Result<(), Refusal> {
    let most = wish.count.saturating_mul(u32::from(sku.persons_per_unit));
    match wish.people.filter(|people| *people > most) {
        Some(people) => {
            let text = format!("{people} people come, {} units of {} admit {most}", wish.count, sku.id);
            Err(Refusal::new(Reason::GuestsMismatch, text))
        }
        None => Ok(()),
    }
}

/// The channel's price of each night against ours.
fn same_nights(rules: &Rules, sku: &Sku, dates: &[Option<VisitDate>], wish: &Wish) -> Result<(), Refusal> {
    for night in &wish.nights {
        let day = rules.catalogue.day(&sku.id, Some(night.date)).filter(|_| dates.contains(&Some(night.date)));
        let Some(day) = day else {
            let text = format!("the channel prices {} of {}, which is no date of this order", night.date, sku.id);
            return Err(Refusal::new(Reason::PriceDiffers, text));
        };
        if day.retail != night.price {
            let text = format!("the channel asks {} for {}, the calendar says {}", night.price, night.date, day.retail);
            return Err(Refusal::new(Reason::PriceDiffers, text));
        }
    }
    Ok(())
}

/// The channel's list price of the whole order against ours.
fn same_price(retail: Money, wish: &Wish) -> Result<(), Refusal> {
    let asked = if planted::is(Bug::PaidPriceCompared) { wish.pay_amount } else { wish.origin_amount };
    let Some(origin) = asked else { return Ok(()) };
    let ours = retail
        .times(wish.count)
        .map_err(|fault| Refusal::new(Reason::TooManyUnits, format!("{} units: {fault}", wish.count)))?;
    if ours == origin {
        return Ok(());
    }
    Err(Refusal::new(Reason::PriceDiffers, format!("the channel asks {origin}, the calendar says {ours}")))
}

pub(super) fn create(
    draft: &mut Draft<'_>,
    connection: &ConnectionId,
    intent: &CreateOrder,
    people: &[Person],
) -> Result<Answer, Stop> {
    let state = draft.state;
    let rules = draft.channel(connection)?;
    let key = RefKey { application: rules.application.clone(), order: intent.order.clone() };
    let Some(reference) = state.refs.get(&key) else { return Err(Stop::SeeMore) };
    if let Some(placed) = &reference.order {
        let text = format!("order {} stands already as {} of merchant {}", intent.order, placed.order, placed.merchant);
        return Err(Refusal::new(Reason::KeyConflict, text).into());
    }
    ended_before(reference)?;
    let source = match &intent.source_order {
        Some(number) => Some(reserve::source(draft, &rules.application, number)?),
        None => None,
    };
    let offer = check_wish(&state.rules, connection, &intent.wish, draft.at())?;
    let mut order = order_of(draft, connection, rules, intent, &offer)?;
    match source {
        Some(source) => reserve::take(draft, &mut order, source, &offer)?,
        None => reserve::bought_alone(&offer, intent)?,
    }
    let paid_at = intent.paid_at.or_else(|| paid_before(reference));
    let left = tightest(draft, &offer)?;
    let sale = Sale { connection, wish: &intent.wish, left: Some(left) };
    let chosen = choose(&state.rules, offer.sku, &sale)?;
    (order.terms.fulfilment, order.terms.otherwise) = (chosen.fulfilment, chosen.otherwise);
    if !planted::is(Bug::ForgetHold) {
        order.stock = draft.take_stock(&offer.cells, &offer.shares, intent.wish.count, Standing::Held)?;
    }
    order.limits = take_limits(draft, intent, &offer, people)?;
    draft.push(Change::Ref(
        key,
        ChannelRef {
            order: Some(PlacedOrder {
                merchant: order.merchant.clone(),
                order: order.id.clone(),
                connection: connection.clone(),
            }),
            facts: Vec::new(),
        },
    ));
    if !reference.facts.is_empty() {
        draft.resolve(AlertKind::Unplaced, &format!("{}/{}", rules.application, intent.order));
    }
    draft.push(Change::Guests(order.id.clone(), intent.wish.guests.clone()));
    let told = format!("{} units of {} for {}", intent.wish.count, order.sku, order.retail);
    draft.note(&order, "created", told);
    issue_call::came_before(draft, &mut order, reference)?;
    let acceptance = match paid_at {
        Some(paid_at) => Some(payment::take_payment(draft, &mut order, paid_at, PostingKind::Sale)?),
        None => {
            hold_credit(draft, &order)?;
            let deadline = rules.times.from_now(DeadlineKind::Hold, draft.at(), rules.times.hold_ms);
            draft.expect(&mut order, deadline);
            hold::unpaid(draft, &order);
            None
        }
    };
    money_before(draft, &order, reference);
    decided::came_before(draft, &order, reference);
    let id = order.id.clone();
    draft.put(order);
    Ok(Answer::Created { order: id, acceptance })
}

/// Money alone that was told before the order came is taken down with it.
fn money_before(draft: &mut Draft<'_>, order: &Order, reference: &ChannelRef) {
    for fact in &reference.facts {
        if let Intent::RecordRefund(told) = &fact.intent
            && told.gives_back == GivesBack::Money
        {
            refund_told::money_alone(draft, order, None, told);
        }
    }
}

/// Units that may still be sold on the tightest date of an offer; none is without limit. A connection's own share
/// counts, too.
fn tightest(draft: &Draft<'_>, offer: &Offer<'_>) -> Result<Option<u32>, Stop> {
    if offer.sku.when.least_left.is_none() && offer.sku.otherwise.iter().all(|route| route.when.least_left.is_none()) {
        return Ok(None);
    }
    let mut least: Option<u32> = None;
    for key in &offer.cells {
        let own = offer.shares.get(key).map(|share| draft.cell(share)).transpose()?.flatten();
        let common = draft.cell(key)?;
        let left = |stock: Option<Stock>| stock.map_or(Some(0), |stock| stock.left());
        let both = match (own.map(|stock| stock.left()), left(common)) {
            (Some(None), _) | (_, None) => None,
            (Some(Some(share)), Some(common)) => Some(share.saturating_add(common)),
            (None, Some(common)) => Some(common),
        };
        least = match (least, both) {
            (None, both) => both,
            (Some(least), Some(both)) => Some(least.min(both)),
            (least, None) => least,
        };
    }
    Ok(least)
}

/// Counts an order for the purchase limits of its product, or refuses it.
fn take_limits(
    draft: &mut Draft<'_>,
    intent: &CreateOrder,
    offer: &Offer<'_>,
    people: &[Person],
) -> Result<Vec<LimitTaken>, Stop> {
    let wish = &intent.wish;
    let persons = offer.sku.persons_per_unit;
    let wanted = limits::wanted(offer.product, wish.visit.as_ref(), people, wish.count, persons, draft.at());
    let mut taken = Vec::with_capacity(wanted.len());
    for (one, limit) in wanted {
        let after = limits::take(&one, draft.counter(&one.key)?, limit)?;
        draft.set_counter(one.key.clone(), after);
        taken.push(one);
    }
    Ok(taken)
}

/// A cancellation or refund that came before the order ends it before it begins.
fn ended_before(reference: &ChannelRef) -> Result<(), Refusal> {
    for fact in &reference.facts {
        if planted::is(Bug::EarlyRefundForgotten) && matches!(fact.intent, Intent::RecordRefund(_)) {
            continue;
        }
        let ends = match &fact.intent {
            Intent::CancelOrder { .. } => true,
            // Money alone leaves the order as it is.
            Intent::RecordRefund(refund) => refund.gives_back != GivesBack::Money,
            Intent::RecordDecision(told) => decided::ends_all(told),
            _ => false,
        };
        if ends {
            let text = format!("the channel ended this order before it came here ({})", fact.intent.name());
            return Err(Refusal::new(Reason::StateForbids, text));
        }
    }
    Ok(())
}

fn paid_before(reference: &ChannelRef) -> Option<Timestamp> {
    reference.facts.iter().find_map(|fact| match &fact.intent {
        Intent::PayOrder { paid_at, .. } => Some(*paid_at),
        Intent::IssueOrder(call) => call.paid_at,
        _ => None,
    })
}

fn hold_credit(draft: &mut Draft<'_>, order: &Order) -> Result<(), Stop> {
    let Some(distributor) = &order.terms.distributor else { return Ok(()) };
    let cause = PostingCause { order: Some(order.id.clone()), ..PostingCause::default() };
    draft.post(distributor, PostingKind::Hold, total(order)?, cause)
}

/// What the distributor owes for the whole order.
pub(super) fn total(order: &Order) -> Result<Money, Refusal> {
    let count = u32::try_from(order.units.len()).unwrap_or(u32::MAX);
    let overflow = |fault| Refusal::new(Reason::TooManyUnits, format!("{count} units: {fault}"));
    order.terms.settlement.times(count).map_err(overflow)
}

fn order_of(
    draft: &Draft<'_>,
    connection: &ConnectionId,
    rules: &ChannelRules,
    intent: &CreateOrder,
    offer: &Offer<'_>,
) -> Result<Order, Refusal> {
    let id = draft.command.seed.order();
    let count = u16::try_from(intent.wish.count)
        .map_err(|_| Refusal::new(Reason::TooManyUnits, format!("{} units asked for", intent.wish.count)))?;
    let named = intent.unit_names.len();
    if named != 0 && named != usize::from(count) {
        return Err(Refusal::new(Reason::Malformed, format!("{count} units are asked for, {named} of them are named")));
    }
    let overflow = |fault| Refusal::new(Reason::TooManyUnits, format!("{count} units: {fault}"));
    let retail = match intent.wish.pay_amount.or(intent.wish.origin_amount) {
        Some(paid) => paid,
        None => offer.retail.times(u32::from(count)).map_err(overflow)?,
    };
    let unit = |number| Unit { number, state: UnitState::Available, captured_minor: 0, returned_minor: 0 };
    Ok(Order {
        family: id.clone(),
        id,
        merchant: draft.state.rules.merchant.clone(),
        kind: OrderKind::Purchase,
        connection: connection.clone(),
        application: rules.application.clone(),
        channel_order: intent.order.clone(),
        listing: offer.listing.id.clone(),
        product: offer.product.id.clone(),
        sku: offer.sku.id.clone(),
        visit: intent.wish.visit,
        stock: Vec::new(),
        limits: Vec::new(),
        state: OrderState::Created,
        units: (1..=count).map(unit).collect(),
        retail,
        terms: Terms {
            distributor: rules.distributor.clone(),
            settlement: if planted::is(Bug::RetailPosted) { offer.retail } else { offer.settlement },
            cost: offer.cost,
            reservation: offer.product.reservation.filter(|_| intent.source_order.is_none()),
            refund: offer.product.refund.clone(),
            fulfilment: offer.chosen.fulfilment.clone(),
            otherwise: offer.chosen.otherwise.clone(),
            time_zone: offer.product.time_zone.clone(),
            usable: venue::usable(offer.product.validity, intent.wish.visit.as_ref()),
        },
        reference: intent.reference.clone(),
        unit_names: intent.unit_names.clone(),
        supplier_reference: None,
        by_hand: false,
        callback_owed: false,
        unshown: false,
        created_at: draft.at(),
        paid_at: None,
        deadlines: Vec::new(),
    })
}

//! An order is made: the catalogue's rules, then stock and credit, all or nothing.

use entrepot_contract::calendar::StockKey;
use entrepot_contract::ids::ConnectionId;
use entrepot_contract::intent::{CreateOrder, Intent, Wish};
use entrepot_contract::listing::Listing;
use entrepot_contract::money::Money;
use entrepot_contract::order::{Order, OrderKind, OrderState, Terms, Unit, UnitState};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Product, Sku};
use entrepot_contract::time::Timestamp;

use super::draft::Draft;
use super::{Stop, payment};
use crate::answer::Answer;
use crate::catalogue::{ChannelRules, Rules, dates_taken, stock_cells};
use crate::change::{Change, ChannelRef, PlacedOrder, RefKey};
use crate::credit::{PostingCause, PostingKind};
use crate::guests;
use crate::planted::{self, Bug};
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
    /// What the distributor owes for one unit.
    pub settlement: Money,
}

/// Checks a wish against the catalogue: everything but stock, credit and purchase limits.
pub fn check_wish<'a>(
    rules: &'a Rules,
    connection: &ConnectionId,
    wish: &Wish,
    now: Timestamp,
) -> Result<Offer<'a>, Refusal> {
    let channel = rules
        .channel(connection)
        .filter(|channel| channel.selling)
        .ok_or_else(|| Refusal::new(Reason::Paused, format!("connection {connection} takes no new sales")))?;
    let listing = rules.catalogue.listing(connection, &wish.names)?;
    let (product, sku) = rules.catalogue.sku(listing.sells.bought())?;
    if !listing.on_sale || !product.on_sale {
        return Err(Refusal::new(Reason::OffSale, format!("product {} is not on sale", product.id)));
    }
    units(sku, wish.count)?;
    let dates = dates_taken(product, wish.visit.as_ref())?;
    let cells = stock_cells(sku, &dates, wish.slot.as_deref());
    let (retail, settlement) = price(rules, channel, product, sku, &dates, now)?;
    if channel.price_check {
        same_price(retail, wish)?;
    }
    if wish.guests_final {
        guests::check(&product.guests, &wish.guests, wish.count, sku.persons_per_unit)?;
    }
    Ok(Offer { listing, product, sku, cells, retail, settlement })
}

fn units(sku: &Sku, count: u32) -> Result<(), Refusal> {
    if count < u32::from(sku.minimum_units.max(1)) {
        let text = format!("{} sells at least {} units, {count} asked for", sku.id, sku.minimum_units);
        return Err(Refusal::new(Reason::TooFewUnits, text));
    }
    if count > u32::from(sku.maximum_units) {
        let text = format!("{} sells at most {} units an order, {count} asked for", sku.id, sku.maximum_units);
        return Err(Refusal::new(Reason::TooManyUnits, text));
    }
    Ok(())
}

/// Retail and settlement of one unit over all its dates; refused when a date is closed, past or has no price.
fn price(
    rules: &Rules,
    channel: &ChannelRules,
    product: &Product,
    sku: &Sku,
    dates: &[Option<entrepot_contract::time::VisitDate>],
    now: Timestamp,
) -> Result<(Money, Money), Refusal> {
    let closed = |text: String| Refusal::new(Reason::DateClosed, text);
    let zone = venue::zone(&product.time_zone)
        .ok_or_else(|| closed(format!("product {} names no known time zone: {}", product.id, product.time_zone)))?;
    let mut sum: Option<(Money, Money)> = None;
    for date in dates {
        let named = date.map_or_else(|| "without a date".to_owned(), |date| format!("on {date}"));
        let day = rules
            .catalogue
            .day(&sku.id, *date)
            .filter(|day| day.open)
            .ok_or_else(|| closed(format!("{} is not open {named}", sku.id)))?;
        if let Some(date) = date
            && now >= venue::sales_end(zone, *date, day.close)
        {
            return Err(closed(format!("sales of {} {named} have ended", sku.id)));
        }
        let settlement = rules.catalogue.settlement(channel.distributor.as_ref(), day);
        let overflow = |fault| Refusal::new(Reason::Other, format!("{}: {fault}", sku.id));
        sum = Some(match sum {
            None => (day.retail, settlement),
            Some((retail, owed)) => {
                (retail.plus(day.retail).map_err(overflow)?, owed.plus(settlement).map_err(overflow)?)
            }
        });
    }
    sum.ok_or_else(|| closed(format!("{} has no date to sell", sku.id)))
}

/// The channel's list price of the whole order against ours.
fn same_price(retail: Money, wish: &Wish) -> Result<(), Refusal> {
    let Some(origin) = wish.origin_amount else { return Ok(()) };
    let ours = retail
        .times(wish.count)
        .map_err(|fault| Refusal::new(Reason::TooManyUnits, format!("{} units: {fault}", wish.count)))?;
    if ours == origin {
        return Ok(());
    }
    Err(Refusal::new(Reason::PriceDiffers, format!("the channel asks {origin}, the calendar says {ours}")))
}

pub(super) fn create(draft: &mut Draft<'_>, connection: &ConnectionId, intent: &CreateOrder) -> Result<Answer, Stop> {
    let state = draft.state;
    let rules = draft.channel(connection)?;
    let key = RefKey { application: rules.application.clone(), order: intent.order.clone() };
    let Some(reference) = state.refs.get(&key) else { return Err(Stop::SeeMore) };
    if let Some(placed) = &reference.order {
        let text = format!("order {} stands already as {} of merchant {}", intent.order, placed.order, placed.merchant);
        return Err(Refusal::new(Reason::KeyConflict, text).into());
    }
    if intent.source_order.is_some() {
        let text = "reservations of a voucher order are not sold through this connection";
        return Err(Refusal::new(Reason::StateForbids, text).into());
    }
    ended_before(reference)?;
    let offer = check_wish(&state.rules, connection, &intent.wish, draft.at())?;
    let mut order = order_of(draft, connection, rules, intent, &offer)?;
    let paid_at = intent.paid_at.or_else(|| paid_before(reference));
    if !planted::is(Bug::ForgetHold) {
        draft.take_stock(&offer.cells, intent.wish.count, Standing::Held)?;
    }
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
    draft.push(Change::Guests(order.id.clone(), intent.wish.guests.clone()));
    let told = format!("{} units of {} for {}", intent.wish.count, order.sku, order.retail);
    draft.note(&order, "created", told);
    let acceptance = match paid_at {
        Some(paid_at) => Some(payment::take_payment(draft, &mut order, paid_at, PostingKind::Sale)?),
        None => {
            hold_credit(draft, &order)?;
            None
        }
    };
    let id = order.id.clone();
    draft.push(Change::Order(Box::new(order)));
    Ok(Answer::Created { order: id, acceptance })
}

/// A cancellation or refund that came before the order ends it before it begins.
fn ended_before(reference: &ChannelRef) -> Result<(), Refusal> {
    for fact in &reference.facts {
        if planted::is(Bug::EarlyRefundForgotten) && matches!(fact.intent, Intent::RecordRefund(_)) {
            continue;
        }
        if matches!(fact.intent, Intent::CancelOrder { .. } | Intent::RecordRefund(_)) {
            let text = format!("the channel ended this order before it came here ({})", fact.intent.name());
            return Err(Refusal::new(Reason::StateForbids, text));
        }
    }
    Ok(())
}

fn paid_before(reference: &ChannelRef) -> Option<Timestamp> {
    reference.facts.iter().find_map(|fact| match &fact.intent {
        Intent::PayOrder { paid_at, .. } => Some(*paid_at),
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
        stock: offer.cells.clone(),
        state: OrderState::Created,
        units: (1..=count).map(unit).collect(),
        retail,
        terms: Terms {
            distributor: rules.distributor.clone(),
            settlement: if planted::is(Bug::RetailPosted) { offer.retail } else { offer.settlement },
            refund: offer.product.refund.clone(),
            fulfilment: offer.sku.fulfilment.clone(),
            time_zone: offer.product.time_zone.clone(),
            usable: venue::usable(offer.product.validity, intent.wish.visit.as_ref()),
        },
        supplier_reference: None,
        callback_owed: false,
        created_at: draft.at(),
        paid_at: None,
        hold_until: Some(draft.at().plus_millis(rules.hold_ms)),
    })
}

//! The scenic solution's order calls (F1): the booking check, and create order, which is a purchase or a reservation. Whatever is
//! bought, the reservation always comes this way. Group-buy B2, B3, `documented`.

use douyin_wire::kinds::{BizType, OrderType};
use douyin_wire::number::{Id, Int};
use douyin_wire::order::{CanBuy, CreateOrder as Create, ItemOrder};
use douyin_wire::partner::body::{copies, instant_s, need, order_id, text_id};
use douyin_wire::partner::guests::guests;
use douyin_wire::partner::intents::{amounts, slot, visit};
use douyin_wire::partner::settings::OrderMode;
use douyin_wire::person::{Person, TravelerInfo};
use entrepot_sdk::contract::intent::{CreateOrder, Wish};
use entrepot_sdk::contract::listing::{ListingNames, UnitNames};
use entrepot_sdk::contract::order::Guests;
use entrepot_sdk::prelude::*;

use crate::DouyinGroupBuy;
use crate::connection::{ConnectionSettings, PriceField};
use crate::names::Told;

/// Booking check. Without a day it is about the purchase, with one about the reservation, which costs nothing (rule 8).
pub(crate) fn check_booking(
    channel: &DouyinGroupBuy,
    settings: &ConnectionSettings,
    check: CanBuy,
) -> Result<Intent, Fault> {
    of_this_solution(check.biz_type)?;
    let visit = visit(check.book_start_day, check.book_end_day)?;
    let told = Told {
        product: check.product_id.as_ref(),
        sku: check.sku_id.as_ref(),
        product_out: check.product_out_id.as_ref(),
        sku_out: check.sku_out_id.as_ref(),
        ..Told::default()
    };
    let count = match check.count {
        Some(count) => copies("count", count)?,
        None => 1,
    };
    let wish = Wish { names: told.names(settings)?, count, ..Wish::default() };
    if visit.is_none() {
        let (origin_amount, pay_amount) = priced(settings, amounts(check.amount.as_ref())?);
        let guests = buyer_only(channel, check.buyer.as_ref())?;
        let guests_final = guests.buyer.is_some();
        return Ok(Intent::CheckBooking(Wish { origin_amount, pay_amount, guests, guests_final, ..wish }));
    }
    Ok(Intent::CheckBooking(Wish {
        visit,
        slot: slot(check.ticket_specification.as_ref())?,
        guests: guests(&channel.partner, check.buyer.as_ref(), &check.tourists)?,
        guests_final: !check.tourists.is_empty(),
        people: people(check.traveler_info.as_ref())?,
        ..wish
    }))
}

/// Create order: a reservation where it names a voucher order or is of that type.
pub(crate) fn create_order(
    channel: &DouyinGroupBuy,
    settings: &ConnectionSettings,
    create: Create,
) -> Result<Intent, Fault> {
    of_this_solution(create.biz_type)?;
    let told = Told {
        product: create.product_id.as_ref(),
        sku: Some(&create.sku_id),
        product_out: create.product_out_id.as_ref(),
        sku_out: create.sku_out_id.as_ref(),
        ..Told::default()
    };
    let names = told.names(settings)?;
    match (&create.source_order_id, create.order_type) {
        (Some(source), _) => reservation(channel, names, &create, source),
        (None, Some(OrderType::Booking)) => need("source_order_id", None),
        (None, _) => purchase(channel, settings, names, &create),
    }
}

/// Rule 20, `documented`: of a guest who buys, the phone is all there is, and all that is kept.
fn purchase(
    channel: &DouyinGroupBuy,
    settings: &ConnectionSettings,
    names: ListingNames,
    create: &Create,
) -> Result<Intent, Fault> {
    let ordered_at = ordered_at(create)?;
    let (origin_amount, pay_amount) = priced(settings, amounts(Some(&create.amount))?);
    let wish = Wish {
        names,
        count: copies("count", create.count)?,
        origin_amount,
        pay_amount,
        guests: buyer_only(channel, create.buyer.as_ref())?,
        guests_final: true,
        ..Wish::default()
    };
    let paid_at = match settings.order_mode {
        OrderMode::AfterPayment => Some(ordered_at),
        OrderMode::BeforePayment => None,
    };
    let unit_names = items(&create.item_order_infos)?;
    let order = order_id("order_id", &create.order_id)?;
    Ok(Intent::CreateOrder(CreateOrder { paid_at, unit_names, ..CreateOrder::new(order, wish, ordered_at) }))
}

/// It costs nothing, whatever its amounts say (rule 8, `documented`), and is paid by its voucher as it is made.
fn reservation(channel: &DouyinGroupBuy, names: ListingNames, create: &Create, source: &Id) -> Result<Intent, Fault> {
    let ordered_at = ordered_at(create)?;
    let wish = Wish {
        names,
        count: copies("count", create.count)?,
        visit: visit(create.book_start_day, create.book_end_day)?,
        slot: slot(create.ticket_specification.as_ref())?,
        guests: guests(&channel.partner, create.buyer.as_ref(), &create.tourists)?,
        guests_final: true,
        people: people(create.traveler_info.as_ref())?,
        ..Wish::default()
    };
    let order = order_id("order_id", &create.order_id)?;
    Ok(Intent::CreateOrder(CreateOrder {
        source_order: Some(order_id("source_order_id", source)?),
        paid_at: Some(ordered_at),
        unit_names: items(&create.item_order_infos)?,
        ..CreateOrder::new(order, wish, ordered_at)
    }))
}

/// How many come, where the call says so.
fn people(info: Option<&TravelerInfo>) -> Result<Option<u32>, Fault> {
    let total = info.and_then(|info| info.total_num).filter(|Int(total)| *total != 0);
    total.map(|total| copies("traveler_info.total_num", total)).transpose()
}

/// B3, `documented`: required, in seconds.
fn ordered_at(create: &Create) -> Result<Timestamp, Fault> {
    instant_s("create_order_time_unix", need("create_order_time_unix", create.create_seconds)?)
}

/// One for each copy (B3, `documented`); a list with gaps names nothing.
fn items(items: &[ItemOrder]) -> Result<Vec<UnitNames>, Fault> {
    let named = |item: &ItemOrder| {
        let id = text_id("item_order_infos.item_order_id", item.item_order_id.as_ref())?;
        Ok(id.map(|id| UnitNames { item: Some(id), ..UnitNames::default() }))
    };
    let named: Result<Option<Vec<UnitNames>>, Fault> = items.iter().map(named).collect();
    Ok(named?.unwrap_or_default())
}

/// The amount that is held against our price stands first (rule 11; a setting).
fn priced(
    settings: &ConnectionSettings,
    (origin, pay): (Option<Money>, Option<Money>),
) -> (Option<Money>, Option<Money>) {
    match settings.price_field {
        PriceField::OriginAmount => (origin, pay),
        PriceField::PayAmount => (pay, pay),
    }
}

/// The buyer with his phone alone.
pub(crate) fn buyer_only(channel: &DouyinGroupBuy, buyer: Option<&Person>) -> Result<Guests, Fault> {
    let phone = buyer.and_then(|person| person.phone.clone());
    let buyer = phone.map(|phone| Person { phone: Some(phone), ..Person::default() });
    guests(&channel.partner, buyer.as_ref(), &[])
}

/// Calls of other solutions reach the same URLs (common §11); calendar tickets are another plugin's. B2, `documented`.
fn of_this_solution(biz_type: Option<BizType>) -> Result<(), Fault> {
    match biz_type {
        None | Some(BizType::Group | BizType::GroupBooking) => Ok(()),
        Some(other) => Err(Fault::invalid(format!("biz_type {} belongs to another solution", other.code()))),
    }
}

//! The order query (common §14, fulfilment §13.1).

use super::fields::{Answer, Refusal};
use super::request::Request;
use crate::cipher::mask;
use crate::orders::{Order, Unit, UnitState, part_of};
use serde_json::{Map, Value, json};
use std::ops::RangeInclusive;

/// Largest page (ours).
const PAGE_MAX: usize = 100;
/// "Use the cursor" (common §14).
const USE_CURSOR: i64 = 4_000_002;
/// The parameters of the page, all of them.
const PARAMETERS: [&str; 13] = [
    "account_id",
    "page_num",
    "page_size",
    "cursor",
    "order_id",
    "ext_order_id",
    "order_status",
    "open_id",
    "create_order_start_time",
    "create_order_end_time",
    "update_order_start_time",
    "update_order_end_time",
    "get_secret_number",
];

/// What is asked for.
struct Ask<'a> {
    account_id: &'a str,
    order_id: Option<&'a str>,
    ext_order_id: Option<&'a str>,
    open_id: Option<&'a str>,
    status: Option<i64>,
    created_s: Option<RangeInclusive<i64>>,
    updated_s: Option<RangeInclusive<i64>>,
    page_num: usize,
    page_size: usize,
    /// The row before the first one: creation in milliseconds and order id.
    after: Option<(i64, String)>,
}

impl<'a> Ask<'a> {
    fn read(request: &Request<'a>) -> Result<Ask<'a>, Refusal> {
        let account_id = request.account()?;
        let ask = Ask {
            account_id,
            order_id: request.parameter("order_id"),
            ext_order_id: request.parameter("ext_order_id"),
            open_id: request.parameter("open_id"),
            status: request.number("order_status")?,
            created_s: window(request, "create_order_start_time", "create_order_end_time")?,
            updated_s: window(request, "update_order_start_time", "update_order_end_time")?,
            page_num: request.number_in("page_num", 1, usize::MAX)?,
            page_size: request.number_in("page_size", 1, PAGE_MAX)?,
            after: cursor(request)?,
        };
        let by_order = ask.order_id.or(ask.ext_order_id).is_some();
        let by_status = ask.status.is_some() && (ask.created_s.is_some() || ask.updated_s.is_some());
        if request.shared.options.order_query_strict && !by_order && !by_status && ask.open_id.is_none() {
            return Err(Refusal::parameter("ask by order, by status and time window, or by user"));
        }
        let reached = ask.page_num.saturating_mul(ask.page_size);
        if ask.after.is_none() && reached > request.shared.options.order_paging_max.max(ask.page_size) {
            return Err(Refusal::new(USE_CURSOR, "use cursor"));
        }
        Ok(ask)
    }

    fn wants(&self, order: &Order, request: &Request<'_>) -> bool {
        let within = |window: &Option<RangeInclusive<i64>>, at_ms: i64| {
            window.as_ref().is_none_or(|window| window.contains(&(at_ms / 1000)))
        };
        order.account_id() == self.account_id
            && self.order_id.is_none_or(|id| id == order.order_id)
            && self.ext_order_id.is_none_or(|id| order.order_out_id.as_deref() == Some(id))
            && self.open_id.is_none_or(|id| id == order.purchase.open_id)
            && self.status.is_none_or(|status| status == request.shared.options.order_status_of(order.state))
            && within(&self.created_s, order.created_ms())
            && within(&self.updated_s, order.updated_ms)
    }
}

/// A window of seconds; a side left out is open.
fn window(request: &Request<'_>, from: &str, to: &str) -> Result<Option<RangeInclusive<i64>>, Refusal> {
    let (first, last) = (request.number(from)?, request.number(to)?);
    if first.is_none() && last.is_none() {
        return Ok(None);
    }
    let window = first.unwrap_or(i64::MIN)..=last.unwrap_or(i64::MAX);
    if window.is_empty() {
        return Err(Refusal::parameter(format!("{to} lies before {from}")));
    }
    Ok(Some(window))
}

/// `cursor`: the two values of the `search_after` before.
fn cursor(request: &Request<'_>) -> Result<Option<(i64, String)>, Refusal> {
    let wrong = || Refusal::parameter("cursor is no CursorValue of an earlier answer");
    match &request.list("cursor")[..] {
        [] => Ok(None),
        [at_ms, order_id] => Ok(Some((at_ms.parse().map_err(|_| wrong())?, order_id.clone()))),
        _ => Err(wrong()),
    }
}

/// `GET /goodlife/v1/trade/order/query/`. Oldest first (the order is ours); a cursor makes `page_num` void.
pub(crate) fn query(request: &Request<'_>) -> Answer {
    request.known_parameters("common §14", &PARAMETERS);
    let ask = Ask::read(request)?;
    let world = request.shared.world();
    let mut found: Vec<&Order> = world.orders.values().filter(|order| ask.wants(order, request)).collect();
    let place = |order: &Order| (order.created_ms(), order.order_id.clone());
    found.sort_by_key(|order| place(order));
    let skipped = match &ask.after {
        Some(after) => found.iter().take_while(|order| place(order) <= *after).count(),
        None => (ask.page_num - 1).saturating_mul(ask.page_size),
    };
    let shown: Vec<&Order> = found.iter().skip(skipped).take(ask.page_size).copied().collect();
    let cursor: Vec<String> =
        shown.last().map(|order| vec![order.created_ms().to_string(), order.order_id.clone()]).unwrap_or_default();
    let page = json!({"page_num": ask.page_num, "page_size": ask.page_size, "total": request.long(whole(found.len()))});
    let shop = |order: &Order| world.shops.name_of(&order.purchase.poi_id).unwrap_or_default().to_owned();
    let orders: Vec<Value> = shown.into_iter().map(|order| describe(request, order, &shop(order))).collect();
    let mut payload = Map::new();
    payload.insert("orders".into(), orders.into());
    payload.insert("page".into(), page);
    payload.insert("search_after".into(), json!({"CursorValue": cursor, "Size": ask.page_size}));
    Ok(payload)
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn describe(request: &Request<'_>, order: &Order, shop: &str) -> Value {
    let purchase = &order.purchase;
    let seal = |plain: &str| request.shared.seal(plain);
    let discount_fen = purchase.merchant_discount_fen + purchase.platform_discount_fen;
    // A voucher order is 1, a reservation 2 as in create order (groupbuy B3); the query's own numbers are on no page.
    let order_type = if purchase.solution.family().is_some() { 1 } else { 2 };
    let certificates: Vec<Value> = order.units.iter().map(|unit| certificate(request, unit)).collect();
    let sub_orders: Vec<Value> = (0..order.units.len()).map(|place| sub_order(request, order, place)).collect();
    let poi = json!({"poi_id": purchase.poi_id, "poi_name": shop});
    let mut shown = json!({
        "order_id": order.order_id,
        "order_status": request.shared.options.order_status_of(order.state),
        "order_type": order_type,
        "open_id": purchase.open_id,
        "poi_id": purchase.poi_id,
        "poi": poi,
        "intention_poi_id": purchase.poi_id,
        "sku_id": purchase.sku_id,
        "sku_name": purchase.sku_name,
        "third_sku_id": purchase.sku_out_id,
        "count": purchase.count,
        "original_amount": purchase.origin_amount_fen(),
        "pay_amount": purchase.pay_amount_fen(),
        "discount_amount": request.long(discount_fen),
        "receipt_amount": request.long(purchase.origin_amount_fen() - purchase.merchant_discount_fen),
        "payment_discount": 0,
        "create_order_time": request.time(order.created_ms()),
        "pay_time": request.time(order.paid_ms.unwrap_or(0)),
        "update_order_time": request.time(order.updated_ms),
        "contacts": [{
            "name": seal(&purchase.buyer.name),
            "phone": mask(&purchase.buyer.phone),
            "phone_encrypt": seal(&purchase.buyer.phone),
        }],
        "merchant_info": {
            "account_id": purchase.account_id,
            "account_name": format!("Merchant {}", purchase.account_id),
        },
        "amount_info": {
            "origin_amount": request.long(purchase.origin_amount_fen()),
            "product_origin_amount": request.long(purchase.origin_amount_fen()),
            "pay_amount": request.long(purchase.pay_amount_fen()),
            "pay_discount_amount": request.long(0),
            "merchant_discount_amount": request.long(purchase.merchant_discount_fen),
            "platform_discount_amount": request.long(purchase.platform_discount_fen),
        },
        "discounts": discounts(request, purchase.merchant_discount_fen, purchase.platform_discount_fen),
        "products": [{
            "product_id": purchase.product_id,
            "product_name": format!("Product {}", purchase.product_id),
            "sku_id": purchase.sku_id,
            "num": purchase.count,
            "origin_amount": request.long(purchase.origin_amount_fen()),
        }],
        "sub_order_amount_infos": sub_orders,
        "certificate": certificates,
        "delivery_info": null,
    });
    if let Some(source_order_id) = purchase.solution.source_order_id() {
        shown["source_order_id"] = source_order_id.into();
    }
    shown
}

fn certificate(request: &Request<'_>, unit: &Unit) -> Value {
    let refund = unit.refund.filter(|_| unit.state() == UnitState::Refunded);
    json!({
        "certificate_id": unit.certificate_id,
        "order_item_id": unit.item_order_id,
        "item_status": request.shared.options.item_status_of(unit.state()),
        "item_update_time": request.time(unit.updated_ms),
        "refund_amount": refund.map_or(0, |refund| refund.amount_fen),
        "refund_time": request.time(refund.map_or(0, |refund| refund.at_ms)),
        "combination_id": "",
    })
}

fn sub_order(request: &Request<'_>, order: &Order, place: usize) -> Value {
    let purchase = &order.purchase;
    let part = |sum_fen: i64| part_of(sum_fen, place, order.units.len());
    let (merchant, platform) = (part(purchase.merchant_discount_fen), part(purchase.platform_discount_fen));
    json!({
        "sub_order_id": order.units[place].item_order_id,
        "sub_order_type": 1,
        "origin_amount": request.long(part(purchase.origin_amount_fen())),
        "pay_amount": request.long(part(purchase.pay_amount_fen())),
        "discount_amount": request.long(merchant + platform),
        "receipt_amount": request.long(part(purchase.origin_amount_fen()) - merchant),
        "combination_id": "",
        "discounts": discounts(request, merchant, platform),
    })
}

/// The discounts of an order or of a copy; none when there is none.
fn discounts(request: &Request<'_>, merchant_fen: i64, platform_fen: i64) -> Value {
    if merchant_fen + platform_fen == 0 {
        return json!([]);
    }
    json!([{
        "discount_type": "1",
        "discount_amount": request.long(merchant_fen + platform_fen),
        "merchant_discount_amount": request.long(merchant_fen),
        "platform_discount_amount": request.long(platform_fen),
        "brand_discount_amount": request.long(0),
        "provider_discount_amount": request.long(0),
    }])
}

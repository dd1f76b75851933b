//! The request bodies of the SPIs, with every documented field (`spec/douyin-scenic-calendar.md` §§1.5 to 16).

use crate::groupbuy;
use crate::orders::{Order, Refund, Unit};
use crate::purchase::{Person, Purchase};
use serde_json::{Map, Value, json};

/// Seals one guest field, or leaves it plain.
pub(crate) type Seal<'a> = &'a dyn Fn(&str) -> String;

fn person(person: &Person, seal: Seal<'_>) -> Value {
    let mut value = json!({
        "name": seal(&person.name),
        "phone": seal(&person.phone),
        "license_type": person.license_type,
    });
    if !person.license_id.is_empty() {
        value["license_id"] = seal(&person.license_id).into();
    }
    value
}

fn amount(purchase: &Purchase) -> Value {
    json!({
        "origin_amount": purchase.origin_amount_fen(),
        "pay_amount": purchase.pay_amount_fen(),
        "merchant_discount_amount": purchase.merchant_discount_fen,
        "currency": "CNY",
    })
}

fn ticket_rule(purchase: &Purchase) -> Value {
    json!({"url_type": 1, "code_sending_info": purchase.code_sending_info, "code_type": 2})
}

/// What the booking check and the order creation have in common.
fn booking(purchase: &Purchase, seal: Seal<'_>) -> Value {
    let tourists: Vec<Value> = purchase.tourists.iter().map(|one| person(one, seal)).collect();
    let people = u64::from(purchase.count) * u64::from(purchase.people_per_copy);
    let mut body = json!({
        "account_id": purchase.account_id,
        "poi_id": purchase.poi_id,
        "product_id": purchase.product_id,
        "product_out_id": purchase.product_out_id,
        "sku_id": purchase.sku_id,
        "sku_out_id": purchase.sku_out_id,
        "count": purchase.count,
        "biz_type": 2,
        "book_start_day": purchase.day,
        "book_end_day": purchase.day,
        "amount": amount(purchase),
        "buyer": person(&purchase.buyer, seal),
        "tourists": tourists,
        "traveler_info": {
            "total_num": people,
            "diff_target_crowd": false,
            "crowd_list": [{"crowd_type": 2, "traveler_num": people}],
        },
        "ticket_rule": ticket_rule(purchase),
        "refund_rule": purchase.refund_rule,
    });
    if let Some(session) = &purchase.session_name {
        body["ticket_specification"] = json!({"ticket_session": {"ticket_session_name": session}});
    }
    if purchase.solution.is_group_buy() {
        groupbuy::bodies::booking(&mut body, purchase, seal);
    }
    body
}

pub(crate) fn lay_over(mut body: Value, overrides: &Map<String, Value>) -> Value {
    if let Some(fields) = body.as_object_mut() {
        for (name, value) in overrides {
            if value.is_null() {
                fields.remove(name);
            } else {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
    body
}

/// Booking check, §2. It carries no order id.
pub(crate) fn check_booking(purchase: &Purchase, seal: Seal<'_>) -> Value {
    lay_over(booking(purchase, seal), &purchase.overrides)
}

/// Create order, §3.
pub(crate) fn create_order(order_id: &str, units: &[Unit], purchase: &Purchase, now_ms: i64, seal: Seal<'_>) -> Value {
    let answers: Vec<Value> =
        purchase.answers.iter().map(|(question, answer)| json!({"question": question, "answers": [answer]})).collect();
    let items: Vec<Value> = units.iter().map(|unit| json!({"item_order_id": unit.item_order_id})).collect();
    let mut body = booking(purchase, seal);
    body["order_id"] = order_id.into();
    groupbuy::bodies::order_type(&mut body, &purchase.solution);
    body["item_order_infos"] = items.into();
    body["create_order_time_unix"] = (now_ms / 1000).into();
    body["remark"] = purchase.remark.clone().into();
    body["remark_info"] = json!({"question_and_answer_list": answers});
    body["custom_spi_req_extra"] = purchase.custom_extra.clone().into();
    lay_over(body, &purchase.overrides)
}

/// `{order_id, order_out_id}`; ours is left out while unknown.
fn ids(order: &Order) -> Value {
    let mut body = json!({"order_id": order.order_id});
    if let Some(out_id) = &order.order_out_id {
        body["order_out_id"] = out_id.clone().into();
    }
    body
}

/// Payment notice, §4.
pub(crate) fn pay_order(order: &Order, now_ms: i64) -> Value {
    let mut body = ids(order);
    body["pay_time_unix"] = (order.paid_ms.unwrap_or(now_ms) / 1000).into();
    body
}

/// Cancel notice, §6.
pub(crate) fn cancel_order(order: &Order, cancel_type: i64, now_ms: i64) -> Value {
    let mut body = ids(order);
    body["cancel_type"] = cancel_type.into();
    body["cancel_order_time_unix"] = (now_ms / 1000).into();
    body
}

/// The vouchers of some copies, by project id alone.
fn named_vouchers(order: &Order, places: &[usize]) -> Value {
    let vouchers = places.iter().filter_map(|place| order.units.get(*place)?.voucher.as_ref());
    let named = vouchers.map(|voucher| {
        let entrance = voucher.items.iter().find(|item| item.is_entrance);
        let projects: Vec<Value> = voucher
            .items
            .iter()
            .filter(|item| !item.is_entrance)
            .map(|item| json!({"project_id": item.project_id}))
            .collect();
        let mut value = json!({"projects": projects});
        if let Some(item) = entrance {
            value["entrance"] = json!({"project_id": item.project_id});
        }
        value
    });
    named.collect::<Vec<Value>>().into()
}

/// Whether the copies are only a part and have vouchers to name.
fn is_named_part(order: &Order, places: &[usize]) -> bool {
    places.len() < order.units.len() && order.units.iter().any(|unit| unit.voucher.is_some())
}

/// Refund review, §7. The vouchers are named only for a part, and not when issuing failed.
pub(crate) fn apply_refund(order: &Order, refund: &Refund) -> Value {
    let mut body = ids(order);
    body["biz_uniq_key"] = refund.key.clone().into();
    body["apply_refund_time_unix"] = (refund.asked_ms / 1000).into();
    body["apply_source"] = refund.source.into();
    body["refund_fee_amount"] = refund.fee_fen.into();
    body["after_sale_type"] = refund.after_sale_type.into();
    if is_named_part(order, &refund.units) {
        body["vouchers"] = named_vouchers(order, &refund.units);
    }
    body
}

/// Refund result notice, §9.
pub(crate) fn notify_refund(order: &Order, refund: &Refund, scene: i64, now_ms: i64) -> Value {
    let mut body = ids(order);
    body["biz_uniq_key"] = refund.key.clone().into();
    body["refund_amount"] = refund.amount_fen.unwrap_or(0).into();
    body["refund_time_unix"] = (now_ms / 1000).into();
    body["refund_scene"] = scene.into();
    body["refund_count"] = refund.units.len().into();
    if is_named_part(order, &refund.units) {
        body["vouchers"] = named_vouchers(order, &refund.units);
    }
    body
}

/// Order status query, §10; our id travels under both spellings (§1.4).
pub(crate) fn query_order(order: &Order) -> Value {
    let mut body = ids(order);
    if let Some(out_id) = &order.order_out_id {
        body["out_order_id"] = out_id.clone().into();
    }
    body
}

/// Issue voucher, §11. `count` is the people per copy and `copies` the copies.
pub(crate) fn issue_certificate(order: &Order, now_ms: i64, seal: Seal<'_>) -> Value {
    let purchase = &order.purchase;
    let (start_s, expire_s) = purchase.valid_s().unwrap_or((now_ms / 1000, now_ms / 1000));
    let tourists: Vec<Value> = purchase
        .tourists
        .iter()
        .map(|one| {
            json!({
                "name": seal(&one.name),
                "phone": seal(&one.phone),
                "id_card": if one.license_id.is_empty() { String::new() } else { seal(&one.license_id) },
                "credential_type": one.license_type,
            })
        })
        .collect();
    json!({
        "order_id": order.order_id,
        "count": purchase.people_per_copy,
        "copies": purchase.count,
        "start_time": start_s,
        "expire_time": expire_s,
        "sku": {
            "sku_name": purchase.sku_name,
            "sku_id": purchase.sku_id,
            "third_sku_id": purchase.sku_out_id,
        },
        "sku_id": purchase.sku_id,
        "third_sku_id": purchase.sku_out_id,
        "ticket_rule": ticket_rule(purchase),
        "tourists": tourists,
        "amount": issue_amount(purchase),
    })
}

fn issue_amount(purchase: &Purchase) -> Value {
    json!({
        "original_amount": purchase.origin_amount_fen(),
        "pay_amount": purchase.pay_amount_fen(),
        "ticket_amount": purchase.platform_discount_fen,
        "merchant_ticket_amount": purchase.merchant_discount_fen,
        "merchant_ticket_amount_details": [
            {"funder_type": 1, "amount": purchase.merchant_discount_fen},
        ],
        "fee_amount": 0,
        "commission_amount": 0,
        "payment_discount_amount": 0,
        "coupon_pay_amount": purchase.pay_amount_fen(),
    })
}

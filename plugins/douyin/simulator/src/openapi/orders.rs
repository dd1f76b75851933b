//! Confirm order, refund review callback and order query (scenic §§5 and 8, common §14).

use super::Request;
use super::fields::{Answer, Refusal};
use crate::orders::{Order, OrderState, UnitState};
use crate::outcomes::{self, Decision};
use serde_json::{Map, Value, json};

/// Sub codes of ours, behind 3000001: the pages list none for these calls.
pub(crate) mod sub_code {
    /// The order is not in a state for this call.
    pub(crate) const WRONG_STATE: i64 = 1;
    /// The decision differs from the one taken before.
    pub(crate) const DECIDED: i64 = 2;
    /// Too late.
    pub(crate) const TOO_LATE: i64 = 3;
}

/// Largest page of the order query (ours).
const PAGE_MAX: usize = 100;

/// The id in the body of a known order, whose merchant authorised the application.
pub(crate) fn known_order<'a>(request: &Request<'a>) -> Result<&'a str, Refusal> {
    let order_id = request.fields().text("order_id")?;
    let account_id = request.shared.world().orders.get(order_id).map(|order| order.account_id().to_owned());
    let unknown = || Refusal::parameter(format!("order_id {order_id} does not exist"));
    request.authorised(&account_id.ok_or_else(unknown)?)?;
    Ok(order_id)
}

/// `POST /goodlife/v1/trip/order/confirm/`, scenic §5. Repeating a decision is fine, changing it is not.
pub(crate) fn confirm(request: &Request<'_>) -> Answer {
    let order_id = known_order(request)?;
    let result = request.fields().int("confirm_result")?;
    if !(1..=2).contains(&result) {
        return Err(Refusal::parameter("confirm_result must be 1 or 2"));
    }
    let mut world = request.shared.world();
    let Some(order) = world.orders.get_mut(order_id) else {
        return Err(Refusal::parameter("order_id does not exist"));
    };
    match (order.state, result) {
        (OrderState::Paid, 1) => outcomes::accept(order, request.now_ms),
        (OrderState::Paid, _) => outcomes::refuse(order, request.now_ms),
        (OrderState::Created, _) => return Err(Refusal::new(2_119_007, "the order is unpaid")),
        (OrderState::Refused, 2) => {}
        (_, 1) if order.accepted_ms.is_some() => {}
        _ => {
            return Err(Refusal::business(sub_code::DECIDED, "the order was decided already"));
        }
    }
    Ok(Map::new())
}

/// `POST /goodlife/v1/trip/refund/audit/`, scenic §8.
pub(crate) fn refund_audit(request: &Request<'_>) -> Answer {
    let order_id = known_order(request)?;
    let fields = request.fields();
    let key = fields.text("biz_uniq_key")?;
    let result = fields.int("audit_result")?;
    let fee_fen = fields.long_opt("refund_fee_amount")?;
    let vouchers = request.body.get("vouchers").unwrap_or(&Value::Null);
    if !(1..=2).contains(&result) {
        return Err(Refusal::parameter("audit_result must be 1 or 2"));
    }
    if result == 1 && fee_fen.is_none() {
        return Err(Refusal::parameter("refund_fee_amount is missing"));
    }
    let mut world = request.shared.world();
    let Some(order) = world.orders.get_mut(order_id) else {
        return Err(Refusal::parameter("order_id does not exist"));
    };
    let Some(refund) = order.refund(key) else {
        return Err(Refusal::parameter(format!("biz_uniq_key {key} does not exist")));
    };
    if !refund.is_open() {
        use crate::orders::RefundState::{Agreed, Done, Refused};
        let same = matches!((refund.state, result), (Agreed | Done, 1) | (Refused, 2));
        return if same {
            Ok(Map::new())
        } else {
            Err(Refusal::business(sub_code::DECIDED, "the refund was decided already"))
        };
    }
    let decision = Decision { result: Some(result), fee_fen, vouchers };
    let broken = outcomes::decide(order, key, &decision, request.now_ms);
    for rule in broken {
        world.violation(request.now_ms, Some(order_id), rule);
    }
    Ok(Map::new())
}

/// `GET /goodlife/v1/trade/order/query/`, common §14.
pub(crate) fn query(request: &Request<'_>) -> Answer {
    let account_id = request.parameter("account_id").ok_or_else(|| Refusal::parameter("account_id is missing"))?;
    request.authorised(account_id)?;
    let number = |name: &str| -> Result<Option<i64>, Refusal> {
        let wrong = |_| Refusal::parameter(format!("{name} must be an integer"));
        request.parameter(name).map(str::parse).transpose().map_err(wrong)
    };
    let page_num = number("page_num")?.ok_or_else(|| Refusal::parameter("page_num is missing"))?;
    let page_size = number("page_size")?.ok_or_else(|| Refusal::parameter("page_size is missing"))?;
    let (Ok(page), Ok(size)) = (usize::try_from(page_num - 1), usize::try_from(page_size)) else {
        return Err(Refusal::parameter("page_num and page_size must be positive"));
    };
    if !(1..=PAGE_MAX).contains(&size) {
        return Err(Refusal::parameter("page_size must be 1 to 100"));
    }
    let status = number("order_status")?;
    let from_s = number("create_order_start_time")?.unwrap_or(i64::MIN);
    let to_s = number("create_order_end_time")?.unwrap_or(i64::MAX);
    let world = request.shared.world();
    let wanted = |order: &&Order| {
        let created_s = created_s(order);
        order.account_id() == account_id
            && request.parameter("order_id").is_none_or(|id| id == order.order_id)
            && request.parameter("ext_order_id").is_none_or(|id| order.order_out_id.as_deref() == Some(id))
            && status.is_none_or(|status| status == order_status(order.state))
            && (from_s..=to_s).contains(&created_s)
    };
    let found: Vec<&Order> = world.orders.values().filter(wanted).collect();
    let shown: Vec<Value> =
        found.iter().skip(page.saturating_mul(size)).take(size).map(|order| describe(order)).collect();
    let mut payload = Map::new();
    payload.insert("orders".into(), shown.into());
    payload.insert("page".into(), json!({"page_num": page_num, "page_size": page_size, "total": found.len()}));
    payload.insert("search_after".into(), json!({"CursorValue": [], "Size": size}));
    Ok(payload)
}

fn created_s(order: &Order) -> i64 {
    order.history.first().map_or(0, |(at_ms, _)| at_ms / 1000)
}

/// Numbers of ours: the real values were not seen (common §14).
fn order_status(state: OrderState) -> i64 {
    match state {
        OrderState::Created => 1,
        OrderState::Paid => 2,
        OrderState::Accepted => 3,
        OrderState::Issuing => 4,
        OrderState::Issued => 5,
        OrderState::PartUsed => 6,
        OrderState::Used => 7,
        OrderState::Refunded => 8,
        OrderState::Cancelled => 9,
        OrderState::Refused => 10,
    }
}

/// Numbers of ours, likewise.
fn item_status(state: UnitState) -> i64 {
    match state {
        UnitState::Unissued => 1,
        UnitState::Unused => 2,
        UnitState::PartUsed => 3,
        UnitState::Used => 4,
        UnitState::Refunded => 5,
    }
}

fn describe(order: &Order) -> Value {
    let purchase = &order.purchase;
    let certificates: Vec<Value> = order
        .units
        .iter()
        .map(|unit| {
            json!({
                "certificate_id": unit.certificate_id,
                "order_item_id": unit.item_order_id,
                "item_status": item_status(unit.state()),
                "refund_amount": if unit.refunded { purchase.pay_share_fen(1) } else { 0 },
            })
        })
        .collect();
    let updated_s = order.history.last().map_or(0, |(at_ms, _)| at_ms / 1000);
    json!({
        "order_id": order.order_id,
        "ext_order_id": order.order_out_id,
        "order_status": order_status(order.state),
        "order_type": 2,
        "poi_id": purchase.poi_id,
        "sku_id": purchase.sku_id,
        "sku_name": purchase.sku_name,
        "third_sku_id": purchase.sku_out_id,
        "count": purchase.count,
        "original_amount": purchase.origin_amount_fen(),
        "pay_amount": purchase.pay_amount_fen(),
        "discount_amount": purchase.merchant_discount_fen + purchase.platform_discount_fen,
        "create_order_time": created_s(order),
        "pay_time": order.paid_ms.map_or(0, |at_ms| at_ms / 1000),
        "update_order_time": updated_s,
        "certificate": certificates,
    })
}

//! Confirm order and refund review callback (scenic §§5 and 8).

use super::fields::{Answer, Refusal};
use super::request::Request;
use crate::orders::OrderState;
use crate::outcomes::{self, Decision};
use serde_json::{Map, Value};

/// Sub codes of ours, behind 3000001: the pages list none for these calls.
pub(crate) mod sub_code {
    /// The order is not in a state for this call.
    pub(crate) const WRONG_STATE: i64 = 1;
    /// The decision differs from the one taken before.
    pub(crate) const DECIDED: i64 = 2;
    /// Too late.
    pub(crate) const TOO_LATE: i64 = 3;
    /// A code comes twice.
    pub(crate) const DUPLICATE: i64 = 4;
}

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
    request.known_fields("scenic §5", &["order_id", "confirm_result"]);
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
    const FIELDS: [&str; 5] = ["order_id", "biz_uniq_key", "audit_result", "refund_fee_amount", "vouchers"];
    request.known_fields("scenic §8", &FIELDS);
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

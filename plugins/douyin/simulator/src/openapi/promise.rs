//! The issue callback of group-buy V2 (groupbuy B15.3).

use super::fields::{Answer, Refusal};
use super::orders::known_order;
use super::request::Request;
use super::vouchers::{certificates, last_moment, waiting};
use crate::groupbuy::{Family, promise};
use crate::outcomes;
use serde_json::Map;

/// The header without which the call is refused.
const ACCOUNT_HEADER: &str = "rpc-transit-life-account";
/// The name that its page has and that nobody would guess, as it must stand in the bytes.
const DOUBLE_C: &[u8] = b"\"ccertificate_type\":";

/// `POST /goodlife/v1/trip/scenic/groupon/certificate/callback/`. The merchant's header is required; each
/// `certificate_id` is a JSON integer; the code's type is spelt with two c.
pub(crate) fn callback(request: &Request<'_>) -> Answer {
    request.known_fields("groupbuy B15.3", &["order_id", "result", "certificate_info_list"]);
    let order_id = known_order(request)?;
    let result = request.fields().int("result")?;
    let violation = |rule: String| {
        request.shared.world().violation(request.now_ms, Some(order_id), rule.clone());
        Refusal::parameter(rule)
    };
    if request.header(ACCOUNT_HEADER).is_empty() {
        return Err(violation(format!("groupbuy B15.3: the header {ACCOUNT_HEADER} is missing")));
    }
    let mut world = request.shared.world();
    let Some(order) = world.orders.get_mut(order_id) else {
        return Err(Refusal::parameter("order_id does not exist"));
    };
    if order.purchase.solution.family() != Some(Family::F2) {
        drop(world);
        return Err(violation("groupbuy B15.3: this order is not of group-buy V2".into()));
    }
    let until_ms = last_moment(order, &request.shared.options.group_buy);
    let first = |(refusal, _)| refusal;
    match result {
        0 => return Ok(Map::new()),
        2 => {
            waiting(order, request.now_ms, until_ms).map_err(first)?;
            outcomes::issue_failed(order, request.now_ms);
            return Ok(Map::new());
        }
        1 => {}
        _ => return Err(Refusal::parameter("result must be 0, 1 or 2")),
    }
    let read = promise::read(order, request.body, &promise::CALLBACK);
    let vouchers = match read.and_then(|vouchers| outcomes::same_as_before(order, vouchers)) {
        Ok(vouchers) => vouchers,
        Err(broken) => {
            drop(world);
            return Err(violation(broken.join("; ")));
        }
    };
    if order.units.iter().any(|unit| unit.voucher.is_none()) {
        waiting(order, request.now_ms, until_ms).map_err(first)?;
        promise::deliver(order, vouchers, request.now_ms);
    }
    let rows = certificates(order);
    let has_codes = request.body.to_string().contains("certificate_no\"");
    let spelt = request.bytes.windows(DOUBLE_C.len()).any(|bytes| bytes == DOUBLE_C);
    if has_codes && !spelt {
        let rule = "groupbuy B15.3: the bytes do not hold \"ccertificate_type\":";
        world.violation(request.now_ms, Some(order_id), rule);
    }
    let mut payload = Map::new();
    payload.insert("certificate_info_list".into(), rows);
    Ok(payload)
}

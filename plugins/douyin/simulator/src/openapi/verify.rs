//! Redemption (scenic §13).

use super::Request;
use super::fields::{Answer, Fields, Refusal};
use super::orders::{known_order, sub_code};
use crate::orders::{Order, OrderState, RefundState, UnitState};
use crate::platform::Shared;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Already redeemed (common §5).
const ALREADY_REDEEMED: i64 = 1208;
/// Voucher not found (common §5).
const NOT_FOUND: i64 = 1212;

/// The answers by (order, verify_token), with the body that asked.
#[derive(Debug, Default)]
pub(crate) struct VerifyBook {
    answers: BTreeMap<(String, String), (Value, Map<String, Value>)>,
}

/// `POST /goodlife/v1/trip/certificate/verify/`. A verify_token seen before gives the same answer again; with another
/// body it is refused (inferred).
pub(crate) fn verify(request: &Request<'_>) -> Answer {
    let order_id = known_order(request)?;
    let fields = request.fields();
    let token = fields.text("verify_token")?;
    let verify_s = fields.long_opt("verify_time")?;
    fields.text_opt("poi_id")?;
    let asked = read_vouchers(fields.list_opt("vouchers")?)?;
    let place = (order_id.to_owned(), token.to_owned());
    // One lock from the look-up to the answer: of two equal calls at once, the second gets the first one's answer.
    let mut world = request.shared.world();
    if let Some((body, payload)) = world.verifies.answers.get(&place) {
        if body == request.body {
            return Ok(payload.clone());
        }
        let rule = "scenic §13: a verify_token was used again for another redemption";
        world.violation(request.now_ms, Some(order_id), rule);
        return Err(Refusal::parameter(rule));
    }
    let Some(order) = world.orders.get_mut(order_id) else {
        return Err(Refusal::parameter("order_id does not exist"));
    };
    allowed(order, verify_s, &asked)?;
    let results = if asked.is_empty() {
        whole(request.shared, order)
    } else {
        asked.iter().map(|part| redeem(request.shared, order, &part.project_ids)).collect()
    };
    order.settle_units(request.now_ms);
    let mut payload = Map::new();
    payload.insert("verify_results".into(), results.into());
    world.verifies.answers.insert(place, (request.body.clone(), payload.clone()));
    Ok(payload)
}

/// One element of `vouchers`.
struct Part {
    project_ids: Vec<String>,
    verify_s: Option<i64>,
}

fn read_vouchers(list: &[Value]) -> Result<Vec<Part>, Refusal> {
    let part = |voucher: &Value| {
        let fields = Fields::of(voucher);
        let mut project_ids = Vec::new();
        if let Some(entrance) = voucher.get("entrance").filter(|value| !value.is_null()) {
            project_ids.push(Fields::of(entrance).text("project_id")?.to_owned());
        }
        for project in fields.list_opt("projects")? {
            project_ids.push(Fields::of(project).text("project_id")?.to_owned());
        }
        if project_ids.is_empty() {
            return Err(Refusal::parameter("a voucher names neither entrance nor projects"));
        }
        Ok(Part { project_ids, verify_s: fields.long_opt("verify_time")? })
    };
    list.iter().map(part).collect()
}

/// Unpaid, unissued and finished orders cannot be redeemed, nor can orders under refund review; after a refused
/// refund every verify_time must lie before the refund request (scenic §§1.2 and 13).
fn allowed(order: &Order, verify_s: Option<i64>, asked: &[Part]) -> Result<(), Refusal> {
    match order.state {
        OrderState::Created => return Err(Refusal::new(2_119_007, "the order is unpaid")),
        OrderState::Issued | OrderState::PartUsed | OrderState::Used => {}
        state => {
            let text = format!("an order that is {state:?} cannot be redeemed");
            return Err(Refusal::business(sub_code::WRONG_STATE, text));
        }
    }
    if order.refunds.iter().any(|refund| refund.is_open() || refund.state == RefundState::Agreed) {
        return Err(Refusal::business(sub_code::WRONG_STATE, "a refund is under way"));
    }
    let refused = order.refunds.iter().filter(|refund| refund.state == RefundState::Refused);
    // A refund refused with repaired vouchers (301) came before there was anything to redeem.
    let refused = refused.filter(|refund| refund.source != crate::outcomes::SOURCE_ISSUE_FAILED);
    if let Some(asked_ms) = refused.map(|refund| refund.asked_ms).max() {
        let before = |time: Option<i64>| time.is_some_and(|time_s| time_s < asked_ms / 1000);
        let each = asked.iter().all(|part| before(part.verify_s.or(verify_s)));
        if !each || (asked.is_empty() && !before(verify_s)) {
            return Err(Refusal::parameter("verify_time must be earlier than the refused refund request"));
        }
    }
    Ok(())
}

fn whole(shared: &Shared, order: &mut Order) -> Vec<Value> {
    let open = order.units.iter().filter(|unit| unit.state() != UnitState::Refunded);
    let projects: Vec<Vec<String>> =
        open.filter_map(|unit| unit.voucher.as_ref().map(|voucher| voucher.project_ids())).collect();
    projects.iter().map(|project_ids| redeem(shared, order, project_ids)).collect()
}

/// Redeems some items of one copy; the result of one voucher.
fn redeem(shared: &Shared, order: &mut Order, project_ids: &[String]) -> Value {
    let result = |code: i64, msg: &str, verify_id: &str, certificate_id: &str| json!({"code": code, "msg": msg, "verify_id": verify_id, "certificate_id": certificate_id});
    let of_unit = |unit: &&mut crate::Unit| project_ids.iter().all(|id| unit.has_project(id));
    let Some(unit) = order.units.iter_mut().find(of_unit) else {
        return result(NOT_FOUND, "voucher not found", "", "");
    };
    let certificate_id = unit.certificate_id.clone();
    if unit.refunded {
        return result(NOT_FOUND, "the voucher was refunded", "", &certificate_id);
    }
    let items = unit.voucher.iter().flat_map(|voucher| &voucher.items);
    let fresh = items.filter(|item| project_ids.contains(&item.project_id) && !item.used).count();
    if fresh == 0 {
        let earlier = unit.verify_ids.last().cloned().unwrap_or_default();
        return result(ALREADY_REDEEMED, "already redeemed", &earlier, &certificate_id);
    }
    unit.use_projects(project_ids);
    let verify_id = shared.ids.verify();
    unit.verify_ids.push(verify_id.clone());
    result(0, "success", &verify_id, &certificate_id)
}

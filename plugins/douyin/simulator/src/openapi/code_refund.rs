//! The refund-audit callback by certificate (groupbuy B16.4, fulfilment §6).

use super::fields::{Answer, Fields, Refusal};
use super::orders::sub_code;
use super::request::Request;
use crate::groupbuy::generic;
use crate::orders::{Order, Refund};
use serde_json::{Map, Value};

/// `POST /goodlife/v1/fulfilment/refund/audit/`. `certificate[]` has priority over the outer fields; a refusal needs a
/// reason, and the code of a certificate that has none.
pub(crate) fn audit(request: &Request<'_>) -> Answer {
    const FIELDS: [&str; 7] = ["result", "reason", "after_sale_id", "certificate_id", "code", "voucher", "certificate"];
    request.known_fields("groupbuy B16.4", &FIELDS);
    let fields = request.fields();
    let result = fields.int("result")?;
    if !(1..=2).contains(&result) {
        return Err(Refusal::parameter("result must be 1 or 2"));
    }
    if result == 2 && fields.text_opt("reason")?.is_none() {
        return Err(Refusal::parameter("reason is missing"));
    }
    let after_sale_id = fields.text("after_sale_id")?;
    let named = certificates(&fields)?;
    let mut world = request.shared.world();
    let found = world.orders.values_mut().find(|order| order.refund(after_sale_id).is_some());
    let Some(order) = found else {
        return Err(Refusal::parameter(format!("after_sale_id {after_sale_id} does not exist")));
    };
    let places = places(order, &named)?;
    let order_id = order.order_id.clone();
    let given = given(request.body);
    let mut broken = Vec::new();
    for (key, units) in parts(order, after_sale_id, &places) {
        if !order.refund(&key).is_some_and(Refund::is_open) {
            repeated(order, &key, result)?;
            continue;
        }
        if let Some(key) = generic::part(order, &key, &units) {
            broken.extend(generic::decide(order, &key, Some(result), &given, request.now_ms));
        }
    }
    for rule in broken {
        world.violation(request.now_ms, Some(&order_id), rule);
    }
    Ok(Map::new())
}

/// The question and what was decided apart of it, each with the units that are meant; no unit named means the question.
fn parts(order: &Order, after_sale_id: &str, places: &[usize]) -> Vec<(String, Vec<usize>)> {
    let is_part =
        |key: &str| key.strip_prefix(after_sale_id).is_some_and(|rest| rest.is_empty() || rest.starts_with('#'));
    let meant = |refund: &Refund| -> Vec<usize> {
        let by_name = refund.units.iter().filter(|place| places.contains(place)).copied().collect();
        if places.is_empty() && refund.key == after_sale_id { refund.units.clone() } else { by_name }
    };
    let of_question = order.refunds.iter().filter(|refund| is_part(&refund.key));
    of_question.map(|refund| (refund.key.clone(), meant(refund))).filter(|(_, units)| !units.is_empty()).collect()
}

/// The certificates named, in the list or alone.
fn certificates(fields: &Fields<'_>) -> Result<Vec<String>, Refusal> {
    let rows = fields.list_opt("certificate")?;
    if rows.is_empty() {
        return Ok(fields.text_opt("certificate_id")?.map(str::to_owned).into_iter().collect());
    }
    rows.iter().map(|row| Ok(Fields::of(row).text("certificate_id")?.to_owned())).collect()
}

fn places(order: &Order, named: &[String]) -> Result<Vec<usize>, Refusal> {
    let place = |id: &String| order.units.iter().position(|unit| unit.certificate_id == *id);
    let unknown = |id: &String| Refusal::parameter(format!("certificate_id {id} is none of the order"));
    named.iter().map(|id| place(id).ok_or_else(|| unknown(id))).collect()
}

/// The codes given, with the lone certificate as a row.
fn given(body: &Value) -> Value {
    if body["certificate"].is_array() {
        return body.clone();
    }
    serde_json::json!({"certificate": [{"certificate_id": body["certificate_id"], "code": body["code"]}]})
}

/// A decision said again is fine, changing it is not.
fn repeated(order: &Order, key: &str, result: i64) -> Result<(), Refusal> {
    use crate::RefundState::{Agreed, Done, Refused};
    let state = order.refund(key).map(|refund| refund.state);
    match (state, result) {
        (Some(Agreed | Done), 1) | (Some(Refused), 2) => Ok(()),
        _ => Err(Refusal::business(sub_code::DECIDED, "the refund was decided already")),
    }
}

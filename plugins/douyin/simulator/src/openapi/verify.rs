//! Redemption of calendar tickets (scenic §13), and what both redemption calls have in common.

use super::fields::{Answer, Fields, Refusal};
use super::orders::{known_order, sub_code};
use super::request::Request;
use crate::groupbuy::redeeming;
use crate::orders::{Order, OrderState, UnitState};
use crate::redemptions::{Mark, RedemptionKind};
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

/// What one element of a redemption names.
pub(crate) enum Target {
    /// Items of one voucher.
    Projects(Vec<String>),
    /// A code that the guest shows.
    Code(String),
}

/// One element of a redemption.
pub(crate) struct Part {
    pub(crate) target: Target,
    pub(crate) verify_s: Option<i64>,
}

/// A redemption as read from a body.
pub(crate) struct Wish<'a> {
    pub(crate) order_id: &'a str,
    pub(crate) token: &'a str,
    pub(crate) poi_id: Option<&'a str>,
    pub(crate) verify_s: Option<i64>,
    /// Empty: the whole order.
    pub(crate) parts: Vec<Part>,
}

/// What came of one element.
pub(crate) struct Done {
    /// 0, or a voucher code of common §5.
    pub(crate) code: i64,
    pub(crate) text: &'static str,
    pub(crate) verify_id: String,
    pub(crate) certificate_id: String,
    /// The code that named the voucher, where one did.
    pub(crate) shown: String,
}

/// `POST /goodlife/v1/trip/certificate/verify/`.
pub(crate) fn verify(request: &Request<'_>) -> Answer {
    request.known_fields("scenic §13", &["order_id", "verify_token", "poi_id", "verify_time", "vouchers"]);
    let order_id = known_order(request)?;
    let fields = request.fields();
    let wish = Wish {
        order_id,
        token: fields.text("verify_token")?,
        poi_id: fields.text_opt("poi_id")?,
        verify_s: fields.long_opt("verify_time")?,
        parts: read_vouchers(fields.list_opt("vouchers")?)?,
    };
    perform(
        request,
        &wish,
        |_, done| json!({"code": done.code, "msg": done.text, "verify_id": done.verify_id, "certificate_id": done.certificate_id}),
    )
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
        Ok(Part { target: Target::Projects(project_ids), verify_s: fields.long_opt("verify_time")? })
    };
    list.iter().map(part).collect()
}

/// Redeems, or gives the answer of the first call with this verify_token again; a token with another body is refused
/// (inferred).
pub(crate) fn perform(request: &Request<'_>, wish: &Wish<'_>, show: impl Fn(&Order, &Done) -> Value) -> Answer {
    let place = (wish.order_id.to_owned(), wish.token.to_owned());
    // One lock from the look-up to the answer: of two equal calls at once, the second gets the first one's answer.
    let mut world = request.shared.world();
    if let Some((body, payload)) = world.verifies.answers.get(&place) {
        if body == request.body {
            return Ok(payload.clone());
        }
        let rule = "scenic §13: a verify_token was used again for another redemption";
        world.violation(request.now_ms, Some(wish.order_id), rule);
        return Err(Refusal::parameter(rule));
    }
    let why = world.orders.get(wish.order_id).and_then(|order| redeeming::forbidden(&world, order, request.now_ms));
    if let Some(why) = why {
        return Err(Refusal::business(sub_code::WRONG_STATE, why));
    }
    let Some(order) = world.orders.get_mut(wish.order_id) else {
        return Err(Refusal::parameter("order_id does not exist"));
    };
    allowed(order, wish)?;
    let whole = if wish.parts.is_empty() { every_voucher(order) } else { Vec::new() };
    let results: Vec<Done> = wish.parts.iter().chain(&whole).map(|part| redeem(request, order, wish, part)).collect();
    order.redeem_whole(&mark(request, wish, None), &|| request.shared.ids.verify());
    order.settle_units(request.now_ms);
    let results: Vec<Value> = results.iter().map(|done| show(order, done)).collect();
    world.complete_source(wish.order_id, request.now_ms);
    let mut payload = Map::new();
    payload.insert("verify_results".into(), results.into());
    world.verifies.answers.insert(place, (request.body.clone(), payload.clone()));
    Ok(payload)
}

/// Unpaid, unissued and finished orders cannot be redeemed, nor can orders under refund review; after a refused
/// refund every verify_time must lie before the refund request (scenic §§1.2 and 13).
fn allowed(order: &Order, wish: &Wish<'_>) -> Result<(), Refusal> {
    match order.state {
        OrderState::Created => return Err(Refusal::new(2_119_007, "the order is unpaid")),
        OrderState::Issued | OrderState::PartUsed | OrderState::Used => {}
        state => {
            let text = format!("an order that is {state:?} cannot be redeemed");
            return Err(Refusal::business(sub_code::WRONG_STATE, text));
        }
    }
    if order.has_refund_under_way() {
        return Err(Refusal::business(sub_code::WRONG_STATE, "a refund is under way"));
    }
    if let Some(asked_ms) = redeeming::dates_of_refusals(order).max() {
        let before = |time: Option<i64>| time.is_some_and(|time_s| time_s < asked_ms / 1000);
        let each = wish.parts.iter().all(|part| before(part.verify_s.or(wish.verify_s)));
        if !each || (wish.parts.is_empty() && !before(wish.verify_s)) {
            return Err(Refusal::parameter("verify_time must be earlier than the refused refund request"));
        }
    }
    Ok(())
}

fn every_voucher(order: &Order) -> Vec<Part> {
    let open = order.units.iter().filter(|unit| unit.state() != UnitState::Refunded);
    let part = |project_ids| Part { target: Target::Projects(project_ids), verify_s: None };
    open.filter_map(|unit| unit.voucher.as_ref().map(|voucher| part(voucher.project_ids()))).collect()
}

/// The copy that an element names, and the items of it.
fn find(order: &Order, target: &Target) -> Option<(usize, Vec<String>)> {
    order.units.iter().enumerate().find_map(|(place, unit)| match target {
        Target::Projects(ids) => ids.iter().all(|id| unit.has_project(id)).then(|| (place, ids.clone())),
        Target::Code(code) => {
            let ids = unit.voucher.as_ref()?.projects_of_code(code);
            (!ids.is_empty()).then_some((place, ids))
        }
    })
}

/// Redeems what one element names.
fn redeem(request: &Request<'_>, order: &mut Order, wish: &Wish<'_>, part: &Part) -> Done {
    let shown = match &part.target {
        Target::Code(code) => code.clone(),
        Target::Projects(_) => String::new(),
    };
    let done = |code, text, verify_id: &str, certificate_id: &str| Done {
        code,
        text,
        verify_id: verify_id.to_owned(),
        certificate_id: certificate_id.to_owned(),
        shown: shown.clone(),
    };
    let Some((place, project_ids)) = find(order, &part.target) else {
        return done(NOT_FOUND, "voucher not found", "", "");
    };
    let unit = &order.units[place];
    let certificate_id = unit.certificate_id.clone();
    if unit.refunded {
        return done(NOT_FOUND, "the voucher was refunded", "", &certificate_id);
    }
    let items = unit.voucher.iter().flat_map(|voucher| &voucher.items);
    let fresh = items.filter(|item| project_ids.contains(&item.project_id) && !item.used).count();
    if fresh == 0 {
        let earlier = unit.verify_ids.last().cloned().unwrap_or_default();
        return done(ALREADY_REDEEMED, "already redeemed", &earlier, &certificate_id);
    }
    let verify_id = request.shared.ids.verify();
    order.redeem(place, &project_ids, &mark(request, wish, part.verify_s), verify_id.clone());
    done(0, "success", &verify_id, &certificate_id)
}

/// A redemption by this call, dated as the element says, else the call, else now.
fn mark(request: &Request<'_>, wish: &Wish<'_>, verify_s: Option<i64>) -> Mark {
    Mark {
        kind: RedemptionKind::Call,
        verify_ms: verify_s.or(wish.verify_s).map_or(request.now_ms, |time_s| time_s.saturating_mul(1000)),
        now_ms: request.now_ms,
        poi_id: wish.poi_id.map(str::to_owned),
    }
}

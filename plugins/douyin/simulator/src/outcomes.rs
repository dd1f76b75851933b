//! How answers move an order: from SPI answers and from OpenAPI calls alike
//! (`spec/douyin-scenic-calendar.md` §§3 to 11).

use crate::groupbuy::{Event, Family, generic, promise};
use crate::options::OrderMode;
use crate::orders::{Order, OrderState, RefundState};
use crate::platform::World;
use crate::reply::SpiReply;
use crate::vouchers::{self, IssuedVoucher};
use serde_json::Value;

/// `apply_source` of a refund because issuing failed (scenic §7).
pub(crate) const SOURCE_ISSUE_FAILED: i64 = 301;

/// "We have no such order" of the status query (scenic §10).
const NO_SUCH_ORDER: i64 = 2;

/// Runs `change` on an order and stores the violations it names.
fn with_order(world: &mut World, order_id: &str, now_ms: i64, change: impl FnOnce(&mut Order) -> Vec<String>) {
    let broken = world.orders.get_mut(order_id).map(change).unwrap_or_default();
    for rule in broken {
        world.violation(now_ms, Some(order_id), rule);
    }
}

/// The answer of create order, §3, first call or repeat.
pub(crate) fn created(world: &mut World, order_id: &str, reply: &SpiReply, mode: OrderMode, now_ms: i64) {
    with_order(world, order_id, now_ms, |order| {
        let first = order.order_out_id.is_none();
        let undecided = matches!(order.state, OrderState::Created | OrderState::Paid);
        if reply.is_unanswered() {
            match mode {
                OrderMode::BeforePayment => order.assumed_created = first,
                OrderMode::AfterPayment if first && undecided => order.enter(OrderState::Refused, now_ms),
                OrderMode::AfterPayment => {}
            }
            return Vec::new();
        }
        if !reply.is_ok() && !first {
            return vec!["scenic §1.3: a repeated create was refused after it had succeeded".into()];
        }
        if !reply.is_ok() {
            order.refusal_code = reply.error_code();
            if undecided {
                order.enter(OrderState::Refused, now_ms);
            }
            return Vec::new();
        }
        order.assumed_created = false;
        let mut broken = Vec::new();
        match (reply.data()["order_out_id"].as_str().filter(|id| !id.is_empty()), &order.order_out_id) {
            (None, _) => broken.push("scenic §3: order_out_id is missing or not a string".to_owned()),
            (Some(new), Some(old)) if new != old => {
                broken.push(format!("scenic §1.3: a repeated create answered {new} instead of {old}"));
            }
            (Some(new), _) => order.order_out_id = Some(new.to_owned()),
        }
        if order.order_out_id.is_none() && undecided {
            order.enter(OrderState::Refused, now_ms);
        } else if mode == OrderMode::AfterPayment {
            broken.extend(confirm_info(order, &reply.data()["confirm_info"], "§3", now_ms));
        }
        broken
    });
}

/// The answer of the payment notice, §4.
pub(crate) fn paid(world: &mut World, order_id: &str, reply: &SpiReply, now_ms: i64) {
    with_order(world, order_id, now_ms, |order| match reply.error_code() {
        Some(0) => confirm_info(order, &reply.data()["confirm_info"], "§4", now_ms),
        code => no_business_code(code, "§4 payment notice"),
    });
}

/// Reads `confirm_info` (scenic §1.1). An asynchronous answer changes nothing: the confirm call may have come first.
fn confirm_info(order: &mut Order, info: &Value, section: &str, now_ms: i64) -> Vec<String> {
    let (mode, result) = (info["confirm_mode"].as_i64(), info["confirm_result"].as_i64());
    match (mode, result) {
        (Some(1), Some(1)) => accept(order, now_ms),
        (Some(1), Some(2)) => refuse(order, now_ms),
        (Some(2), _) => {}
        _ => {
            return vec![format!("scenic {section}: confirm_info does not say how the order is accepted")];
        }
    }
    Vec::new()
}

/// Acceptance; only a paid order can be accepted.
pub(crate) fn accept(order: &mut Order, now_ms: i64) {
    if order.state == OrderState::Paid {
        order.enter(OrderState::Accepted, now_ms);
    }
}

/// Refusal of acceptance; only a paid order can be refused.
pub(crate) fn refuse(order: &mut Order, now_ms: i64) {
    if order.state == OrderState::Paid {
        order.enter(OrderState::Refused, now_ms);
    }
}

/// Notices know only 0 and 100 (scenic §§4, 6, 9).
pub(crate) fn no_business_code(code: Option<i64>, what: &str) -> Vec<String> {
    match code {
        None | Some(0 | 100) => Vec::new(),
        Some(code) => vec![format!("scenic {what}: answered {code}, only 0 and 100 are allowed")],
    }
}

/// Records a wrong code of a notice.
pub(crate) fn noticed(world: &mut World, order_id: &str, reply: &SpiReply, what: &str, now_ms: i64) {
    with_order(world, order_id, now_ms, |_| no_business_code(reply.error_code(), what));
}

/// Vouchers that may be stored, or the rules they break. Delivered again they must name the same projects.
pub(crate) fn read_vouchers(order: &Order, vouchers: &Value) -> Result<Vec<IssuedVoucher>, Vec<String>> {
    let issued = match order.purchase.solution.family() {
        Some(Family::F2) => promise::read(order, vouchers, &promise::ANSWER)?,
        Some(Family::F3) => generic::read(order, vouchers)?,
        _ => vouchers::check(vouchers, &order.purchase)?,
    };
    same_as_before(order, issued)
}

/// Where an answer or call has its vouchers: families F2 and F3 spread them over several fields.
pub(crate) fn given<'a>(order: &Order, data: &'a Value) -> &'a Value {
    if order.purchase.solution.has_pre_order() { data } else { &data["vouchers"] }
}

/// Vouchers that come again must name the same projects.
pub(crate) fn same_as_before(order: &Order, issued: Vec<IssuedVoucher>) -> Result<Vec<IssuedVoucher>, Vec<String>> {
    let same = |(old, new): (&crate::Unit, &IssuedVoucher)| {
        old.voucher.as_ref().is_none_or(|old| old.project_ids() == new.project_ids())
    };
    if order.units.iter().zip(&issued).all(same) {
        Ok(issued)
    } else {
        Err(vec!["common §11: vouchers were issued again with other project_ids".into()])
    }
}

/// Whether vouchers may still be stored.
pub(crate) fn waits_for_vouchers(order: &Order) -> bool {
    matches!(order.state, OrderState::Paid | OrderState::Accepted | OrderState::Issuing)
}

/// The answer of the issue SPI, §11.
pub(crate) fn issued(world: &mut World, order_id: &str, reply: &SpiReply, now_ms: i64) {
    with_order(world, order_id, now_ms, |order| {
        if !reply.is_ok() {
            return Vec::new();
        }
        match reply.data()["result"].as_i64() {
            Some(0) => Vec::new(),
            Some(1) => match read_vouchers(order, given(order, reply.data())) {
                Ok(vouchers) => {
                    if waits_for_vouchers(order) {
                        order.note(Event::Issued, now_ms);
                        order.take_vouchers(vouchers, now_ms);
                    }
                    Vec::new()
                }
                Err(broken) => broken,
            },
            Some(2) => {
                issue_failed(order, now_ms);
                Vec::new()
            }
            _ => vec!["common §11: result is not 0, 1 or 2".into()],
        }
    });
}

/// Result 2: immediate refund without review (common §11).
pub(crate) fn issue_failed(order: &mut Order, now_ms: i64) {
    if waits_for_vouchers(order) {
        order.note(Event::IssueFailed, now_ms);
        let all: Vec<usize> = (0..order.units.len()).collect();
        order.refund_units(&all, order.pay_amount_fen(), now_ms);
    }
}

/// A decision on a refund, from the SPI's answer or from the audit call.
pub(crate) struct Decision<'a> {
    /// 1 accept, 2 refuse, 3 waiting.
    pub(crate) result: Option<i64>,
    /// Fee on accept.
    pub(crate) fee_fen: Option<i64>,
    /// Repaired vouchers when refusing a 301.
    pub(crate) vouchers: &'a Value,
}

/// Applies a decision to an open refund; gives the rules it breaks (scenic §§7, 8).
pub(crate) fn decide(order: &mut Order, key: &str, decision: &Decision<'_>, now_ms: i64) -> Vec<String> {
    let Some(refund) = order.refund(key).filter(|refund| refund.is_open()) else {
        return Vec::new();
    };
    let (fee_fen, source, before) = (refund.fee_fen, refund.source, refund.state);
    let (state, broken) = match (decision.result, decision.fee_fen) {
        (_, Some(fee)) if fee > fee_fen && decision.result != Some(3) => (
            RefundState::Refused,
            vec![format!("scenic §7: refund_fee_amount {fee} is above {fee_fen}; it counts as a refusal")],
        ),
        (Some(1), Some(_)) => (RefundState::Agreed, Vec::new()),
        (Some(1), None) => (RefundState::Agreed, vec!["scenic §7: accepted without refund_fee_amount".into()]),
        (Some(2), _) if source == SOURCE_ISSUE_FAILED => repair(order, before, decision.vouchers, now_ms),
        (Some(2), _) => (RefundState::Refused, Vec::new()),
        (Some(3), _) => (RefundState::Reviewing, Vec::new()),
        _ => (RefundState::Asked, vec!["scenic §7: no readable decision".into()]),
    };
    if let Some(refund) = order.refund_mut(key) {
        refund.state = state;
    }
    if let Some(event) = decided(key, decision, source, state) {
        order.note(event, now_ms);
    }
    order.touch(now_ms);
    broken
}

/// What a decision is in the order's log; `None` for one that nobody can read.
fn decided(key: &str, decision: &Decision<'_>, source: i64, state: RefundState) -> Option<Event> {
    let key = key.to_owned();
    match (decision.result, state) {
        (Some(2), _) => {
            let counted = state == RefundState::Refused;
            Some(Event::RefundRefused { key, vouchers: counted && source == SOURCE_ISSUE_FAILED, counted })
        }
        (_, RefundState::Refused) => Some(Event::RefundRefused { key, vouchers: false, counted: true }),
        (_, RefundState::Agreed) => Some(Event::RefundAgreed { key, by_deadline: false }),
        (_, RefundState::Reviewing) => Some(Event::RefundWaiting { key }),
        _ => None,
    }
}

/// The audit's time is over: the platform agrees by itself (groupbuy B8).
pub(crate) fn agree_by_deadline(order: &mut Order, key: &str, now_ms: i64) {
    if let Some(refund) = order.refund_mut(key).filter(|refund| refund.is_open()) {
        refund.state = RefundState::Agreed;
        order.note(Event::RefundAgreed { key: key.to_owned(), by_deadline: true }, now_ms);
    }
}

/// Whether an answer differs from the decision taken before. "Waiting" does not: the audit call may have come first.
fn contradicts(order: &Order, key: &str, decision: &Decision<'_>) -> bool {
    let state = order.refund(key).map(|refund| refund.state);
    matches!(
        (state, decision.result),
        (Some(RefundState::Agreed | RefundState::Done), Some(2)) | (Some(RefundState::Refused), Some(1))
    )
}

/// Refusing a 301 works only with vouchers (补码, scenic §7). Without them the refusal of a calendar ticket's refund
/// counts as agreed; with group-buy it does not count at all, as if nobody had answered (groupbuy B8).
fn repair(order: &mut Order, before: RefundState, vouchers: &Value, now_ms: i64) -> (RefundState, Vec<String>) {
    match read_vouchers(order, vouchers) {
        Ok(issued) => {
            if waits_for_vouchers(order) {
                order.take_vouchers(issued, now_ms);
            }
            (RefundState::Refused, Vec::new())
        }
        Err(mut broken) => {
            broken.push("scenic §7: refusing a 301 without good vouchers has no effect".into());
            let state = if order.purchase.solution.is_group_buy() { before } else { RefundState::Agreed };
            (state, broken)
        }
    }
}

/// The answer of the refund review, §7.
pub(crate) fn refund_asked(world: &mut World, order_id: &str, key: &str, reply: &SpiReply, now_ms: i64) {
    with_order(world, order_id, now_ms, |order| {
        if !reply.is_ok() {
            return Vec::new();
        }
        let data = reply.data();
        let decision = Decision {
            result: data["audit_refund_result"].as_i64(),
            fee_fen: data["refund_fee_amount"].as_i64(),
            vouchers: &data["vouchers"],
        };
        if contradicts(order, key, &decision) {
            return vec![format!("scenic §1.3: the review of {key} was answered differently when repeated")];
        }
        decide(order, key, &decision, now_ms)
    });
}

/// The answer of the refund question by certificate (groupbuy B16.3): always 0, the decision is in `result`.
pub(crate) fn code_refund_asked(world: &mut World, order_id: &str, key: &str, reply: &SpiReply, now_ms: i64) {
    with_order(world, order_id, now_ms, |order| {
        let result = reply.data()["result"].as_i64();
        match reply.error_code() {
            None => return Vec::new(),
            Some(0) => {}
            Some(code) => return vec![format!("groupbuy B16.3: answered {code}; the decision belongs into result")],
        }
        let decision = Decision { result, fee_fen: Some(0), vouchers: &Value::Null };
        if contradicts(order, key, &decision) {
            return vec![format!("groupbuy B16.3: the question of {key} was answered differently when repeated")];
        }
        generic::decide(order, key, result, reply.data(), now_ms)
    });
}

/// The answer of the status query, §10: a status 1 redeems.
pub(crate) fn queried(world: &mut World, order_id: &str, reply: &SpiReply, now_ms: i64) {
    with_order(world, order_id, now_ms, |order| match reply.error_code() {
        Some(0) => statuses(order, reply.data(), now_ms),
        Some(NO_SUCH_ORDER) if order.order_out_id.is_some() => {
            vec!["scenic §10: the order is unknown although its creation was answered".into()]
        }
        _ => Vec::new(),
    });
}

fn statuses(order: &mut Order, data: &Value, now_ms: i64) -> Vec<String> {
    let mut broken = Vec::new();
    if data["order_out_id"].as_str() != order.order_out_id.as_deref() && order.order_out_id.is_some() {
        broken.push("scenic §10: order_out_id is missing or another one".to_owned());
    }
    let total = data["total_voucher_quantity"].as_i64();
    if total != Some(i64::from(order.count())) {
        broken.push(format!("scenic §10: total_voucher_quantity is not {}", order.count()));
    }
    let Some(used_count) = data["used_voucher_quantity"].as_i64() else {
        broken.push("scenic §10: used_voucher_quantity is missing".into());
        return broken;
    };
    let Some(vouchers) = data["vouchers"].as_array() else {
        // A reservation is redeemed as a whole (groupbuy rule 27, B14).
        let whole = order.purchase.solution.source_order_id().is_some();
        if (Some(used_count) == total || whole) && used_count > 0 {
            order.units.iter_mut().filter(|unit| !unit.refunded).for_each(crate::Unit::use_all);
            order.settle_units(now_ms);
        } else if used_count > 0 {
            broken.push("scenic §10: some vouchers are used, but vouchers does not say which".into());
        }
        return broken;
    };
    let mut used_vouchers = 0;
    for voucher in vouchers {
        used_vouchers += i64::from(voucher_status(order, voucher, &mut broken));
    }
    if used_vouchers != used_count {
        broken.push(format!("scenic §10: used_voucher_quantity {used_count}, but {used_vouchers} have status 1"));
    }
    order.settle_units(now_ms);
    broken
}

/// Applies one voucher of the status answer; true when it is used.
fn voucher_status(order: &mut Order, voucher: &Value, broken: &mut Vec<String>) -> bool {
    let projects = voucher["projects"].as_array().into_iter().flatten();
    let items = std::iter::once(&voucher["entrance"]).chain(projects).filter(|item| item.is_object());
    let mut any_used = false;
    for item in items {
        let project_id = item["project_id"].as_str().unwrap_or_default();
        let used = item["status"].as_i64() == Some(1);
        any_used |= used;
        let Some(unit) = order.units.iter_mut().find(|unit| unit.has_project(project_id)) else {
            broken.push(format!("scenic §10: project_id {project_id:?} was never issued"));
            continue;
        };
        let known = unit.voucher.iter().flat_map(|v| &v.items);
        let was_used = known.filter(|known| known.project_id == project_id).any(|known| known.used);
        if used && unit.refunded {
            broken.push(format!("scenic §10: {project_id} is reported used after its refund"));
        } else if used {
            unit.use_projects(&[project_id.to_owned()]);
        } else if was_used && !unit.refunded {
            broken.push(format!("scenic §10: {project_id} is reported unused, but it was redeemed"));
        }
    }
    any_used
}

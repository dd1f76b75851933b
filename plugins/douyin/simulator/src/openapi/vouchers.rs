//! Voucher callback (common §12, scenic §12).

use super::fields::{Answer, Refusal};
use super::orders::{known_order, sub_code};
use super::request::Request;
use crate::groupbuy::{Event, GroupBuyOptions};
use crate::orders::{Order, OrderState, TEN_MINUTES_MS};
use crate::outcomes;
use serde_json::{Map, Value, json};

/// Issuing failed by timeout (groupbuy B6).
const FAILED_BY_TIME: i64 = 3_000_009;

/// `POST /goodlife/v1/fulfilment/create/callback/`. Good until ten minutes after the issue call; repeating the same
/// vouchers is fine at any time.
pub(crate) fn create_callback(request: &Request<'_>) -> Answer {
    const FIELDS: [&str; 9] = [
        "order_id",
        "third_order_id",
        "result",
        "fail_reason",
        "codes",
        "certificates",
        "additional_info_list",
        "voucher",
        "vouchers",
    ];
    request.known_fields("common §12", &FIELDS);
    let order_id = known_order(request)?;
    let fields = request.fields();
    let result = fields.long("result")?;
    let third_order_id = fields.text_opt("third_order_id")?;
    fields.text_opt("fail_reason")?;
    let mut world = request.shared.world();
    let Some(order) = world.orders.get_mut(order_id) else {
        return Err(Refusal::parameter("order_id does not exist"));
    };
    let until_ms = last_moment(order, &request.shared.options.group_buy);
    let outcome = match result {
        1 => deliver(order, request, until_ms),
        2 => fail(order, request.now_ms, until_ms),
        _ => Err((Refusal::parameter("result must be 1 or 2"), Vec::new())),
    };
    match outcome {
        Ok(()) => {
            let mut payload = Map::new();
            if result == 1 && third_order_id.is_some() {
                payload.insert("certificate_info_list".into(), certificates(order));
            }
            Ok(payload)
        }
        Err((refusal, broken)) => {
            for rule in broken {
                world.violation(request.now_ms, Some(order_id), rule);
            }
            Err(refusal)
        }
    }
}

pub(crate) type Refused = (Refusal, Vec<String>);

/// Until when vouchers may come, Unix milliseconds: ten minutes after the issue call, for a reservation after its
/// acceptance (groupbuy rule 23).
pub(crate) fn last_moment(order: &Order, options: &GroupBuyOptions) -> Option<i64> {
    if order.purchase.solution.is_group_buy() {
        return Some(order.accepted_ms.or(order.issuing_ms)? + options.issue_ms);
    }
    Some(order.issuing_ms? + TEN_MINUTES_MS)
}

fn deliver(order: &mut Order, request: &Request<'_>, until_ms: Option<i64>) -> Result<(), Refused> {
    let (vouchers, now_ms) = (outcomes::given(order, request.body), request.now_ms);
    let issued =
        outcomes::read_vouchers(order, vouchers).map_err(|broken| (Refusal::parameter(broken.join("; ")), broken))?;
    if order.units.iter().all(|unit| unit.voucher.is_some()) {
        return Ok(());
    }
    waiting(order, now_ms, until_ms)?;
    order.note(Event::IssueCallback, now_ms);
    order.take_vouchers(issued, now_ms);
    Ok(())
}

fn fail(order: &mut Order, now_ms: i64, until_ms: Option<i64>) -> Result<(), Refused> {
    if order.state == OrderState::Refunded && order.units.iter().all(|unit| unit.voucher.is_none()) {
        return Ok(());
    }
    waiting(order, now_ms, until_ms)?;
    outcomes::issue_failed(order, now_ms);
    Ok(())
}

pub(crate) fn waiting(order: &Order, now_ms: i64, until_ms: Option<i64>) -> Result<(), Refused> {
    let is_group_buy = order.purchase.solution.is_group_buy();
    let refuse = |code, text: &str| Err((Refusal::business(code, text), Vec::new()));
    let is_late = until_ms.is_some_and(|until_ms| now_ms > until_ms);
    if is_group_buy && is_late {
        return Err((Refusal::new(FAILED_BY_TIME, "issuing failed by timeout"), Vec::new()));
    }
    // A reservation waits from its acceptance on, before it was asked for its vouchers.
    let waits = order.state == OrderState::Issuing || (is_group_buy && order.state == OrderState::Accepted);
    if !waits {
        return refuse(sub_code::WRONG_STATE, "the order does not wait for vouchers");
    }
    if is_late {
        return refuse(sub_code::TOO_LATE, "the vouchers came later than ten minutes");
    }
    Ok(())
}

pub(crate) fn certificates(order: &Order) -> Value {
    let list = order.units.iter().map(|unit| {
        let code = unit.voucher.as_ref().and_then(|voucher| voucher.first_code());
        json!({"certificate_id": unit.certificate_id, "code": code.unwrap_or_default()})
    });
    list.collect::<Vec<_>>().into()
}

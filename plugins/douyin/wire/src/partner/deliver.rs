//! What became of an order, as OpenAPI calls. Every call may be repeated: "on failure repeat" (scenic §5, §8, common §12,
//! `documented`).

use entrepot_sdk::prelude::*;
use serde_json::{Map, Value, json};

use super::Partner;
use super::answers::fen;
use super::refusals::shortened;
use super::vouchers::{Style, with_credentials};
use crate::kinds::{AuditResult, ConfirmResult};
use crate::number::Fen;

/// Confirm order. Scenic §5, `documented`.
const CONFIRM: (&str, &str) = ("confirm_order", "/goodlife/v1/trip/order/confirm/");
/// Voucher callback. Scenic §12, common §12, `documented`.
pub const CALLBACK: (&str, &str) = ("create_callback", "/goodlife/v1/fulfilment/create/callback/");
/// Refund review callback. Scenic §8, `documented`.
const AUDIT: (&str, &str) = ("refund_audit", "/goodlife/v1/trip/refund/audit/");

/// The callback's results; its numbers differ from the issue call's. Common §12, `documented`.
const CALLBACK_ISSUED: i64 = 1;
const CALLBACK_FAILED: i64 = 2;

/// Accepts or refuses an order. Scenic §5: `order_id`, `confirm_result`.
pub async fn confirm<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    notice: &OrderNotice,
    result: ConfirmResult,
) -> Result<(), Fault> {
    let body = json!({"order_id": notice.channel_order, "confirm_result": result});
    send(partner, call, CONFIRM, &body).await
}

async fn send<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    (api, path): (&str, &str),
    body: &Value,
) -> Result<(), Fault> {
    partner.client.post(call, api, path, body).await.map(|_| ())
}

/// The vouchers of an order. Scenic §12: `order_id`, `third_order_id`, `result` 1, `vouchers`.
pub async fn issued<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    notice: &OrderNotice,
    units: &[UnitCredentials],
    style: &Style<'_>,
) -> Result<(), Fault> {
    let vouchers = with_credentials(&notice.order, units, style)?;
    let mut body = json!({
        "order_id": notice.channel_order,
        "third_order_id": notice.order,
        "result": CALLBACK_ISSUED,
        "vouchers": vouchers,
    });
    if partner.shared.credential_type_as_text {
        types_as_text(&mut body);
    }
    send(partner, call, CALLBACK, &body).await
}

/// Common §12, `inferred`: one SDK types `credential_type` as text in this call.
fn types_as_text(body: &mut Value) {
    let vouchers = body.get_mut("vouchers").and_then(Value::as_array_mut);
    for voucher in vouchers.into_iter().flatten() {
        let documents = voucher.pointer_mut("/entrance/credentials");
        for document in documents.and_then(Value::as_array_mut).into_iter().flatten() {
            let number = document["credential_type"].to_string();
            document["credential_type"] = Value::from(number);
        }
    }
}

/// An order that gets no vouchers. Common §12: `result` 2, `fail_reason`.
pub async fn issue_failed<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    notice: &OrderNotice,
    reason: &str,
) -> Result<(), Fault> {
    let body = json!({
        "order_id": notice.channel_order,
        "third_order_id": notice.order,
        "result": CALLBACK_FAILED,
        "fail_reason": shortened(reason),
    });
    send(partner, call, CALLBACK, &body).await
}

/// A refund that was decided after its review's answer. Scenic §8: `audit_result`; on acceptance the fee, which is Douyin's own
/// or, unknown, 0: never larger than Douyin's, which would count as a refusal.
pub async fn refund_decided<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    notice: &OrderNotice,
    key: &str,
    decision: &RefundDecision,
    style: &Style<'_>,
) -> Result<(), Fault> {
    let mut body = Map::new();
    body.insert("order_id".to_owned(), json!(notice.channel_order));
    body.insert("biz_uniq_key".to_owned(), json!(key));
    let result = match decision {
        RefundDecision::Agreed { fee } => {
            let fee = fee.map(fen).transpose()?.map_or(0, Fen::get);
            body.insert("refund_fee_amount".to_owned(), json!(fee));
            AuditResult::Accept
        }
        RefundDecision::Refused { repaired, .. } => {
            if !repaired.is_empty() {
                body.insert("vouchers".to_owned(), json!(with_credentials(&notice.order, repaired, style)?));
            }
            AuditResult::Refuse
        }
        RefundDecision::Unknown => return Err(Fault::unsupported("deliver an unknown decision")),
    };
    body.insert("audit_result".to_owned(), json!(result));
    send(partner, call, AUDIT, &Value::Object(body)).await
}

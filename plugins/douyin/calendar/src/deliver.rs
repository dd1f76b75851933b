//! What the core decided, as OpenAPI calls: here what becomes of orders. Every call may be repeated; see the card's notices.

use douyin_wire::kinds::{AuditResult, ConfirmResult};
use douyin_wire::number::Fen;
use entrepot_sdk::prelude::*;
use serde_json::{Map, Value, json};

use crate::connection::ConnectionSettings;
use crate::encode::{fen, style};
use crate::refusals::shortened;
use crate::vouchers::with_credentials;
use crate::{DouyinCalendar, product, publish, redeem, reserve};

/// Confirm order. Scenic §5, `documented`.
const CONFIRM: (&str, &str) = ("confirm_order", "/goodlife/v1/trip/order/confirm/");
/// Voucher callback. Scenic §12, common §12, `documented`.
const CALLBACK: (&str, &str) = ("create_callback", "/goodlife/v1/fulfilment/create/callback/");
/// Refund review callback. Scenic §8, `documented`.
const AUDIT: (&str, &str) = ("refund_audit", "/goodlife/v1/trip/refund/audit/");

/// The callback's results; its numbers differ from the issue call's. Common §12, `documented`.
const CALLBACK_ISSUED: i64 = 1;
const CALLBACK_FAILED: i64 = 2;

pub(crate) async fn deliver(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &Notice,
) -> Result<Told, Fault> {
    match notice {
        Notice::Order(notice) => tell(channel, call, notice).await.map(|()| Told::Done),
        Notice::Calendar(notice) => publish::deliver(channel, call, notice).await,
        Notice::Product(notice) => product::deliver(channel, call, notice).await,
        Notice::Codes(notice) => reserve::deliver(channel, call, notice).await,
        Notice::Unknown => Err(Fault::unsupported(notice.name())),
    }
}

async fn tell(channel: &DouyinCalendar, call: &Call<ConnectionSettings>, notice: &OrderNotice) -> Result<(), Fault> {
    match &notice.event {
        OrderEvent::Accepted => confirm(channel, call, notice, ConfirmResult::Accept).await,
        // The page has no field for the reason.
        OrderEvent::Refused { .. } => confirm(channel, call, notice, ConfirmResult::Refuse).await,
        OrderEvent::Issued { units } => issued(channel, call, notice, units).await,
        OrderEvent::IssueFailed { reason } => issue_failed(channel, call, notice, reason).await,
        OrderEvent::RefundDecided { key, decision, .. } => refund_decided(channel, call, notice, key, decision).await,
        OrderEvent::Redeemed { .. } => redeem::deliver(channel, call, notice).await,
        OrderEvent::Unknown => Err(Fault::unsupported("deliver unknown")),
    }
}

/// Scenic §5: `order_id`, `confirm_result`.
async fn confirm(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &OrderNotice,
    result: ConfirmResult,
) -> Result<(), Fault> {
    let body = json!({"order_id": notice.channel_order, "confirm_result": result});
    send(channel, call, CONFIRM, &body).await
}

async fn send(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    (api, path): (&str, &str),
    body: &Value,
) -> Result<(), Fault> {
    channel.client.post(call, api, path, body).await.map(|_| ())
}

/// Scenic §12: `order_id`, `third_order_id`, `result` 1, `vouchers`.
async fn issued(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &OrderNotice,
    units: &[UnitCredentials],
) -> Result<(), Fault> {
    let style = style(channel, &call.connection.settings);
    let vouchers = with_credentials(&notice.order, units, &style)?;
    let mut body = json!({
        "order_id": notice.channel_order,
        "third_order_id": notice.order,
        "result": CALLBACK_ISSUED,
        "vouchers": vouchers,
    });
    if channel.settings.credential_type_as_text {
        types_as_text(&mut body);
    }
    send(channel, call, CALLBACK, &body).await
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

/// Common §12: `result` 2, `fail_reason`.
async fn issue_failed(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &OrderNotice,
    reason: &str,
) -> Result<(), Fault> {
    let body = json!({
        "order_id": notice.channel_order,
        "third_order_id": notice.order,
        "result": CALLBACK_FAILED,
        "fail_reason": shortened(reason),
    });
    send(channel, call, CALLBACK, &body).await
}

/// Scenic §8: `audit_result`; on acceptance the fee, which is Douyin's own or, unknown, 0: never larger than Douyin's,
/// which would count as a refusal.
async fn refund_decided(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &OrderNotice,
    key: &str,
    decision: &RefundDecision,
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
                let style = style(channel, &call.connection.settings);
                body.insert("vouchers".to_owned(), json!(with_credentials(&notice.order, repaired, &style)?));
            }
            AuditResult::Refuse
        }
        RefundDecision::Unknown => return Err(Fault::unsupported("deliver an unknown decision")),
    };
    body.insert("audit_result".to_owned(), json!(result));
    send(channel, call, AUDIT, &Value::Object(body)).await
}

//! What the core decided, as OpenAPI calls. Every call may be repeated; see the card's notices.

use douyin_wire::client::logid;
use douyin_wire::envelope::{ApiAnswer, ItemResult, item_results};
use douyin_wire::faults::{FaultClass, classify, lookup};
use douyin_wire::kinds::{AuditResult, ConfirmResult};
use douyin_wire::number::Fen;
use douyin_wire::time::UnixMillis;
use entrepot_sdk::prelude::*;
use serde_json::{Map, Value, json};

use crate::DouyinCalendar;
use crate::encode::{fen, style};
use crate::refusals::shortened;
use crate::settings::ConnectionSettings;
use crate::vouchers::{naming, with_credentials};

/// Confirm order. Scenic §5, `documented`.
const CONFIRM: (&str, &str) = ("confirm_order", "/goodlife/v1/trip/order/confirm/");
/// Voucher callback. Scenic §12, common §12, `documented`.
const CALLBACK: (&str, &str) = ("create_callback", "/goodlife/v1/fulfilment/create/callback/");
/// Refund review callback. Scenic §8, `documented`.
const AUDIT: (&str, &str) = ("refund_audit", "/goodlife/v1/trip/refund/audit/");
/// Redemption. Scenic §13, `documented`.
const VERIFY: (&str, &str) = ("certificate_verify", "/goodlife/v1/trip/certificate/verify/");

/// The callback's results; its numbers differ from the issue call's. Common §12, `documented`.
const CALLBACK_ISSUED: i64 = 1;
const CALLBACK_FAILED: i64 = 2;

pub(crate) async fn deliver(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &Notice,
) -> Result<Told, Fault> {
    let Notice::Order(notice) = notice else {
        return Err(Fault::unsupported(notice.name()));
    };
    tell(channel, call, notice).await.map(|()| Told::Done)
}

async fn tell(channel: &DouyinCalendar, call: &Call<ConnectionSettings>, notice: &OrderNotice) -> Result<(), Fault> {
    match &notice.event {
        OrderEvent::Accepted => confirm(channel, call, notice, ConfirmResult::Accept).await,
        // The page has no field for the reason.
        OrderEvent::Refused { .. } => confirm(channel, call, notice, ConfirmResult::Refuse).await,
        OrderEvent::Issued { units } => issued(channel, call, notice, units).await,
        OrderEvent::IssueFailed { reason } => issue_failed(channel, call, notice, reason).await,
        OrderEvent::RefundDecided { key, decision, .. } => refund_decided(channel, call, notice, key, decision).await,
        OrderEvent::Redeemed { token, units, whole, at, shop, refund_refused } => {
            let part = (!whole).then_some(units.as_slice());
            let at = refund_refused.map_or(*at, |asked| asked.plus_millis(-BEFORE_REFUND_MS).min(*at));
            let body = redemption(call, notice, token, part, at, shop.as_deref())?;
            let answer = channel.client.post(call, VERIFY.0, VERIFY.1, &body).await?;
            redeemed(channel, &answer)
        }
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

/// After a refused refund a use has to lie before the question (scenic §13), whose time at Douyin is a little earlier than
/// the one at which it came here; in milliseconds.
const BEFORE_REFUND_MS: i64 = 60_000;

/// Scenic §13. `verify_time` always goes along: it is required after a refused refund.
/// Vouchers are named only for a part: left out means the whole order.
fn redemption(
    call: &Call<ConnectionSettings>,
    notice: &OrderNotice,
    token: &str,
    part: Option<&[u16]>,
    at: Timestamp,
    shop: Option<&str>,
) -> Result<Value, Fault> {
    let at = UnixMillis::new(at.millis()).map_err(|fault| Fault::invalid(fault.to_string()))?;
    let mut body = Map::new();
    body.insert("order_id".to_owned(), json!(notice.channel_order));
    body.insert("verify_token".to_owned(), json!(token));
    body.insert("verify_time".to_owned(), json!(at.to_seconds()));
    if let Some(shop) = shop.or(call.connection.shops.first().map(String::as_str)) {
        body.insert("poi_id".to_owned(), json!(shop));
    }
    if let Some(units) = part {
        if units.is_empty() {
            return Err(Fault::invalid("a redemption of no unit"));
        }
        body.insert("vouchers".to_owned(), json!(naming(&notice.order, units)));
    }
    Ok(Value::Object(body))
}

/// Every item has to be redeemed now or before. Scenic §13, codes `inferred`.
fn redeemed(channel: &DouyinCalendar, answer: &ApiAnswer) -> Result<(), Fault> {
    let logid = logid(answer.logid.as_deref());
    let results = item_results(&answer.data, "verify_results", "code").unwrap_or_default();
    if results.is_empty() {
        let text = format!("{}: the answer lists no verify_results{logid}", VERIFY.0);
        return Err(Fault::garbled(text));
    }
    let settings = &channel.settings;
    let is_done = |item: &&ItemResult| {
        let code = item.code.as_ref();
        code.is_some_and(|code| {
            settings.verify_success_codes.contains(code) || settings.verify_already_codes.contains(code)
        })
    };
    let failed: Vec<&ItemResult> = results.iter().filter(|item| !is_done(item)).collect();
    let Some(first) = failed.first() else {
        return Ok(());
    };
    let done = results.len() - failed.len();
    let text = format!(
        "{}: {} of {} vouchers were not redeemed, the first with {}{logid}",
        VERIFY.0,
        failed.len(),
        results.len(),
        meaning(first)
    );
    let (class, unclear) = first.code.map_or((FaultClass::Retry, true), |code| classify(code, None));
    let kind = match class {
        FaultClass::Retry | FaultClass::RefreshToken => FaultKind::Unavailable,
        FaultClass::BackOff => FaultKind::RateLimited,
        FaultClass::Refused | FaultClass::Operator => FaultKind::Refused,
    };
    let fault = if done > 0 || unclear { Fault::unknown(kind, text) } else { Fault::not_done(kind, text) };
    let code = first.code.map(|code| code.to_string());
    Err(Fault { partner_code: code, ..fault })
}

/// The code and what the pages say of it; Douyin's own text may quote what we sent.
fn meaning(item: &ItemResult) -> String {
    match item.code {
        None => "no readable code".to_owned(),
        Some(code) => {
            let row = lookup(code).map_or("a code no page lists", |row| row.meaning);
            format!("code {code} ({row})")
        }
    }
}

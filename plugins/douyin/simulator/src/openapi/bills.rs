//! Bills (common §15, fulfilment §13.3).

use super::fields::{Answer, Refusal};
use super::request::Request;
use crate::ledger::{LedgerLine, lines};
use chrono::NaiveDate;
use serde_json::{Map, Value, json};

/// Rows of one page (common §15).
const SIZE_MAX: usize = 50;

fn known(request: &Request<'_>) -> Vec<LedgerLine> {
    let options = &request.shared.options;
    lines(&request.shared.world(), options.take_rate, options.ledger_delay_ms, request.now_ms)
}

/// The wanted day as `yyyy-MM-dd`; the options name the form that is taken.
fn bill_date(request: &Request<'_>) -> Result<String, Refusal> {
    let compact = request.shared.options.bill_date_compact;
    let (form, name) = if compact { ("%Y%m%d", "yyyyMMdd") } else { ("%Y-%m-%d", "yyyy-MM-dd") };
    let text = request.need("bill_date")?;
    let date = NaiveDate::parse_from_str(text, form).ok().filter(|date| date.format(form).to_string() == text);
    Ok(date.ok_or_else(|| Refusal::parameter(format!("bill_date must be {name}")))?.to_string())
}

fn page(request: &Request<'_>, row: fn(&Request<'_>, &LedgerLine) -> Value) -> Answer {
    request.known_parameters("common §15", &["account_id", "bill_date", "cursor", "size"]);
    let account_id = request.account()?;
    let date = bill_date(request)?;
    let size = request.number_in("size", 1, SIZE_MAX)?;
    let begin = request.number_in("cursor", 0, usize::MAX)?;
    let of_day: Vec<LedgerLine> =
        known(request).into_iter().filter(|line| line.account_id == account_id && line.bill_date() == date).collect();
    let rows: Vec<Value> = of_day.iter().skip(begin).take(size).map(|line| row(request, line)).collect();
    let end = begin.saturating_add(rows.len());
    let mut payload = Map::new();
    payload.insert("ledger_records".into(), rows.into());
    payload.insert("cursor".into(), end.to_string().into());
    payload.insert("has_more".into(), (end < of_day.len()).into());
    Ok(payload)
}

/// `GET /goodlife/v1/settle/ledger/query/`.
pub(crate) fn query(request: &Request<'_>) -> Answer {
    page(request, record)
}

/// `GET /goodlife/v1/settle/ledger/detailed_query/`: the same with more amounts.
pub(crate) fn detailed(request: &Request<'_>) -> Answer {
    page(request, |request, line| {
        let mut row = record(request, line);
        let more = json!({
            "platform_ticket": request.long(line.platform_ticket_fen),
            "ledger_platform_ticket": request.long(0),
            "pay_discount": request.long(0),
            "ledger_total": request.long(line.goods_fen + line.service_fen),
            "talent_commission": request.long(0),
            "institution_commission": request.long(0),
            "total_agent_merchant": request.long(0),
            "total_operation_agent": request.long(0),
            "total_merchant_platform_service": request.long(line.service_fen),
        });
        if let (Some(amount), Value::Object(more)) = (row["amount"].as_object_mut(), more) {
            amount.extend(more);
        }
        row["is_mall_store"] = false.into();
        row["goods"]["market_price"] = request.long(line.original_fen);
        row
    })
}

fn record(request: &Request<'_>, line: &LedgerLine) -> Value {
    let (sku_id, _, name) = &line.sku;
    json!({
        "id": line.ledger_id,
        "ledger_id": line.ledger_id,
        "order_id": line.order_id,
        "item_order_id": line.item_order_id,
        "sku_order_id": line.item_order_id,
        "status": request.shared.options.ledger_status.to_string(),
        "ledger_time": request.time(line.noted_ms + request.shared.options.ledger_delay_ms),
        "poi_id": line.poi_id,
        "account_id": line.account_id,
        "certificate": {"certificate_id": line.certificate_id, "code": line.code},
        "goods": {"sku_id": sku_id, "group_name": name, "sold_start_time": request.long(0)},
        "amount": {
            "original": request.long(line.original_fen),
            "pay": request.long(line.pay_fen),
            "coupon_pay": request.long(line.pay_fen),
            "goods": request.long(line.goods_fen),
            "merchant_ticket": request.long(line.merchant_ticket_fen),
            "actual_insured": request.long(0),
        },
        "order_attrribute": {"source": "", "room_id": "", "video_id": ""},
        "receipt_bill_key": "",
    })
}

/// `GET /goodlife/v1/settle/ledger/query_record_by_cert/`; vouchers without a line are left out.
pub(crate) fn by_certificate(request: &Request<'_>) -> Answer {
    request.known_parameters("common §15", &["certificate_ids"]);
    let ids = request.list("certificate_ids");
    if ids.is_empty() {
        return Err(Refusal::parameter("certificate_ids is missing"));
    }
    let found: Vec<LedgerLine> = known(request).into_iter().filter(|line| ids.contains(&line.certificate_id)).collect();
    for line in &found {
        request.authorised(&line.account_id)?;
    }
    let row = |line: &LedgerLine| {
        let (sku_id, sku_out_id, name) = &line.sku;
        json!({
            "order_id": line.order_id,
            "certificate_id": line.certificate_id,
            "verify_id": line.verify_id,
            "verify_time": request.time(line.verify_ms),
            "ledger_id": line.ledger_id,
            "code": line.code,
            "status": request.shared.options.ledger_status,
            "cursor": line.ledger_id,
            "is_mall_store": false,
            "sku": {"sku_id": sku_id, "title": name, "third_sku_id": sku_out_id},
        })
    };
    let rows: Vec<Value> = found.iter().map(row).collect();
    let mut payload = Map::new();
    payload.insert("records".into(), rows.into());
    Ok(payload)
}

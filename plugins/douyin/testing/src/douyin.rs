//! Douyin as it answers when all is well, and the parts of its answers. Its descriptions quote what was sent, so that a test sees
//! whether they get anywhere.

use entrepot_sdk::contract::fault::Fault;
use entrepot_sdk::contract::services::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::calls::{LOGID, ORDER, SHOP};

/// An answer with that body.
pub fn answer(body: &Value) -> HttpResponse {
    HttpResponse { status: 200, headers: vec![], body: body.to_string() }
}

/// Douyin's answer with a code.
pub fn coded(code: i64) -> HttpResponse {
    answer(
        &json!({"data":{"error_code":code,"description":"quotes QR-1"},"extra":{"error_code":code,"logid":LOGID,"now":1790000000}}),
    )
}

/// The token call's answer (common §3).
pub fn token(text: &str) -> HttpResponse {
    answer(&json!({"data":{"access_token":text,"description":"","error_code":0,"expires_in":7200},"message":"success"}))
}

/// The redemption's answer, with a code for each voucher (scenic §13).
pub fn verified(codes: &[i64]) -> HttpResponse {
    let results: Vec<Value> = codes
        .iter()
        .map(|code| json!({"code":code,"msg":"quotes QR-1","verify_id":"1","certificate_id":"2"}))
        .collect();
    answer(
        &json!({"data":{"error_code":0,"description":"","verify_results":results},"extra":{"error_code":0,"logid":LOGID}}),
    )
}

/// A good answer with that payload.
pub fn good(data: Value) -> HttpResponse {
    let mut data = data;
    data["error_code"] = json!(0);
    data["description"] = json!("success");
    answer(&json!({"data": data, "extra": {"error_code": 0, "description": "", "logid": LOGID, "now": 1_790_000_000}}))
}

/// An order as the order query shows it (common §14).
pub fn recorded(order: &str) -> Value {
    json!({"order_id": order, "order_status": 3, "sku_id": "1800", "third_sku_id": "P1-ADULT", "count": 2,
           "pay_amount": 18000, "create_order_time": "1790000000", "pay_time": "1790000060",
           "update_order_time": 1_790_000_600, "products": [{"product_id": "900"}],
           "contacts": [{"name": "bluebird", "phone": "bluebird", "phone_encrypt": "bluebird"}],
           "certificate": [{"certificate_id": "2", "item_status": 1}, {"certificate_id": "3", "item_status": 1}]})
}

/// Douyin when all is well. A call that it has no answer of its own for succeeds, with nothing to say.
pub fn douyin(request: &HttpRequest) -> Result<HttpResponse, Fault> {
    Ok(match request.api.as_str() {
        "client_token" => token("clt.test-token-0123456789"),
        "certificate_verify" => verified(&[0]),
        "order_query" => good(json!({"orders": [recorded(ORDER)], "page": {"total": "1"}})),
        "ledger_query" => good(json!({"cursor": "0", "has_more": false, "ledger_records": []})),
        "verify_record_query" => good(json!({"total": "0", "records": []})),
        "shop_query" => good(json!({"total": 1, "pois": [{"poi": {"poi_id": SHOP, "poi_name": "Gate"}}]})),
        "decrypt_batch" => {
            let body: Value = serde_json::from_str(request.body.as_deref().unwrap_or("{}")).unwrap_or_default();
            let opened = |text: &Value| json!({"cipher_text": text, "plain_text": format!("open {text}"), "is_success": true, "error_code": 0});
            let results: Vec<Value> = body["cipher_texts"].as_array().into_iter().flatten().map(opened).collect();
            good(json!({ "results": results }))
        }
        _ => coded(0),
    })
}

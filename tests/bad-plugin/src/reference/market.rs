//! The partner of the channel: makes signed calls, takes notices, and answers questions about its own side.

use entrepot_sdk::contract::channel::RawRequest;
use entrepot_sdk::contract::fault::Fault;
use entrepot_sdk::contract::ids::SceneName;
use entrepot_sdk::contract::services::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::signature;

/// The secret that calls and notices are signed with.
pub const SECRET: &str = "market-secret-3d9f71b60c";
/// The partner's account.
pub const ACCOUNT: &str = "70001";
/// An order of the partner's.
pub const ORDER: &str = "1000000000000000001";

/// The scenes, the intents that they mean, and what a call says beside order and account.
#[must_use]
pub fn calls() -> Vec<(&'static str, &'static str, Value)> {
    let sale = json!({ "product": "P1", "count": 2, "date": "2026-10-01", "amount": 18_000 });
    let create = json!({
        "product": "P1", "count": 2, "date": "2026-10-01", "amount": 18_000, "at": 1_790_000_000, "guest": "A",
    });
    let synced = json!({
        "product": "P1", "count": 1, "date": "2026-10-01", "amount": 9_000, "at": 1_790_000_000, "code": "C-1",
    });
    let invoice = json!({
        "key": "I1", "amount": 18_000, "at": 1_790_003_000, "guest": "A", "product": "tickets", "code": "Enc.a",
        "billed": ORDER,
    });
    vec![
        ("check", "check_booking", sale),
        ("create", "create_order", create),
        ("pay", "pay_order", json!({ "at": 1_790_000_060 })),
        ("cancel", "cancel_order", json!({ "at": 1_790_000_600 })),
        ("issue", "issue_order", json!({ "count": 2 })),
        ("ask-refund", "ask_refund", json!({ "key": "R1", "amount": 900, "at": 1_790_001_000 })),
        ("refunded", "record_refund", json!({ "key": "R1", "amount": 17_100, "at": 1_790_001_200 })),
        ("query", "query_order", json!({})),
        ("query", "query_order", json!({ "again": true })),
        ("calendar", "pull_calendar", json!({ "product": "P1", "date": "2026-10-01" })),
        ("event", "event", json!({ "event": "paid", "key": "m1" })),
        ("sync", "sync_order", synced),
        ("use", "record_use", json!({ "key": "U1", "code": "C-1", "at": 1_790_002_000 })),
        ("use", "record_use", json!({ "key": "U2", "code": "C-1", "at": 1_790_002_300, "event": "undone" })),
        ("change", "change_order", json!({ "key": "X1", "date": "2026-10-02", "at": 1_790_000_300 })),
        ("extend", "extend_hold", json!({ "hold_ms": 600_000 })),
        ("show", "show_orders", json!({ "product": "N1" })),
        ("list", "list_products", json!({ "product": "P1" })),
        ("standing", "record_standing", json!({ "product": "P1", "event": "approved", "key": "m2" })),
        ("want-codes", "want_codes", json!({ "product": "P1", "count": 500, "key": "m3" })),
        ("member", "ask_member", json!({ "key": "G1", "guest": "A" })),
        ("invoice", "ask_invoice", invoice),
    ]
}

/// Whether a call of this scene names an order.
#[must_use]
pub fn names_an_order(scene: &str) -> bool {
    !matches!(scene, "check" | "calendar" | "show" | "list" | "standing" | "want-codes" | "member" | "invoice")
}

/// A call as the partner makes it.
///
/// # Panics
/// When the scene's name cannot be one.
#[must_use]
pub fn call(scene: &str, said: &Value) -> RawRequest {
    let mut body = said.clone();
    body["account"] = json!(ACCOUNT);
    if names_an_order(scene) {
        body["order"] = json!(ORDER);
    }
    let scene = SceneName::parse(scene).unwrap_or_else(|fault| panic!("{fault}"));
    let body = body.to_string().into_bytes();
    sign(RawRequest { scene, method: "POST".to_owned(), query: "lane=1".to_owned(), headers: Vec::new(), body })
}

/// Makes a call authentic.
#[must_use]
pub fn sign(mut raw: RawRequest) -> RawRequest {
    let sign = signature(SECRET, &[raw.scene.as_str().as_bytes(), raw.query.as_bytes(), &raw.body]);
    raw.headers = vec![("content-type".to_owned(), "application/json".to_owned()), ("x-sign".to_owned(), sign)];
    raw
}

/// Answers a notice or a question.
///
/// # Errors
/// Never: it always answers.
pub fn answer(request: &HttpRequest) -> Result<HttpResponse, Fault> {
    let asked: Value = serde_json::from_str(request.body.as_deref().unwrap_or("{}")).unwrap_or_default();
    let body = match request.url.rsplit('/').next() {
        Some("told") => json!({ "code": 0 }),
        Some("look") => seen(&asked["question"]),
        _ => return Ok(HttpResponse { status: 404, headers: Vec::new(), body: "{}".to_owned() }),
    };
    Ok(HttpResponse { status: 200, headers: Vec::new(), body: body.to_string() })
}

/// What stands in the partner's books, in two pages where there are pages.
fn seen(question: &Value) -> Value {
    let second = question["page"] == "2";
    let next = if second { Value::Null } else { json!("2") };
    let order = json!({ "order": ORDER, "state": "paid", "raw_state": "20", "units": 2 });
    match question["look"].as_str() {
        Some("order") => json!({ "code": 0, "seen": { "seen": "orders", "orders": [order], "next": null } }),
        Some("orders") => json!({ "code": 0, "seen": { "seen": "orders", "orders": [order], "next": next } }),
        Some("ledger") => {
            let amount = json!({ "amount_minor": 18_000, "currency": "CNY" });
            let id = if second { "l2" } else { "l1" };
            let line = json!({ "id": id, "what": "sale", "amount": amount, "at": "2026-10-01T00:00:00Z" });
            json!({ "code": 0, "seen": { "seen": "ledger", "lines": [line], "next": next } })
        }
        Some("product") => {
            let product = json!({ "names": {}, "title": "A ticket", "on_sale": true });
            json!({ "code": 0, "seen": { "seen": "products", "products": [product] } })
        }
        Some("shops") => {
            let shop = json!({ "id": if second { "s2" } else { "s1" }, "name": "A gate" });
            json!({ "code": 0, "seen": { "seen": "shops", "shops": [shop], "next": next } })
        }
        Some("sealed") => {
            let texts = question["texts"].as_array().cloned().unwrap_or_default();
            let opened: Vec<String> =
                texts.iter().map(|text| format!("open-{}", text.as_str().unwrap_or(""))).collect();
            json!({ "code": 0, "seen": { "seen": "opened", "texts": opened } })
        }
        Some("reserved_code") => {
            let order = json!({ "order": ORDER, "codes": 2 });
            json!({ "code": 0, "seen": { "seen": "reserved_code", "order": order } })
        }
        _ => json!({ "code": 7 }),
    }
}

//! Bodies that cannot be meant: a fault that names the field and repeats nothing of it.

use entrepot_sdk::contract::fault::{Effect, FaultKind};
use serde_json::{Value, json};

use crate::plain;
use crate::support::*;

const EXAMPLES: [(&str, &str); 9] = [
    ("check-booking", CAN_BUY),
    ("create-order", CREATE),
    ("pay-order", PAY),
    ("cancel-order", CANCEL),
    ("apply-refund", REFUND_APPLY),
    ("notify-refund", REFUND_NOTICE),
    ("query-order", QUERY),
    ("issue-certificate", ISSUE),
    ("pull-calendar", PULL),
];

#[tokio::test]
async fn bodies_that_are_no_object_are_invalid() {
    let seat = plain().await;
    for (name, example) in EXAMPLES {
        let cut = &example[..example.len() - 1];
        let trailing = format!("{example}x");
        for body in ["", " ", "{", "[]", "null", "1", "\"x\"", "{}x", cut, &trailing] {
            let fault = seat.decode(call(name, body)).await.expect_err(name);
            assert_eq!((fault.kind, fault.effect), (FaultKind::Invalid, Effect::NotDone), "{name} {body}");
        }
        let fault = seat.decode(bytes(name, b"{\"order_id\":\"\xff\"}")).await.expect_err(name);
        assert_eq!(fault.kind, FaultKind::Invalid);
    }
    for body in [
        "",
        "{",
        "{}",
        r#"{"event":5}"#,
        r#"{"event":"verify_webhook"}"#,
        r#"{"event":"verify_webhook","content":{"challenge":[]}}"#,
    ] {
        let fault = seat.decode(call("webhook", body)).await.expect_err(body);
        assert_eq!(fault.kind, FaultKind::Invalid, "{body}");
    }
}

/// (scene, example, pointer to the field, values it cannot have)
fn wrong_values() -> Vec<(&'static str, &'static str, &'static str, Vec<Value>)> {
    let counts = || {
        vec![json!(0), json!(-1), json!(1.5), json!("two"), json!([]), json!({}), json!(true), json!(5_000_000_000_i64)]
    };
    let amounts = || {
        vec![json!(-1), json!(1.5), json!(1_000_000_000_001_i64), json!("1e3"), json!({}), json!(u64::MAX), json!(null)]
    };
    let days = || {
        vec![
            json!("2026-02-30"),
            json!("2026-1-1"),
            json!("1999-01-01"),
            json!("9999-01-01"),
            json!("tomorrow"),
            json!(20_261_001),
            json!({}),
        ]
    };
    let times = || {
        vec![json!(0), json!(-1), json!(1_790_000_000_000_i64), json!("soon"), json!(1.5), json!([]), json!(i64::MAX)]
    };
    let ids = || {
        vec![
            json!(""),
            json!({}),
            json!([]),
            json!(-1),
            json!(1.5),
            json!("a b"),
            json!("x".repeat(129)),
            json!(null),
            json!(true),
        ]
    };
    let keys = || vec![json!(""), json!({}), json!("x".repeat(129)), json!("a\u{0}b")];
    vec![
        ("check-booking", CAN_BUY, "/count", counts()),
        ("check-booking", CAN_BUY, "/amount/pay_amount", amounts()),
        ("check-booking", CAN_BUY, "/book_start_day", days()),
        ("check-booking", CAN_BUY, "/product_out_id", vec![json!({}), json!("x".repeat(129)), json!(1.5)]),
        ("check-booking", CAN_BUY, "/biz_type", vec![json!(1), json!(3), json!("calendar"), json!([])]),
        ("create-order", CREATE, "/order_id", ids()),
        ("create-order", CREATE, "/count", counts()),
        ("create-order", CREATE, "/amount", vec![json!(null), json!({}), json!(1), json!({"origin_amount": 1})]),
        ("create-order", CREATE, "/amount/origin_amount", amounts()),
        ("create-order", CREATE, "/amount/currency", vec![json!("cny"), json!("RENMINBI"), json!(156)]),
        ("create-order", CREATE, "/book_end_day", [days(), vec![json!("2026-09-30")]].concat()),
        ("create-order", CREATE, "/create_order_time_unix", times()),
        ("create-order", CREATE, "/buyer/name", vec![json!("张三"), json!("AAAA"), json!({}), json!(["x"])]),
        ("create-order", CREATE, "/buyer/phone", vec![json!("13800138000"), json!(13_800_138_000_i64), json!(true)]),
        ("create-order", CREATE, "/buyer", vec![json!("somebody"), json!(1)]),
        ("create-order", CREATE, "/tourists", vec![json!("nobody"), json!({}), json!([1])]),
        ("pay-order", PAY, "/order_id", ids()),
        ("pay-order", PAY, "/pay_time_unix", times()),
        ("cancel-order", CANCEL, "/cancel_order_time_unix", times()),
        ("cancel-order", CANCEL, "/cancel_type", vec![json!("now"), json!(null), json!({})]),
        ("apply-refund", REFUND_APPLY, "/biz_uniq_key", keys()),
        ("apply-refund", REFUND_APPLY, "/refund_fee_amount", amounts()),
        ("apply-refund", REFUND_APPLY, "/apply_refund_time_unix", times()),
        ("apply-refund", REFUND_APPLY, "/vouchers", vec![json!("all"), json!([1]), json!({})]),
        ("notify-refund", REFUND_NOTICE, "/biz_uniq_key", keys()),
        ("notify-refund", REFUND_NOTICE, "/refund_amount", amounts()),
        ("notify-refund", REFUND_NOTICE, "/refund_time_unix", times()),
        ("notify-refund", REFUND_NOTICE, "/refund_count", vec![json!(-1), json!("some"), json!(5_000_000_000_i64)]),
        ("query-order", QUERY, "/order_id", ids()),
        ("query-order", QUERY, "/order_out_id", vec![json!("another order")]),
        ("issue-certificate", ISSUE, "/order_id", ids()),
        ("issue-certificate", ISSUE, "/copies", vec![json!(0), json!(-2), json!("x"), json!({})]),
        ("pull-calendar", PULL, "/start_date", [days(), vec![json!("2026-10-04"), json!(null)]].concat()),
        ("pull-calendar", PULL, "/account_id", vec![json!(null), json!({})]),
    ]
}

fn with(example: &str, pointer: &str, value: Value) -> Value {
    let mut body: Value = serde_json::from_str(example).expect("JSON");
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = body.pointer_mut(parent).expect("a place");
    parent[name] = value;
    body
}

#[tokio::test]
async fn values_that_cannot_be_meant_are_invalid() {
    let seat = plain().await;
    for (name, example, pointer, values) in wrong_values() {
        for value in values {
            let body = with(example, pointer, value.clone()).to_string();
            let what = format!("{name} {pointer} = {value}");
            let fault = seat.decode(call(name, &body)).await.expect_err(&what);
            assert_eq!((fault.kind, fault.effect), (FaultKind::Invalid, Effect::NotDone), "{what}: {fault}");
            let text = value.as_str().filter(|text| text.len() > 3);
            assert!(text.is_none_or(|text| !fault.text.contains(text)), "{what} is repeated: {fault}");
        }
    }
}

#[tokio::test]
async fn faults_name_their_field_and_repeat_no_guest() {
    let seat = plain().await;
    let cases = [
        (with(CREATE, "/buyer/phone", json!("13800138000")), "buyer.phone"),
        (with(CREATE, "/tourists", json!([{"name": "Enc.x"}, {"name": "王五五"}])), "tourists[1].name"),
        (with(CREATE, "/buyer/license_type", json!("王五五")), "buyer.license_type"),
        (with(CREATE, "/buyer/name", json!({"王五五": 13_800_138_000_i64})), "buyer.name"),
        (with(CREATE, "/buyer/crowd_type", json!("王五138")), "buyer.crowd_type"),
    ];
    for (body, field) in cases {
        let fault = seat.decode(call("create-order", &body.to_string())).await.expect_err(field);
        assert!(fault.text.contains(field), "{}", fault.text);
        assert!(!fault.text.contains("138") && !fault.text.contains("王"), "{}", fault.text);
    }
    let fault = seat
        .decode(call("create-order", &with(CREATE, "/biz_type", json!(3)).to_string()))
        .await
        .expect_err("another solution");
    assert_eq!(fault.text, "biz_type 3 belongs to another solution");
}

#[tokio::test]
async fn missing_fields_are_invalid_and_extra_ones_are_not() {
    let seat = plain().await;
    let required = [
        ("check-booking", CAN_BUY, vec!["count"]),
        ("create-order", CREATE, vec!["order_id", "sku_id", "count", "amount"]),
        ("pay-order", PAY, vec!["order_id", "pay_time_unix"]),
        ("cancel-order", CANCEL, vec!["order_id", "cancel_type", "cancel_order_time_unix"]),
        ("apply-refund", REFUND_APPLY, vec!["order_id", "biz_uniq_key", "refund_fee_amount", "apply_refund_time_unix"]),
        ("notify-refund", REFUND_NOTICE, vec!["order_id", "biz_uniq_key", "refund_amount", "refund_time_unix"]),
        ("query-order", QUERY, vec!["order_id"]),
        ("issue-certificate", ISSUE, vec!["order_id", "count"]),
        ("pull-calendar", PULL, vec!["account_id", "start_date", "end_date"]),
    ];
    for (name, example, fields) in required {
        for field in fields {
            let mut body: Value = serde_json::from_str(example).expect("JSON");
            body.as_object_mut().expect("an object").remove(field);
            let fault = seat.decode(call(name, &body.to_string())).await.expect_err(field);
            assert_eq!(fault.kind, FaultKind::Invalid, "{name} without {field}");
        }
        let mut body: Value = serde_json::from_str(example).expect("JSON");
        body["added_by_douyin"] = json!({"tomorrow": [1, 2]});
        seat.decode(call(name, &body.to_string())).await.expect("unknown fields are left alone");
    }
}

/// Host answers for what cannot be understood: final for questions, "call again" for facts.
#[tokio::test]
async fn the_ready_answers_speak_each_scenes_words() {
    let seat = plain().await;
    let expected = [
        // scene, unplaced, stored, malformed
        ("check-booking", 2, None, 999_999),
        ("create-order", 2, None, 999_999),
        ("pay-order", 100, Some(0), 100),
        ("cancel-order", 100, Some(0), 100),
        ("apply-refund", 999_999, None, 999_999),
        ("notify-refund", 100, Some(0), 100),
        ("query-order", 2, None, 1),
        ("issue-certificate", 100, None, 100),
        ("pull-calendar", 999_999, None, 999_999),
    ];
    for (name, unplaced, stored, malformed) in expected {
        let answers = seat.opened.answers.iter().find(|answers| answers.scene.as_str() == name).expect(name);
        let code = |raw| crate::json_of(raw)["data"]["error_code"].clone();
        assert_eq!(code(&answers.busy), 100, "{name}");
        assert_eq!(code(&answers.timed_out), 100, "{name}");
        assert_eq!(answers.refused.status, 401, "{name}");
        assert_eq!(code(&answers.unplaced), unplaced, "{name}");
        assert_eq!(answers.stored.as_ref().map(code), stored.map(|code| json!(code)), "{name}");
        assert_eq!(code(&answers.malformed), malformed, "{name}");
        for raw in [&answers.busy, &answers.unplaced, &answers.malformed] {
            assert_eq!((raw.status, raw.content_type.as_str()), (200, "application/json"), "{name}");
        }
    }
    let pay = seat.opened.answers.iter().find(|answers| answers.scene.as_str() == "pay-order").expect("pay-order");
    let stored = crate::json_of(pay.stored.as_ref().expect("a fact"));
    assert_eq!(stored["data"]["confirm_info"], json!({"confirm_mode": 2}));
    let hook = seat.opened.answers.iter().find(|answers| answers.scene.as_str() == "webhook").expect("webhook");
    let statuses = [&hook.busy, &hook.timed_out, &hook.refused, &hook.unplaced, &hook.malformed].map(|raw| raw.status);
    assert_eq!(statuses, [503, 503, 401, 200, 400]);
    assert_eq!(hook.stored.as_ref().map(|raw| raw.status), Some(200));
}

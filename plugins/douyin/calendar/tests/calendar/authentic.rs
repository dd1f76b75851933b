//! Signatures, and what a call is about.

use entrepot_sdk::contract::channel::{Located, RawRequest};
use entrepot_sdk::contract::fault::FaultKind;
use entrepot_sdk::testing::Seat;
use serde_json::json;

use crate::support::*;
use crate::{plain, seat, world};

async fn refused(seat: &Seat, raw: RawRequest) {
    let fault = seat.locate(raw.clone()).await.expect_err("not authentic");
    assert_eq!(fault.kind, FaultKind::Unauthenticated, "{raw:?}");
}

fn bare(query: &str, body: &[u8], header: (&str, &str)) -> RawRequest {
    RawRequest {
        scene: scene("create-order"),
        method: "POST".to_owned(),
        query: query.to_owned(),
        headers: vec![(header.0.to_owned(), header.1.to_owned())],
        body: body.to_vec(),
    }
}

/// Common §7.2's worked example, letter by letter.
#[tokio::test]
async fn the_worked_example_is_authentic() {
    let query = "timestamp=1718000000123&client_key=awtestkey000001&sign=ignored";
    let body = br#"{"order_id":"1000000000000000001","count":2}"#;
    let sign = "9e7cc62b4e182c394328d79e990c7e24d5c25884687f5e7fbdbb8e75d570ad2d";
    let seat = plain().await;
    for sign in [sign.to_owned(), sign.to_ascii_uppercase()] {
        let located = seat.locate(bare(query, body, ("x-life-sign", &sign))).await.expect("authentic");
        assert_eq!(located.order.as_ref().map(|id| id.as_str()), Some(ORDER));
    }
}

#[tokio::test]
async fn one_flipped_bit_is_refused() {
    let seat = plain().await;
    let good = call("create-order", CREATE);
    for bit in 0..good.body.len() * 8 {
        let mut raw = good.clone();
        raw.body[bit / 8] ^= 1 << (bit % 8);
        refused(&seat, raw).await;
    }
    // Every bit of both parameters that are signed.
    let signed_part = good.query.find("&sign=").expect("the query ends with sign");
    for bit in 0..signed_part * 8 {
        let mut bytes = good.query.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(query) = String::from_utf8(bytes) {
            refused(&seat, RawRequest { query, ..good.clone() }).await;
        }
    }
    let at = good.headers.iter().position(|(name, _)| name == "x-life-sign").expect("signed");
    for bit in 0..good.headers[at].1.len() * 8 {
        let mut raw = good.clone();
        let mut bytes = raw.headers[at].1.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(value) = String::from_utf8(bytes) {
            raw.headers[at].1 = value;
            refused(&seat, raw).await;
        }
    }
}

#[tokio::test]
async fn another_applications_key_is_refused_even_when_signed() {
    let raw = RawRequest { query: "client_key=another&timestamp=1790000000123".to_owned(), ..call("pay-order", PAY) };
    refused(&plain().await, signed(raw.clone())).await;
    // Unless it is a key of this application's own, from before a migration.
    let settings = json!({"other_client_keys": ["another"]});
    let seat = seat(&world(), settings, json!({})).await;
    seat.locate(signed(raw)).await.expect("authentic");
    // No key, or two of them, name no application.
    for query in ["timestamp=1", "client_key=awtestkey000001&client_key=another"] {
        let raw = RawRequest { query: query.to_owned(), ..call("pay-order", PAY) };
        refused(&seat, signed(raw)).await;
    }
}

/// Common §7.3: off unless switched on, and never a rescue of a wrong new signature.
#[tokio::test]
async fn the_old_signature_counts_only_when_accepted() {
    let query = "timestamp=1718000000123&client_key=awtestkey000001&sign=d9dc0146396ed9b3e0bc209c86f9f2a6";
    let body = br#"{"order_id":"1000000000000000001","count":2}"#;
    let old = bare(query, body, ("x-other", ""));
    refused(&plain().await, old.clone()).await;
    let seat = seat(&world(), json!({"accept_old_sign": true}), json!({})).await;
    seat.locate(old).await.expect("authentic");
    refused(&seat, bare(query, body, ("x-life-sign", &"0".repeat(64)))).await;
}

/// Common §9's vector.
#[tokio::test]
async fn webhooks_have_a_signature_of_their_own() {
    let body = br#"{"event":"life_trade_order_notify","client_key":"awtestkey000001","content":"{\"action\":\"pay_success\"}","log_id":"L1"}"#;
    let hook = |sign: &str| RawRequest {
        scene: scene("webhook"),
        query: String::new(),
        ..bare("", body, ("x-douyin-signature", sign))
    };
    let seat = plain().await;
    let located = seat.locate(hook("b0397c98812554476a41bbbf237a987e58de6a78")).await.expect("authentic");
    assert_eq!(located, Located { partner_trace: Some("L1".to_owned()), ..Located::default() });
    refused(&seat, hook("b0397c98812554476a41bbbf237a987e58de6a79")).await;
    // A webhook's signature does not open another scene, nor the other way round.
    let mut raw = hook("b0397c98812554476a41bbbf237a987e58de6a78");
    raw.scene = scene("pay-order");
    refused(&seat, raw).await;
    let raw = RawRequest { scene: scene("webhook"), ..call("pay-order", PAY) };
    refused(&seat, raw).await;
    let other = HANDSHAKE.replace(r#""client_key":"""#, r#""client_key":"another""#);
    refused(&seat, call("webhook", &other)).await;
}

#[tokio::test]
async fn a_call_is_located_by_every_name_it_carries() {
    let seat = plain().await;
    let located = seat.locate(call("check-booking", CAN_BUY)).await.expect("authentic");
    assert_eq!(located.account.as_deref(), Some(ACCOUNT));
    assert_eq!(located.names.product_out.as_deref(), Some("P1"));
    assert_eq!(located.names.sku_out.as_deref(), Some("P1-ADULT"));
    assert_eq!(located.partner_trace.as_deref(), Some(LOGID));
    assert_eq!(located.order, None);

    let located = seat.locate(call("issue-certificate", ISSUE)).await.expect("authentic");
    assert_eq!(located.names.sku.as_deref(), Some("1800"));
    assert_eq!(located.names.sku_out.as_deref(), Some("P1-ADULT"));
    assert_eq!(located.order.as_ref().map(|id| id.as_str()), Some(ORDER));

    for name in ["order_out_id", "out_order_id", "third_order_id"] {
        let body = format!(r#"{{"order_id":1000000000000000001,"{name}":"T20260001","source_order_id":"7"}}"#);
        let located = seat.locate(call("query-order", &body)).await.expect("authentic");
        assert_eq!(located.own_order.as_deref(), Some(OWN_ORDER), "{name}");
        assert_eq!(located.order.as_ref().map(|id| id.as_str()), Some(ORDER), "a number is an id, too");
        assert_eq!(located.source_order.as_ref().map(|id| id.as_str()), Some("7"));
    }

    let located = seat.locate(call("webhook", HOOK)).await.expect("authentic");
    assert_eq!(located.account.as_deref(), Some(ACCOUNT));
    assert_eq!(located.order.as_ref().map(|id| id.as_str()), Some(ORDER));
}

#[tokio::test]
async fn an_authentic_body_without_sense_is_located_all_the_same() {
    let seat = plain().await;
    for body in ["", "{", "[]", "null", r#"{"order_id":{},"account_id":[1]}"#, "\u{0}"] {
        let located = seat.locate(call("create-order", body)).await.expect("authentic");
        assert_eq!(located.order, None);
        assert_eq!(located.partner_trace.as_deref(), Some(LOGID));
    }
    let located = seat.locate(bytes("create-order", b"\xff\xfe")).await.expect("authentic");
    assert_eq!(located.account, None);
    let half = r#"{"order_id":"1000000000000000001","count":"many"}"#;
    let located = seat.locate(call("create-order", half)).await.expect("authentic");
    assert_eq!(located.order.as_ref().map(|id| id.as_str()), Some(ORDER));
}

#[tokio::test]
async fn an_old_call_is_refused_only_when_a_window_is_set() {
    let old = RawRequest {
        query: "client_key=awtestkey000001&timestamp=1789999000000".to_owned(),
        ..call("query-order", QUERY)
    };
    plain().await.decode(signed(old.clone())).await.expect("no window");
    let seat = seat(&world(), json!({"replay_window_ms": 600_000}), json!({})).await;
    let fault = seat.decode(signed(old)).await.expect_err("too old");
    assert_eq!(fault.kind, FaultKind::Unauthenticated);
    seat.decode(call("query-order", QUERY)).await.expect("near");
}

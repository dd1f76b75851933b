//! What each notice sends, field by field, against the pages' examples.

use entrepot_sdk::contract::fault::{Effect, FaultKind};
use entrepot_sdk::contract::money::Money;
use entrepot_sdk::contract::notice::{Notice, OrderEvent, OrderNotice, RefundDecision};
use entrepot_sdk::contract::order::{CredentialKind, UnitCredentials};
use entrepot_sdk::contract::services::{HttpRequest, HttpResponse};
use entrepot_sdk::contract::time::Timestamp;
use entrepot_sdk::testing::{Bench, Seat, World};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::partner::body;
use crate::support::*;
use crate::{seat, world};

fn last(world: &World) -> HttpRequest {
    world.sent().pop().expect("a call")
}

async fn told(notice: Notice) -> (String, Value) {
    let world = world();
    let seat = seat(&world, json!({}), json!({})).await;
    seat.deliver(notice).await.expect("taken");
    let request = last(&world);
    assert_eq!(request.method, "POST");
    let path = request.url.strip_prefix("http://partner.test").expect("the base URL").to_owned();
    (path, body(&request))
}

/// Scenic §5, §12, §8, §13.
#[tokio::test]
async fn the_pages_own_examples() {
    let decided = |agreed, fee| {
        let no = RefundDecision::Refused { reason: "used".to_owned(), repaired: vec![] };
        let decision = if agreed { RefundDecision::Agreed { fee } } else { no };
        notice(OrderEvent::RefundDecided { key: "R1".to_owned(), units: vec![1], decision })
    };
    let confirm = "/goodlife/v1/trip/order/confirm/";
    let callback = "/goodlife/v1/fulfilment/create/callback/";
    let audit = "/goodlife/v1/trip/refund/audit/";
    let verify = "/goodlife/v1/trip/certificate/verify/";
    let no = || "sold out at the gate".to_owned();
    let cases = [
        (notice(OrderEvent::Accepted), confirm, json!({"order_id": ORDER, "confirm_result": 1})),
        (notice(OrderEvent::Refused { reason: no() }), confirm, json!({"order_id": ORDER, "confirm_result": 2})),
        (
            notice(OrderEvent::Issued { units: vec![qr(2), qr(1)] }),
            callback,
            json!({"order_id": ORDER, "third_order_id": OWN_ORDER, "result": 1, "vouchers": [
                {"entrance": {"project_id": "T20260001-1", "qrcodes": ["QR-1"]}},
                {"entrance": {"project_id": "T20260001-2", "qrcodes": ["QR-2"]}},
            ]}),
        ),
        (
            notice(OrderEvent::IssueFailed { reason: no() }),
            callback,
            json!({"order_id": ORDER, "third_order_id": OWN_ORDER, "result": 2, "fail_reason": "sold out at the gate"}),
        ),
        (
            decided(true, Some(Money::fen(900))),
            audit,
            json!({"order_id": ORDER, "biz_uniq_key": "R1", "audit_result": 1, "refund_fee_amount": 900}),
        ),
        (
            decided(true, None),
            audit,
            json!({"order_id": ORDER, "biz_uniq_key": "R1", "audit_result": 1, "refund_fee_amount": 0}),
        ),
        (
            decided(false, Some(Money::fen(900))),
            audit,
            json!({"order_id": ORDER, "biz_uniq_key": "R1", "audit_result": 2}),
        ),
        (
            redemption(&[1], false),
            verify,
            json!({"order_id": ORDER, "verify_token": "v-1", "poi_id": SHOP, "verify_time": 1_790_800_000,
                   "vouchers": [{"entrance": {"project_id": "T20260001-1"}}]}),
        ),
        (
            redemption(&[1, 2], true),
            verify,
            json!({"order_id": ORDER, "verify_token": "v-1", "poi_id": SHOP, "verify_time": 1_790_800_000}),
        ),
    ];
    for (notice, path, expected) in cases {
        let what = notice.name();
        assert_eq!(told(notice).await, (path.to_owned(), expected), "{what}");
    }
}

/// Scenic §13.
#[tokio::test]
async fn a_use_after_a_refused_refund_is_told_with_a_time_before_the_question() {
    for (refused_s, told_s) in [(1_790_799_000, 1_790_798_940), (1_790_900_000, 1_790_800_000)] {
        let Notice::Order(mut notice) = redemption(&[1], true) else { panic!("an order's notice") };
        let OrderEvent::Redeemed { refund_refused, .. } = &mut notice.event else { panic!("a redemption") };
        *refund_refused = Some(Timestamp::from_seconds(refused_s));
        let (_, body) = told(Notice::Order(notice)).await;
        assert_eq!(body["verify_time"], told_s);
    }
}

/// Common §2, §4.
#[tokio::test]
async fn every_call_carries_its_headers() {
    let world = world();
    let seat = Bench::new(douyin_calendar::plugin())
        .world(&world)
        .connection(json!({}), Some(ACCOUNT), &[])
        .opening(|open| open.extra_headers = vec![("X-Sandbox".to_owned(), "1".to_owned())])
        .open()
        .await
        .expect("it opens");
    seat.deliver(redemption(&[1], true)).await.expect("taken");
    let request = last(&world);
    let header = |name: &str| request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(header("access-token"), Some("clt.test-token-0123456789"));
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(header("rpc-transit-life-account"), Some(ACCOUNT));
    assert_eq!(header("x-sandbox"), Some("1"));
    assert_eq!(request.secret_headers, ["access-token"]);
    assert_eq!(body(&request).get("poi_id"), None, "no shop is configured");
}

#[tokio::test]
async fn a_notices_own_shop_goes_first() {
    let mut notice = redemption(&[1], true);
    if let Notice::Order(OrderNotice { event: OrderEvent::Redeemed { shop, .. }, .. }) = &mut notice {
        *shop = Some("71999".to_owned());
    }
    assert_eq!(told(notice).await.1["poi_id"], "71999");
}

/// Common §12: one SDK types it as text.
#[tokio::test]
async fn document_types_are_text_when_set() {
    let document = UnitCredentials { unit: 1, credentials: vec![credential(CredentialKind::Document, "D")] };
    for (as_text, expected) in [(false, json!(1)), (true, json!("1"))] {
        let world = world();
        let seat = seat(&world, json!({"credential_type_as_text": as_text}), json!({})).await;
        let units = vec![document.clone(), qr(2)];
        seat.deliver(notice(OrderEvent::Issued { units })).await.expect("taken");
        let sent = body(&last(&world));
        assert_eq!(sent["vouchers"][0]["entrance"]["credentials"][0]["credential_type"], expected);
        assert_eq!(sent["vouchers"][1]["entrance"].get("credentials"), None);
    }
}

async fn answered(answer: impl Fn() -> HttpResponse + Send + Sync + 'static) -> (Seat, Arc<World>) {
    let world = world();
    world.other_side(move |request| match request.api.as_str() {
        "client_token" => Ok(token("clt.test-token-0123456789")),
        _ => Ok(answer()),
    });
    (seat(&world, json!({}), json!({})).await, world)
}

/// Scenic §13: every item counts, 1208 is done as well.
#[tokio::test]
async fn each_voucher_has_to_be_redeemed() {
    for codes in [vec![0], vec![0, 0], vec![1208], vec![0, 1208]] {
        let (seat, _) = answered(move || verified(&codes)).await;
        seat.deliver(redemption(&[1, 2], true)).await.expect("done");
    }
    let cases = [
        (vec![1212], FaultKind::Refused, Effect::NotDone),
        (vec![0, 1212], FaultKind::Refused, Effect::Unknown),
        (vec![1229], FaultKind::RateLimited, Effect::NotDone),
        (vec![2_119_002], FaultKind::Unavailable, Effect::NotDone),
        (vec![424_242], FaultKind::Unavailable, Effect::Unknown),
        (vec![], FaultKind::Garbled, Effect::Unknown),
    ];
    for (codes, kind, effect) in cases {
        let told = codes.clone();
        let (seat, _) = answered(move || verified(&told)).await;
        let fault = seat.deliver(redemption(&[1, 2], true)).await.expect_err("not done");
        assert_eq!((fault.kind, fault.effect), (kind, effect), "{codes:?}: {fault}");
        assert!(fault.text.contains(LOGID), "{fault}");
        assert!(!fault.text.contains("QR-1"), "{fault}");
    }
    let (seat, _) = answered(|| coded(0)).await;
    let fault = seat.deliver(redemption(&[1], true)).await.expect_err("no list");
    assert_eq!(fault.kind, FaultKind::Garbled);
}

/// Common §5 in the contract's words.
#[tokio::test]
async fn douyins_codes_are_told_apart() {
    let cases = [
        (2_100_004, FaultKind::Unavailable, Effect::NotDone),
        (2_100_001, FaultKind::Unavailable, Effect::Unknown),
        (2_119_003, FaultKind::RateLimited, Effect::NotDone),
        (2_190_001, FaultKind::RateLimited, Effect::NotDone),
        (2_100_005, FaultKind::Refused, Effect::NotDone),
        (2_119_005, FaultKind::Refused, Effect::NotDone),
        (5_000_001, FaultKind::Refused, Effect::Unknown),
        (987_654_321, FaultKind::Unavailable, Effect::Unknown),
    ];
    for (code, kind, effect) in cases {
        let (seat, _) = answered(move || coded(code)).await;
        let fault = seat.deliver(notice(OrderEvent::Accepted)).await.expect_err("failed");
        assert_eq!((fault.kind, fault.effect), (kind, effect), "{code}: {fault}");
        assert_eq!(fault.partner_code, Some(code.to_string()));
        assert!(fault.text.contains(LOGID) && !fault.text.contains("QR-1"), "{fault}");
        let asks = fault.text.contains("an operator must act");
        assert_eq!(asks, matches!(code, 2_119_005 | 5_000_001), "{fault}");
    }
    let odd = [(200, "<html>", FaultKind::Garbled), (502, "bad gateway", FaultKind::Unavailable)];
    for (status, text, kind) in odd {
        let (seat, _) = answered(move || HttpResponse { status, headers: vec![], body: text.to_owned() }).await;
        let fault = seat.deliver(notice(OrderEvent::Accepted)).await.expect_err("failed");
        assert_eq!((fault.kind, fault.effect), (kind, Effect::Unknown), "{fault}");
        assert!(!fault.text.contains(text), "{fault}");
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_sent() {
    let world = world();
    let seat = seat(&world, json!({}), json!({})).await;
    for notice in [
        notice(OrderEvent::Issued { units: vec![] }),
        redemption(&[], false),
        notice(OrderEvent::RefundDecided {
            key: "R1".to_owned(),
            units: vec![1],
            decision: RefundDecision::Agreed { fee: Some(Money::fen(-1)) },
        }),
    ] {
        let fault = seat.deliver(notice).await.expect_err("cannot be sent");
        assert_eq!((fault.kind, fault.effect), (FaultKind::Invalid, Effect::NotDone));
    }
    assert!(world.sent().is_empty());
}

/// The card declares what is delivered, and that all of it may be repeated.
#[tokio::test]
async fn every_declared_notice_is_delivered_twice() {
    let capabilities = douyin_calendar::plugin().manifest().capabilities.channel.expect("a channel");
    let names: Vec<&str> = notices().iter().map(|notice| notice.name()).collect();
    assert_eq!(capabilities.notices, names);
    assert_eq!(capabilities.repeatable_notices, names);
    let world = world();
    let seat = seat(&world, json!({}), json!({})).await;
    for notice in notices() {
        seat.deliver(notice.clone()).await.expect("taken");
        let first = last(&world);
        seat.deliver(notice).await.expect("taken again");
        assert_eq!(last(&world), first, "a repeat is the same call");
    }
}

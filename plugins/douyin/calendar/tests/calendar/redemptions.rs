//! Uses by the general call (common §13, fulfilment §3), and refunds refused with repaired vouchers (scenic §7, §8).

use entrepot_sdk::contract::fault::{Effect, FaultKind};
use entrepot_sdk::contract::ids::OrderId;
use entrepot_sdk::contract::notice::{Notice, OrderEvent, RefundDecision};
use entrepot_sdk::contract::order::{Credential, CredentialKind, UnitCredentials};
use entrepot_sdk::contract::outcome::Outcome;
use entrepot_sdk::testing::Bench;
use serde_json::json;

use crate::partner::{body, facing, path, sent};
use crate::support::*;
use crate::{json_of, plain, world};

#[tokio::test]
async fn the_general_call_names_every_unit() {
    let results = |codes: Vec<i64>| {
        move |request: &entrepot_sdk::contract::services::HttpRequest| {
            let items: Vec<_> =
                codes.iter().map(|code| json!({"result": code, "code": "QR-1", "msg": "QR-1"})).collect();
            (request.api == "general_certificate_verify").then(|| good(json!({"verify_results": items})))
        }
    };
    let connection = json!({"redeem_by": "general"});
    // Result 2 is "redeemed before" of this call alone (fulfilment §3, rule 5).
    for codes in [vec![0, 0], vec![1208, 0], vec![2, 2]] {
        let (seat, world) = facing(json!({}), connection.clone(), results(codes)).await;
        seat.deliver(redemption(&[1, 2], true)).await.expect("done");
        let request = &sent(&world, "general_certificate_verify")[0];
        assert_eq!(path(request), "/goodlife/v1/fulfilment/certificate/verify/");
        let voucher = |unit: u16| json!({"project_id": format!("T20260001-{unit}"), "verify_time": 1_790_800_000});
        assert_eq!(
            body(request),
            json!({"order_id": ORDER, "verify_token": "v-1", "poi_id": SHOP, "vouchers": [voucher(1), voucher(2)]})
        );
    }
    let (seat, _) = facing(json!({}), connection.clone(), results(vec![0, 1212])).await;
    let fault = seat.deliver(redemption(&[1, 2], true)).await.expect_err("one is not known");
    assert_eq!((fault.kind, fault.effect), (FaultKind::Refused, Effect::Unknown));
    assert!(!fault.text.contains("QR-1"), "{fault}");
    let (trip, _) =
        facing(json!({}), json!({}), |request| (request.api == "certificate_verify").then(|| verified(&[2]))).await;
    trip.deliver(redemption(&[1], true)).await.expect_err("2 means nothing there");
}

/// Fulfilment §3, rule 1: third-party codes with the real time of use, as texts.
#[tokio::test]
async fn the_general_call_names_the_codes_where_it_is_told_to() {
    let (seat, world) = facing(json!({}), json!({"redeem_by": "codes"}), |request| {
        (request.api == "general_certificate_verify").then(|| good(json!({"verify_results": [{"result": 0}]})))
    })
    .await;
    let mut notice = redemption(&[2], false);
    let Notice::Order(told) = &mut notice else { unreachable!("it is about an order") };
    let OrderEvent::Redeemed { tickets, .. } = &mut told.event else { unreachable!("it is a use") };
    *tickets = vec![ticket(1, "T-001"), ticket(2, "T-002")];
    seat.deliver(notice).await.expect("done");
    assert_eq!(
        body(&sent(&world, "general_certificate_verify")[0]),
        json!({"order_id": ORDER, "verify_token": "v-1", "poi_id": SHOP,
            "code_with_time_list": [{"code": "T-002", "verify_time": "1790800000"}]})
    );
    let fault = seat.deliver(redemption(&[2], false)).await.expect_err("it has no code");
    assert_eq!((fault.kind, fault.effect), (FaultKind::Invalid, Effect::NotDone));
    assert!(fault.text.contains("unit 2"), "{fault}");
}

fn ticket(unit: u16, code: &str) -> UnitCredentials {
    UnitCredentials {
        unit,
        credentials: vec![Credential {
            kind: CredentialKind::VoucherNumber,
            document_kind: None,
            value: code.to_owned(),
        }],
    }
}

#[tokio::test]
async fn the_general_call_needs_a_shop() {
    let world = world();
    let bench = Bench::new(douyin_calendar::plugin()).world(&world);
    let seat = bench.connection(json!({"redeem_by": "general"}), Some(ACCOUNT), &[]).open().await.expect("it opens");
    let fault = seat.deliver(redemption(&[1], true)).await.expect_err("no shop");
    assert_eq!((fault.kind, fault.effect), (FaultKind::Invalid, Effect::NotDone));
    assert!(fault.text.contains("shop_ids"), "{fault}");
    assert!(world.sent().is_empty());
}

/// 补码: after a failed issuing (apply_source 301) a refusal counts only with the vouchers, in the answer (scenic §7) and in
/// the callback (§8) alike.
#[tokio::test]
async fn a_refund_after_failed_issuing_is_refused_with_the_vouchers() {
    let seat = plain().await;
    let asked = REFUND_APPLY.replace("\"apply_source\":101", "\"apply_source\":301");
    let intent = seat.decode(call("apply-refund", &asked)).await.expect("a question");
    let order = OrderId::parse(OWN_ORDER).expect("an id");
    let refused =
        Outcome::RefundRefused { order, reason: "the codes are here".to_owned(), repaired: vec![qr(1), qr(2)] };
    let raw = seat.encode(scene("apply-refund"), intent, refused).await.expect("an answer");
    let vouchers = json!([
        {"entrance": {"project_id": "T20260001-1", "qrcodes": ["QR-1"]}},
        {"entrance": {"project_id": "T20260001-2", "qrcodes": ["QR-2"]}},
    ]);
    assert_eq!(
        json_of(&raw),
        json!({"data": {"error_code": 0, "description": "the codes are here", "audit_refund_result": 2, "vouchers": vouchers}})
    );
    let (seat, world) = facing(json!({}), json!({}), |_| None).await;
    let decision = RefundDecision::Refused { reason: "the codes are here".to_owned(), repaired: vec![qr(2), qr(1)] };
    let event = OrderEvent::RefundDecided { key: "R1".to_owned(), units: vec![1, 2], decision };
    seat.deliver(notice(event)).await.expect("taken");
    let request = &sent(&world, "refund_audit")[0];
    assert_eq!(path(request), "/goodlife/v1/trip/refund/audit/");
    let expected = json!({"order_id": ORDER, "biz_uniq_key": "R1", "audit_result": 2, "vouchers": vouchers});
    assert_eq!(body(request), expected);
}

//! How a result is told: the information sync, both revisions of the bodies, order and repetition (groupbuy B8 to B11b).

use super::{DAY, reserved, states};
use crate::stub::World;
use douyin_simulator::{
    AfterSale, CancelNotice, PurchaseState, RefundForm, Reservation, ReservationState, Scene, Telling, TimesCard,
    TimesItem, Told,
};
use serde_json::{Value, json};

/// Every field of a printed example is in the body, with a value of the same type.
fn has_the_fields_of(body: &Value, example: &str) {
    let example: Value = serde_json::from_str(example).expect("JSON");
    for (field, value) in example.as_object().expect("an object") {
        assert_eq!(std::mem::discriminant(&body[field]), std::mem::discriminant(value), "{field} of {body}");
    }
}

#[tokio::test]
async fn bodies_are_those_of_the_page() {
    let world = World::new().await;
    let (_, order) = reserved(&world).await;
    world.platform.hold_notices();
    let telling = Telling::NOTICE.by(douyin_simulator::By::Both).with_cancel(CancelNotice::After);
    world.platform.customer_service(&order.order_id, 19_800, telling).await.expect("a refund");
    let held = world.platform.held_notices();
    let scenes: Vec<Scene> = held.iter().map(|(scene, ..)| *scene).collect();
    assert_eq!(scenes, [Scene::SyncRefund, Scene::NotifyRefund, Scene::CancelOrder]);
    has_the_fields_of(
        &held[0].2,
        r#"{"order_id":"9001","after_sale_id":"as1","after_sale_type":2,"notice_list":[{"certificate_id":"c1","code":"A1","apply_time":1777700000000,"audit_time":1777700600000,"audit_result":1,"voucher":""}]}"#,
    );
    has_the_fields_of(
        &held[0].2["notice_list"][0],
        r#"{"certificate_id":"c1","code":"A1","apply_time":1777700000000,"audit_time":1777700600000,"audit_result":1,"voucher":""}"#,
    );
    assert_eq!(held[0].2["notice_list"][0]["apply_time"], 1_790_000_000_000_i64);
    let one: Value =
        serde_json::from_str(held[0].2["notice_list"][0]["voucher"].as_str().expect("text")).expect("JSON");
    assert_eq!(one["entrance"]["qrcodes"][0], "QR-1");
    has_the_fields_of(
        &held[1].2,
        r#"{"order_id":"8001","out_order_id":"V-8001","biz_uniq_key":"k9","refund_amount":19800,"refund_time_unix":1777800000,"refund_scene":1,"refund_count":2}"#,
    );
    has_the_fields_of(
        &held[2].2,
        r#"{"order_id":"9001","order_out_id":"R-9001","cancel_type":2,"cancel_order_time_unix":1777701000}"#,
    );
}

#[tokio::test]
async fn the_question_has_two_revisions() {
    let world = World::new().await;
    let (_, order) = reserved(&world).await;
    world.platform.ask_after_sale(&order.order_id, AfterSale::CancelReservation, 101).await.expect("a question");
    let body = world.stub.seen_on(Scene::ApplyRefund)[0].json();
    has_the_fields_of(
        &body,
        r#"{"order_id":"9001","out_order_id":"R-9001","biz_uniq_key":"k1","after_sale_type":2,"apply_source":101,"apply_refund_time_unix":1777700000}"#,
    );
    assert!(body.get("refund_fee_amount").is_none() && body.get("order_out_id").is_none());
    let world = World::with(|options| options.group_buy.refund_form = RefundForm::January2026).await;
    let (_, order) = reserved(&world).await;
    world.platform.guest_refund(&order.order_id, AfterSale::Refund).await.expect("a question");
    let body = world.stub.seen_on(Scene::ApplyRefund)[0].json();
    assert_eq!(body["refund_fee_amount"], 0);
    assert!(body["order_out_id"].is_string() && body.get("after_sale_type").is_none());
    assert!(world.stub.seen_on(Scene::NotifyRefund)[0].json()["order_out_id"].is_string());
}

#[tokio::test]
async fn notices_wait_and_go_out_in_any_order_and_number() {
    let world = World::new().await;
    let (purchase, order) = reserved(&world).await;
    world.platform.hold_notices();
    let telling = Telling::NOTICE.of(Told::Both);
    world.platform.customer_service(&order.order_id, 19_800, telling).await.expect("a refund");
    assert!(world.stub.seen_on(Scene::NotifyRefund).is_empty());
    assert_eq!(states(&world, &purchase, &order.order_id), (PurchaseState::Refunded, ReservationState::Cancelled));
    assert!(world.platform.release_notices(&[2]).await.is_err());
    let replies = world.platform.release_notices(&[1, 0, 1]).await.expect("three");
    assert!(replies.len() == 3 && replies.iter().all(|reply| reply.is_ok()));
    let seen = world.stub.seen_on(Scene::NotifyRefund);
    let orders: Vec<Value> = seen.iter().map(|one| one.json()["order_id"].clone()).collect();
    assert_eq!(orders, [json!(purchase), json!(order.order_id), json!(purchase)]);
    assert_eq!(seen[0].body, seen[2].body);
    assert!(world.platform.held_notices().is_empty());
}

#[tokio::test]
async fn a_times_card_adds_up() {
    let world = World::new().await;
    let (_, order) = reserved(&world).await;
    let item = |id: &str| TimesItem { id: id.into(), deduct_fen: 100, marketing_fen: 200, user_fen: 700 };
    let mut sync = world.platform.sync_of(&order.order_id, 3).expect("a known order");
    sync.places = vec![0];
    sync.audit_result = 2;
    sync.times = Some(TimesCard { total: 5, redeemed: 2, items: vec![item("1"), item("2")] });
    world.platform.sync_refund(&order.order_id, &sync).await.expect("a known order");
    let body = world.stub.seen_on(Scene::SyncRefund)[0].json();
    assert!(body.get("after_sale_id").is_none(), "one certificate shares it with nobody");
    let row = &body["notice_list"][0];
    for (field, value) in [
        ("total_count", 5),
        ("verify_count", 2),
        ("refund_count", 2),
        ("origin_amount", 2_000),
        ("refund_amount", 1_800),
        ("deduct_fee_amount", 200),
        ("audit_result", 2),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
    let expected = json!({"sub_item_id": "1", "origin_amount": 1000, "deduct_fee_amount": 100, "refund_amount": 900,
        "marketing_amount": 200, "user_amount": 700});
    assert_eq!(row["sub_item_list"][0], expected);
    sync.overrides.insert("order_id".into(), json!("7"));
    world.platform.sync_refund(&order.order_id, &sync).await.expect("a known order");
    assert_eq!(world.stub.seen_on(Scene::SyncRefund)[1].json()["order_id"], "7");
}

#[tokio::test]
async fn a_cancelled_reservation_can_be_made_anew() {
    let world = World::with(|options| {
        options.group_buy.telling = Telling::NOTICE.with_cancel(CancelNotice::Before);
    })
    .await;
    let (purchase, order) = reserved(&world).await;
    let agreed = json!({"error_code": 0, "audit_refund_result": 1, "refund_fee_amount": 0});
    world.stub.answer(Scene::ApplyRefund, agreed);
    world.platform.cancel_reservation(&order.order_id).await.expect("a cancellation");
    assert_eq!(world.stub.seen_on(Scene::CancelOrder)[0].json()["cancel_type"], 2);
    let report = world.platform.reserve(&Reservation::of(&purchase, DAY)).await.expect("a reservation");
    let anew = report.order.expect("an order").order_id;
    assert_eq!(states(&world, &purchase, &anew), (PurchaseState::Reserved, ReservationState::Issued));
    assert_eq!(world.platform.reservations_of(&purchase).len(), 2);
    assert!(world.broken().is_empty());
}

#[tokio::test]
async fn laike_refuses_and_the_sync_tells_it() {
    let world = World::new().await;
    let (purchase, order) = reserved(&world).await;
    world.stub.answer(Scene::ApplyRefund, json!({"error_code": 0, "audit_refund_result": 3}));
    let id = order.order_id.as_str();
    let asked = world.platform.guest_refund(id, AfterSale::Refund).await.expect("a question");
    world.platform.laike_refuses(id, &asked.key).await.expect("it is open");
    assert_eq!(world.stub.seen_on(Scene::SyncRefund)[0].json()["notice_list"][1]["audit_result"], 2);
    assert_eq!(states(&world, &purchase, id), (PurchaseState::Reserved, ReservationState::Issued));
    assert!(world.platform.laike_refuses(id, &asked.key).await.is_err());
}

#[tokio::test]
async fn service_on_the_purchase_ends_its_reservation() {
    let world = World::new().await;
    let (purchase, order) = reserved(&world).await;
    world.platform.customer_service(&purchase, 19_800, Telling::NOTICE).await.expect("a refund");
    let notices: Vec<Value> = world.stub.seen_on(Scene::NotifyRefund).iter().map(|seen| seen.json()).collect();
    assert_eq!(notices.len(), 1);
    assert_eq!((&notices[0]["order_id"], &notices[0]["refund_amount"]), (&json!(purchase), &json!(19_800)));
    let both = (PurchaseState::Refunded, ReservationState::Cancelled);
    assert_eq!(states(&world, &purchase, &order.order_id), both);
}

#[tokio::test]
async fn what_is_left_of_a_voucher_is_reserved() {
    let world = World::new().await;
    let purchase = super::voucher(&world).await;
    world.platform.refund_unreserved(&purchase, Some(1)).await.expect("a refund");
    let report = world.platform.reserve(&Reservation::of(&purchase, DAY)).await.expect("a reservation");
    assert_eq!(report.order.map(|order| order.count()), Some(1));
}

#[tokio::test]
async fn one_notice_may_name_the_purchase_alone() {
    let world = World::with(|options| options.group_buy.telling = Telling::NOTICE.of(Told::Purchase)).await;
    let (purchase, order) = reserved(&world).await;
    let agreed = json!({"error_code": 0, "audit_refund_result": 1, "refund_fee_amount": 0});
    world.stub.answer(Scene::ApplyRefund, agreed);
    let reply = world.platform.guest_refund(&order.order_id, AfterSale::Refund).await.expect("a question");
    let notices: Vec<Value> = world.stub.seen_on(Scene::NotifyRefund).iter().map(|seen| seen.json()).collect();
    assert_eq!(notices.len(), 1);
    assert_eq!((&notices[0]["order_id"], &notices[0]["refund_amount"]), (&json!(purchase), &json!(19_800)));
    assert_ne!(notices[0]["biz_uniq_key"], reply.key.as_str());
    let both = (PurchaseState::Refunded, ReservationState::Cancelled);
    assert_eq!(states(&world, &purchase, &order.order_id), both);
}

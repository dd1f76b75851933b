//! The cancellation matrix, rows M1 to M8 (groupbuy A5).

use super::{DAY, reserved, states, voucher};
use crate::stub::{World, code, vouchers};
use douyin_simulator::{
    AfterSale, By, CancelRule, DeadlineEvent, Event, Family, Order, Purchase, PurchaseState, RefundState, Reservation,
    ReservationState, Scene, Telling, Told, VoucherTerms,
};
use serde_json::{Value, json};

const AUDIT: &str = "/goodlife/v1/trip/refund/audit/";
const VERIFY: &str = "/goodlife/v1/trip/certificate/verify/";
const DAY_MS: i64 = 86_400_000;

/// A reservation whose codes never came.
async fn unissued(world: &World) -> (String, String) {
    let purchase = voucher(world).await;
    world.stub.answer(Scene::IssueCertificate, json!({"error_code": 0, "result": 0}));
    let report = world.platform.reserve(&Reservation::of(&purchase, DAY)).await.expect("a reservation");
    (purchase, report.order.expect("an order").order_id)
}

/// A reservation of a voucher with this rule.
async fn reserved_with(world: &World, cancel: CancelRule) -> (String, Order) {
    let terms = VoucherTerms { cancel, ..VoucherTerms::sample() };
    let purchase = world.bought(&Purchase { terms, ..Purchase::voucher(Family::F1) }).await.order_id;
    let report = world.platform.reserve(&Reservation::of(&purchase, DAY)).await.expect("a reservation");
    (purchase, report.order.expect("an order"))
}

fn last_notice(world: &World) -> Value {
    world.stub.seen_on(Scene::NotifyRefund).last().expect("a notice").json()
}

fn waits(world: &World) {
    world.stub.answer(Scene::ApplyRefund, json!({"error_code": 0, "audit_refund_result": 3}));
}

/// The standard answer of the stub echoes a fee; the group-buy body has none.
fn agrees(world: &World) {
    let yes = json!({"error_code": 0, "audit_refund_result": 1, "refund_fee_amount": 0});
    world.stub.answer(Scene::ApplyRefund, yes);
}

#[tokio::test]
async fn m1_nobody_is_asked_about_an_unreserved_voucher() {
    let world = World::new().await;
    let order = voucher(&world).await;
    world.platform.refund_unreserved(&order, None).await.expect("a refund");
    assert!(world.stub.seen_on(Scene::ApplyRefund).is_empty());
    let notice = last_notice(&world);
    for (field, value) in [
        ("order_id", json!(order)),
        ("out_order_id", json!(format!("T{order}"))),
        ("refund_amount", json!(19_800)),
        ("refund_scene", json!(1)),
        ("refund_count", json!(2)),
    ] {
        assert_eq!(notice[field], value, "{field}");
    }
    assert!(notice.get("order_out_id").is_none() && notice["biz_uniq_key"].is_string());
    assert_eq!(world.platform.purchase_state(&order), Ok(PurchaseState::Refunded));
    assert!(world.platform.refund_unreserved(&order, None).await.is_err());

    let part = voucher(&world).await;
    world.platform.refund_unreserved(&part, Some(1)).await.expect("a refund");
    assert_eq!(
        (&last_notice(&world)["refund_amount"], &last_notice(&world)["refund_count"]),
        (&json!(9_900), &json!(1))
    );
    assert_eq!(world.platform.purchase_state(&part), Ok(PurchaseState::ToReserve));
    let (reserved, _) = reserved(&world).await;
    assert!(world.platform.refund_unreserved(&reserved, None).await.is_err());
    assert!(world.broken().is_empty());
}

#[tokio::test]
async fn m2_a_window_that_ended_gives_the_money_back() {
    let world = World::new().await;
    let order = voucher(&world).await;
    assert!(world.platform.window_over(&order).await.is_err());
    assert!(world.platform.run_deadlines().await.is_empty());
    world.forward(102 * DAY_MS);
    let events = world.platform.run_deadlines().await;
    assert!(matches!(&events[..], [DeadlineEvent::WindowOver { order_id, .. }] if *order_id == order));
    assert_eq!(
        (&last_notice(&world)["refund_scene"], &last_notice(&world)["refund_amount"]),
        (&json!(150), &json!(19_800))
    );
    assert_eq!(world.platform.purchase_state(&order), Ok(PurchaseState::Refunded));
    assert!(world.platform.run_deadlines().await.is_empty());
}

#[tokio::test]
async fn m3_ten_minutes_without_codes_ask_once_and_codes_repair() {
    let world = World::new().await;
    let (purchase, order) = unissued(&world).await;
    world.forward(600_000);
    assert!(world.platform.run_deadlines().await.is_empty());
    world.forward(1);
    waits(&world);
    let events = world.platform.run_deadlines().await;
    assert!(
        matches!(&events[..], [DeadlineEvent::IssueOverdue { review, notice: None, .. }] if review.state == RefundState::Reviewing)
    );
    let asked = world.stub.seen_on(Scene::ApplyRefund)[0].json();
    for (field, value) in [("after_sale_type", json!(1)), ("apply_source", json!(301)), ("order_id", json!(order))] {
        assert_eq!(asked[field], value, "{field}");
    }
    assert!(asked.get("refund_fee_amount").is_none() && asked.get("vouchers").is_none());
    assert!(world.platform.run_deadlines().await.is_empty());
    assert_eq!(states(&world, &purchase, &order), (PurchaseState::ToReserve, ReservationState::RefundPendingUnissued));
    // A refusal without codes does not count.
    let key = asked["biz_uniq_key"].as_str().expect("a key");
    let mut answer = json!({"order_id": order, "biz_uniq_key": key, "audit_result": 2});
    assert_eq!(code(&world.openapi(AUDIT, &answer).await), 0);
    assert_eq!(world.platform.reservation_state(&order), Ok(ReservationState::RefundPendingUnissued));
    assert!(world.broken().iter().any(|rule| rule.contains("no effect")), "{:?}", world.broken());
    answer["vouchers"] = vouchers("T", 2);
    assert_eq!(code(&world.openapi(AUDIT, &answer).await), 0);
    assert_eq!(states(&world, &purchase, &order), (PurchaseState::Reserved, ReservationState::Issued));
    let key = key.to_owned();
    let refused = |vouchers| Event::RefundRefused { key: key.clone(), vouchers, counted: vouchers };
    let events = world.platform.events(&order).expect("a known order");
    assert_eq!(
        events[1..],
        [
            Event::RefundAsked { key: key.clone(), source: 301 },
            Event::RefundWaiting { key: key.clone() },
            refused(false),
            refused(true),
        ]
    );
}

#[tokio::test]
async fn m3_an_ignored_refusal_ends_with_the_audits_time() {
    let world = World::new().await;
    let (purchase, order) = unissued(&world).await;
    world.forward(600_001);
    world.stub.answer(Scene::ApplyRefund, json!({"error_code": 0, "audit_refund_result": 2}));
    world.platform.run_deadlines().await;
    assert_eq!(world.platform.reservation_state(&order), Ok(ReservationState::RefundPendingUnissued));
    world.forward(DAY_MS + 1);
    let events = world.platform.run_deadlines().await;
    assert!(matches!(&events[..], [DeadlineEvent::AuditOverdue { notices, .. }] if notices.len() == 2), "{events:?}");
    assert_eq!(states(&world, &purchase, &order), (PurchaseState::Refunded, ReservationState::Cancelled));
    let sync = world.stub.seen_on(Scene::SyncRefund)[0].json();
    assert_eq!((&sync["after_sale_type"], sync["notice_list"].as_array().map(Vec::len)), (&json!(1), Some(2)));
    assert_eq!(sync["notice_list"][0]["audit_result"], 1);
    assert_eq!(
        (&last_notice(&world)["refund_scene"], &last_notice(&world)["refund_amount"]),
        (&json!(155), &json!(19_800))
    );
}

#[tokio::test]
async fn m3_an_agreement_gives_the_money_back_at_once() {
    let world = World::with(|options| options.group_buy.issue_ms = 8_000).await;
    let (purchase, order) = unissued(&world).await;
    world.forward(8_001);
    agrees(&world);
    let events = world.platform.run_deadlines().await;
    assert!(matches!(&events[..], [DeadlineEvent::IssueOverdue { notice: Some(_), .. }]));
    assert_eq!(states(&world, &purchase, &order), (PurchaseState::Refunded, ReservationState::Cancelled));
    let (purchase, order) = unissued(&world).await;
    let failed = json!({"order_id": order, "result": 2});
    assert_eq!(code(&world.openapi("/goodlife/v1/fulfilment/create/callback/", &failed).await), 0);
    let events = world.platform.run_deadlines().await;
    assert!(matches!(&events[..], [DeadlineEvent::IssueFailed { .. }]), "{events:?}");
    assert_eq!(world.platform.purchase_state(&purchase), Ok(PurchaseState::Refunded));
    assert_eq!(
        (&last_notice(&world)["refund_scene"], &last_notice(&world)["refund_amount"]),
        (&json!(155), &json!(19_800))
    );
}

#[tokio::test]
async fn m4_a_guest_may_ask_inside_the_ten_minutes() {
    let world = World::new().await;
    let (purchase, order) = unissued(&world).await;
    waits(&world);
    let reply = world.platform.guest_refund(&order, AfterSale::Refund).await.expect("a question");
    assert_eq!(reply.state, RefundState::Reviewing);
    assert!(world.platform.guest_refund(&order, AfterSale::Refund).await.is_err());
    // Codes may still come; the question waits on.
    let callback = json!({"order_id": order, "result": 1, "vouchers": vouchers("T", 2)});
    assert_eq!(code(&world.openapi("/goodlife/v1/fulfilment/create/callback/", &callback).await), 0);
    assert_eq!(states(&world, &purchase, &order), (PurchaseState::Reserved, ReservationState::RefundPending));
    let yes = json!({"order_id": order, "biz_uniq_key": reply.key, "audit_result": 1, "refund_fee_amount": 0});
    assert_eq!(code(&world.openapi(AUDIT, &yes).await), 0);
    let events = world.platform.run_deadlines().await;
    assert!(matches!(&events[..], [DeadlineEvent::RefundConcluded { notices, .. }] if notices.len() == 1));
    assert_eq!(states(&world, &purchase, &order), (PurchaseState::Refunded, ReservationState::Cancelled));
    assert!(world.broken().is_empty());
}

#[tokio::test]
async fn m5_customer_service_asks_nobody() {
    let world = World::new().await;
    let (purchase, order) = reserved_with(&world, CancelRule::Never).await;
    let err = world.platform.guest_refund(&order.order_id, AfterSale::Refund).await.expect_err("not online");
    assert!(err.to_string().contains("customer service"), "{err}");
    let telling = Telling::NOTICE.by(By::Both);
    let replies = world.platform.customer_service(&order.order_id, 0, telling).await.expect("a cancellation");
    assert_eq!(replies.len(), 2);
    assert_eq!(states(&world, &purchase, &order.order_id), (PurchaseState::ToReserve, ReservationState::Cancelled));
    let sync = world.stub.seen_on(Scene::SyncRefund)[0].json();
    assert_eq!((&sync["after_sale_type"], &sync["notice_list"][0]["code"]), (&json!(2), &json!("QR-1")));
    assert_eq!((&last_notice(&world)["refund_scene"], &last_notice(&world)["refund_amount"]), (&json!(50), &json!(0)));

    let again = world.platform.reserve(&Reservation::of(&purchase, DAY)).await.expect("reserved anew");
    let order = again.order.expect("an order").order_id;
    let telling = Telling::NOTICE.of(Told::Both);
    world.platform.customer_service(&order, 19_800, telling).await.expect("a refund");
    assert_eq!(states(&world, &purchase, &order), (PurchaseState::Refunded, ReservationState::Cancelled));
    let notices: Vec<Value> = world.stub.seen_on(Scene::NotifyRefund).iter().map(|seen| seen.json()).collect();
    assert_eq!((&notices[1]["order_id"], &notices[2]["order_id"]), (&json!(order), &json!(purchase)));
    assert_ne!(notices[1]["biz_uniq_key"], notices[2]["biz_uniq_key"]);
    assert_eq!(notices[1]["refund_amount"], notices[2]["refund_amount"]);
    assert!(world.stub.seen_on(Scene::ApplyRefund).is_empty());
    assert!(world.platform.customer_service(&order, 1, telling).await.is_err());
}

#[tokio::test]
async fn m6_the_rule_decides_whether_a_guest_may_ask() {
    let world = World::new().await;
    let rule = CancelRule::Limited { days: 1, hour: 18, minute: 0 };
    let (purchase, order) = reserved_with(&world, rule).await;
    agrees(&world);
    let reply = world.platform.cancel_reservation(&order.order_id).await.expect("a question");
    assert_eq!(reply.state, RefundState::Done);
    let asked = world.stub.seen_on(Scene::ApplyRefund)[0].json();
    assert_eq!((&asked["after_sale_type"], &asked["apply_source"]), (&json!(2), &json!(101)));
    assert_eq!(last_notice(&world)["refund_amount"], 0);
    assert_eq!(states(&world, &purchase, &order.order_id), (PurchaseState::ToReserve, ReservationState::Cancelled));
    let again = world.platform.reserve(&Reservation::of(&purchase, DAY)).await.expect("reserved anew");
    let order = again.order.expect("an order").order_id;
    // 2026-09-30 18:00 in China is 9.1 days after the stub's beginning.
    world.clock.store(1_790_762_400_001, std::sync::atomic::Ordering::SeqCst);
    assert!(world.platform.guest_refund(&order, AfterSale::Refund).await.is_ok());
    world.clock.store(1_790_762_401_000, std::sync::atomic::Ordering::SeqCst);
    let (_, late) = reserved_with(&world, rule).await;
    assert!(world.platform.guest_refund(&late.order_id, AfterSale::Refund).await.is_err());
}

#[tokio::test]
async fn m7_expired_is_queried_before_it_is_asked() {
    let world = World::new().await;
    let (purchase, order) = reserved(&world).await;
    world.forward(11 * DAY_MS);
    let id = order.order_id.as_str();
    assert_eq!(world.platform.reservation_state(id), Ok(ReservationState::Expired));
    let unused = |order: &str| {
        json!({"error_code": 0, "order_out_id": format!("T{order}"), "total_voucher_quantity": 2,
            "used_voucher_quantity": 0})
    };
    world.stub.answer(Scene::QueryOrder, unused(id));
    agrees(&world);
    let review = world.platform.expire(id).await.expect("a known order").expect("a question");
    assert_eq!(review.state, RefundState::Done);
    assert_eq!(world.stub.seen_on(Scene::ApplyRefund)[0].json()["apply_source"], 302);
    assert_eq!(
        (&last_notice(&world)["refund_scene"], &last_notice(&world)["refund_amount"]),
        (&json!(150), &json!(19_800))
    );
    assert_eq!(states(&world, &purchase, id), (PurchaseState::Refunded, ReservationState::Cancelled));

    // One used unit redeems the whole order.
    let purchase = voucher(&world).await;
    let wish = Reservation::of(&purchase, "2026-10-03");
    let order = world.platform.reserve(&wish).await.expect("a reservation").order.expect("an order").order_id;
    let mut used = unused(&order);
    used["used_voucher_quantity"] = 1.into();
    world.stub.answer(Scene::QueryOrder, used);
    assert!(world.platform.expire(&order).await.expect("a known order").is_none());
    assert_eq!(states(&world, &purchase, &order), (PurchaseState::Completed, ReservationState::Redeemed));
}

#[tokio::test]
async fn m8_redeemed_is_redeemed() {
    let world = World::new().await;
    let (purchase, order) = reserved(&world).await;
    let id = order.order_id.as_str();
    let verify = json!({"order_id": id, "verify_token": "9001-1"});
    world.clock.store(1_790_783_999_000, std::sync::atomic::Ordering::SeqCst);
    let early = world.openapi(VERIFY, &verify).await;
    assert!(early["data"]["description"].as_str().is_some_and(|text| text.contains("first valid day")), "{early}");
    world.forward(1_000);
    let of_purchase = json!({"order_id": purchase, "verify_token": "1"});
    assert_eq!(code(&world.openapi(VERIFY, &of_purchase).await), 3_000_001);
    waits(&world);
    let pending = world.platform.guest_refund(id, AfterSale::Refund).await.expect("a question");
    assert_eq!(code(&world.openapi(VERIFY, &verify).await), 3_000_001);
    let no = json!({"order_id": id, "biz_uniq_key": pending.key, "audit_result": 2});
    assert_eq!(code(&world.openapi(AUDIT, &no).await), 0);
    let answer = world.openapi(VERIFY, &verify).await;
    assert_eq!((code(&answer), answer["data"]["verify_results"].as_array().map(Vec::len)), (0, Some(2)));
    assert_eq!(states(&world, &purchase, id), (PurchaseState::Completed, ReservationState::Redeemed));
    assert_eq!(world.openapi(VERIFY, &verify).await["data"]["verify_results"], answer["data"]["verify_results"]);
    assert!(world.platform.events(id).expect("known").contains(&Event::Verified { units: 2 }));
    assert!(world.platform.customer_service(id, 19_800, Telling::NOTICE).await.is_err());
    world.stub.answer(Scene::ApplyRefund, json!({"error_code": 0, "audit_refund_result": 2}));
    let reply = world.platform.ask_after_redemption(id, 305).await.expect("a question");
    assert_eq!(reply.state, RefundState::Refused);
    let undo = json!({"verify_id": "1", "certificate_id": "1"});
    assert_eq!(code(&world.openapi("/goodlife/v1/fulfilment/certificate/cancel/", &undo).await), 2_119_010);
}

#[tokio::test]
async fn one_named_unit_redeems_all_of_them() {
    let world = World::new().await;
    let (purchase, order) = reserved(&world).await;
    world.forward(10 * DAY_MS);
    let first = order.units[0].voucher.as_ref().expect("a voucher").project_ids().remove(0);
    let verify =
        json!({"order_id": order.order_id, "verify_token": "t", "vouchers": [{"entrance": {"project_id": first}}]});
    assert_eq!(code(&world.openapi(VERIFY, &verify).await), 0);
    assert_eq!(states(&world, &purchase, &order.order_id), (PurchaseState::Completed, ReservationState::Redeemed));
}

//! A voucher is bought and reserved (groupbuy A3, B2, B3, B5, B6, C1, C2).

use super::{DAY, reserved, states, voucher};
use crate::stub::{World, code, vouchers};
use douyin_simulator::{
    Event, Family, Fault, Misuse, OrderMode, Person, Purchase, PurchaseState, Reservation, ReservationState, Scene,
};
use serde_json::{Value, json};

const CALLBACK: &str = "/goodlife/v1/fulfilment/create/callback/";

#[tokio::test]
async fn a_voucher_is_bought_without_a_day() {
    let world = World::new().await;
    let order = voucher(&world).await;
    let check = world.stub.seen_on(Scene::CheckBooking)[0].json();
    assert!(check.get("book_start_day").is_none() && check.get("order_id").is_none());
    let body = world.stub.seen_on(Scene::CreateOrder)[0].json();
    for (field, value) in [
        ("biz_type", json!(3)),
        ("order_type", json!(1)),
        ("count", json!(2)),
        ("product_out_id", json!("QG100|YY200")),
        ("sku_id", json!("17")),
        ("appointment_cancel_rule", json!({"cancel_type": 5, "cancel_detail_list": []})),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
    assert_eq!((&body["amount"]["origin_amount"], &body["amount"]["pay_amount"]), (&json!(19_800), &json!(19_800)));
    assert_eq!(body["item_order_infos"].as_array().map(Vec::len), Some(2));
    let left_out = ["book_start_day", "book_end_day", "tourists", "traveler_info", "source_order_id"];
    assert!(left_out.iter().all(|field| body.get(field).is_none()), "{body}");
    let buyer: Vec<&String> = body["buyer"].as_object().expect("a buyer").keys().collect();
    assert_eq!(buyer, ["phone"]);
    let issue = world.stub.seen_on(Scene::IssueCertificate)[0].json();
    // 2026-09-01 and the last second of 2026-12-31 in China.
    assert_eq!((&issue["start_time"], &issue["expire_time"]), (&json!(1_788_192_000), &json!(1_798_732_799)));
    assert_eq!(issue["sku"]["third_sku_id"], "QG100|YY200");
    assert_eq!(world.platform.purchase_state(&order), Ok(PurchaseState::ToReserve));
    assert_eq!(world.platform.events(&order), Ok(vec![Event::Accepted, Event::Issued]));
    assert!(world.broken().is_empty());
}

#[tokio::test]
async fn a_purchase_before_payment_and_one_without_an_issue_call() {
    let world = World::with(|options| options.order_mode = OrderMode::BeforePayment).await;
    let handle = world.platform.create_order(&Purchase::voucher(Family::F1)).await;
    assert_eq!(world.platform.purchase_state(&handle.order_id), Ok(PurchaseState::AwaitPay));
    world.platform.pay(&handle.order_id).await.expect("a known order");
    assert_eq!(world.platform.purchase_state(&handle.order_id), Ok(PurchaseState::ToReserve));
    let closed = world.platform.create_order(&Purchase::voucher(Family::F1)).await.order_id;
    world.platform.cancel(&closed, 1).await.expect("a known order");
    assert_eq!(world.platform.purchase_state(&closed), Ok(PurchaseState::Closed));

    let world = World::with(|options| options.group_buy.issues_purchase = false).await;
    let order = voucher(&world).await;
    assert!(world.stub.seen_on(Scene::IssueCertificate).is_empty());
    let wish = Reservation::of(&order, DAY);
    let report = world.platform.reserve(&wish).await.expect("a reservation");
    assert!(report.issued.is_some_and(|reply| reply.is_ok()));
    assert_eq!(world.platform.purchase_state(&order), Ok(PurchaseState::Reserved));
}

#[tokio::test]
async fn a_reservation_names_its_purchase() {
    let world = World::new().await;
    let (purchase, order) = reserved(&world).await;
    let body = world.stub.seen_on(Scene::CreateOrder)[1].json();
    for (field, value) in [
        ("order_type", json!(2)),
        ("biz_type", json!(3)),
        ("source_order_id", json!(purchase)),
        ("count", json!(2)),
        ("book_start_day", json!(DAY)),
        ("book_end_day", json!(DAY)),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
    assert_eq!((&body["amount"]["origin_amount"], &body["amount"]["pay_amount"]), (&json!(19_800), &json!(0)));
    assert_eq!((&body["tourists"][0]["license_type"], body["tourists"].as_array().map(Vec::len)), (&json!(1), Some(1)));
    let issue = world.stub.seen_on(Scene::IssueCertificate)[1].json();
    assert_eq!((&issue["start_time"], &issue["expire_time"]), (&json!(1_790_784_000), &json!(1_790_870_399)));
    assert_eq!(states(&world, &purchase, &order.order_id), (PurchaseState::Reserved, ReservationState::Issued));
    assert_eq!(world.platform.live_reservation(&purchase).map(|live| live.order_id), Some(order.order_id));
    assert!(world.broken().is_empty());
}

#[tokio::test]
async fn a_check_comes_without_guests_and_with_them() {
    let world = World::with(|options| options.checks_twice = true).await;
    let purchase = voucher(&world).await;
    world.platform.reserve(&Reservation::of(&purchase, DAY)).await.expect("a reservation");
    let checks: Vec<Value> = world.stub.seen_on(Scene::CheckBooking).iter().map(|seen| seen.json()).collect();
    let with_guests: Vec<bool> = checks.iter().map(|body| body.get("tourists").is_some()).collect();
    assert_eq!(with_guests, [false, false, false, true]);
    assert_eq!(checks[2]["book_start_day"], DAY);
}

#[tokio::test]
async fn what_douyin_would_not_send_is_refused_to_the_test() {
    let world = World::new().await;
    let (purchase, _) = reserved(&world).await;
    let other = voucher(&world).await;
    let why = |answer: Result<_, Misuse>| answer.map(|_: Value| String::new()).expect_err("refused").to_string();
    let wish = |order: &str| Reservation::of(order, DAY);
    let ask = |wish: Reservation| why(world.platform.reservation_check_body(&wish));
    assert!(ask(wish(&purchase)).contains("Reserved"));
    assert!(ask(Reservation { count: Some(1), ..wish(&other) }).contains("together"));
    assert!(ask(Reservation { day: "2027-01-01".into(), ..wish(&other) }).contains("outside"));
    // 2026-09-21 is day 1, 2026-12-19 day 90.
    assert!(world.platform.reservation_check_body(&Reservation { day: "2026-12-19".into(), ..wish(&other) }).is_ok());
    assert!(ask(Reservation { day: "2026-12-20".into(), ..wish(&other) }).contains("90 days"));
    assert!(ask(wish("7")).contains("no order"));
    let sent = world.platform.reserve(&Reservation { count: Some(1), ..wish(&purchase) }.despite_guards()).await;
    assert!(sent.is_ok_and(|report| report.created.is_some()));
}

#[tokio::test]
async fn a_rejected_reservation_leaves_the_voucher() {
    let world = World::new().await;
    let purchase = voucher(&world).await;
    world.stub.answer(Scene::CreateOrder, json!({"error_code": 999_999, "description": "no"}));
    let handle = world.platform.create_reservation(&Reservation::of(&purchase, DAY)).await.expect("sent");
    assert_eq!(states(&world, &purchase, &handle.order_id), (PurchaseState::ToReserve, ReservationState::Rejected));
    for _ in 0..2 {
        world.platform.inject_for(Scene::CreateOrder, Fault::DropAnswer);
    }
    let handle = world.platform.create_reservation(&Reservation::of(&purchase, DAY)).await.expect("sent");
    assert_eq!(handle.reply.attempts, 2);
    assert_eq!(world.platform.reservation_state(&handle.order_id), Ok(ReservationState::Rejected));
    let wish = Reservation { guests: vec![Person::new("李四", "13900139000")], ..Reservation::of(&purchase, DAY) };
    assert!(world.platform.reserve(&wish).await.is_ok_and(|report| report.issued.is_some()));
}

/// The examples of B7 and B6, with the id of our order in the place of 9001.
#[tokio::test]
async fn acceptance_and_codes_may_come_later() {
    let world = World::new().await;
    let purchase = voucher(&world).await;
    let later = json!({"error_code": 0, "order_out_id": "R-9001", "confirm_info": {"confirm_mode": 2}});
    world.stub.answer(Scene::CreateOrder, later);
    let report = world.platform.reserve(&Reservation::of(&purchase, DAY)).await.expect("a reservation");
    let order = report.order.expect("an order").order_id;
    assert_eq!(states(&world, &purchase, &order), (PurchaseState::ToReserve, ReservationState::Booking));
    let text = |example: &str| serde_json::from_str::<Value>(&example.replace("9001", &order)).expect("JSON");
    let confirm = text(r#"{"order_id":"9001","confirm_result":1}"#);
    assert_eq!(code(&world.openapi("/goodlife/v1/trip/order/confirm/", &confirm).await), 0);
    assert_eq!(states(&world, &purchase, &order), (PurchaseState::ToReserve, ReservationState::Issuing));
    world.stub.answer(Scene::IssueCertificate, json!({"error_code": 0, "result": 0}));
    world.platform.issue(&order).await.expect("a known order");
    let callback = text(
        r#"{"order_id":"9001","result":1,"third_order_id":"R-9001","vouchers":[{"entrance":{"project_id":"u1","qrcodes":["A1"]}},{"entrance":{"project_id":"u2","qrcodes":["A2"]}}]}"#,
    );
    let answer = world.openapi(CALLBACK, &callback).await;
    assert_eq!((code(&answer), &answer["data"]["certificate_info_list"][0]["code"]), (0, &json!("A1")));
    assert_eq!(states(&world, &purchase, &order), (PurchaseState::Reserved, ReservationState::Issued));
    assert_eq!(world.platform.events(&order), Ok(vec![Event::Accepted, Event::IssueCallback]));
    assert!(world.broken().is_empty());
}

#[tokio::test]
async fn codes_later_than_ten_minutes_after_acceptance_are_too_late() {
    let world = World::new().await;
    let purchase = voucher(&world).await;
    world.stub.answer(Scene::IssueCertificate, json!({"error_code": 0, "result": 0}));
    let report = world.platform.reserve(&Reservation::of(&purchase, DAY)).await.expect("a reservation");
    let order = report.order.expect("an order").order_id;
    world.forward(600_001);
    let callback = json!({"order_id": order, "result": 1, "vouchers": vouchers("T", 2)});
    assert_eq!(code(&world.openapi(CALLBACK, &callback).await), 3_000_009);
    assert_eq!(world.platform.reservation_state(&order), Ok(ReservationState::Issuing));
}

#[tokio::test]
async fn the_order_query_links_both() {
    let world = World::new().await;
    let (purchase, order) = reserved(&world).await;
    let path =
        format!("/goodlife/v1/trade/order/query/?account_id=70001&page_num=1&page_size=5&order_id={}", order.order_id);
    let answer = world.ask(&path).await;
    let shown = &answer["data"]["orders"][0];
    assert_eq!((&shown["source_order_id"], &shown["order_type"]), (&json!(purchase), &json!(2)));
    assert_eq!(shown["certificate"].as_array().map(Vec::len), Some(2));
    assert_eq!(shown["certificate"][0]["certificate_id"], order.units[0].certificate_id.as_str());
}

#[tokio::test]
async fn a_reservation_that_nobody_accepts_leaves_the_voucher() {
    let world = World::new().await;
    let purchase = voucher(&world).await;
    let later = json!({"error_code": 0, "order_out_id": "R-9001", "confirm_info": {"confirm_mode": 2}});
    world.stub.answer(Scene::CreateOrder, later);
    let report = world.platform.reserve(&Reservation::of(&purchase, DAY)).await.expect("a reservation");
    let order = report.order.expect("an order").order_id;
    world.forward(600_001);
    assert_eq!(world.platform.run_deadlines().await.len(), 1);
    let notice = world.stub.seen_on(Scene::NotifyRefund)[0].json();
    assert_eq!((&notice["refund_scene"], &notice["refund_amount"]), (&json!(151), &json!(0)));
    assert_eq!(states(&world, &purchase, &order), (PurchaseState::ToReserve, ReservationState::Rejected));
    assert!(world.platform.run_deadlines().await.is_empty());
}

#[tokio::test]
async fn the_audits_time_is_an_option() {
    let world = World::with(|options| options.group_buy.audit_ms = 72 * 3_600_000).await;
    let (_, order) = reserved(&world).await;
    world.stub.answer(Scene::ApplyRefund, json!({"error_code": 0, "audit_refund_result": 3}));
    let asked = world.platform.cancel_reservation(&order.order_id).await.expect("a question");
    world.forward(72 * 3_600_000);
    assert!(world.platform.run_deadlines().await.is_empty());
    world.forward(1);
    assert_eq!(world.platform.run_deadlines().await.len(), 1);
    let by_deadline = Event::RefundAgreed { key: asked.key.clone(), by_deadline: true };
    assert!(world.platform.events(&order.order_id).expect("known").contains(&by_deadline));
    let sync = world.stub.seen_on(Scene::SyncRefund)[0].json();
    assert_eq!((&sync["after_sale_type"], &sync["after_sale_id"]), (&json!(2), &json!(asked.key)));
}

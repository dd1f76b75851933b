//! The life of orders, as answers move them.

use crate::stub::{Play, World, code, vouchers};
use douyin_simulator::{
    DeadlineEvent, Fault, OrderMode, OrderState, PullAsk, Purchase, REVIEW_LIMIT_MS, RefundAsk, RefundNotice,
    RefundState, Scene, UnitState,
};
use serde_json::{Value, json};

const AUDIT: &str = "/goodlife/v1/trip/refund/audit/";
const VERIFY: &str = "/goodlife/v1/trip/certificate/verify/";

fn state(world: &World, order_id: &str) -> OrderState {
    world.platform.order(order_id).expect("the order").state
}

async fn bought(world: &World) -> String {
    world.platform.buy(&Purchase::sample()).await.order.expect("an order").order_id
}

#[tokio::test]
async fn a_purchase_after_payment() {
    let world = World::new().await;
    let report = world.platform.buy(&Purchase::sample()).await;
    assert!(report.paid.is_none());
    let order = report.order.expect("an order");
    let states: Vec<OrderState> = order.history.iter().map(|(_, state)| *state).collect();
    use OrderState::{Accepted, Created, Issued, Issuing, Paid};
    assert_eq!(states, [Created, Paid, Accepted, Issuing, Issued]);
    assert_eq!(order.units_in(UnitState::Unused), 2);
    assert!(world.platform.violations().is_empty());
    assert_eq!(world.platform.exchanges().len(), 3);
}

#[tokio::test]
async fn a_purchase_before_payment() {
    let world = World::with(|options| options.order_mode = OrderMode::BeforePayment).await;
    let report = world.platform.buy(&Purchase::sample()).await;
    assert!(report.paid.is_some_and(|reply| reply.is_ok()));
    assert_eq!(report.order.map(|order| order.state), Some(OrderState::Issued));
}

#[tokio::test]
async fn a_create_without_answer() {
    let world = World::with(|options| options.order_mode = OrderMode::BeforePayment).await;
    world.platform.inject_for(Scene::CreateOrder, Fault::DropAnswer);
    let handle = world.platform.create_order(&Purchase::sample()).await;
    assert_eq!((handle.state, handle.reply.attempts), (OrderState::Created, 1));
    assert!(world.platform.order(&handle.order_id).is_some_and(|order| order.assumed_created));
    world.platform.pay(&handle.order_id).await.expect("a known order");
    assert!(world.stub.seen_on(Scene::PayOrder)[0].json().get("order_out_id").is_none());

    let world = World::new().await;
    world.platform.inject_for(Scene::CreateOrder, Fault::DropAnswer);
    let handle = world.platform.create_order(&Purchase::sample()).await;
    assert_eq!((handle.state, handle.reply.attempts), (OrderState::Accepted, 2));
    for _ in 0..2 {
        world.platform.inject_for(Scene::CreateOrder, Fault::DropAnswer);
    }
    let handle = world.platform.create_order(&Purchase::sample()).await;
    assert_eq!((handle.state, handle.reply.attempts), (OrderState::Refused, 2));
}

#[tokio::test]
async fn refusals_and_changed_answers() {
    let world = World::new().await;
    world.stub.answer(Scene::CreateOrder, json!({"error_code": 1}));
    let handle = world.platform.create_order(&Purchase::sample()).await;
    let order = world.platform.order(&handle.order_id).expect("the order");
    assert_eq!((order.state, order.refusal_code), (OrderState::Refused, Some(1)));
    let handle = world.platform.create_order(&Purchase::sample()).await;
    world.platform.repeat_create(&handle.order_id).await.expect("a known order");
    assert!(world.platform.violations().is_empty());
    let other =
        json!({"error_code": 0, "order_out_id": "other", "confirm_info": {"confirm_mode": 1, "confirm_result": 1}});
    world.stub.answer(Scene::CreateOrder, other);
    world.platform.repeat_create(&handle.order_id).await.expect("a known order");
    assert_eq!(world.platform.violations().len(), 1);
    assert!(world.platform.pay("7").await.is_err());
}

#[tokio::test]
async fn bad_vouchers_are_not_taken() {
    let world = World::new().await;
    let bad = json!({"error_code": 0, "result": 1, "vouchers": vouchers("T", 1)});
    world.stub.answer(Scene::IssueCertificate, bad);
    let order_id = bought(&world).await;
    assert_eq!(state(&world, &order_id), OrderState::Issuing);
    assert!(world.platform.violations()[0].rule.contains("copies"));
    world.platform.issue(&order_id).await.expect("a known order");
    assert_eq!(state(&world, &order_id), OrderState::Issued);
    let other = json!({"error_code": 0, "result": 1, "vouchers": vouchers("other", 2)});
    world.stub.answer(Scene::IssueCertificate, other);
    world.platform.issue(&order_id).await.expect("a known order");
    assert!(world.platform.violations()[1].rule.contains("again"));
}

#[tokio::test]
async fn a_partial_refund_names_its_vouchers() {
    let world = World::new().await;
    let order_id = bought(&world).await;
    let ask = RefundAsk { fee_fen: 900, units: Some(vec![1]), ..RefundAsk::user() };
    let done = world.platform.refund(&order_id, ask).await.expect("a refund");
    assert_eq!(done.state, RefundState::Done);
    let asked = world.stub.seen_on(Scene::ApplyRefund)[0].json();
    assert_eq!(asked["vouchers"][0]["entrance"]["project_id"], format!("T{order_id}-2"));
    let notice = world.stub.seen_on(Scene::NotifyRefund)[0].json();
    assert_eq!((&notice["refund_amount"], &notice["refund_count"]), (&json!(9100), &json!(1)));
    assert_eq!(notice["biz_uniq_key"], done.key.as_str());
    let order = world.platform.order(&order_id).expect("the order");
    assert_eq!((order.state, order.units_in(UnitState::Refunded)), (OrderState::Issued, 1));
    world.platform.notify_refund(&order_id, RefundNotice::of(&done.key, 1)).await.expect("a repeat");
    let notices = world.stub.seen_on(Scene::NotifyRefund);
    assert_eq!(notices[0].body, notices[1].body);
    world.platform.notify_refund(&order_id, RefundNotice::unasked(50)).await.expect("a notice");
    assert_eq!(state(&world, &order_id), OrderState::Refunded);
}

#[tokio::test]
async fn a_fee_above_is_a_refusal() {
    let world = World::new().await;
    let order_id = bought(&world).await;
    let greedy = json!({"error_code": 0, "audit_refund_result": 1, "refund_fee_amount": 1});
    world.stub.answer(Scene::ApplyRefund, greedy);
    let review = world.platform.apply_refund(&order_id, RefundAsk::user()).await.expect("a review");
    assert_eq!(review.state, RefundState::Refused);
    assert_eq!(world.platform.violations().len(), 1);
    let again = RefundAsk { key: Some(review.key), ..RefundAsk::user() };
    let repeated = world.platform.apply_refund(&order_id, again).await.expect("a repeat");
    assert_eq!(repeated.state, RefundState::Refused);
    assert!(world.platform.violations()[1].rule.contains("differently"));
    // After a refused refund a redemption must be dated before the request.
    let mut body = json!({"order_id": order_id, "verify_token": "v-1"});
    assert_eq!(code(&world.openapi(VERIFY, &body).await), 2_100_005);
    body["verify_time"] = json!(1_789_999_999);
    assert_eq!(code(&world.openapi(VERIFY, &body).await), 0);
}

#[tokio::test]
async fn a_waiting_review_is_answered_or_runs_out() {
    let world = World::new().await;
    let first = bought(&world).await;
    let second = bought(&world).await;
    for _ in 0..2 {
        world.stub.answer(Scene::ApplyRefund, json!({"error_code": 0, "audit_refund_result": 3}));
    }
    let review = world.platform.apply_refund(&first, RefundAsk::user()).await.expect("a review");
    world.platform.apply_refund(&second, RefundAsk::user()).await.expect("a review");
    assert_eq!(review.state, RefundState::Reviewing);
    let verify = json!({"order_id": first, "verify_token": "v-1"});
    assert_eq!(code(&world.openapi(VERIFY, &verify).await), 3_000_001);
    let body = json!({"order_id": first, "biz_uniq_key": review.key, "audit_result": 1, "refund_fee_amount": 0});
    for _ in 0..2 {
        assert_eq!(code(&world.openapi(AUDIT, &body).await), 0);
    }
    world.forward(REVIEW_LIMIT_MS + 1);
    let events = world.platform.run_deadlines().await;
    assert!(matches!(&events[..], [DeadlineEvent::ReviewOverdue { order_id, .. }] if *order_id == second));
    assert_eq!(state(&world, &second), OrderState::Refunded);
}

#[tokio::test]
async fn deadlines_refuse_and_repair() {
    let world = World::new().await;
    let later = json!({"error_code": 0, "order_out_id": "T1", "confirm_info": {"confirm_mode": 2}});
    world.stub.answer(Scene::CreateOrder, later);
    let unaccepted = bought(&world).await;
    world.stub.answer(Scene::IssueCertificate, json!({"error_code": 0, "result": 0}));
    let repaired = bought(&world).await;
    world.stub.answer(Scene::IssueCertificate, json!({"error_code": 0, "result": 0}));
    let given_up = bought(&world).await;
    assert!(world.platform.run_deadlines().await.is_empty());
    world.forward(600_001);
    let repair = json!({"error_code": 0, "audit_refund_result": 2, "vouchers": vouchers("T2", 2)});
    world.stub.answer(Scene::ApplyRefund, repair);
    world.stub.answer(Scene::ApplyRefund, json!({"error_code": 0, "audit_refund_result": 2}));
    assert_eq!(world.platform.run_deadlines().await.len(), 3);
    assert_eq!(state(&world, &unaccepted), OrderState::Refunded);
    assert_eq!(state(&world, &repaired), OrderState::Issued);
    assert_eq!(state(&world, &given_up), OrderState::Refunded);
    assert!(world.platform.run_deadlines().await.is_empty());
    let scenes: Vec<Value> =
        world.stub.seen_on(Scene::NotifyRefund).iter().map(|s| s.json()["refund_scene"].clone()).collect();
    assert_eq!(scenes, [151, 155]);
    assert_eq!(code(&world.openapi(VERIFY, &json!({"order_id": repaired, "verify_token": "v"})).await), 0);
}

#[tokio::test]
async fn a_query_redeems_what_it_reports_used() {
    let world = World::new().await;
    let order_id = bought(&world).await;
    let report = |used: [i64; 2], quantity: i64| {
        let voucher =
            |n: usize| json!({"entrance": {"project_id": format!("T{order_id}-{}", n + 1), "status": used[n]}});
        json!({"error_code": 0, "order_out_id": format!("T{order_id}"), "total_voucher_quantity": 2,
            "used_voucher_quantity": quantity, "vouchers": [voucher(0), voucher(1)]})
    };
    world.stub.answer(Scene::QueryOrder, report([1, 0], 1));
    let review = world.platform.expire(&order_id).await.expect("a known order").expect("one copy is left");
    assert_eq!(review.state, RefundState::Agreed);
    assert!(world.platform.violations().is_empty());
    let order = world.platform.order(&order_id).expect("the order");
    assert_eq!(order.units_in(UnitState::Used), 1);
    assert_eq!((order.state, order.units_in(UnitState::Refunded)), (OrderState::Used, 1));
    world.stub.answer(Scene::QueryOrder, report([0, 0], 1));
    world.platform.query(&order_id).await.expect("a known order");
    let rules: Vec<String> = world.platform.violations().into_iter().map(|one| one.rule).collect();
    assert!(rules[0].contains("reported unused") && rules[1].contains("have status 1"), "{rules:?}");
}

#[tokio::test]
async fn cancelling_knows_only_0_and_100() {
    let world = World::new().await;
    let order_id = world.platform.create_order(&Purchase::sample()).await.order_id;
    world.stub.answer(Scene::CancelOrder, json!({"error_code": 999_999}));
    world.platform.cancel(&order_id, 2).await.expect("a known order");
    assert_eq!(state(&world, &order_id), OrderState::Cancelled);
    assert!(world.platform.violations()[0].rule.contains("999999"));
    world.stub.play(Scene::IssueCertificate, Play::Json(200, json!({"data": {"error_code": 0, "result": 2}})));
    let failed = bought(&world).await;
    assert_eq!(state(&world, &failed), OrderState::Refunded);
}

#[tokio::test]
async fn pulled_calendars_are_stored_and_checked() {
    let world = World::new().await;
    let ask = PullAsk {
        account_id: "70001".into(),
        product_id: None,
        product_out_id: Some("P1".into()),
        start_date: "2026-10-01".into(),
        end_date: "2026-10-31".into(),
        skus: vec![("1800".into(), "P1-ADULT".into())],
    };
    let answer = |day: &str| {
        json!({"error_code": 0, "ticket_sku_and_calendar": [{"ticket_specification": {"sku_out_id": "P1-ADULT"},
            "calendar_list": [{"calendar_type": 3, "calendar_value": {"value_list": [day]}, "origin_amount": 1,
                "actual_amount": 1, "stock_qty": 3, "status": 1}]}]})
    };
    world.stub.answer(Scene::PullCalendar, answer("2026-10-05"));
    world.platform.pull_calendar(&ask).await.expect("a usable range");
    assert_eq!(world.platform.calendar("70001", "P1-ADULT")["2026-10-05"].stock, 3);
    world.stub.answer(Scene::PullCalendar, answer("2026-11-05"));
    world.platform.pull_calendar(&ask).await.expect("a usable range");
    assert_eq!(world.platform.violations().len(), 1);
    let long = PullAsk { end_date: "2026-12-31".into(), ..ask };
    assert!(world.platform.pull_calendar(&long).await.is_err());
}

//! What gets lost, comes unasked, or comes in another order.

use crate::stub::World;
use douyin_simulator::{
    CancelNotice, CertificateAction, Fault, OrderMode, OrderState, Outcome, Purchase, RefundNotice, Release, Scene,
};
use serde_json::{Value, json};

fn state(world: &World, order_id: &str) -> Option<OrderState> {
    world.platform.order(order_id).map(|order| order.state)
}

#[tokio::test]
async fn orders_are_made_while_nobody_can_be_reached() {
    let world = World::with(|options| options.order_mode = OrderMode::BeforePayment).await;
    let order_id = world.platform.buy_unheard(&Purchase::sample()).await;
    assert_eq!(state(&world, &order_id), Some(OrderState::Paid));
    assert_eq!(world.stub.seen.lock().expect("not poisoned").len(), 0);
    assert_eq!(world.platform.faults_waiting(), 0);
    let query = format!("/goodlife/v1/trade/order/query/?account_id=70001&page_num=1&page_size=1&order_id={order_id}");
    assert_eq!(world.ask(&query).await["data"]["orders"][0]["pay_time"], 1_790_000_000);

    world.platform.set_reachable(false);
    let reply = world.platform.pay(&order_id).await.expect("a known order");
    assert_eq!((reply.outcome, reply.attempts), (Outcome::TimedOut, 13));
    world.platform.set_reachable(true);
    assert!(world.platform.pay(&order_id).await.is_ok_and(|reply| reply.is_ok()));

    let world = World::new().await;
    let order_id = world.platform.buy_unheard(&Purchase::sample()).await;
    assert_eq!(
        (state(&world, &order_id), world.stub.seen_on(Scene::NotifyRefund).len()),
        (Some(OrderState::Refunded), 0)
    );
}

#[tokio::test]
async fn a_payment_notice_may_be_the_first_that_is_heard() {
    let world = World::with(|options| options.order_mode = OrderMode::BeforePayment).await;
    let order_id = world.platform.create_order_unheard(&Purchase::sample()).await;
    assert_eq!(state(&world, &order_id), Some(OrderState::Created));
    world.stub.answer(Scene::PayOrder, json!({"error_code": 0, "confirm_info": {"confirm_mode": 2}}));
    world.platform.pay(&order_id).await.expect("a known order");
    assert!(world.stub.seen_on(Scene::CreateOrder).is_empty());
    assert_eq!((state(&world, &order_id), world.broken()), (Some(OrderState::Paid), vec![]));
}

#[tokio::test]
async fn customer_service_refunds_without_a_question() {
    let world = World::new().await;
    let order = world.bought(&Purchase::sample()).await;
    world.platform.refund_by_service_unheard(&order.order_id, Some(vec![0])).await.expect("a refund");
    assert!(world.stub.seen_on(Scene::NotifyRefund).is_empty());
    world.platform.inject(Fault::DeliverTwice);
    world.platform.refund_by_service(&order.order_id, Some(vec![1])).await.expect("a refund");
    let seen = world.stub.seen_on(Scene::NotifyRefund);
    assert_eq!((seen.len(), &seen[0].json()["refund_scene"]), (2, &json!(50)));
    assert_eq!(seen[0].body, seen[1].body);
    let order = world.platform.order(&order.order_id).expect("the order");
    assert_eq!(order.units[0].refund.map(|refund| refund.amount_fen), Some(10_000));
    assert_eq!((order.state, world.stub.seen_on(Scene::ApplyRefund).len()), (OrderState::Refunded, 0));
}

#[tokio::test]
async fn the_cancel_notice_comes_before_or_after_the_refund() {
    let world = World::new().await;
    for (cancel, first) in [(CancelNotice::Before, "cancel-order"), (CancelNotice::After, "notify-refund")] {
        let order = world.bought(&Purchase::sample()).await;
        world.stub.seen.lock().expect("not poisoned").clear();
        world.platform.refund_with_cancel(&order.order_id, RefundNotice::unasked(1), cancel).await.expect("a refund");
        let paths: Vec<String> =
            world.stub.seen.lock().expect("not poisoned").iter().map(|one| one.path.clone()).collect();
        assert!(paths.len() == 2 && paths[0].ends_with(first), "{paths:?}");
        assert_eq!(state(&world, &order.order_id), Some(OrderState::Refunded));
    }
}

#[tokio::test]
async fn webhooks_are_held_turned_round_and_lost() {
    let world = World::new().await;
    let order = world.bought(&Purchase::sample()).await;
    world.platform.hold_webhooks();
    let held = world.platform.push_order_paid(&order.order_id).await.expect("a known order");
    assert_eq!(held.attempts, 0);
    world.platform.push_certificate_event(&order.order_id, 1, CertificateAction::Verify).await.expect("a copy");
    let replies = world.platform.release_webhooks(Release::Reversed).await;
    assert!(replies.len() == 2 && replies.iter().all(|reply| reply.http_status == 200));
    world.platform.lose_next_call(Scene::Webhook);
    let lost = world.platform.push_contract("70001", false).await;
    assert_eq!((lost.outcome, lost.attempts), (Outcome::TimedOut, 4));
    world.platform.push_contract("70001", true).await;
    let seen: Vec<Value> = world.stub.seen_on(Scene::Webhook).iter().map(|one| one.json()).collect();
    let events: Vec<&str> = seen.iter().filter_map(|one| one["event"].as_str()).collect();
    assert_eq!(events, ["life_trade_certificate_notify", "life_trade_order_notify", "contract_authorize"]);
    let content: Value = serde_json::from_str(seen[0]["content"].as_str().expect("text")).expect("JSON");
    assert_eq!((&content["action"], &content["certificate"]["code"]), (&json!("verify"), &json!("QR-2")));
}

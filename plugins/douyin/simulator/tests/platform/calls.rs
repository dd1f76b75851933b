//! The signed caller: signatures, ladders, time limits, faults, webhooks.

use crate::stub::{KEY, Play, SECRET, World};
use douyin_simulator::{Fault, FieldEncryption, Outcome, Purchase, RefundNotice, Scene, cipher, sign};
use serde_json::json;

#[tokio::test]
async fn requests_are_signed_and_carry_the_headers() {
    let world = World::with(|options| options.legacy_sign = true).await;
    let reply = world.platform.check_booking(&Purchase::sample()).await;
    assert!(reply.is_ok());
    assert_eq!(reply.attempts, 1);
    let seen = &world.stub.seen_on(Scene::CheckBooking)[0];
    assert!(seen.is_signed());
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.header("x-life-clientkey"), KEY);
    assert_eq!(seen.header("x-bytedance-logid"), reply.logid);
    let query = format!("client_key={KEY}&timestamp=1790000000000&sign=");
    assert!(seen.query.starts_with(&query), "{}", seen.query);
    let pairs = [("client_key", KEY), ("timestamp", "1790000000000")];
    assert!(seen.query.ends_with(&sign::legacy_sign(SECRET, &pairs, &seen.body)));
    assert!(world.platform.violations().is_empty());
}

#[tokio::test]
async fn guests_are_encrypted_and_the_body_is_complete() {
    let world = World::new().await;
    world.platform.create_order(&Purchase::sample()).await;
    let body = world.stub.seen_on(Scene::CreateOrder)[0].json();
    assert_eq!(body["buyer"]["phone"], "SxxOBnwVlwZFQV1er5pEHA==");
    assert_eq!(body["buyer"]["name"], "UOwV1M23gYhaMjPTUENkGg==");
    let license = body["tourists"][0]["license_id"].as_str().expect("a document");
    assert_eq!(cipher::decrypt_local(SECRET, license).as_deref(), Some("110101199003070011"));
    assert_eq!(body["order_id"], "1000000000000000001");
    assert_eq!(body["item_order_infos"].as_array().map(Vec::len), Some(2));
    assert_eq!(body["amount"]["pay_amount"], 20_000);
    assert_eq!(body["create_order_time_unix"], 1_790_000_000);
    for field in ["traveler_info", "ticket_rule", "refund_rule", "remark_info", "custom_spi_req_extra"] {
        assert!(body.get(field).is_some(), "{field}");
    }
}

#[tokio::test]
async fn overrides_change_and_remove_fields() {
    let world = World::with(|options| options.field_encryption = FieldEncryption::None).await;
    let mut purchase = Purchase::sample();
    purchase.overrides.insert("tourists".into(), json!(null));
    purchase.overrides.insert("count".into(), json!("2"));
    world.platform.check_booking(&purchase).await;
    let body = world.stub.seen_on(Scene::CheckBooking)[0].json();
    assert!(body.get("tourists").is_none());
    assert_eq!(body["count"], "2");
    assert_eq!(body["buyer"]["phone"], "13800138000");
}

#[tokio::test]
async fn the_issue_ladder_climbs_six_steps_on_any_error() {
    let world = World::new().await;
    for _ in 0..10 {
        world.stub.answer(Scene::IssueCertificate, json!({"error_code": 7}));
    }
    let reply = world.platform.call(Scene::IssueCertificate, &json!({"order_id": "1"})).await;
    assert_eq!(reply.attempts, 7);
    let delays: Vec<u64> = reply.history.iter().map(|attempt| attempt.delay_s).collect();
    assert_eq!(delays, [0, 10, 30, 60, 120, 120, 240]);
    let seen = world.stub.seen_on(Scene::IssueCertificate);
    assert_eq!(seen.len(), 7);
    assert!(seen.iter().all(|one| one.is_signed() && one.body == seen[0].body));
}

#[tokio::test]
async fn order_calls_repeat_on_100_only() {
    let world = World::new().await;
    for _ in 0..3 {
        world.stub.answer(Scene::CancelOrder, json!({"error_code": 100}));
    }
    let reply = world.platform.call(Scene::CancelOrder, &json!({"order_id": "1"})).await;
    assert_eq!((reply.attempts, reply.error_code()), (4, Some(0)));
    world.stub.answer(Scene::CancelOrder, json!({"error_code": 5}));
    let reply = world.platform.call(Scene::CancelOrder, &json!({"order_id": "1"})).await;
    assert_eq!((reply.attempts, reply.error_code()), (1, Some(5)));
    for _ in 0..20 {
        world.stub.play(Scene::CancelOrder, Play::Json(503, json!({})));
    }
    let reply = world.platform.call(Scene::CancelOrder, &json!({"order_id": "1"})).await;
    assert_eq!((reply.attempts, reply.http_status), (13, 503));
}

#[tokio::test]
async fn a_slow_answer_is_a_time_out() {
    let world = World::with(|options| {
        options.limits_ms.insert(Scene::CheckBooking, 50);
    })
    .await;
    world.stub.play(Scene::CheckBooking, Play::Stall);
    let reply = world.platform.check_booking(&Purchase::sample()).await;
    assert_eq!((reply.outcome, reply.http_status, reply.attempts), (Outcome::TimedOut, 0, 1));
    assert!(reply.elapsed_ms >= 50);
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let world = World::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    world.platform.set_target(&format!("http://{address}"));
    let reply = world.platform.check_booking(&Purchase::sample()).await;
    assert_eq!(reply.outcome, Outcome::Unreachable);
}

#[tokio::test]
async fn several_targets_take_turns_whether_they_answer_or_not() {
    let world = World::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    world.platform.set_targets([world.target.as_str(), &nobody]);
    let mut answered = Vec::new();
    for _ in 0..4 {
        answered.push(world.platform.check_booking(&Purchase::sample()).await.is_ok());
    }
    assert_eq!(answered, [true, false, true, false]);
    let paid = world.platform.create_order(&Purchase::sample()).await;
    assert!(paid.reply.is_ok());
    let reply =
        world.platform.notify_refund(&paid.order_id, RefundNotice::unasked(50)).await.expect("the order is there");
    assert_eq!((reply.is_ok(), reply.attempts), (true, 2), "the repeat reaches the one that is there");
}

#[tokio::test]
async fn tampered_requests_are_turned_away_once() {
    let world = World::new().await;
    for fault in [Fault::FlipBody, Fault::FlipQuery, Fault::OmitSignature] {
        world.platform.inject(fault);
        let reply = world.platform.check_booking(&Purchase::sample()).await;
        assert_eq!(reply.http_status, 401, "{fault:?}");
        assert!(world.platform.check_booking(&Purchase::sample()).await.is_ok());
    }
    assert_eq!(world.platform.faults_waiting(), 0);
}

#[tokio::test]
async fn lost_answers_and_lost_requests_are_repeated() {
    let world = World::new().await;
    world.platform.inject_for(Scene::PayOrder, Fault::DropAnswer);
    world.platform.inject_for(Scene::PayOrder, Fault::LoseRequest);
    world.platform.inject(Fault::RetryAtOnce);
    let reply = world.platform.call(Scene::PayOrder, &json!({"order_id": "1"})).await;
    let outcomes: Vec<Outcome> = reply.history.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, [Outcome::TimedOut, Outcome::TimedOut, Outcome::Answered]);
    assert_eq!(world.stub.seen_on(Scene::PayOrder).len(), 2);
}

#[tokio::test]
async fn doubled_deliveries_bring_both_answers() {
    let world = World::new().await;
    for fault in [Fault::DeliverTwice, Fault::DeliverTwiceAtOnce] {
        world.platform.inject(fault);
        let handle = world.platform.create_order(&Purchase::sample()).await;
        assert_eq!(handle.reply.attempts, 1);
        assert_eq!(handle.reply.twin.as_ref(), Some(&handle.reply.body));
    }
    assert_eq!(world.stub.seen_on(Scene::CreateOrder).len(), 4);
}

#[tokio::test]
async fn raw_requests_go_out_as_they_are() {
    let world = World::new().await;
    let mut request = world.platform.signed_request(Scene::QueryOrder, &json!({"order_id": "1"}));
    assert!(world.platform.send(&request).await.is_ok());
    request.query.push(("extra".into(), "a b&c".into()));
    assert_eq!(world.platform.send(&request).await.http_status, 401);
    let reply = world.platform.call_raw("query-order", &[("client_key", KEY)], &[], b"{").await;
    assert_eq!(reply.http_status, 401);
    assert_eq!(world.stub.seen_on(Scene::QueryOrder)[1].query.split('&').next_back(), Some("extra=a%20b%26c"));
}

#[tokio::test]
async fn paths_can_be_renamed() {
    let world = World::with(|options| {
        options.paths.insert(Scene::CreateOrder, "scenic-create".into());
    })
    .await;
    world.platform.call(Scene::CreateOrder, &json!({})).await;
    let seen = world.stub.seen.lock().expect("not poisoned").clone();
    assert_eq!(seen[0].path, "/in/app/scenic-create");
}

#[tokio::test]
async fn unreadable_answers_are_violations() {
    let world = World::new().await;
    world.stub.play(Scene::CheckBooking, Play::Json(200, json!({"ok": true})));
    world.platform.check_booking(&Purchase::sample()).await;
    world.stub.answer(Scene::CheckBooking, json!({"error_code": 1_000_000}));
    world.platform.check_booking(&Purchase::sample()).await;
    assert_eq!(world.platform.violations().len(), 2);
}

#[tokio::test]
async fn webhooks_are_signed_verified_and_repeated() {
    let world = World::new().await;
    let check = world.platform.verify_webhook().await;
    assert!(check.echoed);
    let content = json!({"action": "pay_success"});
    for _ in 0..2 {
        world.stub.play(Scene::Webhook, Play::Json(500, json!(null)));
    }
    let reply = world.platform.push_webhook("life_trade_order_notify", &content).await;
    assert_eq!((reply.http_status, reply.attempts), (200, 3));
    world.platform.push_webhook("life_trade_order_notify", &content).await;
    let seen = world.stub.seen_on(Scene::Webhook);
    assert_eq!(seen.len(), 5);
    for one in &seen {
        assert_eq!(one.header("x-douyin-signature"), sign::webhook_sign(SECRET, &one.body));
    }
    assert_eq!(seen[1].header("msg-id"), seen[4].header("msg-id"));
    assert!(seen[1].json()["content"].is_string());
    assert!(seen[0].json()["content"].is_object());
}

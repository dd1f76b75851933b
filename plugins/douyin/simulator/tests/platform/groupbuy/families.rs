//! The purchase by the other two families (groupbuy B15, B16).

use super::{DAY, states};
use crate::stub::{World, code, promised};
use douyin_simulator::{
    By, Event, Family, Fault, IssueWhen, OrderState, PairProduct, Purchase, PurchaseState, RefundState, Reservation,
    ReservationState, Scene,
};
use serde_json::{Value, json};

const PROMISE_CALLBACK: &str = "/goodlife/v1/trip/scenic/groupon/certificate/callback/";
const CODE_AUDIT: &str = "/goodlife/v1/fulfilment/refund/audit/";

/// A purchase whose codes were promised for later.
async fn promised_later(world: &World, family: Family) -> String {
    let scene = if family == Family::F2 { Scene::IssuePromise } else { Scene::IssueCertificate };
    world.stub.answer(scene, json!({"error_code": 0, "result": 0}));
    world.bought(&Purchase::voucher(family)).await.order_id
}

/// The raw bytes of a callback, with or without the merchant's header.
async fn call_back(world: &World, text: &str, account: Option<&str>) -> Value {
    let token = world.fresh_token().await;
    let url = format!("{}{PROMISE_CALLBACK}", world.platform.openapi_base());
    let mut request = world.http.post(url).header("access-token", token).header("content-type", "application/json");
    if let Some(account) = account {
        request = request.header("Rpc-Transit-Life-Account", account);
    }
    let answer = request.body(text.to_owned()).send().await.expect("an answer").text().await.expect("a body");
    serde_json::from_str(&answer).expect("JSON")
}

#[tokio::test]
async fn f2_is_pre_ordered_and_issued_by_certificate() {
    let world = World::new().await;
    let order = world.bought(&Purchase::voucher(Family::F2)).await;
    let create = world.stub.seen_on(Scene::CreatePromise)[0].json();
    // The page's example, but for the ids, the sealed phone and what it leaves out.
    let example = r#"{"order_id":"8001","open_id":"o1","biz_type":3,"create_order_time":1777600000,"currency_code":"CNY","original_amount":19800,"order_item_list":[{"order_item_id":"i1","sku_id":"17"},{"order_item_id":"i2","sku_id":"17"}],"sku_info_list":[{"product_id":"5","sku_id":"17","sku_out_id":"QG100|YY200"}],"contact_list":[{"phone":"Enc.p"}]}"#;
    let mut expected: Value = serde_json::from_str(example).expect("JSON");
    for field in ["order_id", "open_id", "create_order_time"] {
        expected[field] = create[field].clone();
    }
    expected["contact_list"] = create["contact_list"].clone();
    for (place, unit) in order.units.iter().enumerate() {
        expected["order_item_list"][place]["order_item_id"] = unit.item_order_id.clone().into();
    }
    expected["sku_info_list"][0]["product_out_id"] = "QG100|YY200".into();
    expected["remark_info"] = json!({"question_and_answer_list": []});
    assert_eq!(create, expected);
    assert_eq!(create["contact_list"][0].as_object().map(|contact| contact.len()), Some(1));
    let issue = world.stub.seen_on(Scene::IssuePromise)[0].json();
    let row = &issue["certificate_info_list"][0];
    assert_eq!(row["certificate_id"], order.units[0].certificate_id.as_str());
    assert!(order.units[0].certificate_id.parse::<i64>().is_ok());
    assert_eq!(
        (&row["start_time"], &row["expire_time"]),
        (&json!(1_788_192_000_000_000_000_i64), &json!(1_798_732_799_000_000_000_i64))
    );
    assert_eq!(issue["out_order_id"], format!("T{}", order.order_id));
    assert!(world.stub.seen_on(Scene::CheckBooking).is_empty() && world.stub.seen_on(Scene::PayOrder).is_empty());
    assert!(world.platform.pay(&order.order_id).await.is_err());
    assert_eq!(world.platform.purchase_state(&order.order_id), Ok(PurchaseState::ToReserve));
    let report = world.platform.reserve(&Reservation::of(&order.order_id, DAY)).await.expect("a reservation");
    let reservation = report.order.expect("an order").order_id;
    assert_eq!(states(&world, &order.order_id, &reservation), (PurchaseState::Reserved, ReservationState::Issued));
    assert_eq!(world.stub.seen_on(Scene::CreateOrder)[0].json()["order_type"], 2);
    assert!(world.broken().is_empty(), "{:?}", world.broken());
}

#[tokio::test]
async fn f2_counts_as_created_without_an_answer_and_is_refused_by_a_code() {
    let world = World::new().await;
    world.platform.inject_for(Scene::CreatePromise, Fault::DropAnswer);
    let report = world.platform.buy(&Purchase::voucher(Family::F2)).await;
    let order = report.order.expect("an order");
    assert_eq!((order.state, order.assumed_created), (OrderState::Issued, true));
    world.stub.answer(Scene::CreatePromise, json!({"error_code": 23, "order_id": "", "description": "price"}));
    let report = world.platform.buy(&Purchase::voucher(Family::F2)).await;
    let order = report.order.expect("an order");
    assert_eq!((order.state, order.refusal_code, report.issued), (OrderState::Refused, Some(23), None));
    for when in [IssueWhen::Before, IssueWhen::Without] {
        let world = World::new().await;
        let report = world.platform.buy_issued(&Purchase::voucher(Family::F2), when).await;
        let creates = world.stub.seen_on(Scene::CreatePromise).len();
        assert_eq!(creates, usize::from(when == IssueWhen::Before));
        assert_eq!(report.order.map(|order| order.state), Some(OrderState::Issued));
        assert!(world.stub.seen_on(Scene::IssuePromise)[0].json().get("out_order_id").is_none());
    }
}

#[tokio::test]
async fn f2_climbs_the_ladder_and_judges_the_names() {
    let world = World::new().await;
    for _ in 0..7 {
        world.stub.answer(Scene::IssuePromise, json!({"error_code": 999}));
    }
    let report = world.platform.buy(&Purchase::voucher(Family::F2)).await;
    let issued = report.issued.expect("an issue call");
    let delays: Vec<u64> = issued.history.iter().map(|attempt| attempt.delay_s).collect();
    assert_eq!(delays, [0, 10, 30, 60, 120, 120, 240]);
    let order = report.order.expect("an order");
    let id = |place: usize| json!(order.units[place].certificate_id);
    let mut judged = Vec::new();
    for (change, expected) in [
        ("certificate_list", "has neither certificate nor credential"),
        ("long", "longer than 64"),
        ("ccertificate_type", "certificate_type is missing"),
        ("number", "wrong JSON type"),
        ("name", "has no name"),
        ("twice", "not unique"),
    ] {
        let mut rows = json!([promised(&id(0), 1), promised(&id(1), 2)]);
        let project = &mut rows[0]["project_list"][0];
        match change {
            "certificate_list" => project["certificate_list"] = project["certificate"].take(),
            "long" => project["certificate"][0]["certificate_no"] = "x".repeat(65).into(),
            "ccertificate_type" => project["certificate"] = json!([{"certificate_no": "A1", "ccertificate_type": 1}]),
            "number" => {
                rows[0]["certificate_id"] = order.units[0].certificate_id.parse::<i64>().expect("a number").into()
            }
            "name" => project["name"] = "".into(),
            _ => project["project_id"] = "p2".into(),
        }
        let answer = json!({"error_code": 0, "result": 1, "order_id": order.order_id, "certificate_info": rows});
        world.stub.answer(Scene::IssuePromise, answer);
        world.platform.clear_records();
        world.platform.issue(&order.order_id).await.expect("a known order");
        assert!(world.broken().iter().any(|rule| rule.contains(expected)), "{change}: {:?}", world.broken());
        judged.push(world.platform.order(&order.order_id).map(|order| order.state));
    }
    assert_eq!(judged, [Some(OrderState::Issuing); 6]);
}

/// The example of B15.3, with the ids of our order in the place of 8001 and 12.
#[tokio::test]
async fn f2_is_called_back_with_the_pages_bytes() {
    let world = World::new().await;
    world.stub.answer(Scene::IssuePromise, json!({"error_code": 0, "result": 0}));
    let purchase = Purchase { count: 1, ..Purchase::voucher(Family::F2) };
    let order = world.bought(&purchase).await;
    let example = r#"{"order_id":"8001","result":1,"certificate_info_list":[{"certificate_id":12,"project_list":[{"project_id":"p1","name":"Gate","certificate_list":[{"certificate_no":"A1","ccertificate_type":1}]}]}]}"#;
    let id = order.units[0].certificate_id.as_str();
    let text = example.replace("8001", &order.order_id).replace(":12,", &format!(":{id},"));
    assert_eq!(code(&call_back(&world, &text, None).await), 2_100_005);
    assert!(world.broken()[0].contains("header"), "{:?}", world.broken());
    let quoted = text.replace(&format!(":{id},"), &format!(":\"{id}\","));
    assert_eq!(code(&call_back(&world, &quoted, Some("70001")).await), 2_100_005);
    let single = text.replace("ccertificate_type", "certificate_type");
    assert_eq!(code(&call_back(&world, &single, Some("70001")).await), 2_100_005);
    assert_eq!(world.broken().len(), 3);
    world.platform.clear_records();
    for _ in 0..2 {
        let answer = call_back(&world, &text, Some("70001")).await;
        assert_eq!((code(&answer), &answer["data"]["certificate_info_list"][0]["code"]), (0, &json!("A1")));
    }
    assert!(world.broken().is_empty(), "{:?}", world.broken());
    let events = world.platform.events(&order.order_id).expect("a known order");
    assert_eq!(events, [Event::IssueCallback]);
    assert_eq!(world.platform.calls_on(PROMISE_CALLBACK)[0].headers["rpc-transit-life-account"], "70001");
}

#[tokio::test]
async fn f2_without_codes_is_refunded_without_a_question() {
    let world = World::new().await;
    let order = promised_later(&world, Family::F2).await;
    world.forward(600_001);
    assert_eq!(world.platform.run_deadlines().await.len(), 1);
    assert!(world.stub.seen_on(Scene::ApplyRefund).is_empty());
    let notice = world.stub.seen_on(Scene::NotifyRefund)[0].json();
    assert_eq!(
        (&notice["refund_scene"], &notice["refund_amount"], &notice["refund_count"]),
        (&json!(155), &json!(19_800), &json!(2))
    );
    assert_eq!(world.platform.purchase_state(&order), Ok(PurchaseState::Refunded));
    let late = format!("{{\"order_id\":\"{order}\",\"result\":2}}");
    assert_eq!(code(&call_back(&world, &late, Some("70001")).await), 3_000_009);
    world.stub.answer(Scene::IssuePromise, json!({"error_code": 0, "result": 2}));
    let failed = world.bought(&Purchase::voucher(Family::F2)).await;
    assert_eq!(world.stub.seen_on(Scene::NotifyRefund).len(), 2);
    assert_eq!(world.platform.purchase_state(&failed.order_id), Ok(PurchaseState::Refunded));
    assert!(world.platform.run_deadlines().await.is_empty());
}

#[tokio::test]
async fn f3_is_allowed_by_a_malformed_answer() {
    let world = World::new().await;
    let order = world.bought(&Purchase::voucher(Family::F3)).await;
    let create = world.stub.seen_on(Scene::PreCreateOrder)[0].json();
    for (field, value) in [
        ("order_type", json!(21)),
        ("third_sku_id", json!("QG100|YY200")),
        ("third_product_id", json!("QG100|YY200")),
        ("sku_id", json!("17")),
        ("count", json!(2)),
        ("original_amount", json!(19_800)),
        ("currency_code", json!("CNY")),
    ] {
        assert_eq!(create[field], value, "{field}");
    }
    assert_eq!(create["order_item_id"].as_array().map(Vec::len), Some(2));
    let issue = world.stub.seen_on(Scene::IssueCertificate)[0].json();
    assert_eq!(issue["certificates"][1]["certificate_id"], order.units[1].certificate_id.as_str());
    assert_eq!(issue["open_id"], "open-1");
    assert_eq!(order.order_out_id, Some(format!("T{}", order.order_id)));
    assert!(world.broken().is_empty(), "{:?}", world.broken());
    world.stub.answer(Scene::PreCreateOrder, json!({"hello": 1}));
    let allowed = world.platform.buy(&Purchase::voucher(Family::F3)).await.order.expect("an order");
    assert_eq!((allowed.state, allowed.assumed_created), (OrderState::Issued, true));
    world.stub.answer(Scene::PreCreateOrder, json!({"error_code": 7, "description": "价格校验失败，请重新下单"}));
    let refused = world.platform.buy(&Purchase::voucher(Family::F3)).await.order.expect("an order");
    assert_eq!((refused.state, refused.refusal_code), (OrderState::Refused, Some(7)));
    let world = World::with(|options| options.group_buy.f3_phone = false).await;
    world.platform.create_order(&Purchase::voucher(Family::F3)).await;
    assert!(world.stub.seen_on(Scene::PreCreateOrder)[0].json().get("tourists").is_none());
}

#[tokio::test]
async fn f3_refunds_are_decided_by_certificate() {
    let world = World::new().await;
    let order = promised_later(&world, Family::F3).await;
    let ids: Vec<String> =
        world.platform.order(&order).expect("an order").units.iter().map(|unit| unit.certificate_id.clone()).collect();
    world.forward(600_001);
    world.stub.answer(Scene::ApplyCodeRefund, json!({"error_code": 0, "result": 3}));
    world.platform.run_deadlines().await;
    let asked = world.stub.seen_on(Scene::ApplyCodeRefund)[0].json();
    assert_eq!(
        asked["certificates"],
        json!([{"certificate_id": ids[0], "code": ""}, {"certificate_id": ids[1], "code": ""}])
    );
    let id = asked["after_sale_id"].as_str().expect("an id").to_owned();
    let mut no = json!({"result": 2, "after_sale_id": id, "certificate": [{"certificate_id": ids[0]}]});
    assert_eq!(code(&world.openapi(CODE_AUDIT, &no).await), 2_100_005);
    no["reason"] = "it can be issued".into();
    assert_eq!(code(&world.openapi(CODE_AUDIT, &no).await), 0);
    assert!(world.broken().iter().any(|rule| rule.contains("needs its code")), "{:?}", world.broken());
    let world_broken = world.broken().len();
    // The first by its own row, the second alone: a mixed decision.
    let first = format!("{id}#0");
    no["certificate"][0]["code"] = "LATE1".into();
    assert_eq!(code(&world.openapi(CODE_AUDIT, &no).await), 0);
    let yes = json!({"result": 1, "after_sale_id": id, "certificate_id": ids[1]});
    assert_eq!(code(&world.openapi(CODE_AUDIT, &yes).await), 0);
    assert_eq!(code(&world.openapi(CODE_AUDIT, &yes).await), 0);
    no["result"] = 1.into();
    assert_eq!(code(&world.openapi(CODE_AUDIT, &no).await), 3_000_001);
    assert_eq!(world.broken().len(), world_broken);
    let shown = world.platform.order(&order).expect("an order");
    assert_eq!(shown.refund(&first).map(|refund| refund.state), Some(RefundState::Refused));
    assert_eq!(world.platform.run_deadlines().await.len(), 1);
    let notice = world.stub.seen_on(Scene::NotifyRefund)[0].json();
    assert_eq!((&notice["refund_amount"], &notice["refund_count"]), (&json!(9_900), &json!(1)));
    let shown = world.platform.order(&order).expect("an order");
    assert_eq!((shown.units[0].refunded, shown.units[1].refunded), (false, true));
    assert_eq!(shown.units[0].voucher.as_ref().and_then(|voucher| voucher.first_code()), Some("LATE1"));
}

#[tokio::test]
async fn f3_refunds_are_asked_hourly_and_told_by_its_own_call() {
    let world = World::with(|options| options.group_buy.f3_results = By::Sync).await;
    let order = world.bought(&Purchase::voucher(Family::F3)).await.order_id;
    world.stub.answer(Scene::ApplyCodeRefund, json!({"error_code": 100}));
    let reply = world.platform.ask_code_refund(&order, Some(vec![1]), 101).await.expect("a question");
    assert_eq!((reply.state, reply.reply.history[1].delay_s), (RefundState::Agreed, 3_600));
    let again = world.platform.repeat_code_refund(&order, &reply.key).await.expect("a question");
    assert_eq!(again.state, RefundState::Agreed);
    world.stub.answer(Scene::ApplyCodeRefund, json!({"error_code": 0, "result": 2}));
    world.platform.repeat_code_refund(&order, &reply.key).await.expect("a question");
    assert!(world.broken()[0].contains("differently"), "{:?}", world.broken());
    world.platform.run_deadlines().await;
    let sync = world.stub.seen_on(Scene::SyncRefund)[0].json();
    assert_eq!(
        (&sync["notice_list"][0]["code"], sync["notice_list"].as_array().map(Vec::len)),
        (&json!("A2"), Some(1))
    );
    assert!(sync.get("after_sale_id").is_none() && sync.get("after_sale_type").is_none());
    assert!(world.stub.seen_on(Scene::NotifyRefund).is_empty());
    assert!(world.platform.ask_code_refund("7", None, 101).await.is_err());
}

#[tokio::test]
async fn several_orders_are_queried_at_once() {
    let world = World::new().await;
    let order = world.bought(&Purchase::voucher(Family::F3)).await.order_id;
    let row = json!({"order_id": order, "total_quantity": 2, "used_quantity": 0, "refund_quantity": 0});
    world.stub.answer(Scene::QueryOrders, json!({"error_code": 0, "result": {order.as_str(): row}}));
    world.platform.query_orders("fulfil", &[&order, "7"]).await;
    assert_eq!(world.stub.seen_on(Scene::QueryOrders)[0].json(), json!({"scene": "fulfil", "order_ids": [order, "7"]}));
    assert!(world.broken().is_empty());
    let row = json!({"total_quantity": 2, "used_quantity": 2, "refund_quantity": 1});
    world.stub.answer(Scene::QueryOrders, json!({"error_code": 0, "result": {"8": row}}));
    world.platform.query_orders("fulfil", &[&order]).await;
    assert_eq!(world.broken().len(), 2);
}

#[tokio::test]
async fn a_pair_stands_in_laike_and_is_read_where_the_scope_is_granted() {
    for granted in [true, false] {
        let world = World::with(|options| options.group_buy.goods_query = granted).await;
        let pair = PairProduct::sample();
        let made = world.platform.list_pair(&pair);
        let path = format!("/goodlife/v1/goods/product/online/get/?account_id=70001&product_ids={}", made.product_id);
        let answer = world.ask(&path).await;
        if !granted {
            assert_eq!(code(&answer), 2_190_004);
            continue;
        }
        let sku = &answer["data"]["product_onlines"][0]["sku"];
        assert_eq!((&sku["actual_amount"], &sku["stock"]["stock_qty"]), (&json!(9_900), &json!(100)));
        assert_eq!(sku["out_sku_id"], "QG100|YY200");
        let order = world.bought(&pair.purchase(&made, Family::F1, 1)).await;
        assert_eq!(order.purchase.origin_amount_fen(), 9_900);
        assert_eq!(world.platform.pair(&made.product_id), Some(pair));
    }
}

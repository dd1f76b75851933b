//! Products, reviews, shelf, calendars, shops.

use crate::stub::{World, code};
use douyin_simulator::{LaikeProduct, ProductState, Purchase, ReviewGate, Scene, Shop};
use serde_json::{Value, json};

const SAVE: &str = "/goodlife/v1/trip/ticket/save/";
const QUERY: &str = "/goodlife/v1/trip/ticket/query/?account_id=70001";
const PRICES: &str = "/goodlife/v1/trip/ticket_calendar/save/";
const BATCH: &str = "/goodlife/v1/trip/ticket_calendar/batch_save/";
const OPERATE: &str = "/goodlife/v1/goods/product/operate/";

fn ticket(skus: &[&str]) -> Value {
    let skus: Vec<Value> = skus.iter().map(|id| json!({"sku_out_id": id, "sku_name": id})).collect();
    json!({"account_id": "70001", "ticket": {"product_out_id": "P1", "product_name": "Day ticket",
        "poi_ids": ["60001"], "ticket_specifications": skus, "buy_limit": 5}})
}

fn prices(sku: &str, days: &[String]) -> Value {
    json!({"account_id": "70001", "product_out_id": "P1", "ticket_specification": {"sku_out_id": sku},
        "calendars": [{"calendar_type": 3, "calendar_value": {"value_list": days}, "origin_amount": 10000,
            "actual_amount": 9000, "stock_qty": 5, "status": 1}]})
}

fn days(count: u64) -> Vec<String> {
    (1..=count).map(|n| format!("2026-{:02}-{:02}", 10 + (n - 1) / 28, (n - 1) % 28 + 1)).collect()
}

#[tokio::test]
async fn a_product_is_reviewed_before_its_prices() {
    let world = World::new().await;
    let saved = world.openapi(SAVE, &ticket(&["A", "B"])).await;
    assert_eq!(code(&saved), 0);
    assert_eq!(code(&world.openapi(SAVE, &ticket(&["A"])).await), 3_000_001, "under review");
    assert_eq!(code(&world.openapi(PRICES, &prices("A", &days(1))).await), 3_000_001, "not reviewed");
    world.platform.audit_product("P1", false, "the name is too short").await.expect("a review");
    let content: Value =
        serde_json::from_str(world.stub.seen_on(Scene::Webhook)[0].json()["content"].as_str().expect("text"))
            .expect("JSON");
    assert_eq!((&content["is_product_pass"], &content["product_id"]), (&json!(false), &saved["data"]["product_id"]));
    let shown = world.ask(&format!("{QUERY}&product_out_ids=P1,P2&status=3")).await;
    assert_eq!(shown["data"]["tickets"][0]["audit_result"]["product_audit_reason"], "the name is too short");

    // An update overwrites: B is gone, A keeps its id.
    let again = world.openapi(SAVE, &ticket(&["A"])).await;
    assert_eq!(again["data"]["ticket_specifications"], json!([saved["data"]["ticket_specifications"][0]]));
    world.platform.audit_product_unheard("P1", true, "").expect("a review");
    assert_eq!(code(&world.openapi(PRICES, &prices("A", &days(1))).await), 0);
    assert_eq!(code(&world.openapi(PRICES, &prices("B", &days(1))).await), 2_100_005, "no such specification");
    assert_eq!(world.platform.product("P1").map(|product| product.state), Some(ProductState::Offline));
    assert!(world.platform.audit_product("P1", true, "").await.is_err(), "nothing is under review");
    assert_eq!(world.platform.violations(), []);
}

#[tokio::test]
async fn two_equal_verdicts_are_two_events_and_a_repeat_is_one() {
    let world = World::new().await;
    for _ in 0..2 {
        world.openapi(SAVE, &ticket(&["A"])).await;
        world.platform.audit_product("P1", false, "no").await.expect("a review");
    }
    world.platform.push_audit_webhook("P1").await.expect("a repeat");
    let seen = world.stub.seen_on(Scene::Webhook);
    let ids: Vec<&str> = seen.iter().map(|one| one.header("msg-id")).collect();
    assert!(ids[0] != ids[1] && ids[1] == ids[2]);
}

#[tokio::test]
async fn a_ticket_is_checked_field_by_field() {
    let world = World::new().await;
    assert_eq!(code(&world.openapi(SAVE, &ticket(&["A", "B", "C", "D"])).await), 2_100_005);
    let wrong = [("product_name", json!(null)), ("poi_ids", json!("60001")), ("ticket_rule", json!({"code_type": 2}))];
    for (name, value) in wrong {
        let mut body = ticket(&["A"]);
        body["ticket"][name] = value;
        assert_eq!(code(&world.openapi(SAVE, &body).await), 2_100_005, "{name}");
    }
    let mut body = ticket(&["A"]);
    body["ticket"]["produkt"] = json!(1);
    assert_eq!(code(&world.openapi(SAVE, &body).await), 0);
    assert!(world.broken()[0].contains("no field produkt"));

    let world = World::with(|options| options.publishing = false).await;
    assert_eq!(code(&world.openapi(SAVE, &ticket(&["A"])).await), 2_119_010);
}

#[tokio::test]
async fn products_of_laike_are_on_the_shelf_and_can_leave_it() {
    let world = World::new().await;
    let product = world.platform.list_in_laike(LaikeProduct::sample());
    assert_eq!(code(&world.openapi(PRICES, &prices("P1-ADULT", &days(1))).await), 0);
    let off = json!({"op_type": 2, "out_id": "P1", "account_id": "70001"});
    let answer = world.openapi(OPERATE, &off).await;
    assert_eq!((code(&answer), &answer["BaseResp"]["StatusCode"]), (0, &json!(0)));
    assert_eq!(world.platform.product("P1").map(|product| product.state), Some(ProductState::Offline));
    let body = json!({"account_id": "70001", "op_type": 1, "product_id_list": [product.product_id, "7"]});
    let answer = world.openapi("/goodlife/v1/trip/product/operate/", &body).await;
    let codes = [0, 1].map(|n: usize| answer["data"][n]["code"].clone());
    assert_eq!((codes, &answer["extra"]["error_code"]), ([json!("0"), json!("2100005")], &json!(0)));
    let online = "/goodlife/v1/goods/product/online/get/?account_id=70001&";
    let shown = world.ask(&format!("{online}product_ids={}", product.product_id)).await;
    let shown = &shown["data"]["product_onlines"];
    assert_eq!((&shown[0]["online_status"], &shown[0]["sku"]["actual_amount"]), (&json!(1), &json!(9000)));
    assert_eq!(world.ask(&format!("{online}out_ids=P1")).await["data"]["product_onlines"], json!([]));
    assert_eq!(code(&world.openapi(OPERATE, &json!({"op_type": 9, "out_id": "P1"})).await), 2_100_005);
    let purchase = product.purchase("P1-ADULT").expect("a specification");
    assert_eq!(world.bought(&purchase).await.purchase.sku_id, product.specifications[0].sku_id);
}

#[tokio::test]
async fn products_come_in_pages() {
    let world = World::new().await;
    for n in 0..6 {
        let product = LaikeProduct { product_out_id: Some(format!("P{n}")), ..LaikeProduct::sample() };
        world.platform.list_in_laike(product);
    }
    let answer = world.ask(&format!("{QUERY}&page=2")).await;
    assert_eq!(answer["data"]["page_info"], json!({"page": 2, "page_size": 5, "total_page": 2, "total_records": 6}));
    assert_eq!(answer["data"]["tickets"].as_array().map(Vec::len), Some(1));
    assert_eq!(code(&world.ask(&format!("{QUERY}&page_size=51")).await), 2_100_005);
}

#[tokio::test]
async fn calendars_have_limits_in_one_call() {
    let world = World::new().await;
    assert_eq!(code(&world.openapi(PRICES, &prices("A", &days(60))).await), 0);
    assert_eq!(code(&world.openapi(PRICES, &prices("A", &days(61))).await), 2_100_005);
    let one = prices("A", &days(1));
    let entry = json!({"ticket_specification": {"sku_out_id": "A"}, "calendar_list": one["calendars"]});
    let body = |count| json!({"account_id": "70001", "product_out_id": "P1", "ticket_sku_and_calendar": vec![entry.clone(); count]});
    assert_eq!(code(&world.openapi(BATCH, &body(3)).await), 0);
    assert_eq!(code(&world.openapi(BATCH, &body(4)).await), 2_100_005);
    assert_eq!(world.platform.calls_on(BATCH).len(), 2);
    let world = World::with(|options| options.review_gate = ReviewGate::Everything).await;
    assert_eq!(code(&world.openapi(PRICES, &one).await), 2_100_005, "the product does not exist");
}

#[tokio::test]
async fn a_failed_check_is_followed_by_a_pull() {
    let world = World::with(|options| {
        options.pull_after_failed_check = true;
        options.checks_twice = true;
    })
    .await;
    world.bought(&Purchase::sample()).await;
    let checks = world.stub.seen_on(Scene::CheckBooking);
    assert!(checks[0].json().get("buyer").is_none() && checks[1].json().get("buyer").is_some());
    assert_eq!(world.stub.seen_on(Scene::PullCalendar).len(), 0);
    world.stub.answer(Scene::CheckBooking, json!({"error_code": 1}));
    world.stub.answer(Scene::PullCalendar, json!({"error_code": 0, "ticket_sku_and_calendar": []}));
    assert!(world.platform.buy(&Purchase::sample()).await.order.is_none());
    let pull = world.stub.seen_on(Scene::PullCalendar)[0].json();
    assert_eq!((&pull["start_date"], &pull["end_date"]), (&json!("2026-09-21"), &json!("2026-11-19")));
    assert_eq!(pull["ticket_specifications"][0]["sku_out_id"], "P1-ADULT");
    assert_eq!(world.platform.violations(), []);
}

#[tokio::test]
async fn shops_come_in_pages_and_are_matched() {
    let world = World::new().await;
    for n in 1..=3 {
        world.platform.add_shop(Shop::new("70001", &format!("6000{n}"), &format!("Gate {n}")));
    }
    let shops = "/goodlife/v1/shop/poi/query/?account_id=70001";
    let answer = world.ask(&format!("{shops}&page=2&size=2")).await;
    assert_eq!((&answer["data"]["total"], &answer["data"]["pois"][0]["poi"]["poi_id"]), (&json!(3), &json!("60003")));
    assert_eq!(code(&world.ask(&format!("{shops}&page=1&size=51")).await), 2_100_005);
    let match_path = "/goodlife/v1/poi/match/";
    let datas = json!({"datas": [{"ext_id": "gate-2", "poi_name": "Gate 2"}, {"ext_id": "x", "poi_name": "Nowhere"}]});
    let task = world.openapi(&format!("{match_path}task/submit/"), &datas).await["data"]["task_id"].clone();
    let done = world.ask(&format!("{match_path}task/query/?task_id={task}")).await;
    assert_eq!(done["data"]["results"][1]["match_status"], 3);
    let relations = world.ask(&format!("{match_path}relation/query/?ext_ids=gate-2,x")).await;
    let relation = &relations["data"]["relations"][0];
    assert_eq!((&relation["match_poi_id"], &relation["match_relation_status"]), (&json!("60002"), &json!(2)));
}

//! What can be asked about orders, vouchers and redemptions, and the general redemption call.

use crate::stub::{World, code};
use douyin_simulator::{OrderState, Purchase, RefundNotice, UnitState};
use serde_json::{Value, json};

const VERIFY: &str = "/goodlife/v1/fulfilment/certificate/verify/";

fn orders(query: &str) -> String {
    format!("/goodlife/v1/trade/order/query/?account_id=70001&{query}")
}

fn ids(answer: &Value) -> Vec<String> {
    let orders = answer["data"]["orders"].as_array().expect("orders");
    orders.iter().map(|order| order["order_id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn orders_are_found_by_id_status_user_and_window() {
    let world = World::new().await;
    let first = world.bought(&Purchase::sample()).await.order_id;
    world.forward(60_000);
    let guest = Purchase { open_id: "open-2".into(), ..Purchase::sample() };
    let second = world.bought(&guest).await.order_id;
    let begin = 1_790_000_000;
    let page = "page_num=1&page_size=20";
    let cases = [
        (format!("order_id={first}"), vec![&first]),
        (format!("ext_order_id=T{second}"), vec![&second]),
        ("open_id=open-2".to_owned(), vec![&second]),
        (format!("order_status=5&create_order_start_time={begin}&create_order_end_time={begin}"), vec![&first]),
        (format!("order_status=8&create_order_start_time={begin}"), vec![]),
        (format!("update_order_start_time={}", begin + 1), vec![&second]),
    ];
    for (query, expected) in cases {
        let answer = world.ask(&orders(&format!("{page}&{query}"))).await;
        assert_eq!(ids(&answer).iter().collect::<Vec<_>>(), expected, "{query}");
    }
    // A refund changes the update time, whatever state the order keeps.
    world.forward(60_000);
    let part = RefundNotice { units: Some(vec![0]), ..RefundNotice::unasked(50) };
    world.platform.notify_refund(&first, part).await.expect("a notice");
    let answer = world.ask(&orders(&format!("{page}&update_order_start_time={}", begin + 100))).await;
    assert_eq!(ids(&answer), [first]);
    assert_eq!(world.platform.violations(), []);
    for wrong in
        ["page_num=0&page_size=20", "page_num=1&page_size=101", "page_num=1", &format!("{page}&order_status=x")]
    {
        assert_eq!(code(&world.ask(&orders(wrong)).await), 2_100_005, "{wrong}");
    }
    world.ask(&orders(&format!("{page}&orderid=1"))).await;
    assert!(world.broken()[0].contains("no parameter orderid"));
}

#[tokio::test]
async fn a_strict_platform_wants_one_of_the_three_uses() {
    let world = World::with(|options| options.order_query_strict = true).await;
    let page = "page_num=1&page_size=20";
    assert_eq!(code(&world.ask(&orders(page)).await), 2_100_005);
    assert_eq!(code(&world.ask(&orders(&format!("{page}&update_order_start_time=1"))).await), 2_100_005);
    assert_eq!(code(&world.ask(&orders(&format!("{page}&order_status=5&update_order_start_time=1"))).await), 0);
}

#[tokio::test]
async fn the_cursor_goes_deeper_than_page_numbers() {
    let world = World::with(|options| options.order_paging_max = 4).await;
    for _ in 0..5 {
        world.bought(&Purchase::sample()).await;
    }
    assert_eq!(code(&world.ask(&orders("page_num=3&page_size=2")).await), 4_000_002);
    let mut query = "page_num=1&page_size=2".to_owned();
    let mut seen = Vec::new();
    for length in [2, 2, 1, 0] {
        let answer = world.ask(&orders(&query)).await;
        assert_eq!((ids(&answer).len(), &answer["data"]["page"]["total"]), (length, &json!(5)));
        seen.extend(ids(&answer));
        let cursor = answer["data"]["search_after"]["CursorValue"].as_array().expect("a cursor").clone();
        let cursor: Vec<&str> = cursor.iter().filter_map(Value::as_str).collect();
        query = format!("page_num=3&page_size=2&cursor={}", cursor.join(","));
    }
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn twenty_order_queries_a_second() {
    let world = World::new().await;
    let query = orders("page_num=1&page_size=1");
    for _ in 0..20 {
        assert_eq!(code(&world.ask(&query).await), 0);
    }
    assert_eq!(code(&world.ask(&query).await), 2_119_003);
    world.forward(1_000);
    assert_eq!(code(&world.ask(&query).await), 0);
}

#[tokio::test]
async fn an_order_shows_its_certificates_with_the_numbers_of_the_options() {
    let world = World::with(|options| {
        options.longs_as_text = true;
        options.order_status.insert(OrderState::Issued, 201);
        options.item_status.insert(UnitState::Refunded, 77);
    })
    .await;
    let purchase = Purchase { merchant_discount_fen: 99, ..Purchase::sample() };
    let order = world.bought(&purchase).await;
    world.forward(5_000);
    let part = RefundNotice { units: Some(vec![1]), amount_fen: Some(9_000), ..RefundNotice::unasked(50) };
    world.platform.notify_refund(&order.order_id, part).await.expect("a notice");
    let answer = world.ask(&orders(&format!("page_num=1&page_size=1&order_id={}", order.order_id))).await;
    let shown = &answer["data"]["orders"][0];
    assert_eq!((&shown["order_status"], &shown["pay_amount"]), (&json!(201), &json!(19_901)));
    assert_eq!(
        (&shown["create_order_time"], &shown["update_order_time"]),
        (&json!("1790000000"), &json!("1790000005"))
    );
    let refunded = &shown["certificate"][1];
    assert_eq!(refunded["certificate_id"], order.units[1].certificate_id.as_str());
    let facts = ["item_status", "refund_amount", "refund_time"].map(|name| refunded[name].clone());
    assert_eq!(facts, [json!(77), json!(9_000), json!("1790000005")]);
    assert_eq!(shown["certificate"][0]["refund_amount"], 0);
    let parts = [0, 1].map(|place: usize| shown["sub_order_amount_infos"][place]["pay_amount"].clone());
    assert_eq!(parts, [json!("9950"), json!("9951")]);
    assert_eq!(shown["contacts"][0]["phone"], "138***8000");
}

#[tokio::test]
async fn codes_are_redeemed_once() {
    let world = World::new().await;
    let order = world.bought(&Purchase::sample()).await;
    let body = |token: &str, codes: &[&str]| json!({"verify_token": token, "poi_id": "60001", "order_id": order.order_id, "codes": codes});
    let first = world.openapi(VERIFY, &body("v-1", &["QR-1"])).await;
    let result = &first["data"]["verify_results"][0];
    assert_eq!((&result["result"], &result["origin_code"]), (&json!(0), &json!("QR-1")));
    assert_eq!(world.openapi(VERIFY, &body("v-1", &["QR-1"])).await["data"], first["data"]);
    let again = world.openapi(VERIFY, &body("v-2", &["QR-1", "QR-2", "QR-9"])).await;
    let results = [0, 1, 2].map(|n: usize| again["data"]["verify_results"][n]["result"].clone());
    assert_eq!(results, [json!(1208), json!(0), json!(1212)]);
    assert_eq!(world.platform.order(&order.order_id).map(|order| order.state), Some(OrderState::Used));
    for missing in ["order_id", "poi_id", "verify_token", "codes"] {
        let mut wrong = body("v-3", &["QR-1"]);
        wrong[missing] = Value::Null;
        assert_eq!(code(&world.openapi(VERIFY, &wrong).await), 2_100_005, "{missing}");
    }
    let cancel = VERIFY.replace("verify", "cancel");
    assert_eq!(code(&world.openapi(&cancel, &json!({"verify_id": "1", "certificate_id": "1"})).await), 2_119_010);
    assert_eq!(code(&world.ask(&VERIFY.replace("verify", "prepare")).await), 2_119_010);
}

#[tokio::test]
async fn vouchers_are_shown_by_order_or_by_encrypted_code() {
    let world = World::new().await;
    let order = world.bought(&Purchase::sample()).await;
    world.platform.redeem_in_laike(&order.order_id, &[0]).expect("a redemption");
    let path = "/goodlife/v1/fulfilment/certificate/";
    let all = world.ask(&format!("{path}query/?order_id={}", order.order_id)).await;
    let first = &all["data"]["certificates"][0];
    assert_eq!((&first["status"], &first["code"]), (&json!(4), &json!("QR-1")));
    assert_eq!(first["verify"]["verify_id"], first["verify_records"][0]["verify_id"]);
    assert_eq!(all["data"]["certificates"].as_array().map(Vec::len), Some(2));
    let sealed = first["encrypted_code"].as_str().expect("a code");
    assert_eq!(world.ask(&format!("{path}query/?encrypted_code={sealed}")).await["data"]["certificates"][0], *first);
    assert_eq!(world.ask(&format!("{path}get/?encrypted_code={sealed}")).await["data"]["certificate"], *first);
    assert_eq!(code(&world.ask(&format!("{path}query/")).await), 4_000_001);
    assert_eq!(code(&world.ask(&format!("{path}get/?encrypted_code=x")).await), 3_000_001);
}

#[tokio::test]
async fn the_history_is_read_by_cursor() {
    let world = World::new().await;
    for _ in 0..2 {
        let order = world.bought(&Purchase::sample()).await;
        world.platform.redeem_in_laike(&order.order_id, &[0, 1]).expect("a redemption");
    }
    let path = "/goodlife/v1/fulfilment/certificate/verify_record/query/?account_id=70001";
    let mut cursor = "0".to_owned();
    let mut seen = Vec::new();
    for length in [3, 1, 0] {
        let answer = world.ask(&format!("{path}&size=3&cursor={cursor}")).await;
        let records = answer["data"]["records"].as_array().expect("records").clone();
        assert_eq!((records.len(), &answer["data"]["total"]), (length, &json!(4)));
        cursor = records.last().map_or(cursor, |last| last["cursor"].as_str().expect("a cursor").to_owned());
        seen.extend(records.into_iter().map(|one| one["verify_id"].to_string()));
    }
    seen.dedup();
    assert_eq!(seen.len(), 4);
    assert_eq!(code(&world.ask(&format!("{path}&size=21&cursor=0")).await), 2_100_005);
    // Without a start only the records of today count; the local midnight has passed.
    world.forward(6_400_000);
    assert_eq!(world.ask(&format!("{path}&size=3&cursor=0")).await["data"]["total"], 0);
}

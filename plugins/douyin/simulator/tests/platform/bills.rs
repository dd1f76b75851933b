//! Bills, the settlement on the day after, and reserved codes.

use crate::stub::{World, code};
use douyin_simulator::{LedgerChange, OrderState, Purchase};
use serde_json::{Value, json};

const LEDGER: &str = "/goodlife/v1/settle/ledger/";

fn query(call: &str, rest: &str) -> String {
    format!("{LEDGER}{call}/?account_id=70001&bill_date=2026-09-21&{rest}")
}

async fn lines(world: &World) -> Vec<Value> {
    let answer = world.ask(&query("query", "cursor=0&size=50")).await;
    answer["data"]["ledger_records"].as_array().expect("lines").clone()
}

#[tokio::test]
async fn a_line_appears_an_hour_after_the_redemption() {
    let world = World::with(|options| options.take_rate = 250).await;
    let purchase = Purchase { merchant_discount_fen: 2_000, ..Purchase::sample() };
    let order = world.bought(&purchase).await;
    world.platform.redeem_in_laike(&order.order_id, &[0, 1]).expect("a redemption");
    world.forward(3_599_999);
    assert!(lines(&world).await.is_empty());
    world.forward(1);
    let answer = world.ask(&query("detailed_query", "cursor=0&size=1")).await;
    let line = &answer["data"]["ledger_records"][0];
    assert_eq!((&answer["data"]["has_more"], &answer["data"]["cursor"]), (&json!(true), &json!("1")));
    let amounts = ["original", "pay", "merchant_ticket", "total_merchant_platform_service", "goods"];
    assert_eq!(amounts.map(|name| line["amount"][name].as_i64().unwrap_or(-1)), [10_000, 9_000, 1_000, 225, 8_775]);
    let second = world.ask(&query("detailed_query", "cursor=1&size=1")).await;
    assert_eq!(second["data"]["has_more"], false);
    let certificate = order.units[1].certificate_id.as_str();
    assert_eq!(second["data"]["ledger_records"][0]["certificate"]["certificate_id"], certificate);
    let records = world.ask(&format!("{LEDGER}query_record_by_cert/?certificate_ids={certificate}")).await;
    assert_eq!(records["data"]["records"][0]["order_id"], order.order_id.as_str());
    for wrong in ["cursor=0&size=51", "size=1", "cursor=x&size=1"] {
        assert_eq!(code(&world.ask(&query("query", wrong)).await), 2_100_005, "{wrong}");
    }
    let compact = query("query", "cursor=0&size=1").replace("2026-09-21", "20260921");
    assert_eq!(code(&world.ask(&compact).await), 2_100_005);
}

#[tokio::test]
async fn a_day_is_settled_without_any_redemption() {
    let world = World::new().await;
    let order = world.bought(&Purchase::sample()).await;
    let refunded = world.bought(&Purchase::sample()).await;
    world.platform.refund_by_service(&refunded.order_id, None).await.expect("a refund");
    assert_eq!(world.platform.settle_day("2026-10-02"), Vec::<String>::new());
    assert_eq!(world.platform.settle_day("2026-10-01"), std::slice::from_ref(&order.order_id));
    assert_eq!(world.platform.order(&order.order_id).map(|order| order.state), Some(OrderState::Used));
    world.forward(3_600_000);
    assert_eq!(lines(&world).await.len(), 2);
}

#[tokio::test]
async fn differences_can_be_planted() {
    let world = World::new().await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        let order = world.bought(&Purchase::sample()).await;
        world.platform.redeem_in_laike(&order.order_id, &[0]).expect("a redemption");
        orders.push(order.order_id);
    }
    world.forward(3_600_000);
    let plant = |place: usize, change| world.platform.tamper_ledger(&orders[place], change).expect("a known order");
    plant(0, LedgerChange::Missing);
    plant(1, LedgerChange::Amount(-100));
    plant(2, LedgerChange::Stranger);
    let lines = lines(&world).await;
    let pay = |order_id: &str| {
        let found = lines.iter().filter(|line| line["order_id"] == order_id);
        found.map(|line| line["amount"]["pay"].as_i64()).collect::<Vec<_>>()
    };
    assert_eq!((pay(&orders[0]), pay(&orders[1]), pay(&orders[2])), (vec![], vec![Some(9_900)], vec![Some(10_000)]));
    assert_eq!(lines.len(), 3);
    assert!(world.platform.tamper_ledger("7", LedgerChange::Missing).is_err());
}

#[tokio::test]
async fn one_code_twice_refuses_the_batch() {
    let world = World::new().await;
    let import = "/goodlife/v1/fulfilment/reserve_code/batch_import/";
    let batch = |codes: &[&str]| json!({"account_id": "70001", "third_sku_id": "P1-ADULT", "codes": codes});
    assert_eq!(code(&world.openapi(import, &batch(&["C1", "C2"])).await), 0);
    assert_eq!(code(&world.openapi(import, &batch(&["C3", "C2"])).await), 3_000_001);
    assert_eq!(code(&world.openapi(import, &batch(&["C4", "C4"])).await), 3_000_001);
    assert_eq!(code(&world.openapi(import, &batch(&vec!["C5"; 501])).await), 2_100_005);
    assert_eq!(world.platform.reserved_codes().len(), 2);
    let order = world.platform.create_order(&Purchase::sample()).await.order_id;
    let bound = "/goodlife/v1/fulfilment/reserve_code/bind_order_info/?account_id=70001&code=C2";
    assert!(world.ask(bound).await["data"].get("order").is_none());
    assert_eq!(world.platform.bind_reserved_codes(&order), Ok(vec!["C1".to_owned(), "C2".to_owned()]));
    let answer = world.ask(bound).await;
    assert_eq!(
        (&answer["data"]["order"]["order_id"], &answer["data"]["order"]["codes"]),
        (&json!(order), &json!(["C1", "C2"]))
    );
    assert!(world.platform.bind_reserved_codes(&order).is_err(), "the pool is empty");
}

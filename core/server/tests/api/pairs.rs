//! Vouchers with what is reserved with them: a listing of such a pair is refused with what is wrong in both languages, and
//! the walk through a connection says the same.

use serde_json::{Value, json};

use crate::beside::{lines, with_market};
use crate::house::House;

/// A voucher `trip` and the ticket `entry` that is reserved with it.
fn furniture(change: impl FnOnce(&mut Value)) -> Value {
    let mut entries = json!({ "entries": [
        { "product": { "id": "trips", "kind": "flash_sale_voucher", "name": "Trip", "on_sale": true,
            "validity": { "on": "window", "from": "2020-01-01", "to": "2100-12-31" },
            "guests": { "collect": "buyer", "phone": true }, "reservation": {} } },
        { "product": { "id": "entries", "kind": "ticket", "name": "Entry", "on_sale": true,
            "guests": { "collect": "every_guest", "name": true, "phone": true, "documents": ["identity_card"] } } },
        { "sku": { "id": "trip", "product": "trips", "name": "Trip", "fulfilment": { "by": "own_number" } } },
        { "sku": { "id": "entry", "product": "entries", "name": "Entry", "fulfilment": { "by": "own_number" } } },
    ] });
    change(&mut entries);
    entries
}

fn listing(text: &str) -> Value {
    json!({ "connection": "lakeside-market", "sells": { "pair": { "voucher": "trip", "reservation": "entry" } },
        "names": { "sku_out": text } })
}

const PAIR: &str = "/merchants/lakeside/listings/pair";

/// The problem of a listing that is put.
async fn refused(house: &House, listing: Value) -> (String, String) {
    let problem = house.put(PAIR, listing).await.problem(422, "malformed");
    let said = |name: &str| problem[name].as_str().unwrap().to_owned();
    (said("detail"), said("detail_zh"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_is_one_text_with_one_bar() {
    with_market(json!({}), async |house, _| {
        house.post("/merchants/lakeside/catalogue", furniture(|_| {})).await.ok();
        let cases = [
            ("tripentry", "no separator", "缺少分隔符"),
            ("trip｜entry", "full-width", "全角"),
            ("trip| entry", "spaces", "空格"),
            ("trip|entry|entry", "several separators", "只能绑定一个预约产品"),
            ("|entry", "before its separator", "缺少抢购产品编码"),
            ("trip|", "after its separator", "缺少预约产品编码"),
            ("trip|unknown", "unknown in the pair's text is no SKU", "不是任何规格"),
            ("entry|trip", "wrong way round", "顺序颠倒"),
        ];
        for (text, en, zh) in cases {
            let (detail, chinese) = refused(house, listing(text)).await;
            assert!(detail.contains(en) && chinese.contains(zh), "{text}: {detail} {chinese}");
        }
        assert!(house.get(PAIR).await.status == 404, "nothing of it was written");
        house.put(PAIR, listing("trip|entry")).await.ok();
        // A channel that knows no pairs has no rules for them.
        let mut elsewhere = listing("whatever");
        elsewhere["connection"] = json!("lakeside-douyin");
        house.put("/merchants/lakeside/listings/elsewhere", elsewhere).await.ok();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_wrong_later_is_a_line_of_the_check_and_duties_are_never_done() {
    with_market(json!({}), async |house, _| {
        house.post("/merchants/lakeside/catalogue", furniture(|_| {})).await.ok();
        house.put(PAIR, listing("trip|entry")).await.ok();
        let report = house.get("/connections/lakeside-market/check").await.ok();
        assert!(lines(&report, "pairs").contains(&("ok", "pair")), "{report}");
        assert_eq!(lines(&report, "duties"), [("by_hand", "trial")]);
        let stay = furniture(|entries| entries["entries"][1]["product"]["kind"] = json!("room_stay"));
        house.post("/merchants/lakeside/catalogue", stay).await.ok();
        let report = house.get("/connections/lakeside-market/check").await.ok();
        assert!(lines(&report, "pairs").contains(&("wrong", "pair")), "{report}");
        let (_, chinese) = refused(house, listing("trip|entry")).await;
        assert!(chinese.contains("住宿不能作为预约产品"), "{chinese}");
        // In a bulk request it is refused alike, with all that was to be written beside it.
        let mut both = furniture(|entries| entries["entries"][1]["product"]["kind"] = json!("room_stay"));
        let mut pair = listing("trip|entry");
        pair["id"] = json!("second");
        both["entries"].as_array_mut().unwrap().push(json!({ "listing": pair }));
        house.post("/merchants/lakeside/catalogue", both).await.problem(422, "malformed");
    })
    .await;
}

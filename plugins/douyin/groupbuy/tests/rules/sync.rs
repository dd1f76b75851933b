//! What Douyin decided by itself (B11b, B16.5): read letter by letter as its page writes it, with all fields of a card of several
//! uses (B19), its arithmetic checked, kept and shown; for an order that is not here, kept until it comes.

use serde_json::{Value, json};

use crate::joint::{ASKED, both, reserved_pair, stand};
use crate::play::{DAY, apply, reservation, sync};
use crate::world::World;

/// The page's example (B11b).
const PAGE: &str = r#"{"order_id":"9001","after_sale_id":"as1","after_sale_type":2,"notice_list":[{"certificate_id":"c1","code":"A1","apply_time":1777700000000,"audit_time":1777700600000,"audit_result":1,"voucher":""}]}"#;

fn fen(amount: i64) -> Value {
    json!({ "amount_minor": amount, "currency": "CNY" })
}

/// One certificate of a card of ten uses: two are used, three go back, each of 900 fen with 100 kept.
fn card(certificate: &str) -> Value {
    let one = |at: i64| {
        json!({ "sub_item_id": format!("{certificate}-t{at}"), "origin_amount": 1_000, "deduct_fee_amount": 100,
            "refund_amount": 900, "marketing_amount": 200, "user_amount": 700 })
    };
    json!({ "certificate_id": certificate, "code": "HIDDEN-CODE", "total_count": 10, "verify_count": 2,
        "refund_count": 3, "origin_amount": 3_000, "refund_amount": 2_700, "deduct_fee_amount": 300,
        "sub_item_list": [one(1), one(2), one(3)], "apply_time": 1_777_700_000_000_i64,
        "audit_time": 1_777_700_600_000_i64, "audit_result": 1,
        "voucher": "{\"entrance\":{\"project_id\":\"u1\",\"qrcodes\":[\"HIDDEN-QR\"]}}" })
}

fn told(order: &str, rows: &[Value]) -> Value {
    json!({ "order_id": order, "after_sale_id": "as1", "after_sale_type": 1, "notice_list": rows })
}

/// The lines of an order as the API shows them.
async fn lines(world: &World, order: &str) -> Vec<Value> {
    world.order(order).await["refund_lines"].as_array().unwrap().clone()
}

pub async fn sync_the_page_letter_by_letter() {
    let world = World::new().await;
    let (bought, ticket) = world.issued_pair("8001", "9001", 1).await;
    let got = world.spi_bytes("sync-refund", PAGE.to_owned()).await.ok();
    assert_eq!(got["data"], json!({ "error_code": 0, "description": "" }));
    assert_eq!(stand(&world, &bought, &ticket).await, both("ToReserve|Cancelled", 1, 1, 0));
    let line = lines(&world, &ticket).await.remove(0);
    for (field, value) in [
        ("refund", json!("as1")),
        ("line", json!(1)),
        ("unit", json!(1)),
        ("gives_back", json!("reservation")),
        ("agreed", json!(true)),
        ("asked_at", json!("2026-05-02T05:33:20.000Z")),
        ("decided_at", json!("2026-05-02T05:43:20.000Z")),
        ("applied", json!(true)),
        ("faults", json!([])),
    ] {
        assert_eq!(line[field], value, "{field}: {line}");
    }
    assert_eq!(line["names"]["certificate"], "c1");
    assert!(line["times"].is_null(), "no card: {line}");
    // The same again, and in the form in which long numbers are texts.
    world.spi_bytes("sync-refund", PAGE.to_owned()).await.ok();
    let texts = PAGE.replace("1777700000000", "\"1777700000000\"").replace("1777700600000", "\"1777700600000\"");
    world.spi_bytes("sync-refund", texts).await.ok();
    assert_eq!(lines(&world, &ticket).await.len(), 1, "one fact");
    // What cannot be read comes again.
    for wrong in [PAGE.replace("1777700000000", "1777700000"), PAGE.replace("{\"certificate_id", "null,{\"x")] {
        let got = world.spi_bytes("sync-refund", wrong).await.ok();
        assert_eq!(got["data"]["error_code"], 100);
    }
    assert_eq!(world.spi("sync-refund", &told("9001", &[])).await["error_code"], 100, "no certificate");
    world.end().await;
}

/// Every figure of the card is kept and shown; what a guest shows is not.
pub async fn sync_all_fields_of_a_card() {
    let (world, bought, ticket) = reserved_pair(json!({})).await;
    let said = world.spi("sync-refund", &told("9001", &[card("c1"), card("c2")])).await;
    assert_eq!(said["error_code"], 0, "{said}");
    let shown = lines(&world, &ticket).await;
    assert_eq!(shown.len(), 2);
    let amounts = |due, back, kept| json!({ "due": fen(due), "back": fen(back), "kept": fen(kept) });
    for (at, line) in shown.iter().enumerate() {
        let name = format!("c{}", at + 1);
        let one = |time: i64| {
            json!({ "id": format!("{name}-t{time}"), "amounts": amounts(1_000, 900, 100), "subsidy": fen(200),
                "guest": fen(700) })
        };
        let times = json!({ "total": 10, "used": 2, "refunded": 3, "amounts": amounts(3_000, 2_700, 300),
            "each": [one(1), one(2), one(3)] });
        assert_eq!((&line["times"], &line["names"]["certificate"]), (&times, &json!(name)));
        assert_eq!(line["faults"], json!([]), "it adds up");
        // Uses remain on the card: no unit goes by that.
        assert_eq!(line["applied"], json!(false));
    }
    assert_eq!(stand(&world, &bought, &ticket).await, both("Reserved|Issued", 2, 2, 2));
    let log = world.get(&format!("/orders/{ticket}/interface-log")).await.ok();
    let alerts = world.get("/alerts").await.ok();
    for kept in [world.order(&ticket).await, log, alerts] {
        assert!(!kept.to_string().contains("HIDDEN"), "{kept}");
    }
    world.end().await;
}

/// Each sum that does not hold is named; the answer is 0 all the same, and nothing moves by it.
pub async fn sync_arithmetic_faults_are_kept_and_told() {
    let faults: [(&str, i64, &str); 6] = [
        ("/refund_amount", 2_701, "30.00 CNY due is not 27.01 CNY given back and 3.00 CNY kept"),
        ("/deduct_fee_amount", 299, "30.00 CNY due is not 27.00 CNY given back and 2.99 CNY kept"),
        ("/sub_item_list/1/origin_amount", 1_001, "use c1-t2: 10.01 CNY due is not"),
        (
            "/sub_item_list/0/user_amount",
            699,
            "use c1-t1: 9.00 CNY given back is not 2.00 CNY of a subsidy and 6.99 CNY",
        ),
        ("/sub_item_list/2/marketing_amount", 0, "use c1-t3: 9.00 CNY given back is not 0.00 CNY of a subsidy"),
        ("/verify_count", 8, "8 uses used and 3 given back are more than 10"),
    ];
    let world = World::new().await;
    let (bought, ticket) = world.issued_pair("8001", "9001", 1).await;
    for (at, (field, value, fault)) in faults.into_iter().enumerate() {
        let mut row = card("c1");
        *row.pointer_mut(field).unwrap() = json!(value);
        let said = world.spi("sync-refund", &told("9001", &[row])).await;
        assert_eq!(said["error_code"], 0, "{field}: {said}");
        let shown = lines(&world, &ticket).await;
        assert_eq!(shown.len(), at + 1, "{field}");
        let line = shown.iter().find(|line| line["faults"].to_string().contains(fault));
        let line = line.unwrap_or_else(|| panic!("{field}: {fault} is not in {shown:?}"));
        assert_eq!(line["applied"], json!(false), "{field}");
        let alert = world.alerts("contradiction").await;
        assert!(alert.len() == 1, "{field}: {alert:?}");
        assert!(at > 0 || alert[0].contains(fault), "{alert:?}");
        assert_eq!(stand(&world, &bought, &ticket).await, both("Reserved|Issued", 1, 1, 1), "{field}");
    }
    world.end().await;
}

/// A decision about an order that is not here ends it before it begins, or is kept beside it.
pub async fn sync_of_an_unknown_order_is_kept_until_it_comes() {
    let world = World::new().await;
    let bought = world.buy("8001", 2).await;
    for (order, result) in [("9001", 1), ("9002", 2)] {
        let said = world.spi("sync-refund", &sync(order, "as1", 2, result, 2)).await;
        assert_eq!(said["error_code"], 0, "{order}: {said}");
    }
    assert_eq!(world.alerts("unplaced").await.len(), 2);
    let said = world.spi("create-order", &reservation("9001", "8001", 2, DAY)).await;
    assert_eq!(said["error_code"], 999_999, "a yes ended it: {said}");
    assert_eq!(stand(&world, &bought, "").await, both("ToReserve|None", 2, 2, 0));
    let ticket = world.reserve("9002", "8001", 2, DAY).await;
    world.issued("9002", 2).await;
    assert_eq!(stand(&world, &bought, &ticket).await, both("Reserved|Issued", 2, 2, 2));
    let shown = lines(&world, &ticket).await;
    assert_eq!(shown.iter().map(|line| &line["agreed"]).collect::<Vec<_>>(), [&json!(false), &json!(false)]);
    assert_eq!(world.alerts("unplaced").await.len(), 1, "the second has come");
    world.end().await;
}

/// audit_result 2: the question is over, by whoever's key; a number that no page lists changes nothing and is somebody's.
pub async fn sync_a_no_closes_the_question() {
    let (world, bought, ticket) = reserved_pair(json!({ "audit": "person" })).await;
    world.spi("apply-refund", &apply("9001", "k1", 1, 101, ASKED)).await;
    let said = world.spi("sync-refund", &sync("9001", "k1", 1, 7, 2)).await;
    assert_eq!(said["error_code"], 0, "{said}");
    assert_eq!(stand(&world, &bought, &ticket).await, both("Reserved|RefundPending", 2, 2, 2));
    assert_eq!(world.alerts("contradiction").await.len(), 1);
    let asked = world.waiting(&ticket).await;
    world.spi("sync-refund", &sync("9001", "k1", 1, 2, 2)).await;
    let refund = world.refund(&ticket).await;
    assert_eq!((&refund["state"], &refund["decided_by"]), (&json!("refused"), &json!("channel")), "{refund}");
    assert_eq!(world.alerts("refund_waiting").await, Vec::<String>::new());
    world.decide(&asked, true).await.refused(409);
    world.tick().await;
    assert!(world.douyin.called("refund/audit").is_empty());
    assert_eq!(stand(&world, &bought, &ticket).await, both("Reserved|Issued", 2, 2, 2));
    world.end().await;
}

//! The joint states of a purchase and its reservation (C4), one test for each row up to the question of a refund (T1 to T13); the
//! rows of its end stand in `joint_ends`. Calls, API and clock go in; both orders, the date, the line and the answer come out.

use serde_json::{Value, json};

use crate::families::{MAY, account, issue_promise, of_family, promise};
use crate::play::{self, DAY, apply, guest, issue, purchase, reservation};
use crate::world::{PAIR, PRICE, SETTLED, TICKET, World};

/// Where both orders stand, in the words of C1 and C2, and how many vouchers the line paid, how many are sold, how many units of
/// the date are taken.
pub type Stand = (String, [i64; 3]);

/// What that is said to be.
pub fn both(states: &str, line: i64, vouchers: i64, dates: i64) -> Stand {
    (states.to_owned(), [line, vouchers, dates])
}

/// How it is, of our two numbers; no reservation has an empty one.
pub async fn stand(world: &World, bought: &str, reserved: &str) -> Stand {
    let (p, r) =
        (world.order(bought).await, if reserved.is_empty() { Value::Null } else { world.order(reserved).await });
    let states = format!("{}|{}", of_purchase(&p, &r), of_reservation(&r));
    let line = world.owed().await;
    assert_eq!(line % SETTLED, 0, "whole vouchers only");
    let (vouchers, dates) = (100 - world.left("QG100", None).await, 50 - world.left(TICKET, Some(DAY)).await);
    (states, [line / SETTLED, vouchers, dates])
}

fn of_purchase(p: &Value, r: &Value) -> &'static str {
    let reserved = p["order"]["units"].as_array().unwrap().iter().all(|unit| unit["state"] == "reserved");
    match p["order"]["state"].as_str().unwrap() {
        "created" => "AwaitPay",
        "cancelled" => "Closed",
        "refused" => "Refused",
        "refunded" => "Refunded",
        "completed" => "Completed",
        _ if reserved && r["order"]["state"] == "issued" => "Reserved",
        _ => "ToReserve",
    }
}

fn of_reservation(r: &Value) -> &'static str {
    if r.is_null() {
        return "None";
    }
    let live = |refund: &Value| refund["state"] == "waiting";
    let pending = r["refunds"].as_array().unwrap().iter().any(live);
    match (r["order"]["state"].as_str().unwrap(), pending) {
        ("created" | "paid", _) => "Booking",
        ("accepted" | "issuing", false) => "Issuing",
        ("accepted" | "issuing", true) => "RefundPendingUnissued",
        ("issued", false) => "Issued",
        ("issued", true) => "RefundPending",
        ("refunded" | "cancelled", _) => "Cancelled",
        ("completed", _) => "Redeemed",
        ("refused", _) => "Rejected",
        (other, _) => panic!("{other}"),
    }
}

/// When the guest of these tests asks, in seconds.
pub const ASKED: i64 = 1_776_650_500;

/// A world in which two units are bought, reserved and issued; our numbers.
pub async fn reserved_pair(channel: Value) -> (World, String, String) {
    let world = World::with(channel).await;
    let (bought, reserved) = world.issued_pair("8001", "9001", 2).await;
    assert_eq!(stand(&world, &bought, &reserved).await, both("Reserved|Issued", 2, 2, 2));
    (world, bought, reserved)
}

/// One in which the reservation waits for codes that nobody has.
async fn issuing() -> (World, String, String) {
    let world = World::new().await;
    world.void_codes().await;
    let bought = world.buy("8001", 2).await;
    let reserved = world.reserve("9001", "8001", 2, DAY).await;
    let said = world.spi("issue-certificate", &issue("9001", 2)).await;
    assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(0)), "{said}");
    assert_eq!(stand(&world, &bought, &reserved).await, both("ToReserve|Issuing", 2, 2, 2));
    (world, bought, reserved)
}

/// Codes come, and everybody who waits for them is told.
async fn codes_come(world: &World) {
    world.codes("late", 5).await;
    world.tick().await;
    world.retry_jobs().await;
    world.tick().await;
}

/// A reservation order is refused so, with its reason, and leaves nothing behind.
async fn rejected(world: &World, body: &Value) {
    let said = world.spi("create-order", body).await;
    assert_eq!(said["error_code"], 999_999, "{said}");
    assert!(said["description"].as_str().unwrap().chars().count() > 6, "it says why: {said}");
    let order = body["order_id"].as_str().unwrap();
    assert_eq!(world.get(&format!("/orders?channel_order={order}")).await.ok()["orders"], json!([]));
}

pub async fn t01_create_p() {
    let world = World::new().await;
    let said = world.spi("create-order", &purchase("8001", 2)).await;
    assert_eq!(
        (&said["error_code"], &said["confirm_info"]),
        (&json!(0), &json!({ "confirm_mode": 1, "confirm_result": 1 }))
    );
    let bought = said["order_out_id"].as_str().unwrap();
    assert_eq!(stand(&world, bought, "").await, both("ToReserve|None", 2, 2, 0));
    assert_eq!(account(&world).await, (-2 * SETTLED, 0, vec!["sale".to_owned()]));
    let guests = world.get(&format!("/orders/{bought}/guests")).await.ok();
    assert_eq!(guests["guests"]["buyer"]["phone"]["plain"], play::PHONE);
    assert!(
        guests["guests"]["buyer"]["name"].is_null()
            && guests["guests"]["tourists"].as_array().is_none_or(Vec::is_empty)
    );
    // Each of price, stock and credit refuses with its own code, and nothing stays.
    let mut dearer = purchase("8002", 1);
    dearer["amount"]["origin_amount"] = json!(PRICE + 1);
    assert_eq!(world.spi("create-order", &dearer).await["error_code"], 23);
    world.post("/calendar", json!({ "rows": [{ "sku": "QG100", "stock": { "limited": 2 } }] })).await.ok();
    assert_eq!(world.spi("create-order", &purchase("8003", 1)).await["error_code"], 1);
    world.post("/calendar", json!({ "rows": [{ "sku": "QG100", "stock": { "limited": 100 } }] })).await.ok();
    world.put("/distributors/bluebird/limit", json!({ "limit_minor": 3 * SETTLED - 1 })).await.ok();
    assert_eq!(world.spi("create-order", &purchase("8004", 1)).await["error_code"], 22);
    assert_eq!(stand(&world, bought, "").await, both("ToReserve|None", 2, 2, 0));
    world.end().await;

    // Before payment it waits, and the notice pays.
    let world = World::with(json!({ "settings": { "order_mode": "before_payment" } })).await;
    let bought = world.buy("8001", 2).await;
    assert_eq!(stand(&world, &bought, "").await, both("AwaitPay|None", 2, 2, 0));
    assert_eq!(account(&world).await.1, 2 * SETTLED, "held, not earned");
    let paid = json!({ "order_id": "8001", "order_out_id": bought, "pay_time_unix": 1_776_650_460 });
    assert_eq!(world.spi("pay-order", &paid).await["error_code"], 0);
    assert_eq!(stand(&world, &bought, "").await, both("ToReserve|None", 2, 2, 0));
    assert_eq!(account(&world).await, (-2 * SETTLED, 0, ["hold", "capture"].map(str::to_owned).to_vec()));
    // Another one is closed instead.
    let closed = world.buy("8002", 1).await;
    let told = json!({ "order_id": "8002", "cancel_type": 1, "cancel_order_time_unix": 1_776_650_470 });
    assert_eq!(world.spi("cancel-order", &told).await["error_code"], 0);
    assert_eq!(stand(&world, &closed, "").await, both("Closed|None", 2, 2, 0));
    world.end().await;
}

pub async fn t02_create_p_again() {
    let world = World::new().await;
    let said = world.spi("create-order", &purchase("8001", 2)).await;
    let bought = said["order_out_id"].as_str().unwrap();
    assert_eq!(world.spi("create-order", &purchase("8001", 2)).await, said);
    assert_eq!(stand(&world, bought, "").await, both("ToReserve|None", 2, 2, 0));
    let reserved = world.reserve("9001", "8001", 2, DAY).await;
    world.issued("9001", 2).await;
    assert_eq!(world.spi("create-order", &purchase("8001", 2)).await, said, "late repeats, too");
    assert_eq!(stand(&world, bought, &reserved).await, both("Reserved|Issued", 2, 2, 2));
    assert_eq!(account(&world).await.2, ["sale"], "deducted once");
    world.end().await;
}

pub async fn t03_issue_p_before_create_p() {
    let world = World::with(of_family("promise")).await;
    for _ in 0..2 {
        let said = world.spi("issue-promise", &issue_promise("8001", &["11", "12"], MAY)).await;
        assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(0)), "{said}");
    }
    assert_eq!(world.get("/orders").await.ok()["orders"], json!([]), "no order is invented");
    assert_eq!((account(&world).await.2.len(), world.alerts("unplaced").await.len()), (0, 1));
    let said = world.spi("create-promise", &promise("8001", 2)).await;
    world.tick().await;
    let bought = said["ext_order_id"].as_str().unwrap();
    assert_eq!(stand(&world, bought, "").await, both("ToReserve|None", 2, 2, 0));
    assert_eq!(world.douyin.called("groupon/certificate/callback").len(), 1);
    assert_eq!(world.alerts("unplaced").await, Vec::<String>::new());
    world.end().await;
}

pub async fn t04_can_buy_for_r() {
    let world = World::new().await;
    world.dates(&["2026-07-18", "2026-07-19"]).await;
    let bought = world.buy("8001", 2).await;
    let before = stand(&world, &bought, "").await;
    assert_eq!(world.can_reserve(DAY, 2).await, 0);
    assert_eq!(world.can_reserve("2026-05-09", 2).await, 4, "closed");
    assert_eq!(world.can_reserve("2026-07-18", 2).await, 0, "the ninetieth day, today counted");
    assert_eq!(world.can_reserve("2026-07-19", 2).await, 4, "a day later");
    let row = json!({ "sku": TICKET, "dates": ["2026-05-02"], "stock": { "limited": 1 } });
    world.post("/calendar", json!({ "rows": [row] })).await.ok();
    assert_eq!(world.can_reserve("2026-05-02", 2).await, 1, "sold out");
    let with = async |change: &dyn Fn(&mut Value)| {
        let mut check = json!({ "sku_id": "17", "sku_out_id": PAIR, "biz_type": 3, "count": 2, "book_start_day": DAY,
            "book_end_day": DAY, "amount": { "origin_amount": 2 * PRICE, "pay_amount": 0 }, "buyer": guest(),
            "tourists": [guest()], "traveler_info": { "total_num": 2, "diff_target_crowd": false } });
        change(&mut check);
        world.spi("check-booking", &check).await["error_code"].clone()
    };
    assert_eq!(with(&|_| {}).await, 0);
    assert_eq!(with(&|check| check["tourists"][0]["license_id"] = json!("")).await, 13, "no document");
    assert_eq!(with(&|check| check["tourists"][0]["name"] = json!("")).await, 14, "no name");
    assert_eq!(with(&|check| check["traveler_info"]["total_num"] = json!(3)).await, 15, "three guests, two units");
    assert_eq!(stand(&world, &bought, "").await, before, "asking takes nothing");
    world.end().await;
}

pub async fn t05_create_r() {
    let world = World::new().await;
    let bought = world.buy("8001", 2).await;
    let said = world.spi("create-order", &reservation("9001", "8001", 2, DAY)).await;
    assert_eq!(
        (&said["error_code"], &said["confirm_info"]),
        (&json!(0), &json!({ "confirm_mode": 1, "confirm_result": 1 }))
    );
    let reserved = said["order_out_id"].as_str().unwrap();
    assert_eq!(stand(&world, &bought, reserved).await, both("ToReserve|Issuing", 2, 2, 2));
    assert_eq!(world.spi("create-order", &reservation("9001", "8001", 2, DAY)).await, said, "its repeat is the same");
    assert_eq!(stand(&world, &bought, reserved).await, both("ToReserve|Issuing", 2, 2, 2));
    let guests = world.get(&format!("/orders/{reserved}/guests")).await.ok().to_string();
    assert!(guests.contains("林小满") && guests.contains(play::CARD), "{guests}");
    let shown = world.order(reserved).await;
    let clock = shown["order"]["deadlines"].as_array().unwrap().iter().find(|one| one["kind"]["of"] == "issue");
    assert_eq!(clock.unwrap()["due"], "2026-04-20T02:10:00.000Z", "ten minutes from acceptance: {shown}");
    assert_eq!(account(&world).await.2, ["sale"]);
    world.end().await;
}

pub async fn t06_create_r_too_often_or_of_other_units() {
    let world = World::new().await;
    let bought = world.buy("8001", 3).await;
    for count in [2, 4] {
        rejected(&world, &reservation("9001", "8001", count, DAY)).await;
    }
    assert_eq!(stand(&world, &bought, "").await, both("ToReserve|None", 3, 3, 0));
    let reserved = world.reserve("9002", "8001", 3, DAY).await;
    rejected(&world, &reservation("9003", "8001", 3, DAY)).await;
    world.issued("9002", 3).await;
    rejected(&world, &reservation("9004", "8001", 3, DAY)).await;
    assert_eq!(stand(&world, &bought, &reserved).await, both("Reserved|Issued", 3, 3, 3));
    world.spi("notify-refund", &play::notify("9002", "k1", 3 * PRICE, 1, 3)).await;
    assert_eq!(stand(&world, &bought, &reserved).await, both("Refunded|Cancelled", 0, 0, 0));
    rejected(&world, &reservation("9005", "8001", 3, DAY)).await;
    assert_eq!(stand(&world, &bought, &reserved).await, both("Refunded|Cancelled", 0, 0, 0));
    world.end().await;
}

pub async fn t07_issue_r() {
    let world = World::new().await;
    let bought = world.buy("8001", 2).await;
    let reserved = world.reserve("9001", "8001", 2, DAY).await;
    let said = world.issued("9001", 2).await;
    assert_eq!(said["vouchers"].as_array().unwrap().len(), 2, "one for each unit");
    assert_eq!(stand(&world, &bought, &reserved).await, both("Reserved|Issued", 2, 2, 2));
    assert_eq!(world.issued("9001", 2).await, said, "asked again, the same codes");
    world.end().await;
    // The pool is empty: promised.
    let (world, ..) = issuing().await;
    world.end().await;
}

/// Told until Douyin took them.
pub async fn t08_codes_inside_ten_minutes() {
    let (world, bought, reserved) = issuing().await;
    world.pass(300_000).await;
    world.douyin.fail("fulfilment/create/callback", 2_100_004);
    codes_come(&world).await;
    world.retry_jobs().await;
    world.tick().await;
    let calls = world.douyin.called("/goodlife/v1/fulfilment/create/callback");
    assert_eq!(calls.len(), 2, "once more after the fault");
    assert_eq!((&calls[0].body, &calls[1].body["result"]), (&calls[1].body, &json!(1)));
    assert_eq!(calls[1].body["vouchers"].as_array().unwrap().len(), 2);
    assert_eq!(stand(&world, &bought, &reserved).await, both("Reserved|Issued", 2, 2, 2));
    assert_eq!(world.alerts("issue_due").await, Vec::<String>::new());
    world.end().await;
}

/// Issue, then refuse with the codes; the callback would come too late.
pub async fn t09_codes_after_ten_minutes() {
    let (world, bought, reserved) = issuing().await;
    world.pass(601_000).await;
    let said = world.spi("apply-refund", &apply("9001", "k1", 1, 301, ASKED + 600)).await;
    assert_eq!(said["audit_refund_result"], 3, "{said}");
    assert_eq!(stand(&world, &bought, &reserved).await, both("ToReserve|RefundPendingUnissued", 2, 2, 2));
    codes_come(&world).await;
    let calls = world.douyin.called("/goodlife/v1/trip/refund/audit");
    assert_eq!(calls.len(), 1, "{:?}", world.douyin.paths());
    assert_eq!((&calls[0].body["audit_result"], &calls[0].body["biz_uniq_key"]), (&json!(2), &json!("k1")));
    assert_eq!(calls[0].body["vouchers"].as_array().unwrap().len(), 2);
    assert!(world.douyin.called("create/callback").is_empty());
    assert_eq!(stand(&world, &bought, &reserved).await, both("Reserved|Issued", 2, 2, 2));
    world.end().await;
}

/// The rule is free, and a person decides all the same.
pub async fn t10_refund_inside_ten_minutes() {
    for agree in [true, false] {
        let (world, bought, reserved) = issuing().await;
        world.pass(120_000).await;
        let said = world.spi("apply-refund", &apply("9001", "k1", 1, 101, ASKED)).await;
        assert_eq!((&said["error_code"], &said["audit_refund_result"]), (&json!(0), &json!(3)));
        assert_eq!(world.alerts("refund_waiting").await.len(), 1, "a person's");
        assert_eq!(stand(&world, &bought, &reserved).await, both("ToReserve|RefundPendingUnissued", 2, 2, 2));
        world.decide(&world.waiting(&reserved).await, agree).await.ok();
        world.tick().await;
        let calls = world.douyin.called("/goodlife/v1/trip/refund/audit");
        assert_eq!((calls.len(), &calls[0].body["audit_result"]), (1, &json!(if agree { 1 } else { 2 })));
        assert_eq!(world.alerts("refund_waiting").await, Vec::<String>::new());
        assert_eq!(stand(&world, &bought, &reserved).await.1, [2, 2, 2], "the money waits for its notice");
        if agree {
            world.spi("notify-refund", &play::notify("9001", "k1", 2 * PRICE, 1, 2)).await;
            assert_eq!(stand(&world, &bought, &reserved).await, both("Refunded|Cancelled", 0, 0, 0));
        }
        world.end().await;
    }
}

/// By the rule at once and free of charge: the date alone goes at once; the money waits for its notice (T14), and nobody can use
/// the reservation meanwhile.
pub async fn t11_refund_by_the_rule() {
    let (world, bought, reserved) = reserved_pair(json!({})).await;
    let said = world.spi("apply-refund", &apply("9001", "k1", 2, 101, ASKED)).await;
    assert_eq!((&said["audit_refund_result"], &said["refund_fee_amount"]), (&json!(1), &json!(0)), "{said}");
    assert_eq!(stand(&world, &bought, &reserved).await, both("ToReserve|Cancelled", 2, 2, 0));
    assert_eq!(world.spi("apply-refund", &apply("9001", "k1", 2, 101, ASKED)).await, said, "its repeat is the same");
    world.end().await;

    let (world, bought, reserved) = reserved_pair(json!({})).await;
    let said = world.spi("apply-refund", &apply("9001", "k1", 1, 101, ASKED)).await;
    assert_eq!((&said["audit_refund_result"], &said["refund_fee_amount"]), (&json!(1), &json!(0)), "{said}");
    let (states, [line, vouchers, _]) = stand(&world, &bought, &reserved).await;
    assert!(states.starts_with("Reserved|"), "unchanged until T14: {states}");
    assert_eq!((line, vouchers), (2, 2), "the credit returns only at T14");
    world.at(11, 36_000).await;
    world.redeem(&reserved).await.refused(409);
    world.spi("notify-refund", &play::notify("9001", "k1", 2 * PRICE, 1, 2)).await;
    assert_eq!(stand(&world, &bought, &reserved).await, both("Refunded|Cancelled", 0, 0, 0));
    world.end().await;
}

/// No rule, or not met: a person, against the audit's clock.
pub async fn t12_refund_by_a_person() {
    for rule in [
        json!({ "otherwise": "manual" }),
        json!({ "steps": [{ "hours_before_visit": 300, "fee": "free" }],
        "otherwise": "manual" }),
    ] {
        let world = World::new().await;
        let mut ticket = play::ticket();
        ticket["refund"] = rule;
        world.post("/catalogue", json!({ "entries": [{ "product": ticket }] })).await.ok();
        let (bought, reserved) = world.issued_pair("8001", "9001", 2).await;
        let said = world.spi("apply-refund", &apply("9001", "k1", 1, 101, ASKED)).await;
        assert_eq!((&said["error_code"], &said["audit_refund_result"]), (&json!(0), &json!(3)), "{said}");
        assert_eq!(stand(&world, &bought, &reserved).await, both("Reserved|RefundPending", 2, 2, 2));
        assert_eq!(world.alerts("refund_waiting").await.len(), 1);
        let asked = world.waiting(&reserved).await;
        world.pass(86_400_000 - 3_600_000).await;
        assert!(world.alerts("refund_due").await[0].contains("left"), "warned before the channel decides");
        world.pass(3_700_000).await;
        let (_, zh) = world.decide(&asked, true).await.refused(409);
        assert!(zh.contains("平台已自行处理"), "{zh}");
        world.end().await;
    }
}

pub async fn t13_no_use_while_a_refund_is_pending() {
    let (world, bought, reserved) = reserved_pair(json!({ "audit": "person" })).await;
    world.at(11, 36_000).await;
    world.spi("apply-refund", &apply("9001", "k1", 1, 101, 1_777_600_000)).await;
    let (_, zh) = world.redeem(&reserved).await.refused(409);
    assert_eq!(zh, "订单正在申请退改中，必须先拒绝退改申请，才能进行验证!");
    assert_eq!(stand(&world, &bought, &reserved).await, both("Reserved|RefundPending", 2, 2, 2));
    assert!(world.douyin.called("certificate/verify").is_empty());
    world.end().await;
}

//! Rules 20 to 33: orders, redemption, and what is decided by hand.

use serde_json::{Value, json};

use crate::play::{self, DAY, PHONE, apply, guest, issue, purchase, reservation};
use crate::world::{PAIR, PRICE, World};

/// Of whoever buys, the phone is kept, and of all else that a call may carry nothing is found anywhere.
pub async fn rule_20_the_purchase_keeps_only_a_phone() {
    let world = World::new().await;
    let mut scenic = purchase("8001", 1);
    scenic["buyer"] = guest();
    scenic["buyer"]["email"] = json!("lin@example.test");
    scenic["tourists"] = json!([guest()]);
    let promise = json!({ "order_id": "8002", "open_id": "openid-of-lin", "biz_type": 3, "create_order_time": 1_776_650_400,
        "currency_code": "CNY", "original_amount": PRICE, "order_item_list": [{ "order_item_id": "i1", "sku_id": "17" }],
        "sku_info_list": [{ "sku_id": "17", "sku_out_id": PAIR }],
        "contact_list": [{ "name": "林小满", "phone": PHONE, "email": "lin@example.test", "credential_no": play::CARD,
            "credential_type": 1 }] });
    let generic = json!({ "order_id": "8003", "sku_id": "17", "third_sku_id": PAIR, "count": 1, "order_type": 21,
        "original_amount": PRICE, "currency_code": "CNY", "create_order_time": 1_776_650_400,
        "tourists": [{ "name": "林小满", "phone": PHONE, "license_id": play::CARD }] });
    for (scene, body, own) in [
        ("create-order", scenic, "order_out_id"),
        ("create-promise", promise, "ext_order_id"),
        ("pre-create-order", generic, "ext_order_id"),
    ] {
        let said = world.spi(scene, &body).await;
        assert_eq!(said["error_code"], 0, "{scene}: {said}");
        let order = said[own].as_str().unwrap();
        let guests = world.get(&format!("/orders/{order}/guests")).await.ok();
        assert_eq!(guests["guests"]["buyer"]["phone"]["plain"], PHONE, "{scene}: {guests}");
        let log = world.get(&format!("/orders/{order}/interface-log")).await.ok().to_string();
        for kept in [guests.to_string(), log] {
            for secret in ["林小满", "lin@example.test", play::CARD, "openid-of-lin"] {
                assert!(!kept.contains(secret), "{scene}: {secret} in {kept}");
            }
        }
    }
    world.end().await;
}

/// One reservation for the whole order, one at a time, and a new one after a cancelled one.
pub async fn rule_21_all_units_together() {
    let world = World::new().await;
    let bought = world.buy("8001", 3).await;
    let part = world.spi("create-order", &reservation("9001", "8001", 2, DAY)).await;
    assert_eq!(part["error_code"], 999_999, "{part}");
    assert!(part["description"].as_str().unwrap().len() > 12, "it says why: {part}");
    let first = world.reserve("9002", "8001", 3, DAY).await;
    let second = world.spi("create-order", &reservation("9003", "8001", 3, DAY)).await;
    assert_eq!(second["error_code"], 999_999, "{second}");
    assert_eq!(world.units(&bought).await, [0, 3, 0, 0]);
    world.issued("9002", 3).await;
    let said = world.spi("apply-refund", &apply("9002", "k1", 2, 101, 1_776_650_500)).await;
    assert_eq!(said["audit_refund_result"], 1, "{said}");
    world.tick().await;
    assert_eq!(world.units(&bought).await, [3, 0, 0, 0]);
    world.reserve("9004", "8001", 3, "2026-05-02").await;
    assert_eq!(world.units(&first).await[3], 3);
    world.end().await;
}

/// The purchase holds and captures, the reservation nothing; two purchases at once on the last of a line are one.
pub async fn rule_22_the_line_pays_once() {
    let world = World::new().await;
    world.put("/distributors/bluebird/limit", json!({ "limit_minor": 15_999 })).await.ok();
    let said = world.spi("create-order", &purchase("8001", 2)).await;
    assert_eq!(said["error_code"], 22, "{said}");
    assert_eq!(world.get("/orders").await.ok()["orders"], json!([]));
    world.put("/distributors/bluebird/limit", json!({ "limit_minor": 16_000 })).await.ok();
    let (one, two) = (purchase("8002", 2), purchase("8003", 2));
    let (one, two) = tokio::join!(world.spi("create-order", &one), world.spi("create-order", &two));
    let mut codes = [one["error_code"].as_i64().unwrap(), two["error_code"].as_i64().unwrap()];
    codes.sort_unstable();
    assert_eq!(codes, [0, 22]);
    let sold = if one["error_code"] == 0 { "8002" } else { "8003" };
    assert_eq!(world.owed().await, 16_000);
    world.reserve("9001", sold, 2, DAY).await;
    world.issued("9001", 2).await;
    assert_eq!(world.owed().await, 16_000, "never twice");
    world.end().await;
}

/// Whether or not Douyin calls for vouchers, the ten minutes run from the reservation; somebody is warned before.
pub async fn rule_23_ten_minutes_from_acceptance() {
    let world = World::new().await;
    world.buy("8001", 1).await;
    world.reserve("9001", "8001", 1, DAY).await;
    world.pass(479_000).await;
    assert_eq!(world.alerts("issue_due").await, Vec::<String>::new());
    world.pass(1_000).await;
    let near = world.alerts("issue_due").await;
    assert!(near.len() == 1 && near[0].contains("120 s left"), "{near:?}");
    // A call for vouchers does not start it anew.
    world.spi("issue-certificate", &issue("9002", 1)).await;
    world.pass(120_000).await;
    let over = world.alerts("issue_due").await;
    assert!(over.len() == 1 && !over[0].contains("s left"), "{over:?}");
    world.issued("9001", 1).await;
    world.tick().await;
    assert_eq!(world.alerts("issue_due").await, Vec::<String>::new(), "issued: nobody is asked for any more");
    world.end().await;
}

pub async fn rule_24_display_states() {
    let world = World::new().await;
    let bought = world.buy("8001", 2).await;
    assert_eq!(world.standing(&bought).await, "待预约");
    let reserved = world.reserve("9001", "8001", 2, DAY).await;
    assert_eq!(world.standing(&bought).await, "待预约", "nothing is issued yet");
    world.issued("9001", 2).await;
    assert_eq!(world.standing(&bought).await, "已预约");
    let shown = world.order(&bought).await;
    assert_eq!(shown["linked_order"]["id"], json!(reserved));
    assert_eq!(world.order(&reserved).await["linked_order"]["id"], json!(bought));
    world.at(11, 36_000).await;
    world.redeem(&reserved).await.ok();
    assert_eq!(world.standing(&bought).await, "交易完成");
    world.end().await;

    let world = World::new().await;
    let (bought, _) = world.issued_pair("8001", "9001", 1).await;
    world.spi("apply-refund", &apply("9001", "k1", 2, 101, 1_776_650_500)).await;
    world.tick().await;
    assert_eq!(world.standing(&bought).await, "待预约", "the reservation was cancelled");
    world.end().await;
}

pub async fn rule_25_help_for_a_blocked_tester() {
    let world = World::new().await;
    let line = world.line("duties", "too_many").await;
    let (zh, en) = (line["text"]["zh"].as_str().unwrap(), line["text"]["en"].as_str().unwrap());
    assert!(zh.contains("当前下单人数过多，请稍后再试") && zh.contains("uid"), "{zh}");
    assert!(en.contains("当前下单人数过多，请稍后再试") && en.contains("uid"), "{en}");
    world.end().await;
}

/// The call of the reservation order, without vouchers, once, with the same token when it has to be repeated.
pub async fn rule_26_the_reservation_is_redeemed() {
    let world = World::new().await;
    let (bought, reserved) = world.issued_pair("8001", "9001", 2).await;
    world.at(11, 36_000).await;
    world.douyin.fail("certificate/verify", 2_100_004);
    world.redeem(&reserved).await.ok();
    world.tick().await;
    world.retry_jobs().await;
    world.tick().await;
    let calls = world.douyin.called("/goodlife/v1/trip/certificate/verify");
    assert_eq!(calls.len(), 2, "once more after the fault, and never again");
    assert_eq!(calls[0].body, calls[1].body);
    assert_eq!((&calls[0].body["order_id"], calls[0].body.get("vouchers")), (&json!("9001"), None));
    assert!(calls[0].body["verify_token"].is_string());
    assert_eq!((world.units(&bought).await[2], world.units(&reserved).await[2]), (2, 2));
    world.end().await;
}

/// One code of three at the desk: all are used, Douyin hears of it once, and says so when it asks.
pub async fn rule_27_one_unit_completes_all() {
    let world = World::new().await;
    let (_, reserved) = world.issued_pair("8001", "9001", 3).await;
    world.at(11, 36_000).await;
    world.post("/redemptions", json!({ "code": "gate-0001" })).await.ok();
    world.tick().await;
    assert_eq!(world.units(&reserved).await, [0, 0, 3, 0]);
    assert_eq!(world.douyin.called("certificate/verify").len(), 1);
    let said = world.spi("query-order", &json!({ "order_id": "9001" })).await;
    assert_eq!((&said["total_voucher_quantity"], &said["used_voucher_quantity"]), (&json!(3), &json!(3)));
    world.end().await;
}

pub async fn rule_28_not_before_the_first_day() {
    let world = World::new().await;
    let (_, reserved) = world.issued_pair("8001", "9001", 1).await;
    world.at(11, -1).await;
    world.redeem(&reserved).await.refused(409);
    assert_eq!(world.units(&reserved).await, [1, 0, 0, 0]);
    world.at(11, 0).await;
    world.redeem(&reserved).await.ok();
    world.tick().await;
    assert_eq!(world.douyin.called("certificate/verify").len(), 1);
    world.end().await;
}

/// Nothing takes a use back: not the desk's own call again, not a call that would undo it, and Douyin hears of one use.
pub async fn rule_29_no_undo() {
    let world = World::new().await;
    let (bought, reserved) = world.issued_pair("8001", "9001", 1).await;
    world.at(11, 36_000).await;
    world.redeem(&reserved).await.ok();
    world.tick().await;
    world.redeem(&reserved).await.refused(409);
    for path in ["/redemptions/undo", "/redemptions/cancel"] {
        let tried = world.post(path, json!({ "order": reserved })).await;
        assert!(matches!(tried.status, 404 | 405), "{path}: {tried:?}");
    }
    world.tick().await;
    assert_eq!((world.units(&reserved).await[2], world.units(&bought).await[2]), (1, 1));
    assert_eq!(world.douyin.called("certificate/verify").len(), 1);
    assert!(world.douyin.called("certificate/cancel").is_empty());
    assert_eq!(world.standing(&bought).await, "交易完成");
    world.end().await;
}

/// The sentence that desks know, on either order of the two; reject, then redeem.
pub async fn rule_30_reject_then_redeem() {
    const PENDING: &str = "订单正在申请退改中，必须先拒绝退改申请，才能进行验证!";
    let world = World::with(json!({ "audit": "person" })).await;
    let (_, reserved) = world.issued_pair("8001", "9001", 1).await;
    world.at(11, 36_000).await;
    let said = world.spi("apply-refund", &apply("9001", "k1", 1, 101, 1_777_600_000)).await;
    assert_eq!(said["audit_refund_result"], 3);
    let (en, zh) = world.redeem(&reserved).await.refused(409);
    assert_eq!(zh, PENDING);
    assert!(en.contains("refund"), "{en}");
    assert_eq!(world.units(&reserved).await, [1, 0, 0, 0], "nothing was written");
    let refund = world.refund(&reserved).await;
    world.decide(&refund, false).await.ok();
    world.tick().await;
    world.redeem(&reserved).await.ok();
    world.tick().await;
    let said: Vec<String> = world.douyin.paths().into_iter().filter(|path| path.contains("trip")).collect();
    let (audit, verify) = ("/goodlife/v1/trip/refund/audit", "/goodlife/v1/trip/certificate/verify");
    assert_eq!(said, [audit, verify], "the refusal goes before the use");
    world.end().await;
}

/// Rejecting what was never issued would leave the guest with nothing: codes first, then the refusal with them.
pub async fn rule_32_no_refusal_without_codes() {
    let world = World::new().await;
    let ours = unissued(&world).await;
    let said = world.spi("apply-refund", &apply("9001", "k1", 1, 301, 1_776_651_000)).await;
    assert_eq!(said["audit_refund_result"], 3, "{said}");
    let refund = world.refund(&ours).await;
    let (en, zh) = world.decide(&refund, false).await.refused(409);
    assert!(en.contains("issue the order first") && zh.contains("必须先出票"), "{en} {zh}");
    assert!(world.douyin.called("refund/audit").is_empty());
    let codes = json!({ "reason": "票务系统恢复", "codes": ["HAND-1"] });
    world.post(&format!("/orders/{ours}/issue"), codes).await.ok();
    world.tick().await;
    let calls = world.douyin.called("refund/audit");
    assert_eq!(calls.len(), 1, "{:?}", world.douyin.paths());
    assert_eq!(calls[0].body["audit_result"], 2);
    assert_eq!(calls[0].body["vouchers"][0]["entrance"]["certificate_nos"], json!(["HAND-1"]));
    assert!(world.douyin.called("create/callback").is_empty(), "the codes go with the refusal, not by the callback");
    world.end().await;
}

/// A reservation whose pool is empty and whose ten minutes are over; our number.
pub async fn unissued(world: &World) -> String {
    let codes = world.get("/pools/gate/codes?limit=50").await.ok();
    for code in codes["codes"].as_array().unwrap() {
        let id = code["id"].as_str().unwrap();
        world.post(&format!("/pools/gate/codes/{id}/void"), Value::Null).await.ok();
    }
    world.buy("8001", 1).await;
    let ours = world.reserve("9001", "8001", 1, DAY).await;
    let said = world.spi("issue-certificate", &issue("9001", 1)).await;
    assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(0)), "{said}");
    world.pass(601_000).await;
    ours
}

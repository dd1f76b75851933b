//! What is the generic third-party codes' own (F3, B16, B14): the numbers of its refusals, how codes stand in answers, refund
//! questions by certificate and their decisions, the query of several orders.

use douyin_simulator::{
    By, CancelRule, Event, Family, OrderState, PlatformOptions, Purchase, PurchaseState, RefundState,
};
use serde_json::{Value, json};

use crate::families::of_family;
use crate::matrix::{assert_books, offer, ours};
use crate::play::{self, DAY, PHONE, apply, issue, listing};
use crate::world::{PAIR, PRICE, VOUCHER, World};

/// The pre-order (B16.1).
pub fn pre_order(order: &str, count: i64) -> Value {
    json!({ "order_id": order, "sku_id": "17", "third_sku_id": PAIR, "third_product_id": PAIR, "count": count,
        "order_type": 21, "original_amount": PRICE * count, "currency_code": "CNY", "create_order_time": 1_776_650_400,
        "tourists": [{ "phone": PHONE }] })
}

/// Its issue call: that of B5 with the guest and the certificates (B16.2).
pub fn issue_codes(order: &str, certificates: &[&str]) -> Value {
    let mut body = issue(order, i64::try_from(certificates.len()).unwrap());
    body["open_id"] = json!("o1");
    body["certificates"] = certificates.iter().map(|id| json!({ "certificate_id": id })).collect();
    body
}

/// The refund question (B16.3): certificates with their codes, an empty one where none was issued.
fn ask(order: &str, refund: &str, rows: &[(&str, &str)]) -> Value {
    let row = |(id, code): &(&str, &str)| json!({ "certificate_id": id, "code": code });
    json!({ "order_id": order, "after_sale_id": refund, "apply_source": 101, "apply_time": 1_776_650_500,
        "certificates": rows.iter().map(row).collect::<Vec<_>>() })
}

const AUDIT: &str = "/goodlife/v1/fulfilment/refund/audit";

/// Bought and issued as c1, c2, …: our number and the codes.
async fn issued(world: &World, order: &str, certificates: &[&str]) -> (String, Vec<String>) {
    let said = world.spi("pre-create-order", &pre_order(order, certificates.len() as i64)).await;
    assert_eq!(said["error_code"], 0, "{said}");
    let said = world.spi("issue-certificate", &issue_codes(order, certificates)).await;
    assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(1)), "{said}");
    let codes = said["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    (said["third_order_id"].as_str().unwrap().to_owned(), codes)
}

/// Each reason has the number of this family's own list.
pub async fn f3_refusals_in_its_own_numbers() {
    let world = World::with(of_family("generic")).await;
    let refused = async |order: &str, change: &dyn Fn(&mut Value)| {
        let mut body = pre_order(order, 1);
        change(&mut body);
        let said = world.spi("pre-create-order", &body).await;
        assert!(!said["description"].as_str().unwrap().is_empty(), "{said}");
        said["error_code"].clone()
    };
    let same = |_: &mut Value| {};
    let dearer = |body: &mut Value| body["original_amount"] = json!(PRICE + 1);
    assert_eq!(refused("8002", &dearer).await, 7, "price");
    let many = |body: &mut Value| {
        body["count"] = json!(1_000);
        body["original_amount"] = json!(PRICE * 1_000);
    };
    assert_eq!(refused("8003", &many).await, 6, "limit");
    let mut off = listing(PAIR);
    off["on_sale"] = json!(false);
    world.put("/listings/pair", off).await.ok();
    assert_eq!(refused("8004", &same).await, 2, "off the shelf");
    world.put("/listings/pair", listing(PAIR)).await.ok();
    world.post("/calendar", json!({ "rows": [{ "sku": VOUCHER, "stock": { "limited": 0 } }] })).await.ok();
    assert_eq!(refused("8005", &same).await, 5, "sold out");
    world.post("/calendar", json!({ "rows": [{ "sku": VOUCHER, "stock": { "limited": 100 } }] })).await.ok();
    world.put("/distributors/bluebird/limit", json!({ "limit_minor": 1 })).await.ok();
    assert_eq!(refused("8006", &same).await, 20, "the line: other, with its reason");
    world.put("/distributors/bluebird/limit", json!({ "limit_minor": 1_000_000 })).await.ok();
    let silent = |body: &mut Value| {
        body.as_object_mut().unwrap().remove("tourists");
    };
    assert_eq!(refused("8007", &silent).await, 20, "no phone where phones are told");
    assert_eq!(refused("8008", &|body| body["count"] = json!("many")).await, 20, "malformed would let him order");
    assert_eq!(world.get("/orders").await.ok()["orders"], json!([]));
    world.end().await;

    let mut channel = of_family("generic");
    channel["settings"]["phone_expected"] = json!(false);
    let world = World::with(channel).await;
    let mut body = pre_order("8001", 1);
    silent(&mut body);
    assert_eq!(world.spi("pre-create-order", &body).await["error_code"], 0, "Douyin did not approve phones");
    world.end().await;
}

/// `codes`, `certificates` or both, as it is set; the callback has the codes (B6).
pub async fn f3_codes_and_certificates_by_setting() {
    for (set, codes, certificates) in [("codes", true, false), ("certificates", false, true), ("both", true, true)] {
        let mut channel = of_family("generic");
        channel["settings"]["codes_as"] = json!(set);
        let world = World::with(channel).await;
        let order = world.spi("pre-create-order", &pre_order("8001", 2)).await["ext_order_id"].clone();
        let said = world.spi("issue-certificate", &issue_codes("8001", &["c1", "c2"])).await;
        let shown = world.get(&format!("/orders/{}/credentials", order.as_str().unwrap())).await.ok();
        let code = |at: usize| shown["units"][at]["credentials"][0]["value"].clone();
        let mut expected = json!({ "error_code": 0, "description": "success", "result": 1, "third_order_id": order });
        if codes {
            expected["codes"] = json!([code(0), code(1)]);
        }
        if certificates {
            let row = |at: usize| json!({ "certificate_id": format!("c{}", at + 1), "code": code(at) });
            expected["certificates"] = json!([row(0), row(1)]);
        }
        assert_eq!(said, expected, "{set}");
        world.end().await;
    }
    // Asked before the order: promised, and told by the callback.
    let world = World::with(of_family("generic")).await;
    let said = world.spi("issue-certificate", &issue_codes("8001", &["c1"])).await;
    assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(0)), "{said}");
    let order = world.spi("pre-create-order", &pre_order("8001", 1)).await["ext_order_id"].clone();
    world.tick().await;
    let calls = world.douyin.called("/goodlife/v1/fulfilment/create/callback");
    assert_eq!(calls.len(), 1, "{:?}", world.douyin.paths());
    let shown = world.get(&format!("/orders/{}/credentials", order.as_str().unwrap())).await.ok();
    let code = &shown["units"][0]["credentials"][0]["value"];
    let body = json!({ "order_id": "8001", "third_order_id": order, "result": 1, "codes": [code] });
    assert_eq!(calls[0].body, body);
    world.end().await;
}

/// Certificates in the issue call were only seen in client code: without them it is a call for codes all the same, by the guest
/// that it names; codes are then told without certificates, whatever is set.
pub async fn f3_codes_where_no_certificate_is_named() {
    for set in ["codes", "certificates", "both"] {
        let mut channel = of_family("generic");
        channel["settings"]["codes_as"] = json!(set);
        channel["audit"] = json!("person");
        let world = World::with(channel).await;
        let mut unnamed = issue_codes("8001", &["c1", "c2"]);
        unnamed.as_object_mut().unwrap().remove("certificates");
        let order = world.spi("pre-create-order", &pre_order("8001", 2)).await["ext_order_id"].clone();
        let said = world.spi("issue-certificate", &unnamed).await;
        let order = order.as_str().unwrap();
        assert_eq!((&said["result"], &said["third_order_id"]), (&json!(1), &json!(order)), "{set}: {said}");
        assert_eq!(said["codes"].as_array().map(Vec::len), Some(2), "{set}: {said}");
        assert!(said.get("vouchers").is_none() && said.get("certificates").is_none(), "{set}: {said}");
        // A refund of it is decided by its own call, and its reservation goes by the scenic ones.
        let said = world.spi("apply-code-refund", &ask("8001", "as1", &[])).await;
        assert_eq!(said["result"], 3, "{set}: {said}");
        world.decide(&world.waiting(order).await, false).await.ok();
        world.tick().await;
        let calls = world.douyin.called(AUDIT);
        let body = json!({ "result": 2, "reason": "不符合退款规则", "after_sale_id": "as1" });
        assert_eq!(calls.iter().map(|call| &call.body).collect::<Vec<_>>(), [&body], "{set}");
        world.reserve("9001", "8001", 2, DAY).await;
        assert_eq!(world.issued("9001", 2).await["vouchers"].as_array().map(Vec::len), Some(2), "{set}");
        // Asked before the pre-order, they come by the callback.
        unnamed["order_id"] = json!("8002");
        assert_eq!(world.spi("issue-certificate", &unnamed).await["result"], 0, "{set}");
        world.spi("pre-create-order", &pre_order("8002", 2)).await;
        world.tick().await;
        let calls = world.douyin.called("/goodlife/v1/fulfilment/create/callback");
        assert_eq!(calls.len(), 1, "{set}");
        assert_eq!(calls[0].body["codes"].as_array().map(Vec::len), Some(2), "{set}: {:?}", calls[0].body);
        world.end().await;
    }
}

/// A reservation of such a connection goes by the first family's calls: vouchers in the answer and in the callback, the refund
/// decided at the scenic address.
pub async fn f3_and_f2_reservations_go_by_the_scenic_calls() {
    for family in ["generic", "promise"] {
        let mut channel = of_family(family);
        channel["audit"] = json!("person");
        let world = World::with(channel).await;
        let (create, pay) = match family {
            "generic" => (pre_order("8001", 1), issue_codes("8001", &["c1"])),
            _ => (
                crate::families::promise("8001", 1),
                crate::families::issue_promise("8001", &["1"], crate::families::MAY),
            ),
        };
        let (creates, issues) = match family {
            "generic" => ("pre-create-order", "issue-certificate"),
            _ => ("create-promise", "issue-promise"),
        };
        assert_eq!(world.spi(creates, &create).await["error_code"], 0);
        assert_eq!(world.spi(issues, &pay).await["result"], 1);
        let reserved = world.reserve("9001", "8001", 1, DAY).await;
        let said = world.issued("9001", 1).await;
        let voucher = &said["vouchers"][0]["entrance"];
        assert_eq!(voucher["project_id"], json!(format!("{reserved}-1")), "{family}: {said}");
        assert!(said.get("codes").is_none() && said.get("certificates").is_none(), "{family}: {said}");
        let said = world.spi("apply-refund", &apply("9001", "k1", 2, 101, 1_776_650_500)).await;
        assert_eq!(said["audit_refund_result"], 3, "{family}: {said}");
        let refund = world.refund(&reserved).await;
        world.decide(&refund, true).await.ok();
        world.tick().await;
        let decided = world.douyin.called("/goodlife/v1/trip/refund/audit");
        let body = json!({ "order_id": "9001", "biz_uniq_key": "k1", "audit_result": 1, "refund_fee_amount": 0 });
        assert_eq!(decided.iter().map(|call| &call.body).collect::<Vec<_>>(), [&body], "{family}");
        // The next one is issued late, by the scenic callback.
        world.void_codes().await;
        let late = world.reserve("9002", "8001", 1, DAY).await;
        assert_eq!(world.spi("issue-certificate", &issue("9002", 1)).await["result"], 0, "{family}");
        world.codes("late", 1).await;
        world.tick().await;
        world.retry_jobs().await;
        world.tick().await;
        let told = world.douyin.called("/goodlife/v1/fulfilment/create/callback");
        assert_eq!(told.len(), 1, "{family}: {:?}", world.douyin.paths());
        assert_eq!(told[0].body["vouchers"][0]["entrance"]["project_id"], json!(format!("{late}-1")), "{family}");
        assert!(told[0].body.get("codes").is_none(), "{family}");
        world.end().await;
    }
}

/// Decided by the rule at once, a part of the order by a person; a person's decision goes back certificate by certificate (B16.4).
pub async fn f3_refund_questions_by_certificate() {
    let world = World::with(of_family("generic")).await;
    let (order, codes) = issued(&world, "8001", &["c1", "c2"]).await;
    let part = ask("8001", "as1", &[("c2", &codes[1])]);
    let said = world.spi("apply-code-refund", &part).await;
    assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(3)), "{said}");
    let refund = world.waiting(&order).await;
    assert_eq!(refund["units"], json!([2]));
    assert_eq!(said, world.spi("apply-code-refund", &part).await, "the same for every repeat");
    world.decide(&refund, false).await.ok();
    world.tick().await;
    assert_eq!(world.douyin.called(AUDIT)[0].body["certificate"], json!([{ "certificate_id": "c2" }]));
    let whole = ask("8001", "as2", &[("c1", &codes[0]), ("c2", &codes[1])]);
    for _ in 0..2 {
        let said = world.spi("apply-code-refund", &whole).await;
        assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(1)), "{said}");
    }
    // Nobody knows it: to be confirmed, with and without a code.
    for code in ["", "A1"] {
        let said = world.spi("apply-code-refund", &ask("8009", "as9", &[("c1", code)])).await;
        assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(3)), "{code:?}: {said}");
    }
    world.tick().await;
    assert_eq!(world.douyin.called(AUDIT).len(), 1, "what was answered is not told again");
    world.end().await;

    for agree in [true, false] {
        let mut channel = of_family("generic");
        channel["audit"] = json!("person");
        let world = World::with(channel).await;
        let (order, codes) = issued(&world, "8001", &["c1", "c2"]).await;
        let rows = [("c1", codes[0].as_str()), ("c2", codes[1].as_str())];
        let said = world.spi("apply-code-refund", &ask("8001", "as1", &rows)).await;
        assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(3)), "{said}");
        let refund = world.refund(&order).await;
        world.decide(&refund, agree).await.ok();
        world.tick().await;
        let calls = world.douyin.called(AUDIT);
        let certificates = json!([{ "certificate_id": "c1" }, { "certificate_id": "c2" }]);
        let body = match agree {
            true => json!({ "result": 1, "after_sale_id": "as1", "certificate": certificates }),
            false => json!({ "result": 2, "reason": "不符合退款规则", "after_sale_id": "as1",
                "certificate": certificates }),
        };
        assert_eq!(calls.iter().map(|call| &call.body).collect::<Vec<_>>(), [&body], "agreed: {agree}");
        world.end().await;
    }
}

/// A certificate without a code was never issued: refusing it returns the code, first issued, then refused.
pub async fn f3_a_refusal_of_what_was_never_issued_brings_the_codes() {
    let mut channel = of_family("generic");
    channel["acceptance"] = json!("deferred");
    let world = World::with(channel.clone()).await;
    let order = world.spi("pre-create-order", &pre_order("8001", 2)).await["ext_order_id"].clone();
    let order = order.as_str().unwrap();
    let said = world.spi("issue-certificate", &issue_codes("8001", &["c1", "c2"])).await;
    assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(0)), "{said}");
    let mut unissued = ask("8001", "as1", &[("c1", ""), ("c2", "")]);
    unissued["apply_source"] = json!(301);
    let said = world.spi("apply-code-refund", &unissued).await;
    assert_eq!(said["result"], 3, "{said}");
    let refund = world.refund(order).await;
    assert_eq!((&refund["cause"], &refund["state"]), (&json!("issue_failed"), &json!("waiting")));
    let (en, zh) = world.decide(&refund, false).await.refused(409);
    assert!(!en.is_empty() && zh.contains('先'), "{en} {zh}");
    world.post(&format!("/orders/{order}/acceptance"), json!({ "accept": true })).await.ok();
    world.tick().await;
    let shown = world.get(&format!("/orders/{order}/credentials")).await.ok();
    let code = |at: usize| &shown["units"][at]["credentials"][0]["value"];
    let calls = world.douyin.called(AUDIT);
    assert_eq!(calls.len(), 1, "{:?}", world.douyin.paths());
    let certificates =
        json!([{ "certificate_id": "c1", "code": code(0) }, { "certificate_id": "c2", "code": code(1) }]);
    let body = &calls[0].body;
    assert_eq!(
        (&body["result"], &body["after_sale_id"], &body["certificate"]),
        (&json!(2), &json!("as1"), &certificates)
    );
    assert!(!body["reason"].as_str().unwrap().is_empty(), "{body}");
    assert!(world.douyin.called("create/callback").is_empty(), "the codes go with the refusal");

    // It asks once more although it was issued long ago: the answer that it lost comes with the refusal.
    let said = world.spi("apply-code-refund", &ask("8001", "as2", &[("c1", ""), ("c2", "")])).await;
    assert_eq!((&said["error_code"], &said["result"], &said["certificate"]), (&json!(0), &json!(2), &certificates));
    world.end().await;

    // The platform counts that refusal, and the order lives.
    let (world, platform) = World::with_platform(channel, |_: &mut PlatformOptions| {}).await;
    let purchase = Purchase { solution: Purchase::voucher(Family::F3).solution, ..offer(CancelRule::AnyTime) };
    let bought = platform.buy(&purchase).await.order.unwrap();
    assert_eq!(bought.state, OrderState::Issuing);
    world.pass(601_000).await;
    platform.run_deadlines().await;
    let order = ours(&world, &bought.order_id).await;
    assert_eq!(world.refund(&order).await["state"], "waiting");
    world.post(&format!("/orders/{order}/acceptance"), json!({ "accept": true })).await.ok();
    world.tick().await;
    let refused = |event: &&Event| matches!(event, Event::RefundRefused { vouchers: true, counted: true, .. });
    let events = platform.events(&bought.order_id).unwrap();
    assert_eq!(events.iter().filter(refused).count(), 1, "{events:?}");
    assert_eq!(platform.purchase_state(&bought.order_id).unwrap(), PurchaseState::ToReserve);
    assert_books(&world, 2, 0).await;
    // A certificate of it goes back by a person, and its notice moves the credit of one.
    let asked = platform.ask_code_refund(&bought.order_id, Some(vec![1]), 101).await.unwrap();
    assert_eq!(asked.state, RefundState::Reviewing, "{asked:?}");
    world.decide(&world.waiting(&order).await, true).await.ok();
    world.tick().await;
    platform.run_deadlines().await;
    world.tick().await;
    assert_eq!(world.units(&order).await, [1, 0, 0, 1]);
    assert_books(&world, 1, 0).await;
    let asked = platform.ask_code_refund(&bought.order_id, None, 101).await.unwrap();
    assert_eq!(asked.state, RefundState::Reviewing, "no whole order any more: {asked:?}");
    assert_eq!(platform.violations(), vec![]);
    world.end().await;
}

/// Results by its own call (B16.5), the older form of the information sync: without a kind. Units by their certificates, the credit
/// once, whether or not the notice comes besides.
pub async fn f3_results_by_its_own_call() {
    for by in [By::Sync, By::Both] {
        let options = |options: &mut PlatformOptions| options.group_buy.f3_results = by;
        let (world, platform) = World::with_platform(of_family("generic"), options).await;
        let purchase = Purchase { solution: Purchase::voucher(Family::F3).solution, ..offer(CancelRule::AnyTime) };
        let bought = platform.buy(&purchase).await.order.unwrap().order_id;
        let order = ours(&world, &bought).await;
        platform.refund_unreserved(&bought, None).await.unwrap();
        assert_eq!(world.units(&order).await, [0, 0, 0, 2], "{by:?}");
        assert_books(&world, 0, 0).await;

        // Of one certificate alone: the sync is kept for a person (open question 6), and the notice of it takes that one.
        let bought = platform.buy(&purchase).await.order.unwrap().order_id;
        let order = ours(&world, &bought).await;
        let asked = platform.ask_code_refund(&bought, Some(vec![1]), 101).await.unwrap();
        assert_eq!(asked.state, RefundState::Reviewing, "{asked:?}");
        world.decide(&world.waiting(&order).await, true).await.ok();
        world.tick().await;
        platform.run_deadlines().await;
        world.tick().await;
        let shown = world.order(&order).await;
        let states: Vec<&Value> =
            shown["order"]["units"].as_array().unwrap().iter().map(|unit| &unit["state"]).collect();
        let line = &shown["refund_lines"][0];
        assert_eq!((&line["unit"], &line["applied"]), (&json!(2), &json!(false)), "{by:?}: {line}");
        assert_eq!(world.alerts("contradiction").await.len(), 1, "a part of what goes together is a person's");
        let by_notice = by == By::Both;
        assert_eq!(states, [&json!("available"), &json!(if by_notice { "refunded" } else { "available" })], "{by:?}");
        assert_books(&world, if by_notice { 1 } else { 2 }, 0).await;
        assert_eq!(platform.violations(), vec![]);
        world.end().await;
    }
}

/// B14, generic: known orders with their numbers, unknown ones left out, no more than a hundred.
pub async fn f3_query_of_several_orders() {
    let world = World::with(of_family("generic")).await;
    let (order, codes) = issued(&world, "8001", &["c1", "c2"]).await;
    let said = world.spi("query-orders", &json!({ "scene": "fulfil", "order_ids": ["8001", "8009"] })).await;
    let detail = json!({ "order_id": "8001", "out_order_id": order, "total_quantity": 2, "used_quantity": 0,
        "refund_quantity": 0, "codes": codes });
    assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!({ "8001": detail })), "{said}");
    // Used by its reservation, it is used; given back, it is given back.
    world.reserve("9001", "8001", 2, DAY).await;
    world.issued("9001", 2).await;
    issued(&world, "8002", &["c3"]).await;
    world.spi("notify-refund", &play::notify("8002", "k1", PRICE, 1, 1)).await;
    world.at(11, 36_000).await;
    let ticket = ours(&world, "9001").await;
    world.redeem(&ticket).await.ok();
    let said = world.spi("query-orders", &json!({ "scene": "aftersale", "order_ids": ["8001", "8002"] })).await;
    let counts = |order: &str| {
        let detail = &said["result"][order];
        ["total_quantity", "used_quantity", "refund_quantity"].map(|name| detail[name].as_i64().unwrap_or(-1))
    };
    assert_eq!((counts("8001"), counts("8002")), ([2, 2, 0], [1, 0, 1]), "{said}");
    let said = world.spi("query-orders", &json!({ "scene": "fulfil", "order_ids": ["8009"] })).await;
    assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!({})), "{said}");
    for ids in [Vec::new(), (0..101).map(|at| json!(format!("7{at}"))).collect()] {
        let said = world.spi("query-orders", &json!({ "scene": "fulfil", "order_ids": ids })).await;
        assert_ne!(said["error_code"], 0, "{said}");
        assert_ne!(said["error_code"], 100, "asking again changes nothing: {said}");
    }
    let hundred: Vec<Value> = (0..100).map(|at| json!(format!("7{at}"))).collect();
    let said = world.spi("query-orders", &json!({ "scene": "fulfil", "order_ids": hundred })).await;
    assert_eq!(said["error_code"], 0, "{said}");
    world.end().await;
}

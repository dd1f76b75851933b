//! Rules 1 to 10: what has to be there, and how the pair is made.

use serde_json::{Value, json};

use crate::play::{self, DAY, listing, purchase, reservation};
use crate::world::{CONNECTION, PAIR, World};

/// A duty that only a person can see to: a line in both languages that is never done by itself.
async fn duty(world: &World, name: &str, zh: &str, en: &str) {
    let line = world.line("duties", name).await;
    assert_eq!(line["verdict"], "by_hand", "{line}");
    let text = line.to_string();
    assert!(text.contains(zh) && text.contains(en), "{line}");
}

pub async fn rule_01_mainland_leisure_is_a_duty() {
    let world = World::new().await;
    duty(&world, "category", "游玩类", "mainland China").await;
    world.end().await;
}

pub async fn rule_02_laike_preconditions_are_duties() {
    let world = World::new().await;
    duty(&world, "laike_account", "抖音来客账号", "account at Laike").await;
    duty(&world, "shop", "认领门店", "claimed its shop").await;
    duty(&world, "settlement", "结算账户", "settlement account").await;
    duty(&world, "douyin_account", "抖音号", "Douyin account").await;
    world.end().await;
}

/// Of all the calls of a whole cycle and a change of the product, none makes or changes a product.
pub async fn rule_03_nothing_is_published() {
    let world = World::new().await;
    world.issued_pair("8001", "9001", 1).await;
    let mut renamed = play::ticket();
    renamed["name"] = json!("另一个名字");
    world.post("/catalogue", json!({ "entries": [{ "product": renamed }] })).await.ok();
    world.pass(60_000).await;
    let told = world.post(&format!("/connections/{CONNECTION}/product-tellings"), json!({})).await;
    assert!(told.status >= 400, "{told:?}");
    world.tick().await;
    let product = |path: &String| path.contains("goods") || path.contains("product") || path.contains("ticket/save");
    assert!(!world.douyin.paths().iter().any(product), "{:?}", world.douyin.paths());
    world.end().await;
}

/// Each kind that fits neither half has its own sentence; a ticket and a package fit.
pub async fn rule_05_a_voucher_and_a_ticket_make_a_pair() {
    let world = World::new().await;
    let with = async |half: &str, kind: &str| {
        let (mut voucher, mut ticket) = (play::voucher(), play::ticket());
        match half {
            "voucher" => {
                voucher["kind"] = json!(kind);
                voucher["reservation"] = Value::Null;
            }
            _ => ticket["kind"] = json!(kind),
        }
        world.post("/catalogue", json!({ "entries": [{ "product": voucher }, { "product": ticket }] })).await.ok();
        world.put("/listings/pair", listing(PAIR)).await
    };
    for kind in ["ticket", "package", "room_stay"] {
        let (said, zh) = with("voucher", kind).await.refused(422);
        assert!(said.contains("QG100") && zh.contains("抢购"), "{kind}: {said} {zh}");
    }
    for kind in ["flash_sale_voucher", "presale_voucher", "pickup_voucher"] {
        let (said, zh) = with("ticket", kind).await.refused(422);
        assert!(said.contains("YY200") && zh.contains("门票"), "{kind}: {said} {zh}");
    }
    let (_, zh) = with("ticket", "room_stay").await.refused(422);
    assert!(zh.contains("住宿不能作为预约产品"), "{zh}");
    assert_eq!(world.line("pairs", "pair").await["verdict"], "wrong", "what became wrong later is seen");
    with("ticket", "package").await.ok();
    with("ticket", "ticket").await.ok();
    assert_eq!(world.line("pairs", "pair").await["verdict"], "ok");
    world.end().await;
}

/// The eight ways in which a text is no pair.
const WRONG: [(&str, &str); 8] = [
    ("QG100YY200", "缺少分隔符"),
    ("QG100｜YY200", "全角"),
    ("QG100| YY200", "空格"),
    ("QG100|YY200|YY201", "只能绑定一个预约产品"),
    ("|YY200", "缺少抢购产品编码"),
    ("QG100|", "缺少预约产品编码"),
    ("QG100|YY999", "不是任何规格"),
    ("YY200|QG100", "顺序颠倒"),
];

pub async fn rule_06_one_ascii_bar() {
    let world = World::new().await;
    for (text, zh) in WRONG {
        let (_, said) = world.put("/listings/other", listing(text)).await.refused(422);
        assert!(said.contains(zh), "{text}: {said}");
    }
    // A guest orders what Laike was told wrong: the sentence reaches whoever reads Douyin's log.
    for (at, (text, zh)) in WRONG.iter().enumerate().skip(1) {
        let mut body = purchase(&format!("81{at}"), 1);
        body["sku_out_id"] = json!(text);
        let said = world.spi("create-order", &body).await;
        assert_eq!(said["error_code"], 999_999, "{text}: {said}");
        assert!(said["description"].as_str().unwrap().contains(zh), "{text}: {said}");
    }
    world.buy("8001", 1).await;
    // The pair may stand in the product's field.
    let mut elsewhere = purchase("8002", 1);
    elsewhere["product_out_id"] = json!(PAIR);
    elsewhere.as_object_mut().unwrap().remove("sku_out_id");
    assert_eq!(world.spi("create-order", &elsewhere).await["error_code"], 0);
    let orders = world.get("/orders").await.ok();
    assert_eq!(orders["orders"].as_array().unwrap().len(), 2, "nothing else was made");
    world.end().await;
}

pub async fn rule_07_only_one_reservation_product() {
    let world = World::new().await;
    let mut second = play::ticket_sku();
    second["id"] = json!("YY201");
    world.post("/catalogue", json!({ "entries": [{ "sku": second }] })).await.ok();
    let mut other = listing("QG100|YY201");
    other["sells"]["pair"]["reservation"] = json!("YY201");
    let (said, zh) = world.put("/listings/other", other.clone()).await.refused(422);
    assert!(said.contains("YY200") && zh.contains("只能绑定一个预约产品"), "{said} {zh}");
    for list in ["QG100|YY200|YY201", "QG100|YY200,YY201"] {
        let (_, zh) = world.put("/listings/other", listing(list)).await.refused(422);
        assert!(zh.contains("只能绑定一个预约产品"), "{list}: {zh}");
    }
    // One that sells no more is no second one.
    other["on_sale"] = json!(false);
    world.put("/listings/other", other).await.ok();
    world.buy("8001", 1).await;
    world.end().await;
}

/// A date is dearer than the voucher, and the line has nothing left: it is reserved all the same, and nothing is posted.
pub async fn rule_08_a_reservation_costs_nothing() {
    let world = World::new().await;
    world.put("/distributors/bluebird/limit", json!({ "limit_minor": 8_000 })).await.ok();
    world.buy("8001", 1).await;
    assert_eq!(world.owed().await, 8_000);
    let check = json!({ "sku_id": "17", "sku_out_id": PAIR, "biz_type": 3, "count": 1, "book_start_day": DAY,
        "book_end_day": DAY, "amount": { "origin_amount": 19_800, "pay_amount": 0 } });
    assert_eq!(world.spi("check-booking", &check).await["error_code"], 0);
    let mut body = reservation("9001", "8001", 1, DAY);
    body["amount"] = json!({ "origin_amount": 19_800, "pay_amount": 0 });
    let said = world.spi("create-order", &body).await;
    assert_eq!(said["error_code"], 0, "{said}");
    assert_eq!(world.owed().await, 8_000, "the line pays once");
    let mut dearer = play::voucher();
    dearer["reservation"] = json!({ "markup": "difference" });
    world.post("/catalogue", json!({ "entries": [{ "product": dearer }] })).await.ok();
    let (_, said) = world.put("/listings/pair", listing(PAIR)).await.refused(422);
    assert!(said.contains("补差") || said.contains("加价"), "{said}");
    world.end().await;
}

/// Asked for is the buyer's phone and nothing else; nothing is bound to a supplier; it is not redeemed itself.
pub async fn rule_09_the_voucher_asks_for_a_phone_only() {
    let world = World::new().await;
    let faults = [
        (json!({ "reservation": null }), "预约"),
        (json!({ "validity": { "on": "visit_day" } }), "validity"),
        (json!({ "guests": { "collect": "every_guest", "phone": true } }), "guests.collect"),
        (json!({ "guests": { "collect": "buyer", "phone": false } }), "guests.phone"),
        (json!({ "guests": { "collect": "buyer", "phone": true, "name": true } }), "guests.name"),
        (
            json!({ "guests": { "collect": "buyer", "phone": true, "documents": ["identity_card"] } }),
            "guests.documents",
        ),
    ];
    let mut sentences = std::collections::BTreeSet::new();
    for (fault, about) in faults {
        let mut wrong = play::voucher();
        for (key, value) in fault.as_object().unwrap() {
            wrong[key] = value.clone();
        }
        world.post("/catalogue", json!({ "entries": [{ "product": wrong }] })).await.ok();
        let (_, zh) = world.put("/listings/pair", listing(PAIR)).await.refused(422);
        assert!(zh.contains(about), "{fault}: {zh}");
        sentences.insert(zh);
    }
    assert_eq!(sentences.len(), 6, "each has its own: {sentences:?}");
    let mut supplied = play::voucher_sku();
    supplied["fulfilment"] = play::ticket_sku()["fulfilment"].clone();
    let entries = json!({ "entries": [{ "product": play::voucher() }, { "sku": supplied }] });
    world.post("/catalogue", entries).await.ok();
    let (_, zh) = world.put("/listings/pair", listing(PAIR)).await.refused(422);
    assert!(zh.contains("不对接上游"), "{zh}");
    world.post("/catalogue", json!({ "entries": [{ "sku": play::voucher_sku() }] })).await.ok();
    world.put("/listings/pair", listing(PAIR)).await.ok();

    let mut silent = purchase("8001", 1);
    silent["buyer"] = json!({ "name": "", "phone": "" });
    assert_eq!(world.spi("create-order", &silent).await["error_code"], 12);
    let bought = world.buy("8002", 1).await;
    world.issued("8002", 1).await;
    world.redeem(&bought).await.refused(409);
    assert_eq!(world.units(&bought).await, [1, 0, 0, 0]);
    world.end().await;
}

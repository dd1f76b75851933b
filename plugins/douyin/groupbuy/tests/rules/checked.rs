//! What the check of a connection says of both sides: figures that an operator read in Laike beside ours, the dates, the trial, and
//! the sheet that is handed over.

use serde_json::{Value, json};

use crate::play::{self, DAY, listing, notify, purchase};
use crate::world::{CONNECTION, DISTRIBUTOR, PAIR, World};

impl World {
    /// What an operator read in Laike about the pair.
    async fn there(&self, figures: Value) {
        let mut pair = listing(PAIR);
        pair["there"] = figures;
        self.put("/listings/pair", pair).await.ok();
    }

    /// The verdict of a line about the pair, with all it says.
    async fn about(&self, section: &str, figure: &str) -> (String, String) {
        let line = self.line(section, &format!("pair/{figure}")).await;
        (line["verdict"].as_str().unwrap().to_owned(), line.to_string())
    }

    /// The verdict of a figure once that was read in Laike.
    async fn compared(&self, figures: Value, figure: &str) -> (String, String) {
        self.there(figures).await;
        self.about("there", figure).await
    }

    /// The ticket's product with something changed.
    async fn ticket_with(&self, key: &str, value: Value) {
        let mut product = play::ticket();
        product[key] = value;
        self.post("/catalogue", json!({ "entries": [{ "product": product }] })).await.ok();
    }
}

fn holds(said: &(String, String), verdict: &str, words: &[&str]) {
    assert_eq!(said.0, verdict, "{said:?}");
    for word in words {
        assert!(said.1.contains(word), "{word:?} is missing: {said:?}");
    }
}

/// The line counts down while the cycle is played, and is done when each step happened once.
pub async fn rule_04_the_trial_cycle_is_checked() {
    let world = World::new().await;
    let trial = async || {
        let line = world.line("duties", "trial").await;
        (line["verdict"].as_str().unwrap().to_owned(), line["text"].to_string())
    };
    holds(
        &trial().await,
        "by_hand",
        &["下单、预约、出票、退款、核销", "a purchase, a reservation, tickets, a refund, a use"],
    );
    world.buy("8001", 1).await;
    let ours = world.reserve("9001", "8001", 1, DAY).await;
    holds(&trial().await, "by_hand", &["尚缺：出票、退款、核销", ": tickets, a refund, a use"]);
    world.issued("9001", 1).await;
    holds(&trial().await, "by_hand", &["尚缺：退款、核销"]);
    world.buy("8002", 1).await;
    let told = world.spi("notify-refund", &notify("8002", "k1", 9_900, 50, 1)).await;
    assert_eq!(told["error_code"], 0, "{told}");
    holds(&trial().await, "by_hand", &["尚缺：核销"]);
    world.at(11, 36_000).await;
    world.redeem(&ours).await.ok();
    holds(&trial().await, "ok", &["都已走通", "have all happened"]);
    world.end().await;
}

/// Every date that a guest could choose has a price and stock; the first that lack one are named. One that sold out has both.
pub async fn rule_10_every_bookable_date_has_stock() {
    let world = World::new().await;
    let dates = world.about("pairs", "dates").await;
    holds(
        &dates,
        "wrong",
        &["可预约的 90 天中有 87 天", "2026-04-20, 2026-04-21, 2026-04-22, 2026-04-23, 2026-04-24 …", "87 of the 90"],
    );
    assert!(!dates.1.contains("2026-04-25"), "five are named: {dates:?}");
    let mut short = play::voucher();
    short["validity"] = json!({ "on": "window", "from": DAY, "to": "2026-05-04" });
    world.post("/catalogue", json!({ "entries": [{ "product": short }] })).await.ok();
    holds(&world.about("pairs", "dates").await, "wrong", &["2026-05-04", "4 天中有 1 天"]);
    world.dates(&["2026-05-04"]).await;
    holds(&world.about("pairs", "dates").await, "ok", &["4 天都有价格与库存"]);
    let bare = json!({ "sku": "YY200", "dates": [DAY], "retail_minor": 19_900, "settlement_minor": 15_000,
        "stock": { "limited": 0 } });
    world.post("/calendar", json!({ "rows": [bare] })).await.ok();
    holds(&world.about("pairs", "dates").await, "wrong", &[DAY]);
    let one = json!({ "sku": "YY200", "dates": [DAY], "retail_minor": 19_900, "settlement_minor": 15_000,
        "stock": { "limited": 1 } });
    world.post("/calendar", json!({ "rows": [one] })).await.ok();
    world.issued_pair("8001", "9001", 1).await;
    holds(&world.about("pairs", "dates").await, "ok", &[]);
    let shut = json!({ "id": "fog", "sku": "YY200", "from": "2026-05-03", "to": "2026-05-03", "reason": "fog" });
    world.post("/catalogue", json!({ "entries": [{ "stop_sale": shut }] })).await.ok();
    holds(&world.about("pairs", "closed").await, "by_hand", &["2026-05-03"]);

    holds(&world.about("pairs", "supplier").await, "ok", &["park-pool"]);
    holds(&world.about("pairs", "pool").await, "ok", &["剩 19 个码"]);
    let mut elsewhere = play::ticket_sku();
    elsewhere["fulfilment"]["product_code"] = json!("empty");
    world.post("/catalogue", json!({ "entries": [{ "sku": elsewhere }] })).await.ok();
    holds(&world.about("pairs", "pool").await, "wrong", &["码库 empty 没有可用的码", "has no codes left"]);
    world.post("/connections/park-pool/switch", json!({ "switch": "paused" })).await.ok();
    holds(&world.about("pairs", "supplier").await, "wrong", &["不接受新订单", "takes no new orders"]);
    world.end().await;
}

/// Whoever entered what Laike shows is told whether ours is the same; an order beyond our stock is refused.
pub async fn rule_12_stock_is_compared() {
    let world = World::new().await;
    holds(&world.about("there", "stock").await, "not_known", &["未录入", "there.stock", "entrepot connections there"]);
    holds(&world.compared(json!({ "stock": 100 }), "stock").await, "ok", &["100"]);
    world.buy("8001", 10).await;
    holds(&world.about("there", "stock").await, "ok", &["100", "90"]);
    holds(&world.compared(json!({ "stock": 90 }), "stock").await, "ok", &[]);
    let fewer = json!({ "sku": "QG100", "retail_minor": 9_900, "settlement_minor": 8_000, "stock": { "limited": 40 } });
    world.post("/calendar", json!({ "rows": [fewer] })).await.ok();
    holds(
        &world.compared(json!({ "stock": 100 }), "stock").await,
        "wrong",
        &["平台 100，本系统 40", "there 100, here 40"],
    );
    assert_eq!(world.spi("create-order", &purchase("8002", 31)).await["error_code"], 1);
    let shown = world.get("/listings/pair").await.ok();
    assert_eq!(shown["there"], json!({ "stock": 100 }));
    let log = world.get("/history?kind=catalogue&subject=listing/pair").await.ok();
    assert!(log.to_string().contains("\"stock\":90"), "{log}");
    world.end().await;

    // Where the application may ask for goods, nobody has to enter anything.
    let world = World::with(json!({ "settings": { "goods_look": true } })).await;
    *world.douyin.online.lock().unwrap() = json!([{ "online_status": 1,
        "product": { "product_id": "5", "product_name": "抢购" },
        "sku": { "sku_id": "17", "out_sku_id": "QG100|YY200", "actual_amount": 9_900,
            "stock": { "limit_type": 1, "stock_qty": 70 } } }]);
    holds(&world.about("there", "stock").await, "wrong", &["平台 70，本系统 100"]);
    holds(&world.about("there", "price_minor").await, "ok", &[]);
    world.end().await;
}

/// Stock linked to a dated product there is one stock here; stock kept by hand is changed by hand.
pub async fn rule_15_linked_or_by_hand() {
    let world = World::new().await;
    holds(&world.about("there", "linked").await, "not_known", &["there.linked"]);
    holds(&world.compared(json!({ "linked": false }), "linked").await, "by_hand", &["手动设置", "by hand"]);
    holds(&world.compared(json!({ "linked": true }), "linked").await, "wrong", &["buckets"]);
    let mut day_ticket = play::ticket_sku();
    day_ticket["id"] = json!("RL1");
    day_ticket["buckets"] = json!(["YY200"]);
    world.post("/catalogue", json!({ "entries": [{ "sku": day_ticket }] })).await.ok();
    let sold = json!({ "connection": "park-calendar", "sells": { "one": "RL1" }, "names": { "sku_out": "RL1" } });
    world.put("/listings/day-ticket", sold).await.ok();
    holds(&world.about("there", "linked").await, "ok", &["day-ticket"]);
    world.end().await;
}

/// Three rules here, three there: only the same is right, with the same hours; both are shown in words.
pub async fn rule_31_refund_rules_agree() {
    let world = World::new().await;
    let step = |hours: i64| json!({ "steps": [{ "hours_before_visit": hours, "fee": "free" }], "otherwise": "never" });
    let here = [json!({ "otherwise": "free" }), json!({ "otherwise": "never" }), step(24)];
    let there = [json!("free"), json!("never"), json!({ "until": [24] })];
    for (at, ours) in here.into_iter().enumerate() {
        world.ticket_with("refund", ours.clone()).await;
        for (beside, shown) in there.iter().enumerate() {
            let said = world.compared(json!({ "cancel": shown }), "cancel").await;
            holds(
                &said,
                if at == beside { "ok" } else { "wrong" },
                &["退改规则：平台 ", "rule of cancellation: there "],
            );
        }
    }
    let said = world.compared(json!({ "cancel": { "until": [48] } }), "cancel").await;
    holds(&said, "wrong", &["入园日前 48 小时", "入园日前 24 小时，之后不可退", "until 48 hours before the date"]);
    world.ticket_with("refund", json!({})).await;
    holds(&world.compared(json!({ "cancel": "free" }), "cancel").await, "wrong", &["人工处理", "a person decides"]);
    let mut pair = listing(PAIR);
    for fault in [json!({ "cancel": { "until": [] } }), json!({ "cancel": "sometimes" }), json!({ "colour": "red" })] {
        pair["there"] = fault;
        assert_eq!(world.put("/listings/pair", pair.clone()).await.status, 422, "{pair}");
    }
    world.end().await;
}

/// What is handed over, on one sheet: addresses, account, who pays; without a distributor nobody does.
pub async fn rule_33_the_connection_sheet() {
    let world = World::with(json!({ "display_name": "湖畔团购" })).await;
    let sheet = async |about: &str| {
        let line = world.line("sheet", about).await;
        (line["verdict"].as_str().unwrap().to_owned(), line.to_string())
    };
    holds(&sheet("system_url").await, "by_hand", &["https://"]);
    holds(&sheet("scenic_spot.order.create_order").await, "by_hand", &["POST https://", "/in/app/create-order"]);
    holds(&sheet("fulfilment.order.tripartite_code").await, "by_hand", &["/in/app/issue-certificate"]);
    holds(&sheet("distributor").await, "ok", &["bluebird", "10000.00 CNY", "授信扣除"]);
    world.buy("8001", 1).await;
    holds(&sheet("distributor").await, "ok", &["9920.00 CNY"]);
    world.put(&format!("/distributors/{DISTRIBUTOR}/limit"), json!({ "limit_minor": 8_000 })).await.ok();
    holds(&sheet("distributor").await, "wrong", &["授信不足"]);
    holds(&sheet("display_name").await, "by_hand", &["湖畔团购"]);
    holds(&sheet("account_id").await, "by_hand", &["70001"]);
    holds(&sheet("price_check").await, "by_hand", &["开启", "price check: on"]);
    // Settings that are left out are shown as they are in force.
    for (key, value) in
        [("purchase_family", "scenic"), ("pair_code_fields", "sku_out_id"), ("price_field", "origin_amount")]
    {
        let line = world.line("settings", key).await;
        assert!(line["text"]["zh"].as_str().unwrap().contains(value), "{line}");
    }
    world.end().await;

    let world = World::with(json!({ "distributor": null, "price_check": false })).await;
    let line = world.line("sheet", "distributor").await;
    assert_eq!(line["verdict"], "wrong", "{line}");
    let key = format!("merchants.park.channels.{CONNECTION}.distributor");
    assert!(line.to_string().contains(&key), "{line}");
    assert_eq!(world.line("sheet", "display_name").await["verdict"], "not_known");
    assert!(world.line("sheet", "price_check").await.to_string().contains("关闭"));
    world.end().await;
}

/// Price (11), days (13), documents (14), dates (16), cut-off (18) and what is shown (19), each with both figures.
pub async fn lines_of_rules_13_14_16_18_19() {
    let world = World::new().await;
    for figure in ["price_minor", "days_valid", "documents", "first_date", "reservation_close", "credentials", "cancel"]
    {
        holds(&world.about("there", figure).await, "not_known", &[&format!("there.{figure}")]);
    }
    let right = json!({ "price_minor": 9_900, "days_valid": 0, "documents": ["identity_card"], "first_date": "2026-04-20",
        "last_date": "2026-09-30", "reservation_close": { "days_before": 0, "minute_of_day": 1440 },
        "credentials": ["voucher_number", "document"] });
    world.there(right.clone()).await;
    for figure in ["price_minor", "days_valid", "documents", "first_date", "reservation_close", "credentials"] {
        holds(&world.about("there", figure).await, "ok", &[]);
    }
    for (figure, wrong, words) in [
        ("price_minor", json!(9_800), ["平台 98.00 CNY，本系统 99.00 CNY", "there 98.00 CNY, here 99.00 CNY"]),
        (
            "days_valid",
            json!(2),
            ["平台 预约后 2 天有效，本系统 当天有效", "there the date and 2 days after it, here the date alone"],
        ),
        ("documents", json!(["identity_card", "passport"]), ["平台 identity_card, passport", "here identity_card"]),
        ("first_date", json!("2026-04-21"), ["平台 2026-04-21 至 2026-09-30", "here 2026-04-20 to 2026-09-30"]),
        (
            "reservation_close",
            json!({ "days_before": 1, "minute_of_day": 240 }),
            ["平台 提前 1 天 04:00，本系统 当天 24:00", "there 04:00, 1 days before the date, here 24:00 of the date"],
        ),
        ("credentials", json!(["document"]), ["平台 document，本系统 voucher_number", "here voucher_number"]),
    ] {
        let mut figures = right.clone();
        figures[figure] = wrong;
        holds(&world.compared(figures, figure).await, "wrong", &words);
    }
    // A number may be told as a QR code: that is a setting of the connection.
    holds(&world.compared(json!({ "credentials": ["qr_code"] }), "credentials").await, "by_hand", &["qr_code"]);

    // Rule 18: one date of many closes at noon.
    let noon = json!({ "sku": "YY200", "dates": ["2026-05-02"], "retail_minor": 19_900, "settlement_minor": 15_000,
        "close": { "days_before": 0, "minute_of_day": 720 } });
    world.post("/calendar", json!({ "rows": [noon] })).await.ok();
    world.there(right).await;
    let close = world.about("there", "reservation_close").await;
    holds(
        &close,
        "wrong",
        &["平台 当天 24:00，本系统 当天 12:00（2026-05-02）", "here 12:00 of the date (2026-05-02)"],
    );
    world.ticket_with("validity", json!({ "on": "days_after_visit", "days": 2 })).await;
    holds(&world.compared(json!({ "days_valid": 2 }), "days_valid").await, "ok", &[]);
    world.end().await;
}

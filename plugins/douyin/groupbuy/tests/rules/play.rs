//! What is sold, and what guests, operators and Douyin do with it: calls as the specification's pages write them.

use serde_json::{Value, json};

use crate::world::{CONNECTION, DISTRIBUTOR, Got, PAIR, PRICE, SETTLED, TICKET, VOUCHER, World};

/// The day of the examples.
pub const DAY: &str = "2026-05-01";
/// A day in milliseconds.
pub const DAYS: i64 = 86_400_000;
/// A made-up phone of a range that nobody has.
pub const PHONE: &str = "13800000000";
/// A made-up identity card: no place, a valid check digit.
pub const CARD: &str = "110101199003070011";

/// The voucher of the pair.
pub fn voucher() -> Value {
    json!({ "id": "flash", "kind": "flash_sale_voucher", "name": "抢购", "on_sale": true,
        "validity": { "on": "window", "from": "2026-04-20", "to": "2026-09-30" },
        "guests": { "collect": "buyer", "phone": true },
        "refund": { "otherwise": "free" }, "reservation": {} })
}

/// What is reserved with it.
pub fn ticket() -> Value {
    json!({ "id": "entry", "kind": "ticket", "name": "门票", "on_sale": true, "validity": { "on": "visit_day" },
        "guests": { "collect": "one_guest", "name": true, "phone": true, "documents": ["identity_card"] },
        "refund": { "otherwise": "free" } })
}

/// The voucher's specification.
pub fn voucher_sku() -> Value {
    json!({ "id": VOUCHER, "product": "flash", "name": "抢购", "fulfilment": { "by": "own_number" } })
}

/// The ticket's: codes of the pool `gate`.
pub fn ticket_sku() -> Value {
    json!({ "id": TICKET, "product": "entry", "name": "门票",
        "fulfilment": { "by": "supplier", "connection": "park-pool", "product_code": "gate" } })
}

/// The pair under that text.
pub fn listing(text: &str) -> Value {
    json!({ "connection": CONNECTION, "sells": { "pair": { "voucher": VOUCHER, "reservation": TICKET } },
        "names": { "sku_out": text } })
}

/// The guest of a reservation.
pub fn guest() -> Value {
    json!({ "name": "林小满", "phone": PHONE, "license_type": 1, "license_id": CARD })
}

/// A purchase of the scenic family (B3), of so many units.
pub fn purchase(order: &str, count: i64) -> Value {
    json!({ "account_id": "70001", "order_id": order, "order_type": 1, "biz_type": 3, "sku_id": "17", "sku_out_id": PAIR, "count": count,
        "create_order_time_unix": 1_776_650_400, "amount": { "origin_amount": PRICE * count, "pay_amount": PRICE * count },
        "buyer": { "name": "", "phone": PHONE },
        "item_order_infos": (0..count).map(|item| json!({ "item_order_id": format!("{order}-i{item}") })).collect::<Vec<_>>(),
        "remark_info": {}, "custom_spi_req_extra": "" })
}

/// A reservation (B3) of all units of a purchase.
pub fn reservation(order: &str, source: &str, count: i64, day: &str) -> Value {
    let mut body = purchase(order, count);
    body["order_type"] = json!(2);
    body["source_order_id"] = json!(source);
    body["book_start_day"] = json!(day);
    body["book_end_day"] = json!(day);
    body["amount"]["pay_amount"] = json!(0);
    body["buyer"] = guest();
    body["tourists"] = json!([guest()]);
    body
}

/// The issue call (B5) of an order of so many units.
pub fn issue(order: &str, copies: i64) -> Value {
    json!({ "order_id": order, "copies": copies, "count": 1, "start_time": 1_777_564_800, "expire_time": 1_777_651_199,
        "sku": { "sku_name": "Gate", "sku_id": "17", "third_sku_id": PAIR },
        "ticket_rule": { "code_sending_info": [3], "code_type": 2 } })
}

/// A refund question (B8): of units, or of the date alone.
pub fn apply(order: &str, key: &str, after_sale_type: i64, source: i64, asked_s: i64) -> Value {
    json!({ "order_id": order, "biz_uniq_key": key, "after_sale_type": after_sale_type, "apply_source": source,
        "apply_refund_time_unix": asked_s })
}

/// A refund result (B11).
pub fn notify(order: &str, key: &str, amount: i64, scene: i64, count: i64) -> Value {
    json!({ "order_id": order, "biz_uniq_key": key, "refund_amount": amount, "refund_time_unix": 1_777_800_000,
        "refund_scene": scene, "refund_count": count })
}

/// What Douyin decided by itself (B11b).
pub fn sync(order: &str, refund: &str, after_sale_type: i64, result: i64, rows: usize) -> Value {
    let row = |at: usize| {
        json!({ "certificate_id": format!("{order}-c{at}"), "code": "", "apply_time": 1_777_700_000_000_i64,
            "audit_time": 1_777_700_600_000_i64, "audit_result": result, "voucher": "" })
    };
    json!({ "order_id": order, "after_sale_id": refund, "after_sale_type": after_sale_type,
        "notice_list": (0..rows).map(row).collect::<Vec<_>>() })
}

impl World {
    /// The pair on sale, 100 vouchers; 50 tickets on each of some days; a line of 10,000 yuan.
    pub async fn furnish(&self) {
        let entries = json!({ "entries": [
            { "product": voucher() }, { "product": ticket() }, { "sku": voucher_sku() }, { "sku": ticket_sku() },
        ] });
        self.post("/catalogue", entries).await.ok();
        self.put("/listings/pair", listing(PAIR)).await.ok();
        let mut bought = json!({ "sku": VOUCHER, "retail_minor": PRICE, "settlement_minor": SETTLED });
        bought["stock"] = json!({ "limited": 100 });
        self.post("/calendar", json!({ "rows": [bought] })).await.ok();
        self.dates(&[DAY, "2026-05-02", "2026-05-03"]).await;
        self.put(&format!("/distributors/{DISTRIBUTOR}/limit"), json!({ "limit_minor": 1_000_000 })).await.ok();
        self.codes("gate", 20).await;
        // The first look at Douyin fetches the token, for which two calls at once would wait.
        self.tick().await;
    }

    /// Tickets on these days, dearer than the voucher.
    pub async fn dates(&self, days: &[&str]) {
        let row = json!({ "sku": TICKET, "dates": days, "retail_minor": 19_900, "settlement_minor": 15_000,
            "stock": { "limited": 50 } });
        self.post("/calendar", json!({ "rows": [row] })).await.ok();
    }

    /// So many more codes in the pool.
    pub async fn codes(&self, prefix: &str, count: usize) {
        let codes: Vec<Value> = (0..count).map(|at| json!({ "code": format!("{prefix}-{at:04}") })).collect();
        let body = json!({ "connection": "park-pool", "codes": codes });
        self.post("/pools/gate/codes", body).await.ok();
    }

    /// No code is left in the pool.
    pub async fn void_codes(&self) {
        let codes = self.get("/pools/gate/codes?limit=50").await.ok();
        for code in codes["codes"].as_array().unwrap().iter().filter(|code| code["state"] == "available") {
            let id = code["id"].as_str().unwrap();
            self.post(&format!("/pools/gate/codes/{id}/void"), Value::Null).await.ok();
        }
    }

    /// A voucher order that Douyin made; our order number.
    pub async fn buy(&self, order: &str, count: i64) -> String {
        let said = self.spi("create-order", &purchase(order, count)).await;
        assert_eq!(said["error_code"], 0, "{said}");
        said["order_out_id"].as_str().unwrap().to_owned()
    }

    /// A reservation of all of it; our order number.
    pub async fn reserve(&self, order: &str, source: &str, count: i64, day: &str) -> String {
        let said = self.spi("create-order", &reservation(order, source, count, day)).await;
        assert_eq!(said["error_code"], 0, "{said}");
        said["order_out_id"].as_str().unwrap().to_owned()
    }

    /// The vouchers of an order are asked for until they are there; the `data` of the answer.
    pub async fn issued(&self, order: &str, copies: i64) -> Value {
        let said = self.spi("issue-certificate", &issue(order, copies)).await;
        assert_eq!((&said["error_code"], &said["result"]), (&json!(0), &json!(1)), "{said}");
        said
    }

    /// Bought, reserved and issued; our numbers of both orders.
    pub async fn issued_pair(&self, bought: &str, reserved: &str, count: i64) -> (String, String) {
        let voucher = self.buy(bought, count).await;
        let ticket = self.reserve(reserved, bought, count, DAY).await;
        self.issued(reserved, count).await;
        (voucher, ticket)
    }

    /// An order as the admin API shows it.
    pub async fn order(&self, order: &str) -> Value {
        self.get(&format!("/orders/{order}")).await.ok()
    }

    /// How an order stands for a desk, in Chinese.
    pub async fn standing(&self, order: &str) -> String {
        self.order(order).await["standing_zh"].as_str().unwrap_or_default().to_owned()
    }

    /// The park redeems an order at its own desk.
    pub async fn redeem(&self, order: &str) -> Got {
        self.post("/redemptions", json!({ "order": order })).await
    }

    /// Midnight of 20 April and so many days at the venue, and so many seconds.
    pub async fn at(&self, days: i64, seconds: i64) {
        self.clock.set(crate::world::START.plus_millis(days * DAYS + (seconds - 36_000) * 1000));
        self.tick().await;
    }

    /// A person has every job tried again that waits for another try.
    pub async fn retry_jobs(&self) {
        let jobs = self.get("/jobs").await.ok();
        let waits = |job: &&Value| job["state"] == "ready" || job["state"] == "dead";
        for job in jobs["jobs"].as_array().unwrap().iter().filter(waits) {
            let id = job["id"].as_str().unwrap();
            self.post(&format!("/jobs/{id}/retry"), Value::Null).await.ok();
        }
    }

    /// Asks whether the pair may be reserved on a day, by so many units.
    pub async fn can_reserve(&self, day: &str, count: i64) -> i64 {
        let check = json!({ "sku_id": "17", "sku_out_id": PAIR, "biz_type": 3, "count": count, "book_start_day": day,
            "book_end_day": day, "amount": { "origin_amount": PRICE * count, "pay_amount": 0 } });
        self.spi("check-booking", &check).await["error_code"].as_i64().unwrap()
    }

    /// How many units of an order are in each state: available, reserved, redeemed, refunded.
    pub async fn units(&self, order: &str) -> [usize; 4] {
        let shown = self.order(order).await;
        let units = shown["order"]["units"].as_array().unwrap().clone();
        ["available", "reserved", "redeemed", "refunded"]
            .map(|state| units.iter().filter(|unit| unit["state"] == state).count())
    }

    /// Units left of a day, or of the voucher.
    pub async fn left(&self, bucket: &str, day: Option<&str>) -> i64 {
        let range = day.map_or(String::new(), |day| format!("&from={day}&to={day}"));
        let stock = self.get(&format!("/stock?bucket={bucket}{range}")).await.ok();
        let cell = &stock["cells"][0];
        cell["left"].as_i64().unwrap_or_else(|| panic!("{stock}"))
    }

    /// What the distributor owes, in fen.
    pub async fn owed(&self) -> i64 {
        let account = self.get(&format!("/distributors/{DISTRIBUTOR}/statement")).await.ok();
        -account["account"]["balance_minor"].as_i64().unwrap_or_else(|| panic!("{account}"))
    }

    /// The refund of an order that was asked for last.
    pub async fn refund(&self, order: &str) -> Value {
        let shown = self.order(order).await;
        shown["refunds"].as_array().and_then(|all| all.last().cloned()).unwrap_or_default()
    }

    /// The refund of an order that waits for a person.
    pub async fn waiting(&self, order: &str) -> Value {
        let shown = self.order(order).await;
        let all = shown["refunds"].as_array().unwrap().iter();
        let mut waiting = all.filter(|refund| refund["state"] == "waiting");
        waiting.next().cloned().unwrap_or_else(|| panic!("nothing waits: {}", shown["refunds"]))
    }

    /// A person decides it.
    pub async fn decide(&self, refund: &Value, agree: bool) -> Got {
        let id = refund["id"].as_str().unwrap_or_else(|| panic!("{refund}"));
        let mut body = json!({ "agree": agree });
        if !agree {
            body["reason"] = json!("不符合退款规则");
        }
        self.post(&format!("/refunds/{id}/decision"), body).await
    }

    /// One line of the connection's check: its verdict and both its sentences.
    pub async fn line(&self, section: &str, name: &str) -> Value {
        let report = self.get(&format!("/connections/{CONNECTION}/check")).await.ok();
        let sections = report["sections"].as_array().unwrap();
        let lines = sections.iter().find(|one| one["name"] == section).map(|one| one["lines"].as_array().unwrap());
        let lines = lines.unwrap_or_else(|| panic!("no section {section}"));
        let found = lines.iter().find(|line| line["about"] == name);
        found.unwrap_or_else(|| panic!("no line {name} in {lines:?}")).clone()
    }
}

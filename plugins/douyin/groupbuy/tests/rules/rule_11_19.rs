//! Rules 11 to 19: prices, validity, guests, dates, and what the guest is shown.

use serde_json::{Value, json};

use crate::play::{self, DAY, PHONE, guest, issue, purchase, reservation};
use crate::world::{PAIR, PRICE, TICKET, World};

/// The sentence that everybody who runs such a connection knows.
const PRICE_DIFFERS: &str = "价格校验失败，请重新下单";

/// A purchase of the group ticket's own family (B15.1).
fn promise(order: &str, count: i64, amount: i64) -> Value {
    let items: Vec<Value> = (0..count).map(|at| json!({ "order_item_id": format!("i{at}"), "sku_id": "17" })).collect();
    json!({ "order_id": order, "open_id": "o1", "biz_type": 3, "create_order_time": 1_776_650_400, "currency_code": "CNY",
        "original_amount": amount, "order_item_list": items,
        "sku_info_list": [{ "sku_id": "17", "sku_out_id": PAIR }], "contact_list": [{ "phone": PHONE }] })
}

/// A purchase of generic codes (B16.1).
fn generic(order: &str, count: i64, amount: i64) -> Value {
    json!({ "order_id": order, "sku_id": "17", "third_sku_id": PAIR, "count": count, "order_type": 21,
        "original_amount": amount, "currency_code": "CNY", "create_order_time": 1_776_650_400,
        "tourists": [{ "phone": PHONE }] })
}

/// The list price is compared, never what the guest pays; each family refuses by its own number and the same sentence.
pub async fn rule_11_the_list_price_must_agree() {
    let world = World::new().await;
    let mut cheaper = purchase("8001", 2);
    cheaper["amount"]["pay_amount"] = json!(15_000);
    assert_eq!(world.spi("create-order", &cheaper).await["error_code"], 0, "a discount is the platform's");
    let owed = world.owed().await;
    let mut dearer = purchase("8002", 2);
    dearer["amount"]["origin_amount"] = json!(2 * PRICE + 1);
    for (scene, body, code) in [
        ("create-order", dearer, 23),
        ("create-promise", promise("8003", 2, 2 * PRICE + 1), 23),
        ("pre-create-order", generic("8004", 2, 2 * PRICE + 1), 7),
    ] {
        let said = world.spi(scene, &body).await;
        assert_eq!((&said["error_code"], &said["description"]), (&json!(code), &json!(PRICE_DIFFERS)), "{scene}");
    }
    assert_eq!(world.owed().await, owed);
    assert_eq!(world.get("/orders").await.ok()["orders"].as_array().unwrap().len(), 1);
    world.end().await;

    let world = World::with(json!({ "price_check": false })).await;
    let mut dearer = purchase("8002", 2);
    dearer["amount"]["origin_amount"] = json!(2 * PRICE + 1);
    assert_eq!(world.spi("create-order", &dearer).await["error_code"], 0, "nobody compares");
    world.end().await;

    let world = World::with(json!({ "settings": { "price_field": "pay_amount" } })).await;
    let mut cheaper = purchase("8001", 2);
    cheaper["amount"]["pay_amount"] = json!(15_000);
    assert_eq!(world.spi("create-order", &cheaper).await["error_code"], 23, "the field is configured");
    world.end().await;
}

/// N = 2 and 26 June: from 26 to 28 June, inclusive (the rule's own example).
pub async fn rule_13_same_day_or_n_days_after() {
    let world = World::new().await;
    world.dates(&["2026-06-26"]).await;
    let reserved = async |bought: &str, order: &str| {
        world.buy(bought, 1).await;
        let ours = world.reserve(order, bought, 1, "2026-06-26").await;
        world.issued(order, 1).await;
        ours
    };
    let same_day = reserved("8001", "9001").await;
    let mut longer = play::ticket();
    longer["validity"] = json!({ "on": "days_after_visit", "days": 2 });
    world.post("/catalogue", json!({ "entries": [{ "product": longer }] })).await.ok();
    let (first, last) = (reserved("8002", "9002").await, reserved("8003", "9003").await);
    world.at(67, 0).await;
    world.redeem(&first).await.ok();
    world.at(68, 0).await;
    world.redeem(&same_day).await.refused(409);
    world.at(70, -1).await;
    world.redeem(&last).await.ok();
    world.end().await;

    let world = World::new().await;
    let mut longer = play::ticket();
    longer["validity"] = json!({ "on": "days_after_visit", "days": 2 });
    world.post("/catalogue", json!({ "entries": [{ "product": longer }] })).await.ok();
    world.dates(&["2026-06-26"]).await;
    world.buy("8001", 1).await;
    let late = world.reserve("9001", "8001", 1, "2026-06-26").await;
    world.issued("9001", 1).await;
    world.at(70, 0).await;
    world.redeem(&late).await.refused(409);
    world.end().await;
}

/// The seven documents of the list pass, the foreign passport does not; each fault of a guest has its own number.
pub async fn rule_14_seven_documents() {
    let world = World::new().await;
    let mut every = play::ticket();
    every["guests"] = json!({ "collect": "every_guest", "name": true, "phone": true,
        "documents": ["identity_card", "hong_kong_macau_permit", "taiwan_permit", "home_return_permit",
            "taiwan_compatriot_permit", "passport", "permanent_residence"] });
    world.post("/catalogue", json!({ "entries": [{ "product": every }] })).await.ok();
    let asked = async |at: i64, guests: Value| {
        let (bought, order) = (format!("80{at}"), format!("90{at}"));
        let count = guests.as_array().map_or(1, |all| all.len().max(1)) as i64;
        world.buy(&bought, count).await;
        let mut body = reservation(&order, &bought, count, DAY);
        body["tourists"] = guests;
        world.spi("create-order", &body).await["error_code"].clone()
    };
    let with = |kind: i64, number: &str| json!({ "name": "林小满", "phone": PHONE, "license_type": kind, "license_id": number });
    let numbers = [
        (1, play::CARD),
        (2, "C12345678"),
        (3, "T12345678"),
        (4, "H12345678"),
        (5, "12345678"),
        (6, "E12345678"),
        (8, "ABC110101199003"),
    ];
    for (kind, number) in numbers {
        assert_eq!(asked(kind, json!([with(kind, number)])).await, 0, "document {kind}");
    }
    assert_eq!(asked(7, json!([with(7, "X1234567")])).await, 20, "a foreign passport is not on the list");
    assert_eq!(asked(11, json!([with(1, "110101199003070012")])).await, 20, "the check digit");
    assert_eq!(asked(12, json!([{ "name": "林小满", "phone": PHONE }])).await, 13);
    assert_eq!(asked(13, json!([{ "phone": PHONE, "license_type": 1, "license_id": play::CARD }])).await, 14);
    assert_eq!(asked(14, json!([{ "name": "林小满", "license_type": 1, "license_id": play::CARD }])).await, 12);
    world.buy("8020", 2).await;
    let mut one_of_two = reservation("9020", "8020", 2, DAY);
    one_of_two["tourists"] = json!([guest()]);
    assert_eq!(world.spi("create-order", &one_of_two).await["error_code"], 15);
    // One guest for the whole order, where the product asks for one.
    world.post("/catalogue", json!({ "entries": [{ "product": play::ticket() }] })).await.ok();
    one_of_two["order_id"] = json!("9021");
    assert_eq!(world.spi("create-order", &one_of_two).await["error_code"], 0);
    world.end().await;
}

/// A calendar ticket and the pair draw on one dated stock; a pull by the ticket's own id is answered where that is on.
pub async fn rule_15_one_dated_stock_for_both() {
    let world = World::with(json!({ "settings": { "stock_pull_enabled": true } })).await;
    let mut reserved = play::ticket_sku();
    reserved["buckets"] = json!(["lawn"]);
    let day_ticket = json!({ "id": "DAY1", "product": "entry", "name": "门票", "buckets": ["lawn"],
        "fulfilment": { "by": "own_number" } });
    let sold = json!({ "id": "day", "connection": "park-calendar", "sells": { "one": "DAY1" }, "names": { "sku_out": "DAY1" } });
    world
        .post("/catalogue", json!({ "entries": [{ "sku": reserved }, { "sku": day_ticket }, { "listing": sold }] }))
        .await
        .ok();
    for sku in [TICKET, "DAY1"] {
        let row = json!({ "sku": sku, "dates": [DAY], "retail_minor": 19_900, "settlement_minor": 15_000,
            "stock": { "limited": 3 } });
        world.post("/calendar", json!({ "rows": [row] })).await.ok();
    }
    let ticket = json!({ "account_id": "70002", "order_id": "7001", "sku_id": "18", "sku_out_id": "DAY1", "count": 2, "biz_type": 2,
        "book_start_day": DAY, "book_end_day": DAY, "create_order_time_unix": 1_776_650_400,
        "amount": { "origin_amount": 39_800, "pay_amount": 39_800 }, "buyer": guest(), "tourists": [guest()],
        "item_order_infos": [{ "item_order_id": "1" }, { "item_order_id": "2" }] });
    let said = world.spi("create-order", &ticket).await;
    assert_eq!(said["error_code"], 0, "{said}");
    assert_eq!(world.left("lawn", Some(DAY)).await, 1);
    assert_eq!(
        (world.can_reserve(DAY, 1).await, world.can_reserve(DAY, 2).await),
        (0, 1),
        "one is left for the pair, too"
    );
    world.buy("8001", 1).await;
    world.reserve("9001", "8001", 1, DAY).await;
    assert_eq!(world.left("lawn", Some(DAY)).await, 0);
    let mut more = ticket.clone();
    (more["order_id"], more["count"]) = (json!("7002"), json!(1));
    more["amount"] = json!({ "origin_amount": 19_900, "pay_amount": 19_900 });
    assert_eq!(world.spi("create-order", &more).await["error_code"], 1, "and the reverse");
    let pull = json!({ "account_id": "70001", "product_out_id": TICKET, "start_date": DAY, "end_date": DAY });
    let told = world.spi("pull-calendar", &pull).await;
    let calendar = &told["ticket_sku_and_calendar"][0];
    assert_eq!(calendar["calendar_list"][0]["stock_qty"], 0, "{told}");
    world.end().await;

    let world = World::new().await;
    let told = world.spi("pull-calendar", &pull).await;
    assert_ne!(told["error_code"], 0, "off unless it is configured: {told}");
    world.end().await;
}

/// Dates that change later are for those who buy later.
pub async fn rule_16_old_orders_keep_their_dates() {
    let world = World::new().await;
    world.buy("8001", 1).await;
    let mut shorter = play::voucher();
    shorter["validity"]["to"] = json!("2026-04-30");
    world.post("/catalogue", json!({ "entries": [{ "product": shorter }] })).await.ok();
    world.buy("8002", 1).await;
    let said = world.spi("create-order", &reservation("9002", "8002", 1, DAY)).await;
    assert_eq!(said["error_code"], 4, "{said}");
    world.reserve("9001", "8001", 1, DAY).await;
    world.end().await;
}

/// Today is day 1; day 90 is the last (18 July), and tomorrow it is the next.
pub async fn rule_17_ninety_days() {
    let world = World::new().await;
    world.dates(&["2026-07-18", "2026-07-19", "2026-05-19", "2026-05-20"]).await;
    for (at, day, code) in [(1, "2026-07-18", 0), (2, "2026-07-19", 4)] {
        assert_eq!(world.can_reserve(day, 1).await, code, "{day}");
        let bought = format!("80{at}");
        world.buy(&bought, 1).await;
        let said = world.spi("create-order", &reservation(&format!("90{at}"), &bought, 1, day)).await;
        assert_eq!(said["error_code"], code, "{day}: {said}");
    }
    world.at(1, 0).await;
    assert_eq!(world.can_reserve("2026-07-19", 1).await, 0, "a day later it is day 90");
    world.at(0, 36_000).await;
    let mut month = play::voucher();
    month["reservation"] = json!({ "window_days": 30 });
    world.post("/catalogue", json!({ "entries": [{ "product": month }] })).await.ok();
    world.buy("8010", 1).await;
    let said = world.spi("create-order", &reservation("9010", "8010", 1, "2026-05-20")).await;
    assert_eq!(said["error_code"], 4, "day 31 of 30");
    world.reserve("9011", "8010", 1, "2026-05-19").await;
    world.end().await;
}

/// Today's reservation until noon, and none after the last day.
pub async fn rule_18_todays_reservation_until_noon() {
    let world = World::new().await;
    let row = json!({ "sku": TICKET, "dates": [DAY], "retail_minor": 19_900, "settlement_minor": 15_000,
        "close": { "days_before": 0, "minute_of_day": 720 } });
    world.post("/calendar", json!({ "rows": [row] })).await.ok();
    world.buy("8001", 1).await;
    world.buy("8002", 1).await;
    world.at(11, 43_199).await;
    assert_eq!(world.can_reserve(DAY, 1).await, 0, "11:59:59");
    world.reserve("9001", "8001", 1, DAY).await;
    world.at(11, 43_200).await;
    assert_eq!(world.can_reserve(DAY, 1).await, 4, "12:00");
    let said = world.spi("create-order", &reservation("9002", "8002", 1, DAY)).await;
    assert_eq!(said["error_code"], 4, "{said}");
    world.dates(&["2026-10-01"]).await;
    world.at(163, 0).await;
    let said = world.spi("create-order", &reservation("9003", "8002", 1, "2026-10-01")).await;
    assert_ne!(said["error_code"], 0, "the reservation period is over: {said}");
    world.end().await;
}

/// A number is shown as a QR code where Laike shows those, and nothing else goes out beside it.
pub async fn rule_19_only_what_laike_ticked_is_shown() {
    let world = World::with(json!({ "settings": { "shown": ["qr_code"], "code_as": "qr_code" } })).await;
    world.buy("8001", 1).await;
    world.reserve("9001", "8001", 1, DAY).await;
    let entrance = world.issued("9001", 1).await["vouchers"][0]["entrance"].take();
    assert_eq!(entrance["qrcodes"], json!(["gate-0000"]));
    for other in ["certificate_nos", "urls", "credentials", "gmcode_imgs"] {
        assert!(entrance.get(other).is_none(), "{entrance}");
    }
    world.end().await;

    let world = World::with(json!({ "settings": { "shown": ["document"] } })).await;
    world.buy("8001", 1).await;
    world.reserve("9001", "8001", 1, DAY).await;
    let said = world.spi("issue-certificate", &issue("9001", 1)).await;
    assert_eq!(
        (&said["error_code"], said.get("vouchers")),
        (&json!(100), None),
        "no code of a kind that is not ticked"
    );
    world.end().await;
}

//! What a channel is told and asked beside its orders, and the walk through what both sides must agree.

use std::sync::Arc;

use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::plugin::Plugin;
use entrepot_domain::venue;
use serde_json::{Value, json};

use crate::house::{House, everywhere, everywhere_beside};
use crate::market::{Market, MarketPlugin, configured};

/// Runs a test with a market beside the demo's channels.
pub async fn with_market(more: Value, test: impl AsyncFn(&House, &Market)) {
    let made = std::sync::Mutex::new(Arc::new(Market::default()));
    let plugins = || {
        let market = Arc::new(Market::default());
        *made.lock().unwrap() = market.clone();
        vec![Arc::new(MarketPlugin(market)) as Arc<dyn Plugin>]
    };
    everywhere_beside(configured(more), &plugins, async |house| {
        let market = made.lock().unwrap().clone();
        house.furnish().await;
        for sku in ["boat", "swan"] {
            let listing = json!({ "connection": "lakeside-market", "sells": { "one": sku },
                "names": { "product_out": "lake", "sku_out": sku } });
            house.put(&format!("/merchants/lakeside/listings/market-{sku}"), listing).await.ok();
        }
        test(house, &market).await;
    })
    .await;
}

/// A date within what the market wants to know.
async fn price_of_tomorrow(house: &House) {
    let today = venue::today(venue::zone("Asia/Shanghai").unwrap(), house.app.engine.now()).unwrap();
    let row = json!({ "sku": "boat", "dates": [today.plus_days(1).unwrap()], "retail_minor": 10_000,
        "settlement_minor": 8_000, "stock": { "limited": 50 } });
    house.post("/merchants/lakeside/calendar", json!({ "rows": [row] })).await.ok();
}

fn at(what: &str) -> String {
    format!("/connections/lakeside-market/{what}")
}

/// The lines of a report's section: verdict and what each is about.
pub fn lines<'a>(report: &'a Value, section: &str) -> Vec<(&'a str, &'a str)> {
    let sections = report["sections"].as_array().unwrap();
    let found = sections.iter().find(|one| one["name"] == section).unwrap_or_else(|| panic!("no {section}: {report}"));
    let line = |line: &'a Value| (line["verdict"].as_str().unwrap(), line["about"].as_str().unwrap());
    found["lines"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calendars_and_products_are_told_again_when_a_person_asks() {
    let more = json!({ "calendar": { "every_s": 1 }, "products": "asked" });
    with_market(more, async |house, market| {
        for (what, notice) in [("calendar-tellings", "calendar"), ("product-tellings", "product")] {
            let path = at(what);
            let standing = house.get(&path).await.ok();
            assert_eq!((&standing["able"], &standing["products"][0]["product"]), (&json!(true), &json!("lake")));
            let before = market.told.borrow().iter().filter(|one| **one == notice).count();
            let asked = house.post(&path, json!({ "product": "lake" })).await.ok();
            assert_eq!(asked, json!({ "connection": "lakeside-market", "products": 1 }));
            if what == "calendar-tellings" {
                price_of_tomorrow(house).await;
            }
            market.until_told(notice, before + 1).await;
            assert_eq!(house.post(&path, json!({})).await.ok()["products"], 1);
            let told = house.post(&path, json!({ "product": "sea" })).await.problem(404, "not_found");
            assert!(told["detail"].as_str().unwrap().contains("there are: lake"), "{told}");
            house.post(&path, json!({ "produce": "lake" })).await.problem(400, "malformed");
            let reader = house.token(json!({ "name": what, "role": "read_only", "merchant": "lakeside" })).await;
            house.with(&reader, "POST", &path, Some(&json!({}))).await.problem(403, "forbidden");
            house.with(&reader, "GET", &path, None).await.ok();
            let other = house.token(json!({ "name": notice, "role": "operator", "merchant": "hilltop" })).await;
            house.with(&other, "GET", &path, None).await.problem(403, "forbidden");
        }
        let acts: Vec<String> = house.audit().await.into_iter().map(|line| line.act).collect();
        assert_eq!(acts.iter().filter(|act| *act == "had products told").count(), 2, "{acts:?}");
        assert_eq!(acts.iter().filter(|act| *act == "had prices and stock told again").count(), 2);
        house.post(&at("catch-up"), json!({})).await.ok();
        let following = house.get(&at("catch-up")).await.ok();
        assert_eq!((&following["every_s"], &following["able"]), (&json!(300), &json!(true)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_off_or_cannot_be_says_what_to_do() {
    with_market(json!({ "catch_up_s": 0 }), async |house, _| {
        for what in ["calendar-tellings", "product-tellings", "catch-up"] {
            let told = house.post(&at(what), json!({})).await.problem(409, "off");
            assert!(
                told["detail"].as_str().unwrap().contains("[merchants.lakeside.channels.lakeside-market]"),
                "{told}"
            );
            house.post(&format!("/connections/lakeside-pool/{what}"), json!({})).await.problem(409, "unsupported");
            house.post(&format!("/connections/nobody/{what}"), json!({})).await.problem(404, "not_found");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_is_compared_when_a_person_asks() {
    with_market(json!({}), async |house, _| {
        let path = "/merchants/lakeside/reconciliations";
        let wanted = |day: &str| json!({ "connection": "lakeside-market", "day": day });
        let asked = house.post(path, wanted("2026-10-01")).await.ok();
        assert_eq!(asked["standing"], "wanted");
        let one = house.get(&format!("{path}/lakeside-market/2026-10-01")).await.ok();
        assert_eq!((&one["by"], &one["connection"]), (&json!("console"), &json!("lakeside-market")));
        let listed = house.get(&format!("{path}?connection=lakeside-market")).await.ok();
        assert_eq!(listed["reconciliations"][0]["day"], "2026-10-01");
        house.get(&format!("{path}/lakeside-market/2026-10-02")).await.problem(404, "not_found");
        house.get(&format!("{path}/hilltop-douyin/2026-10-01")).await.problem(404, "not_found");
        house.post(path, wanted("2099-10-01")).await.problem(400, "malformed");
        house.post(path, wanted("soon")).await.problem(400, "malformed");
        let pool = json!({ "connection": "lakeside-pool", "day": "2026-10-01" });
        house.post(path, pool).await.problem(404, "not_found");
        let lines = house.audit().await;
        let line = lines.iter().find(|line| line.act == "had a day compared").unwrap();
        assert!(line.subject == "lakeside-market" && line.detail.starts_with("2026-10-01"), "{line:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_walked_through() {
    with_market(json!({}), async |house, market| {
        market.knows("boat", true);
        *market.shops.lock().unwrap() = vec!["71001"];
        let sign = [("sign", "good"), ("content-type", "application/json")];
        house.raw("POST", "/in/fair/hello", &sign, b"{}".to_vec()).await.ok();
        let report = house.get(&at("check")).await.ok();
        assert_eq!(lines(&report, "plugin"), [("ok", "market"), ("ok", "first call"), ("by_hand", "account_id")]);
        assert_eq!(lines(&report, "scopes"), [("by_hand", "trade.create"), ("by_hand", "trade.extra")]);
        assert_eq!(lines(&report, "scenes"), [("ok", "market.hello"), ("not_known", "market.create")]);
        assert!(report.to_string().contains("log-4711") && report.to_string().contains("/in/fair/create"), "{report}");
        let products = lines(&report, "products");
        assert_eq!(products[..2], [("ok", "market-boat"), ("wrong", "market-swan")], "{report}");
        let calendar = lines(&report, "calendar");
        assert_eq!(calendar[1..], [("wrong", "market-boat"), ("wrong", "market-swan")], "no price in sight");
        assert_eq!(lines(&report, "shops"), [("ok", "71001"), ("wrong", "71002")]);
        assert!(lines(&report, "settings").contains(&("by_hand", "mode")));
        assert!(!report.to_string().contains("9137"), "a secret is never shown: {report}");
        assert_eq!(lines(&report, "followed").len(), 2);
        assert_eq!(report["wrong"], 4);
        for section in report["sections"].as_array().unwrap() {
            for line in section["lines"].as_array().unwrap() {
                assert!(line["text"]["zh"].is_string() && line["text"]["en"].is_string(), "{line}");
                assert!(line["verdict"] != "wrong" || line["advice"]["en"].is_string(), "{line}");
            }
        }

        *market.fault.lock().unwrap() = Some(Fault::not_done(FaultKind::Unauthenticated, "who are you"));
        let report = house.get(&at("check")).await.ok();
        assert_eq!(lines(&report, "plugin")[1], ("wrong", "first call"));
        assert_eq!(lines(&report, "products")[..2], [("wrong", "market-boat"), ("not_known", "market-swan")]);
        assert_eq!(lines(&report, "shops"), [("not_known", "merchants.lakeside.channels.lakeside-market.shop_ids")]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suppliers_and_other_peoples_connections_are_looked_through_as_far_as_may_be() {
    everywhere(async |house| {
        let report = house.get("/connections/lakeside-pool/check").await.ok();
        assert_eq!(lines(&report, "plugin"), [("ok", "code-pool"), ("ok", "first call")]);
        assert_eq!(report["wrong"], 0);
        let other = house.token(json!({ "name": "h", "role": "read_only", "merchant": "hilltop" })).await;
        house.with(&other, "GET", "/connections/lakeside-pool/check", None).await.problem(403, "forbidden");
        house.with(&other, "GET", "/connections/nobody/check", None).await.problem(404, "not_found");
        house.with(&other, "GET", "/connections/hilltop-pool/check", None).await.ok();
    })
    .await;
}

//! What the platform is told and asked beside its orders: prices and stock, products, what was missed, and the bill.

use std::time::Duration;

use chrono::{Days, NaiveDate};
use douyin_simulator::LaikeProduct;
use serde_json::{Value, json};

use entrepot_journeys::databases;
use entrepot_journeys::office::Offer;
use entrepot_journeys::program;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until_within;

const CONNECTION: &str = "lakeside-douyin";
const SOON: Duration = Duration::from_secs(30);

fn told() -> Value {
    let settings = json!({ "order_mode": "before_payment", "publish_mode": "bind" });
    let channel = json!({
        "calendar": { "every_s": 1, "stock_every_s": 1 }, "products": "asked", "catch_up_s": 10, "settings": settings,
    });
    json!({ "merchants": { "lakeside": { "channels": { CONNECTION: channel } } } })
}

fn later(day: &str, days: u64) -> String {
    let day: NaiveDate = day.parse().unwrap();
    day.checked_add_days(Days::new(days)).unwrap().to_string()
}

/// Prices and stock reach the platform, the newest counts, and a thousand changed dates are a few calls.
#[tokio::test]
async fn the_platform_knows_prices_and_stock_without_asking() {
    for given in databases::all().await {
        let stage = Stage::set_with(given, &told()).await;
        let offer = Offer::own_number();
        stage.office.offer(&offer, &stage.day, 10).await;
        let known = || stage.platform.calendar("70001", offer.sku);
        until_within(SOON, "the day at the platform", async || known().get(&stage.day).map(|day| day.stock)).await;
        let calls = stage.platform.calls().len();
        let row = |retail: i64| {
            json!({
                "sku": offer.sku, "from": stage.day, "to": later(&stage.day, 49), "retail_minor": retail,
                "settlement_minor": 8_000, "cost_minor": 6_000, "open": true, "stock": { "limited": 30 },
            })
        };
        for retail in [9_100, 9_200, 9_300] {
            stage.office.post("/merchants/lakeside/calendar", row(retail)).await;
        }
        until_within(SOON, "all dates at their newest price", async || {
            let days = known();
            (days.len() == 50 && days.values().all(|day| day.actual_fen == 9_300 && day.stock == 30)).then_some(())
        })
        .await;
        let pushed = stage.platform.calls().len() - calls;
        assert!(pushed <= 4, "{pushed} calls for 150 changes");
        // A sale lowers what the platform offers.
        let purchase = douyin_simulator::Purchase { unit_price_fen: 9_300, ..stage.purchase(&offer, 2) };
        let order = stage.platform.buy(&purchase).await;
        assert!(order.order.is_some(), "{order:?}");
        until_within(SOON, "two less", async || (known()[&stage.day].stock == 28).then_some(())).await;
        let tellings = stage.office.get(&format!("/connections/{CONNECTION}/calendar-tellings")).await;
        assert!(tellings.to_string().contains("DAY"), "{tellings}");
        assert!(stage.platform.violations().is_empty(), "{:?}", stage.platform.violations());
        stage.office.assert_sound().await;
    }
}

/// A product made by hand is found by our ids and put on the shelf; one that is not there is a sentence to act on.
#[tokio::test]
async fn a_product_is_bound_and_put_on_the_shelf() {
    let stage = Stage::set_with(databases::file(), &told()).await;
    let offer = Offer::own_number();
    stage.office.offer(&offer, &stage.day, 10).await;
    let standing = async |wanted: &str| {
        let tellings = stage.office.get(&format!("/connections/{CONNECTION}/product-tellings")).await.to_string();
        tellings.contains(wanted).then_some(())
    };
    let tell = async || stage.office.post(&format!("/connections/{CONNECTION}/product-tellings"), json!({})).await;
    tell().await;
    until_within(SOON, "a no", async || standing("\"refused\"").await).await;
    assert!(stage.office.is_alerted(&["product_refused", "DAY"]).await);
    stage.platform.list_in_laike(LaikeProduct {
        product_out_id: Some(offer.product.to_owned()),
        specifications: vec![(offer.sku.to_owned(), "adult".to_owned())],
        poi_ids: vec!["71001".to_owned()],
        ..LaikeProduct::sample()
    });
    let asked = stage.platform.calls().len();
    tell().await;
    until_within(SOON, "done, or waiting for the review", async || {
        let answered = stage.platform.calls().len() > asked;
        (answered && (standing("\"done\"").await.is_some() || standing("\"waiting\"").await.is_some())).then_some(())
    })
    .await;
}

/// The platform's clock is ten minutes and some seconds behind: what it says happened long enough ago to be mended at
/// once, and not before what was followed already.
#[tokio::test]
async fn what_was_missed_is_found_and_mended() {
    for given in databases::all().await {
        let stage = Stage::set_behind(given, &told(), 610_000).await;
        let offer = Offer::own_number();
        stage.office.offer(&offer, &stage.day, 10).await;
        let bought = stage.platform.buy(&stage.purchase(&offer, 2)).await;
        let order = bought.order.unwrap().order_id;
        stage.platform.set_reachable(false);
        let _ = stage.platform.refund_by_service_unheard(&order, None).await;
        let unheard = stage.platform.buy_unheard(&stage.purchase(&offer, 1)).await;
        stage.platform.set_reachable(true);
        stage.office.post(&format!("/connections/{CONNECTION}/catch-up"), json!({})).await;
        until_within(SOON, "the refund", async || {
            (stage.office.order(&order).await["state"] == "refunded").then_some(())
        })
        .await;
        until_within(SOON, "the missing order", async || {
            stage.office.is_alerted(&["order_missing", &unheard]).await.then_some(())
        })
        .await;
        stage.office.assert_sound().await;
    }
}

/// A day is compared with the platform's orders and bill; what was tampered with is found, exported and settled.
#[tokio::test]
async fn a_day_is_reconciled() {
    for given in databases::all().await {
        let stage = Stage::set_behind(given, &told(), 7_200_000).await;
        let offer = Offer::own_number();
        let now = chrono::Utc::now() - chrono::Duration::hours(2) + chrono::Duration::hours(8);
        let day = now.date_naive().to_string();
        stage.office.offer(&offer, &stage.day, 10).await;
        let mut orders = Vec::new();
        for _ in 0..2 {
            orders.push(stage.platform.buy(&stage.purchase(&offer, 1)).await.order.unwrap().order_id);
        }
        let body = json!({ "connection": CONNECTION, "day": day });
        stage.office.post("/merchants/lakeside/reconciliations", body.clone()).await;
        let compared = async |wanted: &str| {
            let path = format!("/merchants/lakeside/reconciliations/{CONNECTION}/{day}");
            let (status, answer) = stage.office.ask("GET", &path, None).await;
            (status == 200 && answer.to_string().contains(wanted)).then_some(answer)
        };
        let done = until_within(SOON, "the comparison", async || compared("\"done\"").await).await;
        assert!(done["differences"].as_u64().is_some(), "{done}");
        // Somebody redeems by hand at the platform, without the gate.
        stage.platform.redeem_in_laike(&orders[0], &[0]).unwrap();
        stage.office.post("/merchants/lakeside/reconciliations", body).await;
        let path = format!("/merchants/lakeside/differences?connection={CONNECTION}");
        let found = until_within(SOON, "the difference", async || {
            let found = stage.office.get(&path).await;
            let rows =
                found.as_array().cloned().or_else(|| found["differences"].as_array().cloned()).unwrap_or_default();
            rows.into_iter().find(|row| row["subject"] == orders[0].as_str())
        })
        .await;
        assert!(found["kind"] == "units" || found["kind"] == "state", "{found}");
        let csv =
            program::finish(stage.command(&["differences", "--merchant", "lakeside", "--format", "csv"]), "").done();
        assert!(csv.contains(&orders[0]) && !csv.contains(&orders[1]), "{csv}");
        stage.office.assert_sound().await;
    }
}

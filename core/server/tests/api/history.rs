//! What people changed: who, when, before and after; and ends of sales, which are a change like others.

use serde_json::{Value, json};

use crate::house::{DAY, House, everywhere};

async fn lines(house: &House, query: &str) -> Vec<Value> {
    let found = house.get(&format!("/merchants/lakeside/history?{query}")).await.ok();
    found["history"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_keeps_what_was_there_before() {
    everywhere(async |house| {
        house.furnish().await;
        let desk = house.token(json!({ "name": "desk", "role": "operator", "merchant": "lakeside" })).await;
        let row = json!({ "sku": "boat", "dates": [DAY, "2099-10-02"], "retail_minor": 7, "settlement_minor": 5,
            "stock": { "limited": 60 } });
        house.with(&desk, "POST", "/merchants/lakeside/calendar", Some(&row)).await.ok();
        let cell = json!({ "rows": [{ "bucket": "boat", "date": DAY, "add": 1 }] });
        house.post("/merchants/lakeside/stock", cell).await.ok();

        let found = lines(house, "kind=calendar&subject=boat").await;
        assert_eq!((found.len(), &found[0]["by"]), (2, &json!("desk")));
        assert_eq!(found[0]["dates"], json!([DAY, "2099-10-02"]));
        let first = &found[0]["cells"][0];
        let prices = (&first["before"]["retail"]["amount_minor"], &first["after"]["retail"]["amount_minor"]);
        assert_eq!(prices, (&json!(10_000), &json!(7)));
        assert_eq!(found[0]["cells"][1]["before"], Value::Null);
        assert_eq!(lines(house, "kind=calendar&subject=boat&date=2099-10-02").await.len(), 1);

        let found = lines(house, &format!("kind=stock&subject=boat&date={DAY}")).await;
        let ends: Vec<&Value> = found.iter().map(|line| &line["cells"][0]["after"]).collect();
        assert_eq!(ends, [&json!({ "limited": 61 }), &json!({ "limited": 60 }), &json!({ "limited": 50 })]);
        let page = lines(house, "kind=stock&subject=boat&limit=1").await;
        let rest = lines(house, &format!("kind=stock&subject=boat&before={}", page[0]["seq"])).await;
        assert_eq!((page.len(), rest.len()), (1, 2));

        assert_eq!(lines(house, "kind=credit_limit&subject=bluebird").await[0]["by"], "console");
        assert_eq!(lines(house, "kind=catalogue&subject=sku/boat").await.len(), 1);
        for query in ["", "kind=calendar", "kind=prices&subject=boat", "kind=stock&subject=boat&before=x"] {
            house.get(&format!("/merchants/lakeside/history?{query}")).await.problem(400, "malformed");
        }
        let other = house.token(json!({ "name": "hill", "role": "operator", "merchant": "hilltop" })).await;
        let path = "/merchants/lakeside/history?kind=stock&subject=boat";
        house.with(&other, "GET", path, None).await.refused();
        assert!(house.get(&path.replace("lakeside", "hilltop")).await.ok()["history"] == json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_of_sales_stands_until_it_is_lifted() {
    everywhere(async |house| {
        house.furnish().await;
        let path = "/merchants/lakeside/stop-sales/fog";
        let stop = json!({ "sku": "boat", "from": DAY, "to": DAY, "reason": "fog" });
        house.put(path, stop.clone()).await.ok();
        assert_eq!(house.get(path).await.ok()["reason"], "fog");
        let mut lifted = stop;
        lifted["lifted"] = json!(true);
        house.put(path, lifted).await.ok();
        house.get(path).await.problem(404, "not_found");
        assert_eq!(house.get("/merchants/lakeside/catalogue").await.ok()["stop_sales"], json!([]));
        let found = lines(house, "kind=catalogue&subject=stop_sale/fog").await;
        assert_eq!((found.len(), &found[1]["cells"][0]["before"]), (2, &Value::Null));
        let odd = json!({ "sku": "ghost", "reason": "fog" });
        house.put(path, odd).await.refused();
    })
    .await;
}

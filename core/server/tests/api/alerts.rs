//! Alerts: those that stand, and those whose cause is gone.

use serde_json::{Value, json};

use crate::house::{House, everywhere};

async fn alerts(house: &House, query: &str) -> Vec<Value> {
    house.get(&format!("/alerts{query}")).await.ok()["alerts"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_low_credit_is_told_once_and_resolved() {
    everywhere(async |house| {
        house.furnish().await;
        let least = json!({ "name": "Bluebird", "warn_below_minor": 990_000 });
        house.put("/merchants/lakeside/distributors/bluebird", least).await.ok();
        house.sell("1001", "boat", 2).await;
        let standing = alerts(house, "").await;
        let low = standing.iter().find(|alert| alert["kind"] == "credit_low").unwrap_or_else(|| panic!("{standing:?}"));
        assert_eq!((&low["level"], &low["subject"]), (&json!("warning"), &json!("bluebird")));
        assert_eq!((&low["title_zh"], &low["resolved_at"]), (&json!("分销商额度不足"), &Value::Null));

        let path = "/merchants/lakeside/distributors/bluebird/top-ups";
        house.post(path, json!({ "amount_minor": 50_000 })).await.ok();
        let gone = |alerts: &[Value]| alerts.iter().find(|alert| alert["kind"] == "credit_low").cloned();
        assert_eq!(gone(&alerts(house, "").await), None);
        assert_eq!(gone(&alerts(house, "?resolved=false").await), None);
        let found = gone(&alerts(house, "?resolved=true").await).unwrap();
        assert!(found["resolved_at"].is_string(), "{found}");
        house.get("/alerts?resolved=perhaps").await.problem(400, "malformed");
    })
    .await;
}

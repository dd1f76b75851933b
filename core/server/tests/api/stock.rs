//! Stock by bucket: slots and shares are shown, corrections are all or none.

use serde_json::{Value, json};

use crate::house::{DAY, House, everywhere};

const PATH: &str = "/merchants/lakeside/stock";

async fn cells(house: &House, query: &str) -> Vec<Value> {
    house.get(&format!("{PATH}{query}")).await.ok()["cells"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_and_shares_are_shown() {
    everywhere(async |house| {
        house.furnish().await;
        let listing = json!({ "connection": "lakeside-douyin", "sells": { "one": "boat" }, "allotment": "share",
            "names": { "product": "p1", "sku_out": "boat" } });
        house.put("/merchants/lakeside/listings/boat", listing).await.ok();
        let rows = json!({ "rows": [
            { "bucket": "share", "date": DAY, "set": { "limited": 5 } },
            { "bucket": "boat", "date": DAY, "slot": "09:00-11:00", "set": { "limited": 7 } },
            { "bucket": "boat", "date": DAY, "add": -20 },
        ] });
        assert_eq!(house.post(PATH, rows).await.ok()["rows"], 3);
        house.sell("1001", "boat", 2).await;

        let day = format!("from={DAY}&to={DAY}");
        let found = house.get(&format!("{PATH}?{day}")).await.ok();
        assert_eq!(found["buckets"]["share"], json!({ "skus": [], "allotment_of": ["boat"] }));
        assert_eq!(found["buckets"]["boat"]["skus"], json!(["boat"]));
        let shares = cells(house, &format!("?bucket=share&{day}")).await;
        assert_eq!(shares.len(), 1);
        assert_eq!((&shares[0]["sold"], &shares[0]["left"]), (&json!(2), &json!(3)), "the own share is taken first");
        let boats = cells(house, &format!("?bucket=boat&{day}")).await;
        assert_eq!((&boats[0]["slot"], &boats[0]["capacity"]), (&Value::Null, &json!(30)));
        assert_eq!((&boats[1]["slot"], &boats[1]["left"]), (&json!("09:00-11:00"), &json!(7)));
        assert!(cells(house, "").await.is_empty(), "without dates only what has none");
        house.get(&format!("{PATH}?from={DAY}")).await.problem(400, "malformed");
        house.get(&format!("{PATH}?from=2090-01-01&to={DAY}")).await.problem(400, "malformed");
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn corrections_list_every_fault_and_write_all_or_none() {
    everywhere(async |house| {
        house.furnish().await;
        house.sell("1001", "boat", 3).await;
        let before = cells(house, &format!("?from={DAY}&to=2099-12-31")).await;
        let faults = async |rows: Value, status: u16| {
            let got = house.post(PATH, json!({ "rows": rows })).await;
            assert_eq!(got.status, status, "{got:?}");
            got.refused()["faults"].as_array().unwrap().clone()
        };
        let good = json!({ "bucket": "boat", "date": DAY, "set": { "limited": 9 } });
        let form = json!([
            good,
            { "bucket": "boat", "date": DAY },
            { "bucket": "boat", "date": DAY, "add": 1, "set": "unlimited" },
            { "bucket": "boat", "date": "2099-02-30", "add": 1 },
            { "bucket": "boat", "date": DAY, "slot": "", "add": 1 },
            { "bucket": "boat", "date": DAY, "set": { "limited": -1 } },
        ]);
        assert_eq!(faults(form, 422).await.len(), 5);
        let rules = json!([
            good,
            { "bucket": "bath", "date": DAY, "set": "unlimited" },
            { "bucket": "boat", "date": "2099-11-11", "add": 1 },
            { "bucket": "boat", "date": DAY, "add": -10 },
        ]);
        let found = faults(rules, 422).await;
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found[2].as_str().unwrap().starts_with("rows[3]: "), "the row before is counted: {found:#?}");
        let below = faults(json!([good, { "bucket": "boat", "date": DAY, "set": { "limited": 2 } }]), 409).await;
        assert!(below[0].as_str().unwrap().contains("3 are sold"), "{below:?}");
        let many: Vec<&Value> = std::iter::repeat_n(&good, 501).collect();
        for body in [json!({ "rows": [] }), json!({ "rows": many }), json!({ "rows": 5 })] {
            house.post(PATH, body).await.problem(400, "malformed");
        }
        assert_eq!(cells(house, &format!("?from={DAY}&to=2099-12-31")).await, before);

        // A repeat gets its first answer, also where it would be refused by now.
        let lower = json!({ "rows": [{ "bucket": "boat", "date": DAY, "set": { "limited": 4 } }] });
        let first = house.repeat("k", "POST", PATH, &lower).await.ok();
        house.post(PATH, json!({ "rows": [{ "bucket": "boat", "date": DAY, "add": 6 }] })).await.ok();
        house.sell("1002", "boat", 5).await;
        assert_eq!(house.repeat("k", "POST", PATH, &lower).await.ok(), first);
        assert_eq!(cells(house, &format!("?bucket=boat&from={DAY}&to={DAY}")).await[0]["capacity"], 10);
        let reader = house.token(json!({ "name": "eyes", "role": "read_only", "merchant": "lakeside" })).await;
        house.with(&reader, "POST", PATH, Some(&lower)).await.problem(403, "forbidden");
        let line = house.audit().await.into_iter().find(|line| line.act == "corrected stock").unwrap();
        assert_eq!(line.subject, "boat");
        house.check().await;
    })
    .await;
}

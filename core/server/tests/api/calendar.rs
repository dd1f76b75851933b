//! The calendar: ranges, weekdays, what is left out, and stock that is sold already.

use serde_json::{Value, json};

use crate::house::{DAY, House, everywhere};

const PATH: &str = "/merchants/lakeside/calendar";

async fn days(house: &House, sku: &str, from: &str, to: &str) -> Vec<Value> {
    let found = house.get(&format!("{PATH}?sku={sku}&from={from}&to={to}")).await.ok();
    found["days"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_with_weekdays_is_written_and_read_back() {
    everywhere(async |house| {
        house.furnish().await;
        // 2099-11-02 is a Monday.
        let body = json!({
            "sku": "boat", "from": "2099-11-01", "to": "2099-11-30", "weekdays": [6, 7], "dates": ["2099-11-11"],
            "retail_minor": 12_000, "settlement_minor": 9_000, "stock": { "limited": 30 },
            "close": { "days_before": 1, "minute_of_day": 1080 },
        });
        assert_eq!(house.post(PATH, body).await.ok()["rows"], 10);
        let found = days(house, "boat", "2099-11-01", "2099-11-30").await;
        let dates: Vec<&str> = found.iter().map(|day| &day["date"].as_str().unwrap()[8..]).collect();
        assert_eq!(dates, ["01", "07", "08", "11", "14", "15", "21", "22", "28", "29"].as_slice());
        assert_eq!(found[3]["retail_minor"], 12_000);
        assert_eq!(found[3]["open"], true);
        assert_eq!(found[3]["stock"], json!({ "capacity": 30, "held": 0, "sold": 0, "left": 30 }));

        // What is left out stays as it is; null takes the close away.
        let body = json!({ "rows": [
            { "sku": "boat", "from": "2099-11-07", "to": "2099-11-08", "open": false },
            { "sku": "boat", "dates": ["2099-11-08"], "retail_minor": 1, "stock": "unlimited", "close": null },
        ] });
        assert_eq!(house.post(PATH, body).await.ok()["rows"], 2);
        let found = days(house, "boat", "2099-11-07", "2099-11-08").await;
        assert_eq!((&found[0]["retail_minor"], &found[0]["open"]), (&json!(12_000), &json!(false)));
        assert_eq!(found[0]["close"]["minute_of_day"], 1080);
        assert_eq!((&found[1]["retail_minor"], &found[1]["settlement_minor"]), (&json!(1), &json!(9_000)));
        assert_eq!((&found[1]["close"], &found[1]["stock"]["capacity"]), (&Value::Null, &Value::Null));
        assert_eq!(found[1]["open"], false);

        house.get(&format!("{PATH}?sku=boat&from=2099-01-01&to=2100-12-31")).await.problem(400, "malformed");
        house.get(&format!("{PATH}?sku=boat")).await.problem(400, "malformed");
        house.get(&format!("{PATH}?sku=nothing&from={DAY}&to={DAY}")).await.problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_faults_are_listed_and_nothing_is_written() {
    everywhere(async |house| {
        house.furnish().await;
        let before = days(house, "boat", DAY, "2099-12-31").await;
        let good = json!({ "sku": "boat", "dates": [DAY], "retail_minor": 1 });
        let faults = async |rows: Value| {
            let problem = house.post(PATH, json!({ "rows": rows })).await.problem(422, "malformed");
            problem["faults"]
                .as_array()
                .unwrap()
                .iter()
                .map(|fault| fault.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let found = faults(json!([
            good,
            { "sku": "boat", "from": "2099-12-02", "to": "2099-12-01" },
            { "sku": "boat", "dates": ["2099-02-30"] },
            { "sku": "boat", "dates": [DAY], "retail_minor": -5 },
            { "sku": "boat", "dates": [DAY], "weekdays": [8] },
            { "sku": "boat", "dates": [DAY], "price": 5 },
            { "sku": "boat", "dates": [DAY], "stock": { "limited": -1 } },
            { "sku": "boat", "dates": [DAY], "close": { "days_before": 0, "minute_of_day": 1441 } },
            { "sku": "boat", "dates": ["9999-01-01"] },
        ]))
        .await;
        assert_eq!(found.len(), 9, "{found:#?}");
        assert!(found.iter().all(|fault| fault.starts_with("rows[")));
        let found = faults(json!([
            good,
            { "sku": "ghost", "dates": [DAY] },
            { "sku": "boat" },
            { "sku": "boat", "dates": ["2099-12-01"], "retail_minor": 5 },
            { "sku": "boat", "dates": [DAY], "currency": "USD", "retail_minor": 5 },
            { "sku": "boat", "dates": [DAY], "stock": "unlimited", "bucket": "bath" },
        ]))
        .await;
        assert_eq!(found.len(), 5, "{found:#?}");
        assert!(found[2].contains("boat on 2099-12-01 is new: settlement_minor is needed"), "{found:#?}");
        let found = faults(json!([
            { "sku": "boat", "dates": ["2099-12-01"], "retail_minor": 5, "settlement_minor": 5 },
        ]))
        .await;
        assert!(found[0].contains("boat on 2099-12-01 is new: stock is needed"), "{found:#?}");
        for body in [json!({}), json!({ "rows": [] }), json!({ "rows": {} }), json!({ "sku": "boat", "from": DAY })] {
            house.post(PATH, body).await.refused();
        }
        assert_eq!(days(house, "boat", DAY, "2099-12-31").await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_never_falls_below_what_is_sold() {
    everywhere(async |house| {
        house.furnish().await;
        house.sell("1001", "boat", 3).await;
        let lower = |to: u32| json!({ "sku": "boat", "dates": [DAY], "stock": { "limited": to } });
        let problem = house.post(PATH, lower(2)).await.problem(409, "state_forbids");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("cannot become 2") && detail.contains("3 are sold"), "{detail}");
        assert_eq!(days(house, "boat", DAY, DAY).await[0]["stock"]["capacity"], 50);

        let first = house.repeat("lower", "POST", PATH, &lower(4)).await.ok();
        assert_eq!(days(house, "boat", DAY, DAY).await[0]["stock"]["left"], 1);
        house.sell("1002", "boat", 1).await;
        assert_eq!(days(house, "boat", DAY, DAY).await[0]["stock"]["left"], 0);
        // Later writes do not change what an old key is answered, nor does the old key change what is there.
        house.post(PATH, lower(60)).await.ok();
        house.post(PATH, json!({ "sku": "boat", "dates": [DAY], "retail_minor": 77 })).await.ok();
        assert_eq!(house.repeat("lower", "POST", PATH, &lower(4)).await.ok(), first);
        house.repeat("lower", "POST", PATH, &lower(5)).await.problem(409, "key_conflict");
        let day = days(house, "boat", DAY, DAY).await[0].clone();
        assert_eq!((&day["stock"]["capacity"], &day["retail_minor"]), (&json!(60), &json!(77)));
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_writes_go_in_chunks_and_too_long_ones_not_at_all() {
    everywhere(async |house| {
        house.furnish().await;
        let year = |from: &str, to: &str| {
            json!({ "sku": "boat", "from": from, "to": to, "retail_minor": 1, "settlement_minor": 1, "stock": "unlimited" })
        };
        let body = year("2090-01-01", "2093-12-31");
        let first = house.repeat("long", "POST", PATH, &body).await.ok();
        assert_eq!(first["rows"], 1461);
        assert_eq!(house.repeat("long", "POST", PATH, &body).await.ok(), first);
        assert_eq!(days(house, "boat", "2092-01-01", "2092-12-31").await.len(), 366);
        house.repeat("long", "POST", PATH, &year("2090-01-01", "2093-12-30")).await.problem(409, "key_conflict");
        let all = year("2026-01-01", "2100-12-31");
        let problem = house.post(PATH, json!({ "rows": [all] })).await.problem(422, "malformed");
        assert!(problem["detail"].as_str().unwrap().contains("20000 cells"));
        let line = house.audit().await.into_iter().find(|line| line.act == "wrote the calendar").unwrap();
        assert_eq!(line.subject, "boat");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sold_without_a_date_has_one_row() {
    everywhere(async |house| {
        let product = json!({ "kind": "presale_voucher", "name": "Nights", "on_sale": true });
        house.put("/merchants/lakeside/products/nights", product).await.ok();
        let sku = json!({ "product": "nights", "name": "Two", "fulfilment": { "by": "nothing" } });
        house.put("/merchants/lakeside/skus/two", sku).await.ok();
        let row = json!({ "sku": "two", "retail_minor": 9, "settlement_minor": 8, "stock": { "limited": 7 } });
        assert_eq!(house.post(PATH, row.clone()).await.ok()["rows"], 1);
        let found = house.get(&format!("{PATH}?sku=two")).await.ok();
        assert_eq!(found["days"][0]["date"], Value::Null);
        assert_eq!(found["days"][0]["stock"]["left"], 7);
        let mut dated = row;
        dated["dates"] = json!([DAY]);
        house.post(PATH, dated).await.problem(422, "malformed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sku_of_several_buckets_says_whose_stock_is_meant() {
    everywhere(async |house| {
        house.furnish().await;
        let sku = json!({ "product": "lake", "name": "Ferry", "buckets": ["own", "common"], "fulfilment": { "by": "own_number" } });
        house.put("/merchants/lakeside/skus/ferry", sku).await.ok();
        let row = |bucket: Option<&str>, stock: u32| {
            json!({ "sku": "ferry", "dates": [DAY], "retail_minor": 2, "settlement_minor": 1,
                "stock": { "limited": stock }, "bucket": bucket })
        };
        house.post(PATH, row(None, 5)).await.problem(422, "malformed");
        house.post(PATH, json!({ "rows": [row(Some("own"), 5), row(Some("common"), 9)] })).await.ok();
        let day = days(house, "ferry", DAY, DAY).await[0].clone();
        assert_eq!((&day["stock"], &day["buckets"]["own"]["left"]), (&Value::Null, &json!(5)));
        assert_eq!(day["buckets"]["common"]["left"], 9);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_rows_are_all_listed_and_skipped_where_that_is_asked_for() {
    everywhere(async |house| {
        house.furnish().await;
        // 20000 rows of 25 SKUs, one in a hundred bad in one of four ways.
        let sku = |n: usize| json!({ "sku": { "id": format!("b{n}"), "product": "lake", "name": "b", "fulfilment": { "by": "own_number" } } });
        let entries: Vec<Value> = (0..25).map(sku).collect();
        house.post("/merchants/lakeside/catalogue", json!({ "entries": entries })).await.ok();
        let first: chrono::NaiveDate = "2090-01-01".parse().unwrap();
        let rows: Vec<Value> = (0..20_000)
            .map(|n: usize| {
                let date = first + chrono::Days::new(u64::try_from(n / 25).unwrap());
                let row = |price: i64| {
                    json!({ "sku": format!("b{}", n % 25), "dates": [date.to_string()], "retail_minor": price,
                        "settlement_minor": 5, "stock": { "limited": 9 } })
                };
                match n % 400 {
                    50 => row(-1),
                    150 => json!({ "sku": "ghost", "dates": [date.to_string()], "retail_minor": 9 }),
                    250 => json!({ "sku": "b0", "dates": [date.to_string()], "retail_minor": 9, "price": 1 }),
                    350 => json!({ "sku": "b0", "dates": ["2099-02-30"] }),
                    _ => row(9),
                }
            })
            .collect();
        let refused = house.post(PATH, json!({ "rows": rows })).await.problem(422, "malformed");
        let faults = refused["faults"].as_array().unwrap();
        assert_eq!(faults.len(), 200, "{}", refused["detail"]);
        assert!(faults[0].as_str().unwrap().starts_with("rows[50]: ") && refused["detail"].as_str().unwrap().contains("200 faults"));
        assert!(days(house, "b1", "2090-01-01", "2090-12-31").await.is_empty(), "nothing was written");

        let body = json!({ "rows": rows, "skip_bad_rows": true });
        let mut dry = body.clone();
        dry["dry_run"] = json!(true);
        let dry = house.post(PATH, dry).await.ok();
        assert_eq!((&dry["rows"], dry["skipped"].as_array().unwrap().len()), (&json!(19_800), 200));
        assert!(days(house, "b1", "2090-01-01", "2090-12-31").await.is_empty(), "a dry run writes nothing");
        let done = house.repeat("long", "POST", PATH, &body).await.ok();
        assert_eq!((&done["rows"], &done["skipped"]), (&json!(19_800), &dry["skipped"]));
        assert_eq!(done["skipped"][0]["place"], "rows[50]");
        assert!(done["skipped"][0]["fault"].as_str().unwrap().contains("found -1"));
        assert_eq!(days(house, "b1", "2090-01-01", "2090-12-31").await.len(), 365);
        assert_eq!(house.repeat("long", "POST", PATH, &body).await.ok(), done);
        let line = house.audit().await.into_iter().find(|line| line.act == "wrote the calendar").unwrap();
        assert!(line.detail.contains("19800 rows, 200 skipped"), "{line:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skipped_row_takes_those_that_lean_on_it_along() {
    everywhere(async |house| {
        house.furnish().await;
        house.sell("1001", "boat", 3).await;
        let body = json!({ "skip_bad_rows": true, "rows": [
            { "sku": "boat", "dates": [DAY], "stock": { "limited": 2 }, "retail_minor": 1 },
            { "sku": "swan", "dates": [DAY], "retail_minor": 77 },
            { "sku": "swan", "dates": ["2099-12-01", "2099-12-02"], "retail_minor": 5, "settlement_minor": 4 },
            { "sku": "swan", "dates": ["2099-12-02"], "open": false },
        ] });
        let done = house.post(PATH, body).await.ok();
        let places: Vec<&str> =
            done["skipped"].as_array().unwrap().iter().map(|bad| bad["place"].as_str().unwrap()).collect();
        assert_eq!(places, ["rows[0]", "rows[2]", "rows[2]", "rows[3]", "rows[3]"], "{done}");
        assert_eq!(done["rows"], 1);
        assert_eq!(days(house, "boat", DAY, DAY).await[0]["retail_minor"], 10_000, "a bad row changes nothing of it");
        assert_eq!(days(house, "swan", DAY, "2099-12-31").await.len(), 1);
        let odd = json!({ "rows": [{ "sku": "swan", "dates": [DAY], "minimum_units": 9, "maximum_units": 2 },
            { "sku": "swan", "dates": [DAY], "currency": "USD", "retail_minor": 5, "settlement_minor": 5 }] });
        let refused = house.post(PATH, odd).await.problem(422, "malformed");
        assert!(refused["faults"][0].as_str().unwrap().contains("more than the most"), "{refused}");
        let none = house.post(PATH, json!({ "skip_bad_rows": true, "rows": [{ "sku": "ghost" }] })).await.ok();
        assert_eq!((&none["rows"], none["skipped"].as_array().unwrap().len()), (&json!(0), 1));
        for flag in [json!("yes"), json!(1), Value::Null] {
            house
                .post(PATH, json!({ "sku": "swan", "dates": [DAY], "open": true, "skip_bad_rows": flag }))
                .await
                .refused();
        }
        house.check().await;
    })
    .await;
}

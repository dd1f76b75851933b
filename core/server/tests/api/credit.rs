//! Credit: top-ups, corrections, limits, and a statement that explains every cent.

use serde_json::{Value, json};

use crate::house::everywhere;

const PATH: &str = "/merchants/lakeside/distributors/bluebird";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_statement_explains_every_cent() {
    everywhere(async |house| {
        house.furnish().await;
        let topped =
            house.post(&format!("{PATH}/top-ups"), json!({ "amount_minor": 50_000, "note": "bank" })).await.ok();
        assert_eq!((&topped["balance_minor"], &topped["available_minor"]), (&json!(50_000), &json!(1_050_000)));
        let order = house.sell("2001", "boat", 2).await;
        let down = json!({ "amount_minor": -1_234, "note": "a window" });
        house.post(&format!("{PATH}/adjustments"), down).await.ok();
        house.record_refund(&order, "2001", "r1").await;

        let statement = house.get(&format!("{PATH}/statement")).await.ok();
        let lines = statement["lines"].as_array().unwrap();
        let mut balance = 0;
        for (line, number) in lines.iter().zip(1..) {
            let amount = line["amount_minor"].as_i64().unwrap();
            balance += if line["to"] == "balance" { amount } else { 0 };
            balance -= if line["from"] == "balance" { amount } else { 0 };
            assert_eq!((&line["sequence"], &line["balance_after_minor"]), (&json!(number), &json!(balance)), "{line}");
        }
        let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["top_up", "hold", "capture", "adjust_down", "refund"]);
        assert_eq!(lines[0]["note"], "bank");
        assert_eq!((&lines[1]["order"], &lines[3]["by"]), (&json!(order), &json!("console")));
        assert_eq!(balance, 50_000 - 1_234);
        assert_eq!(statement["account"]["balance_minor"], balance);

        let page = house.get(&format!("{PATH}/statement?after=2&limit=2")).await.ok();
        let numbers: Vec<&Value> = page["lines"].as_array().unwrap().iter().map(|line| &line["sequence"]).collect();
        assert_eq!(numbers, [&json!(3), &json!(4)]);
        house.check().await;
        let acts: Vec<String> =
            house.audit().await.into_iter().map(|line| format!("{} {}", line.act, line.subject)).collect();
        assert_eq!(&acts[..2], ["corrected a balance bluebird", "topped up bluebird"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_top_up_counts_once() {
    everywhere(async |house| {
        let path = format!("{PATH}/top-ups");
        let body = json!({ "amount_minor": 100 });
        let first = house.repeat("k", "POST", &path, &body).await.ok();
        assert_eq!(house.repeat("k", "POST", &path, &body).await.ok(), first);
        house.repeat("k", "POST", &path, &json!({ "amount_minor": 101 })).await.problem(409, "key_conflict");
        let statement = house.get(&format!("{PATH}/statement")).await.ok();
        assert_eq!(statement["account"]["balance_minor"], 100);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amounts_that_cannot_be_are_refused() {
    everywhere(async |house| {
        let before = house.get(&format!("{PATH}/statement")).await.ok();
        for amount in [json!(0), json!(-1), json!(i64::MAX), json!(1e30), json!("5"), json!(5.5), json!(null)] {
            house.post(&format!("{PATH}/top-ups"), json!({ "amount_minor": amount })).await.refused();
        }
        for amount in [json!(0), json!(i64::MIN), json!(i64::MAX)] {
            let body = json!({ "amount_minor": amount, "note": "x" });
            house.post(&format!("{PATH}/adjustments"), body).await.problem(422, "malformed");
        }
        house.post(&format!("{PATH}/adjustments"), json!({ "amount_minor": 5 })).await.problem(400, "malformed");
        house
            .post(&format!("{PATH}/adjustments"), json!({ "amount_minor": 5, "note": " " }))
            .await
            .problem(422, "malformed");
        let other = json!({ "amount_minor": 5, "currency": "USD" });
        house.post(&format!("{PATH}/top-ups"), other).await.refused();
        house.post(&format!("{PATH}/top-ups"), json!({ "amount_minor": 5, "currency": "cny" })).await.refused();
        house.put(&format!("{PATH}/limit"), json!({ "limit_minor": -1 })).await.problem(422, "malformed");
        house.put(&format!("{PATH}/limit"), json!({ "limit_minor": u64::MAX })).await.refused();
        let nobody = "/merchants/lakeside/distributors/nobody";
        house.post(&format!("{nobody}/top-ups"), json!({ "amount_minor": 5 })).await.problem(404, "not_found");
        house.get(&format!("{nobody}/statement")).await.problem(404, "not_found");
        house.get(&format!("{PATH}/statement?after=x")).await.problem(400, "malformed");
        house.get(&format!("{PATH}/statement?page=2")).await.problem(400, "malformed");
        assert_eq!(house.get(&format!("{PATH}/statement")).await.ok(), before);
        assert_eq!(house.audit().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_moves_money_between_two_distributors() {
    everywhere(async |house| {
        let path = "/merchants/lakeside/transfers";
        let robin = json!({ "name": "Robin", "warn_below_minor": 500 });
        house.put("/merchants/lakeside/distributors/robin", robin).await.ok();
        house.post(&format!("{PATH}/top-ups"), json!({ "amount_minor": 1_000 })).await.ok();
        let body = json!({ "from": "bluebird", "to": "robin", "amount_minor": 400, "note": "for June" });
        let done = house.repeat("k", "POST", path, &body).await.ok();
        let expected =
            json!({ "distributor": "bluebird", "to": "robin", "balance_minor": 600, "available_minor": 600 });
        assert_eq!(done, expected);
        assert_eq!(house.repeat("k", "POST", path, &body).await.ok(), done);
        let found = house.get("/merchants/lakeside/distributors").await.ok();
        let robin = found["distributors"].as_array().unwrap().iter().find(|one| one["id"] == "robin").unwrap();
        assert_eq!((&robin["account"]["balance_minor"], &robin["warn_below_minor"]), (&json!(400), &json!(500)));
        let lines = house.get("/merchants/lakeside/distributors/robin/statement").await.ok();
        assert_eq!(lines["lines"][0]["note"], "bluebird: for June");

        for (body, status) in [
            (json!({ "from": "bluebird", "to": "robin", "amount_minor": 601 }), 409),
            (json!({ "from": "bluebird", "to": "bluebird", "amount_minor": 1 }), 422),
            (json!({ "from": "bluebird", "to": "robin", "amount_minor": 0 }), 422),
            (json!({ "from": "bluebird", "to": "robin", "amount_minor": -5 }), 422),
            (json!({ "from": "bluebird", "to": "nobody", "amount_minor": 1 }), 404),
            (json!({ "from": "nobody", "to": "robin", "amount_minor": 1 }), 404),
        ] {
            let got = house.post(path, body.clone()).await;
            assert_eq!(got.status, status, "{body}: {got:?}");
        }
        let reader = house.token(json!({ "name": "eyes", "role": "read_only", "merchant": "lakeside" })).await;
        house.with(&reader, "POST", path, Some(&body)).await.problem(403, "forbidden");
        let line = house.audit().await.into_iter().find(|line| line.act == "transferred credit").unwrap();
        assert_eq!(line.subject, "bluebird");
        house.check().await;
    })
    .await;
}

//! Code pools: import as CSV and JSON, dry run, duplicates, rows that cannot be codes, void, threshold, alert.

use serde_json::{Value, json};

use crate::house::{House, everywhere};

const CODES: &str = "/merchants/lakeside/pools/swans/codes";

async fn csv(house: &House, query: &str, file: &[u8]) -> Value {
    house.bytes("POST", &format!("{CODES}{query}"), "text/csv; charset=utf-8", file).await.ok()
}

async fn pools(house: &House) -> Value {
    house.get("/merchants/lakeside/pools").await.ok()["pools"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_imported_with_its_faults_row_by_row() {
    everywhere(async |house| {
        let file = b"\xef\xbb\xbfname,code,password\r\nx,AAA-1,\r\nx,\"AAA,\"\"2\"\r\n,,\r\nx,\"AAA,\"\"3\",p\r\nx,AAA-1,\r\nx,\xff\xfe,\r\n";
        let tried = csv(house, "?dry_run=true", file).await;
        assert_eq!(tried["dry_run"], true);
        assert_eq!(pools(house).await, json!([]), "a dry run makes nothing");
        let done = csv(house, "?connection=lakeside-pool", file).await;
        assert_eq!((&done["rows"], &done["added"]), (&json!(6), &json!(2)), "{done}");
        assert_eq!(done["duplicates"], json!({ "in_file": [6], "in_pool": [], "in_other_pool": [] }));
        let refused = done["refused"].as_object().unwrap();
        assert_eq!(refused.keys().collect::<Vec<_>>(), ["3", "4", "7"], "{done}");
        assert_eq!(refused["3"], "expected 3 fields, found 2");
        assert_eq!(done["ignored_columns"], json!(["name"]));
        for name in ["rows", "added", "duplicates", "refused"] {
            assert_eq!(tried[name], done[name], "a dry run tells the truth about {name}");
        }
        assert_eq!(pools(house).await[0]["available"], 2);

        let again = csv(house, "", b"code\nAAA-1\nBBB-1\n").await;
        assert_eq!((&again["added"], &again["duplicates"]["in_pool"]), (&json!(1), &json!([2])));
        let codes = house.get(CODES).await.ok();
        assert_eq!(codes["codes"].as_array().unwrap().len(), 3);
        assert!(!codes.to_string().contains("AAA"), "no code's text leaves");
        for line in house.audit().await {
            assert!(!format!("{line:?}").contains("AAA"), "{line:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_come_as_json_too() {
    everywhere(async |house| {
        let body =
            json!({ "codes": [{ "code": "A" }, { "code": 5 }, { "code": "A" }, { "code": "B", "password": "p" }, 7] });
        let done = house.repeat("k", "POST", CODES, &body).await.ok();
        assert_eq!((&done["added"], &done["duplicates"]["in_file"]), (&json!(2), &json!([3])), "{done}");
        assert_eq!(done["refused"].as_object().unwrap().len(), 2);
        assert_eq!(house.repeat("k", "POST", CODES, &body).await.ok(), done, "the same key gets the same answer");
        assert_eq!(pools(house).await[0]["available"], 2);
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_that_cannot_be_are_refused_whole() {
    everywhere(async |house| {
        let secret = "VERY-SECRET-7";
        for file in ["", "password\nx\n", "VERY-SECRET-7\nx\n"] {
            let problem = house.bytes("POST", CODES, "text/csv", file.as_bytes()).await.problem(400, "malformed");
            assert!(!problem.to_string().contains(secret));
        }
        for body in [
            json!({}),
            json!({ "codes": {} }),
            json!({ "codes": [], "dry_run": "yes" }),
            json!({ "codes": [{ "code": secret }], "extra": 1 }),
            json!({ "codes": [{ "code": secret }], "connection": "lakeside-gate" }),
            json!({ "codes": [{ "code": secret }], "connection": "hilltop-pool" }),
        ] {
            let problem = house.post(CODES, body).await.refused();
            assert!(!problem.to_string().contains(secret), "{problem}");
        }
        house.bytes("POST", CODES, "text/plain", b"code\nx\n").await.problem(415, "unsupported");
        house.bytes("POST", &format!("{CODES}?dry=1"), "text/csv", b"code\nx\n").await.problem(400, "malformed");
        house.post("/merchants/lakeside/pools/a%20b/codes", json!({ "codes": [] })).await.problem(400, "malformed");
        house.get(CODES).await.problem(404, "not_found");
        assert_eq!(pools(house).await, json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_larger_than_other_bodies_are_taken() {
    everywhere(async |house| {
        let mut file = String::from("code,password\n");
        for number in 0..2_000 {
            file.push_str(&format!("{number:0>500},{number:0>200}\n"));
        }
        assert!(file.len() > 1_400_000, "larger than http.body_limit_bytes");
        let done = csv(house, "", file.as_bytes()).await;
        assert_eq!(done["added"], 2_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_voided_and_a_low_pool_raises_an_alert() {
    everywhere(async |house| {
        house.furnish().await;
        csv(house, "", b"code\nA\nB\nC\n").await;
        let codes = house.get(&format!("{CODES}?limit=1")).await.ok();
        let first = codes["codes"][0]["id"].as_str().unwrap().to_owned();
        let rest = house.get(&format!("{CODES}?after={first}")).await.ok();
        assert_eq!(rest["codes"].as_array().unwrap().len(), 2);

        let void = format!("{CODES}/{first}/void");
        assert_eq!(house.repeat("k", "POST", &void, &Value::Null).await.ok()["state"], "void");
        house.repeat("k", "POST", &void, &Value::Null).await.ok();
        house.post(&void, Value::Null).await.problem(409, "state_forbids");
        house.post(&format!("{CODES}/C-none/void"), Value::Null).await.problem(409, "state_forbids");
        let threshold = "/merchants/lakeside/pools/swans/threshold";
        house.put(threshold, json!({ "threshold": 2 })).await.ok();
        house.put(threshold, json!({ "threshold": -2 })).await.problem(400, "malformed");
        house
            .put("/merchants/lakeside/pools/ducks/threshold", json!({ "threshold": 2 }))
            .await
            .problem(404, "not_found");
        let pool = pools(house).await[0].clone();
        assert_eq!((&pool["available"], &pool["void"], &pool["threshold"]), (&json!(2), &json!(1), &json!(2)));

        house.sell("3001", "swan", 1).await;
        let pool = pools(house).await[0].clone();
        assert_eq!((&pool["available"], &pool["assigned"]), (&json!(1), &json!(1)));
        let alerts = house.get("/alerts").await.ok();
        let low = alerts["alerts"].as_array().unwrap().iter().any(|alert| {
            alert["merchant"] == "lakeside"
                && alert["subject"].as_str().is_some_and(|subject| subject.contains("swans"))
        });
        assert!(low, "{alerts}");
        let other = house.token(json!({ "name": "b", "role": "operator", "merchant": "hilltop" })).await;
        assert_eq!(house.with(&other, "GET", "/alerts", None).await.ok()["alerts"], json!([]));
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_of_a_file_arrives_and_duplicates_are_told_apart() {
    everywhere(async |house| {
        let file = "卡号,密码,有效期至,批次,面值\n０００７,p,2027/1/5,june,99.5\n1.2E+17,,,,\nA1,,,,\n";
        let done = csv(house, "?batch=rest", file.as_bytes()).await;
        assert_eq!((&done["added"], done["refused"].as_object().unwrap().len()), (&json!(2), 1), "{done}");
        let codes = house.get(&format!("{CODES}?batch=june")).await.ok();
        let code = &codes["codes"][0];
        assert_eq!((&code["valid_to"], &code["valid_from"]), (&json!("2027-01-05"), &Value::Null));
        assert_eq!(code["face"], json!({ "amount_minor": 9950, "currency": "CNY" }));
        let body = json!({ "codes": [{ "code": "0007" }, { "code": "B1" }, { "code": "B1" }] });
        let other = house.post("/merchants/lakeside/pools/ducks/codes", body.clone()).await.ok();
        assert_eq!(other["duplicates"], json!({ "in_file": [3], "in_pool": [], "in_other_pool": [1] }), "{other}");
        let mut tried = body;
        tried["dry_run"] = json!(true);
        let tried = house.post(CODES, tried).await.ok();
        assert_eq!(tried["duplicates"], json!({ "in_file": [3], "in_pool": [1], "in_other_pool": [2] }), "{tried}");
        let mapped = csv(house, "?columns=code%3DB&header=false", b"x,C1\ny,C2\n").await;
        assert_eq!(mapped["added"], 2);
        house.bytes("POST", &format!("{CODES}?columns=kode%3DB"), "text/csv", b"x\n").await.problem(400, "malformed");
        house.check().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_rest_and_end_and_only_who_may_sees_texts() {
    everywhere(async |house| {
        csv(house, "?batch=june", b"code,password\nSWAN-0001,secret-1\nSWAN-0002,secret-2\n").await;
        csv(house, "?batch=july", b"code\nSWAN-0003\n").await;
        let batches = "/merchants/lakeside/pools/swans/batches";
        let done = house.post(&format!("{batches}/june/pause"), Value::Null).await.ok();
        assert_eq!((&done["state"], &done["moved"]), (&json!("paused"), &json!(2)));
        let listed = house.get(batches).await.ok()["batches"].clone();
        let june = listed.as_array().unwrap().iter().find(|batch| batch["id"] == "june").unwrap();
        assert_eq!((&june["state"], &june["paused"], &june["available"]), (&json!("paused"), &json!(2), &json!(0)));
        house.post(&format!("{batches}/june/resume"), Value::Null).await.ok();
        house.post(&format!("{batches}/june/void"), Value::Null).await.ok();
        house.post(&format!("{batches}/june/resume"), Value::Null).await.problem(409, "state_forbids");
        house.post(&format!("{batches}/june/burn"), Value::Null).await.problem(404, "not_found");
        house.post(&format!("{batches}/may/pause"), Value::Null).await.refused();

        let export = "/merchants/lakeside/pools/swans/export";
        let reader = house.token(json!({ "name": "r", "role": "read_only", "merchant": "lakeside" })).await;
        let masked = house.with(&reader, "GET", export, None).await.ok();
        assert_eq!(masked["codes"][0]["code"], "SW****01");
        assert!(!masked.to_string().contains("secret-1"), "{masked}");
        house.with(&reader, "GET", &format!("{export}/full"), None).await.problem(403, "forbidden");
        let full = house.get(&format!("{export}/full?batch=june&state=void")).await.ok();
        assert_eq!(
            (&full["codes"][1]["code"], &full["codes"][1]["password"]),
            (&json!("SWAN-0002"), &json!("secret-2"))
        );
        assert!(house.audit().await.iter().any(|line| line.act == "exported codes"));
        let last = house.get(&format!("{CODES}?batch=july")).await.ok()["codes"][0]["id"].as_str().unwrap().to_owned();
        house.post(&format!("{CODES}/{last}/void"), Value::Null).await.ok();
        let code = house.get(&format!("{CODES}/{last}")).await.ok();
        assert_eq!((&code["code"]["state"], &code["batch"]["state"]), (&json!("void"), &json!("active")), "{code}");
        assert_eq!(code["history"][0]["cells"][0]["before"], "available");
        house.check().await;
    })
    .await;
}

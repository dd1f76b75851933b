//! Products, SKUs, listings, distributors: written, read back, refused.

use serde_json::{Value, json};

use crate::house::everywhere;

fn product() -> Value {
    json!({ "kind": "ticket", "name": "Castle", "on_sale": true })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_is_read_back() {
    everywhere(async |house| {
        house.put("/merchants/hilltop/products/castle", product()).await.ok();
        let found = house.get("/merchants/hilltop/products/castle").await.ok();
        assert_eq!((&found["id"], &found["merchant"]), (&json!("castle"), &json!("hilltop")));
        assert_eq!(found["time_zone"], "Asia/Shanghai");

        let sku = json!({ "product": "castle", "name": "Adult", "fulfilment": { "by": "own_number" } });
        house.put("/merchants/hilltop/skus/adult", sku).await.ok();
        let found = house.get("/merchants/hilltop/skus/adult").await.ok();
        assert_eq!(found["buckets"], json!(["adult"]), "its own bucket when none is named");

        let listing = json!({ "connection": "hilltop-douyin", "sells": { "one": "adult" }, "names": { "sku": "9007199254740993" } });
        house.put("/merchants/hilltop/listings/l1", listing).await.ok();
        let found = house.get("/merchants/hilltop/listings/l1").await.ok();
        assert_eq!(found["names"]["sku"], "9007199254740993");

        let distributor = json!({ "name": "Robin", "prices": { "adult": { "amount_minor": 700 } } });
        house.put("/merchants/hilltop/distributors/robin", distributor).await.ok();
        let found = house.get("/merchants/hilltop/distributors").await.ok();
        assert_eq!(found["distributors"][0]["account"]["limit_minor"], 0);
        assert_eq!(found["distributors"][0]["prices"]["adult"]["amount_minor"], 700);

        let all = house.get("/merchants/hilltop/catalogue").await.ok();
        for (kind, count) in [("products", 1), ("skus", 1), ("listings", 1), ("distributors", 1)] {
            assert_eq!(all[kind].as_array().unwrap().len(), count, "{kind}");
        }
        assert_eq!(house.get("/merchants/lakeside/catalogue").await.ok()["products"], json!([]));
        for missing in ["products/x", "skus/x", "listings/x", "distributors/x"] {
            house.get(&format!("/merchants/hilltop/{missing}")).await.problem(404, "not_found");
        }
        let lines = house.audit().await;
        let wrote: Vec<&str> = lines.iter().filter(|line| line.act == "wrote the catalogue").map(|line| line.subject.as_str()).collect();
        assert_eq!(wrote, ["distributor robin", "listing l1", "sku adult", "product castle"]);
        assert!(lines.iter().all(|line| line.by == "console"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_gets_the_same_answer_and_another_body_a_conflict() {
    everywhere(async |house| {
        let path = "/merchants/hilltop/products/castle";
        let first = house.repeat("k", "PUT", path, &product()).await.ok();
        let revision = house.get("/merchants/hilltop/catalogue").await.ok()["revision"].clone();
        assert_eq!(house.repeat("k", "PUT", path, &product()).await.ok(), first);
        let mut other = product();
        other["name"] = json!("Palace");
        house.repeat("k", "PUT", path, &other).await.problem(409, "key_conflict");
        assert_eq!(house.get(path).await.ok()["name"], "Castle");
        assert_eq!(house.get("/merchants/hilltop/catalogue").await.ok()["revision"], revision);

        let bearer = [("authorization", "Bearer the-way-in-of-this-machine")];
        let body = serde_json::to_vec(&product()).unwrap();
        let unkeyed = house.raw("PUT", &format!("/api/v1{path}"), &bearer, body.clone()).await;
        unkeyed.problem(400, "malformed");
        let long = "k".repeat(201);
        house.repeat(&long, "PUT", path, &product()).await.problem(400, "malformed");
        // Another caller numbers his own keys.
        let token = house.token(json!({ "name": "desk", "role": "operator", "merchant": "hilltop" })).await;
        house.keyed(&token, "k", "PUT", path, Some(&other)).await.ok();
        assert_eq!(house.get(path).await.ok()["name"], "Palace");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused_and_nothing_is_written() {
    everywhere(async |house| {
        let before = house.get("/merchants/lakeside/catalogue").await.ok();
        let with = |mut body: Value, name: &str, value: Value| {
            body[name] = value;
            body
        };
        let sku = json!({ "product": "castle", "name": "Adult", "fulfilment": { "by": "own_number" } });
        let listing = json!({ "connection": "lakeside-douyin", "sells": { "one": "adult" }, "names": { "sku": "1" } });
        let cases = [
            ("products/castle", with(product(), "id", json!("other"))),
            ("products/castle", with(product(), "merchant", json!("hilltop"))),
            ("products/castle", with(product(), "colour", json!("red"))),
            ("products/castle", with(product(), "name", json!(7))),
            ("products/castle", with(product(), "name", json!(""))),
            ("products/castle", with(product(), "name", json!("a\u{0}b"))),
            ("products/castle", with(product(), "kind", json!("timeshare"))),
            ("products/castle", with(product(), "time_zone", json!("Moon/Crater"))),
            ("products/castle", with(product(), "guests", json!({ "documents": ["library_card"] }))),
            (
                "products/castle",
                with(product(), "validity", json!({ "on": "window", "from": "2099-02-01", "to": "2099-01-01" })),
            ),
            (
                "products/castle",
                with(product(), "refund", json!({ "steps": [{ "hours_before_visit": 1, "fee": { "ratio": 10001 } }] })),
            ),
            (
                "products/castle",
                with(product(), "refund", json!({ "steps": [{ "hours_before_visit": 1, "fee": { "fixed": -1 } }] })),
            ),
            ("skus/adult", sku.clone()),
            ("skus/adult", with(sku.clone(), "minimum_units", json!(0))),
            ("skus/adult", with(sku.clone(), "maximum_units", json!(70_000))),
            (
                "skus/adult",
                with(sku, "fulfilment", json!({ "by": "supplier", "connection": "x", "product_code": "y" })),
            ),
            ("listings/l", listing.clone()),
            ("listings/l", with(listing, "connection", json!("hilltop-douyin"))),
            ("distributors/d", json!({ "name": "d", "prices": { "x": { "amount_minor": -1 } } })),
            ("distributors/d", json!({ "name": "d", "prices": { "x": { "amount_minor": 1e30 } } })),
            ("distributors/d", json!([])),
        ];
        for (path, body) in cases {
            let problem = house.put(&format!("/merchants/lakeside/{path}"), body.clone()).await.refused();
            assert!(!problem["detail"].as_str().unwrap().is_empty(), "{body}");
        }
        house.put("/merchants/lakeside/products/a%20b", product()).await.refused();
        assert_eq!(house.get("/merchants/lakeside/catalogue").await.ok(), before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_entries_are_written_in_order_or_not_at_all() {
    everywhere(async |house| {
        let sku = json!({ "id": "adult", "product": "castle", "name": "Adult", "fulfilment": { "by": "nothing" } });
        let mut castle = product();
        castle["id"] = json!("castle");
        let path = "/merchants/hilltop/catalogue";
        let problem = house.post(path, json!({ "entries": [{ "sku": sku }, { "product": castle }] })).await;
        assert!(problem.refused()["detail"].as_str().unwrap().contains("castle"), "the product comes after its SKU");
        let problem =
            house.post(path, json!({ "entries": [{ "product": castle }, { "sku": {} }, { "car": {} }, 7] })).await;
        let faults = problem.problem(422, "malformed");
        assert_eq!(faults["faults"].as_array().unwrap().len(), 3, "{faults}");
        house.post(path, json!({ "entries": [] })).await.refused();
        house.post(path, json!({ "entries": vec![json!({ "product": castle }); 501] })).await.refused();
        assert_eq!(house.get(path).await.ok()["products"], json!([]));
        let done = house.post(path, json!({ "entries": [{ "product": castle }, { "sku": sku }] })).await.ok();
        assert_eq!(done["entries"], json!(["product castle", "sku adult"]));
        assert_eq!(house.get(path).await.ok()["skus"][0]["id"], "adult");
    })
    .await;
}

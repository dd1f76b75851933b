//! Who may do what: tokens, roles, merchants, gates, switches.

use serde_json::{Value, json};

use crate::house::everywhere;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_told_how_to_come_in() {
    everywhere(async |house| {
        for header in ["", "Bearer", "Bearer nonsense", "Basic YTpi", "Bearer ent_AAAA"] {
            let headers = [("authorization", header)];
            let headers = if header.is_empty() { &headers[1..] } else { &headers[..] };
            for path in ["/api/v1/merchants", "/api/v1/tokens", "/api/v1/merchants/lakeside/orders"] {
                house.raw("GET", path, headers, Vec::new()).await.problem(401, "unauthenticated");
            }
        }
        house.raw("GET", "/api/v1/openapi.json", &[], Vec::new()).await.ok();
        house.get("/nothing-here").await.problem(404, "not_found");
        house.post("/merchants", json!({})).await.problem(405, "method_not_allowed");
        house.get("/merchants/%FF/orders").await.problem(400, "malformed");
        house.get("/merchants/lakeside/orders?after=%00").await.problem(400, "malformed");
        house.get("/merchants/nobody/orders").await.problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_works_until_it_is_revoked() {
    everywhere(async |house| {
        let wanted = json!({ "name": "desk", "role": "operator", "merchant": "lakeside" });
        let made = house.repeat("once", "POST", "/tokens", &wanted).await.ok();
        let text = made["text"].as_str().unwrap().to_owned();
        assert!(text.starts_with("ent_") && text.len() == 47, "{} characters", text.len());
        house.with(&text, "GET", "/merchants/lakeside/orders", None).await.ok();

        house.repeat("once", "POST", "/tokens", &wanted).await.problem(409, "key_conflict");
        house.post("/tokens", wanted.clone()).await.problem(409, "name_taken");

        let listed = house.get("/tokens").await.ok();
        assert_eq!(listed["tokens"][0]["name"], "desk");
        assert!(!listed.to_string().contains(&text), "the text is shown once");
        assert!(house.audit().await.iter().all(|line| !format!("{line:?}").contains(&text)));

        let path = format!("/tokens/{}", made["token"]["id"].as_str().unwrap());
        let ended = house.with("the-way-in-of-this-machine", "DELETE", &path, None).await.ok();
        assert!(ended["token"]["revoked_at"].is_string());
        house.with(&text, "GET", "/merchants/lakeside/orders", None).await.problem(401, "unauthenticated");
        let again = house.with("the-way-in-of-this-machine", "DELETE", &path, None).await.ok();
        assert_eq!(again, ended);
        house.with("the-way-in-of-this-machine", "DELETE", "/tokens/K00", None).await.problem(404, "not_found");
        house.post("/tokens", wanted).await.ok();

        let acts: Vec<String> = house.audit().await.into_iter().map(|line| line.act).collect();
        assert_eq!(acts, ["made a token", "revoked a token", "made a token"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_cannot_be_are_refused_with_every_fault() {
    everywhere(async |house| {
        let faults = async |body: Value| {
            let problem = house.post("/tokens", body).await.problem(422, "malformed");
            problem["faults"]
                .as_array()
                .unwrap()
                .iter()
                .map(|fault| fault.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(faults(json!({ "name": " ", "role": "operator", "gate": "lakeside-pool" })).await.len(), 3);
        for (body, word) in [
            (json!({ "name": "a", "role": "admin", "merchant": "lakeside" }), "admin"),
            (json!({ "name": "console", "role": "admin" }), "console"),
            (json!({ "name": "a", "role": "gate", "merchant": "lakeside" }), "name the supplier"),
            (json!({ "name": "a", "role": "gate", "merchant": "lakeside", "gate": "lakeside-gate" }), "gate = true"),
            (json!({ "name": "a", "role": "gate", "merchant": "lakeside", "gate": "lakeside-douyin" }), "a channel"),
            (json!({ "name": "a", "role": "gate", "merchant": "lakeside", "gate": "hilltop-pool" }), "no supplier"),
            (json!({ "name": "a", "role": "operator", "merchant": "nobody" }), "not configured"),
        ] {
            let found = faults(body).await;
            assert!(found.len() == 1 && found[0].contains(word), "{found:?}");
        }
        house.post("/tokens", json!({ "name": "a", "role": "king" })).await.problem(400, "malformed");
        assert_eq!(house.get("/tokens").await.ok()["tokens"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_and_merchants_bound_what_a_token_may_do() {
    everywhere(async |house| {
        let token = async |name: &str, role: &str, more: Value| {
            let mut body = json!({ "name": name, "role": role });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            house.token(body).await
        };
        let admin = token("boss", "admin", json!({})).await;
        let operator = token("desk", "operator", json!({ "merchant": "lakeside" })).await;
        let reader = token("eyes", "read_only", json!({ "merchant": "lakeside" })).await;
        let gate = token("turnstile", "gate", json!({ "merchant": "lakeside", "gate": "lakeside-pool" })).await;
        let product = json!({ "kind": "ticket", "name": "x", "on_sale": true });
        let redemption = json!({ "code": "x" });
        // method, path, body, and the status for admin, operator, reader, gate
        let cases: &[(&str, &str, Option<&Value>, [u16; 4])] = &[
            ("GET", "/merchants/lakeside/catalogue", None, [200, 200, 200, 403]),
            ("GET", "/merchants/hilltop/catalogue", None, [200, 403, 403, 403]),
            ("PUT", "/merchants/lakeside/products/x", Some(&product), [200, 200, 403, 403]),
            ("PUT", "/merchants/hilltop/products/x", Some(&product), [200, 403, 403, 403]),
            ("GET", "/merchants/lakeside/orders/T1/guests", None, [404, 404, 403, 403]),
            ("POST", "/merchants/lakeside/redemptions", Some(&redemption), [404, 404, 403, 404]),
            ("POST", "/merchants/hilltop/redemptions", Some(&redemption), [404, 403, 403, 403]),
            ("GET", "/tokens", None, [200, 403, 403, 403]),
            ("GET", "/merchants", None, [200, 200, 200, 403]),
        ];
        for (method, path, body, expected) in cases {
            for (token, status) in [&admin, &operator, &reader, &gate].into_iter().zip(expected) {
                let got = house.with(token, method, path, *body).await;
                assert_eq!(got.status, *status, "{method} {path}: {got:?}");
            }
        }
        for path in ["/merchants", "/connections", "/plugins", "/routes", "/applications", "/alerts"] {
            let got = house.with(&operator, "GET", path, None).await.ok().to_string();
            assert!(!got.contains("hilltop"), "{path}: {got}");
            let all = house.with(&admin, "GET", path, None).await.ok().to_string();
            assert!(!all.contains("0123456789abcdef") && !all.contains("demo-gate-token"), "{path} shows a secret");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_switched_by_its_own_operators() {
    everywhere(async |house| {
        let own = house.token(json!({ "name": "a", "role": "operator", "merchant": "lakeside" })).await;
        let other = house.token(json!({ "name": "b", "role": "operator", "merchant": "hilltop" })).await;
        let path = "/connections/lakeside-douyin/switch";
        let paused = json!({ "switch": "paused" });
        house.with(&other, "POST", path, Some(&paused)).await.problem(403, "forbidden");
        let selling = async || {
            let connections = house.get("/connections").await.ok();
            let all = connections["connections"].as_array().unwrap().clone();
            all.into_iter().find(|one| one["id"] == "lakeside-douyin").unwrap()
        };
        assert_eq!(selling().await["selling"], true);
        house.with(&own, "POST", path, Some(&paused)).await.ok();
        let now = selling().await;
        assert_eq!(
            (&now["selling"], &now["switch"], &now["account"]),
            (&json!(false), &json!("paused"), &json!("70001"))
        );
        house.with(&own, "POST", path, Some(&json!({ "switch": "on" }))).await.ok();
        assert_eq!(selling().await["selling"], true);

        house.with(&own, "POST", path, Some(&json!({ "switch": "off" }))).await.problem(400, "malformed");
        house.post("/connections/nowhere/switch", paused.clone()).await.problem(404, "not_found");
        house.post("/connections/lakeside-pool/switch", paused).await.ok();
        let connections = house.get("/connections").await.ok();
        let pool = connections["connections"].as_array().unwrap().iter().find(|one| one["id"] == "lakeside-pool");
        assert_eq!(pool.map(|pool| (&pool["kind"], &pool["selling"])), Some((&json!("supplier"), &json!(false))));
        let lines = house.audit().await;
        let line = lines.iter().find(|line| line.by == "a" && line.act == "switched a connection").unwrap();
        assert_eq!((line.by.as_str(), line.subject.as_str()), ("a", "lakeside-douyin"));
        assert_eq!(line.merchant.as_ref().map(|id| id.as_str()), Some("lakeside"));
    })
    .await;
}

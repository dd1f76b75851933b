//! What the health page, the list of plugins and the alerts say of a plugin in trouble.

use std::time::Duration;

use entrepot_contract::fault::FaultKind;
use entrepot_contract::message::{CallContext, OpenRequest, Request};
use entrepot_host::{CallScope, InstanceKey, OpenOptions};
use serde_json::{Value, json};

use crate::house::{House, everywhere, everywhere_with};

fn key() -> InstanceKey {
    InstanceKey::new("simple-gate".parse().unwrap(), "lakeside-gate".parse().unwrap())
}

async fn page(house: &House) -> (u16, Value) {
    let got = house.raw("GET", "/readyz", &[], Vec::new()).await;
    (got.status, got.body)
}

/// The instances of a plugin that the page names.
fn named(page: &Value) -> Value {
    let plugins = page["plugins"].as_array().unwrap();
    plugins.iter().find(|plugin| plugin["id"] == "simple-gate").unwrap()["degraded"].clone()
}

/// Opens the gate's instance so that it fails.
async fn spoil(house: &House, required: bool) {
    let host = house.app.engine.host();
    host.close(&key()).await;
    let request = json!({"application": "somebody-else", "base_url": null, "token_mode": "fixed", "settings": {}});
    let request: OpenRequest = serde_json::from_value(request).unwrap();
    let options = OpenOptions { required, ..OpenOptions::default() };
    assert!(host.open(key(), request, options).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_required_instance_that_is_not_open_makes_the_server_not_ready() {
    everywhere(async |house| {
        let (status, body) = page(house).await;
        assert_eq!((status, &body["ready"], named(&body)), (200, &json!(true), json!([])));
        spoil(house, true).await;
        let (status, body) = page(house).await;
        assert_eq!((status, &body["ready"], &body["database"]["ready"]), (503, &json!(false), &json!(true)));
        let told = named(&body);
        assert_eq!((&told[0]["instance"], &told[0]["state"]), (&json!("simple-gate/lakeside-gate"), &json!("failed")));
        assert_eq!(told[0]["troubles"][0]["what"], "it is not open");
        assert!(told[0]["troubles"][0]["since"].as_str().unwrap().ends_with('Z'), "{told}");
        spoil(house, false).await;
        let (status, body) = page(house).await;
        assert_eq!((status, named(&body).as_array().unwrap().len()), (200, 1), "told, but nobody needs it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_left_alone_is_named_with_its_fault_and_since_when() {
    let nobody = json!({"lakeside": {"suppliers": {"lakeside-gate": {"base_url": "http://127.0.0.1:1"}}}});
    everywhere_with(json!({ "merchants": nobody }), async |house| {
        // Only a node that serves tells what it sees failing.
        house.app.engine.announce("this one".to_owned());
        let running = house.app.engine.host().instance(&key()).unwrap();
        for _ in 0..5 {
            let fault = running.call(context(), book(), scope()).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::Unavailable, "{fault}");
        }
        let (status, body) = page(house).await;
        let trouble = &named(&body)[0]["troubles"][0];
        assert_eq!((status, &body["ready"]), (200, &json!(true)), "the others sell on");
        assert_eq!(trouble["what"], "calls of connection lakeside-gate fail again and again");

        let listed = house.get("/plugins").await.ok()["plugins"].clone();
        let plugin = listed.as_array().unwrap().iter().find(|plugin| plugin["id"] == "simple-gate").unwrap().clone();
        let instance = &plugin["instances"][0];
        let health = &instance["connections"][0];
        assert_eq!((&plugin["state"], &instance["threads"]), (&json!("degraded"), &json!("unwatched")));
        assert_eq!((&health["breaker"], &health["since"]), (&json!("open"), &trouble["since"]));
        assert!(health["fault"].as_str().unwrap().contains("the partner cannot be reached"), "{health}");

        let alert = alerted(house).await;
        assert_eq!(alert["subject"], "lakeside-gate");
        let text = alert["text"].as_str().unwrap();
        let since = trouble["since"].as_str().unwrap();
        assert!(text.contains("instance simple-gate/lakeside-gate: calls of connection lakeside-gate"), "{text}");
        assert!(text.ends_with(&format!("since {since}")), "{text}");
    })
    .await;
}

/// The alert of a failing connection, which the engine raises at its next look.
async fn alerted(house: &House) -> Value {
    for _ in 0..400 {
        let alerts = house.get("/alerts").await.ok();
        let alerts = alerts["alerts"].as_array().unwrap();
        if let Some(found) = alerts.iter().find(|alert| alert["kind"] == "connection_failing") {
            return found.clone();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no alert was raised");
}

fn context() -> CallContext {
    let connection = json!({"id": "lakeside-gate", "merchant": "lakeside", "account": null, "settings": {}});
    let context = json!({
        "deadline": "2099-01-01T00:00:00.000Z", "idempotency_key": "k", "trace": "t", "attempt": 1,
        "connection": connection,
    });
    serde_json::from_value(context).unwrap()
}

fn book() -> Request {
    let order = json!({
        "order": "o1", "product_code": "p", "units": [{"number": 1}],
    });
    serde_json::from_value(json!({"to": "supplier", "call": "book", "order": order})).unwrap()
}

fn scope() -> CallScope {
    CallScope { connection: Some("lakeside-gate".parse().unwrap()), order: None }
}

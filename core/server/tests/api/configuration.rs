//! The configuration's reload and the nodes, as the API shows them.

use serde_json::json;

use crate::house::everywhere;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_is_an_administrators_and_is_in_the_audit_log() {
    everywhere(async |house| {
        let operator = house.token(json!({ "name": "a", "role": "operator", "merchant": "lakeside" })).await;
        let admin = house.token(json!({ "name": "boss", "role": "admin" })).await;
        let path = "/configuration/reload";
        house.with(&operator, "POST", path, None).await.problem(403, "forbidden");
        let done = house.with(&admin, "POST", path, None).await.ok();
        assert_eq!((&done["opened"], &done["closing"], &done["added"]), (&json!([]), &json!([]), &json!([])), "{done}");
        let lines = house.audit().await;
        let line = lines.iter().find(|line| line.act == "reloaded the configuration").unwrap();
        assert_eq!((line.by.as_str(), line.subject.as_str()), ("boss", "configuration"));
        assert!(line.merchant.is_none() && line.detail.contains("(key "), "{line:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merchant_sees_of_the_nodes_what_is_his() {
    use entrepot_engine::records::{Failing, Node, Record};
    everywhere(async |house| {
        let storage = house.app.engine.storage();
        let failing = |merchant: &str| Failing {
            kind: entrepot_domain::alert::AlertKind::ConnectionFailing,
            subject: format!("{merchant}-gate"),
            merchant: Some(merchant.parse().unwrap()),
            instance: format!("gate/{merchant}-gate"),
            what: "its calls fail".to_owned(),
            since: house.app.engine.now(),
        };
        for (id, fingerprint) in [("node-1", "aa"), ("node-2", "bb")] {
            let failing = vec![failing("lakeside"), failing("hilltop")];
            let node = Node { id: id.parse().unwrap(), fingerprint: fingerprint.to_owned(), failing };
            storage.record(Record::Node(node)).await.unwrap();
        }
        let all = house.get("/nodes").await.ok();
        assert_eq!(all["agree"], false);
        let ids: Vec<_> = all["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
        assert_eq!(ids, ["node-1", "node-2"]);
        assert_eq!(all["nodes"][0]["failing"].as_array().map(Vec::len), Some(2), "{all}");
        let operator = house.token(json!({ "name": "a", "role": "operator", "merchant": "lakeside" })).await;
        let own = house.with(&operator, "GET", "/nodes", None).await.ok();
        assert!(own.to_string().contains("lakeside-gate") && !own.to_string().contains("hilltop"), "{own}");
        storage.record(Record::NodeGone("node-2".parse().unwrap())).await.unwrap();
        assert_eq!(house.get("/nodes").await.ok()["agree"], true);
    })
    .await;
}

//! Several nodes on one database: what they tell each other.

use std::time::Duration;

use serde_json::json;
use simple_gate_simulator::Fault;

use entrepot_journeys::databases::{Kind, kinds};
use entrepot_journeys::office::{Offer, Office};
use entrepot_journeys::program;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::{until, until_within};

/// Longer than a node that fell silent counts as alive.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn nodes_with_different_configurations_are_told_of_until_they_agree() {
    if !kinds().contains(&Kind::Postgres) {
        return;
    }
    let stage = Stage::set_with(Kind::Postgres.give().await, &json!({ "node": { "id": "node-1" } })).await;
    let second = stage.serve_as(Some("node-2"));
    let other = Office::new(&second.url, &stage.office.token);
    let nodes = || async { stage.office.get("/nodes").await };
    until("both are there", async || (nodes().await["nodes"].as_array().unwrap().len() == 2).then_some(())).await;
    assert_eq!(nodes().await["agree"], true, "what is each machine's own does not count");
    assert!(!stage.office.is_alerted(&["configuration_differs"]).await);
    stage.configure(&json!({ "node": { "id": "node-1" }, "engine": { "hold_ms": 600_000 } }));
    assert_eq!(stage.reload().code, 0);
    until_within(LONG, "somebody is told", async || {
        stage.office.is_alerted(&["configuration_differs", "node-1", "node-2"]).await.then_some(())
    })
    .await;
    let listed = program::finish(stage.command(&["nodes"]), "");
    assert_eq!(listed.code, 1, "{listed:?}");
    assert!(listed.out.contains("node-1") && listed.out.contains("node-2"), "{listed:?}");
    assert_eq!(nodes().await["nodes"].as_array().unwrap().len(), 2, "a command is no node");
    assert_eq!(other.ask("POST", "/configuration/reload", None).await.0, 200);
    until("the alert is gone", async || (!stage.office.is_alerted(&["configuration_differs"]).await).then_some(()))
        .await;
    assert_eq!(program::finish(stage.command(&["nodes"]), "").code, 0);
}

#[tokio::test]
async fn a_healthy_node_does_not_resolve_what_fails_on_another() {
    if !kinds().contains(&Kind::Postgres) {
        return;
    }
    let stage = Stage::set_with(Kind::Postgres.give().await, &json!({ "node": { "id": "node-1" } })).await;
    let offer = Offer::at_the_gate();
    stage.office.offer(&offer, &stage.day, 50).await;
    for _ in 0..400 {
        stage.gate.desk.next_fault(Fault::Unavailable);
    }
    let made = stage.platform.create_order(&stage.purchase(&offer, 1)).await;
    assert!(stage.platform.pay(&made.order_id).await.unwrap().is_ok());
    let _ = stage.platform.issue(&made.order_id).await;
    let failing = ["connection_failing", "lakeside-gate"];
    until_within(LONG, "the connection fails", async || stage.office.is_alerted(&failing).await.then_some(())).await;
    // One that just started sees nothing fail.
    let second = stage.serve_as(Some("node-2"));
    let other = Office::new(&second.url, &stage.office.token);
    let seen = until("it tells of itself", async || {
        let all = other.get("/nodes").await["nodes"].as_array().unwrap().clone();
        (all.len() == 2).then_some(all)
    })
    .await;
    assert_eq!(seen[0]["failing"][0]["subject"], "lakeside-gate", "{seen:?}");
    assert_eq!(seen[0]["failing"][0]["instance"], "simple-gate/lakeside-gate");
    assert_eq!(seen[1]["failing"], json!([]));
    assert!(stage.office.is_alerted(&failing).await, "it stands");
}

/// A stop-sale given at one node is in force at the other within two seconds, whichever of the three it is.
#[tokio::test]
async fn what_is_stopped_at_one_node_is_not_sold_at_the_other() {
    if !kinds().contains(&Kind::Postgres) {
        return;
    }
    let stage = Stage::set_with(Kind::Postgres.give().await, &json!({ "node": { "id": "node-1" } })).await;
    let offer = Offer::own_number();
    stage.office.offer(&offer, &stage.day, 50).await;
    let second = stage.serve_as(Some("node-2"));
    let other = Office::new(&second.url, &stage.office.token);
    let wish = stage.create_body(&offer, "1000000000000000070", 1);
    let sold = async || (stage.call("check-booking", &wish).await["error_code"] == 0).then_some(());
    let product = |on_sale: bool| json!({ "entries": [{ "product": offer.product_entry(on_sale) }] });
    let listing = |on_sale: bool| json!({ "entries": [{ "listing": offer.listing_entry(on_sale) }] });
    let date = |open: bool| json!({ "sku": offer.sku, "from": stage.day, "to": stage.day, "open": open });
    let catalogue = format!("/merchants/{}/catalogue", offer.merchant);
    let calendar = format!("/merchants/{}/calendar", offer.merchant);
    for (what, path, stop, go) in [
        ("the product", &catalogue, product(false), product(true)),
        ("the channel's listing", &catalogue, listing(false), listing(true)),
        ("the date", &calendar, date(false), date(true)),
    ] {
        until(&format!("{what} is sold"), sold).await;
        other.post(path, stop).await;
        let stopped = async || sold().await.is_none().then_some(());
        until_within(Duration::from_secs(2), &format!("{what} is stopped"), stopped).await;
        let created = stage.call("create-order", &wish).await;
        assert_ne!(created["error_code"], 0, "{what} was stopped and sold: {created}");
        other.post(path, go).await;
    }
    until("all is sold again", sold).await;
    stage.office.assert_sound().await;
}

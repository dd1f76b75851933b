//! What is deployed, on both databases: connections, what is open at them, nodes.

use std::time::Duration;

use entrepot_contract::product::Fulfilment;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, OrderName};
use entrepot_engine::records::{Failing, Node, Record, RegisteredConnection};
use entrepot_engine::storage::{OpenWork, StorageFault, Switch};

use crate::databases;
use crate::world::*;

fn named(id: &str, external: &str) -> RegisteredConnection {
    RegisteredConnection {
        id: id.parse().unwrap(),
        merchant: merchant(),
        plugin: "plugin".to_owned(),
        external: external.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_registered_all_or_none_and_removed_when_they_are_left_out() {
    for given in databases::all().await {
        let storage = databases::open(&given).await.shared();
        storage.record(Record::Register(vec![named("a", "one")])).await.unwrap();
        let renamed = vec![named("a", "other"), named("b", "two")];
        let fault = storage.record(Record::Register(renamed)).await.unwrap_err();
        assert!(matches!(&fault, StorageFault::Data(text) if text.contains("connection a named")), "{fault}");
        let mixed = vec![named("0", "two"), named("a", "other")];
        assert!(storage.record(Record::Register(mixed)).await.is_err());
        assert_eq!(storage.registered().await.unwrap().len(), 1, "nothing of a refused registration stays");
        storage.record(Record::Register(vec![named("b", "two")])).await.unwrap();
        let all = storage.registered().await.unwrap();
        let all: Vec<(&str, bool)> = all.iter().map(|one| (one.connection.id.as_str(), one.removed)).collect();
        assert_eq!(all, [("a", true), ("b", false)]);
        storage.record(Record::Switch { connection: "a".parse().unwrap(), switch: Switch::Draining }).await.unwrap();
        storage.record(Record::Register(vec![named("a", "one"), named("b", "two")])).await.unwrap();
        assert!(storage.registered().await.unwrap().iter().all(|one| !one.removed), "it is back");
        assert_eq!(storage.switches().await.unwrap()[&"a".parse().unwrap()], Switch::Draining, "as it was switched");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_orders_count_for_whoever_sold_and_whoever_fulfils() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        let gate = Fulfilment::Supplier { connection: GATE.parse().unwrap(), product_code: "G".to_owned() };
        offer(&engine, gate, 10, 10_000).await;
        let Answer::Created { order, .. } = done(give(&engine, create("c1", 1, false)).await) else { panic!() };
        let open = async |id: &str, visited: &str| {
            engine.storage().open_work(&named(id, ""), visited.parse().unwrap()).await.unwrap()
        };
        assert_eq!(open(CHANNEL, "2026-01-01").await, OpenWork { orders: 1, jobs: 0 });
        assert_eq!(open(GATE, "2026-01-01").await, OpenWork { orders: 1, jobs: 0 });
        assert_eq!(open(POOL, "2026-01-01").await, OpenWork::default());
        assert_eq!(open(GATE, "2099-01-01").await, OpenWork { orders: 1, jobs: 0 }, "only issued orders lapse");
        done(give(&engine, Body::CancelOrder { order: OrderName::Own(order), told: String::new() }).await);
        assert_eq!(open(CHANNEL, "2026-01-01").await, OpenWork::default());
        assert_eq!(open(GATE, "2026-01-01").await, OpenWork::default());
        engine.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_seen_while_it_tells_of_itself() {
    for given in databases::all().await {
        let storage = databases::open(&given).await.shared();
        let failing = Failing {
            kind: entrepot_domain::alert::AlertKind::ConnectionFailing,
            subject: "gate".to_owned(),
            merchant: Some(merchant()),
            instance: "plugin/gate".to_owned(),
            what: "its calls fail".to_owned(),
            since: entrepot_contract::time::Timestamp::from_millis(7),
        };
        let node = |id: &str, failing: Vec<Failing>| Node {
            id: id.parse().unwrap(),
            fingerprint: format!("of {id}"),
            failing,
        };
        storage.record(Record::Node(node("n2", vec![failing.clone()]))).await.unwrap();
        storage.record(Record::Node(node("n1", Vec::new()))).await.unwrap();
        let seen = storage.nodes(60_000).await.unwrap();
        assert_eq!(seen.len(), 2);
        assert_eq!((&seen[0].node, &seen[1].node), (&node("n1", Vec::new()), &node("n2", vec![failing])));
        storage.record(Record::Node(node("n2", Vec::new()))).await.unwrap();
        assert_eq!(storage.nodes(60_000).await.unwrap()[1].node, node("n2", Vec::new()), "what it told last");
        storage.record(Record::NodeGone("n2".parse().unwrap())).await.unwrap();
        assert_eq!(storage.nodes(60_000).await.unwrap().len(), 1);
    }
}

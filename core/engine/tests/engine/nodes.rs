//! What the nodes of a deployment tell each other.

use std::time::Duration;

use entrepot_domain::alert::{Alert, AlertKind};
use entrepot_engine::records::{Failing, Node, Record};
use entrepot_engine::storage::Storage;

use crate::house::*;

/// Another node tells of itself. It says `same` when it runs what this one runs.
async fn other(house: &House, fingerprint: &str, failing: &[&str]) {
    let failing = failing.iter().map(|subject| Failing {
        kind: AlertKind::ConnectionFailing,
        subject: (*subject).to_owned(),
        merchant: Some(id("park")),
        instance: format!("fake-gate/{subject}"),
        what: "its calls fail".to_owned(),
        since: entrepot_contract::time::Timestamp::from_millis(0),
    });
    let node = Node { id: id("other"), fingerprint: fingerprint.to_owned(), failing: failing.collect() };
    house.storage.record(Record::Node(node)).await.unwrap();
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn what_another_node_sees_failing_stands_until_it_fails_nowhere() {
    let house = House::new().await;
    let at = entrepot_contract::time::Timestamp::from_millis(0);
    let kind = AlertKind::ConnectionFailing;
    let alert = Alert { kind, subject: "gate".to_owned(), text: "fails".to_owned(), at };
    house.storage.record(Record::Alert { merchant: Some(id("park")), alert }).await.unwrap();
    other(&house, "same", &["gate"]).await;
    house.engine.announce("same".to_owned());
    house.issued("1", "gated", 1).await;
    pass(5).await;
    assert_eq!(house.alerts("connection_failing"), 1, "the gate works here, and fails over there");
    other(&house, "same", &[]).await;
    pass(2).await;
    assert_eq!(house.alerts("connection_failing"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_node_that_is_gone_saw_failing_is_resolved() {
    let house = House::new().await;
    house.engine.announce("same".to_owned());
    other(&house, "same", &["gate"]).await;
    pass(2).await;
    let at = entrepot_contract::time::Timestamp::from_millis(0);
    let kind = AlertKind::ConnectionFailing;
    let alert = Alert { kind, subject: "gate".to_owned(), text: "fails".to_owned(), at };
    house.storage.record(Record::Alert { merchant: Some(id("park")), alert }).await.unwrap();
    pass(8).await;
    assert_eq!(house.alerts("connection_failing"), 1);
    pass(10).await;
    assert_eq!(house.alerts("connection_failing"), 0, "it told nothing for fifteen seconds");
}

#[tokio::test(start_paused = true)]
async fn nodes_that_differ_for_a_while_are_told_of_until_they_agree() {
    let house = House::new().await;
    house.engine.announce("same".to_owned());
    other(&house, "another", &[]).await;
    pass(17).await;
    assert_eq!(house.alerts("configuration_differs"), 0, "one that was killed ran something else, and that is over");
    other(&house, "another", &[]).await;
    pass(10).await;
    assert_eq!(house.alerts("configuration_differs"), 0, "a reload takes them one after another");
    other(&house, "another", &[]).await;
    pass(12).await;
    assert_eq!(house.alerts("configuration_differs"), 1);
    other(&house, "same", &[]).await;
    pass(2).await;
    assert_eq!(house.alerts("configuration_differs"), 0);
    let told = house.storage.nodes(60_000).await.unwrap();
    assert_eq!(told.iter().map(|seen| seen.node.id.as_str()).collect::<Vec<_>>(), ["node", "other"]);
    house.engine.stop(Duration::from_secs(1)).await;
    assert_eq!(house.storage.nodes(60_000).await.unwrap().len(), 1, "who stops in order is gone at once");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_never_announced_itself_is_no_node() {
    let house = House::new().await;
    other(&house, "another", &[]).await;
    pass(30).await;
    assert_eq!(house.alerts("configuration_differs"), 0);
    assert_eq!(house.storage.nodes(60_000).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_open_at_a_connection_counts_by_whoever_sold_or_fulfils_it() {
    use entrepot_engine::storage::OpenWork;
    let house = House::new().await;
    house.issued("1", "gated", 1).await;
    house.sold("2", "own", 1).await;
    let open = async |name: &str, visited: &str| {
        let all = house.storage.registered().await.unwrap();
        let one = all.into_iter().find(|one| one.connection.id == id(name)).unwrap();
        house.storage.open_work(&one.connection, visited.parse().unwrap()).await.unwrap()
    };
    assert_eq!(open("shop", DAY).await, OpenWork { orders: 2, jobs: 0 });
    assert_eq!(open("gate", DAY).await, OpenWork { orders: 1, jobs: 0 });
    assert_eq!(open("shop2", DAY).await, OpenWork::default());
    assert_eq!(open("gate", "2026-10-02").await, OpenWork::default(), "its day has passed and nobody came");
    assert_eq!(open("shop", "2026-10-02").await, OpenWork { orders: 1, jobs: 0 }, "not yet issued");
}

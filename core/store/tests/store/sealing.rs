//! Nothing of guests, credentials or codes is readable in the database file.

use std::time::Duration;

use entrepot_contract::intent::decided::{DecidedUnit, RecordDecision};
use entrepot_contract::product::Fulfilment;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, OrderName};

use crate::databases;
use crate::world::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_file_holds_no_readable_guest_and_no_code() {
    let Some(given) = databases::sqlite() else { return };
    let storage = databases::open(&given).await;
    let engine = engine(&storage, "n1").await;
    offer(&engine, Fulfilment::OwnNumber, 10, 10_000).await;
    let Answer::Created { order, .. } = done(give(&engine, create("c1", 1, true)).await) else { panic!() };
    done(
        give(
            &engine,
            Body::StartIssue {
                order: OrderName::Own(order.clone()),
                count: None,
                names: Default::default(),
                paid_at: None,
            },
        )
        .await,
    );
    let guests = engine.storage().guests(&merchant(), &order).await.unwrap();
    let name = guests.buyer.unwrap().name.unwrap();
    assert_eq!(name.plain(), Some("Secret Guest"));
    let shown = engine.storage().credentials(&merchant(), &order).await.unwrap()[0].credentials[0].value.clone();
    assert_eq!(shown.len(), 16);
    engine.stop(Duration::from_secs(5)).await;
    storage.close().await;
    let path = given.url.strip_prefix("sqlite://").unwrap();
    for file in [path.to_owned(), format!("{path}-wal")] {
        let bytes = std::fs::read(&file).unwrap_or_default();
        for secret in ["Secret Guest", &shown] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{file} shows what has to be sealed");
        }
    }
}

/// What a channel decided by itself comes back as it was told, on every database, and its codes are sealed.
#[tokio::test(flavor = "multi_thread")]
async fn lines_of_a_decision_come_back_whole_and_their_codes_are_sealed() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        offer(&engine, Fulfilment::OwnNumber, 10, 10_000).await;
        let Answer::Created { order, .. } = done(give(&engine, create("c1", 2, true)).await) else { panic!() };
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../../contract/golden/1.0/requests.json")).unwrap();
        let intent = &golden["encode record_decision"]["intent"];
        let mut told: RecordDecision = serde_json::from_value(intent.clone()).unwrap();
        told.order = "c1".parse().unwrap();
        told.units.truncate(1);
        told.units[0].names.code = Some("hidden-code".to_owned());
        told.units.push(DecidedUnit { agreed: None, times: None, decided_at: None, ..told.units[0].clone() });
        let body = Body::RecordDecision {
            order: OrderName::Own(order.clone()),
            key: "d1".to_owned(),
            told: Box::new(told.clone()),
        };
        done(give(&engine, body).await);
        let lines = engine.storage().refund_lines(&merchant(), &order).await.unwrap();
        assert_eq!(lines.len(), 2);
        for (line, said) in lines.iter().zip(&told.units) {
            assert_eq!((line.agreed, &line.times, line.decided_at), (said.agreed, &said.times, said.decided_at));
            assert_eq!((line.asked_at, line.gives_back, &line.refund), (said.asked_at, told.gives_back, &told.refund));
            assert_eq!((&line.names.certificate, &line.names.code), (&said.names.certificate, &None));
            assert_eq!((&line.secret.code, &line.secret.credentials), (&said.names.code, &said.credentials));
            assert!(!serde_json::to_string(line).unwrap().contains("hidden-code"));
        }
        assert!(engine.storage().refund_lines(&"nobody".parse().unwrap(), &order).await.unwrap().is_empty());
        engine.stop(Duration::from_secs(5)).await;
        storage.close().await;
        let Some(path) = given.url.strip_prefix("sqlite://") else { continue };
        for file in [path.to_owned(), format!("{path}-wal")] {
            let bytes = std::fs::read(&file).unwrap_or_default();
            assert!(!bytes.windows(11).any(|window| window == b"hidden-code"), "{file} shows what has to be sealed");
        }
    }
}

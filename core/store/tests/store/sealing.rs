//! Nothing of guests, credentials or codes is readable in the database file.

use std::time::Duration;

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

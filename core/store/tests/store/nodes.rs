//! Several nodes on one PostgreSQL: the locks are the guard.

use std::time::Duration;

use entrepot_contract::product::Fulfilment;
use entrepot_domain::answer::Answer;

use crate::databases;
use crate::world::*;

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_sell_one_cell_and_give_one_answer_to_one_key() {
    let Some(given) = databases::postgres().await else { return };
    let mut engines = Vec::new();
    for node in ["n1", "n2", "n3"] {
        let storage = databases::open(&given).await;
        engines.push(engine(&storage, node).await);
    }
    offer(&engines[0], Fulfilment::OwnNumber, 60, 1_000_000).await;
    let mut orders = Vec::new();
    for number in 0..180_u32 {
        // Every channel order is created on all three nodes at once.
        for engine in &engines {
            let engine = engine.clone();
            orders.push(tokio::spawn(async move {
                let body = create(&format!("o{}", number / 2), 1, true);
                let key = entrepot_domain::command::CommandKey {
                    scope: CHANNEL.to_owned(),
                    kind: body.name().to_owned(),
                    key: format!("o{}", number / 2),
                };
                (number / 2, engine.command(&merchant(), key, "same".to_owned(), "test", body).await)
            }));
        }
    }
    let mut answers: std::collections::BTreeMap<u32, Answer> = Default::default();
    for order in orders {
        let (number, answer) = order.await.unwrap();
        // "Busy" is no answer: nothing was done, and the channel comes again.
        let Ok(answer) = answer else { continue };
        let first = answers.entry(number).or_insert_with(|| answer.clone());
        assert_eq!(first, &answer, "order o{number} got two answers");
    }
    let sold = answers.values().filter(|answer| matches!(answer, Answer::Created { .. })).count();
    assert_eq!(sold, 60, "of {} answered orders", answers.len());
    hold(&engines[2]).await;
    for engine in engines {
        engine.stop(Duration::from_secs(5)).await;
    }
}

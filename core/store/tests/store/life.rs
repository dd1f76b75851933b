//! An order's life on both databases.

use std::time::Duration;

use entrepot_contract::ids::OrderId;
use entrepot_contract::intent::{RecordRefund, UnitChoice};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Credential, CredentialKind};
use entrepot_contract::order::{OrderState, RefundCause, UnitState};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::code::CodeFacts;
use entrepot_domain::code::NewCode;
use entrepot_domain::command::{Body, OrderName};

use crate::databases;
use crate::world::*;

fn order_of(answer: Answer) -> OrderId {
    match answer {
        Answer::Created { order, .. } => order,
        other => panic!("{other:?}"),
    }
}

fn pool() -> Fulfilment {
    Fulfilment::Supplier { connection: POOL.parse().unwrap(), product_code: "codes".to_owned() }
}

fn codes(from: u32, to: u32) -> Body {
    let code = |line| NewCode {
        line,
        text: format!("CODE-{line}"),
        credentials: vec![Credential {
            kind: CredentialKind::QrCode,
            value: format!("CODE-{line}"),
            document_kind: None,
        }],
        facts: CodeFacts::of("b".parse().unwrap()),
    };
    Body::AddCodes { pool: "codes".parse().unwrap(), codes: (from..=to).map(code).collect() }
}

#[tokio::test(flavor = "multi_thread")]
async fn bought_issued_used_and_given_back() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        offer(&engine, pool(), 10, 10_000).await;
        done(give(&engine, codes(1, 5)).await);
        let added = done(give(&engine, codes(4, 8)).await);
        assert_eq!(added, Answer::CodesAdded { added: 3, duplicates: vec![4, 5], elsewhere: Vec::new() });
        let order = order_of(done(give(&engine, create("c1", 3, true)).await));
        let name = OrderName::Own(order.clone());
        let issue = Body::StartIssue { order: name.clone(), count: Some(3), names: Default::default(), paid_at: None };
        assert_eq!(done(give(&engine, issue.clone()).await), Answer::Issued { order: order.clone() });
        assert_eq!(done(give(&engine, issue).await), Answer::Issued { order: order.clone() }, "issuing twice is once");
        let units = engine.storage().credentials(&merchant(), &order).await.unwrap();
        let shown: Vec<&str> = units.iter().map(|unit| unit.credentials[0].value.as_str()).collect();
        assert_eq!(shown, ["CODE-1", "CODE-2", "CODE-3"], "the oldest codes first");
        let found = engine.storage().units_of_code(&merchant(), "CODE-2").await.unwrap();
        assert_eq!(found, [(order.clone(), 2)]);
        let refund = Body::RecordRefund {
            order: name.clone(),
            intent: RecordRefund::new(
                "c1".parse().unwrap(),
                "R1".to_owned(),
                RefundCause::Platform,
                UnitChoice::Numbers(vec![1, 3]),
                Money::fen(200),
                Timestamp::from_seconds(1_790_000_100),
            ),
        };
        done(give(&engine, refund.clone()).await);
        done(give(&engine, refund).await);
        let (found, refunds) = engine.storage().order(&merchant(), &order).await.unwrap().unwrap();
        assert_eq!(found.count(UnitState::Refunded), 2);
        assert_eq!(found.state, OrderState::Issued);
        assert_eq!(refunds.len(), 1, "one key is one refund");
        hold(&engine).await;
        let account = engine.storage().account(&merchant(), &DISTRIBUTOR.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(account.balance_minor, 10_000 - 80);
        let events = engine.storage().events(&merchant(), &order).await.unwrap();
        let told: Vec<&str> = events.iter().map(|event| event.what.as_str()).collect();
        assert_eq!(told, ["created", "paid", "accepted", "issued", "refunded"]);
        engine.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rush_sells_what_is_there_and_no_more() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        offer(&engine, Fulfilment::OwnNumber, 100, 1_000_000).await;
        let orders = (0..300).map(|number| {
            let engine = engine.clone();
            tokio::spawn(async move { give(&engine, create(&format!("r{number}"), 1, number % 2 == 0)).await })
        });
        let mut sold = 0;
        for order in orders.collect::<Vec<_>>() {
            match order.await.unwrap().unwrap() {
                Answer::Created { .. } => sold += 1,
                Answer::Refused(refusal) => {
                    assert_eq!(refusal.reason, entrepot_contract::outcome::Reason::SoldOut, "{refusal:?}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(sold, 100);
        hold(&engine).await;
        engine.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_a_new_start() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let first = engine(&storage, "n1").await;
        offer(&first, Fulfilment::OwnNumber, 10, 10_000).await;
        let order = order_of(done(give(&first, create("c1", 2, false)).await));
        first.stop(Duration::from_secs(5)).await;
        storage.close().await;
        let storage = databases::open(&given).await;
        let second = engine(&storage, "n1").await;
        let (found, _) = second.storage().order(&merchant(), &order).await.unwrap().unwrap();
        assert_eq!(found.state, OrderState::Created);
        let pay =
            Body::PayOrder { order: OrderName::Own(order.clone()), paid_at: Timestamp::from_seconds(1_790_000_000) };
        done(give(&second, pay).await);
        hold(&second).await;
        second.stop(Duration::from_secs(5)).await;
    }
}

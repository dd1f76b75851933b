//! Two nodes on one PostgreSQL that want the same rows at the same moment: what only locks can decide.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use entrepot_contract::ids::{NodeId, OrderId};
use entrepot_contract::intent::{Intent, RecordRefund, UnitChoice};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Credential, CredentialKind, RefundCause};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::code::CodeFacts;
use entrepot_domain::code::NewCode;
use entrepot_domain::command::{Body, CalendarRow, CommandKey, OrderName};
use entrepot_domain::job::{JobEnd, JobState};
use entrepot_engine::Engine;
use entrepot_engine::storage::{BirthLease, Storage};

use crate::databases::{self, Given};
use crate::world::*;

/// Two nodes that sell one SKU.
async fn two(given: &Given, fulfilment: Fulfilment, units: u32) -> [Engine; 2] {
    let one = engine(&databases::open(given).await, "n1").await;
    offer(&one, fulfilment, units, 10_000_000).await;
    [one, engine(&databases::open(given).await, "n2").await]
}

async fn stop(engines: [Engine; 2]) {
    for engine in engines {
        engine.stop(Duration::from_secs(5)).await;
    }
}

/// Gives a command until it is answered: "busy" is no answer.
async fn insist(engine: &Engine, merchant: &str, key: &str, body: Body) -> Answer {
    let key = CommandKey { scope: "races".to_owned(), kind: body.name().to_owned(), key: key.to_owned() };
    for _ in 0..50 {
        let merchant = merchant.parse().unwrap();
        if let Ok(answer) = engine.command(&merchant, key.clone(), String::new(), "test", body.clone()).await {
            return answer;
        }
    }
    panic!("{key:?} was never answered");
}

fn refund(number: u32) -> RecordRefund {
    RecordRefund::new(
        format!("o{number}").parse().unwrap(),
        format!("r{number}"),
        RefundCause::Platform,
        UnitChoice::AllLeft,
        Money::fen(100),
        Timestamp::from_seconds(1_790_000_100),
    )
}

async fn sold(engine: &Engine, number: u32) -> OrderId {
    match insist(engine, "lake", &format!("sold{number}"), create(&format!("o{number}"), 1, true)).await {
        Answer::Created { order, .. } => order,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_and_its_refund_that_claim_one_number_at_once_always_meet() {
    let Some(given) = databases::postgres().await else { return };
    let engines = two(&given, Fulfilment::OwnNumber, 1_000).await;
    let mut pairs = Vec::new();
    for number in 0..60_u32 {
        let (one, other) = (engines[0].clone(), engines[1].clone());
        let fact = Body::StoreFact {
            application: APPLICATION.parse().unwrap(),
            order: format!("o{number}").parse().unwrap(),
            intent: Box::new(Intent::RecordRefund(refund(number))),
        };
        let key = number.to_string();
        let made =
            tokio::spawn(async move { insist(&one, "lake", &key, create(&format!("o{number}"), 1, true)).await });
        let told = tokio::spawn(async move { insist(&other, ".inbox", &number.to_string(), fact).await });
        pairs.push((made, told));
    }
    for (number, (made, told)) in pairs.into_iter().enumerate() {
        let pair = (made.await.unwrap(), told.await.unwrap());
        let met =
            matches!(&pair, (Answer::Created { .. }, Answer::Known { .. }) | (Answer::Refused(_), Answer::Stored));
        assert!(met, "order o{number} and its refund passed each other: {pair:?}");
    }
    hold(&engines[0]).await;
    stop(engines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_never_give_one_code_twice() {
    let Some(given) = databases::postgres().await else { return };
    let pool = Fulfilment::Supplier { connection: POOL.parse().unwrap(), product_code: "codes".to_owned() };
    let engines = two(&given, pool, 1_000).await;
    let code = |line: u32| NewCode {
        line,
        text: format!("CODE-{line}"),
        credentials: vec![Credential {
            kind: CredentialKind::QrCode,
            value: format!("CODE-{line}"),
            document_kind: None,
        }],
        facts: CodeFacts::of("b".parse().unwrap()),
    };
    let codes = Body::AddCodes { pool: "codes".parse().unwrap(), codes: (0..30).map(code).collect() };
    done(give(&engines[0], codes).await);
    let mut calls = Vec::new();
    for number in 0..40_u32 {
        let order = sold(&engines[0], number).await;
        let engine = engines[usize::try_from(number % 2).unwrap()].clone();
        calls.push(tokio::spawn(async move {
            let body = Body::StartIssue {
                order: OrderName::Own(order.clone()),
                count: None,
                names: Default::default(),
                paid_at: None,
            };
            (order, insist(&engine, "lake", &number.to_string(), body).await)
        }));
    }
    let (mut given_codes, mut issued) = (BTreeSet::new(), 0);
    for call in calls {
        let (order, answer) = call.await.unwrap();
        match answer {
            Answer::Issued { .. } => {
                issued += 1;
                let units = engines[1].storage().credentials(&merchant(), &order).await.unwrap();
                let fresh = given_codes.insert(units[0].credentials[0].value.clone());
                assert!(fresh, "{order} was given a code that somebody has");
            }
            other => assert!(matches!(other, Answer::OutOfCodes { .. }), "{other:?}"),
        }
    }
    assert_eq!(issued, 30);
    hold(&engines[0]).await;
    stop(engines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_a_lease_neither_starts_nor_ends_the_job() {
    let Some(given) = databases::postgres().await else { return };
    let gate = Fulfilment::Supplier { connection: GATE.parse().unwrap(), product_code: "x".to_owned() };
    let engines = two(&given, gate, 100).await;
    let mut orders = Vec::new();
    for number in 0..20 {
        let order = sold(&engines[0], number).await;
        let body = Body::StartIssue {
            order: OrderName::Own(order.clone()),
            count: None,
            names: Default::default(),
            paid_at: None,
        };
        insist(&engines[0], "lake", &number.to_string(), body).await;
        orders.push(order);
    }
    stop(engines).await;
    let (one, other) = (databases::open(&given).await.shared(), databases::open(&given).await.shared());
    let lease = |store: Arc<dyn Storage>, node: &'static str, for_ms: u32| async move {
        store.lease_jobs(&NodeId::parse(node).unwrap(), 100, for_ms).await.unwrap()
    };
    // Both ask at once, and each job is somebody's.
    let (first, second) = tokio::join!(lease(one.clone(), "n1", 60_000), lease(other.clone(), "n2", 60_000));
    let ids: BTreeSet<_> = first.iter().chain(&second).map(|job| job.job.id.clone()).collect();
    assert_eq!((ids.len(), first.len() + second.len()), (20, 20), "a job was leased twice, or not at all");
    let job = first.into_iter().chain(second).next().unwrap();
    let token = job.token;
    assert!(one.start_job(&job.job.id, token, 0).await.unwrap(), "its time is over at once");
    let again = lease(other.clone(), "n2", 60_000).await;
    assert_eq!((again.len(), again[0].state, again[0].token), (1, JobState::Started, token + 1));
    // The first comes back from a long pause: neither a start nor an end of his counts.
    assert!(!one.start_job(&job.job.id, token, 60_000).await.unwrap());
    for (store, token, ended) in [(&one, token, false), (&other, token + 1, true)] {
        let mut writes = entrepot_domain::change::Writes::default();
        writes.ended_jobs.push(JobEnd { id: job.job.id.clone(), token });
        let mut lane = store.lane().await.unwrap();
        let batch = lane.begin().await.unwrap();
        let birth = BirthLease { node: NodeId::parse("n1").unwrap(), lease_ms: 1 };
        let prepared = store.prepare([(merchant(), writes)].into(), &BTreeSet::new()).unwrap();
        batch.commit(prepared, birth).await.unwrap();
        let renewed = store.start_job(&job.job.id, job.token + 1, 60_000).await.unwrap();
        assert_eq!(renewed, !ended, "with token {token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_a_person_took_away_is_not_put_back_by_whoever_had_it() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let gate = Fulfilment::Supplier { connection: GATE.parse().unwrap(), product_code: "x".to_owned() };
        let engine = engine(&storage, "n1").await;
        offer(&engine, gate, 10, 100_000).await;
        let order = sold(&engine, 1).await;
        insist(
            &engine,
            "lake",
            "i",
            Body::StartIssue { order: OrderName::Own(order), count: None, names: Default::default(), paid_at: None },
        )
        .await;
        engine.stop(Duration::from_secs(5)).await;
        let store = databases::open(&given).await.shared();
        let job = store.lease_jobs(&NodeId::parse("n2").unwrap(), 1, 60_000).await.unwrap().remove(0);
        let retried = entrepot_engine::records::Record::Job {
            merchant: merchant(),
            job: job.job.id.clone(),
            retry: true,
            at: Timestamp::from_millis(0),
        };
        store.record(retried).await.unwrap();
        let next = entrepot_engine::storage::JobNext {
            state: JobState::Dead,
            wait_ms: 0,
            note: String::new(),
            counts: true,
            unclear: false,
            memo: entrepot_domain::job::JobMemo::default(),
            heard: None,
        };
        assert!(!store.put_job(&job.job.id, job.token, next).await.unwrap());
        let free = store.lease_jobs(&NodeId::parse("n3").unwrap(), 1, 60_000).await.unwrap();
        assert_eq!(free.len(), 1, "a retry is due at once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn opposite_lock_orders_end_in_an_answer() {
    let Some(given) = databases::postgres().await else { return };
    let engines = two(&given, Fulfilment::OwnNumber, 10_000).await;
    for number in 0..24 {
        sold(&engines[0], number).await;
    }
    let mut calls = Vec::new();
    // One node goes through the orders upwards, the other downwards; both touch the one cell and the one account, from
    // the calendar's, the office's and the orders' side.
    for step in 0..24_u32 {
        for (engine, number) in engines.iter().zip([step, 23 - step]) {
            let day = entrepot_contract::calendar::CalendarDay {
                sku: "adult".parse().unwrap(),
                date: Some(day()),
                retail: Money::fen(100),
                settlement: Money::fen(80),
                open: true,
                close: None,
                cost: None,
                minimum_units: None,
                maximum_units: None,
                cutoff: None,
                slots: Vec::new(),
            };
            let capacity = entrepot_contract::calendar::Capacity::Limited(9_000 + step);
            let rows = vec![CalendarRow { day, stock: Some((cell(), capacity)) }];
            let order = OrderName::Channel(APPLICATION.parse().unwrap(), format!("o{number}").parse().unwrap());
            let top_up = Body::TopUp { distributor: DISTRIBUTOR.parse().unwrap(), amount: Money::fen(1), note: None };
            let bodies = [
                Body::RecordRefund { order: order.clone(), intent: refund(number) },
                Body::WriteCalendar { rows },
                top_up,
                Body::StartIssue { order, count: None, names: Default::default(), paid_at: None },
            ];
            for body in bodies {
                let (engine, key) = (engine.clone(), format!("{step}-{number}"));
                calls.push(tokio::spawn(async move { insist(&engine, "lake", &key, body).await }));
            }
        }
    }
    let all = async {
        for call in calls {
            call.await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("nobody waits for ever");
    hold(&engines[0]).await;
    stop(engines).await;
}

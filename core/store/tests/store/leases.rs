//! Jobs and their leases on both databases.

use entrepot_contract::ids::{ConnectionId, JobId, NodeId, SupplierReference};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::supplier::Memo;
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, IssueResult, OrderName};
use entrepot_domain::job::{BOOK, Heard, JobMemo, JobState};
use entrepot_engine::storage::{BIRTH_TOKEN, JobNext, JobsOf};
use std::time::Duration;

use crate::databases;
use crate::world::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_fences_off_whoever_lost_it() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        let gate = Fulfilment::Supplier { connection: GATE.parse().unwrap(), product_code: "x".to_owned() };
        offer(&engine, gate, 10, 10_000).await;
        let Answer::Created { order, .. } = done(give(&engine, create("c1", 1, true)).await) else { panic!() };
        done(
            give(
                &engine,
                Body::StartIssue {
                    order: OrderName::Own(order),
                    count: None,
                    names: Default::default(),
                    paid_at: None,
                },
            )
            .await,
        );
        engine.stop(Duration::from_secs(5)).await;
        let storage = databases::open(&given).await;
        let store = storage.shared();
        let jobs = storage.list_jobs(&merchant(), None, &Default::default()).await.unwrap();
        assert_eq!(jobs.len(), 1);
        let id: JobId = jobs[0].job.id.clone();
        let node = NodeId::parse("n2").unwrap();
        // No plugin is open: the first node put the job back, and another one takes it with a new number.
        let again = || async { store.lease_jobs(&node, 10, 60_000).await.unwrap() };
        let leased = again().await;
        assert_eq!(leased.len(), 1);
        let token = leased[0].token;
        assert!(token > BIRTH_TOKEN);
        assert!(again().await.is_empty(), "a leased job is nobody else's");
        assert!(!store.start_job(&id, BIRTH_TOKEN, 1_000).await.unwrap(), "the old number starts nothing");
        assert!(store.start_job(&id, token, 60_000).await.unwrap());
        let memo = JobMemo { word: Memo::new("batch 7"), ..JobMemo::default() };
        let next = JobNext {
            state: JobState::Started,
            wait_ms: 0,
            note: "no answer".to_owned(),
            counts: true,
            unclear: true,
            memo: memo.clone(),
            heard: None,
        };
        assert!(!store.put_job(&id, BIRTH_TOKEN, next.clone()).await.unwrap());
        assert!(store.put_job(&id, token, next).await.unwrap());
        let back = again().await;
        assert_eq!(back[0].state, JobState::Started, "a started job stays started: its outcome is asked for first");
        assert_eq!(back[0].token, token + 1);
        assert_eq!(back[0].memo, memo);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_starts_again_ends_its_own_leases_and_no_others() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        let gate = Fulfilment::Supplier { connection: GATE.parse().unwrap(), product_code: "x".to_owned() };
        offer(&engine, gate, 10, 10_000).await;
        for order in ["c1", "c2"] {
            let Answer::Created { order, .. } = done(give(&engine, create(order, 1, true)).await) else { panic!() };
            done(
                give(
                    &engine,
                    Body::StartIssue {
                        order: OrderName::Own(order),
                        count: None,
                        names: Default::default(),
                        paid_at: None,
                    },
                )
                .await,
            );
        }
        engine.stop(Duration::from_secs(5)).await;
        let storage = databases::open(&given).await;
        let store = storage.shared();
        let node = |name| NodeId::parse(name).unwrap();
        let mine = store.lease_jobs(&node("n2"), 1, 60_000).await.unwrap().remove(0);
        let other = store.lease_jobs(&node("n3"), 1, 60_000).await.unwrap().remove(0);
        assert!(store.start_job(&mine.job.id, mine.token, 60_000).await.unwrap());
        assert_eq!(store.reclaim_jobs(&node("n2")).await.unwrap(), 1);
        assert_eq!(store.reclaim_jobs(&node("n2")).await.unwrap(), 0, "nothing is left to take back");
        assert!(!store.start_job(&mine.job.id, mine.token, 60_000).await.unwrap(), "the old number starts nothing");
        let next = JobNext {
            state: JobState::Dead,
            wait_ms: 0,
            note: "too late".to_owned(),
            counts: true,
            unclear: false,
            memo: JobMemo::default(),
            heard: None,
        };
        assert!(!store.put_job(&mine.job.id, mine.token, next).await.unwrap());
        let back = store.lease_jobs(&node("n2"), 10, 60_000).await.unwrap();
        assert_eq!(back.len(), 1, "the other node's lease holds");
        assert_eq!((&back[0].job.id, back[0].state), (&mine.job.id, JobState::Started), "it is asked about first");
        assert!(back[0].token > mine.token);
        assert!(store.start_job(&other.job.id, other.token, 60_000).await.unwrap());
    }
}

/// What the other side tells while a job is at work makes it due when it is put back, and is gone once it was seen.
#[tokio::test(flavor = "multi_thread")]
async fn news_stay_with_a_job_until_a_try_has_seen_them() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        let gate = Fulfilment::Supplier { connection: GATE.parse().unwrap(), product_code: "x".to_owned() };
        offer(&engine, gate, 10, 10_000).await;
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
        let reference: SupplierReference = "S-1".parse().unwrap();
        let pending = IssueResult::Pending { reference: Some(reference.clone()) };
        done(give(&engine, Body::RecordIssue { order: order.clone(), result: pending }).await);
        engine.stop(Duration::from_secs(5)).await;
        let storage = databases::open(&given).await;
        let store = storage.shared();
        let node = NodeId::parse("n2").unwrap();
        let again = || async { store.lease_jobs(&node, 10, 60_000).await.unwrap() };
        let (merchant, connection): (_, ConnectionId) = (merchant(), GATE.parse().unwrap());
        let about = |kind| JobsOf { merchant: &merchant, order: &order, connection: &connection, kind };
        let heard = |at| Heard { at: Timestamp::from_millis(at), cancellation: None };
        assert_eq!(store.tell_jobs(&about(BOOK), &heard(1)).await.unwrap(), 0, "nothing is under way yet");
        let job = again().await.remove(0);
        assert!(store.start_job(&job.job.id, job.token, 60_000).await.unwrap());
        assert_eq!(store.tell_jobs(&about("cancel_at_supplier"), &heard(1)).await.unwrap(), 0, "of another kind");
        assert_eq!(store.tell_jobs(&about(BOOK), &heard(2)).await.unwrap(), 1);
        let waits = |heard| JobNext {
            state: JobState::Started,
            wait_ms: 3_600_000,
            note: "waits".to_owned(),
            counts: false,
            unclear: true,
            memo: JobMemo::default(),
            heard,
        };
        assert!(store.put_job(&job.job.id, job.token, waits(job.heard)).await.unwrap());
        let back = again().await.remove(0);
        assert_eq!(back.heard, Some(heard(2)), "due at once");
        assert_eq!(store.tell_jobs(&about(BOOK), &heard(3)).await.unwrap(), 1);
        assert!(store.put_job(&back.job.id, back.token, waits(back.heard)).await.unwrap());
        let back = again().await.remove(0);
        assert_eq!(back.heard, Some(heard(3)), "the newer word is no less");
        assert!(store.put_job(&back.job.id, back.token, waits(back.heard)).await.unwrap());
        assert!(again().await.is_empty(), "seen: it waits as it said");
        let found = |reference| store.order_by_reference(&merchant, &connection, reference);
        assert_eq!(found(&reference).await.unwrap(), Some(order.clone()));
        assert_eq!(found(&"S-2".parse().unwrap()).await.unwrap(), None);
        let elsewhere = store.order_by_reference(&merchant, &"elsewhere".parse().unwrap(), &reference).await;
        assert_eq!(elsewhere.unwrap(), None, "another supplier's number");
    }
}

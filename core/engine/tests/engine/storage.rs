//! The storage in memory by itself: what the engine relies on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use entrepot_contract::ids::MerchantId;
use entrepot_contract::time::{Clock, Timestamp};
use entrepot_domain::alert::{Alert, AlertChange, AlertKind};
use entrepot_domain::change::Writes;
use entrepot_domain::code::{CodeFacts, CodeState, FreshCode, TakenCode};
use entrepot_domain::job::{JobEnd, JobKind, JobMemo, JobState, NewJob};
use entrepot_engine::memory::{InjectedFault, MemoryStorage};
use entrepot_engine::records::{Record, RegisteredConnection};
use entrepot_engine::storage::{BIRTH_TOKEN, BirthLease, JobNext, Storage, StorageFault, Switch};

use crate::house::id;

struct Still(std::sync::atomic::AtomicI64);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(std::sync::atomic::Ordering::Relaxed))
    }
}

impl Still {
    fn pass(&self, millis: i64) {
        self.0.fetch_add(millis, std::sync::atomic::Ordering::Relaxed);
    }
}

fn empty() -> (MemoryStorage, Arc<Still>) {
    let clock = Arc::new(Still(1_000.into()));
    (MemoryStorage::new(clock.clone()), clock)
}

async fn commit(storage: &MemoryStorage, change: impl FnOnce(&mut Writes)) -> Result<(), StorageFault> {
    let mut writes = Writes::default();
    change(&mut writes);
    let mut lane = storage.lane().await.unwrap();
    let batch = lane.begin().await.unwrap();
    let merchant: MerchantId = id("park");
    let lease = BirthLease { node: id("node"), lease_ms: 1_000 };
    let prepared = storage.prepare(BTreeMap::from([(merchant, writes)]), &BTreeSet::new())?;
    batch.commit(prepared, lease).await
}

fn job(name: &str, order: &str, connection: &str) -> NewJob {
    NewJob {
        id: id(name),
        merchant: id("park"),
        order: id(order),
        connection: id(connection),
        kind: JobKind::Book,
        after: None,
        created_at: Timestamp::from_millis(0),
    }
}

async fn leased(storage: &MemoryStorage) -> Vec<(String, i64)> {
    let jobs = storage.lease_jobs(&id("node"), 10, 1_000).await.unwrap();
    jobs.into_iter().map(|job| (job.job.id.to_string(), job.token)).collect()
}

fn next(state: JobState, wait_ms: u64) -> JobNext {
    JobNext {
        state,
        wait_ms,
        note: "note".to_owned(),
        counts: true,
        unclear: state == JobState::Started,
        memo: JobMemo::default(),
        heard: None,
    }
}

#[tokio::test]
async fn a_job_is_born_leased_and_free_once_the_lease_ran_out() {
    let (storage, clock) = empty();
    commit(&storage, |writes| writes.jobs.push(job("a", "1", "x"))).await.unwrap();
    assert!(leased(&storage).await.is_empty());
    assert!(storage.start_job(&id("a"), BIRTH_TOKEN, 1_000).await.unwrap());
    clock.pass(999);
    assert!(leased(&storage).await.is_empty());
    clock.pass(1);
    assert_eq!(leased(&storage).await, [("a".to_owned(), 2)]);
    assert!(!storage.start_job(&id("a"), BIRTH_TOKEN, 1_000).await.unwrap(), "the old lease is fenced off");
    assert!(!storage.put_job(&id("a"), BIRTH_TOKEN, next(JobState::Dead, 0)).await.unwrap());
    commit(&storage, |writes| writes.ended_jobs.push(JobEnd { id: id("a"), token: BIRTH_TOKEN })).await.unwrap();
    assert_eq!(storage.jobs()[0].state, JobState::Started);
    assert!(storage.put_job(&id("a"), 2, next(JobState::Ready, 500)).await.unwrap());
    assert!(leased(&storage).await.is_empty());
    clock.pass(500);
    assert_eq!(leased(&storage).await, [("a".to_owned(), 3)]);
    commit(&storage, |writes| writes.ended_jobs.push(JobEnd { id: id("a"), token: 3 })).await.unwrap();
    assert_eq!((storage.jobs()[0].state, storage.jobs()[0].attempts), (JobState::Done, 1));
    assert!(!storage.start_job(&id("a"), 3, 1_000).await.unwrap());
}

#[tokio::test]
async fn a_job_waits_for_the_open_one_before_it_and_for_no_other() {
    let (storage, clock) = empty();
    commit(&storage, |writes| writes.jobs.push(job("a", "1", "x"))).await.unwrap();
    commit(&storage, |writes| {
        writes.jobs.extend([job("b", "1", "x"), job("c", "1", "y"), job("d", "2", "x")]);
    })
    .await
    .unwrap();
    let after: Vec<Option<String>> =
        storage.jobs().iter().map(|view| view.job.after.as_ref().map(ToString::to_string)).collect();
    assert_eq!(after, [None, Some("a".to_owned()), None, None]);
    assert!(!storage.start_job(&id("b"), BIRTH_TOKEN, 1_000).await.unwrap(), "it is not its turn");
    clock.pass(1_000);
    let names = |found: Vec<(String, i64)>| found.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(leased(&storage).await), ["a", "c", "d"]);
    storage.put_job(&id("a"), 2, next(JobState::Dead, 0)).await.unwrap();
    assert!(leased(&storage).await.is_empty(), "a dead one holds what depends on it");
    storage
        .record(Record::Job { merchant: id("park"), job: id("a"), retry: false, at: Timestamp::from_millis(0) })
        .await
        .unwrap();
    assert_eq!(names(leased(&storage).await), ["b"]);
}

#[tokio::test]
async fn a_batch_has_the_database_for_itself_until_it_ends() {
    let (storage, _) = empty();
    let (mut first, mut second) = (storage.lane().await.unwrap(), storage.lane().await.unwrap());
    let held = first.begin().await.unwrap();
    assert!(futures_util::FutureExt::now_or_never(second.begin()).is_none());
    drop(held);
    assert!(futures_util::FutureExt::now_or_never(second.begin()).is_some());
}

#[tokio::test]
async fn a_code_that_is_there_refuses_the_whole_batch() {
    let (storage, _) = empty();
    let code = |name: &str, text: &str| {
        let facts = CodeFacts::of(id("b"));
        let (id, text) = (id(name), text.to_owned());
        (self::id("pool"), FreshCode { id, text, credentials: Vec::new(), facts, state: CodeState::Available })
    };
    commit(&storage, |writes| writes.new_codes.push(code("1", "A"))).await.unwrap();
    let twice = commit(&storage, |writes| {
        writes.new_codes.extend([code("2", "B"), code("3", "A")]);
        writes.jobs.push(job("a", "1", "x"));
    })
    .await;
    assert!(matches!(twice, Err(StorageFault::Data(_))));
    assert!(storage.jobs().is_empty());
    let known = storage.known_codes(&id("park"), &["A".to_owned(), "B".to_owned()]).await.unwrap();
    assert_eq!(known, [("A".to_owned(), id("pool"))]);
    assert!(storage.known_codes(&id("other"), &["A".to_owned()]).await.unwrap().is_empty());
    let taken = commit(&storage, |writes| {
        let taken = |unit| TakenCode { code: id("1"), order: id("o"), unit, at: Timestamp::from_millis(0) };
        writes.taken_codes.extend([taken(1), taken(2)]);
    })
    .await;
    assert!(matches!(taken, Err(StorageFault::Conflict(_))));
}

#[tokio::test]
async fn injected_faults_happen_once_and_in_turn() {
    let (storage, _) = empty();
    storage.inject(InjectedFault::CommitLostBefore);
    storage.inject(InjectedFault::CommitLostAfter);
    storage.inject(InjectedFault::Data);
    let mut found = Vec::new();
    for name in ["a", "b", "c", "d"] {
        found.push(commit(&storage, |writes| writes.jobs.push(job(name, name, "x"))).await);
    }
    assert!(matches!(found[0], Err(StorageFault::CommitUnknown(_))));
    assert!(matches!(found[1], Err(StorageFault::CommitUnknown(_))));
    assert!(matches!(found[2], Err(StorageFault::Data(_))));
    assert!(found[3].is_ok());
    let stored: Vec<String> = storage.jobs().iter().map(|view| view.job.id.to_string()).collect();
    assert_eq!(stored, ["b", "d"]);
    storage.inject_at("switches", InjectedFault::Busy);
    assert!(matches!(storage.switches().await, Err(StorageFault::Lost(_))));
    assert!(storage.switches().await.is_ok());
}

#[tokio::test]
async fn a_connections_id_never_names_something_else() {
    let (storage, _) = empty();
    let connection = |name: &str, external: &str| RegisteredConnection {
        id: id(name),
        merchant: id("park"),
        plugin: "p".to_owned(),
        external: external.to_owned(),
    };
    let register = |connections| storage.record(Record::Register(connections));
    register(vec![connection("a", "1")]).await.unwrap();
    register(vec![connection("a", "1")]).await.unwrap();
    let refused = register(vec![connection("b", "1"), connection("a", "2")]).await;
    assert!(matches!(refused, Err(StorageFault::Data(_))));
    assert_eq!(storage.switches().await.unwrap(), BTreeMap::from([(id("a"), Switch::On)]));
    let switch = |name: &str| Record::Switch { connection: id(name), switch: Switch::Draining };
    storage.record(switch("a")).await.unwrap();
    assert!(storage.record(switch("b")).await.is_err());
    assert_eq!(storage.switches().await.unwrap()[&id("a")], Switch::Draining);
}

#[tokio::test]
async fn an_alert_is_open_once_for_its_subject() {
    let (storage, _) = empty();
    let alert = |subject: &str, text: &str| Alert {
        kind: AlertKind::Stuck,
        subject: subject.to_owned(),
        text: text.to_owned(),
        at: Timestamp::from_millis(0),
    };
    let raised = |alert: Alert| ((alert.kind, alert.subject.clone()), AlertChange::Raised(alert));
    commit(&storage, |writes| writes.alerts.extend([raised(alert("a", "2")), raised(alert("b", "3"))])).await.unwrap();
    storage.record(Record::Alert { merchant: None, alert: alert("a", "4") }).await.unwrap();
    storage.record(Record::Alert { merchant: Some(id("park")), alert: alert("a", "5") }).await.unwrap();
    let texts: Vec<String> = storage.alerts().into_iter().map(|(_, alert)| alert.text).collect();
    assert_eq!(texts, ["4", "5", "3"]);
    let resolved = ((AlertKind::Stuck, "a".to_owned()), AlertChange::Resolved(Timestamp::from_millis(1)));
    commit(&storage, |writes| writes.alerts.extend([resolved])).await.unwrap();
    let texts: Vec<String> = storage.alerts().into_iter().map(|(_, alert)| alert.text).collect();
    assert_eq!(texts, ["4", "3"]);
}

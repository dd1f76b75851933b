//! The same commands on every database leave the same things behind.

use std::sync::Arc;

use entrepot_contract::time::{Clock, Timestamp};
use entrepot_engine::memory::MemoryStorage;
use entrepot_simulation::replay::replay;
use entrepot_simulation::world::BEGIN_MS;

use crate::databases;

/// Lists of commands that are compared.
const SEEDS: u64 = 24;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(BEGIN_MS)
    }
}

/// The first line in which two dumps differ.
fn difference(seed: u64, memory: &[String], other: &[String]) -> Option<String> {
    let pairs = memory.iter().map(Some).chain([None]).zip(other.iter().map(Some).chain([None]));
    let (memory, other) = pairs.into_iter().find(|(memory, other)| memory != other)?;
    Some(format!("seed {seed}\n  in memory: {memory:?}\n  database:  {other:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_sqlite_and_postgresql_understand_the_same_commands_alike() {
    let mut compared = 0;
    // Making a database takes longer than filling it: a few at once.
    for first in (0..SEEDS).step_by(4) {
        let some: Vec<_> = (first..first + 4).map(|seed| tokio::spawn(compare(seed))).collect();
        for seed in some {
            compared += seed.await.unwrap();
        }
    }
    assert!(compared > 0, "this run names no database");
}

/// On how many databases a seed was compared.
async fn compare(seed: u64) -> u32 {
    let memory = replay(&MemoryStorage::new(Arc::new(Still)), seed).await;
    let mut compared = 0;
    for given in [databases::sqlite(), databases::postgres().await].into_iter().flatten() {
        let storage = databases::open(&given).await;
        let found = replay(storage.shared().as_ref(), seed).await;
        assert_eq!(difference(seed, &memory, &found), None);
        storage.close().await;
        compared += 1;
    }
    compared
}

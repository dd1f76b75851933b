//! Questions to the database that wait for each other: all that wait share one statement, because under load a
//! statement for each would cost more than what is asked. A lone one is asked at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use entrepot_contract::ids::JobId;
use entrepot_domain::change::{ChannelRef, RefKey};
use tokio::sync::{Notify, oneshot};

use crate::core::Core;
use crate::storage::StorageFault;

/// Questions of one statement.
const STATEMENT_LIMIT: usize = 256;

/// Questions that may wait; beyond, the caller is told that the database cannot be reached.
const WAITING_LIMIT: usize = 16_384;

type Reply<A> = oneshot::Sender<Result<A, StorageFault>>;

/// Questions of one kind.
pub(crate) struct Together<Q, A> {
    waiting: Mutex<Vec<(Q, Reply<A>)>>,
    arrived: Notify,
}

impl<Q, A> Default for Together<Q, A> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), arrived: Notify::new() }
    }
}

impl<Q, A> Together<Q, A> {
    /// Asks, and waits for the answer.
    pub(crate) async fn ask(&self, question: Q) -> Result<A, StorageFault> {
        let (reply, answer) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= WAITING_LIMIT {
                return Err(StorageFault::Lost("too many questions wait for the database".to_owned()));
            }
            waiting.push((question, reply));
        }
        self.arrived.notify_one();
        answer.await.unwrap_or_else(|_| Err(StorageFault::Lost("the engine stops".to_owned())))
    }

    /// What waits, once something does.
    async fn next(&self) -> Vec<(Q, Reply<A>)> {
        loop {
            {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if !waiting.is_empty() {
                    let count = waiting.len().min(STATEMENT_LIMIT);
                    return waiting.drain(..count).collect();
                }
            }
            self.arrived.notified().await;
        }
    }
}

/// What is known about channels' order numbers.
pub(crate) type Lookups = Together<RefKey, Option<ChannelRef>>;

/// Answers look-ups until the engine stops.
pub(crate) async fn look_up(core: Arc<Core>) {
    let closed = core.jobs.closed();
    tokio::pin!(closed);
    loop {
        let asked = tokio::select! {
            biased;
            () = &mut closed => return,
            asked = core.lookups.next() => asked,
        };
        let keys: BTreeSet<RefKey> = asked.iter().map(|(key, _)| key.clone()).collect();
        let found = core.storage.channel_refs(&Vec::from_iter(keys)).await;
        for (key, reply) in asked {
            let one = found.as_ref().map(|found| found.get(&key).cloned()).map_err(Clone::clone);
            // The caller may have hung up.
            let _ = reply.send(one);
        }
    }
}

/// Leased jobs, each with its lease's number, that are about to call out; whether the lease still holds.
pub(crate) type Starts = Together<(JobId, i64), bool>;

/// Marks jobs as started, for ever; it ends with the jobs.
pub(crate) async fn start_jobs(core: Arc<Core>) {
    loop {
        let asked = core.starts.next().await;
        let leases = newest(asked.iter().map(|(lease, _)| lease));
        let started = core.storage.start_jobs(&leases, core.settings.lease_ms).await;
        for ((job, token), reply) in asked {
            let holds = |started: &BTreeSet<JobId>| started.contains(&job) && leases.get(&job) == Some(&token);
            // The job may have been dropped: its lease runs out.
            let _ = reply.send(started.as_ref().map(holds).map_err(Clone::clone));
        }
    }
}

/// One lease for each job. A job that waited for another one may be asked for twice at once: as it was born, and under
/// the lease it got since. The higher number is the newer lease, and the only one that may hold.
fn newest<'a>(leases: impl Iterator<Item = &'a (JobId, i64)>) -> BTreeMap<JobId, i64> {
    let mut newest: BTreeMap<JobId, i64> = BTreeMap::new();
    for (job, token) in leases {
        let known = newest.entry(job.clone()).or_insert(*token);
        *known = (*known).max(*token);
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_leases_of_one_job_the_newer_one_is_asked_for_whichever_comes_last() {
        let lease = |job: &str, token| (job.parse::<JobId>().unwrap(), token);
        for asked in [[lease("a", 3), lease("b", 1), lease("a", 1)], [lease("a", 1), lease("b", 1), lease("a", 3)]] {
            assert_eq!(newest(asked.iter()), BTreeMap::from([lease("a", 3), lease("b", 1)]));
        }
    }
}

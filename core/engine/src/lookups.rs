//! Looks up channels' order numbers. All that wait share one query, because under load a query for each call would cost
//! more than the call itself; a lone one is asked at once.

use std::sync::{Arc, Mutex, PoisonError};

use entrepot_domain::change::{ChannelRef, RefKey};
use tokio::sync::{Notify, oneshot};

use crate::core::Core;
use crate::storage::StorageFault;

/// Numbers that one query looks up.
const QUERY_LIMIT: usize = 256;

/// Numbers that may wait; beyond, the caller is told to come again.
const WAITING_LIMIT: usize = 16_384;

type Found = Result<Option<ChannelRef>, StorageFault>;

/// What waits to be looked up.
#[derive(Default)]
pub(crate) struct Lookups {
    waiting: Mutex<Vec<(RefKey, oneshot::Sender<Found>)>>,
    arrived: Notify,
}

impl Lookups {
    /// What is known about a channel's order number.
    pub(crate) async fn find(&self, key: RefKey) -> Found {
        let (reply, found) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= WAITING_LIMIT {
                return Err(StorageFault::Lost("too many order numbers wait to be looked up".to_owned()));
            }
            waiting.push((key, reply));
        }
        self.arrived.notify_one();
        found.await.unwrap_or_else(|_| Err(StorageFault::Lost("the engine stops".to_owned())))
    }

    fn take(&self) -> Vec<(RefKey, oneshot::Sender<Found>)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.len().min(QUERY_LIMIT);
        waiting.drain(..count).collect()
    }
}

/// Looks up what waits until the engine stops.
pub(crate) async fn run(core: Arc<Core>) {
    let closed = core.jobs.closed();
    tokio::pin!(closed);
    loop {
        tokio::select! {
            biased;
            () = &mut closed => return,
            () = core.lookups.arrived.notified() => {}
        }
        loop {
            let asked = core.lookups.take();
            if asked.is_empty() {
                break;
            }
            let mut keys: Vec<RefKey> = asked.iter().map(|(key, _)| key.clone()).collect();
            keys.sort();
            keys.dedup();
            let found = core.storage.channel_refs(&keys).await;
            for (key, reply) in asked {
                let one = found.as_ref().map(|found| found.get(&key).cloned()).map_err(Clone::clone);
                // The caller may have hung up.
                let _ = reply.send(one);
            }
        }
    }
}

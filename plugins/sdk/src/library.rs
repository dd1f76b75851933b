//! Runs a plugin inside a library: its own small runtime, tables of instances and calls by number, services over the
//! host's `request` and our `deliver`. Safe code; [`crate::export`] puts C functions over it.
//!
//! Every call is one task. What ends it (an answer, a panic, an abort) sends exactly one reply, by `slot::Answer`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use entrepot_contract::abi::{
    ACCEPTED, CLOSED, CRASHED, CallMessage, CallReply, HostTable, OpenMessage, OpenReply, REFUSED, ServiceReply,
};
use entrepot_contract::fault::Fault;
use entrepot_contract::plugin::Plugin;
use tokio::runtime::{Builder, Runtime};

mod remote;
mod slot;

use slot::{Life, Slot};

pub(crate) use slot::note_panics;

/// Calls of one instance at work at once; more are answered busy.
pub const IN_FLIGHT_LIMIT: usize = 256;
/// How long closing waits for calls at work.
pub const DRAIN_LIMIT: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 5 });
/// How long closing waits for the plugin's own `close`.
pub const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// Longest log line, in bytes.
pub const LOG_LIMIT_BYTES: usize = 8 * 1024;
/// Workers of a library's runtime, unless the first opening asks for another number.
pub const WORKERS: usize = 2;
/// Workers of a library's runtime at most.
pub const WORKERS_LIMIT: usize = 64;

/// The call number of the opening.
const OPENING: u64 = 0;

/// One plugin with its instances.
pub(crate) struct Library {
    plugin: Arc<dyn Plugin>,
    /// As JSON, ready to be handed out.
    pub(crate) manifest: Vec<u8>,
    runtime: OnceLock<Option<Runtime>>,
    instances: Mutex<HashMap<u64, Arc<Slot>>>,
}

impl Library {
    /// Starts nothing. `None` when the manifest cannot be written as JSON.
    pub(crate) fn new(plugin: Arc<dyn Plugin>) -> Option<Self> {
        let manifest = serde_json::to_vec(&plugin.manifest()).ok()?;
        let (runtime, instances) = (OnceLock::new(), Mutex::default());
        Some(Self { plugin, manifest, runtime, instances })
    }

    pub(crate) fn open(&'static self, host: HostTable, number: u64, bytes: &[u8]) -> i32 {
        let Ok(OpenMessage { request, workers }) = serde_json::from_slice(bytes) else {
            return REFUSED;
        };
        let Some(runtime) = self.start(workers.unwrap_or(WORKERS)) else {
            return CRASHED;
        };
        let slot = Arc::new(Slot::new(number, host));
        match locked(&self.instances).entry(number) {
            Entry::Occupied(_) => return REFUSED,
            Entry::Vacant(place) => place.insert(Arc::clone(&slot)),
        };
        let (opening, unopened) = (Arc::clone(&slot), Arc::clone(&slot));
        slot.begin(runtime, OPENING, false, |mut answer| async move {
            answer.before_reply(move || self.forget_unopened(&unopened));
            match self.plugin.open(request, answer.services()).await {
                Ok((instance, opened)) => {
                    opening.keep(instance);
                    answer.send(&OpenReply::Ok(opened));
                }
                Err(fault) => answer.send(&OpenReply::Err(fault)),
            }
        })
    }

    /// The number of an instance that did not open is free again.
    fn forget_unopened(&self, slot: &Slot) {
        if matches!(locked(&slot.inner).life, Life::Opening) {
            locked(&self.instances).remove(&slot.number);
        }
    }

    pub(crate) fn submit(&self, instance: u64, call: u64, bytes: &[u8]) -> i32 {
        let (Some(slot), Some(runtime)) = (self.slot(instance), self.runtime()) else {
            return CLOSED;
        };
        if bytes.is_empty() {
            // A heartbeat: what can run this task can run calls.
            runtime.spawn(async move { slot.beat(call) });
            return ACCEPTED;
        }
        let running = match &locked(&slot.inner).life {
            Life::Open(instance) => Arc::clone(instance),
            Life::Opening | Life::Closing(_) => return CLOSED,
        };
        let Ok(CallMessage { context, request }) = serde_json::from_slice(bytes) else {
            return REFUSED;
        };
        let has_effect = request.has_effect();
        slot.begin(runtime, call, has_effect, |answer| async move {
            let reply: CallReply = running.call(context, request, answer.services()).await;
            drop(running);
            answer.send(&reply);
        })
    }

    pub(crate) fn cancel(&self, instance: u64, call: u64) {
        let task = self.slot(instance).and_then(|slot| locked(&slot.inner).calls.get(&call).cloned());
        if let Some(task) = task {
            task.abort();
        }
    }

    pub(crate) fn deliver(&self, instance: u64, service_call: u64, bytes: &[u8]) -> i32 {
        let Some(slot) = self.slot(instance) else {
            return CLOSED;
        };
        // Taken out in a statement of its own: the receiver may be dropped meanwhile, and that needs the lock.
        let waiting = locked(&slot.inner).waits.remove(&service_call);
        let (reply, code) = match serde_json::from_slice::<ServiceReply>(bytes) {
            Ok(reply) => (reply, ACCEPTED),
            Err(_) => (Err(Fault::garbled("the host's answer cannot be read")), REFUSED),
        };
        if let Some(waiting) = waiting {
            // A call that was stopped meanwhile no longer listens.
            let _ = waiting.send(reply);
        }
        code
    }

    pub(crate) fn close(&'static self, instance: u64) {
        let (Some(slot), Some(runtime)) = (self.slot(instance), self.runtime()) else {
            return;
        };
        let before = {
            let mut inner = locked(&slot.inner);
            if matches!(inner.life, Life::Closing(_)) {
                return;
            }
            let before = std::mem::take(&mut inner.life);
            inner.life = Life::Closing(None);
            before
        };
        runtime.spawn(async move {
            if tokio::time::timeout(DRAIN_LIMIT, slot.drained()).await.is_err() {
                slot.abandon();
                let _ = tokio::time::timeout(CLOSE_LIMIT, slot.drained()).await;
            }
            // An opening that ended while closing left its instance there.
            let late = match &mut locked(&slot.inner).life {
                Life::Closing(late) => late.take(),
                Life::Opening | Life::Open(_) => None,
            };
            let running = if let Life::Open(running) = before { Some(running) } else { late };
            if let Some(running) = running {
                // In a task of its own: a panic or an endless wait in it does not hold back `closed`.
                let stop = runtime.spawn(async move { running.close().await });
                let _ = tokio::time::timeout(CLOSE_LIMIT, stop).await;
            }
            locked(&self.instances).remove(&slot.number);
            (slot.host.closed)(slot.number);
        });
    }

    fn slot(&self, number: u64) -> Option<Arc<Slot>> {
        locked(&self.instances).get(&number).cloned()
    }

    /// The runtime that the first opening started.
    fn runtime(&self) -> Option<&Runtime> {
        self.runtime.get()?.as_ref()
    }

    fn start(&self, workers: usize) -> Option<&Runtime> {
        let start = || {
            let name = format!("plugin {}", self.plugin.manifest().id);
            Builder::new_multi_thread()
                .worker_threads(workers.clamp(1, WORKERS_LIMIT))
                .thread_name(name)
                .enable_time()
                .on_thread_start(slot::mark_worker)
                .build()
                .ok()
        };
        self.runtime.get_or_init(start).as_ref()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while one of these is held; if it did, the tables are still whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

//! An instance by its number: its life, its calls, and the one reply each call gets.

use std::cell::Cell;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use entrepot_contract::abi::{ACCEPTED, BUSY, CLOSED, HostTable, MESSAGE_LIMIT_BYTES, REFUSED, ServiceReply};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::plugin::Instance;
use entrepot_contract::services::Services;
use serde::Serialize;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;

use super::locked;
use super::remote::Remote;

/// An instance by its number.
pub(super) struct Slot {
    pub(super) number: u64,
    pub(super) host: HostTable,
    pub(super) inner: Mutex<Inner>,
    /// The number of the next service request.
    pub(super) next: AtomicU64,
    idle: Notify,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) life: Life,
    /// Calls that may be stopped.
    pub(super) calls: HashMap<u64, AbortHandle>,
    /// Calls whose reply is not with the host yet; at least as many as `calls`.
    active: usize,
    /// Service requests without an answer.
    pub(super) waits: HashMap<u64, oneshot::Sender<ServiceReply>>,
}

#[derive(Default)]
pub(super) enum Life {
    #[default]
    Opening,
    Open(Arc<dyn Instance>),
    /// With what an opening brought too late.
    Closing(Option<Arc<dyn Instance>>),
}

impl Slot {
    pub(super) fn new(number: u64, host: HostTable) -> Self {
        Self { number, host, inner: Mutex::default(), next: AtomicU64::new(1), idle: Notify::new() }
    }

    /// Starts the task of a call.
    pub(super) fn begin<F>(
        self: &Arc<Self>,
        runtime: &Runtime,
        call: u64,
        has_effect: bool,
        work: impl FnOnce(Answer) -> F,
    ) -> i32
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // The lock is held until the task is in the table; the task needs it to leave the table.
        let mut inner = locked(&self.inner);
        if matches!(inner.life, Life::Closing(_)) {
            return CLOSED;
        }
        if inner.calls.len() >= super::IN_FLIGHT_LIMIT {
            return BUSY;
        }
        if inner.calls.contains_key(&call) {
            return REFUSED;
        }
        let answer = Answer { slot: Arc::clone(self), call, has_effect, bytes: None, before_reply: None };
        let task = runtime.spawn(work(answer));
        inner.active += 1;
        inner.calls.insert(call, task.abort_handle());
        ACCEPTED
    }

    /// Answers a heartbeat.
    pub(super) fn beat(&self, call: u64) {
        let empty: &[u8] = &[];
        (self.host.reply)(self.number, call, empty.as_ptr(), empty.len());
    }

    /// What an opening brought.
    pub(super) fn keep(&self, instance: Arc<dyn Instance>) {
        let mut inner = locked(&self.inner);
        inner.life = match inner.life {
            Life::Closing(_) => Life::Closing(Some(instance)),
            Life::Opening | Life::Open(_) => Life::Open(instance),
        };
    }

    /// Waits until every reply is with the host.
    pub(super) async fn drained(&self) {
        loop {
            let idle = self.idle.notified();
            if locked(&self.inner).active == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Stops what still runs.
    pub(super) fn abandon(&self) {
        let (calls, waits) = {
            let mut inner = locked(&self.inner);
            let calls: Vec<AbortHandle> = inner.calls.values().cloned().collect();
            (calls, std::mem::take(&mut inner.waits))
        };
        calls.iter().for_each(AbortHandle::abort);
        drop(waits);
    }
}

/// Sends a call's one reply: what it was given, or, when the task ends in another way, a fault.
pub(super) struct Answer {
    slot: Arc<Slot>,
    call: u64,
    has_effect: bool,
    bytes: Option<Vec<u8>>,
    before_reply: Option<Box<dyn FnOnce() + Send>>,
}

impl Answer {
    pub(super) fn services(&self) -> Arc<dyn Services> {
        Arc::new(Remote { slot: Arc::clone(&self.slot), call: self.call })
    }

    /// What is put in order before the host has the reply, however the task ends.
    pub(super) fn before_reply(&mut self, order: impl FnOnce() + Send + 'static) {
        self.before_reply = Some(Box::new(order));
    }

    pub(super) fn send<T: Serialize>(mut self, reply: &Result<T, Fault>) {
        let bytes = serde_json::to_vec(reply).ok().filter(|bytes| bytes.len() <= MESSAGE_LIMIT_BYTES);
        self.bytes = Some(bytes.unwrap_or_else(|| self.fault(FaultKind::Garbled, "the answer is too large")));
    }

    fn fault(&self, kind: FaultKind, text: &str) -> Vec<u8> {
        let fault = if self.has_effect { Fault::unknown(kind, text) } else { Fault::not_done(kind, text) };
        // A fault is text and numbers: writing it cannot fail.
        serde_json::to_vec(&Err::<(), Fault>(fault)).unwrap_or_default()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let bytes = self.bytes.take().unwrap_or_else(|| {
            if std::thread::panicking() {
                let place = PANICKED_AT.take().unwrap_or_default();
                self.fault(FaultKind::Crashed, &format!("the plugin's code panicked {place}"))
            } else {
                self.fault(FaultKind::TimedOut, "the call was stopped")
            }
        });
        if let Some(order) = self.before_reply.take() {
            order();
        }
        // Out of the table first: the host may use the free place as soon as it has the reply.
        locked(&self.slot.inner).calls.remove(&self.call);
        (self.slot.host.reply)(self.slot.number, self.call, bytes.as_ptr(), bytes.len());
        locked(&self.slot.inner).active -= 1;
        self.slot.idle.notify_waiters();
    }
}

thread_local! {
    static WORKER: Cell<bool> = const { Cell::new(false) };
    static PANICKED_AT: Cell<Option<String>> = const { Cell::new(None) };
}

/// Called as a worker of the library's runtime starts.
pub(super) fn mark_worker() {
    WORKER.set(true);
}

/// Keeps the place of a worker's panic for the reply and prints nothing: its text may hold what a guest or partner
/// sent. Panics of other threads are reported as before.
pub(crate) fn note_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if WORKER.get() {
            let place = info.location().map(|at| format!("at {}:{}", at.file(), at.line()));
            PANICKED_AT.set(place);
        } else {
            before(info);
        }
    }));
}

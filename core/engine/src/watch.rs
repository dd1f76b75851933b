//! Who waits in this process for an order to change.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use entrepot_contract::ids::OrderId;
use tokio::sync::Notify;

/// Wakes whoever waits for an order, the first that came first. Nobody is told what changed: the waiter looks it up.
///
/// tokio's own `watch` channel would do, but wakes its receivers in a random order, and a world of the simulation has to
/// be the same each time.
#[derive(Debug, Default)]
pub struct Watch {
    waiting: Mutex<HashMap<OrderId, (usize, Arc<Changes>)>>,
}

/// Changes of one order.
#[derive(Debug, Default)]
struct Changes {
    count: AtomicU64,
    happened: Notify,
}

/// One waiter; gives its place back when dropped.
#[derive(Debug)]
pub struct Waiter<'a> {
    watch: &'a Watch,
    order: OrderId,
    changes: Arc<Changes>,
    seen: u64,
}

impl Watch {
    /// Begins to wait: everything that changes from now on is noticed.
    pub fn wait_for(&self, order: &OrderId) -> Waiter<'_> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = waiting.entry(order.clone()).or_default();
        entry.0 += 1;
        let changes = entry.1.clone();
        let seen = changes.count.load(Ordering::SeqCst);
        Waiter { watch: self, order: order.clone(), changes, seen }
    }

    /// The order changed.
    pub fn wake(&self, order: &OrderId) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, changes)) = waiting.get(order) {
            changes.count.fetch_add(1, Ordering::SeqCst);
            changes.happened.notify_waiters();
        }
    }
}

impl Waiter<'_> {
    /// Until the order changes.
    pub async fn changed(&mut self) {
        let happened = self.changes.happened.notified();
        tokio::pin!(happened);
        // From here on a change wakes; one before that is in the count.
        happened.as_mut().enable();
        if self.changes.count.load(Ordering::SeqCst) == self.seen {
            happened.await;
        }
        self.seen = self.changes.count.load(Ordering::SeqCst);
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiting = self.watch.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = waiting.get_mut(&self.order) {
            entry.0 -= 1;
            if entry.0 == 0 {
                waiting.remove(&self.order);
            }
        }
    }
}

//! Who waits in this process for an order to change.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use entrepot_contract::ids::OrderId;
use tokio::sync::watch;

/// Wakes whoever waits for an order. Nobody is told what changed: the waiter looks it up.
#[derive(Debug, Default)]
pub struct Watch {
    waiting: Mutex<HashMap<OrderId, (usize, watch::Sender<u64>)>>,
}

/// One waiter; gives its place back when dropped.
#[derive(Debug)]
pub struct Waiter<'a> {
    watch: &'a Watch,
    order: OrderId,
    changes: watch::Receiver<u64>,
}

impl Watch {
    /// Begins to wait: everything that changes from now on is noticed.
    pub fn wait_for(&self, order: &OrderId) -> Waiter<'_> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = waiting.entry(order.clone()).or_insert_with(|| (0, watch::Sender::new(0)));
        entry.0 += 1;
        Waiter { watch: self, order: order.clone(), changes: entry.1.subscribe() }
    }

    /// The order changed.
    pub fn wake(&self, order: &OrderId) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, changes)) = waiting.get(order) {
            changes.send_modify(|count| *count += 1);
        }
    }
}

impl Waiter<'_> {
    /// Until the order changes.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // The sender lives as long as this waiter is counted: this cannot be, and must not spin if it is.
            std::future::pending::<()>().await;
        }
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

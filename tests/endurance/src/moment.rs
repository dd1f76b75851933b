//! When to kill: at the k-th event from now, with whatever else is under way then. No clock is asked.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Counts requests that go out and answers that come in.
#[derive(Debug, Default)]
pub struct Moments {
    seen: AtomicU64,
    wanted: AtomicU64,
    come: Notify,
}

impl Moments {
    /// Something happened.
    pub fn pass(&self) {
        let seen = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        if seen == self.wanted.load(Ordering::SeqCst) {
            self.come.notify_one();
        }
    }

    /// Until so many more events have happened.
    pub async fn after(&self, events: u64) {
        let wanted = self.seen.load(Ordering::SeqCst) + events.max(1);
        self.wanted.store(wanted, Ordering::SeqCst);
        while self.seen.load(Ordering::SeqCst) < wanted {
            self.come.notified().await;
        }
    }
}

#[tokio::test]
async fn it_comes_with_the_last_event() {
    let moments = Moments::default();
    let waits = moments.after(3);
    let happens = async {
        for _ in 0..3 {
            moments.pass();
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(waits, happens);
}

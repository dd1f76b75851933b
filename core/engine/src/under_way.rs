//! What this process does beside the calls it answers: whoever moves the clock by hand has to know when it is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts what is under way. All clones count together.
#[derive(Clone, Default)]
pub(crate) struct UnderWay(Arc<Counted>);

#[derive(Default)]
struct Counted {
    number: AtomicUsize,
    none: Notify,
}

impl UnderWay {
    /// One more, until what is given back is dropped.
    pub(crate) fn begin(&self) -> Doing {
        self.0.number.fetch_add(1, Ordering::AcqRel);
        Doing(self.0.clone())
    }

    /// Waits until nothing is under way.
    pub(crate) async fn rest(&self) {
        loop {
            // Listened for before it is counted: the last one may end in between.
            let none = self.0.none.notified();
            if self.0.number.load(Ordering::Acquire) == 0 {
                return;
            }
            none.await;
        }
    }
}

/// Something that is under way.
pub(crate) struct Doing(Arc<Counted>);

impl Drop for Doing {
    fn drop(&mut self) {
        if self.0.number.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_waiters();
        }
    }
}

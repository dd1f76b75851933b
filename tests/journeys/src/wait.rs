//! The one place that waits for something to become so.

use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(50);
const LIMIT: Duration = Duration::from_secs(20);

/// Asks again and again, for twenty seconds, until there is an answer.
pub async fn until<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    until_within(LIMIT, what, ask).await
}

/// The same with another limit: for what has to outlast something.
pub async fn until_within<T>(limit: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let patience = Patience::of(limit, what);
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        patience.wait().await;
    }
}

/// The time that something may take, for a loop of one's own: in a task of its own no asynchronous closure can go along.
pub struct Patience<'a> {
    begun: Instant,
    limit: Duration,
    what: &'a str,
}

impl<'a> Patience<'a> {
    /// So long, from now.
    pub fn of(limit: Duration, what: &'a str) -> Self {
        Self { begun: Instant::now(), limit, what }
    }

    /// A moment, before the next look. Fails when all the time is used up.
    pub async fn wait(&self) {
        assert!(self.begun.elapsed() < self.limit, "waited in vain: {}", self.what);
        tokio::time::sleep(STEP).await;
    }
}

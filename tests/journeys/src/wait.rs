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
    let begun = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(begun.elapsed() < limit, "waited in vain: {what}");
        tokio::time::sleep(STEP).await;
    }
}

//! The one place that waits for something to become so.

use std::time::Duration;

const STEP: Duration = Duration::from_millis(50);
const TRIES: u32 = 400;

/// Asks again and again, for twenty seconds, until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..TRIES {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::time::sleep(STEP).await;
    }
    panic!("waited in vain: {what}");
}

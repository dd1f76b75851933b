//! Runs a plugin's future so that neither its panics nor its slowness get out. A built-in that keeps its thread busy
//! without ever waiting cannot be stopped: built-ins are reviewed code, and a library has threads of its own.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;

/// How a contained future ended.
#[derive(Debug)]
pub enum Ended<T> {
    /// With its value.
    Answered(T),
    /// With a panic; its text.
    Panicked(String),
    /// Not in time; it was dropped.
    TimedOut,
}

/// A future whose panics, while it runs and while it is dropped, stay inside.
pub struct Contained<T> {
    future: Option<Pin<Box<dyn Future<Output = std::thread::Result<T>> + Send>>>,
}

/// Contains a future.
pub fn contained<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Contained<T> {
    Contained { future: Some(Box::pin(AssertUnwindSafe(future).catch_unwind())) }
}

/// Waits for a contained future, and drops it when the time is over.
pub async fn within<T>(wait: Duration, future: Contained<T>) -> Ended<T> {
    match tokio::time::timeout(wait, future).await {
        Ok(Ok(value)) => Ended::Answered(value),
        Ok(Err(panic)) => Ended::Panicked(panic_text(panic)),
        Err(_) => Ended::TimedOut,
    }
}

impl<T> Future for Contained<T> {
    type Output = std::thread::Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.future {
            Some(future) => future.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        let future = self.future.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(move || drop(future))) {
            tracing::error!(panic = panic_text(panic), "a plugin failed while its call was stopped");
        }
    }
}

/// The text of a panic. A payload whose own drop panics is leaked.
pub(crate) fn panic_text(panic: Box<dyn Any + Send>) -> String {
    let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic without a text".to_owned(),
    };
    if let Err(second) = catch_unwind(AssertUnwindSafe(move || drop(panic))) {
        std::mem::forget(second);
    }
    text
}

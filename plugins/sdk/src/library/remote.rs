//! The host's services, as a call sees them from inside a library.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use entrepot_contract::abi::{LogLine, MESSAGE_LIMIT_BYTES, ServiceCall};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::services::{LogLevel, ServiceRequest, ServiceResponse, Services};
use entrepot_contract::time::Timestamp;
use tokio::sync::oneshot;

use super::locked;
use super::slot::Slot;

/// The host, as one call sees it from inside a library.
pub(super) struct Remote {
    pub(super) slot: Arc<Slot>,
    pub(super) call: u64,
}

/// Forgets a service request whose call ended first.
struct Wait<'a> {
    slot: &'a Slot,
    number: u64,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        // Out of the lock before it is dropped.
        let forgotten = locked(&self.slot.inner).waits.remove(&self.number);
        drop(forgotten);
    }
}

#[async_trait]
impl Services for Remote {
    async fn request(&self, request: ServiceRequest) -> Result<ServiceResponse, Fault> {
        let message = serde_json::to_vec(&ServiceCall { call: self.call, request });
        let bytes = message.map_err(|fault| Fault::invalid(format!("the request cannot be written: {fault}")))?;
        if bytes.len() > MESSAGE_LIMIT_BYTES {
            return Err(Fault::invalid("the request is too large"));
        }
        let number = self.slot.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        locked(&self.slot.inner).waits.insert(number, sender);
        let _wait = Wait { slot: &self.slot, number };
        (self.slot.host.request)(self.slot.number, number, bytes.as_ptr(), bytes.len());
        let gone = |_| Err(Fault::unknown(FaultKind::Unavailable, "the instance closed before the host answered"));
        receiver.await.unwrap_or_else(gone)
    }

    fn log(&self, level: LogLevel, text: &str) {
        let end = text.floor_char_boundary(super::LOG_LIMIT_BYTES);
        let line = LogLine { call: self.call, level, text: text[..end].to_owned() };
        if let Ok(bytes) = serde_json::to_vec(&line) {
            (self.slot.host.log)(self.slot.number, bytes.as_ptr(), bytes.len());
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis((self.slot.host.now)())
    }
}

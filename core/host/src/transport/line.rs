//! The way to a plugin that runs elsewhere: behind a library's C table, or in a process of its own. What comes back goes
//! to [`super::seats`].

use async_trait::async_trait;

/// Takes messages to the other side. But for `deliver`, everything returns at once; codes are those of the C table
/// ([`entrepot_contract::abi`]).
#[async_trait]
pub(super) trait Line: Send + Sync {
    /// Opens an instance under that number.
    fn open(&self, instance: u64, bytes: &[u8]) -> i32;
    /// Starts a call; an empty message is a heartbeat.
    fn submit(&self, instance: u64, call: u64, bytes: &[u8]) -> i32;
    /// Asks to stop a call.
    fn cancel(&self, instance: u64, call: u64);
    /// Brings the answer to a service request, once there is room for it. One that is not wanted any more is no fault.
    async fn deliver(&self, instance: u64, service_call: u64, bytes: Vec<u8>);
    /// Stops an instance.
    fn close(&self, instance: u64);
    /// The number is given back; nothing will be said under it any more.
    fn left(&self, _instance: u64) {}
}

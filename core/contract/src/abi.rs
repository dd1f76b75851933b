//! The C table behind which a library hides a [`crate::plugin::Plugin`]. Types only: the host's loader and the SDK's
//! export macro are the two places that use them.
//!
//! Rules: no Rust type, future, trait object, host pointer or heap buffer changes owner. A buffer is borrowed for the
//! call that passes it and copied by the receiver. Everything inside buffers is JSON of this crate's messages. All
//! ids are numbers looked up in a table, never pointers. The table is size-prefixed and only ever appended to; another
//! layout gets another symbol.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::message::{CallContext, OpenRequest, Opened, Request, Response};
use crate::services::{LogLevel, ServiceRequest, ServiceResponse};

/// The one exported symbol: `extern "C" fn() -> *const PluginTable`.
pub const SYMBOL: &[u8] = b"entrepot_plugin_v1";

/// Largest message either way, in bytes.
pub const MESSAGE_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// Accepted; an answer follows.
pub const ACCEPTED: i32 = 0;
/// The in-flight share is used up.
pub const BUSY: i32 = 1;
/// The instance is closed or was never open.
pub const CLOSED: i32 = 2;
/// The message cannot be read or is too large.
pub const REFUSED: i32 = 3;
/// The plugin's code failed before it took the call.
pub const CRASHED: i32 = 4;

/// What a library offers. All functions return at once and may be called from any thread.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PluginTable {
    /// [`crate::version::ABI`].
    pub abi: u32,
    /// `size_of::<PluginTable>()` at the library's build.
    pub size: u32,
    /// Writes the manifest (JSON) through `sink`, which is called once before this returns.
    pub manifest: extern "C" fn(sink: extern "C" fn(context: u64, data: *const u8, length: usize), context: u64) -> i32,
    /// Opens an instance under the host's number; [`Opened`] or a fault comes through `reply` with call 0.
    pub open: extern "C" fn(host: *const HostTable, instance: u64, data: *const u8, length: usize) -> i32,
    /// Starts a call; its answer comes through `reply`. An empty message is a heartbeat: one of the threads that run
    /// calls answers it with an empty reply; a library without such threads gives [`REFUSED`].
    pub submit: extern "C" fn(instance: u64, call: u64, data: *const u8, length: usize) -> i32,
    /// Asks to stop a call; an answer may still come.
    pub cancel: extern "C" fn(instance: u64, call: u64),
    /// Brings the host's answer to a service request.
    pub deliver: extern "C" fn(instance: u64, service_call: u64, data: *const u8, length: usize) -> i32,
    /// Stops an instance; `closed` follows.
    pub close: extern "C" fn(instance: u64),
}

/// What the host offers to a library. It lives as long as the process.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HostTable {
    /// [`crate::version::ABI`].
    pub abi: u32,
    /// `size_of::<HostTable>()` at the host's build.
    pub size: u32,
    /// The answer to a call ([`CallReply`]), or to the opening with call 0 ([`OpenReply`]).
    pub reply: extern "C" fn(instance: u64, call: u64, data: *const u8, length: usize),
    /// A service request ([`ServiceCall`]); its answer comes through the library's `deliver`.
    pub request: extern "C" fn(instance: u64, service_call: u64, data: *const u8, length: usize),
    /// A log line ([`LogLine`]).
    pub log: extern "C" fn(instance: u64, data: *const u8, length: usize),
    /// The present instant, in milliseconds since 1970.
    pub now: extern "C" fn() -> i64,
    /// The instance has stopped.
    pub closed: extern "C" fn(instance: u64),
}

/// Passed to `open`.
#[derive(Debug, Serialize, Deserialize)]
pub struct OpenMessage {
    /// What the instance is opened with.
    #[serde(flatten)]
    pub request: OpenRequest,
    /// Threads that the library is to run its calls on; it obeys the first opening. None: as many as it likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<usize>,
}

/// Passed to `submit`.
#[derive(Debug, Serialize, Deserialize)]
pub struct CallMessage {
    /// What comes with every call.
    pub context: CallContext,
    /// The call.
    pub request: Request,
}

/// The answer to a call.
pub type CallReply = Result<Response, Fault>;

/// The answer to the opening.
pub type OpenReply = Result<Opened, Fault>;

/// A service request of a call; call 0 is the opening.
#[derive(Debug, Serialize, Deserialize)]
pub struct ServiceCall {
    /// The call on whose behalf it is made.
    pub call: u64,
    /// What is asked for.
    pub request: ServiceRequest,
}

/// The host's answer to a service request.
pub type ServiceReply = Result<ServiceResponse, Fault>;

/// A log line of a call.
#[derive(Debug, Serialize, Deserialize)]
pub struct LogLine {
    /// The call on whose behalf it is made.
    pub call: u64,
    /// How loud.
    pub level: LogLevel,
    /// The text.
    pub text: String,
}

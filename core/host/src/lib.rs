//! Runs plugins: contains them, bounds them, reports on them. It knows no channel, no supplier, no route and no table.
//!
//! - [`registry`]: [`Host`], the plugins it holds and the instances it opened, with their states for an administrator.
//! - [`status`]: plugins and their states, as an administrator sees them.
//! - `opening`: opens one instance.
//! - [`manifest`]: whether a plugin's card makes sense, and whether settings fit its schemas.
//! - [`instance`]: [`RunningInstance`], its shares, its breakers and its health.
//! - [`call`]: the way of one call: declared, given its places, admitted, waited for, checked, counted.
//! - [`places`]: a call's places in the shares of its connection and its instance, and how long it waits for them.
//! - [`admission`]: what the declared capabilities allow, and which answer fits which call.
//! - [`breaker`]: the circuit breaker, as a state machine over given instants.
//! - [`pulse`]: whether a plugin's own threads run.
//! - [`limits`]: limits of an instance, and the token buckets of partners' quotas.
//! - [`services`]: what a plugin may ask for: HTTP, cache, secrets, log, time.
//! - [`http`]: calls to partners, and how their failures are read.
//! - [`cache`]: the shared cache as a trait, and one in memory.
//! - [`interface_log`]: the log of exchanges with partners as a trait.
//! - [`masking`]: what of a body may be shown; secrets taken out of texts.
//! - [`secret`]: a text that is never printed.
//! - [`transport`]: how a plugin is reached: in this process, through a library's C table, or in a process.
//! - [`fault`]: why a plugin or an instance cannot be had.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod admission;
pub mod breaker;
pub mod cache;
pub mod call;
pub mod fault;
pub mod http;
pub mod instance;
pub mod interface_log;
pub mod limits;
pub mod manifest;
pub mod masking;
mod opening;
pub mod places;
pub mod pulse;
pub mod registry;
pub mod secret;
pub mod services;
pub mod status;
pub mod transport;

pub use cache::{MemoryCache, SharedCache};
pub use call::CallScope;
pub use fault::HostFault;
pub use http::HttpClient;
pub use instance::{InstanceKey, InstanceStatus, RunningInstance};
pub use interface_log::{Direction, InterfaceEntry, InterfaceLog, NoInterfaceLog};
pub use limits::InstanceLimits;
pub use masking::{cut, mask_body, scrub};
pub use pulse::Threads;
pub use registry::{Host, HostParts, LibraryDeclaration, OpenOptions, ReplacedProcess};
pub use secret::SecretText;
pub use status::{LoadedFrom, PluginCard, PluginStatus, State, Trouble, What};
pub use transport::child::{ProcessDeclaration, ProcessRules};

/// Takes a lock; what a panicking holder left behind is still consistent, because no holder runs foreign code.
pub(crate) fn locked<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

//! Opens a plugin over real bytes against a scripted host: no network, no clock, no sleep.
//!
//! [`World`] plays the host and, through a function or recorded exchanges, the partner. [`Bench`] opens the plugin;
//! every request, answer and service message goes through JSON text both ways, as it does at a library's boundary.

use entrepot_contract::fault::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

mod bench;
mod world;

pub use bench::{Bench, Seat};
pub use world::{Exchange, START, World};

/// A value through its JSON text and back.
pub fn trip<T: Serialize + DeserializeOwned>(value: &T) -> Result<T, Fault> {
    let text = serde_json::to_string(value).map_err(|fault| Fault::garbled(format!("cannot be written: {fault}")))?;
    serde_json::from_str(&text).map_err(|fault| Fault::garbled(format!("cannot be read back: {fault}")))
}

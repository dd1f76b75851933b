//! Opens a plugin over real bytes against a scripted host: no network, no clock, no sleep.
//!
//! [`World`] plays the host and, through a function or recorded exchanges, the partner. [`Bench`] opens the plugin;
//! every request, answer and service message goes through JSON text both ways, as it does at a library's boundary.
//!
//! [`recording`] keeps exchanges with a partner in a file:
//!
//! ```no_run
//! # use entrepot_sdk::testing::{World, recording};
//! // A test plays them: each call has to be the next one of the file, and gets its answer.
//! let world = World::new();
//! world.secret("token", "made-up").hide(&["sign"]).script(recording::load("tests/recordings/book.jsonl").unwrap());
//! // … use the plugin in that world …
//! world.assert_script_played();
//!
//! // What went over the wire in a world, with secrets and the named fields masked, is such a file.
//! std::fs::write("tests/recordings/book.jsonl", recording::text(&world.recorded())).unwrap();
//! ```

use entrepot_contract::fault::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

mod bench;
pub mod recording;
#[cfg(test)]
mod tests;
mod world;

pub use bench::{Bench, Seat};
pub use recording::Exchange;
pub use world::{START, World};

/// A value through its JSON text and back.
pub fn trip<T: Serialize + DeserializeOwned>(value: &T) -> Result<T, Fault> {
    let text = serde_json::to_string(value).map_err(|fault| Fault::garbled(format!("cannot be written: {fault}")))?;
    serde_json::from_str(&text).map_err(|fault| Fault::garbled(format!("cannot be read back: {fault}")))
}

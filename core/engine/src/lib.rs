//! The sequencer, the jobs, the `Storage` trait, and [`flows`]: one file per thing the business does. No HTTP, no SQL.
//!
//! - [`storage`]: what the engine asks of a database.
//! - [`memory`]: the ordered in-memory implementation of `Storage`.
//! - [`sequencer`]: drains waiting commands, decides them, commits once; [`lane`]: one batch from load to commit;
//!   `foresight`: the next batch decided meanwhile.
//! - [`seed`]: ids and randomness for commands.
//! - [`notes`]: what is noted down beside commands; [`rounds`]: what is looked at again and again.
//! - [`directory`]: applications and connections, from configuration and the database's switches.
//! - [`inbound`]: the four steps of a channel's call; [`placing`]: which connection it belongs to.
//! - `together`: questions to the database, all that wait in one statement.
//! - [`jobs`]: leases, retries, the unknown outcome; [`watch`]: who waits in this process for an order to change.
//! - [`interface_log`]: the queue in front of the log of exchanges with partners.
//! - [`flows`]: one file per thing the business does, start to end.
//! - [`records`]: what is written beside commands: interface log, switches, tokens, audit.
//! - [`ticker`]: what has to happen as time passes; [`alerting`]: alerts reach somebody; `nodes`: what each node tells
//!   of itself, and what all of them tell together; `under_way`: when nothing of that goes on.
//! - `core`: what these parts share, and how the engine starts and stops.

pub mod alerting;
pub mod directory;
pub mod flows;
mod foresight;
pub mod inbound;
pub mod interface_log;
pub mod jobs;
mod lane;
pub mod memory;
mod nodes;
pub mod notes;
mod placing;
pub mod records;
mod rounds;
pub mod seed;
pub mod sequencer;
pub mod storage;
pub mod ticker;
mod together;
mod under_way;
pub mod watch;

mod core;
pub use crate::core::{Engine, EngineSettings, Parts, Ticks};

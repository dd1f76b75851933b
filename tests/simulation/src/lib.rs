//! The whole engine in worlds that a seed decides: the real sequencer, jobs and flows over the storage in memory, with
//! time that is paused, nodes that crash and stall between any two steps, commits that fail, channels that repeat and
//! overtake themselves, and suppliers that do not tell the truth. A seed gives the same world every time.
//!
//! The executor is tokio's own, on one thread with its clock paused: it runs tasks in one order, and every wait in the
//! world is drawn from the seed. A simulator crate (turmoil, madsim, shuttle) brings a network or a scheduler in place
//! of tokio's; nothing here has a network, and what the engine runs on in service is what has to be tested.
//!
//! - [`chance`]: chance that repeats. [`plan`]: what a seed decides before its world begins.
//! - [`world`]: one world, from beginning to end. [`house`]: what is sold in it.
//! - `node`: one process; `seat`: where it crashes and stalls; `storage`: the database as it reaches it.
//! - `partners`: the channel and the suppliers with their own truth.
//! - `guest`, `office`: who acts. `ledger`: what they were answered.
//! - `checks`: what has to hold, at many moments and at the end.
//! - [`trace`]: what happened, as one number and as text.
//! - [`many`]: many seeds on several threads.
//! - [`commands`], [`replay`]: one list of commands on every database, and all that is in it afterwards.

// A world that cannot even be set up has to fail loudly.
#![allow(clippy::unwrap_used)]

pub mod chance;
mod checks;
pub mod commands;
mod guest;
pub mod house;
mod ledger;
pub mod many;
mod node;
mod office;
mod partners;
pub mod plan;
pub mod replay;
mod seat;
mod storage;
pub mod trace;
pub mod world;

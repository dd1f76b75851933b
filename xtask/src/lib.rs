//! What of the chores other programs use, too.
//!
//! - [`cluster`]: a throw-away PostgreSQL that never outlives this process.
//! - [`failure`]: what a person is told when something cannot go on.
//! - `postgres`: finds an installed PostgreSQL server, or installs one.
//! - `unprivileged`: runs a command as a plain user when we are root.

pub mod cluster;
pub mod failure;
mod postgres;
mod unprivileged;

pub use unprivileged::in_path;

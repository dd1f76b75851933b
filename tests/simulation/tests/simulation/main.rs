//! Worlds by the thousand.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bugs;
mod databases;
mod differential;
mod seeds;

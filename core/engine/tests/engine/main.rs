//! The whole engine over the storage in memory, with a channel and a supplier that do what a test tells them. Time is
//! paused: nothing here waits for a real clock.

#![allow(clippy::unwrap_used, missing_docs)]

mod beside;
mod commits;
mod facts;
mod fakes;
mod family;
mod hearing;
mod holding;
mod house;
mod issuing;
mod jobs;
mod named_units;
mod nodes;
mod paying_calls;
mod reading;
mod refunds;
mod sales;
mod showing;
mod side;
mod storage;
mod unserved;

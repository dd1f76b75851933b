//! The rules, seen from outside: examples, and random commands against a small model.

#![allow(clippy::unwrap_used, missing_docs)]

mod calendar;
mod credit;
mod facts;
mod issuing;
mod model;
mod random;
mod redeeming;
mod refunds;
mod sales;
mod tickets;
mod world;

//! The gateway by itself: what a distributor sees of it.
#![allow(clippy::unwrap_used)]

mod callbacks;
mod faults;
mod layouts;
mod network;
mod orders;
mod refunds;
mod signatures;
mod support;

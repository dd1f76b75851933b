//! The supplier, seen by a reseller. "§" is the page `spec/supplier-octo.md`.
#![allow(clippy::unwrap_used)]

mod availability;
mod discipline;
mod ending;
mod faults;
mod lifecycle;
mod loopback;
mod notices;
mod open_questions;
mod places;
mod products;
mod support;
mod updates;

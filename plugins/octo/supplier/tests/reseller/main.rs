//! The plugin against the simulated supplier's desk.
//!
//! - `two_phases`: holds, bookings, and what becomes of them.
//! - `goods`: products, slots, tickets of every kind, prices, calendars.
//! - `giving_back`: cancellations, use, tickets shown again.
//! - `lies`: successful answers with wrong or missing values.
//! - `refusals`: errors by their id, and answers that never come.
//! - `validation`: the steps of OCTO's reseller validation.

#![allow(clippy::unwrap_used)]

mod desk;
#[allow(dead_code)] // the rest of it is the suite's
#[path = "../fixture/mod.rs"]
mod fixture;
mod giving_back;
mod goods;
mod lies;
mod refusals;
mod two_phases;
mod validation;

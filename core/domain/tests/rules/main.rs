//! The rules, seen from outside: examples, and random commands against a small model.

#![allow(clippy::unwrap_used, missing_docs)]

mod by_hand;
mod calendar;
mod codes;
mod comparing;
mod counting;
mod credit;
mod deadlines;
mod decided;
mod deciding;
mod documents;
mod facts;
mod guests;
mod issuing;
mod joint;
mod make;
mod model;
mod pairs;
mod paying_calls;
mod random;
mod redeeming;
mod refunds;
mod reservations;
mod routing;
mod sales;
mod shares;
mod standing;
mod tickets;
mod unissued;
mod uploads;
mod use_told;
mod vouchers;
mod whole;
mod window;
mod world;

//! The `entrepot` executable, from outside: started, called, killed and asked, with simulated partners beside it.
//! Of the house's own crates, the simulators are used, and the store's way to make a PostgreSQL database.
//!
//! What they work with is this package's library. Tests: `demo`, `libraries`, `surface`, `platform`, `early`, `killed`,
//! `commands`, `discretion`, `processes`, `reload`, `nodes`, `reserved`; `paths`: every path of an order, by its state
//! machine; `zhiyoubao`, `callbacks` and `by_hand`: a scenic area behind a gateway; `octo`: a museum whose supplier keeps
//! units before it books them; `groupbuy`: vouchers whose day is reserved by a second order.

#![allow(clippy::unwrap_used)]

mod beside;
mod by_hand;
mod callbacks;
mod commands;
mod demo;
mod discretion;
mod early;
mod groupbuy;
mod killed;
mod libraries;
mod nodes;
mod octo;
mod paths;
mod platform;
mod processes;
mod reload;
mod reserved;
mod surface;
mod zhiyoubao;

//! The `entrepot` executable, from outside: started, called, killed and asked, with simulated partners beside it.
//! Of the house's own crates, the simulators are used, and the store's way to make a PostgreSQL database.
//!
//! - `program`: the executable; `databases`: one for each test; `serving`: a server that runs; `office`: the admin API;
//!   `signed`: a platform's calls, signed by what the specification says; `stage`: all of it together; `wait`.
//! - tests: `demo`, `libraries`, `surface`, `platform`, `early`, `killed`, `commands`, `discretion`.

#![allow(clippy::unwrap_used)]

mod commands;
mod databases;
mod demo;
mod discretion;
mod early;
mod killed;
mod libraries;
mod office;
mod platform;
mod program;
mod serving;
mod signed;
mod stage;
mod surface;
mod wait;

//! The engine's `Storage` in SQL, on SQLite and PostgreSQL, and the queries of the admin API. The only crate that
//! knows sea-orm.
//!
//! - [`connect`]: pools, pragmas, time limits, migrations; one writer on SQLite.
//! - [`rows`]: many rows in few statements whose shapes never change.
//! - [`tables`]: the tables that batches write, with their columns.
//! - [`batch`]: one transaction: look, lock, load; [`write`]: what it writes.
//! - [`numbers`]: stock and accounts, as batches lock them and flows read them.
//! - [`codes`]: pools and their codes, as batches load and write them; [`pools`]: lists of them for the admin API;
//!   [`uploads`]: those that go to channels' own pools.
//! - [`reads`]: what flows read; [`jobs`]: leases; [`records`]: what is no command; [`limits`]: counters of
//!   purchase limits; [`alerts`]: what somebody should look at; [`snapshot`]: for the invariants.
//! - [`deployment`]: connections that were ever registered, what is open at them, and the nodes.
//! - [`notes`]: what is noted beside commands, and differences from channels.
//! - [`refund_lines`]: what channels decided about refunds by themselves.
//! - [`admin`]: lists for the admin API, each with its merchant; [`tokens`]: API tokens.
//! - [`cache`]: the plugins' shared cache.
//! - [`seal`]: encryption at rest and blind indexes.
//! - [`fault`]: what a database error means.

pub mod admin;
mod alerts;
mod batch;
mod cache;
mod codes;
mod connect;
mod deployment;
mod fault;
mod jobs;
mod limits;
mod notes;
mod numbers;
pub mod pools;
mod reads;
mod records;
mod refund_lines;
mod rows;
mod seal;
mod snapshot;
mod tables;
pub mod tokens;
mod uploads;
mod write;

pub use cache::StoredCache;
pub use connect::{ConnectFault, Options, SqlStorage, create_database};
pub use seal::{GuestKeys, InvalidKey};

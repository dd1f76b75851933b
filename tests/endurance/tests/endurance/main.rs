//! The suites: `crash` kills one server, `nodes` one of three on one PostgreSQL.

#![allow(clippy::unwrap_used)]

mod crash;
mod nodes;

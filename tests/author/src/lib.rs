//! What a stranger does who writes a plugin: he follows the guide, word for word, outside of this repository; he builds in
//! a checkout; he writes no Rust at all. What he writes himself is in `written/` and `minimal.c`.
//!
//! - [`guide`]: the commands and files of `docs/plugin-guide.md`, read from the page.
//! - [`checkout`]: a copy of this repository, and a folder beside it.
//! - [`shell`]: runs commands there, offline.
//! - [`turnstile`]: the partner: an invented ticket system over HTTP.
//! - [`hosted`]: a library in a host of the test's own.

// Everything here is for tests, where what cannot be had fails the test.
#![allow(clippy::unwrap_used)]

pub mod checkout;
pub mod guide;
pub mod hosted;
pub mod shell;
pub mod turnstile;

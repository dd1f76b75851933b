//! The `entrepot` binary's parts.
//!
//! - [`config`]: the configuration: one struct per concern, layered, checked as a whole.

pub mod config;

//! The `entrepot` binary's parts.
//!
//! - [`config`]: the configuration: one struct per concern, layered, checked as a whole.
//! - [`boot`]: from a configuration to a running engine, in order; [`plugins`]: what is loaded and opened; [`routing`]:
//!   applications and connections; `registry`: what connections named before, and what is open at them.
//! - [`reload`]: another configuration in the place of the one that runs.
//! - [`http`]: the server: limits, inbound calls, health, metrics, the way down.
//! - [`api`]: the admin API: one table of endpoints makes the routes and the OpenAPI document.
//! - [`alerts`]: alerts leave the house by webhooks.
//! - [`checkup`]: what has to agree on both sides of a connection, line by line.
//! - [`code_file`]: files of codes, CSV and XLSX, as rows; `sheet`: rows as CSV and XLSX.
//! - [`cli`]: the commands; [`demo`]: the whole journey on one machine.
//! - [`client`]: the commands' way to the API, of a running server or in this process.
//! - [`telemetry`]: logs and metrics.

pub mod alerts;
pub mod api;
pub mod boot;
pub mod checkup;
pub mod cli;
pub mod client;
mod code_file;
pub mod config;
pub mod demo;
pub mod http;
pub mod plugins;
mod registry;
pub mod reload;
pub mod routing;
mod sheet;
pub mod telemetry;

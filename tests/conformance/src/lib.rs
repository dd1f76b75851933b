//! The suite that every plugin passes: chosen by what it declares, offline, run built in and as a library with equal
//! results.
//!
//! ```text
//! #[test]
//! fn conforms() {
//!     Suite::for_supplier(acme::plugin, fixture()).assert_conforms();
//! }
//! ```
//!
//! - [`suite`]: runs the checks of a plugin, here and in its library, and compares.
//! - [`fixture`]: what an author brings: settings, secrets and a fake other side.
//! - [`report`]: what came out, for people and as JSON.
//! - [`trial`]: what one check works with: the plugin, a fresh world, requests to send.
//! - [`every`]: checks of every plugin; [`supplier`]: of suppliers that are called; [`trouble`]: of such suppliers
//!   when the other side misbehaves; [`pool`]: of those that fulfil from a pool; [`channel`]: of channels.
//! - [`library`]: where a plugin's library is.

pub mod channel;
pub mod every;
pub mod fixture;
pub mod library;
pub mod pool;
pub mod report;
pub mod suite;
pub mod supplier;
pub mod trial;
pub mod trouble;

pub use fixture::{Booked, ChannelSide, Fixture, OtherSide, Sample, Side, SupplierSide};
pub use report::{CheckReport, Report, Verdict};
pub use suite::Suite;

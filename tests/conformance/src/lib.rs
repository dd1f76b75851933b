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
//! - [`suite`]: runs the checks of a plugin, however it is reached.
//! - [`fixture`]: what an author brings: settings, secrets and a fake other side.
//! - [`side`]: what that other side answers and tells, and its buttons.
//! - [`check_file`]: the same as a file, and [`remote`]: a simulator behind a URL, for `entrepot plugins check`.
//! - [`report`]: what came out, for people and as JSON.
//! - `trial` and `stand`: what one check works with: the plugin, a fresh world, calls to make. `ability`: what a card
//!   declares. `alter`: right answers and calls, changed in one place.
//! - `every`: checks of every plugin; `supplier`: of suppliers that are called; `trouble`: of such suppliers when the
//!   other side misbehaves; `pool`: of those that fulfil from a pool; `channel`: of channels.
//! - [`library`]: where a plugin's library is.

mod ability;
mod alter;
mod channel;
pub mod check_file;
mod every;
pub mod fixture;
pub mod library;
mod pool;
pub mod remote;
pub mod report;
pub mod side;
mod stand;
pub mod suite;
mod supplier;
mod trial;
mod trouble;

pub use fixture::{ChannelSide, Fixture, Sample, Side, SupplierSide};
pub use report::{CheckReport, Report, Verdict};
pub use side::{Booked, Button, OtherSide, Pressed};
pub use suite::Suite;

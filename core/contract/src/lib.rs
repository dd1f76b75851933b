//! The data that crosses the plugin boundary, and the one `Plugin` trait over it. No I/O, no runtime, no SQL.
//!
//! - [`ids`]: typed identifiers; every id is a string end to end.
//! - [`money`]: integer minor units with a currency.
//! - [`time`]: instants (UTC), dates of visit (venue-local), the `Clock` trait.
//! - [`product`]: products, SKUs, fulfilment, guest requirements, validity, refund rules.
//! - [`calendar`]: what one SKU costs and whether it sells on one date.
//! - [`listing`]: one SKU as one connection's channel knows it.
//! - [`order`]: orders, units, guests, credentials, refunds, as the core keeps them.
//! - [`intent`]: what a channel's call means, once decoded: sales, refunds, use, and what stands beside orders.
//! - [`outcome`]: what the core answered, before a channel encodes it.
//! - [`notice`]: what the core decided and a channel has to be told; [`looking`]: what a channel is asked about its
//!   own side.
//! - [`supplier`]: the calls a supplier answers; [`reading`]: what it tells of its goods and their
//!   calendar; [`hearing`]: what it tells by a call of its own.
//! - [`channel`]: the calls a channel answers.
//! - [`message`]: the envelope of every call: request, response, context.
//! - [`services`]: what a plugin may ask of its host.
//! - [`manifest`]: who a plugin is; [`capability`]: what it can do; [`declared`]: which calls that allows.
//! - [`bounds`]: how long texts and lists of an answer may be.
//! - [`fault`]: how a call fails: kind × outcome.
//! - [`mod@strict`]: reads files and bodies of ours, where an unknown field is a mistake.
//! - [`plugin`]: the trait the host calls; [`version`]: the contract's numbers.
//! - [`abi`]: types of the C table behind which a library hides the same trait.

pub mod abi;
pub mod bounds;
pub mod calendar;
pub mod capability;
pub mod channel;
pub mod declared;
pub mod fault;
pub mod hearing;
pub mod ids;
pub mod intent;
pub mod listing;
pub mod looking;
pub mod manifest;
pub mod message;
pub mod money;
pub mod notice;
pub mod order;
pub mod outcome;
pub mod plugin;
pub mod product;
pub mod reading;
pub mod services;
pub mod strict;
pub mod supplier;
pub mod time;
pub mod version;

pub use async_trait::async_trait;

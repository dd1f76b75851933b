//! A simulated OCTO supplier: the server that a reseller's client talks to, for tests of the client and for the demo.
//!
//! It depends on no other crate of the workspace and is written from the page `spec/supplier-octo.md` ("§" below), so
//! that the client and the simulator check each other. Begin at [`Supplier::start`] (on a loopback port) or at
//! [`Desk::new`] (no network). What the page leaves open is a field of [`Options`].
//!
//! | module | what it holds |
//! |---|---|
//! | [`desk`] | the supplier without a network: a request in, an answer out, everything recorded |
//! | [`buttons`] | what a test or a person can press: sold out, prices, redemption, the supplier's own decisions |
//! | [`server`] | the desk on a loopback port |
//! | [`options`] | how it is set up; each question that the page leaves open |
//! | [`catalogue`] | products, options, units, prices (§3, §6) |
//! | [`samples`] | the made-up catalogue |
//! | [`exchange`] | requests, answers and the record of them |
//! | [`call`] | the calls and their routes (§2) |
//! | [`fault`] | what goes wrong with a call |
//! | [`corruption`] | successful answers with wrong or missing values |
//! | [`refusal`] | errors by id (§5) |
//! | [`booking`] | bookings, unit items and how they are told (§3) |
//! | [`webhooks`] | notices of changed bookings (§6) |
//! | `head` | the discipline of headers (§1) |
//! | `fields` | strict reading of bodies and queries (§2) |
//! | `told` | supplier, products and capabilities as JSON (§3, §6) |
//! | `shop` | the state: bookings, places taken, holds that lapse |
//! | `slots` | places in time and what is left of them (§3) |
//! | `availability` | the calls about availability (§2) |
//! | `prices` | which price applies (§6) |
//! | `units` | unit items asked for, and the restrictions on them (§2, §3) |
//! | `contact` | guests' details asked for (§3) |
//! | `reserve` | reserving (§4) |
//! | `changes` | confirming, extending, updating (§4) |
//! | `ending` | cancelling (§4) |
//! | `finding` | one booking, bookings by filter (§2) |
//! | `ids` | UUIDs and times in the form of the wire |

pub mod booking;
pub mod buttons;
pub mod call;
pub mod catalogue;
pub mod corruption;
pub mod desk;
pub mod exchange;
pub mod fault;
pub mod options;
pub mod refusal;
pub mod samples;
pub mod server;
pub mod webhooks;

mod availability;
mod changes;
mod contact;
mod ending;
mod fields;
mod finding;
mod head;
mod ids;
mod prices;
mod reserve;
mod shop;
mod slots;
mod told;
mod units;

pub use booking::{Booking, Status, UnitItem};
pub use buttons::{Misuse, PriceChange};
pub use call::Call;
pub use catalogue::Product;
pub use corruption::Corruption;
pub use desk::Desk;
pub use exchange::{Answer, Manner, Recorded, Request};
pub use fault::Fault;
pub use options::Options;
pub use refusal::ErrorId;
pub use server::{Running, Supplier};
pub use webhooks::Notice;

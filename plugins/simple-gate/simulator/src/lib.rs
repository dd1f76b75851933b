//! A small ticket gate, simulated: the other side of the simple-gate plugin. It depends on no other crate here.
//!
//! - [`desk`]: the gate without a network: orders, capacity, use, faults, recording.
//! - [`server`]: the same on a loopback port.

pub mod desk;
pub mod server;

pub use desk::{Answer, Booked, Desk, Fault, Recorded};
pub use server::{Gate, SimpleGate};

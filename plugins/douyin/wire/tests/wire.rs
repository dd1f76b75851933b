//! The pure half of the Douyin protocol against the specification's vectors, and properties of it.
#![allow(clippy::unwrap_used)]

#[path = "wire/bodies.rs"]
mod bodies;
#[path = "wire/ciphers.rs"]
mod ciphers;
#[path = "wire/envelopes.rs"]
mod envelopes;
#[path = "wire/numbers.rs"]
mod numbers;
#[path = "wire/partner.rs"]
mod partner;
#[path = "wire/second.rs"]
mod second;
#[path = "wire/signatures.rs"]
mod signatures;

/// The specification's example secret.
const SECRET: &str = "0123456789abcdef0123456789ABCDEF";

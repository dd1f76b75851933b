//! Plugins that have no defect: a supplier with every ability, a pool and a channel, each small. Defects are put around
//! them by [`crate::spoilt`], one at a time, so that each check of the conformance suite can be shown to see its own.
//!
//! - [`supplier`]: the supplier; [`gate`]: the partner it calls.
//! - [`pool`]: codes that are imported.
//! - [`channel`]: the channel; [`market`]: the partner that calls it and is told.

pub mod channel;
pub mod gate;
pub mod market;
pub mod pool;
pub mod supplier;

/// A weak sum that stands for a signature: over the secret and every part, each with its length.
#[must_use]
pub fn signature(secret: &str, parts: &[&[u8]]) -> String {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |bytes: &[u8]| {
        for byte in bytes.iter().chain(&bytes.len().to_be_bytes()) {
            sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    take(secret.as_bytes());
    parts.iter().for_each(|part| take(part));
    format!("{sum:016x}")
}

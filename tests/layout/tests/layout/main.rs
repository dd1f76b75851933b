//! The house rules. Each rule is a test that says why it is there and, when broken, where.
//!
//! - `arrows`: which crate may depend on which.
//! - `folders`: what every folder has to bring along.
//! - `pages`: the pages that must not rot.
//! - `planted`: the simulation's bugs stay in the simulation.
//! - `sources`: what may stand in which source, and how long it may be.

mod arrows;
mod folders;
mod pages;
mod planted;
mod sources;

/// Fails with every breach of the rule, not just the first.
fn assert_none(rule: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{rule}\n  {}", breaches.join("\n  "));
}

//! The engine on both databases: what the in-memory storage cannot show. No plugin takes part.

#![allow(clippy::unwrap_used)]

mod codes;
mod databases;
mod deployment;
mod leases;
mod life;
mod migrating;
mod nodes;
mod notes;
mod races;
mod sealing;
mod world;

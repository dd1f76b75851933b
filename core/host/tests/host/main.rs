//! The host with plugins that misbehave, partners that misbehave, and administrators that mistype.
//!
//! - `support`: a fake plugin, a clock that stands still, a log that remembers.
//! - `calls`: the way of one call. - `children`: plugins in processes of their own. - `containment`: shares and breakers. - `places`: who waits for one.
//! - `partners`: HTTP. - `services`: secrets, cache, log.
//! - `lifecycle`: cards, opening, closing, states. - `libraries`: what is told about files that are no plugin.
#![allow(clippy::unwrap_used)]

mod calls;
mod children;
mod containment;
mod libraries;
mod lifecycle;
mod partners;
mod places;
mod services;
mod support;

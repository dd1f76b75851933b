//! The only list of built-ins: plugins, simulators and demo journeys. A new one is one line here and one line in
//! `Cargo.toml`, and one in [`fixtures`] for `entrepot plugins check ID`.
//!
//! - [`plugins()`]: what the binary carries.
//! - [`fixtures`]: what the conformance suite needs of each plugin.
//! - [`simulators()`] and [`journeys()`]: what `entrepot demo` starts and plays: [`calendar_journey`], [`scenic_journey`] and
//!   [`groupbuy_journey`]; [`office`] is how a journey uses the admin API.

pub mod calendar_journey;
pub mod fixtures;
pub mod groupbuy_journey;
pub mod office;
pub mod scenic_journey;
pub mod simulators;

use std::sync::Arc;

use entrepot_contract::plugin::Plugin;
pub use entrepot_sdk::demo;
use entrepot_sdk::demo::{Journey, Simulator};

/// Plugins that need no library.
#[must_use]
pub fn plugins() -> Vec<Arc<dyn Plugin>> {
    vec![
        douyin_calendar::plugin(), // douyin-calendar
        douyin_groupbuy::plugin(), // douyin-groupbuy
        code_pool::plugin(),       // code-pool
        simple_gate::plugin(),     // simple-gate
        zhiyoubao::plugin(),       // zhiyoubao
        octo_supplier::plugin(),   // octo-supplier
    ]
}

/// Simulated partners for the demo.
#[must_use]
pub fn simulators() -> Vec<Box<dyn Simulator>> {
    vec![
        Box::new(simulators::DouyinPlatform),
        Box::new(simulators::TicketGate),
        Box::new(simulators::Harbour),
        Box::new(simulators::ScenicGateway),
    ]
}

/// What the demo plays, in order.
#[must_use]
pub fn journeys() -> Vec<Box<dyn Journey>> {
    let mut journeys = calendar_journey::journeys();
    journeys.extend(scenic_journey::journeys());
    journeys.extend(groupbuy_journey::journeys());
    journeys
}

//! Checks of suppliers that are called: what they do when all is well.
//!
//! - [`booking`]: selling, and what survives on the way to the partner.
//! - [`repeating`]: the same call again, at once, elsewhere, and while closing.
//! - [`inquiring`]: what became of an order.
//! - [`cancelling`] and [`auditing`]: giving units back.
//! - [`holding`]: keeping units before they are sold.
//! - [`using`]: what was used at the gate; [`resending`]: tickets shown again.
//! - [`reading`]: goods and calendars, page by page.
//! - [`hearing`]: what the partner tells by calls of its own.

mod auditing;
mod booking;
mod cancelling;
mod hearing;
mod holding;
mod inquiring;
mod reading;
mod repeating;
mod resending;
mod using;

use crate::suite::Check;

pub(crate) const TABLES: &[&[Check]] = &[
    booking::CHECKS,
    repeating::CHECKS,
    inquiring::CHECKS,
    cancelling::CHECKS,
    auditing::CHECKS,
    holding::CHECKS,
    using::CHECKS,
    resending::CHECKS,
    reading::CHECKS,
    hearing::CHECKS,
];

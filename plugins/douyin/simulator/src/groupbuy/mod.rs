//! The group-buy voucher with online reservation, as the platform plays it (`spec/douyin-groupbuy-reservation.md`,
//! "groupbuy" in rule texts): a voucher is bought without a day, then reserved for one by a second order.
//!
//! Both orders are ordinary [`Order`](crate::Order)s of the platform: the *purchase* with
//! [`Solution::GroupBuy`], the *reservation* with [`Solution::Reservation`], which names the purchase. Where they stand
//! is computed from what happened to both ([`PurchaseState`], [`ReservationState`]); nothing is kept twice.
//!
//! | module | what it holds |
//! |---|---|
//! | `terms` | what is sold: families, window, days valid, cancellation rule |
//! | `options` | how the platform plays group-buy |
//! | `bodies` | what the bodies have beyond the calendar ticket's (B2, B3) |
//! | `reserving` | behaviour: check, create and issue of a reservation, with its guards (B2, B3, C4) |
//! | `states` | where purchase and reservation stand (part C) |
//! | `events` | what happened to an order, in order |

pub(crate) mod bodies;
pub(crate) mod events;
pub(crate) mod options;
pub(crate) mod reserving;
pub(crate) mod states;
pub(crate) mod terms;

pub use events::Event;
pub use options::{GroupBuyOptions, RefundForm};
pub use reserving::Reservation;
pub use states::{PurchaseState, ReservationState};
pub use terms::{CancelRule, Family, Solution, VoucherTerms};

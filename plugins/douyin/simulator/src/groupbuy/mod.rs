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
//! | `purchasing` | behaviour: the purchase in each family, before, after and without its creation (B1, T3) |
//! | `promise` | family F2 (B15) |
//! | `generic` | family F3 (B16) |
//! | `querying` | behaviour: the status query of several orders (B14) |
//! | `laike` | the flash-sale product in Laike (A2) |
//! | `reserving` | behaviour: check, create and issue of a reservation, with its guards (B2, B3, C4) |
//! | `states` | where purchase and reservation stand (part C) |
//! | `after_sale` | behaviour: refunds and cancellations, the acts of guest, service and merchant (A5, B8) |
//! | `telling` | how a result is told, and in which order notices arrive (B10, B11) |
//! | `syncing` | the information sync (B11b) |
//! | `deadlines` | behaviour: what is due by the clock (rules 18, 23, B8) |
//! | `redeeming` | who may be redeemed, and what it completes (rules 26 to 30) |
//! | `events` | what happened to an order, in order |

pub(crate) mod after_sale;
pub(crate) mod bodies;
pub(crate) mod deadlines;
pub(crate) mod events;
pub(crate) mod generic;
pub(crate) mod laike;
pub(crate) mod options;
pub(crate) mod promise;
pub(crate) mod purchasing;
pub(crate) mod querying;
pub(crate) mod redeeming;
pub(crate) mod reserving;
pub(crate) mod states;
pub(crate) mod syncing;
pub(crate) mod telling;
pub(crate) mod terms;

pub use after_sale::AfterSale;
pub use events::Event;
pub use laike::PairProduct;
pub use options::{GroupBuyOptions, RefundForm};
pub use purchasing::IssueWhen;
pub use reserving::Reservation;
pub use states::{PurchaseState, ReservationState};
pub use syncing::{Sync, TimesCard, TimesItem};
pub use telling::{By, Telling, Told};
pub use terms::{CancelRule, Family, Solution, VoucherTerms};

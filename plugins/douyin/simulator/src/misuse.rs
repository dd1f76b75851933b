//! Mistakes in the use of the simulator itself, as opposed to violations by the other side.

use std::fmt;

/// Why a behaviour could not even start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// The platform has no such order.
    UnknownOrder(String),
    /// The order has no copy at this place.
    NoSuchUnit {
        /// The order.
        order_id: String,
        /// The place, from 0.
        place: usize,
    },
    /// The platform has no such product.
    UnknownProduct(String),
    /// The product is not under review, or never was.
    NotUnderReview(String),
    /// The pool of reserved codes has too few for this order.
    NoReservedCodes {
        /// The order.
        order_id: String,
        /// How many would fit.
        left: usize,
    },
    /// A place among the notices that wait does not exist.
    NoSuchNotice {
        /// How many wait.
        waiting: usize,
        /// The places named.
        places: Vec<usize>,
    },
    /// Douyin itself would not do this with the order.
    NotPlayed {
        /// The order.
        order_id: String,
        /// Why not.
        why: String,
    },
    /// The date range of a pull is not usable (scenic §16: at most 60 days).
    BadRange,
}

impl Misuse {
    pub(crate) fn not_played(order_id: &str, why: impl Into<String>) -> Self {
        Misuse::NotPlayed { order_id: order_id.to_owned(), why: why.into() }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misuse::UnknownOrder(order_id) => write!(f, "the platform has no order {order_id}"),
            Misuse::NoSuchUnit { order_id, place } => {
                write!(f, "order {order_id} has no copy {place}")
            }
            Misuse::UnknownProduct(id) => write!(f, "the platform has no product {id}"),
            Misuse::NotUnderReview(id) => write!(f, "product {id} is not under review"),
            Misuse::NoReservedCodes { order_id, left } => {
                write!(f, "only {left} reserved codes are left for order {order_id}")
            }
            Misuse::NoSuchNotice { waiting, places } => {
                write!(f, "{waiting} notices wait, and {places:?} names another")
            }
            Misuse::NotPlayed { order_id, why } => write!(f, "Douyin would not do this with order {order_id}: {why}"),
            Misuse::BadRange => write!(f, "the dates of a pull must span 1 to 60 days"),
        }
    }
}

impl std::error::Error for Misuse {}

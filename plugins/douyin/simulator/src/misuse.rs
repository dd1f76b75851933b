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
    /// The date range of a pull is not usable (scenic §16: at most 60 days).
    BadRange,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misuse::UnknownOrder(order_id) => write!(f, "the platform has no order {order_id}"),
            Misuse::NoSuchUnit { order_id, place } => {
                write!(f, "order {order_id} has no copy {place}")
            }
            Misuse::BadRange => write!(f, "the dates of a pull must span 1 to 60 days"),
        }
    }
}

impl std::error::Error for Misuse {}

//! An order as it stands, and what is changed of it: for channels that show the whole order to their guests.

use serde::{Deserialize, Serialize};

use crate::ids::ChannelOrderId;
use crate::intent::{Line, is_false};
use crate::listing::ListingNames;
use crate::order::{Guests, Visit};
use crate::time::{Timestamp, VisitDate};

/// A change of one order. What is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeOrder {
    /// The order.
    pub order: ChannelOrderId,
    /// The channel's key of this change, the same for every repeat.
    pub key: String,
    /// Whether the channel changed it already and only tells: then the answer is `recorded`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub done: bool,
    /// Another product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<ListingNames>,
    /// All that is bought now, SKU by SKU: units that are not named any more are given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<Line>>,
    /// Another date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<Visit>,
    /// Another time slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// Another shop, by its id at the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop: Option<String>,
    /// Others come, or the guest writes something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guests: Option<Guests>,
    /// Another second name of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// For how long from now an unpaid order is kept, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_ms: Option<u64>,
    /// When it was asked, or done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

impl ChangeOrder {
    /// A change that changes nothing yet.
    #[must_use]
    pub fn new(order: ChannelOrderId, key: impl Into<String>) -> Self {
        Self {
            order,
            key: key.into(),
            done: false,
            names: None,
            lines: None,
            visit: None,
            slot: None,
            shop: None,
            guests: None,
            reference: None,
            hold_ms: None,
            at: None,
        }
    }
}

/// Which orders are shown. Only those of the connection that asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum OrderFilter {
    /// These, as the channel names them; at most [`crate::outcome::ORDERS_LIMIT`].
    Names {
        /// The orders.
        orders: Vec<ChannelOrderId>,
    },
    /// Those that bear this second name.
    Reference {
        /// The name.
        reference: String,
    },
    /// The one of ours.
    Own {
        /// Our order number, as the channel repeats it.
        order: String,
    },
    /// Those of guests who come within these dates.
    Visits {
        /// First date.
        first: VisitDate,
        /// Last date, inclusive.
        last: VisitDate,
        /// Only of what answers to these names; empty means all.
        #[serde(default)]
        names: ListingNames,
    },
    /// A way added after this build.
    #[serde(other)]
    Unknown,
}

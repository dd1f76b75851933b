//! What the core decided and a channel has to be told. Delivered by jobs, at least once.

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelOrderId, OrderId};
use crate::money::Money;
use crate::order::UnitCredentials;
use crate::time::Timestamp;

/// One notice about one order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderNotice {
    /// Our order id.
    pub order: OrderId,
    /// As the channel names it.
    pub channel_order: ChannelOrderId,
    /// What happened.
    pub event: OrderEvent,
}

/// What happened to an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum OrderEvent {
    /// We accepted it.
    Accepted,
    /// We refused it after payment.
    Refused {
        /// For people.
        reason: String,
    },
    /// Credentials are there.
    Issued {
        /// One entry for each unit.
        units: Vec<UnitCredentials>,
    },
    /// Credentials will not come.
    IssueFailed {
        /// For people.
        reason: String,
    },
    /// A waiting refund was decided.
    RefundDecided {
        /// The channel's key.
        key: String,
        /// Yes or no.
        agreed: bool,
        /// The fee: the channel's own.
        fee: Option<Money>,
        /// For the guest, on a no.
        reason: Option<String>,
        /// On a no: credentials of the units that are good, where issuing had failed for the channel.
        #[serde(default)]
        repaired: Vec<UnitCredentials>,
    },
    /// Units were used.
    Redeemed {
        /// Idempotency mark of this use.
        token: String,
        /// The units.
        units: Vec<u16>,
        /// Whether these are all units of the order.
        whole: bool,
        /// When.
        at: Timestamp,
        /// The shop, where the channel needs one.
        shop: Option<String>,
    },
    /// An event added after this build.
    #[serde(other)]
    Unknown,
}

impl OrderEvent {
    /// A short name for logs and capabilities.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused { .. } => "refused",
            Self::Issued { .. } => "issued",
            Self::IssueFailed { .. } => "issue_failed",
            Self::RefundDecided { .. } => "refund_decided",
            Self::Redeemed { .. } => "redeemed",
            Self::Unknown => "unknown",
        }
    }
}

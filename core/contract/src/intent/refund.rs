//! Money that goes back: asked before, and told after.

use serde::{Deserialize, Serialize};

use crate::ids::ChannelOrderId;
use crate::intent::{UnitChoice, is_false};
use crate::money::Money;
use crate::order::RefundCause;
use crate::time::Timestamp;

/// What goes back by a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivesBack {
    /// The units, and the money for them.
    #[default]
    Units,
    /// The date alone: the voucher behind a reservation can be used again.
    Reservation,
    /// Money alone: the order stays as it is.
    Money,
    /// Something added after this build.
    #[serde(other)]
    Unknown,
}

impl GivesBack {
    pub(crate) const fn is_units(&self) -> bool {
        matches!(self, Self::Units)
    }
}

/// May this be refunded?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskRefund {
    /// The order.
    pub order: ChannelOrderId,
    /// The channel's key; its result carries the same.
    pub key: String,
    /// Why.
    pub cause: RefundCause,
    /// Which units.
    pub units: UnitChoice,
    /// The fee the channel computed.
    pub fee: Option<Money>,
    /// When the guest asked.
    pub asked_at: Timestamp,
    /// What goes back.
    #[serde(default, skip_serializing_if = "GivesBack::is_units")]
    pub gives_back: GivesBack,
    /// What the guest would get, when the channel computed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Why, in words, for the person who decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether a yes ends it: the channel announces no result, and an order that is not paid is given up.
    #[serde(default, skip_serializing_if = "is_false")]
    pub at_once: bool,
    /// Whether a yes shows the whole order: then it is [`crate::outcome::Outcome::Orders`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub whole: bool,
}

/// The channel gave money back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRefund {
    /// The order.
    pub order: ChannelOrderId,
    /// The channel's key.
    pub key: String,
    /// Why.
    pub cause: RefundCause,
    /// Which units.
    pub units: UnitChoice,
    /// What the guest got.
    pub amount: Money,
    /// When.
    pub refunded_at: Timestamp,
    /// What went back.
    #[serde(default, skip_serializing_if = "GivesBack::is_units")]
    pub gives_back: GivesBack,
}

impl AskRefund {
    /// A question for units and the money for them, and nothing more said of it.
    #[must_use]
    pub fn new(
        order: ChannelOrderId,
        key: impl Into<String>,
        cause: RefundCause,
        units: UnitChoice,
        asked_at: Timestamp,
    ) -> Self {
        Self {
            order,
            key: key.into(),
            cause,
            units,
            fee: None,
            asked_at,
            gives_back: GivesBack::Units,
            amount: None,
            reason: None,
            at_once: false,
            whole: false,
        }
    }
}

impl RecordRefund {
    /// Units and the money for them.
    #[must_use]
    pub fn new(
        order: ChannelOrderId,
        key: impl Into<String>,
        cause: RefundCause,
        units: UnitChoice,
        amount: Money,
        refunded_at: Timestamp,
    ) -> Self {
        Self { order, key: key.into(), cause, units, amount, refunded_at, gives_back: GivesBack::Units }
    }
}

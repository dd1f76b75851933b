//! What a channel decided about a refund by itself (信息同步): our answer did not come in time, its customer service
//! stepped in, or its own audit decided. It tells what was decided; money that went is told by
//! [`super::RecordRefund`].

use serde::{Deserialize, Serialize};

use crate::ids::ChannelOrderId;
use crate::intent::GivesBack;
use crate::listing::UnitNames;
use crate::money::Money;
use crate::order::Credential;
use crate::time::Timestamp;

/// A refund was decided without us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordDecision {
    /// The order.
    pub order: ChannelOrderId,
    /// The channel's key of the refund, where it tells one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<String>,
    /// What goes back, where it was agreed.
    pub gives_back: GivesBack,
    /// What was decided about each unit; never empty.
    pub units: Vec<DecidedUnit>,
}

/// What was decided about one unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecidedUnit {
    /// The unit, as the channel names it.
    pub names: UnitNames,
    /// Whether it goes back; none where the channel's word is not known.
    #[serde(default)]
    pub agreed: Option<bool>,
    /// When it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// Of a card of several uses (次卡): how many, and what each comes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<TimesBack>,
    /// The credentials that the channel names for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<Credential>,
}

/// The uses of a card, and those that go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimesBack {
    /// Bought.
    pub total: u32,
    /// Used.
    pub used: u32,
    /// Given back.
    pub refunded: u32,
    /// What all that go back come to.
    pub amounts: AmountsBack,
    /// The same of each that goes back, where the channel tells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<TimeBack>,
}

/// `due = back + kept`, if the channel reckons right: whoever takes it down checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmountsBack {
    /// What was paid for it.
    pub due: Money,
    /// What goes back.
    pub back: Money,
    /// What is kept for the trouble.
    pub kept: Money,
}

/// One use that goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeBack {
    /// The channel's serial of it.
    #[serde(default)]
    pub id: Option<String>,
    /// What it comes to.
    pub amounts: AmountsBack,
    /// The part of what goes back that a subsidy paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsidy: Option<Money>,
    /// The guest's own part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest: Option<Money>,
}

//! A refund as the core keeps it: where it stands, why, and what of it the channel and we said.

use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, RefundId};
use crate::intent::GivesBack;
use crate::money::Money;
use crate::time::Timestamp;

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Asked, nobody decided.
    Waiting,
    /// We agreed; the channel has not announced the result.
    Agreed,
    /// We refused.
    Refused,
    /// The channel announced it: the money is gone.
    Done,
}

/// Why money goes back; the channel's own number stays beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundCause {
    /// The guest asked.
    Guest,
    /// The merchant asked.
    Merchant,
    /// The channel's customer service or the platform decided.
    Platform,
    /// Credentials did not come in time.
    IssueFailed,
    /// Acceptance did not come in time, or we refused.
    NotAccepted,
    /// Not used in time.
    Expired,
    /// Anything else, also causes added after this build.
    #[serde(other)]
    Other,
}

/// A refund: a record of its own, because channels ask, repeat, time out and announce what nobody here decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// Ours.
    pub id: RefundId,
    /// The order.
    pub order: OrderId,
    /// The channel's key, shared by its question, our answer and its result.
    pub key: String,
    /// Where it stands.
    pub state: RefundState,
    /// Why.
    pub cause: RefundCause,
    /// Unit numbers concerned.
    pub units: Vec<u16>,
    /// What goes back with them.
    #[serde(default, skip_serializing_if = "GivesBack::is_units")]
    pub gives_back: GivesBack,
    /// The refund of a reservation by which the same money had been told before, for one of its voucher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<RefundId>,
    /// The fee the channel computed, in what the guest paid.
    pub channel_fee: Option<Money>,
    /// What the guest would get, as the channel computed it when it asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_amount: Option<Money>,
    /// Why, in the channel's words, for the person who decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the guest got back, as announced.
    pub channel_amount: Option<Money>,
    /// What is kept back from the distributor.
    pub settlement_fee: Option<Money>,
    /// Who decided: `rule`, `channel`, or a person's name.
    pub decided_by: Option<String>,
    /// For people: why it was refused, or what contradicts.
    pub note: Option<String>,
    /// Whether the channel was told "waiting" and is owed a notice of the decision.
    pub notice_owed: bool,
    /// When it was asked or announced first.
    pub asked_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// When the channel announced the result.
    pub done_at: Option<Timestamp>,
}

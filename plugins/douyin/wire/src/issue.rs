//! The issue call. Its URL is shared by every solution of one application, so little is required here and
//! [`IssueVoucher::third_sku_id`] is what tells whose order it is (common §11, `documented`).

use serde::{Deserialize, Serialize};

use crate::number::{Id, Int, blank_as_none, null_as_empty};
use crate::person::IssueTourist;
use crate::rules::{IssueAmount, TicketRule};

/// Issue voucher. Scenic §11, head `documented`, rest `seen in client code`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueVoucher {
    /// Douyin's order, the idempotency key.
    pub order_id: Id,
    /// People per copy, *not* copies: 1 unless a family ticket. Required for scenic tickets; what the generic body holds beside
    /// its own fields is not stated (group-buy B16.2).
    #[serde(rename = "count", default, deserialize_with = "blank_as_none")]
    pub people_per_copy: Option<Int>,
    /// Copies bought: the number of vouchers to answer.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub copies: Option<Int>,
    /// First moment of validity, in seconds for scenic tickets; marked required, optional here for the other
    /// solutions on this URL.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub start_time: Option<Int>,
    /// Last moment of validity, as `start_time`.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub expire_time: Option<Int>,
    /// What was bought.
    #[serde(default)]
    pub sku: Option<IssueSku>,
    /// Repeated at the top level in samples; read by [`IssueVoucher::sku_id`].
    #[serde(rename = "sku_id", default, deserialize_with = "blank_as_none")]
    pub top_sku_id: Option<Id>,
    /// Repeated at the top level in samples; read by [`IssueVoucher::third_sku_id`].
    #[serde(rename = "third_sku_id", default, deserialize_with = "blank_as_none")]
    pub top_third_sku_id: Option<Id>,
    /// Credentials asked for.
    #[serde(default)]
    pub ticket_rule: Option<TicketRule>,
    /// Travellers: copies × people when everybody is collected, or one.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub tourists: Vec<IssueTourist>,
    /// Price.
    #[serde(default)]
    pub amount: Option<IssueAmount>,
}

/// What was bought. Scenic §11, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IssueSku {
    /// Name.
    #[serde(deserialize_with = "blank_as_none")]
    pub sku_name: Option<String>,
    /// Douyin's specification.
    #[serde(deserialize_with = "blank_as_none")]
    pub sku_id: Option<Id>,
    /// Our specification.
    #[serde(deserialize_with = "blank_as_none")]
    pub third_sku_id: Option<Id>,
}

impl IssueVoucher {
    /// Douyin's specification, from `sku` or else from the top level.
    pub fn sku_id(&self) -> Option<&Id> {
        self.sku.as_ref().and_then(|sku| sku.sku_id.as_ref()).or(self.top_sku_id.as_ref())
    }

    /// Our specification, from `sku` or else from the top level.
    pub fn third_sku_id(&self) -> Option<&Id> {
        self.sku.as_ref().and_then(|sku| sku.third_sku_id.as_ref()).or(self.top_third_sku_id.as_ref())
    }
}

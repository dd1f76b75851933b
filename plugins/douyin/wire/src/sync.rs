//! Refund information sync (信息同步): what Douyin decided without us. Amounts are fen by analogy and times milliseconds by the
//! page's example, both `inferred`; the fields are `documented`. Group-buy B11b, B16.5.

use serde::Deserialize;

use crate::kinds::SyncAfterSaleType;
use crate::number::{Id, Int, blank_as_none, null_as_empty};
use crate::person::Private;

/// What was decided about an order. Group-buy B11b.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SyncRefund {
    /// Douyin's order.
    pub order_id: Id,
    /// The refund, where several certificates share one; the older form has none.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub after_sale_id: Option<Id>,
    /// What goes back; the older form has none.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub after_sale_type: Option<SyncAfterSaleType>,
    /// One for each certificate.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub notice_list: Vec<SyncLine>,
}

/// What was decided about one certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SyncLine {
    /// Douyin's certificate.
    #[serde(deserialize_with = "blank_as_none")]
    pub certificate_id: Option<Id>,
    /// Our code.
    #[serde(deserialize_with = "blank_as_none")]
    pub code: Option<Private>,
    /// Of a card of several uses (次卡): how many in all.
    #[serde(deserialize_with = "blank_as_none")]
    pub total_count: Option<Int>,
    /// How many of them are used.
    #[serde(deserialize_with = "blank_as_none")]
    pub verify_count: Option<Int>,
    /// How many of them go back.
    #[serde(deserialize_with = "blank_as_none")]
    pub refund_count: Option<Int>,
    /// What was paid for those that go back: the next two together.
    #[serde(deserialize_with = "blank_as_none")]
    pub origin_amount: Option<Int>,
    /// What goes back.
    #[serde(deserialize_with = "blank_as_none")]
    pub refund_amount: Option<Int>,
    /// What is kept.
    #[serde(deserialize_with = "blank_as_none")]
    pub deduct_fee_amount: Option<Int>,
    /// Each use that goes back.
    #[serde(deserialize_with = "null_as_empty")]
    pub sub_item_list: Vec<SyncItem>,
    /// When it was asked.
    #[serde(deserialize_with = "blank_as_none")]
    pub apply_time: Option<Int>,
    /// When it was decided.
    #[serde(deserialize_with = "blank_as_none")]
    pub audit_time: Option<Int>,
    /// 1 agreed, 2 refused.
    #[serde(deserialize_with = "blank_as_none")]
    pub audit_result: Option<Int>,
    /// The certificate's vouchers: JSON in a text, one object.
    #[serde(deserialize_with = "blank_as_none")]
    pub voucher: Option<Private>,
}

/// One use that goes back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SyncItem {
    /// Its serial.
    #[serde(deserialize_with = "blank_as_none")]
    pub sub_item_id: Option<Id>,
    /// What was paid for it: the next two together.
    #[serde(deserialize_with = "blank_as_none")]
    pub origin_amount: Option<Int>,
    /// What is kept.
    #[serde(deserialize_with = "blank_as_none")]
    pub deduct_fee_amount: Option<Int>,
    /// What goes back: the next two together.
    #[serde(deserialize_with = "blank_as_none")]
    pub refund_amount: Option<Int>,
    /// The subsidy's part of it.
    #[serde(deserialize_with = "blank_as_none")]
    pub marketing_amount: Option<Int>,
    /// The guest's part of it.
    #[serde(deserialize_with = "blank_as_none")]
    pub user_amount: Option<Int>,
}

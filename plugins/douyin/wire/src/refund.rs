//! The calls about refunds: review and result notice. Fields are optional unless every source marks them required.

use serde::{Deserialize, Serialize};

use crate::kinds::{AfterSaleType, ApplySource, RefundScene};
use crate::number::{Fen, Id, Int, blank_as_none, null_as_empty};
use crate::order::OurOrderId;
use crate::voucher::Voucher;

/// Refund review. Scenic §7, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundApply {
    /// Douyin's order.
    pub order_id: Id,
    /// Our order.
    #[serde(flatten)]
    pub our_order: OurOrderId,
    /// The idempotency key: repeated in the callback, comes back in the result notice.
    #[serde(rename = "biz_uniq_key")]
    pub refund_key: Id,
    /// When it was asked for, in seconds.
    #[serde(rename = "apply_refund_time_unix")]
    pub apply_seconds: Int,
    /// Who asks; the older page marks it optional.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub apply_source: Option<ApplySource>,
    /// The fee Douyin computed, fen: what an acceptance answers back. Required on the calendar ticket's page, not there on the
    /// group ticket's (group-buy B8, `documented`).
    #[serde(default, deserialize_with = "blank_as_none")]
    pub refund_fee_amount: Option<Fen>,
    /// Refund or cancelled booking; older page only.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub after_sale_type: Option<AfterSaleType>,
    /// The vouchers concerned, on a partial refund.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub vouchers: Vec<Voucher>,
}

/// Refund result notice: money already gone. Scenic §9, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundNotice {
    /// Douyin's order.
    pub order_id: Id,
    /// Our order.
    #[serde(flatten)]
    pub our_order: OurOrderId,
    /// The idempotency key.
    #[serde(rename = "biz_uniq_key")]
    pub refund_key: Id,
    /// What was really refunded, fen.
    pub refund_amount: Fen,
    /// When it was refunded, in seconds.
    #[serde(rename = "refund_time_unix")]
    pub refund_seconds: Int,
    /// Why; the older page marks it optional.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub refund_scene: Option<RefundScene>,
    /// Copies refunded.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub refund_count: Option<Int>,
    /// Which vouchers, on a partial refund.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub vouchers: Vec<Voucher>,
}

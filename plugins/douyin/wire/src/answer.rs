//! Payloads of our SPI answers, to be wrapped by [`crate::envelope::spi_answer`].

use serde::Serialize;

use crate::kinds::{AuditResult, ConfirmMode, ConfirmResult, IssueResult};
use crate::number::{Fen, Id};
use crate::voucher::Voucher;

/// Whether and how an order is accepted. Scenic §3, §4, `documented`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ConfirmInfo {
    /// Now or later.
    pub confirm_mode: ConfirmMode,
    /// The decision; only with [`ConfirmMode::Sync`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_result: Option<ConfirmResult>,
}

impl ConfirmInfo {
    /// Accepted in this answer.
    pub const ACCEPT: Self = Self::sync(ConfirmResult::Accept);
    /// Refused in this answer: Douyin refunds.
    pub const REFUSE: Self = Self::sync(ConfirmResult::Refuse);
    /// Decided later, by the confirm call within 10 minutes.
    pub const LATER: Self = Self { confirm_mode: ConfirmMode::Async, confirm_result: None };

    const fn sync(result: ConfirmResult) -> Self {
        Self { confirm_mode: ConfirmMode::Sync, confirm_result: Some(result) }
    }
}

/// Answer to create order, on success. Scenic §3, head `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateOrderAnswer {
    /// Our order; the same for a repeated create.
    pub order_out_id: Id,
    /// Acceptance; needed when creating after payment, sent in both modes (`inferred`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_info: Option<ConfirmInfo>,
}

/// Answer to the payment notice. Scenic §4, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PayNoticeAnswer {
    /// Acceptance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_info: Option<ConfirmInfo>,
}

/// Answer to the refund review, with code 0 whenever there is a decision. Scenic §7, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefundApplyAnswer {
    /// The decision.
    pub audit_refund_result: AuditResult,
    /// The fee on acceptance, fen; more than Douyin's counts as a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_fee_amount: Option<Fen>,
    /// The repaired vouchers when refusing after failed issuing; without them such a refusal has no effect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vouchers: Vec<Voucher>,
}

impl RefundApplyAnswer {
    /// Accepted with the fee Douyin sent (`inferred`: always safe).
    pub fn accept(fee: Fen) -> Self {
        Self { audit_refund_result: AuditResult::Accept, refund_fee_amount: Some(fee), vouchers: Vec::new() }
    }

    /// Refused; `vouchers` repair a failed issuing and are empty otherwise.
    pub fn refuse(vouchers: Vec<Voucher>) -> Self {
        Self { audit_refund_result: AuditResult::Refuse, refund_fee_amount: None, vouchers }
    }

    /// Decided later, by the callback of scenic §8.
    pub fn wait() -> Self {
        Self { audit_refund_result: AuditResult::Waiting, refund_fee_amount: None, vouchers: Vec::new() }
    }
}

/// Answer to the order status query. Scenic §10, `documented`. A wrong 0 refunds a used ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueryOrderAnswer {
    /// Our order.
    pub order_out_id: Id,
    /// Vouchers in all.
    pub total_voucher_quantity: u64,
    /// Vouchers used; with `vouchers`, those of status 1.
    pub used_voucher_quantity: u64,
    /// Each voucher with the status of its items; needed for partial refunds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vouchers: Vec<Voucher>,
}

/// Answer to the issue call, with code 0 always. Common §11, `documented`; scenic §11.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueVoucherAnswer {
    /// The outcome.
    pub result: IssueResult,
    /// Why, on failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_reason: Option<String>,
    /// One voucher per copy, with [`IssueResult::Issued`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vouchers: Vec<Voucher>,
}

impl IssueVoucherAnswer {
    /// The callback follows within 10 minutes.
    pub fn issuing() -> Self {
        Self { result: IssueResult::Issuing, fail_reason: None, vouchers: Vec::new() }
    }

    /// Issued.
    pub fn issued(vouchers: Vec<Voucher>) -> Self {
        Self { result: IssueResult::Issued, fail_reason: None, vouchers }
    }

    /// Failed for good: Douyin refunds at once, without review or repair.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self { result: IssueResult::Failed, fail_reason: Some(reason.into()), vouchers: Vec::new() }
    }
}

//! Why a refund is asked for or was made, in our words. The numbers are Douyin's; how they fall into our causes is ours.

use entrepot_sdk::contract::order::RefundCause;

use crate::kinds::{ApplySource, RefundScene};

/// Who asks. Scenic §7, `documented` numbers.
#[must_use]
pub fn asked_by(source: Option<ApplySource>) -> RefundCause {
    use ApplySource as From;
    match source {
        Some(From::User) => RefundCause::Guest,
        Some(From::Merchant | From::MerchantCancelled | From::MerchantAfterUse | From::ShopClosed) => {
            RefundCause::Merchant
        }
        Some(From::CustomerService | From::LiabilityRuling | From::CustomerServiceAfterUse | From::Arbitration) => {
            RefundCause::Platform
        }
        Some(From::IssueFailed) => RefundCause::IssueFailed,
        Some(From::Expired) => RefundCause::Expired,
        Some(From::RefusedByUs | From::AcceptTimeout) => RefundCause::NotAccepted,
        _ => RefundCause::Other,
    }
}

/// Why the money is gone. Scenic §9, `documented` numbers.
#[must_use]
pub fn announced_by(scene: Option<RefundScene>) -> RefundCause {
    use RefundScene as Said;
    match scene {
        Some(Said::User) => RefundCause::Guest,
        Some(Said::Merchant | Said::MerchantCancelled | Said::ShopClosed) => RefundCause::Merchant,
        Some(Said::CustomerService) => RefundCause::Platform,
        Some(Said::IssueFailed) => RefundCause::IssueFailed,
        Some(Said::Expired) => RefundCause::Expired,
        Some(Said::AcceptTimeout | Said::Refused) => RefundCause::NotAccepted,
        _ => RefundCause::Other,
    }
}

//! How the platform plays group-buy: what no page settles is a switch here.

use super::telling::{By, Telling};

/// Which revision of the refund bodies is sent (groupbuy B8, B11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundForm {
    /// The group-buy pages: `out_order_id`, `after_sale_type`, no fee.
    March2026,
    /// The calendar pages: `order_out_id`, `refund_fee_amount`, no `after_sale_type`.
    January2026,
}

/// The options of group-buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupBuyOptions {
    /// Whether a purchase of family F1 gets an issue call of its own (open question 2).
    pub issues_purchase: bool,
    /// The revision of the refund bodies.
    pub refund_form: RefundForm,
    /// Milliseconds after which an unanswered refund question counts as agreed: 24 h by the overview, 72 h by an
    /// operator's page (B8).
    pub audit_ms: i64,
    /// Milliseconds in which a reservation must have its codes (rule 23); the demo shortens them.
    pub issue_ms: i64,
    /// How an agreed refund is told; one that the audit's time decided is told by both calls.
    pub telling: Telling,
    /// By which calls the refunds of family F3 are told: its own page has only the sync (B16.5), for those that we did
    /// not decide.
    pub f3_results: By,
    /// Whether family F3 sends the guest's phone: Douyin approves that one by one (B16.1).
    pub f3_phone: bool,
    /// Whether the scope `life.capacity.goods.query` is granted; it is not among the twelve of A7.
    pub goods_query: bool,
    /// Days that the reservation page shows, today among them (rule 17).
    pub window_days: i64,
}

impl Default for GroupBuyOptions {
    fn default() -> Self {
        Self {
            issues_purchase: true,
            refund_form: RefundForm::March2026,
            audit_ms: 24 * 3_600_000,
            issue_ms: crate::orders::TEN_MINUTES_MS,
            telling: Telling::NOTICE,
            f3_results: By::Notice,
            f3_phone: true,
            goods_query: true,
            window_days: 90,
        }
    }
}

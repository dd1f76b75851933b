//! The inbound calls of this channel.

use entrepot_sdk::prelude::*;

/// One kind of call. Douyin's console takes one URL for each (common §7.1, `inferred`: whether the action's name
/// travels in the request is not known, so the path alone tells).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scene {
    /// Scenic §2.
    CheckBooking,
    /// Scenic §3.
    CreateOrder,
    /// Scenic §4.
    PayOrder,
    /// Scenic §6.
    CancelOrder,
    /// Scenic §7.
    ApplyRefund,
    /// Scenic §9.
    NotifyRefund,
    /// Scenic §10.
    QueryOrder,
    /// Scenic §11.
    IssueCertificate,
    /// Scenic §16.
    PullCalendar,
    /// Common §9.
    Webhook,
}

impl Scene {
    pub(crate) const ALL: [Self; 10] = [
        Self::CheckBooking,
        Self::CreateOrder,
        Self::PayOrder,
        Self::CancelOrder,
        Self::ApplyRefund,
        Self::NotifyRefund,
        Self::QueryOrder,
        Self::IssueCertificate,
        Self::PullCalendar,
        Self::Webhook,
    ];

    /// Name and path, Douyin's action, time limit in milliseconds, whether it states a fact.
    ///
    /// Limits: 2000 `seen in client code` (scenic §2); 8000 of the status query `seen in client code` (§10), of the
    /// issue call `documented` (common §11); 5000 `documented` (common §9); 3000 `inferred`, no page shows one (common
    /// §7.5); 8000 of the pull `inferred` (scenic §16 shows none).
    const fn row(self) -> (&'static str, &'static str, u32, bool) {
        match self {
            Self::CheckBooking => ("check-booking", "scenic_spot.order.can_buy", 2_000, false),
            Self::CreateOrder => ("create-order", "scenic_spot.order.create_order", 3_000, false),
            Self::PayOrder => ("pay-order", "scenic_spot.order.pay_notify", 3_000, true),
            Self::CancelOrder => ("cancel-order", "scenic_spot.order.cancel_notify", 3_000, true),
            Self::ApplyRefund => ("apply-refund", "scenic_spot.order.refund_apply", 3_000, false),
            Self::NotifyRefund => ("notify-refund", "scenic_spot.order.refund_notify", 3_000, true),
            Self::QueryOrder => ("query-order", "scenic_spot.order.query_order", 8_000, false),
            Self::IssueCertificate => ("issue-certificate", "fulfilment.order.tripartite_code", 8_000, false),
            Self::PullCalendar => ("pull-calendar", "scenic.goods.pull_ticket_calendar", 8_000, false),
            Self::Webhook => ("webhook", "webhook", 5_000, true),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn card(self) -> SceneCard {
        let (name, action, limit_ms, fact) = self.row();
        SceneCard { name, action, method: "POST", path: name, limit_ms, fact }
    }

    /// The scene of that name; a fault for one that the card does not declare.
    pub(crate) fn named(name: &SceneName) -> Result<Self, Fault> {
        let found = Self::ALL.into_iter().find(|scene| scene.name() == name.as_str());
        found.ok_or_else(|| Fault::unsupported(&format!("scene {name}")))
    }
}

/// What the interface log may show: ids, counts, codes, prices, days and times. Nothing of guests, no voucher, and no
/// free text (`description`, `remark`, `fail_reason`), which may hold either.
pub(crate) const CLEAR_FIELDS: &[&str] = &[
    // ids
    "order_id",
    "order_out_id",
    "out_order_id",
    "third_order_id",
    "source_order_id",
    "item_order_id",
    "product_id",
    "product_out_id",
    "sku_id",
    "sku_out_id",
    "third_sku_id",
    "account_id",
    "poi_id",
    "biz_uniq_key",
    "project_id",
    "certificate_id",
    "verify_id",
    "order_item_id",
    "ledger_id",
    "category_id",
    "logid",
    "log_id",
    "event",
    // kinds, states, decisions
    "biz_type",
    "order_type",
    "error_code",
    "sub_error_code",
    "result",
    "confirm_mode",
    "confirm_result",
    "audit_refund_result",
    "audit_result",
    "cancel_type",
    "apply_source",
    "after_sale_type",
    "refund_scene",
    "refund_type",
    "status",
    "url_type",
    "code_type",
    "calendar_type",
    "diff_target_crowd",
    "can_refund_partly",
    "op_type",
    "draft_status",
    "online_status",
    "order_status",
    "item_status",
    "certificate_status",
    "verify_type",
    "limit_type",
    "reserved_type",
    "refund_fee_type",
    "refund_part",
    "is_product_pass",
    "is_ticket_type_pass",
    "is_success",
    "has_more",
    // numbers
    "count",
    "copies",
    "refund_count",
    "total_num",
    "total_voucher_quantity",
    "used_voucher_quantity",
    "stock_qty",
    "expires_in",
    "page",
    "page_num",
    "page_size",
    "total",
    "total_page",
    "total_records",
    "cursor",
    // amounts, fen
    "origin_amount",
    "original_amount",
    "pay_amount",
    "merchant_discount_amount",
    "ticket_amount",
    "merchant_ticket_amount",
    "fee_amount",
    "commission_amount",
    "payment_discount_amount",
    "coupon_pay_amount",
    "refund_fee_amount",
    "refund_amount",
    "actual_amount",
    "settle_amount",
    "discount_amount",
    "receipt_amount",
    "payment_discount",
    "refund_fee",
    "original",
    "pay",
    "goods",
    "coupon_pay",
    "merchant_ticket",
    "platform_ticket",
    "ledger_total",
    "talent_commission",
    "total_merchant_platform_service",
    "currency",
    // days and times
    "book_start_day",
    "book_end_day",
    "start_date",
    "end_date",
    "create_order_time_unix",
    "pay_time_unix",
    "cancel_order_time_unix",
    "apply_refund_time_unix",
    "refund_time_unix",
    "start_time",
    "expire_time",
    "verify_time",
    "cancel_time",
    "create_order_time",
    "pay_time",
    "update_order_time",
    "item_update_time",
    "refund_time",
    "ledger_time",
    "now",
];

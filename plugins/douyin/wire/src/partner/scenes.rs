//! Douyin's calls to us, of every solution: a plugin's card picks its scenes from this one table. Two plugins of an application
//! share the paths they both declare, and the host takes a scene's limit, ready answers and ids from either of them.
//!
//! "Group-buy" is the group ticket with online reservation. The hotel solutions' calls (`hotel_spot.…`) have none of these
//! actions and are not listed.

use entrepot_sdk::prelude::*;

/// One kind of call. Douyin's console takes one URL for each (common §7.1, `inferred`: whether the action's name
/// travels in the request is not known, so the path alone tells).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Booking check. Scenic §2.
    CheckBooking,
    /// Create order. Scenic §3.
    CreateOrder,
    /// Payment notice. Scenic §4.
    PayOrder,
    /// Cancel notice. Scenic §6.
    CancelOrder,
    /// Refund review. Scenic §7.
    ApplyRefund,
    /// Refund result notice. Scenic §9.
    NotifyRefund,
    /// Order status query. Scenic §10.
    QueryOrder,
    /// Issue voucher, of every solution. Common §11, scenic §11.
    IssueCertificate,
    /// Price and stock pull. Scenic §16.
    PullCalendar,
    /// Message push. Common §9.
    Webhook,
    /// Pre-order of a group ticket (V2). Group-buy B15.1.
    CreatePromise,
    /// Issue codes of a group ticket (V2): also the sign that it was paid. Group-buy B15.2.
    IssuePromise,
    /// Pre-order of generic third-party codes (V1). Group-buy B16.1.
    PreCreateOrder,
    /// Refund request of generic third-party codes. Group-buy B16.3.
    ApplyCodeRefund,
    /// Refund information sync: what was decided without us. Group-buy B11b, B16.5.
    SyncRefund,
    /// Status query of several orders. Group-buy B14, generic.
    QueryOrders,
}

impl Scene {
    /// All of them.
    pub const ALL: [Self; 16] = [
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
        Self::CreatePromise,
        Self::IssuePromise,
        Self::PreCreateOrder,
        Self::ApplyCodeRefund,
        Self::SyncRefund,
        Self::QueryOrders,
    ];

    /// Name and path, Douyin's action, time limit in milliseconds, whether it states a fact.
    ///
    /// Limits: 2000 `seen in client code` (scenic §2); 8000 of the status query `seen in client code` (§10), of the
    /// issue call `documented` (common §11); 5000 `documented` (common §9, group-buy B15.1, B15.2, B16.1); 8000 of the generic
    /// refund request `documented` (group-buy B16.3); 3000 `inferred`, no page shows one (common §7.5); 8000 of the pull
    /// (scenic §16) and of the generic status query (group-buy B14) `inferred`: the pages show none. No page names the latter's
    /// action, either; here stands the name of its page.
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
            Self::CreatePromise => ("create-promise", "scenic_spot.order.promissory_create_order", 5_000, false),
            Self::IssuePromise => ("issue-promise", "scenic_spot.order.promissory_gen_code", 5_000, true),
            Self::PreCreateOrder => ("pre-create-order", "trade.order.pre_create_order", 5_000, false),
            Self::ApplyCodeRefund => ("apply-code-refund", "fulfilment.order.refund_apply", 8_000, false),
            Self::SyncRefund => ("sync-refund", "fulfilment.order.refund_notice", 3_000, true),
            Self::QueryOrders => ("query-orders", "order.query.status_query", 8_000, false),
        }
    }

    /// Its name, which is its path, too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// How a plugin's card declares it.
    #[must_use]
    pub fn card(self) -> SceneCard {
        let (name, action, limit_ms, fact) = self.row();
        SceneCard { name, action, method: "POST", path: name, limit_ms, fact }
    }

    /// The scene of that name among these; a fault for one that the card does not declare.
    pub fn named(name: &SceneName, declared: &[Self]) -> Result<Self, Fault> {
        let found = declared.iter().copied().find(|scene| scene.name() == name.as_str());
        found.ok_or_else(|| Fault::unsupported(&format!("scene {name}")))
    }
}

/// What the interface log may show: ids, counts, codes, prices, days and times. Nothing of guests, no voucher, and no
/// free text (`description`, `remark`, `fail_reason`), which may hold either. One list for all solutions: a call that nobody
/// placed yet is shown by the rules of whichever plugin is asked first.
pub const CLEAR_FIELDS: &[&str] = &[
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_actions_are_distinct_and_usable() {
        let cards = Scene::ALL.map(Scene::card);
        let names: BTreeSet<&str> = cards.iter().map(|card| card.name).collect();
        let actions: BTreeSet<&str> = cards.iter().map(|card| card.action).collect();
        assert_eq!((names.len(), actions.len()), (Scene::ALL.len(), Scene::ALL.len()));
        for scene in Scene::ALL {
            let name = SceneName::parse(scene.name()).expect("a scene name");
            assert_eq!(Scene::named(&name, &Scene::ALL), Ok(scene));
            assert!(Scene::named(&name, &[]).is_err(), "{name} is declared by nobody");
        }
    }
}

//! The calls that the platform makes: their Douyin action names, default path segments, time limits and retry
//! ladders (`spec/douyin-common.md` §7.5 and §11, `spec/douyin-scenic-calendar.md` §0).

/// One callback scene (回调场景), or the webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scene {
    /// Booking check, scenic §2.
    CheckBooking,
    /// Create order, scenic §3.
    CreateOrder,
    /// Payment notice, scenic §4.
    PayOrder,
    /// Cancel notice, scenic §6.
    CancelOrder,
    /// Refund review, scenic §7.
    ApplyRefund,
    /// Refund result notice, scenic §9.
    NotifyRefund,
    /// Order status query, scenic §10.
    QueryOrder,
    /// Issue voucher, scenic §11.
    IssueCertificate,
    /// Price and stock pull, scenic §16.
    PullCalendar,
    /// Pre-order of group-buy V2, groupbuy B15.1.
    CreatePromise,
    /// Codes of group-buy V2, groupbuy B15.2.
    IssuePromise,
    /// Pre-order of generic third-party codes, groupbuy B16.1.
    PreCreateOrder,
    /// Refund question of generic third-party codes, groupbuy B16.3.
    ApplyCodeRefund,
    /// Status of several orders, groupbuy B14.
    QueryOrders,
    /// Information sync, groupbuy B11b, which for family F3 is its refund notice (B16.5).
    SyncRefund,
    /// Webhook, common §9.
    Webhook,
}

/// What makes the platform repeat a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryOn {
    /// Never.
    Nothing,
    /// No answer, a status other than 200, an unreadable answer, or error_code 100 (common §7.4).
    AskAgain,
    /// The same, or any error_code other than 0 (common §11).
    AnyError,
    /// No answer (fulfilment §6: the information sync, at most 3 repeats).
    NoAnswer,
    /// No answer or a status outside 200…299; the body is not read (common §9).
    Status,
}

/// The repeats of one call: when, and after how many seconds each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// What leads to the next step.
    pub on: RetryOn,
    /// Seconds before each repeat; the length is the largest number of repeats.
    pub delays_s: Vec<u64>,
    /// How many calls without any answer are made at most; `None`: no separate bound.
    pub unanswered_max: Option<u32>,
}

impl Scene {
    /// Every scene, in the order of an order's life.
    pub const ALL: [Scene; 16] = [
        Scene::CheckBooking,
        Scene::CreateOrder,
        Scene::PayOrder,
        Scene::CancelOrder,
        Scene::ApplyRefund,
        Scene::NotifyRefund,
        Scene::QueryOrder,
        Scene::IssueCertificate,
        Scene::PullCalendar,
        Scene::CreatePromise,
        Scene::IssuePromise,
        Scene::PreCreateOrder,
        Scene::ApplyCodeRefund,
        Scene::QueryOrders,
        Scene::SyncRefund,
        Scene::Webhook,
    ];

    /// The default last path segment under `/in/{application}/`.
    pub fn default_path(self) -> &'static str {
        match self {
            Scene::CheckBooking => "check-booking",
            Scene::CreateOrder => "create-order",
            Scene::PayOrder => "pay-order",
            Scene::CancelOrder => "cancel-order",
            Scene::ApplyRefund => "apply-refund",
            Scene::NotifyRefund => "notify-refund",
            Scene::QueryOrder => "query-order",
            Scene::IssueCertificate => "issue-certificate",
            Scene::PullCalendar => "pull-calendar",
            Scene::CreatePromise => "create-promise",
            Scene::IssuePromise => "issue-promise",
            Scene::PreCreateOrder => "pre-create-order",
            Scene::ApplyCodeRefund => "apply-code-refund",
            Scene::QueryOrders => "query-orders",
            Scene::SyncRefund => "sync-refund",
            Scene::Webhook => "webhook",
        }
    }

    /// Douyin's name of the scene (scenic §0); it does not travel in the request (common §7.1).
    pub fn action(self) -> &'static str {
        match self {
            Scene::CheckBooking => "scenic_spot.order.can_buy",
            Scene::CreateOrder => "scenic_spot.order.create_order",
            Scene::PayOrder => "scenic_spot.order.pay_notify",
            Scene::CancelOrder => "scenic_spot.order.cancel_notify",
            Scene::ApplyRefund => "scenic_spot.order.refund_apply",
            Scene::NotifyRefund => "scenic_spot.order.refund_notify",
            Scene::QueryOrder => "scenic_spot.order.query_order",
            Scene::IssueCertificate => "fulfilment.order.tripartite_code",
            Scene::PullCalendar => "scenic.goods.pull_ticket_calendar",
            Scene::CreatePromise => "scenic_spot.order.promissory_create_order",
            Scene::IssuePromise => "scenic_spot.order.promissory_gen_code",
            Scene::PreCreateOrder => "trade.order.pre_create_order",
            Scene::ApplyCodeRefund => "fulfilment.order.refund_apply",
            Scene::QueryOrders => "order.query.status_query",
            Scene::SyncRefund => "fulfilment.order.refund_notice",
            Scene::Webhook => "webhook",
        }
    }

    /// The time limit of one call in milliseconds (common §7.5). Where no page states one, 5 s is inferred for
    /// orders and refunds and 8 s for the pull.
    pub fn limit_ms(self) -> u64 {
        match self {
            Scene::CheckBooking => 2_000,
            Scene::QueryOrder | Scene::IssueCertificate | Scene::PullCalendar => 8_000,
            Scene::ApplyCodeRefund | Scene::QueryOrders => 8_000,
            _ => 5_000,
        }
    }

    /// The retry ladder (common §7.5 and §11). Inferred: the refund review and the status query climb the same
    /// ladder as the order calls, and the webhook's delays.
    pub fn ladder(self) -> Ladder {
        let (on, delays_s) = match self {
            // A pre-order of third-party codes that is not answered well is allowed (groupbuy B16.1).
            Scene::CheckBooking | Scene::PullCalendar | Scene::PreCreateOrder => (RetryOn::Nothing, vec![]),
            Scene::IssueCertificate | Scene::IssuePromise => (RetryOn::AnyError, vec![10, 30, 60, 120, 120, 240]),
            // Hourly, until the audit's day is over.
            Scene::ApplyCodeRefund => (RetryOn::AnyError, vec![3_600; 23]),
            Scene::Webhook => (RetryOn::Status, vec![10, 30, 60]),
            Scene::SyncRefund => (RetryOn::NoAnswer, vec![60; 3]),
            _ => (RetryOn::AskAgain, vec![60; 12]),
        };
        Ladder { on, delays_s, unanswered_max: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn paths_and_actions_are_distinct() {
        let paths: BTreeSet<_> = Scene::ALL.iter().map(|scene| scene.default_path()).collect();
        let actions: BTreeSet<_> = Scene::ALL.iter().map(|scene| scene.action()).collect();
        assert_eq!((paths.len(), actions.len()), (Scene::ALL.len(), Scene::ALL.len()));
    }

    #[test]
    fn the_issue_ladder_ends_within_ten_minutes() {
        let delays = Scene::IssueCertificate.ladder().delays_s;
        assert_eq!(delays.len(), 6);
        assert!(delays.iter().sum::<u64>() <= 600);
    }
}

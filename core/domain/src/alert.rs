//! What somebody should look at: raised once for each kind and subject, resolved when its cause is gone.

use entrepot_contract::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What kind: raised once per kind and subject until resolved.
    pub kind: AlertKind,
    /// What it is about: an order, a refund, a pool, a connection, a distributor.
    pub subject: String,
    /// For people.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// Whose the facts and alerts are that belong to no merchant yet: about orders which nobody knows here. The leading dot
/// keeps it apart from every configured id.
pub const INBOX: &str = ".inbox";

/// What becomes of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertChange {
    /// Somebody should look.
    Raised(Alert),
    /// Its cause is gone, since then.
    Resolved(Timestamp),
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertLevel {
    /// Good to know.
    Notice,
    /// Somebody should act today.
    Warning,
    /// Somebody should act now.
    Urgent,
}

macro_rules! alert_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $level:ident, $chinese:literal, $english:literal;)*) => {
        /// Kinds of alert. Names are stable; each has its level and its title for people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum AlertKind {
            $($(#[$doc])* #[serde(rename = $name)] $kind,)*
        }

        impl AlertKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Its name in stored rows, metrics and the API.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// How much it matters.
            #[must_use]
            pub const fn level(self) -> AlertLevel {
                match self { $(Self::$kind => AlertLevel::$level,)* }
            }

            /// Its title in Chinese and in English.
            #[must_use]
            pub const fn titles(self) -> (&'static str, &'static str) {
                match self { $(Self::$kind => ($chinese, $english),)* }
            }
        }
    };
}

alert_kinds! {
    /// An unpaid order's hold is about to end.
    HoldEnding = "hold_ending", Notice, "未支付订单即将释放", "An unpaid order's hold is about to end";
    /// A paid order waits for acceptance.
    AcceptanceDue = "acceptance_due", Urgent, "订单待接单，即将超时", "A paid order waits for acceptance";
    /// Credentials are late.
    IssueDue = "issue_due", Urgent, "发码即将超时", "Credentials are late";
    /// A refund waits for a decision.
    RefundWaiting = "refund_waiting", Warning, "退款待审核", "A refund waits for a decision";
    /// A refund's decision is late.
    RefundDue = "refund_due", Urgent, "退款审核即将超时", "The decision on a refund is late";
    /// A voucher's window ends and units were never reserved.
    ReserveEnding = "reserve_ending", Notice, "预约期即将结束，尚未预约", "A voucher's window ends with units not reserved";
    /// Nobody goes on with an order.
    Stuck = "stuck", Warning, "订单长时间无进展", "Nobody goes on with an order";
    /// Two sides say different things.
    Contradiction = "contradiction", Urgent, "两侧状态不一致", "Two sides tell different things";
    /// A fact about an order that nobody knows.
    Unplaced = "unplaced", Warning, "收到未知订单的通知", "A fact about an unknown order";
    /// A payment came after the order had ended.
    PaidAfterEnd = "paid_after_end", Urgent, "订单结束后收到支付", "A payment came after the order had ended";
    /// A supplier refused a paid order.
    IssueRefused = "issue_refused", Urgent, "供应商拒绝出票", "A supplier refused a paid order";
    /// A pool has too few codes for an order.
    PoolEmpty = "pool_empty", Urgent, "码库余量不足，订单无法发码", "A pool has too few codes for an order";
    /// A pool is below its threshold.
    PoolLow = "pool_low", Warning, "码库余量低", "A pool is low on codes";
    /// Codes of a pool end soon, and nobody has them.
    PoolExpiring = "pool_expiring", Warning, "码库有券码即将过期", "Codes of a pool end soon";
    /// Codes could not be handed over to a channel's own pool.
    UploadFailed = "upload_failed", Warning, "券码上传渠道失败", "Codes could not be handed over to a channel";
    /// A distributor's credit is below its threshold.
    CreditLow = "credit_low", Warning, "分销商额度不足", "A distributor's credit is low";
    /// A job gave up.
    DeadJob = "dead_job", Urgent, "任务多次失败，已停止", "A job gave up";
    /// A partner fails again and again.
    ConnectionFailing = "connection_failing", Urgent, "对接方连续失败", "A connection fails again and again";
    /// A plugin's own threads do not run.
    PluginSilent = "plugin_silent", Urgent, "插件线程停止响应", "The threads of a plugin do not run";
    /// Nodes of one deployment run different configurations.
    ConfigurationDiffers = "configuration_differs", Warning, "节点配置不一致", "Nodes run different configurations";
    /// A channel does not know the prices and stock of some dates.
    CalendarBehind = "calendar_behind", Warning, "渠道价格库存推送失败", "A channel's prices and stock are behind";
    /// A channel did not take a product, or its audit failed.
    ProductRefused = "product_refused", Warning, "渠道商品推送失败或审核未通过", "A channel did not take a product";
    /// What changed at a channel cannot be followed.
    CatchUpFailing = "catch_up_failing", Warning, "无法查询渠道订单变化", "A channel's changes cannot be followed";
    /// A channel has a paid order that is not here.
    OrderMissing = "order_missing", Urgent, "渠道有已支付订单，本系统没有", "A channel has a paid order that is not here";
    /// Comparing a day with a channel found differences.
    Differences = "differences", Warning, "对账发现差异", "Comparing a day with a channel found differences";
    /// A partner calls something that no plugin takes.
    UnknownScene = "unknown_scene", Warning, "收到未知接口的调用", "A partner calls something no plugin takes";
}

impl std::fmt::Display for AlertKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_is_stored() {
        for kind in AlertKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}

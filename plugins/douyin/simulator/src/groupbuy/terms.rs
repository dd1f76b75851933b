//! What is sold: the solution an order belongs to, and the rules a merchant set for a voucher in Laike (groupbuy A2, B2).

use crate::ids::day_start_s;
use crate::purchase::{Person, Purchase};
use crate::scene::Scene;
use serde_json::{Map, Value, json};

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// The interfaces that carry the purchase of a voucher (groupbuy B1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Scenic order: create order with `order_type` 1 (B3).
    F1,
    /// Group-buy V2: pre-order and codes by certificate (B15).
    F2,
    /// Generic third-party code V1 (B16).
    F3,
}

impl Family {
    pub(crate) fn create_scene(self) -> Scene {
        match self {
            Family::F1 => Scene::CreateOrder,
            Family::F2 => Scene::CreatePromise,
            Family::F3 => Scene::PreCreateOrder,
        }
    }
}

/// What kind of order it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Solution {
    /// A dated ticket.
    #[default]
    CalendarTicket,
    /// A voucher bought without a day.
    GroupBuy(Family),
    /// The reservation of a voucher: always create order with `order_type` 2 (B1).
    Reservation {
        /// The purchase: `source_order_id`.
        source_order_id: String,
    },
}

impl Solution {
    /// The family of a voucher purchase.
    pub fn family(&self) -> Option<Family> {
        if let Solution::GroupBuy(family) = self { Some(*family) } else { None }
    }

    /// The purchase that a reservation belongs to.
    pub fn source_order_id(&self) -> Option<&str> {
        if let Solution::Reservation { source_order_id } = self { Some(source_order_id) } else { None }
    }

    /// Whether it begins with a pre-order, before payment and without a payment notice (B15.1, B16.1).
    pub(crate) fn has_pre_order(&self) -> bool {
        matches!(self, Solution::GroupBuy(Family::F2 | Family::F3))
    }

    /// A purchase or reservation of a voucher.
    pub fn is_group_buy(&self) -> bool {
        *self != Solution::CalendarTicket
    }
}

/// Whether and how long a guest may cancel a reservation: `cancel_type` (groupbuy B2, rows M5 to M7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelRule {
    /// 2, not cancellable (不可取消).
    Never,
    /// 4, limited time (限时取消): until this time of the day that lies so many days before the visit. How
    /// `max_cancel_time` counts is inferred.
    Limited {
        /// Days before the visit.
        days: i64,
        /// Hour.
        hour: i64,
        /// Minute.
        minute: i64,
    },
    /// 5, any time while unused, even expired (随时取消).
    AnyTime,
}

impl CancelRule {
    /// `appointment_cancel_rule` as sent.
    pub(crate) fn sent(self) -> Value {
        match self {
            CancelRule::Never => json!({"cancel_type": 2, "cancel_detail_list": []}),
            CancelRule::Limited { days, hour, minute } => json!({
                "cancel_type": 4,
                "cancel_detail_list": [{"max_cancel_time": {"day": days, "hour": hour, "minute": minute}}],
            }),
            CancelRule::AnyTime => json!({"cancel_type": 5, "cancel_detail_list": []}),
        }
    }

    /// Whether a guest may still ask at `now_s` for a visit on the day that begins at `visit_s`.
    pub(crate) fn allows(self, visit_s: i64, now_s: i64) -> bool {
        match self {
            CancelRule::Never => false,
            CancelRule::AnyTime => true,
            CancelRule::Limited { days, hour, minute } => now_s <= visit_s - days * DAY_S + hour * 3600 + minute * 60,
        }
    }
}

/// The rules of a voucher; a calendar ticket has none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoucherTerms {
    /// First day that may be reserved, `yyyy-MM-dd`; the voucher is valid from its beginning.
    pub first_day: String,
    /// Last day that may be reserved; the voucher is valid to its end.
    pub last_day: String,
    /// Days a reservation is valid after the chosen one; 0: that day alone (rule 13).
    pub days_after: u32,
    /// Cancellation of a reservation.
    pub cancel: CancelRule,
    /// `appointment_rule.ahead_day`: so many days ahead at least.
    pub ahead_day: i64,
    /// `appointment_rule.ahead_sec`: until this second of that day (20:00 = 72000).
    pub ahead_sec: i64,
}

impl VoucherTerms {
    /// Reservable from September to the end of 2026, on the day itself, to the day's last second, cancellable any time.
    pub fn sample() -> Self {
        Self {
            first_day: "2026-09-01".into(),
            last_day: "2026-12-31".into(),
            days_after: 0,
            cancel: CancelRule::AnyTime,
            ahead_day: 0,
            ahead_sec: DAY_S,
        }
    }

    /// The same within other days.
    pub fn within(first_day: &str, last_day: &str) -> Self {
        Self { first_day: first_day.to_owned(), last_day: last_day.to_owned(), ..Self::sample() }
    }

    /// `appointment_rule` as sent; `part_appointment` is false, because all units are reserved together (rule 21). No
    /// page shows the type of the period's ends.
    pub(crate) fn appointment_rule(&self) -> Value {
        json!({
            "ahead_day": self.ahead_day,
            "ahead_sec": self.ahead_sec,
            "open_time_period": {"start_time": self.first_day, "end_time": self.last_day},
            "part_appointment": false,
        })
    }
}

impl Purchase {
    /// An invented voucher purchase: two vouchers of the pair `QG100|YY200` at 99 yuan each. The guest gives a phone
    /// number and nothing else (rule 20).
    pub fn voucher(family: Family) -> Self {
        Self {
            solution: Solution::GroupBuy(family),
            product_id: "5".into(),
            product_out_id: "QG100|YY200".into(),
            sku_id: "17".into(),
            sku_out_id: "QG100|YY200".into(),
            sku_name: "Gate".into(),
            day: String::new(),
            unit_price_fen: 9_900,
            buyer: Person::new("", "13800138000"),
            tourists: Vec::new(),
            code_sending_info: vec![3],
            refund_rule: json!({"refund_type": 1, "refund_details": [], "can_refund_partly": false}),
            overrides: Map::new(),
            ..Self::sample()
        }
    }

    /// From when to when the order's vouchers are valid, Unix seconds, both ends in it: the window of a purchase, the
    /// chosen day and the days after it of the others. `None` when a day is none.
    pub fn valid_s(&self) -> Option<(i64, i64)> {
        let (first, last) = match self.solution {
            Solution::GroupBuy(_) => (&self.terms.first_day, &self.terms.last_day),
            _ => (&self.day, &self.day),
        };
        let days_after = if self.solution.source_order_id().is_some() { i64::from(self.terms.days_after) } else { 0 };
        Some((day_start_s(first)?, day_start_s(last)? + (1 + days_after) * DAY_S - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_days_after_are_three_days() {
        let reservation = Purchase {
            solution: Solution::Reservation { source_order_id: "1".into() },
            day: "2026-06-26".into(),
            terms: VoucherTerms { days_after: 2, ..VoucherTerms::sample() },
            ..Purchase::voucher(Family::F1)
        };
        let start_s = day_start_s("2026-06-26").expect("a day");
        assert_eq!(reservation.valid_s(), Some((start_s, start_s + 3 * DAY_S - 1)));
        assert_eq!(reservation.pay_amount_fen(), 0);
    }

    #[test]
    fn limited_ends_at_its_minute() {
        let rule = CancelRule::Limited { days: 1, hour: 18, minute: 0 };
        let visit_s = 10 * DAY_S;
        assert!(rule.allows(visit_s, 9 * DAY_S + 18 * 3600));
        assert!(!rule.allows(visit_s, 9 * DAY_S + 18 * 3600 + 1));
        assert_eq!(rule.sent()["cancel_type"], 4);
    }
}

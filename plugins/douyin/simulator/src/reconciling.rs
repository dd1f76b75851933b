//! What the platform does on its own clock: status queries, calendar pulls, expiry and deadlines
//! (scenic §§1.1, 10 and 16; common §11).

use crate::bodies;
use crate::calendar;
use crate::ids::{day_start_s, local_time};
use crate::misuse::Misuse;
use crate::orders::{OrderState, RefundState, TEN_MINUTES_MS, UnitState};
use crate::outcomes::{self, SOURCE_ISSUE_FAILED};
use crate::platform::Platform;
use crate::purchase::Purchase;
use crate::redemptions::{Mark, RedemptionKind};
use crate::refunding::{RefundAsk, RefundNotice, RefundReply};
use crate::reply::SpiReply;
use crate::scene::Scene;
use serde_json::{Value, json};

/// After this long a waiting review counts as agreed (inferred for calendar tickets; 24 h for third-party vouchers).
pub const REVIEW_LIMIT_MS: i64 = 24 * 3_600_000;

/// Most days of one pull (scenic §16).
const PULL_DAYS_MAX: i64 = 60;
const DAY_S: i64 = 86_400;

/// A price and stock pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullAsk {
    /// Merchant.
    pub account_id: String,
    /// Douyin product; `None` while it is being created.
    pub product_id: Option<String>,
    /// Our product.
    pub product_out_id: Option<String>,
    /// First day, `yyyy-MM-dd`.
    pub start_date: String,
    /// Last day.
    pub end_date: String,
    /// `(sku_id, sku_out_id)` to restrict the pull; empty: all.
    pub skus: Vec<(String, String)>,
}

impl PullAsk {
    /// The pull that follows a failed check: one specification, from today on. `None` for a clock outside the calendar.
    pub(crate) fn after_check(purchase: &Purchase, now_ms: i64, days: u32) -> Option<PullAsk> {
        let today = local_time(now_ms)?.date_naive();
        let last = today.checked_add_days(chrono::Days::new(u64::from(days.saturating_sub(1))))?;
        Some(PullAsk {
            account_id: purchase.account_id.clone(),
            product_id: Some(purchase.product_id.clone()),
            product_out_id: Some(purchase.product_out_id.clone()),
            start_date: today.to_string(),
            end_date: last.to_string(),
            skus: vec![(purchase.sku_id.clone(), purchase.sku_out_id.clone())],
        })
    }
}

/// Something that [`Platform::run_deadlines`] did.
#[derive(Clone, Debug, PartialEq)]
pub enum DeadlineEvent {
    /// Not accepted within 10 minutes: refused and refunded (refund_scene 151).
    AcceptOverdue {
        /// The order.
        order_id: String,
        /// The answer to the refund notice.
        notice: SpiReply,
    },
    /// No voucher within 10 minutes: a refund with source 301 went through our review.
    IssueOverdue {
        /// The order.
        order_id: String,
        /// The review.
        review: RefundReply,
        /// The answer to the refund notice (refund_scene 155), when the refund was agreed.
        notice: Option<SpiReply>,
    },
    /// A refund of group-buy that was agreed is carried out.
    RefundConcluded {
        /// The order.
        order_id: String,
        /// The refund.
        key: String,
        /// The answers to the notices.
        notices: Vec<SpiReply>,
    },
    /// A refund question of group-buy was not answered in time: the platform agreed (groupbuy B8).
    AuditOverdue {
        /// The order.
        order_id: String,
        /// The refund.
        key: String,
        /// The answers to the information sync and the notice.
        notices: Vec<SpiReply>,
    },
    /// The issue of a voucher failed without a question, and that was told (refund_scene 155).
    IssueFailed {
        /// The order.
        order_id: String,
        /// The answers to the notices.
        notices: Vec<SpiReply>,
    },
    /// A voucher's window ended without a reservation (refund_scene 150).
    WindowOver {
        /// The order.
        order_id: String,
        /// The answer to the notice.
        notice: SpiReply,
    },
    /// A review waited too long and counts as agreed.
    ReviewOverdue {
        /// The order.
        order_id: String,
        /// The refund.
        key: String,
        /// The answer to the refund notice.
        notice: SpiReply,
    },
}

impl DeadlineEvent {
    /// The order that it is about.
    pub fn order_id(&self) -> &str {
        match self {
            DeadlineEvent::AcceptOverdue { order_id, .. }
            | DeadlineEvent::IssueOverdue { order_id, .. }
            | DeadlineEvent::RefundConcluded { order_id, .. }
            | DeadlineEvent::AuditOverdue { order_id, .. }
            | DeadlineEvent::IssueFailed { order_id, .. }
            | DeadlineEvent::WindowOver { order_id, .. }
            | DeadlineEvent::ReviewOverdue { order_id, .. } => order_id,
        }
    }
}

impl Platform {
    /// Asks for the state of an order (scenic §10); a status 1 redeems the voucher here.
    ///
    /// # Errors
    /// When the order is unknown.
    pub async fn query(&self, order_id: &str) -> Result<SpiReply, Misuse> {
        let body = self.change(order_id, |order| bodies::query_order(order))?;
        let reply = self.call(Scene::QueryOrder, &body).await;
        let now_ms = self.now_ms();
        outcomes::queried(&mut self.shared.world(), order_id, &reply, now_ms);
        let mark = Mark { kind: RedemptionKind::StatusQuery, verify_ms: now_ms, now_ms, poi_id: None };
        self.change(order_id, |order| order.note_used(&mark, &|| self.shared.ids.verify()))?;
        self.follow_redemption(order_id, RedemptionKind::StatusQuery)?;
        Ok(reply)
    }

    /// The expiry refund: status query first, then a review with source 302 for the copies that are not used.
    /// Gives `None` when the query was not answered or nothing is left to refund.
    ///
    /// # Errors
    /// When the order is unknown.
    pub async fn expire(&self, order_id: &str) -> Result<Option<RefundReply>, Misuse> {
        if self.order(order_id).is_some_and(|order| order.purchase.solution.source_order_id().is_some()) {
            return self.expire_reservation(order_id).await;
        }
        if !self.query(order_id).await?.is_ok() {
            return Ok(None);
        }
        let unused: Vec<usize> = self.change(order_id, |order| {
            let units = order.units.iter().enumerate();
            units.filter(|(_, unit)| unit.state() == UnitState::Unused).map(|(place, _)| place).collect()
        })?;
        if unused.is_empty() {
            return Ok(None);
        }
        let ask = RefundAsk { source: 302, fee_fen: 0, units: Some(unused), key: None };
        let review = self.apply_refund(order_id, ask).await?;
        if review.state == RefundState::Agreed {
            self.notify_refund(order_id, RefundNotice::of(&review.key, 150)).await?;
        }
        Ok(Some(review))
    }

    /// Pulls prices and stock (scenic §16) and stores what is answered.
    ///
    /// # Errors
    /// When the dates are no range of 1 to 60 days.
    pub async fn pull_calendar(&self, ask: &PullAsk) -> Result<SpiReply, Misuse> {
        let days = day_start_s(&ask.start_date).zip(day_start_s(&ask.end_date));
        let length = days.map(|(first, last)| (last - first) / DAY_S + 1);
        if !length.is_some_and(|length| (1..=PULL_DAYS_MAX).contains(&length)) {
            return Err(Misuse::BadRange);
        }
        let reply = self.call(Scene::PullCalendar, &pull_body(ask)).await;
        if reply.is_ok() {
            let now_ms = self.now_ms();
            let mut world = self.shared.world();
            match read_pulled(ask, reply.data()) {
                Ok(skus) => skus.into_iter().for_each(|sku| world.calendar.store(sku, false)),
                Err(rule) => world.violation(now_ms, None, format!("scenic §16: {rule}")),
            }
        }
        Ok(reply)
    }

    /// Does what is due at the platform's time: refuses orders nobody accepted, refunds orders without vouchers
    /// (with our review), and agrees to reviews that waited too long. For group-buy it also carries out what was agreed
    /// and gives back vouchers whose window is over.
    pub async fn run_deadlines(&self) -> Vec<DeadlineEvent> {
        let now_ms = self.now_ms();
        let mut events = Vec::new();
        for order in self.orders() {
            if order.purchase.solution.is_group_buy() {
                events.extend(self.group_buy_deadlines(&order).await);
                continue;
            }
            let order_id = order.order_id.clone();
            let late = |since: Option<i64>| since.is_some_and(|since| now_ms - since > TEN_MINUTES_MS);
            let event = match order.state {
                OrderState::Paid if late(order.paid_ms) => self.refuse_unaccepted(&order_id).await,
                OrderState::Accepted | OrderState::Issuing
                    if late(order.issuing_ms.or(order.accepted_ms))
                        && order.refunds.iter().all(|refund| refund.source != SOURCE_ISSUE_FAILED) =>
                {
                    self.refund_unissued(&order_id).await
                }
                _ => None,
            };
            events.extend(event);
            let waiting = order
                .refunds
                .iter()
                .filter(|refund| refund.state == RefundState::Reviewing && now_ms - refund.asked_ms > REVIEW_LIMIT_MS);
            for refund in waiting {
                let notice = self.notify_refund(&order_id, RefundNotice::of(&refund.key, 1)).await;
                events.extend(notice.ok().map(|notice| DeadlineEvent::ReviewOverdue {
                    order_id: order_id.clone(),
                    key: refund.key.clone(),
                    notice,
                }));
            }
        }
        events
    }

    async fn refuse_unaccepted(&self, order_id: &str) -> Option<DeadlineEvent> {
        let now_ms = self.now_ms();
        self.change(order_id, |order| outcomes::refuse(order, now_ms)).ok()?;
        let notice = self.notify_refund(order_id, RefundNotice::unasked(151)).await.ok()?;
        Some(DeadlineEvent::AcceptOverdue { order_id: order_id.to_owned(), notice })
    }

    async fn refund_unissued(&self, order_id: &str) -> Option<DeadlineEvent> {
        let ask = RefundAsk { source: SOURCE_ISSUE_FAILED, fee_fen: 0, units: None, key: None };
        let review = self.apply_refund(order_id, ask).await.ok()?;
        let notice = if review.state == RefundState::Agreed {
            self.notify_refund(order_id, RefundNotice::of(&review.key, 155)).await.ok()
        } else {
            None
        };
        Some(DeadlineEvent::IssueOverdue { order_id: order_id.to_owned(), review, notice })
    }
}

fn pull_body(ask: &PullAsk) -> Value {
    let mut body = json!({
        "account_id": ask.account_id,
        "start_date": ask.start_date,
        "end_date": ask.end_date,
    });
    let optional = [("product_id", &ask.product_id), ("product_out_id", &ask.product_out_id)];
    for (name, value) in optional {
        if let Some(value) = value {
            body[name] = value.clone().into();
        }
    }
    if !ask.skus.is_empty() {
        let skus: Vec<Value> =
            ask.skus.iter().map(|(id, out_id)| json!({"sku_id": id, "sku_out_id": out_id})).collect();
        body["ticket_specifications"] = skus.into();
    }
    body
}

/// The specifications of a pull answer, or the rule it breaks.
fn read_pulled(ask: &PullAsk, data: &Value) -> Result<Vec<calendar::SkuDays>, String> {
    let list = data["ticket_sku_and_calendar"].as_array().ok_or("ticket_sku_and_calendar is missing")?;
    let mut seen = std::collections::BTreeSet::new();
    let mut skus = Vec::new();
    for entry in list {
        let specification = &entry["ticket_specification"];
        let out_id = specification["sku_out_id"].as_str().ok_or("sku_out_id is missing")?;
        if !seen.insert(out_id) {
            return Err(format!("{out_id} comes in more than one list"));
        }
        let items = entry["calendar_list"].as_array().ok_or("calendar_list is missing")?;
        let sku = calendar::read_sku(&ask.account_id, specification, items).map_err(|refusal| refusal.text)?;
        let outside = sku.dates().find(|date| **date < ask.start_date || **date > ask.end_date).cloned();
        if let Some(date) = outside {
            return Err(format!("{date} was not asked for"));
        }
        skus.push(sku);
    }
    Ok(skus)
}

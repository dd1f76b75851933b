//! What the platform does by its clock with vouchers and reservations (groupbuy rules 18 and 23, B5 to B8, rows M2, M3).

use super::states::PurchaseState;
use super::telling::By;
use crate::groupbuy::Family;
use crate::misuse::Misuse;
use crate::orders::{Order, OrderState, RefundState};
use crate::outcomes::{self, SOURCE_ISSUE_FAILED};
use crate::platform::Platform;
use crate::reconciling::DeadlineEvent;
use crate::refunding::RefundNotice;

impl Platform {
    /// Does what is due for one order: acceptance, codes, audits, agreed refunds, the end of the window.
    pub(crate) async fn group_buy_deadlines(&self, order: &Order) -> Vec<DeadlineEvent> {
        let options = &self.shared.options.group_buy;
        let now_ms = self.now_ms();
        let order_id = order.order_id.as_str();
        let late = |since: Option<i64>| since.is_some_and(|since| now_ms - since > options.issue_ms);
        let is_f2 = order.purchase.solution.family() == Some(Family::F2);
        let mut events = Vec::new();
        if order.state == OrderState::Paid && order.issuing_ms.is_none() && late(order.paid_ms) {
            events.extend(self.never_accepted(order_id).await.ok());
        }
        let waits = outcomes::waits_for_vouchers(order) && self.is_to_be_issued(order);
        if waits && late(order.accepted_ms.or(order.issuing_ms)) {
            if is_f2 {
                self.issue_timed_out(order_id);
            } else if order.refunds.iter().all(|refund| refund.source != SOURCE_ISSUE_FAILED) {
                events.extend(self.ask_for_unissued(order).await.ok());
            }
        }
        for refund in order.refunds.iter().filter(|_| !order.state.is_over()) {
            let is_overdue = refund.is_open() && now_ms - refund.asked_ms > options.audit_ms;
            if is_overdue {
                events.extend(self.audit_overdue(order_id, &refund.key).await.ok());
            } else if refund.state == RefundState::Agreed {
                events.extend(self.concluded(order_id, &refund.key).await.ok());
            }
        }
        if self.fails_untold(order_id) {
            events.extend(self.tell_failed_issue(order_id).await.ok());
        }
        if self.purchase_state(order_id) == Ok(PurchaseState::ToReserve)
            && let Ok(notice) = self.window_over(order_id).await
        {
            events.push(DeadlineEvent::WindowOver { order_id: order_id.to_owned(), notice });
        }
        events
    }

    /// Whether an order gets codes at all.
    fn is_to_be_issued(&self, order: &Order) -> bool {
        let is_f1 = order.purchase.solution.family() == Some(Family::F1);
        !is_f1 || self.shared.options.group_buy.issues_purchase
    }

    async fn never_accepted(&self, order_id: &str) -> Result<DeadlineEvent, Misuse> {
        let now_ms = self.now_ms();
        self.change(order_id, |order| outcomes::refuse(order, now_ms))?;
        let notice = self.notify_refund(order_id, RefundNotice::unasked(151)).await?;
        Ok(DeadlineEvent::AcceptOverdue { order_id: order_id.to_owned(), notice })
    }

    /// Row M3: once, and a refusal that brings the codes repairs the order.
    async fn ask_for_unissued(&self, order: &Order) -> Result<DeadlineEvent, Misuse> {
        let order_id = order.order_id.as_str();
        let review = self.ask_unissued(order).await?;
        let notice = match review.state {
            RefundState::Agreed => {
                let telling = self.shared.options.group_buy.telling;
                self.conclude_refund(order_id, &review.key, telling).await?.pop()
            }
            _ => None,
        };
        Ok(DeadlineEvent::IssueOverdue { order_id: order_id.to_owned(), review, notice })
    }

    async fn concluded(&self, order_id: &str, key: &str) -> Result<DeadlineEvent, Misuse> {
        let notices = self.conclude_refund(order_id, key, self.shared.options.group_buy.telling).await?;
        Ok(DeadlineEvent::RefundConcluded { order_id: order_id.to_owned(), key: key.to_owned(), notices })
    }

    /// Nobody answered in time: the platform agrees by itself and tells it by both calls (B8, the first cause of B11b).
    async fn audit_overdue(&self, order_id: &str, key: &str) -> Result<DeadlineEvent, Misuse> {
        let now_ms = self.now_ms();
        self.change(order_id, |order| outcomes::agree_by_deadline(order, key, now_ms))?;
        let telling = self.shared.options.group_buy.telling.by(By::Both);
        let notices = self.conclude_refund(order_id, key, telling).await?;
        Ok(DeadlineEvent::AuditOverdue { order_id: order_id.to_owned(), key: key.to_owned(), notices })
    }

    /// V2 codes that never came: cancelled and refunded without a question (B15.2).
    fn issue_timed_out(&self, order_id: &str) {
        let now_ms = self.now_ms();
        if let Some(order) = self.shared.world().orders.get_mut(order_id) {
            outcomes::issue_failed(order, now_ms);
        }
    }
}

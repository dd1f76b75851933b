//! The purchase of a voucher in each family: its bodies, and issue calls that come before their creation or without one
//! (groupbuy B1, B15.1, T3).

use super::terms::Family;
use super::{generic, promise};
use crate::bodies;
use crate::buying::BuyReport;
use crate::orders::{Order, OrderState};
use crate::platform::Platform;
use crate::purchase::Purchase;
use serde_json::Value;

/// When the issue call of a pre-order comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueWhen {
    /// After the creation.
    After,
    /// Before the creation is heard.
    Before,
    /// The creation is never heard.
    Without,
}

impl Platform {
    /// Pre-order, payment and issue of a voucher of family F2 or F3. The report's check is the pre-order's answer; with
    /// [`IssueWhen::Before`] the pre-order comes second.
    pub async fn buy_issued(&self, purchase: &Purchase, when: IssueWhen) -> BuyReport {
        let (created, issued) = match when {
            IssueWhen::After => {
                let created = self.create_order(purchase).await;
                let goes_on = created.state == OrderState::Created;
                let issued = if goes_on { self.issue(&created.order_id).await.ok() } else { None };
                (created, issued)
            }
            IssueWhen::Before => {
                let (order_id, body) = self.place(purchase);
                let issued = self.issue(&order_id).await.ok();
                (self.send_create(order_id, &body).await, issued)
            }
            IssueWhen::Without => {
                let (order_id, body) = self.place(purchase);
                self.lose_call_of(self.create_scene(purchase), &order_id);
                let created = self.send_create(order_id, &body).await;
                let issued = self.issue(&created.order_id).await.ok();
                (created, issued)
            }
        };
        let order = self.order(&created.order_id);
        BuyReport { check: created.reply.clone(), created: Some(created), paid: None, issued, order }
    }

    fn create_scene(&self, purchase: &Purchase) -> crate::Scene {
        purchase.solution.family().map_or(crate::Scene::CreateOrder, Family::create_scene)
    }

    /// The create body of a new order.
    pub(crate) fn create_body(&self, order: &Order, now_ms: i64) -> Value {
        let seal = |plain: &str| self.shared.seal(plain);
        let (id, units, purchase) = (order.order_id.as_str(), &order.units, &order.purchase);
        match purchase.solution.family() {
            Some(Family::F2) => promise::create(id, units, purchase, now_ms, &seal),
            Some(Family::F3) => generic::create(order, self.shared.options.group_buy.f3_phone, now_ms, &seal),
            _ => bodies::create_order(id, units, purchase, now_ms, &seal),
        }
    }

    /// The body of an order's issue call.
    pub(crate) fn issue_body(&self, order: &Order, now_ms: i64) -> Value {
        let seal = |plain: &str| self.seal_for_issue(plain);
        match order.purchase.solution.family() {
            Some(Family::F2) => promise::issue(order),
            Some(Family::F3) => generic::issue(order, now_ms, &seal),
            _ => bodies::issue_certificate(order, now_ms, &seal),
        }
    }
}

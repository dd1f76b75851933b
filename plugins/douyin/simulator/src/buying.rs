//! The life of an order up to its vouchers, as the platform drives it (scenic §§2, 3, 4, 6 and 11).

use crate::bodies;
use crate::groupbuy::telling::Message;
use crate::groupbuy::{Family, IssueWhen, Solution, promise};
use crate::misuse::Misuse;
use crate::options::OrderMode;
use crate::orders::{Order, OrderState, Unit};
use crate::outcomes;
use crate::platform::Platform;
use crate::purchase::Purchase;
use crate::reconciling::PullAsk;
use crate::reply::SpiReply;
use crate::scene::Scene;
use serde_json::Value;

/// The result of creating an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderHandle {
    /// Douyin's order id.
    pub order_id: String,
    /// Where the order stands after the answer.
    pub state: OrderState,
    /// The answer.
    pub reply: SpiReply,
}

/// The result of [`Platform::buy`]: as many answers as steps were reached.
#[derive(Clone, Debug, PartialEq)]
pub struct BuyReport {
    /// The booking check.
    pub check: SpiReply,
    /// The creation, when the check allowed it.
    pub created: Option<OrderHandle>,
    /// The payment notice, when the mode has one.
    pub paid: Option<SpiReply>,
    /// The issue call, when the order was accepted by then.
    pub issued: Option<SpiReply>,
    /// The order at the end.
    pub order: Option<Order>,
}

impl Platform {
    /// Runs `change` on an order.
    pub(crate) fn change<T>(&self, order_id: &str, change: impl FnOnce(&mut Order) -> T) -> Result<T, Misuse> {
        let mut world = self.shared.world();
        let order = world.orders.get_mut(order_id);
        order.map(change).ok_or_else(|| Misuse::UnknownOrder(order_id.to_owned()))
    }

    pub(crate) fn seal_for_issue(&self, plain: &str) -> String {
        if self.shared.options.issue_guests_encrypted { self.shared.seal(plain) } else { plain.to_owned() }
    }

    /// Booking check (scenic §2). No order comes of it. One that fails is followed by a pull where the options say so.
    pub async fn check_booking(&self, purchase: &Purchase) -> SpiReply {
        let body = bodies::check_booking(purchase, &|plain| self.shared.seal(plain));
        self.send_check(purchase, &body).await
    }

    /// The check before the guest has named anybody: without buyer and travellers (scenic §2: they may be absent).
    pub async fn check_booking_without_guests(&self, purchase: &Purchase) -> SpiReply {
        let mut body = bodies::check_booking(purchase, &|plain| self.shared.seal(plain));
        if let Some(fields) = body.as_object_mut() {
            fields.retain(|name, _| !["buyer", "tourists", "traveler_info"].contains(&name.as_str()));
        }
        self.send_check(purchase, &body).await
    }

    async fn send_check(&self, purchase: &Purchase, body: &Value) -> SpiReply {
        let reply = self.call(Scene::CheckBooking, body).await;
        if self.shared.options.pull_after_failed_check
            && !reply.is_ok()
            && let Some(ask) = PullAsk::after_check(purchase, self.now_ms(), self.shared.options.pull_days)
        {
            // The range comes from the options; one that is too long pulls nothing.
            let _pulled = self.pull_calendar(&ask).await;
        }
        reply
    }

    /// Places an order (scenic §3). After payment the order begins as paid. A creation without an answer counts as
    /// done before payment; after payment it is asked twice and then refused (scenic §1.1).
    pub async fn create_order(&self, purchase: &Purchase) -> OrderHandle {
        let (order_id, body) = self.place(purchase);
        self.send_create(order_id, &body).await
    }

    /// Makes an order of which nobody has heard yet; gives its id and its create body.
    pub(crate) fn place(&self, purchase: &Purchase) -> (String, Value) {
        let order = self.new_order(purchase);
        let placed = (order.order_id.clone(), order.create_body.clone());
        self.shared.world().orders.insert(order.order_id.clone(), order);
        placed
    }

    /// Sends the creation of a known order again, unchanged (scenic §1.3: the answer must be the same).
    ///
    /// # Errors
    /// When the order is unknown.
    pub async fn repeat_create(&self, order_id: &str) -> Result<OrderHandle, Misuse> {
        let body = self.change(order_id, |order| order.create_body.clone())?;
        Ok(self.send_create(order_id.to_owned(), &body).await)
    }

    fn new_order(&self, purchase: &Purchase) -> Order {
        let ids = &self.shared.ids;
        let now_ms = self.now_ms();
        let order_id = ids.order();
        let unit = |_| Unit {
            item_order_id: ids.item(),
            certificate_id: ids.certificate(),
            voucher: None,
            refunded: false,
            refund: None,
            verify_ids: Vec::new(),
            updated_ms: now_ms,
        };
        let units: Vec<Unit> = (0..purchase.count).map(unit).collect();
        let mut order = Order {
            order_id,
            order_out_id: None,
            purchase: purchase.clone(),
            state: OrderState::Created,
            units,
            refunds: Vec::new(),
            assumed_created: false,
            refusal_code: None,
            history: vec![(now_ms, OrderState::Created)],
            paid_ms: None,
            accepted_ms: None,
            issuing_ms: None,
            create_body: Value::Null,
            redemptions: Vec::new(),
            updated_ms: now_ms,
            events: Vec::new(),
        };
        order.create_body = self.create_body(&order, now_ms);
        if self.mode_of(purchase) == OrderMode::AfterPayment {
            order.enter(OrderState::Paid, now_ms);
        }
        order
    }

    /// When this order is created: reservations cost nothing more, so they count as paid; the pre-orders of F2 and F3
    /// come before payment always (groupbuy B15.1, B16.1).
    pub(crate) fn mode_of(&self, purchase: &Purchase) -> OrderMode {
        match &purchase.solution {
            Solution::Reservation { .. } => OrderMode::AfterPayment,
            Solution::GroupBuy(Family::F2 | Family::F3) => OrderMode::BeforePayment,
            Solution::GroupBuy(Family::F1) | Solution::CalendarTicket => self.shared.options.order_mode,
        }
    }

    pub(crate) async fn send_create(&self, order_id: String, body: &Value) -> OrderHandle {
        let purchase = self.order(&order_id).map(|order| order.purchase);
        let family = purchase.as_ref().and_then(|purchase| purchase.solution.family());
        let mode = purchase.map_or(self.shared.options.order_mode, |purchase| self.mode_of(&purchase));
        let scene = family.map_or(Scene::CreateOrder, Family::create_scene);
        let mut ladder = scene.ladder();
        ladder.unanswered_max = Some(match mode {
            OrderMode::BeforePayment => 1,
            OrderMode::AfterPayment => 2,
        });
        let reply = self.call_on_ladder(scene, body, &ladder).await;
        let now_ms = self.now_ms();
        let mut world = self.shared.world();
        match scene {
            Scene::CreateOrder => outcomes::created(&mut world, &order_id, &reply, mode, now_ms),
            _ => promise::created(&mut world, &order_id, &reply, now_ms),
        }
        let state = world.orders.get(&order_id).map_or(OrderState::Refused, |order| order.state);
        OrderHandle { order_id, state, reply }
    }

    /// The guest pays; payment notice (scenic §4). It is sent in every state, because a notice may come although
    /// the creation failed (scenic §1.1).
    ///
    /// # Errors
    /// When the order is unknown, or of a family without such a notice: its issue call says that it is paid.
    pub async fn pay(&self, order_id: &str) -> Result<SpiReply, Misuse> {
        let now_ms = self.now_ms();
        if self.order(order_id).is_some_and(|order| order.purchase.solution.has_pre_order()) {
            return Err(Misuse::not_played(order_id, "a pre-order has no payment notice; issue it"));
        }
        let body = self.change(order_id, |order| {
            if order.state == OrderState::Created {
                order.enter(OrderState::Paid, now_ms);
            }
            bodies::pay_order(order, now_ms)
        })?;
        let reply = self.call(Scene::PayOrder, &body).await;
        outcomes::paid(&mut self.shared.world(), order_id, &reply, self.now_ms());
        Ok(reply)
    }

    /// Asks for the vouchers (scenic §11), with the retries of common §11. Calling it again is a re-issue.
    ///
    /// # Errors
    /// When the order is unknown.
    pub async fn issue(&self, order_id: &str) -> Result<SpiReply, Misuse> {
        let now_ms = self.now_ms();
        let body = self.change(order_id, |order| {
            if order.state == OrderState::Created && order.purchase.solution.has_pre_order() {
                order.enter(OrderState::Paid, now_ms);
            }
            if outcomes::waits_for_vouchers(order) {
                order.enter(OrderState::Issuing, now_ms);
            }
            self.issue_body(order, now_ms)
        })?;
        let is_f2 = self.order(order_id).is_some_and(|order| order.purchase.solution.family() == Some(Family::F2));
        let scene = if is_f2 { Scene::IssuePromise } else { Scene::IssueCertificate };
        let reply = self.call(scene, &body).await;
        outcomes::issued(&mut self.shared.world(), order_id, &reply, self.now_ms());
        if self.fails_untold(order_id) {
            self.tell_failed_issue(order_id).await?;
        }
        Ok(reply)
    }

    /// Cancels (scenic §6). `cancel_type`: 1 before payment, 2 after payment, 3 our creation failed.
    ///
    /// # Errors
    /// When the order is unknown.
    pub async fn cancel(&self, order_id: &str, cancel_type: i64) -> Result<SpiReply, Misuse> {
        let now_ms = self.now_ms();
        let body = self.change(order_id, |order| {
            let redeemed = matches!(order.state, OrderState::Used | OrderState::PartUsed);
            if !order.state.is_over() && !redeemed {
                order.enter(OrderState::Cancelled, now_ms);
            }
            bodies::cancel_order(order, cancel_type, now_ms)
        })?;
        Ok(self.post(Message::new(Scene::CancelOrder, order_id, body)).await)
    }

    /// A whole purchase: check, create, payment notice where the mode has one, and issue once accepted. With
    /// asynchronous acceptance it ends at the paid order; call [`Platform::issue`] later. A pre-order (families F2 and
    /// F3) is its own check: the report has its answer twice.
    pub async fn buy(&self, purchase: &Purchase) -> BuyReport {
        if purchase.solution.has_pre_order() {
            return self.buy_issued(purchase, IssueWhen::After).await;
        }
        if self.shared.options.checks_twice {
            let check = self.check_booking_without_guests(purchase).await;
            if !check.is_ok() {
                return BuyReport { check, created: None, paid: None, issued: None, order: None };
            }
        }
        let check = self.check_booking(purchase).await;
        let mut report = BuyReport { check, created: None, paid: None, issued: None, order: None };
        if !report.check.is_ok() {
            return report;
        }
        let created = self.create_order(purchase).await;
        let order_id = created.order_id.clone();
        if created.state == OrderState::Created {
            report.paid = self.pay(&order_id).await.ok();
        }
        report.created = Some(created);
        if self.issues_at_once(&order_id) {
            report.issued = self.issue(&order_id).await.ok();
        }
        report.order = self.order(&order_id);
        report
    }
}

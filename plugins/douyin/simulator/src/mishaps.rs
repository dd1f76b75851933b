//! What goes wrong between platform and middleware beyond a single fault: calls that never arrive, orders made meanwhile,
//! refunds nobody was asked about, notices in another order (scenic §§1.1, 1.2, 6, 9).

use crate::fault::Fault;
use crate::groupbuy::Family;
use crate::misuse::Misuse;
use crate::options::OrderMode;
use crate::platform::Platform;
use crate::purchase::Purchase;
use crate::refunding::{RefundAsk, RefundNotice, RefundReply};
use crate::reply::SpiReply;
use crate::scene::Scene;

/// `refund_scene` of customer service (scenic §9).
const BY_SERVICE: i64 = 50;
/// `cancel_type` after payment (scenic §6).
const AFTER_PAYMENT: i64 = 2;

/// When the cancel notice of a refund comes (scenic §1.2: before the refund notice or after it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelNotice {
    /// Before the refund notice.
    Before,
    /// After it.
    After,
}

impl Platform {
    /// Cuts the way to the middleware (false) or opens it again (true). While it is cut every SPI call and webhook is
    /// lost, with all its repeats, and the platform goes on by itself.
    pub fn set_reachable(&self, is_reachable: bool) {
        self.shared.world().is_cut_off = !is_reachable;
    }

    /// The next call of this scene, whatever it is about, is lost with all its repeats; before any other fault in the
    /// queue.
    pub fn lose_next_call(&self, scene: Scene) {
        self.shared.world().faults.push_first(scene, Fault::LoseCall);
    }

    /// An order whose creation never reached the other side. Before payment it counts as created and can be paid: the
    /// payment notice is then the first that is heard of it. After payment it is refused (scenic §1.1).
    pub async fn create_order_unheard(&self, purchase: &Purchase) -> String {
        let (order_id, body) = self.place(purchase);
        let scene = purchase.solution.family().map_or(Scene::CreateOrder, Family::create_scene);
        self.lose_call_of(scene, &order_id);
        self.send_create(order_id, &body).await.order_id
    }

    /// The next call of this scene about this order is lost with all its repeats; calls about other orders are not.
    pub fn lose_call_of(&self, scene: Scene, order_id: &str) {
        self.shared.world().unheard.insert((scene, order_id.to_owned()));
    }

    /// An order that was made and paid while the other side could not be reached: nothing of it was heard, only the
    /// order query tells. With payment before creation it ends refused, and its refund is not heard of either.
    pub async fn buy_unheard(&self, purchase: &Purchase) -> String {
        let order_id = self.create_order_unheard(purchase).await;
        // The order was made just now, so it is known.
        let _reply = match self.mode_of(purchase) {
            // A pre-order is paid by its issue call, which is lost as well.
            OrderMode::BeforePayment if purchase.solution.has_pre_order() => {
                let is_f2 = purchase.solution.family() == Some(Family::F2);
                let scene = if is_f2 { Scene::IssuePromise } else { Scene::IssueCertificate };
                self.lose_call_of(scene, &order_id);
                self.issue(&order_id).await
            }
            OrderMode::BeforePayment => {
                self.lose_call_of(Scene::PayOrder, &order_id);
                self.pay(&order_id).await
            }
            OrderMode::AfterPayment => {
                self.lose_call_of(Scene::NotifyRefund, &order_id);
                self.notify_refund(&order_id, RefundNotice::unasked(REFUSED)).await
            }
        };
        order_id
    }

    /// Customer service refunds copies, all that are not refunded when `units` is `None`: there is no question, only the
    /// notice (scenic §7).
    ///
    /// # Errors
    /// When the order or a copy does not exist.
    pub async fn refund_by_service(&self, order_id: &str, units: Option<Vec<usize>>) -> Result<SpiReply, Misuse> {
        self.notify_refund(order_id, RefundNotice { units, ..RefundNotice::unasked(BY_SERVICE) }).await
    }

    /// The same, and the notice is lost with all its repeats.
    ///
    /// # Errors
    /// When the order or a copy does not exist.
    pub async fn refund_by_service_unheard(
        &self,
        order_id: &str,
        units: Option<Vec<usize>>,
    ) -> Result<SpiReply, Misuse> {
        self.lose_call_of(Scene::NotifyRefund, order_id);
        self.refund_by_service(order_id, units).await
    }

    /// The user asks one copy back, with our review.
    ///
    /// # Errors
    /// When the order or the copy does not exist.
    pub async fn refund_unit(&self, order_id: &str, place: usize) -> Result<RefundReply, Misuse> {
        self.refund(order_id, RefundAsk { units: Some(vec![place]), ..RefundAsk::user() }).await
    }

    /// A refund with a cancel notice beside its result notice. Gives the answers to the refund notice and to the cancel
    /// notice.
    ///
    /// # Errors
    /// When the order or a copy does not exist.
    pub async fn refund_with_cancel(
        &self,
        order_id: &str,
        notice: RefundNotice,
        cancel: CancelNotice,
    ) -> Result<(SpiReply, SpiReply), Misuse> {
        match cancel {
            CancelNotice::Before => {
                let cancelled = self.cancel(order_id, AFTER_PAYMENT).await?;
                Ok((self.notify_refund(order_id, notice).await?, cancelled))
            }
            CancelNotice::After => {
                let refunded = self.notify_refund(order_id, notice).await?;
                Ok((refunded, self.cancel(order_id, AFTER_PAYMENT).await?))
            }
        }
    }
}

/// `refund_scene` of a refused order (scenic §9).
const REFUSED: i64 = 153;

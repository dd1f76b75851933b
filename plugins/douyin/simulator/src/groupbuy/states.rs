//! Where a purchase and a reservation stand (groupbuy part C), computed from the orders.

use crate::misuse::Misuse;
use crate::orders::{Order, OrderState};
use crate::platform::{Platform, World};

/// Where a purchase stands (C1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PurchaseState {
    /// Paid; we have not accepted it yet.
    Checking,
    /// We refused it.
    Refused,
    /// Created before payment.
    AwaitPay,
    /// Bought, not reserved (待预约).
    ToReserve,
    /// Reserved, and the reservation has its codes (已预约).
    Reserved,
    /// The reservation was redeemed (交易完成).
    Completed,
    /// Its money went back.
    Refunded,
    /// Closed before payment.
    Closed,
}

/// Where a reservation stands (C2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservationState {
    /// Created, not accepted.
    Booking,
    /// We refused it.
    Rejected,
    /// Accepted, without codes; the ten minutes run.
    Issuing,
    /// Without codes, and a refund is under way.
    RefundPendingUnissued,
    /// It has its codes.
    Issued,
    /// It has its codes, and a refund is under way.
    RefundPending,
    /// Valid no more, not used.
    Expired,
    /// Cancelled or refunded.
    Cancelled,
    /// Redeemed.
    Redeemed,
}

impl ReservationState {
    /// Whether it holds the voucher: the guest cannot reserve again.
    pub fn is_live(self) -> bool {
        !matches!(self, ReservationState::Rejected | ReservationState::Cancelled)
    }
}

/// Where a reservation stands at `now_ms`.
pub(crate) fn of_reservation(order: &Order, now_ms: i64) -> ReservationState {
    let was_refused = order.history.iter().any(|(_, state)| *state == OrderState::Refused);
    let is_pending = order.has_refund_under_way();
    let is_over = order.purchase.valid_s().is_some_and(|(_, last_s)| now_ms / 1000 > last_s);
    match order.state {
        _ if was_refused => ReservationState::Rejected,
        OrderState::Created | OrderState::Paid => ReservationState::Booking,
        OrderState::Accepted | OrderState::Issuing if is_pending => ReservationState::RefundPendingUnissued,
        OrderState::Accepted | OrderState::Issuing => ReservationState::Issuing,
        OrderState::Issued | OrderState::PartUsed if is_pending => ReservationState::RefundPending,
        OrderState::Issued | OrderState::PartUsed if is_over => ReservationState::Expired,
        OrderState::Issued | OrderState::PartUsed => ReservationState::Issued,
        OrderState::Used => ReservationState::Redeemed,
        OrderState::Refunded | OrderState::Cancelled | OrderState::Refused => ReservationState::Cancelled,
    }
}

impl World {
    /// The reservations of a purchase, oldest first.
    pub(crate) fn reservations_of<'a>(&'a self, order_id: &'a str) -> impl Iterator<Item = &'a Order> {
        self.orders.values().filter(move |order| order.purchase.solution.source_order_id() == Some(order_id))
    }

    /// The reservation that holds a voucher.
    pub(crate) fn live_reservation<'a>(&'a self, order_id: &'a str, now_ms: i64) -> Option<&'a Order> {
        self.reservations_of(order_id).find(|order| of_reservation(order, now_ms).is_live())
    }

    /// Where a purchase stands at `now_ms`.
    pub(crate) fn of_purchase(&self, order: &Order, now_ms: i64) -> PurchaseState {
        let by_reservation = || match self.live_reservation(&order.order_id, now_ms).map(|r| of_reservation(r, now_ms))
        {
            Some(ReservationState::Redeemed) => PurchaseState::Completed,
            Some(ReservationState::Issued | ReservationState::RefundPending | ReservationState::Expired) => {
                PurchaseState::Reserved
            }
            _ => PurchaseState::ToReserve,
        };
        // The pre-orders of F2 and F3 are not accepted by a word of ours: their issue call says that they are paid.
        let needs_acceptance = order.purchase.solution.family() == Some(crate::Family::F1);
        match order.state {
            OrderState::Created => PurchaseState::AwaitPay,
            OrderState::Paid if needs_acceptance => PurchaseState::Checking,
            OrderState::Paid | OrderState::Accepted | OrderState::Issuing => by_reservation(),
            OrderState::Issued | OrderState::PartUsed => by_reservation(),
            OrderState::Used => PurchaseState::Completed,
            OrderState::Refunded => PurchaseState::Refunded,
            OrderState::Cancelled => PurchaseState::Closed,
            OrderState::Refused => PurchaseState::Refused,
        }
    }
}

impl Platform {
    /// Where a purchase stands.
    ///
    /// # Errors
    /// When the order is unknown or no purchase of a voucher.
    pub fn purchase_state(&self, order_id: &str) -> Result<PurchaseState, Misuse> {
        let world = self.shared.world();
        let order = world.orders.get(order_id).ok_or_else(|| Misuse::UnknownOrder(order_id.to_owned()))?;
        match order.purchase.solution.family() {
            Some(_) => Ok(world.of_purchase(order, self.now_ms())),
            None => Err(Misuse::not_played(order_id, "it is no purchase of a voucher")),
        }
    }

    /// Where a reservation stands.
    ///
    /// # Errors
    /// When the order is unknown or no reservation.
    pub fn reservation_state(&self, order_id: &str) -> Result<ReservationState, Misuse> {
        let world = self.shared.world();
        let order = world.orders.get(order_id).ok_or_else(|| Misuse::UnknownOrder(order_id.to_owned()))?;
        match order.purchase.solution.source_order_id() {
            Some(_) => Ok(of_reservation(order, self.now_ms())),
            None => Err(Misuse::not_played(order_id, "it is no reservation")),
        }
    }

    /// The reservations of a purchase, oldest first.
    pub fn reservations_of(&self, order_id: &str) -> Vec<Order> {
        self.shared.world().reservations_of(order_id).cloned().collect()
    }

    /// The reservation that holds the voucher now.
    pub fn live_reservation(&self, order_id: &str) -> Option<Order> {
        self.shared.world().live_reservation(order_id, self.now_ms()).cloned()
    }
}

//! The voucher with online reservation (`spec/douyin-groupbuy-reservation.md`).

mod families;
mod matrix;
mod notices;
mod purchase;

use crate::stub::World;
use douyin_simulator::{Family, Order, Purchase, PurchaseState, Reservation, ReservationState};

/// A day within the ninety from the stub's clock (2026-09-21).
pub const DAY: &str = "2026-10-01";

/// A purchase of family F1, accepted and with its own vouchers.
pub async fn voucher(world: &World) -> String {
    world.bought(&Purchase::voucher(Family::F1)).await.order_id
}

/// The same, reserved for [`DAY`]: purchase and reservation.
pub async fn reserved(world: &World) -> (String, Order) {
    let purchase = voucher(world).await;
    let report = world.platform.reserve(&Reservation::of(&purchase, DAY)).await.expect("a reservation");
    (purchase, report.order.expect("an order"))
}

/// Where both stand.
pub fn states(world: &World, purchase: &str, reservation: &str) -> (PurchaseState, ReservationState) {
    let bought = world.platform.purchase_state(purchase).expect("a purchase");
    (bought, world.platform.reservation_state(reservation).expect("a reservation"))
}

//! What an operator reads of a voucher and of its reservations: whether its date is still to be reserved, is reserved, or was
//! used. Three words of the desks, over the states of both orders.

use entrepot_contract::order::{Order, OrderState, UnitState};
use serde::Serialize;

use crate::planted::{self, Bug};

/// Where a voucher and its reservation stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Together {
    /// Bought, and no date reserved with tickets for it.
    ToReserve,
    /// A date is reserved, and its tickets are there.
    Reserved,
    /// Used.
    Completed,
}

impl Together {
    /// As desks say it.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::ToReserve => "待预约",
            Self::Reserved => "已预约",
            Self::Completed => "交易完成",
        }
    }
}

/// Where an order stands among its family; none for what is neither a voucher with reservations nor one of them, and for
/// what was given back.
#[must_use]
pub fn together(order: &Order, family: &[Order]) -> Option<Together> {
    match order.state {
        OrderState::Created | OrderState::Paid | OrderState::Cancelled | OrderState::Refunded | OrderState::Refused => {
            None
        }
        OrderState::Completed => {
            (order.source().is_some() || order.terms.reservation.is_some()).then_some(Together::Completed)
        }
        OrderState::Accepted | OrderState::Issuing | OrderState::Issued if order.source().is_some() => {
            (order.state == OrderState::Issued).then_some(Together::Reserved)
        }
        OrderState::Accepted | OrderState::Issuing | OrderState::Issued => {
            order.terms.reservation?;
            let live: Vec<&Order> =
                reservations(order, family).filter(|one| one.count(UnitState::Available) > 0).collect();
            let all = order.count(UnitState::Available) == 0 && !live.is_empty();
            let issued = live.iter().all(|one| one.state == OrderState::Issued || planted::is(Bug::ReservedTooEarly));
            Some(if all && issued { Together::Reserved } else { Together::ToReserve })
        }
    }
}

/// The order beside this one: of a reservation its voucher, of a voucher the newest reservation that was not given back.
#[must_use]
pub fn linked<'a>(order: &Order, family: &'a [Order]) -> Option<&'a Order> {
    if let Some((source, _)) = order.source() {
        return family.iter().find(|one| &one.id == source);
    }
    let kept = |one: &&Order| one.count(UnitState::Refunded) < one.units.len();
    reservations(order, family).filter(kept).max_by(|one, other| one.id.cmp(&other.id))
}

fn reservations<'a>(voucher: &Order, family: &'a [Order]) -> impl Iterator<Item = &'a Order> {
    let voucher = voucher.id.clone();
    family.iter().filter(move |one| one.source().is_some_and(|(source, _)| source == &voucher))
}

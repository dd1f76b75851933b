//! Changes that several defects make: to what is asked, and to what is answered.

use entrepot_sdk::contract::fault::{Effect, Fault};
use entrepot_sdk::contract::hearing::Heard;
use entrepot_sdk::contract::ids::OrderId;
use entrepot_sdk::contract::message::{Request, Response};
use entrepot_sdk::contract::order::UnitCredentials;
use entrepot_sdk::contract::outcome::{Reason, Refusal};
use entrepot_sdk::contract::reading::{CalendarPage, CataloguePage};
use entrepot_sdk::contract::supplier::{
    Booking, Cancellation, Holding, Resent, SupplierOrder, SupplierRequest, SupplierResponse, Usage,
};

use crate::spoilt::Answer;

/// Whether it is the call of that name.
pub(super) fn is(request: &Request, name: &str) -> bool {
    request.name() == name
}

/// The order of a call about one.
pub(super) fn order(request: &mut Request) -> Option<&mut SupplierOrder> {
    match request {
        Request::Supplier(
            SupplierRequest::Hold { order, .. }
            | SupplierRequest::Release { order }
            | SupplierRequest::Book { order }
            | SupplierRequest::Inquire { order, .. }
            | SupplierRequest::Cancel { order, .. }
            | SupplierRequest::InquireCancel { order, .. }
            | SupplierRequest::Usage { order }
            | SupplierRequest::Resend { order, .. },
        ) => Some(order),
        _ => None,
    }
}

/// The order of the call of that name.
pub(super) fn order_of<'a>(request: &'a mut Request, name: &str) -> Option<&'a mut SupplierOrder> {
    if is(request, name) { order(request) } else { None }
}

/// Gives it another number.
pub(super) fn renumber(order: &mut SupplierOrder, number: &str) {
    if let Ok(number) = OrderId::parse(number) {
        order.order = number;
    }
}

/// Whether it failed.
pub(super) fn on_fault(asked: &Request, name: &str, answer: &mut Answer, instead: impl FnOnce() -> SupplierResponse) {
    if is(asked, name) && answer.is_err() {
        *answer = Ok(Response::Supplier(instead()));
    }
}

/// Gives the fault of that call another effect.
pub(super) fn effect(asked: &Request, name: &str, answer: &mut Answer, effect: Effect) {
    if let Err(fault) = answer {
        if is(asked, name) {
            fault.effect = effect;
        }
    }
}

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident: $arm:ident($type:ty);)*) => {$(
        $(#[$doc])*
        pub(super) fn $name(answer: &mut Answer) -> Option<&mut $type> {
            match answer {
                Ok(Response::Supplier(SupplierResponse::$arm(part))) => Some(part),
                _ => None,
            }
        }
    )*};
}

parts! {
    /// The answer to `book` or `inquire`.
    booking: Booking(Booking);
    /// The answer to `cancel` or `inquire_cancel`.
    cancellation: Cancellation(Cancellation);
    /// The answer to `hold`.
    holding: Holding(Holding);
    /// The answer to `usage`.
    usage: Usage(Usage);
    /// The answer to `resend`.
    resent: Resent(Resent);
    /// The answer to `read_catalogue`.
    catalogue: Catalogue(CataloguePage);
    /// The answer to `read_calendar`.
    calendar: Calendar(CalendarPage);
    /// The answer to `hear`.
    heard: Heard(Heard);
}

/// The credentials of a booking that is issued.
pub(super) fn units(answer: &mut Answer) -> Option<&mut Vec<UnitCredentials>> {
    match booking(answer)? {
        Booking::Issued { units, .. } => Some(units),
        _ => None,
    }
}

/// Answers a booking or an inquiry so.
pub(super) fn says(booking: Booking) -> Answer {
    Ok(Response::Supplier(SupplierResponse::Booking(booking)))
}

/// Any refusal.
pub(super) fn no() -> Refusal {
    Refusal::new(Reason::SupplierRefused, "no")
}

/// A fault whose effect nobody knows.
pub(super) fn unclear() -> Answer {
    Err(Fault::garbled("who knows"))
}

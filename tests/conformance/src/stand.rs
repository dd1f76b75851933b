//! An open supplier before its other side, and the calls that a check makes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use entrepot_contract::channel::RawRequest;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::hearing::Heard;
use entrepot_contract::message::{Request, Response};
use entrepot_contract::order::UnitCredentials;
use entrepot_contract::reading::{CalendarPage, CataloguePage};
use entrepot_contract::services::{HttpRequest, HttpResponse};
use entrepot_contract::supplier::{
    Booking, Cancellation, Holding, Memo, ResendWay, Resent, SupplierOrder, SupplierRequest, SupplierResponse, Usage,
    UsedUnits,
};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_sdk::testing::{Seat, World};

use crate::side::{Button, OtherSide, Pressed};
use crate::suite::{Outcome, Stop};
use crate::trial::{Trial, ensure, fail, fine, not_run};

/// An open supplier, its world and its other side.
pub(crate) struct Stand {
    /// The instance.
    pub(crate) seat: Seat,
    /// The host it sees.
    pub(crate) world: Arc<World>,
    /// The supplier's system.
    pub(crate) side: Arc<dyn OtherSide>,
    /// While set, what the other side did is not answered: the call times out.
    losing: Arc<AtomicBool>,
}

/// The fault of an answer that never came.
pub(crate) fn lost() -> Fault {
    Fault::unknown(FaultKind::TimedOut, "no answer in time")
}

impl Trial {
    /// An open supplier with a fresh other side.
    pub(crate) async fn stand(&self) -> Outcome<Stand> {
        self.stand_before(self.other_side()?).await
    }

    /// Another instance before an other side that has been there for a while.
    pub(crate) async fn stand_before(&self, side: Arc<dyn OtherSide>) -> Outcome<Stand> {
        let losing = Arc::new(AtomicBool::new(false));
        let world = self.world();
        let (behind, lose) = (Arc::clone(&side), Arc::clone(&losing));
        world.other_side(move |request| {
            let answer = behind.answer(request);
            if lose.load(Ordering::Acquire) { Err(lost()) } else { answer }
        });
        Ok(Stand { seat: self.open(&world).await?, world, side, losing })
    }
}

impl Stand {
    /// What the other side does from now on is not answered, or is again.
    pub(crate) fn lose_answers(&self, lose: bool) {
        self.losing.store(lose, Ordering::Release);
    }

    /// From now on every call is answered so.
    pub(crate) fn answer_always(&self, status: u16, body: &str) {
        let answer = HttpResponse { status, headers: Vec::new(), body: body.to_owned() };
        self.world.other_side(move |_| Ok(answer.clone()));
    }

    /// From now on every call fails so, and the other side never hears of it.
    pub(crate) fn fail_always(&self, fault: &Fault) {
        let fault = fault.clone();
        self.world.other_side(move |_| Err(fault.clone()));
    }

    /// From now on the other side's answers are changed on their way.
    pub(crate) fn change_answers(
        &self,
        change: impl Fn(&HttpRequest, HttpResponse) -> HttpResponse + Send + Sync + 'static,
    ) {
        let side = Arc::clone(&self.side);
        self.world.other_side(move |request| side.answer(request).map(|answer| change(request, answer)));
    }

    /// From now on the other side answers as it is.
    pub(crate) fn answer_well(&self) {
        self.change_answers(|_, answer| answer);
    }

    /// Presses a button of the other side.
    pub(crate) fn press(&self, button: Button) -> Outcome {
        match self.side.press(&button) {
            Pressed::Done | Pressed::Calls(_) => Ok(()),
            Pressed::Missing => not_run(format!("the other side has no button {}", button.name())),
        }
    }

    /// The call that the partner would make.
    pub(crate) fn call_of(&self, button: Button) -> Outcome<RawRequest> {
        match self.side.press(&button) {
            Pressed::Calls(raw) => Ok(raw),
            Pressed::Done => fail("the other side's button call gives no call"),
            Pressed::Missing => not_run(format!("the other side has no button {}", button.name())),
        }
    }

    pub(crate) fn booked_once(&self) -> Outcome {
        let booked = self.side.booked().len();
        ensure(booked == 1, || format!("the partner has {booked} bookings"))
    }

    pub(crate) fn booked_nothing(&self) -> Outcome {
        let booked = self.side.booked().len();
        ensure(booked == 0, || format!("the partner has {booked} bookings"))
    }

    /// The partner has exactly these units of the order back.
    pub(crate) fn gave_back(&self, order: &str, units: &[u16]) -> Outcome {
        let back = self.side.cancelled(order);
        let right = match &back {
            UsedUnits::Number { numbers } => numbers == units,
            UsedUnits::Count { count } => usize::from(*count) == units.len(),
            UsedUnits::Unknown => false,
        };
        ensure(right, || format!("should have units {units:?} back, the partner says {back:?}"))
    }

    /// Books, and inquires while the supplier says that it is pending.
    pub(crate) async fn issued(&self, order: &SupplierOrder) -> Outcome<Vec<UnitCredentials>> {
        const INQUIRIES_LIMIT: usize = 3;
        let mut booking = fine("book", self.seat.book(order.clone()).await)?;
        for _ in 0..INQUIRIES_LIMIT {
            match booking {
                Booking::Pending { .. } => booking = fine("inquire", self.seat.inquire(order.clone()).await)?,
                Booking::Issued { units, .. } => return Ok(units),
                other => return fail(format!("booking should be issued, is {other:?}")),
            }
        }
        fail("the booking stays pending")
    }

    /// Gives units back, or has it audited.
    pub(crate) async fn given_back(&self, order: &SupplierOrder, units: &[u16], key: &str) -> Outcome<Cancellation> {
        let answer = fine("cancel", self.seat.cancel(order.clone(), units, key).await)?;
        let taken = matches!(answer, Cancellation::Done { .. } | Cancellation::Waiting(_));
        ensure(taken, || format!("should be done or waiting, is {answer:?}"))?;
        Ok(answer)
    }

    pub(crate) async fn ask(&self, request: SupplierRequest) -> Result<SupplierResponse, Fault> {
        match self.seat.call(Request::Supplier(request)).await? {
            Response::Supplier(response) => Ok(response),
            _ => Err(Fault::garbled("an answer that is no supplier's")),
        }
    }

    pub(crate) async fn inquire_with(&self, order: &SupplierOrder, memo: Option<Memo>) -> Result<Booking, Fault> {
        match self.ask(SupplierRequest::Inquire { order: Box::new(order.clone()), memo }).await? {
            SupplierResponse::Booking(booking) => Ok(booking),
            other => Err(unasked(&other)),
        }
    }

    pub(crate) async fn hold(&self, order: &SupplierOrder, until: Timestamp) -> Result<Holding, Fault> {
        match self.ask(SupplierRequest::Hold { order: Box::new(order.clone()), until }).await? {
            SupplierResponse::Holding(holding) => Ok(holding),
            other => Err(unasked(&other)),
        }
    }

    pub(crate) async fn release(&self, order: &SupplierOrder) -> Result<(), Fault> {
        match self.ask(SupplierRequest::Release { order: Box::new(order.clone()) }).await? {
            SupplierResponse::Released => Ok(()),
            other => Err(unasked(&other)),
        }
    }

    pub(crate) async fn usage(&self, order: &SupplierOrder) -> Result<Usage, Fault> {
        match self.ask(SupplierRequest::Usage { order: Box::new(order.clone()) }).await? {
            SupplierResponse::Usage(usage) => Ok(usage),
            other => Err(unasked(&other)),
        }
    }

    pub(crate) async fn resend(&self, order: &SupplierOrder, how: ResendWay, key: &str) -> Result<Resent, Fault> {
        let (order, key) = (Box::new(order.clone()), key.to_owned());
        match self.ask(SupplierRequest::Resend { order, how, key }).await? {
            SupplierResponse::Resent(resent) => Ok(resent),
            other => Err(unasked(&other)),
        }
    }

    pub(crate) async fn catalogue(&self, page: Option<String>) -> Result<CataloguePage, Fault> {
        match self.ask(SupplierRequest::ReadCatalogue { page }).await? {
            SupplierResponse::Catalogue(page) => Ok(page),
            other => Err(unasked(&other)),
        }
    }

    pub(crate) async fn calendar(
        &self,
        product_code: &str,
        (first, last): (VisitDate, VisitDate),
        page: Option<String>,
    ) -> Result<CalendarPage, Fault> {
        let product_code = product_code.to_owned();
        match self.ask(SupplierRequest::ReadCalendar { product_code, first, last, page }).await? {
            SupplierResponse::Calendar(page) => Ok(page),
            other => Err(unasked(&other)),
        }
    }

    pub(crate) async fn hear(&self, raw: RawRequest) -> Result<Heard, Fault> {
        match self.ask(SupplierRequest::Hear { raw }).await? {
            SupplierResponse::Heard(heard) => Ok(heard),
            other => Err(unasked(&other)),
        }
    }
}

fn unasked(response: &SupplierResponse) -> Fault {
    Fault::garbled(format!("an answer to another call: {response:?}"))
}

/// The order with these units gone before.
pub(crate) fn without(order: &SupplierOrder, units: &[u16]) -> SupplierOrder {
    let mut order = order.clone();
    for unit in &mut order.units {
        unit.gone |= units.contains(&unit.number);
    }
    order
}

/// Turns a refusal of one button into the whole check's.
pub(crate) fn lacks(what: &str) -> Stop {
    Stop::NotRun(format!("the other side does not tell {what}"))
}

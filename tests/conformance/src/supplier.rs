//! Checks of suppliers that are called: what they do when all is well.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use entrepot_contract::capability::{Calls, CancelAbility, Capabilities};
use entrepot_contract::fault::Effect;
use entrepot_contract::order::UnitCredentials;
use entrepot_contract::supplier::{Booking, Cancellation, SupplierOrder, UsedUnits};

use crate::suite::{Check, Outcome, checks};
use crate::trial::{DATE, Stand, Trial, ensure, failed, fine};

pub(crate) const CHECKS: &[Check] = checks! {
    "booking_fills_each_unit" if books => booking_fills_each_unit;
    "booking_reaches_the_partner_unchanged" if books => booking_reaches_the_partner_unchanged;
    "odd_order_numbers_survive" if books => odd_order_numbers_survive;
    "same_order_books_once" if books_once => same_order_books_once;
    "same_order_at_once_books_once" if books_once => same_order_at_once_books_once;
    "refusal_is_an_answer" if books => refusal_is_an_answer;
    "inquiry_finds_what_was_booked" if |c| books(c) && inquires(c) => inquiry_finds_what_was_booked;
    "inquiry_for_a_stranger_is_not_found" if inquires => inquiry_for_a_stranger_is_not_found;
    "cancelling_gives_all_units_back" if |c| books(c) && cancels(c) => cancelling_gives_all_units_back;
    "inquiry_after_cancelling_says_so" if |c| inquires(c) && cancels(c) => inquiry_after_cancelling_says_so;
    "cancelling_units_gives_those_back" if |c| books(c) && cancels_units(c) => cancelling_units_gives_those_back;
    "same_key_cancels_once" if cancels_once => same_key_cancels_once;
    "calls_at_once_get_their_own_answers" if books => calls_at_once_get_their_own_answers;
    "instances_do_not_see_each_other" if books => instances_do_not_see_each_other;
    "closing_drains_calls_at_work" if books => closing_drains_calls_at_work;
};

pub(crate) fn books(capabilities: &Capabilities) -> bool {
    declares(capabilities, |_| true)
}

pub(crate) fn inquires(capabilities: &Capabilities) -> bool {
    declares(capabilities, |calls| calls.inquire.is_some())
}

pub(crate) fn holds(capabilities: &Capabilities) -> bool {
    declares(capabilities, |calls| calls.hold.is_some())
}

pub(crate) fn cancels(capabilities: &Capabilities) -> bool {
    declares(capabilities, |calls| calls.cancel.is_some())
}

fn takes_back(capabilities: &Capabilities, how: fn(&CancelAbility) -> bool) -> bool {
    let calls = capabilities.supplier.as_ref().and_then(|supplier| supplier.calls());
    calls.and_then(|calls| calls.cancel.as_ref()).is_some_and(how)
}

fn cancels_units(capabilities: &Capabilities) -> bool {
    takes_back(capabilities, |cancel| cancel.units)
}

fn cancels_once(capabilities: &Capabilities) -> bool {
    takes_back(capabilities, |cancel| cancel.repeatable)
}

fn books_once(capabilities: &Capabilities) -> bool {
    declares(capabilities, |calls| calls.book.repeatable)
}

fn declares(capabilities: &Capabilities, what: fn(&Calls) -> bool) -> bool {
    capabilities.supplier.as_ref().and_then(|supplier| supplier.calls()).is_some_and(what)
}

/// Books, and inquires while the supplier says that it is pending.
async fn issued(stand: &Stand, order: &SupplierOrder) -> Result<Vec<UnitCredentials>, String> {
    const INQUIRIES_LIMIT: usize = 3;
    let mut booking = fine("book", stand.seat.book(order.clone()).await)?;
    for _ in 0..INQUIRIES_LIMIT {
        match booking {
            Booking::Pending { .. } => booking = fine("inquire", stand.seat.inquire(order.clone()).await)?,
            Booking::Issued { units, .. } => return Ok(units),
            other => return Err(format!("booking should be issued, is {other:?}")),
        }
    }
    Err("the booking stays pending".to_owned())
}

fn whole(count: u16) -> Vec<u16> {
    (1..=count).collect()
}

async fn booking_fills_each_unit(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let units = issued(&stand, &trial.order("1", 3)?).await?;
    let numbers: Vec<u16> = units.iter().map(|unit| unit.unit).collect();
    ensure(numbers == whole(3), || format!("units should be 1, 2, 3, are {numbers:?}"))?;
    let full = units.iter().all(|unit| unit.credentials.iter().any(|credential| !credential.value.is_empty()));
    ensure(full, || "a unit has no credential".to_owned())
}

async fn booking_reaches_the_partner_unchanged(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    issued(&stand, &trial.order("9007199254740993001", 2)?).await?;
    let booked = stand.other_side.booked();
    let [booked] = booked.as_slice() else {
        return Err(format!("one booking should have arrived, {} did", booked.len()));
    };
    let product = trial.supplier_side()?.product;
    let right = booked.order == "9007199254740993001" && booked.count == 2 && booked.product == product;
    ensure(right, || format!("arrived as {booked:?}"))?;
    let date = booked.date.as_deref();
    ensure(date.is_none() || date == Some(DATE), || format!("the date {DATE} arrived as {date:?}"))
}

async fn odd_order_numbers_survive(trial: Arc<Trial>) -> Outcome {
    const ODD: &str = "a/b?c=d&e#f%20+中";
    let stand = trial.stand().await?;
    let order = trial.order(ODD, 1)?;
    issued(&stand, &order).await?;
    let booked = stand.other_side.booked();
    ensure(booked.len() == 1 && booked[0].order == ODD, || format!("arrived as {booked:?}"))?;
    if inquires(&trial.manifest().capabilities) {
        let found = fine("inquire", stand.seat.inquire(order).await)?;
        ensure(matches!(found, Booking::Issued { .. }), || format!("inquiry answers {found:?}"))?;
    }
    Ok(())
}

async fn same_order_books_once(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    let first = issued(&stand, &order).await?;
    let second = issued(&stand, &order).await?;
    ensure(first == second, || "the repeat got other credentials".to_owned())?;
    booked_once(&stand)
}

async fn same_order_at_once_books_once(trial: Arc<Trial>) -> Outcome {
    const TOGETHER: usize = 8;
    let stand = Arc::new(trial.stand().await?);
    let order = trial.order("1", 2)?;
    let mut tasks = Vec::new();
    for _ in 0..TOGETHER {
        let (stand, order) = (Arc::clone(&stand), order.clone());
        tasks.push(tokio::spawn(async move { issued(&stand, &order).await }));
    }
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.map_err(|_| "the plugin panicked".to_owned())??);
    }
    ensure(answers.iter().all(|answer| *answer == answers[0]), || "repeats got other credentials".to_owned())?;
    booked_once(&stand)
}

pub(crate) fn booked_once(stand: &Stand) -> Outcome {
    let booked = stand.other_side.booked().len();
    ensure(booked == 1, || format!("the partner has {booked} bookings"))
}

async fn refusal_is_an_answer(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let Some(product) = trial.supplier_side()?.refused_product else {
        return Ok(());
    };
    let order = SupplierOrder { product_code: product.to_owned(), ..trial.order("1", 1)? };
    let booking = fine("book", stand.seat.book(order).await)?;
    ensure(matches!(booking, Booking::Refused(_)), || format!("should be refused, is {booking:?}"))?;
    ensure(stand.other_side.booked().is_empty(), || "the partner booked it".to_owned())
}

async fn inquiry_finds_what_was_booked(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    let units = issued(&stand, &order).await?;
    match fine("inquire", stand.seat.inquire(order).await)? {
        Booking::Issued { units: found, .. } => ensure(found == units, || "other credentials".to_owned()),
        other => Err(format!("inquiry answers {other:?}")),
    }
}

async fn inquiry_for_a_stranger_is_not_found(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let found = fine("inquire", stand.seat.inquire(trial.order("404", 1)?).await)?;
    ensure(found == Booking::NotFound, || format!("should be NotFound, is {found:?}"))
}

async fn cancelling_gives_all_units_back(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    issued(&stand, &order).await?;
    cancelled(&stand, order, &whole(2), "k1").await?;
    gave_back(&stand, &whole(2))
}

fn gave_back(stand: &Stand, units: &[u16]) -> Outcome {
    let back = stand.other_side.cancelled("1");
    let right = match &back {
        UsedUnits::Number { numbers } => numbers == units,
        UsedUnits::Count { count } => usize::from(*count) == units.len(),
        UsedUnits::Unknown => false,
    };
    ensure(right, || format!("should have units {units:?} back, the partner says {back:?}"))
}

async fn cancelled(stand: &Stand, order: SupplierOrder, units: &[u16], key: &str) -> Outcome {
    let answer = fine("cancel", stand.seat.cancel(order, units, key).await)?;
    let taken = matches!(answer, Cancellation::Done { .. } | Cancellation::Waiting(_));
    ensure(taken, || format!("should be done or waiting, is {answer:?}"))
}

async fn inquiry_after_cancelling_says_so(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    issued(&stand, &order).await?;
    cancelled(&stand, order.clone(), &whole(2), "k1").await?;
    let found = fine("inquire", stand.seat.inquire(order).await)?;
    let right = matches!(found, Booking::Cancelled | Booking::NotFound);
    ensure(right, || format!("should be Cancelled, is {found:?}"))
}

async fn cancelling_units_gives_those_back(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 3)?;
    issued(&stand, &order).await?;
    cancelled(&stand, order, &[2], "k1").await?;
    gave_back(&stand, &[2])
}

async fn same_key_cancels_once(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    issued(&stand, &order).await?;
    cancelled(&stand, order.clone(), &whole(2), "k1").await?;
    cancelled(&stand, order, &whole(2), "k1").await
}

async fn calls_at_once_get_their_own_answers(trial: Arc<Trial>) -> Outcome {
    const TOGETHER: usize = 64;
    let stand = Arc::new(trial.stand().await?);
    let mut tasks = Vec::new();
    for number in 1..=TOGETHER {
        let (stand, order) = (Arc::clone(&stand), trial.order(&format!("n{number}"), 1)?);
        tasks.push(tokio::spawn(async move { issued(&stand, &order).await }));
    }
    let mut values = BTreeSet::new();
    for task in tasks {
        let units = task.await.map_err(|_| "the plugin panicked".to_owned())??;
        values.extend(units.into_iter().flat_map(|unit| unit.credentials).map(|credential| credential.value));
    }
    ensure(values.len() == TOGETHER, || format!("{} different credentials for {TOGETHER} orders", values.len()))
}

async fn instances_do_not_see_each_other(trial: Arc<Trial>) -> Outcome {
    let (here, there) = (trial.stand().await?, trial.stand().await?);
    let order = trial.order("1", 1)?;
    issued(&here, &order).await?;
    ensure(there.world.sent().is_empty(), || "a call came out of the other instance".to_owned())?;
    issued(&there, &order).await?;
    let (first, second) = (here.other_side.booked().len(), there.other_side.booked().len());
    ensure((first, second) == (1, 1), || format!("{first} and {second} bookings"))
}

async fn closing_drains_calls_at_work(trial: Arc<Trial>) -> Outcome {
    let stand = Arc::new(trial.stand().await?);
    let order = trial.order("1", 1)?;
    stand.world.hold();
    let booking = {
        let (stand, order) = (Arc::clone(&stand), order.clone());
        tokio::spawn(async move { stand.seat.book(order).await })
    };
    stand.world.called(1).await;
    let mut closing = pin!(stand.seat.close());
    let ended = poll_fn(|context| Poll::Ready(closing.as_mut().poll(context).is_ready())).await;
    let fault = failed("a call while closing", stand.seat.book(order).await)?;
    ensure(fault.effect == Effect::NotDone, || format!("should be not done, is {fault}"))?;
    stand.world.release();
    let booking = booking.await.map_err(|_| "the plugin panicked".to_owned())?;
    fine("the call at work", booking)?;
    if !ended {
        closing.await;
    }
    booked_once(&stand)
}

//! Answers that never come, partners that fail, and faults that have to keep their effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::supplier::{Booking, UsedUnits};

use super::deed::Deed;
use crate::ability::{books, cancels, holds, inquires};
use crate::stand::{Stand, lost};
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, failed, fine, not_done, unknown};

pub(crate) const CHECKS: &[Check] = checks! {
    lost_booking_answer_is_unknown if books, "pass the fault of call.http() on: nobody knows whether it was booked";
    lost_booking_is_found_by_inquiry if |m| books(m) && inquires(m), "an inquiry by our number finds what was booked, also without an answer";
    lost_cancel_answer_is_unknown if cancels, "pass the fault of call.http() on: nobody knows whether the units went back";
    unreached_partner_is_not_done if books, "pass the fault of call.http() on: nothing was sent";
    unreached_cancellation_is_not_done if cancels, "pass the fault of call.http() on: nothing was sent";
    not_done_is_certain if books, "say not done only when no call of this booking can have had its effect";
    not_cancelled_is_certain if cancels, "say not done or Refused only when no call of this cancellation can have had its effect";
    faults_keep_their_effect if books, "pass a fault of call.http() on as it is; ? does it";
    quota_of_the_host_is_passed_on if books, "pass RateLimited on with its retry_after_ms";
    quota_of_the_partner_is_told_as_such if books, "status 429 is RateLimited and not done: http::unexpected_status says so";
    wrong_credentials_are_told_as_such if books, "status 401 and 403 are Unauthenticated and not done: http::unexpected_status says so";
    server_error_is_unknown if books, "status 5xx is unknown: the partner may have booked before it failed";
    server_error_for_a_cancellation_is_unknown if cancels, "status 5xx is unknown: the units may have gone back before it failed";
    redirect_is_no_answer if books, "a status of 3xx is no answer to a booking: the effect is unknown";
};

async fn lost_booking_answer_is_unknown(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    stand.lose_answers(true);
    unknown("book", &failed("book", stand.seat.book(trial.order("1", 1)?).await)?)
}

async fn lost_booking_is_found_by_inquiry(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 1)?;
    stand.lose_answers(true);
    failed("book", stand.seat.book(order.clone()).await)?;
    stand.lose_answers(false);
    let found = fine("inquire", stand.seat.inquire(order.clone()).await)?;
    // In two phases the answer that was lost may be one before the sale: then the next try books.
    let early = holds(&trial.manifest()) && stand.side.booked().is_empty();
    let early = early && matches!(found, Booking::Held { .. } | Booking::NotFound);
    let right = early || matches!(found, Booking::Issued { .. } | Booking::Pending { .. });
    ensure(right, || format!("should be issued or pending, is {found:?}"))?;
    if early {
        fine("book again", stand.seat.book(order).await)?;
    }
    stand.booked_once()
}

async fn lost_cancel_answer_is_unknown(trial: Arc<Trial>) -> Outcome {
    let (stand, request) = Deed::Cancel.ready(&trial).await?;
    stand.lose_answers(true);
    unknown("cancel", &failed("cancel", stand.ask(request).await)?)
}

/// A partner that nobody reaches.
async fn unreached(trial: &Trial, deed: Deed) -> Outcome {
    let (stand, request) = deed.ready(trial).await?;
    stand.fail_always(&Fault::not_done(FaultKind::Unavailable, "connection refused"));
    not_done("a call that reached nobody", &failed("a call that reached nobody", stand.ask(request).await)?)
}

async fn unreached_partner_is_not_done(trial: Arc<Trial>) -> Outcome {
    unreached(&trial, Deed::Book).await
}

async fn unreached_cancellation_is_not_done(trial: Arc<Trial>) -> Outcome {
    unreached(&trial, Deed::Cancel).await
}

/// Loses the answer to the call of that number, counted from 0, and says how many calls there were.
fn lose_only(stand: &Stand, number: usize) -> Arc<AtomicUsize> {
    let calls = Arc::new(AtomicUsize::new(0));
    let (counter, side) = (Arc::clone(&calls), Arc::clone(&stand.side));
    stand.world.other_side(move |request| {
        let answer = side.answer(request);
        if counter.fetch_add(1, Ordering::AcqRel) == number { Err(lost()) } else { answer }
    });
    calls
}

/// More calls than one deed makes.
const STEPS_LIMIT: usize = 12;

async fn not_done_is_certain(trial: Arc<Trial>) -> Outcome {
    for step in 0..STEPS_LIMIT {
        let (stand, request) = Deed::Book.ready(&trial).await?;
        let calls = lose_only(&stand, step);
        let answer = stand.ask(request).await;
        let denied = match &answer {
            Ok(entrepot_contract::supplier::SupplierResponse::Booking(Booking::Refused(_))) => true,
            Err(fault) => fault.effect == Effect::NotDone,
            Ok(_) => false,
        };
        ensure(!denied || stand.side.booked().is_empty(), || {
            format!("the answer to call {} was lost, the partner booked, and it says {answer:?}", step + 1)
        })?;
        if calls.load(Ordering::Acquire) <= step {
            break;
        }
    }
    Ok(())
}

async fn not_cancelled_is_certain(trial: Arc<Trial>) -> Outcome {
    for step in 0..STEPS_LIMIT {
        let (stand, request) = Deed::Cancel.ready(&trial).await?;
        let calls = lose_only(&stand, step);
        let answer = stand.ask(request).await;
        let denied = match &answer {
            Ok(entrepot_contract::supplier::SupplierResponse::Cancellation(told)) => {
                matches!(told, entrepot_contract::supplier::Cancellation::Refused(_))
            }
            Err(fault) => fault.effect == Effect::NotDone,
            Ok(_) => false,
        };
        let nothing = match stand.side.cancelled("1") {
            UsedUnits::Number { numbers } => numbers.is_empty(),
            UsedUnits::Count { count } => count == 0,
            UsedUnits::Unknown => true,
        };
        ensure(!denied || nothing, || {
            format!("the answer to call {} was lost, the units went back, and it says {answer:?}", step + 1)
        })?;
        if calls.load(Ordering::Acquire) <= step {
            break;
        }
    }
    Ok(())
}

async fn faults_keep_their_effect(trial: Arc<Trial>) -> Outcome {
    const KINDS: &[(FaultKind, Effect)] = &[
        (FaultKind::Unavailable, Effect::NotDone),
        (FaultKind::Busy, Effect::NotDone),
        (FaultKind::RateLimited, Effect::NotDone),
        (FaultKind::TimedOut, Effect::NotDone),
        (FaultKind::TimedOut, Effect::Unknown),
        (FaultKind::Unavailable, Effect::Unknown),
        (FaultKind::Garbled, Effect::Unknown),
        (FaultKind::Internal, Effect::Unknown),
        (FaultKind::Unknown, Effect::Unknown),
    ];
    for (kind, effect) in KINDS {
        let (stand, request) = Deed::Book.ready(&trial).await?;
        stand.fail_always(&Fault { effect: *effect, ..Fault::not_done(*kind, "a fault of the way") });
        let told = failed("book", stand.ask(request).await)?;
        ensure(told.effect == *effect, || format!("{kind:?} with effect {effect:?} became {told}"))?;
    }
    Ok(())
}

async fn quota_of_the_host_is_passed_on(trial: Arc<Trial>) -> Outcome {
    let (stand, request) = Deed::Book.ready(&trial).await?;
    let mut quota = Fault::not_done(FaultKind::RateLimited, "the quota of this interface is used up");
    quota.retry_after_ms = Some(1_500);
    stand.fail_always(&quota);
    let told = failed("book", stand.ask(request).await)?;
    let right = told.kind == FaultKind::RateLimited && told.retry_after_ms == Some(1_500);
    ensure(right, || format!("should be rate limited for 1500 ms, is {told} for {:?}", told.retry_after_ms))
}

async fn status(trial: &Trial, deed: Deed, status: u16) -> Outcome<Fault> {
    let (stand, request) = deed.ready(trial).await?;
    stand.answer_always(status, "{}");
    failed(&format!("a call answered with status {status}"), stand.ask(request).await)
}

async fn quota_of_the_partner_is_told_as_such(trial: Arc<Trial>) -> Outcome {
    let told = status(&trial, Deed::Book, 429).await?;
    let right = told.kind == FaultKind::RateLimited && told.effect == Effect::NotDone;
    ensure(right, || format!("should be RateLimited and not done, is {told}"))
}

async fn wrong_credentials_are_told_as_such(trial: Arc<Trial>) -> Outcome {
    for code in [401, 403] {
        let told = status(&trial, Deed::Book, code).await?;
        let right = told.kind == FaultKind::Unauthenticated && told.effect == Effect::NotDone;
        ensure(right, || format!("status {code} should be Unauthenticated and not done, is {told}"))?;
    }
    Ok(())
}

async fn server_error_is_unknown(trial: Arc<Trial>) -> Outcome {
    for code in [500, 502, 503, 504] {
        unknown(&format!("book answered with status {code}"), &status(&trial, Deed::Book, code).await?)?;
    }
    Ok(())
}

async fn server_error_for_a_cancellation_is_unknown(trial: Arc<Trial>) -> Outcome {
    for code in [500, 502, 503, 504] {
        unknown(&format!("cancel answered with status {code}"), &status(&trial, Deed::Cancel, code).await?)?;
    }
    Ok(())
}

async fn redirect_is_no_answer(trial: Arc<Trial>) -> Outcome {
    unknown("book answered with status 302", &status(&trial, Deed::Book, 302).await?)
}

//! Checks of suppliers that are called, when the other side misbehaves.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::message::{CallContext, Request};
use entrepot_contract::services::Services as _;
use entrepot_contract::supplier::{Booking, SupplierRequest};

use crate::suite::{Check, Outcome, checks};
use crate::supplier::{booked_once, books, cancels, holds, inquires};
use crate::trial::{Stand, Trial, ensure, failed, fine, keeps_quiet, traces, window_ms};

pub(crate) const CHECKS: &[Check] = checks! {
    "lost_booking_answer_is_unknown" if books => lost_booking_answer_is_unknown;
    "lost_booking_is_found_by_inquiry" if |c| books(c) && inquires(c) => lost_booking_is_found_by_inquiry;
    "lost_cancel_answer_is_unknown" if cancels => lost_cancel_answer_is_unknown;
    "unreached_partner_is_not_done" if books => unreached_partner_is_not_done;
    "garbage_for_a_booking_is_unknown" if books => garbage_for_a_booking_is_unknown;
    "garbage_for_an_inquiry_is_no_answer" if inquires => garbage_for_an_inquiry_is_no_answer;
    "garbage_for_a_cancel_is_unknown" if cancels => garbage_for_a_cancel_is_unknown;
    "server_error_is_unknown" if books => server_error_is_unknown;
    "passed_deadline_calls_nobody" if books => passed_deadline_calls_nobody;
    "waits_no_longer_than_the_deadline" if books => waits_no_longer_than_the_deadline;
    "secrets_and_guests_stay_out_of_sight" if books => secrets_and_guests_stay_out_of_sight;
    "secret_headers_are_marked" if books => secret_headers_are_marked;
};

const GARBAGE: &[&str] = &["", "<html><body>502</body></html>", "{", "[]", "null", "{}", "\"ok\"", "{\"state\":7}"];

fn unknown(what: &str, fault: &Fault) -> Outcome {
    ensure(fault.effect == Effect::Unknown, || format!("{what}: the effect should be unknown, is {fault}"))
}

async fn lost_booking_answer_is_unknown(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    stand.losing.store(true, Ordering::Release);
    let fault = failed("book", stand.seat.book(trial.order("1", 1)?).await)?;
    unknown("book", &fault)
}

async fn lost_booking_is_found_by_inquiry(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 1)?;
    stand.losing.store(true, Ordering::Release);
    failed("book", stand.seat.book(order.clone()).await)?;
    stand.losing.store(false, Ordering::Release);
    let found = fine("inquire", stand.seat.inquire(order.clone()).await)?;
    // In two phases the lost answer may be one before the sale: then the next try books.
    let two_phases = holds(&trial.manifest().capabilities);
    let early = two_phases && matches!(found, Booking::Held { .. } | Booking::NotFound);
    let right = early || matches!(found, Booking::Issued { .. } | Booking::Pending { .. });
    ensure(right, || format!("should be issued or pending, is {found:?}"))?;
    if early {
        fine("book again", stand.seat.book(order).await)?;
    }
    booked_once(&stand)
}

async fn lost_cancel_answer_is_unknown(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 1)?;
    fine("book", stand.seat.book(order.clone()).await)?;
    stand.losing.store(true, Ordering::Release);
    let fault = failed("cancel", stand.seat.cancel(order, &[1], "k1").await)?;
    unknown("cancel", &fault)
}

async fn unreached_partner_is_not_done(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    stand.world.other_side(|_| Err(Fault::not_done(FaultKind::Unavailable, "connection refused")));
    let fault = failed("book", stand.seat.book(trial.order("1", 1)?).await)?;
    ensure(fault.effect == Effect::NotDone, || format!("should be not done, is {fault}"))
}

async fn garbage_for_a_booking_is_unknown(trial: Arc<Trial>) -> Outcome {
    for body in GARBAGE {
        let stand = trial.stand_before(200, body).await?;
        let what = format!("book answered {body:?}");
        unknown(&what, &failed(&what, stand.seat.book(trial.order("1", 1)?).await)?)?;
    }
    Ok(())
}

async fn garbage_for_an_inquiry_is_no_answer(trial: Arc<Trial>) -> Outcome {
    for body in GARBAGE {
        let stand = trial.stand_before(200, body).await?;
        let what = format!("inquire answered {body:?}");
        failed(&what, stand.seat.inquire(trial.order("1", 1)?).await)?;
    }
    Ok(())
}

async fn garbage_for_a_cancel_is_unknown(trial: Arc<Trial>) -> Outcome {
    // `{}` may well be a supplier's yes.
    for body in GARBAGE.iter().filter(|body| !body.starts_with("{}") && !body.contains("state")) {
        let stand = trial.stand_before(200, body).await?;
        let what = format!("cancel answered {body:?}");
        unknown(&what, &failed(&what, stand.seat.cancel(trial.order("1", 1)?, &[1], "k1").await)?)?;
    }
    Ok(())
}

async fn server_error_is_unknown(trial: Arc<Trial>) -> Outcome {
    for status in [500, 502, 503, 504] {
        let stand = trial.stand_before(status, "{}").await?;
        let what = format!("book answered with status {status}");
        unknown(&what, &failed(&what, stand.seat.book(trial.order("1", 1)?).await)?)?;
    }
    Ok(())
}

async fn passed_deadline_calls_nobody(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let past = stand.world.now().plus_millis(-1_000);
    let context = CallContext { deadline: past, ..stand.seat.context() };
    let order = Box::new(trial.order("1", 1)?);
    let answer = stand.seat.call_in(context, Request::Supplier(SupplierRequest::Book { order })).await;
    let fault = failed("book after its deadline", answer)?;
    ensure(fault.effect == Effect::NotDone, || format!("should be not done, is {fault}"))?;
    ensure(stand.world.sent().is_empty(), || "the partner was called".to_owned())
}

async fn waits_no_longer_than_the_deadline(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    fine("book", stand.seat.book(trial.order("1", 1)?).await)?;
    let limit_ms = window_ms(&stand.seat);
    let longest = stand.world.sent().iter().map(|request| i64::from(request.timeout_ms)).max().unwrap_or(0);
    ensure(longest > 0, || "the partner was not called, or without a time limit".to_owned())?;
    ensure(longest <= limit_ms, || format!("waits {longest} ms of {limit_ms} ms"))
}

/// Everything a supplier does, well and badly; what it said of faults.
async fn exercised(trial: &Trial) -> Result<(Stand, Vec<String>), String> {
    let stand = trial.stand().await?;
    let (order, other) = (trial.order("1", 2)?, trial.order("2", 2)?);
    let mut faults = Vec::new();
    let mut note = |fault: Option<Fault>| faults.extend(fault.map(|fault| format!("{fault} {:?}", fault.partner_code)));
    note(stand.seat.book(order.clone()).await.err());
    note(stand.seat.inquire(order.clone()).await.err());
    note(stand.seat.cancel(order, &[1, 2], "k1").await.err());
    stand.losing.store(true, Ordering::Release);
    note(stand.seat.book(other.clone()).await.err());
    for (status, body) in [(200, "<html>"), (500, "{}"), (401, "{}"), (400, "{}")] {
        let bad = trial.stand_before(status, body).await?;
        note(bad.seat.book(other.clone()).await.err());
        note(bad.seat.inquire(other.clone()).await.err());
        faults_of_world(&bad, &mut note);
    }
    Ok((stand, faults))
}

/// What the world's log and URLs of a bad stand hold counts as said, too.
fn faults_of_world(stand: &Stand, note: &mut impl FnMut(Option<Fault>)) {
    for text in traces(&stand.world) {
        note(Some(Fault::invalid(text)));
    }
}

async fn secrets_and_guests_stay_out_of_sight(trial: Arc<Trial>) -> Outcome {
    let (stand, faults) = exercised(&trial).await?;
    keeps_quiet("a log line or URL", &traces(&stand.world), &trial.private())?;
    keeps_quiet("a fault, log line or URL", &faults, &trial.private())
}

async fn secret_headers_are_marked(trial: Arc<Trial>) -> Outcome {
    let (stand, _) = exercised(&trial).await?;
    for request in stand.world.sent() {
        for (name, value) in &request.headers {
            let holds = trial.fixture.secrets.iter().any(|(_, secret)| value.contains(secret));
            let marked = request.secret_headers.iter().any(|secret| secret.eq_ignore_ascii_case(name));
            ensure(!holds || marked, || {
                format!("{}: the header {name} holds a secret and is not marked", request.api)
            })?;
        }
    }
    Ok(())
}

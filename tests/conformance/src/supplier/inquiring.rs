//! What became of an order.

use std::sync::Arc;

use entrepot_contract::ids::SupplierReference;
use entrepot_contract::supplier::{Booking, SupplierOrder, credentials_fit};

use crate::ability::{books, cancels, cancels_units, inquires};
use crate::stand::{Stand, without};
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, failed, fine, whole};

pub(crate) const CHECKS: &[Check] = checks! {
    inquiry_finds_what_was_booked if inquires, "answer with the credentials that the booking gave";
    inquiry_for_a_stranger_is_not_found if inquires, "an order that the partner never heard of is Booking::NotFound";
    inquiring_changes_nothing if inquires, "an inquiry asks: it books nothing, issues nothing and gives nothing back";
    inquiry_needs_no_reference if inquires, "inquire by our number: the answer with the partner's may have been lost";
    inquiry_a_hundred_times_is_the_same if inquires, "the same question has the same answer";
    inquiry_after_a_restart_is_the_same if inquires, "nothing that an inquiry needs may be kept in memory";
    inquiry_after_cancelling_says_so if |m| inquires(m) && cancels(m), "an order that was given back whole is Booking::Cancelled";
    inquiry_after_a_part_fits_what_is_left if |m| inquires(m) && cancels_units(m), "credentials are of units of the order, and none that is left is missing";
    lost_inquiry_is_no_answer if inquires, "an answer that never came is a fault, never NotFound: the order would be booked again";
    failing_partner_is_not_not_found if inquires, "a status of 5xx, 401, 403 or 429 is a fault, never NotFound: the order would be booked again";
    another_orders_answer_is_not_believed if |m| books(m) && inquires(m), "compare the order number in the answer with the one asked about";
};

async fn booked(trial: &Trial, count: u16) -> Outcome<(Stand, SupplierOrder)> {
    let stand = trial.stand().await?;
    let order = trial.order("1", count)?;
    stand.issued(&order).await?;
    Ok((stand, order))
}

async fn inquiry_finds_what_was_booked(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    let units = stand.issued(&order).await?;
    match fine("inquire", stand.seat.inquire(order).await)? {
        Booking::Issued { units: found, .. } => ensure(found == units, || "other credentials".to_owned()),
        other => fail(format!("inquiry answers {other:?}")),
    }
}

async fn inquiry_for_a_stranger_is_not_found(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let found = fine("inquire", stand.seat.inquire(trial.order("404", 1)?).await)?;
    ensure(found == Booking::NotFound, || format!("should be NotFound, is {found:?}"))
}

async fn inquiring_changes_nothing(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 2).await?;
    let (before, back) = (stand.side.booked(), stand.side.cancelled("1"));
    for order in [order, trial.order("404", 1)?] {
        // What it answers is another check's question.
        let _ = stand.seat.inquire(order).await;
    }
    let same = stand.side.booked() == before && stand.side.cancelled("1") == back;
    ensure(same, || "the partner's books are not as they were".to_owned())
}

async fn inquiry_needs_no_reference(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 2).await?;
    let named = match fine("inquire", stand.seat.inquire(order.clone()).await)? {
        Booking::Issued { reference, .. } => reference,
        other => return fail(format!("inquiry answers {other:?}")),
    };
    let without = fine("inquire without a reference", stand.seat.inquire(order.clone()).await)?;
    let reference: Option<SupplierReference> = named;
    let with = SupplierOrder { reference, ..order };
    let with = fine("inquire with the reference", stand.seat.inquire(with).await)?;
    ensure(with == without, || "with the partner's number the answer is another".to_owned())
}

async fn inquiry_a_hundred_times_is_the_same(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 2).await?;
    let first = fine("inquire", stand.seat.inquire(order.clone()).await)?;
    for _ in 1..100 {
        let again = fine("inquire", stand.seat.inquire(order.clone()).await)?;
        ensure(again == first, || format!("{first:?} became {again:?}"))?;
    }
    Ok(())
}

async fn inquiry_after_a_restart_is_the_same(trial: Arc<Trial>) -> Outcome {
    let (before, order) = booked(&trial, 2).await?;
    let first = fine("inquire", before.seat.inquire(order.clone()).await)?;
    before.seat.close().await;
    let after = trial.stand_before(Arc::clone(&before.side)).await?;
    let second = fine("inquire", after.seat.inquire(order).await)?;
    ensure(first == second, || format!("{first:?} became {second:?}"))
}

async fn inquiry_after_cancelling_says_so(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 2).await?;
    stand.given_back(&order, &whole(2), "k1").await?;
    let found = fine("inquire", stand.seat.inquire(order).await)?;
    let right = matches!(found, Booking::Cancelled | Booking::NotFound);
    ensure(right, || format!("should be Cancelled, is {found:?}"))
}

async fn inquiry_after_a_part_fits_what_is_left(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 3).await?;
    stand.given_back(&order, &[2], "k1").await?;
    let order = without(&order, &[2]);
    match fine("inquire", stand.seat.inquire(order.clone()).await)? {
        Booking::Issued { units, .. } => {
            let told: Vec<u16> = units.iter().map(|unit| unit.unit).collect();
            ensure(credentials_fit(&order, &units), || format!("units 1 and 3 are left, credentials are of {told:?}"))
        }
        other => fail(format!("two of three units are left; inquiry answers {other:?}")),
    }
}

async fn lost_inquiry_is_no_answer(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 1).await?;
    stand.lose_answers(true);
    failed("an inquiry whose answer was lost", stand.seat.inquire(order).await).map(|_| ())
}

async fn failing_partner_is_not_not_found(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 1).await?;
    for status in [401, 403, 429, 500, 502, 503] {
        stand.answer_always(status, "{}");
        failed(&format!("an inquiry answered with status {status}"), stand.seat.inquire(order.clone()).await)?;
    }
    Ok(())
}

async fn another_orders_answer_is_not_believed(trial: Arc<Trial>) -> Outcome {
    let (asked, other) = ("5550001111", "5550002222");
    let stand = trial.stand().await?;
    let (asked_order, other_order) = (trial.order(asked, 1)?, trial.order(other, 1)?);
    stand.issued(&asked_order).await?;
    stand.issued(&other_order).await?;
    let right = fine("inquire", stand.seat.inquire(asked_order.clone()).await)?;
    let side = Arc::clone(&stand.side);
    // The partner mixes up two orders: what is asked about one is answered about the other, where the answer says so.
    let named = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = Arc::clone(&named);
    stand.world.other_side(move |request| {
        let mut mixed = request.clone();
        mixed.url = mixed.url.replace(asked, other);
        mixed.body = mixed.body.map(|body| body.replace(asked, other));
        let plain = side.answer(request)?;
        let mut answer = side.answer(&mixed)?;
        if answer.status != plain.status || !answer.body.contains(other) {
            // A signature over the request is in the way; the answer's own words are changed instead.
            answer = plain;
            answer.body = answer.body.replace(asked, other);
        }
        seen.fetch_or(answer.body.contains(other), std::sync::atomic::Ordering::AcqRel);
        Ok(answer)
    });
    let told = stand.seat.inquire(asked_order).await;
    if !named.load(std::sync::atomic::Ordering::Acquire) {
        return crate::trial::not_run("the partner's answers do not name our order");
    }
    match told {
        Err(_) => Ok(()),
        Ok(told) if told == right => Ok(()),
        Ok(told) => fail(format!("asked about {asked}, answered about {other}, it says {told:?}")),
    }
}

//! Right answers, changed in one place: they are refused, or what was changed does not matter.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entrepot_contract::bounds;
use entrepot_contract::fault::{Effect, Fault};
use entrepot_contract::reading::{CalendarPage, Vacancies};
use entrepot_contract::supplier::{Booking, SupplierResponse, UsedUnits};

use super::deed::Deed;
use crate::ability::{books, has_calendar, inquires, tells_use};
use crate::alter::{self, Way};
use crate::side::Button;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, fine, not_run, trial_time, whole};

pub(crate) const CHECKS: &[Check] = checks! {
    cut_booking_answer_is_unknown if books, "an answer that ends early is garbled, with unknown effect";
    cut_inquiry_answer_is_no_answer if inquires, "an answer that ends early is a fault";
    strangers_in_an_answer_are_survived if books, "partners add fields: do not refuse what you do not know";
    values_of_another_type_are_not_believed if books, "give each field its type: a number where a text belongs is garbled, with unknown effect";
    missing_fields_are_not_made_up if books, "a field that is missing is garbled where it matters: no default for a credential or a state";
    inquiry_with_missing_fields_is_no_answer if inquires, "a field that is missing is garbled where it matters: never NotFound, Refused or Cancelled";
    too_few_credentials_are_not_issued if books, "one credential for each unit: one_a_unit(…) refuses any other number";
    too_many_credentials_are_not_issued if books, "one credential for each unit: one_a_unit(…) refuses any other number";
    empty_credentials_are_not_issued if books, "an empty credential is none: one_a_unit(…) refuses it";
    long_texts_are_not_passed_on if books, "a text that is longer than the contract allows is garbled, or cut where it is only for people";
    impossible_use_is_not_believed if tells_use, "more used than there are units is garbled: never cut a number off";
    negative_prices_are_not_believed if has_calendar, "a price below nothing is garbled, or the date is left out";
    cut_off_numbers_are_not_believed if has_calendar, "a number that does not fit is garbled: never cut it off with `as`";
    impossible_dates_are_not_made_up if has_calendar, "a date that is none is garbled, or left out: never another date";
};

type Told = Result<SupplierResponse, Fault>;

/// Does it once as it is, and once with each change; what came of them.
async fn each(trial: &Trial, deed: Deed, way: Way) -> Outcome<(SupplierResponse, Vec<(String, Told)>)> {
    let (stand, request) = deed.ready(trial).await?;
    prepare(&stand, deed)?;
    let answers: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&answers);
    stand.change_answers(move |_, answer| {
        locked(&seen).push(answer.body.clone());
        answer
    });
    let right = fine("the call as it is", stand.ask(request).await)?;
    let mut told = Vec::new();
    // Each answer of the call in its turn, the others as they are.
    let bodies = locked(&answers).clone();
    for (step, body) in bodies.iter().enumerate() {
        for change in alter::some(way(body)) {
            let (stand, request) = deed.ready(trial).await?;
            prepare(&stand, deed)?;
            let (count, made) = (AtomicUsize::new(0), Arc::<Mutex<String>>::default());
            let note = Arc::clone(&made);
            stand.change_answers(move |_, mut answer| {
                if count.fetch_add(1, Ordering::AcqRel) == step {
                    answer.body = change.made(&answer.body);
                    locked(&note).clone_from(&answer.body);
                }
                answer
            });
            let answer = stand.ask(request).await;
            if deed == Deed::Book && says_no(&answer) && stand.side.booked().is_empty() {
                // A certain no is right where nothing was sold: a step before the sale was changed.
                continue;
            }
            told.push((locked(&made).clone(), answer));
        }
    }
    if told.is_empty() {
        return not_run("the partner's answers have no such place (the suite changes JSON)");
    }
    Ok((right, told))
}

fn says_no(told: &Told) -> bool {
    match told {
        Err(fault) => fault.effect == Effect::NotDone,
        Ok(told) => matches!(told, SupplierResponse::Booking(Booking::Refused(_))),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where there has to be something to tell.
fn prepare(stand: &crate::stand::Stand, deed: Deed) -> Outcome {
    if deed == Deed::Usage {
        stand.press(Button::Use { order: "1".to_owned(), units: vec![1], at: trial_time(&stand.world) })?;
    }
    Ok(())
}

fn said(body: &str, told: &Told) -> String {
    let shown: String = body.chars().take(300).collect();
    format!("answered {shown} it says {told:?}")
}

/// A booking's answer that was changed is the same booking still, or nobody knows.
fn same_or_unclear(right: &SupplierResponse, body: &str, told: &Told) -> Outcome {
    let credentials = |told: &SupplierResponse| match told {
        SupplierResponse::Booking(Booking::Issued { units, .. }) => Some(units.clone()),
        _ => None,
    };
    let well = match told {
        Err(fault) => fault.effect == Effect::Unknown,
        Ok(SupplierResponse::Booking(Booking::Pending { .. })) => true,
        Ok(told) => credentials(told).is_some() && credentials(told) == credentials(right),
    };
    ensure(well, || said(body, told))
}

/// The same of an inquiry, which has no effect.
fn same_or_fault(right: &SupplierResponse, body: &str, told: &Told) -> Outcome {
    match told {
        Err(_) => Ok(()),
        Ok(_) => same_or_unclear(right, body, told),
    }
}

async fn judged(trial: &Trial, deed: Deed, way: Way, judge: fn(&SupplierResponse, &str, &Told) -> Outcome) -> Outcome {
    let (right, told) = each(trial, deed, way).await?;
    told.iter().try_for_each(|(body, told)| judge(&right, body, told))
}

async fn cut_booking_answer_is_unknown(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Book, alter::cut, |_, body, told| match told {
        Err(fault) if fault.effect == Effect::Unknown => Ok(()),
        told => fail(said(body, told)),
    })
    .await
}

async fn cut_inquiry_answer_is_no_answer(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Inquire, alter::cut, |_, body, told| ensure(told.is_err(), || said(body, told))).await
}

async fn strangers_in_an_answer_are_survived(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Book, alter::with_strangers, |right, body, told| {
        ensure(told.as_ref() == Ok(right), || said(body, told))
    })
    .await
}

async fn values_of_another_type_are_not_believed(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Book, alter::with_another_type, same_or_unclear).await
}

async fn missing_fields_are_not_made_up(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Book, alter::without_a_field, same_or_unclear).await
}

async fn inquiry_with_missing_fields_is_no_answer(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Inquire, alter::without_a_field, same_or_fault).await
}

async fn too_few_credentials_are_not_issued(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Book, alter::with_fewer, same_or_unclear).await
}

async fn too_many_credentials_are_not_issued(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Book, alter::with_more, same_or_unclear).await
}

async fn empty_credentials_are_not_issued(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Book, alter::with_empty_texts, same_or_unclear).await
}

async fn long_texts_are_not_passed_on(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Book, alter::with_long_texts, |_, _, told| match told {
        Ok(told) => bounds::check(told).map_err(|part| format!("a text without end is passed on: {part}").into()),
        Err(fault) => ensure(fault.effect == Effect::Unknown, || format!("a text without end is {fault}")),
    })
    .await
}

async fn impossible_use_is_not_believed(trial: Arc<Trial>) -> Outcome {
    let all = |body: &str| [alter::with_overflow(body), alter::with_negatives(body)].concat();
    judged(&trial, Deed::Usage, all, |_, body, told| {
        let Ok(SupplierResponse::Usage(usage)) = told else { return Ok(()) };
        let count = |units: &UsedUnits| match units {
            UsedUnits::Number { numbers } if numbers.iter().all(|unit| whole(2).contains(unit)) => numbers.len(),
            UsedUnits::Count { count } => usize::from(*count),
            UsedUnits::Number { .. } | UsedUnits::Unknown => usize::MAX / 2,
        };
        ensure(count(&usage.used) + count(&usage.gone) <= 2, || said(body, told))
    })
    .await
}

fn page(told: &Told) -> Option<&CalendarPage> {
    match told {
        Ok(SupplierResponse::Calendar(page)) => Some(page),
        _ => None,
    }
}

async fn negative_prices_are_not_believed(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Calendar, alter::with_negatives, |_, body, told| {
        let cells = page(told).into_iter().flat_map(|page| &page.cells);
        let mut prices = cells.flat_map(|cell| cell.cost);
        ensure(prices.all(|price| price.amount_minor >= 0), || said(body, told))
    })
    .await
}

async fn cut_off_numbers_are_not_believed(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Calendar, alter::with_overflow, |_, body, told| {
        let cut = i64::try_from(alter::CUT_OFF).unwrap_or(i64::MAX);
        let mut cells = page(told).into_iter().flat_map(|page| &page.cells);
        let is_cut = cells.any(|cell| {
            let price = cell.cost.is_some_and(|price| price.amount_minor == cut);
            price || matches!(cell.vacancies, Vacancies::Limited { units } if i64::from(units) == cut)
        });
        ensure(!is_cut, || said(body, told))
    })
    .await
}

async fn impossible_dates_are_not_made_up(trial: Arc<Trial>) -> Outcome {
    judged(&trial, Deed::Calendar, alter::with_impossible_dates, |right, body, told| {
        let right = Ok(right.clone());
        let known: Vec<_> = page(&right).into_iter().flat_map(|page| &page.cells).map(|cell| cell.date).collect();
        let mut told_dates = page(told).into_iter().flat_map(|page| &page.cells).map(|cell| cell.date);
        ensure(told_dates.all(|date| known.contains(&date)), || said(body, told))
    })
    .await
}

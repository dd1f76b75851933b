//! The same call again, at once, elsewhere, and while closing.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use entrepot_contract::services::{HttpRequest, Services as _};
use entrepot_contract::supplier::Booking;

use crate::ability::{books, books_once, cancels};
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, failed, fine, joined, keeps_quiet, not_done, whole};

pub(crate) const CHECKS: &[Check] = checks! {
    same_order_books_once if books_once, "the order number is the key: a repeat gets the first answer";
    same_order_at_once_books_once if books_once, "the partner's key decides between repeats at once, not a list in memory";
    same_order_after_a_restart_books_once if books_once, "nothing that a repeat needs may be kept in memory";
    repeat_after_a_lost_answer_books_once if books_once, "a repeat sends the same key as the call whose answer was lost";
    other_contents_are_not_an_old_answer if books_once, "a number that came with other units is no repeat: never answer with what does not fit";
    booking_again_after_cancelling_sells_nothing if |m| books_once(m) && cancels(m), "`book` answers Issued, Pending or Refused; what was given back is refused";
    calls_at_once_get_their_own_answers if books, "keep nothing of a call in the instance";
    instances_do_not_see_each_other if books, "keep everything in the instance: no statics";
    instances_keep_their_own_secrets if |m| books(m) && crate::ability::has_secrets(m), "read secrets in open() and keep them in the instance";
    closing_drains_calls_at_work if books, "calls at work end as they would have; close() takes nothing from them";
    dropped_call_leaves_the_instance_well if books, "a call may be dropped at any await: hold no lock and no slot across it that only its end gives back";
};

async fn same_order_books_once(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    let first = stand.issued(&order).await?;
    let second = stand.issued(&order).await?;
    ensure(first == second, || "the repeat got other credentials".to_owned())?;
    stand.booked_once()
}

async fn same_order_at_once_books_once(trial: Arc<Trial>) -> Outcome {
    const TOGETHER: usize = 8;
    let stand = Arc::new(trial.stand().await?);
    let order = trial.order("1", 2)?;
    // All are on their way before the first is answered.
    stand.world.hold();
    let mut tasks = Vec::new();
    for _ in 0..TOGETHER {
        let (stand, order) = (Arc::clone(&stand), order.clone());
        tasks.push(tokio::spawn(async move { stand.issued(&order).await }));
    }
    stand.world.called(1).await;
    stand.world.release();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(joined(task).await??);
    }
    ensure(answers.iter().all(|answer| *answer == answers[0]), || "repeats got other credentials".to_owned())?;
    stand.booked_once()
}

async fn same_order_after_a_restart_books_once(trial: Arc<Trial>) -> Outcome {
    let before = trial.stand().await?;
    let order = trial.order("1", 2)?;
    let first = before.issued(&order).await?;
    before.seat.close().await;
    let after = trial.stand_before(Arc::clone(&before.side)).await?;
    let second = after.issued(&order).await?;
    ensure(first == second, || "the repeat got other credentials".to_owned())?;
    after.booked_once()
}

async fn repeat_after_a_lost_answer_books_once(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    stand.lose_answers(true);
    failed("book", stand.seat.book(order.clone()).await)?;
    stand.lose_answers(false);
    stand.issued(&order).await?;
    stand.booked_once()
}

async fn other_contents_are_not_an_old_answer(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    stand.issued(&trial.order("1", 1)?).await?;
    match stand.seat.book(trial.order("1", 3)?).await {
        Ok(Booking::Issued { units, .. }) => {
            let numbers: Vec<u16> = units.iter().map(|unit| unit.unit).collect();
            fail(format!("one unit was booked; an order of three under its number is issued with units {numbers:?}"))
        }
        _ => stand.booked_once(),
    }
}

async fn booking_again_after_cancelling_sells_nothing(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    stand.issued(&order).await?;
    stand.given_back(&order, &whole(2), "k1").await?;
    if let Ok(answer) = stand.seat.book(order).await {
        let right = matches!(answer, Booking::Refused(_) | Booking::Issued { .. } | Booking::Pending { .. });
        ensure(right, || format!("`book` answers {answer:?}, which only an inquiry may"))?;
    }
    stand.booked_once()?;
    stand.gave_back("1", &whole(2))
}

async fn calls_at_once_get_their_own_answers(trial: Arc<Trial>) -> Outcome {
    const TOGETHER: usize = 64;
    let stand = Arc::new(trial.stand().await?);
    let mut tasks = Vec::new();
    for number in 1..=TOGETHER {
        let (stand, order) = (Arc::clone(&stand), trial.order(&format!("n{number}"), 1)?);
        tasks.push(tokio::spawn(async move { stand.issued(&order).await }));
    }
    let mut values = BTreeSet::new();
    for task in tasks {
        let units = joined(task).await??;
        values.extend(units.into_iter().flat_map(|unit| unit.credentials).map(|credential| credential.value));
    }
    ensure(values.len() == TOGETHER, || format!("{} different credentials for {TOGETHER} orders", values.len()))
}

async fn instances_do_not_see_each_other(trial: Arc<Trial>) -> Outcome {
    let (here, there) = (trial.stand().await?, trial.stand().await?);
    let order = trial.order("1", 1)?;
    here.issued(&order).await?;
    ensure(there.world.sent().is_empty(), || "a call came out of the other instance".to_owned())?;
    there.issued(&order).await?;
    let calls = there.world.sent().len();
    ensure(calls > 0, || "the other instance answered without asking its partner".to_owned())
}

async fn instances_keep_their_own_secrets(trial: Arc<Trial>) -> Outcome {
    let ours = trial.stand().await?;
    let (world, side) = (trial.world_of_another(), trial.other_side()?);
    world.set_now(ours.world.now());
    world.other_side(move |request| side.answer(request));
    let seat = trial.open(&world).await?;
    let order = trial.order("1", 1)?;
    ours.issued(&order).await?;
    // The partner may well refuse the other's secrets.
    let _ = seat.book(order).await;
    let (first, second) = (ours.world.sent(), world.sent());
    let said = |request: &HttpRequest| (request.url.clone(), request.headers.clone(), request.body.clone());
    let same = first.first().map(said) == second.first().map(said);
    ensure(!same, || "two instances with other secrets send the same".to_owned())?;
    let parts = second.into_iter().flat_map(|request| {
        let headers = request.headers.into_iter().map(|(_, value)| value);
        headers.chain(request.body).chain([request.url]).collect::<Vec<_>>()
    });
    keeps_quiet("a call of another instance", &parts.collect::<Vec<_>>(), &trial.secrets())
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
    not_done("a call while closing", &failed("a call while closing", stand.seat.book(order).await)?)?;
    stand.world.release();
    fine("the call at work", joined(booking).await?)?;
    if !ended {
        closing.await;
    }
    stand.booked_once()
}

async fn dropped_call_leaves_the_instance_well(trial: Arc<Trial>) -> Outcome {
    const DROPPED: usize = 70;
    let stand = Arc::new(trial.stand().await?);
    stand.world.hold();
    let mut tasks = Vec::new();
    for number in 1..=DROPPED {
        let (stand, order) = (Arc::clone(&stand), trial.order(&format!("d{number}"), 1)?);
        tasks.push(tokio::spawn(async move { stand.seat.book(order).await }));
    }
    stand.world.called(1).await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    stand.world.release();
    stand.issued(&trial.order("after", 1)?).await.map(|_| ())
}

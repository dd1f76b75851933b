//! Cancellations that the partner audits.

use std::sync::Arc;

use entrepot_contract::supplier::{Cancellation, Memo, SupplierOrder, Wait};

use super::booking::within_bounds;
use crate::ability::{audits, cancels};
use crate::side::Button;
use crate::stand::Stand;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, failed, fine, whole};

pub(crate) const CHECKS: &[Check] = checks! {
    audited_cancellation_waits if cancels, "while the partner audits, answer Cancellation::Waiting, never Done";
    audit_says_when_to_ask if cancels, "wait 100 to 3,600,000 ms: Wait::ms(60_000)";
    open_audit_stays_waiting if audits, "`inquire_cancel` answers Waiting until the partner decides";
    agreed_audit_is_done if audits, "`inquire_cancel` answers Done when the partner agreed";
    refused_audit_is_refused if audits, "`inquire_cancel` answers Refused when the partner did not agree";
    audit_is_found_after_a_restart if audits, "what an inquiry needs stands in the memo, not in memory";
    cancellation_that_nobody_asked_for_is_told_as_such if audits, "`inquire_cancel` answers NotAsked, and asks for nothing";
    lost_cancellation_is_found_by_asking if audits, "`inquire_cancel` finds without a memo what was done, by our number and key";
    asking_about_an_audit_gives_nothing_back if audits, "`inquire_cancel` asks: it cancels nothing";
    lost_answer_about_an_audit_is_no_answer if audits, "an answer that never came is a fault, never NotAsked or Refused";
};

async fn audited(trial: &Trial) -> Outcome<(Stand, SupplierOrder, Wait)> {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    stand.issued(&order).await?;
    stand.press(Button::Audit)?;
    match stand.given_back(&order, &whole(2), "k1").await? {
        Cancellation::Waiting(wait) => Ok((stand, order, wait)),
        other => fail(format!("the partner audits it; the answer is {other:?}")),
    }
}

async fn asked(stand: &Stand, order: &SupplierOrder, memo: Option<Memo>) -> Outcome<Cancellation> {
    fine("inquire_cancel", stand.seat.inquire_cancel(order.clone(), &whole(2), "k1", memo).await)
}

fn decided(agreed: bool) -> Button {
    Button::Decide { order: "1".to_owned(), agreed }
}

async fn audited_cancellation_waits(trial: Arc<Trial>) -> Outcome {
    audited(&trial).await.map(|_| ())
}

async fn audit_says_when_to_ask(trial: Arc<Trial>) -> Outcome {
    let (_, _, wait) = audited(&trial).await?;
    within_bounds(&wait)
}

async fn open_audit_stays_waiting(trial: Arc<Trial>) -> Outcome {
    let (stand, order, wait) = audited(&trial).await?;
    let told = asked(&stand, &order, wait.memo).await?;
    ensure(matches!(told, Cancellation::Waiting(_)), || format!("nobody decided; it says {told:?}"))
}

async fn agreed_audit_is_done(trial: Arc<Trial>) -> Outcome {
    let (stand, order, wait) = audited(&trial).await?;
    stand.press(decided(true))?;
    let told = asked(&stand, &order, wait.memo).await?;
    ensure(matches!(told, Cancellation::Done { .. }), || format!("the partner agreed; it says {told:?}"))?;
    stand.gave_back("1", &whole(2))
}

async fn refused_audit_is_refused(trial: Arc<Trial>) -> Outcome {
    let (stand, order, wait) = audited(&trial).await?;
    stand.press(decided(false))?;
    let told = asked(&stand, &order, wait.memo).await?;
    ensure(matches!(told, Cancellation::Refused(_)), || format!("the partner did not agree; it says {told:?}"))?;
    stand.gave_back("1", &[])
}

async fn audit_is_found_after_a_restart(trial: Arc<Trial>) -> Outcome {
    let (before, order, wait) = audited(&trial).await?;
    before.press(decided(true))?;
    before.seat.close().await;
    let after = trial.stand_before(Arc::clone(&before.side)).await?;
    let told = asked(&after, &order, wait.memo).await?;
    ensure(matches!(told, Cancellation::Done { .. }), || format!("the partner agreed; it says {told:?}"))
}

async fn cancellation_that_nobody_asked_for_is_told_as_such(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    stand.issued(&order).await?;
    let told = asked(&stand, &order, None).await?;
    ensure(told == Cancellation::NotAsked, || format!("nobody asked; it says {told:?}"))
}

async fn lost_cancellation_is_found_by_asking(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    stand.issued(&order).await?;
    cancel_unheard(&stand, &order).await?;
    let told = asked(&stand, &order, None).await?;
    let found = matches!(told, Cancellation::Done { .. } | Cancellation::Waiting(_));
    ensure(found, || format!("the units went back; it says {told:?}"))?;
    stand.gave_back("1", &whole(2))
}

/// Cancels, and loses the answers of calls that act, until the partner has the units back.
async fn cancel_unheard(stand: &Stand, order: &SupplierOrder) -> Outcome {
    let before = stand.side.cancelled("1");
    let (side, watched) = (Arc::clone(&stand.side), before.clone());
    stand.world.other_side(move |request| {
        let answer = side.answer(request);
        if side.cancelled("1") == watched { answer } else { Err(crate::stand::lost()) }
    });
    failed("cancel", stand.seat.cancel(order.clone(), &whole(2), "k1").await)?;
    stand.answer_well();
    ensure(stand.side.cancelled("1") != before, || "the cancellation never reached the partner".to_owned())
}

async fn asking_about_an_audit_gives_nothing_back(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    stand.issued(&order).await?;
    for _ in 0..3 {
        // What it answers is another check's question.
        let _ = stand.seat.inquire_cancel(order.clone(), &whole(2), "k1", None).await;
    }
    stand.gave_back("1", &[])
}

async fn lost_answer_about_an_audit_is_no_answer(trial: Arc<Trial>) -> Outcome {
    let (stand, order, wait) = audited(&trial).await?;
    stand.lose_answers(true);
    let answer = stand.seat.inquire_cancel(order, &whole(2), "k1", wait.memo).await;
    failed("a question about an audit whose answer was lost", answer).map(|_| ())
}

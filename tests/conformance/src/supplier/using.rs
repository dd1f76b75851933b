//! What was used at the gate: totals, never increments.

use std::sync::Arc;

use entrepot_contract::supplier::{SupplierOrder, Usage, UsedUnits};

use crate::ability::{cancels_units, tells_use};
use crate::side::Button;
use crate::stand::Stand;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, failed, fine, trial_time};

pub(crate) const CHECKS: &[Check] = checks! {
    nothing_is_used_at_first if tells_use, "an order that nobody used has used 0 and gone 0, and has not ended";
    used_units_are_told if tells_use, "tell how many units were used, or which";
    use_is_told_as_a_total if tells_use, "tell all that was used since the order was made, not what is new";
    time_of_use_survives if tells_use, "read the partner's time in its own time zone (China: UTC+8)";
    returned_units_are_told_as_gone if |m| tells_use(m) && cancels_units(m), "tell units that were given back as gone, not as used";
    half_used_order_has_not_ended if tells_use, "`ended` says that nothing more will happen: never while units are left";
    use_of_a_stranger_is_no_answer if tells_use, "an order that the partner does not know is a fault, never \"nothing used\": used tickets would be refunded";
    lost_answer_about_use_is_no_answer if tells_use, "an answer that never came is a fault, never \"nothing used\"";
    asking_about_use_uses_nothing if tells_use, "`usage` asks: it marks nothing at the partner";
};

async fn booked(trial: &Trial, count: u16) -> Outcome<(Stand, SupplierOrder)> {
    let stand = trial.stand().await?;
    let order = trial.order("1", count)?;
    stand.issued(&order).await?;
    Ok((stand, order))
}

fn uses(stand: &Stand, units: &[u16]) -> Outcome {
    stand.press(Button::Use { order: "1".to_owned(), units: units.to_vec(), at: trial_time(&stand.world) })
}

/// Whether these are those units, or as many.
fn are(told: &UsedUnits, units: &[u16]) -> bool {
    match told {
        UsedUnits::Number { numbers } => numbers == units,
        UsedUnits::Count { count } => usize::from(*count) == units.len(),
        UsedUnits::Unknown => false,
    }
}

async fn told(stand: &Stand, order: &SupplierOrder) -> Outcome<Usage> {
    fine("usage", stand.usage(order).await)
}

async fn nothing_is_used_at_first(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 2).await?;
    let usage = told(&stand, &order).await?;
    let right = are(&usage.used, &[]) && are(&usage.gone, &[]) && !usage.ended;
    ensure(right, || format!("it says {usage:?}"))
}

async fn used_units_are_told(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 3).await?;
    uses(&stand, &[2])?;
    let usage = told(&stand, &order).await?;
    ensure(are(&usage.used, &[2]), || format!("unit 2 was used; it says {usage:?}"))
}

async fn use_is_told_as_a_total(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 3).await?;
    uses(&stand, &[1])?;
    told(&stand, &order).await?;
    let again = told(&stand, &order).await?;
    ensure(are(&again.used, &[1]), || format!("one unit was used; asked again, it says {again:?}"))?;
    uses(&stand, &[2])?;
    let later = told(&stand, &order).await?;
    ensure(are(&later.used, &[1, 2]), || format!("two units were used; it says {later:?}"))
}

async fn time_of_use_survives(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 2).await?;
    uses(&stand, &[1])?;
    let Some(at) = told(&stand, &order).await?.last_used_at else {
        return Err(crate::stand::lacks("when units were used"));
    };
    let right = at == trial_time(&stand.world);
    ensure(right, || format!("used at {}, told as {at}", trial_time(&stand.world)))
}

async fn returned_units_are_told_as_gone(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 3).await?;
    stand.given_back(&order, &[2], "k1").await?;
    let usage = told(&stand, &order).await?;
    let right = are(&usage.gone, &[2]) && are(&usage.used, &[]);
    ensure(right, || format!("unit 2 was given back; it says {usage:?}"))
}

async fn half_used_order_has_not_ended(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 2).await?;
    uses(&stand, &[1])?;
    let usage = told(&stand, &order).await?;
    ensure(!usage.ended, || "one of two units is left, and it says that the order ended".to_owned())
}

async fn use_of_a_stranger_is_no_answer(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    failed("usage of an order that nobody booked", stand.usage(&trial.order("404", 2)?).await).map(|_| ())
}

async fn lost_answer_about_use_is_no_answer(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 2).await?;
    stand.lose_answers(true);
    failed("usage whose answer was lost", stand.usage(&order).await).map(|_| ())
}

async fn asking_about_use_uses_nothing(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 2).await?;
    let before = (stand.side.booked(), stand.side.cancelled("1"));
    for _ in 0..20 {
        let usage = told(&stand, &order).await?;
        ensure(are(&usage.used, &[]), || format!("nobody used anything; it says {usage:?}"))?;
    }
    let after = (stand.side.booked(), stand.side.cancelled("1"));
    ensure(before == after, || "the partner's books are not as they were".to_owned())
}

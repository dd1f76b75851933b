//! Giving units back.

use std::sync::Arc;

use entrepot_contract::fault::Effect;
use entrepot_contract::money::Money;
use entrepot_contract::supplier::Cancellation;

use crate::ability::{cancels, cancels_once, cancels_units, tells_use};
use crate::side::Button;
use crate::stand::without;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, failed, fine, trial_time, whole};

pub(crate) const CHECKS: &[Check] = checks! {
    cancelling_gives_all_units_back if cancels, "a cancellation of all units gives all of them back";
    cancelling_units_gives_those_back if cancels_units, "a cancellation names the units that go: no others";
    two_parts_are_two_cancellations if cancels_units, "each cancellation has its own key at the partner";
    rest_after_a_part_ends_the_order if cancels_units, "order.is_rest(&units) says whether the order ends with them";
    same_key_cancels_once if cancels_once, "the cancellation's key goes to the partner: a repeat gets the first answer";
    same_key_after_a_restart_cancels_once if cancels_once, "nothing that a repeat needs may be kept in memory";
    lost_cancellation_repeats_once if cancels_once, "a repeat sends the same key as the call whose answer was lost";
    cancelling_a_stranger_gives_nothing_back if cancels, "an order that the partner does not know is refused, never Done";
    used_units_are_not_given_back if |m| cancels(m) && tells_use(m), "what was used is Cancellation::Refused, not a fault";
    cancelling_leaves_other_orders if cancels, "a cancellation names its order";
    fee_survives if cancels, "say what the partner keeps as a whole number of minor units, in its currency";
};

async fn cancelling_gives_all_units_back(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    stand.issued(&order).await?;
    stand.given_back(&order, &whole(2), "k1").await?;
    stand.gave_back("1", &whole(2))
}

async fn cancelling_units_gives_those_back(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 3)?;
    stand.issued(&order).await?;
    stand.given_back(&order, &[2], "k1").await?;
    stand.gave_back("1", &[2])
}

async fn two_parts_are_two_cancellations(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 3)?;
    stand.issued(&order).await?;
    stand.given_back(&order, &[1], "k1").await?;
    stand.given_back(&without(&order, &[1]), &[2], "k2").await?;
    stand.gave_back("1", &[1, 2])
}

async fn rest_after_a_part_ends_the_order(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 3)?;
    stand.issued(&order).await?;
    stand.given_back(&order, &[2], "k1").await?;
    stand.given_back(&without(&order, &[2]), &[1, 3], "k2").await?;
    stand.gave_back("1", &whole(3))
}

async fn same_key_cancels_once(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 3)?;
    stand.issued(&order).await?;
    let units: &[u16] = if cancels_units(&trial.manifest()) { &[1] } else { &[1, 2, 3] };
    let first = stand.given_back(&order, units, "k1").await?;
    let second = stand.given_back(&order, units, "k1").await?;
    ensure(first == second, || format!("{first:?} became {second:?}"))?;
    stand.gave_back("1", units)
}

async fn same_key_after_a_restart_cancels_once(trial: Arc<Trial>) -> Outcome {
    let before = trial.stand().await?;
    let order = trial.order("1", 2)?;
    before.issued(&order).await?;
    before.given_back(&order, &whole(2), "k1").await?;
    before.seat.close().await;
    let after = trial.stand_before(Arc::clone(&before.side)).await?;
    after.given_back(&order, &whole(2), "k1").await?;
    after.gave_back("1", &whole(2))
}

async fn lost_cancellation_repeats_once(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    stand.issued(&order).await?;
    stand.lose_answers(true);
    failed("cancel", stand.seat.cancel(order.clone(), &whole(2), "k1").await)?;
    stand.lose_answers(false);
    stand.given_back(&order, &whole(2), "k1").await?;
    stand.gave_back("1", &whole(2))
}

async fn cancelling_a_stranger_gives_nothing_back(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    match stand.seat.cancel(trial.order("404", 2)?, &whole(2), "k1").await {
        Ok(Cancellation::Refused(_)) => Ok(()),
        Err(fault) => ensure(fault.effect != Effect::Done, || format!("it says {fault}")),
        Ok(other) => fail(format!("an order that nobody booked is answered {other:?}")),
    }
}

async fn used_units_are_not_given_back(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    stand.issued(&order).await?;
    stand.press(Button::Use { order: "1".to_owned(), units: whole(2), at: trial_time(&stand.world) })?;
    let answer = fine("cancel", stand.seat.cancel(order, &whole(2), "k1").await)?;
    ensure(matches!(answer, Cancellation::Refused(_)), || format!("should be refused, is {answer:?}"))?;
    stand.gave_back("1", &[])
}

async fn cancelling_leaves_other_orders(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let (order, other) = (trial.order("1", 2)?, trial.order("2", 2)?);
    stand.issued(&order).await?;
    stand.issued(&other).await?;
    stand.given_back(&order, &whole(2), "k1").await?;
    stand.gave_back("2", &[])
}

async fn fee_survives(trial: Arc<Trial>) -> Outcome {
    let fee = Money::fen(4_294_967_297);
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    stand.issued(&order).await?;
    stand.press(Button::Charge { fee })?;
    match stand.given_back(&order, &whole(2), "k1").await? {
        Cancellation::Done { fee: told } => {
            ensure(told == Some(fee), || format!("{fee} was kept, the answer says {told:?}"))
        }
        other => fail(format!("should be done, is {other:?}")),
    }
}

//! Keeping units before they are sold.

use std::sync::Arc;

use entrepot_contract::services::Services as _;
use entrepot_contract::supplier::{Booking, Holding, SupplierOrder};
use entrepot_contract::time::Timestamp;

use crate::ability::{extends, holds, inquires, longest_hold_ms};
use crate::side::Button;
use crate::stand::Stand;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, failed, fine, not_run, unknown};

pub(crate) const CHECKS: &[Check] = checks! {
    hold_is_granted_until_then if holds, "answer Held with the instant until when the partner keeps the units";
    hold_is_no_longer_than_declared if holds, "the card's longest_ms is what the partner really grants";
    holding_books_nothing if holds, "a hold is no sale: only `book` books";
    same_hold_is_one_hold if holds, "our order number is the key of the hold, too: a repeat finds it";
    later_instant_extends_the_hold if extends, "a repeat with a later instant makes the same hold longer";
    booking_confirms_the_hold if holds, "`book` of a held order confirms the hold: it does not sell twice";
    hold_of_a_booked_order_says_so if holds, "`hold` after `book` answers Booked";
    inquiry_finds_the_hold if |m| holds(m) && inquires(m), "a hold that was not confirmed is Booking::Held";
    released_hold_is_gone if |m| holds(m) && inquires(m), "what was released is held no more, and can be booked again";
    releasing_again_is_well if holds, "`release` is well when nothing is held any more";
    expired_hold_is_not_held if |m| holds(m) && inquires(m), "what ended by itself is NotFound or Cancelled, never Held";
    lost_hold_is_unknown if holds, "a hold whose answer never came is a fault with unknown effect";
    refused_hold_is_an_answer if holds, "a certain no is Holding::Refused, not a fault";
};

fn in_ten_minutes(stand: &Stand) -> Timestamp {
    stand.world.now().plus_millis(600_000)
}

async fn held(trial: &Trial) -> Outcome<(Stand, SupplierOrder, Timestamp)> {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    let longest = longest_hold_ms(&trial.manifest());
    let asked = in_ten_minutes(&stand).min(stand.world.now().plus_millis(longest));
    match fine("hold", stand.hold(&order, asked).await)? {
        Holding::Held { until, .. } => Ok((stand, order, until)),
        other => fail(format!("should be held, is {other:?}")),
    }
}

async fn hold_is_granted_until_then(trial: Arc<Trial>) -> Outcome {
    let (stand, _, until) = held(&trial).await?;
    let (now, asked) = (stand.world.now(), in_ten_minutes(&stand));
    // Partners tell whole seconds.
    let right = until.since(now) > 0 && until.since(asked) < 1_000;
    ensure(right, || format!("asked at {now} until {asked}, granted until {until}"))
}

async fn hold_is_no_longer_than_declared(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let longest = longest_hold_ms(&trial.manifest());
    let asked = stand.world.now().plus_millis(longest.saturating_mul(2));
    match fine("hold", stand.hold(&trial.order("1", 1)?, asked).await)? {
        Holding::Held { until, .. } => {
            let granted = until.since(stand.world.now());
            ensure(granted < longest + 1_000, || format!("{longest} ms are declared, {granted} ms were granted"))
        }
        Holding::Refused(_) => Ok(()),
        other => fail(format!("should be held, is {other:?}")),
    }
}

async fn holding_books_nothing(trial: Arc<Trial>) -> Outcome {
    let (stand, ..) = held(&trial).await?;
    stand.booked_nothing()
}

async fn same_hold_is_one_hold(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 2)?;
    let until = stand.world.now().plus_millis(longest_hold_ms(&trial.manifest()).min(600_000));
    let mut references = Vec::new();
    for _ in 0..2 {
        match fine("hold", stand.hold(&order, until).await)? {
            Holding::Held { reference, .. } => references.push(reference),
            other => return fail(format!("should be held, is {other:?}")),
        }
    }
    ensure(references[0] == references[1], || format!("held as {:?} and as {:?}", references[0], references[1]))
}

async fn later_instant_extends_the_hold(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = trial.order("1", 1)?;
    let short = stand.world.now().plus_millis(longest_hold_ms(&trial.manifest()) / 4);
    let long = stand.world.now().plus_millis(longest_hold_ms(&trial.manifest()) / 2);
    let mut granted = Vec::new();
    for until in [short, long] {
        match fine("hold", stand.hold(&order, until).await)? {
            Holding::Held { until, .. } => granted.push(until),
            other => return fail(format!("should be held, is {other:?}")),
        }
    }
    ensure(granted[1] > granted[0], || format!("held until {}, then until {}", granted[0], granted[1]))
}

async fn booking_confirms_the_hold(trial: Arc<Trial>) -> Outcome {
    let (stand, order, _) = held(&trial).await?;
    stand.issued(&order).await?;
    stand.booked_once()?;
    if inquires(&trial.manifest()) {
        let found = fine("inquire", stand.seat.inquire(order).await)?;
        ensure(matches!(found, Booking::Issued { .. }), || format!("should be issued, is {found:?}"))?;
    }
    Ok(())
}

async fn hold_of_a_booked_order_says_so(trial: Arc<Trial>) -> Outcome {
    let (stand, order, until) = held(&trial).await?;
    stand.issued(&order).await?;
    let told = fine("hold", stand.hold(&order, until).await)?;
    ensure(told == Holding::Booked, || format!("should be booked, is {told:?}"))
}

async fn inquiry_finds_the_hold(trial: Arc<Trial>) -> Outcome {
    let (stand, order, granted) = held(&trial).await?;
    match fine("inquire", stand.seat.inquire(order).await)? {
        Booking::Held { until } => ensure(until == granted, || format!("held until {granted}, told until {until}")),
        other => fail(format!("should be held, is {other:?}")),
    }
}

async fn released_hold_is_gone(trial: Arc<Trial>) -> Outcome {
    let (stand, order, _) = held(&trial).await?;
    fine("release", stand.release(&order).await)?;
    let found = fine("inquire", stand.seat.inquire(order).await)?;
    let right = matches!(found, Booking::NotFound | Booking::Cancelled);
    ensure(right, || format!("should be gone, is {found:?}"))?;
    stand.booked_nothing()
}

async fn releasing_again_is_well(trial: Arc<Trial>) -> Outcome {
    let (stand, order, _) = held(&trial).await?;
    fine("release", stand.release(&order).await)?;
    fine("release again", stand.release(&order).await)?;
    fine("release of what nobody held", stand.release(&trial.order("404", 1)?).await)
}

async fn expired_hold_is_not_held(trial: Arc<Trial>) -> Outcome {
    let (stand, order, _) = held(&trial).await?;
    stand.press(Button::Expire { order: "1".to_owned() })?;
    let found = fine("inquire", stand.seat.inquire(order).await)?;
    let right = matches!(found, Booking::NotFound | Booking::Cancelled);
    ensure(right, || format!("should be gone, is {found:?}"))
}

async fn lost_hold_is_unknown(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let until = in_ten_minutes(&stand);
    stand.lose_answers(true);
    unknown("hold", &failed("hold", stand.hold(&trial.order("1", 1)?, until).await)?)
}

async fn refused_hold_is_an_answer(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let Some(product_code) = trial.supplier_side()?.refused_product.clone() else {
        return not_run("it needs a product that is refused: refused_product of a check file");
    };
    let order = SupplierOrder { product_code, ..trial.order("1", 1)? };
    let told = fine("hold", stand.hold(&order, in_ten_minutes(&stand)).await)?;
    ensure(matches!(told, Holding::Refused(_)), || format!("should be refused, is {told:?}"))
}

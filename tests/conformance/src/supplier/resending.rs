//! Tickets shown again.

use std::sync::Arc;

use entrepot_contract::fault::Effect;
use entrepot_contract::supplier::{ResendWay, Resent, SupplierOrder, credentials_fit};

use crate::ability::{cancels_units, resends, sends_messages, shows_again};
use crate::stand::{Stand, without};
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, failed, fine, unknown};

pub(crate) const CHECKS: &[Check] = checks! {
    resent_message_is_said_to_be_sent if sends_messages, "answer Sent once the partner took it";
    credentials_shown_again_fit_the_order if shows_again, "show each unit that is left, and none is empty";
    units_that_are_gone_are_not_shown_again if |m| shows_again(m) && cancels_units(m), "leave out what was given back";
    resending_books_nothing if resends, "`resend` shows what is there: it sells nothing and gives nothing back";
    resending_a_stranger_is_refused if resends, "an order that the partner does not know is refused, never sent";
    lost_resend_is_unknown if sends_messages, "a message whose answer never came may have been sent: the effect is unknown";
};

async fn booked(trial: &Trial, count: u16) -> Outcome<(Stand, SupplierOrder)> {
    let stand = trial.stand().await?;
    let order = trial.order("1", count)?;
    stand.issued(&order).await?;
    Ok((stand, order))
}

async fn resent_message_is_said_to_be_sent(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 2).await?;
    let told = fine("resend", stand.resend(&order, ResendWay::Message, "k1").await)?;
    ensure(told == Resent::Sent, || format!("should be sent, is {told:?}"))
}

async fn shown(stand: &Stand, order: &SupplierOrder) -> Outcome {
    match fine("resend", stand.resend(order, ResendWay::Credentials, "k1").await)? {
        Resent::Credentials { units } => {
            let told: Vec<u16> = units.iter().map(|unit| unit.unit).collect();
            ensure(credentials_fit(order, &units), || format!("credentials of units {told:?} do not fit"))?;
            let gone = order.units.iter().find(|unit| unit.gone && told.contains(&unit.number));
            ensure(gone.is_none(), || "a unit that was given back is shown".to_owned())
        }
        other => fail(format!("should be credentials, is {other:?}")),
    }
}

async fn credentials_shown_again_fit_the_order(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 3).await?;
    shown(&stand, &order).await
}

async fn units_that_are_gone_are_not_shown_again(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 3).await?;
    stand.given_back(&order, &[2], "k1").await?;
    shown(&stand, &without(&order, &[2])).await
}

fn ways(trial: &Trial) -> Vec<ResendWay> {
    let supplier = trial.manifest().capabilities.supplier.unwrap_or_default();
    supplier.calls().map(|calls| calls.resend.clone()).unwrap_or_default()
}

async fn resending_books_nothing(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 2).await?;
    let before = (stand.side.booked(), stand.side.cancelled("1"));
    for how in ways(&trial) {
        fine("resend", stand.resend(&order, how, "k1").await)?;
    }
    let after = (stand.side.booked(), stand.side.cancelled("1"));
    ensure(before == after, || "the partner's books are not as they were".to_owned())
}

async fn resending_a_stranger_is_refused(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    for how in ways(&trial) {
        match stand.resend(&trial.order("404", 1)?, how, "k1").await {
            Ok(Resent::Refused(_)) => {}
            Err(fault) => ensure(fault.effect != Effect::Done, || format!("it says {fault}"))?,
            Ok(other) => return fail(format!("an order that nobody booked is answered {other:?}")),
        }
    }
    Ok(())
}

async fn lost_resend_is_unknown(trial: Arc<Trial>) -> Outcome {
    let (stand, order) = booked(&trial, 2).await?;
    stand.lose_answers(true);
    unknown("resend", &failed("resend", stand.resend(&order, ResendWay::Message, "k1").await)?)
}

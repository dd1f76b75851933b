//! Selling, and what survives on the way to the partner.

use std::sync::Arc;

use entrepot_contract::fault::{Effect, Fault};
use entrepot_contract::money::{Currency, Money};
use entrepot_contract::order::{GuestField, Visit};
use entrepot_contract::outcome::Reason;
use entrepot_contract::supplier::{Booking, SupplierOrder, Wait};
use entrepot_contract::time::VisitDate;

use crate::ability::{books, has_units_limit, inquires, units_limit};
use crate::side::Button;
use crate::stand::{Stand, lacks};
use crate::suite::{Check, Outcome, checks};
use crate::trial::{DATE, Trial, date, ensure, fail, fine, keeps_quiet, not_done, not_run, whole};

pub(crate) const CHECKS: &[Check] = checks! {
    booking_fills_each_unit if books, "an issued booking has one entry for each unit, by its number, and none is empty";
    booking_reaches_the_partner_unchanged if books, "send order number, product and units as they are";
    odd_order_numbers_survive if books, "escape the order number where it stands in a URL (http::segment) or a body";
    long_order_numbers_survive if books, "an order number has up to 128 bytes: send it whole, or refuse it as Invalid before sending";
    dates_of_visit_survive if books, "a date of visit is the venue's: send it as it is, without a time zone";
    money_owed_survives if books, "money is a whole number of minor units of 64 bits: never a float, never 32 bits";
    another_currency_is_not_taken_for_ours if books, "refuse as Invalid what the partner cannot be told in its currency";
    slot_survives if books, "send the slot's id as the calendar told it";
    refusal_is_an_answer if books, "a certain no is Booking::Refused, not a fault, and books nothing";
    refusal_says_why if books, "give a refusal the partner's reason as text, without guests' data";
    sold_out_is_said_as_such if books, "refuse with Reason::SoldOut where nothing is left: routing and channels act on it";
    order_at_its_limit_is_booked if has_units_limit, "the card's units_limit is what really can be booked";
    order_without_a_date_ends_clearly if books, "book it, refuse it, or say Invalid before sending";
    order_without_guests_ends_clearly if books, "book it, refuse it, or say Invalid before sending";
    sealed_guests_are_not_sent_as_names if books, "use GuestField::plain(): a sealed field is no name";
    pending_booking_is_issued_later if |m| books(m) && inquires(m), "answer Pending while credentials are missing, and Issued when inquiry finds them";
    pending_booking_says_when_to_ask if books, "wait 100 to 3,600,000 ms: Wait::ms(2_000)";
    pending_booking_is_not_booked_again if |m| crate::ability::books_once(m), "a repeat of a pending booking finds it";
};

async fn booking_fills_each_unit(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let units = stand.issued(&trial.order("1", 3)?).await?;
    let numbers: Vec<u16> = units.iter().map(|unit| unit.unit).collect();
    ensure(numbers == whole(3), || format!("units should be 1, 2, 3, are {numbers:?}"))?;
    let full = units.iter().all(|unit| unit.credentials.iter().any(|credential| !credential.value.is_empty()));
    ensure(full, || "a unit has no credential".to_owned())
}

async fn booking_reaches_the_partner_unchanged(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    stand.issued(&trial.order("9007199254740993001", 2)?).await?;
    let booked = stand.side.booked();
    let [booked] = booked.as_slice() else {
        return fail(format!("one booking should have arrived, {} did", booked.len()));
    };
    let right = booked.order == "9007199254740993001" && booked.count == 2;
    let right = right && booked.product == trial.supplier_side()?.product;
    ensure(right, || format!("arrived as {booked:?}"))
}

async fn odd_order_numbers_survive(trial: Arc<Trial>) -> Outcome {
    const ODD: &str = "a/b?c=d&e#f%20+中<\"'";
    let stand = trial.stand().await?;
    let order = trial.order(ODD, 1)?;
    stand.issued(&order).await?;
    let booked = stand.side.booked();
    ensure(booked.len() == 1 && booked[0].order == ODD, || format!("arrived as {booked:?}"))?;
    if inquires(&trial.manifest()) {
        let found = fine("inquire", stand.seat.inquire(order).await)?;
        ensure(matches!(found, Booking::Issued { .. }), || format!("inquiry answers {found:?}"))?;
    }
    Ok(())
}

async fn long_order_numbers_survive(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let long = "9".repeat(128);
    let order = trial.order(&long, 1)?;
    booked_or_nothing(&stand, order, "an order number of 128 bytes", |stand| {
        let booked = stand.side.booked();
        ensure(booked.iter().all(|booked| booked.order == long), || format!("arrived as {booked:?}"))
    })
    .await
}

/// Books; then `right` has to hold. A refusal and a fault that is certainly without effect have to have booked nothing.
async fn booked_or_nothing(
    stand: &Stand,
    order: SupplierOrder,
    what: &str,
    right: impl FnOnce(&Stand) -> Outcome,
) -> Outcome {
    match stand.seat.book(order).await {
        Ok(Booking::Issued { .. } | Booking::Pending { .. }) => {
            stand.booked_once()?;
            right(stand)
        }
        Ok(Booking::Refused(_)) => stand.booked_nothing(),
        Ok(other) => fail(format!("{what} is answered {other:?}")),
        Err(fault) => {
            not_done(what, &fault)?;
            stand.booked_nothing()
        }
    }
}

async fn dates_of_visit_survive(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    for (number, text) in [DATE, "2026-12-31", "2027-01-01", "2028-02-29", "2027-03-28"].into_iter().enumerate() {
        let arrive: VisitDate = date(text)?;
        let visit = Some(Visit { arrive, leave: arrive });
        let order = SupplierOrder { visit, ..trial.order(&format!("d{number}"), 1)? };
        stand.issued(&order).await?;
        let booked = stand.side.booked().into_iter().find(|booked| booked.order == order.order.as_str());
        let Some(told) = booked.and_then(|booked| booked.date) else { return Err(lacks("dates")) };
        ensure(told == text, || format!("the date {text} arrived as {told}"))?;
    }
    Ok(())
}

async fn money_owed_survives(trial: Arc<Trial>) -> Outcome {
    for minor in [1, 99, 8_000, 4_294_967_297, 9_007_199_254_740_993] {
        let stand = trial.stand().await?;
        let cost = Money::fen(minor);
        let order = SupplierOrder { unit_cost: Some(cost), ..trial.order("1", 1)? };
        let mut told = true;
        booked_or_nothing(&stand, order, &format!("a cost of {cost}"), |stand| {
            let arrived = stand.side.booked()[0].cost;
            told = arrived.is_some();
            ensure(arrived.is_none_or(|arrived| arrived == cost), || format!("{cost} arrived as {arrived:?}"))
        })
        .await?;
        if !told {
            return Err(lacks("costs"));
        }
    }
    Ok(())
}

async fn another_currency_is_not_taken_for_ours(trial: Arc<Trial>) -> Outcome {
    let dollars = Currency::parse("USD").ok_or_else(|| "no dollars".to_owned())?;
    let stand = trial.stand().await?;
    let cost = Money::new(8_000, dollars);
    let order = SupplierOrder { unit_cost: Some(cost), ..trial.order("1", 1)? };
    booked_or_nothing(&stand, order, "a cost in dollars", |stand| {
        let arrived = stand.side.booked()[0].cost;
        ensure(arrived.is_none_or(|arrived| arrived == cost), || format!("{cost} arrived as {arrived:?}"))
    })
    .await
}

async fn slot_survives(trial: Arc<Trial>) -> Outcome {
    const SLOT: &str = "09:00-10:30";
    let stand = trial.stand().await?;
    let order = SupplierOrder { slot: Some(SLOT.to_owned()), ..trial.order("1", 1)? };
    stand.issued(&order).await?;
    let Some(told) = stand.side.booked()[0].slot.clone() else { return Err(lacks("slots")) };
    ensure(told == SLOT, || format!("the slot {SLOT} arrived as {told}"))
}

async fn refused(trial: &Trial) -> Outcome<(Stand, Booking)> {
    let stand = trial.stand().await?;
    let Some(product) = trial.supplier_side()?.refused_product.clone() else {
        return not_run("it needs a product that is refused: refused_product of a check file");
    };
    let order = SupplierOrder { product_code: product, ..trial.order("1", 1)? };
    let booking = fine("book", stand.seat.book(order).await)?;
    Ok((stand, booking))
}

async fn refusal_is_an_answer(trial: Arc<Trial>) -> Outcome {
    let (stand, booking) = refused(&trial).await?;
    ensure(matches!(booking, Booking::Refused(_)), || format!("should be refused, is {booking:?}"))?;
    stand.booked_nothing()
}

async fn refusal_says_why(trial: Arc<Trial>) -> Outcome {
    let (_, booking) = refused(&trial).await?;
    let Booking::Refused(refusal) = booking else { return fail(format!("should be refused, is {booking:?}")) };
    ensure(!refusal.text.trim().is_empty(), || "the refusal has no text".to_owned())?;
    keeps_quiet("the refusal", &[refusal.text], &trial.private())
}

async fn sold_out_is_said_as_such(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    stand.press(Button::SellOut)?;
    match fine("book", stand.seat.book(trial.order("1", 1)?).await)? {
        Booking::Refused(refusal) => {
            let right = refusal.reason == Reason::SoldOut;
            ensure(right, || format!("should be sold out, is {:?}", refusal.reason))
        }
        other => fail(format!("should be refused, is {other:?}")),
    }
}

async fn order_at_its_limit_is_booked(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let limit = units_limit(&trial.manifest()).unwrap_or(1);
    let units = stand.issued(&trial.order("1", limit)?).await?;
    ensure(units.len() == usize::from(limit), || format!("{} of {limit} units", units.len()))
}

async fn order_without_a_date_ends_clearly(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let order = SupplierOrder { visit: None, ..trial.order("1", 1)? };
    booked_or_nothing(&stand, order, "an order without a date", |_| Ok(())).await
}

async fn order_without_guests_ends_clearly(trial: Arc<Trial>) -> Outcome {
    let stand = trial.stand().await?;
    let mut order = SupplierOrder { buyer: None, ..trial.order("1", 2)? };
    order.units.iter_mut().for_each(|unit| unit.guests.clear());
    booked_or_nothing(&stand, order, "an order without guests", |_| Ok(())).await
}

async fn sealed_guests_are_not_sent_as_names(trial: Arc<Trial>) -> Outcome {
    const SEALED: &str = "c2VhbGVkLWJ5LWEtY2hhbm5lbA";
    let stand = trial.stand().await?;
    let mut order = trial.order("1", 1)?;
    let guests = order.units.iter_mut().flat_map(|unit| &mut unit.guests).chain(&mut order.buyer);
    for guest in guests {
        let sealed = || Some(GuestField::Sealed(SEALED.to_owned()));
        (guest.name, guest.phone) = (sealed(), sealed());
    }
    booked_or_nothing(&stand, order, "an order with sealed guests", |_| Ok(())).await?;
    let sent = stand.world.sent().into_iter().filter_map(|request| request.body).collect::<Vec<_>>();
    keeps_quiet("a call to the partner", &sent, &[SEALED])
}

async fn delayed(trial: &Trial) -> Outcome<(Stand, SupplierOrder, Wait)> {
    let stand = trial.stand().await?;
    stand.press(Button::Delay)?;
    let order = trial.order("1", 2)?;
    match fine("book", stand.seat.book(order.clone()).await)? {
        Booking::Pending { wait, .. } => Ok((stand, order, wait)),
        other => fail(format!("should be pending, is {other:?}")),
    }
}

async fn pending_booking_is_issued_later(trial: Arc<Trial>) -> Outcome {
    let (stand, order, wait) = delayed(&trial).await?;
    stand.press(Button::Issue { order: "1".to_owned() })?;
    match fine("inquire", stand.inquire_with(&order, wait.memo).await)? {
        Booking::Issued { units, .. } => ensure(units.len() == 2, || format!("{} of 2 units", units.len()))?,
        other => return fail(format!("should be issued, is {other:?}")),
    }
    stand.booked_once()
}

async fn pending_booking_says_when_to_ask(trial: Arc<Trial>) -> Outcome {
    let (_, _, wait) = delayed(&trial).await?;
    within_bounds(&wait)
}

pub(crate) fn within_bounds(wait: &Wait) -> Outcome {
    let right = wait.ask_after_ms.is_none_or(|ms| (100..=3_600_000).contains(&ms));
    ensure(right, || format!("it asks to wait {:?} ms", wait.ask_after_ms))
}

async fn pending_booking_is_not_booked_again(trial: Arc<Trial>) -> Outcome {
    let (stand, order, _) = delayed(&trial).await?;
    let again: Result<Booking, Fault> = stand.seat.book(order).await;
    match again {
        Ok(Booking::Pending { .. } | Booking::Issued { .. }) => stand.booked_once(),
        Ok(other) => fail(format!("the repeat is answered {other:?}")),
        Err(fault) => ensure(fault.effect == Effect::Unknown, || format!("the repeat says {fault}")),
    }
}

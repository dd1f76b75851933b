//! Booking, repeating, inquiring and cancelling.

use entrepot_sdk::contract::capability::Fulfils;
use entrepot_sdk::contract::fault::{Fault, FaultKind};
use entrepot_sdk::contract::message::{Request, Response};
use entrepot_sdk::contract::money::{Currency, Money};
use entrepot_sdk::contract::order::{GuestField, Visit};
use entrepot_sdk::contract::outcome::Reason;
use entrepot_sdk::contract::services::{HttpRequest, HttpResponse};
use entrepot_sdk::contract::supplier::{Booking, Cancellation, SupplierOrder, SupplierRequest, SupplierResponse, Wait};
use serde_json::{Value, json};

use super::change::{booking, cancellation, is, no, on_fault, order_of, renumber, says, unclear, units};
use crate::spoilt::{Answer, Defect, Place, Received, defect_table};

pub(super) const DEFECTS: &[Defect] = defect_table! {
    loses_a_unit breaks booking_fills_each_unit: Answered(|_, answer, _| {
        units(answer).map(Vec::pop);
    });
    books_one breaks booking_reaches_the_partner_unchanged: Asked(|_, asked, _| {
        order_of(asked, "book").into_iter().for_each(|order| order.units.truncate(1));
    });
    plain_numbers breaks odd_order_numbers_survive: Asked(|_, asked, _| {
        let plain = |order: &mut SupplierOrder| {
            let plain: String = order.order.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
            renumber(order, &plain);
        };
        super::change::order(asked).into_iter().for_each(plain);
    });
    short_numbers breaks long_order_numbers_survive: Asked(|_, asked, _| {
        let short = |order: &mut SupplierOrder| {
            let short: String = order.order.as_str().chars().take(64).collect();
            renumber(order, &short);
        };
        super::change::order(asked).into_iter().for_each(short);
    });
    next_day breaks dates_of_visit_survive: Asked(|_, asked, _| {
        let tomorrow = |visit: &mut Visit| visit.arrive = visit.arrive.plus_days(1).unwrap_or(visit.arrive);
        order_of(asked, "book").and_then(|order| order.visit.as_mut()).into_iter().for_each(tomorrow);
    });
    money_of_32_bits breaks money_owed_survives: Asked(|_, asked, _| {
        let cut = |cost: &mut Money| cost.amount_minor = i64::from(cost.amount_minor as i32);
        order_of(asked, "book").and_then(|order| order.unit_cost.as_mut()).into_iter().for_each(cut);
    });
    all_money_is_ours breaks another_currency_is_not_taken_for_ours: Asked(|_, asked, _| {
        let ours = |cost: &mut Money| cost.currency = Currency::CNY;
        order_of(asked, "book").and_then(|order| order.unit_cost.as_mut()).into_iter().for_each(ours);
    });
    slot_by_its_begin breaks slot_survives: Asked(|_, asked, _| {
        order_of(asked, "book").and_then(|order| order.slot.as_mut()).into_iter().for_each(|slot| slot.truncate(5));
    });
    refusal_as_a_fault breaks refusal_is_an_answer: Answered(|_, answer, _| {
        if matches!(booking(answer), Some(Booking::Refused(_))) {
            *answer = Err(Fault::not_done(FaultKind::Refused, "no"));
        }
    });
    wordless_refusal breaks refusal_says_why: Answered(|_, answer, _| {
        if let Some(Booking::Refused(refusal)) = booking(answer) {
            refusal.text.clear();
        }
    });
    refuses_without_reason breaks sold_out_is_said_as_such: Answered(|_, answer, _| {
        if let Some(Booking::Refused(refusal)) = booking(answer) {
            refusal.reason = Reason::Other;
        }
    });
    boasts_of_its_limit breaks order_at_its_limit_is_booked: Card(|card, _| {
        if let Some(Fulfils::Calls(calls)) = card.capabilities.supplier.as_mut().map(|supplier| &mut supplier.fulfils) {
            calls.book.units_limit = Some(51);
        }
    });
    unclear_without_a_date breaks order_without_a_date_ends_clearly: Answered(|asked, answer, _| {
        if matches!(asked, Request::Supplier(SupplierRequest::Book { order }) if order.visit.is_none()) {
            *answer = unclear();
        }
    });
    panics_without_guests breaks order_without_guests_ends_clearly: Asked(|_, asked, _| {
        let guests = order_of(asked, "book").map_or(1, |order| order.guests().count());
        assert!(guests > 0, "somebody has to come");
    });
    sealed_as_plain breaks sealed_guests_are_not_sent_as_names: Asked(|_, asked, _| {
        let guests = order_of(asked, "book").into_iter().flat_map(|order| &mut order.units).flat_map(|it| &mut it.guests);
        for guest in guests {
            if let Some(GuestField::Sealed(text)) = &guest.name {
                guest.name = Some(GuestField::Plain(text.clone()));
            }
        }
    });
    pending_for_ever breaks pending_booking_is_issued_later: Answered(|asked, answer, _| {
        if is(asked, "inquire") {
            *answer = says(Booking::Pending { reference: None, wait: Wait::ms(1_000) });
        }
    });
    asks_at_once breaks pending_booking_says_when_to_ask: Answered(|_, answer, _| {
        if let Some(Booking::Pending { wait, .. }) = booking(answer) {
            *wait = Wait::ms(5);
        }
    });
    books_pending_again breaks pending_booking_is_not_booked_again: Asked(new_number_each_time);

    books_each_time breaks same_order_books_once: Asked(new_number_each_time);
    races breaks same_order_at_once_books_once: Asked(new_number_each_time);
    forgets_at_a_restart breaks same_order_after_a_restart_books_once: Asked(|_, asked, place| {
        if let Some(order) = order_of(asked, "book").filter(|_| place.instance > 0) {
            renumber(order, &format!("{}-{}", order.order, place.instance));
        }
    });
    new_key_after_a_loss breaks repeat_after_a_lost_answer_books_once: Asked(new_number_each_time);
    answers_from_memory breaks other_contents_are_not_an_old_answer: Instead(the_first_booking);
    tells_book_of_the_end breaks booking_again_after_cancelling_sells_nothing: Answered(|asked, answer, _| {
        if is(asked, "book") && matches!(booking(answer), Some(Booking::Refused(_))) {
            *answer = says(Booking::Cancelled);
        }
    });
    one_ticket_for_all breaks calls_at_once_get_their_own_answers: Answered(|_, answer, place| {
        for credential in units(answer).into_iter().flatten().flat_map(|unit| &mut unit.credentials) {
            credential.value = place.notes.first("ticket", credential.value.clone());
        }
    });
    sees_the_other breaks instances_do_not_see_each_other: Instead(the_first_booking);
    secrets_of_the_first breaks instances_keep_their_own_secrets: SharesSecrets;
    cuts_calls breaks closing_drains_calls_at_work: Cuts;
    keeps_places breaks dropped_call_leaves_the_instance_well: LosesPlaces;

    other_tickets breaks inquiry_finds_what_was_booked: Answered(|asked, answer, _| {
        let inquiry = units(answer).filter(|_| is(asked, "inquire"));
        for credential in inquiry.into_iter().flatten().flat_map(|unit| &mut unit.credentials) {
            credential.value.push('X');
        }
    });
    strangers_are_garbage breaks inquiry_for_a_stranger_is_not_found: Answered(|_, answer, _| {
        if matches!(booking(answer), Some(Booking::NotFound)) {
            *answer = unclear();
        }
    });
    books_to_find_out breaks inquiring_changes_nothing: Asked(|_, asked, _| {
        if let Some(order) = order_of(asked, "inquire") {
            *asked = Request::Supplier(SupplierRequest::Book { order: Box::new(order.clone()) });
        }
    });
    asks_by_reference breaks inquiry_needs_no_reference: Asked(|_, asked, _| {
        if let Some(order) = order_of(asked, "inquire") {
            let reference = order.reference.as_ref().map(|reference| reference.as_str().to_owned());
            reference.into_iter().for_each(|reference| renumber(order, &reference));
        }
    });
    tires breaks inquiry_a_hundred_times_is_the_same: Answered(|asked, answer, place| {
        if is(asked, "inquire") && place.notes.count("inquiries") >= 50 {
            *answer = Err(Fault::not_done(FaultKind::RateLimited, "not again"));
        }
    });
    knows_its_own_only breaks inquiry_after_a_restart_is_the_same: Answered(|asked, answer, place| {
        if is(asked, "inquire") && place.instance > 0 {
            *answer = says(Booking::NotFound);
        }
    });
    never_ends breaks inquiry_after_cancelling_says_so: Answered(|_, answer, _| {
        if matches!(booking(answer), Some(Booking::Cancelled)) {
            *answer = says(Booking::Pending { reference: None, wait: Wait::default() });
        }
    });
    tells_two_of_three breaks inquiry_after_a_part_fits_what_is_left: Answered(|asked, answer, _| {
        if is(asked, "inquire") {
            units(answer).map(Vec::pop);
        }
    });
    lost_is_not_found breaks lost_inquiry_is_no_answer: Answered(failed_is_not_found);
    down_is_not_found breaks failing_partner_is_not_not_found: Answered(failed_is_not_found);
    believes_any_order breaks another_orders_answer_is_not_believed: Received(as_asked);

    gives_one_back breaks cancelling_gives_all_units_back: Asked(|_, asked, _| {
        if let Request::Supplier(SupplierRequest::Cancel { units, .. }) = asked {
            units.truncate(1);
        }
    });
    gives_the_first_back breaks cancelling_units_gives_those_back: Asked(|_, asked, _| {
        if let Request::Supplier(SupplierRequest::Cancel { units, .. }) = asked {
            *units = vec![1];
        }
    });
    one_key_for_all breaks two_parts_are_two_cancellations: Asked(|_, asked, _| {
        if let Request::Supplier(SupplierRequest::Cancel { key, .. }) = asked {
            *key = "key".to_owned();
        }
    });
    rest_is_all breaks rest_after_a_part_ends_the_order: Asked(|_, asked, _| {
        if let Request::Supplier(SupplierRequest::Cancel { order, units, .. }) = asked {
            if order.is_rest(units) {
                order.units.iter_mut().for_each(|unit| unit.gone = false);
                *units = order.left();
            }
        }
    });
    new_key_each_time breaks same_key_cancels_once: Asked(new_key);
    new_key_after_a_restart breaks same_key_after_a_restart_cancels_once: Asked(new_key);
    new_key_after_a_lost_answer breaks lost_cancellation_repeats_once: Asked(new_key);
    agrees_to_anything breaks cancelling_a_stranger_gives_nothing_back: Answered(|asked, answer, _| {
        if is(asked, "cancel") && matches!(cancellation(answer), Some(Cancellation::Refused(_))) {
            done(answer);
        }
    });
    used_is_unclear breaks used_units_are_not_given_back: Answered(|_, answer, _| {
        if matches!(cancellation(answer), Some(Cancellation::Refused(_))) {
            *answer = unclear();
        }
    });
    cancels_another breaks cancelling_leaves_other_orders: Asked(|_, asked, _| {
        order_of(asked, "cancel").into_iter().for_each(|order| renumber(order, "2"));
    });
    fee_as_a_float breaks fee_survives: Answered(|_, answer, _| {
        if let Some(Cancellation::Done { fee: Some(fee) }) = cancellation(answer) {
            fee.amount_minor = fee.amount_minor as f32 as i64;
        }
    });

    done_before_the_audit breaks audited_cancellation_waits: Answered(|asked, answer, _| {
        if is(asked, "cancel") {
            done(answer);
        }
    });
    asks_the_auditor_at_once breaks audit_says_when_to_ask: Answered(|_, answer, _| {
        if let Some(Cancellation::Waiting(wait)) = cancellation(answer) {
            *wait = Wait::ms(5);
        }
    });
    impatient breaks open_audit_stays_waiting: Answered(|asked, answer, _| {
        if is(asked, "inquire_cancel") {
            done(answer);
        }
    });
    waits_for_ever breaks agreed_audit_is_done: Answered(waits);
    waits_after_a_no breaks refused_audit_is_refused: Answered(waits);
    forgets_the_audit breaks audit_is_found_after_a_restart: Answered(|asked, answer, place| {
        if is(asked, "inquire_cancel") && place.instance > 0 {
            told(answer, Cancellation::NotAsked);
        }
    });
    unasked_is_refused breaks cancellation_that_nobody_asked_for_is_told_as_such: Answered(|_, answer, _| {
        if matches!(cancellation(answer), Some(Cancellation::NotAsked)) {
            told(answer, Cancellation::Refused(no()));
        }
    });
    nothing_without_a_memo breaks lost_cancellation_is_found_by_asking: Answered(|asked, answer, _| {
        if matches!(asked, Request::Supplier(SupplierRequest::InquireCancel { memo: None, .. })) {
            told(answer, Cancellation::NotAsked);
        }
    });
    cancels_to_find_out breaks asking_about_an_audit_gives_nothing_back: Asked(|_, asked, _| {
        if let Request::Supplier(SupplierRequest::InquireCancel { order, units, key, .. }) = asked {
            let (order, units, key) = (order.clone(), units.clone(), key.clone());
            *asked = Request::Supplier(SupplierRequest::Cancel { order, units, key });
        }
    });
    lost_is_not_asked breaks lost_answer_about_an_audit_is_no_answer: Answered(|asked, answer, _| {
        on_fault(asked, "inquire_cancel", answer, || SupplierResponse::Cancellation(Cancellation::NotAsked));
    });
};

fn done(answer: &mut Answer) {
    told(answer, Cancellation::Done { fee: None });
}

fn told(answer: &mut Answer, cancellation: Cancellation) {
    *answer = Ok(Response::Supplier(SupplierResponse::Cancellation(cancellation)));
}

fn waits(asked: &Request, answer: &mut Answer, _: &Place) {
    if is(asked, "inquire_cancel") {
        told(answer, Cancellation::Waiting(Wait::ms(1_000)));
    }
}

fn failed_is_not_found(asked: &Request, answer: &mut Answer, _: &Place) {
    on_fault(asked, "inquire", answer, || SupplierResponse::Booking(Booking::NotFound));
}

/// The second booking of a number goes by another one.
fn new_number_each_time(_: &mut entrepot_sdk::contract::message::CallContext, asked: &mut Request, place: &Place) {
    if let Some(order) = order_of(asked, "book") {
        let before = place.notes.count(order.order.as_str());
        if before > 0 {
            renumber(order, &format!("{}-{before}", order.order));
        }
    }
}

/// A cancellation's key with a number behind it.
fn new_key(_: &mut entrepot_sdk::contract::message::CallContext, asked: &mut Request, place: &Place) {
    if let Request::Supplier(SupplierRequest::Cancel { key, .. }) = asked {
        *key = format!("{key}-{}", place.notes.count(key));
    }
}

/// A number that was booked once is answered with a ticket, whatever is asked.
fn the_first_booking(asked: &Request, place: &Place) -> Option<Answer> {
    let Request::Supplier(SupplierRequest::Book { order }) = asked else { return None };
    (place.notes.count(order.order.as_str()) > 0).then(|| says(Booking::Issued { reference: None, units: Vec::new() }))
}

/// The answer names the order that was asked about, whichever it is about.
fn as_asked(request: &HttpRequest, received: &mut Received) {
    let number = request.url.rsplit('/').next().unwrap_or_default().to_owned();
    if let (Ok(HttpResponse { body, .. }), "inquire") = (received, request.api.as_str()) {
        if let Ok(mut told) = serde_json::from_str::<Value>(body) {
            told["order"] = json!(number);
            *body = told.to_string();
        }
    }
}

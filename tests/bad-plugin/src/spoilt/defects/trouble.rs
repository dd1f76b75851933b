//! A partner that misbehaves, and what must stay private.

use entrepot_sdk::contract::bounds::TEXT_LIMIT_BYTES;
use entrepot_sdk::contract::fault::{Effect, FaultKind};
use entrepot_sdk::contract::message::Request;
use entrepot_sdk::contract::outcome::{Reason, Refusal};
use entrepot_sdk::contract::reading::{CalendarPage, CataloguePage};
use entrepot_sdk::contract::supplier::{
    Booking, Cancellation, Memo, Resent, SupplierRequest, SupplierResponse, Usage, UsedUnits,
};
use entrepot_sdk::contract::time::VisitDate;
use entrepot_sdk::http;
use serde_json::Value;

use super::change::{booking, cancellation, effect, no, on_fault, order};
use super::serving::open_cell;
use crate::reference::gate::SECRET;
use crate::spoilt::{Answer, Deed, Defect, Place, defect_table};

pub(super) const DEFECTS: &[Defect] = defect_table! {
    lost_is_not_booked breaks lost_booking_answer_is_unknown: Answered(not_booked);
    never_finds breaks lost_booking_is_found_by_inquiry: Answered(|asked, answer, _| {
        if super::change::is(asked, "inquire") {
            *answer = super::change::says(Booking::NotFound);
        }
    });
    lost_is_not_cancelled breaks lost_cancel_answer_is_unknown: Answered(not_cancelled);
    afraid breaks unreached_partner_is_not_done: Answered(|asked, answer, _| {
        effect(asked, "book", answer, Effect::Unknown);
    });
    afraid_to_cancel breaks unreached_cancellation_is_not_done: Answered(|asked, answer, _| {
        effect(asked, "cancel", answer, Effect::Unknown);
    });
    sure_of_nothing breaks not_done_is_certain: Answered(not_booked);
    refuses_what_it_did breaks not_cancelled_is_certain: Answered(|asked, answer, _| {
        on_fault(asked, "cancel", answer, || SupplierResponse::Cancellation(Cancellation::Refused(no())));
    });
    knows_better breaks faults_keep_their_effect: Answered(not_booked);
    forgets_when breaks quota_of_the_host_is_passed_on: Answered(|_, answer, _| {
        if let Err(fault) = answer {
            fault.retry_after_ms = None;
        }
    });
    quota_as_a_failure breaks quota_of_the_partner_is_told_as_such: Answered(|_, answer, _| {
        if let Err(fault) = answer {
            fault.kind = FaultKind::Unavailable;
        }
    });
    wrong_key_as_a_refusal breaks wrong_credentials_are_told_as_such: Answered(|_, answer, _| {
        if let Err(fault) = answer {
            fault.kind = FaultKind::Refused;
        }
    });
    failed_is_not_booked breaks server_error_is_unknown: Answered(not_booked);
    failed_is_not_cancelled breaks server_error_for_a_cancellation_is_unknown: Answered(not_cancelled);
    moved_is_not_booked breaks redirect_is_no_answer: Answered(not_booked);

    garbage_is_not_booked breaks garbage_for_a_booking_is_unknown: Answered(not_booked);
    garbage_is_not_held breaks garbage_for_a_hold_is_unknown: Answered(|asked, answer, _| {
        effect(asked, "hold", answer, Effect::NotDone);
    });
    garbage_is_not_cancelled breaks garbage_for_a_cancel_is_unknown: Answered(not_cancelled);
    garbage_is_not_sent breaks garbage_for_a_message_is_unknown: Answered(|asked, answer, _| {
        effect(asked, "resend", answer, Effect::NotDone);
    });
    garbage_is_not_found breaks garbage_for_an_inquiry_is_no_answer: Answered(not_found);
    garbage_is_not_asked breaks garbage_for_an_audit_is_no_answer: Answered(|asked, answer, _| {
        on_fault(asked, "inquire_cancel", answer, || SupplierResponse::Cancellation(Cancellation::NotAsked));
    });
    garbage_is_unused breaks garbage_for_use_is_no_answer: Answered(|asked, answer, _| uses(asked, answer, 0));
    garbage_is_a_ticket breaks garbage_for_shown_tickets_is_no_answer: Answered(|asked, answer, _| {
        on_fault(asked, "resend", answer, || SupplierResponse::Resent(Resent::Sent));
    });
    garbage_is_an_empty_catalogue breaks garbage_for_the_catalogue_is_no_page: Answered(|asked, answer, _| {
        on_fault(asked, "read_catalogue", answer, || SupplierResponse::Catalogue(CataloguePage::default()));
    });
    garbage_is_an_empty_calendar breaks garbage_for_the_calendar_is_no_page: Answered(|asked, answer, _| {
        on_fault(asked, "read_calendar", answer, || SupplierResponse::Calendar(CalendarPage::default()));
    });
    megabytes_are_not_booked breaks megabytes_are_no_answer: Answered(not_booked);

    passes_on_whatever_is_said breaks long_texts_are_not_passed_on: Answered(|asked, answer, _| {
        let text = "x".repeat(TEXT_LIMIT_BYTES + 1);
        let refusal = Refusal { reason: Reason::Other, text, zh: None, calendar: Vec::new() };
        on_fault(asked, "book", answer, || SupplierResponse::Booking(Booking::Refused(refusal)));
    });
    half_an_answer_is_not_booked breaks cut_booking_answer_is_unknown: Answered(not_booked);
    half_an_answer_is_not_found breaks cut_inquiry_answer_is_no_answer: Answered(not_found);
    strict_reader breaks strangers_in_an_answer_are_survived: Received(|_, received| {
        match received {
            Ok(response) if response.body.contains("next_year") => response.body.clear(),
            _ => {}
        }
    });
    guesses_values breaks values_of_another_type_are_not_believed: Answered(refused);
    makes_fields_up breaks missing_fields_are_not_made_up: Answered(refused);
    missing_is_not_found breaks inquiry_with_missing_fields_is_no_answer: Answered(not_found);
    sells_fewer breaks too_few_credentials_are_not_issued: Answered(issued);
    sells_more breaks too_many_credentials_are_not_issued: Answered(issued);
    sells_empty_tickets breaks empty_credentials_are_not_issued: Answered(issued);
    cuts_use_off breaks impossible_use_is_not_believed: Answered(|asked, answer, _| uses(asked, answer, 60_000));
    pays_guests breaks negative_prices_are_not_believed: Answered(|asked, answer, _| told(asked, answer, None, -5));
    cuts_prices_off breaks cut_off_numbers_are_not_believed: Answered(|asked, answer, _| told(asked, answer, None, 77));
    rolls_dates_over breaks impossible_dates_are_not_made_up: Answered(|asked, answer, _| {
        told(asked, answer, "2026-03-02".parse().ok(), 1);
    });

    takes_its_time breaks passed_deadline_calls_nobody: Asked(|context, _, _| {
        context.deadline = context.deadline.plus_millis(3_600_000);
    });
    cancels_late breaks passed_deadline_cancels_nothing: Asked(|context, _, _| {
        context.deadline = context.deadline.plus_millis(3_600_000);
    });
    waits_a_minute breaks waits_no_longer_than_the_deadline: Sent(|call, _| call.timeout_ms = 60_000);
    waits_a_second breaks short_deadline_is_kept: Sent(|call, _| call.timeout_ms = call.timeout_ms.max(1_000));
    calls_six_times breaks partner_is_called_a_few_times_only: SentTimes(6);
    polls breaks pending_is_not_waited_for: SentTimes(3);
    calls_elsewhere breaks calls_stay_at_the_base_url: Sent(|call, _| {
        call.url = call.url.replace("partner.test", "elsewhere.test");
    });
    counts_its_apis breaks api_names_are_stable: Sent(|call, notes| {
        call.api = format!("{}-{}", call.api, notes.count("calls"));
    });

    logs_its_secret breaks secrets_reach_no_log: BesideCalls(Deed::LogsSecret);
    secret_in_the_url breaks secrets_reach_no_url: Sent(|call, _| call.url = format!("{}?key={SECRET}", call.url));
    secret_in_the_fault breaks secrets_reach_no_fault: Answered(|_, answer, _| {
        if let Err(fault) = answer {
            fault.text.push_str(SECRET);
        }
    });
    open_header breaks secret_headers_are_marked: Sent(|call, _| {
        call.headers.push(("x-key".to_owned(), SECRET.to_owned()));
    });
    logs_guests breaks guests_reach_no_log: BesideCalls(Deed::LogsRequest);
    guest_in_the_url breaks guests_reach_no_url: Sent(|call, _| {
        let body: Value = call.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
        let name = body["names"][0].as_str().unwrap_or_default();
        call.url = format!("{}?name={}", call.url, http::segment(name));
    });
    guest_in_the_fault breaks guests_reach_no_fault: Answered(|asked, answer, _| {
        if let Err(fault) = answer {
            fault.text.push_str(&guest_of(asked));
        }
    });
    logs_tickets breaks tickets_reach_no_log_or_fault: LogsAnswers;
    remembers_guests breaks memos_hold_nothing_private: Answered(|asked, answer, _| {
        if let Some(Booking::Pending { wait, .. }) = booking(answer) {
            wait.memo = Memo::new(guest_of(asked));
        }
        if let Some(Cancellation::Waiting(wait)) = cancellation(answer) {
            wait.memo = Memo::new(guest_of(asked));
        }
    });
};

fn not_booked(asked: &Request, answer: &mut Answer, _: &Place) {
    effect(asked, "book", answer, Effect::NotDone);
    // Sure of itself, also where nobody can be.
    if let (Request::Supplier(SupplierRequest::Book { .. }), Err(fault)) = (asked, answer) {
        fault.kind = FaultKind::Refused;
    }
}

fn not_cancelled(asked: &Request, answer: &mut Answer, _: &Place) {
    effect(asked, "cancel", answer, Effect::NotDone);
}

fn not_found(asked: &Request, answer: &mut Answer, _: &Place) {
    on_fault(asked, "inquire", answer, || SupplierResponse::Booking(Booking::NotFound));
}

fn refused(asked: &Request, answer: &mut Answer, _: &Place) {
    on_fault(asked, "book", answer, || SupplierResponse::Booking(Booking::Refused(no())));
}

fn issued(asked: &Request, answer: &mut Answer, _: &Place) {
    let nothing = Booking::Issued { reference: None, units: Vec::new() };
    on_fault(asked, "book", answer, || SupplierResponse::Booking(nothing));
}

fn uses(asked: &Request, answer: &mut Answer, count: u16) {
    let (used, gone) = (UsedUnits::Count { count }, UsedUnits::Count { count: 0 });
    on_fault(asked, "usage", answer, || {
        SupplierResponse::Usage(Usage { used, gone, last_used_at: None, ended: false })
    });
}

/// A calendar in place of a fault: that date, or the first that was asked for, at that price.
fn told(asked: &Request, answer: &mut Answer, date: Option<VisitDate>, fen: i64) {
    if let Request::Supplier(SupplierRequest::ReadCalendar { first, .. }) = asked {
        let cells = vec![open_cell(date.unwrap_or(*first), fen)];
        on_fault(asked, "read_calendar", answer, || SupplierResponse::Calendar(CalendarPage { cells, next: None }));
    }
}

/// The name of the first guest.
fn guest_of(asked: &Request) -> String {
    let mut asked = asked.clone();
    let guest = order(&mut asked).and_then(|order| order.guests().next().cloned());
    guest.and_then(|guest| guest.name?.plain().map(str::to_owned)).unwrap_or_default()
}

//! Holding, use, tickets shown again, goods, calendars, and news.

use entrepot_sdk::contract::capability::Fulfils;
use entrepot_sdk::contract::channel::RawResponse;
use entrepot_sdk::contract::fault::{Effect, Fault, FaultKind};
use entrepot_sdk::contract::hearing::{Heard, Named, News};
use entrepot_sdk::contract::ids::OrderId;
use entrepot_sdk::contract::message::{Request, Response};
use entrepot_sdk::contract::money::Money;
use entrepot_sdk::contract::reading::{CalendarPage, CataloguePage, SupplierCell, Vacancies};
use entrepot_sdk::contract::supplier::{
    Booking, Holding, Resent, SupplierRequest, SupplierResponse, Usage, UsedUnits, Wait,
};
use entrepot_sdk::contract::time::VisitDate;

use super::change::{
    booking, calendar, catalogue, effect, heard, holding, is, no, on_fault, order_of, renumber, resent, says, unclear,
    usage,
};
use crate::spoilt::{Answer, Deed, Defect, Place, defect_table};

pub(super) const DEFECTS: &[Defect] = defect_table! {
    promises_a_day breaks hold_is_granted_until_then: Answered(|_, answer, _| {
        if let Some(Holding::Held { until, .. }) = holding(answer) {
            *until = until.plus_millis(86_400_000);
        }
    });
    holds_longer_than_it_says breaks hold_is_no_longer_than_declared: Card(|card, _| {
        if let Some(Fulfils::Calls(calls)) = card.capabilities.supplier.as_mut().map(|supplier| &mut supplier.fulfils) {
            calls.hold.iter_mut().for_each(|hold| hold.longest_ms = 60_000);
        }
    });
    books_at_once breaks holding_books_nothing: AsksToo(|asked| match asked {
        Request::Supplier(SupplierRequest::Hold { order, .. }) => {
            Some(Request::Supplier(SupplierRequest::Book { order: order.clone() }))
        }
        _ => None,
    });
    holds_each_time breaks same_hold_is_one_hold: Asked(|_, asked, place| {
        if let Some(order) = order_of(asked, "hold") {
            let number = format!("{}{}", order.order, "-x".repeat(place.notes.count("holds")));
            renumber(order, &number);
        }
    });
    holds_for_a_minute breaks later_instant_extends_the_hold: Asked(|context, asked, _| {
        if let Request::Supplier(SupplierRequest::Hold { until, .. }) = asked {
            *until = context.deadline.plus_millis(50_000);
        }
    });
    books_beside_the_hold breaks booking_confirms_the_hold: Asked(|_, asked, _| {
        order_of(asked, "book").into_iter().for_each(|order| renumber(order, "beside"));
    });
    booked_is_refused breaks hold_of_a_booked_order_says_so: Answered(|_, answer, _| {
        if let Some(told) = holding(answer).filter(|told| **told == Holding::Booked) {
            *told = Holding::Refused(no());
        }
    });
    held_is_pending breaks inquiry_finds_the_hold: Answered(|_, answer, _| {
        if matches!(booking(answer), Some(Booking::Held { .. })) {
            *answer = says(Booking::Pending { reference: None, wait: Wait::default() });
        }
    });
    releases_nothing breaks released_hold_is_gone: Instead(|asked, _| {
        is(asked, "release").then_some(Ok(Response::Supplier(SupplierResponse::Released)))
    });
    releases_once breaks releasing_again_is_well: Answered(|asked, answer, place| {
        if is(asked, "release") && place.notes.count("releases") > 0 {
            *answer = Err(Fault::not_done(FaultKind::NotFound, "nothing is held"));
        }
    });
    holds_for_ever breaks expired_hold_is_not_held: Answered(|asked, answer, _| {
        if is(asked, "inquire") {
            *answer = says(Booking::Held { until: entrepot_sdk::contract::time::Timestamp::from_millis(0) });
        }
    });
    lost_hold_is_no_hold breaks lost_hold_is_unknown: Answered(|asked, answer, _| {
        effect(asked, "hold", answer, Effect::NotDone);
    });
    refused_hold_as_a_fault breaks refused_hold_is_an_answer: Answered(|_, answer, _| {
        if matches!(holding(answer), Some(Holding::Refused(_))) {
            *answer = unclear();
        }
    });

    ends_at_once breaks nothing_is_used_at_first: Answered(|_, answer, _| {
        usage(answer).into_iter().for_each(|usage| usage.ended = true);
    });
    sees_no_use breaks used_units_are_told: Answered(|_, answer, _| {
        usage(answer).into_iter().for_each(|usage| usage.used = none());
    });
    tells_what_is_new breaks use_is_told_as_a_total: Answered(|_, answer, place| {
        let told = usage(answer).filter(|_| place.notes.count("questions") > 0);
        told.into_iter().for_each(|usage| usage.used = none());
    });
    eight_hours_late breaks time_of_use_survives: Answered(|_, answer, _| {
        let late = |usage: &mut Usage| usage.last_used_at = usage.last_used_at.map(|at| at.plus_millis(28_800_000));
        usage(answer).into_iter().for_each(late);
    });
    returned_is_used breaks returned_units_are_told_as_gone: Answered(|_, answer, _| {
        usage(answer).into_iter().for_each(|usage| std::mem::swap(&mut usage.used, &mut usage.gone));
    });
    ends_with_the_first breaks half_used_order_has_not_ended: Answered(|_, answer, _| {
        usage(answer).into_iter().for_each(|usage| usage.ended = usage.used != none());
    });
    strangers_used_nothing breaks use_of_a_stranger_is_no_answer: Answered(failed_is_unused);
    lost_is_unused breaks lost_answer_about_use_is_no_answer: Answered(failed_is_unused);
    uses_to_find_out breaks asking_about_use_uses_nothing: Answered(|_, answer, place| {
        let told = usage(answer).filter(|_| place.notes.count("questions") > 10);
        told.into_iter().for_each(|usage| usage.used = UsedUnits::Number { numbers: vec![1] });
    });

    sends_tickets_as_messages breaks resent_message_is_said_to_be_sent: Answered(|_, answer, _| {
        if let Some(told) = resent(answer).filter(|told| **told == Resent::Sent) {
            *told = Resent::Credentials { units: Vec::new() };
        }
    });
    shows_all_but_one breaks credentials_shown_again_fit_the_order: Answered(|_, answer, _| {
        if let Some(Resent::Credentials { units }) = resent(answer) {
            units.pop();
        }
    });
    shows_what_is_gone breaks units_that_are_gone_are_not_shown_again: Answered(|_, answer, _| {
        if let Some(Resent::Credentials { units }) = resent(answer) {
            let mut gone = units[0].clone();
            gone.unit = 2;
            units.push(gone);
        }
    });
    books_to_show breaks resending_books_nothing: AsksToo(|asked| match asked {
        Request::Supplier(SupplierRequest::Resend { order, .. }) => {
            let mut order = order.clone();
            renumber(&mut order, "again");
            Some(Request::Supplier(SupplierRequest::Book { order }))
        }
        _ => None,
    });
    sends_to_strangers breaks resending_a_stranger_is_refused: Answered(|_, answer, _| {
        if let Some(told) = resent(answer).filter(|told| matches!(told, Resent::Refused(_))) {
            *told = Resent::Sent;
        }
    });
    lost_message_was_not_sent breaks lost_resend_is_unknown: Answered(|asked, answer, _| {
        effect(asked, "resend", answer, Effect::NotDone);
    });

    hides_a_good breaks catalogue_names_what_is_sold: Answered(|_, answer, _| {
        catalogue(answer).into_iter().for_each(|page| page.goods.retain(|good| good.product_code != "adult"));
    });
    goes_round breaks catalogue_ends: Answered(|_, answer, _| {
        catalogue(answer).into_iter().for_each(|page| page.next = Some("2".to_owned()));
    });
    tells_goods_twice breaks catalogue_tells_each_good_once: Answered(|_, answer, _| {
        catalogue(answer).into_iter().for_each(|page| page.goods.extend(page.goods.clone()));
    });
    page_of_the_day breaks catalogue_page_again_is_the_same: Answered(|_, answer, place| {
        let odd = catalogue(answer).filter(|_| place.notes.count("pages") % 2 == 1);
        odd.into_iter().for_each(|page| page.goods.clear());
    });
    nameless_goods breaks goods_can_be_used: Answered(|_, answer, _| {
        catalogue(answer).into_iter().flat_map(|page| &mut page.goods).for_each(|good| good.name.clear());
    });
    any_page_is_the_last breaks made_up_catalogue_page_is_refused: Answered(failed_is_the_last_page);
    lost_page_is_the_last breaks lost_catalogue_page_is_no_page: Answered(failed_is_the_last_page);

    tells_next_year breaks calendar_stays_within_its_dates: Answered(|_, answer, _| {
        let later = |page: &mut CalendarPage| {
            let mut cell = page.cells[0].clone();
            cell.date = cell.date.plus_days(400).unwrap_or(cell.date);
            page.cells.push(cell);
        };
        calendar(answer).into_iter().for_each(later);
    });
    calendar_goes_round breaks calendar_ends: Answered(|_, answer, _| {
        calendar(answer).into_iter().for_each(|page| page.next = Some("2".to_owned()));
    });
    tells_dates_twice breaks calendar_tells_each_cell_once: Answered(|_, answer, _| {
        calendar(answer).into_iter().for_each(|page| page.cells.extend(page.cells.clone()));
    });
    calendar_of_the_day breaks calendar_page_again_is_the_same: Answered(|_, answer, place| {
        let again = calendar(answer).filter(|_| place.notes.count("pages") > 2);
        again.into_iter().for_each(|page| page.cells.clear());
    });
    prices_as_floats breaks prices_survive: Answered(|_, answer, _| {
        for cost in cells(answer).filter_map(|cell| cell.cost.as_mut()) {
            cost.amount_minor = cost.amount_minor as f64 as f32 as i64;
        }
    });
    stock_of_16_bits breaks vacancies_survive: Answered(|_, answer, _| {
        for cell in cells(answer) {
            if let Vacancies::Limited { units } = &mut cell.vacancies {
                *units = u32::from(*units as u16);
            }
        }
    });
    always_open breaks closed_dates_are_closed: Answered(|_, answer, _| cells(answer).for_each(|cell| cell.open = true));
    slotless breaks calendar_slots_are_told: Answered(|_, answer, _| cells(answer).for_each(|cell| cell.slot = None));
    sells_anything breaks calendar_of_a_stranger_sells_nothing: Answered(|asked, answer, _| {
        if let Request::Supplier(SupplierRequest::ReadCalendar { first, .. }) = asked {
            let cells = vec![open_cell(*first, 1)];
            on_fault(asked, "read_calendar", answer, || SupplierResponse::Calendar(CalendarPage { cells, next: None }));
        }
    });
    lost_calendar_is_the_last_page breaks lost_calendar_page_is_no_page: Answered(|asked, answer, _| {
        on_fault(asked, "read_calendar", answer, || SupplierResponse::Calendar(CalendarPage::default()));
    });

    names_another_order breaks authentic_call_tells_its_order: Answered(|_, answer, _| {
        for news in heard(answer).into_iter().flat_map(|heard| &mut heard.news) {
            if let (News::Ask { order: Named::Ours { order }, .. }, Ok(other)) = (news, OrderId::parse("2")) {
                *order = other;
            }
        }
    });
    tells_to_ask_what_it_cannot breaks news_are_declared: Card(|card, _| {
        if let Some(Fulfils::Calls(calls)) = card.capabilities.supplier.as_mut().map(|supplier| &mut supplier.fulfils) {
            calls.usage = None;
        }
    });
    replies_nothing breaks reply_can_be_sent: Answered(|_, answer, _| {
        heard(answer).into_iter().for_each(|heard| heard.reply.status = 0);
    });
    hears_everybody breaks unsigned_news_are_refused: Answered(hears_all);
    hears_any_secret breaks news_signed_by_another_are_refused: Answered(hears_all);
    hears_of_any_order breaks news_about_another_order_are_refused: Answered(hears_all);
    hears_anything breaks unmade_news_are_refused: Answered(hears_all);
    hears_megabytes breaks oversized_news_are_refused: Answered(hears_all);
    asks_while_it_hears breaks hearing_calls_nobody: BesideCalls(Deed::CallsPartner);
    tires_of_news breaks news_a_hundred_times_are_the_same: Answered(|asked, answer, place| {
        if is(asked, "hear") && place.notes.count("calls") >= 50 {
            *answer = Err(Fault::not_done(FaultKind::RateLimited, "not again"));
        }
    });
    counts_news breaks news_in_another_order_are_the_same: Answered(|_, answer, place| {
        let number = place.notes.count("calls");
        heard(answer).into_iter().for_each(|heard| heard.partner_trace = Some(number.to_string()));
    });
    believes_forged_news breaks unbelievable_news_are_only_a_reason_to_ask: Answered(|asked, answer, _| {
        let Ok(order) = OrderId::parse("1") else { return };
        let usage = Usage { used: UsedUnits::Count { count: 2 }, gone: none(), last_used_at: None, ended: true };
        let news = vec![News::Usage { order: Named::Ours { order }, usage }];
        on_fault(asked, "hear", answer, || SupplierResponse::Heard(Heard { news, ..nothing_heard() }));
    });
    logs_news breaks hearing_keeps_quiet: BesideCalls(Deed::LogsRequest);
};

fn none() -> UsedUnits {
    UsedUnits::Number { numbers: Vec::new() }
}

fn failed_is_unused(asked: &Request, answer: &mut Answer, _: &Place) {
    let unused = Usage { used: none(), gone: none(), last_used_at: None, ended: false };
    on_fault(asked, "usage", answer, || SupplierResponse::Usage(unused));
}

fn failed_is_the_last_page(asked: &Request, answer: &mut Answer, _: &Place) {
    on_fault(asked, "read_catalogue", answer, || SupplierResponse::Catalogue(CataloguePage::default()));
}

fn cells(answer: &mut Answer) -> impl Iterator<Item = &mut SupplierCell> {
    calendar(answer).into_iter().flat_map(|page| &mut page.cells)
}

/// A date on sale for so much.
pub(super) fn open_cell(date: VisitDate, fen: i64) -> SupplierCell {
    SupplierCell {
        date,
        slot: None,
        open: true,
        vacancies: Vacancies::Unlimited,
        cost: Some(Money::fen(fen)),
        cutoff: None,
    }
}

fn nothing_heard() -> Heard {
    let reply = RawResponse { status: 200, content_type: "text/plain".to_owned(), body: b"success".to_vec() };
    Heard { news: Vec::new(), reply, partner_trace: None }
}

fn hears_all(asked: &Request, answer: &mut Answer, _: &Place) {
    on_fault(asked, "hear", answer, || SupplierResponse::Heard(nothing_heard()));
}

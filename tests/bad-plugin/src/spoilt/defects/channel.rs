//! Channels: what is believed, what it means, how it is answered, and what is told.

use entrepot_sdk::contract::channel::{ChannelRequest, ChannelResponse, Located, RawRequest, RawResponse};
use entrepot_sdk::contract::fault::{Effect, Fault, FaultKind};
use entrepot_sdk::contract::ids::ChannelOrderId;
use entrepot_sdk::contract::intent::Intent;
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::looking::Seen;
use entrepot_sdk::contract::message::{Request, Response};
use entrepot_sdk::contract::money::Money;
use entrepot_sdk::contract::notice::{CodesNotice, Notice, Told};
use entrepot_sdk::contract::outcome::Outcome;
use serde_json::Value;

use crate::reference::market::{self, SECRET};
use crate::spoilt::{Answer, Deed, Defect, Place, defect_table};

pub(super) const DEFECTS: &[Defect] = defect_table! {
    loses_the_order breaks authentic_calls_are_located: Answered(|_, answer, _| {
        located(answer).into_iter().for_each(|located| located.order = None);
    });
    account_of_another breaks located_account_is_the_partners: Answered(|_, answer, _| {
        located(answer).into_iter().for_each(|located| located.account = Some("somebody".to_owned()));
    });
    believes_changed_bodies breaks changed_body_is_refused: Answered(believes_all);
    believes_changed_queries breaks changed_query_is_refused: Answered(believes_all);
    believes_everybody breaks unsigned_call_is_refused: Answered(believes_all);
    half_a_signature_will_do breaks cut_signature_is_refused: Asked(|_, asked, _| {
        let Some(raw) = raw(asked) else { return };
        let right = market::sign(raw.clone());
        let told = raw.header("x-sign").map(str::to_owned);
        if told.is_some_and(|told| right.header("x-sign").is_some_and(|right| right.starts_with(&told))) {
            *raw = right;
        }
    });
    any_signature_will_do breaks signature_of_another_call_is_refused: Answered(believes_all);
    any_secret_will_do breaks another_secret_refuses_the_call: Answered(believes_all);
    asks_who_that_is breaks locating_calls_nobody: BesideCalls(Deed::CallsPartner);
    hears_once breaks locating_again_is_the_same: Answered(|_, answer, place| {
        if located(answer).is_some() && place.notes.count("calls") > 50 {
            *answer = Err(Fault::invalid("a repeat"));
        }
    });
    first_header_counts breaks strange_headers_change_nothing: Answered(|asked, answer, _| {
        let mut asked = asked.clone();
        let first = raw(&mut asked).and_then(|raw| raw.headers.first().cloned());
        if first.is_some_and(|(name, _)| name != "content-type") {
            *answer = Err(Fault::invalid("no content type"));
        }
    });
    panics_at_megabytes breaks oversized_call_is_refused: Asked(|_, asked, _| {
        let length = raw(asked).map_or(0, |raw| raw.body.len());
        assert!(length < 1_000_000, "who writes that much?");
    });
    any_scene_will_do breaks call_of_a_strange_scene_is_unsupported: Answered(believes_all);

    one_meaning breaks samples_decode_to_their_intents: Answered(|_, answer, _| {
        if let Some(intent) = intent(answer) {
            *intent = Intent::Event {
                event: "something".to_owned(),
                message: "m".to_owned(),
                order: None,
                names: ListingNames::default(),
            };
        }
    });
    decodes_another_order breaks intent_names_the_located_order: Answered(|_, answer, _| {
        let other = ChannelOrderId::parse("4").ok();
        if let (Some(Intent::PayOrder { order, .. }), Some(other)) = (intent(answer), other) {
            *order = other;
        }
    });
    time_of_its_own breaks decoding_again_is_the_same: Asked(|context, asked, place| {
        // What it reads of the clock goes into what it says.
        let moment = (context.deadline.millis() + i64::try_from(place.notes.count("calls")).unwrap_or(0)).to_string();
        if let Request::Channel(ChannelRequest::Decode { raw }) = asked {
            raw.body = with(&raw.body, "guest", Value::String(moment));
        }
    });
    numbers_by_node breaks decoding_elsewhere_is_the_same: Asked(|_, asked, place| {
        let node = format!("node-{}", place.instance);
        if let Request::Channel(ChannelRequest::Decode { raw }) = asked {
            raw.body = with(&raw.body, "guest", Value::String(node));
        }
    });
    panics_at_garbage breaks signed_garbage_is_invalid: Asked(|_, asked, _| {
        let read = raw(asked).is_none_or(|raw| serde_json::from_slice::<Value>(&raw.body).is_ok());
        assert!(read, "no JSON");
    });
    strict_about_calls breaks strangers_in_a_call_are_survived: Answered(|asked, answer, _| {
        let mut asked = asked.clone();
        if raw(&mut asked).is_some_and(|raw| String::from_utf8_lossy(&raw.body).contains("next_year")) {
            *answer = Err(Fault::invalid("what is that?"));
        }
    });
    missing_is_internal breaks missing_fields_end_clearly: Answered(invalid_is_internal);
    panics_at_types breaks values_of_another_type_end_clearly: Answered(invalid_is_internal);
    orders_as_floats breaks long_order_numbers_are_kept: Answered(|_, answer, _| {
        let float = |order: &mut ChannelOrderId| {
            let number = order.as_str().parse::<f64>().unwrap_or_default();
            if let Ok(rounded) = ChannelOrderId::parse(format!("{number:.0}")) {
                *order = rounded;
            }
        };
        located(answer).and_then(|located| located.order.as_mut()).into_iter().for_each(float);
    });
    negative_amounts breaks negative_amounts_are_not_decoded: Answered(|asked, answer, _| {
        decodes_amount(asked, answer, -5);
    });
    cut_off_amounts breaks cut_off_amounts_are_not_decoded: Answered(|asked, answer, _| {
        decodes_amount(asked, answer, 77);
    });
    passes_on_whatever_is_called breaks long_texts_are_not_decoded: Answered(|asked, answer, _| {
        let mut asked = asked.clone();
        let decodes = matches!(asked, Request::Channel(ChannelRequest::Decode { .. }));
        if let (true, Some(raw), true) = (decodes, raw(&mut asked), answer.is_err()) {
            let event = String::from_utf8_lossy(&raw.body).into_owned();
            let intent = Box::new(Intent::Event { event, message: "m".to_owned(), order: None, names: ListingNames::default() });
            *answer = Ok(Response::Channel(ChannelResponse::Decoded { intent }));
        }
    });
    dates_made_up breaks impossible_dates_are_not_decoded: Answered(|asked, answer, _| decodes_amount(asked, answer, 1));

    cannot_say_later breaks every_answer_can_be_said: Answered(|asked, answer, _| {
        if matches!(outcome(asked), Some(Outcome::RefundWaiting)) {
            *answer = Err(Fault::not_done(FaultKind::Internal, "no word for it"));
        }
    });
    cannot_say_no breaks every_refusal_can_be_said: Answered(|asked, answer, _| {
        if matches!(outcome(asked), Some(Outcome::Refused(_))) {
            *answer = Err(Fault::not_done(FaultKind::Internal, "no word for it"));
        }
    });
    cannot_say_busy breaks busy_can_be_said: Answered(|asked, answer, _| {
        if matches!(outcome(asked), Some(Outcome::Busy)) {
            *answer = Err(Fault::not_done(FaultKind::Internal, "no word for it"));
        }
    });
    says_yes_for_no breaks refusal_is_no_yes: Answered(says_ok);
    says_yes_for_busy breaks busy_is_no_yes: Answered(says_ok);
    says_yes_to_the_future breaks later_outcomes_are_not_said_as_a_yes: Answered(says_ok);
    json_by_name_only breaks answers_are_what_they_say_they_are: Answered(|_, answer, _| {
        encoded(answer).into_iter().for_each(|raw| raw.body.insert(0, b'<'));
    });
    json_by_hand breaks odd_texts_do_not_break_answers: Answered(|asked, answer, _| {
        if let (Some(Outcome::Refused(refusal)), Some(raw)) = (outcome(asked), encoded(answer)) {
            raw.body = format!("{{\"code\":200,\"text\":\"{}\"}}", refusal.text).into_bytes();
        }
    });
    counts_answers breaks answers_again_are_the_same: Answered(|_, answer, place| {
        let number = place.notes.count("answers");
        encoded(answer).into_iter().for_each(|raw| raw.body = with(&raw.body, "id", number.into()));
    });
    tickets_in_ascii breaks tickets_survive_in_answers: Answered(|_, answer, _| {
        encoded(answer).into_iter().for_each(|raw| raw.body.retain(u8::is_ascii));
    });
    shows_tickets_in_capitals breaks shown_tickets_survive: Answered(|asked, answer, _| {
        if let (Some(Outcome::Orders { .. }), Some(raw)) = (outcome(asked), encoded(answer)) {
            raw.body = String::from_utf8_lossy(&raw.body).to_uppercase().into_bytes();
        }
    });
    keeps_ends_of_holds_to_itself breaks ends_of_holds_are_told: Asked(|_, asked, _| {
        if let Request::Channel(ChannelRequest::Encode { outcome, .. }) = asked
            && let Outcome::Orders { orders } = &mut **outcome
        {
            orders.iter_mut().for_each(|order| order.hold_until = None);
        }
    });
    answers_prices_as_floats breaks prices_survive_in_answers: Answered(|_, answer, _| {
        if let Some(raw) = encoded(answer) {
            raw.body = String::from_utf8_lossy(&raw.body).replace("900719925474099", "9.00719925474e14").into_bytes();
        }
    });

    repeats_what_it_cannot_tell breaks repeatable_notices_are_notices: Card(|card, _| {
        let channel = card.capabilities.channel.as_mut();
        channel.into_iter().for_each(|channel| channel.repeatable_notices.push("rescheduled".to_owned()));
    });
    tells_nobody breaks declared_notices_are_delivered: Instead(|asked, _| {
        let delivery = matches!(asked, Request::Channel(ChannelRequest::Deliver { .. }));
        delivery.then_some(Ok(Response::Channel(ChannelResponse::Told(Told::Done))))
    });
    tells_of_no_order breaks notice_names_its_order: Sent(|call, _| call.body = Some("{}".to_owned()));
    tells_tickets_in_ascii breaks issued_tickets_are_told: Sent(|call, _| {
        call.body = call.body.as_ref().map(|body| body.chars().filter(char::is_ascii).collect());
    });
    lost_is_unheard breaks lost_notice_is_unknown: Answered(|_, answer, _| with_effect(answer, Effect::NotDone));
    afraid_to_tell breaks unreached_notice_is_not_done: Answered(|_, answer, _| with_effect(answer, Effect::Unknown));
    garbage_is_unheard breaks garbage_for_a_notice_is_unknown: Answered(|_, answer, _| {
        with_effect(answer, Effect::NotDone);
    });
    failed_is_unheard breaks server_error_for_a_notice_is_unknown: Answered(|_, answer, _| {
        with_effect(answer, Effect::NotDone);
    });
    quota_of_notices_as_a_failure breaks quota_for_a_notice_is_told_as_such: Answered(|_, answer, _| {
        if let Err(fault) = answer {
            fault.kind = FaultKind::Unavailable;
        }
    });
    tells_late breaks notice_after_its_deadline_calls_nobody: Asked(|context, _, _| {
        context.deadline = context.deadline.plus_millis(3_600_000);
    });
    waits_a_minute_for_notices breaks notices_wait_no_longer_than_the_deadline: Sent(|call, _| call.timeout_ms = 60_000);
    tells_elsewhere breaks notices_stay_at_the_base_url: Sent(|call, _| {
        call.url = call.url.replace("partner.test", "elsewhere.test");
    });
    drops_extra_headers breaks extra_headers_go_with_each_notice: Opening(|open| open.extra_headers.clear());
    tells_six_times breaks notice_calls_are_few: SentTimes(6);
    counts_its_notices breaks notice_api_names_are_stable: Sent(|call, notes| {
        call.api = format!("{}-{}", call.api, notes.count("calls"));
    });
    one_at_a_time breaks notices_at_once_are_all_delivered: Answered(|_, answer, place| {
        if told(answer).is_some() && place.notes.count("notices") % 8 == 7 {
            *answer = Err(Fault::not_done(FaultKind::Busy, "one at a time"));
        }
    });
    tells_once_in_a_life breaks notice_after_a_restart_is_delivered: Answered(|_, answer, place| {
        if told(answer).is_some() && place.instance > 0 {
            *answer = Err(Fault::not_done(FaultKind::Internal, "no token"));
        }
    });
    cuts_notices breaks closing_drains_notices_at_work: Cuts;
    signs_with_the_first_secret breaks notices_keep_their_own_secrets: Sent(|call, _| {
        call.headers.push(("x-key".to_owned(), SECRET.to_owned()));
    });
    tells_without_tickets breaks issue_without_tickets_is_not_told: Answered(|_, answer, _| tells_anyway(answer));
    tells_negative_fees breaks negative_fee_is_not_told: Answered(|_, answer, _| tells_anyway(answer));

    answers_another_look breaks declared_looks_are_answered: Answered(|_, answer, _| {
        if let Some(seen) = seen(answer) {
            *seen = Seen::Products { products: Vec::new() };
        }
    });
    looks_go_round breaks looked_pages_end: Answered(|_, answer, _| {
        if let Some(Seen::Orders { next, .. } | Seen::Ledger { next, .. } | Seen::Shops { next, .. }) = seen(answer) {
            *next = Some("2".to_owned());
        }
    });
    looks_of_the_day breaks looked_page_again_is_the_same: Answered(|_, answer, place| {
        if let Some(Seen::Shops { shops, .. }) = seen(answer) {
            let number = place.notes.count("shops");
            shops.iter_mut().for_each(|shop| shop.name = number.to_string());
        }
    });
    last_code_for_another_day breaks codes_are_told_as_they_are: Asked(|_, asked, _| {
        codes(asked).into_iter().for_each(|notice| drop(notice.codes.pop()));
    });
    hundred_codes_will_do breaks codes_up_to_the_limit_are_told: Asked(|_, asked, _| {
        codes(asked).into_iter().for_each(|notice| notice.codes.truncate(100));
    });
    told_is_told breaks lost_codes_are_told_again: Instead(|asked, _| {
        let mut asked = asked.clone();
        let again = codes(&mut asked).is_some_and(|notice| notice.earlier.is_some());
        again.then_some(Ok(Response::Channel(ChannelResponse::Told(Told::Done))))
    });
    quotes_the_partner breaks an_error_for_codes_names_none: Answered(|asked, answer, _| {
        let mut asked = asked.clone();
        if let (Some(notice), Err(fault)) = (codes(&mut asked), answer) {
            let texts = notice.codes.iter().flat_map(|code| &code.credentials).map(|shown| shown.value.as_str());
            fault.text.push_str(&texts.collect::<Vec<_>>().join(" "));
        }
    });
    looks_without_end breaks looked_lists_are_limited: Answered(|_, answer, _| {
        if let Some(Seen::Shops { shops, .. }) = seen(answer) {
            let shop = shops[0].clone();
            shops.resize(501, shop);
        }
    });
    lost_is_nothing_there breaks lost_look_is_no_answer: Answered(nothing_there);
    garbage_is_nothing_there breaks garbage_for_a_look_is_no_answer: Answered(nothing_there);
    failed_is_nothing_there breaks server_error_for_a_look_is_no_answer: Answered(nothing_there);
    opens_sorted breaks opened_texts_keep_their_order: Answered(|_, answer, _| {
        if let Some(Seen::Opened(opened)) = seen(answer) {
            opened.texts.sort();
        }
    });

    logs_the_channels_secret breaks channel_secrets_reach_no_log_or_url: BesideCalls(Deed::LogsSecret);
    channel_secret_in_the_fault breaks channel_secrets_reach_no_fault: Answered(|_, answer, _| {
        if let Err(fault) = answer {
            fault.text.push_str(SECRET);
        }
    });
    open_channel_header breaks channel_secret_headers_are_marked: Sent(|call, _| {
        call.headers.push(("x-key".to_owned(), SECRET.to_owned()));
    });
    logs_calls breaks guests_of_calls_reach_no_log_or_fault: BesideCalls(Deed::LogsRequest);
    logs_notices breaks tickets_of_notices_reach_no_log_or_url: Sent(|call, _| {
        let body: Value = call.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
        let ticket = &body["notice"]["event"]["units"][0]["credentials"][0]["value"];
        call.url = format!("{}?ticket={}", call.url, ticket.as_str().unwrap_or_default());
    });
};

/// The raw call of `locate` and `decode`.
fn raw(asked: &mut Request) -> Option<&mut RawRequest> {
    match asked {
        Request::Channel(ChannelRequest::Locate { raw } | ChannelRequest::Decode { raw }) => Some(raw),
        _ => None,
    }
}

fn located(answer: &mut Answer) -> Option<&mut Located> {
    match answer {
        Ok(Response::Channel(ChannelResponse::Located(located))) => Some(located),
        _ => None,
    }
}

fn intent(answer: &mut Answer) -> Option<&mut Intent> {
    match answer {
        Ok(Response::Channel(ChannelResponse::Decoded { intent })) => Some(intent),
        _ => None,
    }
}

fn encoded(answer: &mut Answer) -> Option<&mut RawResponse> {
    match answer {
        Ok(Response::Channel(ChannelResponse::Encoded { raw })) => Some(raw),
        _ => None,
    }
}

fn told(answer: &mut Answer) -> Option<&mut Told> {
    match answer {
        Ok(Response::Channel(ChannelResponse::Told(told))) => Some(told),
        _ => None,
    }
}

fn seen(answer: &mut Answer) -> Option<&mut Seen> {
    match answer {
        Ok(Response::Channel(ChannelResponse::Seen(seen))) => Some(seen),
        _ => None,
    }
}

fn outcome(asked: &Request) -> Option<&Outcome> {
    match asked {
        Request::Channel(ChannelRequest::Encode { outcome, .. }) => Some(outcome),
        _ => None,
    }
}

fn with_effect(answer: &mut Answer, effect: Effect) {
    if let Err(fault) = answer {
        fault.effect = effect;
    }
}

/// Locates what nobody signed.
fn believes_all(asked: &Request, answer: &mut Answer, _: &Place) {
    if matches!(asked, Request::Channel(ChannelRequest::Locate { .. })) && answer.is_err() {
        *answer = Ok(Response::Channel(ChannelResponse::Located(Located::default())));
    }
}

fn invalid_is_internal(_: &Request, answer: &mut Answer, _: &Place) {
    if let Err(fault) = answer {
        fault.kind = FaultKind::Internal;
    }
}

/// The body with one field more.
fn with(body: &[u8], key: &str, value: Value) -> Vec<u8> {
    match serde_json::from_slice::<Value>(body) {
        Ok(mut read) if read.is_object() => {
            read[key] = value;
            read.to_string().into_bytes()
        }
        _ => body.to_vec(),
    }
}

/// An intent with that amount in place of a fault.
fn decodes_amount(asked: &Request, answer: &mut Answer, fen: i64) {
    let mut asked = asked.clone();
    let locates = matches!(asked, Request::Channel(ChannelRequest::Locate { .. }));
    if raw(&mut asked).is_none() || answer.is_ok() {
        return;
    }
    if locates {
        *answer = Ok(Response::Channel(ChannelResponse::Located(Located::default())));
        return;
    }
    let at = entrepot_sdk::contract::time::Timestamp::from_seconds(1_790_000_000);
    let Ok(order) = ChannelOrderId::parse(market::ORDER) else { return };
    let told = entrepot_sdk::contract::intent::RecordRefund::new(
        order,
        "R1".to_owned(),
        entrepot_sdk::contract::order::RefundCause::Guest,
        entrepot_sdk::contract::intent::UnitChoice::AllLeft,
        Money::fen(fen),
        at,
    );
    let intent = Box::new(Intent::RecordRefund(told));
    *answer = Ok(Response::Channel(ChannelResponse::Decoded { intent }));
}

/// One answer for everything.
fn says_ok(asked: &Request, answer: &mut Answer, _: &Place) {
    if outcome(asked).is_some() {
        let raw = RawResponse::json(b"{\"code\":0}".to_vec());
        *answer = Ok(Response::Channel(ChannelResponse::Encoded { raw }));
    }
}

fn tells_anyway(answer: &mut Answer) {
    if answer.is_err() {
        *answer = Ok(Response::Channel(ChannelResponse::Told(Told::Done)));
    }
}

fn nothing_there(asked: &Request, answer: &mut Answer, _: &Place) {
    if matches!(asked, Request::Channel(ChannelRequest::Look { .. })) && answer.is_err() {
        let seen = Box::new(Seen::Orders { orders: Vec::new(), next: None });
        *answer = Ok(Response::Channel(ChannelResponse::Seen(seen)));
    }
}

/// The notice of codes that is delivered.
fn codes(asked: &mut Request) -> Option<&mut CodesNotice> {
    let Request::Channel(ChannelRequest::Deliver { notice }) = asked else { return None };
    match notice.as_mut() {
        Notice::Codes(codes) => Some(codes),
        _ => None,
    }
}

//! How is the outcome said in the channel's words?

use std::sync::Arc;

use entrepot_contract::channel::RawResponse;
use entrepot_contract::ids::SceneName;
use entrepot_contract::intent::Intent;
use entrepot_contract::outcome::{CalendarAnswer, OrderShown, Outcome as Answer, Reason, Refusal, Standing};
use entrepot_sdk::testing::Seat;
use serde_json::Value;

use super::sample::{TICKET, answers, cell, order_shown, samples, stand, ticket};
use crate::ability::all;
use crate::stand::lacks;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, fine};

pub(crate) const CHECKS: &[Check] = checks! {
    every_answer_can_be_said if all, "each intent has words for whatever the core may answer to it";
    every_refusal_can_be_said if all, "every reason has words of the channel, if only general ones";
    busy_can_be_said if all, "every scene can say that there is too much to do";
    refusal_is_no_yes if all, "a refusal bears a code of its own: the partner must not take it for a yes";
    busy_is_no_yes if all, "\"too much to do\" bears a code of its own: the partner must call again";
    later_outcomes_are_not_said_as_a_yes if all, "an outcome that this build does not know is a fault, never a yes";
    answers_are_what_they_say_they_are if all, "an answer that says it is JSON, is";
    odd_texts_do_not_break_answers if all, "write answers with serde_json, never with format!";
    answers_again_are_the_same if all, "a repeat gets the same bytes: no time and no counter of ours in an answer";
    tickets_survive_in_answers if all, "a ticket's code is sent as it is";
    shown_tickets_survive if all, "the tickets of an order that is shown are sent as they are";
    ends_of_holds_are_told if all, "a channel that keeps unpaid orders tells until when";
    prices_survive_in_answers if all, "prices are whole numbers of minor units of 64 bits: never a float";
};

/// The author's calls, decoded.
async fn asked(trial: &Trial) -> Outcome<(Seat, Vec<(SceneName, Intent)>)> {
    let (seat, _) = stand(trial).await?;
    let mut all = Vec::new();
    for sample in samples(trial)? {
        all.push((sample.raw.scene.clone(), fine("decode", seat.decode(sample.raw.clone()).await)?));
    }
    Ok((seat, all))
}

async fn said(seat: &Seat, scene: &SceneName, intent: &Intent, answer: &Answer) -> Outcome<RawResponse> {
    let what = format!("{scene} answered {answer:?}");
    fine(&what, seat.encode(scene.clone(), intent.clone(), answer.clone()).await)
}

fn can_be_sent(what: &str, raw: &RawResponse) -> Outcome {
    let right = (200..600).contains(&raw.status) && !raw.content_type.is_empty();
    ensure(right, || format!("{what}: status {} of type {:?}", raw.status, raw.content_type))
}

async fn every_answer_can_be_said(trial: Arc<Trial>) -> Outcome {
    let (seat, all) = asked(&trial).await?;
    for (scene, intent) in &all {
        for answer in answers(intent)? {
            can_be_sent(&format!("{scene} answered {answer:?}"), &said(&seat, scene, intent, &answer).await?)?;
        }
    }
    Ok(())
}

const REASONS: &[Reason] = &[
    Reason::SoldOut,
    Reason::OffSale,
    Reason::DateClosed,
    Reason::DocumentLimit,
    Reason::PhoneLimit,
    Reason::OtherLimit,
    Reason::TooManyUnits,
    Reason::TooFewUnits,
    Reason::PhoneMissing,
    Reason::DocumentMissing,
    Reason::NameMissing,
    Reason::GuestsMismatch,
    Reason::PhoneMalformed,
    Reason::DocumentMalformed,
    Reason::NameMalformed,
    Reason::CreditShort,
    Reason::PriceDiffers,
    Reason::OrderUnknown,
    Reason::StateForbids,
    Reason::KeyConflict,
    Reason::Paused,
    Reason::SupplierRefused,
    Reason::Malformed,
    Reason::Other,
];

async fn every_refusal_can_be_said(trial: Arc<Trial>) -> Outcome {
    let (seat, all) = asked(&trial).await?;
    for (scene, intent) in &all {
        for reason in REASONS {
            let no = Answer::Refused(Refusal::new(*reason, "a reason"));
            can_be_sent(&format!("{scene} refused for {reason:?}"), &said(&seat, scene, intent, &no).await?)?;
        }
    }
    Ok(())
}

async fn busy_can_be_said(trial: Arc<Trial>) -> Outcome {
    let (seat, all) = asked(&trial).await?;
    for (scene, intent) in &all {
        can_be_sent(&format!("{scene} busy"), &said(&seat, scene, intent, &Answer::Busy).await?)?;
    }
    Ok(())
}

/// Questions, to which a wrong yes sells or pays.
fn is_question(intent: &Intent) -> bool {
    match intent {
        Intent::ChangeOrder(change) => !change.done,
        Intent::CheckBooking(_)
        | Intent::CreateOrder(_)
        | Intent::IssueOrder(_)
        | Intent::AskRefund(_)
        | Intent::ExtendHold { .. }
        | Intent::AskInvoice(_) => true,
        _ => false,
    }
}

async fn differs_from_yes(trial: &Trial, no: Answer) -> Outcome {
    let (seat, all) = asked(trial).await?;
    let mut tried = false;
    for (scene, intent) in all.iter().filter(|(_, intent)| is_question(intent)) {
        let Some(yes) = answers(intent)?.into_iter().next() else { continue };
        tried = true;
        let (yes, no) = (said(&seat, scene, intent, &yes).await?, said(&seat, scene, intent, &no).await?);
        ensure(yes != no, || format!("{scene} says the same as for a yes"))?;
    }
    if tried { Ok(()) } else { Err(lacks("a call that asks something")) }
}

async fn refusal_is_no_yes(trial: Arc<Trial>) -> Outcome {
    differs_from_yes(&trial, Answer::Refused(Refusal::new(Reason::SoldOut, "a reason"))).await
}

async fn busy_is_no_yes(trial: Arc<Trial>) -> Outcome {
    differs_from_yes(&trial, Answer::Busy).await
}

async fn later_outcomes_are_not_said_as_a_yes(trial: Arc<Trial>) -> Outcome {
    let (seat, all) = asked(&trial).await?;
    for (scene, intent) in &all {
        let yes = match answers(intent)?.into_iter().next() {
            Some(yes) => said(&seat, scene, intent, &yes).await?,
            None => continue,
        };
        if let Ok(told) = seat.encode(scene.clone(), intent.clone(), Answer::Unknown).await {
            ensure(told != yes, || format!("{scene} says yes to what it does not know"))?;
        }
    }
    Ok(())
}

/// Every answer to every call.
async fn everything(trial: &Trial, refusal: &str) -> Outcome<Vec<(String, RawResponse)>> {
    let (seat, all) = asked(trial).await?;
    let mut told = Vec::new();
    for (scene, intent) in &all {
        let mut outcomes = answers(intent)?;
        outcomes.push(Answer::Refused(Refusal::new(Reason::Other, refusal)));
        outcomes.push(Answer::Busy);
        for answer in &outcomes {
            told.push((format!("{scene} answered {answer:?}"), said(&seat, scene, intent, answer).await?));
        }
    }
    Ok(told)
}

fn readable(what: &str, raw: &RawResponse) -> Outcome {
    if raw.content_type.contains("json") {
        let read = serde_json::from_slice::<Value>(&raw.body);
        return ensure(read.is_ok(), || {
            format!("{what} says JSON and is none: {}", String::from_utf8_lossy(&raw.body))
        });
    }
    Ok(())
}

async fn answers_are_what_they_say_they_are(trial: Arc<Trial>) -> Outcome {
    everything(&trial, "a reason").await?.iter().try_for_each(|(what, raw)| readable(what, raw))
}

async fn odd_texts_do_not_break_answers(trial: Arc<Trial>) -> Outcome {
    const ODD: &str = "\"},{\\ \n\t</p> 中文 \u{0} &amp; %00";
    everything(&trial, ODD).await?.iter().try_for_each(|(what, raw)| readable(what, raw))
}

async fn answers_again_are_the_same(trial: Arc<Trial>) -> Outcome {
    let (first, second) = (everything(&trial, "a reason").await?, everything(&trial, "a reason").await?);
    let differs = first.iter().zip(&second).find(|(one, other)| one != other);
    ensure(differs.is_none(), || format!("two answers to one question differ: {:?}", differs.map(|(one, _)| &one.0)))
}

/// Whether a text stands in the answer, as a text of its JSON or as it is.
fn holds(raw: &RawResponse, text: &str) -> bool {
    fn within(value: &Value, text: &str) -> bool {
        match value {
            Value::String(found) => {
                // Some partners put JSON into a text.
                let inner = serde_json::from_str::<Value>(found);
                found.contains(text) || inner.is_ok_and(|inner| !inner.is_string() && within(&inner, text))
            }
            Value::Number(number) => number.to_string() == text,
            Value::Array(entries) => entries.iter().any(|entry| within(entry, text)),
            Value::Object(fields) => fields.values().any(|field| within(field, text)),
            _ => false,
        }
    }
    match serde_json::from_slice::<Value>(&raw.body) {
        Ok(value) => within(&value, text),
        Err(_) => String::from_utf8_lossy(&raw.body).contains(text),
    }
}

async fn tickets_survive_in_answers(trial: Arc<Trial>) -> Outcome {
    let (seat, all) = asked(&trial).await?;
    let issues = all.iter().find(|(_, intent)| matches!(intent, Intent::IssueOrder(_)));
    let Some((scene, intent)) = issues else { return Err(lacks("a call for credentials")) };
    let Some(yes) = answers(intent)?.into_iter().next() else { return fail("no answer to issue") };
    let told = said(&seat, scene, intent, &yes).await?;
    ensure(holds(&told, TICKET), || format!("the ticket {TICKET:?} is not in the answer"))
}

async fn shown_tickets_survive(trial: Arc<Trial>) -> Outcome {
    let (seat, all) = asked(&trial).await?;
    let shows = all.iter().find(|(_, intent)| matches!(intent, Intent::ShowOrders(_)));
    let Some((scene, intent)) = shows else { return Err(lacks("a call that shows orders")) };
    let shown = OrderShown { standing: Standing::Issued, credentials: vec![ticket(1)], ..order_shown(intent)? };
    let told = said(&seat, scene, intent, &Answer::Orders { orders: vec![shown] }).await?;
    ensure(holds(&told, TICKET), || format!("the ticket {TICKET:?} is not in the answer"))
}

async fn ends_of_holds_are_told(trial: Arc<Trial>) -> Outcome {
    let (seat, all) = asked(&trial).await?;
    let extends = all.iter().find(|(_, intent)| matches!(intent, Intent::ExtendHold { .. }));
    let Some((scene, intent)) = extends else { return Err(lacks("a call that keeps an order for longer")) };
    let shown = order_shown(intent)?;
    let later = shown.hold_until.map(|until| until.plus_millis(60_000));
    let later = OrderShown { hold_until: later, ..shown.clone() };
    let first = said(&seat, scene, intent, &Answer::Orders { orders: vec![shown] }).await?;
    let second = said(&seat, scene, intent, &Answer::Orders { orders: vec![later] }).await?;
    ensure(first != second, || format!("{scene} says the same of a hold that ends a minute later"))
}

async fn prices_survive_in_answers(trial: Arc<Trial>) -> Outcome {
    const FEN: i64 = 900_719_925_474_099;
    let (seat, all) = asked(&trial).await?;
    for (scene, intent) in &all {
        let Intent::PullCalendar(asked) = intent else { continue };
        let names = asked.skus.first().unwrap_or(&asked.names).clone();
        let yes = Answer::Calendar { skus: vec![CalendarAnswer { names, days: vec![cell(asked.from, FEN)?] }] };
        let told = match seat.encode(scene.clone(), intent.clone(), yes).await {
            Ok(told) => told,
            // More than the channel can be told is refused as a whole.
            Err(fault) => return crate::trial::not_done("a price without measure", &fault),
        };
        let yuan = format!("{}.{:02}", FEN / 100, FEN % 100);
        return ensure(holds(&told, &FEN.to_string()) || holds(&told, &yuan), || {
            format!("{FEN} fen are said as {}", String::from_utf8_lossy(&told.body))
        });
    }
    Err(lacks("a question for the calendar"))
}

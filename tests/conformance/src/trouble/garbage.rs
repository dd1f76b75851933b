//! Answers that nobody can read.

use std::sync::Arc;

use super::deed::{Deed, name};
use crate::ability::{
    audits, books, cancels, has_calendar, has_catalogue, holds, inquires, sends_messages, shows_again, tells_use,
};
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, failed, unknown};

pub(crate) const CHECKS: &[Check] = checks! {
    garbage_for_a_booking_is_unknown if books, "read answers with http::read_json: what cannot be read is garbled, with unknown effect";
    garbage_for_a_hold_is_unknown if holds, "read answers with http::read_json: what cannot be read is garbled, with unknown effect";
    garbage_for_a_cancel_is_unknown if cancels, "read answers with http::read_json: what cannot be read is garbled, with unknown effect";
    garbage_for_a_message_is_unknown if sends_messages, "what cannot be read is garbled, with unknown effect: the message may have been sent";
    garbage_for_an_inquiry_is_no_answer if inquires, "what cannot be read is a fault, never NotFound";
    garbage_for_an_audit_is_no_answer if audits, "what cannot be read is a fault, never NotAsked, Refused or Done";
    garbage_for_use_is_no_answer if tells_use, "what cannot be read is a fault, never \"nothing used\"";
    garbage_for_shown_tickets_is_no_answer if shows_again, "what cannot be read is a fault, never a ticket";
    garbage_for_the_catalogue_is_no_page if has_catalogue, "what cannot be read is a fault, never an empty page";
    garbage_for_the_calendar_is_no_page if has_calendar, "what cannot be read is a fault, never an empty page: dates would stay as they were for ever";
    megabytes_are_no_answer if books, "an answer of megabytes that nobody can read is garbled, with unknown effect";
};

const GARBAGE: &[&str] = &[
    "",
    "<html><body>502</body></html>",
    "{",
    "[]",
    "null",
    "{}",
    "\"ok\"",
    "{\"state\":7}",
    "\u{1}\u{2}\u{fffd}",
    "<?xml version=\"1.0\"?><a><b></a>",
];

/// `{}` may well be a supplier's yes to a call whose answer says nothing else.
const EMPTY_YES: &[&str] = &["{}", "{\"state\":7}"];

/// Every kind of garbage, and what came of it.
async fn all(trial: &Trial, deed: Deed, acts: bool) -> Outcome {
    let may_say_yes = matches!(deed, Deed::Cancel | Deed::Message);
    for body in GARBAGE.iter().filter(|body| !(may_say_yes && EMPTY_YES.contains(body))) {
        let (stand, request) = deed.ready(trial).await?;
        stand.answer_always(200, body);
        let what = format!("{} answered {body:?}", name(&request));
        let fault = failed(&what, stand.ask(request).await)?;
        if acts {
            unknown(&what, &fault)?;
        }
    }
    Ok(())
}

async fn garbage_for_a_booking_is_unknown(trial: Arc<Trial>) -> Outcome {
    all(&trial, Deed::Book, true).await
}

async fn garbage_for_a_hold_is_unknown(trial: Arc<Trial>) -> Outcome {
    all(&trial, Deed::Hold, true).await
}

async fn garbage_for_a_cancel_is_unknown(trial: Arc<Trial>) -> Outcome {
    all(&trial, Deed::Cancel, true).await
}

async fn garbage_for_a_message_is_unknown(trial: Arc<Trial>) -> Outcome {
    all(&trial, Deed::Message, true).await
}

async fn garbage_for_an_inquiry_is_no_answer(trial: Arc<Trial>) -> Outcome {
    all(&trial, Deed::Inquire, false).await
}

async fn garbage_for_an_audit_is_no_answer(trial: Arc<Trial>) -> Outcome {
    all(&trial, Deed::InquireCancel, false).await
}

async fn garbage_for_use_is_no_answer(trial: Arc<Trial>) -> Outcome {
    all(&trial, Deed::Usage, false).await
}

async fn garbage_for_shown_tickets_is_no_answer(trial: Arc<Trial>) -> Outcome {
    all(&trial, Deed::Credentials, false).await
}

async fn garbage_for_the_catalogue_is_no_page(trial: Arc<Trial>) -> Outcome {
    all(&trial, Deed::Catalogue, false).await
}

async fn garbage_for_the_calendar_is_no_page(trial: Arc<Trial>) -> Outcome {
    all(&trial, Deed::Calendar, false).await
}

async fn megabytes_are_no_answer(trial: Arc<Trial>) -> Outcome {
    const BYTES: usize = 2 * 1024 * 1024;
    for filler in ["x", "{\"a\":", "<a>"] {
        let (stand, request) = Deed::Book.ready(&trial).await?;
        stand.answer_always(200, &filler.repeat(BYTES / filler.len()));
        unknown("book answered with 2 MB", &failed("book answered with 2 MB", stand.ask(request).await)?)?;
    }
    Ok(())
}

//! Secrets, guests and tickets in no log, URL, fault or memo.

use std::sync::Arc;

use entrepot_contract::fault::Fault;
use entrepot_contract::services::HttpRequest;
use entrepot_contract::supplier::{Booking, Cancellation, SupplierResponse};

use super::deed::Deed;
use crate::ability::{books, has_secrets};
use crate::side::Button;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{GUEST_NAME, GUEST_PHONE, Trial, ensure, guests_texts, keeps_quiet, lines, text_of, urls};

pub(crate) const CHECKS: &[Check] = checks! {
    secrets_reach_no_log if |m| books(m) && has_secrets(m), "log no secret, no header and no whole request";
    secrets_reach_no_url if |m| books(m) && has_secrets(m), "send secrets in secret_header or a signed body: URLs stand in logs everywhere";
    secrets_reach_no_fault if |m| books(m) && has_secrets(m), "a fault names places and codes, never what was sent or answered";
    secret_headers_are_marked if |m| books(m) && has_secrets(m), "use secret_header or bearer: the interface log shows other headers";
    guests_reach_no_log if books, "log numbers of orders, never names, phones or documents";
    guests_reach_no_url if books, "send guests' data in bodies: URLs stand in logs everywhere";
    guests_reach_no_fault if books, "a fault names the field, never its value; partners repeat what they were sent";
    tickets_reach_no_log_or_fault if books, "a ticket's code is a secret until the guest has it";
    memos_hold_nothing_private if books, "a memo is stored in clear: a batch number or a place in a queue, nothing else";
};

/// What was said in all kinds of trouble.
#[derive(Default)]
struct Heard {
    lines: Vec<String>,
    urls: Vec<String>,
    faults: Vec<String>,
    memos: Vec<String>,
    sent: Vec<HttpRequest>,
    tickets: Vec<String>,
}

impl Heard {
    fn answer(&mut self, answer: Result<SupplierResponse, Fault>) {
        match answer {
            Err(fault) => self.faults.push(text_of(&fault)),
            Ok(SupplierResponse::Booking(Booking::Issued { units, .. })) => {
                let values = units.into_iter().flat_map(|unit| unit.credentials).map(|credential| credential.value);
                // A short word may stand anywhere by chance.
                self.tickets.extend(values.filter(|value| value.len() >= 6));
            }
            Ok(SupplierResponse::Booking(Booking::Pending { wait, .. }))
            | Ok(SupplierResponse::Cancellation(Cancellation::Waiting(wait))) => {
                self.memos.extend(wait.memo.map(|memo| memo.as_str().to_owned()));
            }
            Ok(SupplierResponse::Booking(Booking::Refused(refusal)))
            | Ok(SupplierResponse::Cancellation(Cancellation::Refused(refusal))) => self.faults.push(refusal.text),
            Ok(_) => {}
        }
    }
}

/// Every declared call, done well and in every kind of trouble; partners repeat what they were sent, secrets included.
async fn heard(trial: &Trial) -> Outcome<Heard> {
    let mut heard = Heard::default();
    let echo = [GUEST_NAME, GUEST_PHONE].into_iter().chain(trial.secrets()).collect::<Vec<_>>().join(" ");
    let json = serde_json::json!({ "reason": {"was": echo}, "state": echo, "message": [echo] }).to_string();
    let page = format!("<html>{echo}</html>");
    for deed in Deed::declared(trial) {
        let well = deed.ready(trial).await?;
        heard.answer(well.0.ask(well.1).await);
        note(&mut heard, &well.0);
        let (stand, request) = deed.ready(trial).await?;
        stand.lose_answers(true);
        heard.answer(stand.ask(request).await);
        note(&mut heard, &stand);
        for (status, body) in [(200, &json), (200, &page), (400, &json), (401, &page), (409, &json), (500, &json)] {
            let (stand, request) = deed.ready(trial).await?;
            stand.answer_always(status, body);
            heard.answer(stand.ask(request).await);
            note(&mut heard, &stand);
        }
    }
    waiting(trial, &mut heard).await?;
    Ok(heard)
}

fn note(heard: &mut Heard, stand: &crate::stand::Stand) {
    heard.lines.extend(lines(&stand.world));
    heard.urls.extend(urls(&stand.world));
    heard.sent.extend(stand.world.sent());
}

/// What is pending or audited, where the other side can do that.
async fn waiting(trial: &Trial, heard: &mut Heard) -> Outcome {
    let (stand, request) = Deed::Book.ready(trial).await?;
    if stand.press(Button::Delay).is_ok() {
        heard.answer(stand.ask(request).await);
    }
    if Deed::declared(trial).contains(&Deed::Cancel) {
        let (stand, request) = Deed::Cancel.ready(trial).await?;
        if stand.press(Button::Audit).is_ok() {
            heard.answer(stand.ask(request).await);
        }
    }
    Ok(())
}

async fn secrets_reach_no_log(trial: Arc<Trial>) -> Outcome {
    keeps_quiet("a log line", &heard(&trial).await?.lines, &trial.secrets())
}

async fn secrets_reach_no_url(trial: Arc<Trial>) -> Outcome {
    keeps_quiet("a URL", &heard(&trial).await?.urls, &trial.secrets())
}

async fn secrets_reach_no_fault(trial: Arc<Trial>) -> Outcome {
    keeps_quiet("a fault or refusal", &heard(&trial).await?.faults, &trial.secrets())
}

async fn secret_headers_are_marked(trial: Arc<Trial>) -> Outcome {
    for request in heard(&trial).await?.sent {
        for (name, value) in &request.headers {
            let holds = trial.secrets().iter().any(|secret| value.contains(secret));
            let marked = request.secret_headers.iter().any(|secret| secret.eq_ignore_ascii_case(name));
            ensure(!holds || marked, || {
                format!("{}: the header {name} holds a secret and is not marked", request.api)
            })?;
        }
    }
    Ok(())
}

async fn guests_reach_no_log(trial: Arc<Trial>) -> Outcome {
    keeps_quiet("a log line", &heard(&trial).await?.lines, &guests_texts())
}

async fn guests_reach_no_url(trial: Arc<Trial>) -> Outcome {
    keeps_quiet("a URL", &heard(&trial).await?.urls, &guests_texts())
}

async fn guests_reach_no_fault(trial: Arc<Trial>) -> Outcome {
    keeps_quiet("a fault or refusal", &heard(&trial).await?.faults, &guests_texts())
}

async fn tickets_reach_no_log_or_fault(trial: Arc<Trial>) -> Outcome {
    let heard = heard(&trial).await?;
    keeps_quiet("a log line", &heard.lines, &heard.tickets)?;
    keeps_quiet("a fault", &heard.faults, &heard.tickets)
}

async fn memos_hold_nothing_private(trial: Arc<Trial>) -> Outcome {
    keeps_quiet("a memo", &heard(&trial).await?.memos, &trial.private())
}

//! Secrets, guests and tickets in no log, URL or fault of a channel.

use std::sync::Arc;

use entrepot_contract::channel::RawRequest;
use entrepot_contract::notice::{CodesNotice, Notice, OrderEvent, OrderNotice, PoolCode};
use entrepot_contract::services::{HttpRequest, HttpResponse};
use entrepot_sdk::testing::World;

use super::sample::{TICKET, answer_well, answers, notices, samples, signer, stand, ticket};
use crate::ability::{all, delivers, has_secrets};
use crate::suite::{Check, Outcome, checks};
use crate::trial::{GUEST_NAME, GUEST_PHONE, Trial, ensure, guests_texts, keeps_quiet, lines, text_of, urls};

pub(crate) const CHECKS: &[Check] = checks! {
    channel_secrets_reach_no_log_or_url if has_secrets, "log no secret, no header and no whole request";
    channel_secrets_reach_no_fault if has_secrets, "a fault names places and codes, never what was sent or answered";
    channel_secret_headers_are_marked if |m| delivers(m) && has_secrets(m), "use secret_header or bearer: the interface log shows other headers";
    guests_of_calls_reach_no_log_or_fault if all, "name the field of a call that is wrong, never its value";
    tickets_of_notices_reach_no_log_or_url if delivers, "a ticket's code is a secret until the guest has it";
};

/// What was said in all kinds of trouble.
#[derive(Default)]
struct Heard {
    traces: Vec<String>,
    faults: Vec<String>,
    sent: Vec<HttpRequest>,
}

impl Heard {
    fn note(&mut self, world: &World) {
        self.traces.extend(lines(world));
        self.traces.extend(urls(world));
        self.sent.extend(world.sent());
    }
}

/// Every sample, well, unsigned, and with guests' data where it does not belong; every notice, well and in trouble.
async fn heard(trial: &Trial) -> Outcome<Heard> {
    let mut heard = Heard::default();
    let (seat, world) = stand(trial).await?;
    for sample in samples(trial)? {
        let raw = sample.raw.clone();
        if let Ok(intent) = seat.decode(raw.clone()).await {
            for answer in answers(&intent)? {
                let told = seat.encode(raw.scene.clone(), intent.clone(), answer).await;
                heard.faults.extend(told.err().map(|fault| text_of(&fault)));
            }
        }
        let unsigned = RawRequest { headers: Vec::new(), ..raw.clone() };
        heard.faults.extend(seat.locate(unsigned).await.err().map(|fault| text_of(&fault)));
        let Ok(sign) = signer(trial) else { continue };
        for body in misplaced(&raw.body) {
            let raw = sign(RawRequest { body: body.into_bytes(), ..raw.clone() });
            heard.faults.extend(seat.locate(raw.clone()).await.err().map(|fault| text_of(&fault)));
            heard.faults.extend(seat.decode(raw).await.err().map(|fault| text_of(&fault)));
        }
    }
    heard.note(&world);
    tell(trial, &mut heard).await?;
    Ok(heard)
}

/// The body with a guest's name in place of each value, and as no JSON at all.
fn misplaced(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let fields = crate::alter::with_texts(&text, &format!("{GUEST_NAME} {GUEST_PHONE}"));
    let bodies = crate::alter::some(fields).into_iter().map(|change| change.made(&text)).collect::<Vec<_>>();
    bodies.into_iter().chain([format!("{text}{GUEST_NAME}{GUEST_PHONE}")]).collect()
}

/// Every notice, with tickets; partners repeat what they were sent, secrets included.
async fn tell(trial: &Trial, heard: &mut Heard) -> Outcome {
    let echo = [GUEST_NAME, GUEST_PHONE, TICKET].into_iter().chain(trial.secrets()).collect::<Vec<_>>().join(" ");
    let json =
        serde_json::json!({"data": {"description": [echo]}, "message": {"was": echo}, "error": [echo]}).to_string();
    let page = format!("<html>{echo}</html>");
    for notice in notices(trial)? {
        let notice = match notice {
            Notice::Order(told) if matches!(told.event, OrderEvent::Issued { .. }) => {
                Notice::Order(OrderNotice { event: OrderEvent::Issued { units: vec![ticket(1), ticket(2)] }, ..told })
            }
            Notice::Codes(told) => {
                let with_ticket = |code: PoolCode| PoolCode { credentials: ticket(1).credentials, ..code };
                Notice::Codes(CodesNotice { codes: told.codes.into_iter().map(with_ticket).collect(), ..told })
            }
            other => other,
        };
        for (status, body) in [(0, ""), (200, json.as_str()), (200, &page), (400, &json), (401, &page), (500, &json)] {
            let (seat, world) = stand(trial).await?;
            answer_well(trial, &world)?;
            let told = seat.deliver(notice.clone()).await;
            heard.faults.extend(told.err().map(|fault| text_of(&fault)));
            if status > 0 {
                let answer = HttpResponse { status, headers: Vec::new(), body: body.to_owned() };
                world.other_side(move |_| Ok(answer.clone()));
                let told = seat.deliver(notice.clone()).await;
                heard.faults.extend(told.err().map(|fault| text_of(&fault)));
            }
            heard.note(&world);
        }
    }
    Ok(())
}

async fn channel_secrets_reach_no_log_or_url(trial: Arc<Trial>) -> Outcome {
    keeps_quiet("a log line or URL", &heard(&trial).await?.traces, &trial.secrets())
}

async fn channel_secrets_reach_no_fault(trial: Arc<Trial>) -> Outcome {
    keeps_quiet("a fault", &heard(&trial).await?.faults, &trial.secrets())
}

async fn channel_secret_headers_are_marked(trial: Arc<Trial>) -> Outcome {
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

async fn guests_of_calls_reach_no_log_or_fault(trial: Arc<Trial>) -> Outcome {
    let heard = heard(&trial).await?;
    keeps_quiet("a log line or URL", &heard.traces, &guests_texts())?;
    keeps_quiet("a fault", &heard.faults, &guests_texts())
}

async fn tickets_of_notices_reach_no_log_or_url(trial: Arc<Trial>) -> Outcome {
    let heard = heard(&trial).await?;
    keeps_quiet("a log line or URL", &heard.traces, &[TICKET])?;
    keeps_quiet("a fault", &heard.faults, &[TICKET])
}

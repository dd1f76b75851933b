//! Books an order at its supplier. A booking whose outcome nobody knows is asked about before anything else.

use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::order::{Order, OrderState, UnitCredentials};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::supplier::{Booking, SupplierRequest, SupplierResponse};
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CommandKey, IssueResult};
use entrepot_domain::job::JobState;
use entrepot_domain::planted::{self, Bug};

use super::supplier;
use crate::core::Core;
use crate::jobs::{Tried, end};
use crate::storage::LeasedJob;

/// How long to wait before asking again about a pending booking, in milliseconds.
const ASK_AFTER_MS: u64 = 5_000;

/// A pending booking that takes longer is told to a person, in milliseconds, where the supplier names no time.
const PENDING_ALERT_MS: u64 = 3_600_000;

pub(crate) async fn run(core: &Core, job: &LeasedJob) -> Tried {
    match work(core, job).await {
        Ok(tried) | Err(tried) => tried,
    }
}

async fn work(core: &Core, job: &LeasedJob) -> Result<Tried, Tried> {
    let (order, _) = supplier::order_of(core, job).await?;
    let key = order.id.to_string();
    // The supplier told by itself, or another try did, and its word is stored.
    // Codes that a person typed say nothing about a booking that may have gone out: it is asked about all the same.
    let asks = order.by_hand && job.state == JobState::Started;
    if matches!(order.state, OrderState::Issued | OrderState::Completed) && !asks {
        let note = if order.by_hand { "issued by hand: nothing is booked" } else { "booked: its tickets are here" };
        let body = Body::EndJob { order: order.id.clone(), note: note.to_owned() };
        return record(core, job, body).await;
    }
    if job.state == JobState::Started && !planted::is(Bug::BlindRepeat) {
        return inquire(core, job, &order, &key).await;
    }
    if order.state != OrderState::Issuing {
        let note = format!("the order is {:?}: nothing is booked any more", order.state);
        let body = Body::EndJob { order: order.id.clone(), note };
        return record(core, job, body).await;
    }
    book(core, job, &order, &key).await
}

async fn book(core: &Core, job: &LeasedJob, order: &Order, key: &str) -> Result<Tried, Tried> {
    let wanted = supplier::order_with_guests(core, order, &[]).await?;
    let limit_ms = supplier::start(core, job).await?;
    match supplier::call(core, job, key, limit_ms, SupplierRequest::Book { order: Box::new(wanted) }).await {
        Ok(SupplierResponse::Booking(booking)) => settle(core, job, order, booking).await,
        Ok(_) => Ok(Tried::Unclear { note: "book was answered with something else".to_owned() }),
        Err(fault) => after_fault(core, job, order, fault).await,
    }
}

/// A certain no ends the job with a refusal; everything else keeps it going.
async fn after_fault(core: &Core, job: &LeasedJob, order: &Order, fault: Fault) -> Result<Tried, Tried> {
    let certain = fault.effect == Effect::NotDone
        && matches!(fault.kind, FaultKind::Refused | FaultKind::SoldOut | FaultKind::NotFound)
        || planted::is(Bug::MovedOnBlindly);
    if certain {
        return settle(core, job, order, Booking::Refused(Refusal::new(Reason::SupplierRefused, fault.text))).await;
    }
    Ok(supplier::after_fault(&fault))
}

async fn inquire(core: &Core, job: &LeasedJob, order: &Order, key: &str) -> Result<Tried, Tried> {
    let (connection, instance) = supplier::counterparty(core, &job.job.connection)?;
    let calls = supplier::calls(&instance)?;
    let Some(ability) = calls.inquire else {
        if calls.book.repeatable && order.state == OrderState::Issuing {
            return book(core, job, order, key).await;
        }
        let note = format!("nobody knows whether {} booked order {}, and it cannot be asked", connection.id, order.id);
        return Ok(Tried::Hopeless { note, unclear: true });
    };
    let wanted = supplier::supplier_order(core, order, &[]).await?;
    let request = SupplierRequest::Inquire { order: Box::new(wanted), memo: job.memo.word.clone() };
    match supplier::call(core, job, key, supplier::CALL_LIMIT_MS, request).await {
        // What is held is not booked.
        Ok(SupplierResponse::Booking(Booking::Held { .. })) if order.state == OrderState::Issuing => {
            book(core, job, order, key).await
        }
        Ok(SupplierResponse::Booking(Booking::NotFound)) => Ok(supplier::absent(core, job, ability.not_found_after_ms)),
        Ok(SupplierResponse::Booking(booking)) => settle(core, job, order, booking).await,
        Ok(_) => Ok(Tried::Unclear { note: "inquire was answered with something else".to_owned() }),
        // The question had no effect, but the booking before it may have: the job stays started.
        Err(fault) => Ok(Tried::Unclear { note: fault.to_string() }),
    }
}

async fn settle(core: &Core, job: &LeasedJob, order: &Order, booking: Booking) -> Result<Tried, Tried> {
    let result = match booking {
        Booking::Issued { reference, units } if order.by_hand => {
            IssueResult::Found { reference, same: typed(core, order, &units).await? }
        }
        Booking::Issued { reference, units } => IssueResult::Issued { reference, units },
        Booking::Refused(refusal) => IssueResult::Refused { reason: refusal.text },
        Booking::NotFound | Booking::Cancelled | Booking::Held { .. } => {
            IssueResult::Refused { reason: "the supplier gave the order back".to_owned() }
        }
        Booking::Unknown => return Ok(Tried::Unclear { note: "the supplier said what nobody knows".to_owned() }),
        Booking::Pending { reference, wait } => {
            if reference.is_some() && reference != order.supplier_reference {
                let body = Body::RecordIssue { order: order.id.clone(), result: IssueResult::Pending { reference } };
                give(core, job, body, false).await?;
            }
            let (_, instance) = supplier::counterparty(core, &job.job.connection)?;
            let alert_ms = supplier::calls(&instance)?.book.pending_alert_ms.unwrap_or(PENDING_ALERT_MS);
            let note = "the supplier issues later";
            let rhythm = supplier::Rhythm { ask_after_ms: ASK_AFTER_MS, alert_ms, note };
            return Ok(supplier::waits(core, job, wait, &rhythm).await);
        }
    };
    record(core, job, Body::RecordIssue { order: order.id.clone(), result }).await
}

/// Whether every code that the supplier names was typed for its unit.
async fn typed(core: &Core, order: &Order, told: &[UnitCredentials]) -> Result<bool, Tried> {
    let shown = core.storage.credentials(&order.merchant, &order.id).await;
    let shown = shown.map_err(|fault| Tried::Unclear { note: fault.to_string() })?;
    let stands = |unit: u16, value: &str| {
        let of_unit = shown.iter().filter(|typed| typed.unit == unit).flat_map(|typed| &typed.credentials);
        of_unit.into_iter().any(|credential| credential.value == value)
    };
    Ok(told.iter().all(|unit| unit.credentials.iter().all(|credential| stands(unit.unit, &credential.value))))
}

/// Gives the command that records the outcome and ends the job in the same transaction.
pub(super) async fn record(core: &Core, job: &LeasedJob, body: Body) -> Result<Tried, Tried> {
    let answer = give(core, job, body, true).await?;
    supplier::waited(core, job).await;
    match answer {
        Answer::Refused(refusal) => Ok(Tried::Hopeless { note: refusal.text, unclear: true }),
        _ => Ok(Tried::Ended),
    }
}

/// Gives a command for a job. An outcome that cannot be stored now is asked for again: the job stays started.
async fn give(core: &Core, job: &LeasedJob, body: Body, ends: bool) -> Result<Answer, Tried> {
    let key = CommandKey {
        scope: "jobs".to_owned(),
        kind: body.name().to_owned(),
        // Each lease is a try of its own: who lost one must not keep the next from ending the job.
        key: format!("{}-{}", job.job.id, job.token),
    };
    let ended = ends.then(|| end(job));
    core.command(&job.job.merchant, key, String::new(), "job", body, None, ended)
        .await
        .map_err(|fault| Tried::Unclear { note: fault.to_string() })
}

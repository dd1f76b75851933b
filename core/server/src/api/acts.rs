//! What writing endpoints share: the audit line, refusals, and limits of texts and amounts.

use std::sync::Arc;

use axum::http::StatusCode;
use entrepot_contract::ids::MerchantId;
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_domain::answer::Answer;
use entrepot_domain::catalogue::Catalogue;
use entrepot_engine::flows::administer::Asked;

use crate::http::Shared;
use crate::http::problem::Problem;

/// Most minor units of one amount; more is taken for a slip of the hand.
pub(super) const AMOUNT_LIMIT_MINOR: i64 = 100_000_000_000_000;

/// Longest name or note, in characters.
pub(super) const TEXT_LIMIT_CHARS: usize = 500;

/// Writes who did what into the audit log. It is written after the act; when that fails the caller is told to try
/// again, and the same key gets the first answer with the line.
pub(super) async fn log(
    shared: &Shared,
    asked: &Asked,
    merchant: Option<&MerchantId>,
    act: &str,
    subject: &str,
    detail: &str,
) -> Result<(), Problem> {
    let detail = format!("{detail} (key {})", asked.key);
    Ok(shared.app.engine.audit(&asked.by, merchant, act, subject, detail.trim_start()).await?)
}

/// A refusal becomes a problem; everything else is the answer.
pub(super) fn settled(answer: Answer) -> Result<Answer, Problem> {
    match answer {
        Answer::Refused(refusal) => Err(refusal.into()),
        other => Ok(other),
    }
}

/// An answer that the command cannot have: our fault, never the caller's.
pub(super) fn odd(answer: &Answer) -> Problem {
    tracing::error!(?answer, "a command was answered with something else");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "this cannot be answered now; try again with the same key")
}

/// How many rows a command wrote.
pub(super) fn changed(answer: Answer) -> Result<u32, Problem> {
    match settled(answer)? {
        Answer::Changed { rows } => Ok(rows),
        other => Err(odd(&other)),
    }
}

/// The merchant's catalogue, as the database has it.
pub(super) async fn catalogue(shared: &Shared, merchant: &MerchantId) -> Result<Arc<Catalogue>, Problem> {
    let engine = &shared.app.engine;
    let known = engine.rules(merchant).await?.catalogue;
    let revisions = engine.storage().revisions(std::slice::from_ref(merchant)).await?;
    if revisions.get(merchant).is_none_or(|revision| *revision <= known.revision) {
        return Ok(known);
    }
    Ok(Arc::new(engine.storage().catalogue(merchant, Some(known)).await?))
}

/// What is wrong with a name or note, if anything.
pub(super) fn text_fault(what: &str, text: &str) -> Option<String> {
    let count = text.chars().count();
    let found = if text.trim().is_empty() {
        "none"
    } else if count > TEXT_LIMIT_CHARS {
        "more"
    } else if text.chars().any(char::is_control) {
        "a control character"
    } else {
        return None;
    };
    Some(format!("{what}: expected 1 to {TEXT_LIMIT_CHARS} characters, found {found}"))
}

/// Longest name of a time slot, in bytes.
const SLOT_LIMIT_BYTES: usize = 64;

/// What is wrong with the name of a time slot, if anything.
pub(super) fn slot_fault(place: &str, slot: &str) -> Option<String> {
    let found = match slot.len() {
        1..=SLOT_LIMIT_BYTES if slot.chars().any(char::is_control) => "a control character".to_owned(),
        1..=SLOT_LIMIT_BYTES => return None,
        length => length.to_string(),
    };
    Some(format!("{place}: slot: expected 1 to {SLOT_LIMIT_BYTES} bytes, found {found}"))
}

/// No refusal, or the problem that lists them all.
pub(super) fn unrefused(refusals: Vec<Refusal>) -> Result<(), Problem> {
    let Some(first) = refusals.first().cloned() else { return Ok(()) };
    let malformed = refusals.iter().any(|refusal| refusal.reason == Reason::Malformed);
    let faults = refusals.into_iter().map(|refusal| refusal.text).collect();
    // What the request gets wrong by itself weighs more than the state it met.
    Err(if malformed { Problem::of_faults(faults) } else { Problem::from(first).with_faults(faults) })
}

/// What is wrong with an amount that may be zero, if anything.
pub(super) fn amount_fault(what: &str, minor: i64) -> Option<String> {
    let right = (0..=AMOUNT_LIMIT_MINOR).contains(&minor);
    (!right).then(|| format!("{what}: expected minor units from 0 to {AMOUNT_LIMIT_MINOR}, found {minor}"))
}

/// No fault, or the problem.
pub(super) fn faultless(faults: impl IntoIterator<Item = Option<String>>) -> Result<(), Problem> {
    let faults: Vec<String> = faults.into_iter().flatten().collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::of_faults(faults)) }
}

//! Pools of imported codes (码库): what comes in, what is kept back, what ends.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::ids::{BatchId, CodeId, PoolName};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::time::VisitDate;

use super::Stop;
use super::draft::Draft;
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::change::{Change, HistoryCell, HistoryKind};
use crate::code::NewCode;
use crate::code::{BatchState, CodeBatch, CodeMove, CodeState, FreshCode, Pool, left_for};
use crate::command::BULK_LIMIT_ROWS;

pub(super) fn add(draft: &mut Draft<'_>, name: &PoolName, codes: &[NewCode]) -> Result<Answer, Stop> {
    if codes.len() > BULK_LIMIT_ROWS {
        let text = format!("at most {BULK_LIMIT_ROWS} codes at once, found {}", codes.len());
        return Err(Refusal::new(Reason::Malformed, text).into());
    }
    let pool = draft.pool(name)?.cloned().unwrap_or_default();
    let standing = batches(draft, name, codes)?;
    let mut seen = BTreeSet::new();
    let (mut duplicates, mut elsewhere, mut fresh) = (Vec::new(), Vec::new(), Vec::new());
    for code in codes {
        match draft.state.known_codes.get(&code.text) {
            Some(other) if other != name => elsewhere.push(code.line),
            Some(_) => duplicates.push(code.line),
            None if !seen.insert(&code.text) => duplicates.push(code.line),
            None => fresh.push(FreshCode {
                id: draft.command.seed.code(fresh.len() + 1),
                text: code.text.clone(),
                credentials: code.credentials.clone(),
                facts: code.facts.clone(),
                state: standing.get(&code.facts.batch).copied().unwrap_or(CodeState::Available),
            }),
        }
    }
    let added = u32::try_from(fresh.len()).unwrap_or(u32::MAX);
    let more = fresh.iter().filter(|code| code.state == CodeState::Available).count();
    let available = pool.available.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
    count(draft, name, &pool, available);
    draft.push(Change::NewCodes(name.clone(), fresh));
    Ok(Answer::CodesAdded { added, duplicates, elsewhere })
}

/// Where codes of each batch stand when they come; batches that are new are made.
fn batches(draft: &mut Draft<'_>, name: &PoolName, codes: &[NewCode]) -> Result<BTreeMap<BatchId, CodeState>, Stop> {
    let mut standing = BTreeMap::new();
    for batch in codes.iter().map(|code| &code.facts.batch) {
        if standing.contains_key(batch) {
            continue;
        }
        let known = draft.state.batches.get(&(name.clone(), batch.clone())).ok_or(Stop::SeeMore)?;
        let state = match known {
            Some(known) if known.state == BatchState::Void => {
                let text = format!("batch {batch} of pool {name} is void; give these codes a batch of their own");
                return Err(Refusal::new(Reason::StateForbids, text).into());
            }
            Some(known) => known.state,
            None => {
                let (by, at) = (draft.command.by.clone(), draft.at());
                let made = CodeBatch { state: BatchState::Active, by, at };
                draft.push(Change::Batch(name.clone(), batch.clone(), made));
                BatchState::Active
            }
        };
        standing.insert(batch.clone(), state.standing());
    }
    Ok(standing)
}

/// Writes how many codes are left, and settles the alerts that speak of it. Low is told once on the way down.
pub(super) fn count(draft: &mut Draft<'_>, name: &PoolName, before: &Pool, available: u32) {
    if available > before.available {
        draft.resolve(AlertKind::PoolEmpty, name.as_str());
    }
    if available < before.threshold && before.available >= before.threshold {
        let text = format!("pool {name} has {available} codes left, less than {}", before.threshold);
        draft.alert(AlertKind::PoolLow, name.as_str(), text);
    } else if available >= before.threshold && available > before.available {
        draft.resolve(AlertKind::PoolLow, name.as_str());
    }
    draft.push(Change::Pool(name.clone(), Pool { available, ..before.clone() }));
}

pub(super) fn void(draft: &mut Draft<'_>, name: &PoolName, code: &CodeId) -> Result<Answer, Stop> {
    let pool = draft.pool(name)?.cloned();
    let waiting = draft.state.codes.get(name).into_iter().flatten().find(|other| &other.id == code);
    let Some((pool, before)) = pool.zip(waiting.map(crate::code::AvailableCode::state)) else {
        let text = format!("pool {name} has no code {code} that could still be given");
        return Err(Refusal::new(Reason::StateForbids, text).into());
    };
    draft.push(Change::MoveCode(code.clone(), CodeState::Void, draft.at()));
    told(draft, HistoryKind::Code, code.as_str(), &before, &CodeState::Void);
    count(draft, name, &pool, pool.available.saturating_sub(1));
    Ok(Answer::Changed { rows: 1 })
}

/// A line of what people did to a code or a batch.
pub(super) fn told(
    draft: &mut Draft<'_>,
    kind: HistoryKind,
    subject: &str,
    before: &impl serde::Serialize,
    after: &impl serde::Serialize,
) {
    let value = |value: Result<serde_json::Value, serde_json::Error>| value.unwrap_or_default();
    let cell = HistoryCell {
        date: None,
        slot: None,
        before: value(serde_json::to_value(before)),
        after: value(serde_json::to_value(after)),
    };
    draft.remember(kind, subject, vec![cell]);
}

pub(super) fn set_threshold(
    draft: &mut Draft<'_>,
    name: &PoolName,
    threshold: u32,
    expiring_days: Option<u16>,
) -> Result<Answer, Stop> {
    let Some(pool) = draft.pool(name)?.cloned() else {
        return Err(Refusal::new(Reason::OrderUnknown, format!("there is no pool {name}")).into());
    };
    if pool.available < threshold {
        let text = format!("pool {name} has {} codes left, less than {threshold}", pool.available);
        draft.alert(AlertKind::PoolLow, name.as_str(), text);
    } else {
        draft.resolve(AlertKind::PoolLow, name.as_str());
    }
    let expiring_days = expiring_days.unwrap_or(pool.expiring_days);
    draft.push(Change::Pool(name.clone(), Pool { threshold, expiring_days, ..pool }));
    Ok(Answer::Changed { rows: 1 })
}

pub(super) fn move_batch(draft: &mut Draft<'_>, name: &PoolName, id: &BatchId, to: BatchState) -> Result<Answer, Stop> {
    let known = draft.state.batches.get(&(name.clone(), id.clone())).ok_or(Stop::SeeMore)?.clone();
    let Some(batch) = known else {
        return Err(Refusal::new(Reason::OrderUnknown, format!("pool {name} has no batch {id}")).into());
    };
    if batch.state == BatchState::Void && to != BatchState::Void {
        let text = format!("batch {id} of pool {name} is void for ever");
        return Err(Refusal::new(Reason::StateForbids, text).into());
    }
    if batch.state != to {
        told(draft, HistoryKind::CodeBatch, &format!("{name}/{id}"), &batch.state, &to);
        draft.push(Change::Batch(name.clone(), id.clone(), CodeBatch { state: to, ..batch }));
    }
    let moving = CodeMove::Batch(name.clone(), id.clone(), left_for(to).to_vec());
    relocate(draft, &moving, to.standing())
}

pub(super) fn expire(draft: &mut Draft<'_>, name: &PoolName, before: VisitDate) -> Result<Answer, Stop> {
    relocate(draft, &CodeMove::Ended(name.clone(), before), CodeState::Expired)
}

/// Moves those that were loaded; the answer says how many, so that the caller goes on until there are none.
fn relocate(draft: &mut Draft<'_>, moving: &CodeMove, to: CodeState) -> Result<Answer, Stop> {
    let Some(pool) = draft.pool(moving.pool())?.cloned() else { return Ok(Answer::Changed { rows: 0 }) };
    let codes = draft.state.moving_codes.get(moving).ok_or(Stop::SeeMore)?.clone();
    let at = draft.at();
    let (mut available, mut rows) = (pool.available, 0);
    for (code, from) in codes.into_iter().take(BULK_LIMIT_ROWS) {
        match (from.is_free(), to.is_free()) {
            (true, false) => available = available.saturating_sub(1),
            (false, true) => available = available.saturating_add(1),
            _ => {}
        }
        draft.push(Change::MoveCode(code, to, at));
        rows += 1;
    }
    if rows > 0 {
        count(draft, moving.pool(), &pool, available);
    }
    Ok(Answer::Changed { rows })
}

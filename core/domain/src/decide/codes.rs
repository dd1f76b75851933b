//! Pools of imported codes (码库). A code is given at most once, ever.

use std::collections::BTreeSet;

use entrepot_contract::ids::{CodeId, PoolName};
use entrepot_contract::outcome::{Reason, Refusal};

use super::Stop;
use super::draft::Draft;
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::change::{Change, CodeState, Pool};
use crate::command::{BULK_LIMIT_ROWS, NewCode};

pub(super) fn add(draft: &mut Draft<'_>, name: &PoolName, codes: &[NewCode]) -> Result<Answer, Stop> {
    if codes.len() > BULK_LIMIT_ROWS {
        let text = format!("at most {BULK_LIMIT_ROWS} codes at once, found {}", codes.len());
        return Err(Refusal::new(Reason::Malformed, text).into());
    }
    let pool = draft.pool(name)?.cloned().unwrap_or_default();
    let mut seen = BTreeSet::new();
    let mut duplicates = Vec::new();
    let mut fresh = Vec::new();
    for code in codes {
        if draft.state.known_codes.contains(&code.text) || !seen.insert(code.text.clone()) {
            duplicates.push(code.line);
        } else {
            let id = draft.command.seed.code(fresh.len() + 1);
            fresh.push((id, code.text.clone(), code.credentials.clone()));
        }
    }
    let added = u32::try_from(fresh.len()).unwrap_or(u32::MAX);
    let available = pool.available.saturating_add(added);
    if available > 0 {
        draft.resolve(AlertKind::PoolEmpty, name.as_str());
    }
    if available >= pool.threshold {
        draft.resolve(AlertKind::PoolLow, name.as_str());
    }
    draft.push(Change::Pool(name.clone(), Pool { available, ..pool }));
    draft.push(Change::NewCodes(name.clone(), fresh));
    Ok(Answer::CodesAdded { added, duplicates })
}

pub(super) fn void(draft: &mut Draft<'_>, name: &PoolName, code: &CodeId) -> Result<Answer, Stop> {
    let pool = draft.pool(name)?.cloned();
    let waiting = draft.state.codes.get(name).is_some_and(|codes| codes.iter().any(|other| &other.id == code));
    let Some(pool) = pool.filter(|_| waiting) else {
        let text = format!("pool {name} has no code {code} that could still be given");
        return Err(Refusal::new(Reason::StateForbids, text).into());
    };
    draft.push(Change::EndCode(code.clone(), CodeState::Void));
    draft.push(Change::Pool(name.clone(), Pool { available: pool.available.saturating_sub(1), ..pool }));
    Ok(Answer::Changed { rows: 1 })
}

pub(super) fn set_threshold(draft: &mut Draft<'_>, name: &PoolName, threshold: u32) -> Result<Answer, Stop> {
    let Some(pool) = draft.pool(name)?.cloned() else {
        return Err(Refusal::new(Reason::OrderUnknown, format!("there is no pool {name}")).into());
    };
    if pool.available < threshold {
        let text = format!("pool {name} has {} codes left, less than {threshold}", pool.available);
        draft.alert(AlertKind::PoolLow, name.as_str(), text);
    } else {
        draft.resolve(AlertKind::PoolLow, name.as_str());
    }
    draft.push(Change::Pool(name.clone(), Pool { threshold, ..pool }));
    Ok(Answer::Changed { rows: 1 })
}

//! Codes of a pool are handed over to a channel's own pool (预置码), part by part.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::ids::{ChannelOrderId, CodeId, ConnectionId, NodeId, PoolName, UploadId};
use entrepot_contract::notice::{EarlierCodes, RefusedCode};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::time::Timestamp;

use super::draft::Draft;
use super::{Stop, codes};
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::change::{Change, HistoryKind};
use crate::code::{CodeState, Days};
use crate::command::BULK_LIMIT_ROWS;
use crate::upload::{
    HandOver, OpenTry, PATIENCE, PartCode, UPLOAD_LIMIT, Upload, UploadSaid, UploadStanding, UploadWish, next_notice,
};

pub(super) fn start(draft: &mut Draft<'_>, name: &PoolName, wish: &UploadWish) -> Result<Answer, Stop> {
    let UploadWish { connection, listing, count, last_day } = wish;
    let no = |reason, text: String| Err(Refusal::new(reason, text).into());
    if !(1..=UPLOAD_LIMIT).contains(count) {
        return no(Reason::Malformed, format!("an upload has 1 to {UPLOAD_LIMIT} codes, not {count}"));
    }
    if !draft.channel(connection)?.beside.codes {
        let text = format!("connection {connection} does not take codes: its key upload_codes is not true");
        return no(Reason::StateForbids, text);
    }
    let catalogue = &draft.state.rules.catalogue;
    let found = catalogue.listings.iter().find(|one| one.id == *listing && one.connection == *connection);
    let Some(found) = found else {
        return no(Reason::OffSale, format!("connection {connection} has no listing {listing}"));
    };
    let (product, _) = catalogue.sku(found.sells.bought())?;
    let available = draft.pool(name)?.map_or(0, |pool| pool.available);
    if available < *count {
        return no(Reason::StateForbids, format!("pool {name} has {available} codes that may be given, not {count}"));
    }
    let id = draft.command.seed.upload();
    draft.push(Change::Upload(Box::new(Upload {
        id: id.clone(),
        pool: name.clone(),
        connection: connection.clone(),
        listing: listing.clone(),
        time_zone: product.time_zone.clone(),
        wanted: *count,
        last_day: *last_day,
        by: draft.command.by.clone(),
        at: draft.at(),
        standing: UploadStanding::Going,
        ended_at: None,
        reserved: 0,
        taken: 0,
        refused: 0,
        part_last_day: None,
        earlier: None,
        tries: 0,
        open: None,
        failures: 0,
        next_at: None,
        note: None,
    })));
    Ok(Answer::Upload { upload: id, number: 0 })
}

/// An upload with the codes that its channel did not answer for.
fn find(draft: &Draft<'_>, id: &UploadId) -> Result<(Upload, Vec<PartCode>), Stop> {
    let upload = draft.state.uploads.get(id).ok_or(Stop::SeeMore)?.clone();
    let Some(upload) = upload else {
        return Err(Refusal::new(Reason::OrderUnknown, format!("there is no upload {id}")).into());
    };
    let part = draft.state.upload_parts.get(id).ok_or(Stop::SeeMore)?.clone();
    Ok((upload, part))
}

/// The next part, once the one before is answered for. Its codes end on one day, for the channel is told one.
pub(super) fn reserve(draft: &mut Draft<'_>, id: &UploadId, limit: u32, days: Days) -> Result<Answer, Stop> {
    let (mut upload, part) = find(draft, id)?;
    if upload.standing != UploadStanding::Going || !part.is_empty() {
        return Ok(Answer::Changed { rows: 0 });
    }
    let name = upload.pool.clone();
    let pool = draft.pool(&name)?.cloned().unwrap_or_default();
    let all = *draft.state.codes_seen.get(&(name.clone(), Some(days))).ok_or(Stop::SeeMore)?;
    let most = upload.wanted.saturating_sub(upload.reserved).min(limit);
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(BULK_LIMIT_ROWS);
    let fits = draft.state.codes.get(&name).into_iter().flatten().filter(|code| code.valid.cover(days));
    let fits: Vec<_> = fits.take(most).map(|code| (code.id.clone(), code.valid.to)).collect();
    let Some(last_day) = fits.first().map(|(_, to)| *to) else {
        if !all {
            return Err(Stop::SeeMore);
        }
        let had =
            format!("pool {name} had {} codes of {} that are good for long enough", upload.reserved, upload.wanted);
        upload.note = Some(had.clone());
        draft.alert(AlertKind::UploadFailed, id.as_str(), format!("upload {id} ended short: {had}"));
        end(draft, &mut upload, UploadStanding::Done);
        return Ok(Answer::Changed { rows: 0 });
    };
    let one_day = |to| upload.last_day.is_some() || to == last_day;
    let chosen: Vec<CodeId> = fits.into_iter().take_while(|(_, to)| one_day(*to)).map(|(code, _)| code).collect();
    let rows = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
    let at = draft.at();
    for code in chosen {
        draft.push(Change::ReserveCode(code, id.clone(), at));
    }
    codes::count(draft, &name, &pool, pool.available.saturating_sub(rows));
    upload.reserved = upload.reserved.saturating_add(rows);
    upload.part_last_day = upload.last_day.or(last_day);
    upload.earlier = None;
    draft.push(Change::Upload(Box::new(upload)));
    Ok(Answer::Changed { rows })
}

/// A call is about to go out. One that began before and ended without a word, with the process that made it, may have
/// had any effect.
pub(super) fn begin(draft: &mut Draft<'_>, id: &UploadId, node: &NodeId, until: Timestamp) -> Result<Answer, Stop> {
    let (mut upload, part) = find(draft, id)?;
    let nothing = || Answer::Upload { upload: id.clone(), number: 0 };
    if upload.standing != UploadStanding::Going || part.is_empty() {
        return Ok(nothing());
    }
    if let Some(open) = &upload.open {
        if open.node != *node && draft.at() < open.until {
            return Ok(nothing());
        }
        for code in next_notice(&part) {
            draft.push(Change::HandOver(code.clone(), HandOver::Unclear));
        }
        upload.earlier = Some(EarlierCodes::Parts);
    }
    upload.tries = upload.tries.saturating_add(1);
    upload.open = Some(OpenTry { node: node.clone(), until });
    let number = upload.tries;
    draft.push(Change::Upload(Box::new(upload)));
    Ok(Answer::Upload { upload: id.clone(), number })
}

pub(super) fn record(draft: &mut Draft<'_>, id: &UploadId, number: u32, said: &UploadSaid) -> Result<Answer, Stop> {
    let (mut upload, part) = find(draft, id)?;
    if upload.tries != number || upload.open.take().is_none() {
        let text = format!("try {number} of upload {id} is over; try {} asks what came of it", upload.tries);
        return Err(Refusal::new(Reason::StateForbids, text).into());
    }
    let asked: BTreeSet<CodeId> = next_notice(&part).into_iter().cloned().collect();
    match said {
        UploadSaid::Told { refused, untold, unclear } => {
            told(draft, &mut upload, &part, &asked, (refused, untold, unclear));
        }
        UploadSaid::NotDone { reason, may_pass: false, .. } => {
            let text = format!("connection {} takes no codes of upload {id}: {reason}", upload.connection);
            put_back(draft, &mut upload, &part, reason)?;
            draft.alert(AlertKind::UploadFailed, id.as_str(), text);
            upload.note = Some(reason.clone());
            end(draft, &mut upload, UploadStanding::Refused);
            return Ok(Answer::Changed { rows: 0 });
        }
        UploadSaid::NotDone { reason, wait_ms, .. } => fail(draft, &mut upload, reason, *wait_ms),
        UploadSaid::Lost { reason, wait_ms } => {
            for code in &asked {
                draft.push(Change::HandOver(code.clone(), HandOver::Unclear));
            }
            // What was unclear in parts stays so; what was all or none is all or none again.
            upload.earlier = upload.earlier.or(Some(EarlierCodes::Together));
            fail(draft, &mut upload, reason, *wait_ms);
        }
    }
    let left = matches!(said, UploadSaid::Told { untold, unclear, .. } if untold.is_empty() && unclear.is_empty());
    if left && asked.len() == part.len() && upload.reserved >= upload.wanted {
        end(draft, &mut upload, UploadStanding::Done);
    } else {
        draft.push(Change::Upload(Box::new(upload)));
    }
    Ok(Answer::Changed { rows: u32::try_from(asked.len()).unwrap_or(u32::MAX) })
}

/// The channel answered for some of the codes, or all.
fn told(
    draft: &mut Draft<'_>,
    upload: &mut Upload,
    part: &[PartCode],
    asked: &BTreeSet<CodeId>,
    (refused, untold, unclear): (&[RefusedCode], &[CodeId], &[CodeId]),
) {
    let mut named: BTreeMap<&CodeId, HandOver> = BTreeMap::new();
    named.extend(refused.iter().map(|no| (&no.code, HandOver::Refused)));
    named.extend(untold.iter().map(|code| (code, HandOver::Waiting)));
    named.extend(unclear.iter().map(|code| (code, HandOver::Unclear)));
    let mut settled = 0_u32;
    for code in part.iter().filter(|code| asked.contains(&code.id)) {
        let stands = named.get(&code.id).copied().unwrap_or(HandOver::Taken);
        match stands {
            HandOver::Taken => upload.taken = upload.taken.saturating_add(1),
            HandOver::Refused => upload.refused = upload.refused.saturating_add(1),
            HandOver::Waiting | HandOver::Unclear => {}
        }
        settled += u32::from(matches!(stands, HandOver::Taken | HandOver::Refused));
        if stands != code.stands {
            draft.push(Change::HandOver(code.id.clone(), stands));
        }
    }
    for no in refused.iter().filter(|no| asked.contains(&no.code)) {
        let why = format!("connection {} had it before upload {}: {}", upload.connection, upload.id, no.reason);
        codes::told(draft, HistoryKind::Code, no.code.as_str(), &CodeState::Reserved, &why);
    }
    upload.earlier = match (unclear.is_empty(), upload.earlier) {
        (true, _) => None,
        (false, None) => Some(EarlierCodes::Together),
        // Some of what was all or none was settled: what is left of it need not be of one kind any more.
        (false, Some(_)) => Some(EarlierCodes::Parts),
    };
    if settled == 0 {
        // The same again at once would go on for ever.
        return fail(draft, upload, "the channel answered for no code", 0);
    }
    if upload.failures >= PATIENCE && upload.refused == 0 {
        draft.resolve(AlertKind::UploadFailed, upload.id.as_str());
    }
    (upload.failures, upload.next_at, upload.note) = (0, None, None);
    if upload.refused > 0 {
        let text = format!(
            "connection {} had {} codes of upload {} before; look who has them: they are given to nobody",
            upload.connection, upload.refused, upload.id
        );
        draft.alert(AlertKind::UploadFailed, upload.id.as_str(), text);
    }
}

/// First wait after a failed try, in milliseconds; doubles.
const BACKOFF_FIRST_MS: i64 = 1_000;
/// Longest wait between tries, in milliseconds.
const BACKOFF_LIMIT_MS: i64 = 300_000;

fn fail(draft: &mut Draft<'_>, upload: &mut Upload, reason: &str, wait_ms: i64) {
    let backoff = (BACKOFF_FIRST_MS << upload.failures.min(10)).min(BACKOFF_LIMIT_MS);
    upload.failures = upload.failures.saturating_add(1);
    upload.next_at = Some(draft.at().plus_millis(backoff.max(wait_ms)));
    upload.note = Some(reason.to_owned());
    if upload.failures >= PATIENCE {
        let text = format!("upload {} to connection {} does not go on: {reason}", upload.id, upload.connection);
        draft.alert(AlertKind::UploadFailed, upload.id.as_str(), text);
    }
}

fn end(draft: &mut Draft<'_>, upload: &mut Upload, standing: UploadStanding) {
    upload.standing = standing;
    upload.ended_at = Some(draft.at());
    upload.next_at = None;
    draft.push(Change::Upload(Box::new(upload.clone())));
}

/// What the channel certainly does not have goes back to where its batch stands. What it may have never does.
fn put_back(draft: &mut Draft<'_>, upload: &mut Upload, part: &[PartCode], reason: &str) -> Result<(), Stop> {
    let pool = draft.pool(&upload.pool)?.cloned().unwrap_or_default();
    let (mut available, at) = (pool.available, draft.at());
    let back: Vec<&PartCode> = part.iter().filter(|code| code.stands == HandOver::Waiting).collect();
    for code in &back {
        let state = code.batch.standing();
        available = available.saturating_add(u32::from(state == CodeState::Available));
        let why = format!("back from upload {} to connection {}: {reason}", upload.id, upload.connection);
        codes::told(draft, HistoryKind::Code, code.id.as_str(), &CodeState::Reserved, &why);
        draft.push(Change::MoveCode(code.id.clone(), state, at));
    }
    upload.reserved = upload.reserved.saturating_sub(u32::try_from(back.len()).unwrap_or(u32::MAX));
    if !back.is_empty() {
        codes::count(draft, &upload.pool, &pool, available);
    }
    Ok(())
}

/// A person ends it: no more codes are handed over.
pub(super) fn stop(draft: &mut Draft<'_>, id: &UploadId) -> Result<Answer, Stop> {
    let (mut upload, part) = find(draft, id)?;
    let no = |text: String| Err(Refusal::new(Reason::StateForbids, text).into());
    if upload.standing != UploadStanding::Going {
        return no(format!("upload {id} has ended"));
    }
    if let Some(open) = &upload.open {
        if draft.at() < open.until {
            return no(format!("a call of upload {id} is under way, until {} at the latest; stop it then", open.until));
        }
        for code in next_notice(&part) {
            draft.push(Change::HandOver(code.clone(), HandOver::Unclear));
        }
        upload.open = None;
        let asked: BTreeSet<&CodeId> = next_notice(&part).into_iter().collect();
        let rest: Vec<PartCode> = part.iter().filter(|code| !asked.contains(&code.id)).cloned().collect();
        put_back(draft, &mut upload, &rest, "a person ended it")?;
    } else {
        put_back(draft, &mut upload, &part, "a person ended it")?;
    }
    draft.resolve(AlertKind::UploadFailed, id.as_str());
    end(draft, &mut upload, UploadStanding::Stopped);
    Ok(Answer::Changed { rows: 1 })
}

/// The channel gave a code to a buyer of its own.
pub(super) fn bound(
    draft: &mut Draft<'_>,
    code: &CodeId,
    connection: &ConnectionId,
    order: &ChannelOrderId,
    ordered_at: Option<Timestamp>,
) -> Answer {
    let made = ordered_at.map_or_else(String::new, |at| format!(", made at {at}"));
    let text = format!("connection {connection} gave it to its order {order}{made}");
    codes::told(draft, HistoryKind::Code, code.as_str(), &CodeState::Reserved, &text);
    Answer::Changed { rows: 1 }
}

//! Codes that go into a pool which the channel keeps itself.

use std::sync::Arc;

use entrepot_contract::ids::CodeId;
use entrepot_contract::manifest::Manifest;
use entrepot_contract::notice::{CodesNotice, EarlierCodes, Notice, PoolCode, Told};
use entrepot_contract::order::{Credential, CredentialKind};
use entrepot_sdk::testing::World;

use super::sample::{answer_well, notice, stand};
use crate::stand::lost;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, failed, fine, unknown};

pub(crate) const CHECKS: &[Check] = checks! {
    codes_are_told_as_they_are if takes_codes, "each code of a notice is sent once, as the guest shows it";
    codes_up_to_the_limit_are_told if takes_codes, "codes_limit codes of one notice are told in a few calls";
    lost_codes_are_told_again if takes_codes, "after an answer that never came, the same codes with `earlier` are told again";
    an_error_for_codes_names_none if takes_codes, "a fault names no code: it is shown to people";
};

fn takes_codes(manifest: &Manifest) -> bool {
    limit(manifest) > 0
}

fn limit(manifest: &Manifest) -> u16 {
    let channel = manifest.capabilities.channel.as_ref();
    channel.and_then(|channel| channel.codes.as_ref()).map_or(0, |codes| codes.codes_limit)
}

/// The author's notice with so many codes of ours.
fn codes(trial: &Trial, count: u16, earlier: Option<EarlierCodes>) -> Outcome<(CodesNotice, Vec<String>)> {
    let Some(Notice::Codes(told)) = notice(trial, "codes")? else {
        return fail("the card has limits for codes and does not declare the notice codes");
    };
    let texts: Vec<String> = (1..=count).map(|number| format!("Code-{number:05}-x")).collect();
    let code = |(number, text): (usize, &String)| -> Outcome<PoolCode> {
        let credential = Credential { kind: CredentialKind::QrCode, value: text.clone(), document_kind: None };
        let id = CodeId::parse(format!("C1-{number:05}")).map_err(|fault| fault.to_string())?;
        Ok(PoolCode { id, credentials: vec![credential] })
    };
    let codes = texts.iter().enumerate().map(code).collect::<Outcome<Vec<PoolCode>>>()?;
    Ok((CodesNotice { codes, earlier, ..told }, texts))
}

/// How often the calls since then say a text.
fn times(world: &World, before: usize, text: &str) -> usize {
    let sent = world.sent();
    sent[before..].iter().map(|call| call.body.as_deref().unwrap_or("").matches(text).count()).sum()
}

fn told_once(world: &World, before: usize, texts: &[String]) -> Outcome {
    let wrong = texts.iter().find(|text| times(world, before, text) != 1);
    ensure(wrong.is_none(), || format!("{wrong:?} should be sent once, and is not"))
}

async fn codes_are_told_as_they_are(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    let (notice, texts) = codes(&trial, limit(&trial.manifest()).min(3), None)?;
    let told = fine("codes", seat.deliver(Notice::Codes(notice)).await)?;
    ensure(told == Told::Done, || format!("codes are answered {told:?}"))?;
    told_once(&world, 0, &texts)
}

async fn codes_up_to_the_limit_are_told(trial: Arc<Trial>) -> Outcome {
    const CALLS_LIMIT: usize = 4;
    let (seat, world) = stand(&trial).await?;
    let (notice, texts) = codes(&trial, limit(&trial.manifest()), None)?;
    let told = fine("codes", seat.deliver(Notice::Codes(notice)).await)?;
    ensure(told == Told::Done, || format!("{} codes are answered {told:?}", texts.len()))?;
    told_once(&world, 0, &texts)?;
    let calls = world.sent().len();
    ensure(calls <= CALLS_LIMIT, || format!("{} codes take {calls} calls", texts.len()))
}

async fn lost_codes_are_told_again(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    let count = limit(&trial.manifest()).min(3);
    // Once well, so that a token is there.
    fine("codes", seat.deliver(Notice::Codes(codes(&trial, count, None)?.0)).await)?;
    world.other_side(|_| Err(lost()));
    unknown("codes", &failed("codes", seat.deliver(Notice::Codes(codes(&trial, count, None)?.0)).await)?)?;
    answer_well(&trial, &world)?;
    for earlier in [EarlierCodes::Together, EarlierCodes::Parts] {
        let before = world.sent().len();
        let (notice, texts) = codes(&trial, count, Some(earlier))?;
        let told = fine("codes", seat.deliver(Notice::Codes(notice)).await)?;
        ensure(told == Told::Done, || format!("codes that were lost are answered {told:?}"))?;
        told_once(&world, before, &texts)?;
    }
    Ok(())
}

async fn an_error_for_codes_names_none(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    let (notice, texts) = codes(&trial, limit(&trial.manifest()).min(3), None)?;
    fine("codes", seat.deliver(Notice::Codes(notice.clone())).await)?;
    let echo = serde_json::json!({ "data": { "description": texts }, "error": texts, "message": texts }).to_string();
    for status in [200, 400, 500] {
        let answer = entrepot_contract::services::HttpResponse { status, headers: Vec::new(), body: echo.clone() };
        world.other_side(move |_| Ok(answer.clone()));
        if let Err(fault) = seat.deliver(Notice::Codes(notice.clone())).await {
            let named = texts.iter().any(|text| fault.to_string().contains(text.as_str()));
            ensure(!named, || "the fault repeats a code that the partner repeated".to_owned())?;
        }
    }
    Ok(())
}

//! Is a call authentic, and what is it about?

use std::sync::Arc;

use entrepot_contract::channel::RawRequest;
use entrepot_contract::fault::{Effect, FaultKind};
use entrepot_contract::ids::{ChannelOrderId, SceneName};
use entrepot_sdk::testing::Seat;

use super::sample::{samples, signer, stand};
use crate::ability::{all, has_secrets};
use crate::stand::lacks;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, failed, fine, unsupported};

pub(crate) const CHECKS: &[Check] = checks! {
    authentic_calls_are_located if all, "locate names the order that a call is about";
    located_account_is_the_partners if all, "locate names the partner's account, which names the merchant: take it from the signed part";
    changed_body_is_refused if all, "look at the signature over the raw bytes of the body, before anything is read";
    changed_query_is_refused if all, "the signature covers the query, where the call has one";
    unsigned_call_is_refused if all, "what bears no signature is Unauthenticated";
    cut_signature_is_refused if all, "compare the whole signature, in constant time, not as much of it as there is";
    signature_of_another_call_is_refused if all, "a signature is of one call: look at it over this call's bytes";
    another_secret_refuses_the_call if has_secrets, "compare the signature with one made with our own secret";
    locating_calls_nobody if all, "`locate` has no time to ask anybody";
    locating_again_is_the_same if all, "keep no list of calls: the host knows repeats by what they say";
    strange_headers_change_nothing if all, "proxies add headers: look at the partner's own only";
    oversized_call_is_refused if all, "a call of megabytes is refused, not read";
    call_of_a_strange_scene_is_unsupported if all, "a scene that the card does not name is Unsupported; the SDK says so";
};

async fn authentic_calls_are_located(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for sample in samples(&trial)? {
        let located = fine(&sample.intent, seat.locate(sample.raw.clone()).await)?;
        let order = located.order.as_ref().map(ChannelOrderId::as_str);
        let right = order == sample.order.as_deref();
        ensure(right, || format!("{}: located order {order:?}, expected {:?}", sample.intent, sample.order))?;
    }
    Ok(())
}

async fn located_account_is_the_partners(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    let ours = trial.channel_side()?.account.clone();
    for sample in samples(&trial)? {
        let told = fine(&sample.intent, seat.locate(sample.raw.clone()).await)?.account;
        let right = told.is_none() || told == ours;
        ensure(right, || format!("{}: located account {told:?}, expected {ours:?}", sample.intent))?;
    }
    Ok(())
}

async fn refused(seat: &Seat, what: &str, raw: RawRequest) -> Outcome {
    let fault = failed(what, seat.locate(raw).await)?;
    let right = fault.kind == FaultKind::Unauthenticated && fault.effect == Effect::NotDone;
    ensure(right, || format!("{what}: should be Unauthenticated and not done, is {fault}"))
}

async fn changed_body_is_refused(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for sample in samples(&trial)? {
        let mut raw = sample.raw.clone();
        let Some(last) = raw.body.last_mut() else { continue };
        *last ^= 1;
        refused(&seat, &format!("{} with a changed body", raw.scene), raw).await?;
    }
    Ok(())
}

async fn changed_query_is_refused(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for sample in samples(&trial)?.iter().filter(|sample| !sample.raw.query.is_empty()) {
        let mut raw = sample.raw.clone();
        raw.query.push_str("&added=1");
        refused(&seat, &format!("{} with an added query parameter", raw.scene), raw).await?;
    }
    Ok(())
}

async fn unsigned_call_is_refused(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for sample in samples(&trial)? {
        let raw = RawRequest { headers: Vec::new(), query: String::new(), ..sample.raw.clone() };
        refused(&seat, &format!("{} without headers and query", raw.scene), raw).await?;
    }
    Ok(())
}

/// Headers that bear a signature, by their name.
fn signs(name: &str) -> bool {
    name.to_ascii_lowercase().contains("sign")
}

async fn cut_signature_is_refused(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    let mut found = false;
    for sample in samples(&trial)? {
        for keep in [0, 1, 8] {
            let mut raw = sample.raw.clone();
            for (_, value) in raw.headers.iter_mut().filter(|(name, value)| signs(name) && value.len() > keep) {
                found = true;
                value.truncate(keep);
            }
            if raw != sample.raw {
                refused(&seat, &format!("{} with {keep} letters of its signature", raw.scene), raw).await?;
            }
        }
    }
    if found { Ok(()) } else { Err(lacks("its signature in a header with sign in its name")) }
}

async fn signature_of_another_call_is_refused(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    let samples = samples(&trial)?;
    let mut tried = false;
    for one in samples {
        let mut others = samples.iter().filter(|other| other.raw.scene == one.raw.scene || samples.len() < 3);
        let Some(other) = others.find(|other| other.raw.body != one.raw.body) else { continue };
        tried = true;
        let raw = RawRequest { body: other.raw.body.clone(), ..one.raw.clone() };
        refused(&seat, &format!("{} with the signature of another call", raw.scene), raw).await?;
    }
    if tried { Ok(()) } else { Err(lacks("two calls of one scene")) }
}

async fn another_secret_refuses_the_call(trial: Arc<Trial>) -> Outcome {
    let seat = trial.open(&trial.world_of_another()).await?;
    for sample in samples(&trial)? {
        let what = format!("{} signed with another secret", sample.raw.scene);
        refused(&seat, &what, sample.raw.clone()).await?;
    }
    Ok(())
}

async fn locating_calls_nobody(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    for sample in samples(&trial)? {
        fine("locate", seat.locate(sample.raw.clone()).await)?;
    }
    ensure(world.sent().is_empty(), || "the partner was called".to_owned())
}

async fn locating_again_is_the_same(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for sample in samples(&trial)? {
        let first = fine("locate", seat.locate(sample.raw.clone()).await)?;
        for _ in 1..100 {
            let again = fine("locate again", seat.locate(sample.raw.clone()).await)?;
            ensure(again == first, || format!("{first:?} became {again:?}"))?;
        }
    }
    Ok(())
}

async fn strange_headers_change_nothing(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for sample in samples(&trial)? {
        let first = fine("locate", seat.locate(sample.raw.clone()).await)?;
        let mut raw = sample.raw.clone();
        raw.headers.insert(0, ("x-forwarded-for".to_owned(), "192.0.2.7".to_owned()));
        raw.headers.push(("via".to_owned(), "1.1 proxy".to_owned()));
        let again = fine("locate behind a proxy", seat.locate(raw).await)?;
        ensure(again == first, || format!("{first:?} became {again:?}"))?;
    }
    Ok(())
}

async fn oversized_call_is_refused(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    let sign = signer(&trial).ok();
    for sample in samples(&trial)?.iter().filter(|sample| !sample.raw.body.is_empty()).take(3) {
        let mut raw = sample.raw.clone();
        raw.body = vec![b'['; 1024 * 1024];
        let signed = sign.as_ref().map(|sign| sign(raw.clone()));
        for raw in [Some(raw), signed].into_iter().flatten() {
            let what = format!("{} with a body of a megabyte", raw.scene);
            let told = match seat.locate(raw.clone()).await {
                Err(fault) => fault,
                Ok(_) => failed(&what, seat.decode(raw).await)?,
            };
            let right = matches!(told.kind, FaultKind::Unauthenticated | FaultKind::Invalid);
            ensure(right, || format!("{what}: should be Unauthenticated or Invalid, is {told}"))?;
        }
    }
    Ok(())
}

async fn call_of_a_strange_scene_is_unsupported(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    let scene = SceneName::parse("no-such-scene").map_err(|fault| fault.to_string())?;
    let raw = RawRequest { scene, ..super::sample::stranger(&trial.manifest())? };
    unsupported("locate of a strange scene", seat.locate(raw).await)
}

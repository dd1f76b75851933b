//! What does a call mean?

use std::sync::Arc;

use entrepot_contract::bounds;
use entrepot_contract::channel::RawRequest;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::ChannelOrderId;
use entrepot_contract::intent::Intent;
use entrepot_contract::intent::change::OrderFilter;
use serde_json::Value;

use super::sample::{samples, signer, stand};
use crate::ability::all;
use crate::alter::{self, Way};
use crate::fixture::Sample;
use crate::stand::lacks;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, failed, fine, not_run};

pub(crate) const CHECKS: &[Check] = checks! {
    samples_decode_to_their_intents if all, "decode gives the intent that the call means";
    intent_names_the_located_order if all, "locate and decode name the same order";
    decoding_again_is_the_same if all, "a repeat means what the first call meant: no time and no counter of ours in an intent";
    decoding_elsewhere_is_the_same if all, "another node decodes a repeat: nothing may be kept in memory";
    signed_garbage_is_invalid if all, "what is authentic and cannot be read is Invalid, never a panic";
    strangers_in_a_call_are_survived if all, "partners add fields: do not refuse what you do not know";
    missing_fields_end_clearly if all, "a missing field is Invalid where it matters, and left out where it does not";
    values_of_another_type_end_clearly if all, "a field of another type is Invalid, never a panic";
    long_order_numbers_are_kept if all, "order numbers are text: a number of 64 bits does not fit a float";
    negative_amounts_are_not_decoded if all, "an amount below nothing is Invalid";
    cut_off_amounts_are_not_decoded if all, "a number that does not fit is Invalid: never cut it off with `as`";
    long_texts_are_not_decoded if all, "a text that is longer than the contract allows is Invalid, or cut where it is only for people";
    impossible_dates_are_not_decoded if all, "a date that is none is Invalid: never another date";
};

async fn samples_decode_to_their_intents(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for sample in samples(&trial)? {
        let intent = fine(&sample.intent, seat.decode(sample.raw.clone()).await)?;
        ensure(intent.name() == sample.intent, || format!("{} decodes to {}", sample.intent, intent.name()))?;
    }
    Ok(())
}

async fn intent_names_the_located_order(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for sample in samples(&trial)?.iter().filter(|sample| sample.order.is_some()) {
        let located = fine("locate", seat.locate(sample.raw.clone()).await)?.order;
        let intent = fine(&sample.intent, seat.decode(sample.raw.clone()).await)?;
        // A question about several orders is placed by the first of them.
        let same = match &intent {
            Intent::ShowOrders(OrderFilter::Names { orders }) => orders.first() == located.as_ref(),
            _ => intent.order() == located.as_ref(),
        };
        ensure(same, || format!("{}: located {located:?}, decoded {:?}", sample.intent, intent.order()))?;
    }
    Ok(())
}

async fn decoding_again_is_the_same(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    for sample in samples(&trial)? {
        let first = fine("decode", seat.decode(sample.raw.clone()).await)?;
        for _ in 1..20 {
            // A repeat comes later.
            world.set_now(entrepot_contract::services::Services::now(&*world).plus_millis(700));
            let again = fine("decode again", seat.decode(sample.raw.clone()).await)?;
            ensure(again == first, || format!("{}: two decodings of one call differ", sample.intent))?;
        }
    }
    Ok(())
}

async fn decoding_elsewhere_is_the_same(trial: Arc<Trial>) -> Outcome {
    let (here, _) = stand(&trial).await?;
    let (there, _) = stand(&trial).await?;
    for sample in samples(&trial)? {
        let first = fine("decode", here.decode(sample.raw.clone()).await)?;
        let again = fine("decode on another node", there.decode(sample.raw.clone()).await)?;
        ensure(again == first, || format!("{}: another node decodes it to something else", sample.intent))?;
    }
    Ok(())
}

async fn signed_garbage_is_invalid(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    let sign = signer(&trial)?;
    let garbage: [&[u8]; 8] = [b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b"{\"order_id\":{}}", b"<a/>"];
    for sample in samples(&trial)?.iter().filter(|sample| !sample.raw.body.is_empty()) {
        for body in garbage {
            let call = sign(RawRequest { body: body.to_vec(), ..sample.raw.clone() });
            let what = format!("{} with the signed body {:?}", call.scene, String::from_utf8_lossy(body));
            // Either step may find it; neither may fail in another way.
            if let Err(fault) = seat.locate(call.clone()).await {
                ensure(fault.kind == FaultKind::Invalid, || format!("{what}: locate says {fault}"))?;
                continue;
            }
            let fault = failed(&what, seat.decode(call).await)?;
            ensure(fault.kind == FaultKind::Invalid, || format!("{what}: decode says {fault}"))?;
        }
    }
    Ok(())
}

/// Every sample with every change, made authentic again; what became of them.
async fn changed(
    trial: &Trial,
    way: Way,
    judge: impl Fn(&Sample, &Intent, &str, Result<Intent, Fault>) -> Outcome,
) -> Outcome {
    let (seat, _) = stand(trial).await?;
    let sign = signer(trial)?;
    let mut tried = false;
    for sample in samples(trial)? {
        let right = fine(&sample.intent, seat.decode(sample.raw.clone()).await)?;
        let whole = String::from_utf8_lossy(&sample.raw.body);
        for change in alter::some(way(&whole)) {
            tried = true;
            let body = change.made(&whole);
            let raw = sign(RawRequest { body: body.clone().into_bytes(), ..sample.raw.clone() });
            let told = match seat.locate(raw.clone()).await {
                Ok(_) => seat.decode(raw).await,
                Err(fault) => Err(fault),
            };
            judge(sample, &right, &body, told)?;
        }
    }
    if tried { Ok(()) } else { not_run("the channel's calls have no such place (the suite changes JSON)") }
}

async fn strangers_in_a_call_are_survived(trial: Arc<Trial>) -> Outcome {
    changed(&trial, alter::with_strangers, |sample, right, body, told| {
        ensure(told.as_ref() == Ok(right), || format!("{}: {body} decodes to {told:?}", sample.intent))
    })
    .await
}

/// What is refused is Invalid; a webhook that nobody can place may be Unauthenticated.
fn clear(sample: &Sample, body: &str, told: Result<Intent, Fault>) -> Outcome {
    match told {
        Ok(_) => Ok(()),
        Err(fault) => ensure(fault.kind == FaultKind::Invalid, || format!("{}: {body} is {fault}", sample.intent)),
    }
}

async fn missing_fields_end_clearly(trial: Arc<Trial>) -> Outcome {
    changed(&trial, alter::without_a_field, |sample, right, body, told| {
        if let Ok(intent) = &told {
            // Without its number a call may still mean something, but never another order.
            let same = intent.order().is_none() || intent.order() == right.order();
            ensure(same, || format!("{}: {body} names another order", sample.intent))?;
        }
        clear(sample, body, told)
    })
    .await
}

async fn values_of_another_type_end_clearly(trial: Arc<Trial>) -> Outcome {
    changed(&trial, alter::with_another_type, |sample, _, body, told| clear(sample, body, told)).await
}

async fn long_order_numbers_are_kept(trial: Arc<Trial>) -> Outcome {
    const LONG: &str = "9007199254740993001";
    let (seat, _) = stand(&trial).await?;
    let sign = signer(&trial)?;
    let mut tried = false;
    for sample in samples(&trial)? {
        let Some(order) = sample.order.as_deref().filter(|order| order.bytes().all(|byte| byte.is_ascii_digit()))
        else {
            continue;
        };
        let body = String::from_utf8_lossy(&sample.raw.body).replace(order, LONG).into_bytes();
        if body == sample.raw.body {
            continue;
        }
        tried = true;
        let raw = sign(RawRequest { body, ..sample.raw.clone() });
        let located = fine("locate", seat.locate(raw.clone()).await)?.order;
        let intent = fine("decode", seat.decode(raw).await)?;
        let kept = |order: Option<&ChannelOrderId>| order.is_none_or(|order| order.as_str() == LONG);
        let right = kept(located.as_ref()) && kept(intent.order());
        ensure(right, || format!("{}: {LONG} became {located:?} and {:?}", sample.intent, intent.order()))?;
    }
    if tried { Ok(()) } else { Err(lacks("order numbers of digits in its calls")) }
}

/// All whole numbers of an intent, by the name they stand under.
fn amounts(intent: &Intent) -> Vec<i128> {
    fn collect(value: &Value, found: &mut Vec<i128>) {
        match value {
            Value::Number(number) => found.extend(number.as_i64().map(i128::from)),
            Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, found)),
            Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    // What the partner wants back as it is, is no amount.
    if !matches!(intent, Intent::Handshake { .. }) {
        collect(&serde_json::to_value(intent).unwrap_or_default(), &mut found);
    }
    found
}

async fn negative_amounts_are_not_decoded(trial: Arc<Trial>) -> Outcome {
    changed(&trial, alter::with_negatives, |sample, _, body, told| {
        let below = told.as_ref().is_ok_and(|intent| amounts(intent).iter().any(|amount| *amount < 0));
        ensure(!below, || format!("{}: {body} decodes to an amount below nothing", sample.intent))
    })
    .await
}

async fn cut_off_amounts_are_not_decoded(trial: Arc<Trial>) -> Outcome {
    changed(&trial, alter::with_overflow, |sample, right, body, told| {
        let cut = i128::from(alter::CUT_OFF);
        let is_cut = told.as_ref().is_ok_and(|intent| amounts(intent).contains(&cut)) && !amounts(right).contains(&cut);
        ensure(!is_cut, || format!("{}: of {body} a number was cut off", sample.intent))
    })
    .await
}

async fn long_texts_are_not_decoded(trial: Arc<Trial>) -> Outcome {
    changed(&trial, alter::with_long_texts, |sample, _, _, told| match &told {
        Ok(intent) => bounds::check(intent).map_err(|part| format!("{}: decoded {part}", sample.intent).into()),
        // Whose call it is may stand in the text that has no end.
        Err(fault) if fault.kind == FaultKind::Unauthenticated => Ok(()),
        Err(_) => clear(sample, "a body with a text without end", told),
    })
    .await
}

async fn impossible_dates_are_not_decoded(trial: Arc<Trial>) -> Outcome {
    changed(&trial, alter::with_impossible_dates, |sample, _, body, told| {
        let refused = told.as_ref().is_err_and(|fault| fault.kind == FaultKind::Invalid);
        ensure(refused, || format!("{}: {body} decodes to {told:?}", sample.intent))
    })
    .await
}

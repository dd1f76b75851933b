//! Checks of channels.

use std::sync::Arc;

use entrepot_contract::capability::Capabilities;
use entrepot_contract::channel::RawRequest;
use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::ids::{ChannelOrderId, ListingId, OrderId, ProductId, SkuId};
use entrepot_contract::listing::ListingNames;
use entrepot_contract::notice::{CalendarNotice, Notice, OrderEvent, OrderNotice, ProductNotice, RefundDecision};
use entrepot_contract::outcome::{Outcome as Answer, Reason, Refusal};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_sdk::testing::{Seat, World};

use crate::fixture::ChannelSide;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, failed, fine, keeps_quiet, traces};

pub(crate) const CHECKS: &[Check] = checks! {
    "every_scene_has_ready_answers" if |_| true => every_scene_has_ready_answers;
    "ready_answers_can_be_sent" if |_| true => ready_answers_can_be_sent;
    "authentic_calls_are_located" if |_| true => authentic_calls_are_located;
    "changed_body_is_refused" if |_| true => changed_body_is_refused;
    "changed_query_is_refused" if |_| true => changed_query_is_refused;
    "unsigned_call_is_refused" if |_| true => unsigned_call_is_refused;
    "another_secret_refuses_the_call" if |_| true => another_secret_refuses_the_call;
    "locating_calls_nobody" if |_| true => locating_calls_nobody;
    "samples_decode_to_their_intents" if |_| true => samples_decode_to_their_intents;
    "signed_garbage_is_invalid" if |_| true => signed_garbage_is_invalid;
    "every_refusal_can_be_said" if |_| true => every_refusal_can_be_said;
    "busy_can_be_said" if |_| true => busy_can_be_said;
    "declared_notices_are_delivered" if delivers => declared_notices_are_delivered;
    "lost_notice_is_unknown" if delivers => lost_notice_is_unknown;
    "secrets_stay_out_of_sight" if |_| true => secrets_stay_out_of_sight;
};

fn delivers(capabilities: &Capabilities) -> bool {
    capabilities.channel.as_ref().is_some_and(|channel| !channel.notices.is_empty())
}

const REASONS: &[Reason] = &[
    Reason::SoldOut,
    Reason::OffSale,
    Reason::DateClosed,
    Reason::DocumentLimit,
    Reason::PhoneLimit,
    Reason::OtherLimit,
    Reason::TooManyUnits,
    Reason::TooFewUnits,
    Reason::PhoneMissing,
    Reason::DocumentMissing,
    Reason::NameMissing,
    Reason::GuestsMismatch,
    Reason::PhoneMalformed,
    Reason::DocumentMalformed,
    Reason::NameMalformed,
    Reason::CreditShort,
    Reason::PriceDiffers,
    Reason::OrderUnknown,
    Reason::StateForbids,
    Reason::KeyConflict,
    Reason::Paused,
    Reason::SupplierRefused,
    Reason::Malformed,
    Reason::Other,
];

/// One notice of every kind this contract knows.
pub(crate) fn all_notices() -> Result<Vec<Notice>, String> {
    let reason = || "a reason".to_owned();
    let events = [
        OrderEvent::Accepted,
        OrderEvent::Refused { reason: reason() },
        OrderEvent::Issued { units: Vec::new() },
        OrderEvent::IssueFailed { reason: reason() },
        OrderEvent::RefundDecided {
            key: "k1".to_owned(),
            units: vec![1],
            decision: RefundDecision::Refused { reason: reason(), repaired: Vec::new() },
        },
        OrderEvent::Redeemed {
            token: "t1".to_owned(),
            units: vec![1],
            whole: true,
            at: Timestamp::from_seconds(1_790_000_000),
            shop: None,
            refund_refused: None,
        },
    ];
    let notice = |event| {
        Ok(Notice::Order(OrderNotice {
            order: OrderId::parse("1").map_err(|fault| fault.to_string())?,
            channel_order: ChannelOrderId::parse("2").map_err(|fault| fault.to_string())?,
            source_order: None,
            names: ListingNames::default(),
            event,
        }))
    };
    let listing = || ListingId::parse("l1").map_err(|fault| fault.to_string());
    let calendar = Notice::Calendar(CalendarNotice {
        listing: listing()?,
        names: ListingNames::default(),
        cells: Vec::new(),
        gone: vec!["2026-10-01".parse::<VisitDate>().map_err(|fault| fault.to_string())?],
    });
    let product = Notice::Product(ProductNotice {
        listing: listing()?,
        names: ListingNames::default(),
        on_sale: true,
        product: ProductId::parse("p1").map_err(|fault| fault.to_string())?,
        title: "a product".to_owned(),
        sku: SkuId::parse("s1").map_err(|fault| fault.to_string())?,
        sku_title: "a SKU".to_owned(),
        minimum_units: 1,
        maximum_units: 5,
    });
    events.into_iter().map(notice).chain([Ok(calendar), Ok(product)]).collect()
}

/// An open channel before its well-behaved partner. A channel's samples may carry their own time, so the world's clock
/// is the machine's, as everywhere.
async fn stand(trial: &Trial) -> Result<(Seat, Arc<World>), String> {
    let world = trial.world();
    world.other_side(trial.channel_side()?.other_side);
    Ok((trial.open(&world).await?, world))
}

fn samples(side: &ChannelSide) -> Result<Vec<RawRequest>, String> {
    ensure(!side.samples.is_empty(), || "the fixture brings no sample".to_owned())?;
    Ok(side.samples.iter().map(|sample| sample.raw.clone()).collect())
}

async fn every_scene_has_ready_answers(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    let scenes = trial.manifest().scenes;
    ensure(!scenes.is_empty(), || "a channel without scenes".to_owned())?;
    for scene in &scenes {
        let answers = seat.opened.answers.iter().filter(|answers| answers.scene == scene.name).count();
        ensure(answers == 1, || format!("scene {} has {answers} ready answers", scene.name))?;
    }
    let answers = seat.opened.answers.iter();
    let stranger = answers.map(|answers| &answers.scene).find(|name| scenes.iter().all(|scene| scene.name != **name));
    ensure(stranger.is_none(), || "a ready answer for a scene that is not declared".to_owned())
}

async fn ready_answers_can_be_sent(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for answers in &seat.opened.answers {
        let all = [&answers.busy, &answers.timed_out, &answers.refused, &answers.unplaced, &answers.malformed];
        for raw in all.into_iter().chain(&answers.stored) {
            let right = (200..600).contains(&raw.status) && !raw.content_type.is_empty();
            ensure(right, || format!("scene {} would answer {raw:?}", answers.scene))?;
        }
    }
    for scene in trial.manifest().scenes.iter().filter(|scene| scene.fact) {
        let answers = seat.opened.answers.iter().find(|answers| answers.scene == scene.name);
        let stored = answers.is_some_and(|answers| answers.stored.is_some());
        ensure(stored, || format!("scene {} states a fact and has no answer for one that was stored", scene.name))?;
    }
    Ok(())
}

async fn authentic_calls_are_located(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    samples(trial.channel_side()?)?;
    for sample in &trial.channel_side()?.samples {
        let located = fine(sample.intent, seat.locate(sample.raw.clone()).await)?;
        let order = located.order.as_ref().map(ChannelOrderId::as_str);
        let right = order == sample.order;
        ensure(right, || format!("{}: located order {order:?}, expected {:?}", sample.intent, sample.order))?;
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
    for mut raw in samples(trial.channel_side()?)? {
        let Some(last) = raw.body.last_mut() else {
            continue;
        };
        *last ^= 1;
        let what = format!("{} with a changed body", raw.scene);
        refused(&seat, &what, raw).await?;
    }
    Ok(())
}

async fn changed_query_is_refused(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for mut raw in samples(trial.channel_side()?)? {
        if raw.query.is_empty() {
            continue;
        }
        raw.query.push_str("&added=1");
        let what = format!("{} with an added query parameter", raw.scene);
        refused(&seat, &what, raw).await?;
    }
    Ok(())
}

async fn unsigned_call_is_refused(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for mut raw in samples(trial.channel_side()?)? {
        raw.headers.clear();
        raw.query.clear();
        let what = format!("{} without headers and query", raw.scene);
        refused(&seat, &what, raw).await?;
    }
    Ok(())
}

async fn another_secret_refuses_the_call(trial: Arc<Trial>) -> Outcome {
    let world = trial.world();
    for (name, value) in &trial.fixture.secrets {
        // Of the same length, so that only the value differs.
        world.secret(name, &value.chars().rev().collect::<String>());
    }
    let seat = trial.open(&world).await?;
    for raw in samples(trial.channel_side()?)? {
        let what = format!("{} signed with another secret", raw.scene);
        refused(&seat, &what, raw).await?;
    }
    Ok(())
}

async fn locating_calls_nobody(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    for raw in samples(trial.channel_side()?)? {
        fine("locate", seat.locate(raw).await)?;
    }
    ensure(world.sent().is_empty(), || "the partner was called".to_owned())
}

async fn samples_decode_to_their_intents(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    for sample in &trial.channel_side()?.samples {
        let intent = fine(sample.intent, seat.decode(sample.raw.clone()).await)?;
        ensure(intent.name() == sample.intent, || format!("{} decodes to {}", sample.intent, intent.name()))?;
    }
    Ok(())
}

async fn signed_garbage_is_invalid(trial: Arc<Trial>) -> Outcome {
    let (seat, _) = stand(&trial).await?;
    let sign = trial.channel_side()?.sign;
    let garbage: [&[u8]; 7] = [b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b"{\"order_id\":{}}"];
    for raw in samples(trial.channel_side()?)?.into_iter().filter(|raw| !raw.body.is_empty()) {
        for body in garbage {
            let call = sign(RawRequest { body: body.to_vec(), ..raw.clone() });
            let what = format!("{} with the signed body {:?}", raw.scene, String::from_utf8_lossy(body));
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

async fn said(trial: &Trial, answers: &[Answer]) -> Outcome {
    let (seat, _) = stand(trial).await?;
    for raw in samples(trial.channel_side()?)? {
        let (scene, intent) = (raw.scene.clone(), fine("decode", seat.decode(raw).await)?);
        for answer in answers {
            let what = format!("{scene} answered {answer:?}");
            let said = fine(&what, seat.encode(scene.clone(), intent.clone(), answer.clone()).await)?;
            ensure((200..600).contains(&said.status), || format!("{what}: status {}", said.status))?;
        }
    }
    Ok(())
}

async fn every_refusal_can_be_said(trial: Arc<Trial>) -> Outcome {
    let refusal = |reason: &Reason| Answer::Refused(Refusal::new(*reason, "a reason"));
    said(&trial, &REASONS.iter().map(refusal).collect::<Vec<_>>()).await
}

async fn busy_can_be_said(trial: Arc<Trial>) -> Outcome {
    said(&trial, &[Answer::Busy]).await
}

async fn declared_notices_are_delivered(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    let capabilities = trial.manifest().capabilities.channel.unwrap_or_default();
    for name in &capabilities.notices {
        let notice = trial.channel_side()?.notices.iter().find(|notice| notice.name() == name);
        let notice = notice.ok_or_else(|| format!("the fixture brings no notice {name}"))?;
        let before = world.sent().len();
        fine(name, seat.deliver(notice.clone()).await)?;
        ensure(world.sent().len() > before, || format!("{name} was delivered without a call"))?;
    }
    Ok(())
}

async fn lost_notice_is_unknown(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    for notice in &trial.channel_side()?.notices {
        // Once well, so that a token is there and the call that is lost is the notice itself.
        fine(notice.name(), seat.deliver(notice.clone()).await)?;
        world.other_side(|_| Err(Fault::unknown(FaultKind::TimedOut, "no answer in time")));
        let fault = failed(notice.name(), seat.deliver(notice.clone()).await)?;
        let right = fault.effect == Effect::Unknown;
        ensure(right, || format!("{}: the effect should be unknown, is {fault}", notice.name()))?;
        world.other_side(trial.channel_side()?.other_side);
    }
    Ok(())
}

async fn secrets_stay_out_of_sight(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    let mut faults = Vec::new();
    for mut raw in samples(trial.channel_side()?)? {
        fine("decode", seat.decode(raw.clone()).await)?;
        raw.headers.clear();
        faults.extend(seat.locate(raw).await.err().map(|fault| fault.to_string()));
    }
    for notice in &trial.channel_side()?.notices {
        faults.extend(seat.deliver(notice.clone()).await.err().map(|fault| fault.to_string()));
    }
    let secrets: Vec<&str> = trial.fixture.secrets.iter().map(|(_, value)| *value).collect();
    keeps_quiet("a log line or URL", &traces(&world), &secrets)?;
    keeps_quiet("a fault", &faults, &secrets)
}

//! How a plugin opens: what it asks for, what it tells, and what it keeps to itself.

use std::sync::Arc;

use entrepot_contract::fault::FaultKind;
use entrepot_sdk::testing::World;
use serde_json::json;

use crate::ability::{all, calls_out, has_secrets, takes_calls};
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, failed, keeps_quiet, lines, refused};

pub(crate) const CHECKS: &[Check] = checks! {
    missing_secret_is_refused_by_name if has_secrets, "read secrets in open() with context.secret(name) and pass its fault on: it names the secret";
    only_declared_secrets_are_asked_for if all, "list every secret in the card's secrets: a host gives out no other";
    opening_calls_nobody if all, "open() reads settings and secrets only: a partner that is down must not stop a start";
    opening_again_tells_the_same if all, "ready answers come from the card alone: every node of a deployment opens the plugin";
    missing_base_url_is_refused_by_name if calls_out, "read context.base_url()? in open(): its fault names the key";
    opening_keeps_secrets_to_itself if has_secrets, "no secret goes into a log line, a fault or a ready answer";
    many_instances_open_side_by_side if all, "keep everything in the instance: no statics, no files, no ports";
    every_scene_has_ready_answers if takes_calls, "ready_answers() gives one entry for each scene of the card, and for no other";
    ready_answers_can_be_sent if takes_calls, "each ready answer has a status of 200 to 599 and a content type; a scene of facts has `stored`";
};

async fn missing_secret_is_refused_by_name(trial: Arc<Trial>) -> Outcome {
    trial.open(&trial.world()).await?;
    let opened = trial.bench(&World::new())?.open().await;
    let fault = failed("opening without secrets", opened.map(|_| "an instance"))?;
    let named = trial.manifest().secrets.iter().any(|secret| fault.text.contains(secret.as_str()));
    ensure(named, || format!("the fault names no secret: {fault}"))
}

async fn only_declared_secrets_are_asked_for(trial: Arc<Trial>) -> Outcome {
    let world = trial.world();
    // Whether it opens is another check's question.
    let _ = trial.bench(&world)?.open().await;
    let declared = trial.manifest().secrets;
    let other = world.secrets_asked().into_iter().find(|name| !declared.contains(name));
    ensure(other.is_none(), || format!("it asks for {other:?}, which its card does not name"))
}

async fn opening_calls_nobody(trial: Arc<Trial>) -> Outcome {
    let world = trial.world();
    trial.open(&world).await?;
    ensure(world.sent().is_empty(), || "the partner was called".to_owned())
}

async fn opening_again_tells_the_same(trial: Arc<Trial>) -> Outcome {
    let (first, second) = (trial.open(&trial.world()).await?, trial.open(&trial.world()).await?);
    ensure(first.opened == second.opened, || "two openings tell the host different things".to_owned())
}

async fn missing_base_url_is_refused_by_name(trial: Arc<Trial>) -> Outcome {
    trial.open(&trial.world()).await?;
    let bench = trial.bench(&trial.world())?.opening(|open| open.base_url = None);
    let fault = failed("opening without a base URL", bench.open().await.map(|_| "an instance"))?;
    refused("opening without a base URL", &fault, &[FaultKind::Invalid])?;
    ensure(fault.text.contains("base_url"), || format!("the fault does not name base_url: {}", fault.text))
}

async fn opening_keeps_secrets_to_itself(trial: Arc<Trial>) -> Outcome {
    let world = trial.world();
    let seat = trial.open(&world).await?;
    let told = serde_json::to_string(&seat.opened).map_err(|fault| fault.to_string())?;
    let mut faults = Vec::new();
    let mut settings = trial.example()?;
    settings["no_such_setting"] = json!(1);
    faults.extend(trial.bench(&world)?.settings(settings).open().await.err().map(|fault| fault.to_string()));
    keeps_quiet("a ready answer", &[told], &trial.secrets())?;
    keeps_quiet("a log line", &lines(&world), &trial.secrets())?;
    keeps_quiet("a fault", &faults, &trial.secrets())
}

async fn many_instances_open_side_by_side(trial: Arc<Trial>) -> Outcome {
    const INSTANCES: usize = 16;
    let mut open = Vec::new();
    for _ in 0..INSTANCES {
        open.push(trial.open(&trial.world()).await?);
    }
    for seat in open {
        seat.close().await;
    }
    Ok(())
}

async fn every_scene_has_ready_answers(trial: Arc<Trial>) -> Outcome {
    let seat = trial.open(&trial.world()).await?;
    let scenes = trial.manifest().scenes;
    for scene in &scenes {
        let answers = seat.opened.answers.iter().filter(|answers| answers.scene == scene.name).count();
        ensure(answers == 1, || format!("scene {} has {answers} ready answers", scene.name))?;
    }
    let answers = seat.opened.answers.iter();
    let stranger = answers.map(|answers| &answers.scene).find(|name| scenes.iter().all(|scene| scene.name != **name));
    ensure(stranger.is_none(), || "a ready answer for a scene that is not declared".to_owned())
}

async fn ready_answers_can_be_sent(trial: Arc<Trial>) -> Outcome {
    let seat = trial.open(&trial.world()).await?;
    let manifest = trial.manifest();
    for answers in &seat.opened.answers {
        let all = [&answers.busy, &answers.timed_out, &answers.refused, &answers.unplaced, &answers.malformed];
        for raw in all.into_iter().chain(&answers.stored) {
            let right = (200..600).contains(&raw.status) && !raw.content_type.is_empty();
            ensure(right, || format!("scene {} would answer {raw:?}", answers.scene))?;
        }
    }
    // A supplier's facts are only news: the host stores them before it answers.
    let facts = manifest.scenes.iter().filter(|scene| scene.fact && manifest.capabilities.channel.is_some());
    for scene in facts {
        let answers = seat.opened.answers.iter().find(|answers| answers.scene == scene.name);
        let stored = answers.is_some_and(|answers| answers.stored.is_some());
        ensure(stored, || format!("scene {} states a fact and has no answer for one that was stored", scene.name))?;
    }
    Ok(())
}

//! What nobody can place yet: facts are kept on the channel's order number, questions get the scene's own words.

use entrepot_contract::channel::{Located, RawRequest, RawResponse, ReadyAnswers};
use entrepot_contract::fault::FaultKind;
use entrepot_contract::ids::{ApplicationId, ChannelOrderId, MerchantId, PluginId, TraceId};
use entrepot_contract::intent::Intent;
use entrepot_contract::manifest::Scene;
use entrepot_contract::outcome::Outcome;
use entrepot_contract::time::Timestamp;
use entrepot_domain::alert::INBOX;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CommandKey};

use crate::core::Core;
use crate::inbound::Visit;
use crate::sequencer::Undecided;

/// Stores a fact on its channel order number. `Known` when the order came meanwhile.
async fn store(
    core: &Core,
    application: &ApplicationId,
    order: &ChannelOrderId,
    intent: &Intent,
    deadline: Timestamp,
) -> Result<Answer, Undecided> {
    let merchant = MerchantId::parse(INBOX).map_err(|_| Undecided::Poison)?;
    let key =
        CommandKey { scope: application.to_string(), kind: format!("store_{}", intent.name()), key: order.to_string() };
    let intent = Box::new(super::record_decision::without_codes(intent));
    let body = Body::StoreFact { application: application.clone(), order: order.clone(), intent };
    core.command(&merchant, key, String::new(), "channel", body, Some(deadline), None).await
}

/// Gives a command about an order; when nobody knows the order, keeps the fact. A create that came in between is met
/// by giving the command once more.
pub(super) async fn or_keep<F>(
    visit: &Visit<'_>,
    intent: &Intent,
    order: &ChannelOrderId,
    give: impl Fn() -> F,
) -> Result<Answer, Undecided>
where
    F: Future<Output = Result<Answer, Undecided>>,
{
    let known = visit.core.storage.channel_ref(&visit.ref_of(order)).await.ok().flatten();
    if known.is_some_and(|reference| reference.order.is_some()) {
        return give().await;
    }
    match store(visit.core, &visit.connection.application, order, intent, visit.deadline).await? {
        Answer::Known { .. } => give().await,
        other => Ok(other),
    }
}

/// Answers a call that neither order, account nor product places.
#[allow(clippy::too_many_arguments)] // the parts of one call, handed on
pub(crate) async fn answer(
    core: &Core,
    application: &ApplicationId,
    plugins: &[PluginId],
    scene: &Scene,
    ready: &ReadyAnswers,
    raw: &RawRequest,
    located: &Located,
    trace: &TraceId,
    deadline: Timestamp,
) -> (RawResponse, &'static str) {
    // Any connection of the application can read the call; which one makes no difference here.
    let directory = core.directory();
    let reader = directory
        .connections
        .values()
        .find(|connection| &connection.application == application && plugins.contains(&connection.plugin));
    let instance = reader.and_then(|connection| core.host.instance(&connection.instance()));
    let (Some(connection), Some(instance)) = (reader.cloned(), instance) else {
        return (ready.busy.clone(), "plugin_not_open");
    };
    let visit = Visit { core, connection, instance, trace: trace.clone(), deadline };
    let intent = match visit.decode(raw).await {
        Ok(intent) => intent,
        Err(fault) if fault.kind == FaultKind::Invalid => {
            tracing::info!(%fault, "a call cannot be understood");
            return (ready.malformed.clone(), "malformed");
        }
        Err(fault) => {
            tracing::warn!(%fault, "a call could not be decoded");
            return (ready.busy.clone(), "not_decoded");
        }
    };
    let (Some(stored), true) = (&ready.stored, scene.fact) else {
        return (ready.unplaced.clone(), "unplaced");
    };
    // What no flow serves is not kept: nobody would ever come back to it. Money that is gone is, whatever it was for.
    if let Some(refusal) = super::unserved::refusal(&intent) {
        return match visit.encode(raw, intent, Outcome::Refused(refusal)).await {
            Ok(answer) => (answer, "refused"),
            Err(_) => (ready.busy.clone(), "not_encoded"),
        };
    }
    match (&intent, &located.order) {
        (Intent::Handshake { .. } | Intent::Event { .. }, _) => {
            match visit.encode(raw, intent, Outcome::Recorded).await {
                Ok(answer) => (answer, "done"),
                Err(_) => (ready.busy.clone(), "not_encoded"),
            }
        }
        (_, Some(order)) => {
            let key = entrepot_domain::change::RefKey { application: application.clone(), order: order.clone() };
            if core.is_creating(&key) {
                return (ready.busy.clone(), "call_again");
            }
            match store(core, application, order, &intent, deadline).await {
                Ok(Answer::Stored) => (stored.clone(), "stored"),
                // The order came while this was on its way: the next call finds it.
                Ok(Answer::Known { .. }) | Err(Undecided::Busy) => (ready.busy.clone(), "call_again"),
                Ok(_) | Err(Undecided::Poison) => (ready.malformed.clone(), "malformed"),
            }
        }
        (_, None) => (ready.malformed.clone(), "malformed"),
    }
}

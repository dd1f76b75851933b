//! What nobody can place yet: facts are kept on the channel's order number, questions are refused.

use entrepot_contract::channel::{Located, RawRequest, RawResponse, ReadyAnswers};
use entrepot_contract::fault::FaultKind;
use entrepot_contract::ids::{ApplicationId, ChannelOrderId, MerchantId, TraceId};
use entrepot_contract::intent::Intent;
use entrepot_contract::listing::ListingNames;
use entrepot_contract::outcome::{Outcome, Reason, Refusal};
use entrepot_contract::time::Timestamp;
use entrepot_domain::alert::INBOX;
use entrepot_domain::answer::Answer;
use entrepot_domain::catalogue::{ChannelRules, ConnectionRules};
use entrepot_domain::command::{Body, CommandKey};
use entrepot_domain::decide::misnamed;
use entrepot_domain::pair;

use super::named_units;
use crate::core::Core;
use crate::inbound::Visit;
use crate::placing::Speaker;
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
    let body = Body::StoreFact {
        application: application.clone(),
        order: order.clone(),
        intent: Box::new(named_units::to_keep(&super::record_decision::without_codes(intent))),
    };
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

/// Answers a call that neither order, account nor product places: facts are kept, questions are refused in the words of the
/// plugin that read them, and in the scene's own where it has none. `all_open`: whether no plugin that takes such a call is
/// missing.
pub(crate) async fn answer(
    core: &Core,
    speaker: Speaker<'_>,
    all_open: bool,
    raw: &RawRequest,
    located: &Located,
    trace: &TraceId,
    deadline: Timestamp,
) -> (RawResponse, &'static str) {
    let Speaker { connection, taker, own } = speaker;
    let ready = &taker.ready;
    let Some(instance) = core.host.instance(&connection.instance()) else {
        return (ready.busy.clone(), "plugin_not_open");
    };
    let application = connection.application.clone();
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
    let stored = ready.stored.as_ref().filter(|_| taker.scene.fact);
    if stored.is_none() && !pays(&intent) {
        // It may belong to one that cannot say so now.
        if !all_open {
            return (ready.busy.clone(), "plugin_not_open");
        }
        return question(&visit, ready, raw, intent, own).await;
    }
    // What no flow serves is not kept: nobody would ever come back to it. Money that is gone is, whatever it was for.
    if let Some(refusal) = super::unserved::refusal(&intent) {
        return said(&visit, ready, raw, intent, Outcome::Refused(refusal), "refused").await;
    }
    match (&intent, &located.order) {
        (Intent::Handshake { .. } | Intent::Event { .. }, _) => {
            said(&visit, ready, raw, intent, Outcome::Recorded, "done").await
        }
        (_, Some(order)) => {
            let key = entrepot_domain::change::RefKey { application: application.clone(), order: order.clone() };
            if core.is_creating(&key) {
                return (ready.busy.clone(), "call_again");
            }
            match store(core, &application, order, &intent, deadline).await {
                Ok(Answer::Stored) => match stored {
                    Some(stored) => (stored.clone(), "stored"),
                    None => said(&visit, ready, raw, intent, Outcome::Recorded, "stored").await,
                },
                // The order came while this was on its way: the next call finds it.
                Ok(Answer::Known { .. }) | Err(Undecided::Busy) => (ready.busy.clone(), "call_again"),
                Ok(_) | Err(Undecided::Poison) => (ready.malformed.clone(), "malformed"),
            }
        }
        (_, None) => (ready.malformed.clone(), "malformed"),
    }
}

/// Says an outcome in the plugin's words; "call again" where it has none.
async fn said(
    visit: &Visit<'_>,
    ready: &ReadyAnswers,
    raw: &RawRequest,
    intent: Intent,
    outcome: Outcome,
    verdict: &'static str,
) -> (RawResponse, &'static str) {
    match visit.encode(raw, intent, outcome).await {
        Ok(answer) => (answer, verdict),
        Err(fault) => {
            tracing::warn!(connection = %visit.connection.id, %fault, "an answer could not be encoded");
            (ready.busy.clone(), "not_encoded")
        }
    }
}

/// Refuses a question for what is missing: its product, or its order. `own`: whether the call names this connection's
/// account, whose catalogue then tells what is wrong with the product's name.
async fn question(
    visit: &Visit<'_>,
    ready: &ReadyAnswers,
    raw: &RawRequest,
    intent: Intent,
    own: bool,
) -> (RawResponse, &'static str) {
    let refusal = match &intent {
        Intent::CheckBooking(wish) => not_listed(visit, &wish.names, own).await,
        Intent::CreateOrder(create) => not_listed(visit, &create.wish.names, own).await,
        Intent::IssueOrder(_) | Intent::AskRefund(_) | Intent::QueryOrder { .. } => {
            let text = format!("nobody knows this order of application {}", visit.connection.application);
            Refusal::new(Reason::OrderUnknown, text)
        }
        // What has an answer without any order, or none at all, is answered by the scene's own words.
        _ => return (ready.unplaced.clone(), "unplaced"),
    };
    match visit.encode(raw, intent, Outcome::Refused(refusal)).await {
        Ok(answer) => (answer, "unplaced"),
        Err(fault) => {
            tracing::warn!(connection = %visit.connection.id, %fault, "a refusal could not be encoded");
            (ready.unplaced.clone(), "unplaced")
        }
    }
}

/// Why nothing can be bought under these names.
async fn not_listed(visit: &Visit<'_>, names: &ListingNames, own: bool) -> Refusal {
    let connection = &visit.connection;
    let plain = || {
        let text = format!("no connection of application {} lists this product", connection.application);
        Refusal::new(Reason::OffSale, text)
    };
    let ConnectionRules::Channel(ChannelRules { pairs: Some(bar), .. }) = &connection.rules else { return plain() };
    // Another merchant's catalogue says nothing about the name.
    let rules = if own { visit.core.rules(&connection.merchant).await.ok() } else { None };
    let catalogue = rules.as_ref().map(|rules| rules.catalogue.as_ref());
    pair::unlisted(catalogue, &connection.id, names, *bar).map_or_else(plain, misnamed)
}

/// Whether a question is a fact, too: the guest paid.
fn pays(intent: &Intent) -> bool {
    matches!(intent, Intent::IssueOrder(call) if call.paid_at.is_some())
}

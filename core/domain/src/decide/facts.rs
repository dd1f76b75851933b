//! What came before its order: kept on the channel's order number, where the create that comes later finds it.

use entrepot_contract::ids::{ApplicationId, ChannelOrderId};
use entrepot_contract::intent::{Intent, IssueOrder};

use super::Stop;
use super::draft::Draft;
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::change::{Change, FACTS_LIMIT, RefKey, StoredFact};
use crate::planted::{self, Bug};

pub(super) fn store(
    draft: &mut Draft<'_>,
    application: &ApplicationId,
    order: &ChannelOrderId,
    intent: &Intent,
) -> Result<Answer, Stop> {
    let key = RefKey { application: application.clone(), order: order.clone() };
    let Some(reference) = draft.state.refs.get(&key) else { return Err(Stop::SeeMore) };
    if planted::is(Bug::LateFactSwallowed) && reference.order.is_some() {
        return Ok(Answer::Stored);
    }
    if let Some(placed) = &reference.order {
        return Ok(Answer::Known { order: placed.order.clone() });
    }
    let mut reference = reference.clone();
    let repeated = reference.facts.iter().any(|fact| same(&fact.intent, intent));
    if !repeated && reference.facts.len() < FACTS_LIMIT {
        reference.facts.push(StoredFact { intent: intent.clone(), at: draft.at() });
        draft.push(Change::Ref(key, reference));
    }
    let text = format!("application {application}: {} for order {order}, which nobody knows here", intent.name());
    draft.alert(AlertKind::Unplaced, &format!("{application}/{order}"), text);
    Ok(Answer::Stored)
}

/// Whether one fact tells what the other one does. Whoever asks for credentials says each time that it is paid, and may
/// name the time of his call.
fn same(one: &Intent, other: &Intent) -> bool {
    match (one, other) {
        (Intent::IssueOrder(one), Intent::IssueOrder(other)) => {
            IssueOrder { paid_at: None, ..one.clone() } == IssueOrder { paid_at: None, ..other.clone() }
        }
        _ => one == other,
    }
}

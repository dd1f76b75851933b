//! An order ended at the channel.

use entrepot_contract::ids::ChannelOrderId;
use entrepot_contract::intent::Intent;
use entrepot_contract::outcome::Outcome;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::Body;

use super::unplaced;
use crate::inbound::Visit;

pub(super) async fn run(visit: &Visit<'_>, intent: &Intent, order: &ChannelOrderId) -> Outcome {
    if visit.core.is_creating(&visit.ref_of(order)) {
        return Outcome::CallAgain;
    }
    let give = || visit.command(order.as_str(), &[], Body::CancelOrder { order: visit.name_of(order) });
    match unplaced::or_keep(visit, intent, order, give).await {
        Ok(Answer::Recorded { .. } | Answer::Stored) => Outcome::Recorded,
        Ok(Answer::Refused(refusal)) => Outcome::Refused(refusal),
        Ok(other) => super::odd(&other),
        Err(fault) => super::undecided(fault),
    }
}

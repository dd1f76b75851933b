//! The guest paid. A payment for an order that nobody knows is kept and acknowledged; while its create is under way,
//! the channel is asked to call again.

use entrepot_contract::ids::ChannelOrderId;
use entrepot_contract::intent::Intent;
use entrepot_contract::outcome::Outcome;
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::Body;

use super::unplaced;
use crate::inbound::Visit;

pub(super) async fn run(visit: &Visit<'_>, intent: &Intent, order: &ChannelOrderId, paid_at: Timestamp) -> Outcome {
    if visit.core.is_creating(&visit.ref_of(order)) {
        return Outcome::CallAgain;
    }
    // A second notice may name another second: it is the same payment, and gets the first answer.
    let give = || visit.command(order.as_str(), &[], Body::PayOrder { order: visit.name_of(order), paid_at });
    match unplaced::or_keep(visit, intent, order, give).await {
        Ok(Answer::Paid { acceptance, .. }) => Outcome::Paid { acceptance },
        Ok(Answer::Stored) => Outcome::Recorded,
        Ok(Answer::Refused(refusal)) => Outcome::Refused(refusal),
        Ok(other) => super::odd(&other),
        Err(fault) => super::undecided(fault),
    }
}

//! An order ended at the channel.

use entrepot_contract::ids::ChannelOrderId;
use entrepot_contract::intent::{CancelStage, Intent};
use entrepot_contract::outcome::Outcome;
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::Body;

use super::unplaced;
use crate::inbound::Visit;

pub(super) async fn run(
    visit: &Visit<'_>,
    intent: &Intent,
    order: &ChannelOrderId,
    stage: CancelStage,
    cancelled_at: Timestamp,
) -> Outcome {
    if visit.core.is_creating(&visit.ref_of(order)) {
        return Outcome::CallAgain;
    }
    let told = format!("{}, {cancelled_at}", words(stage));
    let give =
        || visit.command(order.as_str(), &[], Body::CancelOrder { order: visit.name_of(order), told: told.clone() });
    match unplaced::or_keep(visit, intent, order, give).await {
        Ok(Answer::Recorded { .. } | Answer::Stored) => Outcome::Recorded,
        Ok(Answer::Refused(refusal)) => Outcome::Refused(refusal),
        Ok(other) => super::odd(&other),
        Err(fault) => super::undecided(fault),
    }
}

const fn words(stage: CancelStage) -> &'static str {
    match stage {
        CancelStage::BeforePayment => "before payment",
        CancelStage::AfterPayment => "after payment",
        CancelStage::CreationFailed => "its creation failed for the channel",
        CancelStage::Unknown => "at a stage that this build does not know",
    }
}

//! The channel decided about a refund by itself, and tells what.

use entrepot_contract::intent::Intent;
use entrepot_contract::intent::decided::RecordDecision;
use entrepot_contract::outcome::Outcome;
use entrepot_domain::alert::AlertKind;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, fingerprint};

use super::unplaced;
use crate::inbound::Visit;

/// It is decided whatever we think of it: taken down, and what cannot be right is told to a person.
pub(super) async fn run(visit: &Visit<'_>, intent: &Intent, told: &RecordDecision) -> Outcome {
    if visit.core.is_creating(&visit.ref_of(&told.order)) {
        return Outcome::CallAgain;
    }
    let key = key_of(told);
    let body =
        || Body::RecordDecision { order: visit.name_of(&told.order), key: key.clone(), told: Box::new(told.clone()) };
    let give = || visit.command(&key, &[], body());
    match unplaced::or_keep(visit, intent, &told.order, give).await {
        Ok(Answer::Recorded { .. } | Answer::Stored) => Outcome::Recorded,
        Ok(Answer::Refused(refusal)) => {
            let text = format!("the channel decided about a refund of order {}: {}", told.order, refusal.text);
            let merchant = &visit.connection.merchant;
            if super::raise(visit.core, merchant, AlertKind::Contradiction, told.order.as_str(), &text).await {
                Outcome::Recorded
            } else {
                Outcome::Busy
            }
        }
        Ok(other) => super::odd(&other),
        Err(fault) => super::undecided(fault),
    }
}

/// The name of a decision. One after-sale may be decided twice, first no and then yes, so what was decided of each unit
/// is a part of its name: a repeat says all of it again.
fn key_of(told: &RecordDecision) -> String {
    let mut fields =
        vec![("refund", told.refund.clone().unwrap_or_default()), ("gives_back", format!("{:?}", told.gives_back))];
    for line in &told.units {
        let (names, code) = (&line.names, line.names.code.as_deref().unwrap_or_default());
        let said =
            (names.certificate.as_deref(), names.item.as_deref(), code, line.agreed, line.decided_at, &line.times);
        fields.push(("line", format!("{said:?}")));
    }
    let lines = fields.split_off(2).into_iter().map(|(_, line)| line).collect::<Vec<_>>();
    fields.push(("lines", lines.join("\n")));
    format!("{}-{}", told.order, fingerprint(&fields))
}

/// As it may be kept in the open while nobody knows its order: without what a guest shows.
pub(super) fn without_codes(intent: &Intent) -> Intent {
    let mut kept = intent.clone();
    if let Intent::RecordDecision(told) = &mut kept {
        for line in &mut told.units {
            line.names.code = None;
            line.credentials.clear();
        }
    }
    kept
}

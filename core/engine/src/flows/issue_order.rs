//! Credentials are asked for: given in the answer when they are there in time, otherwise promised. Where the call is the
//! payment, too, it is kept when nobody knows its order yet, and the credentials go out by a callback once that came.

use entrepot_contract::ids::OrderId;
use entrepot_contract::intent::{Intent, IssueOrder};
use entrepot_contract::listing::UnitNames;
use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::{Outcome, Reason, Refusal};
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, ChannelNames};

use super::unplaced;
use crate::inbound::Visit;
use crate::storage::StorageFault;

pub(super) async fn run(visit: &Visit<'_>, intent: &Intent, issue: &IssueOrder) -> Outcome {
    let names = || ChannelNames { reference: issue.reference.clone(), units: issue.unit_names.clone() };
    let give = || {
        let (order, count, paid_at) = (visit.name_of(&issue.order), issue.count, issue.paid_at);
        visit.command(issue.order.as_str(), &[], Body::StartIssue { order, count, names: names(), paid_at })
    };
    let answered = if issue.paid_at.is_none() {
        give().await
    } else if visit.core.is_creating(&visit.ref_of(&issue.order)) {
        return Outcome::CallAgain;
    } else {
        unplaced::or_keep(visit, intent, &issue.order, give).await
    };
    match answered {
        Ok(Answer::Issued { order }) => issued(visit, order).await,
        Ok(Answer::Issuing { order }) => wait(visit, order).await,
        Ok(Answer::Stored) => Outcome::Recorded,
        Ok(Answer::NotIssued { reason, .. }) => Outcome::Refused(Refusal::new(Reason::SupplierRefused, reason)),
        // Codes may be imported by a person: nobody knows when, so the channel is told that it will be told.
        Ok(Answer::OutOfCodes { order }) => promise(visit, order).await,
        // The payment may be on its way: the channel asks again by itself.
        Ok(Answer::Refused(refusal)) if refusal.reason == Reason::StateForbids => Outcome::CallAgain,
        Ok(Answer::Refused(refusal)) => Outcome::Refused(refusal),
        Ok(other) => super::odd(&other),
        Err(fault) => super::undecided(fault),
    }
}

/// A call with the units that it names in the order of their numbers: its answer says them again, each with its own
/// credentials.
pub(crate) async fn in_order(visit: &Visit<'_>, intent: Intent, outcome: &Outcome) -> Result<Intent, StorageFault> {
    let (Intent::IssueOrder(issue), Outcome::Issued { order, .. }) = (&intent, outcome) else { return Ok(intent) };
    if issue.unit_names.len() < 2 {
        return Ok(intent);
    }
    let stored = visit.core.storage.order(&visit.connection.merchant, order).await?;
    let mut issue = issue.clone();
    if let Some((stored, _)) = stored {
        let place = |told: &UnitNames| {
            stored.unit_names.iter().position(|ours| {
                let same = |ours: &Option<String>, told: &Option<String>| told.is_some() && ours == told;
                same(&ours.certificate, &told.certificate) || same(&ours.item, &told.item)
            })
        };
        issue.unit_names.sort_by_key(|told| place(told).unwrap_or(usize::MAX));
    }
    Ok(Intent::IssueOrder(issue))
}

async fn wait(visit: &Visit<'_>, order: OrderId) -> Outcome {
    let settled = visit
        .until(&order, || async {
            match visit.core.storage.order(&visit.connection.merchant, &order).await {
                Ok(Some((found, _))) if found.state != OrderState::Issuing => Some(found.state),
                _ => None,
            }
        })
        .await;
    match settled {
        Some(OrderState::Issued | OrderState::Completed) => issued(visit, order).await,
        _ => promise(visit, order).await,
    }
}

async fn promise(visit: &Visit<'_>, order: OrderId) -> Outcome {
    let body = Body::PromiseIssue { order: order.clone() };
    match visit.command(order.as_str(), &[], body).await {
        Ok(Answer::Issued { order }) => issued(visit, order).await,
        Ok(Answer::Issuing { order }) => Outcome::Issuing { order },
        Ok(Answer::NotIssued { reason, .. }) => Outcome::Refused(Refusal::new(Reason::SupplierRefused, reason)),
        Ok(Answer::Refused(refusal)) => Outcome::Refused(refusal),
        Ok(other) => super::odd(&other),
        Err(fault) => super::undecided(fault),
    }
}

async fn issued(visit: &Visit<'_>, order: OrderId) -> Outcome {
    match visit.core.storage.credentials(&visit.connection.merchant, &order).await {
        Ok(units) => Outcome::Issued { order, units },
        Err(fault) => {
            tracing::warn!(%order, %fault, "credentials cannot be read");
            Outcome::Busy
        }
    }
}

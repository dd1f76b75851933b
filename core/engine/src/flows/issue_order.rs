//! Credentials are asked for: given in the answer when they are there in time, otherwise promised.

use entrepot_contract::ids::OrderId;
use entrepot_contract::intent::IssueOrder;
use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::{Outcome, Reason, Refusal};
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, ChannelNames};

use crate::inbound::Visit;

pub(super) async fn run(visit: &Visit<'_>, issue: &IssueOrder) -> Outcome {
    let names = ChannelNames { reference: issue.reference.clone(), units: issue.unit_names.clone() };
    let body = Body::StartIssue { order: visit.name_of(&issue.order), count: issue.count, names };
    match visit.command(issue.order.as_str(), &[], body).await {
        Ok(Answer::Issued { order }) => issued(visit, order).await,
        Ok(Answer::Issuing { order }) => wait(visit, order).await,
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

//! An order was made at the channel: one command holds stock and credit, and takes the payment where it is there
//! already.

use entrepot_contract::intent::CreateOrder;
use entrepot_contract::outcome::Outcome;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::Body;

use crate::inbound::Visit;

pub(super) async fn run(visit: &Visit<'_>, create: &CreateOrder) -> Outcome {
    let outcome = give(visit, create).await;
    super::offer::with_calendar(visit, &create.wish, outcome).await
}

async fn give(visit: &Visit<'_>, create: &CreateOrder) -> Outcome {
    let _creating = visit.core.creating(visit.ref_of(&create.order));
    let wish = &create.wish;
    let fields = [
        ("names", serde_json::to_string(&wish.names).unwrap_or_default()),
        ("count", wish.count.to_string()),
        ("visit", serde_json::to_string(&wish.visit).unwrap_or_default()),
        ("slot", wish.slot.clone().unwrap_or_default()),
        ("origin", wish.origin_amount.map(|amount| amount.to_string()).unwrap_or_default()),
        ("pay", wish.pay_amount.map(|amount| amount.to_string()).unwrap_or_default()),
        ("source", create.source_order.as_ref().map(ToString::to_string).unwrap_or_default()),
    ];
    let people = match super::people::named(visit, wish).await {
        Ok(people) => people,
        Err(fault) => {
            tracing::warn!(%fault, "purchase limits cannot be read");
            return Outcome::Busy;
        }
    };
    let connection = visit.connection.id.clone();
    let body = Body::CreateOrder { connection, intent: Box::new(create.clone()), people };
    match visit.command(create.order.as_str(), &fields, body).await {
        Ok(Answer::Created { order, acceptance }) => Outcome::Created { order, acceptance },
        Ok(Answer::Refused(refusal)) => Outcome::Refused(refusal),
        Ok(Answer::Early(refusal)) => {
            tracing::info!(order = %create.order, text = refusal.text, "the call is early");
            Outcome::CallAgain
        }
        Ok(other) => super::odd(&other),
        Err(fault) => super::undecided(fault),
    }
}

//! How much of an order was used? A wrong "unused" can refund a used ticket, so this reads what is committed.

use entrepot_contract::ids::ChannelOrderId;
use entrepot_contract::order::UnitState;
use entrepot_contract::outcome::{Outcome, Reason, Refusal, UnitUsage};

use super::ask_use::{self, Fresh};
use crate::inbound::Visit;
use crate::storage::StorageFault;

pub(super) async fn run(visit: &Visit<'_>, order: &ChannelOrderId) -> Outcome {
    match look(visit, order).await {
        Ok(Some(outcome)) => outcome,
        Ok(None) => Outcome::Refused(Refusal::new(Reason::OrderUnknown, format!("there is no order {order} here"))),
        Err(fault) => {
            tracing::warn!(%fault, "an order cannot be read");
            Outcome::Busy
        }
    }
}

async fn look(visit: &Visit<'_>, order: &ChannelOrderId) -> Result<Option<Outcome>, StorageFault> {
    let storage = &visit.core.storage;
    let Some(placed) = storage.channel_ref(&visit.ref_of(order)).await?.and_then(|found| found.order) else {
        return Ok(None);
    };
    if placed.merchant != visit.connection.merchant {
        return Ok(None);
    }
    let Some((found, _)) = storage.order(&placed.merchant, &placed.order).await? else { return Ok(None) };
    if found.units.iter().any(|unit| unit.state == UnitState::Available)
        && matches!(ask_use::before_telling(visit, &found).await, Fresh::No)
    {
        return Ok(Some(Outcome::Busy));
    }
    let Some((found, _)) = storage.order(&placed.merchant, &placed.order).await? else { return Ok(None) };
    let units = found.units.iter().map(|unit| UnitUsage { unit: unit.number, state: unit.state }).collect();
    let credentials = storage.credentials(&placed.merchant, &placed.order).await?;
    Ok(Some(Outcome::Usage { order: found.id, units, issued: !credentials.is_empty() }))
}

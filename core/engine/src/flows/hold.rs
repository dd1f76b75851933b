//! Keeps units at a supplier before they are booked, and gives them up again. A hold is a courtesy: when it cannot be
//! had the booking is tried all the same, so its jobs end after a few tries and never stand in the way.

use entrepot_contract::fault::{Effect, FaultKind};
use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::supplier::{Holding, SupplierRequest, SupplierResponse};
use entrepot_contract::time::Timestamp;
use entrepot_domain::command::Body;

use super::{book, supplier};
use crate::core::Core;
use crate::jobs::Tried;
use crate::storage::LeasedJob;

/// Tries before a booking goes on without.
const TRIES: u32 = 3;

pub(crate) async fn keep(core: &Core, job: &LeasedJob, until: Timestamp) -> Tried {
    match try_keep(core, job, until).await {
        Ok(tried) | Err(tried) => tried,
    }
}

async fn try_keep(core: &Core, job: &LeasedJob, until: Timestamp) -> Result<Tried, Tried> {
    let (order, _) = supplier::order_of(core, job).await?;
    if !matches!(order.state, OrderState::Created | OrderState::Paid) || until <= core.clock.now() {
        return end(core, job, "nothing has to be held any more").await;
    }
    let wanted = supplier::order_with_guests(core, &order, &[]).await?;
    let limit_ms = supplier::start(core, job).await?;
    let request = SupplierRequest::Hold { order: Box::new(wanted), until };
    let holding = match supplier::call(core, job, order.id.as_str(), limit_ms, request).await {
        Ok(SupplierResponse::Holding(holding)) => holding,
        Ok(_) => return unanswered(core, job, "hold was answered with something else").await,
        Err(fault) if fault.effect == Effect::NotDone && certain(fault.kind) => {
            Holding::Refused(Refusal::new(Reason::SupplierRefused, fault.text))
        }
        Err(fault) => return unanswered(core, job, &fault.to_string()).await,
    };
    book::record(core, job, Body::RecordHold { order: order.id, holding }).await
}

const fn certain(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Refused | FaultKind::SoldOut | FaultKind::NotFound)
}

pub(crate) async fn release(core: &Core, job: &LeasedJob) -> Tried {
    match try_release(core, job).await {
        Ok(tried) | Err(tried) => tried,
    }
}

async fn try_release(core: &Core, job: &LeasedJob) -> Result<Tried, Tried> {
    let (order, _) = supplier::order_of(core, job).await?;
    let wanted = supplier::supplier_order(core, &order, &[]).await?;
    let limit_ms = supplier::start(core, job).await?;
    let request = SupplierRequest::Release { order: Box::new(wanted) };
    match supplier::call(core, job, order.id.as_str(), limit_ms, request).await {
        Ok(SupplierResponse::Released) => end(core, job, "given up at the supplier").await,
        Ok(_) => unanswered(core, job, "release was answered with something else").await,
        Err(fault) => unanswered(core, job, &fault.to_string()).await,
    }
}

/// Both calls may be repeated. What is not given up ends by itself at the supplier.
async fn unanswered(core: &Core, job: &LeasedJob, note: &str) -> Result<Tried, Tried> {
    if job.attempts + 1 >= TRIES {
        return end(core, job, &format!("given up after {TRIES} tries: {note}")).await;
    }
    Ok(Tried::Unclear { note: note.to_owned() })
}

async fn end(core: &Core, job: &LeasedJob, note: &str) -> Result<Tried, Tried> {
    let note = format!("{}: {note}", job.job.kind.name());
    book::record(core, job, Body::EndJob { order: job.job.order.clone(), note }).await
}

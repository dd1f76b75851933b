//! Asks a supplier how much of an order was used at its gate: by a job when it is time, or before a channel's question
//! is answered.

use entrepot_contract::fault::{Effect, FaultKind};
use entrepot_contract::order::{Order, OrderState};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::supplier::{SupplierRequest, SupplierResponse, Usage};
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CommandKey};
use entrepot_domain::venue;

use super::{book, supplier};
use crate::core::Core;
use crate::inbound::Visit;
use crate::jobs::Tried;
use crate::storage::LeasedJob;

pub(crate) async fn run(core: &Core, job: &LeasedJob) -> Tried {
    match work(core, job).await {
        Ok(tried) | Err(tried) => tried,
    }
}

async fn work(core: &Core, job: &LeasedJob) -> Result<Tried, Tried> {
    let (order, _) = supplier::order_of(core, job).await?;
    let wanted = supplier::supplier_order(core, &order, &[]).await?;
    let asked_at = core.clock.now();
    let request = SupplierRequest::Usage { order: Box::new(wanted) };
    match supplier::call(core, job, job.job.id.as_str(), supplier::CALL_LIMIT_MS, request).await {
        Ok(SupplierResponse::Usage(usage)) => {
            book::record(core, job, Body::RecordUse { order: order.id, usage, asked_at }).await
        }
        Ok(_) => Ok(Tried::Again { wait_ms: None, note: "usage was answered with something else".to_owned() }),
        Err(fault) if fault.effect == Effect::NotDone && fault.kind == FaultKind::Unsupported => {
            Ok(Tried::Hopeless { note: fault.to_string(), unclear: false })
        }
        // Asking changes nothing there: it is done again.
        Err(fault) => Ok(Tried::Again { wait_ms: fault.retry_after_ms, note: fault.to_string() }),
    }
}

/// Whether what is stored tells the truth about an order's use.
pub(super) enum Fresh {
    /// Nothing can have been used there that is not known, or the supplier was asked just now.
    Yes,
    /// The supplier could not be asked in time.
    No,
}

/// Asks before a channel is told that units are not used: a wrong answer refunds a used ticket.
pub(super) async fn before_telling(visit: &Visit<'_>, order: &Order) -> Fresh {
    let core = visit.core;
    let Fulfilment::Supplier { connection, .. } = &order.terms.fulfilment else { return Fresh::Yes };
    let Ok(rules) = core.rules(&order.merchant).await else { return Fresh::No };
    let asks = rules.supplier(connection).is_some_and(|rules| rules.usage_poll_ms.is_some());
    if !asks || order.by_hand || order.state != OrderState::Issued || before_the_first_day(order, core.clock.now()) {
        return Fresh::Yes;
    }
    match ask(visit, order).await {
        Ok(()) => Fresh::Yes,
        Err(why) => {
            tracing::warn!(order = %order.id, why, "how much was used could not be asked");
            Fresh::No
        }
    }
}

fn before_the_first_day(order: &Order, now: Timestamp) -> bool {
    match (venue::zone(&order.terms.time_zone), order.terms.usable) {
        (Some(zone), Some((first, _))) => now < venue::start_of(zone, first),
        _ => false,
    }
}

async fn ask(visit: &Visit<'_>, order: &Order) -> Result<(), String> {
    let core = visit.core;
    let wanted = supplier::supplier_order(core, order, &[]).await.map_err(|_| "the order cannot be read".to_owned())?;
    let asked_at = core.clock.now();
    let limit_ms = visit.deadline.since(asked_at) - RECORD_MS;
    if limit_ms <= 0 {
        return Err("there is no time left".to_owned());
    }
    let usage = asked(visit, order, wanted, limit_ms).await?;
    let key = CommandKey { scope: "usage".to_owned(), kind: "record_use".to_owned(), key: visit.trace.to_string() };
    let body = Body::RecordUse { order: order.id.clone(), usage, asked_at };
    match core.command(&order.merchant, key, String::new(), "supplier", body, Some(visit.deadline), None).await {
        Ok(Answer::Refused(refusal)) => Err(refusal.text),
        Ok(_) => Ok(()),
        Err(fault) => Err(fault.to_string()),
    }
}

/// Kept back of a call's time for storing what was heard.
const RECORD_MS: i64 = 400;

async fn asked(
    visit: &Visit<'_>,
    order: &Order,
    wanted: entrepot_contract::supplier::SupplierOrder,
    limit_ms: i64,
) -> Result<Usage, String> {
    let Fulfilment::Supplier { connection, .. } = &order.terms.fulfilment else {
        return Err("it has no supplier".to_owned());
    };
    let asking = supplier::Asking {
        connection,
        order: Some(&order.id),
        trace: visit.trace.clone(),
        key: visit.trace.as_str(),
        attempt: 1,
        limit_ms,
    };
    match asking.call(visit.core, SupplierRequest::Usage { order: Box::new(wanted) }).await {
        Ok(SupplierResponse::Usage(usage)) => Ok(usage),
        Ok(_) => Err("usage was answered with something else".to_owned()),
        Err(fault) => Err(fault.to_string()),
    }
}

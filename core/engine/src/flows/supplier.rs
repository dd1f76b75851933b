//! What every call to a supplier needs: the order in its words, the instance, the context.

use std::sync::Arc;

use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::ids::{ConnectionId, TraceId};
use entrepot_contract::message::{CallContext, Request, Response};
use entrepot_contract::order::{Order, Refund};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::supplier::{SupplierOrder, SupplierRequest, SupplierResponse};
use entrepot_domain::planted::{self, Bug};
use entrepot_host::{CallScope, RunningInstance};

use crate::core::Core;
use crate::directory::Connection;
use crate::jobs::Tried;
use crate::storage::LeasedJob;

/// How long a call made by a job may take, in milliseconds; the lease is longer.
pub(crate) const CALL_LIMIT_MS: i64 = 15_000;

/// An order as it stands, for a job.
pub(crate) async fn order_of(core: &Core, job: &LeasedJob) -> Result<(Order, Vec<Refund>), Tried> {
    match core.storage.order(&job.job.merchant, &job.job.order).await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(Tried::Hopeless { note: format!("order {} is not there", job.job.order), unclear: false }),
        Err(fault) => Err(again(&fault)),
    }
}

/// A try that a fault of ours ended before anything went out.
pub(crate) fn again(fault: &dyn std::fmt::Display) -> Tried {
    Tried::Again { wait_ms: None, note: fault.to_string() }
}

/// The connection of a job and its open instance.
pub(crate) fn counterparty(core: &Core, id: &ConnectionId) -> Result<(Connection, Arc<RunningInstance>), Tried> {
    let directory = core.directory();
    let Some(connection) = directory.connections.get(id).cloned() else {
        return Err(Tried::Again { wait_ms: None, note: format!("connection {id} is not configured on this node") });
    };
    match core.host.instance(&connection.instance()) {
        Some(instance) => Ok((connection, instance)),
        None => Err(Tried::Again { wait_ms: None, note: format!("plugin {} is not open", connection.plugin) }),
    }
}

/// The order in the supplier's words.
pub(crate) async fn supplier_order(core: &Core, order: &Order) -> Result<SupplierOrder, Tried> {
    let Fulfilment::Supplier { product_code, .. } = &order.terms.fulfilment else {
        return Err(Tried::Hopeless { note: format!("order {} has no supplier", order.id), unclear: false });
    };
    let guests = core.storage.guests(&order.merchant, &order.id).await.map_err(|fault| again(&fault))?;
    Ok(SupplierOrder {
        order: order.id.clone(),
        reference: order.supplier_reference.clone(),
        product_code: product_code.clone(),
        count: u16::try_from(order.units.len()).unwrap_or(u16::MAX),
        visit: order.visit,
        slot: order.stock.first().and_then(|taken| taken.key.slot.clone()),
        guests,
        unit_cost: order.terms.cost,
    })
}

/// What comes with a job's call, which may take so long.
pub(crate) fn context(core: &Core, job: &LeasedJob, connection: &Connection, key: &str, limit_ms: i64) -> CallContext {
    CallContext {
        deadline: core.clock.now().plus_millis(limit_ms),
        idempotency_key: key.to_owned(),
        trace: TraceId::parse(job.job.id.as_str()).expect("a job id is a trace id: both are ids of one form"),
        attempt: job.attempts + 1,
        connection: Some(connection.facts.clone()),
    }
}

/// Calls a supplier.
pub(crate) async fn call(
    core: &Core,
    job: &LeasedJob,
    key: &str,
    limit_ms: i64,
    request: SupplierRequest,
) -> Result<SupplierResponse, Fault> {
    let (connection, instance) = match counterparty(core, &job.job.connection) {
        Ok(found) => found,
        Err(tried) => return Err(Fault::not_done(FaultKind::Unavailable, note_of(tried))),
    };
    let scope = CallScope { connection: Some(connection.id.clone()), order: Some(job.job.order.to_string()) };
    let context = context(core, job, &connection, key, limit_ms);
    match instance.call(context, Request::Supplier(request), scope).await? {
        Response::Supplier(response) => Ok(response),
        Response::Channel(_) => Err(Fault::garbled("a supplier answered as a channel")),
    }
}

fn note_of(tried: Tried) -> String {
    match tried {
        Tried::Again { note, .. } | Tried::Hopeless { note, .. } => note,
        _ => String::new(),
    }
}

/// What a failed call with effect means for its job.
pub(crate) fn after_fault(fault: &Fault) -> Tried {
    let note = fault.to_string();
    match fault.effect {
        Effect::Unknown | Effect::Done => Tried::Unclear { note },
        Effect::NotDone if fault.may_pass() => Tried::Again { wait_ms: fault.retry_after_ms, note },
        Effect::NotDone => Tried::Hopeless { note, unclear: false },
    }
}

/// Marks a job as started before a call with effect goes out. Gives how long the call may take, in milliseconds: no
/// longer than the lease, or whoever has the job next could ask about a call that is still on its way.
pub(crate) async fn start(core: &Core, job: &LeasedJob) -> Result<i64, Tried> {
    if planted::is(Bug::CallBeforeMark) {
        return Ok(CALL_LIMIT_MS);
    }
    let asked = tokio::time::Instant::now();
    match core.starts.ask((job.job.id.clone(), job.token)).await {
        Ok(true) => {
            let passed = i64::try_from(asked.elapsed().as_millis()).unwrap_or(i64::MAX);
            let left = i64::from(core.settings.lease_ms).saturating_sub(passed);
            if left > 0 { Ok(left.min(CALL_LIMIT_MS)) } else { Err(again(&"the lease ended before anything went out")) }
        }
        Ok(false) => Err(Tried::Lost),
        Err(fault) => Err(again(&fault)),
    }
}

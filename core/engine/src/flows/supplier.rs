//! What every call to a supplier needs: the order in its words, the instance, the context.

use std::sync::Arc;

use entrepot_contract::capability::{Calls, SupplierCapabilities};
use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::ids::{ConnectionId, OrderId, TraceId};
use entrepot_contract::message::{CallContext, Request, Response};
use entrepot_contract::order::{Guest, Guests, Order, Refund};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::supplier::{SupplierOrder, SupplierRequest, SupplierResponse, SupplierUnit, Wait};
use entrepot_domain::alert::AlertKind;
use entrepot_domain::job::JobMemo;
use entrepot_domain::planted::{self, Bug};
use entrepot_host::{CallScope, RunningInstance};

use super::open_guests;
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

/// The calls that a supplier answers.
pub(crate) fn calls(instance: &RunningInstance) -> Result<Calls, Tried> {
    let supplier = instance.manifest().capabilities.supplier.as_ref();
    supplier.and_then(SupplierCapabilities::calls).cloned().ok_or_else(|| {
        let note = format!("{} answers no calls", instance.manifest().id);
        Tried::Hopeless { note, unclear: false }
    })
}

/// The order in the supplier's words, with all that can be read of its guests; `gone`: the units that it took back before.
/// For calls that act: opening what the channel sealed costs a call to it.
pub(crate) async fn order_with_guests(core: &Core, order: &Order, gone: &[u16]) -> Result<SupplierOrder, Tried> {
    let guests = core.storage.guests(&order.merchant, &order.id).await.map_err(|fault| again(&fault))?;
    let guests = open_guests::run(core, order, guests).await.map_err(|fault| again(&fault))?;
    in_words(order, guests, gone)
}

/// The same for calls that only ask: guests' data that the channel sealed stays sealed.
pub(crate) async fn supplier_order(core: &Core, order: &Order, gone: &[u16]) -> Result<SupplierOrder, Tried> {
    let guests = core.storage.guests(&order.merchant, &order.id).await.map_err(|fault| again(&fault))?;
    in_words(order, guests, gone)
}

fn in_words(order: &Order, guests: Guests, gone: &[u16]) -> Result<SupplierOrder, Tried> {
    let Fulfilment::Supplier { product_code, .. } = &order.terms.fulfilment else {
        return Err(Tried::Hopeless { note: format!("order {} has no supplier", order.id), unclear: false });
    };
    Ok(SupplierOrder {
        order: order.id.clone(),
        reference: order.supplier_reference.clone(),
        product_code: product_code.clone(),
        units: units_of(order, guests.visitors, gone),
        visit: order.visit,
        slot: order.stock.first().and_then(|taken| taken.key.slot.clone()),
        buyer: guests.buyer,
        unit_cost: order.terms.cost,
    })
}

/// The units with those who enter with each. Where everybody is named, every unit has as many; otherwise whoever is
/// named stands at the first unit.
fn units_of(order: &Order, visitors: Vec<Guest>, gone: &[u16]) -> Vec<SupplierUnit> {
    let (units, named) = (order.units.len().max(1), visitors.len());
    let each = if named.is_multiple_of(units) { named / units } else { named };
    let mut visitors = visitors.into_iter();
    let unit =
        |number| SupplierUnit { number, guests: visitors.by_ref().take(each).collect(), gone: gone.contains(&number) };
    order.units.iter().map(|unit| unit.number).map(unit).collect()
}

/// Waits for the other side, with what it said. A wait that takes longer than it should is told to a person once.
pub(crate) async fn waits(core: &Core, job: &LeasedJob, wait: Wait, rhythm: &Rhythm) -> Tried {
    let mut memo = JobMemo { word: wait.memo.or_else(|| job.memo.word.clone()), absent_at: None, told: job.memo.told };
    let waited_ms = core.clock.now().since(job.job.created_at);
    if !memo.told && waited_ms > i64::try_from(rhythm.alert_ms).unwrap_or(i64::MAX) {
        let text = format!(
            "order {} waits for {} since {} ({}); look there",
            job.job.order, job.job.connection, job.job.created_at, rhythm.note
        );
        memo.told = super::raise(core, &job.job.merchant, AlertKind::Stuck, job.job.id.as_str(), &text).await;
    }
    let wait_ms = wait.ask_after_ms.unwrap_or(rhythm.ask_after_ms).clamp(100, 3_600_000);
    Tried::Waits { wait_ms, note: rhythm.note.to_owned(), memo }
}

/// How a wait goes on.
pub(crate) struct Rhythm {
    /// When to ask again where the other side does not say, in milliseconds.
    pub(crate) ask_after_ms: u64,
    /// How long it may take since the job was born, in milliseconds.
    pub(crate) alert_ms: u64,
    /// For people.
    pub(crate) note: &'static str,
}

/// The other side knows nothing of it. That is believed once it was said twice, as far apart as its answers may lag
/// behind its calls; then the job begins anew.
pub(crate) fn absent(core: &Core, job: &LeasedJob, lag_ms: u64) -> Tried {
    let now = core.clock.now();
    let lag_ms = i64::try_from(lag_ms).unwrap_or(i64::MAX);
    let left_ms = job.memo.absent_at.map_or(lag_ms, |first| lag_ms.saturating_sub(now.since(first)));
    if job.memo.absent_at.is_some() && left_ms <= 0 {
        return Tried::Anew { note: "the supplier said twice that it knows nothing of it".to_owned() };
    }
    let memo = JobMemo { absent_at: job.memo.absent_at.or(Some(now)), ..job.memo.clone() };
    let wait_ms = u64::try_from(left_ms).unwrap_or(0).max(100);
    Tried::Waits { wait_ms, note: "the supplier knows nothing of it; asked once more".to_owned(), memo }
}

/// The wait of a job is over: nobody has to look any more.
pub(crate) async fn waited(core: &Core, job: &LeasedJob) {
    if !job.memo.told {
        return;
    }
    let merchant = Some(job.job.merchant.clone());
    if let Err(fault) = super::resolve(core, merchant, AlertKind::Stuck, job.job.id.as_str()).await {
        tracing::error!(%fault, "an alert could not be resolved");
    }
}

/// What comes with a job's call, which may take so long.
pub(crate) fn context(core: &Core, job: &LeasedJob, connection: &Connection, key: &str, limit_ms: i64) -> CallContext {
    CallContext {
        deadline: core.clock.now().plus_millis(limit_ms),
        idempotency_key: key.to_owned(),
        trace: trace_of(job),
        attempt: job.attempts + 1,
        connection: Some(connection.facts.clone()),
    }
}

/// A call to a counterparty, and what comes with it.
pub(crate) struct Asking<'a> {
    /// Whom.
    pub(crate) connection: &'a ConnectionId,
    /// About which order.
    pub(crate) order: Option<&'a OrderId>,
    /// Follows the call.
    pub(crate) trace: TraceId,
    /// The same for every repeat.
    pub(crate) key: &'a str,
    /// 1 for the first try.
    pub(crate) attempt: u32,
    /// How long it may take.
    pub(crate) limit_ms: i64,
}

impl Asking<'_> {
    pub(crate) async fn call(self, core: &Core, request: SupplierRequest) -> Result<SupplierResponse, Fault> {
        match self.request(core, Request::Supplier(request)).await? {
            Response::Supplier(response) => Ok(response),
            Response::Channel(_) | Response::Unknown => Err(Fault::garbled("a supplier answered as a channel")),
        }
    }

    /// The same to whatever the connection is.
    pub(crate) async fn request(self, core: &Core, request: Request) -> Result<Response, Fault> {
        let (connection, instance) = match counterparty(core, self.connection) {
            Ok(found) => found,
            Err(tried) => return Err(Fault::not_done(FaultKind::Unavailable, note_of(tried))),
        };
        let order = self.order.map(ToString::to_string);
        let scope = CallScope { connection: Some(connection.id.clone()), order };
        let context = CallContext {
            deadline: core.clock.now().plus_millis(self.limit_ms),
            idempotency_key: self.key.to_owned(),
            trace: self.trace,
            attempt: self.attempt,
            connection: Some(connection.facts.clone()),
        };
        instance.call(context, request, scope).await
    }
}

/// Calls a supplier for a job.
pub(crate) async fn call(
    core: &Core,
    job: &LeasedJob,
    key: &str,
    limit_ms: i64,
    request: SupplierRequest,
) -> Result<SupplierResponse, Fault> {
    let trace = trace_of(job);
    let (connection, order, attempt) = (&job.job.connection, Some(&job.job.order), job.attempts + 1);
    Asking { connection, order, trace, key, attempt, limit_ms }.call(core, request).await
}

fn trace_of(job: &LeasedJob) -> TraceId {
    TraceId::parse(job.job.id.as_str()).expect("a job id is a trace id: both are ids of one form")
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

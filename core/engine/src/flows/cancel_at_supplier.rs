//! Gives units back at the supplier, for a refund that waits for the answer or whose money is gone already.

use entrepot_contract::fault::{Effect, FaultKind};
use entrepot_contract::ids::RefundId;
use entrepot_contract::supplier::{Cancellation, SupplierRequest, SupplierResponse};
use entrepot_domain::command::Body;
use entrepot_domain::job::JobState;

use super::{book, supplier};
use crate::core::Core;
use crate::jobs::Tried;
use crate::storage::LeasedJob;

/// How long to wait before asking again about an audit, in milliseconds.
const ASK_AFTER_MS: u64 = 30_000;

pub(crate) async fn run(core: &Core, job: &LeasedJob, units: &[u16], refund: Option<&RefundId>, key: &str) -> Tried {
    match work(core, job, units, refund, key).await {
        Ok(tried) | Err(tried) => tried,
    }
}

async fn work(
    core: &Core,
    job: &LeasedJob,
    units: &[u16],
    refund: Option<&RefundId>,
    key: &str,
) -> Result<Tried, Tried> {
    let (order, _) = supplier::order_of(core, job).await?;
    let (connection, instance) = supplier::counterparty(core, &job.job.connection)?;
    let abilities = instance.manifest().capabilities.supplier.clone().unwrap_or_default();
    let whole = units.len() == order.units.len();
    if !abilities.cancel || (!whole && !abilities.cancel_units) {
        let note =
            format!("{} cannot cancel {}; a person has to", connection.id, if whole { "orders" } else { "units" });
        return settle(core, job, refund, Some(note)).await;
    }
    if job.state == JobState::Started && !abilities.cancel_idempotent {
        let note = format!("nobody knows whether {} cancelled order {}; look there", connection.id, order.id);
        return Ok(Tried::Hopeless { note, unclear: true });
    }
    let wanted = supplier::supplier_order(core, &order).await?;
    let limit_ms = supplier::start(core, job).await?;
    let request = SupplierRequest::Cancel { order: Box::new(wanted), units: units.to_vec(), key: key.to_owned() };
    match supplier::call(core, job, key, limit_ms, request).await {
        Ok(SupplierResponse::Cancellation(Cancellation::Done)) => settle(core, job, refund, None).await,
        Ok(SupplierResponse::Cancellation(Cancellation::Refused { reason })) => {
            settle(core, job, refund, Some(reason)).await
        }
        Ok(SupplierResponse::Cancellation(Cancellation::Waiting { ask_after_ms })) => {
            let wait_ms = ask_after_ms.unwrap_or(ASK_AFTER_MS).clamp(100, 3_600_000);
            Ok(Tried::Waits { wait_ms, note: "the supplier audits it".to_owned() })
        }
        Ok(_) => Ok(Tried::Unclear { note: "cancel was answered with something else".to_owned() }),
        Err(fault) if fault.effect == Effect::NotDone && fault.kind == FaultKind::Refused => {
            settle(core, job, refund, Some(fault.text)).await
        }
        Err(fault) => Ok(supplier::after_fault(&fault)),
    }
}

async fn settle(
    core: &Core,
    job: &LeasedJob,
    refund: Option<&RefundId>,
    refused: Option<String>,
) -> Result<Tried, Tried> {
    let order = job.job.order.clone();
    let body = match refund {
        Some(refund) => Body::DecideRefund { order, refund: refund.clone(), agree: refused.is_none(), reason: refused },
        None => Body::RecordSupplierCancel { order, refused },
    };
    book::record(core, job, body).await
}

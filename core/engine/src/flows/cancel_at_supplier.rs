//! Gives units back at the supplier, for a refund that waits for the answer or whose money is gone already. A
//! cancellation whose outcome nobody knows, or that is audited, is asked about before anything else.

use std::collections::BTreeSet;

use entrepot_contract::capability::{Calls, CancelAbility};
use entrepot_contract::declared;
use entrepot_contract::fault::{Effect, FaultKind};
use entrepot_contract::ids::RefundId;
use entrepot_contract::message::Request;
use entrepot_contract::money::Money;
use entrepot_contract::order::Refund;
use entrepot_contract::supplier::{Cancellation, SupplierOrder, SupplierRequest, SupplierResponse};
use entrepot_domain::command::Body;
use entrepot_domain::decide::kept;
use entrepot_domain::job::{JobState, gone_at_supplier};

use super::{book, supplier};
use crate::core::Core;
use crate::jobs::Tried;
use crate::storage::LeasedJob;

/// How long to wait before asking again about an audit, in milliseconds.
const ASK_AFTER_MS: u64 = 30_000;

/// An audit that takes longer is told to a person, in milliseconds, where the supplier names no time.
const AUDIT_ALERT_MS: u64 = 86_400_000;

/// What goes back.
pub(crate) struct What<'a> {
    /// Unit numbers.
    pub(crate) units: &'a [u16],
    /// Those that went before.
    pub(crate) gone: &'a [u16],
    /// The refund that waits for the answer.
    pub(crate) refund: Option<&'a RefundId>,
    /// The same for every repeat.
    pub(crate) key: &'a str,
}

impl What<'_> {
    fn units(&self) -> Vec<u16> {
        self.units.iter().copied().collect::<BTreeSet<u16>>().into_iter().collect()
    }

    /// What is gone at the supplier: what went before this job was born, and what it agreed to since.
    fn gone(&self, refunds: &[Refund]) -> Vec<u16> {
        let agreed = refunds.iter().filter(|refund| self.refund != Some(&refund.id) && gone_at_supplier(refund));
        let gone = self.gone.iter().chain(agreed.flat_map(|refund| &refund.units)).copied();
        gone.filter(|unit| !self.units.contains(unit)).collect()
    }
}

pub(crate) async fn run(core: &Core, job: &LeasedJob, what: &What<'_>) -> Tried {
    match work(core, job, what).await {
        Ok(tried) | Err(tried) => tried,
    }
}

async fn work(core: &Core, job: &LeasedJob, what: &What<'_>) -> Result<Tried, Tried> {
    let (order, refunds) = supplier::order_of(core, job).await?;
    if order.by_hand && job.state != JobState::Started {
        let note = "issued by hand: nothing is given back there".to_owned();
        return book::record(core, job, Body::EndJob { order: order.id, note }).await;
    }
    let (connection, instance) = supplier::counterparty(core, &job.job.connection)?;
    let wanted = supplier::order_with_guests(core, &order, &what.gone(&refunds)).await?;
    let calls = supplier::calls(&instance)?;
    let (units, key) = (what.units(), what.key.to_owned());
    let request = SupplierRequest::Cancel { order: Box::new(wanted.clone()), units, key };
    if let Some(missing) = declared::missing(instance.manifest(), &Request::Supplier(request.clone())) {
        let note = format!("{} does not declare {missing}; a person has to", connection.id);
        return settle(core, job, what, Err(note)).await;
    }
    let ability = calls.cancel.clone().unwrap_or_default();
    if let Some(told) = job.heard.as_ref().and_then(|heard| heard.cancellation.as_ref())
        && told.key.as_deref().is_none_or(|key| key == what.key)
    {
        return answered(core, job, what, &ability, told.answer.clone()).await;
    }
    match (job.state == JobState::Started, ability.inquire, ability.repeatable) {
        (true, true, _) => return inquire(core, job, what, &calls, wanted).await,
        (true, false, false) => {
            let note = format!("nobody knows whether {} cancelled order {}; look there", connection.id, order.id);
            return Ok(Tried::Hopeless { note, unclear: true });
        }
        _ => {}
    }
    let limit_ms = supplier::start(core, job).await?;
    match supplier::call(core, job, what.key, limit_ms, request).await {
        Ok(SupplierResponse::Cancellation(answer)) => answered(core, job, what, &ability, answer).await,
        Ok(_) => Ok(Tried::Unclear { note: "cancel was answered with something else".to_owned() }),
        Err(fault) if fault.effect == Effect::NotDone && fault.kind == FaultKind::Refused => {
            settle(core, job, what, Err(fault.text)).await
        }
        Err(fault) => Ok(supplier::after_fault(&fault)),
    }
}

async fn inquire(
    core: &Core,
    job: &LeasedJob,
    what: &What<'_>,
    calls: &Calls,
    order: SupplierOrder,
) -> Result<Tried, Tried> {
    let ability = calls.cancel.clone().unwrap_or_default();
    let (order, units, key, memo) = (Box::new(order), what.units(), what.key.to_owned(), job.memo.word.clone());
    let request = SupplierRequest::InquireCancel { order, units, key, memo };
    match supplier::call(core, job, what.key, supplier::CALL_LIMIT_MS, request).await {
        Ok(SupplierResponse::Cancellation(Cancellation::NotAsked)) => {
            let lag_ms = calls.inquire.as_ref().map_or(0, |inquire| inquire.not_found_after_ms);
            Ok(supplier::absent(core, job, lag_ms))
        }
        Ok(SupplierResponse::Cancellation(answer)) => answered(core, job, what, &ability, answer).await,
        Ok(_) => Ok(Tried::Unclear { note: "inquire_cancel was answered with something else".to_owned() }),
        // The question had no effect, but the cancellation before it may have: the job stays started.
        Err(fault) => Ok(Tried::Unclear { note: fault.to_string() }),
    }
}

async fn answered(
    core: &Core,
    job: &LeasedJob,
    what: &What<'_>,
    ability: &CancelAbility,
    answer: Cancellation,
) -> Result<Tried, Tried> {
    match answer {
        Cancellation::Done { fee } => settle(core, job, what, Ok(fee)).await,
        Cancellation::Refused(refusal) => settle(core, job, what, Err(refusal.text)).await,
        Cancellation::Waiting(wait) => {
            let alert_ms = ability.audit_alert_ms.unwrap_or(AUDIT_ALERT_MS);
            let rhythm = supplier::Rhythm { ask_after_ms: ASK_AFTER_MS, alert_ms, note: "the supplier audits it" };
            Ok(supplier::waits(core, job, wait, &rhythm).await)
        }
        Cancellation::NotAsked | Cancellation::Unknown => {
            Ok(Tried::Unclear { note: "the supplier said what nobody knows".to_owned() })
        }
    }
}

/// What the supplier said: what it keeps of what we owe, or a certain no.
async fn settle(
    core: &Core,
    job: &LeasedJob,
    what: &What<'_>,
    told: Result<Option<Money>, String>,
) -> Result<Tried, Tried> {
    let order = job.job.order.clone();
    let (agree, fee, refused) = match told {
        Ok(fee) => (true, fee, None),
        Err(refused) => (false, None, Some(refused)),
    };
    let body = match what.refund {
        Some(refund) => {
            Body::DecideRefund { order, refund: refund.clone(), agree, reason: refused.or_else(|| fee.map(kept)) }
        }
        None => Body::RecordSupplierCancel { order, refused, fee },
    };
    book::record(core, job, body).await
}

//! A person types the codes that no supplier gave. A booking whose outcome nobody knows may have issued: who types has
//! looked there, and says so.

use entrepot_contract::ids::{MerchantId, OrderId};
use entrepot_contract::order::UnitCredentials;
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::Fulfilment;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CommandKey, IssueResult, fingerprint};
use entrepot_domain::job::{BOOK, Heard};

use super::administer::Asked;
use crate::core::{Core, Engine};
use crate::sequencer::Undecided;
use crate::storage::JobsOf;

/// Most codes of one order.
pub const BY_HAND_LIMIT: usize = 500;

/// What a person typed.
#[derive(Debug, Clone)]
pub struct ByHand {
    /// Whose.
    pub merchant: MerchantId,
    /// The order.
    pub order: OrderId,
    /// One entry for each unit; at most [`BY_HAND_LIMIT`] codes.
    pub units: Vec<UnitCredentials>,
    /// Why, for the timeline.
    pub reason: String,
    /// Whether somebody looked at the supplier and found that it issued nothing.
    pub looked: bool,
}

impl Engine {
    /// Issues an order with typed codes. Refused while the supplier's answer to a booking is open, unless somebody
    /// looked there; it is asked then, too, and what it holds is told.
    pub async fn issue_by_hand(&self, asked: &Asked, typed: ByHand) -> Result<Answer, Undecided> {
        let core = &self.core;
        let ByHand { merchant, order, units, reason, looked } = typed;
        let key =
            CommandKey { scope: format!("api:{}", asked.by), kind: "issue_by_hand".to_owned(), key: asked.key.clone() };
        let digest = fingerprint(&[("order", order.to_string()), ("units", digest(core, &merchant, &units)?)]);
        if let Some(refusal) = given_elsewhere(core, &merchant, &order, &units).await? {
            return Ok(Answer::Refused(refusal));
        }
        if !looked && let Some(refusal) = unclear(core, &merchant, &order).await? {
            return Ok(Answer::Refused(refusal));
        }
        let body = Body::RecordIssue { order, result: IssueResult::ByHand { units, reason } };
        self.command(&merchant, key, digest, &asked.by, body).await
    }
}

/// The codes as a keyed digest: what is stored under the caller's key tells nobody a code.
fn digest(core: &Core, merchant: &MerchantId, units: &[UnitCredentials]) -> Result<String, Undecided> {
    let mut text = String::new();
    for unit in units {
        for credential in &unit.credentials {
            text.push_str(&format!("{}\u{1f}{:?}\u{1f}{}\u{1e}", unit.unit, credential.kind, credential.value));
        }
    }
    core.storage.digest(merchant, &text).map_err(|_| Undecided::Busy)
}

/// A code that another order's guest shows is nobody else's.
async fn given_elsewhere(
    core: &Core,
    merchant: &MerchantId,
    order: &OrderId,
    units: &[UnitCredentials],
) -> Result<Option<Refusal>, Undecided> {
    for unit in units {
        for credential in &unit.credentials {
            let shown = core.storage.units_of_code(merchant, &credential.value).await.map_err(|_| Undecided::Busy)?;
            if let Some((other, _)) = shown.iter().find(|(other, _)| other != order) {
                let text = format!("unit {}: one of its codes was given to order {other}", unit.unit);
                return Ok(Some(Refusal::new(Reason::Malformed, text)));
            }
        }
    }
    Ok(None)
}

/// Why the codes should not be typed yet, if so: the supplier was asked, and nobody knows what it did. It is asked
/// about that at once.
async fn unclear(core: &Core, merchant: &MerchantId, order: &OrderId) -> Result<Option<Refusal>, Undecided> {
    let found = core.storage.order(merchant, order).await.map_err(|_| Undecided::Busy)?;
    let Some((found, _)) = found else { return Ok(None) };
    let Fulfilment::Supplier { connection, .. } = &found.terms.fulfilment else { return Ok(None) };
    let about = JobsOf { merchant, order, connection, kind: BOOK };
    if core.storage.unclear_jobs(&about).await.map_err(|_| Undecided::Busy)? == 0 {
        return Ok(None);
    }
    let heard = Heard { at: core.clock.now(), cancellation: None };
    if core.storage.tell_jobs(&about, &heard).await.map_err(|_| Undecided::Busy)? > 0 {
        core.jobs.nudge();
    }
    let text = format!(
        "{connection} was asked to book order {order}, and nobody knows whether it did; look there first, and say that \
         it holds no ticket, or wait for its answer"
    );
    Ok(Some(Refusal::new(Reason::StateForbids, text)))
}

//! A person types the codes that no supplier gave (人工出票): the last resort. The supplier may have issued all the same
//! without anybody having heard of it, so what it tells afterwards is compared and never thrown away.

use std::collections::BTreeSet;

use entrepot_contract::order::{Order, OrderState, Refund, RefundCause, RefundState, UnitCredentials};
use entrepot_contract::outcome::{Reason, Refusal};

use super::draft::Draft;
use super::{Stop, hold, issue, use_told};
use crate::alert::AlertKind;
use crate::answer::Answer;
use crate::command::IssueResult;

/// Typed codes end the wait of an accepted order, or of one whose supplier was asked.
pub(super) fn issue(
    draft: &mut Draft<'_>,
    mut order: Order,
    units: &[UnitCredentials],
    reason: &str,
) -> Result<Answer, Stop> {
    if !matches!(order.state, OrderState::Accepted | OrderState::Issuing) {
        let text =
            format!("codes are typed for orders that are accepted or being issued; {} is {:?}", order.id, order.state);
        return Err(Refusal::new(Reason::StateForbids, text).into());
    }
    // What was asked because no ticket came is answered by the tickets.
    let live = |refund: &&Refund| match refund.state {
        RefundState::Waiting => refund.cause != RefundCause::IssueFailed,
        RefundState::Agreed => true,
        RefundState::Refused | RefundState::Done => false,
    };
    if let Some(refund) = draft.state.refunds(&order).find(live) {
        let text = format!("refund {} of order {} is pending; it has to be decided first", refund.id, order.id);
        return Err(Refusal::new(Reason::StateForbids, text).into());
    }
    issue::fits(&order, units)?;
    new_to_us(draft, units)?;
    if order.state == OrderState::Accepted {
        hold::give_up(draft, &order);
    }
    order.by_hand = true;
    issue::finish(draft, &mut order, units.to_vec(), &format!("typed by hand: {reason}"))?;
    let id = order.id.clone();
    draft.put(order);
    Ok(Answer::Issued { order: id })
}

/// No code twice, and none that a pool gives to somebody else. No text repeats a code.
fn new_to_us(draft: &Draft<'_>, units: &[UnitCredentials]) -> Result<(), Refusal> {
    for unit in units {
        let mut seen = BTreeSet::new();
        for credential in &unit.credentials {
            let fault = if !seen.insert(&credential.value) {
                "one of its codes stands there twice"
            } else if draft.state.known_codes.contains_key(&credential.value) {
                "one of its codes stands in a pool, which gives it to somebody by itself"
            } else {
                continue;
            };
            return Err(Refusal::new(Reason::Malformed, format!("unit {}: {fault}", unit.unit)));
        }
    }
    Ok(())
}

/// What a supplier tells about an order whose codes were typed. Nothing is cancelled by itself: the guest's ticket may
/// be the very one that the supplier speaks of.
pub(super) fn heard(draft: &mut Draft<'_>, mut order: Order, result: &IssueResult) -> Result<Answer, Stop> {
    let id = order.id.clone();
    match result {
        IssueResult::Found { reference, same: true } => {
            order.by_hand = false;
            order.supplier_reference = reference.clone().or(order.supplier_reference);
            draft.note(&order, "issued", "the supplier holds the very tickets that were typed by hand");
            use_told::watch(draft, &mut order);
            draft.put(order);
        }
        IssueResult::Found { reference, .. } | IssueResult::Issued { reference, .. } => {
            order.supplier_reference = reference.clone().or(order.supplier_reference);
            let text = format!(
                "order {id} was issued by hand, and its supplier issued tickets for it, too; look there and cancel \
                 those that the guest does not have"
            );
            draft.alert(AlertKind::Contradiction, id.as_str(), text.clone());
            draft.note(&order, "issued twice", text);
            draft.put(order);
        }
        IssueResult::Pending { .. } | IssueResult::Refused { .. } | IssueResult::ByHand { .. } => {}
    }
    Ok(Answer::Recorded { order: id })
}

//! Refunds as a channel sees them: asked, answered by rule when there is time, announced.

use entrepot_contract::ids::{MerchantId, OrderId, RefundId};
use entrepot_contract::intent::{AskRefund, GivesBack, Intent, RecordRefund};
use entrepot_contract::order::{Refund, RefundCause, RefundState, UnitCredentials, UnitState};
use entrepot_contract::outcome::Outcome;
use entrepot_domain::alert::AlertKind;
use entrepot_domain::answer::{Answer, RefundStanding};
use entrepot_domain::command::Body;

use super::{named_units, unplaced};
use crate::core::Core;
use crate::inbound::Visit;
use crate::sequencer::Undecided;
use crate::storage::StorageFault;

pub(super) async fn ask(visit: &Visit<'_>, ask: &AskRefund) -> Outcome {
    let mut fields = vec![
        ("order", ask.order.to_string()),
        ("units", format!("{:?}", ask.units)),
        ("fee", ask.fee.map(|fee| fee.to_string()).unwrap_or_default()),
    ];
    // What was asked for before this could be said has the same digest as ever.
    if ask.gives_back != GivesBack::Units {
        fields.push(("gives back", format!("{:?}", ask.gives_back)));
    }
    let units = match named_units::without_codes(visit, &ask.order, &ask.units).await {
        Ok(units) => units,
        Err(fault) => return unread(&fault),
    };
    let intent = AskRefund { units, ..ask.clone() };
    let body = Body::AskRefund { order: visit.name_of(&ask.order), intent };
    match visit.command(&ask.key, &fields, body).await {
        Ok(Answer::Refund { order, refund, standing: RefundStanding::Waiting }) => {
            waiting(visit, &order, &refund, ask.cause).await
        }
        Ok(Answer::Refund { order, standing, .. }) => outcome_of(visit, &order, ask.cause, standing).await,
        Ok(Answer::Refused(refusal)) => Outcome::Refused(refusal),
        Ok(other) => super::odd(&other),
        Err(fault) => super::undecided(fault),
    }
}

async fn outcome_of(visit: &Visit<'_>, order: &OrderId, cause: RefundCause, standing: RefundStanding) -> Outcome {
    match standing {
        RefundStanding::Waiting => Outcome::RefundWaiting,
        RefundStanding::Agreed { fee } => Outcome::RefundAgreed { fee: Some(fee) },
        RefundStanding::Refused { reason } => refused(visit, order, cause, reason).await,
        RefundStanding::Done => Outcome::RefundAgreed { fee: None },
    }
}

/// A supplier is being asked, or a person has to decide. The first may come in time.
async fn waiting(visit: &Visit<'_>, order: &OrderId, id: &RefundId, cause: RefundCause) -> Outcome {
    let settled = visit
        .until(order, || async {
            let refund = find(visit, order, id).await?;
            // A person's decision takes longer than any call waits.
            (refund.state != RefundState::Waiting || refund.notice_owed).then_some(refund)
        })
        .await;
    match settled {
        Some(refund) => standing_of(visit, &refund).await,
        None => {
            let body = Body::PromiseRefund { order: order.clone(), refund: id.clone() };
            match visit.command(id.as_str(), &[], body).await {
                Ok(Answer::Refund { standing, .. }) => outcome_of(visit, order, cause, standing).await,
                Ok(Answer::Refused(refusal)) => Outcome::Refused(refusal),
                Ok(other) => super::odd(&other),
                Err(fault) => super::undecided(fault),
            }
        }
    }
}

/// A no. Where the channel saw issuing fail and the guest has good tickets all the same, they go along.
async fn refused(visit: &Visit<'_>, order: &OrderId, cause: RefundCause, reason: String) -> Outcome {
    match repaired(visit.core, &visit.connection.merchant, order, cause).await {
        Ok(repaired) => Outcome::RefundRefused { order: order.clone(), reason, repaired },
        Err(fault) => {
            tracing::warn!(%fault, "the tickets that repair an order could not be read");
            Outcome::Busy
        }
    }
}

/// Credentials of the units that were not given back, where a refund was asked because issuing had failed.
pub(super) async fn repaired(
    core: &Core,
    merchant: &MerchantId,
    order: &OrderId,
    cause: RefundCause,
) -> Result<Vec<UnitCredentials>, StorageFault> {
    if cause != RefundCause::IssueFailed {
        return Ok(Vec::new());
    }
    let Some((order, _)) = core.storage.order(merchant, order).await? else { return Ok(Vec::new()) };
    if order.unshown {
        core.show_credentials(merchant, &order.id).await?;
    }
    let back = order.numbers(UnitState::Refunded);
    let units = core.storage.credentials(merchant, &order.id).await?;
    Ok(units.into_iter().filter(|unit| !back.contains(&unit.unit)).collect())
}

async fn standing_of(visit: &Visit<'_>, refund: &Refund) -> Outcome {
    match refund.state {
        RefundState::Waiting => Outcome::RefundWaiting,
        RefundState::Agreed | RefundState::Done => Outcome::RefundAgreed { fee: refund.channel_fee },
        RefundState::Refused => {
            refused(visit, &refund.order, refund.cause, refund.note.clone().unwrap_or_default()).await
        }
    }
}

async fn find(visit: &Visit<'_>, order: &OrderId, id: &RefundId) -> Option<Refund> {
    let (_, refunds) = visit.core.storage.order(&visit.connection.merchant, order).await.ok()??;
    refunds.into_iter().find(|refund| &refund.id == id)
}

fn unread(fault: &StorageFault) -> Outcome {
    tracing::warn!(%fault, "the units that a refund names cannot be read");
    Outcome::Busy
}

pub(super) async fn record(visit: &Visit<'_>, intent: &Intent, record: &RecordRefund) -> Outcome {
    if visit.core.is_creating(&visit.ref_of(&record.order)) {
        return Outcome::CallAgain;
    }
    let fields = [("order", record.order.to_string()), ("amount", record.amount.to_string())];
    // An order that came while this was on its way is looked at once more.
    let give = async || {
        let units = named_units::without_codes(visit, &record.order, &record.units).await.map_err(|fault| {
            unread(&fault);
            Undecided::Busy
        })?;
        let intent = RecordRefund { units, ..record.clone() };
        visit.command(&record.key, &fields, Body::RecordRefund { order: visit.name_of(&record.order), intent }).await
    };
    match unplaced::or_keep(visit, intent, &record.order, give).await {
        Ok(Answer::Recorded { .. } | Answer::Stored) => Outcome::Recorded,
        Ok(Answer::Refused(refusal)) => {
            // The money is gone whatever we think of it: acknowledged, and somebody looks.
            let text = format!("refund {} of order {}: {}", record.key, record.order, refusal.text);
            let merchant = &visit.connection.merchant;
            if super::raise(visit.core, merchant, AlertKind::Contradiction, record.order.as_str(), &text).await {
                Outcome::Recorded
            } else {
                Outcome::Busy
            }
        }
        Ok(other) => super::odd(&other),
        Err(fault) => super::undecided(fault),
    }
}

//! Units that a channel names by the codes which their guests show. A code is a secret: it is held against the order's
//! credentials here, and only the unit's number goes further.

use std::collections::BTreeSet;

use entrepot_contract::ids::ChannelOrderId;
use entrepot_contract::intent::{Intent, RecordRefund, UnitChoice};
use entrepot_contract::listing::UnitNames;
use entrepot_contract::order::{Order, UnitCredentials};

use crate::inbound::Visit;
use crate::storage::StorageFault;

/// The choice without codes: numbers where each name is one unit's. Otherwise what is left of the names counts alone: a code
/// that is no unit's says nothing against a certificate that is.
pub(super) async fn without_codes(
    visit: &Visit<'_>,
    order: &ChannelOrderId,
    units: &UnitChoice,
) -> Result<UnitChoice, StorageFault> {
    let UnitChoice::Named(names) = units else { return Ok(units.clone()) };
    if names.iter().all(|names| names.code.is_none()) {
        return Ok(units.clone());
    }
    let (storage, merchant) = (&visit.core.storage, &visit.connection.merchant);
    let known = storage.channel_ref(&visit.ref_of(order)).await?.and_then(|reference| reference.order);
    let Some(placed) = known.filter(|placed| &placed.merchant == merchant) else { return Ok(stripped(units)) };
    let Some((order, _)) = storage.order(merchant, &placed.order).await? else { return Ok(stripped(units)) };
    let credentials = storage.credentials(merchant, &order.id).await?;
    let numbers: BTreeSet<u16> = names.iter().filter_map(|names| number(&order, &credentials, names)).collect();
    Ok(if numbers.len() == names.len() { UnitChoice::Numbers(numbers.into_iter().collect()) } else { stripped(units) })
}

/// The one unit that a name and a code mean; none where they mean none, several, or two different ones.
fn number(order: &Order, credentials: &[UnitCredentials], names: &UnitNames) -> Option<u16> {
    let same = |ours: &Option<String>, told: &Option<String>| told.is_some() && ours == told;
    let known = order.units.iter().zip(&order.unit_names);
    let named: BTreeSet<u16> = known
        .filter(|(_, ours)| same(&ours.certificate, &names.certificate) || same(&ours.item, &names.item))
        .map(|(unit, _)| unit.number)
        .collect();
    let holds = |unit: &&UnitCredentials| {
        unit.credentials.iter().any(|credential| Some(&credential.value) == names.code.as_ref())
    };
    let shown: BTreeSet<u16> = credentials.iter().filter(holds).map(|unit| unit.unit).collect();
    let meant = match (named.is_empty(), shown.is_empty()) {
        (false, false) => named.intersection(&shown).copied().collect(),
        (false, true) if names.code.is_none() => named,
        (true, false) => shown,
        _ => BTreeSet::new(),
    };
    meant.first().copied().filter(|_| meant.len() == 1)
}

fn stripped(units: &UnitChoice) -> UnitChoice {
    match units {
        UnitChoice::Named(names) => {
            UnitChoice::Named(names.iter().map(|names| UnitNames { code: None, ..names.clone() }).collect())
        }
        other => other.clone(),
    }
}

/// A fact as it may be kept: without codes.
pub(super) fn to_keep(intent: &Intent) -> Intent {
    match intent {
        Intent::RecordRefund(told) => {
            Intent::RecordRefund(RecordRefund { units: stripped(&told.units), ..told.clone() })
        }
        other => other.clone(),
    }
}

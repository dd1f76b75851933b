//! How do orders stand, with all that a guest may see of them? By their names or by ours; what nobody knows is left out.

use std::collections::BTreeSet;

use entrepot_contract::ids::{ChannelOrderId, OrderId};
use entrepot_contract::intent::change::OrderFilter;
use entrepot_contract::listing::ListingNames;
use entrepot_contract::money::Money;
use entrepot_contract::order::{DeadlineKind, Order, OrderState, Refund, RefundState, UnitState};
use entrepot_contract::outcome::{ORDERS_LIMIT, OrderShown, Outcome, Reason, Refusal, Standing, UnitUsage};
use entrepot_contract::time::Timestamp;
use entrepot_domain::catalogue::Rules;
use entrepot_domain::change::{HOLD_RAN_OUT, RefKey};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::ask_use::{self, Fresh};
use crate::inbound::Visit;
use crate::storage::StorageFault;

/// Orders looked at together: each may wait for its supplier.
const TOGETHER: usize = 8;

pub(super) async fn run(visit: &Visit<'_>, filter: &OrderFilter) -> Outcome {
    let found = match filter {
        OrderFilter::Names { orders } if orders.len() > ORDERS_LIMIT => {
            let text = format!("at most {ORDERS_LIMIT} orders are shown at once, found {} names", orders.len());
            return Outcome::Refused(Refusal::new(Reason::Malformed, text));
        }
        OrderFilter::Names { orders } => by_names(visit, orders).await,
        OrderFilter::Own { order } => Ok(order.parse().into_iter().collect()),
        OrderFilter::Reference { .. } | OrderFilter::Visits { .. } | OrderFilter::Unknown => {
            return Outcome::Refused(super::unserved::not_known());
        }
    };
    let shown = match found {
        Ok(ids) => show_all(visit, ids).await,
        Err(fault) => Err(Unshown::Fault(fault)),
    };
    match shown {
        Ok(orders) => Outcome::Orders { orders },
        Err(Unshown::Stale) => Outcome::Busy,
        Err(Unshown::Fault(fault)) => {
            tracing::warn!(%fault, "orders cannot be read");
            Outcome::Busy
        }
    }
}

/// Why nothing is shown: one order that is shown wrong may be refunded after it was used.
enum Unshown {
    /// Its supplier could not be asked how much was used.
    Stale,
    Fault(StorageFault),
}

impl From<StorageFault> for Unshown {
    fn from(fault: StorageFault) -> Self {
        Self::Fault(fault)
    }
}

/// Ours, in the order in which they are named.
async fn by_names(visit: &Visit<'_>, names: &[ChannelOrderId]) -> Result<Vec<OrderId>, StorageFault> {
    let keys: Vec<RefKey> = names.iter().map(|name| visit.ref_of(name)).collect();
    let found = visit.core.storage.channel_refs(&keys).await?;
    let placed = keys.iter().filter_map(|key| found.get(key)?.order.as_ref());
    let ours = placed.filter(|placed| placed.merchant == visit.connection.merchant);
    let mut once = BTreeSet::new();
    Ok(ours.map(|placed| placed.order.clone()).filter(|id| once.insert(id.clone())).collect())
}

async fn show_all(visit: &Visit<'_>, ids: Vec<OrderId>) -> Result<Vec<OrderShown>, Unshown> {
    let rules = visit.core.rules(&visit.connection.merchant).await?;
    let rules = &rules;
    let shown: Vec<Option<OrderShown>> = stream::iter(ids)
        .map(|id| async move { show(visit, rules, &id).await })
        .buffered(TOGETHER)
        .try_collect()
        .await?;
    Ok(shown.into_iter().flatten().collect())
}

async fn show(visit: &Visit<'_>, rules: &Rules, id: &OrderId) -> Result<Option<OrderShown>, Unshown> {
    let (storage, merchant) = (&visit.core.storage, &visit.connection.merchant);
    let Some((order, _)) = storage.order(merchant, id).await? else { return Ok(None) };
    // Of another application's orders this one is told nothing.
    if order.application != visit.connection.application {
        return Ok(None);
    }
    if order.units.iter().any(|unit| unit.state == UnitState::Available)
        && matches!(ask_use::before_telling(visit, &order).await, Fresh::No)
    {
        return Err(Unshown::Stale);
    }
    let Some((order, refunds)) = storage.order(merchant, id).await? else { return Ok(None) };
    if order.unshown {
        visit.core.show_credentials(merchant, id).await?;
    }
    let credentials = storage.credentials(merchant, id).await?;
    let source_order = match order.source() {
        Some((source, _)) => storage.order(merchant, source).await?.map(|(source, _)| source.channel_order),
        None => None,
    };
    let events = if order.state == OrderState::Cancelled { storage.events(merchant, id).await? } else { Vec::new() };
    let ran_out = events.iter().find(|event| event.what == HOLD_RAN_OUT).map(|event| event.at);
    Ok(Some(OrderShown {
        names: names_of(rules, &order),
        standing: standing(order.state, ran_out.is_some()),
        source_order,
        slot: order.stock.first().and_then(|taken| taken.key.slot.clone()),
        shop: None,
        units: order.units.iter().map(|unit| UnitUsage { unit: unit.number, state: unit.state }).collect(),
        credentials,
        ordered_at: order.created_at,
        hold_until: hold_until(&order),
        ended_at: ran_out.or_else(|| given_back_at(&order, &refunds)),
        fee: fee(&refunds),
        order: order.id,
        channel_order: order.channel_order,
        reference: order.reference,
        visit: order.visit,
        unit_names: order.unit_names,
        paid_at: order.paid_at,
    }))
}

/// As the channel names what was bought: empty where it is not sold there any more.
fn names_of(rules: &Rules, order: &Order) -> ListingNames {
    let listing = rules.catalogue.listings.iter().find(|listing| listing.id == order.listing);
    listing.map(|listing| listing.names.clone()).unwrap_or_default()
}

const fn standing(state: OrderState, ran_out: bool) -> Standing {
    match state {
        OrderState::Created => Standing::Held,
        OrderState::Paid | OrderState::Accepted | OrderState::Issuing => Standing::Waiting,
        OrderState::Issued => Standing::Issued,
        OrderState::Completed => Standing::Used,
        OrderState::Refunded => Standing::GivenBack,
        OrderState::Cancelled if ran_out => Standing::Expired,
        OrderState::Cancelled => Standing::Cancelled,
        OrderState::Refused => Standing::Refused,
    }
}

fn hold_until(order: &Order) -> Option<Timestamp> {
    order.deadlines.iter().find(|deadline| deadline.kind == DeadlineKind::Hold).map(|deadline| deadline.due)
}

/// When the last of an order was given back, where all of it was.
fn given_back_at(order: &Order, refunds: &[Refund]) -> Option<Timestamp> {
    refunds.iter().filter_map(|refund| refund.done_at).max().filter(|_| order.state == OrderState::Refunded)
}

/// What the channel kept of the guest's money, over all refunds; none where it kept nothing.
fn fee(refunds: &[Refund]) -> Option<Money> {
    let done = refunds.iter().filter(|refund| refund.state == RefundState::Done && refund.same_as.is_none());
    let mut fees = done.filter_map(|refund| refund.channel_fee).filter(|fee| fee.amount_minor > 0);
    let first = fees.next()?;
    fees.try_fold(first, |sum, fee| sum.plus(fee)).ok()
}

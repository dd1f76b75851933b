//! Which rows a command has to see. Asked three times, because each stage names the rows of the next: channel
//! references name orders, orders name stock, accounts and pools.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::calendar::StockKey;
use entrepot_contract::ids::{ChannelOrderId, CodeId, ConnectionId, DistributorId, OrderId, PoolName};
use entrepot_contract::intent::CreateOrder;
use entrepot_contract::order::{LimitKey, Order, OrderState};
use entrepot_contract::product::{Fulfilment, Route};

use crate::catalogue::{dates_taken, share_cells, sold, stock_cells};
use crate::change::RefKey;
use crate::command::{Body, CatalogueEntry, Command, IssueResult, OrderName};
use crate::limits::{self, Person};
use crate::state::State;

/// Rows of one merchant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Channel references; looked at before anything else.
    pub refs: BTreeSet<RefKey>,
    /// Orders; their families are locked and loaded.
    pub orders: BTreeSet<OrderId>,
    /// Pools, with the codes wanted of each.
    pub pools: BTreeMap<PoolName, u32>,
    /// Cells.
    pub stock: BTreeSet<StockKey>,
    /// Accounts.
    pub accounts: BTreeSet<DistributorId>,
    /// Texts of codes that may be there already.
    pub code_texts: BTreeSet<String>,
    /// Single codes, by pool.
    pub codes: BTreeSet<(PoolName, CodeId)>,
    /// Counters of purchase limits.
    pub limits: BTreeSet<LimitKey>,
}

impl Footprint {
    /// Adds another footprint; codes wanted of one pool add up.
    pub fn extend(&mut self, other: Self) {
        self.refs.extend(other.refs);
        self.orders.extend(other.orders);
        self.stock.extend(other.stock);
        self.accounts.extend(other.accounts);
        self.code_texts.extend(other.code_texts);
        self.codes.extend(other.codes);
        self.limits.extend(other.limits);
        for (pool, wanted) in other.pools {
            let sum = self.pools.entry(pool).or_default();
            *sum = sum.saturating_add(wanted);
        }
    }
}

/// What a command has to see, as far as `state` lets it be known.
#[must_use]
pub fn needs(command: &Command, state: &State) -> Footprint {
    let mut found = Footprint::default();
    match &command.body {
        Body::CreateOrder { connection, intent, people } => {
            create(state, command, connection, intent, people, &mut found);
        }
        Body::PayOrder { order, .. }
        | Body::CancelOrder { order }
        | Body::StartIssue { order, .. }
        | Body::Redeem { order, .. }
        | Body::DecideAcceptance { order, .. }
        | Body::AskRefund { order, .. }
        | Body::RecordRefund { order, .. } => existing(state, order, &mut found),
        Body::PassDeadlines { order }
        | Body::PromiseIssue { order }
        | Body::RecordUse { order, .. }
        | Body::AskUse { order }
        | Body::RecordHold { order, .. }
        | Body::PromiseRefund { order, .. }
        | Body::DecideRefund { order, .. }
        | Body::RecordSupplierCancel { order, .. }
        | Body::EndJob { order, .. } => existing(state, &OrderName::Own(order.clone()), &mut found),
        Body::RecordIssue { order, result } => {
            existing(state, &OrderName::Own(order.clone()), &mut found);
            if let IssueResult::ByHand { units, .. } = result {
                let codes = units.iter().flat_map(|unit| &unit.credentials);
                found.code_texts.extend(codes.map(|credential| credential.value.clone()));
            }
        }
        Body::StoreFact { application, order, .. } => {
            found.refs.insert(RefKey { application: application.clone(), order: order.clone() });
        }
        Body::TopUp { distributor, .. }
        | Body::AdjustCredit { distributor, .. }
        | Body::SetCreditLimit { distributor, .. } => {
            found.accounts.insert(distributor.clone());
        }
        Body::TransferCredit { from, to, .. } => {
            found.accounts.extend([from.clone(), to.clone()]);
        }
        Body::CorrectStock { rows } => {
            found.stock.extend(rows.iter().map(|row| row.key.clone()));
        }
        Body::WriteCalendar { rows } => {
            found.stock.extend(rows.iter().filter_map(|row| row.stock.as_ref().map(|(key, _)| key.clone())));
        }
        Body::PutCatalogue { entries } => {
            for entry in entries {
                if let CatalogueEntry::Distributor(distributor) = entry {
                    found.accounts.insert(distributor.id.clone());
                }
            }
        }
        Body::AddCodes { pool, codes } => {
            found.pools.insert(pool.clone(), 0);
            found.code_texts.extend(codes.iter().map(|code| code.text.clone()));
        }
        Body::VoidCode { pool, code } => {
            found.pools.insert(pool.clone(), 0);
            found.codes.insert((pool.clone(), code.clone()));
        }
        Body::SetPoolThreshold { pool, .. } => {
            found.pools.insert(pool.clone(), 0);
        }
    }
    found
}

fn create(
    state: &State,
    command: &Command,
    connection: &ConnectionId,
    intent: &CreateOrder,
    people: &[Person],
    found: &mut Footprint,
) {
    let Some(rules) = state.rules.channel(connection) else { return };
    let key = |order: &ChannelOrderId| RefKey { application: rules.application.clone(), order: order.clone() };
    found.refs.insert(key(&intent.order));
    let named = [Some(&intent.order), intent.source_order.as_ref()];
    for order in named.into_iter().flatten() {
        found.refs.insert(key(order));
        existing(state, &OrderName::Channel(rules.application.clone(), order.clone()), found);
    }
    found.accounts.extend(rules.distributor.clone());
    let wish = &intent.wish;
    let Ok(listing) = state.rules.catalogue.listing(connection, &wish.names) else { return };
    let Ok((product, sku)) = state.rules.catalogue.sku(sold(listing, wish)) else { return };
    let Ok(dates) = dates_taken(product, wish.visit.as_ref()) else { return };
    let cells = stock_cells(sku, &dates, wish.slot.as_deref());
    found.stock.extend(share_cells(sku, listing.allotment.as_ref(), &cells).into_values());
    found.stock.extend(cells);
    let limits = limits::wanted(product, wish.visit.as_ref(), people, wish.count, sku.persons_per_unit, command.at);
    found.limits.extend(limits.into_iter().map(|(taken, _)| taken.key));
    if rules.issue_at_acceptance {
        // A wish beyond the limit is refused: it must not load the pool.
        let count = wish.count.min(u32::from(sku.maximum_units));
        pool_of(state, &sku.fulfilment, count, found);
        pools_behind(state, &sku.otherwise, count, found);
    }
}

fn existing(state: &State, name: &OrderName, found: &mut Footprint) {
    if let OrderName::Channel(application, order) = name {
        found.refs.insert(RefKey { application: application.clone(), order: order.clone() });
    }
    let Some(id) = state.order_id(name) else { return };
    found.orders.insert(id.clone());
    let Some(order) = state.order(&id) else { return };
    // What happens to a voucher reaches its reservations, and the other way round.
    for member in state.family(order) {
        of_order(state, member, found);
    }
}

fn of_order(state: &State, order: &Order, found: &mut Footprint) {
    found.stock.extend(order.stock.iter().map(|taken| taken.key.clone()));
    found.limits.extend(order.limits.iter().map(|taken| taken.key.clone()));
    found.accounts.extend(order.terms.distributor.clone());
    let count = u32::try_from(order.units.len()).unwrap_or(0);
    let open = matches!(order.state, OrderState::Created | OrderState::Paid | OrderState::Accepted);
    if open {
        pool_of(state, &order.terms.fulfilment, count, found);
    }
    if open || order.state == OrderState::Issuing {
        pools_behind(state, &order.terms.otherwise, count, found);
    }
}

/// The pools among those who are asked when the one before refuses.
fn pools_behind(state: &State, otherwise: &[Route], count: u32, found: &mut Footprint) {
    for Route { connection, product_code, .. } in otherwise {
        let by = Fulfilment::Supplier { connection: connection.clone(), product_code: product_code.clone() };
        pool_of(state, &by, count, found);
    }
}

fn pool_of(state: &State, fulfilment: &Fulfilment, count: u32, found: &mut Footprint) {
    if let Some(pool) = pool_name(state, fulfilment) {
        let wanted = found.pools.entry(pool).or_default();
        *wanted = wanted.saturating_add(count);
    }
}

/// The pool behind a fulfilment, when it is one.
#[must_use]
pub fn pool_name(state: &State, fulfilment: &Fulfilment) -> Option<PoolName> {
    let Fulfilment::Supplier { connection, product_code } = fulfilment else { return None };
    state.rules.supplier(connection).filter(|rules| rules.pool)?;
    PoolName::parse(product_code.clone()).ok()
}

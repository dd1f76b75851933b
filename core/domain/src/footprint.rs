//! Which rows a command has to see. Asked three times, because each stage names the rows of the next: channel
//! references name orders, orders name stock, accounts and pools.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::bounds::units_limit;
use entrepot_contract::calendar::StockKey;
use entrepot_contract::ids::{
    BatchId, ChannelOrderId, CodeId, ConnectionId, DistributorId, OrderId, PoolName, UploadId,
};
use entrepot_contract::intent::CreateOrder;
use entrepot_contract::order::{LimitKey, Order, OrderState, UnitState};
use entrepot_contract::product::{Fulfilment, Route};
use entrepot_contract::time::Timestamp;

use crate::catalogue::{CodeRules, dates_taken, share_cells, sold, stock_cells};
use crate::change::RefKey;
use crate::code::{CodeMove, Days, days_needed, left_for};
use crate::command::{BULK_LIMIT_ROWS, Body, CatalogueEntry, Command, IssueResult, OrderName};
use crate::decide::call_before;
use crate::limits::{self, Person};
use crate::state::State;
use crate::venue;

/// Rows of one merchant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Channel references; looked at before anything else.
    pub refs: BTreeSet<RefKey>,
    /// Orders; their families are locked and loaded.
    pub orders: BTreeSet<OrderId>,
    /// Pools, with the codes wanted of each by the days they have to be good on.
    pub pools: BTreeMap<PoolName, BTreeMap<Option<Days>, u32>>,
    /// Cells.
    pub stock: BTreeSet<StockKey>,
    /// Accounts.
    pub accounts: BTreeSet<DistributorId>,
    /// Texts of codes that may be there already.
    pub code_texts: BTreeSet<String>,
    /// Single codes, by pool.
    pub codes: BTreeSet<(PoolName, CodeId)>,
    /// Orders whose codes may go back.
    pub code_holders: BTreeSet<OrderId>,
    /// Codes that move together.
    pub code_moves: BTreeSet<CodeMove>,
    /// Batches of pools.
    pub batches: BTreeSet<(PoolName, BatchId)>,
    /// Uploads, with the codes that their channels did not answer for.
    pub uploads: BTreeSet<UploadId>,
    /// Orders whose guests are their credentials.
    pub guests: BTreeSet<OrderId>,
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
        self.guests.extend(other.guests);
        self.limits.extend(other.limits);
        self.code_holders.extend(other.code_holders);
        self.code_moves.extend(other.code_moves);
        self.batches.extend(other.batches);
        self.uploads.extend(other.uploads);
        for (pool, wanted) in other.pools {
            let sums = self.pools.entry(pool).or_default();
            for (days, count) in wanted {
                let sum = sums.entry(days).or_default();
                *sum = sum.saturating_add(count);
            }
        }
    }

    /// The most codes of a pool that a batch can give. So many are looked at for each range of days: then what is given
    /// for other days never leaves too few.
    #[must_use]
    pub fn codes_wanted(&self, pool: &PoolName) -> u32 {
        self.pools.get(pool).into_iter().flat_map(BTreeMap::values).fold(0, |sum, count| sum.saturating_add(*count))
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
        | Body::CancelOrder { order, .. }
        | Body::StartIssue { order, .. }
        | Body::Redeem { order, .. }
        | Body::DecideAcceptance { order, .. }
        | Body::AskRefund { order, .. }
        | Body::RecordRefund { order, .. }
        | Body::RecordDecision { order, .. } => existing(state, order, command.at, &mut found),
        Body::PassDeadlines { order }
        | Body::PromiseIssue { order }
        | Body::RecordUse { order, .. }
        | Body::AskUse { order }
        | Body::RecordHold { order, .. }
        | Body::PromiseRefund { order, .. }
        | Body::DecideRefund { order, .. }
        | Body::RecordSupplierCancel { order, .. }
        | Body::IssueWaiting { order }
        | Body::ShowCredentials { order }
        | Body::EndJob { order, .. } => existing(state, &OrderName::Own(order.clone()), command.at, &mut found),
        Body::RecordIssue { order, result } => {
            existing(state, &OrderName::Own(order.clone()), command.at, &mut found);
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
        Body::AddCodes { .. }
        | Body::VoidCode { .. }
        | Body::SetPoolThreshold { .. }
        | Body::MoveBatch { .. }
        | Body::StartUpload { .. }
        | Body::ReserveForUpload { .. }
        | Body::TryUpload { .. }
        | Body::RecordUpload { .. }
        | Body::StopUpload { .. }
        | Body::NoteBoundCode { .. }
        | Body::ExpireCodes { .. } => of_pool(&command.body, &mut found),
    }
    found
}

/// What people do with a pool.
fn of_pool(body: &Body, found: &mut Footprint) {
    match body {
        Body::AddCodes { pool, codes } => {
            found.pools.entry(pool.clone()).or_default();
            found.batches.extend(codes.iter().map(|code| (pool.clone(), code.facts.batch.clone())));
            found.code_texts.extend(codes.iter().map(|code| code.text.clone()));
        }
        Body::VoidCode { pool, code } => {
            found.pools.entry(pool.clone()).or_default();
            found.codes.insert((pool.clone(), code.clone()));
        }
        Body::SetPoolThreshold { pool, .. } | Body::StartUpload { pool, .. } => {
            found.pools.entry(pool.clone()).or_default();
        }
        Body::MoveBatch { pool, batch, to } => {
            found.pools.entry(pool.clone()).or_default();
            found.batches.insert((pool.clone(), batch.clone()));
            found.code_moves.insert(CodeMove::Batch(pool.clone(), batch.clone(), left_for(*to).to_vec()));
        }
        Body::ExpireCodes { pool, before } => {
            found.pools.entry(pool.clone()).or_default();
            found.code_moves.insert(CodeMove::Ended(pool.clone(), *before));
        }
        Body::ReserveForUpload { pool, upload, limit, days } => {
            let limit = (*limit).min(u32::try_from(BULK_LIMIT_ROWS).unwrap_or(u32::MAX));
            found.pools.entry(pool.clone()).or_default().insert(Some(*days), limit);
            found.uploads.insert(upload.clone());
        }
        Body::TryUpload { pool, upload, .. }
        | Body::RecordUpload { pool, upload, .. }
        | Body::StopUpload { pool, upload } => {
            found.pools.entry(pool.clone()).or_default();
            found.uploads.insert(upload.clone());
        }
        _ => {}
    }
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
        existing(state, &OrderName::Channel(rules.application.clone(), order.clone()), command.at, found);
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
    let called = state.refs.get(&key(&intent.order)).is_some_and(|reference| call_before(reference).is_some());
    if rules.issue_at_acceptance || called {
        // A wish beyond the limit is refused: it must not load the pool.
        let usable = venue::usable(product.validity, wish.visit.as_ref());
        let days = days_needed(wish.visit.as_ref(), usable, &product.time_zone, command.at);
        let count = wish.count.min(u32::from(sku.maximum_units.min(units_limit(sku.persons_per_unit))));
        pool_of(state, &sku.fulfilment, count, days, found);
        pools_behind(state, &sku.otherwise, count, days, found);
    }
}

fn existing(state: &State, name: &OrderName, at: Timestamp, found: &mut Footprint) {
    if let OrderName::Channel(application, order) = name {
        found.refs.insert(RefKey { application: application.clone(), order: order.clone() });
    }
    let Some(id) = state.order_id(name) else { return };
    found.orders.insert(id.clone());
    let Some(order) = state.order(&id) else { return };
    // What happens to a voucher reaches its reservations, and the other way round.
    for member in state.family(order) {
        of_order(state, member, at, found);
    }
}

fn of_order(state: &State, order: &Order, at: Timestamp, found: &mut Footprint) {
    found.stock.extend(order.stock.iter().map(|taken| taken.key.clone()));
    found.limits.extend(order.limits.iter().map(|taken| taken.key.clone()));
    found.accounts.extend(order.terms.distributor.clone());
    let terms = &order.terms;
    match order.state {
        OrderState::Created | OrderState::Paid | OrderState::Accepted | OrderState::Issuing => {
            if terms.fulfilment == Fulfilment::Document {
                found.guests.insert(order.id.clone());
            }
            let units = order.units.len() - order.count(UnitState::Refunded);
            let days = days_needed(order.visit.as_ref(), terms.usable, &terms.time_zone, at);
            let count = u32::try_from(units).unwrap_or(0);
            pool_of(state, &terms.fulfilment, count, days, found);
            pools_behind(state, &terms.otherwise, count, days, found);
        }
        OrderState::Issued if order.unshown => {
            if let Some((pool, _)) = pool_behind(state, &terms.fulfilment).filter(|(_, rules)| rules.return_unshown) {
                found.pools.entry(pool).or_default();
                found.code_holders.insert(order.id.clone());
            }
        }
        _ => {}
    }
}

/// The pools among those who are asked when the one before refuses.
fn pools_behind(state: &State, otherwise: &[Route], count: u32, days: Option<Days>, found: &mut Footprint) {
    for Route { connection, product_code, .. } in otherwise {
        let by = Fulfilment::Supplier { connection: connection.clone(), product_code: product_code.clone() };
        pool_of(state, &by, count, days, found);
    }
}

fn pool_of(state: &State, fulfilment: &Fulfilment, units: u32, days: Option<Days>, found: &mut Footprint) {
    if let Some((pool, rules)) = pool_behind(state, fulfilment) {
        let wanted = found.pools.entry(pool).or_default().entry(days).or_default();
        *wanted = wanted.saturating_add(units.saturating_mul(u32::from(rules.per_unit)));
    }
}

/// The pool behind a fulfilment with its connection's rules for it, when it is one.
#[must_use]
pub fn pool_behind(state: &State, fulfilment: &Fulfilment) -> Option<(PoolName, CodeRules)> {
    let Fulfilment::Supplier { connection, product_code } = fulfilment else { return None };
    let rules = state.rules.supplier(connection).filter(|rules| rules.pool)?;
    let pool = PoolName::parse(product_code.clone()).ok()?;
    let codes = rules.codes_of(&pool);
    Some((pool, codes))
}

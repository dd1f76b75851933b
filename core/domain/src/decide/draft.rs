//! The working copy of one decision: reads see what the decision itself changed.

use std::collections::BTreeMap;

use entrepot_contract::calendar::{Stock, StockKey};
use entrepot_contract::ids::{ConnectionId, DistributorId, JobId, OrderId, PoolName};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Deadline, DeadlineKind, Guests, LimitKey, Order, Taken, UnitState};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::time::Timestamp;

use super::Stop;
use crate::alert::{Alert, AlertKind};
use crate::catalogue::ChannelRules;
use crate::change::{Change, Event, HistoryCell, HistoryKind, HistoryLine};
use crate::code::Pool;
use crate::command::{Command, OrderName};
use crate::credit::{self, Account, PostingCause, PostingKind};
use crate::deadline::{alert_of, subject_of};
use crate::job::{JobKind, NewJob, Notification};
use crate::planted::{self, Bug};
use crate::state::State;
use crate::stock::{self, Standing};
use crate::transitions::{self, Step};

/// The working copy.
pub(super) struct Draft<'a> {
    pub(super) state: &'a State,
    pub(super) command: &'a Command,
    changes: Vec<Change>,
    stock: BTreeMap<StockKey, Stock>,
    accounts: BTreeMap<DistributorId, Account>,
    limits: BTreeMap<LimitKey, u32>,
    orders: BTreeMap<OrderId, Order>,
    jobs: usize,
}

impl<'a> Draft<'a> {
    pub(super) fn new(state: &'a State, command: &'a Command) -> Self {
        Self {
            state,
            command,
            changes: Vec::new(),
            stock: BTreeMap::new(),
            accounts: BTreeMap::new(),
            limits: BTreeMap::new(),
            orders: BTreeMap::new(),
            jobs: 0,
        }
    }

    /// The changes, with the end of the job that brought the command.
    pub(super) fn finish(mut self) -> Vec<Change> {
        self.changes.extend(self.orders.into_values().map(|order| Change::Order(Box::new(order))));
        self.changes.extend(self.stock.into_iter().map(|(key, stock)| Change::Stock(key, stock)));
        self.changes.extend(self.limits.into_iter().map(|(key, count)| Change::Limit(key, count)));
        self.changes.extend(self.command.job.clone().map(Change::EndJob));
        self.changes
    }

    pub(super) fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    pub(super) fn at(&self) -> Timestamp {
        self.command.at
    }

    /// The order behind a name: refused when there is none, `SeeMore` when it is not loaded yet.
    pub(super) fn find(&self, name: &OrderName) -> Result<Order, Stop> {
        let unknown = || {
            let text = match name {
                OrderName::Channel(application, order) => {
                    format!("application {application} has no order {order} of this merchant")
                }
                OrderName::Own(order) => format!("merchant {} has no order {order}", self.state.rules.merchant),
            };
            Stop::Refused(Refusal::new(Reason::OrderUnknown, text))
        };
        let id = self.state.order_id(name).ok_or_else(unknown)?;
        match self.state.family_of.get(&id) {
            None => Err(Stop::SeeMore),
            Some(None) => Err(unknown()),
            Some(Some(_)) => self.order(&id).ok_or_else(unknown),
        }
    }

    /// A loaded order as this decision sees it.
    pub(super) fn order(&self, id: &OrderId) -> Option<Order> {
        self.orders.get(id).or_else(|| self.state.order(id)).cloned()
    }

    /// The guests of an order, made in this decision or before.
    pub(super) fn guests(&self, id: &OrderId) -> Result<Guests, Stop> {
        let own = self.changes.iter().find_map(|change| match change {
            Change::Guests(order, guests) if order == id => Some(guests),
            _ => None,
        });
        let found = own.or_else(|| self.state.writes.guests.get(id)).or_else(|| self.state.guests.get(id));
        found.cloned().ok_or(Stop::SeeMore)
    }

    /// Writes an order as it stands now.
    pub(super) fn put(&mut self, order: Order) {
        self.orders.insert(order.id.clone(), order);
    }

    /// The rules of the connection an order was sold through. They stay readable after sales ended there.
    pub(super) fn channel(&self, connection: &ConnectionId) -> Result<&'a ChannelRules, Refusal> {
        self.state.rules.channel(connection).ok_or_else(|| {
            Refusal::new(Reason::Paused, format!("{connection} is not a channel connection of this merchant"))
        })
    }

    /// Moves an order along the table.
    pub(super) fn step(&mut self, order: &mut Order, step: Step) -> Result<(), Refusal> {
        order.state = transitions::next(order.state, step)?;
        Ok(())
    }

    /// Takes units of every cell, or nothing. A connection's own share goes first, then the common cell.
    pub(super) fn take_stock(
        &mut self,
        cells: &[StockKey],
        shares: &BTreeMap<StockKey, StockKey>,
        count: u32,
        standing: Standing,
    ) -> Result<Vec<Taken>, Stop> {
        let mut taken = Vec::new();
        for key in cells {
            let mut wanted = count;
            if let Some(share) = shares.get(key)
                && let Some(before) = self.cell(share)?
            {
                let from_share = before.left().map_or(wanted, |left| left.min(wanted));
                if from_share > 0 {
                    self.stock.insert(share.clone(), stock::take(share, &before, from_share, standing)?);
                    taken.push(Taken { key: share.clone(), count: from_share, instead_of: Some(key.bucket.clone()) });
                    wanted -= from_share;
                }
            }
            if wanted > 0 || taken.is_empty() {
                let before = self.cell(key)?.ok_or_else(|| {
                    let date = key.date.map_or_else(|| "without a date".to_owned(), |date| date.to_string());
                    Refusal::new(Reason::DateClosed, format!("{} has no stock {date}", key.bucket))
                })?;
                self.stock.insert(key.clone(), stock::take(key, &before, wanted, standing)?);
                taken.push(Taken { key: key.clone(), count: wanted, instead_of: None });
            }
        }
        Ok(taken)
    }

    /// Turns the held units of an order into sold ones.
    pub(super) fn confirm_stock(&mut self, order: &Order) -> Result<(), Stop> {
        for taken in &order.stock {
            if let Some(before) = self.cell(&taken.key)? {
                self.stock.insert(taken.key.clone(), stock::confirm(&before, taken.count));
            }
        }
        Ok(())
    }

    /// Gives units of an order back: of each bucket and date so many, what was taken last first. What the order counts
    /// for in purchase limits goes with them.
    pub(super) fn release(&mut self, order: &mut Order, units: &[u16], standing: Standing) -> Result<(), Stop> {
        let count = u32::try_from(units.len()).unwrap_or(u32::MAX);
        let mut left: BTreeMap<StockKey, u32> = BTreeMap::new();
        for taken in order.stock.iter_mut().rev() {
            let bucket = taken.instead_of.as_ref().unwrap_or(&taken.key.bucket).clone();
            let of = StockKey { bucket, ..taken.key.clone() };
            let wanted = left.entry(of).or_insert(count);
            let back = taken.count.min(*wanted);
            *wanted -= back;
            taken.count -= back;
            if let Some(before) = self.cell(&taken.key)?.filter(|_| back > 0) {
                self.stock.insert(taken.key.clone(), stock::release(&before, back, standing));
            }
        }
        for taken in &mut order.limits {
            let before = taken.units.len();
            taken.units.retain(|unit| !units.contains(unit));
            let back = u32::try_from(before - taken.units.len()).unwrap_or(u32::MAX);
            if back > 0 && !planted::is(Bug::LimitKept) {
                let counter = self.counter(&taken.key)?;
                self.set_counter(taken.key.clone(), counter.saturating_sub(back));
            }
        }
        Ok(())
    }

    /// A purchase limit's counter as this decision sees it.
    pub(super) fn counter(&self, key: &LimitKey) -> Result<u32, Stop> {
        self.limits.get(key).or_else(|| self.state.limits.get(key)).copied().ok_or(Stop::SeeMore)
    }

    /// Writes a purchase limit's counter.
    pub(super) fn set_counter(&mut self, key: LimitKey, count: u32) {
        self.limits.insert(key, count);
    }

    /// A cell as this decision sees it; `None` when there is none.
    pub(super) fn cell(&self, key: &StockKey) -> Result<Option<Stock>, Stop> {
        match (self.stock.get(key), self.state.stock.get(key)) {
            (Some(changed), _) => Ok(Some(*changed)),
            (None, Some(loaded)) => Ok(*loaded),
            (None, None) => Err(Stop::SeeMore),
        }
    }

    /// Cells as they were loaded and as this decision leaves them.
    pub(super) fn changed_cells(&self) -> Vec<(StockKey, Option<Stock>, Stock)> {
        let before = |key| self.state.stock.get(key).copied().flatten();
        self.stock.iter().map(|(key, after)| (key.clone(), before(key), *after)).collect()
    }

    /// Writes a cell's numbers.
    pub(super) fn set_cell(&mut self, key: StockKey, stock: Stock) {
        self.stock.insert(key, stock);
    }

    /// An account as this decision sees it.
    pub(super) fn account(&self, distributor: &DistributorId) -> Result<Option<Account>, Stop> {
        match (self.accounts.get(distributor), self.state.accounts.get(distributor)) {
            (Some(changed), _) => Ok(Some(changed.clone())),
            (None, Some(loaded)) => Ok(loaded.clone()),
            (None, None) => Err(Stop::SeeMore),
        }
    }

    /// Moves money on a distributor's account; nothing when the amount is nothing.
    pub(super) fn post(
        &mut self,
        distributor: &DistributorId,
        kind: PostingKind,
        amount: Money,
        cause: PostingCause,
    ) -> Result<(), Stop> {
        if amount.amount_minor == 0 {
            return Ok(());
        }
        let account = self.account(distributor)?.ok_or_else(|| {
            Refusal::new(Reason::CreditShort, format!("distributor {distributor} has no account with this merchant"))
        })?;
        let cause = PostingCause { by: self.command.by.clone(), ..cause };
        let (after, posting) = credit::post(&account, kind, amount, cause, self.command.at)?;
        self.watch_credit(&account, &after);
        self.set_account(after, Some(posting));
        Ok(())
    }

    /// Somebody is told when little is left to spend, once, and again only after there was enough.
    pub(super) fn watch_credit(&mut self, before: &Account, after: &Account) {
        let distributor = self.state.rules.catalogue.distributors.get(&after.distributor);
        let Some(least) = distributor.and_then(|distributor| distributor.warn_below_minor) else { return };
        let low = |account: &Account| account.available_minor() < least;
        if low(after) && !low(before) {
            let left = Money::new(after.available_minor(), after.currency);
            let text = format!("distributor {} has {left} left to spend", after.distributor);
            self.alert(AlertKind::CreditLow, after.distributor.as_str(), text);
        } else if low(before) && !low(after) {
            self.resolve(AlertKind::CreditLow, after.distributor.as_str());
        }
    }

    /// Writes an account's numbers.
    pub(super) fn set_account(&mut self, account: Account, posting: Option<credit::Posting>) {
        self.accounts.insert(account.distributor.clone(), account.clone());
        self.push(Change::Account(account, posting));
    }

    /// People changed something of one subject.
    pub(super) fn remember(&mut self, kind: HistoryKind, subject: &str, cells: Vec<HistoryCell>) {
        let dates = cells.iter().filter_map(|cell| cell.date);
        let line = HistoryLine {
            at: self.command.at,
            by: self.command.by.clone(),
            kind,
            subject: subject.to_owned(),
            dates: dates.clone().min().zip(dates.max()),
            cells,
        };
        self.push(Change::History(vec![line]));
    }

    /// A pool as it was loaded.
    pub(super) fn pool(&self, name: &PoolName) -> Result<Option<&'a Pool>, Stop> {
        self.state.pools.get(name).map(Option::as_ref).ok_or(Stop::SeeMore)
    }

    /// A line of an order's timeline.
    pub(super) fn note(&mut self, order: &Order, what: &str, detail: impl Into<String>) {
        self.note_on(&order.id, what, detail);
    }

    /// A line of the timeline of an order that is known by id only.
    pub(super) fn note_on(&mut self, order: &OrderId, what: &str, detail: impl Into<String>) {
        let event = Event {
            order: order.clone(),
            at: self.command.at,
            what: what.to_owned(),
            by: self.command.by.clone(),
            detail: detail.into(),
        };
        self.push(Change::Event(event));
    }

    /// Somebody should look.
    pub(super) fn alert(&mut self, kind: AlertKind, subject: &str, text: impl Into<String>) {
        self.push(Change::Alert(Alert { kind, subject: subject.to_owned(), text: text.into(), at: self.command.at }));
    }

    /// The cause of an alert is gone.
    pub(super) fn resolve(&mut self, kind: AlertKind, subject: &str) {
        self.push(Change::Resolve(kind, subject.to_owned(), self.command.at));
    }

    /// A time begins to run; one of the same kind is replaced.
    pub(super) fn expect(&mut self, order: &mut Order, deadline: Deadline) {
        order.deadlines.retain(|other| other.kind != deadline.kind);
        order.deadlines.push(deadline);
    }

    /// What a deadline waited for happened, or is not waited for any more.
    pub(super) fn met(&mut self, order: &mut Order, kind: &DeadlineKind) {
        let Some(index) = order.deadlines.iter().position(|deadline| &deadline.kind == kind) else { return };
        let deadline = order.deadlines.remove(index);
        if *kind != DeadlineKind::Usage && (deadline.passed || deadline.warn.is_none()) {
            self.resolve(alert_of(kind), &subject_of(order, kind));
        }
    }

    /// A job for the order's channel.
    pub(super) fn notify(&mut self, order: &Order, notification: Notification) {
        let connection = order.connection.clone();
        self.job(order, connection, JobKind::Notify(notification));
    }

    /// A job for the order's supplier, when its tickets come from one that is called.
    pub(super) fn ask_supplier(&mut self, order: &Order, kind: JobKind) -> Option<JobId> {
        let Fulfilment::Supplier { connection, .. } = &order.terms.fulfilment else { return None };
        Some(self.job(order, connection.clone(), kind))
    }

    fn job(&mut self, order: &Order, connection: ConnectionId, kind: JobKind) -> JobId {
        self.jobs += 1;
        let id = self.command.seed.job(self.jobs);
        let job = NewJob {
            id: id.clone(),
            merchant: order.merchant.clone(),
            order: order.id.clone(),
            connection,
            kind,
            after: None,
            created_at: self.command.at,
        };
        self.push(Change::Job(job));
        id
    }

    /// Ends an order once no unit is open: completed when one was used, refunded otherwise.
    pub(super) fn close_if_done(&mut self, order: &mut Order) -> Result<(), Refusal> {
        let open = order.count(UnitState::Available) + order.count(UnitState::Reserved);
        if open > 0 || order.state.ended() {
            return Ok(());
        }
        let step = if order.count(UnitState::Redeemed) > 0 { Step::UseLast } else { Step::RefundAll };
        self.step(order, step)?;
        self.meet_all(order);
        Ok(())
    }

    /// Nothing is waited for any more, but the decisions on refunds.
    pub(super) fn meet_all(&mut self, order: &mut Order) {
        let kinds: Vec<DeadlineKind> = order.deadlines.iter().map(|deadline| deadline.kind.clone()).collect();
        for kind in kinds.iter().filter(|kind| !matches!(kind, DeadlineKind::Audit { .. })) {
            self.met(order, kind);
        }
    }
}

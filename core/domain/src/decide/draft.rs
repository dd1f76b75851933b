//! The working copy of one decision: reads see what the decision itself changed.

use std::collections::BTreeMap;

use entrepot_contract::calendar::{Stock, StockKey};
use entrepot_contract::ids::{ConnectionId, DistributorId, JobId, OrderId, PoolName};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Order, UnitState};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::time::Timestamp;

use super::Stop;
use crate::catalogue::ChannelRules;
use crate::change::{Alert, Change, Event, Pool};
use crate::command::{Command, OrderName};
use crate::credit::{self, Account, PostingCause, PostingKind};
use crate::job::{JobKind, NewJob, Notification};
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
    jobs: usize,
}

impl<'a> Draft<'a> {
    pub(super) fn new(state: &'a State, command: &'a Command) -> Self {
        Self { state, command, changes: Vec::new(), stock: BTreeMap::new(), accounts: BTreeMap::new(), jobs: 0 }
    }

    /// The changes, with the end of the job that brought the command.
    pub(super) fn finish(mut self) -> Vec<Change> {
        self.changes.extend(self.stock.into_iter().map(|(key, stock)| Change::Stock(key, stock)));
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
            Some(Some(_)) => self.state.order(&id).cloned().ok_or_else(unknown),
        }
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

    /// Takes units of every cell, or nothing.
    pub(super) fn take_stock(&mut self, cells: &[StockKey], count: u32, standing: Standing) -> Result<(), Stop> {
        for key in cells {
            let before = self.cell(key)?.ok_or_else(|| {
                let date = key.date.map_or_else(|| "without a date".to_owned(), |date| date.to_string());
                Refusal::new(Reason::DateClosed, format!("{} has no stock {date}", key.bucket))
            })?;
            self.stock.insert(key.clone(), stock::take(key, &before, count, standing)?);
        }
        Ok(())
    }

    /// Turns held units of every cell into sold ones.
    pub(super) fn confirm_stock(&mut self, cells: &[StockKey], count: u32) -> Result<(), Stop> {
        for key in cells {
            if let Some(before) = self.cell(key)? {
                self.stock.insert(key.clone(), stock::confirm(&before, count));
            }
        }
        Ok(())
    }

    /// Gives units back to every cell.
    pub(super) fn release_stock(&mut self, cells: &[StockKey], count: u32, standing: Standing) -> Result<(), Stop> {
        for key in cells {
            if let Some(before) = self.cell(key)? {
                self.stock.insert(key.clone(), stock::release(&before, count, standing));
            }
        }
        Ok(())
    }

    /// A cell as this decision sees it; `None` when there is none.
    pub(super) fn cell(&self, key: &StockKey) -> Result<Option<Stock>, Stop> {
        match (self.stock.get(key), self.state.stock.get(key)) {
            (Some(changed), _) => Ok(Some(*changed)),
            (None, Some(loaded)) => Ok(*loaded),
            (None, None) => Err(Stop::SeeMore),
        }
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
        self.set_account(after, Some(posting));
        Ok(())
    }

    /// Writes an account's numbers.
    pub(super) fn set_account(&mut self, account: Account, posting: Option<credit::Posting>) {
        self.accounts.insert(account.distributor.clone(), account.clone());
        self.push(Change::Account(account, posting));
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
    pub(super) fn alert(&mut self, kind: &str, subject: &str, text: impl Into<String>) {
        let alert =
            Alert { kind: kind.to_owned(), subject: subject.to_owned(), text: text.into(), at: self.command.at };
        self.push(Change::Alert(alert));
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
        self.step(order, step)
    }
}

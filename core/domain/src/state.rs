//! What a batch has loaded for one merchant, and how changes reach it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use entrepot_contract::calendar::{Stock, StockKey};
use entrepot_contract::ids::{BatchId, CodeId, DistributorId, OrderId, PoolName, RefundId, UploadId};
use entrepot_contract::order::{Guests, LimitKey, Order, Refund};

use crate::alert::AlertChange;
use crate::answer::Answer;
use crate::catalogue::Rules;
use crate::change::{Change, ChannelRef, RefKey, Writes};
use crate::code::{AvailableCode, CodeBatch, CodeMove, CodeState, Days, FreshCode, HeldCode, Pool};
use crate::command::{CatalogueEntry, CommandKey, OrderName};
use crate::credit::Account;
use crate::job::NewJob;
use crate::planted::{self, Bug};
use crate::upload::{HandOver, PartCode, Upload};

/// A voucher order with its reservations and their refunds, or a single order: locked as one row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Family {
    /// Its orders.
    pub orders: BTreeMap<OrderId, Order>,
    /// Their refunds.
    pub refunds: BTreeMap<RefundId, Refund>,
}

/// What a batch sees of one merchant. What was asked for and is not there is `None`, what was not asked for is absent.
#[derive(Debug, Clone)]
pub struct State {
    /// Catalogue and connections.
    pub rules: Rules,
    /// Answers given before, by key.
    pub keys: BTreeMap<CommandKey, (String, Answer)>,
    /// Channel references.
    pub refs: BTreeMap<RefKey, ChannelRef>,
    /// Families by their first order.
    pub families: BTreeMap<OrderId, Family>,
    /// Which family an order belongs to; `None`: no such order of this merchant.
    pub family_of: BTreeMap<OrderId, Option<OrderId>>,
    /// Cells.
    pub stock: BTreeMap<StockKey, Option<Stock>>,
    /// Accounts.
    pub accounts: BTreeMap<DistributorId, Option<Account>>,
    /// Pools.
    pub pools: BTreeMap<PoolName, Option<Pool>>,
    /// Codes that may be given: what ends first before the others, then the oldest.
    pub codes: BTreeMap<PoolName, VecDeque<AvailableCode>>,
    /// For which days codes were looked for, and whether these are all that there were.
    pub codes_seen: BTreeMap<(PoolName, Option<Days>), bool>,
    /// Codes that orders have which may go back.
    pub held_codes: BTreeMap<OrderId, Vec<HeldCode>>,
    /// Codes that move together, each with where it stands.
    pub moving_codes: BTreeMap<CodeMove, Vec<(CodeId, CodeState)>>,
    /// Uploads.
    pub uploads: BTreeMap<UploadId, Option<Upload>>,
    /// Codes that the channels of these uploads did not answer for, by id.
    pub upload_parts: BTreeMap<UploadId, Vec<PartCode>>,
    /// Batches of pools.
    pub batches: BTreeMap<(PoolName, BatchId), Option<CodeBatch>>,
    /// Guests of orders whose credentials they are.
    pub guests: BTreeMap<OrderId, Guests>,
    /// Counters of purchase limits.
    pub limits: BTreeMap<LimitKey, u32>,
    /// Texts of codes that the merchant has already, among those asked for, with their pools.
    pub known_codes: BTreeMap<String, PoolName>,
    /// What the batch writes.
    pub writes: Writes,
}

impl State {
    /// Nothing loaded.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            keys: BTreeMap::new(),
            refs: BTreeMap::new(),
            families: BTreeMap::new(),
            family_of: BTreeMap::new(),
            stock: BTreeMap::new(),
            accounts: BTreeMap::new(),
            pools: BTreeMap::new(),
            codes: BTreeMap::new(),
            codes_seen: BTreeMap::new(),
            held_codes: BTreeMap::new(),
            moving_codes: BTreeMap::new(),
            uploads: BTreeMap::new(),
            upload_parts: BTreeMap::new(),
            batches: BTreeMap::new(),
            guests: BTreeMap::new(),
            limits: BTreeMap::new(),
            known_codes: BTreeMap::new(),
            writes: Writes::default(),
        }
    }

    /// Whether every command is decided by this state as by the other one: the same rules, and the same rows. What either
    /// writes does not matter.
    #[must_use]
    pub fn sees_the_same(&self, other: &Self) -> bool {
        // Taken apart, so that a field added later is thought of here.
        let Self {
            rules: _,
            keys,
            refs,
            families,
            family_of,
            stock,
            accounts,
            pools,
            codes,
            codes_seen,
            held_codes,
            moving_codes,
            uploads,
            upload_parts,
            batches,
            guests,
            limits,
            known_codes,
            writes: _,
        } = self;
        self.has_the_rules_of(other)
            && *stock == other.stock
            && *accounts == other.accounts
            && *keys == other.keys
            && *refs == other.refs
            && *limits == other.limits
            && *families == other.families
            && *family_of == other.family_of
            && *pools == other.pools
            && *codes == other.codes
            && *codes_seen == other.codes_seen
            && *held_codes == other.held_codes
            && *moving_codes == other.moving_codes
            && *uploads == other.uploads
            && *upload_parts == other.upload_parts
            && *batches == other.batches
            && *guests == other.guests
            && *known_codes == other.known_codes
    }

    /// Whether it is decided by the very same rules: not by a copy that says the same.
    #[must_use]
    pub fn has_the_rules_of(&self, other: &Self) -> bool {
        self.rules.merchant == other.rules.merchant
            && Arc::ptr_eq(&self.rules.catalogue, &other.rules.catalogue)
            && Arc::ptr_eq(&self.rules.connections, &other.rules.connections)
    }

    /// Puts a loaded order in its place.
    pub fn insert_order(&mut self, order: Order) {
        self.family_of.insert(order.id.clone(), Some(order.family.clone()));
        self.families.entry(order.family.clone()).or_default().orders.insert(order.id.clone(), order);
    }

    /// Puts a loaded refund in its place; its order has to be there.
    pub fn insert_refund(&mut self, refund: Refund) {
        if let Some(Some(family)) = self.family_of.get(&refund.order) {
            let family = self.families.entry(family.clone()).or_default();
            family.refunds.insert(refund.id.clone(), refund);
        }
    }

    /// The id behind a name, as far as it is loaded.
    #[must_use]
    pub fn order_id(&self, name: &OrderName) -> Option<OrderId> {
        match name {
            OrderName::Own(id) => Some(id.clone()),
            OrderName::Channel(application, order) => {
                let key = RefKey { application: application.clone(), order: order.clone() };
                let placed = self.refs.get(&key)?.order.clone()?;
                (placed.merchant == self.rules.merchant).then_some(placed.order)
            }
        }
    }

    /// An order, as far as it is loaded.
    #[must_use]
    pub fn order(&self, id: &OrderId) -> Option<&Order> {
        let family = self.family_of.get(id)?.as_ref()?;
        self.families.get(family)?.orders.get(id)
    }

    /// The refunds of an order.
    pub fn refunds<'a>(&'a self, order: &'a Order) -> impl Iterator<Item = &'a Refund> {
        self.families
            .get(&order.family)
            .into_iter()
            .flat_map(|family| family.refunds.values())
            .filter(move |refund| refund.order == order.id)
    }

    /// An order with all others of its family.
    pub fn family<'a>(&'a self, order: &Order) -> impl Iterator<Item = &'a Order> {
        self.families.get(&order.family).into_iter().flat_map(|family| family.orders.values())
    }

    /// Applies changes in order, and adds them to what the batch writes.
    pub fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            self.apply_one(change);
        }
    }

    fn apply_one(&mut self, change: Change) {
        match change {
            Change::Order(order) => self.put_order(*order),
            Change::Guests(order, guests) => {
                self.writes.guests.insert(order, guests);
            }
            Change::Credentials(order, units) => {
                self.writes.credentials.insert(order, units);
            }
            Change::Refund(refund) => {
                self.writes.refunds.insert(refund.id.clone(), (*refund).clone());
                self.insert_refund(*refund);
            }
            Change::RefundLines(lines) => self.writes.refund_lines.extend(lines),
            Change::Ref(key, reference) => {
                self.writes.refs.insert(key.clone(), reference.clone());
                self.refs.insert(key, reference);
            }
            Change::Stock(key, stock) => {
                self.writes.stock.insert(key.clone(), stock);
                if !planted::is(Bug::NeighboursUnseen) {
                    self.stock.insert(key, Some(stock));
                }
            }
            Change::Account(account, posting) => {
                self.writes.postings.extend(posting);
                self.writes.accounts.insert(account.distributor.clone(), account.clone());
                self.accounts.insert(account.distributor.clone(), Some(account));
            }
            Change::Pool(name, pool) => {
                self.writes.pools.insert(name.clone(), pool.clone());
                self.pools.insert(name, Some(pool));
            }
            change @ (Change::NewCodes(..)
            | Change::TakeCode(_)
            | Change::MoveCode(..)
            | Change::EndUnitCodes(..)
            | Change::ReturnCode(..)
            | Change::Batch(..)
            | Change::ReserveCode(..)
            | Change::HandOver(..)
            | Change::Upload(_)
            | Change::AwaitCodes(_)
            | Change::WaitOver(_)) => self.apply_to_codes(change),
            Change::Event(event) => self.writes.events.push(event),
            Change::Job(job) => self.add_job(job),
            Change::EndJob(end) => self.writes.ended_jobs.push(end),
            Change::Alert(alert) => {
                self.writes.alerts.insert((alert.kind, alert.subject.clone()), AlertChange::Raised(alert));
            }
            Change::Resolve(kind, subject, at) => {
                self.writes.alerts.insert((kind, subject), AlertChange::Resolved(at));
            }
            Change::Limit(key, count) => {
                self.writes.limits.insert(key.clone(), count);
                self.limits.insert(key, count);
            }
            Change::History(lines) => self.writes.history.extend(lines),
            Change::Calendar(rows) => self.put_calendar(rows),
            Change::Catalogue(entries) => self.put_catalogue(entries),
        }
    }

    fn apply_to_codes(&mut self, change: Change) {
        match change {
            Change::NewCodes(pool, codes) => self.add_codes(&pool, codes),
            Change::TakeCode(taken) => {
                self.forget_code(&taken.code);
                self.writes.taken_codes.push(taken);
            }
            Change::MoveCode(code, state, at) => {
                self.forget_code(&code);
                self.writes.moved_codes.push((code, state, at));
            }
            Change::EndUnitCodes(order, units, state, at) => {
                self.writes.ended_unit_codes.extend(units.into_iter().map(|unit| (order.clone(), unit, state, at)));
            }
            Change::ReturnCode(code, order, state) => {
                self.held_codes.remove(&order);
                self.writes.returned_codes.push((code, order, state));
            }
            Change::Batch(pool, id, batch) => {
                self.writes.batches.insert((pool.clone(), id.clone()), batch.clone());
                self.batches.insert((pool, id), Some(batch));
            }
            Change::ReserveCode(code, upload, at) => {
                self.forget_code(&code);
                // Those that follow in the batch look again.
                self.upload_parts.remove(&upload);
                self.writes.reserved_codes.push((code, upload, at));
            }
            Change::HandOver(code, stands) => self.hand_over(code, stands),
            Change::Upload(upload) => {
                self.writes.uploads.insert(upload.id.clone(), (*upload).clone());
                self.uploads.insert(upload.id.clone(), Some(*upload));
            }
            Change::AwaitCodes(wait) => {
                self.writes.code_waits.insert(wait.order.clone(), Some(wait));
            }
            Change::WaitOver(order) => {
                self.writes.code_waits.insert(order, None);
            }
            _ => {}
        }
    }

    /// How a reserved code stands from now on.
    fn hand_over(&mut self, code: CodeId, stands: HandOver) {
        for part in self.upload_parts.values_mut() {
            match stands {
                HandOver::Taken | HandOver::Refused => part.retain(|other| other.id != code),
                HandOver::Waiting | HandOver::Unclear => {
                    part.iter_mut().filter(|other| other.id == code).for_each(|other| other.stands = stands);
                }
            }
        }
        self.writes.handed_over.push((code, stands));
    }

    fn put_order(&mut self, order: Order) {
        let new =
            self.order(&order.id).is_none() || self.writes.orders.get(&order.id).is_some_and(|(_, was_new)| *was_new);
        self.writes.orders.insert(order.id.clone(), (order.clone(), new));
        self.insert_order(order);
    }

    /// Jobs of one order at one counterparty run one after the other: a sibling of this batch goes first. Earlier
    /// ones are found when the job is stored.
    fn add_job(&mut self, mut job: NewJob) {
        let follows = |other: &&NewJob| {
            other.order == job.order && other.connection == job.connection && other.kind.beside() == job.kind.beside()
        };
        let sibling = self.writes.jobs.iter().rev().find(follows);
        job.after = sibling.map(|other| other.id.clone());
        self.writes.jobs.push(job);
    }

    /// A code that stands elsewhere now: nobody after this command finds it where it was.
    fn forget_code(&mut self, code: &CodeId) {
        for waiting in self.codes.values_mut() {
            if let Some(place) = waiting.iter().position(|available| &available.id == code) {
                waiting.remove(place);
            }
        }
        for moving in self.moving_codes.values_mut() {
            moving.retain(|(other, _)| other != code);
        }
        for part in self.upload_parts.values_mut() {
            part.retain(|other| &other.id != code);
        }
    }

    fn add_codes(&mut self, pool: &PoolName, codes: Vec<FreshCode>) {
        let waiting = self.codes.entry(pool.clone()).or_default();
        for code in codes {
            self.known_codes.insert(code.text.clone(), pool.clone());
            if code.state == CodeState::Available {
                let valid = code.facts.valid;
                let credentials = code.credentials.clone();
                let available = AvailableCode { id: code.id.clone(), valid, credentials, returned: false };
                let place = waiting.partition_point(|other| other.turn() <= available.turn());
                waiting.insert(place, available);
            }
            self.writes.new_codes.push((pool.clone(), code));
        }
    }

    fn put_calendar(&mut self, rows: Vec<crate::command::CalendarRow>) {
        let catalogue = Arc::make_mut(&mut self.rules.catalogue);
        for row in &rows {
            catalogue.put_day(row.day.clone());
        }
        catalogue.revision += next_revision(&self.writes);
        self.writes.calendar.extend(rows);
    }

    fn put_catalogue(&mut self, entries: Vec<CatalogueEntry>) {
        let catalogue = Arc::make_mut(&mut self.rules.catalogue);
        for entry in &entries {
            catalogue.put(entry.clone());
        }
        catalogue.revision += next_revision(&self.writes);
        self.writes.catalogue.extend(entries);
    }
}

/// A batch raises the revision once, however many of its commands change the catalogue: storage counts the same way.
fn next_revision(writes: &Writes) -> i64 {
    i64::from(writes.calendar.is_empty() && writes.catalogue.is_empty())
}

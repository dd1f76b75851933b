//! The rows, and how a batch's writes reach them: all of them or none.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::calendar::{Stock, StockKey};
use entrepot_contract::ids::{ConnectionId, DistributorId, MerchantId, NodeId, OrderId, RefundId, SupplierReference};
use entrepot_contract::order::{Guests, LimitKey, Order, OrderState, Refund, UnitCredentials};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::alert::{Alert, AlertChange, AlertKind};
use entrepot_domain::catalogue::Catalogue;
use entrepot_domain::change::{ChannelRef, Event, HistoryLine, KeyRow, RefKey, Writes};
use entrepot_domain::command::CommandKey;
use entrepot_domain::credit::{Account, Posting};
use entrepot_domain::footprint::Footprint;
use entrepot_domain::invariants::Snapshot;
use entrepot_domain::refund_line::RefundLine;
use entrepot_domain::state::State;

use super::codes::Codes;
use super::jobs::Jobs;
use super::notes::NoteTables;
use crate::records::{AuditLine, InterfaceLine, Node, Record, Registered, RegisteredConnection};
use crate::storage::{BirthLease, NodeSeen, OpenAlert, OpenWork, StorageFault, Switch};

/// Whose alert, of what kind, about what.
type AlertKey = (Option<MerchantId>, AlertKind, String);

/// Everything.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) merchants: BTreeMap<MerchantId, MerchantTables>,
    pub(super) refs: BTreeMap<RefKey, ChannelRef>,
    pub(super) jobs: Jobs,
    pub(super) notes: NoteTables,
    pub(super) switches: BTreeMap<ConnectionId, Switch>,
    connections: BTreeMap<ConnectionId, RegisteredConnection>,
    /// Those that configuration names no more.
    removed: BTreeSet<ConnectionId>,
    /// Alerts that stand, with the time until which somebody tells about them.
    pub(super) alerts: BTreeMap<AlertKey, (Alert, Option<Timestamp>)>,
    /// Nodes with when they told of themselves.
    nodes: BTreeMap<NodeId, (Node, Timestamp)>,
    pub(super) interface: Vec<InterfaceLine>,
    pub(super) audit: Vec<AuditLine>,
}

/// One merchant's rows.
#[derive(Default)]
pub(super) struct MerchantTables {
    pub(super) keys: BTreeMap<CommandKey, KeyRow>,
    pub(super) orders: BTreeMap<OrderId, Order>,
    families: BTreeMap<OrderId, BTreeSet<OrderId>>,
    refunds: BTreeMap<RefundId, Refund>,
    pub(super) refund_lines: BTreeMap<OrderId, Vec<RefundLine>>,
    refunds_by_order: BTreeMap<OrderId, BTreeSet<RefundId>>,
    pub(super) guests: BTreeMap<OrderId, Guests>,
    pub(super) credentials: BTreeMap<OrderId, Vec<UnitCredentials>>,
    /// What guests show: the units behind each credential's value.
    pub(super) shown: BTreeMap<String, BTreeSet<(OrderId, u16)>>,
    pub(super) stock: BTreeMap<StockKey, Stock>,
    pub(super) limits: BTreeMap<LimitKey, u32>,
    pub(super) history: Vec<HistoryLine>,
    pub(super) accounts: BTreeMap<DistributorId, Account>,
    postings: Vec<Posting>,
    pub(super) codes: Codes,
    pub(super) events: BTreeMap<OrderId, Vec<Event>>,
    pub(super) catalogue: Catalogue,
}

impl Tables {
    pub(super) fn revisions(&self, merchants: &[MerchantId]) -> BTreeMap<MerchantId, i64> {
        let known = merchants.iter().filter_map(|merchant| {
            let revision = self.merchants.get(merchant)?.catalogue.revision;
            (revision > 0).then(|| (merchant.clone(), revision))
        });
        known.collect()
    }

    pub(super) fn order_by_reference(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        reference: &SupplierReference,
    ) -> Option<OrderId> {
        let fulfils = |order: &&Order| {
            order.supplier_reference.as_ref() == Some(reference)
                && matches!(&order.terms.fulfilment, Fulfilment::Supplier { connection: own, .. } if own == connection)
        };
        self.merchants.get(merchant)?.orders.values().find(fulfils).map(|order| order.id.clone())
    }

    pub(super) fn deadlines(&self, now: Timestamp, limit: u32) -> Vec<(MerchantId, OrderId)> {
        let mut due: Vec<(Timestamp, &MerchantId, &OrderId)> = Vec::new();
        for (merchant, rows) in &self.merchants {
            due.extend(rows.orders.values().filter_map(|order| Some((order.next_deadline()?, merchant, &order.id))));
        }
        due.retain(|(until, _, _)| *until <= now);
        due.sort();
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        due.into_iter().map(|(_, merchant, order)| (merchant.clone(), order.clone())).collect()
    }

    /// Orders for which enough codes are there by now, those that wait longest first.
    pub(super) fn waiting_for_codes(&self, limit: u32) -> Vec<(MerchantId, OrderId)> {
        let of = |(merchant, rows): (&MerchantId, &MerchantTables)| {
            let ready = rows.codes.waits.values().filter(|wait| rows.codes.enough_for(wait));
            ready.map(|wait| (wait.since, wait.order.clone(), merchant.clone())).collect::<Vec<_>>()
        };
        let mut ready: Vec<(Timestamp, OrderId, MerchantId)> = self.merchants.iter().flat_map(of).collect();
        ready.sort();
        ready.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        ready.into_iter().map(|(_, order, merchant)| (merchant, order)).collect()
    }

    /// Writes a batch, or nothing of it.
    pub(super) fn commit(
        &mut self,
        writes: BTreeMap<MerchantId, Writes>,
        lease: &BirthLease,
        now: Timestamp,
    ) -> Result<(), StorageFault> {
        let none = MerchantTables::default();
        for (merchant, writes) in &writes {
            self.merchants.get(merchant).unwrap_or(&none).check(writes)?;
        }
        for (merchant, mut writes) in writes {
            self.refs.append(&mut writes.refs);
            for end in &writes.ended_jobs {
                self.jobs.end(end);
            }
            for job in std::mem::take(&mut writes.jobs) {
                self.jobs.bear(job, lease, now);
            }
            for ((kind, subject), alert) in std::mem::take(&mut writes.alerts) {
                match alert {
                    AlertChange::Raised(alert) => self.raise(Some(merchant.clone()), alert),
                    AlertChange::Resolved(_) => self.resolve(Some(merchant.clone()), kind, subject),
                }
            }
            self.merchants.entry(merchant).or_default().write(writes);
        }
        Ok(())
    }

    /// One open alert for each merchant, kind and subject: the last text stands.
    fn raise(&mut self, merchant: Option<MerchantId>, alert: Alert) {
        let key = (merchant, alert.kind, alert.subject.clone());
        let taken = self.alerts.get(&key).and_then(|(_, taken)| *taken);
        self.alerts.insert(key, (alert, taken));
    }

    fn resolve(&mut self, merchant: Option<MerchantId>, kind: AlertKind, subject: String) {
        self.alerts.remove(&(merchant, kind, subject));
    }

    /// Alerts that nobody was told about, and that nobody has taken.
    pub(super) fn take_alerts(&mut self, now: Timestamp, limit: u32, lease_ms: u32) -> Vec<OpenAlert> {
        let free = self.alerts.iter_mut().filter(|(_, (_, taken))| taken.is_none_or(|until| until <= now));
        free.take(usize::try_from(limit).unwrap_or(usize::MAX))
            .map(|((merchant, _, _), (alert, taken))| {
                *taken = Some(now.plus_millis(i64::from(lease_ms)));
                OpenAlert { merchant: merchant.clone(), alert: alert.clone() }
            })
            .collect()
    }

    pub(super) fn alert_told(&mut self, told: &OpenAlert) {
        let key = (told.merchant.clone(), told.alert.kind, told.alert.subject.clone());
        if let Some((_, taken)) = self.alerts.get_mut(&key) {
            *taken = Some(Timestamp::from_millis(i64::MAX));
        }
    }

    pub(super) fn record(&mut self, record: Record, now: Timestamp) -> Result<(), StorageFault> {
        match record {
            Record::Interface(lines) => self.interface.extend(lines),
            Record::Register(connections) => return self.register(connections),
            Record::Switch { connection, switch } => {
                let Some(known) = self.switches.get_mut(&connection) else {
                    return Err(StorageFault::Data(format!("connection {connection} is not registered")));
                };
                *known = switch;
            }
            Record::Job { merchant, job, retry, .. } => {
                if !self.jobs.decide(&merchant, &job, retry, now) {
                    return Err(StorageFault::Data(format!("merchant {merchant} has no open job {job}")));
                }
                self.resolve(Some(merchant), AlertKind::DeadJob, job.to_string());
            }
            Record::Alert { merchant, alert } => self.raise(merchant, alert),
            Record::Resolve { merchant, kind, subject, .. } => self.resolve(merchant, kind, subject),
            Record::Audit(line) => self.audit.push(line),
            Record::Node(node) => drop(self.nodes.insert(node.id.clone(), (node, now))),
            Record::NodeGone(node) => drop(self.nodes.remove(&node)),
            Record::Prune { interface_before } => self.interface.retain(|line| line.at >= interface_before),
        }
        Ok(())
    }

    pub(super) fn registered(&self) -> Vec<Registered> {
        let all = self.connections.values().cloned();
        all.map(|connection| Registered { removed: self.removed.contains(&connection.id), connection }).collect()
    }

    pub(super) fn open_work(&self, connection: &RegisteredConnection, visited: VisitDate) -> OpenWork {
        let open = |order: &&Order| {
            let supplied = matches!(&order.terms.fulfilment, Fulfilment::Supplier { connection: by, .. }
                if *by == connection.id);
            let came = order.state == OrderState::Issued && order.visit.is_some_and(|visit| visit.arrive < visited);
            (order.connection == connection.id || supplied) && !order.state.ended() && !came
        };
        let orders =
            self.merchants.get(&connection.merchant).map_or(0, |rows| rows.orders.values().filter(open).count());
        OpenWork { orders: orders as u64, jobs: self.jobs.open_at(&connection.id) as u64 }
    }

    pub(super) fn nodes(&self, now: Timestamp, within_ms: u32) -> Vec<NodeSeen> {
        let seen = self.nodes.values().map(|(node, at)| NodeSeen { node: node.clone(), ago_ms: now.since(*at) });
        seen.filter(|seen| seen.ago_ms <= i64::from(within_ms)).collect()
    }

    /// An id that names something else than before is refused, and then nothing is registered.
    fn register(&mut self, connections: Vec<RegisteredConnection>) -> Result<(), StorageFault> {
        for connection in &connections {
            if let Some(known) = self.connections.get(&connection.id) {
                known.still_names(connection).map_err(StorageFault::Data)?;
            }
        }
        let named: BTreeSet<&ConnectionId> = connections.iter().map(|connection| &connection.id).collect();
        self.removed = self.connections.keys().filter(|id| !named.contains(id)).cloned().collect();
        for connection in connections {
            self.switches.entry(connection.id.clone()).or_insert(Switch::On);
            self.connections.insert(connection.id.clone(), connection);
        }
        Ok(())
    }
}

impl MerchantTables {
    pub(super) fn refunds_of(&self, order: &OrderId) -> impl Iterator<Item = &Refund> {
        let ids = self.refunds_by_order.get(order).into_iter().flatten();
        ids.filter_map(|id| self.refunds.get(id))
    }

    pub(super) fn load_orders(&self, footprint: &Footprint, state: &mut State) {
        for id in &footprint.orders {
            let Some(order) = self.orders.get(id) else {
                state.family_of.insert(id.clone(), None);
                continue;
            };
            let members = self.families.get(&order.family).into_iter().flatten();
            for member in members.filter_map(|member| self.orders.get(member)) {
                state.insert_order(member.clone());
                for refund in self.refunds_of(&member.id) {
                    state.insert_refund(refund.clone());
                }
            }
        }
    }

    pub(super) fn load_rest(&self, footprint: &Footprint, state: &mut State) {
        self.codes.load(footprint, state);
        for order in &footprint.guests {
            state.guests.insert(order.clone(), self.guests.get(order).cloned().unwrap_or_default());
        }
        for key in &footprint.stock {
            state.stock.insert(key.clone(), self.stock.get(key).copied());
        }
        for key in &footprint.limits {
            state.limits.insert(key.clone(), self.limits.get(key).copied().unwrap_or_default());
        }
        for distributor in &footprint.accounts {
            state.accounts.insert(distributor.clone(), self.accounts.get(distributor).cloned());
        }
    }

    /// Refuses what a database's constraints would refuse.
    fn check(&self, writes: &Writes) -> Result<(), StorageFault> {
        for (id, (_, new)) in &writes.orders {
            if *new == self.orders.contains_key(id) {
                return Err(StorageFault::Conflict(format!("order {id} came or went meanwhile")));
            }
        }
        if let Some(row) = writes.keys.iter().find(|row| self.keys.contains_key(&row.key)) {
            return Err(StorageFault::Conflict(format!("the key {} was used meanwhile", row.key.key)));
        }
        self.codes.check(writes)?;
        let mut next: BTreeMap<&DistributorId, i64> = BTreeMap::new();
        for posting in &writes.postings {
            let before = self.accounts.get(&posting.distributor).map_or(0, |account| account.sequence);
            let sequence = next.entry(&posting.distributor).or_insert(before);
            *sequence += 1;
            if posting.sequence != *sequence {
                let text = format!("line {} of {} is taken", posting.sequence, posting.distributor);
                return Err(StorageFault::Conflict(text));
            }
        }
        Ok(())
    }

    fn write(&mut self, mut writes: Writes) {
        for (id, (order, _)) in std::mem::take(&mut writes.orders) {
            self.families.entry(order.family.clone()).or_default().insert(id.clone());
            self.orders.insert(id, order);
        }
        for (id, refund) in std::mem::take(&mut writes.refunds) {
            self.refunds_by_order.entry(refund.order.clone()).or_default().insert(id.clone());
            self.refunds.insert(id, refund);
        }
        for line in std::mem::take(&mut writes.refund_lines) {
            self.refund_lines.entry(line.order.clone()).or_default().push(line);
        }
        for (order, units) in std::mem::take(&mut writes.credentials) {
            // Credentials are written once, and taken away again only when their codes go back.
            if units.is_empty() {
                self.shown.values_mut().for_each(|units| units.retain(|(holder, _)| *holder != order));
            }
            for unit in &units {
                for credential in &unit.credentials {
                    let units = self.shown.entry(credential.value.clone()).or_default();
                    units.insert((order.clone(), unit.unit));
                }
            }
            self.credentials.insert(order, units);
        }
        self.guests.append(&mut writes.guests);
        self.stock.append(&mut writes.stock);
        self.limits.append(&mut writes.limits);
        self.history.append(&mut writes.history);
        self.accounts.append(&mut writes.accounts);
        self.postings.append(&mut writes.postings);
        self.keys.extend(std::mem::take(&mut writes.keys).into_iter().map(|row| (row.key.clone(), row)));
        for event in std::mem::take(&mut writes.events) {
            self.events.entry(event.order.clone()).or_default().push(event);
        }
        self.codes.write(&mut writes);
        self.write_catalogue(writes);
    }

    /// The revision grows by one with each batch that changes the catalogue or the calendar.
    fn write_catalogue(&mut self, writes: Writes) {
        if writes.calendar.is_empty() && writes.catalogue.is_empty() {
            return;
        }
        let catalogue = &mut self.catalogue;
        catalogue.revision += 1;
        for entry in writes.catalogue {
            catalogue.put(entry);
        }
        for row in writes.calendar {
            catalogue.put_day(row.day);
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            stock: self.stock.clone(),
            limits: self.limits.clone(),
            orders: self.orders.values().cloned().collect(),
            accounts: self.accounts.clone(),
            postings: self.postings.clone(),
            pools: self.codes.counted(),
            codes_given: self.codes.given(),
            dated_codes: self.codes.dated(),
        }
    }
}

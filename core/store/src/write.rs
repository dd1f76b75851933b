//! What a batch writes: each touched row once, everything new as rows of one statement for each table. It is made ready
//! before the transaction needs it, so that only the database's own work is left then.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::calendar::Capacity;
use entrepot_contract::ids::MerchantId;
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::alert::AlertChange;
use entrepot_domain::change::{Event, RefKey, Writes};
use entrepot_domain::job::ASK_USE;
use entrepot_engine::storage::{BIRTH_TOKEN, BirthLease, StorageFault};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value as Json, json};

use crate::SqlStorage;
use crate::alerts;
use crate::codes::{self, CodeChanges};
use crate::fault::sort;
use crate::limits;
use crate::numbers::stock_row;
use crate::refund_lines;
use crate::rows::Kind::{Number, Text};
use crate::rows::{Field, Row, Table, column, statements, text_of, word, write_together};
use crate::seal::Cell;
use crate::tables;

/// Rows by table, for all merchants of a batch.
#[derive(Default)]
struct Rows {
    new_refs: Vec<Row>,
    refs: Vec<Row>,
    new_orders: Vec<Row>,
    orders: Vec<Row>,
    refunds: Vec<Row>,
    refund_lines: Vec<Row>,
    stock: Vec<Row>,
    accounts: Vec<Row>,
    postings: Vec<Row>,
    pools: Vec<Row>,
    codes: Vec<Row>,
    batches: Vec<Row>,
    waits: Vec<Row>,
    uploads: Vec<Row>,
    code_changes: CodeChanges,
    unit_codes: Vec<Row>,
    events: Vec<Row>,
    keys: Vec<Row>,
    jobs: Vec<Json>,
    ended_jobs: Vec<Json>,
    raised: Vec<Json>,
    resolved: Vec<Json>,
    limits: Vec<Row>,
    history: Vec<Row>,
    entries: Vec<Row>,
    days: Vec<Row>,
    revised: Vec<String>,
}

/// A batch's rows as statements, where they can be made before the transaction begins.
pub(crate) struct WriteSet {
    /// Rows of all tables but the catalogue's.
    statements: Vec<Statement>,
    /// What is left.
    rest: Rows,
}

impl WriteSet {
    /// Makes everything ready: opens nothing and asks nobody.
    pub(crate) fn of(
        storage: &SqlStorage,
        writes: &BTreeMap<MerchantId, Writes>,
        absent: &BTreeSet<RefKey>,
    ) -> Result<Self, StorageFault> {
        let mut rows = Rows::default();
        for (merchant, writes) in writes {
            rows.references(writes, absent)?;
            rows.business(storage, merchant, writes)?;
            rows.beside(merchant, writes)?;
        }
        let statements = statements(storage.inner.dialect, rows.take_tables());
        Ok(Self { statements, rest: rows })
    }

    /// Writes everything. The caller commits.
    pub(crate) async fn write(
        self,
        storage: &SqlStorage,
        connection: &impl ConnectionTrait,
        lease: &BirthLease,
    ) -> Result<(), StorageFault> {
        let other = Others { storage, connection };
        let rest = self.rest;
        let revisions = other.revise(rest.revised).await?;
        for statement in self.statements {
            connection.execute(statement).await.map_err(sort)?;
        }
        let catalogue = vec![
            (&tables::CATALOGUE_ENTRIES, at_revision(rest.entries, &revisions)),
            (&tables::CALENDAR_DAYS, at_revision(rest.days, &revisions)),
        ];
        write_together(connection, catalogue).await?;
        rest.code_changes.write(storage, connection).await?;
        other.bear_jobs(rest.jobs, lease).await?;
        other.end_jobs(rest.ended_jobs).await?;
        alerts::raise(connection, rest.raised).await?;
        alerts::resolve(connection, rest.resolved).await
    }
}

impl Rows {
    /// A reference that was not there is inserted, never replaced: another writer may have made it meanwhile.
    fn references(&mut self, writes: &Writes, absent: &BTreeSet<RefKey>) -> Result<(), StorageFault> {
        for (key, reference) in &writes.refs {
            let placed = reference.order.as_ref();
            let row = vec![
                key.application.as_str().into(),
                key.order.as_str().into(),
                placed.map(|placed| placed.merchant.as_str()).into(),
                placed.map(|placed| placed.order.as_str()).into(),
                placed.map(|placed| placed.connection.as_str()).into(),
                if reference.facts.is_empty() { Field::Null } else { text_of(&reference.facts)?.into() },
            ];
            if absent.contains(key) { self.new_refs.push(row) } else { self.refs.push(row) }
        }
        Ok(())
    }

    fn business(&mut self, storage: &SqlStorage, merchant: &MerchantId, writes: &Writes) -> Result<(), StorageFault> {
        self.orders(storage, merchant, writes)?;
        self.codes(storage, merchant, writes)?;
        for line in &writes.refund_lines {
            self.refund_lines.push(refund_lines::row(storage, merchant, line)?);
        }
        for refund in writes.refunds.values() {
            self.refunds.push(vec![
                refund.id.as_str().into(),
                merchant.as_str().into(),
                refund.order.as_str().into(),
                word(&refund.state)?.into(),
                text_of(refund)?.into(),
            ]);
        }
        for (key, stock) in &writes.stock {
            let mut row = stock_row(merchant, key);
            let capacity = match stock.capacity {
                Capacity::Unlimited => Field::Null,
                Capacity::Limited(limit) => limit.into(),
            };
            row.extend([capacity, stock.held.into(), stock.sold.into()]);
            self.stock.push(row);
        }
        for account in writes.accounts.values() {
            self.accounts.push(vec![
                merchant.as_str().into(),
                account.distributor.as_str().into(),
                account.currency.as_str().into(),
                account.limit_minor.into(),
                account.balance_minor.into(),
                account.held_minor.into(),
                account.sequence.into(),
            ]);
        }
        for posting in &writes.postings {
            self.postings.push(vec![
                merchant.as_str().into(),
                posting.distributor.as_str().into(),
                posting.sequence.into(),
                word(&posting.kind)?.into(),
                word(&posting.from)?.into(),
                word(&posting.to)?.into(),
                posting.amount_minor.into(),
                posting.balance_after_minor.into(),
                posting.held_after_minor.into(),
                posting.order.as_ref().map(|id| id.as_str()).into(),
                posting.refund.as_ref().map(|id| id.as_str()).into(),
                posting.at.millis().into(),
                posting.by.as_str().into(),
                posting.note.as_deref().into(),
            ]);
        }
        Ok(())
    }

    fn orders(&mut self, storage: &SqlStorage, merchant: &MerchantId, writes: &Writes) -> Result<(), StorageFault> {
        let keys = &storage.inner.keys;
        for (id, (order, new)) in &writes.orders {
            let seal = |column, text: &str| {
                keys.seal(merchant.as_str(), Cell { table: "orders", column, row: id.as_str() }, text).map(Field::Text)
            };
            let as_text =
                |value: Result<String, serde_json::Error>| value.map_err(|fault| StorageFault::Data(fault.to_string()));
            let guests = match writes.guests.get(id) {
                Some(guests) => seal("guests", &as_text(serde_json::to_string(guests))?)?,
                None => Field::Null,
            };
            let credentials = match writes.credentials.get(id) {
                Some(units) => {
                    for unit in units {
                        for credential in &unit.credentials {
                            let index = keys.index(merchant.as_str(), &credential.value)?;
                            self.unit_codes.push(vec![
                                merchant.as_str().into(),
                                index.into(),
                                id.as_str().into(),
                                unit.unit.into(),
                            ]);
                        }
                    }
                    seal("credentials", &as_text(serde_json::to_string(units))?)?
                }
                None => Field::Null,
            };
            let row = vec![
                id.as_str().into(),
                merchant.as_str().into(),
                order.family.as_str().into(),
                order.connection.as_str().into(),
                order.channel_order.as_str().into(),
                word(&order.state)?.into(),
                order.product.as_str().into(),
                order.sku.as_str().into(),
                order.visit.map(|visit| visit.arrive.to_string()).into(),
                order.created_at.millis().into(),
                order.next_deadline().map(Timestamp::millis).into(),
                text_of(order)?.into(),
                order.supplier_reference.as_ref().map(|reference| reference.as_str().to_owned()).into(),
                guests,
                credentials,
            ];
            if *new { self.new_orders.push(row) } else { self.orders.push(row) }
        }
        Ok(())
    }

    fn codes(&mut self, storage: &SqlStorage, merchant: &MerchantId, writes: &Writes) -> Result<(), StorageFault> {
        let keys = &storage.inner.keys;
        for (name, pool) in &writes.pools {
            self.pools.push(vec![
                merchant.as_str().into(),
                name.as_str().into(),
                pool.available.into(),
                pool.threshold.into(),
                pool.expiring_days.into(),
            ]);
        }
        for (pool, code) in &writes.new_codes {
            self.codes.push(codes::fresh(keys, merchant, pool, code)?);
        }
        for ((pool, id), batch) in &writes.batches {
            self.batches.push(codes::batch(merchant, pool, id, batch)?);
        }
        for wait in writes.code_waits.values().flatten() {
            self.waits.push(codes::wait(merchant, wait));
        }
        for upload in writes.uploads.values() {
            self.uploads.push(crate::uploads::row(merchant, upload)?);
        }
        self.code_changes.extend(merchant, writes)
    }

    fn beside(&mut self, merchant: &MerchantId, writes: &Writes) -> Result<(), StorageFault> {
        // Lines of one order that one batch writes share a row.
        let mut events: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
        for event in &writes.events {
            events.entry(event.order.as_str()).or_default().push(event);
        }
        for (order, lines) in events {
            self.events.push(vec![merchant.as_str().into(), order.into(), text_of(&lines)?.into()]);
        }
        for key in &writes.keys {
            self.keys.push(vec![
                merchant.as_str().into(),
                key.key.scope.as_str().into(),
                key.key.kind.as_str().into(),
                key.key.key.as_str().into(),
                key.fingerprint.as_str().into(),
                text_of(&key.answer)?.into(),
                key.at.millis().into(),
            ]);
        }
        for job in &writes.jobs {
            self.jobs.push(json!([
                job.id,
                merchant,
                job.order,
                job.connection,
                job.kind.name(),
                text_of(job)?,
                job.after,
                job.created_at.millis()
            ]));
        }
        self.ended_jobs.extend(writes.ended_jobs.iter().map(|end| json!([end.id, end.token])));
        for ((kind, subject), alert) in &writes.alerts {
            match alert {
                AlertChange::Raised(alert) => self.raised.push(alerts::raised(merchant.as_str(), alert)),
                AlertChange::Resolved(at) => {
                    self.resolved.push(alerts::resolved(merchant.as_str(), *kind, subject, *at));
                }
            }
        }
        for (key, units) in &writes.limits {
            let mut row = limits::key_row(merchant, key)?;
            row.push((*units).into());
            self.limits.push(row);
        }
        self.catalogue(merchant, writes)
    }

    fn catalogue(&mut self, merchant: &MerchantId, writes: &Writes) -> Result<(), StorageFault> {
        for line in &writes.history {
            let date = |date: Option<VisitDate>| date.map(|date| date.to_string()).unwrap_or_default().into();
            let (first, last) = line.dates.unzip();
            self.history.push(vec![
                merchant.as_str().into(),
                line.at.millis().into(),
                line.by.as_str().into(),
                word(&line.kind)?.into(),
                line.subject.as_str().into(),
                date(first),
                date(last),
                text_of(&line.cells)?.into(),
            ]);
        }
        for entry in &writes.catalogue {
            let (kind, id) = entry.name();
            let row: Row = vec![merchant.as_str().into(), kind.into(), id.into(), text_of(entry)?.into()];
            self.entries.retain(|other| other[..3] != row[..3]);
            self.entries.push(row);
        }
        let mut days: BTreeMap<(String, String), Row> = BTreeMap::new();
        for calendar in &writes.calendar {
            let date = calendar.day.date.map(|date| date.to_string()).unwrap_or_default();
            let sku = calendar.day.sku.as_str();
            let row = vec![merchant.as_str().into(), sku.into(), date.as_str().into(), text_of(&calendar.day)?.into()];
            days.insert((calendar.day.sku.to_string(), date), row);
        }
        self.days.extend(days.into_values());
        if !(writes.catalogue.is_empty() && writes.calendar.is_empty()) {
            self.revised.push(merchant.to_string());
        }
        Ok(())
    }

    /// The rows of the tables that need no revision, in the order in which they are written.
    fn take_tables(&mut self) -> Vec<(&'static Table, Vec<Row>)> {
        let take = std::mem::take::<Vec<Row>>;
        vec![
            (&tables::NEW_CHANNEL_REFS, take(&mut self.new_refs)),
            (&tables::CHANNEL_REFS, take(&mut self.refs)),
            (&tables::NEW_ORDERS, take(&mut self.new_orders)),
            (&tables::ORDERS, take(&mut self.orders)),
            (&tables::REFUNDS, take(&mut self.refunds)),
            (&tables::REFUND_LINES, take(&mut self.refund_lines)),
            (&tables::POOLS, take(&mut self.pools)),
            (&tables::CODES, take(&mut self.codes)),
            (&tables::CODE_BATCHES, take(&mut self.batches)),
            (&tables::CODE_WAITS, take(&mut self.waits)),
            (&tables::UPLOADS, take(&mut self.uploads)),
            (&tables::STOCK, take(&mut self.stock)),
            (&tables::ACCOUNTS, take(&mut self.accounts)),
            (&tables::POSTINGS, take(&mut self.postings)),
            (&tables::UNIT_CODES, take(&mut self.unit_codes)),
            (&tables::EVENTS, take(&mut self.events)),
            (&tables::COMMAND_KEYS, take(&mut self.keys)),
            (&tables::LIMITS, take(&mut self.limits)),
            (&tables::HISTORY, take(&mut self.history)),
        ]
    }
}

/// Rows whose first column is their merchant, with the revision that they make.
fn at_revision(rows: Vec<Row>, revisions: &BTreeMap<String, i64>) -> Vec<Row> {
    let revision = |row: &Row| match row.first() {
        Some(Field::Text(merchant)) => revisions.get(merchant).copied(),
        _ => None,
    };
    rows.into_iter()
        .map(|mut row| {
            row.push(revision(&row).unwrap_or_default().into());
            row
        })
        .collect()
}

/// Statements that are more than rows of a table.
struct Others<'a, C> {
    storage: &'a SqlStorage,
    connection: &'a C,
}

impl<C: ConnectionTrait> Others<'_, C> {
    async fn run(&self, sql: &str, rows: Vec<Json>, more: Vec<sea_orm::Value>) -> Result<u64, StorageFault> {
        if rows.is_empty() {
            return Ok(0);
        }
        let mut values = vec![Json::Array(rows).to_string().into()];
        values.extend(more);
        let statement = self.storage.inner.dialect.statement(sql, values);
        Ok(self.connection.execute(statement).await.map_err(sort)?.rows_affected())
    }

    /// A job waits for the newest open one of its order and counterparty; its family's row is locked, so no other can
    /// come between.
    async fn bear_jobs(&self, rows: Vec<Json>, lease: &BirthLease) -> Result<(), StorageFault> {
        let dialect = self.storage.inner.dialect;
        let text = |index| dialect.element(index, Text);
        // The tail of the chain: the open job that nothing waits for yet.
        let earlier = format!(
            "(SELECT MAX(o.id) FROM jobs o WHERE o.order_id = {} AND o.connection = {}
              AND (o.kind = '{ASK_USE}') = ({} = '{ASK_USE}')
              AND o.state IN ('ready', 'started', 'dead') AND NOT EXISTS (SELECT 1 FROM jobs x WHERE x.after_job = o.id))",
            text(2),
            text(3),
            text(4),
        );
        // A job that waits is nobody's: its number differs from that of one that was born leased.
        let sql = format!(
            "INSERT INTO jobs (id, merchant, order_id, connection, kind, body, state, after_job, attempts, due_at,
                lease_node, lease_token, lease_until, note, created_at, started)
             SELECT b.id, b.merchant, b.order_id, b.connection, b.kind, b.body, 'ready', b.after_job, 0, {now},
                CASE WHEN b.after_job IS NULL THEN ?2 END,
                CASE WHEN b.after_job IS NULL THEN {BIRTH_TOKEN} ELSE {BIRTH_TOKEN} + 1 END,
                CASE WHEN b.after_job IS NULL THEN {now} + {lease_ms} ELSE 0 END, '', b.created_at, 0
             FROM (SELECT {} AS id, {} AS merchant, {} AS order_id, {} AS connection, {} AS kind, {} AS body,
                      COALESCE({}, {earlier}) AS after_job, {} AS created_at FROM {}) b WHERE true
             ON CONFLICT (id) DO NOTHING",
            text(0),
            text(1),
            text(2),
            text(3),
            text(4),
            text(5),
            text(6),
            dialect.element(7, Number),
            dialect.each(),
            now = dialect.now(),
            lease_ms = lease.lease_ms,
        );
        self.run(&sql, rows, vec![lease.node.as_str().into()]).await?;
        Ok(())
    }

    /// Only the holder of the lease ends a job; an outcome of a lost lease is recorded all the same.
    async fn end_jobs(&self, rows: Vec<Json>) -> Result<(), StorageFault> {
        let dialect = self.storage.inner.dialect;
        let sql = format!(
            "UPDATE jobs SET state = 'done', lease_node = NULL, lease_until = 0 FROM {}
             WHERE jobs.id = {} AND jobs.lease_token = {} AND jobs.state IN ('ready', 'started')",
            dialect.each(),
            dialect.element(0, Text),
            dialect.element(1, Number),
        );
        self.run(&sql, rows, Vec::new()).await?;
        Ok(())
    }

    /// The new revision of each merchant's catalogue. Its row is locked from here on, so that revisions follow one
    /// another as their changes do.
    async fn revise(&self, merchants: Vec<String>) -> Result<BTreeMap<String, i64>, StorageFault> {
        let mut revisions = BTreeMap::new();
        for merchant in merchants {
            let sql = "INSERT INTO catalogues (merchant, revision) VALUES (?1, 1)
                       ON CONFLICT (merchant) DO UPDATE SET revision = catalogues.revision + 1 RETURNING revision";
            let statement = self.storage.inner.dialect.statement(sql, vec![merchant.clone().into()]);
            let found = self.connection.query_one(statement).await.map_err(sort)?;
            if let Some(row) = found {
                revisions.insert(merchant, column(&row, "revision")?);
            }
        }
        Ok(revisions)
    }
}

//! A merchant with his rows: loads for each command what it asks for, decides, writes, and checks the invariants.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use entrepot_contract::calendar::{CalendarDay, Capacity, Stock, StockKey};
use entrepot_contract::ids::{BatchId, CodeId, ConnectionId, DistributorId, OrderId, PoolName, RefundId, UploadId};
use entrepot_contract::listing::{Listing, Sells};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Credential, Guests, LimitKey, Order, Refund, UnitCredentials};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{
    Fulfilment, GuestRequirement, Product, ProductKind, RefundOtherwise, RefundRule, ReservationRule, Sku, Validity,
};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::alert::{Alert, AlertChange, AlertKind};
use entrepot_domain::answer::Answer;
use entrepot_domain::catalogue::{Beside, Catalogue, ChannelRules, ConnectionRules, Distributor, Rules, SupplierRules};
use entrepot_domain::change::{ChannelRef, Event, HistoryLine, RefKey, Writes};
use entrepot_domain::code::{
    AvailableCode, BatchState, CodeBatch, CodeFacts, CodeMove, CodeState, CodeWait, HeldCode, Pool,
};
use entrepot_domain::command::{Body, CalendarRow, CatalogueEntry, Command, CommandKey};
use entrepot_domain::credit::{Account, Posting};
use entrepot_domain::deadline::Times;
use entrepot_domain::decide::{Stop, decide, repeated};
use entrepot_domain::footprint::{Footprint, needs};
use entrepot_domain::invariants::{Snapshot, check};
use entrepot_domain::job::{JobEnd, NewJob};
use entrepot_domain::refund_line::RefundLine;
use entrepot_domain::seed::Seed;
use entrepot_domain::state::State;
use entrepot_domain::upload::{HandOver, PartCode, Upload};

pub use crate::make::*;

pub const DAY: &str = "2026-10-01";
pub const RETAIL: i64 = 1000;
pub const SETTLEMENT: i64 = 800;

pub fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

pub fn date(text: &str) -> VisitDate {
    text.parse().unwrap()
}

pub struct CodeRow {
    pub id: CodeId,
    pub pool: PoolName,
    pub text: String,
    pub credentials: Vec<Credential>,
    pub facts: CodeFacts,
    pub state: CodeState,
    pub unit: Option<(OrderId, u16)>,
    pub given: u32,
    pub upload: Option<(UploadId, HandOver)>,
}

pub struct World {
    pub rules: Rules,
    pub now: Timestamp,
    pub keys: BTreeMap<CommandKey, (String, Answer)>,
    pub refs: BTreeMap<RefKey, ChannelRef>,
    pub orders: BTreeMap<OrderId, Order>,
    pub refunds: BTreeMap<RefundId, Refund>,
    pub refund_lines: Vec<RefundLine>,
    pub credentials: BTreeMap<OrderId, Vec<UnitCredentials>>,
    pub guests: BTreeMap<OrderId, Guests>,
    pub stock: BTreeMap<StockKey, Stock>,
    pub accounts: BTreeMap<DistributorId, Account>,
    pub postings: Vec<Posting>,
    pub pools: BTreeMap<PoolName, Pool>,
    pub codes: Vec<CodeRow>,
    pub batches: BTreeMap<(PoolName, BatchId), CodeBatch>,
    pub uploads: BTreeMap<UploadId, Upload>,
    pub waits: BTreeMap<OrderId, CodeWait>,
    pub events: Vec<Event>,
    /// Those that stand.
    pub alerts: BTreeMap<(AlertKind, String), Alert>,
    pub limits: BTreeMap<LimitKey, u32>,
    pub history: Vec<HistoryLine>,
    pub jobs: Vec<NewJob>,
    /// The job whose outcome the next command records.
    pub job: Option<JobEnd>,
    given: u64,
}

pub fn channel_rules(application: &str) -> ChannelRules {
    ChannelRules {
        application: id(application),
        distributor: Some(id("dist")),
        price_check: true,
        accept_at_once: true,
        issue_at_acceptance: false,
        refund_by_rule: true,
        unissued_refund: Default::default(),
        pairs: None,
        redeem_units: true,
        one_completes_all: false,
        tells_redemption: true,
        times: Times::usual(),
        beside: Beside::default(),
        selling: true,
    }
}

fn product(name: &str) -> Product {
    Product {
        id: id(name),
        merchant: id("park"),
        kind: ProductKind::Ticket,
        name: name.to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        on_sale: true,
        guests: GuestRequirement::default(),
        validity: Validity::VisitDay,
        refund: RefundRule { steps: Vec::new(), otherwise: RefundOtherwise::Free, partial: true },
        reservation: None,
        limits: Vec::new(),
    }
}

fn sku(name: &str, buckets: &[&str], fulfilment: Fulfilment) -> Sku {
    Sku {
        id: id(name),
        product: id(&format!("{name}-product")),
        name: name.to_owned(),
        persons_per_unit: 1,
        buckets: buckets.iter().map(|bucket| id(bucket)).collect(),
        minimum_units: 1,
        maximum_units: 10,
        fulfilment,
        when: Default::default(),
        otherwise: Vec::new(),
    }
}

fn supplied(connection: &str, code: &str) -> Fulfilment {
    Fulfilment::Supplier { connection: id(connection), product_code: code.to_owned() }
}

impl World {
    /// SKUs `own` (own numbers), `gated` (a called supplier), `pooled` (pool `codes-a`), all sold through `shop` on
    /// [`DAY`]; `own` and `gated` share the bucket `gate`.
    pub fn new() -> Self {
        let connections = BTreeMap::from([
            (id("shop"), ConnectionRules::Channel(channel_rules("app"))),
            (id("gate"), ConnectionRules::Supplier(SupplierRules::called())),
            (id("codes"), ConnectionRules::Supplier(SupplierRules::of_pool())),
        ]);
        let rules = Rules {
            merchant: id("park"),
            catalogue: Arc::new(Catalogue::default()),
            connections: Arc::new(connections),
        };
        let mut world = Self {
            rules,
            now: Timestamp::from_millis(
                "2026-09-20T02:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_millis(),
            ),
            keys: BTreeMap::new(),
            refs: BTreeMap::new(),
            orders: BTreeMap::new(),
            refunds: BTreeMap::new(),
            refund_lines: Vec::new(),
            credentials: BTreeMap::new(),
            guests: BTreeMap::new(),
            stock: BTreeMap::new(),
            accounts: BTreeMap::new(),
            postings: Vec::new(),
            pools: BTreeMap::new(),
            codes: Vec::new(),
            batches: BTreeMap::new(),
            uploads: BTreeMap::new(),
            waits: BTreeMap::new(),
            events: Vec::new(),
            alerts: BTreeMap::new(),
            limits: BTreeMap::new(),
            history: Vec::new(),
            jobs: Vec::new(),
            job: None,
            given: 0,
        };
        let distributor =
            Distributor { id: id("dist"), name: "Dist".to_owned(), prices: BTreeMap::new(), warn_below_minor: None };
        let mut entries = vec![CatalogueEntry::Distributor(distributor)];
        for sku in [
            sku("own", &["gate"], Fulfilment::OwnNumber),
            sku("gated", &["gate", "gated"], supplied("gate", "G1")),
            sku("pooled", &["pooled"], supplied("codes", "codes-a")),
        ] {
            entries.push(CatalogueEntry::Product(product(sku.product.as_str())));
            entries.push(CatalogueEntry::Listing(listing("shop", sku.id.as_str())));
            entries.push(CatalogueEntry::Sku(sku));
        }
        entries.sort_by_key(|entry| match entry {
            CatalogueEntry::Distributor(_) | CatalogueEntry::Product(_) => 0,
            CatalogueEntry::Sku(_) => 1,
            CatalogueEntry::Listing(_) | CatalogueEntry::StopSale(_) => 2,
        });
        world.ok(Body::PutCatalogue { entries });
        for (sku, bucket) in [("own", "gate"), ("gated", "gated"), ("pooled", "pooled")] {
            world.ok(calendar(sku, bucket, 10));
        }
        world.ok(Body::SetCreditLimit { distributor: id("dist"), limit: Money::fen(100_000) });
        world
    }

    pub fn connection(&mut self, connection: &str, rules: ConnectionRules) {
        Arc::make_mut(&mut self.rules.connections).insert(id(connection), rules);
    }

    pub fn supplier(&mut self, connection: &str, change: impl FnOnce(&mut SupplierRules)) {
        let connections = Arc::make_mut(&mut self.rules.connections);
        let Some(ConnectionRules::Supplier(rules)) = connections.get_mut(&id::<ConnectionId>(connection)) else {
            panic!("{connection} is no supplier");
        };
        change(rules);
    }

    pub fn channel(&mut self, connection: &str, change: impl FnOnce(&mut ChannelRules)) {
        let connections = Arc::make_mut(&mut self.rules.connections);
        let Some(ConnectionRules::Channel(rules)) = connections.get_mut(&id::<ConnectionId>(connection)) else {
            panic!("{connection} is no channel");
        };
        change(rules);
    }

    /// Adds voucher `trip` (all units reserved together, from 2026-09-20 to 2026-10-31) with the reservation SKU `entry`,
    /// which draws on the bucket of the ticket `own`.
    pub fn with_voucher(mut self) -> Self {
        let voucher = Product {
            kind: ProductKind::FlashSaleVoucher,
            validity: Validity::Window { from: date("2026-09-20"), to: date("2026-10-31") },
            reservation: Some(ReservationRule::default()),
            ..product("trip-product")
        };
        let pair = Sells::Pair { voucher: id("trip"), reservation: id("entry") };
        self.ok(Body::PutCatalogue {
            entries: vec![
                CatalogueEntry::Product(voucher),
                CatalogueEntry::Product(product("entry-product")),
                CatalogueEntry::Sku(sku("trip", &["trip"], Fulfilment::Nothing)),
                CatalogueEntry::Sku(sku("entry", &["gate"], Fulfilment::OwnNumber)),
                CatalogueEntry::Listing(Listing { sells: pair, ..listing("shop", "trip") }),
            ],
        });
        let undated = StockKey { bucket: id("trip"), date: None, slot: None };
        let day = CalendarDay { date: None, ..day("trip") };
        let rows = vec![CalendarRow { day, stock: Some((undated, Capacity::Limited(100))) }];
        self.ok(Body::WriteCalendar { rows });
        self.ok(Body::WriteCalendar { rows: vec![CalendarRow { day: crate::make::day("entry"), stock: None }] });
        self
    }

    pub fn product(&mut self, sku: &str, change: impl FnOnce(&mut Product)) {
        let catalogue = Arc::make_mut(&mut self.rules.catalogue);
        let product = catalogue.skus[&id(sku)].product.clone();
        change(catalogue.products.get_mut(&product).unwrap());
    }

    pub fn sku(&mut self, sku: &str, change: impl FnOnce(&mut Sku)) {
        change(Arc::make_mut(&mut self.rules.catalogue).skus.get_mut(&id(sku)).unwrap());
    }

    /// Gives a command under a key of its own and checks the invariants.
    pub fn give(&mut self, body: Body) -> Answer {
        let key = format!("k{}", self.given);
        self.give_as(&key, "", "test", body)
    }

    pub fn give_as(&mut self, key: &str, fingerprint: &str, by: &str, body: Body) -> Answer {
        self.given += 1;
        let mut secret = [0; 16];
        secret[..8].copy_from_slice(&self.given.to_be_bytes());
        let command = Command {
            merchant: self.rules.merchant.clone(),
            key: CommandKey { scope: "test".to_owned(), kind: body.name().to_owned(), key: key.to_owned() },
            fingerprint: fingerprint.to_owned(),
            at: self.now,
            by: by.to_owned(),
            seed: Seed::new(format!("{:08}", self.given), secret).unwrap(),
            job: self.job.take(),
            body,
        };
        let answer = self.run(&command);
        self.check();
        answer
    }

    fn run(&mut self, command: &Command) -> Answer {
        if command.body.keyed()
            && let Some((fingerprint, answer)) = self.keys.get(&command.key)
        {
            return repeated(command, fingerprint, answer);
        }
        let mut state = State::new(self.rules.clone());
        for key in needs(command, &state).refs {
            let found = self.refs.get(&key).cloned().unwrap_or_default();
            state.refs.insert(key, found);
        }
        self.load_orders(&needs(command, &state), &mut state);
        self.load_rest(&needs(command, &state), &mut state);
        let answer = match decide(&state, command) {
            Ok(decision) => {
                state.apply(decision.changes);
                decision.answer
            }
            Err(Stop::Refused(refusal)) => Answer::Refused(refusal),
            Err(Stop::Early(refusal)) => return Answer::Early(refusal),
            Err(Stop::SeeMore) => panic!("{command:?} asked for more than it said it needs"),
        };
        self.rules = state.rules.clone();
        self.write(state.writes);
        if command.body.keyed() {
            self.keys.insert(command.key.clone(), (command.fingerprint.clone(), answer.clone()));
        }
        answer
    }

    fn load_orders(&self, footprint: &Footprint, state: &mut State) {
        for id in &footprint.orders {
            state.family_of.insert(id.clone(), None);
            let Some(named) = self.orders.get(id) else { continue };
            for order in self.orders.values().filter(|order| order.family == named.family) {
                state.insert_order(order.clone());
                for refund in self.refunds.values().filter(|refund| refund.order == order.id) {
                    state.insert_refund(refund.clone());
                }
            }
        }
    }

    fn load_rest(&self, footprint: &Footprint, state: &mut State) {
        self.load_codes(footprint, state);
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
        let known = self.codes.iter().filter(|code| footprint.code_texts.contains(&code.text));
        state.known_codes.extend(known.map(|code| (code.text.clone(), code.pool.clone())));
    }

    fn load_codes(&self, footprint: &Footprint, state: &mut State) {
        let available = |code: &CodeRow| AvailableCode {
            id: code.id.clone(),
            valid: code.facts.valid,
            credentials: code.credentials.clone(),
            returned: code.state == CodeState::Returned,
        };
        let turn = |code: &CodeRow| (code.state == CodeState::Returned, code.facts.valid.end());
        for (pool, wanted) in &footprint.pools {
            state.pools.insert(pool.clone(), self.pools.get(pool).cloned());
            let mine = |code: &&CodeRow| &code.pool == pool && code.state.is_free();
            let named = |code: &&CodeRow| footprint.codes.contains(&(pool.clone(), code.id.clone()));
            let mut found: Vec<&CodeRow> = self.codes.iter().filter(mine).filter(named).collect();
            let limit = footprint.codes_wanted(pool) as usize;
            for days in wanted.keys() {
                let good = |code: &&CodeRow| days.is_none_or(|days| code.facts.valid.cover(days));
                let mut fits: Vec<&CodeRow> = self.codes.iter().filter(mine).filter(good).collect();
                fits.sort_by_key(|code| turn(code));
                state.codes_seen.insert((pool.clone(), *days), fits.len() < limit);
                found.extend(fits.into_iter().take(limit));
            }
            found.sort_by_key(|code| (turn(code), code.id.clone()));
            found.dedup_by_key(|code| code.id.clone());
            state.codes.insert(pool.clone(), found.into_iter().map(available).collect::<VecDeque<_>>());
        }
        for key in &footprint.batches {
            state.batches.insert(key.clone(), self.batches.get(key).cloned());
        }
        for moving in &footprint.code_moves {
            let fits = |code: &&CodeRow| match moving {
                CodeMove::Batch(pool, batch, _) => &code.pool == pool && &code.facts.batch == batch,
                CodeMove::Ended(pool, before) => {
                    &code.pool == pool && code.facts.valid.to.is_some_and(|to| to < *before)
                }
            };
            let codes = self.codes.iter().filter(fits).filter(|code| moving.from().contains(&code.state));
            state.moving_codes.insert(moving.clone(), codes.map(|code| (code.id.clone(), code.state)).collect());
        }
        for order in &footprint.code_holders {
            let of = |code: &&CodeRow| code.unit.as_ref().is_some_and(|(holder, _)| holder == order);
            let held = |code: &CodeRow| HeldCode {
                id: code.id.clone(),
                batch: self.batches.get(&(code.pool.clone(), code.facts.batch.clone())).unwrap().state,
            };
            state.held_codes.insert(order.clone(), self.codes.iter().filter(of).map(held).collect());
        }
        for upload in &footprint.uploads {
            state.uploads.insert(upload.clone(), self.uploads.get(upload).cloned());
            let part = |code: &CodeRow| match &code.upload {
                Some((of, stands @ (HandOver::Waiting | HandOver::Unclear))) if of == upload => Some(PartCode {
                    id: code.id.clone(),
                    stands: *stands,
                    batch: self.batches.get(&(code.pool.clone(), code.facts.batch.clone())).unwrap().state,
                }),
                _ => None,
            };
            state.upload_parts.insert(upload.clone(), self.codes.iter().filter_map(part).collect());
        }
    }

    fn write(&mut self, writes: Writes) {
        self.orders.extend(writes.orders.into_iter().map(|(id, (order, _))| (id, order)));
        self.refunds.extend(writes.refunds);
        self.refund_lines.extend(writes.refund_lines);
        self.credentials.extend(writes.credentials);
        self.guests.extend(writes.guests);
        self.refs.extend(writes.refs);
        self.stock.extend(writes.stock);
        self.accounts.extend(writes.accounts);
        self.postings.extend(writes.postings);
        self.pools.extend(writes.pools);
        self.events.extend(writes.events);
        for (key, change) in writes.alerts {
            match change {
                AlertChange::Raised(alert) => drop(self.alerts.insert(key, alert)),
                AlertChange::Resolved(_) => drop(self.alerts.remove(&key)),
            }
        }
        self.limits.extend(writes.limits);
        self.history.extend(writes.history);
        self.jobs.extend(writes.jobs);
        for (pool, code) in writes.new_codes {
            self.codes.push(CodeRow {
                id: code.id,
                pool,
                text: code.text,
                credentials: code.credentials,
                facts: code.facts,
                state: code.state,
                unit: None,
                given: 0,
                upload: None,
            });
        }
        for taken in writes.taken_codes {
            let row = self.code(&taken.code);
            assert!(row.state.is_free(), "a code is taken only from those that may be given");
            row.state = CodeState::Assigned;
            row.unit = Some((taken.order, taken.unit));
            row.given += 1;
        }
        for (id, upload, _) in writes.reserved_codes {
            let row = self.code(&id);
            assert!(row.state.is_free(), "only what may be given is reserved");
            row.state = CodeState::Reserved;
            row.upload = Some((upload, HandOver::Waiting));
        }
        for (id, stands) in writes.handed_over {
            let row = self.code(&id);
            assert_eq!(row.state, CodeState::Reserved, "only what is reserved stands somewhere with a channel");
            row.upload.as_mut().unwrap().1 = stands;
        }
        self.uploads.extend(writes.uploads);
        for (id, state, _) in writes.moved_codes {
            let row = self.code(&id);
            row.upload = None;
            assert!(row.unit.is_none(), "a code that somebody has is moved with its unit");
            row.state = state;
        }
        for (order, unit, state, _) in writes.ended_unit_codes {
            let of_unit = |code: &&mut CodeRow| code.unit == Some((order.clone(), unit));
            for row in self.codes.iter_mut().filter(of_unit) {
                row.state = state;
            }
        }
        for (id, order, state) in writes.returned_codes {
            let row = self.code(&id);
            assert_eq!(row.unit.take().unwrap().0, order);
            row.state = state;
            row.given -= 1;
        }
        self.batches.extend(writes.batches);
        for (order, wait) in writes.code_waits {
            match wait {
                Some(wait) => drop(self.waits.insert(order, wait)),
                None => drop(self.waits.remove(&order)),
            }
        }
    }

    fn code(&mut self, id: &CodeId) -> &mut CodeRow {
        self.codes.iter_mut().find(|code| &code.id == id).unwrap()
    }

    /// The standing of a batch.
    pub fn batch(&self, pool: &str, batch: &str) -> BatchState {
        self.batches[&(id(pool), id(batch))].state
    }

    pub fn snapshot(&self) -> Snapshot {
        let rows = |pool: &PoolName| {
            let mine = |code: &&CodeRow| &code.pool == pool && code.state.is_free();
            u32::try_from(self.codes.iter().filter(mine).count()).unwrap()
        };
        Snapshot {
            stock: self.stock.clone(),
            limits: self.limits.clone(),
            orders: self.orders.values().cloned().collect(),
            accounts: self.accounts.clone(),
            postings: self.postings.clone(),
            pools: self.pools.iter().map(|(name, pool)| (name.to_string(), (pool.available, rows(name)))).collect(),
            codes_given: self.codes.iter().map(|code| (code.id.to_string(), code.given)).collect(),
            dated_codes: self.codes.iter().filter_map(|code| Some((code.unit.clone()?.0, code.facts.valid))).collect(),
        }
    }

    pub fn check(&self) {
        for finding in check(&self.snapshot()) {
            assert!(finding.broken.is_empty(), "{}: {:#?}", finding.name, finding.broken);
        }
        for order in self.orders.values() {
            let fates: usize = {
                use entrepot_contract::order::UnitState::{Available, Redeemed, Refunded, Reserved};
                [Available, Reserved, Redeemed, Refunded].iter().map(|state| order.count(*state)).sum()
            };
            assert_eq!(fates, order.units.len(), "the unit ledger of {}", order.id);
        }
    }

    /// Gives a command that has to be decided in its favour.
    #[track_caller]
    pub fn ok(&mut self, body: Body) -> Answer {
        match self.give(body) {
            Answer::Refused(refusal) => panic!("refused: {refusal:?}"),
            answer => answer,
        }
    }

    /// Gives a command that has to be refused.
    #[track_caller]
    pub fn no(&mut self, body: Body) -> Refusal {
        match self.give(body) {
            Answer::Refused(refusal) => refusal,
            answer => panic!("not refused: {answer:?}"),
        }
    }

    #[track_caller]
    pub fn no_because(&mut self, reason: Reason, body: Body) -> String {
        let refusal = self.no(body);
        assert_eq!(refusal.reason, reason, "{}", refusal.text);
        refusal.text
    }

    /// An order that is paid and accepted.
    pub fn sold(&mut self, number: &str, sku: &str, count: u32) -> OrderId {
        match self.ok(create(number, sku, count, Some(self.now))) {
            Answer::Created { order, .. } => order,
            other => panic!("{other:?}"),
        }
    }

    /// An order with its credentials.
    pub fn issued(&mut self, number: &str, sku: &str, count: u32) -> OrderId {
        let order = self.sold(number, sku, count);
        if let Answer::Issuing { .. } = self.ok(start_issue(number)) {
            self.ok(record_issued(&order, count));
        }
        order
    }

    pub fn order(&self, number: &str) -> &Order {
        let key = RefKey { application: id("app"), order: id(number) };
        &self.orders[&self.refs[&key].order.as_ref().unwrap().order]
    }

    pub fn account(&self) -> &Account {
        &self.accounts[&id("dist")]
    }

    pub fn cell(&self, bucket: &str) -> &Stock {
        &self.stock[&cell(bucket)]
    }

    /// Alerts of that kind that stand.
    pub fn alerts_of(&self, kind: &str) -> usize {
        self.alerts.keys().filter(|(other, _)| other.name() == kind).count()
    }

    pub fn pass(&mut self, millis: i64) {
        self.now = self.now.plus_millis(millis);
    }

    /// Goes to an instant in UTC.
    pub fn at(&mut self, text: &str) {
        let instant = text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        self.now = Timestamp::from_millis(instant.timestamp_millis());
    }
}

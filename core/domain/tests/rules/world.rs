//! A merchant with his rows: loads for each command what it asks for, decides, writes, and checks the invariants.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use entrepot_contract::calendar::{CalendarDay, Capacity, Stock, StockKey};
use entrepot_contract::ids::{
    ApplicationId, ChannelOrderId, CodeId, ConnectionId, DistributorId, OrderId, PoolName, RefundId,
};
use entrepot_contract::intent::{AskRefund, CreateOrder, Intent, RecordRefund, UnitChoice, Wish};
use entrepot_contract::listing::{Listing, ListingNames, Sells};
use entrepot_contract::money::Money;
use entrepot_contract::order::{
    Credential, CredentialKind, Guests, Order, Refund, RefundCause, UnitCredentials, Visit,
};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{
    Fulfilment, GuestRequirement, Product, ProductKind, RefundOtherwise, RefundRule, Sku, Validity,
};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::answer::Answer;
use entrepot_domain::catalogue::{Catalogue, ChannelRules, ConnectionRules, Distributor, Rules, SupplierRules};
use entrepot_domain::change::{Alert, AvailableCode, ChannelRef, CodeState, Event, Pool, RefKey, Writes};
use entrepot_domain::command::{Body, CalendarRow, CatalogueEntry, Command, CommandKey, NewCode, OrderName, Seed};
use entrepot_domain::credit::{Account, Posting};
use entrepot_domain::decide::{Stop, decide, repeated};
use entrepot_domain::footprint::{Footprint, needs};
use entrepot_domain::invariants::{Snapshot, check};
use entrepot_domain::job::{JobEnd, NewJob};
use entrepot_domain::state::State;

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
    pub state: CodeState,
    pub unit: Option<(OrderId, u16)>,
    pub given: u32,
}

pub struct World {
    pub rules: Rules,
    pub now: Timestamp,
    pub keys: BTreeMap<CommandKey, (String, Answer)>,
    pub refs: BTreeMap<RefKey, ChannelRef>,
    pub orders: BTreeMap<OrderId, Order>,
    pub refunds: BTreeMap<RefundId, Refund>,
    pub credentials: BTreeMap<OrderId, Vec<UnitCredentials>>,
    pub stock: BTreeMap<StockKey, Stock>,
    pub accounts: BTreeMap<DistributorId, Account>,
    pub postings: Vec<Posting>,
    pub pools: BTreeMap<PoolName, Pool>,
    pub codes: Vec<CodeRow>,
    pub events: Vec<Event>,
    pub alerts: Vec<Alert>,
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
        redeem_units: true,
        tells_redemption: true,
        hold_ms: 900_000,
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
            (id("gate"), ConnectionRules::Supplier(SupplierRules { pool: false, cancel: true, own_gate: false })),
            (id("codes"), ConnectionRules::Supplier(SupplierRules { pool: true, cancel: false, own_gate: true })),
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
            credentials: BTreeMap::new(),
            stock: BTreeMap::new(),
            accounts: BTreeMap::new(),
            postings: Vec::new(),
            pools: BTreeMap::new(),
            codes: Vec::new(),
            events: Vec::new(),
            alerts: Vec::new(),
            jobs: Vec::new(),
            job: None,
            given: 0,
        };
        let distributor = Distributor { id: id("dist"), name: "Dist".to_owned(), prices: BTreeMap::new() };
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
            CatalogueEntry::Listing(_) => 2,
        });
        world.ok(Body::PutCatalogue { entries });
        for (sku, bucket) in [("own", "gate"), ("gated", "gated"), ("pooled", "pooled")] {
            world.ok(calendar(sku, bucket, 10));
        }
        world.ok(Body::SetCreditLimit { distributor: id("dist"), limit: Money::fen(100_000) });
        world
    }

    pub fn channel(&mut self, connection: &str, change: impl FnOnce(&mut ChannelRules)) {
        let connections = Arc::make_mut(&mut self.rules.connections);
        let Some(ConnectionRules::Channel(rules)) = connections.get_mut(&id::<ConnectionId>(connection)) else {
            panic!("{connection} is no channel");
        };
        change(rules);
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
            if let Some(order) = self.orders.get(id) {
                state.insert_order(order.clone());
                for refund in self.refunds.values().filter(|refund| &refund.order == id) {
                    state.insert_refund(refund.clone());
                }
            }
        }
    }

    fn load_rest(&self, footprint: &Footprint, state: &mut State) {
        for (pool, wanted) in &footprint.pools {
            state.pools.insert(pool.clone(), self.pools.get(pool).cloned());
            let mine = |code: &&CodeRow| &code.pool == pool && code.state == CodeState::Available;
            let named = |code: &&CodeRow| footprint.codes.contains(&(pool.clone(), code.id.clone()));
            let mut found: Vec<&CodeRow> = self.codes.iter().filter(mine).take(*wanted as usize).collect();
            found.extend(self.codes.iter().filter(mine).filter(named));
            let codes: VecDeque<AvailableCode> = found
                .into_iter()
                .map(|code| AvailableCode { id: code.id.clone(), credentials: code.credentials.clone() })
                .collect();
            state.codes.insert(pool.clone(), codes);
        }
        for key in &footprint.stock {
            state.stock.insert(key.clone(), self.stock.get(key).copied());
        }
        for distributor in &footprint.accounts {
            state.accounts.insert(distributor.clone(), self.accounts.get(distributor).cloned());
        }
        let texts: BTreeSet<&String> = self.codes.iter().map(|code| &code.text).collect();
        state.known_codes.extend(footprint.code_texts.iter().filter(|text| texts.contains(text)).cloned());
    }

    fn write(&mut self, writes: Writes) {
        self.orders.extend(writes.orders.into_iter().map(|(id, (order, _))| (id, order)));
        self.refunds.extend(writes.refunds);
        self.credentials.extend(writes.credentials);
        self.refs.extend(writes.refs);
        self.stock.extend(writes.stock);
        self.accounts.extend(writes.accounts);
        self.postings.extend(writes.postings);
        self.pools.extend(writes.pools);
        self.events.extend(writes.events);
        self.alerts.extend(writes.alerts);
        self.jobs.extend(writes.jobs);
        for (pool, id, text, credentials) in writes.new_codes {
            let state = CodeState::Available;
            self.codes.push(CodeRow { id, pool, text, credentials, state, unit: None, given: 0 });
        }
        for (id, order, unit) in writes.taken_codes {
            let row = self.codes.iter_mut().find(|code| code.id == id).unwrap();
            assert_eq!(row.state, CodeState::Available, "a code is taken only from those that may be given");
            row.state = CodeState::Assigned;
            row.unit = Some((order, unit));
            row.given += 1;
        }
        for (id, state) in writes.ended_codes {
            self.codes.iter_mut().find(|code| code.id == id).unwrap().state = state;
        }
        for (order, unit, state) in writes.ended_unit_codes {
            let of_unit = |code: &&mut CodeRow| code.unit == Some((order.clone(), unit));
            if let Some(row) = self.codes.iter_mut().find(of_unit) {
                row.state = state;
            }
        }
    }

    pub fn snapshot(&self) -> Snapshot {
        let rows = |pool: &PoolName| {
            let mine = |code: &&CodeRow| &code.pool == pool && code.state == CodeState::Available;
            u32::try_from(self.codes.iter().filter(mine).count()).unwrap()
        };
        Snapshot {
            stock: self.stock.clone(),
            orders: self.orders.values().cloned().collect(),
            accounts: self.accounts.clone(),
            postings: self.postings.clone(),
            pools: self.pools.iter().map(|(name, pool)| (name.to_string(), (pool.available, rows(name)))).collect(),
            codes_given: self.codes.iter().map(|code| (code.id.to_string(), code.given)).collect(),
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

    pub fn alerts_of(&self, kind: &str) -> usize {
        self.alerts.iter().filter(|alert| alert.kind == kind).count()
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

pub fn listing(connection: &str, sku: &str) -> Listing {
    Listing {
        id: id(&format!("{connection}-{sku}")),
        connection: id(connection),
        sells: Sells::One(id(sku)),
        names: names(sku),
        on_sale: true,
    }
}

pub fn names(sku: &str) -> ListingNames {
    ListingNames { product: Some(sku.to_owned()), ..ListingNames::default() }
}

pub fn cell(bucket: &str) -> StockKey {
    StockKey { bucket: id(bucket), date: Some(date(DAY)), slot: None }
}

pub fn day(sku: &str) -> CalendarDay {
    CalendarDay {
        sku: id(sku),
        date: Some(date(DAY)),
        retail: Money::fen(RETAIL),
        settlement: Money::fen(SETTLEMENT),
        open: true,
        close: None,
    }
}

pub fn calendar(sku: &str, bucket: &str, capacity: u32) -> Body {
    let row = CalendarRow { day: day(sku), stock: Some((cell(bucket), Capacity::Limited(capacity))) };
    Body::WriteCalendar { rows: vec![row] }
}

pub fn wish(sku: &str, count: u32) -> Wish {
    Wish {
        names: names(sku),
        count,
        visit: Some(Visit { arrive: date(DAY), leave: date(DAY) }),
        slot: None,
        origin_amount: Some(Money::fen(RETAIL * i64::from(count))),
        pay_amount: None,
        guests: Guests::default(),
        guests_final: true,
    }
}

pub fn creation(number: &str, sku: &str, count: u32, paid_at: Option<Timestamp>) -> CreateOrder {
    CreateOrder {
        order: id(number),
        source_order: None,
        wish: wish(sku, count),
        ordered_at: Timestamp::from_millis(0),
        paid_at,
    }
}

pub fn create(number: &str, sku: &str, count: u32, paid_at: Option<Timestamp>) -> Body {
    Body::CreateOrder { connection: id("shop"), intent: Box::new(creation(number, sku, count, paid_at)) }
}

pub fn name(number: &str) -> OrderName {
    OrderName::Channel(id("app"), id(number))
}

pub fn pay(number: &str) -> Body {
    Body::PayOrder { order: name(number), paid_at: Timestamp::from_millis(1) }
}

pub fn cancel(number: &str) -> Body {
    Body::CancelOrder { order: name(number) }
}

pub fn start_issue(number: &str) -> Body {
    Body::StartIssue { order: name(number), count: None }
}

pub fn voucher(text: &str) -> Credential {
    Credential { kind: CredentialKind::VoucherNumber, value: text.to_owned(), document_kind: None }
}

pub fn tickets(order: &OrderId, count: u32) -> Vec<UnitCredentials> {
    (1..=u16::try_from(count).unwrap())
        .map(|unit| UnitCredentials { unit, credentials: vec![voucher(&format!("{order}-{unit}"))] })
        .collect()
}

pub fn record_issued(order: &OrderId, count: u32) -> Body {
    let result = entrepot_domain::command::IssueResult::Issued {
        reference: Some(id(&format!("S-{order}"))),
        units: tickets(order, count),
    };
    Body::RecordIssue { order: order.clone(), result }
}

pub fn redeem(number: &str, units: UnitChoice, used_at: Timestamp) -> Body {
    Body::Redeem { order: name(number), units, used_at }
}

pub fn question(number: &str, key: &str, units: UnitChoice, asked_at: Timestamp) -> AskRefund {
    AskRefund { order: id(number), key: key.to_owned(), cause: RefundCause::Guest, units, fee: None, asked_at }
}

pub fn ask(number: &str, key: &str, units: UnitChoice, asked_at: Timestamp) -> Body {
    Body::AskRefund { order: name(number), intent: question(number, key, units, asked_at) }
}

pub fn result(number: &str, key: &str, units: UnitChoice, refunded_at: Timestamp) -> RecordRefund {
    RecordRefund {
        order: id(number),
        key: key.to_owned(),
        cause: RefundCause::Guest,
        units,
        amount: Money::fen(RETAIL),
        refunded_at,
    }
}

pub fn refunded(number: &str, key: &str, units: UnitChoice, refunded_at: Timestamp) -> Body {
    Body::RecordRefund { order: name(number), intent: result(number, key, units, refunded_at) }
}

pub fn fact(number: &str, intent: Intent) -> Body {
    let (application, order): (ApplicationId, ChannelOrderId) = (id("app"), id(number));
    Body::StoreFact { application, order, intent: Box::new(intent) }
}

pub fn codes(pool: &str, texts: &[&str]) -> Body {
    let codes = texts
        .iter()
        .zip(1..)
        .map(|(text, line)| NewCode { line, text: (*text).to_owned(), credentials: vec![voucher(text)] })
        .collect();
    Body::AddCodes { pool: id(pool), codes }
}

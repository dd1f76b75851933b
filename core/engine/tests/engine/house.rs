//! An engine with its partners: one merchant, two applications with a channel connection each, one supplier.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use entrepot_contract::calendar::{CalendarDay, Capacity, StockKey};
use entrepot_contract::channel::RawRequest;
use entrepot_contract::ids::{ConnectionId, InvalidId, NodeId, OrderId};
use entrepot_contract::intent::{
    AskRefund, CancelStage, CreateOrder, Intent, IssueOrder, RecordRefund, UnitChoice, Wish,
};
use entrepot_contract::listing::{Listing, ListingNames, Sells};
use entrepot_contract::message::{ConnectionFacts, OpenRequest, TokenMode};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Guests, Order, OrderState, Refund, RefundCause, Visit};
use entrepot_contract::outcome::Outcome;
use entrepot_contract::plugin::Plugin;
use entrepot_contract::product::{
    Fulfilment, GuestRequirement, Product, ProductKind, RefundOtherwise, RefundRule, Sku, Validity,
};
use entrepot_contract::time::{Clock, Timestamp};
use entrepot_domain::answer::Answer;
use entrepot_domain::catalogue::{
    Beside, ChannelRules, ConnectionRules, Distributor, Holds, ReadsCalendar, SupplierRules,
};
use entrepot_domain::change::RefKey;
use entrepot_domain::command::{Body, CalendarRow, CatalogueEntry, StockChange, StockCorrection};
use entrepot_domain::invariants::check;
use entrepot_engine::directory::{Application, Connection, Directory};
use entrepot_engine::flows::administer::Asked;
use entrepot_engine::inbound::Answered;
use entrepot_engine::interface_log::InterfaceQueue;
use entrepot_engine::memory::MemoryStorage;
use entrepot_engine::records::{Record, RegisteredConnection};
use entrepot_engine::seed::CountedSeeds;
use entrepot_engine::storage::{Storage, Switch};
use entrepot_engine::{Engine, EngineSettings, Parts};
use entrepot_host::breaker::BreakerRules;
use entrepot_host::{
    Host, HostParts, HttpClient, InstanceKey, InstanceLimits, MemoryCache, NoInterfaceLog, OpenOptions,
};
use serde_json::Value;

use crate::fakes::{Gate, GatePlugin, Message, Shop, ShopPlugin};
use crate::family::OtherPlugin;

pub const DAY: &str = "2026-10-01";
pub const STOCK: u32 = 50;

pub fn id<T: std::str::FromStr<Err = InvalidId>>(text: &str) -> T {
    text.parse().unwrap()
}

/// Goes with tokio's paused clock, and as far ahead of it as a test sets it.
pub struct TestClock {
    started: tokio::time::Instant,
    ahead_ms: AtomicI64,
}

impl TestClock {
    fn new() -> Self {
        Self { started: tokio::time::Instant::now(), ahead_ms: AtomicI64::new(1_789_000_000_000) }
    }

    /// Jumps ahead without letting anything happen on the way.
    pub fn jump(&self, millis: i64) {
        self.ahead_ms.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.started.elapsed().as_millis()).unwrap();
        Timestamp::from_millis(self.ahead_ms.load(Ordering::Relaxed) + passed)
    }
}

pub struct House {
    pub engine: Engine,
    pub storage: MemoryStorage,
    pub clock: Arc<TestClock>,
    pub shop: Arc<Shop>,
    pub gate: Arc<Gate>,
    asked: AtomicI64,
}

pub fn channel(application: &str) -> ConnectionRules {
    ConnectionRules::Channel(ChannelRules {
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
        times: entrepot_domain::deadline::Times { hold_ms: 900_000, ..entrepot_domain::deadline::Times::usual() },
        beside: Beside::default(),
        selling: true,
    })
}

pub fn connection(name: &str, plugin: &str, application: &str, rules: ConnectionRules) -> Connection {
    let account = matches!(rules, ConnectionRules::Channel(_)).then(|| "account".to_owned());
    Connection {
        id: id(name),
        merchant: id("park"),
        plugin: id(plugin),
        application: id(application),
        facts: ConnectionFacts {
            id: id(name),
            merchant: id("park"),
            account,
            shops: vec!["shop-1".to_owned()],
            settings: Value::Null,
        },
        rules,
        external: application.to_owned(),
    }
}

fn directory(host: &Host) -> Directory {
    let manifest = host.manifest(&id("fake-shop")).unwrap();
    let application = |name: &str| Application {
        id: id(name),
        family: id("fake"),
        plugins: BTreeMap::from([(id("fake-shop"), manifest.clone())]),
    };
    let gate = host.manifest(&id("fake-gate")).unwrap();
    let calls = gate.capabilities.supplier.as_ref().unwrap().calls().unwrap();
    let usage_poll_ms = calls.usage.as_ref().map(|usage| i64::try_from(usage.poll_ms).unwrap());
    let holds = calls
        .hold
        .as_ref()
        .map(|hold| Holds { longest_ms: i64::try_from(hold.longest_ms).unwrap(), extends: hold.extends });
    let supplier = ConnectionRules::Supplier(SupplierRules {
        own_gate: true,
        holds,
        usage_poll_ms,
        reads_calendar: calls.calendar.as_ref().map(|_| ReadsCalendar { every_ms: 600_000, days: 40 }),
        ..SupplierRules::called()
    });
    let called = Application { id: id("gate"), family: id("fake"), plugins: BTreeMap::from([(id("fake-gate"), gate)]) };
    let connections = [
        connection("shop", "fake-shop", "app", channel("app")),
        connection("shop2", "fake-shop", "app2", channel("app2")),
        connection("gate", "fake-gate", "gate", supplier),
    ];
    Directory {
        applications: [application("app"), application("app2"), called]
            .into_iter()
            .map(|application| (application.id.clone(), application))
            .collect(),
        connections: connections.into_iter().map(|connection| (connection.id.clone(), connection)).collect(),
        merchants: BTreeMap::from([(id("park"), "Park".to_owned())]),
    }
}

async fn host(clock: Arc<TestClock>, plugins: Vec<Arc<dyn Plugin>>) -> Host {
    let parts = HostParts {
        cache: Arc::new(MemoryCache::new(clock.clone())),
        clock,
        interface_log: Arc::new(NoInterfaceLog),
        client: HttpClient::new().unwrap(),
        breaker: BreakerRules { failures: 1_000, ..BreakerRules::default() },
    };
    let host = Host::new(parts, plugins).unwrap();
    for (plugin, application) in [("fake-shop", "app"), ("fake-shop", "app2"), ("fake-gate", "gate")] {
        let request = OpenRequest {
            application: id(application),
            base_url: None,
            token_mode: TokenMode::Fixed,
            extra_headers: Vec::new(),
            settings: serde_json::json!({}),
        };
        let options = OpenOptions { limits: InstanceLimits::new(1_024, 60_000), ..OpenOptions::default() };
        host.open(InstanceKey::new(id(plugin), id(application)), request, options).await.unwrap();
    }
    host
}

fn partners(shop: &Arc<Shop>, gate: &Arc<Gate>) -> Vec<Arc<dyn Plugin>> {
    vec![Arc::new(ShopPlugin(shop.clone())), Arc::new(GatePlugin(gate.clone())), Arc::new(OtherPlugin)]
}

async fn start(
    storage: &MemoryStorage,
    host: Host,
    clock: Arc<TestClock>,
    settings: EngineSettings,
    directory: Directory,
) -> Engine {
    let (interface_log, _) = InterfaceQueue::start(Arc::new(storage.clone()), 1_000);
    let storage = Arc::new(storage.clone());
    let seeds = Arc::new(CountedSeeds::new(1));
    Engine::start(Parts { storage, host, clock, seeds, settings, directory, interface_log, teller: None })
        .await
        .unwrap()
}

impl House {
    pub async fn new() -> Self {
        Self::made(|_| {}, |_| {}).await
    }

    /// With a channel that is told and asked beside its orders, through the connection `shop`.
    pub async fn beside(beside: Beside) -> Self {
        let shop = Shop::default();
        *shop.side.open.lock().unwrap() = true;
        Self::opened(shop, Gate::default(), Some(beside), |_| {}).await
    }

    pub async fn made(gates: impl FnOnce(&Gate), change: impl FnOnce(&mut EngineSettings)) -> Self {
        let gate = Gate::default();
        gates(&gate);
        Self::opened(Shop::default(), gate, None, change).await
    }

    async fn opened(shop: Shop, gate: Gate, beside: Option<Beside>, change: impl FnOnce(&mut EngineSettings)) -> Self {
        let clock = Arc::new(TestClock::new());
        let (shop, gate) = (Arc::new(shop), Arc::new(gate));
        let host = host(clock.clone(), partners(&shop, &gate)).await;
        let storage = MemoryStorage::new(clock.clone());
        let mut directory = directory(&host);
        let sells = directory.connections.get_mut(&id::<ConnectionId>("shop")).map(|shop| &mut shop.rules);
        if let (Some(ConnectionRules::Channel(rules)), Some(beside)) = (sells, beside) {
            rules.beside = beside;
        }
        let registered = directory.connections.values().map(|connection| RegisteredConnection {
            id: connection.id.clone(),
            merchant: connection.merchant.clone(),
            plugin: connection.plugin.to_string(),
            external: connection.external.clone(),
        });
        storage.record(Record::Register(registered.collect())).await.unwrap();
        let mut settings = EngineSettings::new(id("node"));
        change(&mut settings);
        let engine = start(&storage, host, clock.clone(), settings, directory).await;
        let house = Self { engine, storage, clock, shop, gate, asked: AtomicI64::new(0) };
        house.stock().await;
        house
    }

    /// Another engine on the same database and with the same partners, as a process that starts under this name.
    pub async fn start_again(&self, node: NodeId) -> Engine {
        let settings = EngineSettings { poll_ms: 3_600_000, ..EngineSettings::new(node) };
        let host = host(self.clock.clone(), partners(&self.shop, &self.gate)).await;
        start(&self.storage, host, self.clock.clone(), settings, (*self.engine.directory()).clone()).await
    }

    async fn stock(&self) {
        let mut entries = vec![CatalogueEntry::Distributor(Distributor {
            id: id("dist"),
            name: "Dist".to_owned(),
            prices: BTreeMap::new(),
            warn_below_minor: None,
        })];
        let by = |connection: &str| Fulfilment::Supplier { connection: id(connection), product_code: "G".to_owned() };
        for (name, fulfilment) in [("own", Fulfilment::OwnNumber), ("gated", by("gate"))] {
            entries.push(CatalogueEntry::Product(product(name)));
            entries.push(CatalogueEntry::Sku(sku(name, fulfilment)));
            entries.extend(["shop", "shop2"].map(|connection| CatalogueEntry::Listing(listing(connection, name))));
        }
        self.done(Body::PutCatalogue { entries }).await;
        self.done(Body::WriteCalendar { rows: vec![row("own", STOCK), row("gated", STOCK)] }).await;
        let limit = Money::fen(1_000_000);
        self.done(Body::SetCreditLimit { distributor: id("dist"), limit }).await;
    }

    /// Gives a person's command under a key of its own.
    pub async fn administer(&self, body: Body) -> Answer {
        let key = self.asked.fetch_add(1, Ordering::Relaxed).to_string();
        let asked = Asked { by: "test".to_owned(), key };
        self.engine.administer(&asked, &id("park"), body).await.unwrap()
    }

    /// The same to another engine on the same database; it has to be done.
    pub async fn done_by(&self, engine: &Engine, body: Body) {
        let key = self.asked.fetch_add(1, Ordering::Relaxed).to_string();
        let asked = Asked { by: "test".to_owned(), key };
        let answer = engine.administer(&asked, &id("park"), body).await.unwrap();
        assert!(!matches!(answer, Answer::Refused(_)), "{answer:?}");
    }

    pub async fn refunds(&self, number: &str) -> Vec<Refund> {
        let order = self.order(number).await.unwrap();
        self.storage.order(&id("park"), &order.id).await.unwrap().unwrap().1
    }

    /// Gives a person's command that has to be done.
    pub async fn done(&self, body: Body) {
        let answer = self.administer(body).await;
        assert!(!matches!(answer, Answer::Refused(_)), "{answer:?}");
    }

    pub async fn switch(&self, connection: &str, switch: Switch) {
        self.engine.switch(&id(connection), switch).await.unwrap();
    }

    /// A call as the channel makes it.
    pub async fn raw(&self, application: &str, scene: &str, message: &Message) -> Answered {
        let raw = RawRequest {
            scene: id(scene),
            method: "POST".to_owned(),
            query: String::new(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: serde_json::to_vec(message).unwrap(),
        };
        self.engine.inbound(id(application), scene.to_owned(), raw, id("trace")).await
    }

    /// A call that names the account, and its outcome; the ready answer's word when the host answered by itself.
    pub async fn call(&self, scene: &str, intent: Intent) -> Result<Outcome, String> {
        self.call_through("app", scene, Some("account"), intent).await
    }

    pub async fn call_through(
        &self,
        application: &str,
        scene: &str,
        account: Option<&str>,
        intent: Intent,
    ) -> Result<Outcome, String> {
        let message = Message {
            sign: "good".to_owned(),
            account: account.map(str::to_owned),
            order: order_named(&intent),
            product: None,
            intent,
        };
        let answered = self.raw(application, scene, &message).await;
        let body = answered.raw.unwrap().body;
        let value: Value = serde_json::from_slice(&body).unwrap();
        match value.get("ready") {
            Some(word) => Err(word.as_str().unwrap().to_owned()),
            None => Ok(serde_json::from_value(value).unwrap()),
        }
    }

    pub async fn create(&self, number: &str, sku: &str, count: u32, paid: bool) -> Result<Outcome, String> {
        let paid_at = paid.then(|| self.clock.now());
        self.call("create", create(number, sku, count, paid_at)).await
    }

    pub async fn sold(&self, number: &str, sku: &str, count: u32) -> OrderId {
        match self.create(number, sku, count, true).await {
            Ok(Outcome::Created { order, .. }) => order,
            other => panic!("{other:?}"),
        }
    }

    pub async fn issued(&self, number: &str, sku: &str, count: u32) -> OrderId {
        let order = self.sold(number, sku, count).await;
        let outcome = self.call("issue", issue(number)).await;
        assert!(matches!(outcome, Ok(Outcome::Issued { .. })), "{outcome:?}");
        order
    }

    pub async fn order(&self, number: &str) -> Option<Order> {
        let key = RefKey { application: id("app"), order: id(number) };
        let placed = self.storage.channel_ref(&key).await.unwrap()?.order?;
        Some(self.storage.order(&placed.merchant, &placed.order).await.unwrap().unwrap().0)
    }

    pub async fn state(&self, number: &str) -> OrderState {
        self.order(number).await.unwrap().state
    }

    pub fn orders(&self) -> usize {
        self.storage.orders(&id("park")).len()
    }

    pub fn alerts(&self, kind: &str) -> usize {
        self.storage.alerts().iter().filter(|(_, alert)| alert.kind.name() == kind).count()
    }

    pub async fn left(&self, sku: &str) -> u32 {
        let key = cell(sku);
        self.storage.stock(&id("park"), std::slice::from_ref(&key)).await.unwrap()[&key].left().unwrap()
    }

    /// All invariants hold.
    pub async fn sound(&self) {
        let snapshot = self.storage.snapshot(&id("park")).await.unwrap();
        for finding in check(&snapshot) {
            assert!(finding.broken.is_empty(), "{finding:?}");
        }
    }

    /// Every job came to an end.
    pub async fn rests(&self) {
        use entrepot_domain::job::JobState::{Abandoned, Done};
        until("the jobs rest", || self.storage.jobs().iter().all(|job| matches!(job.state, Done | Abandoned))).await;
    }
}

/// Lets the paused time go on until something is true; a minute at most.
pub async fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if done() {
            return;
        }
        tokio::time::advance(Duration::from_millis(10)).await;
        tokio::task::yield_now().await;
    }
    panic!("{what}: never");
}

/// Lets everything that can happen now happen.
pub async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

fn order_named(intent: &Intent) -> Option<String> {
    let order = match intent {
        Intent::CreateOrder(create) => &create.order,
        Intent::PayOrder { order, .. } | Intent::CancelOrder { order, .. } | Intent::QueryOrder { order } => order,
        Intent::IssueOrder(issue) => &issue.order,
        Intent::AskRefund(ask) => &ask.order,
        Intent::RecordRefund(record) => &record.order,
        Intent::RecordDecision(told) => &told.order,
        _ => return None,
    };
    Some(order.to_string())
}

fn product(name: &str) -> Product {
    Product {
        id: id(&format!("{name}-product")),
        merchant: id("park"),
        kind: ProductKind::Ticket,
        name: name.to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        on_sale: true,
        guests: GuestRequirement::default(),
        validity: Validity::Window { from: "2026-01-01".parse().unwrap(), to: "2026-12-31".parse().unwrap() },
        refund: RefundRule { steps: Vec::new(), otherwise: RefundOtherwise::Free, partial: true },
        reservation: None,
        limits: Vec::new(),
    }
}

fn sku(name: &str, fulfilment: Fulfilment) -> Sku {
    Sku {
        id: id(name),
        product: id(&format!("{name}-product")),
        name: name.to_owned(),
        persons_per_unit: 1,
        buckets: vec![id(name)],
        minimum_units: 1,
        maximum_units: 10,
        fulfilment,
        when: Default::default(),
        otherwise: Vec::new(),
    }
}

pub fn listing(connection: &str, sku: &str) -> Listing {
    Listing {
        id: id(&format!("{connection}-{sku}")),
        connection: id(connection),
        sells: Sells::One(id(sku)),
        names: ListingNames { product: Some(sku.to_owned()), ..ListingNames::default() },
        on_sale: true,
        allotment: None,
        safety_stock: 0,
        there: None,
    }
}

pub fn cell(sku: &str) -> StockKey {
    StockKey { bucket: id(sku), date: Some(DAY.parse().unwrap()), slot: None }
}

pub fn set(sku: &str, stock: u32) -> StockCorrection {
    StockCorrection { key: cell(sku), change: StockChange::Set(Capacity::Limited(stock)) }
}

pub fn row(sku: &str, stock: u32) -> CalendarRow {
    let day = CalendarDay {
        sku: id(sku),
        date: Some(DAY.parse().unwrap()),
        retail: Money::fen(1_000),
        settlement: Money::fen(800),
        open: true,
        close: None,
        cost: None,
        minimum_units: None,
        maximum_units: None,
        cutoff: None,
        slots: Vec::new(),
    };
    CalendarRow { day, stock: Some((cell(sku), Capacity::Limited(stock))) }
}

pub fn wish(sku: &str, count: u32) -> Wish {
    let day = DAY.parse().unwrap();
    Wish {
        names: ListingNames { product: Some(sku.to_owned()), ..ListingNames::default() },
        count,
        visit: Some(Visit { arrive: day, leave: day }),
        slot: None,
        origin_amount: Some(Money::fen(1_000 * i64::from(count))),
        pay_amount: None,
        guests: Guests::default(),
        guests_final: true,
        ..Wish::default()
    }
}

pub fn create(number: &str, sku: &str, count: u32, paid_at: Option<Timestamp>) -> Intent {
    Intent::CreateOrder(CreateOrder {
        paid_at,
        ..CreateOrder::new(id(number), wish(sku, count), Timestamp::from_millis(0))
    })
}

pub fn pay(number: &str) -> Intent {
    Intent::PayOrder { order: id(number), paid_at: Timestamp::from_millis(5) }
}

pub fn cancel(number: &str) -> Intent {
    let cancelled_at = Timestamp::from_millis(5);
    Intent::CancelOrder { order: id(number), stage: CancelStage::BeforePayment, cancelled_at }
}

pub fn issue(number: &str) -> Intent {
    Intent::IssueOrder(IssueOrder::new(id(number)))
}

pub fn ask(number: &str, key: &str) -> Intent {
    Intent::AskRefund(AskRefund::new(
        id(number),
        key.to_owned(),
        RefundCause::Guest,
        UnitChoice::AllLeft,
        Timestamp::from_millis(1_789_000_000_000),
    ))
}

pub fn refunded(number: &str, key: &str) -> Intent {
    Intent::RecordRefund(RecordRefund::new(
        id(number),
        key.to_owned(),
        RefundCause::Guest,
        UnitChoice::AllLeft,
        Money::fen(1_000),
        Timestamp::from_millis(1_789_000_000_000),
    ))
}

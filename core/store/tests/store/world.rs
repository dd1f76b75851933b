//! An engine with one merchant, one channel connection, a pool and a supplier, and no plugin behind them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use entrepot_contract::calendar::{CalendarDay, Capacity, StockKey};
use entrepot_contract::ids::{ConnectionId, DistributorId, MerchantId, NodeId};
use entrepot_contract::intent::{CreateOrder, Wish};
use entrepot_contract::listing::{Listing, ListingNames, Sells};
use entrepot_contract::message::ConnectionFacts;
use entrepot_contract::money::Money;
use entrepot_contract::order::{Guest, GuestField, Guests, Visit};
use entrepot_contract::product::{Fulfilment, Product, ProductKind, Sku};
use entrepot_contract::time::{SystemClock, Timestamp, VisitDate};
use entrepot_domain::answer::Answer;
use entrepot_domain::catalogue::{Beside, ChannelRules, CodeRules, ConnectionRules, Distributor, SupplierRules};
use entrepot_domain::command::{Body, CalendarRow, CatalogueEntry, CommandKey};
use entrepot_engine::directory::{Connection, Directory};
use entrepot_engine::interface_log::InterfaceQueue;
use entrepot_engine::seed::RandomSeeds;
use entrepot_engine::sequencer::Undecided;
use entrepot_engine::{Engine, EngineSettings, Parts};
use entrepot_host::breaker::BreakerRules;
use entrepot_host::{Host, HostParts, HttpClient, MemoryCache, NoInterfaceLog};
use entrepot_store::SqlStorage;

pub const APPLICATION: &str = "acme-app";
pub const CHANNEL: &str = "lake-acme";
pub const POOL: &str = "lake-pool";
/// A pool that takes back what nobody saw.
pub const RETURNS: &str = "lake-returns";
pub const GATE: &str = "lake-gate";
pub const DISTRIBUTOR: &str = "bird";
pub const DAY: &str = "2030-05-01";

static KEYS: AtomicU64 = AtomicU64::new(0);

pub fn merchant() -> MerchantId {
    MerchantId::parse("lake").unwrap()
}

fn connection(id: &str, rules: ConnectionRules) -> (ConnectionId, Connection) {
    let id = ConnectionId::parse(id).unwrap();
    let made = Connection {
        id: id.clone(),
        merchant: merchant(),
        plugin: "acme".parse().unwrap(),
        application: APPLICATION.parse().unwrap(),
        facts: ConnectionFacts {
            id: id.clone(),
            merchant: merchant(),
            account: Some("1".to_owned()),
            shops: Vec::new(),
            settings: serde_json::json!({}),
        },
        rules,
        external: "outside".to_owned(),
    };
    (id, made)
}

fn directory() -> Directory {
    let channel = ConnectionRules::Channel(ChannelRules {
        application: APPLICATION.parse().unwrap(),
        distributor: Some(DISTRIBUTOR.parse().unwrap()),
        price_check: true,
        accept_at_once: true,
        issue_at_acceptance: false,
        refund_by_rule: true,
        unissued_refund: Default::default(),
        pairs: None,
        redeem_units: true,
        one_completes_all: false,
        tells_redemption: false,
        times: entrepot_domain::deadline::Times { hold_ms: 1_800_000, ..entrepot_domain::deadline::Times::usual() },
        beside: Beside { codes: true, ..Beside::default() },
        selling: true,
    });
    let pool = ConnectionRules::Supplier(SupplierRules::of_pool());
    let rules = CodeRules { return_unshown: true, ..CodeRules::usual() };
    let returns = ConnectionRules::Supplier(SupplierRules { codes: rules, ..SupplierRules::of_pool() });
    let gate = ConnectionRules::Supplier(SupplierRules::called());
    Directory {
        merchants: [(merchant(), "Lake".to_owned())].into(),
        connections: [
            connection(CHANNEL, channel),
            connection(POOL, pool),
            connection(RETURNS, returns),
            connection(GATE, gate),
        ]
        .into(),
        ..Directory::default()
    }
}

/// An engine on this database, as the named node.
pub async fn engine(storage: &SqlStorage, node: &str) -> Engine {
    let clock = Arc::new(SystemClock);
    let parts = HostParts {
        clock: clock.clone(),
        cache: Arc::new(MemoryCache::new(clock.clone())),
        interface_log: Arc::new(NoInterfaceLog),
        client: HttpClient::new().unwrap(),
        breaker: BreakerRules::default(),
    };
    let (interface_log, _) = InterfaceQueue::start(storage.shared(), 100);
    Engine::start(Parts {
        storage: storage.shared(),
        host: Host::new(parts, Vec::new()).unwrap(),
        clock,
        seeds: Arc::new(RandomSeeds),
        settings: EngineSettings {
            backoff_first_ms: 0,
            // However slow the machine is, no job gives up before the test looks at it.
            attempts_limit: u32::MAX,
            lease_ms: 1,
            ..EngineSettings::new(NodeId::parse(node).unwrap())
        },
        directory: directory(),
        teller: None,
        interface_log,
    })
    .await
    .unwrap()
}

pub async fn give(engine: &Engine, body: Body) -> Result<Answer, Undecided> {
    let number = KEYS.fetch_add(1, Ordering::Relaxed);
    let kind = body.name().to_owned();
    let key = CommandKey { scope: format!("test{}", number % 7), kind, key: number.to_string() };
    engine.command(&merchant(), key, String::new(), "test", body).await
}

pub fn day() -> VisitDate {
    DAY.parse().unwrap()
}

pub fn cell() -> StockKey {
    StockKey { bucket: "adult".parse().unwrap(), date: Some(day()), slot: None }
}

/// Puts one SKU on sale with so many units, and gives the distributor so much.
pub async fn offer(engine: &Engine, fulfilment: Fulfilment, units: u32, credit_minor: i64) {
    let product = Product {
        id: "ticket".parse().unwrap(),
        merchant: merchant(),
        kind: ProductKind::Ticket,
        name: "Ticket".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        on_sale: true,
        guests: Default::default(),
        validity: Default::default(),
        refund: Default::default(),
        reservation: None,
        limits: Vec::new(),
    };
    let sku = Sku {
        id: "adult".parse().unwrap(),
        product: product.id.clone(),
        name: "Adult".to_owned(),
        persons_per_unit: 1,
        buckets: vec!["adult".parse().unwrap()],
        minimum_units: 1,
        maximum_units: 50,
        fulfilment,
        when: Default::default(),
        otherwise: Vec::new(),
    };
    let listing = Listing {
        id: "adult-listing".parse().unwrap(),
        connection: CHANNEL.parse().unwrap(),
        sells: Sells::One(sku.id.clone()),
        names: names(),
        on_sale: true,
        allotment: None,
        safety_stock: 0,
        there: None,
    };
    let distributor = Distributor {
        id: DistributorId::parse(DISTRIBUTOR).unwrap(),
        name: "Bird".to_owned(),
        prices: Default::default(),
        warn_below_minor: None,
    };
    let day = CalendarDay {
        sku: sku.id.clone(),
        date: Some(day()),
        retail: Money::fen(100),
        settlement: Money::fen(80),
        open: true,
        close: None,
        cost: None,
        minimum_units: None,
        maximum_units: None,
        cutoff: None,
        slots: Vec::new(),
    };
    let entries = vec![
        CatalogueEntry::Product(product),
        CatalogueEntry::Sku(sku),
        CatalogueEntry::Listing(listing),
        CatalogueEntry::Distributor(distributor),
    ];
    done(give(engine, Body::PutCatalogue { entries }).await);
    let rows = vec![CalendarRow { day, stock: Some((cell(), Capacity::Limited(units))) }];
    done(give(engine, Body::WriteCalendar { rows }).await);
    let top_up =
        Body::TopUp { distributor: DISTRIBUTOR.parse().unwrap(), amount: Money::fen(credit_minor), note: None };
    done(give(engine, top_up).await);
}

pub fn names() -> ListingNames {
    ListingNames { product_out: Some("ticket".to_owned()), sku_out: Some("adult".to_owned()), ..Default::default() }
}

pub fn create(order: &str, count: u32, paid: bool) -> Body {
    let at = Timestamp::from_seconds(1_790_000_000);
    let guest = Guest { name: Some(GuestField::Plain("Secret Guest".to_owned())), ..Guest::default() };
    Body::CreateOrder {
        connection: CHANNEL.parse().unwrap(),
        intent: Box::new(CreateOrder {
            paid_at: paid.then_some(at),
            ..CreateOrder::new(
                order.parse().unwrap(),
                Wish {
                    names: names(),
                    count,
                    visit: Some(Visit { arrive: day(), leave: day() }),
                    slot: None,
                    origin_amount: Some(Money::fen(100 * i64::from(count))),
                    pay_amount: None,
                    guests: Guests { buyer: Some(guest), visitors: Vec::new(), ..Guests::default() },
                    guests_final: true,
                    ..Wish::default()
                },
                at,
            )
        }),
        people: Vec::new(),
    }
}

/// A command that went through.
pub fn done(answer: Result<Answer, Undecided>) -> Answer {
    match answer.unwrap() {
        Answer::Refused(refusal) => panic!("refused: {refusal:?}"),
        other => other,
    }
}

/// Every invariant holds.
pub async fn hold(engine: &Engine) {
    let snapshot = engine.storage().snapshot(&merchant()).await.unwrap();
    for finding in entrepot_domain::invariants::check(&snapshot) {
        assert_eq!(finding.broken, Vec::<String>::new(), "{}", finding.name);
    }
}

//! What there is in every world: a merchant, two channel connections, three suppliers and a pool, and what they sell.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::calendar::{CalendarDay, Capacity, StockKey};
use entrepot_contract::ids::InvalidId;
use entrepot_contract::listing::{Listing, ListingNames, Sells};
use entrepot_contract::message::{ConnectionFacts, OpenRequest, TokenMode};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Credential, CredentialKind, Visit};
use entrepot_contract::product::{
    Fulfilment, GuestRequirement, LimitPeriod, LimitSubject, Product, ProductKind, PurchaseLimit, RefundFee,
    RefundOtherwise, RefundRule, RefundStep, ReservationRule, Route, RouteCondition, Sku, Validity,
};
use entrepot_contract::time::VisitDate;
use entrepot_domain::catalogue::{Beside, ChannelRules, ConnectionRules, Connections, Distributor, SupplierRules};
use entrepot_domain::code::CodeFacts;
use entrepot_domain::code::NewCode;
use entrepot_domain::command::{Body, CalendarRow, CatalogueEntry};
use entrepot_domain::deadline::Times;
use entrepot_domain::refund_rule::UnissuedRefund;
use entrepot_engine::directory::{Application, Connection, Directory};
use entrepot_engine::records::{Record, RegisteredConnection};
use entrepot_engine::storage::Storage;
use entrepot_host::Host;
use serde_json::Value;

use crate::office;
use crate::plan::Plan;
use crate::world::World;

/// The one merchant.
pub const MERCHANT: &str = "park";
/// The channel connections: name, application, distributor.
pub const SHOPS: [(&str, &str, &str); 2] = [("shop", "app", "dist"), ("shop2", "app2", "dist2")];
/// Every plugin with the application it is opened for.
pub const INSTANCES: [(&str, &str); 5] = [
    ("sim-shop", "app"),
    ("sim-shop", "app2"),
    ("sim-asked", "asked"),
    ("sim-repeatable", "repeatable"),
    ("sim-blind", "blind"),
];
/// What is sold; `stay` is a room, one unit for up to [`NIGHTS`] nights; `routed` has a pool behind its supplier; `pass` is
/// a voucher, whose holder reserves a [`RIDE`].
pub const SKUS: [&str; 8] = ["own", "asked", "repeatable", "blind", "pooled", "stay", "routed", PASS];
/// The voucher.
pub const PASS: &str = "pass";
/// What is reserved with it.
pub const RIDE: &str = "ride";
/// The share of the second channel in the bucket of `own`.
const SHARE: &str = "share";
/// Units of `own` that one person may buy.
pub const OWN_LIMIT: u32 = 5;
/// The longest stay.
pub const NIGHTS: u32 = 4;
const DAY: &str = "2026-10-01";
/// What is kept of each refunded unit of `asked`, in fen.
pub const FEE_FEN: i64 = 50;

/// An id that is one.
pub fn id<T: std::str::FromStr<Err = InvalidId>>(text: &str) -> T {
    text.parse().unwrap()
}

/// The `number`th day that is sold.
pub fn day(number: u32) -> VisitDate {
    DAY.parse::<VisitDate>().unwrap().plus_days(number).unwrap()
}

fn channel(plan: &Plan, shop: usize) -> ConnectionRules {
    ConnectionRules::Channel(ChannelRules {
        application: id(SHOPS[shop].1),
        distributor: Some(id(SHOPS[shop].2)),
        price_check: true,
        accept_at_once: true,
        issue_at_acceptance: plan.issue_at_acceptance[shop],
        refund_by_rule: plan.refund_by_rule[shop],
        unissued_refund: if plan.unissued_by_person[shop] { UnissuedRefund::Person } else { UnissuedRefund::Rule },
        pairs: None,
        redeem_units: true,
        one_completes_all: false,
        tells_redemption: true,
        times: Times { hold_ms: 30_000, ..Times::usual() },
        beside: Beside::default(),
        selling: true,
    })
}

fn connection(name: &str, plugin: &str, application: &str, rules: ConnectionRules) -> Connection {
    let account = matches!(rules, ConnectionRules::Channel(_)).then(|| "account".to_owned());
    Connection {
        id: id(name),
        merchant: id(MERCHANT),
        plugin: id(plugin),
        application: id(application),
        facts: ConnectionFacts {
            id: id(name),
            merchant: id(MERCHANT),
            account,
            shops: vec!["shop-1".to_owned()],
            settings: Value::Null,
        },
        rules,
        external: application.to_owned(),
    }
}

fn connections(plan: &Plan) -> Vec<Connection> {
    let supplier = |pool| {
        let rules = if pool { SupplierRules::of_pool() } else { SupplierRules::called() };
        ConnectionRules::Supplier(SupplierRules { own_gate: true, ..rules })
    };
    vec![
        connection("shop", "sim-shop", "app", channel(plan, 0)),
        connection("shop2", "sim-shop", "app2", channel(plan, 1)),
        connection("asked", "sim-asked", "asked", supplier(false)),
        connection("repeatable", "sim-repeatable", "repeatable", supplier(false)),
        connection("blind", "sim-blind", "blind", supplier(false)),
        connection("codes", "sim-codes", "codes", supplier(true)),
    ]
}

/// The rules of all connections, for deciding without an engine.
pub fn rules(plan: &Plan) -> Connections {
    connections(plan).into_iter().map(|connection| (connection.id, connection.rules)).collect()
}

/// What configuration would say.
pub(crate) fn directory(plan: &Plan, host: &Host) -> Directory {
    let manifest = host.manifest(&id("sim-shop")).unwrap();
    let application = |name: &str| Application {
        id: id(name),
        family: id("sim"),
        plugins: BTreeMap::from([(id("sim-shop"), manifest.clone())]),
    };
    Directory {
        applications: SHOPS.into_iter().map(|(_, name, _)| (id(name), application(name))).collect(),
        connections: connections(plan).into_iter().map(|connection| (connection.id.clone(), connection)).collect(),
        merchants: BTreeMap::from([(id(MERCHANT), "Park".to_owned())]),
    }
}

pub(crate) fn opening(application: &str) -> OpenRequest {
    OpenRequest {
        application: id(application),
        base_url: None,
        token_mode: TokenMode::Fixed,
        extra_headers: Vec::new(),
        settings: serde_json::json!({}),
    }
}

/// Puts everything on sale before trouble begins.
pub(crate) async fn furnish(world: &World) {
    let registered = connections(&world.plan).into_iter().map(|connection| RegisteredConnection {
        id: connection.id,
        merchant: connection.merchant,
        plugin: connection.plugin.to_string(),
        external: connection.external,
    });
    let registered = Record::Register(registered.collect());
    world.memory.record(registered).await.expect("connections are registered before anything goes wrong");
    for (number, body) in goods(&world.plan).into_iter().enumerate() {
        office::done(world, &format!("furnish-{number}"), body).await;
    }
}

/// The commands that put everything on sale.
pub fn goods(plan: &Plan) -> Vec<Body> {
    let mut entries = Vec::new();
    for (_, _, name) in SHOPS {
        // One of the two has a price of its own for one SKU.
        let prices = if name == "dist" { BTreeMap::from([(id("own"), Money::fen(700))]) } else { BTreeMap::new() };
        entries.push(CatalogueEntry::Distributor(Distributor {
            id: id(name),
            name: name.to_owned(),
            prices,
            warn_below_minor: None,
        }));
    }
    for name in SKUS.into_iter().chain([RIDE]) {
        entries.push(CatalogueEntry::Product(product(name, plan)));
        entries.push(CatalogueEntry::Sku(sku(name)));
    }
    for name in SKUS {
        entries.extend(SHOPS.map(|(connection, _, _)| CatalogueEntry::Listing(listing(connection, name))));
    }
    let mut rows: Vec<CalendarRow> = SKUS.into_iter().chain([RIDE]).flat_map(|sku| rows(sku, plan.stock)).collect();
    if let Some(first) = rows.first().cloned() {
        rows.push(CalendarRow { stock: Some((cell(SHARE, 0), Capacity::Limited(plan.share))), ..first });
    }
    let limit = Money::fen(plan.credit_fen);
    let mut bodies = vec![Body::PutCatalogue { entries }, Body::WriteCalendar { rows }];
    bodies.extend(SHOPS.map(|(_, _, dist)| Body::SetCreditLimit { distributor: id(dist), limit }));
    bodies.push(add_codes(0, plan.codes));
    bodies
}

/// Codes number `from` up to but without `to`.
pub fn add_codes(from: u32, to: u32) -> Body {
    let code = |line: u32| NewCode {
        line,
        text: format!("CODE-{line}"),
        credentials: vec![Credential {
            kind: CredentialKind::QrCode,
            value: format!("CODE-{line}"),
            document_kind: None,
        }],
        facts: CodeFacts::of(id("b")),
    };
    Body::AddCodes { pool: id("pool"), codes: (from..to).map(code).collect() }
}

fn product(name: &str, plan: &Plan) -> Product {
    let refund = match name {
        // Always before the visit: the rule keeps a fee.
        "asked" => RefundRule {
            steps: vec![RefundStep { hours_before_visit: 0, fee: RefundFee::Fixed(FEE_FEN) }],
            otherwise: RefundOtherwise::Manual,
            partial: true,
        },
        "pooled" => RefundRule { steps: Vec::new(), otherwise: RefundOtherwise::Manual, partial: true },
        "stay" => RefundRule { steps: Vec::new(), otherwise: RefundOtherwise::Free, partial: false },
        _ => RefundRule { steps: Vec::new(), otherwise: RefundOtherwise::Free, partial: true },
    };
    Product {
        id: id(&format!("{name}-product")),
        merchant: id(MERCHANT),
        kind: match name {
            "stay" => ProductKind::RoomStay,
            PASS => ProductKind::FlashSaleVoucher,
            _ => ProductKind::Ticket,
        },
        name: name.to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        on_sale: true,
        guests: GuestRequirement::default(),
        validity: Validity::Window { from: "2026-01-01".parse().unwrap(), to: "2026-12-31".parse().unwrap() },
        refund,
        reservation: (name == PASS)
            .then_some(ReservationRule { together: plan.reserved_together, ..ReservationRule::default() }),
        limits: if name == "own" {
            vec![PurchaseLimit { per: LimitSubject::Phone, period: LimitPeriod::Always, units: OWN_LIMIT }]
        } else {
            Vec::new()
        },
    }
}

fn sku(name: &str) -> Sku {
    let supplied = |connection: &str, code: &str| Fulfilment::Supplier {
        connection: id(connection),
        product_code: code.to_owned(),
    };
    Sku {
        id: id(name),
        product: id(&format!("{name}-product")),
        name: name.to_owned(),
        persons_per_unit: 1,
        buckets: buckets(name).iter().map(|bucket| id(bucket)).collect(),
        minimum_units: 1,
        maximum_units: 10,
        fulfilment: match name {
            "own" | "stay" => Fulfilment::OwnNumber,
            "pooled" => supplied("codes", "pool"),
            "routed" => supplied("blind", "P"),
            PASS => Fulfilment::Nothing,
            RIDE => supplied("asked", "P"),
            supplier => supplied(supplier, "P"),
        },
        when: Default::default(),
        otherwise: if name == "routed" {
            vec![Route { connection: id("codes"), product_code: "pool".to_owned(), when: RouteCondition::default() }]
        } else {
            Vec::new()
        },
    }
}

/// The buckets a SKU draws on; `own`, `asked` and `ride` share one.
pub fn buckets(sku: &str) -> &'static [&'static str] {
    match sku {
        "own" => &["gate"],
        "asked" => &["gate", "asked"],
        "repeatable" => &["repeatable"],
        "blind" => &["blind"],
        "pooled" => &["pooled"],
        "routed" => &["routed"],
        PASS => &["passes"],
        RIDE => &["gate", "ride"],
        _ => &["room"],
    }
}

fn listing(connection: &str, sku: &str) -> Listing {
    Listing {
        id: id(&format!("{connection}-{sku}")),
        connection: id(connection),
        sells: if sku == PASS { Sells::Pair { voucher: id(PASS), reservation: id(RIDE) } } else { Sells::One(id(sku)) },
        names: names(sku),
        on_sale: true,
        allotment: (sku == "own" && connection == "shop2").then(|| id(SHARE)),
        safety_stock: 0,
        there: None,
    }
}

/// What channels call a SKU.
pub fn names(sku: &str) -> ListingNames {
    ListingNames { product: Some(sku.to_owned()), ..ListingNames::default() }
}

/// What a guest pays for one unit on one day.
pub fn retail_fen(sku: &str, day: u32) -> i64 {
    if sku == "stay" { 500 + 100 * i64::from(day) } else { 1_000 }
}

/// What a distributor owes for one unit on one day.
pub fn settlement_fen(distributor: &str, sku: &str, day: u32) -> i64 {
    match sku {
        "own" if distributor == "dist" => 700,
        "stay" => 400 + 50 * i64::from(day),
        _ => 800,
    }
}

/// Rows of the calendar with the stock of the SKU's last bucket.
pub fn rows(sku: &str, stock: u32) -> Vec<CalendarRow> {
    let days = if sku == "stay" { NIGHTS + 1 } else { 1 };
    let bucket = buckets(sku).last().copied().unwrap_or_default();
    (0..days)
        .map(|number| CalendarRow {
            day: CalendarDay {
                sku: id(sku),
                date: (sku != PASS).then(|| day(number)),
                retail: Money::fen(retail_fen(sku, number)),
                settlement: Money::fen(settlement_fen("", sku, number)),
                open: true,
                close: None,
                cost: None,
                minimum_units: None,
                maximum_units: None,
                cutoff: None,
                slots: Vec::new(),
            },
            stock: Some((cell(bucket, number), Capacity::Limited(stock))),
        })
        .collect()
}

/// A bucket on a day; the one of the voucher has no days.
pub fn cell(bucket: &str, number: u32) -> StockKey {
    StockKey { bucket: id(bucket), date: (bucket != "passes").then(|| day(number)), slot: None }
}

/// The days a visit takes: one for a ticket, the nights of a stay; a voucher is bought without one, and costs as on one.
pub fn visit(sku: &str, nights: u32) -> (Option<Visit>, Vec<u32>) {
    match sku {
        "stay" => (Some(Visit { arrive: day(0), leave: day(nights) }), (0..nights).collect()),
        PASS => (None, vec![0]),
        _ => (Some(Visit { arrive: day(0), leave: day(0) }), vec![0]),
    }
}

/// The cells that a sale through a channel may take: the first channel that has a share takes it before the common pool.
pub fn cells(shop: usize, sku: &str, days: &[u32]) -> Vec<BTreeSet<StockKey>> {
    let of = |buckets: &[&str]| days.iter().flat_map(|day| buckets.iter().map(|bucket| cell(bucket, *day))).collect();
    let usual = of(buckets(sku));
    if sku == "own" && SHOPS[shop].0 == "shop2" { vec![usual, of(&[SHARE]), of(&[SHARE, "gate"])] } else { vec![usual] }
}

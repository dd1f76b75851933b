//! The real thing with one SKU on sale: the demo's configuration, orders created after payment, accepted at once, with
//! a voucher number of our own.

use std::path::Path;

use chrono::{Days, Utc};
use entrepot_contract::calendar::{CalendarDay, Capacity, StockKey};
use entrepot_contract::ids::{ApplicationId, ConnectionId, DistributorId, ListingId, MerchantId, ProductId, SkuId};
use entrepot_contract::intent::{CreateOrder, Wish};
use entrepot_contract::listing::{Listing, ListingNames, Sells};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Guest, GuestField, Guests, Visit};
use entrepot_contract::product::{Fulfilment, Product, ProductKind, RefundRule, Sku};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::answer::Answer;
use entrepot_domain::catalogue::Distributor;
use entrepot_domain::command::{Body, CalendarRow, CatalogueEntry};
use entrepot_engine::Engine;
use entrepot_engine::flows::administer::Asked;
use entrepot_engine::seed::{RandomSeeds, Seeds};
use entrepot_server::boot::{self, App, Schema};
use entrepot_server::{config, plugins};
use serde_json::{Value, json};

use crate::Result;

/// The demo's configuration, with its published keys.
const DEMO_TOML: &str = include_str!("../../config/demo.toml");

/// The demo's application, account and keys.
pub const APPLICATION: &str = "douyin-demo";
/// The account of the first merchant at the channel.
pub const ACCOUNT: &str = "70001";
/// The account of the second merchant, hilltop.
pub const SECOND_ACCOUNT: &str = "70002";
/// The application's published key.
pub const CLIENT_KEY: &str = "awtestkey000001";
/// The application's published secret.
pub const CLIENT_SECRET: &str = "0123456789abcdef0123456789ABCDEF";

/// What one unit costs a guest, in fen.
pub const RETAIL_FEN: i64 = 10_000;
/// What the distributor owes for one unit, in fen.
pub const SETTLEMENT_FEN: i64 = 8_000;
/// Far more than any run sells for.
const CREDIT_FEN: i64 = 1_000_000_000_000_000;
/// Stock that no run uses up by itself.
pub const PLENTY: u32 = 1_000_000_000;

/// The names of what is on sale.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Whose.
    pub merchant: MerchantId,
    /// The connection it is sold through.
    pub connection: ConnectionId,
    /// Its application.
    pub application: ApplicationId,
    /// On whose credit line.
    pub distributor: DistributorId,
    /// The product.
    pub product: ProductId,
    /// The SKU.
    pub sku: SkuId,
    /// The listing.
    pub listing: ListingId,
    /// The date.
    pub date: VisitDate,
}

/// An id from its text.
pub fn id<T: std::str::FromStr>(text: &str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|fault| format!("{text}: {fault}"))
}

impl Offer {
    /// The one that all runs sell.
    pub fn new() -> Result<Self> {
        Self::of("lakeside")
    }

    /// The same of another of the demo's merchants.
    pub fn of(merchant: &str) -> Result<Self> {
        let date = Utc::now().date_naive().checked_add_days(Days::new(7)).and_then(VisitDate::new);
        Ok(Self {
            merchant: id(merchant)?,
            connection: id(&format!("{merchant}-douyin"))?,
            application: id(APPLICATION)?,
            distributor: id("bluebird")?,
            product: id("DAY-TICKET")?,
            sku: id("DAY-ADULT")?,
            listing: id("DAY-ADULT-listing")?,
            date: date.ok_or("no date to sell")?,
        })
    }

    /// The cell it is sold from.
    pub fn cell(&self) -> Result<StockKey> {
        Ok(StockKey { bucket: id(self.sku.as_str())?, date: Some(self.date), slot: None })
    }

    /// How the channel names it.
    pub fn names(&self) -> ListingNames {
        ListingNames {
            product_out: Some(self.product.to_string()),
            sku_out: Some(self.sku.to_string()),
            ..ListingNames::default()
        }
    }

    /// An order for one unit, as the channel's plugin decodes it.
    pub fn create(&self, number: u64, at: Timestamp) -> Result<CreateOrder> {
        Ok(CreateOrder {
            paid_at: Some(at),
            ..CreateOrder::new(
                id(&number.to_string())?,
                Wish {
                    names: self.names(),
                    count: 1,
                    visit: Some(Visit { arrive: self.date, leave: self.date }),
                    slot: None,
                    origin_amount: Some(Money::fen(RETAIL_FEN)),
                    pay_amount: Some(Money::fen(RETAIL_FEN)),
                    guests: guests(),
                    guests_final: true,
                    ..Wish::default()
                },
                at,
            )
        })
    }

    fn entries(&self, fulfilment: Fulfilment) -> Vec<CatalogueEntry> {
        let product = Product {
            id: self.product.clone(),
            merchant: self.merchant.clone(),
            kind: ProductKind::Ticket,
            name: "Day ticket".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            on_sale: true,
            guests: Default::default(),
            validity: Default::default(),
            refund: RefundRule::default(),
            reservation: None,
            limits: Vec::new(),
        };
        vec![
            CatalogueEntry::Distributor(Distributor {
                id: self.distributor.clone(),
                name: "bluebird".to_owned(),
                prices: Default::default(),
                warn_below_minor: None,
            }),
            CatalogueEntry::Product(product),
            CatalogueEntry::Sku(self.sku_entry(fulfilment)),
            CatalogueEntry::Listing(Listing {
                id: self.listing.clone(),
                connection: self.connection.clone(),
                sells: Sells::One(self.sku.clone()),
                names: self.names(),
                on_sale: true,
                allotment: None,
                safety_stock: 0,
                there: None,
            }),
        ]
    }

    fn sku_entry(&self, fulfilment: Fulfilment) -> Sku {
        Sku {
            id: self.sku.clone(),
            product: self.product.clone(),
            name: "adult".to_owned(),
            persons_per_unit: 1,
            buckets: self.cell().map(|cell| vec![cell.bucket]).unwrap_or_default(),
            minimum_units: 1,
            maximum_units: 50,
            fulfilment,
            when: Default::default(),
            otherwise: Vec::new(),
        }
    }

    fn day(&self, stock: u32) -> Result<CalendarRow> {
        Ok(CalendarRow {
            day: CalendarDay {
                sku: self.sku.clone(),
                date: Some(self.date),
                retail: Money::fen(RETAIL_FEN),
                settlement: Money::fen(SETTLEMENT_FEN),
                open: true,
                close: None,
                cost: None,
                minimum_units: None,
                maximum_units: None,
                cutoff: None,
                slots: Vec::new(),
            },
            stock: Some((self.cell()?, Capacity::Limited(stock))),
        })
    }
}

/// The guests that every order of every way names.
pub fn guests() -> Guests {
    let plain = |text: &str| Some(GuestField::Plain(text.to_owned()));
    let buyer = Guest { name: plain("张三"), phone: plain("13800138000"), ..Guest::default() };
    Guests { buyer: Some(buyer), visitors: Vec::new(), ..Guests::default() }
}

/// A running Entrepot with the offer on sale.
pub struct Shop {
    /// Everything that runs.
    pub app: App,
    /// What is sold.
    pub offer: Offer,
}

impl Shop {
    /// Opens on an empty database. `folder` takes the configuration file; `more` is laid over it.
    pub async fn open(url: &str, folder: &Path, more: Value) -> Result<Self> {
        let file = folder.join("bench.toml");
        std::fs::write(&file, DEMO_TOML).map_err(|fault| format!("{}: {fault}", file.display()))?;
        let sells_at_once = json!({
            "issue_at": "acceptance", "distributor": "bluebird", "settings": { "order_mode": "after_payment" },
        });
        let mut values = json!({
            "database": { "url": url },
            "http": { "listen": "127.0.0.1:0" },
            "telemetry": { "filter": "error" },
            "merchants": {
                "lakeside": { "channels": { "lakeside-douyin": sells_at_once } },
                "hilltop": { "channels": { "hilltop-douyin": sells_at_once } },
            },
        });
        merge(&mut values, more);
        let known = |id: &str| plugins::known_built_in(id);
        let loaded = config::load_checked(&[file], &values, &known).map_err(|faults| faults.to_string())?;
        entrepot_server::telemetry::start_logs(&loaded.config.telemetry)?;
        let app = boot::start(loaded, Schema::Migrate).await?;
        let shop = Self { app, offer: Offer::new()? };
        put_on_sale(&shop.app.engine, &shop.offer, Fulfilment::OwnNumber).await?;
        Ok(shop)
    }

    /// What the invariants say about everything that stands in the database.
    pub async fn broken_invariants(&self) -> Result<Vec<String>> {
        let snapshot = self.app.engine.storage().snapshot(&self.offer.merchant).await;
        let snapshot = snapshot.map_err(|fault| fault.to_string())?;
        let findings = entrepot_domain::invariants::check(&snapshot);
        let broken = findings.into_iter().filter(|finding| !finding.broken.is_empty());
        Ok(broken.map(|finding| format!("{}: {}", finding.name, finding.broken.join("; "))).collect())
    }
}

/// Puts an offer on sale, with plenty of stock and credit.
pub async fn put_on_sale(engine: &Engine, offer: &Offer, fulfilment: Fulfilment) -> Result<()> {
    administer(engine, &offer.merchant, Body::PutCatalogue { entries: offer.entries(fulfilment) }).await?;
    administer(engine, &offer.merchant, Body::WriteCalendar { rows: vec![offer.day(PLENTY)?] }).await?;
    let limit = Money::fen(CREDIT_FEN);
    administer(engine, &offer.merchant, Body::SetCreditLimit { distributor: offer.distributor.clone(), limit }).await
}

/// Gives an administrator's command.
pub async fn administer(engine: &Engine, merchant: &MerchantId, body: Body) -> Result<()> {
    let key = RandomSeeds.next(engine.now()).order().to_string();
    let name = body.name();
    let asked = Asked { by: "bench".to_owned(), key };
    match engine.administer(&asked, merchant, body).await {
        Ok(Answer::Refused(refusal)) => Err(format!("{name}: {}", refusal.text)),
        Ok(_) => Ok(()),
        Err(fault) => Err(format!("{name}: {fault}")),
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

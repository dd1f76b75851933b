//! A merchant's catalogue and the rules of his connections, as a batch sees them.

mod taken;

use std::collections::BTreeMap;
use std::sync::Arc;

use entrepot_contract::calendar::CalendarDay;
use entrepot_contract::ids::{
    ApplicationId, BucketId, ConnectionId, DistributorId, MerchantId, PoolName, ProductId, SkuId, StopSaleId,
};
use entrepot_contract::listing::{Listing, ListingNames};
use entrepot_contract::money::Money;
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Product, Sku};
use entrepot_contract::time::VisitDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::command::CatalogueEntry;
use crate::deadline::Times;
use crate::refund_rule::UnissuedRefund;

pub use taken::{dates_taken, share_cells, sold, stock_cells};

/// Most nights or days one order may span.
pub const VISIT_LIMIT_DAYS: i64 = 60;

/// Everything of one merchant that decides a sale, at one revision.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Grows with every change.
    pub revision: i64,
    /// The revision at which it was read; what was put in since then is this node's own.
    pub read_at: i64,
    /// By id.
    pub products: BTreeMap<ProductId, Product>,
    /// By id.
    pub skus: BTreeMap<SkuId, Sku>,
    /// By SKU and date.
    pub days: BTreeMap<SkuId, Arc<BTreeMap<Option<VisitDate>, CalendarDay>>>,
    /// All listings.
    pub listings: Vec<Listing>,
    /// By id.
    pub distributors: BTreeMap<DistributorId, Distributor>,
    /// By id, those that are lifted left out.
    pub stops: BTreeMap<StopSaleId, StopSale>,
}

/// Sales are stopped (停售), for as much as is named: a SKU, a connection, a range of dates; all of them where left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopSale {
    /// Its id, chosen by the merchant.
    pub id: StopSaleId,
    /// Which SKU; all when left out.
    #[serde(default)]
    pub sku: Option<SkuId>,
    /// Through which connection; all when left out.
    #[serde(default)]
    pub connection: Option<ConnectionId>,
    /// First date of visit; from the beginning when left out.
    #[serde(default)]
    pub from: Option<VisitDate>,
    /// Last date of visit, inclusive; without end when left out.
    #[serde(default)]
    pub to: Option<VisitDate>,
    /// Why, for people.
    pub reason: String,
    /// Whether sales go on again.
    #[serde(default)]
    pub lifted: bool,
}

impl StopSale {
    /// Whether it stops that SKU on that date through that connection. What is sold without a date is stopped only
    /// by a stop without dates.
    #[must_use]
    pub fn covers(&self, connection: &ConnectionId, sku: &SkuId, date: Option<VisitDate>) -> bool {
        let named = self.sku.as_ref().is_none_or(|named| named == sku)
            && self.connection.as_ref().is_none_or(|named| named == connection);
        let dated = match date {
            Some(date) => self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to),
            None => self.from.is_none() && self.to.is_none(),
        };
        named && dated && !self.lifted
    }
}

/// Who sells on a credit line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Distributor {
    /// Its id.
    pub id: DistributorId,
    /// For people.
    pub name: String,
    /// Settlement prices agreed with this distributor, by SKU; the day's settlement price otherwise.
    #[serde(default, deserialize_with = "entrepot_contract::strict::strict")]
    pub prices: BTreeMap<SkuId, Money>,
    /// Somebody is told when less than this is left to spend, in minor units.
    #[serde(default)]
    pub warn_below_minor: Option<i64>,
}

/// The rules of one connection, from configuration and the switches of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionRules {
    /// Sells.
    Channel(ChannelRules),
    /// Fulfils.
    Supplier(SupplierRules),
}

/// The rules of a channel connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRules {
    /// The credential set its calls come through.
    pub application: ApplicationId,
    /// On whose credit line it sells.
    pub distributor: Option<DistributorId>,
    /// Whether the channel's list price has to equal ours.
    pub price_check: bool,
    /// Whether a paid order is accepted at once.
    pub accept_at_once: bool,
    /// Whether issuing starts at acceptance, not at the channel's issue call.
    pub issue_at_acceptance: bool,
    /// Whether refunds are decided by rule; otherwise by a person.
    pub refund_by_rule: bool,
    /// Who decides a refund that a guest asks for while credentials are being issued.
    pub unissued_refund: UnissuedRefund,
    /// What stands between the halves of a pair's name, where the channel sells pairs.
    pub pairs: Option<char>,
    /// Whether the channel redeems single units.
    pub redeem_units: bool,
    /// Whether one used unit completes all that are open: only where the channel redeems whole orders.
    pub one_completes_all: bool,
    /// Whether it can be told about a redemption.
    pub tells_redemption: bool,
    /// How long each step may take.
    pub times: Times,
    /// What it is told and asked beside its orders.
    pub beside: Beside,
    /// Whether new sales are taken.
    pub selling: bool,
}

/// What a channel is told and asked beside its orders. By default nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// How it is told prices and stock; none where it pulls them, or sells without.
    pub calendar: Option<TellsCalendar>,
    /// When it is told about products.
    pub products: TellsProducts,
    /// Whether it keeps a pool of codes itself, and codes of ours may go there.
    pub codes: bool,
    /// How often its orders' changes are followed, in milliseconds; none where they are not.
    pub catch_up_ms: Option<i64>,
    /// When each day is compared with it; none where only a person asks for it.
    pub compares: Option<ComparesDays>,
}

/// How a channel is told prices and stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TellsCalendar {
    /// How often changes are looked for, in milliseconds.
    pub every_ms: i64,
    /// A date of which only the number left changed is told again after so long, in milliseconds.
    pub stock_every_ms: i64,
    /// How often everything is told together, in milliseconds.
    pub whole_every_ms: i64,
}

/// When a channel is told about products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TellsProducts {
    /// Never: a person keeps them there by hand.
    #[default]
    Never,
    /// When a person asks for it.
    Asked,
    /// Whenever one changes here.
    Always,
}

/// When each day is compared with a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparesDays {
    /// The minute of the next day at which it begins.
    pub minute_of_day: u16,
    /// IANA zone of the channel's days.
    pub time_zone: String,
}

/// The rules of a supplier connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierRules {
    /// Whether it fulfils from a pool of the core.
    pub pool: bool,
    /// How it gives codes, where it does.
    pub codes: CodeRules,
    /// Pools of which it gives codes in another way.
    pub pools: BTreeMap<PoolName, CodeRules>,
    /// What of an order it takes back.
    pub cancel: Cancels,
    /// Most units of one order; none is without limit.
    pub units_limit: Option<u16>,
    /// How it keeps units before they are booked; none where it does not, or is not asked to.
    pub holds: Option<Holds>,
    /// How often it may be asked how much of an order was used at its gate, in milliseconds; none where it cannot be
    /// asked.
    pub usage_poll_ms: Option<i64>,
    /// How its calendar is read into ours; none where ours is kept by hand.
    pub reads_calendar: Option<ReadsCalendar>,
    /// Whether guests show their tickets at Entrepot's own desk.
    pub own_gate: bool,
    /// Whether it takes new orders.
    pub selling: bool,
}

/// How a pool connection gives codes of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRules {
    /// Codes that each unit gets: at least 1.
    pub per_unit: u16,
    /// What becomes of an order for which the pool has too few.
    pub on_empty: OnEmpty,
    /// Whether codes that nobody was shown go back into their pool when their order is given back; void otherwise.
    pub return_unshown: bool,
}

impl CodeRules {
    /// One code a unit; orders wait; what was given is never given again.
    #[must_use]
    pub const fn usual() -> Self {
        Self { per_unit: 1, on_empty: OnEmpty::Wait, return_unshown: false }
    }
}

/// What becomes of an order for which a pool has too few codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnEmpty {
    /// It waits, and is issued when codes come while the channel still waits for it.
    Wait,
    /// It is refused at once; the channel gives the money back.
    Refuse,
}

/// How a supplier keeps units before they are booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holds {
    /// The longest hold that it grants, in milliseconds.
    pub longest_ms: i64,
    /// Whether a hold can be made longer.
    pub extends: bool,
}

/// How a supplier's calendar is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadsCalendar {
    /// How often, in milliseconds.
    pub every_ms: i64,
    /// How many days ahead, today included.
    pub days: u16,
}

/// What a supplier takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancels {
    /// Nothing: a person has to settle it there.
    Nothing,
    /// Whole orders.
    Whole,
    /// Whole orders and parts of them.
    Parts,
}

impl SupplierRules {
    /// A supplier that is called, takes back whole orders and parts, and takes new orders.
    #[must_use]
    pub const fn called() -> Self {
        Self {
            pool: false,
            codes: CodeRules::usual(),
            pools: BTreeMap::new(),
            cancel: Cancels::Parts,
            units_limit: None,
            holds: None,
            usage_poll_ms: None,
            reads_calendar: None,
            own_gate: false,
            selling: true,
        }
    }

    /// A pool of the core, with tickets shown at its own desk, that gives codes to new orders.
    #[must_use]
    pub fn of_pool() -> Self {
        Self { pool: true, cancel: Cancels::Nothing, own_gate: true, ..Self::called() }
    }

    /// How it gives codes of this pool.
    #[must_use]
    pub fn codes_of(&self, pool: &PoolName) -> CodeRules {
        self.pools.get(pool).copied().unwrap_or(self.codes)
    }
}

/// The rules of all connections of one merchant.
pub type Connections = BTreeMap<ConnectionId, ConnectionRules>;

/// A catalogue with the connections: all that decides a sale besides the numbers.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Whose.
    pub merchant: MerchantId,
    /// Products, prices, listings, distributors.
    pub catalogue: Arc<Catalogue>,
    /// Connections.
    pub connections: Arc<Connections>,
}

impl Rules {
    /// The rules of a channel connection of this merchant.
    #[must_use]
    pub fn channel(&self, connection: &ConnectionId) -> Option<&ChannelRules> {
        match self.connections.get(connection) {
            Some(ConnectionRules::Channel(rules)) => Some(rules),
            _ => None,
        }
    }

    /// The rules of a supplier connection of this merchant.
    #[must_use]
    pub fn supplier(&self, connection: &ConnectionId) -> Option<&SupplierRules> {
        match self.connections.get(connection) {
            Some(ConnectionRules::Supplier(rules)) => Some(rules),
            _ => None,
        }
    }
}

impl Catalogue {
    /// The listing that a channel means, or the channel's product refusal.
    pub fn listing(&self, connection: &ConnectionId, names: &ListingNames) -> Result<&Listing, Refusal> {
        let mut found =
            self.listings.iter().filter(|listing| &listing.connection == connection && listing.names.answers_to(names));
        match (found.next(), found.next()) {
            (Some(listing), None) => Ok(listing),
            (Some(_), Some(_)) => Err(Refusal::new(
                Reason::OffSale,
                format!("the names {names:?} fit several listings of connection {connection}; add the SKU's name"),
            )),
            (None, _) => {
                Err(Refusal::new(Reason::OffSale, format!("connection {connection} has no listing for {names:?}")))
            }
        }
    }

    /// A SKU with its product.
    pub fn sku(&self, id: &SkuId) -> Result<(&Product, &Sku), Refusal> {
        let sku = self.skus.get(id);
        let product = sku.and_then(|sku| self.products.get(&sku.product));
        match (product, sku) {
            (Some(product), Some(sku)) => Ok((product, sku)),
            _ => Err(Refusal::new(Reason::OffSale, format!("SKU {id} is not in the catalogue"))),
        }
    }

    /// One SKU on one date.
    #[must_use]
    pub fn day(&self, sku: &SkuId, date: Option<VisitDate>) -> Option<&CalendarDay> {
        self.days.get(sku)?.get(&date)
    }

    /// The stop that keeps a SKU from being sold on a date through a connection.
    #[must_use]
    pub fn stopped(&self, connection: &ConnectionId, sku: &SkuId, date: Option<VisitDate>) -> Option<&StopSale> {
        self.stops.values().find(|stop| stop.covers(connection, sku, date))
    }

    /// Whether a SKU's units may come from a bucket: its own, or a connection's share of it.
    #[must_use]
    pub fn draws_on(&self, sku: &Sku, bucket: &BucketId) -> bool {
        let share = |listing: &Listing| {
            listing.allotment.as_ref() == Some(bucket)
                && (listing.sells.bought() == &sku.id || listing.sells.dated() == &sku.id)
        };
        sku.buckets.contains(bucket) || self.listings.iter().any(share)
    }

    /// Puts an entry in its place, instead of what had its id before.
    pub fn put(&mut self, entry: CatalogueEntry) {
        match entry {
            CatalogueEntry::Product(product) => {
                self.products.insert(product.id.clone(), product);
            }
            CatalogueEntry::Sku(sku) => {
                self.skus.insert(sku.id.clone(), sku);
            }
            CatalogueEntry::Listing(listing) => {
                self.listings.retain(|other| other.id != listing.id);
                self.listings.push(listing);
            }
            CatalogueEntry::Distributor(distributor) => {
                self.distributors.insert(distributor.id.clone(), distributor);
            }
            CatalogueEntry::StopSale(stop) if stop.lifted => {
                self.stops.remove(&stop.id);
            }
            CatalogueEntry::StopSale(stop) => {
                self.stops.insert(stop.id.clone(), stop);
            }
        }
    }

    /// The entry of that kind and id.
    #[must_use]
    pub fn entry(&self, kind: &str, id: &str) -> Option<CatalogueEntry> {
        match kind {
            "product" => self.products.get(&ProductId::parse(id).ok()?).cloned().map(CatalogueEntry::Product),
            "sku" => self.skus.get(&SkuId::parse(id).ok()?).cloned().map(CatalogueEntry::Sku),
            "listing" => self.listings.iter().find(|one| one.id.as_str() == id).cloned().map(CatalogueEntry::Listing),
            "distributor" => {
                self.distributors.get(&DistributorId::parse(id).ok()?).cloned().map(CatalogueEntry::Distributor)
            }
            "stop_sale" => self.stops.get(&StopSaleId::parse(id).ok()?).cloned().map(CatalogueEntry::StopSale),
            _ => None,
        }
    }

    /// Puts a date of a SKU in its place.
    pub fn put_day(&mut self, day: CalendarDay) {
        Arc::make_mut(self.days.entry(day.sku.clone()).or_default()).insert(day.date, day);
    }

    /// What a distributor owes for one unit.
    #[must_use]
    pub fn settlement(&self, distributor: Option<&DistributorId>, day: &CalendarDay) -> Money {
        distributor
            .and_then(|id| self.distributors.get(id))
            .and_then(|distributor| distributor.prices.get(&day.sku))
            .copied()
            .unwrap_or(day.settlement)
    }
}

//! A merchant's catalogue and the rules of his connections, as a batch sees them.

use std::collections::BTreeMap;

use entrepot_contract::calendar::{CalendarDay, StockKey};
use entrepot_contract::ids::{ApplicationId, ConnectionId, DistributorId, MerchantId, ProductId, SkuId};
use entrepot_contract::listing::{Listing, ListingNames};
use entrepot_contract::money::Money;
use entrepot_contract::order::Visit;
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Product, Sku};
use entrepot_contract::time::VisitDate;
use serde::{Deserialize, Serialize};

use crate::planted::{self, Bug};

/// Most nights or days one order may span.
pub const VISIT_LIMIT_DAYS: i64 = 60;

/// Everything of one merchant that decides a sale, at one revision.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Grows with every change.
    pub revision: i64,
    /// By id.
    pub products: BTreeMap<ProductId, Product>,
    /// By id.
    pub skus: BTreeMap<SkuId, Sku>,
    /// By SKU and date.
    pub days: BTreeMap<SkuId, BTreeMap<Option<VisitDate>, CalendarDay>>,
    /// All listings.
    pub listings: Vec<Listing>,
    /// By id.
    pub distributors: BTreeMap<DistributorId, Distributor>,
}

/// Who sells on a credit line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distributor {
    /// Its id.
    pub id: DistributorId,
    /// For people.
    pub name: String,
    /// Settlement prices agreed with this distributor, by SKU; the day's settlement price otherwise.
    #[serde(default)]
    pub prices: BTreeMap<SkuId, Money>,
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
    /// Whether the channel redeems single units.
    pub redeem_units: bool,
    /// Whether it can be told about a redemption.
    pub tells_redemption: bool,
    /// How long an unpaid order holds stock and credit.
    pub hold_ms: i64,
    /// Whether new sales are taken.
    pub selling: bool,
}

/// The rules of a supplier connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierRules {
    /// Whether it fulfils from a pool of the core.
    pub pool: bool,
    /// Whether it can cancel.
    pub cancel: bool,
    /// Whether guests show their tickets at Entrepot's own desk.
    pub own_gate: bool,
}

/// The rules of all connections of one merchant.
pub type Connections = BTreeMap<ConnectionId, ConnectionRules>;

/// A catalogue with the connections: all that decides a sale besides the numbers.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Whose.
    pub merchant: MerchantId,
    /// Products, prices, listings, distributors.
    pub catalogue: std::sync::Arc<Catalogue>,
    /// Connections.
    pub connections: std::sync::Arc<Connections>,
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

/// The stock cells of which each unit of a SKU takes one: every bucket on every date.
#[must_use]
pub fn stock_cells(sku: &Sku, dates: &[Option<VisitDate>], slot: Option<&str>) -> Vec<StockKey> {
    let missed = usize::from(planted::is(Bug::MissedNight) && dates.len() > 1);
    let mut cells: Vec<StockKey> = dates[..dates.len() - missed]
        .iter()
        .flat_map(|date| {
            sku.buckets.iter().map(move |bucket| StockKey {
                bucket: bucket.clone(),
                date: *date,
                slot: slot.map(str::to_owned),
            })
        })
        .collect();
    cells.sort();
    cells.dedup();
    cells
}

/// The dates that a visit takes from the calendar: the day of a ticket, the nights of a stay, no date for a voucher.
pub fn dates_taken(product: &Product, visit: Option<&Visit>) -> Result<Vec<Option<VisitDate>>, Refusal> {
    let closed = |text: String| Refusal::new(Reason::DateClosed, text);
    if !product.kind.dated() {
        return Ok(vec![None]);
    }
    let Some(visit) = visit else {
        return Err(closed(format!("product {} is sold by date and the call names none", product.id)));
    };
    let days = visit.leave.days_since(visit.arrive);
    if !(0..=VISIT_LIMIT_DAYS).contains(&days) {
        return Err(closed(format!("the visit from {} to {} cannot be", visit.arrive, visit.leave)));
    }
    if product.kind != entrepot_contract::product::ProductKind::RoomStay {
        return Ok(vec![Some(visit.arrive)]);
    }
    if days == 0 {
        return Err(closed(format!("a stay needs a night; arrival and departure are {}", visit.arrive)));
    }
    let nights = u32::try_from(days).unwrap_or(0);
    Ok((0..nights).map(|night| visit.arrive.plus_days(night)).collect())
}

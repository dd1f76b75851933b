//! Parts of a calendar and a catalogue, as people write them.

use entrepot_contract::calendar::{CalendarDay, Capacity, StockKey};
use entrepot_contract::listing::Listing;
use entrepot_contract::product::{Product, Sku};
use serde::{Deserialize, Serialize};

use crate::catalogue::{Distributor, StopSale};

/// One SKU on one date, with the stock of its own bucket. What is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarRow {
    /// Price, opening, cut-off.
    pub day: CalendarDay,
    /// Stock.
    pub stock: Option<(StockKey, Capacity)>,
}

/// A cell's new stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockCorrection {
    /// The cell.
    pub key: StockKey,
    /// What becomes of it.
    pub change: StockChange,
}

/// How a cell's capacity changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockChange {
    /// It becomes this.
    Set(Capacity),
    /// It grows by so many, or shrinks.
    Add(i32),
}

/// A part of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatalogueEntry {
    /// A product.
    Product(Product),
    /// A SKU.
    Sku(Sku),
    /// A listing.
    Listing(Listing),
    /// A distributor; its account is opened with limit 0.
    Distributor(Distributor),
    /// An end of sales, or its lifting.
    StopSale(StopSale),
}

impl CatalogueEntry {
    /// Its kind and id: what names it among a merchant's entries.
    #[must_use]
    pub fn name(&self) -> (&'static str, &str) {
        match self {
            Self::Product(product) => ("product", product.id.as_str()),
            Self::Sku(sku) => ("sku", sku.id.as_str()),
            Self::Listing(listing) => ("listing", listing.id.as_str()),
            Self::Distributor(distributor) => ("distributor", distributor.id.as_str()),
            Self::StopSale(stop) => ("stop_sale", stop.id.as_str()),
        }
    }
}

//! Products of many SKUs and their date cells, as an operator's upload brings them.

use entrepot_contract::calendar::{CalendarDay, Capacity, StockKey};
use entrepot_contract::ids::{MerchantId, ProductId, SkuId};
use entrepot_contract::money::Money;
use entrepot_contract::product::{Fulfilment, Product, ProductKind, Sku};
use entrepot_contract::time::VisitDate;
use entrepot_domain::command::{BULK_LIMIT_ROWS, Body, CalendarRow, CatalogueEntry};
use entrepot_engine::Engine;

use crate::Result;
use crate::shop::{SETTLEMENT_FEN, administer, id};

/// Units of each date.
const STOCK: u32 = 100;

/// Puts a product with these SKUs into the catalogue, each with a stock bucket of its own.
pub async fn put_product(engine: &Engine, merchant: &MerchantId, product: &ProductId, skus: &[SkuId]) -> Result<()> {
    let mut entries = vec![CatalogueEntry::Product(Product {
        id: product.clone(),
        merchant: merchant.clone(),
        kind: ProductKind::Ticket,
        name: "Uploaded".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        on_sale: true,
        guests: Default::default(),
        validity: Default::default(),
        refund: Default::default(),
        reservation: None,
        limits: Vec::new(),
    })];
    for sku in skus {
        entries.push(CatalogueEntry::Sku(Sku {
            buckets: vec![id(sku.as_str())?],
            id: sku.clone(),
            product: product.clone(),
            name: "any".to_owned(),
            persons_per_unit: 1,
            minimum_units: 1,
            maximum_units: 50,
            fulfilment: Fulfilment::OwnNumber,
            when: Default::default(),
            otherwise: Vec::new(),
        }));
    }
    for chunk in entries.chunks(BULK_LIMIT_ROWS) {
        administer(engine, merchant, Body::PutCatalogue { entries: chunk.to_vec() }).await?;
    }
    Ok(())
}

/// A date on sale at this price, with stock of its SKU's own bucket.
pub fn row(sku: &SkuId, date: VisitDate, retail_fen: i64) -> Result<CalendarRow> {
    let cell = StockKey { bucket: id(sku.as_str())?, date: Some(date), slot: None };
    Ok(CalendarRow {
        day: CalendarDay {
            sku: sku.clone(),
            date: Some(date),
            retail: Money::fen(retail_fen),
            settlement: Money::fen(SETTLEMENT_FEN),
            open: true,
            close: None,
            cost: None,
            minimum_units: None,
            maximum_units: None,
            cutoff: None,
            slots: Vec::new(),
        },
        stock: Some((cell, Capacity::Limited(STOCK))),
    })
}

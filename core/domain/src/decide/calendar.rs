//! Prices, opening, stock and the catalogue. All rows or none.

use entrepot_contract::money::Currency;
use entrepot_contract::outcome::{Reason, Refusal};

use super::Stop;
use super::draft::Draft;
use crate::answer::Answer;
use crate::change::Change;
use crate::command::{BULK_LIMIT_ROWS, CalendarRow, CatalogueEntry};
use crate::credit::Account;
use crate::stock;
use crate::venue;

fn malformed(text: String) -> Refusal {
    Refusal::new(Reason::Malformed, text)
}

fn size(rows: usize) -> Result<u32, Refusal> {
    if rows == 0 || rows > BULK_LIMIT_ROWS {
        return Err(malformed(format!("1 to {BULK_LIMIT_ROWS} rows at once, found {rows}")));
    }
    Ok(u32::try_from(rows).unwrap_or(u32::MAX))
}

pub(super) fn write(draft: &mut Draft<'_>, rows: &[CalendarRow]) -> Result<Answer, Stop> {
    let count = size(rows.len())?;
    for row in rows {
        let day = &row.day;
        let (product, sku) = draft.state.rules.catalogue.sku(&day.sku)?;
        if product.kind.dated() != day.date.is_some() {
            let needs = if product.kind.dated() { "needs a date" } else { "has no dates" };
            return Err(malformed(format!("{} is a {:?} and {needs}", sku.id, product.kind)).into());
        }
        for price in [day.retail, day.settlement] {
            if price.amount_minor < 0 || price.currency != day.retail.currency {
                return Err(
                    malformed(format!("prices of {} are from zero up in one currency, found {price}", sku.id)).into()
                );
            }
        }
        if let Some(close) = day.close.filter(|close| close.minute_of_day > 1440) {
            return Err(malformed(format!("minute {} is not in a day", close.minute_of_day)).into());
        }
        if let Some((key, capacity)) = &row.stock {
            if !sku.buckets.contains(&key.bucket) || key.date != day.date {
                return Err(malformed(format!("{} does not draw on bucket {} on that date", sku.id, key.bucket)).into());
            }
            let before = draft.cell(key)?;
            let after = stock::set_capacity(key, before.as_ref(), *capacity)?;
            draft.set_cell(key.clone(), after);
        }
    }
    draft.push(Change::Calendar(rows.to_vec()));
    Ok(Answer::Changed { rows: count })
}

pub(super) fn put(draft: &mut Draft<'_>, entries: &[CatalogueEntry]) -> Result<Answer, Stop> {
    let count = size(entries.len())?;
    for (index, entry) in entries.iter().enumerate() {
        check(draft, &entries[..index], entry)?;
        if let CatalogueEntry::Distributor(distributor) = entry
            && draft.account(&distributor.id)?.is_none()
        {
            draft.set_account(Account::new(distributor.id.clone(), Currency::CNY), None);
        }
    }
    draft.push(Change::Catalogue(entries.to_vec()));
    Ok(Answer::Changed { rows: count })
}

/// What an entry refers to has to be there, in the catalogue or earlier in the same command.
fn check(draft: &Draft<'_>, earlier: &[CatalogueEntry], entry: &CatalogueEntry) -> Result<(), Refusal> {
    let rules = &draft.state.rules;
    let has_sku = |id| {
        rules.catalogue.skus.contains_key(id)
            || earlier.iter().any(|other| matches!(other, CatalogueEntry::Sku(sku) if &sku.id == id))
    };
    match entry {
        CatalogueEntry::Product(product) => {
            if product.merchant != rules.merchant {
                return Err(malformed(format!("product {} names another merchant", product.id)));
            }
            if venue::zone(&product.time_zone).is_none() {
                let text = format!("{:?} is no IANA time zone; for China: Asia/Shanghai", product.time_zone);
                return Err(malformed(text));
            }
        }
        CatalogueEntry::Sku(sku) => {
            let has_product = rules.catalogue.products.contains_key(&sku.product)
                || earlier
                    .iter()
                    .any(|other| matches!(other, CatalogueEntry::Product(product) if product.id == sku.product));
            if !has_product {
                return Err(malformed(format!("SKU {} names product {}, which is not there", sku.id, sku.product)));
            }
            if sku.buckets.is_empty() || sku.minimum_units > sku.maximum_units || sku.persons_per_unit == 0 {
                let text = "needs a bucket, minimum_units up to maximum_units, and a person for each unit";
                return Err(malformed(format!("SKU {} {text}", sku.id)));
            }
            if let entrepot_contract::product::Fulfilment::Supplier { connection, product_code } = &sku.fulfilment {
                let supplier = rules.supplier(connection).ok_or_else(|| {
                    malformed(format!("SKU {} names {connection}, which is no supplier connection", sku.id))
                })?;
                if supplier.pool {
                    entrepot_contract::ids::PoolName::parse(product_code.clone())
                        .map_err(|fault| malformed(format!("SKU {}: {fault}", sku.id)))?;
                }
            }
        }
        CatalogueEntry::Listing(listing) => {
            if rules.channel(&listing.connection).is_none() {
                let text =
                    format!("listing {} names {}, which is no channel connection", listing.id, listing.connection);
                return Err(malformed(text));
            }
            if listing.names.is_empty() {
                return Err(malformed(format!("listing {} needs a name the channel uses", listing.id)));
            }
            for sku in [listing.sells.bought(), listing.sells.dated()] {
                if !has_sku(sku) {
                    return Err(malformed(format!("listing {} names SKU {sku}, which is not there", listing.id)));
                }
            }
        }
        CatalogueEntry::Distributor(distributor) => {
            if let Some(price) = distributor.prices.values().find(|price| price.amount_minor < 0) {
                return Err(malformed(format!("prices of {} are from zero up, found {price}", distributor.id)));
            }
        }
    }
    Ok(())
}

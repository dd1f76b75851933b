//! Listings of pairs: refused where a guest would find out by an order that fails.

use entrepot_contract::ids::MerchantId;
use entrepot_contract::listing::{Listing, Sells};
use entrepot_domain::command::CatalogueEntry;
use entrepot_domain::pair;
use entrepot_domain::said::{Said, said};

use super::{acts, telling};
use crate::http::Shared;
use crate::http::problem::Problem;

/// Whether the catalogue with these entries holds what the rules of pairs ask of the listings among them.
pub(super) async fn check(shared: &Shared, merchant: &MerchantId, entries: &[CatalogueEntry]) -> Result<(), Problem> {
    let listed: Vec<(&Listing, char)> = entries.iter().filter_map(|entry| bound(shared, merchant, entry)).collect();
    if listed.is_empty() {
        return Ok(());
    }
    let mut catalogue = acts::catalogue(shared, merchant).await?.as_ref().clone();
    for entry in entries {
        catalogue.put(entry.clone());
    }
    let mut faults: Vec<Said> = Vec::new();
    for (listing, separator) in listed {
        let found = pair::fits(&catalogue, listing, separator);
        faults.extend(found.iter().map(|fault| fault.said(separator)).map(|told| {
            said(format!("商品映射 {}：{}", listing.id, told.zh), format!("listing {}: {}", listing.id, told.en))
        }));
    }
    if faults.is_empty() {
        return Ok(());
    }
    let (zh, en): (Vec<String>, Vec<String>) = faults.into_iter().map(|fault| (fault.zh, fault.en)).unzip();
    Err(Problem::of_faults(en).in_chinese(zh.join("；")))
}

/// A listing of a pair at a connection whose channel has rules for them, with what stands between the halves.
fn bound<'a>(shared: &Shared, merchant: &MerchantId, entry: &'a CatalogueEntry) -> Option<(&'a Listing, char)> {
    let CatalogueEntry::Listing(listing) = entry else { return None };
    let Sells::Pair { .. } = listing.sells else { return None };
    let directory = shared.app.engine.directory();
    let connection = directory.connections.get(&listing.connection).filter(|known| &known.merchant == merchant)?;
    Some((listing, telling::abilities(shared, connection).pairs?.separator))
}

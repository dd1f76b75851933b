//! Products as a channel sells them: it knows one product with its SKUs where we have a listing for each.

use std::collections::BTreeMap;

use entrepot_contract::listing::{Listing, ListingNames};
use entrepot_domain::catalogue::Catalogue;

use crate::directory::Connection;

/// A product of a channel: our listings that the channel sells as one.
pub(super) struct Bundle<'a> {
    /// Tells it from the others of its connection.
    pub(super) name: String,
    /// As the channel names it, without a SKU.
    pub(super) names: ListingNames,
    /// Its listings, ordered by id.
    pub(super) listings: Vec<&'a Listing>,
}

/// The products of a connection, ordered by name.
pub(super) fn bundles<'a>(catalogue: &'a Catalogue, connection: &Connection) -> Vec<Bundle<'a>> {
    let mut found: BTreeMap<String, Bundle<'a>> = BTreeMap::new();
    let mut listings: Vec<&Listing> = catalogue.listings.iter().filter(|one| one.connection == connection.id).collect();
    listings.sort_by(|one, other| one.id.cmp(&other.id));
    for listing in listings {
        let own = &listing.names;
        let name = own.product_out.as_ref().or(own.product.as_ref()).map_or(listing.id.as_str(), String::as_str);
        let bundle = found.entry(name.to_owned()).or_insert_with(|| Bundle {
            name: name.to_owned(),
            names: ListingNames::default(),
            listings: Vec::new(),
        });
        bundle.names.product = bundle.names.product.take().or_else(|| own.product.clone());
        bundle.names.product_out = bundle.names.product_out.take().or_else(|| own.product_out.clone());
        bundle.listings.push(listing);
    }
    found.into_values().collect()
}

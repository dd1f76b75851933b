//! The names of a call, read as a pair's: what is wrong with them, so that whoever typed them at the channel is told by
//! the order that fails.

use entrepot_contract::ids::{ConnectionId, SkuId};
use entrepot_contract::listing::{Listing, ListingNames, Sells};
use entrepot_contract::product::ProductKind;

use super::{HalfFault, Halves, LISTED_WITH, TextFault, full_width, in_halves, read, text_of};
use crate::catalogue::Catalogue;
use crate::pair::PairFault;
use crate::said::Said;

/// What is wrong with names that no listing of this connection answers to; none where they do not look like a pair's.
/// Without a catalogue only their form is judged.
#[must_use]
pub fn unlisted(
    catalogue: Option<&Catalogue>,
    connection: &ConnectionId,
    names: &ListingNames,
    separator: char,
) -> Option<Said> {
    let text = text_of(names, separator)?;
    let halves = match read(text, separator) {
        Ok(halves) => halves,
        // The channel's other products have names, too: only half of a pair lacks its separator.
        Err(TextFault::NoBar) => {
            let half = catalogue.is_some_and(|catalogue| {
                pairs(catalogue, connection).any(|(one, other)| text == one.as_str() || text == other.as_str())
            });
            return half.then(|| TextFault::NoBar.said(separator));
        }
        Err(fault) => return looks_bound(text, separator).then(|| fault.said(separator)),
    };
    in_catalogue(catalogue?, connection, halves).map(|fault| fault.said(separator))
}

/// What is wrong with names that mean a listing, where they hold a pair's text.
#[must_use]
pub fn listed_as(catalogue: &Catalogue, listing: &Listing, names: &ListingNames, separator: char) -> Option<Said> {
    let Sells::Pair { voucher, reservation } = &listing.sells else { return None };
    let text = text_of(names, separator).filter(|text| looks_bound(text, separator))?;
    match read(text, separator) {
        Err(fault) => Some(fault.said(separator)),
        Ok(halves) => in_halves(catalogue, halves, voucher, reservation).first().map(|fault| fault.said(separator)),
    }
}

/// Whether a text holds what stands between two halves, or what looks like it.
#[must_use]
pub fn looks_bound(text: &str, separator: char) -> bool {
    text.contains(separator) || full_width(separator).is_some_and(|wide| text.contains(wide))
}

/// The pairs of a connection.
fn pairs<'a>(
    catalogue: &'a Catalogue,
    connection: &'a ConnectionId,
) -> impl Iterator<Item = (&'a SkuId, &'a SkuId)> + Clone {
    let mine = catalogue.listings.iter().filter(move |listing| &listing.connection == connection);
    mine.filter_map(|listing| match &listing.sells {
        Sells::Pair { voucher, reservation } => Some((voucher, reservation)),
        Sells::One(_) => None,
    })
}

/// What is wrong with two halves, seen from the listing that they come closest to.
fn in_catalogue(catalogue: &Catalogue, connection: &ConnectionId, halves: Halves<'_>) -> Option<PairFault> {
    let mut all = pairs(catalogue, connection);
    let swapped = |(voucher, reservation): &(&SkuId, &SkuId)| {
        halves.voucher == reservation.as_str() && halves.reservation == voucher.as_str()
    };
    let close = all
        .clone()
        .find(|(voucher, _)| halves.voucher == voucher.as_str())
        .or_else(|| all.clone().find(swapped))
        .or_else(|| all.find(|(_, reservation)| halves.reservation == reservation.as_str()));
    if let Some((voucher, reservation)) = close {
        return in_halves(catalogue, halves, voucher, reservation).into_iter().next();
    }
    let kind =
        |half: &str| SkuId::parse(half).ok().and_then(|id| catalogue.sku(&id).ok()).map(|(product, _)| product.kind);
    let unknown = |half: &str| PairFault::Half(HalfFault::Unknown(half.to_owned()));
    match (kind(halves.voucher), kind(halves.reservation)) {
        (None, _) => Some(unknown(halves.voucher)),
        (_, None) if halves.reservation.contains(LISTED_WITH) => {
            Some(PairFault::Half(HalfFault::Several(halves.reservation.to_owned())))
        }
        (_, None) => Some(unknown(halves.reservation)),
        (Some(first), Some(ProductKind::FlashSaleVoucher)) if first != ProductKind::FlashSaleVoucher => {
            Some(PairFault::Half(HalfFault::Swapped))
        }
        // Both are what they should be, and nobody listed them together.
        _ => None,
    }
}

//! The guest's own document is what he shows. That is sold only where each unit has one document that can be read here:
//! what a channel keeps sealed nobody could compare at the desk.

use std::collections::BTreeSet;

use entrepot_contract::order::{Credential, CredentialKind, GuestField, Guests, UnitCredentials};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Collect, Fulfilment, Product, Sku};

use super::draft::Draft;
use crate::command::CatalogueEntry;

/// What the catalogue holds after these entries has one document for each unit, wherever documents are shown.
pub(super) fn fits(draft: &Draft<'_>, entries: &[CatalogueEntry]) -> Result<(), Refusal> {
    let catalogue = &draft.state.rules.catalogue;
    let mut skus = catalogue.skus.clone();
    let mut products = catalogue.products.clone();
    skus.retain(|_, sku| sku.fulfilment == Fulfilment::Document);
    for entry in entries {
        match entry {
            CatalogueEntry::Sku(sku) => drop(skus.insert(sku.id.clone(), sku.clone())),
            CatalogueEntry::Product(product) => drop(products.insert(product.id.clone(), product.clone())),
            _ => {}
        }
    }
    for sku in skus.values().filter(|sku| sku.fulfilment == Fulfilment::Document) {
        if let Some(product) = products.get(&sku.product) {
            one_for_each(product, sku)?;
        }
    }
    Ok(())
}

fn one_for_each(product: &Product, sku: &Sku) -> Result<(), Refusal> {
    let no = |text: &str| {
        let text = format!("SKU {} gives the guest's document as its credential: {text}", sku.id);
        Err(Refusal::new(Reason::Malformed, text))
    };
    if product.guests.documents.is_empty() {
        return no("its product has to ask for documents (guests.documents)");
    }
    match product.guests.collect {
        Collect::EveryGuest if sku.persons_per_unit == 1 => Ok(()),
        Collect::OneGuest if sku.maximum_units == 1 => Ok(()),
        Collect::EveryGuest => no("with guests.collect every_guest each unit admits one person (persons_per_unit 1)"),
        Collect::OneGuest => no("with guests.collect one_guest an order has one unit (maximum_units 1)"),
        Collect::Buyer => no("guests.collect is every_guest, or one_guest where an order has one unit"),
    }
}

/// The credentials of `units` units, or why there are none. No document is in the text.
pub(super) fn credentials(guests: &Guests, units: usize) -> Result<Vec<UnitCredentials>, Refusal> {
    if guests.visitors.len() != units {
        let text =
            format!("each unit is shown by its guest's document: {units} units, {} guests", guests.visitors.len());
        return Err(Refusal::new(Reason::GuestsMismatch, text));
    }
    let mut seen = BTreeSet::new();
    let mut given = Vec::with_capacity(units);
    for (guest, unit) in guests.visitors.iter().zip(1..) {
        let missing = |why: &str| Refusal::new(Reason::DocumentMissing, format!("the document of guest {unit} {why}"));
        let number = match &guest.document {
            Some(GuestField::Plain(number)) if !number.trim().is_empty() => number.trim(),
            Some(GuestField::Sealed(_) | GuestField::Unknown(_)) => {
                return Err(missing("is sealed by the channel, and is what he would show here"));
            }
            Some(GuestField::Plain(_)) | None => return Err(missing("is missing, and is what he would show here")),
        };
        if !seen.insert(number.to_ascii_uppercase()) {
            let text = format!("guest {unit} has the document of another guest; each unit is shown by its own");
            return Err(Refusal::new(Reason::GuestsMismatch, text));
        }
        let kind = CredentialKind::Document;
        let credential = Credential { kind, value: number.to_owned(), document_kind: guest.document_kind };
        given.push(UnitCredentials { unit, credentials: vec![credential] });
    }
    Ok(given)
}

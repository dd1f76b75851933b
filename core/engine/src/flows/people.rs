//! Whom purchase limits count: digests of documents and phones, made only where a product has limits.

use entrepot_contract::intent::Wish;
use entrepot_contract::order::{Guest, GuestField};
use entrepot_contract::product::LimitSubject;
use entrepot_domain::catalogue::sold;
use entrepot_domain::limits::{Person, normalised};

use crate::inbound::Visit;
use crate::storage::StorageFault;

/// Those whom the limits of the wished product count. A field that the channel keeps sealed tells nobody apart, and
/// counts for nothing.
pub(super) async fn named(visit: &Visit<'_>, wish: &Wish) -> Result<Vec<Person>, StorageFault> {
    let merchant = &visit.connection.merchant;
    let rules = visit.core.rules(merchant).await?;
    let Ok(listing) = rules.catalogue.listing(&visit.connection.id, &wish.names) else { return Ok(Vec::new()) };
    let Ok((product, _)) = rules.catalogue.sku(sold(listing, wish)) else { return Ok(Vec::new()) };
    if product.limits.is_empty() {
        return Ok(Vec::new());
    }
    let mut people = Vec::new();
    let mut add = |per: LimitSubject, place: usize, field: Option<&GuestField>| -> Result<(), StorageFault> {
        let Some(text) = field.and_then(GuestField::plain) else { return Ok(()) };
        let digest = visit.core.storage.digest(merchant, &normalised(per, text))?;
        people.push(Person { per, digest, place });
        Ok(())
    };
    let visitors = &wish.guests.visitors;
    for (place, visitor) in visitors.iter().enumerate() {
        add(LimitSubject::Document, place, visitor.document.as_ref())?;
    }
    let buyer: Option<&Guest> = wish.guests.buyer.as_ref().or(visitors.first());
    add(LimitSubject::Phone, 0, buyer.and_then(|buyer| buyer.phone.as_ref()))?;
    Ok(people)
}

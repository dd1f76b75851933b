//! What has to be known about guests. Sealed fields count as present; only readable ones can be malformed.

use entrepot_contract::order::{Guest, GuestField, Guests};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Collect, DocumentKind, GuestRequirement};

use crate::planted::{self, Bug};

/// Most people one order may name.
pub const GUESTS_LIMIT: usize = 200;

/// Checks the guests of an order of `units` units of `persons` people each.
pub fn check(rule: &GuestRequirement, guests: &Guests, units: u32, persons: u16) -> Result<(), Refusal> {
    let no = |reason, text: String| Err(Refusal::new(reason, text));
    if guests.visitors.len() > GUESTS_LIMIT {
        return no(Reason::GuestsMismatch, format!("at most {GUESTS_LIMIT} guests, found {}", guests.visitors.len()));
    }
    let wanted = match rule.collect {
        Collect::Buyer => 0,
        Collect::OneGuest => 1,
        Collect::EveryGuest => units.saturating_mul(u32::from(persons)) as usize,
    };
    if wanted > 0 && guests.visitors.len() != wanted {
        let found = guests.visitors.len();
        return no(Reason::GuestsMismatch, format!("{wanted} guests are needed, found {found}"));
    }
    if rule.collect == Collect::Buyer {
        reachable(rule, guests.buyer.as_ref())?;
    }
    for guest in guests.visitors.iter().take(wanted) {
        complete(rule, guest)?;
    }
    for guest in guests.visitors.iter().chain(&guests.buyer) {
        well_formed(guest)?;
    }
    Ok(())
}

/// The buyer has what is asked of him. No channel tells a document of his: none is asked for.
fn reachable(rule: &GuestRequirement, buyer: Option<&Guest>) -> Result<(), Refusal> {
    if rule.name && buyer.is_none_or(|buyer| buyer.name.is_none()) {
        return Err(Refusal::new(Reason::NameMissing, "the buyer has no name"));
    }
    if rule.phone && buyer.is_none_or(|buyer| buyer.phone.is_none()) {
        return Err(Refusal::new(Reason::PhoneMissing, "the buyer has no phone"));
    }
    Ok(())
}

fn complete(rule: &GuestRequirement, guest: &Guest) -> Result<(), Refusal> {
    if rule.name && guest.name.is_none() {
        return Err(Refusal::new(Reason::NameMissing, "a guest has no name"));
    }
    if rule.phone && guest.phone.is_none() {
        return Err(Refusal::new(Reason::PhoneMissing, "a guest has no phone"));
    }
    if !rule.documents.is_empty() {
        let Some(kind) = guest.document_kind.filter(|_| guest.document.is_some()) else {
            return Err(Refusal::new(Reason::DocumentMissing, "a guest has no document"));
        };
        let foreign = kind == DocumentKind::ForeignPassport && planted::is(Bug::ForeignPassportTaken);
        if !rule.documents.contains(&kind) && !foreign {
            return Err(Refusal::new(Reason::DocumentMalformed, format!("{kind:?} is not accepted here")));
        }
    }
    Ok(())
}

fn well_formed(guest: &Guest) -> Result<(), Refusal> {
    if let Some(GuestField::Plain(name)) = &guest.name
        && (name.trim().is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control))
    {
        return Err(Refusal::new(Reason::NameMalformed, "a guest's name cannot be one"));
    }
    if let Some(GuestField::Plain(phone)) = &guest.phone {
        let digits = phone.chars().filter(char::is_ascii_digit).count();
        let others = phone.chars().any(|c| !(c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')' | '*')));
        if !(5..=20).contains(&digits) || others {
            return Err(Refusal::new(Reason::PhoneMalformed, "a guest's phone cannot be one"));
        }
    }
    if let (Some(GuestField::Plain(number)), Some(DocumentKind::IdentityCard)) = (&guest.document, guest.document_kind)
        && !identity_card(number)
    {
        return Err(Refusal::new(Reason::DocumentMalformed, "a guest's identity card number has a wrong check digit"));
    }
    Ok(())
}

/// Whether a resident identity card number has 18 places and the right check digit (GB 11643).
#[must_use]
pub fn identity_card(number: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let places = number.as_bytes();
    let (Some(front), Some(check)) = (places.get(..17), places.get(17)) else { return false };
    if places.len() != 18 || !front.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = front.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    CHECKS[(sum % 11) as usize] == check.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        assert!(identity_card("110101199003070011"));
        assert!(!identity_card("110101199003070012"));
        assert!(!identity_card("11010119900307001X"));
        assert!(!identity_card("1101011990030700"));
        assert!(!identity_card("11010119900307００1１"));
    }
}

//! Buyers and travellers. Encrypted fields are opened here when that costs nothing (common §8.2, `documented`), and
//! stay sealed when only Douyin can open them (§8.3).

use entrepot_sdk::contract::order::{Guest, GuestField, Guests};
use entrepot_sdk::contract::product::DocumentKind;
use entrepot_sdk::prelude::*;

use super::Partner;
use super::body::wrong;
use crate::cipher::Opened;
use crate::kinds::LicenseType;
use crate::person::{Person, Private};

/// Most travellers of one call (`inferred`: far above what one order may hold).
const VISITORS_LIMIT: usize = 1_000;
/// The longest field of a guest, in bytes (`inferred`).
const FIELD_LIMIT_BYTES: usize = 4_096;

/// Who buys and who travels; a fault names the person and the field, and repeats neither. Scenic §1.5, `seen in client code`.
pub fn guests(partner: &Partner, buyer: Option<&Person>, tourists: &[Person]) -> Result<Guests, Fault> {
    if tourists.len() > VISITORS_LIMIT {
        return Err(wrong("tourists", "too many travellers"));
    }
    let buyer =
        buyer.map(|person| guest(partner, "buyer", person)).transpose()?.filter(|guest| *guest != Guest::default());
    let visitors = tourists
        .iter()
        .enumerate()
        .map(|(at, person)| guest(partner, &format!("tourists[{at}]"), person))
        .collect::<Result<_, _>>()?;
    Ok(Guests { buyer, visitors, ..Guests::default() })
}

fn guest(partner: &Partner, place: &str, person: &Person) -> Result<Guest, Fault> {
    let encrypted = |name: &str, text: Option<&Private>| match text {
        Some(text) => encrypted(partner, &format!("{place}.{name}"), text.reveal()),
        None => Ok(None),
    };
    // Which of the other fields are encrypted is not stated (scenic §1.5, `inferred`: detect).
    let document = match &person.license_id {
        Some(text) => {
            bounded(&format!("{place}.license_id"), text.reveal())?;
            field(partner.cipher.detect(text.reveal()))
        }
        None => None,
    };
    let document_kind = person.license_type.and_then(document_kind);
    Ok(Guest {
        name: encrypted("name", person.name.as_ref())?,
        phone: encrypted("phone", person.phone.as_ref())?,
        document_kind: document_kind.filter(|_| document.is_some()),
        document,
    })
}

fn encrypted(partner: &Partner, place: &str, text: &str) -> Result<Option<GuestField>, Fault> {
    bounded(place, text)?;
    if partner.shared.plain_guests {
        return Ok(field(partner.cipher.detect(text)));
    }
    match partner.cipher.open(text) {
        Ok(opened) => Ok(field(opened)),
        // Why it does not open is nobody's business outside.
        Err(_) => Err(wrong(place, "neither encrypted for this application nor sealed")),
    }
}

fn bounded(place: &str, text: &str) -> Result<(), Fault> {
    if text.len() > FIELD_LIMIT_BYTES {
        return Err(wrong(place, "too long"));
    }
    Ok(())
}

fn field(opened: Opened) -> Option<GuestField> {
    match opened {
        Opened::Plain(text) if text.trim().is_empty() => None,
        Opened::Plain(text) => Some(GuestField::Plain(text)),
        Opened::Sealed(text) => Some(GuestField::Sealed(text)),
    }
}

/// The one table of documents, read in both directions. Scenic §1.5, `seen in client code`.
const DOCUMENTS: [(LicenseType, DocumentKind); 8] = [
    (LicenseType::IdentityCard, DocumentKind::IdentityCard),
    (LicenseType::HkMacauPermit, DocumentKind::HongKongMacauPermit),
    (LicenseType::TaiwanPermit, DocumentKind::TaiwanPermit),
    (LicenseType::HomeReturnPermit, DocumentKind::HomeReturnPermit),
    (LicenseType::TaiwanCompatriotPermit, DocumentKind::TaiwanCompatriotPermit),
    (LicenseType::Passport, DocumentKind::Passport),
    (LicenseType::ForeignPassport, DocumentKind::ForeignPassport),
    (LicenseType::ResidencePermit, DocumentKind::PermanentResidence),
];

/// A document as the contract knows it. Numbers no page lists are another kind; "none needed" is none.
#[must_use]
pub fn document_kind(license: LicenseType) -> Option<DocumentKind> {
    match license {
        LicenseType::NotNeeded => None,
        other => {
            let row = DOCUMENTS.iter().find(|(license, _)| *license == other);
            Some(row.map_or(DocumentKind::Other, |(_, kind)| *kind))
        }
    }
}

/// A document as Douyin numbers it; `None` for a kind it has no number for.
#[must_use]
pub fn license_type(kind: DocumentKind) -> Option<LicenseType> {
    let row = DOCUMENTS.iter().find(|(_, known)| *known == kind);
    row.map(|(license, _)| *license)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_document_goes_both_ways() {
        for code in 1..=8 {
            let license = LicenseType::from_code(code);
            let kind = document_kind(license).expect("a listed document");
            assert_eq!(license_type(kind), Some(license));
        }
        assert_eq!(document_kind(LicenseType::NotNeeded), None);
        assert_eq!(document_kind(LicenseType::from_code(99)), Some(DocumentKind::Other));
        assert_eq!(license_type(DocumentKind::Other), None);
    }
}

//! What a guest shows (§3 `Ticket`): a code of each unit item, or one voucher for the booking.

use std::collections::BTreeSet;

use entrepot_sdk::prelude::*;

use crate::exchange::wrong;
use crate::settings::OctoSettings;
use crate::wanted::Wanted;
use crate::wire::{Booking, DeliveryFormat, DeliveryMethod, Ticket};

/// The credentials of a confirmed booking.
pub(crate) enum Tickets {
    /// One entry for each unit that is not given back.
    There(Vec<UnitCredentials>),
    /// They come later (§4 step 3).
    Later,
}

/// The credentials of a confirmed booking's units. A booking without them is garbled, unless it says, or the settings
/// do, that they come later.
pub(crate) fn tickets(
    api: &str,
    wanted: &Wanted<'_>,
    booking: &Booking,
    settings: &OctoSettings,
) -> Result<Tickets, Fault> {
    let instant = booking.product.as_ref().and_then(|product| product.instant_delivery);
    let later = instant == Some(false) || settings.late_delivery;
    let items = wanted.items(api, booking)?;
    let by_unit = booking.delivery_methods.contains(&DeliveryMethod::Ticket);
    let told = |ticket: Option<&Ticket>| ticket.is_some_and(|ticket| !ticket.delivery_options.is_empty());
    let stray = told(booking.voucher.as_ref()) && !booking.delivery_methods.contains(&DeliveryMethod::Voucher);
    if stray || (!by_unit && booking.unit_items.iter().any(|item| told(item.ticket.as_ref()))) {
        return Err(wrong(api, "deliveryMethods", "the way in which there are tickets"));
    }
    let shared = match () {
        () if by_unit => None,
        () if booking.delivery_methods.is_empty() => Some(("deliveryMethods", by_name(booking, settings))),
        () => Some(("voucher", credentials(api, "voucher", booking.voucher.as_ref())?)),
    };
    let mut units = Vec::new();
    for (number, item) in items.alive {
        let (field, credentials) = match &shared {
            Some((field, credentials)) => (*field, credentials.clone()),
            None => ("unitItems.ticket", credentials(api, "unitItems.ticket", item.ticket.as_ref())?),
        };
        match (credentials.is_empty(), later) {
            (false, _) => units.push(UnitCredentials { unit: number, credentials }),
            (true, true) => return Ok(Tickets::Later),
            (true, false) => return Err(wrong(api, field, "a ticket, as the booking is confirmed")),
        }
    }
    if by_unit && !settings.shared_codes {
        let codes: BTreeSet<&str> = units.iter().map(|unit| unit.credentials[0].value.as_str()).collect();
        if codes.len() != units.len() {
            return Err(wrong(api, "unitItems.ticket", "a code of its own, or settings.shared_codes = true"));
        }
    }
    Ok(Tickets::There(units))
}

/// Codes first, links behind them. Formats that are not known here are left out.
fn credentials(api: &str, field: &str, ticket: Option<&Ticket>) -> Result<Vec<Credential>, Fault> {
    let mut credentials = Vec::new();
    for option in ticket.into_iter().flat_map(|ticket| &ticket.delivery_options) {
        let value = option.delivery_value.trim();
        let kind = match option.delivery_format {
            DeliveryFormat::QrCode | DeliveryFormat::AztecCode => CredentialKind::QrCode,
            DeliveryFormat::Code128 => CredentialKind::VoucherNumber,
            DeliveryFormat::Link => CredentialKind::Url,
            DeliveryFormat::Other => continue,
        };
        let link = value.starts_with("https://") || value.starts_with("http://");
        if value.is_empty() || (kind == CredentialKind::Url && !link) {
            return Err(wrong(
                api,
                &format!("{field}.deliveryOptions.deliveryValue"),
                "a code, or a link where it says so",
            ));
        }
        let credential = Credential { kind, value: value.to_owned(), document_kind: None };
        if !credentials.contains(&credential) {
            credentials.push(credential);
        }
    }
    credentials.sort_by_key(|credential| credential.kind == CredentialKind::Url);
    Ok(credentials)
}

/// A name list (§3 `MANIFEST`): nothing is delivered, the guest is known by name and reference.
fn by_name(booking: &Booking, settings: &OctoSettings) -> Vec<Credential> {
    let reference = booking.supplier_reference.as_deref().or(booking.reseller_reference.as_deref());
    let value = reference.filter(|text| settings.reference_as_credential && !text.trim().is_empty());
    let credential =
        |value: &str| Credential { kind: CredentialKind::VoucherNumber, value: value.to_owned(), document_kind: None };
    value.map(credential).into_iter().collect()
}

//! Credentials as Douyin's vouchers, and the ids of their items.
//!
//! Every unit is one voucher with a gate (`entrance`) and no extra items; its project id is our order's id and the
//! unit's number, `{order}-{unit}`, which is unique within the order (scenic §1.5, `seen in client code`).

use entrepot_sdk::contract::intent::UnitChoice;
use entrepot_sdk::contract::outcome::UnitUsage;
use entrepot_sdk::prelude::*;

use super::guests::license_type;
use super::settings::CodeAs;
use crate::kinds::{LicenseType, VoucherStatus};
use crate::number::Id;
use crate::person::Private;
use crate::voucher::{Credential as Document, Voucher, VoucherItem};

/// Longest QR content, in characters. Scenic §1.5, `seen in client code`.
const QR_LIMIT_CHARS: usize = 512;
/// Most voucher numbers of one item. Scenic §1.5, `seen in client code`.
const NUMBERS_LIMIT: usize = 100;
/// Longest image, in Base64 bytes: 1 MB. Scenic §1.5, `seen in client code`.
const IMAGE_LIMIT_BYTES: usize = 1_048_576;

/// The id of a unit's item.
#[must_use]
pub fn project_id(order: &OrderId, unit: u16) -> String {
    format!("{order}-{unit}")
}

/// The gate item of a unit, without credentials.
fn entrance(order: &OrderId, unit: u16) -> VoucherItem {
    VoucherItem { project_id: Id::new(project_id(order, unit)), ..VoucherItem::default() }
}

fn voucher(entrance: VoucherItem) -> Voucher {
    Voucher { entrance: Some(entrance), ..Voucher::default() }
}

/// Vouchers that name units, and nothing else: for redemption (scenic §13).
#[must_use]
pub fn naming(order: &OrderId, units: &[u16]) -> Vec<Voucher> {
    let named = units.iter().map(|unit| voucher(entrance(order, *unit)));
    named.collect()
}

/// Vouchers with the state of each unit (scenic §10, `documented`; status 2 is §1.5's, `seen in client code`).
#[must_use]
pub fn with_status(order: &OrderId, units: &[UnitUsage]) -> Vec<Voucher> {
    let of_unit =
        |usage: &UnitUsage| voucher(VoucherItem { status: Some(status(usage)), ..entrance(order, usage.unit) });
    units.iter().map(of_unit).collect()
}

/// A unit's state in Douyin's numbers. A wrong "unused" refunds a used ticket, a wrong "used" redeems one (scenic §10).
#[must_use]
pub fn status(usage: &UnitUsage) -> VoucherStatus {
    use entrepot_sdk::contract::order::UnitState;
    match usage.state {
        UnitState::Redeemed => VoucherStatus::Used,
        UnitState::Refunded => VoucherStatus::Refunded,
        UnitState::Available | UnitState::Reserved => VoucherStatus::Unused,
        // Never said: what this build does not know is refused before.
        UnitState::Unknown => VoucherStatus::Used,
    }
}

/// How credentials become items.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// How codes are shown.
    pub code_as: CodeAs,
    /// Between a voucher number and its password.
    pub password_joiner: &'a str,
}

/// One voucher for each unit, in the units' order; a fault where a unit has nothing that Douyin can show, or more than it
/// takes. Scenic §11, `seen in client code`.
pub fn with_credentials(order: &OrderId, units: &[UnitCredentials], style: &Style<'_>) -> Result<Vec<Voucher>, Fault> {
    let mut units: Vec<&UnitCredentials> = units.iter().collect();
    units.sort_by_key(|unit| unit.unit);
    if units.is_empty() {
        return Err(unfit(order, "has no credentials, and Douyin takes no order without"));
    }
    units.into_iter().map(|unit| Ok(voucher(item(order, unit, style)?))).collect()
}

fn unfit(order: &OrderId, why: &str) -> Fault {
    Fault::invalid(format!("order {order} {why}"))
}

fn item(order: &OrderId, unit: &UnitCredentials, style: &Style<'_>) -> Result<VoucherItem, Fault> {
    let mut item = entrance(order, unit.unit);
    for credential in &unit.credentials {
        let value = || Private::from(credential.value.as_str());
        match shown_as(credential.kind, style.code_as) {
            CredentialKind::QrCode => item.qr_codes.push(value()),
            CredentialKind::VoucherNumber => item.certificate_nos.push(value()),
            CredentialKind::Url => item.urls.push(value()),
            CredentialKind::Image => item.code_images.push(value()),
            CredentialKind::Document => item.credentials.extend(document(credential)),
            CredentialKind::Password | CredentialKind::Other => {}
        }
    }
    let password = |credential: &&Credential| credential.kind == CredentialKind::Password;
    if let Some(password) = unit.credentials.iter().find(password) {
        // Douyin has no field for passwords (`inferred`): the guest reads it after the number.
        for number in item.certificate_nos.iter_mut().chain(&mut item.qr_codes).take(1) {
            let joined = [number.reveal(), style.password_joiner, &password.value].concat();
            *number = Private::from(joined);
        }
    }
    if !item.qr_codes.is_empty() {
        // Images and QR contents exclude each other (scenic §1.5); the content is the surer one.
        item.code_images.clear();
    }
    fits(order, unit.unit, &item)?;
    Ok(item)
}

/// As what a credential is shown.
#[must_use]
pub const fn shown_as(kind: CredentialKind, code_as: CodeAs) -> CredentialKind {
    match (kind, code_as) {
        (CredentialKind::VoucherNumber, CodeAs::QrCode) => CredentialKind::QrCode,
        (CredentialKind::QrCode, CodeAs::VoucherNumber) => CredentialKind::VoucherNumber,
        _ => kind,
    }
}

/// A document without a kind is an identity card (`inferred`: nearly all are); a kind Douyin has no number for cannot
/// be sent.
fn document(credential: &Credential) -> Option<Document> {
    let credential_type = match credential.document_kind {
        None => LicenseType::IdentityCard,
        Some(kind) => license_type(kind)?,
    };
    Some(Document { credential_type, credential_no: Private::from(credential.value.as_str()) })
}

fn fits(order: &OrderId, unit: u16, item: &VoucherItem) -> Result<(), Fault> {
    let unfit = |why: &str| Err(unfit(order, &format!("unit {unit} {why}")));
    let none = item.qr_codes.is_empty()
        && item.certificate_nos.is_empty()
        && item.urls.is_empty()
        && item.code_images.is_empty()
        && item.credentials.is_empty();
    if none {
        return unfit("has no credential of a kind that Douyin can show");
    }
    let long = |qr: &Private| qr.reveal().chars().count() > QR_LIMIT_CHARS;
    if item.qr_codes.iter().any(long) {
        return unfit("has a QR content of more than 512 characters");
    }
    if item.certificate_nos.len() > NUMBERS_LIMIT {
        return unfit("has more than 100 voucher numbers");
    }
    let large = |image: &Private| image.reveal().len() > IMAGE_LIMIT_BYTES;
    if item.code_images.iter().any(large) {
        return unfit("has an image of more than 1 MB");
    }
    Ok(())
}

/// Which units a call's vouchers mean; `None` when it names none. When one of the ids is not ours, all are counted
/// only: the fact itself must not be lost over a name.
#[must_use]
pub fn chosen(vouchers: &[Voucher], own_order: Option<&Id>) -> Option<UnitChoice> {
    if vouchers.is_empty() {
        return None;
    }
    let named: Option<Vec<u16>> = vouchers.iter().map(|voucher| unit_of(voucher, own_order)).collect();
    Some(match named {
        Some(mut numbers) => {
            numbers.sort_unstable();
            numbers.dedup();
            UnitChoice::Numbers(numbers)
        }
        None => UnitChoice::Count(u32::try_from(vouchers.len()).unwrap_or(u32::MAX)),
    })
}

/// All items of a voucher name one unit of ours, or it is none.
fn unit_of(voucher: &Voucher, own_order: Option<&Id>) -> Option<u16> {
    let mut units = voucher.items().map(|item| {
        let (order, unit) = item.project_id.as_ref()?.as_str().rsplit_once('-')?;
        let ours = own_order.is_none_or(|own| own.as_str() == order);
        let unit: u16 = unit.parse().ok()?;
        (ours && unit > 0).then_some(unit)
    });
    let first = units.next()??;
    units.all(|other| other == Some(first)).then_some(first)
}

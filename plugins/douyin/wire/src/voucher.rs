//! Vouchers: one per copy bought, each a gate (`entrance`) and extra items (`projects`), at least one of the two.
//!
//! Scenic §1.5, `seen in client code`, head `documented`. The same structure is answered by us and comes back in
//! refund calls. Credentials open gates, so they stay out of `Debug` forms.

use serde::{Deserialize, Serialize};

use crate::kinds::{LicenseType, VoucherStatus};
use crate::number::{Id, Int, blank_as_none, null_as_empty};
use crate::person::Private;

/// One copy's voucher. Scenic §1.5, `seen in client code`, head `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Voucher {
    /// The gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrance: Option<VoucherItem>,
    /// Extra items (a cable car).
    #[serde(deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<VoucherItem>,
    /// When it was redeemed, in seconds; only in redemption and in the refund review callback (scenic §8, §13,
    /// `documented`).
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub verify_time: Option<Int>,
}

impl Voucher {
    /// The gate, if any, and the extra items.
    pub fn items(&self) -> impl Iterator<Item = &VoucherItem> {
        self.entrance.iter().chain(&self.projects)
    }
}

/// A gate or an extra item of a voucher. Scenic §1.5, `seen in client code`, head `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoucherItem {
    /// Our id of the item, unique within the order, needed at redemption. Required in what we send, see
    /// [`VoucherItem::new`]; optional here so that no refund notice fails for want of it.
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub project_id: Option<Id>,
    /// Name; required in what we send for extra items.
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Identity documents that open the gate.
    #[serde(deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<Credential>,
    /// Voucher numbers, at most 100.
    #[serde(deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub certificate_nos: Vec<Private>,
    /// QR contents, at most 512 characters each.
    #[serde(rename = "qrcodes", deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub qr_codes: Vec<Private>,
    /// Links.
    #[serde(deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<Private>,
    /// Images, Base64 without prefix, at most 1 MB each, not together with `qr_codes`.
    #[serde(rename = "gmcode_imgs", deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub code_images: Vec<Private>,
    /// Identity card numbers; deprecated in favour of `credentials`.
    #[serde(deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub id_cards: Vec<Private>,
    /// State; needed in the status answer (scenic §10, `documented`).
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub status: Option<VoucherStatus>,
}

impl VoucherItem {
    /// An item of ours, without credentials yet.
    pub fn new(project_id: Id) -> Self {
        Self { project_id: Some(project_id), ..Self::default() }
    }
}

/// An identity document as credential. Scenic §1.5, §11, `seen in client code`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Kind of document, 1 to 8.
    pub credential_type: LicenseType,
    /// Its number.
    pub credential_no: Private,
}

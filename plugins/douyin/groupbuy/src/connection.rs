//! What can be set for a connection: what merchants differ in, and what Douyin configured for them. It comes with each call.

use douyin_wire::partner::settings::{CodeAs, IssueTooEarly, OrderMode};
use douyin_wire::partner::vouchers::shown_as;
use entrepot_sdk::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a connection; they come with each call.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionSettings {
    /// Which calls carry the purchase (group-buy B1, inferred: the calls are documented, which one comes is not). The
    /// reservation always comes as a scenic order.
    pub purchase_family: PurchaseFamily,
    /// The fields that may hold the pair `A|B`, in the order in which they are looked at: the first with a bar counts
    /// (group-buy B18, inferred).
    pub pair_code_fields: Vec<PairField>,
    /// Which amount of a purchase is held against our price, where the connection checks prices (group-buy rule 11, inferred).
    pub price_field: PriceField,
    /// Whether purchases of the scenic family are created after or before payment (group-buy B3, documented).
    pub order_mode: OrderMode,
    /// What to answer an issue call that comes before the order is accepted (group-buy B5, inferred).
    pub issue_too_early: IssueTooEarly,
    /// How codes are shown.
    pub code_as: CodeAs,
    /// The kinds of voucher that are ticked in Laike (使用凭证): no other is told. Left empty, every kind is (group-buy rule 19,
    /// documented).
    pub shown: Vec<ShownKind>,
    /// What a certificate's project is called on the guest's page, in the group ticket's own calls (group-buy B15.2, documented
    /// field, inferred text).
    pub project_name: String,
    /// Whether generic pre-orders carry the guest's phone: only where Douyin approved it (group-buy B16.1, documented).
    pub phone_expected: bool,
    /// How codes stand in the answer to a generic issue call (group-buy B16.2, seen in client code).
    pub codes_as: CodesAs,
    /// What a refund question about an order that nobody knows is answered: nothing was issued for it (group-buy T3, inferred).
    pub unknown_refund: UnknownRefund,
    /// Whether price and stock pulls are answered (group-buy B17, inferred: no permission of this solution covers them).
    pub stock_pull_enabled: bool,
    /// Whether products are asked for when the connection is checked: needs the scope of goods query, which the solution's twelve
    /// permissions do not hold (group-buy B18, documented). Otherwise an operator enters what Laike says.
    pub goods_look: bool,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            purchase_family: PurchaseFamily::Scenic,
            pair_code_fields: PairField::ALL.to_vec(),
            price_field: PriceField::OriginAmount,
            order_mode: OrderMode::AfterPayment,
            issue_too_early: IssueTooEarly::CallAgain,
            code_as: CodeAs::Given,
            shown: Vec::new(),
            project_name: "入园凭证".to_owned(),
            phone_expected: true,
            codes_as: CodesAs::Both,
            unknown_refund: UnknownRefund::Agree,
            stock_pull_enabled: false,
            goods_look: false,
        }
    }
}

impl ConnectionSettings {
    /// The credentials that Laike shows. A unit of which none is left has nothing to show: whoever writes its voucher says so.
    pub(crate) fn shown(&self, units: &[UnitCredentials]) -> Vec<UnitCredentials> {
        let ticked = |credential: &&Credential| match self.kind(credential) {
            _ if self.shown.is_empty() => true,
            // It goes with the number.
            None => credential.kind == CredentialKind::Password,
            Some(kind) => self.shown.contains(&kind),
        };
        let of_unit = |unit: &UnitCredentials| UnitCredentials {
            unit: unit.unit,
            credentials: unit.credentials.iter().filter(ticked).cloned().collect(),
        };
        units.iter().map(of_unit).collect()
    }

    /// As what a credential is shown.
    fn kind(&self, credential: &Credential) -> Option<ShownKind> {
        match shown_as(credential.kind, self.code_as) {
            CredentialKind::QrCode | CredentialKind::Image => Some(ShownKind::QrCode),
            CredentialKind::VoucherNumber => Some(ShownKind::VoucherNumber),
            CredentialKind::Url => Some(ShownKind::Url),
            CredentialKind::Document => Some(ShownKind::Document),
            CredentialKind::Password | CredentialKind::Other => None,
        }
    }
}

/// Which calls carry the purchase. Group-buy B1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseFamily {
    /// Create order and issue voucher of the scenic solution (F1; group-buy B3, B5).
    Scenic,
    /// The group ticket's own calls (F2, V2; group-buy B15).
    Promise,
    /// Generic third-party codes (F3, V1; group-buy B16).
    Generic,
}

/// A field that may hold the pair. Group-buy B18.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairField {
    /// `sku_out_id`.
    SkuOutId,
    /// `product_out_id`.
    ProductOutId,
    /// `third_sku_id`.
    ThirdSkuId,
    /// `third_product_id`.
    ThirdProductId,
}

impl PairField {
    /// All of them, as they are looked at by default.
    pub const ALL: [Self; 4] = [Self::SkuOutId, Self::ProductOutId, Self::ThirdSkuId, Self::ThirdProductId];
}

/// Which amount is held against our price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceField {
    /// The price before discounts.
    OriginAmount,
    /// What the guest pays; only scenic orders carry it.
    PayAmount,
}

/// A kind of voucher that Laike shows (`code_sending_info`). Group-buy B2, `documented`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShownKind {
    /// 1: the guest's document.
    Document,
    /// 2: a number.
    VoucherNumber,
    /// 3: a QR code.
    QrCode,
    /// 6: a link.
    Url,
}

/// How codes stand in the answer to a generic issue call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodesAs {
    /// A list `codes`.
    Codes,
    /// A list `certificates` of ids and codes.
    Certificates,
    /// Both.
    Both,
}

/// What a refund question about an unknown order is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownRefund {
    /// Agreed: the guest gets his money.
    Agree,
    /// "Other reason", final: Douyin's audit decides after its time.
    Fail,
}

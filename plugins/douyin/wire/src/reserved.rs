//! Reserved codes (预置码): our codes in a pool that Douyin keeps and gives out itself. Fulfilment §7.

use serde::{Deserialize, Serialize};

use crate::number::{Fen, Id, Int, blank_as_none, null_as_empty};
use crate::person::Private;

/// Most codes of one import. Fulfilment §7, `documented`.
pub const CODES_LIMIT: usize = 500;

/// Body of the import: one code that Douyin has already refuses all. Fulfilment §7, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportCodes {
    /// Merchant account.
    pub account_id: Id,
    /// Our specification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub third_sku_id: Option<Id>,
    /// Douyin's specification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku_id: Option<Id>,
    /// The codes, none issued so far.
    pub codes: Vec<Private>,
    /// Until when Douyin may give them, in seconds. §0 of the page: times go as numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired_time: Option<Int>,
}

/// Answer to whose a code is. Fulfilment §7, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct BoundCode {
    /// Its order; missing while nobody has it (`inferred`).
    #[serde(default)]
    pub order: Option<CodeOrder>,
}

/// An order with codes of the pool; who made it stays unread. Fulfilment §7, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CodeOrder {
    /// Douyin's order.
    pub order_id: Id,
    /// Douyin's specification.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub sku_id: Option<Id>,
    /// Our specification.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub third_sku_id: Option<Id>,
    /// All its codes.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub codes: Vec<Private>,
    /// When it was made, in seconds.
    #[serde(rename = "create_time", default, deserialize_with = "blank_as_none")]
    pub create_seconds: Option<Int>,
    /// What was paid; client code names it otherwise than the SDK.
    #[serde(default, alias = "amount_info")]
    pub amount: Option<CodeOrderAmount>,
}

/// What was paid for it. Fulfilment §7, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CodeOrderAmount {
    /// What the guest paid, fen.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub pay_amount: Option<Fen>,
}

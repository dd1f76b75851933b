//! What a plugin can do, as data. What it does not declare never reaches it.

use serde::{Deserialize, Serialize};

/// Declared abilities and limits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Present when the plugin is a channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelCapabilities>,
    /// Present when the plugin is a supplier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier: Option<SupplierCapabilities>,
}

/// What a channel can do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelCapabilities {
    /// Events it can deliver to its partner ([`crate::notice::OrderEvent::name`]).
    pub notices: Vec<String>,
    /// Those of them that the partner takes twice without a second effect; the others are not repeated blindly.
    pub repeatable_notices: Vec<String>,
    /// Whether single units can be redeemed, or only the whole order.
    pub redeem_units: bool,
    /// Whether single units can be refunded.
    pub refund_units: bool,
}

/// How a supplier fulfils.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupplierFulfilment {
    /// By calls.
    #[default]
    Calls,
    /// From a pool that the core keeps; the plugin only prepares imported codes.
    Pool,
}

/// What a supplier can do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SupplierCapabilities {
    /// How it fulfils.
    pub fulfilment: SupplierFulfilment,
    /// It can book.
    pub book: bool,
    /// It can tell what became of an order by our number.
    pub inquire: bool,
    /// It can cancel whole orders.
    pub cancel: bool,
    /// It can cancel single units.
    pub cancel_units: bool,
    /// Repeating `book` with our order number never books twice.
    pub book_idempotent: bool,
    /// Repeating `cancel` with its key never cancels twice.
    pub cancel_idempotent: bool,
    /// Most units of one order; none is without limit.
    pub units_limit: Option<u16>,
    /// Guests show their tickets at Entrepot's own desk.
    pub own_gate: bool,
}

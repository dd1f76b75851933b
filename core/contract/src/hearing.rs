//! What a supplier tells by a call of its own. Unless its signature covers the contents, it is only a reason to ask.

use serde::{Deserialize, Serialize};

use crate::channel::RawResponse;
use crate::ids::{OrderId, SupplierReference};
use crate::supplier::{Booking, Cancellation, Usage};

/// Most news of one call.
pub const NEWS_LIMIT: usize = 100;

/// To `hear`. A call that is not authentic or makes no sense is a fault: `Unauthenticated`, `Invalid`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// At most 100; empty for a handshake.
    pub news: Vec<News>,
    /// Sent once all of it is stored, byte for byte.
    pub reply: RawResponse,
    /// The partner's id of this call, for support.
    #[serde(default)]
    pub partner_trace: Option<String>,
}

/// One thing that a partner tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum News {
    /// Something happened to this order: ask. Nothing else of the call is believed.
    Ask {
        /// Which.
        order: Named,
        /// What to ask about.
        about: About,
    },
    /// The signature covers the contents: this is what `inquire` would answer.
    Booking {
        /// Which.
        order: Named,
        /// The answer.
        booking: Booking,
    },
    /// The signature covers the contents: this is what `usage` would answer.
    Usage {
        /// Which.
        order: Named,
        /// The answer.
        usage: Usage,
    },
    /// The signature covers the contents: this is what `inquire_cancel` would answer.
    Cancellation {
        /// Which.
        order: Named,
        /// Our key; where the partner does not know it, the order's only cancellation under way is meant.
        #[serde(default)]
        key: Option<String>,
        /// The answer.
        cancellation: Cancellation,
    },
    /// Prices or stock changed: read them.
    Calendar {
        /// The product in the supplier's words; all of them when left out.
        #[serde(default)]
        product_code: Option<String>,
    },
    /// News added after this build.
    #[serde(other)]
    Unknown,
}

/// How a partner names an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Named {
    /// By our number.
    Ours {
        /// The number.
        order: OrderId,
    },
    /// By its own.
    Theirs {
        /// The number.
        reference: SupplierReference,
    },
    /// A way added after this build.
    #[serde(other)]
    Unknown,
}

/// What to ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The booking: `inquire`.
    Booking,
    /// Use: `usage`.
    Usage,
    /// Cancellations under way: `inquire_cancel`.
    Cancellation,
    /// All that is declared; also what was added after this build.
    #[serde(other)]
    Everything,
}

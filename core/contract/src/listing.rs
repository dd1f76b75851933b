//! A listing: one SKU (or a purchase and a reservation SKU) as one connection's channel knows it; and how a channel names
//! one unit of an order.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::SalesClose;
use crate::ids::{BucketId, ConnectionId, ListingId, SkuId};
use crate::order::CredentialKind;
use crate::product::DocumentKind;
use crate::strict::strict;
use crate::time::VisitDate;

/// The binding between a channel's product and ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Its id.
    pub id: ListingId,
    /// The connection it is sold through.
    pub connection: ConnectionId,
    /// What is sold.
    pub sells: Sells,
    /// How the channel names it.
    #[serde(deserialize_with = "strict")]
    pub names: ListingNames,
    /// Whether this listing may be sold.
    #[serde(default = "yes")]
    pub on_sale: bool,
    /// This connection's own share of the stock (allotment, 渠道配额): a bucket of which units are taken first, before
    /// the first bucket of the SKU, which is the common pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allotment: Option<BucketId>,
    /// Units that the channel is never offered (安全库存): what it shows is old by the time a guest sees it, and an
    /// order it took on such a copy still finds stock.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub safety_stock: u32,
    /// What a person read in the channel's console, to be held against ours: nobody here can ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "strict")]
    pub there: Option<There>,
}

/// What a channel's console says of a product, as an operator typed it. The check of a connection compares it with ours where
/// a listing sells a pair; what is left out is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct There {
    /// What a guest pays for one unit, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_minor: Option<i64>,
    /// Units of what is bought first: those that were put up in all, or those that are left now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stock: Option<u32>,
    /// How many days after its date a reservation is good, too; 0: on its date alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_valid: Option<u16>,
    /// What guests may cancel by themselves once a date is reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<CancelThere>,
    /// First date that can be reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_date: Option<VisitDate>,
    /// Last date that can be reserved, inclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_date: Option<VisitDate>,
    /// The documents that guests may reserve with; empty where none is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<Vec<DocumentKind>>,
    /// The kinds of credential that the guest is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Vec<CredentialKind>>,
    /// Until when a date may be reserved; `{"days_before": 0, "minute_of_day": 1440}` where it may until its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_close: Option<SalesClose>,
    /// Whether the stock of the dates is that of a dated product there (true), or is kept by hand (false).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linked: Option<bool>,
}

/// Until when a channel lets guests cancel a reservation by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelThere {
    /// At any time while it is unused.
    Free,
    /// Never.
    Never,
    /// In steps, each until so many hours before 00:00 (venue time) of the date; negative reaches into it.
    Until(Vec<i32>),
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the form that serde calls
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn yes() -> bool {
    true
}

/// What a listing sells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Sells {
    /// One SKU.
    One(SkuId),
    /// A voucher SKU, and the dated SKU its holder reserves later (`A|B` of a group-buy with reservation).
    Pair {
        /// Bought first.
        voucher: SkuId,
        /// Reserved later.
        reservation: SkuId,
    },
}

impl Sells {
    /// The SKU that a purchase of this listing buys.
    #[must_use]
    pub const fn bought(&self) -> &SkuId {
        match self {
            Self::One(sku) | Self::Pair { voucher: sku, .. } => sku,
        }
    }

    /// The SKU that a date is taken from.
    #[must_use]
    pub const fn dated(&self) -> &SkuId {
        match self {
            Self::One(sku) | Self::Pair { reservation: sku, .. } => sku,
        }
    }
}

/// How a channel names a product: its own ids and the ones it learned from us. A call may carry any of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct ListingNames {
    /// The channel's product id.
    pub product: Option<String>,
    /// The channel's SKU id.
    pub sku: Option<String>,
    /// Our product id as the channel stores it.
    pub product_out: Option<String>,
    /// Our SKU id as the channel stores it.
    pub sku_out: Option<String>,
}

impl ListingNames {
    /// Whether a call with the names `asked` means this listing: every name that both sides know has to agree, a
    /// SKU name when the call carries one that this listing knows, and at least one name must be shared.
    #[must_use]
    pub fn answers_to(&self, asked: &Self) -> bool {
        let pairs = [
            (&self.product, &asked.product),
            (&self.sku, &asked.sku),
            (&self.product_out, &asked.product_out),
            (&self.sku_out, &asked.sku_out),
        ];
        let mut shared = 0;
        for pair in pairs {
            if let (Some(ours), Some(theirs)) = pair {
                if ours != theirs {
                    return false;
                }
                shared += 1;
            }
        }
        shared > 0
    }

    /// Whether no name is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

/// How a channel names one unit of an order; at least one name is there.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitNames {
    /// Its certificate's id (券 id).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The id of its item in the channel's order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The code that the guest shows for it, where the channel names it so; a secret like the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl fmt::Debug for UnitNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_ref().map_or(0, |code| code.chars().count());
        write!(f, "unit(certificate {:?}, item {:?}, code {code} chars)", self.certificate, self.item)
    }
}

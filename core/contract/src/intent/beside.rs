//! What a channel asks and tells beside orders: members, invoices, and how our products and shops stand there.

use serde::{Deserialize, Serialize};

use crate::ids::ChannelOrderId;
use crate::listing::ListingNames;
use crate::money::Money;
use crate::order::{Guest, GuestField};
use crate::time::Timestamp;

/// How one thing of ours stands at the channel now. It may be late, repeated or lost: a reason to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordStanding {
    /// What it is about.
    pub thing: Thing,
    /// How it stands.
    pub standing: ThingStanding,
    /// Why, in the channel's words, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The channel's id of the message, for de-duplication.
    pub message: String,
}

/// Something of ours at a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Thing {
    /// A product or one SKU of it.
    Product {
        /// As the channel names it.
        names: ListingNames,
    },
    /// Prices and stock of a product by date.
    Calendar {
        /// As the channel names the product.
        names: ListingNames,
    },
    /// A shop or hotel (门店).
    Shop {
        /// Its id there, once it has one.
        #[serde(default)]
        id: Option<String>,
        /// Our id of it as the channel stores it.
        #[serde(default)]
        out_id: Option<String>,
    },
    /// A room of a hotel (物理房型).
    Room {
        /// Its id there, once it has one.
        #[serde(default)]
        id: Option<String>,
        /// Our id of it as the channel stores it.
        #[serde(default)]
        out_id: Option<String>,
        /// The hotel's id there, when the channel says so.
        #[serde(default)]
        shop: Option<String>,
    },
    /// A thing added after this build.
    #[serde(other)]
    Unknown,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThingStanding {
    /// An audit or a match agreed.
    Approved,
    /// An audit or a match refused.
    Rejected,
    /// It is on sale there.
    OnSale,
    /// It is not on sale there.
    OffSale,
    /// What it was sent before did not take effect.
    Failed,
    /// Anything else; the channel has to be asked.
    #[serde(other)]
    Changed,
}

/// A question or wish about a member of the merchant's club.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskMember {
    /// What is wanted.
    pub wants: MemberWish,
    /// The guest, as the channel names him; the key of every repeat.
    pub member: String,
    /// Who he is, where the call says so.
    #[serde(default)]
    pub guest: Option<Guest>,
    /// His e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<GuestField>,
}

/// What is wanted of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberWish {
    /// Make him a member; one who is stays one.
    Join,
    /// End his membership.
    Leave,
    /// Show it.
    Show,
    /// Something added after this build.
    #[serde(other)]
    Unknown,
}

/// A guest asks for an invoice (开票). That it was written is told later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskInvoice {
    /// The channel's key, the same for every repeat.
    pub key: String,
    /// For these orders; never empty.
    pub orders: Vec<ChannelOrderId>,
    /// About this sum.
    pub amount: Money,
    /// For whom.
    pub title: InvoiceTitle,
    /// What it is for.
    pub content: String,
    /// The kind of invoice in the channel's word or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What has to stand on it beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<GuestField>,
    /// The address it is sent to.
    pub send_to: GuestField,
    /// When it was asked.
    pub asked_at: Timestamp,
}

/// For whom an invoice is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceTitle {
    /// Whether it is a company; a person otherwise.
    pub company: bool,
    /// The name.
    pub name: GuestField,
    /// A company's tax number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_number: Option<String>,
}

//! Products as Douyin knows them: the trip query with its audit, the shelf, online data, shops. Answers only; what no page
//! lists is ignored.

use serde::Deserialize;

use crate::kinds::{MatchStatus, StockLimit, TicketStatus};
use crate::number::{Fen, Id, Int, Text, blank_as_none, null_as_empty};

/// Most products of one page of the trip query. Scenic §18, `documented`.
pub const TICKETS_LIMIT: usize = 50;
/// Most specifications of one product. Scenic §17, `documented`.
pub const SPECIFICATIONS_LIMIT: usize = 3;
/// Most shops of one page. Fulfilment §12, `seen in client code`.
pub const SHOPS_LIMIT: usize = 50;

/// Answer of the trip product query. Scenic §18, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct TicketPage {
    /// The products; none is an empty list or no list.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub tickets: Vec<Ticket>,
}

/// A product with its ticket type. Scenic §18, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ticket {
    /// Douyin's product.
    pub product_id: Id,
    /// Our product.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub product_out_id: Option<Id>,
    /// Its name.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub product_name: Option<Text>,
    /// Where it stands.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub status: Option<TicketStatus>,
    /// Its specifications.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub ticket_specifications: Vec<TicketSku>,
    /// What the review said.
    #[serde(default)]
    pub audit_result: Option<AuditOpinion>,
}

/// A specification of a product. Scenic §18, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TicketSku {
    /// Douyin's.
    #[serde(deserialize_with = "blank_as_none")]
    pub sku_id: Option<Id>,
    /// Ours.
    #[serde(deserialize_with = "blank_as_none")]
    pub sku_out_id: Option<Id>,
    /// Its name.
    #[serde(deserialize_with = "blank_as_none")]
    pub sku_name: Option<Text>,
}

/// The review's opinion of a product and of its ticket type. Scenic §18, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AuditOpinion {
    /// Whether the product passed.
    #[serde(deserialize_with = "blank_as_none")]
    pub is_product_pass: Option<bool>,
    /// Why not.
    #[serde(deserialize_with = "blank_as_none")]
    pub product_audit_reason: Option<Text>,
    /// Whether its ticket type passed.
    #[serde(deserialize_with = "blank_as_none")]
    pub is_ticket_type_pass: Option<bool>,
    /// Why not.
    #[serde(deserialize_with = "blank_as_none")]
    pub ticket_type_audit_reason: Option<Text>,
}

impl AuditOpinion {
    /// The reasons it gives, joined; empty when it gives none.
    pub fn reasons(&self) -> String {
        let given = [&self.product_audit_reason, &self.ticket_type_audit_reason];
        let mut texts: Vec<&str> = given.into_iter().flatten().map(|text| text.as_str().trim()).collect();
        texts.retain(|text| !text.is_empty());
        texts.dedup();
        texts.join("; ")
    }
}

/// One element of the trip shelf call's answer, whose `data` is the list itself. Scenic §20, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ShelfResult {
    /// The product.
    pub product_id: Id,
    /// Text or number; which of them is success was not seen (`inferred`: 0).
    #[serde(default, deserialize_with = "blank_as_none")]
    pub code: Option<Int>,
}

/// Answer of the online data call. Fulfilment §11, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct OnlinePage {
    /// The products.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub product_onlines: Vec<OnlineProduct>,
}

/// A product that passed review. Fulfilment §11, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OnlineProduct {
    /// The product.
    pub product: Option<OnlineGoods>,
    /// Its specification; there is one only where the product has a single one.
    pub sku: Option<OnlineSku>,
    /// Whether it is on sale; the values were not seen.
    #[serde(deserialize_with = "blank_as_none")]
    pub online_status: Option<Int>,
}

/// The product of online data. Fulfilment §11, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OnlineGoods {
    /// Douyin's id.
    pub product_id: Id,
    /// Our id.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub out_id: Option<Id>,
    /// Its name.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub product_name: Option<Text>,
}

/// The specification of online data. Fulfilment §11, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OnlineSku {
    /// Douyin's id.
    #[serde(deserialize_with = "blank_as_none")]
    pub sku_id: Option<Id>,
    /// Our id.
    #[serde(deserialize_with = "blank_as_none")]
    pub out_sku_id: Option<Id>,
    /// Selling price, fen.
    #[serde(deserialize_with = "blank_as_none")]
    pub actual_amount: Option<Fen>,
    /// Its stock.
    pub stock: Option<OnlineStock>,
}

/// Stock of online data. Fulfilment §9, §11, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OnlineStock {
    /// Whether it is limited.
    #[serde(deserialize_with = "blank_as_none")]
    pub limit_type: Option<StockLimit>,
    /// Units, where it is.
    #[serde(deserialize_with = "blank_as_none")]
    pub stock_qty: Option<Int>,
}

/// Answer of the shop query. Fulfilment §12, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ShopPage {
    /// Shops in all.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub total: Option<Int>,
    /// The shops of this page.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub pois: Vec<ShopEntry>,
}

/// One shop with its accounts. Fulfilment §12, `seen in client code`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ShopEntry {
    /// The shop.
    pub poi: Shop,
}

/// A shop (门店). Fulfilment §12, `seen in client code`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Shop {
    /// Douyin's id.
    pub poi_id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub poi_name: Option<Text>,
}

/// Answer of the question which of Douyin's shops ours were matched with. Scenic §21, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ShopMatches {
    /// One for each id asked for.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub relations: Vec<ShopMatch>,
}

/// One of our shops and Douyin's. Scenic §21, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ShopMatch {
    /// Ours.
    pub ext_id: Id,
    /// Douyin's.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub match_poi_id: Option<Id>,
    /// Whether they belong together.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub match_relation_status: Option<MatchStatus>,
}

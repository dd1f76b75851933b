//! The merchants' products as the platform knows them (`spec/douyin-scenic-calendar.md` §§17 to 20): made by the API or
//! in Laike, reviewed, on the shelf or off it.

use crate::ids::Ids;
use crate::purchase::Purchase;
use serde_json::{Map, Value};

/// Where a product stands; the number is the `status` of the product query (scenic §18).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductState {
    /// 0, off the shelf.
    Offline,
    /// 1, on the shelf.
    Online,
    /// 2, under review.
    UnderReview,
    /// 3, review failed.
    ReviewFailed,
}

impl ProductState {
    /// `status` of the product query.
    pub fn number(self) -> i64 {
        match self {
            ProductState::Offline => 0,
            ProductState::Online => 1,
            ProductState::UnderReview => 2,
            ProductState::ReviewFailed => 3,
        }
    }
}

/// Where a product was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductSource {
    /// By the publish call.
    Api,
    /// By the merchant in Laike.
    Laike,
}

/// The outcome of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Passed.
    pub pass: bool,
    /// Why not; empty when passed.
    pub reason: String,
    /// Which save it was about, from 1: two equal verdicts on two saves are two events.
    pub save: u32,
}

/// One specification (规格) of a product.
#[derive(Clone, Debug, PartialEq)]
pub struct Specification {
    /// Douyin's id.
    pub sku_id: String,
    /// Ours; empty when none was given.
    pub sku_out_id: String,
    /// Name.
    pub sku_name: String,
    /// The other fields as given: area, seat, session, settle_type, free_merchant.
    pub more: Map<String, Value>,
}

/// One product.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Merchant.
    pub account_id: String,
    /// Douyin's id.
    pub product_id: String,
    /// Ours, when bound.
    pub product_out_id: Option<String>,
    /// Name.
    pub product_name: String,
    /// Shops.
    pub poi_ids: Vec<String>,
    /// At most three.
    pub specifications: Vec<Specification>,
    /// Where it stands.
    pub state: ProductState,
    /// Where it was made.
    pub source: ProductSource,
    /// The last review.
    pub verdict: Option<Verdict>,
    /// Whether any review was passed.
    pub has_passed: bool,
    /// Saves so far.
    pub saves: u32,
    /// The other fields of the last save, as given.
    pub ticket: Map<String, Value>,
    /// First save, platform time.
    pub created_ms: i64,
    /// Last change.
    pub updated_ms: i64,
    /// What the shelf said before the review that is under way.
    pub(crate) was_online: bool,
}

impl Product {
    /// A purchase of one of its specifications, the rest as in [`Purchase::sample`]; `None` when it has no such
    /// specification.
    pub fn purchase(&self, sku_out_id: &str) -> Option<Purchase> {
        let specification = self.specifications.iter().find(|one| one.sku_out_id == sku_out_id)?;
        let sample = Purchase::sample();
        Some(Purchase {
            account_id: self.account_id.clone(),
            poi_id: self.poi_ids.first().cloned().unwrap_or(sample.poi_id),
            product_id: self.product_id.clone(),
            product_out_id: self.product_out_id.clone().unwrap_or_default(),
            sku_id: specification.sku_id.clone(),
            sku_out_id: specification.sku_out_id.clone(),
            sku_name: specification.sku_name.clone(),
            ..Purchase::sample()
        })
    }

    /// The `ticket_type_id` of the query: the platform makes one ticket type with each product.
    pub(crate) fn ticket_type_id(&self) -> String {
        format!("T{}", self.product_id)
    }

    /// Whether `id` is Douyin's or ours.
    pub(crate) fn is_called(&self, id: &str) -> bool {
        self.product_id == id || self.product_out_id.as_deref() == Some(id)
    }
}

/// A product that a merchant makes in Laike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaikeProduct {
    /// Merchant.
    pub account_id: String,
    /// Our product, which the merchant types in to bind it; `None`: not bound.
    pub product_out_id: Option<String>,
    /// Name.
    pub product_name: String,
    /// Shops.
    pub poi_ids: Vec<String>,
    /// Our specification and its name; an empty id is not bound.
    pub specifications: Vec<(String, String)>,
}

impl LaikeProduct {
    /// An invented product: P1 of merchant 70001 with the specification P1-ADULT.
    pub fn sample() -> Self {
        Self {
            account_id: "70001".into(),
            product_out_id: Some("P1".into()),
            product_name: "Lakeside day ticket".into(),
            poi_ids: vec!["60001".into()],
            specifications: vec![("P1-ADULT".into(), "Adult".into())],
        }
    }
}

/// A specification as read from the publish call.
pub(crate) struct Wanted {
    pub(crate) sku_id: Option<String>,
    pub(crate) sku_out_id: String,
    pub(crate) sku_name: String,
    pub(crate) more: Map<String, Value>,
}

/// A save as read from the publish call.
pub(crate) struct Save {
    pub(crate) account_id: String,
    pub(crate) product_id: Option<String>,
    pub(crate) product_out_id: Option<String>,
    pub(crate) product_name: String,
    pub(crate) poi_ids: Vec<String>,
    pub(crate) specifications: Vec<Wanted>,
    pub(crate) ticket: Map<String, Value>,
}

/// Why a save was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SaveFault {
    /// The product_id is of no product of this merchant.
    Unknown,
    /// Under review.
    UnderReview,
}

/// All products, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    products: Vec<Product>,
}

impl Catalogue {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Product> {
        self.products.iter()
    }

    /// A product of any merchant, by Douyin's id or ours.
    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut Product> {
        self.products.iter_mut().find(|product| product.is_called(id))
    }

    /// A merchant's product by Douyin's id, else by ours.
    pub(crate) fn of(&self, account_id: &str, product_id: Option<&str>, out_id: Option<&str>) -> Option<&Product> {
        self.place(account_id, product_id, out_id).map(|place| &self.products[place])
    }

    pub(crate) fn of_mut(
        &mut self,
        account_id: &str,
        product_id: Option<&str>,
        out_id: Option<&str>,
    ) -> Option<&mut Product> {
        self.place(account_id, product_id, out_id).map(|place| &mut self.products[place])
    }

    fn place(&self, account_id: &str, product_id: Option<&str>, out_id: Option<&str>) -> Option<usize> {
        self.products.iter().position(|product| {
            product.account_id == account_id
                && match (product_id, out_id) {
                    (Some(id), _) => product.product_id == id,
                    (None, Some(id)) => product.product_out_id.as_deref() == Some(id),
                    (None, None) => false,
                }
        })
    }

    /// Stores a product that the merchant made; it has passed its review and is on the shelf.
    pub(crate) fn list(&mut self, product: LaikeProduct, ids: &Ids, now_ms: i64) -> Product {
        let specification = |(sku_out_id, sku_name)| Specification {
            sku_id: ids.specification(),
            sku_out_id,
            sku_name,
            more: Map::new(),
        };
        let product = Product {
            account_id: product.account_id,
            product_id: ids.product(),
            product_out_id: product.product_out_id,
            product_name: product.product_name,
            poi_ids: product.poi_ids,
            specifications: product.specifications.into_iter().map(specification).collect(),
            state: ProductState::Online,
            source: ProductSource::Laike,
            verdict: Some(Verdict { pass: true, reason: String::new(), save: 1 }),
            has_passed: true,
            saves: 1,
            ticket: Map::new(),
            created_ms: now_ms,
            updated_ms: now_ms,
            was_online: true,
        };
        self.products.push(product.clone());
        product
    }

    /// Creates or overwrites a product; a review follows (scenic §17). A specification keeps its Douyin id when it is
    /// named again, by that id or by ours.
    pub(crate) fn save(&mut self, save: Save, ids: &Ids, now_ms: i64) -> Result<Product, SaveFault> {
        let place = self.place(&save.account_id, save.product_id.as_deref(), save.product_out_id.as_deref());
        if place.is_none() && save.product_id.is_some() {
            return Err(SaveFault::Unknown);
        }
        let before = place.map(|place| self.products[place].clone());
        if before.as_ref().is_some_and(|product| product.state == ProductState::UnderReview) {
            return Err(SaveFault::UnderReview);
        }
        let known = before.as_ref().map_or(&[][..], |product| &product.specifications);
        let specification = |wanted: Wanted| {
            let again = known.iter().find(|one| match &wanted.sku_id {
                Some(id) => one.sku_id == *id,
                None => !wanted.sku_out_id.is_empty() && one.sku_out_id == wanted.sku_out_id,
            });
            let sku_id = again.map_or_else(|| ids.specification(), |one| one.sku_id.clone());
            Specification { sku_id, sku_out_id: wanted.sku_out_id, sku_name: wanted.sku_name, more: wanted.more }
        };
        let specifications = save.specifications.into_iter().map(specification).collect();
        let product = Product {
            account_id: save.account_id,
            product_id: before.as_ref().map_or_else(|| ids.product(), |product| product.product_id.clone()),
            product_out_id: save.product_out_id,
            product_name: save.product_name,
            poi_ids: save.poi_ids,
            specifications,
            state: ProductState::UnderReview,
            source: before.as_ref().map_or(ProductSource::Api, |product| product.source),
            verdict: before.as_ref().and_then(|product| product.verdict.clone()),
            has_passed: before.as_ref().is_some_and(|product| product.has_passed),
            saves: before.as_ref().map_or(0, |product| product.saves) + 1,
            ticket: save.ticket,
            created_ms: before.as_ref().map_or(now_ms, |product| product.created_ms),
            updated_ms: now_ms,
            was_online: before.as_ref().is_some_and(|product| match product.state {
                ProductState::ReviewFailed => product.was_online,
                state => state == ProductState::Online,
            }),
        };
        match place {
            Some(place) => self.products[place] = product.clone(),
            None => self.products.push(product.clone()),
        }
        Ok(product)
    }
}

//! What a merchant makes in Laike: the flash-sale product with the pair code, and what it shows of the reservation
//! (groupbuy A2, B18).

use super::terms::{CancelRule, Family, VoucherTerms};
use crate::catalogue::{LaikeProduct, Product};
use crate::platform::Platform;
use crate::purchase::Purchase;

/// A flash-sale product as it stands in Laike. None of it is told to us unless goods may be asked for
/// ([`GroupBuyOptions::goods_query`](super::GroupBuyOptions)); price and stock are then in the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairProduct {
    /// Merchant.
    pub account_id: String,
    /// Merchant platform product id: `<flash-sale code>|<reservation code>` (rule 6).
    pub pair_code: String,
    /// Name.
    pub product_name: String,
    /// Shops.
    pub poi_ids: Vec<String>,
    /// Price of one voucher, fen (rule 11).
    pub price_fen: i64,
    /// Vouchers left (rule 12).
    pub stock: i64,
    /// Window, days valid and cancellation (rules 13, 16, 31).
    pub terms: VoucherTerms,
    /// What a guest is asked at the reservation (rule 14): `name`, `phone`, `license_id`.
    pub guest_fields: Vec<String>,
}

impl PairProduct {
    /// An invented product of the pair `QG100|YY200` at 99 yuan, a hundred of them.
    pub fn sample() -> Self {
        Self {
            account_id: "70001".into(),
            pair_code: "QG100|YY200".into(),
            product_name: "Lakeside voucher".into(),
            poi_ids: vec!["60001".into()],
            price_fen: 9_900,
            stock: 100,
            terms: VoucherTerms { cancel: CancelRule::AnyTime, ..VoucherTerms::sample() },
            guest_fields: ["name", "phone", "license_id"].map(str::to_owned).to_vec(),
        }
    }

    /// What a guest buys of it.
    pub fn purchase(&self, made: &Product, family: Family, count: u32) -> Purchase {
        let sample = Purchase::voucher(family);
        let specification = made.specifications.first();
        Purchase {
            account_id: self.account_id.clone(),
            poi_id: self.poi_ids.first().cloned().unwrap_or(sample.poi_id),
            product_id: made.product_id.clone(),
            product_out_id: self.pair_code.clone(),
            sku_id: specification.map_or(sample.sku_id, |one| one.sku_id.clone()),
            sku_out_id: self.pair_code.clone(),
            sku_name: self.product_name.clone(),
            count,
            unit_price_fen: self.price_fen,
            terms: self.terms.clone(),
            ..Purchase::voucher(family)
        }
    }
}

impl Platform {
    /// The merchant puts a flash-sale product on the shelf in Laike; buy it with [`PairProduct::purchase`].
    pub fn list_pair(&self, pair: &PairProduct) -> Product {
        let made = self.list_in_laike(LaikeProduct {
            account_id: pair.account_id.clone(),
            product_out_id: Some(pair.pair_code.clone()),
            product_name: pair.product_name.clone(),
            poi_ids: pair.poi_ids.clone(),
            specifications: vec![(pair.pair_code.clone(), pair.product_name.clone())],
        });
        self.shared.world().pairs.insert(made.product_id.clone(), pair.clone());
        made
    }

    /// A flash-sale product as it stands in Laike, by Douyin's id.
    pub fn pair(&self, product_id: &str) -> Option<PairProduct> {
        self.shared.world().pairs.get(product_id).cloned()
    }
}

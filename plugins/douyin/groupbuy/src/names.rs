//! Which of a call's fields holds the pair. Group-buy B18, `inferred`: the fields and their order are a setting.

use douyin_wire::number::Id;
use douyin_wire::partner::body::{text_id, wrong};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::prelude::Fault;

use crate::connection::{ConnectionSettings, PairField};

/// Between the two SKU ids of a pair: U+007C (group-buy rule 6, `documented`).
pub(crate) const SEPARATOR: char = '|';
/// What people type for it on a Chinese keyboard.
const FULL_WIDTH: char = '｜';

/// The ids of what is bought, as a call tells them; those that it does not have are none.
#[derive(Default)]
pub(crate) struct Told<'a> {
    pub(crate) product: Option<&'a Id>,
    pub(crate) sku: Option<&'a Id>,
    pub(crate) product_out: Option<&'a Id>,
    pub(crate) sku_out: Option<&'a Id>,
    pub(crate) third_product: Option<&'a Id>,
    pub(crate) third_sku: Option<&'a Id>,
}

impl Told<'_> {
    /// The names under which the listing is looked for, each in its own place, as `locate` found it; a pair that stands in the
    /// product's fields alone is the SKU's name, too. A text that looks like a pair and is none goes on as it is, so that the
    /// core says what is wrong with it.
    pub(crate) fn names(&self, settings: &ConnectionSettings) -> Result<ListingNames, Fault> {
        let fields = settings.pair_code_fields.iter();
        let mut pairs =
            fields.filter_map(|field| self.field(*field)).filter(|id| id.as_str().contains([SEPARATOR, FULL_WIDTH]));
        let pair = pairs.next();
        if pairs.any(|other| Some(other) != pair) {
            return Err(wrong("sku_out_id", "the fields of one order name two pairs"));
        }
        let names = ListingNames {
            product: text_id("product_id", self.product)?,
            sku: text_id("sku_id", self.sku)?,
            product_out: text_id("product_out_id", self.product_out.or(self.third_product))?,
            sku_out: text_id("sku_out_id", self.sku_out.or(self.third_sku).or(pair))?,
        };
        if names.is_empty() {
            return Err(wrong("sku_id", "nothing names what is bought"));
        }
        Ok(names)
    }

    const fn field(&self, field: PairField) -> Option<&Id> {
        match field {
            PairField::SkuOutId => self.sku_out,
            PairField::ProductOutId => self.product_out,
            PairField::ThirdSkuId => self.third_sku,
            PairField::ThirdProductId => self.third_product,
        }
    }
}

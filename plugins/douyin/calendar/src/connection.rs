//! What can be set for a connection: what merchants, and the products they sell, differ in. It comes with each call.

use std::collections::BTreeMap;

use douyin_wire::partner::settings::{CodeAs, IssueTooEarly, OrderMode, QueryVouchers, RedeemBy};
use entrepot_sdk::prelude::Fault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Settings of a connection; they come with each call.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionSettings {
    /// When Douyin creates orders (scenic §1.1, documented). Douyin's staff switch it, per application.
    pub order_mode: OrderMode,
    /// What the issue call is answered when the order's state does not allow issuing yet (scenic §11, inferred).
    pub issue_too_early: IssueTooEarly,
    /// Whether codes are shown as they come or always as one kind; it has to be one that the product's
    /// `code_sending_info` lists (scenic §1.5, §11, seen in client code).
    pub code_as: CodeAs,
    /// When the status query's answer lists the vouchers (scenic §10, documented as needed for partial refunds).
    pub query_vouchers: QueryVouchers,
    /// How products come to Douyin (scenic §17: older pages require publishing by API, newer ones say that calendar tickets
    /// cannot be).
    pub publish_mode: PublishMode,
    /// For `publish_mode = "api"`: by our product's id at Douyin (`product_out_id`), what of `ticket` this plugin does not
    /// know: category, pictures, fees … (scenic §17, §18). Objects are merged into ours, anything else replaces it.
    pub product_extra: BTreeMap<String, Map<String, Value>>,
    /// List prices (划线价) in fen, by our SKU's id at Douyin (`sku_out_id`; of a product with one specification also
    /// `product_out_id`). A date's retail price where none stands here, or where it is higher.
    pub list_prices_fen: BTreeMap<String, i64>,
    /// Tell `settle_amount`, the settlement price, beside the selling price (scenic §14, documented as optional).
    pub send_settle_amount: bool,
    /// The call that redeems (scenic §13; common §13 is the general one, documented for vouchers of every kind).
    pub redeem_by: RedeemBy,
    /// Our ids of the shops (门店), as they were matched at Douyin (`ext_id`): with them the look at shops tells which shop is
    /// which. At most 200 (scenic §21, documented).
    #[schemars(length(max = 200))]
    pub shop_out_ids: Vec<String>,
    /// The merchant has extended specifications: a pull is answered with 30 days instead of 60 (scenic §16, documented).
    pub extended_specifications: bool,
}

impl ConnectionSettings {
    /// Most days of a pull. Scenic §16, `documented`.
    pub(crate) const fn pull_days(&self) -> u32 {
        if self.extended_specifications { 30 } else { 60 }
    }

    /// The list price of the first of these ids that has one.
    pub(crate) fn list_price_fen(&self, ids: [Option<&String>; 2]) -> Result<Option<i64>, Fault> {
        let known = |id: &String| self.list_prices_fen.get_key_value(id);
        let Some((id, price)) = ids.into_iter().flatten().find_map(known) else {
            return Ok(None);
        };
        if *price < 0 {
            return Err(Fault::invalid(format!("settings.list_prices_fen.{id}: must not be negative")));
        }
        Ok(Some(*price))
    }
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            order_mode: OrderMode::AfterPayment,
            issue_too_early: IssueTooEarly::CallAgain,
            code_as: CodeAs::Given,
            query_vouchers: QueryVouchers::Always,
            publish_mode: PublishMode::Bind,
            product_extra: BTreeMap::new(),
            list_prices_fen: BTreeMap::new(),
            send_settle_amount: false,
            redeem_by: RedeemBy::Trip,
            shop_out_ids: Vec::new(),
            extended_specifications: false,
        }
    }
}

/// How products come to Douyin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublishMode {
    /// A person makes them in Laike (来客) with our ids; here they are found by them, and brought on and off the shelf.
    Bind,
    /// This plugin makes and changes them.
    Api,
}

//! What OpenAPI calls have in common.

use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::prelude::*;

use entrepot_sdk::contract::manifest::ApiRate;

use crate::calendar::ProductRef;
use crate::faults::refuses_contents;
use crate::number::Id;

/// Calls a second that Douyin's pages allow an application, by our names of the calls. Common §6, fulfilment §5, §10:
/// `documented`; where a page shows two numbers, the one of an application.
#[must_use]
pub fn rates() -> Vec<ApiRate> {
    let rates = [
        ("order_query", 20),
        ("ledger_query", 20),
        ("product_operate", 20),
        ("product_online_get", 20),
        ("verify_record_query", 100),
        ("create_callback", 4_000),
    ];
    rates.map(|(api, calls)| ApiRate::per_second(api, calls)).to_vec()
}

/// Merchant account; a fault that names the connection where it has none. Common §4, `documented`.
pub fn account<S>(call: &Call<S>) -> Result<Id, Fault> {
    let account = call.connection.account.clone().and_then(Id::new);
    account.ok_or_else(|| {
        let text = format!("connection {}: it needs an account_id for calls to Douyin", call.connection.id);
        Fault::invalid(text)
    })
}

/// The product by our id, under which it was bound, or by Douyin's.
pub fn product(names: &ListingNames) -> Result<ProductRef, Fault> {
    let (out, own) = (names.product_out.clone().and_then(Id::new), names.product.clone().and_then(Id::new));
    match (out, own) {
        (None, None) => Err(Fault::invalid("the product's listing has neither product_out nor product")),
        (None, product_id) => Ok(ProductRef { product_id, product_out_id: None }),
        (product_out_id, _) => Ok(ProductRef { product_id: None, product_out_id }),
    }
}

/// Why Douyin refuses for good what was sent: "invalid parameter", or a code that the settings name final. None where
/// something else is wrong (the token, the quota, a scope).
#[must_use]
pub fn refusal(final_codes: &[i64], fault: &Fault) -> Option<String> {
    let code: i64 = fault.partner_code.as_ref()?.parse().ok()?;
    (refuses_contents(code) || final_codes.contains(&code)).then(|| fault.text.clone())
}

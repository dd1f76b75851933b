//! What is online, and shops, as Douyin shows them. Fulfilment §11, §12, scenic §21.

use std::collections::BTreeMap;

use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::looking::{ProductSeen, ShopSeen};
use entrepot_sdk::prelude::*;

use super::page_fault;
use crate::goods::{OnlinePage, OnlineProduct, SHOPS_LIMIT, Shop, ShopMatches, ShopPage};
use crate::kinds::{MatchStatus, StockLimit};
use crate::number::{Id, Text};
use crate::partner::Partner;
use crate::partner::calls::account;
use crate::partner::refusals::shortened;
use crate::partner::settings::SharedSettings;

/// Online data. Fulfilment §11, `documented`; 20 calls a second.
const ONLINE: (&str, &str) = ("product_online_get", "/goodlife/v1/goods/product/online/get/");
/// Shops. Scenic §21, fulfilment §12, `seen in client code`.
const SHOPS: (&str, &str) = ("shop_query", "/goodlife/v1/shop/poi/query/");
/// Which shops ours were matched with; at most 200 ids. Scenic §21, `documented`.
const MATCHES: (&str, &str) = ("shop_match_query", "/goodlife/v1/poi/match/relation/query/");
/// Most ids of one question. Scenic §21, `documented`.
const MATCHES_LIMIT: usize = 200;
/// Last page of shops. Fulfilment §12, `seen in client code`.
const SHOP_PAGES: u32 = 10_000;

/// An id as the core keeps it.
#[must_use]
pub fn text(id: Option<&Id>) -> Option<String> {
    id.map(ToString::to_string)
}

/// A name for people, of bounded length.
#[must_use]
pub fn title(name: Option<&Text>) -> String {
    name.map(|name| shortened(name.as_str())).unwrap_or_default()
}

/// The products online with these names, SKU by SKU; asked without a name, the account's first ones. Fulfilment §11: by at
/// most 10 `product_ids` or `out_ids`.
pub async fn online<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    names: &ListingNames,
) -> Result<Vec<ProductSeen>, Fault> {
    let account = account(call)?;
    let mut query = vec![("account_id", account.as_str())];
    match (&names.product, &names.product_out) {
        // Products that a merchant made in Laike are found by Douyin's id alone.
        (Some(id), _) => query.push(("product_ids", id)),
        (None, Some(out)) => query.push(("out_ids", out)),
        (None, None) => {}
    }
    let answer = partner.client.get(call, ONLINE.0, ONLINE.1, &query).await?;
    let page: OnlinePage = answer.read(ONLINE.0)?;
    Ok(page.product_onlines.iter().filter_map(|online| of_online(&partner.shared, online)).collect())
}

fn of_online(settings: &SharedSettings, online: &OnlineProduct) -> Option<ProductSeen> {
    let (product, sku) = (online.product.as_ref()?, online.sku.as_ref());
    let stock = sku.and_then(|sku| sku.stock.as_ref());
    let limited = stock.filter(|stock| stock.limit_type == Some(StockLimit::Limited));
    Some(ProductSeen {
        names: ListingNames {
            product: Some(product.product_id.to_string()),
            sku: text(sku.and_then(|sku| sku.sku_id.as_ref())),
            product_out: text(product.out_id.as_ref()),
            sku_out: text(sku.and_then(|sku| sku.out_sku_id.as_ref())),
        },
        title: title(product.product_name.as_ref()),
        on_sale: online.online_status.is_some_and(|status| settings.goods_online_status.contains(&status.0)),
        // What did not pass review is not there (fulfilment §11).
        audit: Some("passed".to_owned()),
        price: sku.and_then(|sku| sku.actual_amount).map(|fen| Money::fen(fen.get())),
        stock: limited.and_then(|stock| u32::try_from(stock.stock_qty?.0).ok()),
    })
}

/// The account's shops, page by page, with our ids (`ext_id`) of those that were matched.
pub async fn shops<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    shop_out_ids: &[String],
    page: Option<&str>,
) -> Result<Seen, Fault> {
    let number: u32 = match page {
        None => 1,
        Some(page) => {
            page.parse().ok().filter(|number| (1..=SHOP_PAGES).contains(number)).ok_or_else(|| page_fault(page))?
        }
    };
    let (account, page, size) = (account(call)?, number.to_string(), SHOPS_LIMIT.to_string());
    let query = [("account_id", account.as_str()), ("page", &page), ("size", &size)];
    let answer = partner.client.get(call, SHOPS.0, SHOPS.1, &query).await?;
    let found: ShopPage = answer.read(SHOPS.0)?;
    let so_far = i64::from(number) * i64::try_from(SHOPS_LIMIT).unwrap_or(i64::MAX);
    let full = found.pois.len() >= SHOPS_LIMIT && found.total.is_none_or(|total| total.0 > so_far);
    let next = (full && number < SHOP_PAGES).then(|| (number + 1).to_string());
    let ours = matched(partner, call, shop_out_ids).await?;
    let seen = |shop: Shop| ShopSeen {
        out_id: ours.get(shop.poi_id.as_str()).cloned(),
        id: shop.poi_id.to_string(),
        name: title(shop.poi_name.as_ref()),
    };
    Ok(Seen::Shops { shops: found.pois.into_iter().map(|entry| seen(entry.poi)).collect(), next })
}

/// Our ids by Douyin's shops, of those that were matched; none where the connection names no shop of ours.
async fn matched<S: Sync>(
    partner: &Partner,
    call: &Call<S>,
    ids: &[String],
) -> Result<BTreeMap<String, String>, Fault> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    if ids.len() > MATCHES_LIMIT {
        let text = format!("settings.shop_out_ids: at most {MATCHES_LIMIT} ids can be asked for at once");
        return Err(Fault::invalid(text));
    }
    let (account, joined) = (account(call)?, ids.join(","));
    let query = [("account_id", account.as_str()), ("ext_ids", &joined)];
    let answer = partner.client.get(call, MATCHES.0, MATCHES.1, &query).await?;
    let found: ShopMatches = answer.read(MATCHES.0)?;
    let matched = found.relations.into_iter().filter(|row| row.match_relation_status == Some(MatchStatus::Matched));
    Ok(matched.filter_map(|row| Some((row.match_poi_id?.into(), row.ext_id.into()))).collect())
}

//! On and off the shelf, and what is on it (scenic §20, fulfilment §§9 and 11).

use super::fields::{Answer, Refusal};
use super::orders::sub_code;
use super::request::Request;
use super::routes::LIST;
use crate::calendar::DayOffer;
use crate::catalogue::{Product, ProductSource, ProductState};
use serde_json::{Map, Value, json};

/// The app lacks the capability (common §5).
const NOT_GRANTED: i64 = 2_190_004;
/// Most products of one question (fulfilment §11).
const PRODUCTS_MAX: usize = 10;

/// Puts a product on the shelf or takes it off; one that never passed a review, or is under one, stays where it is.
fn turn(request: &Request<'_>, product: &mut Product, op_type: i64) -> Result<(), Refusal> {
    let reviewed = !matches!(product.state, ProductState::UnderReview | ProductState::ReviewFailed);
    if !reviewed {
        return Err(Refusal::business(sub_code::WRONG_STATE, "the product is under review or its review failed"));
    }
    let is_on = op_type == request.shared.options.op_online;
    product.state = if is_on { ProductState::Online } else { ProductState::Offline };
    product.updated_ms = request.now_ms;
    Ok(())
}

fn op_type(request: &Request<'_>) -> Result<i64, Refusal> {
    let options = &request.shared.options;
    let op_type = request.fields().int("op_type")?;
    if op_type != options.op_online && op_type != options.op_offline {
        return Err(Refusal::parameter("op_type is unknown"));
    }
    Ok(op_type)
}

/// `POST /goodlife/v1/goods/product/operate/`: one product, by Douyin's id or ours.
pub(crate) fn operate_one(request: &Request<'_>) -> Answer {
    request.known_fields("scenic §20", &["op_type", "product_id", "out_id", "account_id"]);
    let fields = request.fields();
    let op_type = op_type(request)?;
    let id = match (fields.text_opt("product_id")?, fields.text_opt("out_id")?) {
        (Some(id), None) | (None, Some(id)) => id,
        _ => return Err(Refusal::parameter("give product_id or out_id")),
    };
    let account_id = fields.text_opt("account_id")?;
    if let Some(account_id) = account_id {
        request.authorised(account_id)?;
    }
    let mut world = request.shared.world();
    let product = world.catalogue.find_mut(id);
    let product = product.filter(|product| account_id.is_none_or(|account_id| product.account_id == account_id));
    turn(request, product.ok_or_else(|| Refusal::parameter("the product does not exist"))?, op_type)?;
    Ok(Map::new())
}

/// `POST /goodlife/v1/trip/product/operate/`: several products by Douyin's id, each with its own result.
pub(crate) fn operate_many(request: &Request<'_>) -> Answer {
    request.known_fields("scenic §20", &["account_id", "op_type", "product_id_list"]);
    let fields = request.fields();
    let account_id = fields.text("account_id")?;
    request.authorised(account_id)?;
    let op_type = op_type(request)?;
    let ids: Option<Vec<&str>> = fields.list("product_id_list")?.iter().map(Value::as_str).collect();
    let ids = ids.ok_or_else(|| Refusal::parameter("product_id_list must hold strings"))?;
    let mut world = request.shared.world();
    let turned = ids.into_iter().map(|id| {
        let product = world.catalogue.of_mut(account_id, Some(id), None);
        let result = product
            .ok_or_else(|| Refusal::parameter("the product does not exist"))
            .and_then(|product| turn(request, product, op_type));
        let (code, text) = result.map_or_else(|refusal| (refusal.code, refusal.text), |()| (0, "success".to_owned()));
        json!({"product_id": id, "code": code.to_string(), "message": text})
    });
    let rows: Vec<Value> = turned.collect();
    let mut payload = Map::new();
    payload.insert(LIST.into(), rows.into());
    Ok(payload)
}

/// `GET /goodlife/v1/goods/product/online/get/`. A product that never passed review is invisible; one made in Laike is
/// found by Douyin's id alone; only a single specification is described (fulfilment §11).
pub(crate) fn online(request: &Request<'_>) -> Answer {
    request.known_parameters("fulfilment §11", &["account_id", "product_ids", "out_ids"]);
    if !request.shared.options.group_buy.goods_query {
        return Err(Refusal::new(NOT_GRANTED, "the app lacks the capability life.capacity.goods.query"));
    }
    let account_id = request.account()?;
    let (ids, out_ids) = (request.list("product_ids"), request.list("out_ids"));
    if ids.is_empty() && out_ids.is_empty() {
        return Err(Refusal::parameter("product_ids and out_ids are both missing"));
    }
    if ids.len() + out_ids.len() > PRODUCTS_MAX {
        return Err(Refusal::parameter("more than 10 products"));
    }
    let named = |product: &&Product| {
        let by_out_id = product.source == ProductSource::Api
            && product.product_out_id.as_ref().is_some_and(|id| out_ids.contains(id));
        product.account_id == account_id && product.has_passed && (by_out_id || ids.contains(&product.product_id))
    };
    let world = request.shared.world();
    let found: Vec<Product> = world.catalogue.all().filter(named).cloned().collect();
    drop(world);
    let onlines: Vec<Value> = found.iter().map(|product| describe(request, product)).collect();
    let mut payload = Map::new();
    payload.insert("product_onlines".into(), onlines.into());
    Ok(payload)
}

fn describe(request: &Request<'_>, product: &Product) -> Value {
    let options = &request.shared.options;
    let is_on = product.state == ProductState::Online;
    let online_status = if is_on { options.op_online } else { options.op_offline };
    let pois: Vec<Value> =
        product.poi_ids.iter().map(|id| json!({"poi_id": id, "supplier_ext_id": "", "supplier_id": ""})).collect();
    let mut online = json!({
        "online_status": online_status,
        "commission_info": {"platform_take_rate": "0"},
        "product": {
            "product_id": product.product_id,
            "out_id": product.product_out_id.clone().unwrap_or_default(),
            "product_name": product.product_name,
            "category_id": product.ticket.get("category_id").cloned().unwrap_or_else(|| "0".into()),
            "category_full_name": "",
            "account_name": format!("Merchant {}", product.account_id),
            "owner_account_id": product.account_id,
            "creator_account_id": product.account_id,
            "biz_line": 1,
            "product_type": 1,
            "create_time": request.time(product.created_ms),
            "update_time": request.time(product.updated_ms),
            "pois": pois,
        },
    });
    if let [only] = &product.specifications[..] {
        let days = request.shared.world().calendar.days(&product.account_id, &only.sku_out_id);
        let first = days.values().next();
        let pair = request.shared.world().pairs.get(&product.product_id).cloned();
        let price = |of: fn(&DayOffer) -> i64| pair.as_ref().map_or(first.map_or(0, of), |pair| pair.price_fen);
        let stock = pair.as_ref().map_or(first.map_or(0, |day| day.stock), |pair| pair.stock);
        online["sku"] = json!({
            "sku_id": only.sku_id,
            "out_sku_id": only.sku_out_id,
            "sku_name": only.sku_name,
            "origin_amount": request.long(price(|day| day.origin_fen)),
            "actual_amount": request.long(price(|day| day.actual_fen)),
            "status": online_status,
            "stock": {"limit_type": 1, "stock_qty": request.long(stock)},
        });
    }
    online
}

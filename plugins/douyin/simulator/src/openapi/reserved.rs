//! Reserved codes: import, and the order of a code (fulfilment §7).

use super::fields::{Answer, Refusal};
use super::orders::sub_code;
use super::request::Request;
use crate::orders::Order;
use crate::reserved::ReservedCode;
use serde_json::{Map, Value, json};

/// Most codes of one batch (fulfilment §7).
const BATCH_MAX: usize = 500;

/// `POST /goodlife/v1/fulfilment/reserve_code/batch_import/`: one code that comes twice refuses the whole batch.
pub(crate) fn import(request: &Request<'_>) -> Answer {
    request.known_fields("fulfilment §7", &["account_id", "codes", "sku_id", "third_sku_id", "expired_time"]);
    let fields = request.fields();
    let account_id = fields.text("account_id")?;
    request.authorised(account_id)?;
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let (sku_id, third_sku_id) = (owned(fields.text_opt("sku_id")?), owned(fields.text_opt("third_sku_id")?));
    let expired_s = fields.long_opt("expired_time")?;
    let codes = fields.list("codes")?;
    if codes.len() > BATCH_MAX {
        return Err(Refusal::parameter("more than 500 codes in one batch"));
    }
    let code = |code: &Value| {
        let code = code.as_str().filter(|code| !code.is_empty())?.to_owned();
        let (sku_id, third_sku_id) = (sku_id.clone(), third_sku_id.clone());
        Some(ReservedCode { account_id: account_id.to_owned(), sku_id, third_sku_id, code, expired_s, order_id: None })
    };
    let batch: Option<Vec<ReservedCode>> = codes.iter().map(code).collect();
    let batch = batch.ok_or_else(|| Refusal::parameter("codes must hold strings"))?;
    request.shared.world().reserved.import(batch).map_err(|_| {
        Refusal::business(sub_code::DUPLICATE, "a code of the batch was imported before or comes twice")
    })?;
    Ok(Map::new())
}

/// `GET /goodlife/v1/fulfilment/reserve_code/bind_order_info/`; `order` is absent while the code is not given out.
pub(crate) fn bound_order(request: &Request<'_>) -> Answer {
    request.known_parameters("fulfilment §7", &["account_id", "code", "sku_id"]);
    let account_id = request.account()?;
    let code = request.need("code")?;
    let world = request.shared.world();
    let found = world.reserved.find(account_id, code);
    let found = found.ok_or_else(|| Refusal::parameter("the code was never imported"))?;
    let order = found.order_id.as_ref().and_then(|order_id| world.orders.get(order_id));
    let mut payload = Map::new();
    if let Some(order) = order {
        let codes = world.reserved.of_order(&order.order_id);
        payload.insert("order".into(), describe(request, order, &codes));
    }
    Ok(payload)
}

fn describe(request: &Request<'_>, order: &Order, codes: &[String]) -> Value {
    let purchase = &order.purchase;
    let seal = |plain: &str| request.shared.seal(plain);
    let tourist = |one: &crate::Person| {
        let id_card = if one.license_id.is_empty() { String::new() } else { seal(&one.license_id) };
        json!({"name": one.name, "phone": seal(&one.phone), "id_card": id_card})
    };
    let tourists: Vec<Value> = purchase.tourists.iter().map(tourist).collect();
    json!({
        "order_id": order.order_id,
        "sku_id": purchase.sku_id,
        "third_sku_id": purchase.sku_out_id,
        "codes": codes,
        "create_time": request.time(order.created_ms()),
        "tourists": tourists,
        "amount": {
            "original_amount": purchase.origin_amount_fen(),
            "pay_amount": purchase.pay_amount_fen(),
            "merchant_ticket_amount": purchase.merchant_discount_fen,
            "platform_ticket_amount": purchase.platform_discount_fen,
            "payment_discount_amount": 0,
            "fee_amount": 0,
        },
    })
}

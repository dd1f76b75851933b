//! The general voucher calls: verify, get and query (common §13, fulfilment §§3, 5, 14).

use super::fields::{Answer, Fields, Refusal};
use super::orders::{known_order, sub_code};
use super::request::Request;
use super::verify::{Part, Target, Wish, perform};
use crate::orders::{Order, part_of};
use serde_json::{Map, Value, json};

/// Neither order nor code was given (fulfilment §5).
const NOTHING_ASKED: i64 = 4_000_001;

/// `POST /goodlife/v1/fulfilment/certificate/verify/`, for third-party codes and vouchers by project. Douyin's own
/// codes are unknown here: nobody prepares them.
pub(crate) fn verify(request: &Request<'_>) -> Answer {
    const FIELDS: [&str; 11] = [
        "verify_token",
        "poi_id",
        "encrypted_codes",
        "codes",
        "order_id",
        "code_with_time_list",
        "voucher",
        "vouchers",
        "account_id",
        "verify_extra",
        "verify_sign_list",
    ];
    request.known_fields("fulfilment §3", &FIELDS);
    let fields = request.fields();
    let token = fields.text("verify_token")?;
    let poi_id = fields.text("poi_id")?;
    if !fields.list_opt("encrypted_codes")?.is_empty() {
        return Err(Refusal::business(sub_code::WRONG_STATE, "these vouchers have third-party codes"));
    }
    let parts = read_parts(&fields)?;
    let order_id = known_order(request)?;
    let wish = Wish { order_id, token, poi_id: Some(poi_id), verify_s: None, parts };
    perform(request, &wish, |order, done| {
        json!({
            "result": done.code,
            "msg": done.text,
            "code": done.shown,
            "origin_code": done.shown,
            "verify_id": done.verify_id,
            "certificate_id": done.certificate_id,
            "order_id": order.order_id,
            "account_id": order.account_id(),
            "product_id": order.purchase.product_id,
            "verify_amount_info": {},
        })
    })
}

/// The one list that a call carries (fulfilment §3, rule 1).
fn read_parts(fields: &Fields<'_>) -> Result<Vec<Part>, Refusal> {
    let mut vouchers: Vec<&Value> = fields.list_opt("vouchers")?.iter().collect();
    vouchers.extend(fields.object_opt("voucher")?);
    let (codes, timed) = (fields.list_opt("codes")?, fields.list_opt("code_with_time_list")?);
    let lists = [codes.is_empty(), timed.is_empty(), vouchers.is_empty()];
    if lists.iter().filter(|is_empty| !**is_empty).count() != 1 {
        return Err(Refusal::parameter("give exactly one of codes, code_with_time_list and vouchers"));
    }
    let code = |code: &Value| {
        let text = code.as_str().filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Refusal::parameter("codes must hold strings"))?;
        Ok(Part { target: Target::Code(text.to_owned()), verify_s: None })
    };
    let timed_code = |entry: &Value| {
        let entry = Fields::of(entry);
        Ok(Part { target: Target::Code(entry.text("code")?.to_owned()), verify_s: Some(entry.long("verify_time")?) })
    };
    let voucher = |entry: &&Value| {
        let entry = Fields::of(entry);
        let project_id = entry.text("project_id")?.to_owned();
        Ok(Part { target: Target::Projects(vec![project_id]), verify_s: entry.long_opt("verify_time")? })
    };
    codes.iter().map(code).chain(timed.iter().map(timed_code)).chain(vouchers.iter().map(voucher)).collect()
}

/// `GET …/certificate/get/`: one voucher by its encrypted code.
pub(crate) fn get(request: &Request<'_>) -> Answer {
    request.known_parameters("fulfilment §5", &["encrypted_code"]);
    let code = request.need("encrypted_code")?;
    let (order, place) = by_encrypted_code(request, code)?;
    let mut payload = Map::new();
    payload.insert("certificate".into(), describe(request, &order, place));
    Ok(payload)
}

/// `GET …/certificate/query/`: the vouchers of an order, or one by its encrypted code.
pub(crate) fn query(request: &Request<'_>) -> Answer {
    request.known_parameters("fulfilment §5", &["order_id", "encrypted_code"]);
    let found = match (request.parameter("order_id"), request.parameter("encrypted_code")) {
        (None, None) => return Err(Refusal::new(NOTHING_ASKED, "order_id and encrypted_code are both missing")),
        (Some(_), Some(_)) => return Err(Refusal::parameter("give order_id or encrypted_code, not both")),
        (Some(order_id), None) => {
            let order = request.shared.world().orders.get(order_id).cloned();
            let order = order.ok_or_else(|| Refusal::parameter("order_id does not exist"))?;
            request.authorised(order.account_id())?;
            let issued = (0..order.units.len()).filter(|place| order.units[*place].voucher.is_some());
            issued.map(|place| describe(request, &order, place)).collect()
        }
        (None, Some(code)) => {
            let (order, place) = by_encrypted_code(request, code)?;
            vec![describe(request, &order, place)]
        }
    };
    let mut payload = Map::new();
    payload.insert("certificates".into(), Value::Array(found));
    Ok(payload)
}

/// The encrypted code of a voucher: ours to invent, it only has to be the same every time.
pub(crate) fn encrypted_code(certificate_id: &str) -> String {
    format!("CE{certificate_id}")
}

fn by_encrypted_code(request: &Request<'_>, code: &str) -> Result<(Order, usize), Refusal> {
    let unknown = || Refusal::business(1212, "voucher not found");
    let (order, place) = {
        let world = request.shared.world();
        let found = world.orders.values().find_map(|order| {
            let matches = |unit: &crate::Unit| unit.voucher.is_some() && encrypted_code(&unit.certificate_id) == code;
            order.units.iter().position(matches).map(|place| (order.clone(), place))
        });
        found.ok_or_else(unknown)?
    };
    request.authorised(order.account_id())?;
    Ok((order, place))
}

/// The structure Certificate (fulfilment §14).
fn describe(request: &Request<'_>, order: &Order, place: usize) -> Value {
    let unit = &order.units[place];
    let (start_s, expire_s) = order.purchase.valid_s().unwrap_or_default();
    let records: Vec<Value> = order
        .redemptions
        .iter()
        .filter(|one| one.place == place)
        .map(|one| {
            json!({
                "verify_id": one.verify_id,
                "certificate_id": one.certificate_id,
                "verify_time": request.time(one.verify_ms),
                "verify_type": one.kind.number(),
                "can_cancel": false,
                "poi_id": one.poi_id,
                "verifier_unique_id": "",
            })
        })
        .collect();
    let mut certificate = json!({
        "certificate_id": unit.certificate_id,
        "encrypted_code": encrypted_code(&unit.certificate_id),
        "code": unit.voucher.as_ref().and_then(|voucher| voucher.first_code()).unwrap_or_default(),
        "status": request.shared.options.item_status_of(unit.state()),
        "used_status_type": i64::from(!records.is_empty()),
        "start_time": request.long(start_s),
        "expire_time": request.long(expire_s),
        "sku": sku(order),
        "amount": amount(order, place),
        "verify_records": records,
    });
    if let Some(last) = records_last(&certificate) {
        certificate["verify"] = last;
    }
    certificate
}

fn records_last(certificate: &Value) -> Option<Value> {
    certificate["verify_records"].as_array()?.last().cloned()
}

/// The structure Sku.
pub(crate) fn sku(order: &Order) -> Value {
    json!({
        "sku_id": order.purchase.sku_id,
        "title": order.purchase.sku_name,
        "third_sku_id": order.purchase.sku_out_id,
        "account_id": order.purchase.account_id,
    })
}

/// The structure Amount2 of one copy, fen (fulfilment §14).
pub(crate) fn amount(order: &Order, place: usize) -> Value {
    let purchase = &order.purchase;
    let part = |sum_fen: i64| part_of(sum_fen, place, order.units.len());
    json!({
        "original_amount": part(purchase.origin_amount_fen()),
        "pay_amount": part(purchase.pay_amount_fen()),
        "coupon_pay_amount": part(purchase.pay_amount_fen()),
        "list_market_amount": part(purchase.origin_amount_fen()),
        "merchant_ticket_amount": part(purchase.merchant_discount_fen),
        "platform_discount_amount": part(purchase.platform_discount_fen),
        "payment_discount_amount": 0,
    })
}

//! The redemption history (common §13, fulfilment §5).

use super::certificates::{amount, sku};
use super::fields::{Answer, Refusal};
use super::request::Request;
use crate::ids::{day_start_s, local_time};
use crate::orders::Order;
use crate::redemptions::Redemption;
use serde_json::{Map, Value, json};

/// Rows of one page (common §13).
const SIZE_MAX: usize = 20;

/// `GET /goodlife/v1/fulfilment/certificate/verify_record/query/`. Oldest first; without `start_time` from today's
/// midnight.
pub(crate) fn query(request: &Request<'_>) -> Answer {
    const PARAMETERS: [&str; 6] = ["account_id", "poi_ids", "cursor", "size", "start_time", "end_time"];
    request.known_parameters("fulfilment §5", &PARAMETERS);
    let account_id = request.account()?;
    let size = request.number_in("size", 1, SIZE_MAX)?;
    let after = Cursor::read(request.need("cursor")?)?;
    let from_s = match request.number("start_time")? {
        Some(from_s) => from_s,
        None => today_s(request.now_ms),
    };
    let to_s = request.number("end_time")?.unwrap_or(i64::MAX);
    if to_s < from_s {
        return Err(Refusal::parameter("end_time lies before start_time"));
    }
    let shops = request.list("poi_ids");
    let world = request.shared.world();
    let of_merchant = world.orders.values().filter(|order| order.account_id() == account_id);
    let wanted = |one: &Redemption| {
        (from_s..=to_s).contains(&(one.verify_ms / 1000)) && (shops.is_empty() || shops.contains(&one.poi_id))
    };
    let mut rows: Vec<(&Order, &Redemption)> =
        of_merchant.flat_map(|order| order.redemptions.iter().map(move |one| (order, one))).collect();
    rows.retain(|(_, one)| wanted(one));
    rows.sort_by_key(|(_, one)| Cursor::of(one));
    let total = rows.len();
    let page = rows.into_iter().filter(|(_, one)| Cursor::of(one) > after).take(size);
    let records: Vec<Value> = page.map(|(order, one)| record(request, order, one)).collect();
    let mut payload = Map::new();
    payload.insert("records".into(), records.into());
    payload.insert("total".into(), request.long(i64::try_from(total).unwrap_or(i64::MAX)));
    Ok(payload)
}

fn today_s(now_ms: i64) -> i64 {
    local_time(now_ms).and_then(|now| day_start_s(&now.date_naive().to_string())).unwrap_or(0)
}

/// The place of a row: its time and its id. "0" is before the first one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cursor {
    verify_ms: i64,
    verify_id: String,
}

impl Cursor {
    fn of(one: &Redemption) -> Self {
        Self { verify_ms: one.verify_ms, verify_id: one.verify_id.clone() }
    }

    fn read(text: &str) -> Result<Self, Refusal> {
        let wrong = || Refusal::parameter("cursor is neither 0 nor the cursor of a row");
        if text == "0" {
            return Ok(Self { verify_ms: i64::MIN, verify_id: String::new() });
        }
        let (at_ms, verify_id) = text.split_once('_').ok_or_else(wrong)?;
        Ok(Self { verify_ms: at_ms.parse().map_err(|_| wrong())?, verify_id: verify_id.to_owned() })
    }

    fn text(&self) -> String {
        format!("{}_{}", self.verify_ms, self.verify_id)
    }
}

/// The structure VerifyHistory (fulfilment §14).
fn record(request: &Request<'_>, order: &Order, one: &Redemption) -> Value {
    let unit = &order.units[one.place];
    // The structure Amount has one field more than a voucher's own.
    let mut amount = amount(order, one.place);
    amount["brand_ticket_amount"] = request.long(0);
    json!({
        "verify_id": one.verify_id,
        "certificate_id": one.certificate_id,
        "code": unit.voucher.as_ref().and_then(|voucher| voucher.first_code()).unwrap_or_default(),
        "verify_time": request.time(one.verify_ms),
        "verify_type": one.kind.number(),
        "can_cancel": false,
        "status": 1,
        "certificate_status": request.shared.options.item_status_of(unit.state()),
        "amount": amount,
        "sku": sku(order),
        "cursor": Cursor::of(one).text(),
    })
}

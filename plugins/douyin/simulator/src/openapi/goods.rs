//! Price and stock publishing (scenic §§14 and 15).

use super::fields::{Answer, Fields, Refusal};
use super::request::Request;
use crate::calendar::read_sku;
use serde_json::{Map, Value};

/// Most specifications of one batch (scenic §17: at most 3 per product).
const SPECIFICATIONS_MAX: usize = 3;

fn head<'a>(request: &Request<'a>) -> Result<&'a str, Refusal> {
    let fields = request.fields();
    let account_id = fields.text("account_id")?;
    if fields.text_opt("product_id")?.is_none() && fields.text_opt("product_out_id")?.is_none() {
        return Err(Refusal::parameter("product_id and product_out_id are both missing"));
    }
    request.authorised(account_id)?;
    Ok(account_id)
}

fn specification(value: &Value) -> Result<&Value, Refusal> {
    let found = value.get("ticket_specification").filter(|value| value.is_object());
    found.ok_or_else(|| Refusal::parameter("ticket_specification is missing"))
}

/// `POST /goodlife/v1/trip/ticket_calendar/save/`: one specification.
pub(crate) fn save(request: &Request<'_>) -> Answer {
    let account_id = head(request)?;
    let items = request.fields().list("calendars")?;
    let sku = read_sku(account_id, specification(request.body)?, items)?;
    request.shared.world().calendar.store(sku, request.shared.options.save_replaces);
    Ok(Map::new())
}

/// `POST /goodlife/v1/trip/ticket_calendar/batch_save/`: only the dates named; all or nothing.
pub(crate) fn batch_save(request: &Request<'_>) -> Answer {
    let account_id = head(request)?;
    let entries = request.fields().list("ticket_sku_and_calendar")?;
    if entries.len() > SPECIFICATIONS_MAX {
        return Err(Refusal::parameter("more than 3 specifications"));
    }
    let mut skus = Vec::new();
    for entry in entries {
        let items = Fields::of(entry).list("calendar_list")?;
        skus.push(read_sku(account_id, specification(entry)?, items)?);
    }
    let mut world = request.shared.world();
    skus.into_iter().for_each(|sku| world.calendar.store(sku, false));
    Ok(Map::new())
}

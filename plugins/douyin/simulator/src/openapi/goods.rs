//! Price and stock publishing (scenic §§14 and 15).

use super::fields::{Answer, Fields, Refusal};
use super::orders::sub_code;
use super::products::SPECIFICATION_FIELDS;
use super::request::Request;
use crate::calendar::{SkuDays, read_sku};
use crate::catalogue::{Product, ProductSource};
use crate::options::ReviewGate;
use serde_json::{Map, Value};

/// Fields of one calendar item and of its dates (scenic §14).
const ITEM_FIELDS: [&str; 7] =
    ["calendar_type", "calendar_value", "origin_amount", "actual_amount", "settle_amount", "stock_qty", "status"];
const VALUE_FIELDS: [&str; 4] = ["start_date", "end_date", "value_list", "exclude_date_list"];

/// The merchant and, where the platform knows it, the product of a call.
struct Head<'a> {
    account_id: &'a str,
    product: Option<Product>,
}

fn head<'a>(request: &Request<'a>) -> Result<Head<'a>, Refusal> {
    let fields = request.fields();
    let account_id = fields.text("account_id")?;
    let (product_id, out_id) = (fields.text_opt("product_id")?, fields.text_opt("product_out_id")?);
    if product_id.is_none() && out_id.is_none() {
        return Err(Refusal::parameter("product_id and product_out_id are both missing"));
    }
    request.authorised(account_id)?;
    let options = &request.shared.options;
    let product = request.shared.world().catalogue.of(account_id, product_id, out_id).cloned();
    if product.is_none() && options.review_gate == ReviewGate::Everything {
        return Err(Refusal::parameter("the product does not exist"));
    }
    let waits = product.as_ref().is_some_and(|product| {
        !product.has_passed
            && match options.review_gate {
                ReviewGate::Nothing => false,
                ReviewGate::ApiProducts => product.source == ProductSource::Api,
                ReviewGate::Everything => true,
            }
    });
    if waits {
        return Err(Refusal::business(sub_code::WRONG_STATE, "prices may come only after the product passed review"));
    }
    Ok(Head { account_id, product })
}

/// Reads one specification with its items, within the limit of days.
fn read(request: &Request<'_>, head: &Head<'_>, holder: &Value, items: &[Value]) -> Result<SkuDays, Refusal> {
    let specification = Fields::of(holder).object("ticket_specification")?;
    request.known_fields_of(specification, "scenic §14", &SPECIFICATION_FIELDS);
    for item in items {
        request.known_fields_of(item, "scenic §14", &ITEM_FIELDS);
        request.known_fields_of(&item["calendar_value"], "scenic §14", &VALUE_FIELDS);
    }
    let mut named = specification.clone();
    if let Some(product) = &head.product {
        named["sku_out_id"] = known_specification(product, &Fields::of(specification))?.into();
    }
    let sku = read_sku(head.account_id, &named, items)?;
    let most = request.shared.options.calendar_days_max;
    if sku.dates().count() > most {
        return Err(Refusal::parameter(format!("more than {most} days in one call")));
    }
    Ok(sku)
}

/// A known product has only its own specifications; the calendar is kept under our id, or Douyin's where there is none.
fn known_specification(product: &Product, asked: &Fields<'_>) -> Result<String, Refusal> {
    let (sku_id, out_id) = (asked.text_opt("sku_id")?, asked.text_opt("sku_out_id")?);
    let found = product.specifications.iter().find(|one| match (out_id, sku_id) {
        (Some(out_id), _) => one.sku_out_id == out_id,
        (None, Some(sku_id)) => one.sku_id == sku_id,
        (None, None) => false,
    });
    let found = found.ok_or_else(|| Refusal::parameter("the product has no such specification"))?;
    Ok(if found.sku_out_id.is_empty() { found.sku_id.clone() } else { found.sku_out_id.clone() })
}

/// `POST /goodlife/v1/trip/ticket_calendar/save/`: one specification.
pub(crate) fn save(request: &Request<'_>) -> Answer {
    const FIELDS: [&str; 5] = ["account_id", "product_id", "product_out_id", "ticket_specification", "calendars"];
    request.known_fields("scenic §14", &FIELDS);
    let head = head(request)?;
    let items = request.fields().list("calendars")?;
    let sku = read(request, &head, request.body, items)?;
    request.shared.world().calendar.store(sku, request.shared.options.save_replaces);
    Ok(Map::new())
}

/// `POST /goodlife/v1/trip/ticket_calendar/batch_save/`: only the dates named; all or nothing.
pub(crate) fn batch_save(request: &Request<'_>) -> Answer {
    const FIELDS: [&str; 4] = ["account_id", "product_id", "product_out_id", "ticket_sku_and_calendar"];
    request.known_fields("scenic §15", &FIELDS);
    let head = head(request)?;
    let entries = request.fields().list("ticket_sku_and_calendar")?;
    let most = request.shared.options.calendar_specifications_max;
    if entries.len() > most {
        return Err(Refusal::parameter(format!("more than {most} specifications in one call")));
    }
    let mut skus = Vec::new();
    for entry in entries {
        request.known_fields_of(entry, "scenic §15", &["ticket_specification", "calendar_list"]);
        skus.push(read(request, &head, entry, Fields::of(entry).list("calendar_list")?)?);
    }
    let mut world = request.shared.world();
    skus.into_iter().for_each(|sku| world.calendar.store(sku, false));
    Ok(Map::new())
}

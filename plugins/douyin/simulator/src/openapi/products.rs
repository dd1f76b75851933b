//! Product publish and query (scenic §§17 and 18).

use super::fields::{Answer, Fields, Refusal};
use super::orders::sub_code;
use super::request::Request;
use crate::catalogue::{Product, Save, SaveFault, Wanted};
use crate::selling::audit_result;
use serde_json::{Map, Value, json};

/// Most specifications of a product (scenic §17).
const SPECIFICATIONS_MAX: usize = 3;
/// Rows of one page (scenic §18).
const PAGE_SIZES: (usize, usize) = (5, 50);
/// Fields of one specification (scenic §§14, 18).
pub(crate) const SPECIFICATION_FIELDS: [&str; 8] = [
    "sku_id",
    "sku_out_id",
    "sku_name",
    "ticket_area",
    "ticket_seat",
    "ticket_session",
    "settle_type",
    "free_merchant",
];

/// The JSON type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Flag,
    List,
    Object,
    /// The page shows the name alone.
    Open,
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Kind::Text => value.is_string(),
            Kind::Number => {
                value.is_i64() || value.is_u64() || value.as_str().is_some_and(|s| s.parse::<i64>().is_ok())
            }
            Kind::Flag => value.is_boolean(),
            Kind::List => value.is_array(),
            Kind::Object => value.is_object(),
            Kind::Open => true,
        }
    }
}

/// The fields of a ticket: those of the query's item that a publisher can give (scenic §17: presumably the same).
const TICKET_FIELDS: [(&str, Kind); 38] = [
    ("product_id", Kind::Text),
    ("product_out_id", Kind::Text),
    ("product_name", Kind::Text),
    ("category_id", Kind::Number),
    ("poi_ids", Kind::List),
    ("draft_status", Kind::Number),
    ("ticket_type_id", Kind::Text),
    ("ticket_type_out_id", Kind::Text),
    ("ticket_type_name", Kind::Text),
    ("ticket_specifications", Kind::List),
    ("crowds", Kind::List),
    ("crowd_op_type", Kind::Number),
    ("customer_reserved_info", Kind::Object),
    ("require_id_card", Kind::Open),
    ("ticket_rule", Kind::Object),
    ("need_ticket", Kind::Open),
    ("use_ticket_address", Kind::Open),
    ("refund_rule", Kind::Object),
    ("pre_order_time", Kind::Object),
    ("opening_time", Kind::Open),
    ("admission_time", Kind::Open),
    ("ticket_period", Kind::Open),
    ("use_times", Kind::Open),
    ("buy_limit", Kind::Open),
    ("buy_limit_rule", Kind::List),
    ("region", Kind::Object),
    ("stock_sync_rule", Kind::Object),
    ("show_channel", Kind::Open),
    ("show_date", Kind::Open),
    ("img_urls", Kind::List),
    ("fee_include", Kind::Open),
    ("fee_not_include", Kind::Open),
    ("other_note", Kind::Open),
    ("mini_program", Kind::Object),
    ("is_test_data", Kind::Flag),
    ("is_test_product", Kind::Flag),
    ("test_uid", Kind::List),
    ("status", Kind::Number),
];

/// `POST /goodlife/v1/trip/ticket/save/`: creates or overwrites; the review follows.
pub(crate) fn save(request: &Request<'_>) -> Answer {
    if !request.shared.options.publishing {
        return Err(Refusal::new(2_119_010, "API offline"));
    }
    request.known_fields("scenic §17", &["account_id", "ticket"]);
    let account_id = request.fields().text("account_id")?;
    request.authorised(account_id)?;
    let ticket = request.fields().object("ticket")?;
    check_ticket(request, ticket)?;
    let save = read_save(request, account_id, ticket)?;
    let mut world = request.shared.world();
    let product = world.catalogue.save(save, &request.shared.ids, request.now_ms).map_err(|fault| match fault {
        SaveFault::Unknown => Refusal::parameter("ticket.product_id is of no product of this merchant"),
        SaveFault::UnderReview => Refusal::business(sub_code::WRONG_STATE, "the product is under review"),
    })?;
    let mut payload = Map::new();
    if request.shared.options.save_answers_ids {
        payload.insert("product_id".into(), product.product_id.clone().into());
        let skus = product.specifications.iter().map(|one| json!({"sku_id": one.sku_id, "sku_out_id": one.sku_out_id}));
        payload.insert("ticket_specifications".into(), skus.collect::<Vec<_>>().into());
    }
    Ok(payload)
}

/// The types of the fields given, the fields that §18 calls required, and names that are on no page.
fn check_ticket(request: &Request<'_>, ticket: &Value) -> Result<(), Refusal> {
    let names = TICKET_FIELDS.map(|(name, _)| name);
    request.known_fields_of(ticket, "scenic §§17, 18", &names);
    for (name, kind) in TICKET_FIELDS {
        let given = ticket.get(name).filter(|value| !value.is_null());
        if given.is_some_and(|value| !kind.fits(value)) {
            return Err(Refusal::parameter(format!("ticket.{name} must be a {kind:?}")));
        }
    }
    let fields = Fields::of(ticket);
    if let Some(reserved) = fields.object_opt("customer_reserved_info")? {
        Fields::of(reserved).int("reserved_type")?;
    }
    if let Some(rule) = fields.object_opt("ticket_rule")? {
        Fields::of(rule).list("code_sending_info")?;
    }
    if let Some(time) = fields.object_opt("pre_order_time")?
        && time.get("pre_time").is_none_or(Value::is_null)
    {
        return Err(Refusal::parameter("pre_order_time.pre_time is missing"));
    }
    Ok(())
}

fn read_save(request: &Request<'_>, account_id: &str, ticket: &Value) -> Result<Save, Refusal> {
    let fields = Fields::of(ticket);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let (product_id, product_out_id) = (fields.text_opt("product_id")?, fields.text_opt("product_out_id")?);
    if product_id.is_none() && product_out_id.is_none() {
        return Err(Refusal::parameter("ticket.product_id and ticket.product_out_id are both missing"));
    }
    let list = fields.list("ticket_specifications")?;
    if list.len() > SPECIFICATIONS_MAX {
        return Err(Refusal::parameter("more than 3 specifications"));
    }
    let mut specifications: Vec<Wanted> = Vec::new();
    for entry in list {
        request.known_fields_of(entry, "scenic §18", &SPECIFICATION_FIELDS);
        let one = Fields::of(entry);
        let sku_out_id = one.text_opt("sku_out_id")?.unwrap_or_default().to_owned();
        if !sku_out_id.is_empty() && specifications.iter().any(|other| other.sku_out_id == sku_out_id) {
            return Err(Refusal::parameter(format!("sku_out_id {sku_out_id} comes twice")));
        }
        let mut more = entry.as_object().cloned().unwrap_or_default();
        more.retain(|name, _| !["sku_id", "sku_out_id", "sku_name"].contains(&name.as_str()));
        let (sku_id, sku_name) = (owned(one.text_opt("sku_id")?), one.text("sku_name")?.to_owned());
        specifications.push(Wanted { sku_id, sku_out_id, sku_name, more });
    }
    let poi_ids = fields.list_opt("poi_ids")?.iter();
    let poi_ids = poi_ids.map(|id| id.as_str().map(str::to_owned));
    let mut more = ticket.as_object().cloned().unwrap_or_default();
    more.remove("ticket_specifications");
    Ok(Save {
        account_id: account_id.to_owned(),
        product_id: owned(product_id),
        product_out_id: owned(product_out_id),
        product_name: fields.text("product_name")?.to_owned(),
        poi_ids: poi_ids
            .collect::<Option<_>>()
            .ok_or_else(|| Refusal::parameter("ticket.poi_ids must hold strings"))?,
        specifications,
        ticket: more,
    })
}

/// `GET /goodlife/v1/trip/ticket/query/`. Ids win over paging; prices and stock are not in it.
pub(crate) fn query(request: &Request<'_>) -> Answer {
    const PARAMETERS: [&str; 6] = ["account_id", "page", "page_size", "product_ids", "product_out_ids", "status"];
    request.known_parameters("scenic §18", &PARAMETERS);
    let account_id = request.account()?;
    let (standard, most) = PAGE_SIZES;
    let page = if request.parameter("page").is_some() { request.number_in("page", 1, usize::MAX)? } else { 1 };
    let size =
        if request.parameter("page_size").is_some() { request.number_in("page_size", 1, most)? } else { standard };
    let status = request.number("status")?;
    if status.is_some_and(|status| !(0..=3).contains(&status)) {
        return Err(Refusal::parameter("status must be 0 to 3"));
    }
    let (ids, out_ids) = (request.list("product_ids"), request.list("product_out_ids"));
    let by_ids = !ids.is_empty() || !out_ids.is_empty();
    let named = |product: &Product| {
        ids.contains(&product.product_id) || product.product_out_id.as_ref().is_some_and(|id| out_ids.contains(id))
    };
    let world = request.shared.world();
    let found: Vec<&Product> = world
        .catalogue
        .all()
        .filter(|product| product.account_id == account_id && (!by_ids || named(product)))
        .filter(|product| status.is_none_or(|status| status == product.state.number()))
        .collect();
    let skipped = if by_ids { 0 } else { (page - 1).saturating_mul(size) };
    let taken = if by_ids { found.len() } else { size };
    let tickets: Vec<Value> = found.iter().skip(skipped).take(taken).map(|product| describe(product)).collect();
    let page_info = json!({
        "page": page,
        "page_size": size,
        "total_page": found.len().div_ceil(size),
        "total_records": found.len(),
    });
    let mut payload = Map::new();
    payload.insert("page_info".into(), page_info);
    payload.insert("tickets".into(), tickets.into());
    Ok(payload)
}

fn describe(product: &Product) -> Value {
    let specification = |one: &crate::Specification| {
        let mut fields = one.more.clone();
        fields.insert("sku_id".into(), one.sku_id.clone().into());
        fields.insert("sku_out_id".into(), one.sku_out_id.clone().into());
        fields.insert("sku_name".into(), one.sku_name.clone().into());
        Value::Object(fields)
    };
    let specifications: Vec<Value> = product.specifications.iter().map(specification).collect();
    let mut ticket = product.ticket.clone();
    let named = json!({
        "product_id": product.product_id,
        "product_out_id": product.product_out_id.clone().unwrap_or_default(),
        "product_name": product.product_name,
        "poi_ids": product.poi_ids,
        "status": product.state.number(),
        "ticket_type_id": product.ticket_type_id(),
        "ticket_specifications": specifications,
    });
    ticket.extend(named.as_object().cloned().unwrap_or_default());
    if let Some(verdict) = &product.verdict {
        ticket.insert("audit_result".into(), audit_result(verdict));
    }
    Value::Object(ticket)
}

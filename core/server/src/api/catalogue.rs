//! A merchant's catalogue: products, SKUs, listings, distributors, ends of sales. Read, written one by one or several in order.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::{get, post, put};
use entrepot_contract::ids::{BucketId, DistributorId, ListingId, MerchantId, ProductId, SkuId, StopSaleId};
use entrepot_contract::listing::Listing;
use entrepot_contract::product::{DocumentKind, Product, RefundFee, Sku, Validity};
use entrepot_domain::catalogue::{Distributor, StopSale};
use entrepot_domain::command::{BULK_LIMIT_ROWS, CatalogueEntry};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::acts::{amount_fault, text_fault};
use super::auth::Need;
use super::extract::{JsonBody, Writer, id};
use super::{Endpoint, acts, pairs};
use crate::http::Shared;
use crate::http::problem::Problem;

/// Most buckets of a SKU, steps of a refund rule, or days of validity, each far beyond what is sold anywhere.
const BUCKETS_LIMIT: usize = 20;
const STEPS_LIMIT: usize = 50;
const VALID_LIMIT_DAYS: u16 = 3650;
const HOURS_LIMIT: i32 = 100_000;

/// A kind of entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Product,
    Sku,
    Listing,
    Distributor,
    StopSale,
}

const PARTS: [Part; 5] = [Part::Product, Part::Sku, Part::Listing, Part::Distributor, Part::StopSale];

impl Part {
    const fn word(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Sku => "sku",
            Self::Listing => "listing",
            Self::Distributor => "distributor",
            Self::StopSale => "stop_sale",
        }
    }

    fn schema(self, generator: &mut SchemaGenerator) -> Schema {
        let (mut schema, optional): (Schema, &[&str]) = match self {
            Self::Product => (Product::json_schema(generator), &["id", "merchant"]),
            Self::Sku => (Sku::json_schema(generator), &["id"]),
            Self::Listing => (Listing::json_schema(generator), &["id"]),
            Self::Distributor => (Distributor::json_schema(generator), &["id"]),
            Self::StopSale => (StopSale::json_schema(generator), &["id"]),
        };
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|name| name.as_str().is_none_or(|name| !optional.contains(&name)));
        }
        schema
    }
}

fn entries_schema(generator: &mut SchemaGenerator) -> Schema {
    let entries: Vec<Value> = PARTS
        .into_iter()
        .map(|part| {
            json!({
                "type": "object",
                "required": [part.word()],
                "properties": { part.word(): part.schema(generator) },
                "additionalProperties": false,
            })
        })
        .collect();
    json_schema!({
        "type": "object",
        "required": ["entries"],
        "properties": {
            "entries": { "type": "array", "minItems": 1, "maxItems": BULK_LIMIT_ROWS, "items": { "oneOf": entries } }
        },
        "additionalProperties": false,
    })
}

type Names = Path<(String, String)>;
type Done = Result<Json<Value>, Problem>;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let (see, operate) = (Need::See, Need::Operate);
    vec![
        Endpoint::look("/merchants/{merchant}/catalogue", "The whole catalogue", see, &[], || get(whole)),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/catalogue",
            "Creates or replaces several entries in order: all or none",
            operate,
            Some(entries_schema),
            || post(several),
        ),
        Endpoint::look("/merchants/{merchant}/products/{product}", "One product", see, &[], || {
            get(|shared: State<Shared>, names: Names| show(Part::Product, shared, names))
        }),
        Endpoint::act(
            Method::PUT,
            "/merchants/{merchant}/products/{product}",
            "Creates or replaces a product",
            operate,
            Some(|generator| Part::Product.schema(generator)),
            || put(|s: State<Shared>, w: Writer, n: Names, b: JsonBody<Value>| replace(Part::Product, s, w, n, b)),
        ),
        Endpoint::look("/merchants/{merchant}/skus/{sku}", "One SKU", see, &[], || {
            get(|shared: State<Shared>, names: Names| show(Part::Sku, shared, names))
        }),
        Endpoint::act(
            Method::PUT,
            "/merchants/{merchant}/skus/{sku}",
            "Creates or replaces a SKU; without buckets it draws on one of its own name",
            operate,
            Some(|generator| Part::Sku.schema(generator)),
            || put(|s: State<Shared>, w: Writer, n: Names, b: JsonBody<Value>| replace(Part::Sku, s, w, n, b)),
        ),
        Endpoint::look("/merchants/{merchant}/listings/{listing}", "One listing", see, &[], || {
            get(|shared: State<Shared>, names: Names| show(Part::Listing, shared, names))
        }),
        Endpoint::act(
            Method::PUT,
            "/merchants/{merchant}/listings/{listing}",
            "Creates or replaces a listing: a SKU as one connection's channel knows it",
            operate,
            Some(|generator| Part::Listing.schema(generator)),
            || put(|s: State<Shared>, w: Writer, n: Names, b: JsonBody<Value>| replace(Part::Listing, s, w, n, b)),
        ),
        Endpoint::look("/merchants/{merchant}/distributors/{distributor}", "One distributor", see, &[], || {
            get(|shared: State<Shared>, names: Names| show(Part::Distributor, shared, names))
        }),
        Endpoint::act(
            Method::PUT,
            "/merchants/{merchant}/distributors/{distributor}",
            "Creates or replaces a distributor; a new one has an account with limit 0",
            operate,
            Some(|generator| Part::Distributor.schema(generator)),
            || put(|s: State<Shared>, w: Writer, n: Names, b: JsonBody<Value>| replace(Part::Distributor, s, w, n, b)),
        ),
        Endpoint::look("/merchants/{merchant}/stop-sales/{stop}", "One end of sales that stands", see, &[], || {
            get(|shared: State<Shared>, names: Names| show(Part::StopSale, shared, names))
        }),
        Endpoint::act(
            Method::PUT,
            "/merchants/{merchant}/stop-sales/{stop}",
            "Stops sales of a SKU, a connection, dates, or all that is left out; lifted: true lets them go on",
            operate,
            Some(|generator| Part::StopSale.schema(generator)),
            || put(|s: State<Shared>, w: Writer, n: Names, b: JsonBody<Value>| replace(Part::StopSale, s, w, n, b)),
        ),
    ]
}

async fn whole(State(shared): State<Shared>, Path(merchant): Path<String>) -> Done {
    let catalogue = acts::catalogue(&shared, &id(&merchant)?).await?;
    Ok(Json(json!({
        "revision": catalogue.revision,
        "products": catalogue.products.values().collect::<Vec<_>>(),
        "skus": catalogue.skus.values().collect::<Vec<_>>(),
        "listings": catalogue.listings,
        "distributors": catalogue.distributors.values().collect::<Vec<_>>(),
        "stop_sales": catalogue.stops.values().collect::<Vec<_>>(),
    })))
}

async fn show(part: Part, State(shared): State<Shared>, Path((merchant, name)): Names) -> Done {
    let merchant: MerchantId = id(&merchant)?;
    let catalogue = acts::catalogue(&shared, &merchant).await?;
    let found = match part {
        Part::Product => catalogue.products.get(&id::<ProductId>(&name)?).map(|found| json!(found)),
        Part::Sku => catalogue.skus.get(&id::<SkuId>(&name)?).map(|found| json!(found)),
        Part::Listing => {
            let name: ListingId = id(&name)?;
            catalogue.listings.iter().find(|listing| listing.id == name).map(|found| json!(found))
        }
        Part::Distributor => catalogue.distributors.get(&id::<DistributorId>(&name)?).map(|found| json!(found)),
        Part::StopSale => catalogue.stops.get(&id::<StopSaleId>(&name)?).map(|found| json!(found)),
    };
    let missing = || Problem::not_found(format!("merchant {merchant} has no {} {name}", part.word()));
    found.map(Json).ok_or_else(missing)
}

async fn replace(
    part: Part,
    State(shared): State<Shared>,
    writer: Writer,
    Path((merchant, name)): Names,
    JsonBody(body): JsonBody<Value>,
) -> Done {
    let merchant: MerchantId = id(&merchant)?;
    let mut faults = Vec::new();
    let entry = read(part, body, Some(&name), &merchant, "the body", &mut faults);
    write(&shared, &writer, &merchant, entry.into_iter().collect(), faults).await
}

/// Several entries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Several {
    entries: Vec<Value>,
}

async fn several(
    State(shared): State<Shared>,
    writer: Writer,
    Path(merchant): Path<String>,
    JsonBody(body): JsonBody<Several>,
) -> Done {
    let merchant: MerchantId = id(&merchant)?;
    let count = body.entries.len();
    if !(1..=BULK_LIMIT_ROWS).contains(&count) {
        return Err(Problem::malformed(format!("entries: expected 1 to {BULK_LIMIT_ROWS}, found {count}")));
    }
    let mut faults = Vec::new();
    let mut entries = Vec::with_capacity(count);
    for (index, entry) in body.entries.into_iter().enumerate() {
        let place = format!("entries[{index}]");
        match named(entry) {
            Some((part, value)) => entries.extend(read(part, value, None, &merchant, &place, &mut faults)),
            None => faults.push(format!(
                "{place}: expected an object with one of product, sku, listing, distributor, stop_sale in it"
            )),
        }
    }
    write(&shared, &writer, &merchant, entries, faults).await
}

/// The kind that an entry names, and the entry itself.
fn named(entry: Value) -> Option<(Part, Value)> {
    let Value::Object(map) = entry else { return None };
    let mut fields = map.into_iter();
    let (word, value) = fields.next()?;
    let part = PARTS.into_iter().find(|part| part.word() == word)?;
    fields.next().is_none().then_some((part, value))
}

async fn write(
    shared: &Shared,
    Writer(asked, _): &Writer,
    merchant: &MerchantId,
    entries: Vec<CatalogueEntry>,
    faults: Vec<String>,
) -> Done {
    if !faults.is_empty() {
        return Err(Problem::of_faults(faults));
    }
    pairs::check(shared, merchant, &entries).await?;
    let names: Vec<String> = entries.iter().map(name_of).collect();
    let answer = shared.app.engine.put_catalogue(asked, merchant, entries).await?;
    let rows = acts::changed(answer)?;
    let subject = names.first().cloned().unwrap_or_default();
    acts::log(shared, asked, Some(merchant), "wrote the catalogue", &subject, &names.join(", ")).await?;
    Ok(Json(json!({ "rows": rows, "entries": names })))
}

fn name_of(entry: &CatalogueEntry) -> String {
    let (kind, id) = entry.name();
    format!("{kind} {id}")
}

/// An entry from its JSON, or faults.
fn read(
    part: Part,
    mut value: Value,
    path_id: Option<&str>,
    merchant: &MerchantId,
    place: &str,
    faults: &mut Vec<String>,
) -> Option<CatalogueEntry> {
    if let Value::Object(map) = &mut value {
        if let Some(path_id) = path_id {
            let own = map.entry("id").or_insert_with(|| json!(path_id));
            if own.as_str() != Some(path_id) {
                faults.push(format!("{place}: the path names {path_id}, so id is the same or left out"));
                return None;
            }
        }
        if part == Part::Product {
            map.entry("merchant").or_insert_with(|| json!(merchant));
        }
    }
    let before = faults.len();
    let entry = match part {
        Part::Product => typed(value, place, faults).map(|product| {
            faults.extend(product_faults(&product, place));
            CatalogueEntry::Product(product)
        }),
        Part::Sku => typed(value, place, faults).map(|mut sku: Sku| {
            if sku.buckets.is_empty() {
                sku.buckets.extend(BucketId::parse(sku.id.as_str()));
            }
            faults.extend(sku_faults(&sku, place));
            CatalogueEntry::Sku(sku)
        }),
        Part::Listing => typed(value, place, faults).map(|listing| {
            faults.extend(listing_faults(&listing, place));
            CatalogueEntry::Listing(listing)
        }),
        Part::Distributor => typed(value, place, faults).map(|body: Distributor| {
            faults.extend(text_fault(&format!("{place}: name"), &body.name));
            for (sku, price) in &body.prices {
                faults.extend(amount_fault(&format!("{place}: the price of {sku}"), price.amount_minor));
            }
            CatalogueEntry::Distributor(body)
        }),
        Part::StopSale => typed(value, place, faults).map(|stop: StopSale| {
            faults.extend(text_fault(&format!("{place}: reason"), &stop.reason));
            CatalogueEntry::StopSale(stop)
        }),
    };
    entry.filter(|_| faults.len() == before)
}

fn typed<T: DeserializeOwned>(value: Value, place: &str, faults: &mut Vec<String>) -> Option<T> {
    let read = serde_json::from_value(value).map_err(|fault| faults.push(format!("{place}: {fault}")));
    read.ok()
}

fn product_faults(product: &Product, place: &str) -> Vec<String> {
    let mut faults: Vec<String> = text_fault(&format!("{place}: name"), &product.name).into_iter().collect();
    if product.guests.documents.contains(&DocumentKind::Other) {
        faults.push(format!("{place}: guests.documents holds a kind that this build does not know"));
    }
    match product.validity {
        Validity::Window { from, to } if from > to => {
            faults.push(format!("{place}: validity: from {from} is after to {to}"));
        }
        Validity::DaysAfterVisit { days } if days > VALID_LIMIT_DAYS => {
            faults.push(format!("{place}: validity: expected at most {VALID_LIMIT_DAYS} days, found {days}"));
        }
        _ => {}
    }
    if product.refund.steps.len() > STEPS_LIMIT {
        faults.push(format!("{place}: refund.steps: at most {STEPS_LIMIT}"));
    }
    for (index, step) in product.refund.steps.iter().enumerate() {
        let place = format!("{place}: refund.steps[{index}]");
        if step.hours_before_visit.unsigned_abs() > HOURS_LIMIT.unsigned_abs() {
            faults.push(format!("{place}: hours_before_visit is beyond {HOURS_LIMIT}"));
        }
        match step.fee {
            RefundFee::Fixed(minor) => faults.extend(amount_fault(&format!("{place}: fee"), minor)),
            RefundFee::Ratio(ratio) if ratio > 10_000 => {
                faults.push(format!("{place}: fee: expected at most 10000 ten-thousandths, found {ratio}"));
            }
            _ => {}
        }
    }
    faults
}

/// Most other suppliers of one SKU.
const ROUTES_LIMIT: usize = 10;

fn sku_faults(sku: &Sku, place: &str) -> Vec<String> {
    let mut faults: Vec<String> = text_fault(&format!("{place}: name"), &sku.name).into_iter().collect();
    if sku.buckets.len() > BUCKETS_LIMIT {
        faults.push(format!("{place}: buckets: at most {BUCKETS_LIMIT}"));
    }
    if sku.minimum_units == 0 {
        faults.push(format!("{place}: minimum_units: expected 1 or more"));
    }
    if let entrepot_contract::product::Fulfilment::Supplier { product_code, .. } = &sku.fulfilment {
        faults.extend(text_fault(&format!("{place}: fulfilment.product_code"), product_code));
    }
    if sku.otherwise.len() > ROUTES_LIMIT {
        faults.push(format!("{place}: otherwise: at most {ROUTES_LIMIT}"));
    }
    for (number, route) in sku.otherwise.iter().enumerate() {
        faults.extend(text_fault(&format!("{place}: otherwise[{number}].product_code"), &route.product_code));
    }
    faults
}

fn listing_faults(listing: &Listing, place: &str) -> Vec<String> {
    let names = &listing.names;
    let names = [&names.product, &names.sku, &names.product_out, &names.sku_out];
    names.into_iter().flatten().filter_map(|name| text_fault(&format!("{place}: names"), name)).collect()
}

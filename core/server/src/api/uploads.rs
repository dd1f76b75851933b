//! Codes of a pool go to a channel that gives them to its buyers by itself (预置码): uploads, and whose a code is.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::{CodeId, ConnectionId, ListingId, MerchantId, PoolName, SkuId, UploadId};
use entrepot_contract::listing::Listing;
use entrepot_contract::time::VisitDate;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::Body;
use entrepot_domain::upload::{HandOver, Upload, UploadWish};
use entrepot_engine::flows::upload_codes::Unuploadable;
use entrepot_store::admin::Page;
use entrepot_store::pools::CodeFilter;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Need;
use super::extract::{JsonBody, QueryOf, Reader, Writer, id};
use super::pools::{exported, find, mask};
use super::{Endpoint, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;

/// Most codes that an upload names; the export has the others.
const NAMED_LIMIT: u32 = 500;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/pools/{pool}/uploads",
            "Hands codes over to a channel's own pool: they are given to nobody here from then on",
            Need::Operate,
            Some(body_of::<Wanted>),
            || post(start),
        ),
        Endpoint::look(
            "/merchants/{merchant}/pools/{pool}/uploads",
            "Uploads of a pool, the newest first",
            Need::See,
            &[("after", "the last id of the page before"), ("limit", "rows of a page: 100, at most 500")],
            || get(list),
        ),
        Endpoint::look(
            "/merchants/{merchant}/pools/{pool}/uploads/{upload}",
            "How far an upload is, with the codes that the channel had before or may have, masked: 500 of each at most",
            Need::See,
            &[],
            || get(show),
        ),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/pools/{pool}/uploads/{upload}/stop",
            "Ends an upload: what the channel certainly does not have goes back into the pool",
            Need::Operate,
            None,
            || post(stop),
        ),
        Endpoint::look(
            "/merchants/{merchant}/pools/{pool}/codes/{code}/bound-order",
            "The order to which a channel gave a code of its own pool, as the channel tells it now; the code's history has it then",
            Need::See,
            &[],
            || get(bound),
        ),
    ]
}

/// What is handed over.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The channel connection; its key `upload_codes` has to be true.
    #[schemars(with = "String")]
    connection: ConnectionId,
    /// The SKU for which the channel gives them; enough where the connection sells it by one listing.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    sku: Option<SkuId>,
    /// Or the listing.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    listing: Option<ListingId>,
    /// How many codes: 1 to 100,000.
    #[schemars(range(min = 1, max = 100_000))]
    count: u32,
    /// The last day on which the channel may give them: only codes that are good for as long go. Left out, each goes with
    /// its own last day.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    last_day: Option<VisitDate>,
}

async fn start(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path((merchant, pool)): Path<(String, String)>,
    JsonBody(body): JsonBody<Wanted>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    let Wanted { connection, count, last_day, .. } = &body;
    able(&shared, &merchant, connection)?;
    let catalogue = acts::catalogue(&shared, &merchant).await?;
    let listing = listing(&catalogue.listings, &body)?.id.clone();
    let wish = UploadWish { connection: connection.clone(), listing, count: *count, last_day: *last_day };
    let command = Body::StartUpload { pool: pool.clone(), wish };
    let upload = match acts::settled(shared.app.engine.administer(&asked, &merchant, command).await?)? {
        Answer::Upload { upload, .. } => upload,
        other => return Err(acts::odd(&other)),
    };
    let detail = format!("upload {upload}: {count} codes to {connection}");
    acts::log(&shared, &asked, Some(&merchant), "began an upload", pool.as_str(), &detail).await?;
    Ok(Json(json!({ "pool": pool, "upload": upload, "connection": connection, "wanted": count })))
}

fn able(shared: &Shared, merchant: &MerchantId, connection: &ConnectionId) -> Result<(), Problem> {
    shared.app.engine.takes_codes(merchant, connection).map_err(|why| match why {
        Unuploadable::Unknown => {
            Problem::not_found(format!("merchant {merchant} has no channel connection {connection}"))
        }
        Unuploadable::Unable => {
            let text = format!("the plugin of {connection} takes no codes into its channel's own pool, or is not open");
            Problem::new(StatusCode::CONFLICT, "unsupported", text)
        }
    })
}

/// The one listing of the connection that is meant.
fn listing<'a>(all: &'a [Listing], wanted: &Wanted) -> Result<&'a Listing, Problem> {
    let meant = |listing: &&Listing| {
        let sku = wanted.sku.as_ref().is_none_or(|sku| listing.sells.bought() == sku);
        let named = wanted.listing.as_ref().is_none_or(|named| listing.id == *named);
        listing.connection == wanted.connection && sku && named
    };
    if wanted.sku.is_none() && wanted.listing.is_none() {
        return Err(Problem::malformed("for what the channel gives them is missing: name `sku`, or `listing`"));
    }
    let found: Vec<&Listing> = all.iter().filter(meant).collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(Problem::not_found(format!("connection {} has no such listing", wanted.connection))),
        several => {
            let names: Vec<&str> = several.iter().map(|listing| listing.id.as_str()).collect();
            Err(Problem::malformed(format!(
                "the SKU has several listings; name one as `listing`: {}",
                names.join(", ")
            )))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    after: Option<String>,
    #[serde(default)]
    limit: u32,
}

async fn list(
    State(shared): State<Shared>,
    Path((merchant, pool)): Path<(String, String)>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    let page = Page { after: query.after, limit: query.limit };
    let uploads = shared.app.storage.list_uploads(&merchant, &pool, &page).await?;
    Ok(Json(json!({ "uploads": uploads.iter().map(told).collect::<Vec<_>>() })))
}

/// An upload without what only tries need.
fn told(upload: &Upload) -> Value {
    let open = upload.reserved.saturating_sub(upload.taken).saturating_sub(upload.refused);
    json!({
        "id": upload.id, "pool": upload.pool, "connection": upload.connection, "listing": upload.listing,
        "standing": upload.standing, "wanted": upload.wanted, "reserved": upload.reserved, "taken": upload.taken,
        "refused": upload.refused, "open": open, "last_day": upload.last_day, "by": upload.by, "at": upload.at,
        "ended_at": upload.ended_at, "tries": upload.tries, "failures": upload.failures, "next_at": upload.next_at,
        "note": upload.note,
    })
}

async fn one(
    shared: &Shared,
    merchant: &str,
    pool: &str,
    upload: &str,
) -> Result<(MerchantId, PoolName, Upload), Problem> {
    let (merchant, pool) = find(shared, merchant, pool).await?;
    let upload: UploadId = id(upload)?;
    let found = shared.app.storage.upload(&merchant, &pool, &upload).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("pool {pool} has no upload {upload}")))?;
    Ok((merchant, pool, found))
}

async fn show(
    State(shared): State<Shared>,
    Path((merchant, pool, upload)): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool, upload) = one(&shared, &merchant, &pool, &upload).await?;
    let mut answer = told(&upload);
    for (name, stands) in [("refused_codes", HandOver::Refused), ("unclear_codes", HandOver::Unclear)] {
        let filter = CodeFilter { upload: Some(upload.id.clone()), hand_over: Some(stands), ..CodeFilter::default() };
        let page = Page { after: None, limit: NAMED_LIMIT };
        let codes = shared.app.storage.export_codes(&merchant, &pool, &filter, &page).await?;
        answer[name] = codes.iter().map(|code| exported(code, mask)).collect();
    }
    Ok(Json(answer))
}

async fn stop(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path((merchant, pool, upload)): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool, upload) = one(&shared, &merchant, &pool, &upload).await?;
    let command = Body::StopUpload { pool: pool.clone(), upload: upload.id.clone() };
    acts::changed(shared.app.engine.administer(&asked, &merchant, command).await?)?;
    let detail = format!("upload {}", upload.id);
    acts::log(&shared, &asked, Some(&merchant), "ended an upload", pool.as_str(), &detail).await?;
    Ok(Json(json!({ "pool": pool, "upload": upload.id, "standing": "stopped" })))
}

async fn bound(
    State(shared): State<Shared>,
    Reader(principal): Reader,
    Path((merchant, pool, code)): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    let code: CodeId = id(&code)?;
    let storage = &shared.app.storage;
    let found = storage.code_in_full(&merchant, &pool, &code).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("pool {pool} has no code {code}")))?;
    let Some(upload) = found.row.upload else {
        let text = format!("code {code} was handed over to no channel");
        return Err(Problem::new(StatusCode::CONFLICT, "state_forbids", text));
    };
    let upload = storage.upload(&merchant, &pool, &upload).await?;
    let upload = upload.ok_or_else(|| Problem::not_found(format!("pool {pool} has no upload of code {code}")))?;
    let catalogue = acts::catalogue(&shared, &merchant).await?;
    let listing = catalogue.listings.iter().find(|listing| listing.id == upload.listing);
    let names = listing.map(|listing| listing.names.clone()).unwrap_or_default();
    let order = shared.app.engine.bound_order(&merchant, &upload.connection, names, found.credentials).await;
    let order = order.map_err(|fault| unanswered(&fault))?;
    if let Some(order) = &order {
        let engine = &shared.app.engine;
        engine.note_bound_order(&principal.name, &merchant, &pool, &code, &upload.connection, order).await?;
    }
    Ok(Json(json!({ "code": code, "connection": upload.connection, "order": order })))
}

fn unanswered(fault: &Fault) -> Problem {
    match fault.kind {
        FaultKind::Unsupported | FaultKind::Invalid => {
            Problem::new(StatusCode::CONFLICT, "unsupported", fault.to_string())
        }
        _ => Problem::new(StatusCode::BAD_GATEWAY, "not_done", format!("the channel did not say: {fault}")),
    }
}

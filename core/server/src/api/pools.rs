//! Code pools: numbers, batches, codes without their texts, export, void, threshold. Import is [`super::import_codes`], [`super::uploads`] is what
//! goes to channels.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::{get, post, put};
use entrepot_contract::ids::{BatchId, CodeId, MerchantId, PoolName, UploadId};
use entrepot_contract::order::{Credential, CredentialKind};
use entrepot_domain::change::HistoryKind;
use entrepot_domain::code::{BatchState, CodeState};
use entrepot_domain::command::Body;
use entrepot_domain::upload::HandOver;
use entrepot_store::admin::Page;
use entrepot_store::pools::{CodeFilter, ExportedCode};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Need;
use super::extract::{JsonBody, QueryOf, Reader, Writer, id};
use super::{Endpoint, Parameter, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const PAGE: &[Parameter] = &[
        ("batch", "of one batch"),
        ("state", "available, returned, paused, reserved, assigned, used, void or expired"),
        ("upload", "of one upload"),
        ("hand_over", "as its channel has them: waiting, unclear, taken or refused"),
        ("after", "the last id of the page before"),
        ("limit", "rows of a page: 100, at most 500"),
    ];
    let mut all = vec![
        Endpoint::look("/merchants/{merchant}/pools", "Code pools with their numbers", Need::See, &[], || get(list)),
        Endpoint::look(
            "/merchants/{merchant}/pools/{pool}/codes",
            "Codes without their texts",
            Need::See,
            PAGE,
            || get(codes),
        ),
        Endpoint::look(
            "/merchants/{merchant}/pools/{pool}/codes/{code}",
            "One code without its text, with what happened to it",
            Need::See,
            &[],
            || get(code),
        ),
        Endpoint::look("/merchants/{merchant}/pools/{pool}/export", "Codes with masked texts", Need::See, PAGE, || {
            get(masked)
        }),
        Endpoint::look(
            "/merchants/{merchant}/pools/{pool}/export/full",
            "Codes with their texts and passwords; the audit log has it first",
            Need::SeeGuests,
            PAGE,
            || get(full),
        ),
        Endpoint::look(
            "/merchants/{merchant}/pools/{pool}/batches",
            "Batches with their numbers",
            Need::See,
            &[],
            || get(batches),
        ),
    ];
    all.extend(acting());
    all
}

fn acting() -> Vec<Endpoint> {
    vec![
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/pools/{pool}/batches/{batch}/{act}",
            "Lets a batch's codes that nobody has rest (pause), be given again (resume), or ends them for ever (void)",
            Need::Operate,
            None,
            || post(move_batch),
        ),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/pools/{pool}/codes/{code}/void",
            "Takes a code that nobody has out of its pool for ever",
            Need::Operate,
            None,
            || post(void),
        ),
        Endpoint::act(
            Method::PUT,
            "/merchants/{merchant}/pools/{pool}/threshold",
            "Alerts below that many codes, and when codes end soon",
            Need::Operate,
            Some(body_of::<Threshold>),
            || put(threshold),
        ),
    ]
}

async fn list(State(shared): State<Shared>, Path(merchant): Path<String>) -> Result<Json<Value>, Problem> {
    let pools = shared.app.storage.list_pools(&id::<MerchantId>(&merchant)?).await?;
    Ok(Json(json!({ "pools": pools })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    batch: Option<BatchId>,
    state: Option<CodeState>,
    upload: Option<UploadId>,
    hand_over: Option<HandOver>,
    after: Option<String>,
    #[serde(default)]
    limit: u32,
}

impl PageQuery {
    fn parts(self) -> (CodeFilter, Page) {
        let Self { batch, state, upload, hand_over, after, limit } = self;
        (CodeFilter { batch, state, upload, hand_over }, Page { after, limit })
    }
}

async fn codes(
    State(shared): State<Shared>,
    Path((merchant, pool)): Path<(String, String)>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    let (filter, page) = query.parts();
    let codes = shared.app.storage.list_codes(&merchant, &pool, &filter, &page).await?;
    Ok(Json(json!({ "codes": codes })))
}

/// Lines of a code's history that are told.
const HISTORY_LIMIT: u32 = 100;

async fn code(
    State(shared): State<Shared>,
    Path((merchant, pool, code)): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    let code: CodeId = id(&code)?;
    let storage = &shared.app.storage;
    let found = storage.code(&merchant, &pool, &code).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("pool {pool} has no code {code}")))?;
    let came = storage.list_batches(&merchant, &pool).await?.into_iter().find(|batch| batch.id == found.batch);
    let page = (None, HISTORY_LIMIT);
    let lines = storage.list_history(&merchant, HistoryKind::Code, code.as_str(), None, page).await?;
    let lines: Vec<_> = lines.into_iter().map(|(_, line)| line).collect();
    // What the code itself says is not written twice: its batch, the order that has it, its end.
    let came = came.map(|batch| json!({ "at": batch.at, "by": batch.by, "state": batch.state }));
    Ok(Json(json!({ "code": found, "batch": came, "history": lines })))
}

/// The pool that a path names.
pub(super) async fn find(shared: &Shared, merchant: &str, pool: &str) -> Result<(MerchantId, PoolName), Problem> {
    let merchant: MerchantId = id(merchant)?;
    let pool: PoolName = id(pool)?;
    let found = shared.app.engine.storage().pool(&merchant, &pool).await?;
    found.ok_or_else(|| Problem::not_found(format!("merchant {merchant} has no pool {pool}")))?;
    Ok((merchant, pool))
}

async fn masked(
    State(shared): State<Shared>,
    Path((merchant, pool)): Path<(String, String)>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    let (filter, page) = query.parts();
    let codes = shared.app.storage.export_codes(&merchant, &pool, &filter, &page).await?;
    Ok(Json(json!({ "codes": codes.iter().map(|code| exported(code, mask)).collect::<Vec<_>>() })))
}

async fn full(
    State(shared): State<Shared>,
    Reader(principal): Reader,
    Path((merchant, pool)): Path<(String, String)>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    let (filter, page) = query.parts();
    let which = filter.batch.as_ref().map_or_else(|| "all batches".to_owned(), |batch| format!("batch {batch}"));
    let detail = format!("{which}, after {}", page.after.as_deref().unwrap_or("the beginning"));
    // The line is written first: nobody sees codes without it.
    shared.app.engine.audit(&principal.name, Some(&merchant), "exported codes", pool.as_str(), &detail).await?;
    let codes = shared.app.storage.export_codes(&merchant, &pool, &filter, &page).await?;
    Ok(Json(json!({ "codes": codes.iter().map(|code| exported(code, str::to_owned)).collect::<Vec<_>>() })))
}

pub(super) fn exported(code: &ExportedCode, show: impl Fn(&str) -> String) -> Value {
    let secret = |credential: &&Credential| credential.kind == CredentialKind::Password;
    let mut row = json!(code.row);
    let text = code.credentials.iter().find(|credential| !secret(credential));
    row["code"] = json!(text.map(|credential| show(&credential.value)));
    row["password"] = json!(code.credentials.iter().find(secret).map(|credential| show(&credential.value)));
    row
}

/// Both ends of a long text, nothing of a short one.
pub(super) fn mask(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    match letters.as_slice() {
        [first, second, .., third, fourth] if letters.len() >= 8 => format!("{first}{second}****{third}{fourth}"),
        _ => "****".to_owned(),
    }
}

async fn batches(
    State(shared): State<Shared>,
    Path((merchant, pool)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    Ok(Json(json!({ "batches": shared.app.storage.list_batches(&merchant, &pool).await? })))
}

async fn move_batch(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path((merchant, pool, batch, act)): Path<(String, String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let to = match act.as_str() {
        "pause" => BatchState::Paused,
        "resume" => BatchState::Active,
        "void" => BatchState::Void,
        _ => return Err(Problem::not_found("a batch is paused, resumed or voided: pause, resume, void")),
    };
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    let batch: BatchId = id(&batch)?;
    let moved = acts::changed(shared.app.engine.move_batch(&asked, &merchant, &pool, &batch, to).await?)?;
    let detail = format!("batch {batch}: {act}, {moved} codes");
    acts::log(&shared, &asked, Some(&merchant), "moved a batch", pool.as_str(), &detail).await?;
    Ok(Json(json!({ "pool": pool, "batch": batch, "state": to, "moved": moved })))
}

async fn void(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path((merchant, pool, code)): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    let code: CodeId = id(&code)?;
    let body = Body::VoidCode { pool: pool.clone(), code: code.clone() };
    acts::changed(shared.app.engine.administer(&asked, &merchant, body).await?)?;
    let detail = format!("code {code}");
    acts::log(&shared, &asked, Some(&merchant), "voided a code", pool.as_str(), &detail).await?;
    Ok(Json(json!({ "pool": pool, "code": code, "state": "void" })))
}

/// When a pool is low on codes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Threshold {
    /// Alert below this many.
    threshold: u32,
    /// Alert when codes end within so many days; 0: never. It stays as it is when left out.
    #[serde(default)]
    expiring_days: Option<u16>,
}

async fn threshold(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path((merchant, pool)): Path<(String, String)>,
    JsonBody(body): JsonBody<Threshold>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    let Threshold { threshold, expiring_days } = body;
    let command = Body::SetPoolThreshold { pool: pool.clone(), threshold, expiring_days };
    acts::changed(shared.app.engine.administer(&asked, &merchant, command).await?)?;
    let detail = format!("{threshold} codes");
    acts::log(&shared, &asked, Some(&merchant), "set a threshold", pool.as_str(), &detail).await?;
    Ok(Json(json!({ "pool": pool, "threshold": threshold, "expiring_days": expiring_days })))
}

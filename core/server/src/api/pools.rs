//! Code pools: numbers, codes without their texts, import as JSON or CSV, void, threshold.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::routing::{get, post, put};
use entrepot_contract::ids::{CodeId, ConnectionId, MerchantId, PoolName};
use entrepot_contract::supplier::CodeRow;
use entrepot_domain::command::Body;
use entrepot_engine::flows::import_codes::{IMPORT_LIMIT_ROWS, Import};
use entrepot_store::admin::Page;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth::Need;
use super::extract::{JsonBody, QueryOf, Writer, bytes_of, id};
use super::{Endpoint, Parameter, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;

/// Largest import, in bytes.
const IMPORT_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// How many times longer than other bodies an import may take to arrive.
const IMPORT_PATIENCE: u64 = 12;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const PAGE: &[Parameter] =
        &[("after", "the last id of the page before"), ("limit", "rows of a page: 100, at most 500")];
    const IMPORT: &[Parameter] = &[
        ("dry_run", "true: counts only, nothing is written"),
        ("connection", "the pool connection, where the merchant has several"),
    ];
    let (see, operate) = (Need::See, Need::Operate);
    vec![
        Endpoint::look("/merchants/{merchant}/pools", "Code pools with their numbers", see, &[], || get(list)),
        Endpoint::look("/merchants/{merchant}/pools/{pool}/codes", "Codes without their texts", see, PAGE, || {
            get(codes)
        }),
        Endpoint {
            query: IMPORT,
            ..Endpoint::act(
                Method::POST,
                "/merchants/{merchant}/pools/{pool}/codes",
                "Imports codes, making the pool when it is new: JSON, or text/csv with a header row (column code, \
                 optional column password); at most 64 MiB and 200000 rows",
                operate,
                Some(import_schema),
                || post(import).layer(DefaultBodyLimit::max(IMPORT_LIMIT_BYTES)),
            )
        },
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/pools/{pool}/codes/{code}/void",
            "Takes a code that nobody has out of its pool for ever",
            operate,
            None,
            || post(void),
        ),
        Endpoint::act(
            Method::PUT,
            "/merchants/{merchant}/pools/{pool}/threshold",
            "Alerts below that many codes",
            operate,
            Some(body_of::<Threshold>),
            || put(threshold),
        ),
    ]
}

fn import_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["codes"],
        "properties": {
            "codes": {
                "type": "array",
                "maxItems": IMPORT_LIMIT_ROWS,
                "items": {
                    "type": "object",
                    "required": ["code"],
                    "properties": {
                        "code": { "type": "string" },
                        "password": { "type": ["string", "null"] },
                        "line": { "type": "integer", "minimum": 0, "description": "for the report; counted from 1 when left out" }
                    },
                    "additionalProperties": false
                }
            },
            "connection": { "type": ["string", "null"], "description": "the pool connection, where there are several" },
            "dry_run": { "type": "boolean", "description": "counts only, nothing is written" }
        },
        "additionalProperties": false
    })
}

async fn list(State(shared): State<Shared>, Path(merchant): Path<String>) -> Result<Json<Value>, Problem> {
    let pools = shared.app.storage.list_pools(&id::<MerchantId>(&merchant)?).await?;
    Ok(Json(json!({ "pools": pools })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    after: Option<String>,
    #[serde(default)]
    limit: u32,
}

async fn codes(
    State(shared): State<Shared>,
    Path((merchant, pool)): Path<(String, String)>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    let page = Page { after: query.after, limit: query.limit };
    let codes = shared.app.storage.list_codes(&merchant, &pool, &page).await?;
    Ok(Json(json!({ "codes": codes })))
}

/// The pool that a path names.
async fn find(shared: &Shared, merchant: &str, pool: &str) -> Result<(MerchantId, PoolName), Problem> {
    let merchant: MerchantId = id(merchant)?;
    let pool: PoolName = id(pool)?;
    let found = shared.app.engine.storage().pool(&merchant, &pool).await?;
    found.ok_or_else(|| Problem::not_found(format!("merchant {merchant} has no pool {pool}")))?;
    Ok((merchant, pool))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ImportQuery {
    dry_run: bool,
    connection: Option<ConnectionId>,
}

/// What a file or body says.
#[derive(Debug, Default)]
pub(crate) struct CodeFile {
    /// Rows that may be codes.
    pub(crate) rows: Vec<CodeRow>,
    /// Rows that cannot be, by line. No reason repeats a code.
    pub(crate) refused: BTreeMap<u32, String>,
    /// Columns that nobody asked for.
    pub(crate) ignored: Vec<String>,
}

/// An import as it arrives.
struct Sent {
    file: CodeFile,
    connection: Option<ConnectionId>,
    dry_run: bool,
}

impl FromRequest<Shared> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let csv = match kind.as_str() {
            "text/csv" | "application/csv" => true,
            "application/json" | "" => false,
            other => {
                let text = format!("expected a content type of application/json or text/csv, found {other:?}");
                return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported", text));
            }
        };
        let bytes = bytes_of(request, shared, IMPORT_PATIENCE).await?;
        if csv { Ok(Self { file: of_csv(&bytes)?, connection: None, dry_run: false }) } else { of_json(&bytes) }
    }
}

fn too_many(found: usize) -> Problem {
    let text = format!("at most {IMPORT_LIMIT_ROWS} rows at once, found {found} or more");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "malformed", text)
}

/// The codes of a CSV file with a header row: column `code`, optional column `password`.
pub(crate) fn of_csv(bytes: &[u8]) -> Result<CodeFile, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader.byte_headers().map_err(|_| Problem::malformed("the header row cannot be read"))?;
    let names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    let column = |wanted: &str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
    let Some(code_at) = column("code") else {
        return Err(Problem::malformed(
            "the header row names no column `code`; the first line holds the columns' names",
        ));
    };
    let password_at = column("password");
    let other = |(at, _): &(usize, &String)| *at != code_at && Some(*at) != password_at;
    let ignored = names.iter().enumerate().filter(other).map(|(_, name)| name.chars().take(80).collect()).collect();
    let mut file = CodeFile { ignored, ..CodeFile::default() };
    let mut lines = Lines { bytes, at: 0, line: 1 };
    for record in reader.byte_records() {
        let start = |position: Option<&csv::Position>| position.map_or(0, csv::Position::byte);
        let record = record.map_err(|fault| {
            let line = lines.of(start(fault.position()));
            Problem::malformed(format!("line {line} cannot be read as CSV"))
        })?;
        let line = lines.of(start(record.position()));
        if file.rows.len() + file.refused.len() >= IMPORT_LIMIT_ROWS {
            return Err(too_many(IMPORT_LIMIT_ROWS));
        }
        match row_of(&record, names.len(), line, code_at, password_at) {
            Ok(row) => file.rows.push(row),
            Err(reason) => {
                file.refused.insert(line, reason);
            }
        }
    }
    Ok(file)
}

/// Counts lines as editors do: the reader's own count is one short where lines end with CR LF.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

impl Lines<'_> {
    /// The line of the first byte that ends no line, from this one on.
    fn of(&mut self, start: u64) -> u32 {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        while let Some(byte) = self.bytes.get(self.at) {
            let ends = *byte == b'\n' || (*byte == b'\r' && self.bytes.get(self.at + 1) != Some(&b'\n'));
            if self.at >= start && !ends && *byte != b'\r' {
                break;
            }
            self.line = self.line.saturating_add(u32::from(ends));
            self.at += 1;
        }
        self.line
    }
}

fn row_of(
    record: &csv::ByteRecord,
    columns: usize,
    line: u32,
    code_at: usize,
    password_at: Option<usize>,
) -> Result<CodeRow, String> {
    if record.len() != columns {
        return Err(format!("expected {columns} fields, found {}", record.len()));
    }
    let field = |at: usize| {
        let bytes = record.get(at).unwrap_or_default();
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| "the text is not UTF-8".to_owned())
    };
    let password = password_at.map(field).transpose()?.filter(|password| !password.is_empty());
    Ok(CodeRow { line, code: field(code_at)?, password })
}

/// Read by hand, because a reader's own words could repeat a code.
fn of_json(bytes: &[u8]) -> Result<Sent, Problem> {
    let body: Map<String, Value> = serde_json::from_slice(bytes).map_err(|fault| {
        Problem::malformed(format!("the body: expected a JSON object; line {} column {}", fault.line(), fault.column()))
    })?;
    let form = |text: &str| Problem::malformed(format!("the body: {text}"));
    if body.keys().any(|name| !["codes", "connection", "dry_run"].contains(&name.as_str())) {
        return Err(form("expected codes, connection and dry_run only"));
    }
    let connection = match body.get("connection") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(id(text)?),
        Some(_) => return Err(form("connection is a text")),
    };
    let dry_run = match body.get("dry_run") {
        None => false,
        Some(Value::Bool(dry_run)) => *dry_run,
        Some(_) => return Err(form("dry_run is true or false")),
    };
    let Some(Value::Array(codes)) = body.get("codes") else {
        return Err(form("codes is a list of {\"code\", \"password\"?, \"line\"?}"));
    };
    if codes.len() > IMPORT_LIMIT_ROWS {
        return Err(too_many(codes.len()));
    }
    let mut file = CodeFile::default();
    for (place, code) in (1..).zip(codes) {
        match object_row(place, code) {
            Some(row) => file.rows.push(row),
            None => {
                let line = code.get("line").and_then(line_of).unwrap_or(place);
                file.refused.insert(line, "expected {\"code\", \"password\"?} with texts".to_owned());
            }
        }
    }
    Ok(Sent { file, connection, dry_run })
}

fn line_of(line: &Value) -> Option<u32> {
    line.as_u64().and_then(|line| u32::try_from(line).ok())
}

fn object_row(place: u32, code: &Value) -> Option<CodeRow> {
    let map = code.as_object()?;
    if map.keys().any(|name| !["line", "code", "password"].contains(&name.as_str())) {
        return None;
    }
    let line = map.get("line").map_or(Some(place), line_of)?;
    let password = match map.get("password") {
        None | Some(Value::Null) => None,
        Some(password) => Some(password.as_str()?.to_owned()),
    };
    Some(CodeRow { line, code: map.get("code")?.as_str()?.to_owned(), password })
}

async fn import(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path((merchant, pool)): Path<(String, String)>,
    QueryOf(query): QueryOf<ImportQuery>,
    sent: Sent,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let pool: PoolName = id(&pool)?;
    let CodeFile { rows, refused, ignored } = sent.file;
    let dry_run = sent.dry_run || query.dry_run;
    let import = Import {
        merchant: merchant.clone(),
        connection: sent.connection.or(query.connection),
        pool: pool.clone(),
        rows,
        dry_run,
        by: asked.by.clone(),
        key: asked.key.clone(),
    };
    let report = shared.app.engine.import_codes(import, |_| {}).await;
    let mut report = report.map_err(|text| Problem::new(StatusCode::CONFLICT, "not_imported", text))?;
    report.rows += refused.len();
    report.refused.extend(refused);
    if !dry_run {
        let detail = format!("{} of {} rows", report.added, report.rows);
        acts::log(&shared, &asked, Some(&merchant), "imported codes", pool.as_str(), &detail).await?;
    }
    let mut answer = json!(report);
    answer["ignored_columns"] = json!(ignored);
    Ok(Json(answer))
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
}

async fn threshold(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path((merchant, pool)): Path<(String, String)>,
    JsonBody(body): JsonBody<Threshold>,
) -> Result<Json<Value>, Problem> {
    let (merchant, pool) = find(&shared, &merchant, &pool).await?;
    let command = Body::SetPoolThreshold { pool: pool.clone(), threshold: body.threshold };
    acts::changed(shared.app.engine.administer(&asked, &merchant, command).await?)?;
    let detail = format!("{} codes", body.threshold);
    acts::log(&shared, &asked, Some(&merchant), "set a threshold", pool.as_str(), &detail).await?;
    Ok(Json(json!({ "pool": pool, "threshold": body.threshold })))
}

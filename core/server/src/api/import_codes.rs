//! Import of codes: JSON, CSV or XLSX. While a long one runs its batch's counts grow: that is its progress.

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::routing::post;
use entrepot_contract::ids::{BatchId, ConnectionId, MerchantId, PoolName};
use entrepot_engine::flows::import_codes::{IMPORT_LIMIT_ROWS, Import, ImportRow};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth::Need;
use super::extract::{QueryOf, Writer, bytes_of, id};
use super::{Endpoint, Parameter, acts};
use crate::code_file::{self, CodeFile, Columns};
use crate::http::Shared;
use crate::http::problem::Problem;

/// Largest import, in bytes.
const IMPORT_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// How many times longer than other bodies an import may take to arrive.
const IMPORT_PATIENCE: u64 = 12;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub(super) fn endpoints() -> Vec<Endpoint> {
    const IMPORT: &[Parameter] = &[
        ("dry_run", "true: counts only, nothing is written"),
        ("connection", "the pool connection, where the merchant has several"),
        ("batch", "the batch of rows that name none; the day and second of the import when left out"),
        ("columns", "of a file: field=heading or field=letter, as code=A,password=B; the usual names when left out"),
        ("header", "of a file: false when its first line holds no headings"),
    ];
    vec![Endpoint {
        query: IMPORT,
        ..Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/pools/{pool}/codes",
            "Imports codes, making the pool when it is new: JSON, text/csv or XLSX with a header row (code, password, \
             valid_from, valid_to, batch, face_value, face_minor, currency); at most 64 MiB and 200000 rows. Chunks of \
             500 are whole or not there; given again, what is there is not added twice",
            Need::Operate,
            Some(import_schema),
            || post(import).layer(DefaultBodyLimit::max(IMPORT_LIMIT_BYTES)),
        )
    }]
}

fn import_schema(_: &mut SchemaGenerator) -> Schema {
    let text = || json!({ "type": ["string", "null"] });
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
                        "password": text(),
                        "valid_from": text(),
                        "valid_to": text(),
                        "batch": text(),
                        "face_value": text(),
                        "face_minor": text(),
                        "currency": text(),
                        "line": { "type": "integer", "minimum": 0, "description": "for the report; counted from 1 when left out" }
                    },
                    "additionalProperties": false
                }
            },
            "batch": { "type": ["string", "null"], "description": "the batch of rows that name none" },
            "connection": { "type": ["string", "null"], "description": "the pool connection, where there are several" },
            "dry_run": { "type": "boolean", "description": "counts only, nothing is written" }
        },
        "additionalProperties": false
    })
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ImportQuery {
    dry_run: bool,
    connection: Option<ConnectionId>,
    batch: Option<BatchId>,
    columns: Option<String>,
    header: Option<bool>,
}

/// An import as it arrives: a file that is not read yet, or rows.
enum Sent {
    File(axum::body::Bytes),
    Rows(Rows),
}

#[derive(Default)]
struct Rows {
    file: CodeFile,
    connection: Option<ConnectionId>,
    batch: Option<BatchId>,
    dry_run: bool,
}

impl FromRequest<Shared> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let file = match kind.as_str() {
            "text/csv" | "application/csv" | XLSX => true,
            "application/json" | "" => false,
            other => {
                let text = format!("expected a content type of application/json, text/csv or {XLSX}, found {other:?}");
                return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported", text));
            }
        };
        let bytes = bytes_of(request, shared, IMPORT_PATIENCE).await?;
        if file { Ok(Self::File(bytes)) } else { of_json(&bytes).map(Self::Rows) }
    }
}

fn too_many(found: usize) -> Problem {
    let text = format!("at most {IMPORT_LIMIT_ROWS} rows at once, found {found} or more");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "malformed", text)
}

/// Read by hand, because a reader's own words could repeat a code.
fn of_json(bytes: &[u8]) -> Result<Rows, Problem> {
    let body: Map<String, Value> = serde_json::from_slice(bytes).map_err(|fault| {
        Problem::malformed(format!("the body: expected a JSON object; line {} column {}", fault.line(), fault.column()))
    })?;
    let form = |text: &str| Problem::malformed(format!("the body: {text}"));
    if body.keys().any(|name| !["codes", "batch", "connection", "dry_run"].contains(&name.as_str())) {
        return Err(form("expected codes, batch, connection and dry_run only"));
    }
    let named = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(form(&format!("{name} is a text"))),
    };
    let connection = named("connection")?.map(id).transpose()?;
    let batch = named("batch")?.map(id).transpose()?;
    let dry_run = match body.get("dry_run") {
        None => false,
        Some(Value::Bool(dry_run)) => *dry_run,
        Some(_) => return Err(form("dry_run is true or false")),
    };
    let Some(Value::Array(codes)) = body.get("codes") else {
        return Err(form("codes is a list of {\"code\", \"password\"?, \"valid_to\"?, …}"));
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
                file.refused.insert(line, "expected {\"code\", \"password\"?, \"valid_to\"?, …} with texts".to_owned());
            }
        }
    }
    Ok(Rows { file, connection, batch, dry_run })
}

fn line_of(line: &Value) -> Option<u32> {
    line.as_u64().and_then(|line| u32::try_from(line).ok())
}

fn object_row(place: u32, code: &Value) -> Option<ImportRow> {
    code.as_object()?.get("code")?.as_str()?;
    let mut row: ImportRow = serde_json::from_value(code.clone()).ok()?;
    if code.get("line").is_none() {
        row.line = place;
    }
    Some(row)
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
    let sent = match sent {
        Sent::Rows(rows) => rows,
        Sent::File(bytes) => Rows { file: read(bytes, &query).await?, ..Rows::default() },
    };
    let CodeFile { rows, refused, ignored } = sent.file;
    let dry_run = sent.dry_run || query.dry_run;
    let batch = match sent.batch.or(query.batch) {
        Some(batch) => batch,
        None => new_batch()?,
    };
    let import = Import {
        merchant: merchant.clone(),
        connection: sent.connection.or(query.connection),
        pool: pool.clone(),
        batch: batch.clone(),
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

/// Large files are read beside the calls that are served.
async fn read(bytes: axum::body::Bytes, query: &ImportQuery) -> Result<CodeFile, Problem> {
    let columns = Columns::parse(query.columns.as_deref().unwrap_or_default(), query.header.unwrap_or(true));
    let columns = columns.map_err(Problem::malformed)?;
    let read = tokio::task::spawn_blocking(move || code_file::read(&bytes, &columns)).await;
    read.map_err(|_| Problem::malformed("the file cannot be read"))?.map_err(Problem::malformed)
}

/// The batch of an import that names none: when it came.
fn new_batch() -> Result<BatchId, Problem> {
    let now = chrono::Utc::now().format("%Y%m%d-%H%M%S").to_string();
    BatchId::parse(now).map_err(|fault| Problem::malformed(fault.to_string()))
}

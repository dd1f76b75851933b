//! Channels' calls: `/in/{application}/{path}`. Nothing is believed and no business table is read before the plugin
//! found the signature right.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use entrepot_contract::channel::{RawRequest, RawResponse};
use entrepot_contract::ids::{ApplicationId, SceneName, TraceId};
use entrepot_contract::time::Timestamp;
use entrepot_engine::inbound::Answered;
use tracing::Instrument;

use super::Shared;
use super::listen::Peer;
use super::problem::Problem;

/// Most headers handed to a plugin.
const HEADERS_LIMIT: usize = 64;

/// Most sources whose noise is told apart; beyond, they share one count.
const SOURCES_LIMIT: usize = 10_000;

/// Counts unauthenticated callers, and limits how much of them the log shows.
#[derive(Debug, Default)]
pub struct Strangers {
    minute: Mutex<(i64, BTreeMap<String, u32>)>,
}

impl Strangers {
    /// Whether this one may still be written into the log.
    fn may_log(&self, source: &str, now: Timestamp, per_minute: u32) -> bool {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let present = now.millis() / 60_000;
        if minute.0 != present {
            *minute = (present, BTreeMap::new());
        }
        let source = if minute.1.len() >= SOURCES_LIMIT { "others" } else { source };
        let count = minute.1.entry(source.to_owned()).or_default();
        *count += 1;
        *count <= per_minute
    }
}

/// Takes one call.
pub async fn handle(
    State(shared): State<Shared>,
    Path((application, path)): Path<(String, String)>,
    source: Option<Extension<ConnectInfo<Peer>>>,
    request: Request,
) -> Response {
    let source = source.map_or_else(|| "unknown".to_owned(), |Extension(ConnectInfo(peer))| peer.0.ip().to_string());
    let started = std::time::Instant::now();
    let (answer, verdict, authentic) = match take(&shared, &application, &path, request).await {
        Ok(answered) => {
            let (verdict, authentic) = (answered.verdict, answered.authentic);
            (wire(answered), verdict, authentic)
        }
        Err((problem, verdict)) => (problem.into_response(), verdict, false),
    };
    // A call that took too long or met a closed plugin says nothing about its caller.
    if !authentic && !matches!(verdict, "timed_out" | "failed" | "plugin_not_open" | "not_located") {
        let limit = shared.app.running().config.http.unauthenticated_log_per_minute;
        if shared.strangers.may_log(&source, shared.app.clock.now(), limit) {
            tracing::warn!(source, application, path, verdict, "a call was not authentic");
        }
    }
    metrics::counter!("entrepot_inbound_total", "scene" => scene_label(&shared, &application, &path), "verdict" => verdict)
        .increment(1);
    metrics::histogram!("entrepot_inbound_seconds").record(started.elapsed().as_secs_f64());
    answer
}

/// Only known scenes become label values: strangers must not fill the metrics' memory.
fn scene_label(shared: &Shared, application: &str, path: &str) -> String {
    let directory = shared.app.engine.directory();
    let id = ApplicationId::parse(application).ok();
    let known = id.and_then(|id| directory.applications.get(&id));
    let known =
        known.is_some_and(|known| known.plugins.values().any(|card| card.scenes.iter().any(|s| s.path == path)));
    if known { path.to_owned() } else { "unknown".to_owned() }
}

type Refused = (Problem, &'static str);

async fn take(shared: &Shared, application: &str, path: &str, request: Request) -> Result<Answered, Refused> {
    let no_application = || (Problem::not_found("no such application"), "unknown_application");
    let application = ApplicationId::parse(application).map_err(|_| no_application())?;
    if !shared.app.engine.directory().applications.contains_key(&application) {
        return Err(no_application());
    }
    let scene = SceneName::parse(path).map_err(|_| (Problem::not_found("no such scene"), "unknown_scene"))?;
    let (parts, body) = request.into_parts();
    let body = read_body(shared, &parts.headers, body).await?;
    let raw = RawRequest {
        scene,
        method: parts.method.as_str().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers_of(&parts.headers),
        body: body.to_vec(),
    };
    let trace = TraceId::parse(format!("in-{}", shared.app.seeds.next(shared.app.clock.now()).order()))
        .map_err(|fault| (Problem::malformed(fault.to_string()), "malformed"))?;
    let span = tracing::info_span!("inbound", %application, scene = path, %trace, connection = tracing::field::Empty, order = tracing::field::Empty, partner_trace = tracing::field::Empty);
    let engine = shared.app.engine.clone();
    let answered = engine.inbound(application, path.to_owned(), raw, trace).instrument(span.clone()).await;
    span.in_scope(|| tracing::info!(verdict = answered.verdict, "answered"));
    Ok(answered)
}

/// Reads the body within its size and time.
async fn read_body(shared: &Shared, headers: &HeaderMap, body: Body) -> Result<Bytes, Refused> {
    let running = shared.app.running();
    let http = &running.config.http;
    let limit = http.body_limit_bytes;
    let too_large = || {
        let problem = Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("the body is larger than {limit} bytes (http.body_limit_bytes)"),
        );
        (problem, "too_large")
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let read = axum::body::to_bytes(body, limit);
    match tokio::time::timeout(Duration::from_millis(http.read_timeout_ms), read).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => {
            let problem = Problem::new(StatusCode::REQUEST_TIMEOUT, "slow", "the body did not come in time");
            Err((problem, "slow"))
        }
    }
}

fn headers_of(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| *name != header::AUTHORIZATION && *name != header::COOKIE)
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .take(HEADERS_LIMIT)
        .collect()
}

fn wire(answered: Answered) -> Response {
    match answered.raw {
        Some(RawResponse { status, content_type, body }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let kind = HeaderValue::from_str(&content_type);
            let kind = kind.unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
            let mut response = (status, body).into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        None if answered.verdict == "plugin_not_open" => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "the plugin of this scene is not open")
                .into_response()
        }
        None => Problem::not_found("no such application or scene").into_response(),
    }
}

//! The commands' way to the admin API: of the server that runs on the database, or of an engine in this process.
//!
//! SQLite has one writer. While a server runs on a file, its address and a token lie beside it ([`beside`]) and the
//! commands go there; otherwise, and always on PostgreSQL, the same API is called in this process.

pub mod beside;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::Value;
use tower::ServiceExt;

use crate::api::auth::Principal;
use crate::boot::{self, App, Schema};
use crate::config::{Config, Loaded};
use crate::http::{Shared, inbound::Strangers, router};
use crate::telemetry;
use beside::{Look, Note};

/// Longest answer read, in bytes.
const ANSWER_LIMIT_BYTES: usize = 64 * 1024 * 1024;
/// How long a running server may take for one request.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a running server may take to say that it is alive.
const ALIVE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a server that holds the file may take to leave its address beside it, in steps of [`START_STEP`].
const START_STEPS: u32 = 50;
const START_STEP: Duration = Duration::from_millis(100);

/// Why there is no answer, or a bad one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFault {
    /// The API refused; the words are its own.
    Problem {
        /// The HTTP status.
        status: u16,
        /// A word for programs.
        reason: String,
        /// A sentence for people.
        detail: String,
    },
    /// Neither server nor database can be reached.
    Unreachable(String),
    /// Anything else: this program's own failure, or an answer that is none.
    Failed(String),
}

impl fmt::Display for ClientFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem { detail, .. } => f.write_str(detail),
            Self::Unreachable(text) | Self::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for ClientFault {}

impl ClientFault {
    /// Whether the API says that there is no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Problem { status: 404, .. })
    }
}

/// The way to the API. Close it: an engine in this process has to stop in order.
pub struct Client {
    way: Way,
}

enum Way {
    /// A server runs on the database.
    Server { http: reqwest::Client, note: Note },
    /// An engine of our own.
    Here { app: App, router: Router },
}

impl Client {
    /// The way to the server that runs on the configured SQLite file, if one does. `say` is told what a person may want
    /// to know.
    pub async fn of_server(config: &Config, say: &(dyn Fn(&str) + Sync)) -> Result<Option<Self>, ClientFault> {
        let Some(note) = running(config, say).await? else { return Ok(None) };
        let http = http_client()?;
        alive(&http, &note).await?;
        Ok(Some(Self { way: Way::Server { http, note } }))
    }

    /// An engine in this process, on a database whose schema is up to date.
    pub async fn here(mut loaded: Loaded) -> Result<Self, ClientFault> {
        // A process of its own beside the server that may run under the configured id: it must not take its jobs.
        loaded.config.node.id = None;
        let app = boot::start(loaded, Schema::Expect).await.map_err(ClientFault::Failed)?;
        let shared = Shared {
            app: app.clone(),
            metrics: telemetry::start_metrics().map_err(ClientFault::Failed)?,
            local_token: beside::new_token().map_err(ClientFault::Failed)?.into(),
            strangers: Arc::new(Strangers::default()),
        };
        Ok(Self { way: Way::Here { app, router: router(shared) } })
    }

    /// The way to a server at this address, with a token of an administrator's.
    pub async fn at(url: &str, token: &str) -> Result<Self, ClientFault> {
        let note = Note { url: url.trim_end_matches('/').to_owned(), token: token.to_owned(), pid: 0 };
        let http = http_client()?;
        let answer = http.get(format!("{}/healthz", note.url)).timeout(ALIVE_TIMEOUT).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(Self { way: Way::Server { http, note } }),
            _ => Err(ClientFault::Unreachable(format!("no server answers at {}", note.url))),
        }
    }

    /// Whether requests go to a running server.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self.way, Way::Server { .. })
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Result<Value, ClientFault> {
        self.request(Method::GET, path, None, None).await
    }

    /// One request to a path below `/api/v1`. Requests that change something need a key.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, ClientFault> {
        let body = body.map(serde_json::to_vec).transpose().map_err(|fault| ClientFault::Failed(fault.to_string()))?;
        let (status, bytes) = self.send(method, path, key, body).await?;
        answer(status, &bytes)
    }

    /// Reads something that is no JSON: a file.
    pub async fn download(&self, path: &str) -> Result<Vec<u8>, ClientFault> {
        let (status, bytes) = self.send(Method::GET, path, None, None).await?;
        if (200..300).contains(&status) { Ok(bytes) } else { answer(status, &bytes).map(|_| Vec::new()) }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<Vec<u8>>,
    ) -> Result<(u16, Vec<u8>), ClientFault> {
        let path = format!("/api/v1{path}");
        match &self.way {
            Way::Server { http, note } => remote(http, note, method, &path, key, body).await,
            Way::Here { router, .. } => here(router, method, &path, key, body).await,
        }
    }

    /// Stops the engine in this process, if there is one: what is under way may end.
    pub async fn close(self) {
        if let Way::Here { app, .. } = self.way {
            app.stop().await;
        }
    }
}

/// A text as one segment of a path.
#[must_use]
pub fn segment(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
            // Never a bare dot: `.` and `..` would be steps.
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// A key that no other request has.
pub fn new_key() -> Result<String, ClientFault> {
    beside::new_token().map(|token| format!("cli-{}", &token[..32])).map_err(ClientFault::Failed)
}

/// The note of the server that runs on the configured SQLite file, if one does.
async fn running(config: &Config, say: &(dyn Fn(&str) + Sync)) -> Result<Option<Note>, ClientFault> {
    let Some(path) = beside::path_of(config) else { return Ok(None) };
    for _ in 0..START_STEPS {
        match beside::look(&path).map_err(|fault| {
            ClientFault::Unreachable(format!("{}: {fault}; a server of another user may run there", path.display()))
        })? {
            Look::Nobody => return Ok(None),
            Look::Stale => {
                say(&format!("note: {} was left behind by a server that runs no more; ignored", path.display()));
                return Ok(None);
            }
            Look::Running(note) => return Ok(Some(note)),
            Look::Starting => tokio::time::sleep(START_STEP).await,
        }
    }
    Err(ClientFault::Unreachable(format!(
        "a server holds {} but has not left its address there; it is starting, or it hangs",
        path.display()
    )))
}

fn http_client() -> Result<reqwest::Client, ClientFault> {
    // The server on this machine speaks plain HTTP; the client still wants a provider for TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only([])
        .connect_timeout(ALIVE_TIMEOUT)
        .timeout(ANSWER_TIMEOUT)
        .build()
        .map_err(|fault| ClientFault::Failed(fault.to_string()))
}

async fn alive(http: &reqwest::Client, note: &Note) -> Result<(), ClientFault> {
    let answer = http.get(format!("{}/healthz", note.url)).timeout(ALIVE_TIMEOUT).send().await;
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(()),
        _ => Err(ClientFault::Unreachable(format!(
            "the server with process id {} holds the database but does not answer at {}; it is stopping, or it hangs",
            note.pid, note.url
        ))),
    }
}

async fn remote(
    http: &reqwest::Client,
    note: &Note,
    method: Method,
    path: &str,
    key: Option<&str>,
    body: Option<Vec<u8>>,
) -> Result<(u16, Vec<u8>), ClientFault> {
    let mut request = http.request(method, format!("{}{path}", note.url)).bearer_auth(&note.token);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    if let Some(body) = body {
        request = request.header(header::CONTENT_TYPE, "application/json").body(body);
    }
    let unreachable = |fault: reqwest::Error| {
        ClientFault::Unreachable(format!("the server at {} did not answer: {}", note.url, fault.without_url()))
    };
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > ANSWER_LIMIT_BYTES {
            return Err(ClientFault::Failed(format!("the answer is longer than {ANSWER_LIMIT_BYTES} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((status, bytes))
}

async fn here(
    router: &Router,
    method: Method,
    path: &str,
    key: Option<&str>,
    body: Option<Vec<u8>>,
) -> Result<(u16, Vec<u8>), ClientFault> {
    let failed = |text: String| ClientFault::Failed(text);
    let mut request = Request::builder().method(method).uri(path).extension(Principal::local());
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request = request.body(Body::from(body.unwrap_or_default())).map_err(|fault| failed(fault.to_string()))?;
    let response = match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), ANSWER_LIMIT_BYTES).await;
    Ok((status, bytes.map_err(|fault| failed(fault.to_string()))?.to_vec()))
}

fn answer(status: u16, bytes: &[u8]) -> Result<Value, ClientFault> {
    let value: Value =
        if bytes.is_empty() { Value::Null } else { serde_json::from_slice(bytes).unwrap_or(Value::Null) };
    if (200..300).contains(&status) {
        return Ok(value);
    }
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    let mut detail = text("detail").unwrap_or_else(|| format!("the API answered {status} without a reason"));
    if let Some(chinese) = text("detail_zh") {
        detail.push_str("\n  ");
        detail.push_str(&chinese);
    }
    let faults = value["faults"].as_array().map(Vec::as_slice).unwrap_or_default();
    if faults.len() > 1 {
        for fault in faults.iter().filter_map(Value::as_str) {
            detail.push_str("\n  ");
            detail.push_str(fault);
        }
    }
    Err(ClientFault::Problem { status, reason: text("reason").unwrap_or_default(), detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_one_segment() {
        assert_eq!(segment("order-1_A"), "order-1_A");
        assert_eq!(segment("a/b ../?#%票"), "a%2Fb%20%2E%2E%2F%3F%23%25%E7%A5%A8");
        assert_eq!(segment(".."), "%2E%2E");
    }

    #[test]
    fn an_answer_is_json_or_a_problem() {
        assert_eq!(answer(200, b"{\"a\":1}").unwrap()["a"], 1);
        assert_eq!(answer(204, b"").unwrap(), Value::Null);
        let fault = answer(404, br#"{"detail":"no order X","reason":"not_found"}"#).unwrap_err();
        assert!(fault.is_not_found());
        assert_eq!(fault.to_string(), "no order X");
        assert!(answer(500, b"<html>").unwrap_err().to_string().contains("500"));
    }

    #[test]
    fn keys_differ_and_can_be_sent() {
        let (a, b) = (new_key().unwrap(), new_key().unwrap());
        assert_ne!(a, b);
        assert!(a.len() <= 200 && a.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}

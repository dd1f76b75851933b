//! Requests, answers and the record of them. Bodies carry guests' details, so `Debug` tells their length only.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::call::Call;
use crate::refusal::ErrorId;

/// Calls kept; older ones are dropped.
pub const RECORD_LIMIT: usize = 10_000;

/// A request as it came in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, percent-encoded as received.
    pub path: String,
    /// The query without its question mark; empty without one.
    pub query: String,
    /// Names and values in the order received.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Request {
    /// A request without headers; `target` is the path, with its query where it has one.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), ..Self::default() }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        self
    }

    /// The first value of a header, whatever the case of its name.
    #[must_use]
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// When an answer goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// At once.
    AtOnce,
    /// Later; only the server waits, a desk never does.
    After(Duration),
    /// Never: the caller runs into its time limit.
    Never,
}

/// What goes back.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `application/json` or `text/html`.
    pub content_type: &'static str,
    /// `Octo-Capabilities` of the answer (§1): those applied. `None` when the request's head was refused.
    pub capabilities: Option<String>,
    /// The body.
    pub body: String,
    /// When it goes out.
    pub manner: Manner,
}

impl Answer {
    pub(crate) fn json(status: u16, capabilities: Option<String>, body: &Value) -> Self {
        let content_type = "application/json";
        Self { status, content_type, capabilities, body: body.to_string(), manner: Manner::AtOnce }
    }

    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// A call and what became of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Which call it was; `None` for a path that is none.
    pub call: Option<Call>,
    /// The request; its key stands there as received.
    pub request: Request,
    /// HTTP status decided, also when a fault kept the answer back or replaced it.
    pub status: u16,
    /// The error decided.
    pub error: Option<ErrorId>,
}

impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        out.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("headers", &headers)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Answer")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("capabilities", &self.capabilities)
            .field("body_bytes", &self.body.len())
            .field("manner", &self.manner)
            .finish()
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Recorded")
            .field("call", &self.call)
            .field("request", &self.request)
            .field("status", &self.status)
            .field("error", &self.error)
            .finish()
    }
}

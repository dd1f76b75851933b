//! Problem answers (RFC 9457): what was wrong, and what to do, for the person who reads them.

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_engine::sequencer::Undecided;
use entrepot_engine::storage::StorageFault;
use serde::Serialize;

/// Most faults that one problem lists: a bulk write of the largest size with one bad row in twenty is told whole.
const FAULTS_LIMIT: usize = 1_000;

/// A problem. `reason` is for programs, `detail` for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    /// The same in Chinese, where whoever reads it may have no English.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail_zh: Option<Box<str>>,
    reason: Box<str>,
    /// Every fault of a bulk request, one line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<String>,
}

impl Problem {
    /// A problem with its status, a word for programs and a sentence for people.
    #[must_use]
    pub fn new(status: StatusCode, reason: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            detail: detail.into(),
            detail_zh: None,
            reason: reason.into(),
            faults: Vec::new(),
        }
    }

    /// A request of which parts cannot be done, so that nothing was. The first faults are listed, the others counted.
    #[must_use]
    pub fn of_faults(mut faults: Vec<String>) -> Self {
        let count = faults.len();
        faults.truncate(FAULTS_LIMIT);
        let first = faults.first().cloned().unwrap_or_default();
        let detail = match count {
            0 | 1 => format!("{first}; nothing was changed"),
            _ => format!("{count} faults, the first: {first}; nothing was changed"),
        };
        Self { faults, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "malformed", detail) }
    }

    /// The request cannot be understood.
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    /// The thing is not there, or not for this caller.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// The same problem with every fault of a bulk request.
    #[must_use]
    pub fn with_faults(mut self, mut faults: Vec<String>) -> Self {
        faults.truncate(FAULTS_LIMIT);
        self.faults = faults;
        self
    }

    /// The same problem with its sentence in Chinese.
    #[must_use]
    pub fn in_chinese(mut self, detail: impl Into<String>) -> Self {
        self.detail_zh = Some(detail.into().into_boxed_str());
        self
    }

    /// The status, for tests and metrics.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.reason {
            Reason::OrderUnknown => StatusCode::NOT_FOUND,
            Reason::Malformed | Reason::NameMalformed | Reason::PhoneMalformed | Reason::DocumentMalformed => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            _ => StatusCode::CONFLICT,
        };
        let reason = serde_json::to_value(refusal.reason).ok().and_then(|word| word.as_str().map(str::to_owned));
        let problem = Self::new(status, &reason.unwrap_or_else(|| "other".to_owned()), refusal.text);
        match refusal.zh {
            Some(chinese) => problem.in_chinese(chinese),
            None => problem,
        }
    }
}

impl From<Undecided> for Problem {
    fn from(undecided: Undecided) -> Self {
        match undecided {
            Undecided::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", undecided.to_string()),
            Undecided::Poison => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unwritable", undecided.to_string()),
        }
    }
}

impl From<StorageFault> for Problem {
    fn from(fault: StorageFault) -> Self {
        match fault {
            StorageFault::Data(text) => Self::new(StatusCode::CONFLICT, "refused", text),
            other => {
                tracing::error!(fault = %other, "the database failed a request");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "the database cannot answer now; try again")
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// The path takes other methods.
pub async fn no_method(uri: Uri) -> Problem {
    let text = format!("{} takes other methods; see /api/v1/openapi.json", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", text)
}

/// No route takes this path.
pub async fn no_route(uri: Uri) -> Problem {
    Problem::not_found(format!("no route takes {}; see /api/v1/openapi.json", uri.path()))
}

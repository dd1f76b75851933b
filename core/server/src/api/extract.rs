//! Bodies, keys and queries, with problems that say what was expected.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use entrepot_engine::flows::administer::Asked;
use serde::de::DeserializeOwned;

use super::auth::Principal;
use crate::http::Shared;
use crate::http::problem::Problem;

/// Longest `Idempotency-Key`, in bytes.
const KEY_LIMIT_BYTES: usize = 200;

/// The `Idempotency-Key` of a writing request.
pub fn key_of(headers: &HeaderMap) -> Result<String, Problem> {
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if key.is_empty() || key.len() > KEY_LIMIT_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::malformed(format!(
            "a request that changes something needs an Idempotency-Key header of 1 to {KEY_LIMIT_BYTES} printable \
             characters; the same key repeated gets the first answer"
        )));
    }
    Ok(key.to_owned())
}

/// The caller of a writing request with its key.
pub struct Writer(pub Asked, pub Principal);

impl FromRequestParts<Shared> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let principal = principal(parts)?;
        let key = key_of(&parts.headers)?;
        Ok(Self(Asked { by: principal.name.clone(), key }, principal))
    }
}

/// The caller of a reading request.
pub struct Reader(pub Principal);

impl FromRequestParts<Shared> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        principal(parts).map(Self)
    }
}

fn principal(parts: &Parts) -> Result<Principal, Problem> {
    parts
        .extensions
        .get::<Principal>()
        .cloned()
        .ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "send a token"))
}

/// A JSON body; the problem names the place and what was expected there.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let bytes = bytes_of(request, shared, 1).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|fault| Problem::malformed(format!("the body: {fault}")))
    }
}

/// Whether a body is CSV; otherwise it is JSON.
pub(super) fn is_csv(headers: &HeaderMap) -> Result<bool, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "text/csv" | "application/csv" => Ok(true),
        "application/json" | "" => Ok(false),
        other => {
            let text = format!("expected a content type of application/json or text/csv, found {other:?}");
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported", text))
        }
    }
}

/// The body's bytes, within the size of the route and `patience` times `http.read_timeout_ms`.
pub(super) async fn bytes_of(request: Request, shared: &Shared, patience: u64) -> Result<Bytes, Problem> {
    let limit = Duration::from_millis(shared.app.running().config.http.read_timeout_ms.saturating_mul(patience));
    match tokio::time::timeout(limit, Bytes::from_request(request, shared)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(Problem::new(rejection.status(), "too_large", "the body is larger than this route takes"))
        }
        Ok(Err(_)) => Err(Problem::malformed("the body did not arrive")),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "slow", "the body did not come in time")),
    }
}

/// Query parameters; unknown ones are refused.
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for QueryOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        // No database takes this character in a text.
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::malformed("the query holds the character 0"));
        }
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|fault| Problem::malformed(format!("the query: {}", fault.body_text())))
    }
}

/// A path parameter as an id.
pub fn id<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|fault| Problem::malformed(format!("the path: {fault}")))
}

//! The platform's OpenAPI (`spec/douyin-common.md` §§3 to 5): one gate that records, injects faults, checks token
//! and JSON, finds the call and wraps its answer.

mod bills;
mod certificates;
mod code_refund;
mod crypto;
pub(crate) mod fields;
mod goods;
mod history;
mod order_query;
mod orders;
mod products;
mod promise;
mod request;
mod reserved;
mod routes;
mod shelf;
mod shops;
pub(crate) mod token;
pub(crate) mod verify;
mod vouchers;

pub use token::TOKEN_PATH;

use crate::fault::Fault;
use crate::platform::Shared;
use crate::record::Call;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use fields::{Answer, Refusal};
use request::Request;
use routes::{Route, Shape};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use token::TokenState;

/// Largest request body, bytes: vouchers may carry images.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Headers that are never recorded.
const SECRET_HEADERS: [&str; 3] = ["access-token", "authorization", "cookie"];

/// The server's only route: everything.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(gate).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(shared)
}

async fn gate(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let parsed: Option<Value> = serde_json::from_slice(&bytes).ok();
    let query = decode_query(uri.query().unwrap_or_default());
    let mut call = Call {
        at_ms: shared.now_ms(),
        method: method.to_string(),
        path: path.clone(),
        query: query.clone(),
        body: masked(parsed.as_ref()),
        headers: recorded(&headers),
        error_code: None,
        logid: shared.logid(),
    };
    let fault = shared.world().faults.take_for_path(&path, path == TOKEN_PATH);
    if fault == Some(Fault::OpenApiHangs) {
        return hang(&shared, call).await;
    }
    let body = parsed.unwrap_or(Value::Null);
    let route = routes::find(method.as_str(), &path);
    let shape = route.map_or(Shape::Object, |route| route.shape);
    let (answer, code) = match (injected(fault), path == TOKEN_PATH && method == Method::POST) {
        (Some(refusal), _) => envelope(&shared, Err(refusal), shape, &call),
        (None, true) => token::fetch(&shared, &body),
        (None, false) => {
            let request = Request {
                shared: &shared,
                query: &query,
                headers: &headers,
                body: &body,
                bytes: &bytes,
                now_ms: call.at_ms,
            };
            let answer = admit(&request, &headers, route, &bytes).and_then(|route| (route.handler)(&request));
            envelope(&shared, answer, shape, &call)
        }
    };
    if fault == Some(Fault::OpenApiLosesAnswer) {
        return hang(&shared, call).await;
    }
    call.error_code = Some(code);
    shared.world().calls.push(call);
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

fn injected(fault: Option<Fault>) -> Option<Refusal> {
    match fault? {
        Fault::OpenApiBusy(_) => Some(Refusal::new(2_100_004, "system busy")),
        Fault::OpenApiTokenInvalid => Some(Refusal::new(2_190_002, "access_token invalid")),
        Fault::OpenApiRefuses(code) => Some(Refusal::new(code, "refused by an injected fault")),
        _ => None,
    }
}

/// Records the call and holds it until the caller gives up or the bound is reached.
async fn hang(shared: &Shared, call: Call) -> Response {
    shared.world().calls.push(call);
    tokio::time::sleep(Duration::from_millis(shared.options.hang_ms)).await;
    StatusCode::GATEWAY_TIMEOUT.into_response()
}

/// Token, path, rate, content type and JSON, in this order.
fn admit(
    request: &Request<'_>,
    headers: &HeaderMap,
    route: Option<&'static Route>,
    bytes: &[u8],
) -> Result<&'static Route, Refusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = text("access-token");
    let fixed = request.shared.options.fixed_token.as_deref().is_some_and(|fixed| fixed == token);
    let state = request.shared.world().tokens.judge(token, request.now_ms);
    match state {
        _ if fixed => {}
        TokenState::Good => {}
        TokenState::Unknown => return Err(Refusal::new(2_190_002, "access_token invalid")),
        TokenState::Expired => return Err(Refusal::new(2_190_008, "access_token expired")),
    }
    let route = route.ok_or_else(|| Refusal::new(2_119_010, "API offline"))?;
    let limit = request.shared.options.calls_per_second.get(route.path).copied().or(route.per_second);
    let admitted = limit.is_none_or(|limit| request.shared.world().rates.admit(route.path, limit, request.now_ms));
    if !admitted {
        return Err(Refusal::new(2_119_003, "too many requests"));
    }
    if !text("content-type").starts_with("application/json") {
        return Err(Refusal::parameter("content-type must be application/json"));
    }
    if route.method == "POST" && (!request.body.is_object() || bytes.is_empty()) {
        return Err(Refusal::parameter("the body must be a JSON object"));
    }
    Ok(route)
}

/// The answer envelope (common §4); `extra.now` is in seconds.
fn envelope(shared: &Shared, answer: Answer, shape: Shape, call: &Call) -> (Value, i64) {
    let (mut data, refusal) = match answer {
        Ok(payload) => (payload, Refusal::new(0, "success")),
        Err(refusal) => (serde_json::Map::new(), refusal),
    };
    let list = data.remove(routes::LIST);
    data.insert("error_code".into(), refusal.code.into());
    data.insert("description".into(), refusal.text.clone().into());
    let failed = refusal.code != 0;
    let extra = json!({
        "error_code": refusal.code,
        "description": if failed { refusal.text.as_str() } else { "" },
        "sub_error_code": refusal.sub_code,
        "sub_description": if refusal.sub_code != 0 { refusal.text.as_str() } else { "" },
        "logid": call.logid,
        "now": shared.options.long(call.at_ms / 1000),
    });
    let answer = match shape {
        Shape::Object => json!({"data": data, "extra": extra}),
        Shape::WithBase => {
            json!({"data": data, "extra": extra, "BaseResp": {"StatusCode": 0, "StatusMessage": ""}})
        }
        Shape::List => json!({"data": list.unwrap_or_else(|| json!([])), "extra": extra}),
    };
    (answer, refusal.code)
}

fn masked(body: Option<&Value>) -> Value {
    let mut body = body.cloned().unwrap_or(Value::Null);
    if let Some(secret) = body.get_mut("client_secret") {
        *secret = "***".into();
    }
    body
}

fn recorded(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| !SECRET_HEADERS.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

/// Decodes a query string; `+` is a space.
fn decode_query(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let hex = text.get(place + 1..place + 3).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                out.push(value);
                place += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(*byte),
        }
        place += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let pairs = decode_query("a=1%2C2&b=x+y&c&d=%zz");
        let expected = [("a", "1,2"), ("b", "x y"), ("c", ""), ("d", "%zz")];
        assert_eq!(pairs, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}

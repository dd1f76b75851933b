//! Answers and calls against a page's example. Most are compared as JSON, where the order of fields says nothing; a call whose
//! spelling matters is compared letter by letter.

use entrepot_sdk::contract::channel::RawResponse;
use entrepot_sdk::contract::services::HttpRequest;
use serde_json::Value;

/// A page's example.
pub fn page(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The JSON of an answer.
pub fn json_of(raw: &RawResponse) -> Value {
    serde_json::from_slice(&raw.body).expect("JSON")
}

/// The JSON of an answer as Douyin takes it: HTTP 200 with a body of JSON (common §7.4).
pub fn said(raw: &RawResponse) -> Value {
    assert_eq!((raw.status, raw.content_type.as_str()), (200, "application/json"));
    json_of(raw)
}

/// A call's body, letter by letter: numbers stay numbers, and every name is spelled as the page spells it.
pub fn assert_sent_as(request: &HttpRequest, expected: &str) {
    assert_eq!(request.body.as_deref(), Some(expected), "{} {}", request.method, request.url);
}

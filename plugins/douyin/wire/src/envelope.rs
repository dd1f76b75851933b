//! The two envelopes: our answers to SPI calls, and Douyin's answers to OpenAPI calls.
//!
//! Common spec §7.4 (`documented`), §4 (`documented`; the success test is `inferred` from several pages).

use entrepot_sdk::contract::fault::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::codes::SpiCode;
use crate::faults::{FaultClass, classify, lookup};

/// The longest error text kept from an answer, in characters.
const TEXT_LIMIT: usize = 500;

/// A payload that cannot stand in an SPI answer: a mistake of the caller's types, not of the data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// The payload is no JSON object.
    #[error("the payload of an SPI answer must be an object")]
    NotAnObject,
    /// The payload has a field of the envelope's own.
    #[error("the payload of an SPI answer has a field `{0}` of its own")]
    Reserved(&'static str),
}

/// An SPI answer's body: `{"data":{"error_code":…,"description":…, payload…}}`, no `extra`. A unit payload `&()` adds
/// nothing. Common spec §7.4, `documented`.
pub fn spi_answer<T: Serialize>(code: SpiCode, description: &str, payload: &T) -> Result<Vec<u8>, EnvelopeFault> {
    let mut data = match serde_json::to_value(payload) {
        Ok(Value::Object(fields)) => fields,
        Ok(Value::Null) => Map::new(),
        _ => return Err(EnvelopeFault::NotAnObject),
    };
    for own in ["error_code", "description"] {
        if data.contains_key(own) {
            return Err(EnvelopeFault::Reserved(own));
        }
    }
    fill(&mut data, code, description);
    Ok(wrap(data))
}

/// An SPI answer without payload: a refusal, an acknowledgement, "call again". Common spec §7.4, `documented`.
pub fn spi_plain(code: SpiCode, description: &str) -> Vec<u8> {
    let mut data = Map::new();
    fill(&mut data, code, description);
    wrap(data)
}

fn fill(data: &mut Map<String, Value>, code: SpiCode, description: &str) {
    data.insert("error_code".to_owned(), Value::from(code.get()));
    data.insert("description".to_owned(), Value::from(description));
}

fn wrap(data: Map<String, Value>) -> Vec<u8> {
    let mut body = Map::new();
    body.insert("data".to_owned(), Value::Object(data));
    Value::Object(body).to_string().into_bytes()
}

/// A successful OpenAPI answer. Common spec §4, `documented`.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiAnswer {
    /// The `data` object, `error_code` and `description` included; per-item results are not judged yet, see
    /// [`item_results`].
    pub data: Value,
    /// Douyin's request id (`extra.logid`); always store it.
    pub logid: Option<String>,
    /// Douyin's time (`extra.now`), in seconds.
    pub now: Option<i64>,
}

impl ApiAnswer {
    /// The payload as a type of this crate. `api` names the call in the fault, which says where something cannot be read
    /// and never what stands there.
    pub fn read<T: DeserializeOwned>(&self, api: &str) -> Result<T, Fault> {
        serde_path_to_error::deserialize(&self.data).map_err(|fault| {
            let place = fault.path().to_string();
            let place = if place == "." { "data".to_owned() } else { format!("data.{place}") };
            let logid = crate::client::logid(self.logid.as_deref());
            Fault::garbled(format!("{api}: {place} of Douyin's answer is missing or cannot be read{logid}"))
        })
    }
}

/// A failed OpenAPI call. Common spec §4, §5, `documented` (codes); class and unclearness `inferred` where unlisted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Douyin answered HTTP {http_status}, code {code:?}, sub code {sub_code:?}: {text}")]
pub struct ApiFault {
    /// HTTP status.
    pub http_status: u16,
    /// The deciding code; `None` when the answer names none.
    pub code: Option<i64>,
    /// `extra.sub_error_code`, unless 0.
    pub sub_code: Option<i64>,
    /// The texts of the answer, at most 500 characters; may quote request data.
    pub text: String,
    /// Douyin's request id (`extra.logid`).
    pub logid: Option<String>,
    /// What to do.
    pub class: FaultClass,
    /// Whether the work may have been done all the same: ask before repeating a call that is not idempotent.
    pub unclear: bool,
}

impl ApiAnswer {
    /// Reads an answer. Success is HTTP 200 and zero, or absent, at every level: `extra.error_code`,
    /// `data.error_code`, `err_no`, `BaseResp.StatusCode`; `data.error_code` or `err_no` must be there, or, where `data`
    /// is a list (scenic §20), `extra.error_code`. Common spec §4, `inferred` from several pages.
    pub fn parse(http_status: u16, body: &[u8]) -> Result<Self, ApiFault> {
        let Ok(Value::Object(mut answer)) = serde_json::from_slice::<Value>(body) else {
            return Err(ApiFault::without_code(http_status, None, "the answer is not a JSON object"));
        };
        let root = Value::Object(std::mem::take(&mut answer));
        let logid = text_at(&root, &["extra", "logid"]);
        let Ok(codes) = Codes::read(&root) else {
            return Err(ApiFault::without_code(http_status, logid, "a code of the answer is not a number"));
        };
        if let Some(code) = codes.deciding() {
            return Err(ApiFault::with_code(http_status, code, codes.sub, &root, logid));
        }
        if http_status != 200 {
            return Err(ApiFault::without_code(http_status, logid, "the status is not 200"));
        }
        let listed = root.get("data").is_some_and(Value::is_array) && codes.extra.is_some();
        if codes.data.is_none() && codes.err_no.is_none() && !listed {
            return Err(ApiFault::without_code(http_status, logid, "the answer has no code"));
        }
        let now = root.get("extra").and_then(|extra| number(extra, "now").ok().flatten());
        let data = root.get("data").cloned().unwrap_or(Value::Null);
        Ok(Self { data, logid, now })
    }
}

impl ApiFault {
    fn with_code(http_status: u16, code: i64, sub_code: Option<i64>, root: &Value, logid: Option<String>) -> Self {
        let (class, unclear) = classify(code, sub_code);
        Self { http_status, code: Some(code), sub_code, text: texts(root), logid, class, unclear }
    }

    /// A fault that only the HTTP status, or the shape of the answer, tells of.
    fn without_code(http_status: u16, logid: Option<String>, text: &str) -> Self {
        let (class, unclear) = match http_status {
            429 => (FaultClass::BackOff, false),
            408 | 200..=299 | 500..=599 => (FaultClass::Retry, true),
            _ => (FaultClass::Operator, false),
        };
        Self { http_status, code: None, sub_code: None, text: text.to_owned(), logid, class, unclear }
    }
}

/// One element of a per-item result list. Common spec §4, §13, scenic §13, `documented`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemResult {
    /// Place in the list, from 0.
    pub index: usize,
    /// The item's own code, 0 = done (scenic §13: `inferred`); `None` when missing or not a number, which is no success.
    pub code: Option<i64>,
    /// The item's text (`msg`), at most 500 characters.
    pub text: String,
}

impl ItemResult {
    /// Whether this item is done.
    pub fn is_done(&self) -> bool {
        self.code == Some(0)
    }
}

/// The per-item results under `data[list]`, their code under `code_field` (`result` in the redemption of common §13,
/// `code` in that of scenic §13). `None` when the list itself is missing: then no item is known to be done.
pub fn item_results(data: &Value, list: &str, code_field: &str) -> Option<Vec<ItemResult>> {
    let items = data.get(list)?.as_array()?;
    let read = |(index, item): (usize, &Value)| ItemResult {
        index,
        code: number(item, code_field).ok().flatten(),
        text: text_at(item, &["msg"]).map(|text| cut(&text)).unwrap_or_default(),
    };
    Some(items.iter().enumerate().map(read).collect())
}

/// The codes of an answer, level by level.
struct Codes {
    data: Option<i64>,
    extra: Option<i64>,
    err_no: Option<i64>,
    base: Option<i64>,
    sub: Option<i64>,
}

impl Codes {
    fn read(root: &Value) -> Result<Self, ()> {
        let at = |object: &str, field: &str| root.get(object).map_or(Ok(None), |value| number(value, field));
        Ok(Self {
            data: at("data", "error_code")?,
            extra: at("extra", "error_code")?,
            err_no: number(root, "err_no")?,
            base: at("BaseResp", "StatusCode")?,
            sub: at("extra", "sub_error_code")?.filter(|code| *code != 0),
        })
    }

    /// The code that decides: the first listed one that is not zero, else the first that is not zero.
    fn deciding(&self) -> Option<i64> {
        let failed: Vec<i64> =
            [self.data, self.extra, self.err_no, self.base].into_iter().flatten().filter(|code| *code != 0).collect();
        failed.iter().copied().find(|code| lookup(*code).is_some()).or_else(|| failed.first().copied())
    }
}

/// A code as number or numeric string; absent, `null` and `""` are `None`, anything else is an error.
fn number(object: &Value, field: &str) -> Result<Option<i64>, ()> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(value)) => value.as_i64().map(Some).ok_or(()),
        Some(Value::String(value)) if value.is_empty() => Ok(None),
        Some(Value::String(value)) => value.parse().map(Some).map_err(|_| ()),
        Some(_) => Err(()),
    }
}

fn text_at(root: &Value, path: &[&str]) -> Option<String> {
    let found = path.iter().try_fold(root, |value, key| value.get(key))?;
    found.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The texts of all levels, each once, joined.
fn texts(root: &Value) -> String {
    let paths: [&[&str]; 6] = [
        &["data", "description"],
        &["extra", "description"],
        &["extra", "sub_description"],
        &["err_msg"],
        &["BaseResp", "StatusMessage"],
        &["message"],
    ];
    let mut found: Vec<String> = Vec::new();
    for text in paths.into_iter().filter_map(|path| text_at(root, path)) {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    cut(&found.join("; "))
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_LIMIT).collect()
}

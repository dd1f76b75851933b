//! Recorded exchanges with a partner: a file of JSON lines, one exchange a line, that a test plays again.
//!
//! ```text
//! # What the gate answered to a sold-out day.
//! {"request":{"method":"POST","url":"http://partner.test/tickets","json":{"order":"T1"}},"answer":{"status":409,"json":{"reason":"sold out"}}}
//! {"request":{"method":"GET","url":"http://partner.test/tickets/T1"},"fault":{"kind":"timed_out","effect":"unknown","text":"no answer"}}
//! ```
//!
//! A body stands as `json` (compared by value), `form` (compared as pairs, in any order) or `text` (compared as it is);
//! none at all is no body. Headers of requests are not recorded: that is where tokens are. Blank lines and lines that
//! begin with `#` are skipped.

use std::fmt;
use std::path::Path;

use entrepot_contract::fault::Fault;
use entrepot_contract::services::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http;

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// Longest file that is read, in bytes.
const FILE_LIMIT_BYTES: usize = 16 * 1024 * 1024;
/// Most fields of one form.
const PAIRS_LIMIT: usize = 1_000;

/// One exchange with the partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What was asked.
    pub request: Asked,
    /// What came back, or why nothing did.
    pub answer: Result<HttpResponse, Fault>,
}

/// A request as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// `POST`, …
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// As JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// As the pairs of a form, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Vec<(String, String)>>,
    /// As any other text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    request: Asked,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Answered>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    status: u16,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// Why a recording cannot be used: where, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingFault {
    /// The file.
    pub file: String,
    /// The line, from 1; none where the file itself is meant.
    pub line: Option<usize>,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for RecordingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.file, self.text),
            None => write!(f, "{}: {}", self.file, self.text),
        }
    }
}

impl std::error::Error for RecordingFault {}

/// Reads a recording from its file.
pub fn load(path: impl AsRef<Path>) -> Result<Vec<Exchange>, RecordingFault> {
    let file = path.as_ref().display().to_string();
    let text = std::fs::read_to_string(path).map_err(|fault| RecordingFault {
        file: file.clone(),
        line: None,
        text: format!("cannot be read: {fault}"),
    })?;
    parse(&file, &text)
}

/// Reads a recording from its text, as `include_str!` gives it; `file` is its name in faults. A recording without any
/// exchange is a fault: it would prove nothing.
pub fn parse(file: &str, text: &str) -> Result<Vec<Exchange>, RecordingFault> {
    let fault = |line, text| RecordingFault { file: file.to_owned(), line, text };
    if text.len() > FILE_LIMIT_BYTES {
        return Err(fault(None, format!("it has {} bytes, at most {FILE_LIMIT_BYTES} are read", text.len())));
    }
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let exchanges: Result<Vec<_>, _> =
        lines.map(|(at, line)| exchange(line).map_err(|why| fault(Some(at), why))).collect();
    let exchanges = exchanges?;
    if exchanges.is_empty() {
        return Err(fault(None, "it holds no exchange".to_owned()));
    }
    Ok(exchanges)
}

fn exchange(line: &str) -> Result<Exchange, String> {
    let reader = &mut serde_json::Deserializer::from_str(line);
    let Line { request, answer, fault }: Line = serde_path_to_error::deserialize(reader).map_err(|fault| {
        let (path, inner) = (fault.path().to_string(), fault.into_inner());
        if path == "." { inner.to_string() } else { format!("{path}: {inner}") }
    })?;
    let bodies = [request.json.is_some(), request.form.is_some(), request.text.is_some()];
    if bodies.iter().filter(|there| **there).count() > 1 {
        return Err("request: say its body once, as `json`, `form` or `text`".to_owned());
    }
    let answer = match (answer, fault) {
        (Some(Answered { json: Some(_), text: Some(_), .. }), _) => {
            return Err("answer: say its body once, as `json` or `text`".to_owned());
        }
        (Some(answered), None) => Ok(HttpResponse {
            status: answered.status,
            headers: answered.headers,
            body: answered.json.map(|json| json.to_string()).or(answered.text).unwrap_or_default(),
        }),
        (None, Some(fault)) => Err(fault),
        _ => return Err("say what came back, as `answer` or as `fault`".to_owned()),
    };
    Ok(Exchange { request, answer })
}

/// The text of a recording, for its file.
#[must_use]
pub fn text(exchanges: &[Exchange]) -> String {
    exchanges.iter().map(|exchange| format!("{}\n", line(exchange))).collect()
}

fn line(exchange: &Exchange) -> String {
    let answered = |response: &HttpResponse| {
        // As JSON only where that gives the very same bytes: a signature may stand over them.
        let json = serde_json::from_str::<Value>(&response.body).ok().filter(|json| {
            let written = json.to_string();
            written == response.body
        });
        let text = (json.is_none() && !response.body.is_empty()).then(|| response.body.clone());
        Answered { status: response.status, headers: response.headers.clone(), json, text }
    };
    let line = Line {
        request: exchange.request.clone(),
        answer: exchange.answer.as_ref().ok().map(answered),
        fault: exchange.answer.as_ref().err().cloned(),
    };
    // Texts, numbers and JSON values can always be written.
    serde_json::to_string(&line).unwrap_or_default()
}

impl Asked {
    /// A request as it would be recorded.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let mut asked =
            Self { method: request.method.clone(), url: request.url.clone(), json: None, form: None, text: None };
        let Some(body) = &request.body else { return asked };
        let of_type = |wanted: &str| {
            let header = request.headers.iter().find(|(name, _)| name == "content-type");
            header.is_some_and(|(_, value)| value.contains(wanted))
        };
        match http::pairs(body, PAIRS_LIMIT) {
            Ok(pairs) if of_type("x-www-form-urlencoded") => asked.form = Some(pairs),
            _ => asked.json = serde_json::from_str(body).ok(),
        }
        if asked.form.is_none() && asked.json.is_none() {
            asked.text = Some(body.clone());
        }
        asked
    }

    /// What differs from the request that came, in words for whoever reads a failed test; `None` when nothing does.
    #[must_use]
    pub fn differs(&self, found: &Self) -> Option<String> {
        if (&self.method, &self.url) != (&found.method, &found.url) {
            return Some(format!("expected {} {}, found {} {}", self.method, self.url, found.method, found.url));
        }
        let sorted = |form: &Option<Vec<(String, String)>>| {
            let mut pairs = form.clone().unwrap_or_default();
            pairs.sort_unstable();
            pairs
        };
        let what = if self.json != found.json {
            format!("its JSON differs at {}", place(&self.json, &found.json))
        } else if sorted(&self.form) != sorted(&found.form) || self.form.is_some() != found.form.is_some() {
            "its form differs".to_owned()
        } else if self.text != found.text {
            "its text differs".to_owned()
        } else {
            return None;
        };
        Some(format!("{} {}: {what}", self.method, self.url))
    }
}

/// The first place where two values differ, as `guests[0].name`.
fn place(expected: &Option<Value>, found: &Option<Value>) -> String {
    fn walk(expected: &Value, found: &Value, at: String) -> Option<String> {
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => {
                let names = expected.keys().chain(found.keys());
                names
                    .map(|name| {
                        let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                        walk(expected.get(name).unwrap_or(&Value::Null), found.get(name).unwrap_or(&Value::Null), at)
                    })
                    .find_map(|place| place)
            }
            (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
                let pairs = expected.iter().zip(found).enumerate();
                pairs
                    .map(|(index, (expected, found))| walk(expected, found, format!("{at}[{index}]")))
                    .find_map(|place| place)
            }
            _ if expected == found => None,
            _ => Some(at),
        }
    }
    match (expected, found) {
        (Some(expected), Some(found)) => walk(expected, found, String::new()).filter(|at| !at.is_empty()),
        _ => None,
    }
    .unwrap_or_else(|| "its root".to_owned())
}

/// What is not to be seen in a recording: texts wherever they stand, and the whole values of named fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Masks {
    pub(super) texts: Vec<String>,
    pub(super) fields: Vec<String>,
}

impl Masks {
    pub(super) fn asked(&self, request: &HttpRequest) -> Asked {
        let asked = Asked::of(request);
        Asked {
            method: asked.method,
            url: self.url(&asked.url),
            json: asked.json.map(|json| self.json(json)),
            form: asked.form.map(|form| form.into_iter().map(|(name, value)| self.pair(name, &value)).collect()),
            text: asked.text.map(|text| self.text(&text)),
        }
    }

    pub(super) fn exchange(&self, request: &HttpRequest, answer: &Result<HttpResponse, Fault>) -> Exchange {
        let answer = answer.clone().map_err(|fault| Fault { text: self.text(&fault.text), ..fault }).map(|response| {
            let headers = response.headers.into_iter().filter(|(name, _)| name != "set-cookie");
            HttpResponse {
                status: response.status,
                headers: headers.map(|(name, value)| self.pair(name, &value)).collect(),
                body: self.body(&response.body),
            }
        });
        Exchange { request: self.asked(request), answer }
    }

    fn body(&self, body: &str) -> String {
        match serde_json::from_str::<Value>(body) {
            // Left as it is where nothing has to be hidden, down to its spaces.
            Ok(json) if self.json(json.clone()) != json => self.json(json).to_string(),
            _ => self.text(body),
        }
    }

    fn url(&self, url: &str) -> String {
        let Some((path, query)) = url.split_once('?') else { return self.text(url) };
        let piece = |piece: &str| match piece.split_once('=') {
            Some((name, _)) if self.names(name) => format!("{name}={MASK}"),
            _ => self.text(piece),
        };
        format!("{}?{}", self.text(path), query.split('&').map(piece).collect::<Vec<_>>().join("&"))
    }

    fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(list) => list.into_iter().map(|value| self.json(value)).collect(),
            Value::Object(fields) => {
                let hidden = |name: &str, value| if self.names(name) { Value::from(MASK) } else { self.json(value) };
                fields.into_iter().map(|(name, value)| (name.clone(), hidden(&name, value))).collect()
            }
            other => other,
        }
    }

    fn pair(&self, name: String, value: &str) -> (String, String) {
        let value = if self.names(&name) { MASK.to_owned() } else { self.text(value) };
        (name, value)
    }

    fn names(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.eq_ignore_ascii_case(name))
    }

    /// Texts are hidden as they are, as a part of a URL, and as JSON within a text writes them.
    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for hidden in self.texts.iter().filter(|hidden| !hidden.is_empty()) {
            let quoted = Value::from(hidden.as_str()).to_string();
            for form in [hidden.as_str(), &http::segment(hidden), quoted.trim_matches('"')] {
                text = text.replace(form, MASK);
            }
        }
        text
    }
}

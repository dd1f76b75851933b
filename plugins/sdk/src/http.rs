//! Building calls to the partner, reading its answers.
//!
//! ```
//! use entrepot_sdk::{Secret, http};
//! let token = Secret::new("t");
//! let order = http::segment("A/1");
//! let request = http::post("book", format!("https://gate.example/tickets/{order}"))
//!     .bearer(&token)
//!     .json(&serde_json::json!({"count": 2}))
//!     .timeout_ms(3000)
//!     .build();
//! assert_eq!(request.url, "https://gate.example/tickets/A%2F1");
//! assert_eq!(request.secret_headers, ["authorization"]);
//! ```

use std::fmt::Write as _;

use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::services::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Secret;

/// How long a request waits when nothing else is said; the call's deadline may be nearer.
pub const DEFAULT_TIMEOUT_MS: u32 = 10_000;

/// A request being built.
#[derive(Debug, Clone)]
#[must_use]
pub struct Outgoing(HttpRequest);

/// A `GET`. `api` is a short name: limits, metrics and the interface log go by it.
pub fn get(api: &str, url: impl Into<String>) -> Outgoing {
    request(api, "GET", url)
}

/// A `POST`.
pub fn post(api: &str, url: impl Into<String>) -> Outgoing {
    request(api, "POST", url)
}

/// Any other method.
pub fn request(api: &str, method: &str, url: impl Into<String>) -> Outgoing {
    Outgoing(HttpRequest {
        api: api.to_owned(),
        method: method.to_owned(),
        url: url.into(),
        headers: Vec::new(),
        body: None,
        timeout_ms: DEFAULT_TIMEOUT_MS,
        secret_headers: Vec::new(),
    })
}

impl Outgoing {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// Adds headers, for example the application's `extra_headers`.
    pub fn headers(self, headers: &[(String, String)]) -> Self {
        headers.iter().fold(self, |request, (name, value)| request.header(name, value))
    }

    /// Adds a header whose value the interface log never shows.
    pub fn secret_header(mut self, name: &str, value: &Secret) -> Self {
        self.0.secret_headers.push(name.to_ascii_lowercase());
        self.header(name, value.expose())
    }

    /// `authorization: Bearer …`, secret.
    pub fn bearer(self, token: &Secret) -> Self {
        self.secret_header("authorization", &Secret::new(format!("Bearer {}", token.expose())))
    }

    /// A JSON body. What serde cannot write (a map with keys that are not text) becomes an empty body, which the
    /// first test shows.
    pub fn json(self, body: &impl Serialize) -> Self {
        let text = serde_json::to_string(body).unwrap_or_default();
        self.body("application/json", text)
    }

    /// A form body.
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        self.body("application/x-www-form-urlencoded", query(pairs))
    }

    /// Any other text.
    pub fn body(mut self, content_type: &str, text: impl Into<String>) -> Self {
        self.0.body = Some(text.into());
        self.header("content-type", content_type)
    }

    /// How long to wait.
    pub fn timeout_ms(mut self, timeout_ms: u32) -> Self {
        self.0.timeout_ms = timeout_ms;
        self
    }

    /// The finished request, for [`crate::Call::http`].
    #[must_use]
    pub fn build(self) -> HttpRequest {
        self.0
    }
}

/// Reads a JSON answer. What cannot be read is garbled: the call may have had its effect. The text names the place,
/// never the contents.
pub fn read_json<T: DeserializeOwned>(response: &HttpResponse) -> Result<T, Fault> {
    let reader = &mut serde_json::Deserializer::from_str(&response.body);
    serde_path_to_error::deserialize(reader).map_err(|fault| {
        let place = fault.path().to_string();
        let (line, column) = (fault.inner().line(), fault.inner().column());
        let length = response.body.len();
        let status = response.status;
        Fault::garbled(format!(
            "status {status}: the answer of {length} bytes cannot be read at {place}, line {line} column {column}"
        ))
    })
}

/// Reads an XML answer with that root ([`xml::read`](crate::xml::read)).
pub fn read_xml<T: DeserializeOwned>(response: &HttpResponse, root: &str) -> Result<T, Fault> {
    crate::xml::read(&response.body, root, crate::xml::Limits::default())
}

/// The fault for a status that the partner's description does not give: 400 and 422 (invalid), 401 and 403
/// (unauthenticated) and 429 (rate limited) are certainly without effect; after anything else nobody knows.
#[must_use]
pub fn unexpected_status(response: &HttpResponse) -> Fault {
    let text = format!("the partner answered with status {}", response.status);
    match response.status {
        400 | 422 => Fault::invalid(text),
        401 | 403 => Fault::not_done(FaultKind::Unauthenticated, text),
        429 => Fault::not_done(FaultKind::RateLimited, text),
        500..=599 => Fault::unknown(FaultKind::Unavailable, text),
        _ => Fault::garbled(text),
    }
    .with_code(response.status.to_string())
}

/// Text as one segment of a path: everything but letters, digits and `-._~` percent-encoded.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A part of a query or form as it was meant: `+` is a space, `%XX` a byte. Invalid when it is no UTF-8 or ends within an
/// escape.
pub fn decoded(text: &str) -> Result<String, Fault> {
    let malformed = || Fault::invalid("a query holds an escape that cannot be read");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16)).ok_or_else(malformed);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).map_err(|_| malformed())?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

/// The pairs of a query or form in their order, decoded; empty pieces are skipped, and a name without `=` has an empty
/// value. Invalid with more than `limit` pairs, or an escape that cannot be read.
pub fn pairs(text: &str, limit: usize) -> Result<Vec<(String, String)>, Fault> {
    let pieces: Vec<&str> = text.split('&').filter(|piece| !piece.is_empty()).take(limit + 1).collect();
    if pieces.len() > limit {
        return Err(Fault::invalid(format!("a query or form has more than {limit} parameters")));
    }
    let split = |piece: &str| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        Ok((decoded(name)?, decoded(value)?))
    };
    pieces.into_iter().map(split).collect()
}

/// A query string or form body, without `?`.
#[must_use]
pub fn query(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{}={}", segment(name), segment(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_garbled_answer_names_the_place_only() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Answer {
            tickets: Vec<String>,
        }
        let body = r#"{"tickets":["13800000000",5]}"#.to_owned();
        let response = HttpResponse { status: 200, headers: Vec::new(), body };
        let fault = read_json::<Answer>(&response).unwrap_err();
        assert!(fault.text.contains("tickets[1]"), "{}", fault.text);
        assert!(!fault.text.contains("138"), "{}", fault.text);
        assert_eq!(fault.effect, entrepot_contract::fault::Effect::Unknown);
    }

    #[test]
    fn queries_are_encoded() {
        assert_eq!(query(&[("a b", "é&"), ("c", "1")]), "a%20b=%C3%A9%26&c=1");
        assert_eq!(decoded("a%20b+%C3%A9%26").unwrap(), "a b é&");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let read = pairs("a%20b=%C3%A9%26&&c=1=2&d", 3).unwrap();
        assert_eq!(read, [pair("a b", "é&"), pair("c", "1=2"), pair("d", "")]);
        assert!(pairs("a&b&c&d", 3).is_err() && pairs("a=%4", 3).is_err());
        assert!(decoded("%4").is_err() && decoded("%zz").is_err() && decoded("%FF").is_err());
    }
}

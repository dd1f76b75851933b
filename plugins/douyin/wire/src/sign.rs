//! Signatures of what Douyin sends: SPI calls (new and old scheme) and webhooks.
//!
//! Common spec §7.2 (`documented`; hex case, empty body and repeated keys `seen in client code`),
//! §7.3 (`seen in client code`), §9 (`documented`).
//!
//! The page does not say whether query values are signed decoded or as they stand in the URL, and
//! clients exist for both, so verification computes both strings and accepts either match. Three
//! rules keep that from widening what is accepted:
//!
//! - the decoded string is tried only for strict UTF-8 and upper-case escapes (`%2B`, not `%2b`),
//!   so that no two spellings one bit apart mean the same signed string;
//! - the boundary to the body cannot be moved: a parameter called `http_body`, or a decoded text
//!   holding `&http_body=`, is refused;
//! - hex may be all lower or all upper case, never mixed.

use entrepot_sdk::sign::{hex, md5_hex, same, sha256_hex};
use sha1::{Digest, Sha1};

/// The query parameter that carries the old signature and is left out of both schemes (§7.1, `documented`).
const SIGN_PARAM: &str = "sign";
/// The reserved name under which the body enters the signed string (§7.2, `documented`).
const BODY_PARAM: &str = "http_body";

/// A signature over secret, parameters and body.
type Scheme = fn(&str, &[(String, String)], &[u8]) -> String;

/// Which signatures of an SPI call count. The default is the new one only (§7.3, `seen in client code`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignPolicy {
    /// Accept the old MD5 `sign` query parameter when the call carries no `x-life-sign` header at all.
    pub accept_old: bool,
}

/// The exact bytes that are hashed: secret, `&key=value` of every parameter but `sign`, then the body.
///
/// Parameters are sorted by key (byte order), then by value; an empty body leaves `&http_body=` out.
/// Common spec §7.2, `documented` (empty body and repeated keys `seen in client code`).
pub fn to_sign(secret: &str, query: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut pairs: Vec<(&str, &str)> =
        query.iter().filter(|(key, _)| key != SIGN_PARAM).map(|(key, value)| (key.as_str(), value.as_str())).collect();
    pairs.sort_unstable();
    let mut text = Vec::with_capacity(secret.len() + body.len() + 64 * (pairs.len() + 1));
    text.extend_from_slice(secret.as_bytes());
    for (key, value) in pairs {
        text.push(b'&');
        text.extend_from_slice(key.as_bytes());
        text.push(b'=');
        text.extend_from_slice(value.as_bytes());
    }
    if !body.is_empty() {
        text.extend_from_slice(b"&http_body=");
        text.extend_from_slice(body);
    }
    text
}

/// The value of header `x-life-sign`: lower-case hex SHA-256 of [`to_sign`]. Common spec §7.2, `documented`
/// (hex case `seen in client code`).
pub fn life_sign(secret: &str, query: &[(String, String)], body: &[u8]) -> String {
    sha256_hex(&[to_sign(secret, query, body)])
}

/// The value of the old query parameter `sign`: lower-case hex MD5 of [`to_sign`]. Common spec §7.3,
/// `seen in client code`.
pub fn old_sign(secret: &str, query: &[(String, String)], body: &[u8]) -> String {
    md5_hex(&[to_sign(secret, query, body)])
}

/// The value of webhook header `X-Douyin-Signature`: lower-case hex SHA-1 of secret and raw body.
/// Common spec §9, `documented`.
pub fn webhook_sign(secret: &str, body: &[u8]) -> String {
    hex(&Sha1::new().chain_update(secret.as_bytes()).chain_update(body).finalize())
}

/// Whether `header` (the value of `x-life-sign`) signs this call. `raw_query` is the query string as received,
/// without `?`; `body` the bytes as received. An empty secret signs nothing. Common spec §7.2, `documented`.
pub fn verify_life_sign(secret: &str, raw_query: &str, body: &[u8], header: &str) -> bool {
    verify_with(secret, raw_query, body, header, life_sign)
}

/// Whether the query's own `sign` parameter (exactly one) signs this call by the old scheme. Only for applications
/// that switched it on. Common spec §7.3, `seen in client code`.
pub fn verify_old_sign(secret: &str, raw_query: &str, body: &[u8]) -> bool {
    match single_param(raw_query, SIGN_PARAM) {
        Some(sign) => verify_with(secret, raw_query, body, &sign, old_sign),
        None => false,
    }
}

/// Whether an SPI call is authentic under `policy`. A present `x-life-sign` decides alone; the old signature never
/// rescues a wrong new one. Common spec §7.2 `documented`, §7.3 `seen in client code`.
pub fn verify_call(secret: &str, raw_query: &str, body: &[u8], life_sign: Option<&str>, policy: SignPolicy) -> bool {
    match life_sign {
        Some(header) => verify_life_sign(secret, raw_query, body, header),
        None => policy.accept_old && verify_old_sign(secret, raw_query, body),
    }
}

/// Whether `header` (the value of `X-Douyin-Signature`) signs this webhook body. Common spec §9, `documented`.
pub fn verify_webhook_sign(secret: &str, body: &[u8], header: &str) -> bool {
    !secret.is_empty() && hex_matches(&webhook_sign(secret, body), header)
}

/// The parameters of a raw query string, percent-decoded with `+` as space, in the order received; empty pieces are
/// skipped and a key without `=` has an empty value. `None` when a decoded text is not UTF-8.
pub fn parse_query(raw_query: &str) -> Option<Vec<(String, String)>> {
    split(raw_query).map(|(key, value)| Some((decode(key, false)?, decode(value, false)?))).collect()
}

/// The decoded value of a parameter that must stand in the query exactly once, such as `client_key`
/// (common spec §7.2, `documented`: the key is read from the URL). `None` when absent, repeated or undecodable.
pub fn single_param(raw_query: &str, name: &str) -> Option<String> {
    let mut values = parse_query(raw_query)?.into_iter().filter(|(key, _)| key == name);
    let (_, value) = values.next()?;
    values.next().is_none().then_some(value)
}

/// Computes the signature over the decoded and over the raw parameters and compares both, always.
fn verify_with(secret: &str, raw_query: &str, body: &[u8], given: &str, sign: Scheme) -> bool {
    if secret.is_empty() {
        return false;
    }
    let raw: Vec<(String, String)> = split(raw_query).map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let decoded: Option<Vec<(String, String)>> = split(raw_query)
        .filter(|(key, _)| *key != SIGN_PARAM)
        .map(|(key, value)| Some((decode(key, true)?, decode(value, true)?)))
        .collect();
    let mut matched = false;
    for query in [decoded, Some(raw)].into_iter().flatten() {
        matched |= has_one_reading(&query) & hex_matches(&sign(secret, &query, body), given);
    }
    matched
}

/// False when a parameter could be mistaken for the body in the signed string.
fn has_one_reading(query: &[(String, String)]) -> bool {
    query.iter().all(|(key, value)| {
        let joined = format!("&{key}={value}");
        key == SIGN_PARAM || (key != BODY_PARAM && !joined.contains("&http_body="))
    })
}

/// The pieces of a raw query, undecoded.
fn split(raw_query: &str) -> impl Iterator<Item = (&str, &str)> {
    raw_query.split('&').filter(|piece| !piece.is_empty()).map(|piece| piece.split_once('=').unwrap_or((piece, "")))
}

/// Percent-decodes one text. A `%` that starts no escape stays as it is. `strict` refuses lower-case escapes.
fn decode(text: &str, strict: bool) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = match bytes.get(at..at + 3) {
            Some([b'%', high, low]) => nibble(*high).zip(nibble(*low)).map(|pair| (pair, *high, *low)),
            _ => None,
        };
        match (bytes[at], escape) {
            (_, Some((_, high, low))) if strict && (high.is_ascii_lowercase() || low.is_ascii_lowercase()) => {
                return None;
            }
            (_, Some(((high, low), ..))) => {
                out.push(high << 4 | low);
                at += 3;
                continue;
            }
            (b'+', None) => out.push(b' '),
            (other, None) => out.push(other),
        }
        at += 1;
    }
    String::from_utf8(out).ok()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Constant-time comparison with a lower-case hex text; the given one may be wholly lower or wholly upper case.
fn hex_matches(expected: &str, given: &str) -> bool {
    same(expected, given) | same(&expected.to_ascii_uppercase(), given)
}

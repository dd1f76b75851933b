//! What of a body may be shown; secrets taken out of texts.
//!
//! A body shows its shape: names of fields, and for values their type and length. Only scalars of fields that the
//! manifest names are shown in clear. What is neither JSON nor a form is shown as length and the start of its hash.

use std::fmt::Write as _;

use entrepot_contract::manifest::LogRules;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::secret::SecretText;

/// Longest masked body, in bytes; the rest is cut off. Who keeps it may keep less of it.
pub const SHOWN_LIMIT_BYTES: usize = 1024 * 1024;
/// Longest value shown in clear, in characters.
pub const CLEAR_LIMIT_CHARS: usize = 256;
/// Secrets shorter than this are not looked for: they would match everywhere.
pub const SHORTEST_SECRET_BYTES: usize = 4;

const REMOVED: &str = "***";

/// A body as the interface log may show it.
#[must_use]
pub fn mask_body(rules: &LogRules, body: &[u8], content_type: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut shown = if kind == "application/x-www-form-urlencoded" {
        std::str::from_utf8(body).map_or_else(|_| opaque(body), |text| mask_form(rules, text))
    } else {
        serde_json::from_slice::<Value>(body)
            .map_or_else(|_| opaque(body), |value| mask_value(rules, value, false).to_string())
    };
    cut(&mut shown, SHOWN_LIMIT_BYTES);
    shown
}

/// Takes every known secret out of a text, as it is and as it looks in a URL or in JSON.
#[must_use]
pub fn scrub(text: &str, secrets: &[SecretText]) -> String {
    let mut forms = Vec::new();
    for secret in secrets.iter().map(SecretText::expose).filter(|text| text.len() >= SHORTEST_SECRET_BYTES) {
        forms.push(secret.to_owned());
        forms.push(percent_encoded(secret));
        forms.push(percent_encoded(secret).replace("%20", "+"));
        let quoted = Value::from(secret).to_string();
        forms.push(quoted[1..quoted.len() - 1].to_owned());
    }
    // The longest first: a secret that contains another must not leave its rest behind.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    let mut text = text.to_owned();
    for form in forms {
        if text.contains(&form) {
            text = text.replace(&form, REMOVED);
        }
    }
    text
}

/// A URL with the values of its query masked; credentials and the fragment are left out.
#[must_use]
pub fn mask_url(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let (front, query) = url.split_once('?').map_or((url, None), |(front, query)| (front, Some(query)));
    let mut shown = match front.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
            let host = authority.rsplit('@').next().unwrap_or_default();
            path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
        }
        None => front.to_owned(),
    };
    if let Some(query) = query {
        shown.push('?');
        shown.push_str(&mask_query(query));
    }
    cut(&mut shown, CLEAR_LIMIT_CHARS * 4);
    shown
}

/// A query string with its values masked.
#[must_use]
pub fn mask_query(query: &str) -> String {
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) => format!("{}={REMOVED}", shown_name(name)),
        None if pair.is_empty() => String::new(),
        None => REMOVED.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn mask_value(rules: &LogRules, value: Value, clear: bool) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) | Value::Number(_) if clear => value,
        Value::Bool(_) => Value::from("<bool>"),
        Value::Number(number) => Value::from(format!("<number {}>", number.to_string().len())),
        Value::String(text) if clear => Value::from(shortened(text)),
        Value::String(text) => Value::from(format!("<text {}>", text.chars().count())),
        Value::Array(items) => items.into_iter().map(|item| mask_value(rules, item, false)).collect(),
        Value::Object(fields) => {
            let masked = fields.into_iter().map(|(name, value)| {
                let clear = rules.clear.contains(&name);
                let shown = if clear { name } else { shown_name(&name) };
                (shown, mask_value(rules, value, clear))
            });
            Value::Object(masked.collect())
        }
    }
}

fn mask_form(rules: &LogRules, body: &str) -> String {
    let pairs = body.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if rules.clear.iter().any(|clear| clear == name) => {
            format!("{name}={}", shortened(value.to_owned()))
        }
        Some((name, value)) => format!("{}=<text {}>", shown_name(name), value.len()),
        None => format!("<text {}>", pair.len()),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// A field's name is shown when it looks like one: some partners use phones or codes as keys of a map.
fn shown_name(name: &str) -> String {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.$[]".contains(c));
    if starts && plain && digits <= 4 && name.len() <= 64 {
        name.to_owned()
    } else {
        format!("<key {}>", name.chars().count())
    }
}

fn opaque(body: &[u8]) -> String {
    format!("<{} bytes, sha256 {}>", body.len(), &hex(&Sha256::digest(body))[..12])
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(CLEAR_LIMIT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Shortens a text to a limit in bytes; a mark at the end tells that there was more.
pub fn cut(text: &mut String, limit: usize) {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Bytes as lower-case hexadecimal text.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(names: &[&str]) -> LogRules {
        LogRules { clear: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    #[test]
    fn shows_named_scalars_and_the_shape_of_the_rest() {
        let body = r#"{"order_id":"8001","count":2,"guest":{"name":"张三","ok":true,"order_id":[1,"x"]},"n":null,
            "13800000000":"a","list":[{"order_id":7,"phone":"13800000000"}]}"#;
        let shown = mask_body(&rules(&["order_id"]), body.as_bytes(), "application/json");
        let value: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(value["order_id"], "8001");
        assert_eq!(value["count"], "<number 1>");
        assert_eq!(value["guest"]["name"], "<text 2>");
        assert_eq!(value["guest"]["ok"], "<bool>");
        assert_eq!(value["guest"]["order_id"], serde_json::json!(["<number 1>", "<text 1>"]), "only scalars are shown");
        assert_eq!(value["n"], Value::Null);
        assert_eq!(value["<key 11>"], "<text 1>");
        assert_eq!(value["list"][0]["order_id"], 7);
        assert!(!shown.contains("138"));
    }

    #[test]
    fn what_is_neither_json_nor_form_is_length_and_hash() {
        let shown = mask_body(&rules(&["name"]), b"<xml><name>zhang</name></xml>", "text/xml");
        assert!(shown.starts_with("<29 bytes, sha256 "), "{shown}");
        assert_eq!(mask_body(&rules(&[]), b"", ""), "");
        let form = mask_body(
            &rules(&["method"]),
            b"method=book&name=zhang",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
        assert_eq!(form, "method=book&name=<text 5>");
    }

    #[test]
    fn long_bodies_are_cut() {
        let body = serde_json::json!({ "a": vec![1; 200_000], "b": "x".repeat(10_000) }).to_string();
        let shown = mask_body(&rules(&["b"]), body.as_bytes(), "application/json");
        assert!(shown.len() > SHOWN_LIMIT_BYTES && shown.len() <= SHOWN_LIMIT_BYTES + 4);
    }

    #[test]
    fn secrets_are_taken_out_in_every_form() {
        let secrets = [SecretText::new("p\"w/1 x"), SecretText::new("p\"w/1 x-longer"), SecretText::new("abc")];
        for text in ["p\"w/1 x", "p%22w%2F1%20x", "p%22w%2F1+x", "p\\\"w/1 x", "p\"w/1 x-longer"] {
            assert_eq!(scrub(&format!("a {text} b"), &secrets), "a *** b");
        }
        assert_eq!(scrub("abc", &secrets), "abc", "too short to be looked for");
    }

    #[test]
    fn a_url_shows_its_path_and_the_names_of_its_query() {
        assert_eq!(mask_url("https://u:p@x.test:81/a/b?sign=1&ts=2&3#f"), "https://x.test:81/a/b?sign=***&ts=***&***");
        assert_eq!(mask_url("https://u:p@x.test"), "https://x.test");
    }
}

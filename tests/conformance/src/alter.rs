//! Changes a right answer in one place: each way gives as many answers as there are places.

use entrepot_contract::bounds::TEXT_LIMIT_BYTES;
use serde_json::{Map, Value, json};

/// A way to change an answer: all the changes that one allows.
pub(crate) type Way = fn(&str) -> Vec<Change>;

/// One change of a body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// Another body.
    Whole(String),
    /// Another value at one place of its JSON.
    At(String, Value),
}

impl Change {
    /// The body with the change.
    pub(crate) fn made(&self, body: &str) -> String {
        match self {
            Self::Whole(whole) => whole.clone(),
            Self::At(place, value) => {
                let mut whole = serde_json::from_str::<Value>(body).unwrap_or_default();
                if let Some(at) = whole.pointer_mut(place) {
                    *at = value.clone();
                }
                whole.to_string()
            }
        }
    }
}

/// Most changes of one answer that are tried: a partner's largest answers have thousands of places.
const CHANGES_LIMIT: usize = 40;

/// As many of them as are tried, from all over the body.
pub(crate) fn some(changes: Vec<Change>) -> Vec<Change> {
    let step = changes.len().div_ceil(CHANGES_LIMIT).max(1);
    changes.into_iter().step_by(step).collect()
}

/// Begins of it.
pub(crate) fn cut(body: &str) -> Vec<Change> {
    let chars: Vec<char> = body.chars().collect();
    let lengths = [1, chars.len() / 4, chars.len() / 2, chars.len() * 3 / 4, chars.len().saturating_sub(1)];
    lengths.into_iter().map(|length| Change::Whole(chars[..length.min(chars.len())].iter().collect())).collect()
}

/// With a field that nobody knows in each object, or an element in the root.
pub(crate) fn with_strangers(body: &str) -> Vec<Change> {
    let in_objects = changed(body, |value| {
        let Value::Object(fields) = value else { return Vec::new() };
        let mut more = fields.clone();
        more.insert("a_field_of_next_year".to_owned(), json!({"with": ["anything", 1, null]}));
        vec![Value::Object(more)]
    });
    match body.trim_end().rfind("</") {
        Some(end) if in_objects.is_empty() => {
            let stranger = "<AnElementOfNextYear a=\"1\">x</AnElementOfNextYear>";
            vec![Change::Whole(format!("{}{stranger}{}", &body[..end], &body[end..]))]
        }
        _ => in_objects,
    }
}

/// With one value of another type.
pub(crate) fn with_another_type(body: &str) -> Vec<Change> {
    changed(body, |value| match value {
        Value::String(_) => vec![json!(7), Value::Null, json!([])],
        Value::Number(_) => vec![json!("seven"), Value::Null, json!({})],
        Value::Array(_) => vec![json!({}), json!("none"), Value::Null],
        Value::Bool(_) => vec![json!("perhaps"), json!(7)],
        Value::Object(_) | Value::Null => vec![json!("nothing")],
    })
}

/// With one field left out.
pub(crate) fn without_a_field(body: &str) -> Vec<Change> {
    changed(body, |value| {
        let Value::Object(fields) = value else { return Vec::new() };
        let less = |key: &String| {
            let mut less: Map<String, Value> = fields.clone();
            less.remove(key);
            Value::Object(less)
        };
        fields.keys().map(less).collect()
    })
}

/// With one list that lacks its last entry.
pub(crate) fn with_fewer(body: &str) -> Vec<Change> {
    changed(body, |value| match value {
        Value::Array(entries) if !entries.is_empty() => vec![Value::Array(entries[..entries.len() - 1].to_vec())],
        _ => Vec::new(),
    })
}

/// With one list whose last entry stands twice.
pub(crate) fn with_more(body: &str) -> Vec<Change> {
    changed(body, |value| match value {
        Value::Array(entries) if !entries.is_empty() => {
            vec![Value::Array(entries.iter().chain(entries.last()).cloned().collect())]
        }
        _ => Vec::new(),
    })
}

/// With one list of empty texts, or objects of empty texts.
pub(crate) fn with_empty_texts(body: &str) -> Vec<Change> {
    changed(body, |value| match value {
        Value::Array(entries) if !entries.is_empty() => vec![Value::Array(entries.iter().map(emptied).collect())],
        _ => Vec::new(),
    })
}

fn emptied(value: &Value) -> Value {
    match value {
        Value::String(_) => json!(""),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), emptied(value))).collect(),
        other => other.clone(),
    }
}

/// With one number that is below nothing.
pub(crate) fn with_negatives(body: &str) -> Vec<Change> {
    numbers(body, &[json!(-5), json!(-9_223_372_036_854_775_808_i64)])
}

/// A number that is seventy-seven where more than 32 or 64 bits are cut off.
pub(crate) const CUT_OFF: u64 = 77;

/// With one number that is too large.
pub(crate) fn with_overflow(body: &str) -> Vec<Change> {
    // 2^64 + 77 as JSON; a double cannot say it, and neither can 64 bits.
    let above = serde_json::from_str("18446744073709551693").unwrap_or(Value::Null);
    numbers(body, &[json!(4_294_967_296_u64 + CUT_OFF), json!(65_536 + CUT_OFF), above])
}

fn numbers(body: &str, instead: &[Value]) -> Vec<Change> {
    changed(body, |value| if value.is_number() { instead.to_vec() } else { Vec::new() })
}

/// With one date that is none.
pub(crate) fn with_impossible_dates(body: &str) -> Vec<Change> {
    let is_date = |text: &str| text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
    changed(body, |value| match value {
        Value::String(text) if is_date(text) => vec![json!("2026-02-30"), json!("0000-00-00"), json!("2026-13-01")],
        _ => Vec::new(),
    })
}

/// With one text that is longer than any may be.
pub(crate) fn with_long_texts(body: &str) -> Vec<Change> {
    changed(body, |value| match value {
        Value::String(_) => vec![json!("x".repeat(TEXT_LIMIT_BYTES + 1))],
        _ => Vec::new(),
    })
}

/// Every change of one value; none where the body is no JSON.
fn changed(body: &str, change: impl Fn(&Value) -> Vec<Value>) -> Vec<Change> {
    let Ok(whole) = serde_json::from_str::<Value>(body) else { return Vec::new() };
    let mut places = Vec::new();
    collect(&whole, String::new(), &mut places);
    let mut changes = Vec::new();
    for place in places {
        let Some(value) = whole.pointer(&place) else { continue };
        changes.extend(change(value).into_iter().map(|new| Change::At(place.clone(), new)));
    }
    changes
}

/// The places of all values, as JSON pointers.
fn collect(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Array(entries) => {
            for (number, entry) in entries.iter().enumerate() {
                collect(entry, format!("{at}/{number}"), places);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                collect(field, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), places);
            }
        }
        _ => {}
    }
    places.push(at);
}

/// With that text in place of one value.
pub(crate) fn with_texts(body: &str, text: &str) -> Vec<Change> {
    changed(body, |_| vec![json!(text)])
}

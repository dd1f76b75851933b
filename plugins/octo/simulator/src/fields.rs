//! Strict reading of bodies and queries (§2): right types, known names, nothing guessed.

use chrono::{Datelike, NaiveDate};
use serde_json::{Map, Value};

use crate::call::decoded;
use crate::refusal::Refusal;

/// An object read field by field. Null counts as absent.
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The object, with no names beside those given when `known_only` is set.
    pub(crate) fn of(value: &'a Value, names: &[&str], known_only: bool) -> Result<Self, Refusal> {
        let map = value.as_object().ok_or_else(|| Refusal::bad("a JSON object is expected"))?;
        if known_only && map.keys().any(|name| !names.contains(&name.as_str())) {
            return Err(Refusal::bad(format!("only these fields are known here: {}", names.join(", "))));
        }
        Ok(Self { map })
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn read<T>(&self, name: &str, what: &str, read: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>, Refusal> {
        let wrong = || Refusal::bad(format!("{name} must be {what}"));
        self.get(name).map(|value| read(value).ok_or_else(wrong)).transpose()
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        self.read(name, "a text", Value::as_str)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&'a str, Refusal> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| Refusal::bad(format!("{name} is missing")))
    }

    pub(crate) fn whole(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.read(name, "a whole number", Value::as_i64)
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.read(name, "true or false", Value::as_bool)
    }

    pub(crate) fn list(&self, name: &str) -> Result<Option<&'a [Value]>, Refusal> {
        self.read(name, "a list", |value| value.as_array().map(Vec::as_slice))
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<&'a Value>, Refusal> {
        self.read(name, "an object", |value| value.is_object().then_some(value))
    }

    pub(crate) fn date(&self, name: &str) -> Result<Option<NaiveDate>, Refusal> {
        self.read(name, "a date YYYY-MM-DD", |value| value.as_str().and_then(date))
    }
}

/// A date in exactly the form of the wire (§1).
pub(crate) fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| text.len() == 10 && in_reach(*date))
}

/// Whether a date is one that tickets are sold for: the limit of all arithmetic with dates here.
pub(crate) fn in_reach(date: NaiveDate) -> bool {
    (2000..=2100).contains(&date.year())
}

/// A body as JSON. An empty one is an empty object, since extend and cancel ask for nothing (§2; inferred).
pub(crate) fn body(text: &str) -> Result<Value, Refusal> {
    if text.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_str(text).map_err(|_| Refusal::bad("the body is not JSON"))
}

/// A query as an object of texts; a name given twice is refused.
pub(crate) fn query(text: &str) -> Result<Value, Refusal> {
    let mut map = Map::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if map.insert(decoded(name, true), Value::String(decoded(value, true))).is_some() {
            return Err(Refusal::bad("a query parameter is given twice"));
        }
    }
    Ok(Value::Object(map))
}

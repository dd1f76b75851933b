//! Checks of request fields. A missing or mistyped field is 2100005 (common §5).

use serde_json::{Map, Value};

/// A refused call: the codes of the answer's envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i64,
    pub(crate) sub_code: i64,
    pub(crate) text: String,
}

/// 2100005, invalid parameter.
pub(crate) const BAD_PARAMETER: i64 = 2_100_005;
/// 3000001, business error.
const BUSINESS: i64 = 3_000_001;

impl Refusal {
    pub(crate) fn new(code: i64, text: impl Into<String>) -> Self {
        Self { code, sub_code: 0, text: text.into() }
    }

    /// 2100005.
    pub(crate) fn parameter(text: impl Into<String>) -> Self {
        Self::new(BAD_PARAMETER, text)
    }

    /// 3000001 with a sub code of ours.
    pub(crate) fn business(sub_code: i64, text: impl Into<String>) -> Self {
        Self { code: BUSINESS, sub_code, text: text.into() }
    }
}

/// The payload of a good answer, beside error_code.
pub(crate) type Answer = Result<Map<String, Value>, Refusal>;

/// Fields of a JSON object; null counts as missing.
pub(crate) struct Fields<'a> {
    value: &'a Value,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value) -> Self {
        Self { value }
    }

    /// The names that are not among `known`.
    pub(crate) fn others(&self, known: &[&str]) -> Vec<&'a str> {
        let names = self.value.as_object().into_iter().flatten();
        names.map(|(name, _)| name.as_str()).filter(|name| !known.contains(name)).collect()
    }

    /// An object; missing counts as none.
    pub(crate) fn object_opt(&self, name: &str) -> Result<Option<&'a Value>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(value) if value.is_object() => Ok(Some(value)),
            Some(_) => Err(Refusal::parameter(format!("{name} must be an object"))),
        }
    }

    /// An object.
    pub(crate) fn object(&self, name: &str) -> Result<&'a Value, Refusal> {
        Self::need(name, self.object_opt(name)?)
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }

    fn need<T>(name: &str, value: Option<T>) -> Result<T, Refusal> {
        value.ok_or_else(|| Refusal::parameter(format!("{name} is missing")))
    }

    /// A string that is not empty.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Refusal> {
        Self::need(name, self.text_opt(name)?)
    }

    /// A string; empty counts as missing.
    pub(crate) fn text_opt(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::parameter(format!("{name} must be a string"))),
        }
    }

    /// A small integer: a JSON number.
    pub(crate) fn int(&self, name: &str) -> Result<i64, Refusal> {
        let value = Self::need(name, self.get(name))?;
        value.as_i64().ok_or_else(|| Refusal::parameter(format!("{name} must be an integer")))
    }

    /// A 64-bit integer: a JSON number or a string of digits (common §1).
    pub(crate) fn long(&self, name: &str) -> Result<i64, Refusal> {
        Self::need(name, self.long_opt(name)?)
    }

    /// The same, optional.
    pub(crate) fn long_opt(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        number.map(Some).ok_or_else(|| Refusal::parameter(format!("{name} must be a 64-bit integer")))
    }

    /// A list that is not empty.
    pub(crate) fn list(&self, name: &str) -> Result<&'a [Value], Refusal> {
        let list = self.list_opt(name)?;
        Self::need(name, if list.is_empty() { None } else { Some(list) })
    }

    /// A list; missing counts as empty.
    pub(crate) fn list_opt(&self, name: &str) -> Result<&'a [Value], Refusal> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(Refusal::parameter(format!("{name} must be a list"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_and_missing_fields() {
        let value = json!({"order_id": 7, "n": "12", "i": "1", "list": [], "null": null, "text": "x"});
        let fields = Fields::of(&value);
        assert_eq!(fields.text("order_id").map_err(|refusal| refusal.code), Err(BAD_PARAMETER));
        assert_eq!(fields.text("text"), Ok("x"));
        assert_eq!(fields.text_opt("null"), Ok(None));
        assert_eq!(fields.long("n"), Ok(12));
        assert!(fields.int("i").is_err());
        assert!(fields.list("list").is_err());
        assert_eq!(fields.list_opt("missing"), Ok(&[][..]));
    }
}

//! Typed settings: a struct with `Deserialize` and `JsonSchema`, and nothing else to write.

use entrepot_contract::fault::Fault;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What can be settings. Implemented by every type with `Deserialize` and `JsonSchema`; put
/// `#[serde(deny_unknown_fields)]` on it, so that a mistyped key is a fault and not silence.
pub trait Settings: DeserializeOwned + JsonSchema + Send + Sync + 'static {}

impl<T: DeserializeOwned + JsonSchema + Send + Sync + 'static> Settings for T {}

/// For plugins without settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// The JSON Schema of the type.
#[must_use]
pub fn schema_of<T: Settings>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// Parses settings; the fault names the key, as `settings.retry.limit: …`. Settings left out are `{}`.
pub fn parse<T: Settings>(value: &Value) -> Result<T, Fault> {
    let empty = Value::Object(Map::new());
    let value = if value.is_null() { &empty } else { value };
    serde_path_to_error::deserialize(value).map_err(|fault| {
        let path = fault.path().to_string();
        let key = if path == "." { "settings".to_owned() } else { format!("settings.{path}") };
        Fault::invalid(format!("{key}: {}", shortened(&fault.inner().to_string())))
    })
}

/// What is wrong, without the value: it may be a secret that stands in the wrong place. The words are serde's.
fn shortened(text: &str) -> String {
    const LIMIT_CHARS: usize = 300;
    let valueless = match (text.rfind(", expected "), text) {
        (Some(at), text) if text.starts_with("invalid ") => format!("expected {}", &text[at + ", expected ".len()..]),
        (Some(at), text) if text.starts_with("unknown variant ") => format!("unknown variant{}", &text[at..]),
        _ => text.to_owned(),
    };
    valueless.chars().take(LIMIT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(default)]
        #[allow(dead_code)]
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[allow(dead_code)]
        limit: u16,
    }

    #[test]
    fn a_fault_names_its_key() {
        let fault = parse::<Outer>(&json!({"inner": {"limit": "x"}})).unwrap_err();
        assert!(fault.text.starts_with("settings.inner.limit: "), "{}", fault.text);
        assert_eq!(fault.text, "settings.inner.limit: expected u16");
        let fault = parse::<Outer>(&json!({"inner": {}})).unwrap_err();
        assert!(fault.text.contains("limit"), "{}", fault.text);
        let fault = parse::<Outer>(&json!({"iner": {}})).unwrap_err();
        assert!(fault.text.contains("iner"), "{}", fault.text);
        parse::<Outer>(&Value::Null).unwrap();
    }

    #[test]
    fn schemas_are_objects() {
        assert_eq!(schema_of::<NoSettings>()["type"], "object");
        assert_eq!(schema_of::<NoSettings>()["additionalProperties"], false);
    }
}

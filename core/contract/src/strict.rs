//! Messages across the boundary may gain fields, so their types ignore what they do not know. In a file or a body of ours
//! the same types stand where an unknown field is a mistake: there they are read through [`strict`].

use serde::de::{DeserializeOwned, Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Reads a value and refuses fields that its type does not know, by name. For `#[serde(deserialize_with = "…")]`.
pub fn strict<'de, D: Deserializer<'de>, T: DeserializeOwned + Serialize>(deserializer: D) -> Result<T, D::Error> {
    let told = Value::deserialize(deserializer)?;
    let read = T::deserialize(&told).map_err(Error::custom)?;
    let known = serde_json::to_value(&read).map_err(Error::custom)?;
    match stray(&told, &known) {
        Some(name) => Err(Error::custom(format!("unknown field `{name}`"))),
        None => Ok(read),
    }
}

/// The first field with a value that what was read does not have.
fn stray(told: &Value, known: &Value) -> Option<String> {
    match (told, known) {
        (Value::Object(told), Value::Object(known)) => told.iter().find_map(|(name, value)| match known.get(name) {
            Some(known) => stray(value, known),
            None => (!value.is_null()).then(|| name.clone()),
        }),
        (Value::Array(told), Value::Array(known)) => {
            told.iter().zip(known).find_map(|(told, known)| stray(told, known))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use crate::listing::{Listing, ListingNames};
    use crate::money::Money;

    #[derive(Debug, Deserialize)]
    struct Body {
        #[serde(deserialize_with = "super::strict")]
        prices: BTreeMap<String, Money>,
    }

    #[test]
    fn a_message_may_gain_fields_and_a_body_may_not() {
        let names = json!({"product": "p", "colour": "red"});
        assert_eq!(serde_json::from_value::<ListingNames>(names.clone()).unwrap().product.as_deref(), Some("p"));
        let listing = json!({"id": "l", "connection": "c", "sells": {"one": "s"}, "names": names});
        let fault = serde_json::from_value::<Listing>(listing).unwrap_err().to_string();
        assert!(fault.contains("colour"), "{fault}");
        let price = |field: &str| json!({"prices": {"s": {"amount_minor": 5, field: "CNY"}}});
        assert_eq!(serde_json::from_value::<Body>(price("currency")).unwrap().prices["s"], Money::fen(5));
        assert!(serde_json::from_value::<Body>(price("curency")).unwrap_err().to_string().contains("curency"));
    }
}

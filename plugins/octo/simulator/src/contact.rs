//! Guests' details (§3): read strictly, kept for the answers, never printed.

use std::fmt;

use serde_json::{Map, Value};

use crate::fields::Fields;
use crate::refusal::Refusal;

const TEXTS: [&str; 8] =
    ["fullName", "firstName", "lastName", "emailAddress", "phoneNumber", "postalCode", "country", "notes"];

/// The fields of a contact. `allowMarketing` is a word of ContactField only (§3).
const FIELDS: [&str; 10] = [
    "fullName",
    "firstName",
    "lastName",
    "emailAddress",
    "phoneNumber",
    "postalCode",
    "country",
    "notes",
    "locales",
    "allowMarketing",
];

/// A contact as told: every documented field, null where nothing was given.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Contact(Map<String, Value>);

impl Default for Contact {
    fn default() -> Self {
        let mut map: Map<String, Value> = TEXTS.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        map.insert("locales".to_owned(), Value::Array(Vec::new()));
        Self(map)
    }
}

impl Contact {
    pub(crate) fn read(value: &Value, known_fields: bool) -> Result<Self, Refusal> {
        let fields = Fields::of(value, &FIELDS, known_fields)?;
        let mut contact = Self::default();
        for name in TEXTS {
            if let Some(text) = fields.text(name)? {
                contact.0.insert(name.to_owned(), text.into());
            }
        }
        if let Some(locales) = fields.list("locales")? {
            if !locales.iter().all(Value::is_string) {
                return Err(Refusal::bad("locales must be texts"));
            }
            contact.0.insert("locales".to_owned(), locales.into());
        }
        if let Some(allowed) = fields.flag("allowMarketing")? {
            contact.0.insert("allowMarketing".to_owned(), allowed.into());
        }
        Ok(contact)
    }

    /// Refuses a contact in which a required field is missing or empty (§3 `requiredContactFields`).
    pub(crate) fn check(&self, required: &[&str]) -> Result<(), Refusal> {
        let given = |name: &str| match self.0.get(name) {
            Some(Value::String(text)) => !text.trim().is_empty(),
            Some(Value::Array(list)) => !list.is_empty(),
            Some(Value::Bool(_)) => true,
            _ => false,
        };
        match required.iter().find(|name| !given(name)) {
            Some(name) => Err(Refusal::rule(format!("the contact field {name} is required"))),
            None => Ok(()),
        }
    }

    pub(crate) fn json(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Contact(..)")
    }
}

//! The JSON Schema of the whole file: printed for editors, and what the merged values are held against.

use std::sync::OnceLock;

use jsonschema::Validator;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::explain::{self, Scope};
use super::fault::ConfigFault;
use super::key::{Key, Segment};
use super::tree::Tree;
use super::{Config, format};

/// The JSON Schema of a whole configuration file, without references. `writeOnly` marks secrets.
#[must_use]
pub fn schema() -> Value {
    own().clone()
}

/// The same, made once.
pub(super) fn own() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        settings.into_generator().into_root_schema_for::<Config>().to_value()
    })
}

fn validator() -> &'static Validator {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    VALIDATOR.get_or_init(|| {
        let options = format::FORMATS.iter().fold(jsonschema::options(), |options, format| {
            options.with_format(format.name, move |text: &str| (format.check)(text).is_ok())
        });
        let built = options.should_validate_formats(true).build(own());
        built.expect("the schema is made from this module's own structs, and a unit test builds it")
    })
}

/// The names of the top-level tables.
pub(super) fn sections() -> Vec<&'static str> {
    properties(own())
}

/// The names that a schema gives to the values of a table.
pub(super) fn properties(schema: &Value) -> Vec<&str> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|table| table.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

/// The schema of the value at a key.
pub(super) fn node(key: &Key) -> Option<&'static Value> {
    key.segments().iter().try_fold(own(), |schema, segment| match segment {
        Segment::Name(name) => schema
            .get("properties")
            .and_then(|properties| properties.get(name))
            .or_else(|| schema.get("additionalProperties").filter(|schema| schema.is_object())),
        Segment::Index(_) => schema.get("items"),
    })
}

/// Whether the value at the key is a secret.
pub(super) fn is_secret(key: &Key) -> bool {
    node(key).is_some_and(marked_secret)
}

/// Whether what stands at the key must not be repeated: a secret, a part of one, or in the place of several.
pub(super) fn holds_secret(key: &Key) -> bool {
    let below = node(key).and_then(|schema| schema.get("additionalProperties")).is_some_and(marked_secret);
    below || entry_with_secret(key) || is_secret(key) || key.parent().is_some_and(|above| is_secret(&above))
}

/// Whether it is a list whose entries hold secrets, or such an entry: what stands there instead may be a secret, too.
fn entry_with_secret(key: &Key) -> bool {
    let Some(here) = node(key) else { return false };
    let is_entry = matches!(key.segments().last(), Some(Segment::Index(_)));
    let entry = if is_entry { Some(here) } else { here.get("items") };
    let fields = entry.and_then(|entry| entry.get("properties")).and_then(Value::as_object);
    fields.is_some_and(|fields| fields.values().any(marked_secret))
}

/// Whether a schema marks its values as secret.
pub(super) fn marked_secret(schema: &Value) -> bool {
    schema.get("writeOnly") == Some(&Value::Bool(true)) || schema.get("format") == Some(&Value::from("password"))
}

/// Whether a text fits at the key, and no number or truth value.
pub(super) fn wants_text(key: &Key) -> bool {
    node(key).is_some_and(|schema| {
        let choice = schema.get("oneOf").and_then(Value::as_array);
        schema.get("type") == Some(&Value::from("string"))
            || marked_secret(schema)
            || choice.is_some_and(|all| all.iter().all(|one| one.get("const").is_some_and(Value::is_string)))
    })
}

/// Holds the merged values against the schema. Of keys that are missing nothing is said when `missing` is false.
pub(super) fn faults(tree: &Tree, missing: bool) -> Vec<ConfigFault> {
    let scope = Scope { schema: own(), value: &tree.value, base: Key::root(), origins: &tree.origins, own: true };
    explain::all(validator().iter_errors(&tree.value), &scope, missing)
}

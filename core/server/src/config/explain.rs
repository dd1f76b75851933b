//! From a schema's words to a person's: what was found, what is allowed, what may have been meant.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

use super::fault::{ConfigFault, describe, kind, nearest};
use super::key::Key;
use super::tree::Origins;
use super::{format, schema};

/// What an error is about.
pub(super) struct Scope<'a> {
    /// The schema that was broken.
    pub schema: &'a Value,
    /// The value that broke it.
    pub value: &'a Value,
    /// Where that value stands.
    pub base: Key,
    /// Where values came from.
    pub origins: &'a Origins,
    /// Whether it is the schema of the configuration itself, not a plugin's.
    pub own: bool,
}

/// Explains every error. A missing key is not mentioned where an unknown one beside it is taken for it.
pub(super) fn all<'e>(
    errors: impl Iterator<Item = ValidationError<'e>>,
    scope: &Scope<'_>,
    missing: bool,
) -> Vec<ConfigFault> {
    let mut faults = Vec::new();
    let mut absent = Vec::new();
    let mut taken = Vec::new();
    for error in errors {
        let key = scope.base.extend(error.instance_path().segments(), scope.value);
        match error.kind() {
            Kind::Required { property } => absent.push((key.child(property.as_str().unwrap_or_default()), error)),
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                for name in unexpected {
                    let fault = unknown(name, &key, &error, scope);
                    taken.extend(fault.suggestion.as_deref().map(|meant| key.child(meant)));
                    faults.push(fault);
                }
            }
            _ => faults.push(one(&key, &error, scope)),
        }
    }
    absent.retain(|(key, _)| missing && !taken.contains(key));
    faults.extend(absent.iter().map(|(key, error)| absent_key(key, error, scope)));
    faults
}

/// The schema that holds the broken keyword.
fn broken<'a>(error: &ValidationError<'_>, scope: &Scope<'a>) -> Option<&'a Value> {
    let (above, _) = error.schema_path().as_str().rsplit_once('/')?;
    scope.schema.pointer(above)
}

fn unknown(name: &str, table: &Key, error: &ValidationError<'_>, scope: &Scope<'_>) -> ConfigFault {
    let allowed = broken(error, scope).map(schema::properties).unwrap_or_default();
    unknown_key(name, table, &allowed, scope)
}

/// A key that the table does not have.
pub(super) fn unknown_key(name: &str, table: &Key, allowed: &[&str], scope: &Scope<'_>) -> ConfigFault {
    let key = table.child(name);
    let found = key_value(&key, scope).map_or("a value", kind);
    let meant = nearest(name, allowed.iter().copied()).map(str::to_owned);
    let elsewhere = || (scope.own && table.segments().is_empty()).then(|| section_with(name)).flatten();
    let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
    ConfigFault::new(scope.origins.of(&key).to_string(), &key, "unknown key")
        .found(found)
        .expected(allowed)
        .suggest(meant.or_else(elsewhere))
}

/// A key written at the top that belongs in a section.
fn section_with(name: &str) -> Option<String> {
    schema::sections()
        .into_iter()
        .find(|section| {
            schema::node(&Key::of(&[section])).is_some_and(|table| schema::properties(table).contains(&name))
        })
        .map(|section| format!("{section}.{name}"))
}

fn key_value<'a>(key: &Key, scope: &Scope<'a>) -> Option<&'a Value> {
    let depth = scope.base.segments().len();
    key.segments().get(depth..)?.iter().try_fold(scope.value, |here, segment| match segment {
        super::key::Segment::Name(name) => here.get(name),
        super::key::Segment::Index(index) => here.get(*index),
    })
}

fn absent_key(key: &Key, error: &ValidationError<'_>, scope: &Scope<'_>) -> ConfigFault {
    let schema = broken(error, scope).and_then(|table| table.get("properties")?.get(key.name()?));
    let mut fault = ConfigFault::new(scope.origins.above(key).to_string(), key, "missing");
    fault.expected = schema.and_then(|schema| {
        let allowed = allowed(schema);
        match schema.get("description").and_then(Value::as_str) {
            Some(meaning) => Some(format!("{}: {}", allowed?, meaning.lines().next().unwrap_or_default())),
            None => allowed,
        }
    });
    fault
}

/// Any other error.
fn one(key: &Key, error: &ValidationError<'_>, scope: &Scope<'_>) -> ConfigFault {
    let schema = broken(error, scope);
    let value = error.instance();
    let secret = schema.is_some_and(schema::marked_secret) || (scope.own && schema::holds_secret(key));
    let origin = scope.origins.of(key).to_string();
    if secret && matches!(error.kind(), Kind::AnyOf { .. }) {
        return malformed_secret(&origin, key, value);
    }
    let fault = |problem: &str| {
        let fault = ConfigFault::new(origin.as_str(), key, problem).found(describe(value, secret));
        match schema.and_then(allowed) {
            Some(allowed) => fault.expected(allowed),
            None => fault,
        }
    };
    match error.kind() {
        Kind::Type { kind } => {
            let fault = fault("has the wrong type");
            if fault.expected.is_some() { fault } else { fault.expected(types(kind)) }
        }
        Kind::Enum { .. } | Kind::Constant { .. } | Kind::OneOfNotValid { .. } | Kind::AnyOf { .. } => {
            let options = schema.map(choices).unwrap_or_default();
            let meant = value.as_str().and_then(|text| nearest(text, options.iter().map(String::as_str)));
            fault("is none of the allowed values").suggest(meant)
        }
        Kind::Minimum { .. } | Kind::ExclusiveMinimum { .. } => fault("is too small"),
        Kind::Maximum { .. } | Kind::ExclusiveMaximum { .. } => fault("is too large"),
        Kind::MinLength { .. } => fault("is too short"),
        Kind::MaxLength { .. } => fault("is too long"),
        Kind::MinItems { .. } => fault("has too few entries"),
        Kind::MaxItems { .. } => fault("has too many entries"),
        Kind::Format { format } => bad_format(&origin, key, format, value, secret),
        Kind::PropertyNames { error } => match error.kind() {
            Kind::Format { format } => bad_name(key, format, error.instance(), scope),
            _ => fault("has a name that is not allowed"),
        },
        _ => fault("does not fit").expected(error.masked_with("the value").to_string()),
    }
}

fn malformed_secret(origin: &str, key: &Key, value: &Value) -> ConfigFault {
    let forms = ["env", "file"];
    let meant = value
        .as_object()
        .and_then(|table| table.keys().find(|name| !forms.contains(&name.as_str())))
        .and_then(|name| nearest(name, forms));
    let found = if value == "" { "an empty text".to_owned() } else { describe(value, true) };
    ConfigFault::new(origin, key, "is no secret")
        .found(found)
        .expected("a text, { env = \"NAME\" } or { file = \"path\" }")
        .suggest(meant)
}

fn bad_format(origin: &str, key: &Key, name: &str, value: &Value, secret: bool) -> ConfigFault {
    let fault = ConfigFault::new(origin, key, "has the wrong form");
    let Some(format) = format::find(name) else {
        return fault.found(describe(value, secret)).expected(format!("a text of the format {name:?}"));
    };
    let why = value.as_str().and_then(|text| (format.check)(text).err());
    let found = describe(value, secret);
    fault.found(why.map_or(found.clone(), |why| format!("{found}: {why}"))).expected(format.expected)
}

fn bad_name(table: &Key, format: &str, name: &Value, scope: &Scope<'_>) -> ConfigFault {
    let key = table.child(name.as_str().unwrap_or_default());
    let origin = scope.origins.of(&key).to_string();
    let mut fault = bad_format(&origin, &key, format, name, false);
    "is no name for this table".clone_into(&mut fault.problem);
    fault
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => type_name(&one.to_string()).to_owned(),
        TypeKind::Multiple(several) => {
            several.iter().map(|one| type_name(&one.to_string()).to_owned()).collect::<Vec<_>>().join(" or ")
        }
    }
}

fn type_name(name: &str) -> &str {
    match name {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "object" => "a table",
        "array" => "a list",
        "null" => "nothing (null)",
        other => other,
    }
}

/// What a schema allows, in words; none when it says nothing that words here can carry.
fn allowed(schema: &Value) -> Option<String> {
    let options = choices(schema);
    if !options.is_empty() {
        return Some(options.iter().map(|option| format!("{option:?}")).collect::<Vec<_>>().join(", "));
    }
    if schema::marked_secret(schema) {
        return Some("a text, { env = \"NAME\" } or { file = \"path\" }".to_owned());
    }
    if let Some(format) = schema.get("format").and_then(Value::as_str).and_then(format::find) {
        return Some(format.expected.to_owned());
    }
    let types: Vec<&str> = match schema.get("type")? {
        Value::String(one) => vec![type_name(one)],
        Value::Array(several) => several.iter().filter_map(Value::as_str).map(type_name).collect(),
        _ => return None,
    };
    let mut text = types.join(" or ");
    let bound = |name: &str| schema.get(name).map(ToString::to_string);
    for (low, high, unit) in
        [("minimum", "maximum", ""), ("minLength", "maxLength", " characters"), ("minItems", "maxItems", " entries")]
    {
        match (bound(low), bound(high)) {
            (Some(low), Some(high)) => text.push_str(&format!(", {low} to {high}{unit}")),
            (Some(low), None) => text.push_str(&format!(", at least {low}{unit}")),
            (None, Some(high)) => text.push_str(&format!(", at most {high}{unit}")),
            (None, None) => {}
        }
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        text.push_str(&format!(" like /{pattern}/"));
    }
    Some(text)
}

/// The values that a schema lists, as texts: `enum`, `const`, and choices among those.
fn choices(schema: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().map(text).collect();
    }
    if let Some(value) = schema.get("const") {
        return vec![text(value)];
    }
    let branches = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    branches.map(|all| all.iter().flat_map(choices).collect()).unwrap_or_default()
}

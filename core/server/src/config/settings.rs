//! Plugins' own settings, held against the schemas in their manifests.

use serde_json::{Map, Value};

use super::explain::{self, Scope};
use super::fault::ConfigFault;
use super::key::Key;
use super::schema;
use super::tree::Origins;

/// The part of an application's settings that one plugin knows.
///
/// The plugins of a family share the settings of their application. One whose schema is closed
/// (`additionalProperties: false`) gets only the keys it names; any other gets all.
#[must_use]
pub fn settings_known_to(plugin_schema: &Value, settings: &Map<String, Value>) -> Map<String, Value> {
    if !is_closed(plugin_schema) {
        return settings.clone();
    }
    let names = schema::properties(plugin_schema);
    settings
        .iter()
        .filter(|(name, _)| names.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn is_closed(schema: &Value) -> bool {
    schema.get("additionalProperties") == Some(&Value::Bool(false))
}

/// Holds settings against the schemas of all plugins that read them. A key is unknown when none of them knows it.
pub(super) fn faults(
    settings: &Map<String, Value>,
    base: &Key,
    schemas: &[Value],
    origins: &Origins,
) -> Vec<ConfigFault> {
    if let [only] = schemas {
        return against(settings, base, only, origins);
    }
    let mut faults: Vec<ConfigFault> = schemas
        .iter()
        .flat_map(|schema| against(&settings_known_to(schema, settings), base, schema, origins))
        .collect();
    if !schemas.is_empty() && schemas.iter().all(is_closed) {
        let allowed: Vec<&str> = schemas.iter().flat_map(schema::properties).collect();
        let value = Value::Object(settings.clone());
        let scope = Scope { schema: &Value::Null, value: &value, base: base.clone(), origins, own: false };
        let unknown = settings.keys().filter(|name| !allowed.contains(&name.as_str()));
        faults.extend(unknown.map(|name| explain::unknown_key(name, base, &allowed, &scope)));
    }
    faults
}

fn against(settings: &Map<String, Value>, base: &Key, schema: &Value, origins: &Origins) -> Vec<ConfigFault> {
    let value = Value::Object(settings.clone());
    let built = jsonschema::options().should_validate_formats(true).build(schema);
    let validator = match built {
        Ok(validator) => validator,
        Err(error) => {
            let origin = origins.above(base).to_string();
            let why = format!("cannot be checked: the plugin's own settings schema is not valid: {error}");
            return vec![ConfigFault::new(origin, base, why)];
        }
    };
    let scope = Scope { schema, value: &value, base: base.clone(), origins, own: false };
    explain::all(validator.iter_errors(&value), &scope, true)
}

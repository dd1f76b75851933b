//! Settings that only hold when the partner's console says the same: a person compares them.

use entrepot_engine::directory::Connection;
use serde_json::{Map, Value};

use super::{Section, said};
use crate::boot::App;
use crate::config::MASK;

/// Of a channel: how its orders go, and the plugin's own settings.
pub(super) fn channel(app: &App, connection: &Connection) -> Section {
    let mut section = section();
    let running = app.running();
    let configured = running.config.channels().find(|(_, id, _)| **id == connection.id);
    if let Some((_, _, channel)) = configured {
        let all = serde_json::to_value(channel).unwrap_or_default();
        for name in ["acceptance", "issue_at", "audit", "price_check", "deadlines"] {
            section.by_hand(name, line(&all[name], ""));
        }
    }
    let schema = app.engine.host().manifest(&connection.plugin).map(|card| card.connection_settings);
    own(&connection.facts.settings, &schema.unwrap_or_default(), &mut section);
    section
}

/// Of a supplier: the plugin's own settings.
pub(super) fn supplier(app: &App, connection: &Connection) -> Section {
    let mut section = section();
    let schema = app.engine.host().manifest(&connection.plugin).map(|card| card.instance_settings);
    own(&connection.facts.settings, &schema.unwrap_or_default(), &mut section);
    if section.lines.is_empty() {
        section.not_known(connection.plugin.as_str(), said("插件没有设置项", "the plugin has no settings"), None);
    }
    section
}

fn section() -> Section {
    Section::new("settings", "须与平台一致的设置", "settings that must agree with the partner's console")
}

/// A plugin's settings with their values in force; never a secret.
fn own(settings: &Value, schema: &Value, section: &mut Section) {
    let (none, empty) = (Map::new(), Map::new());
    let given = settings.as_object().unwrap_or(&none);
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let names: std::collections::BTreeSet<&String> = given.keys().chain(properties.keys()).collect();
    for name in names {
        let property = properties.get(name).unwrap_or(&Value::Null);
        let value = given.get(name).or_else(|| property.get("default")).unwrap_or(&Value::Null);
        // What no schema describes may be anything.
        let shown = if secret(property) || property.is_null() { Value::from(MASK) } else { value.clone() };
        section.by_hand(name, line(&shown, property["description"].as_str().unwrap_or_default()));
    }
}

/// Whether a schema, or anything in it, may not be shown.
fn secret(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.get("writeOnly") == Some(&Value::Bool(true)) || fields.values().any(secret),
        Value::Array(list) => list.iter().any(secret),
        _ => false,
    }
}

fn line(value: &Value, meaning: &str) -> super::Said {
    let value = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let meaning = if meaning.is_empty() { String::new() } else { format!(" ({meaning})") };
    said(format!("{value}：与平台后台核对"), format!("{value}{meaning}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_shown_with_their_defaults_and_without_secrets() {
        let schema = json!({ "properties": {
            "order_mode": { "type": "string", "default": "before_payment", "description": "when orders come" },
            "pin": { "type": "string", "writeOnly": true },
            "deep": { "type": "object", "properties": { "key": { "type": "string", "writeOnly": true } } },
        } });
        let settings = json!({ "pin": "4711", "deep": { "key": "4712" }, "stray": "4713" });
        let mut section = section();
        own(&settings, &schema, &mut section);
        let shown = serde_json::to_string(&section).unwrap();
        assert!(!shown.contains("471") && shown.contains("before_payment (when orders come)"), "{shown}");
        assert_eq!(section.lines.len(), 4);
    }
}

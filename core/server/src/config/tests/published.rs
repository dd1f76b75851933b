//! The files under `config/`: complete, true to the code, and without faults.

use std::path::Path;

use super::*;
use crate::config::{Config, DEFAULT_TOML, DEMO_GUEST_KEY, GuestKey, schema};

fn published(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config").join(name)
}

/// `default.toml` with its examples made real: a line that begins with `#` and no space is an example.
fn examples() -> String {
    DEFAULT_TOML
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(example) if !example.starts_with([' ', '-']) => example,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_defaults_stand_alone() {
    let config = Config::default();
    assert_eq!(config.database.url.expose(), "sqlite://entrepot.db");
    assert_eq!(config.engine.hold_ms, 30 * 60 * 1000);
    assert_eq!(config.http.body_limit_bytes, 1024 * 1024);
    assert!(config.security.guest_key.is_none() && !config.security.allow_demo_key);
}

#[test]
fn the_default_file_shows_every_key_with_its_default() {
    let bench = Bench::toml(&examples()).variable("GUEST_KEY", DEMO_GUEST_KEY).variable("ACME_CLIENT_SECRET", "x");
    let bench = bench.variable("OPS_ROBOT_URL", "https://robot.example/?token=x").variable("OPS_ROBOT_SECRET", "x");
    let text = examples().replace("/run/secrets/guest-key-2024", "k").replace("/run/secrets/lakeside-gates-token", "k");
    let bench = bench.file("b.toml", &text).beside("k", DEMO_GUEST_KEY);
    let files = vec![bench.files[1].clone()];
    let loaded = read(&files, &Value::Null, &bench.variables).into_loaded().unwrap_or_else(|faults| panic!("{faults}"));
    every_key(&schema(), &loaded.tree.0, "");
}

/// Walks schema and example side by side.
fn every_key(schema: &Value, example: &Value, key: &str) {
    if schema["writeOnly"] == true {
        return;
    }
    if let Some(properties) = schema["properties"].as_object() {
        for (name, below) in properties {
            let Some(found) = example.get(name) else { panic!("default.toml does not show {key}.{name}") };
            let tables =
                |value: &Value| value.is_object() || (value.is_array() && below["items"]["properties"].is_object());
            if let Some(default) = below.get("default").filter(|default| !tables(default)) {
                assert_eq!(found, default, "default.toml states another default for {key}.{name}");
            }
            assert!(below["description"].is_string() || below["writeOnly"] == true, "{key}.{name} is not described");
            every_key(below, found, &format!("{key}.{name}"));
        }
    } else if let Some(below) = schema.get("additionalProperties").filter(|below| below.is_object()) {
        let entries = example.as_object().unwrap();
        assert!(!entries.is_empty(), "no example of {key}");
        // Keys that cannot stand beside each other are shown in several entries.
        let name = entries.keys().map(String::as_str).collect::<Vec<_>>().join("|");
        let shown = if entries.values().all(Value::is_object) {
            entries.values().filter_map(Value::as_object).flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
        } else {
            entries.values().next().unwrap().clone()
        };
        every_key(below, &shown, &format!("{key}.{name}"));
    } else if let Some(below) = schema.get("items").filter(|below| below["properties"].is_object()) {
        every_key(below, &example[0], &format!("{key}[0]"));
    }
}

/// The plugins that a published file names, taken at its word.
fn taken_at_its_word(loaded: &Loaded) -> impl Fn(&str) -> Option<KnownPlugin> + '_ {
    |id| {
        let config = &loaded.config;
        let channel = config.channels().find(|(_, _, channel)| channel.plugin.as_str() == id);
        let family = channel.map_or_else(
            || FamilyName::parse("any").unwrap(),
            |(_, _, channel)| config.applications[&channel.application].family.clone(),
        );
        let kind = if channel.is_some() { PluginKind::Channel } else { PluginKind::Supplier };
        let (instance_settings, connection_settings) = (json!({}), json!({}));
        let (tells_calendar, tells_products, looks) = (true, true, vec![LookName::Orders]);
        Some(KnownPlugin {
            kind,
            family,
            instance_settings,
            connection_settings,
            tells_calendar,
            tells_products,
            takes_codes: true,
            looks,
        })
    }
}

#[test]
fn the_demo_works_as_it_stands() {
    let loaded = read(&[published("demo.toml")], &Value::Null, &BTreeMap::new())
        .into_loaded()
        .unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(super::super::check(&loaded, &taken_at_its_word(&loaded)), []);
    let config = &loaded.config;
    assert!(config.security.guest_key.as_ref().is_some_and(GuestKey::is_demo));
    assert_eq!(config.database.url.sqlite_path(), Some("entrepot-demo.db"));
    assert_eq!((config.merchants.len(), config.channels().count(), config.suppliers().count()), (2, 3, 4));
    let elsewhere = json!({ "http": { "listen": "0.0.0.0:8080" } });
    let refused = read(&[published("demo.toml")], &elsewhere, &BTreeMap::new()).checked(&taken_at_its_word(&loaded));
    assert_eq!(refused.unwrap_err().list().len(), 1);
}

#[test]
fn the_example_lacks_only_its_secrets() {
    let example = published("example-merchant.toml");
    let faults = read(std::slice::from_ref(&example), &Value::Null, &BTreeMap::new()).into_loaded().unwrap_err();
    assert!(faults.list().iter().all(|fault| fault.problem == "the secret cannot be read"), "{faults}");
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("s").display().to_string();
    std::fs::write(&secret, "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=").unwrap();
    let text = std::fs::read_to_string(example).unwrap();
    let text = text
        .lines()
        .map(|line| match line.split_once("{ file = ") {
            Some((before, _)) => format!("{before}{{ file = {secret:?} }}"),
            None => line.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n");
    let names = text.lines().filter_map(|line| line.split_once("{ env = \"")?.1.split_once('"')).map(|(name, _)| name);
    let bench = names.fold(Bench::toml(&text), |bench, name| bench.variable(name, "x"));
    let bench = bench.variable("DATABASE_URL", "postgres://u:p@h/d");
    let loaded = bench.loaded();
    assert_eq!(super::super::check(&loaded, &taken_at_its_word(&loaded)), []);
}

#[test]
fn the_schema_is_whole_and_the_contracts_token_modes_are_its() {
    let schema = schema();
    assert!(!schema.to_string().contains("$ref"));
    let modes = &schema["properties"]["applications"]["additionalProperties"]["properties"]["token_mode"]["enum"];
    use entrepot_contract::message::TokenMode;
    assert_eq!(*modes, serde_json::to_value([TokenMode::ClientToken, TokenMode::Fixed]).unwrap());
}

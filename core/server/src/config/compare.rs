//! Two configurations beside each other: what cannot change while a server runs, and whether two nodes run the same.

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::fault::ConfigFault;
use super::key::Key;
use super::load::Loaded;
use super::schema;

/// Sections that are read once, at the start, each with the keys in it that can change all the same.
const FIXED: &[(&str, &[&str])] = &[
    ("database", &[]),
    ("http", &["read_timeout_ms", "unauthenticated_log_per_minute"]),
    ("engine", &["hold_ms"]),
    ("jobs", &[]),
    ("security", &[]),
    ("interface_log", &[]),
    ("telemetry", &[]),
    ("node", &[]),
];

/// Sections and keys that are each machine's own.
const OWN: &[&[&str]] = &[&["database"], &["http"], &["telemetry"], &["node"], &["jobs", "workers"]];

/// Every key that changed and cannot change while the server runs.
#[must_use]
pub fn fixed_changes(old: &Loaded, new: &Loaded) -> Vec<ConfigFault> {
    let mut faults = Vec::new();
    for (section, free) in FIXED {
        let section = Key::of(&[section]);
        let (before, after) = (section.find(&old.tree.0), section.find(&new.tree.0));
        let names = [before, after].into_iter().flatten().filter_map(Value::as_object).flat_map(|table| table.keys());
        for name in names.collect::<BTreeSet<_>>() {
            let key = section.child(name);
            if !free.contains(&name.as_str()) && changed(old, new, &key) {
                let fault = ConfigFault::new(new.origins.above(&key).to_string(), &key, "cannot change while it runs");
                faults.push(fault.expected("the value of the start, or a restart of the server"));
            }
        }
    }
    faults
}

/// Whether anything at a key or below it changed.
#[must_use]
pub fn changed(old: &Loaded, new: &Loaded, key: &Key) -> bool {
    key.find(&old.tree.0) != key.find(&new.tree.0)
}

/// The first of the keys directly below that changed; the key itself when none did.
#[must_use]
pub fn changed_below(old: &Loaded, new: &Loaded, key: &Key) -> Key {
    let names = key.find(&new.tree.0).and_then(Value::as_object).into_iter().flat_map(|table| table.keys());
    let mut below = names.map(|name| key.child(name));
    below.find(|below| changed(old, new, below)).unwrap_or_else(|| key.clone())
}

/// What a configuration makes a node do, as a digest that nobody without its secrets can guess at. Equal on nodes whose
/// files say the same; what is each machine's own does not count.
#[must_use]
pub fn fingerprint(loaded: &Loaded) -> String {
    let mut values = serde_json::to_value(&loaded.config).unwrap_or_default();
    for own in OWN {
        let (name, above) = own.split_last().unwrap_or((&"", &[]));
        let table = above.iter().try_fold(&mut values, |here, step| here.get_mut(*step)).and_then(Value::as_object_mut);
        table.map(|table| table.remove(*name));
    }
    // Where a library lies is each machine's own; which one it is is not.
    for plugin in values["plugins"].as_object_mut().into_iter().flat_map(|plugins| plugins.values_mut()) {
        let path = plugin["library"].as_str().map(std::path::PathBuf::from);
        if let Some(name) = path.as_ref().and_then(|path| path.file_name()) {
            plugin["library"] = json!(name.to_string_lossy());
        }
    }
    let mut secrets = Vec::new();
    collect(&loaded.tree.0, &Key::root(), &mut secrets);
    let key = loaded.config.security.guest_key.as_ref().map_or([0; 32], |key| *key.expose());
    // It takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
    mac.update(b"configuration");
    mac.update(json!([values, secrets]).to_string().as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The secrets below a key, each with its place.
fn collect(value: &Value, key: &Key, secrets: &mut Vec<(String, Value)>) {
    if OWN.iter().any(|own| key.is_below(&Key::of(own))) {
        return;
    }
    match value {
        _ if schema::is_secret(key) => secrets.push((key.to_string(), value.clone())),
        Value::Object(table) => table.iter().for_each(|(name, value)| collect(value, &key.child(name), secrets)),
        Value::Array(list) => list.iter().enumerate().for_each(|(n, value)| collect(value, &key.at(n), secrets)),
        _ => {}
    }
}

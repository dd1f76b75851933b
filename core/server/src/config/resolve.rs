//! Secrets are read once, while loading: each `{ env }` and `{ file }` of the tree becomes its value.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fault::ConfigFault;
use super::key::Key;
use super::schema;
use super::secret::Secret;
use super::tree::{Origins, Tree};

/// Where the resolved secrets are kept, by key, in words.
pub(super) type Sources = BTreeMap<Key, String>;

/// Replaces every well-formed secret by its value. Malformed ones stay for the schema to complain about.
pub(super) fn secrets(tree: &mut Tree, variables: &BTreeMap<String, String>, faults: &mut Vec<ConfigFault>) -> Sources {
    let mut walk = Walk { origins: &tree.origins, variables, faults, sources: Sources::new() };
    walk.value(&mut tree.value, &Key::root());
    walk.sources
}

struct Walk<'a> {
    origins: &'a Origins,
    variables: &'a BTreeMap<String, String>,
    faults: &'a mut Vec<ConfigFault>,
    sources: Sources,
}

impl Walk<'_> {
    fn value(&mut self, value: &mut Value, key: &Key) {
        if schema::is_secret(key) {
            self.secret(value, key);
        } else if let Value::Object(table) = value {
            for (name, value) in table {
                self.value(value, &key.child(name));
            }
        } else if let Value::Array(list) = value {
            for (index, value) in list.iter_mut().enumerate() {
                self.value(value, &key.at(index));
            }
        }
    }

    fn secret(&mut self, value: &mut Value, key: &Key) {
        if !value.is_object() {
            return;
        }
        let Ok(secret) = serde_json::from_value::<Secret>(value.clone()) else {
            return;
        };
        let origin = self.origins.of(key);
        match secret.resolve(key, &origin.to_string(), origin.directory(), self.variables) {
            Ok(text) => {
                *value = Value::String(text.expose().to_owned());
                self.sources.extend(secret.source().map(|source| (key.clone(), source)));
            }
            Err(fault) => self.faults.push(*fault),
        }
    }
}

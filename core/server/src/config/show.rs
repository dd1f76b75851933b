//! What `config show` prints: every value in force, with its origin.

use std::fmt::Write;

use serde_json::Value;

use super::key::Key;
use super::load::Loaded;

/// The effective configuration, one `key = value   # origin` a line; secrets are masked.
#[must_use]
pub fn show(loaded: &Loaded) -> String {
    let values = serde_json::to_value(&loaded.config)
        .expect("the structs hold texts, numbers, lists and tables with text keys, which JSON can carry");
    let mut lines = String::new();
    print(loaded, &values, &Key::root(), &mut lines);
    lines
}

fn print(loaded: &Loaded, value: &Value, key: &Key, lines: &mut String) {
    match value {
        Value::Object(table) if !table.is_empty() => {
            for (name, value) in table {
                print(loaded, value, &key.child(name), lines);
            }
        }
        value => {
            let origin = loaded.origin_of(key);
            writeln!(lines, "{key} = {value}   # {origin}").expect("writing to a text cannot fail");
        }
    }
}

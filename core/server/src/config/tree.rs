//! The merged configuration as one tree of values, each with its origin.

use std::collections::{BTreeMap, BTreeSet};

use figment::Figment;
use figment::value::{Dict, Value as Tagged};
use serde_json::Value;

use super::fault::ConfigFault;
use super::key::Key;
use super::layers::{Layer, Origin, Variable};
use super::schema;

/// The table as which TOML hands over a date.
const TOML_DATE: &str = "$__toml_private_datetime";

/// Which source each value came from.
///
/// Figment tags every value with the metadata of its provider; that tag is looked up while the merged values are
/// turned into a tree, and kept by key.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    layers: Vec<Origin>,
    leaves: BTreeMap<Key, usize>,
}

impl Origins {
    /// The origin of the value at the key. A table's is the source that first wrote in it; a value that nobody wrote
    /// has the default's, unless it is `missing` from a table (then the table's).
    #[must_use]
    pub fn of(&self, key: &Key) -> &Origin {
        self.index(key).and_then(|index| self.layers.get(index)).unwrap_or(&Origin::Default)
    }

    /// The origin to blame for what is missing: that of the nearest table above that somebody wrote.
    #[must_use]
    pub fn above(&self, key: &Key) -> &Origin {
        let mut here = Some(key.clone());
        while let Some(key) = here {
            if let Some(index) = self.index(&key) {
                return self.layers.get(index).unwrap_or(&Origin::Default);
            }
            here = key.parent();
        }
        &Origin::Default
    }

    fn index(&self, key: &Key) -> Option<usize> {
        if let Some(index) = self.leaves.get(key) {
            return Some(*index);
        }
        let below = self.leaves.range(key.clone()..).take_while(|(leaf, _)| leaf.is_below(key));
        let written: BTreeSet<usize> = below.map(|(_, index)| *index).collect();
        written.iter().find(|index| **index > 0).or(written.first()).copied()
    }
}

/// The merged values and where they came from.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    /// The values; secrets in it are as given, or resolved.
    pub value: Value,
    /// Where they came from.
    pub origins: Origins,
}

/// Merges the layers, lowest first, then the environment, then the command line.
pub(super) fn merge(
    files: Vec<(Origin, Dict)>,
    variables: Vec<Variable>,
    overrides: Dict,
    faults: &mut Vec<ConfigFault>,
) -> Tree {
    let mut stack = Stack::default();
    for (origin, values) in files {
        stack.add(origin, values);
    }
    let written = stack.values();
    for variable in variables {
        let levels = place(&variable.levels, &written);
        let origin = Origin::Environment(variable.name);
        if levels.iter().any(String::is_empty) {
            faults.push(
                ConfigFault::new(origin.to_string(), &Key::root(), "a level of the name is empty")
                    .expected("ENTREPOT_SECTION__KEY, two underscores between levels"),
            );
            continue;
        }
        let value = environment_value(&variable.text, &Key::of(&levels.iter().map(String::as_str).collect::<Vec<_>>()));
        stack.add(origin, nest(&levels, value));
    }
    stack.add(Origin::CommandLine, overrides);
    stack.finish()
}

#[derive(Default)]
struct Stack {
    figment: Figment,
    layers: Vec<Origin>,
}

impl Stack {
    fn add(&mut self, origin: Origin, values: Dict) {
        let layer = Layer { origin: origin.clone(), index: self.layers.len(), values };
        self.layers.push(origin);
        self.figment = std::mem::take(&mut self.figment).merge(layer);
    }

    fn values(&self) -> Tagged {
        self.figment.find_value("").expect("every layer was parsed before it was merged, so none carries an error")
    }

    fn finish(self) -> Tree {
        let values = self.values();
        let mut leaves = BTreeMap::new();
        let value = self.plain(&values, &Key::root(), &mut leaves);
        Tree { value, origins: Origins { layers: self.layers, leaves } }
    }

    /// The layer that a value's tag names.
    fn layer(&self, value: &Tagged) -> usize {
        self.figment
            .get_metadata(value.tag())
            .and_then(|metadata| metadata.source.as_ref())
            .and_then(|source| source.custom())
            .and_then(|index| index.parse().ok())
            .unwrap_or(0)
    }

    fn plain(&self, value: &Tagged, key: &Key, leaves: &mut BTreeMap<Key, usize>) -> Value {
        match value {
            Tagged::Dict(_, dict) => {
                if let Some(Tagged::String(_, date)) = dict.get(TOML_DATE) {
                    leaves.insert(key.clone(), self.layer(value));
                    return Value::String(date.clone());
                }
                if dict.is_empty() {
                    leaves.insert(key.clone(), self.layer(value));
                }
                let dict = if schema::is_secret(key) { self.latest(dict) } else { dict.clone() };
                dict.iter().map(|(name, value)| (name.clone(), self.plain(value, &key.child(name), leaves))).collect()
            }
            Tagged::Array(_, list) => {
                leaves.insert(key.clone(), self.layer(value));
                list.iter().enumerate().map(|(n, value)| self.plain(value, &key.at(n), leaves)).collect()
            }
            scalar => {
                leaves.insert(key.clone(), self.layer(scalar));
                plain_scalar(scalar)
            }
        }
    }

    /// A secret is replaced whole: `{ file }` above `{ env }` must not become a table of both.
    fn latest(&self, dict: &Dict) -> Dict {
        let last = dict.values().map(|value| self.layer(value)).max().unwrap_or(0);
        dict.iter()
            .filter(|(_, value)| self.layer(value) == last)
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

fn plain_scalar(value: &Tagged) -> Value {
    match value {
        Tagged::String(_, text) => Value::String(text.clone()),
        Tagged::Char(_, c) => Value::String(c.to_string()),
        Tagged::Bool(_, truth) => Value::Bool(*truth),
        Tagged::Num(_, number) => number
            .to_u128()
            .and_then(|n| u64::try_from(n).ok().map(Value::from))
            .or_else(|| number.to_i128().and_then(|n| i64::try_from(n).ok().map(Value::from)))
            .or_else(|| number.to_f64().map(Value::from))
            .unwrap_or(Value::Null),
        _ => Value::Null,
    }
}

/// Finds the levels among what the files wrote: case does not count, and `_` stands for `-` and `.` too, because a
/// shell's variables have neither.
fn place(levels: &[String], written: &Tagged) -> Vec<String> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '.'], "_");
    let mut here = Some(written);
    let mut placed = Vec::with_capacity(levels.len());
    for level in levels {
        let dict = here.and_then(Tagged::as_dict);
        let exact = dict.and_then(|dict| dict.contains_key(level).then(|| level.clone()));
        let alike: Vec<&String> =
            dict.map(|dict| dict.keys().filter(|name| plain(name) == plain(level)).collect()).unwrap_or_default();
        let name = exact.unwrap_or_else(|| match alike.as_slice() {
            [only] => (*only).clone(),
            _ => level.clone(),
        });
        here = dict.and_then(|dict| dict.get(&name));
        placed.push(name);
    }
    placed
}

/// Parses as figment does, except where only a text fits: `70001` for an account id stays a text.
fn environment_value(text: &str, key: &Key) -> Tagged {
    let parsed: Tagged = text.parse().unwrap_or_else(|never| match never {});
    let is_table = matches!(parsed, Tagged::Dict(..));
    let quoted = text.trim_start().starts_with('"') && matches!(parsed, Tagged::String(..));
    let keep = schema::wants_text(key) && !quoted && !(is_table && schema::is_secret(key));
    if keep { Tagged::from(text.to_owned()) } else { parsed }
}

fn nest(levels: &[String], value: Tagged) -> Dict {
    let Some((last, above)) = levels.split_last() else {
        return Dict::new();
    };
    let innermost = Dict::from([(last.clone(), value)]);
    above.iter().rev().fold(innermost, |inner, level| Dict::from([(level.clone(), Tagged::from(inner))]))
}

//! Reading a configuration, from its sources to the structs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::value::Value as Tagged;
use serde_json::Value;

use super::check::{self, KnownPlugins};
use super::fault::{ConfigFault, Faults};
use super::key::Key;
use super::layers::{self, Origin};
use super::resolve::{self, Sources};
use super::tree::{self, Origins, Tree};
use super::{Config, schema};

/// A configuration that was read without a fault.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Where each value came from.
    pub origins: Origins,
    pub(super) tree: LoadedTree,
    pub(super) sources: Sources,
    given: Given,
}

/// Where a configuration was read from, to read it again.
#[derive(Debug, Clone, Default)]
struct Given {
    files: Vec<PathBuf>,
    overrides: LoadedTree,
}

impl Loaded {
    /// Reads the same files and the same command line again, and checks what stands there now.
    pub fn again(&self, known_plugins: &KnownPlugins<'_>) -> Result<Self, Faults> {
        load_checked(&self.given.files, &self.given.overrides.0, known_plugins)
    }

    fn given(self, files: &[PathBuf], overrides: &Value) -> Self {
        Self { given: Given { files: files.to_owned(), overrides: LoadedTree(overrides.clone()) }, ..self }
    }

    /// Where the value at a key came from, in words: `default`, a file, an environment variable or `command line`.
    #[must_use]
    pub fn origin_of(&self, key: &Key) -> String {
        let origin = self.origins.of(key).to_string();
        match self.sources.get(key) {
            Some(source) => format!("{origin}, from {source}"),
            None => origin,
        }
    }
}

/// The values that the structs were made from. They hold secrets, so they are not printed.
#[derive(Clone, Default)]
pub(super) struct LoadedTree(pub Value);

impl std::fmt::Debug for LoadedTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("configuration values")
    }
}

/// Reads the configuration: embedded defaults < `files` in turn < `ENTREPOT_…` environment < `overrides`, whose nulls
/// say nothing. Reports every fault of form; see [`load_checked`] for those between the parts.
pub fn load(files: &[PathBuf], overrides: &Value) -> Result<Loaded, Faults> {
    let loaded = read(files, overrides, &layers::process_variables()).into_loaded()?;
    Ok(loaded.given(files, overrides))
}

/// Reads the configuration and checks it as a whole, plugins and their settings included; all faults at once.
pub fn load_checked(files: &[PathBuf], overrides: &Value, known_plugins: &KnownPlugins<'_>) -> Result<Loaded, Faults> {
    let loaded = read(files, overrides, &layers::process_variables()).checked(known_plugins)?;
    Ok(loaded.given(files, overrides))
}

/// A configuration as read: merged, secrets resolved, held against the schema.
pub(super) struct Draft {
    tree: Tree,
    sources: Sources,
    faults: Vec<ConfigFault>,
    /// Whether every source could be parsed. If not, what seems missing may stand in the one that could not.
    whole: bool,
}

/// Reads with these environment variables.
pub(super) fn read(files: &[PathBuf], overrides: &Value, variables: &BTreeMap<String, String>) -> Draft {
    let mut faults = Vec::new();
    let mut parsed = vec![(Origin::Default, layers::defaults())];
    for path in files {
        match layers::file(path) {
            Ok(values) => parsed.push((Origin::File(path.clone()), values)),
            Err(fault) => faults.push(*fault),
        }
    }
    let whole = faults.is_empty();
    let levels = layers::environment(variables, &schema::sections(), &mut faults);
    let mut tree = tree::merge(parsed, levels, layers::overrides(overrides), &mut faults);
    let sources = resolve::secrets(&mut tree, variables, &mut faults);
    faults.extend(schema::faults(&tree, whole));
    Draft { tree, sources, faults, whole }
}

impl Draft {
    /// The structs, if there is no fault of form.
    pub fn into_loaded(mut self) -> Result<Loaded, Faults> {
        if self.faults.is_empty() {
            match structs(&self.tree) {
                Ok(config) => {
                    let Tree { value, origins } = self.tree;
                    let (tree, given) = (LoadedTree(value), Given::default());
                    return Ok(Loaded { config, origins, tree, sources: self.sources, given });
                }
                Err(fault) => self.faults.push(*fault),
            }
        }
        Err(Faults::new(self.faults))
    }

    /// The structs, if there is no fault at all.
    pub fn checked(mut self, known_plugins: &KnownPlugins<'_>) -> Result<Loaded, Faults> {
        if self.whole {
            self.faults.extend(check::relations(&self.tree.value, &self.tree.origins, known_plugins));
        }
        self.into_loaded()
    }
}

/// Makes the structs. The schema has been satisfied, so that a fault here is one that it cannot express.
fn structs(tree: &Tree) -> Result<Config, Box<ConfigFault>> {
    let refused = |error: figment::Error| {
        let key = Key::root().extend(&error.path, &tree.value);
        let secret = schema::holds_secret(&key);
        let problem = if secret { "cannot be read".to_owned() } else { error.kind.to_string() };
        Box::new(ConfigFault::new(tree.origins.of(&key).to_string(), &key, problem))
    };
    let values = Tagged::serialize(&tree.value).map_err(refused)?;
    let mut config: Config = values.deserialize().map_err(refused)?;
    for (id, plugin) in &mut config.plugins {
        let keys = ["library", "command"].map(|name| Key::of(&["plugins", id.as_str(), name]));
        // Only the one that is there has an origin of its own.
        let named = keys.iter().find(|key| key.find(&tree.value).is_some());
        plugin.beside(named.and_then(|key| tree.origins.of(key).directory()).unwrap_or(Path::new("")));
    }
    Ok(config)
}

/// A path as the process can open it: relative to the file that names it.
pub(super) fn beside(origins: &Origins, key: &Key, path: PathBuf) -> PathBuf {
    match origins.of(key).directory() {
        Some(directory) => directory.join(path),
        None => path,
    }
}

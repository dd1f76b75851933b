//! The sources of the configuration, each parsed on its own so that one bad file does not hide the faults of another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Json, Toml, Yaml};
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::DEFAULT_TOML;
use super::fault::{ConfigFault, nearest};
use super::key::Key;

/// Environment variables that begin with this and have `__` in them are configuration.
pub const ENV_PREFIX: &str = "ENTREPOT_";

/// Largest configuration file read, in bytes.
const FILE_LIMIT_BYTES: u64 = 4 * 1024 * 1024;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The embedded default, or the default of a key that nobody wrote.
    Default,
    /// A file given with `--config`.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    CommandLine,
}

impl Origin {
    /// The directory that relative paths beside the value start from; none: the working directory.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        match self {
            Self::File(path) => path.parent(),
            _ => None,
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// One parsed source, as a figment provider. Its metadata carries its index among the layers.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// Where it came from.
    pub origin: Origin,
    /// Lowest is 0.
    pub index: usize,
    /// Its values.
    pub values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::from(self.origin.to_string(), self.index.to_string().as_str())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

/// The embedded defaults.
pub(super) fn defaults() -> Dict {
    Toml::from_str(DEFAULT_TOML).expect("the embedded default.toml is TOML: a unit test loads it")
}

/// Reads one file by its extension.
pub(super) fn file(path: &Path) -> Result<Dict, Box<ConfigFault>> {
    let origin = path.display().to_string();
    let fault = |problem: String| Box::new(ConfigFault::new(origin.as_str(), &Key::root(), problem));
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    if !matches!(extension.as_str(), "toml" | "yaml" | "yml" | "json") {
        let known = ["toml", "yaml", "yml", "json"];
        let found = if extension.is_empty() { "no extension".to_owned() } else { format!(".{extension}") };
        let fault = ConfigFault::new(origin.as_str(), &Key::root(), "unknown kind of file")
            .found(found)
            .expected(".toml, .yaml, .yml or .json")
            .suggest(nearest(&extension, known).map(|known| format!(".{known}")));
        return Err(Box::new(fault));
    }
    let text = read(path).map_err(|why| fault(format!("cannot be read: {why}")))?;
    match extension.as_str() {
        "toml" => toml(&text).map_err(fault),
        "json" => json(&text).map_err(fault),
        _ => yaml(&text).map_err(fault),
    }
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > FILE_LIMIT_BYTES {
        return Err(format!("{size} bytes; at most {FILE_LIMIT_BYTES} are read"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// TOML's own errors quote the line, which may hold a secret: only message and place are passed on.
fn toml(text: &str) -> Result<Dict, String> {
    Toml::from_str(text).map_err(|error: <Toml as Format>::Error| {
        let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
        format!("not TOML{place}: {}", error.message().lines().collect::<Vec<_>>().join("; "))
    })
}

fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    format!(" at line {line}, column {column}")
}

fn json(text: &str) -> Result<Dict, String> {
    match Json::from_str::<Value>(text) {
        Ok(Value::Dict(_, dict)) => Ok(dict),
        Ok(_) => Err("not a table of sections".to_owned()),
        Err(error) => Err(format!("not JSON at line {}, column {}", error.line(), error.column())),
    }
}

fn yaml(text: &str) -> Result<Dict, String> {
    match Yaml::from_str::<Value>(text) {
        Ok(Value::Dict(_, dict)) => Ok(dict),
        Ok(Value::Empty(..)) => Ok(Dict::new()),
        Ok(_) => Err("not a table of sections".to_owned()),
        Err(error) => Err(match error.location() {
            Some(at) => format!("not YAML at line {}, column {}", at.line(), at.column()),
            None => "not YAML".to_owned(),
        }),
    }
}

/// One environment variable that is configuration.
#[derive(Debug)]
pub(super) struct Variable {
    /// Its whole name.
    pub name: String,
    /// The levels, in lower case.
    pub levels: Vec<String>,
    /// Its text.
    pub text: String,
}

/// Picks the variables that are configuration. One with a single underscore where two belong is a fault.
pub(super) fn environment(
    variables: &BTreeMap<String, String>,
    sections: &[&str],
    faults: &mut Vec<ConfigFault>,
) -> Vec<Variable> {
    let mut found = Vec::new();
    for (name, text) in variables {
        let Some(rest) = name.strip_prefix(ENV_PREFIX) else {
            continue;
        };
        let lower = rest.to_lowercase();
        if rest.contains("__") {
            let levels = lower.split("__").map(str::to_owned).collect();
            found.push(Variable { name: name.clone(), levels, text: text.clone() });
            continue;
        }
        let section = sections
            .iter()
            .find(|section| lower.strip_prefix(**section).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')));
        if let Some(section) = section {
            let tail = lower[section.len()..].trim_start_matches('_').to_uppercase();
            let meant = (!tail.is_empty()).then(|| format!("{ENV_PREFIX}{}__{tail}", section.to_uppercase()));
            let origin = format!("environment variable {name}");
            found_single_underscore(&origin, meant, faults);
        }
    }
    found
}

fn found_single_underscore(origin: &str, meant: Option<String>, faults: &mut Vec<ConfigFault>) {
    faults.push(
        ConfigFault::new(origin, &Key::root(), "names a section but no key in it")
            .expected(format!("{ENV_PREFIX}SECTION__KEY, two underscores between levels"))
            .suggest(meant),
    );
}

/// The values of this process's environment; variables that are not UTF-8 are left out.
pub(super) fn process_variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Drops nulls: a flag that was not given says nothing.
pub(super) fn overrides(given: &serde_json::Value) -> Dict {
    fn without_nulls(value: &serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(table) => table
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), without_nulls(value)))
                .collect(),
            other => other.clone(),
        }
    }
    match Value::serialize(without_nulls(given)) {
        Ok(Value::Dict(_, dict)) => dict,
        _ => Dict::new(),
    }
}

//! Secrets: given as text, by environment variable or by file; never printed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fault::ConfigFault;
use super::key::Key;

/// What is printed in place of a secret.
pub const MASK: &str = "***";

/// Largest secret file read, in bytes.
const FILE_LIMIT_BYTES: u64 = 64 * 1024;

/// How a secret is given in a configuration file.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Secret {
    /// The secret itself.
    Plain(String),
    /// `{ env = "NAME" }`: an environment variable.
    Env(EnvSecret),
    /// `{ file = "path" }`: a file, without the line break at its end.
    File(FileSecret),
}

/// `{ env = "NAME" }`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvSecret {
    /// The variable's name.
    pub env: String,
}

/// `{ file = "path" }`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSecret {
    /// The path, relative to the configuration file that names it.
    pub file: PathBuf,
}

impl Secret {
    /// The value. `key` and `origin` name the place in a fault; `directory` is where relative files are looked for.
    pub fn resolve(
        &self,
        key: &Key,
        origin: &str,
        directory: Option<&Path>,
        variables: &BTreeMap<String, String>,
    ) -> Result<SecretText, Box<ConfigFault>> {
        let fault = |found: String| {
            let fault = ConfigFault::new(origin, key, "the secret cannot be read");
            Box::new(fault.found(found).expected("a value that is not empty"))
        };
        let text = match self {
            Self::Plain(text) => text.clone(),
            Self::Env(EnvSecret { env }) => variables
                .get(env)
                .cloned()
                .ok_or_else(|| fault(format!("the environment variable {env} is not set")))?,
            Self::File(FileSecret { file }) => {
                let path = directory.map_or_else(|| file.clone(), |directory| directory.join(file));
                read_file(&path).map_err(|why| fault(format!("the file {}: {why}", path.display())))?
            }
        };
        if text.is_empty() {
            return Err(fault(
                self.source().map_or_else(|| "an empty text".to_owned(), |from| format!("{from} is empty")),
            ));
        }
        Ok(SecretText(text))
    }

    /// Where the value is kept, in words; none when it stands in the configuration itself.
    #[must_use]
    pub fn source(&self) -> Option<String> {
        match self {
            Self::Plain(_) => None,
            Self::Env(EnvSecret { env }) => Some(format!("environment variable {env}")),
            Self::File(FileSecret { file }) => Some(format!("file {}", file.display())),
        }
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > FILE_LIMIT_BYTES {
        return Err(format!("{size} bytes; a secret has at most {FILE_LIMIT_BYTES}"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source().unwrap_or_else(|| MASK.to_owned()))
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema_with_format(None)
    }
}

/// The schema of a secret whose value has a format. `writeOnly` is what marks secrets for this module.
pub(super) fn schema_with_format(format: Option<&str>) -> Schema {
    let mut schema = json_schema!({
        "anyOf": [
            { "type": "string", "minLength": 1 },
            { "type": "object", "properties": { "env": { "type": "string", "minLength": 1 } },
              "required": ["env"], "additionalProperties": false },
            { "type": "object", "properties": { "file": { "type": "string", "minLength": 1 } },
              "required": ["file"], "additionalProperties": false }
        ],
        "writeOnly": true
    });
    if let Some(format) = format {
        schema.insert("format".to_owned(), format.into());
    }
    schema
}

/// A secret's value. Printing it shows a mask; [`SecretText::expose`] is the only way to the text.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Takes a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for SecretText {
    /// Reads the value itself; `env` and `file` were resolved before.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for SecretText {
    fn schema_name() -> Cow<'static, str> {
        "SecretText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema_with_format(None)
    }
}

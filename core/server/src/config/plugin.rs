//! `[plugins.ID]`: which plugins are loaded, and how.

use std::path::{Path, PathBuf};

use entrepot_contract::ids::PluginId;
use entrepot_host::{LibraryDeclaration, ProcessDeclaration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How one plugin is loaded and how far it is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Keys", into = "Keys")]
pub struct Plugin {
    /// Where its code is.
    pub source: Source,
    /// Whether the server refuses to start without it.
    pub required: bool,
    /// Calls that may be in flight at once, per instance.
    pub in_flight: usize,
    /// The part of `in_flight` that one connection of a shared application may use; absent: three quarters.
    pub connection_in_flight: Option<usize>,
    /// Longest time one call may take, in milliseconds; below `jobs.lease_ms`.
    pub timeout_ms: u64,
    /// Threads of a library's own runtime, from its first opening on; without meaning for others.
    pub workers: usize,
}

/// Where a plugin's code is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Source {
    /// In this program.
    #[default]
    BuiltIn,
    /// In a library.
    Library {
        /// Its exact path.
        path: PathBuf,
        /// The hash its bytes must have, in hexadecimal.
        sha256: Option<String>,
    },
    /// In a process of its own.
    Process {
        /// The program: a name to be found in `PATH`, or a path from the folder.
        program: String,
        /// What it is given to begin with.
        arguments: Vec<String>,
        /// Where it runs: the folder of the file that names it.
        folder: PathBuf,
        /// Names of environment variables that it gets, besides `PATH` and `LANG`.
        environment: Vec<String>,
    },
}

/// What has to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declaration {
    /// A library.
    Library(LibraryDeclaration),
    /// A process.
    Process(ProcessDeclaration),
}

/// The keys of the table.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The library to load, relative to the file that names it; neither this nor `command`: built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1))]
    library: Option<PathBuf>,
    /// SHA-256 of the library in hexadecimal; checked before it is opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "sha256"))]
    sha256: Option<String>,
    /// The program and the arguments of a plugin in a process of its own, run in the folder of the file that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>", length(min = 1, max = 64), inner(length(min = 1, max = 4_096)))]
    command: Option<Vec<String>>,
    /// Names of environment variables that the process gets, besides `PATH` and `LANG`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 256)))]
    environment: Vec<String>,
    /// Whether the server refuses to start without it.
    #[serde(default = "required")]
    required: bool,
    /// Calls that may be in flight at once, per instance.
    #[serde(default = "in_flight")]
    #[schemars(range(min = 1, max = 10_000))]
    in_flight: usize,
    /// The part of `in_flight` that one connection of a shared application may use; absent: three quarters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize", range(min = 1, max = 10_000))]
    connection_in_flight: Option<usize>,
    /// Longest time one call may take, in milliseconds; below `jobs.lease_ms`.
    #[serde(default = "timeout_ms")]
    #[schemars(range(min = 1, max = 600_000))]
    timeout_ms: u64,
    /// Threads of a library's own runtime, from its first opening on; without meaning for others.
    #[serde(default = "workers")]
    #[schemars(range(min = 1, max = 64))]
    workers: usize,
}

impl TryFrom<Keys> for Plugin {
    type Error = &'static str;

    fn try_from(keys: Keys) -> Result<Self, Self::Error> {
        let Keys { library, sha256, command, environment, required, in_flight, .. } = keys;
        let source = match (library, command) {
            (Some(_), Some(_)) => return Err("names a library and a command: a plugin is in one of the two"),
            (Some(path), None) => Source::Library { path, sha256 },
            (None, Some(mut command)) if !command.is_empty() => {
                let program = command.remove(0);
                Source::Process { program, arguments: command, folder: PathBuf::new(), environment }
            }
            (None, Some(_)) => return Err("has an empty command"),
            (None, None) => Source::BuiltIn,
        };
        let Keys { connection_in_flight, timeout_ms, workers, .. } = keys;
        Ok(Self { source, required, in_flight, connection_in_flight, timeout_ms, workers })
    }
}

impl From<Plugin> for Keys {
    fn from(plugin: Plugin) -> Self {
        let Plugin { source, required, in_flight, connection_in_flight, timeout_ms, workers } = plugin;
        let (mut library, mut hash, mut command, mut names) = (None, None, None, Vec::new());
        match source {
            Source::BuiltIn => {}
            Source::Library { path, sha256 } => (library, hash) = (Some(path), sha256),
            Source::Process { program, arguments, environment, .. } => {
                command = Some(std::iter::once(program).chain(arguments).collect());
                names = environment;
            }
        }
        Self {
            library,
            sha256: hash,
            command,
            environment: names,
            required,
            in_flight,
            connection_in_flight,
            timeout_ms,
            workers,
        }
    }
}

impl Default for Plugin {
    /// Built in, with the default limits: what a plugin without a table of its own gets.
    fn default() -> Self {
        Self {
            source: Source::default(),
            required: required(),
            in_flight: in_flight(),
            connection_in_flight: None,
            timeout_ms: timeout_ms(),
            workers: workers(),
        }
    }
}

impl Plugin {
    /// In a library, with the default limits.
    #[must_use]
    pub fn in_library(path: PathBuf) -> Self {
        Self { source: Source::Library { path, sha256: None }, ..Self::default() }
    }

    /// What has to be loaded for it; nothing when it is built in.
    #[must_use]
    pub fn declaration(&self, plugin: &PluginId) -> Option<Declaration> {
        let plugin = plugin.clone();
        match self.source.clone() {
            Source::BuiltIn => None,
            Source::Library { path, sha256 } => Some(Declaration::Library(LibraryDeclaration { plugin, path, sha256 })),
            Source::Process { program, arguments, folder, environment } => {
                let declaration = ProcessDeclaration { plugin, program, arguments, folder, environment };
                Some(Declaration::Process(declaration))
            }
        }
    }

    /// Paths are meant from this folder, the one of the file that names them.
    pub(super) fn beside(&mut self, folder: &Path) {
        match &mut self.source {
            Source::BuiltIn => {}
            Source::Library { path, .. } => *path = folder.join(&*path),
            Source::Process { folder: own, .. } => {
                let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
                // It is the process's working folder, so it has to mean the same from everywhere.
                *own = std::path::absolute(here).unwrap_or_else(|_| here.to_owned());
            }
        }
    }

    /// Calls of one connection that may be in flight at once: not all of `in_flight`, so that one merchant's flood
    /// leaves places to the others of its application.
    #[must_use]
    pub fn connection_share(&self) -> usize {
        self.connection_in_flight.unwrap_or_else(|| (self.in_flight - self.in_flight / 4).max(1))
    }
}

fn required() -> bool {
    true
}

fn in_flight() -> usize {
    64
}

fn timeout_ms() -> u64 {
    10_000
}

fn workers() -> usize {
    2
}

//! `--config` and `--libraries`: where a command's configuration comes from.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};

use super::exit::Failure;
use crate::config::{Config, Loaded, load, load_checked};
use crate::plugins;

/// A configuration that has to be named.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// Configuration file (TOML, YAML or JSON); repeatable, later files win, `ENTREPOT_SECTION__KEY` wins over all
    #[arg(short = 'c', long = "config", value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) libraries: Libraries,
}

/// A configuration that may be named.
#[derive(Debug, Args)]
pub(super) struct OptionalSource {
    /// Configuration file (TOML, YAML or JSON); repeatable, later files win, `ENTREPOT_SECTION__KEY` wins over all
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) libraries: Libraries,
}

/// Libraries in the place of built-ins.
#[derive(Debug, Args)]
pub(super) struct Libraries {
    /// Take every built-in plugin from a library in DIR instead (default: `plugins` beside this program);
    /// `cargo xtask libraries` builds them
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    libraries: Option<Option<PathBuf>>,
}

impl Libraries {
    /// The folder, when libraries were asked for.
    fn folder(&self) -> Result<Option<PathBuf>, Failure> {
        match &self.libraries {
            None => Ok(None),
            Some(Some(folder)) => Ok(Some(folder.clone())),
            Some(None) => {
                let own = std::env::current_exe()
                    .map_err(|error| Failure::failed(format!("this program's own path is not known: {error}")))?;
                Ok(Some(own.with_file_name("plugins")))
            }
        }
    }

    /// The folder, when libraries were asked for and all of them are there.
    pub(super) fn checked_folder(&self) -> Result<Option<PathBuf>, Failure> {
        self.overlay()?;
        self.folder()
    }

    /// Configuration values that name every library; a file that is missing is a failure here already.
    fn overlay(&self) -> Result<Map<String, Value>, Failure> {
        let Some(folder) = self.folder()? else { return Ok(Map::new()) };
        let overlay = plugins::libraries_overlay(&folder);
        let entries = overlay["plugins"].as_object().into_iter().flatten();
        let missing: Vec<String> = entries
            .filter_map(|(id, entry)| Some((id, entry["library"].as_str()?)))
            .filter(|(_, file)| !PathBuf::from(file).is_file())
            .map(|(id, file)| format!("the library of plugin {id} is not there: {file}"))
            .collect();
        if !missing.is_empty() {
            let text = missing.join("\n");
            return Err(Failure::usage(format!("{text}\nbuild it with: cargo xtask libraries")));
        }
        Ok(overlay.as_object().cloned().unwrap_or_default())
    }
}

impl Source {
    /// Reads and checks the configuration as a whole.
    pub(super) fn load(&self) -> Result<Loaded, Failure> {
        checked(&self.files, &self.libraries, Map::new())
    }

    /// The same, with values from the command line above all others.
    pub(super) fn load_with(&self, values: Map<String, Value>) -> Result<Loaded, Failure> {
        checked(&self.files, &self.libraries, values)
    }

    /// `--config A --config B`, for advice.
    pub(super) fn flags(&self) -> String {
        flags(&self.files)
    }
}

impl OptionalSource {
    /// Reads and checks the configuration as a whole.
    pub(super) fn load(&self) -> Result<Loaded, Failure> {
        checked(&self.files, &self.libraries, Map::new())
    }

    /// The same; without a file, nothing is checked: there may be no key of guests' data, no merchant, nothing.
    pub(super) fn load_or_bare(&self) -> Result<Config, Failure> {
        if self.files.is_empty() {
            let loaded = load(&[], &Value::Object(self.libraries.overlay()?))?;
            return Ok(loaded.config);
        }
        Ok(self.load()?.config)
    }
}

/// `--config A --config B`, for advice.
pub(super) fn flags(files: &[PathBuf]) -> String {
    files.iter().map(|file| format!("--config {}", file.display())).collect::<Vec<_>>().join(" ")
}

fn checked(files: &[PathBuf], libraries: &Libraries, mut values: Map<String, Value>) -> Result<Loaded, Failure> {
    values.extend(libraries.overlay()?);
    Ok(load_checked(files, &Value::Object(values), &plugins::known_built_in)?)
}

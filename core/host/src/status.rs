//! Plugins and their states, as an administrator sees them.

use std::path::PathBuf;

use entrepot_contract::capability::Capabilities;
use entrepot_contract::ids::{ConnectionId, PluginId};
use entrepot_contract::manifest::{ApiRate, Manifest, PluginKind, Scene};
use entrepot_contract::time::Timestamp;
use entrepot_contract::version::ContractVersion;
use serde::Serialize;
use serde_json::Value;

use crate::instance::{InstanceStatus, Report};
use crate::pulse::Threads;
use crate::registry::LibraryDeclaration;
use crate::transport::child::ProcessDeclaration;

/// Where a plugin or an instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Configured; being loaded or opened.
    Declared,
    /// Loaded (a plugin), without an open instance.
    Loaded,
    /// Open.
    Open,
    /// Open, and something fails.
    Degraded,
    /// Closed on request.
    Closed,
    /// Did not load or open; the reports say why.
    Failed,
}

/// Where a plugin's code is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadedFrom {
    /// In this program.
    BuiltIn,
    /// In a library.
    Library {
        /// Its exact path.
        path: PathBuf,
        /// Hash of its bytes when it was loaded, in hexadecimal.
        sha256: Option<String>,
    },
    /// In a process of its own.
    Process {
        /// Its command, as one types it.
        command: String,
        /// Where it runs.
        folder: PathBuf,
    },
}

impl LoadedFrom {
    pub(crate) fn of_library(declaration: &LibraryDeclaration) -> Self {
        Self::Library { path: declaration.path.clone(), sha256: None }
    }

    pub(crate) fn of_process(declaration: &ProcessDeclaration) -> Self {
        Self::Process { command: declaration.shown(), folder: declaration.folder.clone() }
    }
}

/// A plugin, for an administrator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PluginStatus {
    /// Its id.
    pub id: PluginId,
    /// Where in its life.
    pub state: State,
    /// Where its code is.
    pub loaded: LoadedFrom,
    /// Version of the C table; none for a built-in.
    pub abi: Option<u32>,
    /// What its card says; none when it could not be read.
    pub card: Option<PluginCard>,
    /// What was noticed, oldest first.
    pub reports: Vec<Report>,
    /// Its instances.
    pub instances: Vec<InstanceStatus>,
}

/// Why an instance is degraded or failed, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What.
    pub what: What,
    /// Since when.
    pub since: Timestamp,
}

/// What is wrong with an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It did not open; its reports say why.
    NotOpen,
    /// No call gets on, whatever its partner does.
    Silent,
    /// It has a process of its own, which is not there; the plugin's reports say why.
    Gone,
    /// The calls of a connection failed too often and are left alone, but for one now and then that probes. None: the
    /// calls that belong to the application.
    LeftAlone(Option<ConnectionId>),
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotOpen => f.write_str("it is not open"),
            Self::Silent => f.write_str("its threads do not run"),
            Self::Gone => f.write_str("its process does not run"),
            Self::LeftAlone(Some(connection)) => write!(f, "calls of connection {connection} fail again and again"),
            Self::LeftAlone(None) => f.write_str("calls of the application fail again and again"),
        }
    }
}

impl Trouble {
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self.what, What::Silent | What::Gone)
    }
}

impl InstanceStatus {
    /// What is wrong with it; nothing when it is open or was closed on request.
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        match self.state {
            State::Failed => {
                let since = self.reports.last().map_or_else(Timestamp::default, |report| report.at);
                return vec![Trouble { what: What::NotOpen, since }];
            }
            State::Degraded => {}
            State::Declared | State::Loaded | State::Open | State::Closed => return Vec::new(),
        }
        let silent = match self.threads {
            Threads::Silent { since } => Some(Trouble { what: What::Silent, since }),
            Threads::Gone { since } => Some(Trouble { what: What::Gone, since }),
            Threads::Run | Threads::Unwatched => None,
        };
        let left_alone = self.connections.iter().filter_map(|health| {
            Some(Trouble { what: What::LeftAlone(health.connection.clone()), since: health.since? })
        });
        silent.into_iter().chain(left_alone).collect()
    }
}

/// A plugin's card, for an administrator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PluginCard {
    /// Channel or supplier.
    pub kind: PluginKind,
    /// The outside system it belongs to.
    pub family: String,
    /// Its own version.
    pub version: String,
    /// The contract it was built with.
    pub contract: ContractVersion,
    /// One sentence.
    pub summary: String,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The calls it takes.
    pub scenes: Vec<Scene>,
    /// The partner's quotas, kept where the configuration names no others.
    pub rates: Vec<ApiRate>,
    /// Names of the secrets it asks for.
    pub secrets: Vec<String>,
    /// JSON Schema of an instance's settings.
    pub instance_settings: Value,
    /// JSON Schema of a connection's settings.
    pub connection_settings: Value,
}

impl PluginCard {
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let manifest = manifest.clone();
        Self {
            kind: manifest.kind,
            family: manifest.family.to_string(),
            version: manifest.version,
            contract: manifest.contract,
            summary: manifest.summary,
            capabilities: manifest.capabilities,
            scenes: manifest.scenes,
            rates: manifest.rates,
            secrets: manifest.secrets,
            instance_settings: manifest.instance_settings,
            connection_settings: manifest.connection_settings,
        }
    }
}

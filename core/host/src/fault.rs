//! Why a plugin or an instance cannot be had: one sentence that a person can act on.

use entrepot_contract::ids::PluginId;

use crate::instance::InstanceKey;

/// A failure of loading or opening. Failures of calls are [`entrepot_contract::fault::Fault`]s.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    /// A library cannot be loaded.
    #[error("{0}")]
    Library(String),
    /// A plugin's process cannot be started, or is no plugin.
    #[error("{0}")]
    Process(String),
    /// A plugin's card makes no sense.
    #[error("the manifest of plugin {plugin} is not usable: {text}")]
    Manifest {
        /// The plugin.
        plugin: String,
        /// What is wrong.
        text: String,
    },
    /// Two plugins with one id.
    #[error("there are two plugins with the id {plugin}; take one of them out of the configuration")]
    Duplicate {
        /// The id.
        plugin: PluginId,
    },
    /// No such plugin.
    #[error("there is no plugin {plugin}; loaded are: {loaded}")]
    UnknownPlugin {
        /// The id asked for.
        plugin: PluginId,
        /// What there is.
        loaded: String,
    },
    /// Settings do not fit the schema; one line for each problem, without the values.
    #[error("the settings of {what} do not fit: {}", problems.join("; "))]
    Settings {
        /// Whose settings.
        what: String,
        /// What is wrong.
        problems: Vec<String>,
    },
    /// An instance of that key runs already.
    #[error("{instance} is open already; close it first")]
    AlreadyOpen {
        /// The instance.
        instance: InstanceKey,
    },
    /// The plugin did not open.
    #[error("{instance} did not open: {text}")]
    Open {
        /// The instance.
        instance: InstanceKey,
        /// Why.
        text: String,
    },
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built: {0}")]
    Http(String),
}

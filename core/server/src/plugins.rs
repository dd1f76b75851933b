//! What is loaded and opened: built-ins and libraries, an instance for each application and supplier connection.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::{ApplicationId, PluginId};
use entrepot_contract::message::OpenRequest;
use entrepot_contract::services::{CacheValue, Cached};
use entrepot_host::{
    ApiLimit, Host, InstanceKey, InstanceLimits, LibraryDeclaration, OpenOptions, SecretText, SharedCache,
};
use entrepot_store::StoredCache;
use serde_json::Value;

use crate::config::{Config, Key, KnownPlugin, Plugin, settings_known_to};

/// The database's cache, as plugins see it.
pub(crate) struct Cache(pub(crate) StoredCache);

fn unavailable(fault: impl std::fmt::Display) -> Fault {
    Fault::not_done(FaultKind::Unavailable, format!("the shared cache: {fault}"))
}

#[async_trait]
impl SharedCache for Cache {
    async fn get(&self, application: &ApplicationId, key: &str) -> Result<Option<Cached>, Fault> {
        self.0.read(application, key).await.map_err(unavailable)
    }

    async fn swap(
        &self,
        application: &ApplicationId,
        key: &str,
        expected: u64,
        value: CacheValue,
        lives_ms: u64,
    ) -> Result<Option<u64>, Fault> {
        self.0.write(application, key, expected, &value.0, lives_ms).await.map_err(unavailable)
    }
}

/// What configuration checks need to know of the built-ins. A library that replaces one is known by its own card
/// only once it is loaded.
#[must_use]
pub fn known_built_in(id: &str) -> Option<KnownPlugin> {
    let plugins = entrepot_builtin::plugins();
    plugins
        .iter()
        .map(|plugin| plugin.manifest())
        .find(|manifest| manifest.id.as_str() == id)
        .map(|found| KnownPlugin::from(&found))
}

/// The file of a plugin's library in a folder.
#[must_use]
pub fn library_file(folder: &Path, plugin: &str) -> PathBuf {
    let name = format!("{}{}{}", std::env::consts::DLL_PREFIX, plugin.replace('-', "_"), std::env::consts::DLL_SUFFIX);
    folder.join(name)
}

/// Configuration values that make every named built-in come from a library in that folder. There is no fall-back: a
/// file that is missing is a fault.
#[must_use]
pub fn libraries_overlay(folder: &Path) -> Value {
    let plugins = entrepot_builtin::plugins();
    let entries = plugins.iter().map(|plugin| {
        let id = plugin.manifest().id.to_string();
        let file = library_file(folder, &id).display().to_string();
        (id, serde_json::json!({ "library": file }))
    });
    serde_json::json!({ "plugins": entries.collect::<serde_json::Map<_, _>>() })
}

/// Loads libraries. Built-ins that a library replaces are left out of `Host::new` by [`built_ins`].
pub(crate) fn load_libraries(host: &Host, config: &Config) -> Result<(), String> {
    for (id, plugin) in &config.plugins {
        let Some(path) = &plugin.library else { continue };
        let declaration = LibraryDeclaration { plugin: id.clone(), path: path.clone(), sha256: plugin.sha256.clone() };
        if let Err(fault) = host.load_library(&declaration) {
            if plugin.required {
                return Err(fault.to_string());
            }
            tracing::error!(plugin = %id, %fault, "a plugin that is not required was not loaded");
        }
    }
    Ok(())
}

/// The built-ins, without those that configuration loads from a library.
pub(crate) fn built_ins(config: &Config) -> Vec<Arc<dyn entrepot_contract::plugin::Plugin>> {
    let replaced: BTreeSet<&PluginId> =
        config.plugins.iter().filter(|(_, plugin)| plugin.library.is_some()).map(|(id, _)| id).collect();
    entrepot_builtin::plugins().into_iter().filter(|plugin| !replaced.contains(&plugin.manifest().id)).collect()
}

/// What an instance is opened with.
pub(crate) struct Opening {
    pub(crate) key: InstanceKey,
    pub(crate) request: OpenRequest,
    pub(crate) options: OpenOptions,
    /// Whether nothing goes without it.
    pub(crate) required: bool,
    /// Where configuration has it.
    pub(crate) place: Key,
}

impl Opening {
    /// Whether an instance that was opened with the other one would be the same.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.request == other.request && self.options == other.options
    }
}

/// Opens an instance for each channel plugin × application and for each supplier connection.
pub(crate) async fn open_all(host: &Host, config: &Config) -> Result<(), String> {
    for opening in openings(host, config)? {
        let key = opening.key.clone();
        match host.open(opening.key, opening.request, opening.options).await {
            Ok(_) => {}
            Err(fault) if opening.required => return Err(format!("{key}: {fault}")),
            Err(fault) => tracing::error!(instance = %key, %fault, "a plugin that is not required was not opened"),
        }
    }
    Ok(())
}

/// An instance for each connection, also for one that is switched off: its orders go on. Nothing has to wait for that
/// one's, though.
pub(crate) fn openings(host: &Host, config: &Config) -> Result<Vec<Opening>, String> {
    let mut openings: BTreeMap<InstanceKey, Opening> = BTreeMap::new();
    for (_, _, channel) in config.channels() {
        let key = InstanceKey::new(channel.plugin.clone(), channel.application.clone());
        let required = channel.enabled && plugin_of(config, &channel.plugin).required;
        if let Some(known) = openings.get_mut(&key) {
            known.required |= required;
            continue;
        }
        let Some(application) = config.applications.get(&channel.application) else { continue };
        let settings = match host.manifest(&channel.plugin) {
            Some(manifest) => settings_known_to(&manifest.instance_settings, &application.settings),
            None => application.settings.clone(),
        };
        let request = OpenRequest {
            application: channel.application.clone(),
            base_url: application.base_url.as_ref().map(|url| url.as_str().to_owned()),
            token_mode: application.token_mode,
            extra_headers: pairs(&application.extra_headers),
            settings: Value::Object(settings),
        };
        let limits = application.limits.iter();
        let limits = limits.map(|(api, limit)| ApiLimit { api: api.clone(), calls: limit.per_second, per_ms: 1000 });
        let mut options = options(config, &channel.plugin, &application.credentials, application.hosts());
        options.api_limits = limits.collect();
        let place = Key::of(&["applications", channel.application.as_str()]);
        openings.insert(key.clone(), Opening { key, request, options, required, place });
    }
    for (merchant, id, supplier) in config.suppliers() {
        let application = ApplicationId::parse(id.as_str()).map_err(|fault| fault.to_string())?;
        let key = InstanceKey::new(supplier.plugin.clone(), application.clone());
        let request = OpenRequest {
            application,
            base_url: supplier.base_url.as_ref().map(|url| url.as_str().to_owned()),
            token_mode: entrepot_contract::message::TokenMode::default(),
            extra_headers: Vec::new(),
            settings: Value::Object(supplier.settings.clone()),
        };
        let options = options(config, &supplier.plugin, &supplier.credentials, supplier.hosts());
        let required = supplier.enabled && plugin_of(config, &supplier.plugin).required;
        let place = Key::of(&["merchants", merchant.as_str(), "suppliers", id.as_str()]);
        openings.insert(key.clone(), Opening { key, request, options, required, place });
    }
    Ok(openings.into_values().collect())
}

pub(crate) fn plugin_of(config: &Config, id: &PluginId) -> Plugin {
    config.plugins.get(id).cloned().unwrap_or_default()
}

fn pairs(map: &BTreeMap<String, crate::config::SecretText>) -> Vec<(String, String)> {
    map.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect()
}

fn options(
    config: &Config,
    plugin: &PluginId,
    credentials: &BTreeMap<String, crate::config::SecretText>,
    allow_hosts: Vec<String>,
) -> OpenOptions {
    let plugin = plugin_of(config, plugin);
    OpenOptions {
        limits: InstanceLimits::new(plugin.in_flight, plugin.timeout_ms),
        secrets: credentials.iter().map(|(name, value)| (name.clone(), SecretText::new(value.expose()))).collect(),
        allow_hosts,
        ..OpenOptions::default()
    }
}

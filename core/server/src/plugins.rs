//! What is loaded and opened: built-ins, libraries and processes, an instance for each application and supplier connection.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::{ApplicationId, PluginId};
use entrepot_contract::manifest::ApiRate;
use entrepot_contract::message::OpenRequest;
use entrepot_contract::services::{CacheValue, Cached};
use entrepot_host::{Host, HostFault, InstanceKey, InstanceLimits, OpenOptions, ProcessRules, SecretText, SharedCache};
use entrepot_store::StoredCache;
use serde_json::Value;

use crate::config::{Config, Declaration, Key, KnownPlugin, Plugin, Source, settings_known_to};

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

/// Loads libraries and starts processes. Built-ins that one of them replaces are left out of `Host::new` by [`built_ins`].
pub(crate) async fn load_all(host: &Host, config: &Config) -> Result<(), String> {
    for (id, plugin) in &config.plugins {
        let Some(declaration) = plugin.declaration(id) else { continue };
        if let Err(fault) = load(host, &declaration).await {
            if plugin.required {
                return Err(fault.to_string());
            }
            tracing::error!(plugin = %id, %fault, "a plugin that is not required was not loaded");
        }
    }
    Ok(())
}

/// Loads one plugin. A failure is returned and kept with it.
pub(crate) async fn load(host: &Host, declaration: &Declaration) -> Result<(), HostFault> {
    match declaration {
        Declaration::Library(library) => host.load_library(library).map(|_| ()),
        Declaration::Process(process) => host.load_process(process, ProcessRules::default()).await.map(|_| ()),
    }
}

/// The built-ins, without those that configuration has elsewhere.
pub(crate) fn built_ins(config: &Config) -> Vec<Arc<dyn entrepot_contract::plugin::Plugin>> {
    let elsewhere = |id: &PluginId| config.plugins.get(id).is_some_and(|plugin| plugin.source != Source::BuiltIn);
    entrepot_builtin::plugins().into_iter().filter(|plugin| !elsewhere(&plugin.manifest().id)).collect()
}

/// What an instance is opened with.
pub(crate) struct Opening {
    pub(crate) key: InstanceKey,
    pub(crate) request: OpenRequest,
    pub(crate) options: OpenOptions,
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
        let (key, required) = (opening.key.clone(), opening.options.required);
        match host.open(opening.key, opening.request, opening.options).await {
            Ok(_) => {}
            Err(fault) if required => return Err(format!("{key}: {fault}")),
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
            known.options.required |= required;
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
        let plugin = Plugin { required, ..plugin_of(config, &channel.plugin) };
        let mut options = options(&plugin, &application.credentials, &application.limits, application.hosts());
        options.limits.connection_in_flight = plugin.connection_share();
        let place = Key::of(&["applications", channel.application.as_str()]);
        openings.insert(key.clone(), Opening { key, request, options, place });
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
        // It is its instance's only connection, with all of the instance's share.
        let plugin = plugin_of(config, &supplier.plugin);
        let plugin = Plugin { required: supplier.enabled && plugin.required, ..plugin };
        let options = options(&plugin, &supplier.credentials, &supplier.limits, supplier.hosts());
        let place = Key::of(&["merchants", merchant.as_str(), "suppliers", id.as_str()]);
        openings.insert(key.clone(), Opening { key, request, options, place });
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
    plugin: &Plugin,
    credentials: &BTreeMap<String, crate::config::SecretText>,
    quotas: &BTreeMap<String, crate::config::ApiLimit>,
    allow_hosts: Vec<String>,
) -> OpenOptions {
    let quota = |(api, limit): (&String, &crate::config::ApiLimit)| ApiRate::per_second(api, limit.per_second);
    OpenOptions {
        limits: InstanceLimits::new(plugin.in_flight, plugin.timeout_ms),
        secrets: credentials.iter().map(|(name, value)| (name.clone(), SecretText::new(value.expose()))).collect(),
        allow_hosts,
        api_limits: quotas.iter().map(quota).collect(),
        workers: Some(plugin.workers),
        required: plugin.required,
    }
}

#[cfg(test)]
mod tests {
    use entrepot_contract::time::SystemClock;
    use entrepot_host::breaker::BreakerRules;
    use entrepot_host::{HostParts, HttpClient, MemoryCache, NoInterfaceLog};
    use serde_json::json;

    use super::*;

    fn opened(overrides: &Value) -> BTreeMap<String, OpenOptions> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/demo.toml");
        let loaded = crate::config::load_checked(&[file], overrides, &|id| known_built_in(id));
        let config = loaded.unwrap_or_else(|faults| panic!("{faults}")).config;
        let parts = HostParts {
            cache: Arc::new(MemoryCache::new(Arc::new(SystemClock))),
            clock: Arc::new(SystemClock),
            interface_log: Arc::new(NoInterfaceLog),
            client: HttpClient::new().unwrap(),
            breaker: BreakerRules::default(),
        };
        let host = Host::new(parts, built_ins(&config)).unwrap();
        let openings = openings(&host, &config).unwrap();
        openings.into_iter().map(|opening| (opening.key.to_string(), opening.options)).collect()
    }

    #[test]
    fn what_is_configured_is_what_an_instance_is_opened_with() {
        let opened = opened(&json!({
            "plugins": { "simple-gate": { "workers": 5, "in_flight": 9, "required": false } },
            "merchants": { "lakeside": { "suppliers": { "lakeside-gate": { "limits": { "book": { "per_second": 7 } } } } } },
        }));
        let gate = &opened["simple-gate/lakeside-gate"];
        assert_eq!((gate.workers, gate.required), (Some(5), false));
        assert_eq!(
            (gate.limits.in_flight, gate.limits.connection_in_flight),
            (9, 9),
            "its only connection has all of it"
        );
        assert_eq!(gate.api_limits, [ApiRate::per_second("book", 7)]);
        let douyin = &opened["douyin-calendar/douyin-demo"];
        assert_eq!((douyin.workers, douyin.required), (Some(2), true));
        assert_eq!((douyin.limits.in_flight, douyin.limits.connection_in_flight), (64, 48));
    }

    #[test]
    fn one_connections_share_is_three_quarters_or_what_is_said() {
        let share = |in_flight, connection_in_flight| {
            Plugin { in_flight, connection_in_flight, ..Plugin::default() }.connection_share()
        };
        assert_eq!((share(64, None), share(1, None), share(3, None)), (48, 1, 3));
        assert_eq!((share(10_000, None), share(64, Some(7))), (7_500, 7));
    }
}

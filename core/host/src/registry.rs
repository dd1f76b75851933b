//! [`Host`]: the plugins it holds and the instances it opened, with their states for an administrator.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use entrepot_contract::ids::PluginId;
use entrepot_contract::manifest::{ApiRate, Manifest};
use entrepot_contract::message::OpenRequest;
use entrepot_contract::plugin::Plugin;
use entrepot_contract::time::{Clock, Timestamp};
use entrepot_contract::version::{ABI, CONTRACT};
use futures_util::future::join_all;
use serde_json::Value;

use crate::breaker::BreakerRules;
use crate::cache::SharedCache;
use crate::fault::HostFault;
use crate::http::HttpClient;
use crate::instance::{InstanceKey, InstanceStatus, Reports, RunningInstance};
use crate::interface_log::InterfaceLog;
use crate::limits::{InstanceLimits, RateLimits};
use crate::locked;
use crate::manifest::CheckedManifest;
use crate::opening::{self, Loaded, Reached};
use crate::pulse::Threads;
use crate::secret::SecretText;
use crate::status::{LoadedFrom, PluginCard, PluginStatus, State};
use crate::transport::child::{self, ChildPlugin, ProcessDeclaration, ProcessRules};
use crate::transport::library;

/// How often it is looked whether an instance is idle.
const DRAIN_STEP: Duration = Duration::from_millis(20);

/// What the host needs from outside.
#[derive(Clone)]
pub struct HostParts {
    /// Where business instants come from.
    pub clock: Arc<dyn Clock>,
    /// The cache that all nodes share.
    pub cache: Arc<dyn SharedCache>,
    /// Where exchanges with partners are kept.
    pub interface_log: Arc<dyn InterfaceLog>,
    /// The HTTP client.
    pub client: HttpClient,
    /// When breakers open.
    pub breaker: BreakerRules,
}

/// A library that configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryDeclaration {
    /// The plugin expected in it.
    pub plugin: PluginId,
    /// Its exact path.
    pub path: PathBuf,
    /// The hash its bytes must have, in hexadecimal.
    pub sha256: Option<String>,
}

/// A plugin's process that another one took the place of. Let go, it ends with its last instance.
pub struct ReplacedProcess {
    plugin: PluginId,
    from: LoadedFrom,
    loaded: Loaded,
}

/// What an instance is opened with besides the plugin's own request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OpenOptions {
    /// Its limits.
    pub limits: InstanceLimits,
    /// Its secrets by name; only those that the manifest declares are ever handed out.
    pub secrets: BTreeMap<String, SecretText>,
    /// Hosts it may call, `host` or `host:port`.
    pub allow_hosts: Vec<String>,
    /// The partner's quotas for the application that hold in place of those on its card.
    pub api_limits: Vec<ApiRate>,
    /// Threads for a library's calls; the first opening decides for all of its instances. None: as the library likes.
    pub workers: Option<usize>,
    /// Whether the server is not ready without it.
    pub required: bool,
}

/// Runs plugins.
pub struct Host {
    parts: HostParts,
    rate_limits: Arc<RateLimits>,
    plugins: Mutex<BTreeMap<PluginId, Entry>>,
    instances: Mutex<BTreeMap<InstanceKey, Slot>>,
}

struct Entry {
    loaded: LoadedFrom,
    plugin: Option<Loaded>,
    reports: Reports,
}

#[derive(Default)]
struct Slot {
    running: Option<Arc<RunningInstance>>,
    opening: bool,
    required: bool,
    reports: Reports,
}

impl Host {
    /// A host with its built-in plugins. Fails on two of one id and on a card that makes no sense.
    pub fn new(parts: HostParts, built_ins: Vec<Arc<dyn Plugin>>) -> Result<Self, HostFault> {
        let mut plugins = BTreeMap::new();
        for plugin in built_ins {
            let card = Arc::new(CheckedManifest::new(plugin.manifest())?);
            let id = card.manifest.id.clone();
            let entry = Entry {
                loaded: LoadedFrom::BuiltIn,
                plugin: Some(Loaded { plugin: Reached::Here(plugin), card }),
                reports: Reports::default(),
            };
            if plugins.insert(id.clone(), entry).is_some() {
                return Err(HostFault::Duplicate { plugin: id });
            }
        }
        let rate_limits = Arc::new(RateLimits::default());
        Ok(Self { parts, rate_limits, plugins: Mutex::new(plugins), instances: Mutex::default() })
    }

    /// Loads a library. A failure is returned and kept: the plugin shows as failed, with its reason. Reads the file
    /// and runs the library's initialisers, so it belongs to start and reload, not to a request.
    pub fn load_library(&self, declaration: &LibraryDeclaration) -> Result<Manifest, HostFault> {
        let kept = self.try_library(declaration);
        if let Err(fault) = &kept {
            let mut plugins = locked(&self.plugins);
            let entry = plugins
                .entry(declaration.plugin.clone())
                .or_insert_with(|| Entry::declared(LoadedFrom::of_library(declaration)));
            entry.reports.push(self.parts.clock.now(), fault.to_string());
        }
        kept
    }

    /// The same, but a failure leaves no trace: for a configuration that is not in force yet.
    pub fn try_library(&self, declaration: &LibraryDeclaration) -> Result<Manifest, HostFault> {
        let id = &declaration.plugin;
        let (from, loaded) = self.load(declaration)?;
        let mut plugins = locked(&self.plugins);
        if plugins.get(id).is_some_and(|entry| entry.plugin.is_some() && entry.loaded != from) {
            return Err(HostFault::Duplicate { plugin: id.clone() });
        }
        let entry = plugins.entry(id.clone()).or_insert_with(|| Entry::declared(LoadedFrom::of_library(declaration)));
        Ok(entry.take(from, loaded, self.parts.clock.now()).0)
    }

    /// Starts a plugin's process and reads its card. A failure is returned and kept: the plugin shows as failed, with
    /// its reason.
    pub async fn load_process(
        &self,
        declaration: &ProcessDeclaration,
        rules: ProcessRules,
    ) -> Result<Manifest, HostFault> {
        let kept = self.try_process(declaration, rules).await;
        if let Err(fault) = &kept {
            let mut plugins = locked(&self.plugins);
            let declared = || Entry::declared(LoadedFrom::of_process(declaration));
            let entry = plugins.entry(declaration.plugin.clone()).or_insert_with(declared);
            entry.reports.push(self.parts.clock.now(), fault.to_string());
        }
        kept.map(|(manifest, _)| manifest)
    }

    /// The same, but a failure leaves no trace. Where the plugin's process runs already, or has failed, the new one takes
    /// its place: instances that are open stay in the old one, which is given back and ends with the last of them, or
    /// takes its place again ([`Host::put_back`]).
    pub async fn try_process(
        &self,
        declaration: &ProcessDeclaration,
        rules: ProcessRules,
    ) -> Result<(Manifest, Option<ReplacedProcess>), HostFault> {
        let id = &declaration.plugin;
        let elsewhere = |entry: &Entry| match &entry.plugin {
            Some(loaded) => !matches!(loaded.plugin, Reached::Process(_)),
            None => false,
        };
        if locked(&self.plugins).get(id).is_some_and(elsewhere) {
            return Err(HostFault::Duplicate { plugin: id.clone() });
        }
        let plugin = child::start(declaration.clone(), rules, &self.parts.clock).await?;
        let card = Arc::new(CheckedManifest::new(plugin.manifest())?);
        let from = LoadedFrom::of_process(declaration);
        let mut plugins = locked(&self.plugins);
        let entry = plugins.entry(id.clone()).or_insert_with(|| Entry::declared(from.clone()));
        let loaded = Loaded { plugin: Reached::Process(plugin), card };
        let (manifest, before) = entry.take(from, loaded, self.parts.clock.now());
        let replaced = before.map(|(from, loaded)| ReplacedProcess { plugin: id.clone(), from, loaded });
        Ok((manifest, replaced))
    }

    /// Gives a process its place again: what was to follow it is not in force.
    pub fn put_back(&self, replaced: ReplacedProcess) {
        if let Some(entry) = locked(&self.plugins).get_mut(&replaced.plugin) {
            entry.loaded = replaced.from;
            entry.plugin = Some(replaced.loaded);
        }
    }

    /// Whether a plugin's process was left alone after too many ends: only a reload starts it again.
    #[must_use]
    pub fn process_has_failed(&self, plugin: &PluginId) -> bool {
        locked(&self.plugins).get(plugin).and_then(Entry::process).is_some_and(|process| process.has_failed())
    }

    /// Forgets a library or process of which nothing is open. A library's code stays: it is never unloaded.
    pub fn forget_library(&self, plugin: &PluginId) {
        let used = locked(&self.instances).keys().any(|key| key.plugin == *plugin);
        let mut plugins = locked(&self.plugins);
        if !used && plugins.get(plugin).is_some_and(|entry| entry.loaded != LoadedFrom::BuiltIn) {
            plugins.remove(plugin);
        }
    }

    fn load(&self, declaration: &LibraryDeclaration) -> Result<(LoadedFrom, Loaded), HostFault> {
        library::set_clock(&self.parts.clock);
        let plugin = library::load(&declaration.path, declaration.sha256.as_deref())?;
        let card = Arc::new(CheckedManifest::new(plugin.manifest())?);
        if card.manifest.id != declaration.plugin {
            return Err(HostFault::Library(format!(
                "{} holds the plugin {}, the configuration expects {} there; correct one of the two",
                declaration.path.display(),
                card.manifest.id,
                declaration.plugin
            )));
        }
        let from = LoadedFrom::Library { path: plugin.path().to_owned(), sha256: Some(plugin.sha256().to_owned()) };
        Ok((from, Loaded { plugin: Reached::Library(plugin), card }))
    }

    /// A plugin's card.
    #[must_use]
    pub fn manifest(&self, plugin: &PluginId) -> Option<Manifest> {
        self.loaded(plugin).ok().map(|loaded| loaded.card.manifest.clone())
    }

    /// The cards of all loaded plugins, by id.
    #[must_use]
    pub fn manifests(&self) -> Vec<Manifest> {
        let plugins = locked(&self.plugins);
        plugins.values().filter_map(|entry| Some(entry.plugin.as_ref()?.card.manifest.clone())).collect()
    }

    /// Checks an instance's settings against the plugin's schema; opening does it, too.
    pub fn check_instance_settings(&self, plugin: &PluginId, settings: &Value, what: &str) -> Result<(), HostFault> {
        self.loaded(plugin)?.card.instance(settings, what)
    }

    /// Checks a connection's settings against the plugin's schema. They come with each call and are not checked there.
    pub fn check_connection_settings(&self, plugin: &PluginId, settings: &Value, what: &str) -> Result<(), HostFault> {
        self.loaded(plugin)?.card.connection(settings, what)
    }

    /// Opens an instance. A failure is returned and kept with the instance's reports.
    pub async fn open(
        &self,
        key: InstanceKey,
        request: OpenRequest,
        options: OpenOptions,
    ) -> Result<Arc<RunningInstance>, HostFault> {
        let loaded = self.loaded(&key.plugin)?;
        {
            let mut instances = locked(&self.instances);
            let slot = instances.entry(key.clone()).or_default();
            if slot.opening || slot.running.as_ref().is_some_and(|running| !running.is_closed()) {
                return Err(HostFault::AlreadyOpen { instance: key });
            }
            slot.opening = true;
            slot.required = options.required;
            slot.running = None;
        }
        let reset = Opening { host: self, key: &key };
        let result = opening::open(&self.parts, &self.rate_limits, &key, loaded, request, options).await;
        drop(reset);
        let mut instances = locked(&self.instances);
        let slot = instances.entry(key).or_default();
        match &result {
            Ok(running) => slot.running = Some(Arc::clone(running)),
            Err(fault) => slot.reports.push(self.parts.clock.now(), fault.to_string()),
        }
        result
    }

    /// An open instance.
    #[must_use]
    pub fn instance(&self, key: &InstanceKey) -> Option<Arc<RunningInstance>> {
        let running = locked(&self.instances).get(key)?.running.clone()?;
        (!running.is_closed()).then_some(running)
    }

    /// Opens an instance that serves nobody yet: [`Host::replace`] puts it in its place. A failure leaves no trace.
    pub async fn prepare(
        &self,
        key: &InstanceKey,
        request: OpenRequest,
        options: OpenOptions,
    ) -> Result<Arc<RunningInstance>, HostFault> {
        let loaded = self.loaded(&key.plugin)?;
        opening::open(&self.parts, &self.rate_limits, key, loaded, request, options).await
    }

    /// Sets the quotas of an instance's application: those given, and for other interfaces those on its plugin's card.
    pub fn set_quotas(&self, instance: &InstanceKey, quotas: &[ApiRate]) {
        let card = self.manifest(&instance.plugin).map(|card| card.rates).unwrap_or_default();
        self.rate_limits.set(instance, quotas, &card, self.parts.clock.now());
    }

    /// Puts prepared instances in their places, all at once. Gives those that had them before: whoever calls one now
    /// is still answered by it, so drain them.
    pub fn replace(&self, prepared: Vec<Arc<RunningInstance>>) -> Vec<Arc<RunningInstance>> {
        let mut instances = locked(&self.instances);
        let swap = |fresh: Arc<RunningInstance>| {
            let slot = instances.entry(fresh.key().clone()).or_default();
            slot.running.replace(fresh)
        };
        prepared.into_iter().filter_map(swap).collect()
    }

    /// Takes instances out of their places; drain them.
    pub fn withdraw(&self, keys: &[InstanceKey]) -> Vec<Arc<RunningInstance>> {
        let mut instances = locked(&self.instances);
        keys.iter().filter_map(|key| instances.remove(key)?.running).collect()
    }

    /// Closes an instance that has no place any more, once nobody holds it or the limit has passed. Whether everybody
    /// had his answer.
    pub async fn drain(running: Arc<RunningInstance>, limit: Duration) -> bool {
        let idle = async {
            while Arc::strong_count(&running) > 1 {
                tokio::time::sleep(DRAIN_STEP).await;
            }
        };
        let rested = tokio::time::timeout(limit, idle).await.is_ok();
        running.shut();
        opening::close(Arc::clone(&running.instance)).await;
        rested
    }

    /// Closes an instance: no new calls, and the plugin is told. Calls under way may still end. Whether one was open.
    pub async fn close(&self, key: &InstanceKey) -> bool {
        let Some(running) = self.instance(key) else {
            return false;
        };
        running.shut();
        running.report("closed on request");
        if !opening::close(Arc::clone(&running.instance)).await {
            running.report("the plugin did not close in time or failed while closing");
        }
        true
    }

    /// Closes all instances, one after another, and then stops the processes of plugins that have one.
    pub async fn close_all(&self) {
        let keys: Vec<InstanceKey> = locked(&self.instances).keys().cloned().collect();
        for key in keys {
            self.close(&key).await;
        }
        let processes: Vec<_> = locked(&self.plugins).values().filter_map(Entry::process).collect();
        join_all(processes.iter().map(|process| process.stop())).await;
    }

    /// All plugins with their instances, for an administrator.
    #[must_use]
    pub fn status(&self) -> Vec<PluginStatus> {
        let mut instances: BTreeMap<PluginId, Vec<InstanceStatus>> = BTreeMap::new();
        for (key, slot) in locked(&self.instances).iter() {
            instances.entry(key.plugin.clone()).or_default().push(slot.status(key));
        }
        let plugins = locked(&self.plugins);
        plugins.iter().map(|(id, entry)| entry.status(id, instances.remove(id).unwrap_or_default())).collect()
    }

    fn loaded(&self, id: &PluginId) -> Result<Loaded, HostFault> {
        let plugins = locked(&self.plugins);
        plugins.get(id).and_then(|entry| entry.plugin.clone()).ok_or_else(|| {
            let loaded = plugins.iter().filter(|(_, entry)| entry.plugin.is_some()).map(|(id, _)| id.as_str());
            HostFault::UnknownPlugin { plugin: id.clone(), loaded: loaded.collect::<Vec<_>>().join(", ") }
        })
    }
}

/// Marks a slot as being opened; also an opening that is dropped leaves no such mark behind.
struct Opening<'a> {
    host: &'a Host,
    key: &'a InstanceKey,
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        if let Some(slot) = locked(&self.host.instances).get_mut(self.key) {
            slot.opening = false;
        }
    }
}

impl Slot {
    fn status(&self, key: &InstanceKey) -> InstanceStatus {
        let own = self.reports.list();
        match &self.running {
            Some(running) => {
                let status = running.status();
                InstanceStatus { reports: own.into_iter().chain(status.reports).collect(), ..status }
            }
            None => InstanceStatus {
                key: key.clone(),
                state: if self.opening { State::Declared } else { State::Failed },
                required: self.required,
                threads: Threads::Unwatched,
                opened_at: None,
                connections: Vec::new(),
                reports: own,
            },
        }
    }
}

impl Entry {
    fn declared(loaded: LoadedFrom) -> Self {
        Self { loaded, plugin: None, reports: Reports::default() }
    }

    /// Takes a plugin's place; its card, and what had it before.
    fn take(&mut self, from: LoadedFrom, loaded: Loaded, now: Timestamp) -> (Manifest, Option<(LoadedFrom, Loaded)>) {
        let manifest = loaded.card.manifest.clone();
        if manifest.contract > CONTRACT {
            let text = format!(
                "it speaks contract {}, newer than this host's {CONTRACT}: what is new in it is not used",
                manifest.contract
            );
            self.reports.push(now, text);
        }
        let from = std::mem::replace(&mut self.loaded, from);
        (manifest, self.plugin.replace(loaded).map(|before| (from, before)))
    }

    fn process(&self) -> Option<Arc<ChildPlugin>> {
        match &self.plugin.as_ref()?.plugin {
            Reached::Process(process) => Some(Arc::clone(process)),
            Reached::Here(_) | Reached::Library(_) => None,
        }
    }

    fn status(&self, id: &PluginId, instances: Vec<InstanceStatus>) -> PluginStatus {
        let process = self.process();
        let any = |state: State| instances.iter().any(|instance| instance.state == state);
        let state = match &self.plugin {
            None => State::Failed,
            Some(_) if process.as_ref().is_some_and(|process| process.has_failed()) => State::Failed,
            Some(_) if process.as_ref().is_some_and(|process| !process.runs()) => State::Degraded,
            Some(_) if any(State::Degraded) || any(State::Failed) => State::Degraded,
            Some(_) if any(State::Open) => State::Open,
            Some(_) => State::Loaded,
        };
        PluginStatus {
            id: id.clone(),
            state,
            loaded: self.loaded.clone(),
            abi: matches!(self.loaded, LoadedFrom::Library { .. }).then_some(ABI),
            card: self.plugin.as_ref().map(|loaded| PluginCard::of(&loaded.card.manifest)),
            reports: self
                .reports
                .list()
                .into_iter()
                .chain(process.map(|it| it.reports()).unwrap_or_default())
                .collect(),
            instances,
        }
    }
}

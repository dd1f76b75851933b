//! Another configuration in the place of the one that runs, without a restart and without losing a call in flight.
//!
//! It is read and checked whole; new instances are opened beside the old ones; then instances, routes and rules are
//! swapped; and the old instances close once everybody they serve has his answer. What is refused is refused whole, and
//! leaves no trace.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use entrepot_contract::ids::PluginId;
use entrepot_engine::alerting::Teller;
use entrepot_host::{Host, InstanceKey, ProcessRules, ReplacedProcess, RunningInstance};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::alerts::Webhooks;
use crate::boot::App;
use crate::config::{
    Config, ConfigFault, Declaration, Key, Loaded, changed, changed_below, fingerprint, fixed_changes,
};
use crate::plugins::{self, Opening};
use crate::registry::{self, Disagreement};
use crate::routing::checked_directory;

/// How long an old instance is waited for besides its longest call: a channel's call makes several, and waits between.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// What a reload did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reloaded {
    /// Connections that were not there before.
    pub added: Vec<String>,
    /// Connections that are no more.
    pub removed: Vec<String>,
    /// Instances that were opened, in the place of another or anew.
    pub opened: Vec<String>,
    /// Instances that close as soon as they have answered their calls.
    pub closing: Vec<String>,
    /// What is in force now, as the other nodes see it.
    pub fingerprint: String,
}

impl fmt::Display for Reloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        write!(
            f,
            "connections added: {}; removed: {}; instances opened: {}; closing: {}",
            list(&self.added),
            list(&self.removed),
            list(&self.opened),
            list(&self.closing)
        )
    }
}

/// Why the configuration before keeps running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The new one is faulty: every fault that was found, with its file and key.
    Faulty(Vec<String>),
    /// The database cannot answer now.
    Busy(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faulty(faults) => f.write_str(&faults.join("; ")),
            Self::Busy(text) => f.write_str(text),
        }
    }
}

fn texts(faults: &[ConfigFault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

fn faulty(loaded: &Loaded, place: &Key, text: &str) -> Refused {
    Refused::Faulty(vec![ConfigFault::new(loaded.origins.above(place).to_string(), place, text).to_string()])
}

impl App {
    /// Reads the configuration again and puts it in force, or says why not. It goes on to its end also when nobody waits
    /// for it any more. `by` and `note` are for the audit log.
    pub async fn reload(&self, by: &str, note: &str) -> Result<Reloaded, Refused> {
        let (app, by, note) = (self.clone(), by.to_owned(), note.to_owned());
        let work = tokio::spawn(async move {
            let mut draining = app.draining.lock().await;
            let done = app.reload_once(&mut draining).await;
            app.tell(&by, &note, &done).await;
            done
        });
        work.await.unwrap_or_else(|panic| {
            tracing::error!(%panic, "a reload failed");
            Err(Refused::Busy("the reload failed; the log says why".to_owned()))
        })
    }

    async fn tell(&self, by: &str, note: &str, done: &Result<Reloaded, Refused>) {
        let (act, result, detail) = match done {
            Ok(reloaded) => ("reloaded the configuration", "done", reloaded.to_string()),
            Err(refused) => ("was refused a reload of the configuration", "refused", refused.to_string()),
        };
        metrics::counter!("entrepot_reloads_total", "result" => result).increment(1);
        match done {
            Ok(_) => tracing::info!(by, detail, "the configuration was reloaded"),
            Err(_) => tracing::error!(by, detail, "the new configuration was refused; the one before keeps running"),
        }
        let detail = format!("{detail}{note}");
        if let Err(fault) = self.engine.audit(by, None, act, "configuration", &detail).await {
            tracing::error!(%fault, "a reload is missing in the audit log");
        }
    }

    async fn reload_once(&self, draining: &mut JoinSet<()>) -> Result<Reloaded, Refused> {
        while draining.try_join_next().is_some() {}
        let old = self.running();
        let new = old.again(&plugins::known_built_in).map_err(|faults| Refused::Faulty(texts(faults.list())))?;
        let fixed: Vec<ConfigFault> = fixed_changes(&old, &new).into_iter().chain(renamed(&old, &new)).collect();
        if !fixed.is_empty() {
            return Err(Refused::Faulty(texts(&fixed)));
        }
        let host = self.engine.host();
        let fresh = FreshPlugins::load(host, &old, &new).await?;
        let unnamed = old.config.plugins.keys().filter(|id| !new.config.plugins.contains_key(id));
        let unnamed: Vec<PluginId> = unnamed.cloned().collect();
        let done = self.put_in_force(&old, new, &fresh.replaced(), draining).await;
        match &done {
            Ok(_) => unnamed.iter().for_each(|plugin| host.forget_library(plugin)),
            Err(_) => fresh.undo(host),
        }
        done
    }

    async fn put_in_force(
        &self,
        old: &Loaded,
        new: Loaded,
        replaced: &[PluginId],
        draining: &mut JoinSet<()>,
    ) -> Result<Reloaded, Refused> {
        let host = self.engine.host();
        let directory = checked_directory(&new, host).map_err(|faults| Refused::Faulty(texts(faults.list())))?;
        let disagrees = |fault| disagreement(old, &new, fault);
        registry::check(&self.storage, &directory, self.clock.now()).await.map_err(disagrees)?;
        let webhooks = Webhooks::of(&new.config.alerts, self.clock.clone());
        let webhooks = webhooks.map_err(|text| faulty(&new, &Key::of(&["alerts"]), &text))?;
        let plan = Plan::of(host, old, &new, replaced)?;
        let fresh = plan.open(host, old, &new).await?;
        let kept = async {
            // Again: opening took its time, and orders came in.
            registry::check(&self.storage, &directory, self.clock.now()).await.map_err(disagrees)?;
            let registered = self.register_distributors(&new.config).await;
            registered.map_err(Refused::Busy)?;
            registry::register(&self.storage, &directory).await.map_err(disagrees)
        };
        if let Err(refused) = kept.await {
            plan.abandon(host, fresh).await;
            return Err(refused);
        }
        let mut done = Reloaded { fingerprint: fingerprint(&new), ..Reloaded::default() };
        done.opened = fresh.iter().map(|instance| instance.key().to_string()).collect();
        let before = self.engine.directory();
        done.added = missing(directory.connections.keys(), |id| before.connections.contains_key(id));
        done.removed = missing(before.connections.keys(), |id| directory.connections.contains_key(id));
        // New instances first and old ones last: at no time is a connection without its instance.
        let mut leaving = host.replace(fresh);
        self.owners.replace(&new.config);
        self.engine.replace_directory(directory);
        leaving.extend(host.withdraw(&plan.gone));
        // Those that did not change remember whom they told.
        if changed(old, &new, &Key::of(&["alerts"])) {
            self.engine.replace_teller(webhooks.map(|webhooks| webhooks as Arc<dyn Teller>));
        }
        *self.configuration.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        self.announce_again(&done.fingerprint);
        done.closing = leaving.iter().map(|instance| instance.key().to_string()).collect();
        leaving.into_iter().for_each(|instance| drain(draining, instance));
        Ok(done)
    }

    /// Tells the other nodes, if they know this one.
    fn announce_again(&self, fingerprint: &str) {
        if self.engine.is_announced() {
            self.engine.announce(fingerprint.to_owned());
        }
    }
}

fn missing<'a, T: ToString + 'a>(all: impl Iterator<Item = &'a T>, there: impl Fn(&T) -> bool) -> Vec<String> {
    all.filter(|one| !there(one)).map(ToString::to_string).collect()
}

fn drain(draining: &mut JoinSet<()>, instance: Arc<RunningInstance>) {
    let limit = DRAIN_LIMIT + Duration::from_millis(instance.limits().timeout_ms);
    draining.spawn(async move {
        let key = instance.key().clone();
        if Host::drain(instance, limit).await {
            tracing::info!(instance = %key, "an instance of the configuration before has closed");
        } else {
            tracing::warn!(instance = %key, "an instance of the configuration before was closed with calls under way");
        }
    });
}

/// An application's id names one partner for ever; so far as this process knows.
fn renamed(old: &Loaded, new: &Loaded) -> Vec<ConfigFault> {
    let applications = new.config.applications.iter().filter_map(|(id, application)| {
        let before = old.config.applications.get(id).filter(|before| before.family != application.family)?;
        let key = Key::of(&["applications", id.as_str(), "family"]);
        let fault = ConfigFault::new(new.origins.above(&key).to_string(), &key, "names another partner than before");
        let expected = format!("{:?}, or an application with an id of its own", before.family.as_str());
        Some(fault.found(application.family.to_string()).expected(expected))
    });
    applications.collect()
}

fn disagreement(old: &Loaded, new: &Loaded, fault: Disagreement) -> Refused {
    let text = fault.to_string();
    let place = |loaded: &Loaded, id: &str| {
        let channels = loaded.config.channels().map(|(merchant, id, _)| (merchant, "channels", id));
        let suppliers = loaded.config.suppliers().map(|(merchant, id, _)| (merchant, "suppliers", id));
        let found = channels.chain(suppliers).find(|(_, _, known)| known.as_str() == id);
        found.map(|(merchant, kind, id)| Key::of(&["merchants", merchant.as_str(), kind, id.as_str()]))
    };
    match fault {
        Disagreement::Renamed { connection, .. } => {
            let place = place(new, connection.as_str()).unwrap_or_default();
            faulty(new, &changed_below(old, new, &place), &text)
        }
        // The new configuration says nothing of it; the old one knows which file did.
        Disagreement::Needed { connection, .. } => {
            faulty(old, &place(old, connection.as_str()).unwrap_or_default(), &text)
        }
        Disagreement::Unknown(text) => Refused::Busy(text),
    }
}

/// What a reload loaded before the new configuration is in force.
#[derive(Default)]
struct FreshPlugins {
    /// They were not there before.
    loaded: Vec<PluginId>,
    /// Processes that others took the place of.
    replaced: Vec<(PluginId, ReplacedProcess)>,
}

impl FreshPlugins {
    /// Loads what is not loaded yet, and starts processes whose command changed, or which were left alone. What else is
    /// loaded stays what it is: no library is ever unloaded, and a built-in is not replaced while it runs.
    async fn load(host: &Host, old: &Loaded, new: &Loaded) -> Result<Self, Refused> {
        let mut fresh = Self::default();
        let named: BTreeSet<&PluginId> = old.config.plugins.keys().chain(new.config.plugins.keys()).collect();
        for id in named {
            if let Err(refused) = fresh.load_one(host, old, new, id).await {
                fresh.undo(host);
                return Err(refused);
            }
        }
        Ok(fresh)
    }

    async fn load_one(&mut self, host: &Host, old: &Loaded, new: &Loaded, id: &PluginId) -> Result<(), Refused> {
        let declared = |config: &Config| config.plugins.get(id).and_then(|plugin| plugin.declaration(id));
        let (before, after) = (declared(&old.config), declared(&new.config));
        let place = match (&before, &after) {
            (_, Some(Declaration::Process(_))) | (Some(Declaration::Process(_)), None) => "command",
            _ => "library",
        };
        let key = Key::of(&["plugins", id.as_str(), place]);
        if host.manifest(id).is_some() {
            let processes = matches!((&before, &after), (Some(Declaration::Process(_)), Some(Declaration::Process(_))));
            let changed = before != after && (new.config.plugins.contains_key(id) || uses(&new.config, id));
            if changed && !processes {
                let text = format!("plugin {id} is loaded and cannot be had from elsewhere without a restart");
                return Err(faulty(new, &key, &text));
            }
            if !changed && !host.process_has_failed(id) {
                return Ok(());
            }
        }
        let Some(declaration) = after else { return Ok(()) };
        let tried = match &declaration {
            Declaration::Library(library) => host.try_library(library).map(|_| None),
            Declaration::Process(process) => {
                host.try_process(process, ProcessRules::default()).await.map(|(_, replaced)| replaced)
            }
        };
        match tried {
            Ok(Some(replaced)) => self.replaced.push((id.clone(), replaced)),
            Ok(None) => self.loaded.push(id.clone()),
            // It did not load before either, and nothing has to wait for it.
            Err(fault) if !new.config.plugins[id].required && before.as_ref() == Some(&declaration) => {
                tracing::error!(plugin = %id, %fault, "a plugin that is not required was not loaded");
            }
            Err(fault) => return Err(faulty(new, &key, &fault.to_string())),
        }
        Ok(())
    }

    /// The plugins whose instances have to be opened anew.
    fn replaced(&self) -> Vec<PluginId> {
        self.replaced.iter().map(|(plugin, _)| plugin.clone()).collect()
    }

    /// As if it had not been.
    fn undo(self, host: &Host) {
        self.loaded.iter().for_each(|plugin| host.forget_library(plugin));
        self.replaced.into_iter().for_each(|(_, replaced)| host.put_back(replaced));
    }
}

fn uses(config: &Config, plugin: &PluginId) -> bool {
    let channels = config.channels().any(|(_, _, channel)| channel.plugin == *plugin);
    channels || config.suppliers().any(|(_, _, supplier)| supplier.plugin == *plugin)
}

/// Which instances change.
struct Plan {
    /// Opened beside those that run.
    fresh: Vec<Opening>,
    /// As they were opened before.
    before: BTreeMap<InstanceKey, Opening>,
    /// Nothing names them any more.
    gone: Vec<InstanceKey>,
}

impl Plan {
    fn of(host: &Host, old: &Loaded, new: &Loaded, replaced: &[PluginId]) -> Result<Self, Refused> {
        let all = |config: &Config| plugins::openings(host, config).map_err(|text| Refused::Faulty(vec![text]));
        let before = all(&old.config)?.into_iter().map(|opening| (opening.key.clone(), opening));
        let before: BTreeMap<InstanceKey, Opening> = before.collect();
        let after = all(&new.config)?;
        let named: BTreeSet<InstanceKey> = after.iter().map(|opening| opening.key.clone()).collect();
        let changed = |opening: &Opening| {
            let same = before.get(&opening.key).is_some_and(|known| known.same(opening));
            !same || replaced.contains(&opening.key.plugin) || host.instance(&opening.key).is_none()
        };
        let gone = before.keys().filter(|key| !named.contains(key)).cloned().collect();
        Ok(Self { fresh: after.into_iter().filter(changed).collect(), before, gone })
    }

    /// Opens what is new; when one cannot be opened, those that were are closed again.
    async fn open(&self, host: &Host, old: &Loaded, new: &Loaded) -> Result<Vec<Arc<RunningInstance>>, Refused> {
        let mut opened = Vec::new();
        for opening in &self.fresh {
            match host.prepare(&opening.key, opening.request.clone(), opening.options.clone()).await {
                Ok(instance) => opened.push(instance),
                Err(fault) if self.failed_before(host, opening) => {
                    tracing::error!(instance = %opening.key, %fault, "a plugin that is not required was not opened");
                }
                Err(fault) => {
                    self.abandon(host, opened).await;
                    return Err(faulty(new, &changed_below(old, new, &opening.place), &fault.to_string()));
                }
            }
        }
        Ok(opened)
    }

    /// Whether it was not open under the same settings, and need not be: or its plugin is not there, and need not be.
    fn failed_before(&self, host: &Host, opening: &Opening) -> bool {
        let same = self.before.get(&opening.key).is_some_and(|known| known.same(opening));
        !opening.options.required && (same || host.manifest(&opening.key.plugin).is_none())
    }

    /// Closes what was opened for nothing, and gives applications their quotas back.
    async fn abandon(&self, host: &Host, opened: Vec<Arc<RunningInstance>>) {
        let touched: BTreeSet<_> = self.fresh.iter().map(|opening| &opening.key.application).collect();
        for before in self.before.values().filter(|before| touched.contains(&before.key.application)) {
            host.set_quotas(&before.key, &before.options.api_limits);
        }
        for instance in opened {
            Host::drain(instance, Duration::ZERO).await;
        }
    }
}

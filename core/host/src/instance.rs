//! A running instance: its shares, its breakers and its health.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use entrepot_contract::channel::ReadyAnswers;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::{ApplicationId, ConnectionId, PluginId, SceneName};
use entrepot_contract::manifest::Manifest;
use entrepot_contract::message::{CallNature, Request};
use entrepot_contract::plugin::Instance;
use entrepot_contract::time::{Clock, Timestamp};
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::breaker::{Breaker, BreakerRules, BreakerState};
use crate::limits::{CONNECTIONS_LIMIT, InstanceLimits};
use crate::locked;
use crate::manifest::CheckedManifest;
use crate::places::WaitingRoom;
use crate::pulse::{Heart, Threads};
use crate::services::InstanceServices;
use crate::status::State;

/// Reports kept for a plugin or an instance; the oldest go first.
pub const REPORTS_LIMIT: usize = 20;

/// A running plugin's name: for a channel plugin × application, for a supplier plugin × connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct InstanceKey {
    /// The plugin.
    pub plugin: PluginId,
    /// The application (channels), or the connection's own id as one (suppliers without a shared application).
    pub application: ApplicationId,
}

impl InstanceKey {
    /// Puts the two together.
    #[must_use]
    pub const fn new(plugin: PluginId, application: ApplicationId) -> Self {
        Self { plugin, application }
    }
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.plugin, self.application)
    }
}

/// Something that an administrator should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// When.
    pub at: Timestamp,
    /// One sentence.
    pub text: String,
}

/// The latest reports.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reports(VecDeque<Report>);

impl Reports {
    pub(crate) fn push(&mut self, at: Timestamp, text: impl Into<String>) {
        if self.0.len() >= REPORTS_LIMIT {
            self.0.pop_front();
        }
        self.0.push_back(Report { at, text: text.into() });
    }

    pub(crate) fn list(&self) -> Vec<Report> {
        self.0.iter().cloned().collect()
    }
}

/// Which way a call goes. The two have shares and breakers of their own: a partner that cannot be reached must not
/// stop the translation of its own inbound calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Calls that the plugin answers by itself: locate, decode, encode, hear, prepare codes.
    Translate,
    /// Calls that reach the partner.
    Reach,
}

impl Lane {
    /// The way a request goes.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        match request.nature() {
            CallNature::Translates => Self::Translate,
            CallNature::Asks | CallNature::Acts => Self::Reach,
        }
    }
}

/// The share and the breaker of one connection on one lane.
pub(crate) struct Share {
    pub(crate) permits: Semaphore,
    pub(crate) breaker: Mutex<Breaker>,
    /// What opened the breaker last.
    pub(crate) fault: Mutex<Option<String>>,
}

type Shares = BTreeMap<(Lane, Option<ConnectionId>), Arc<Share>>;

/// An open instance. Calls go through [`RunningInstance::call`].
pub struct RunningInstance {
    pub(crate) key: InstanceKey,
    pub(crate) card: Arc<CheckedManifest>,
    pub(crate) label: Arc<str>,
    /// The application, beside `label` in metrics.
    pub(crate) instance_label: Arc<str>,
    pub(crate) instance: Arc<dyn Instance>,
    pub(crate) services: Arc<InstanceServices>,
    pub(crate) limits: InstanceLimits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) opened_at: Timestamp,
    /// None where the plugin runs on the host's own threads.
    pub(crate) heart: Option<Arc<dyn Heart>>,
    /// How its threads were when it was last looked at.
    seen: Mutex<Threads>,
    answers: Vec<ReadyAnswers>,
    rules: BreakerRules,
    required: bool,
    translate: Semaphore,
    reach: Semaphore,
    pub(crate) waiting: WaitingRoom,
    shares: Mutex<Shares>,
    reports: Mutex<Reports>,
    closed: AtomicBool,
}

/// How one connection of an instance does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionHealth {
    /// The connection; none for calls that belong to the application.
    pub connection: Option<ConnectionId>,
    /// Which way.
    pub lane: Lane,
    /// Its breaker.
    pub breaker: BreakerState,
    /// Since when the breaker is not closed.
    pub since: Option<Timestamp>,
    /// The failure that opened it last, while it is not closed.
    pub fault: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    /// Calls under way.
    pub in_flight: usize,
}

/// How an instance does, for an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceStatus {
    /// Which.
    pub key: InstanceKey,
    /// Where in its life.
    pub state: State,
    /// Whether the server is not ready without it.
    pub required: bool,
    /// Whether its own threads run.
    pub threads: Threads,
    /// Since when it is open.
    pub opened_at: Option<Timestamp>,
    /// How its connections do.
    pub connections: Vec<ConnectionHealth>,
    /// What was noticed, oldest first.
    pub reports: Vec<Report>,
}

/// What an opened plugin is run with.
pub(crate) struct Parts {
    pub(crate) key: InstanceKey,
    pub(crate) card: Arc<CheckedManifest>,
    pub(crate) instance: Arc<dyn Instance>,
    pub(crate) services: Arc<InstanceServices>,
    pub(crate) limits: InstanceLimits,
    pub(crate) rules: BreakerRules,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) answers: Vec<ReadyAnswers>,
    pub(crate) heart: Option<Arc<dyn Heart>>,
    pub(crate) required: bool,
}

impl RunningInstance {
    pub(crate) fn new(parts: Parts) -> Self {
        let in_flight = parts.limits.in_flight.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            label: Arc::from(parts.key.plugin.as_str()),
            instance_label: Arc::from(parts.key.application.as_str()),
            heart: parts.heart,
            seen: Mutex::new(Threads::Run),
            required: parts.required,
            key: parts.key,
            card: parts.card,
            instance: parts.instance,
            services: parts.services,
            limits: parts.limits,
            opened_at: parts.clock.now(),
            clock: parts.clock,
            answers: parts.answers,
            rules: parts.rules,
            translate: Semaphore::new(in_flight),
            reach: Semaphore::new(in_flight),
            waiting: WaitingRoom::default(),
            shares: Mutex::default(),
            reports: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// Its name.
    #[must_use]
    pub const fn key(&self) -> &InstanceKey {
        &self.key
    }

    /// Its plugin's card.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.card.manifest
    }

    /// Its limits.
    #[must_use]
    pub const fn limits(&self) -> InstanceLimits {
        self.limits
    }

    /// Answers that may be given without asking the plugin.
    #[must_use]
    pub fn answers(&self) -> &[ReadyAnswers] {
        &self.answers
    }

    /// The ready answers of one scene; every scene of the manifest has them.
    #[must_use]
    pub fn answers_for(&self, scene: &SceneName) -> Option<&ReadyAnswers> {
        self.answers.iter().find(|answers| answers.scene == *scene)
    }

    /// Whether no more calls are taken.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Takes the secrets of this instance out of a text, for whoever shows inbound bodies or errors.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        self.services.scrub(text)
    }

    /// How it does.
    #[must_use]
    pub fn status(&self) -> InstanceStatus {
        let shares: Vec<_> = locked(&self.shares).iter().map(|(key, share)| (key.clone(), Arc::clone(share))).collect();
        let connections: Vec<ConnectionHealth> = shares
            .into_iter()
            .map(|((lane, connection), share)| {
                let breaker = locked(&share.breaker);
                let (since, failures) = (breaker.since(), breaker.failures());
                let in_flight = self.connection_share().saturating_sub(share.permits.available_permits());
                let fault = since.and_then(|_| locked(&share.fault).clone());
                ConnectionHealth { connection, lane, breaker: breaker.state(), since, fault, failures, in_flight }
            })
            .collect();
        let threads = self.threads();
        let healthy = connections.iter().all(|connection| connection.breaker == BreakerState::Closed)
            && matches!(threads, Threads::Run | Threads::Unwatched);
        let state = match (self.is_closed(), healthy) {
            (true, _) => State::Closed,
            (false, true) => State::Open,
            (false, false) => State::Degraded,
        };
        let reports = locked(&self.reports).list();
        let (key, opened_at) = (self.key.clone(), Some(self.opened_at));
        InstanceStatus { key, state, required: self.required, threads, opened_at, connections, reports }
    }

    /// Whether its threads run, as far as is known by now.
    #[must_use]
    pub fn threads(&self) -> Threads {
        self.heart.as_ref().map_or(Threads::Unwatched, |heart| heart.threads(self.clock.now()))
    }

    /// Sends a heartbeat, unless one is without an answer, and notes what changed since the last look. The host does so
    /// several times a second ([`crate::pulse::BEAT_EVERY_MS`]).
    pub fn look(&self) -> Threads {
        if let Some(heart) = &self.heart {
            heart.beat(self.clock.now());
        }
        let threads = self.threads();
        let before = std::mem::replace(&mut *locked(&self.seen), threads);
        let silent = match (before, threads) {
            (Threads::Silent { .. }, Threads::Silent { .. }) | (Threads::Gone { .. }, Threads::Gone { .. }) => {
                return threads;
            }
            (_, Threads::Silent { .. }) => {
                self.report("its threads do not run: no call gets on until they do");
                true
            }
            (_, Threads::Gone { .. }) => {
                self.report("its process does not run; the plugin's reports say why");
                true
            }
            (Threads::Silent { .. }, _) => {
                self.report("its threads run again");
                false
            }
            (Threads::Gone { .. }, _) => {
                self.report("its process runs again");
                false
            }
            _ => return threads,
        };
        tracing::warn!(instance = %self.key, silent, "the threads of a plugin");
        self.publish();
        threads
    }

    /// Sets the metrics that say how it does.
    pub(crate) fn publish(&self) {
        let troubles = self.status().troubles();
        let silent = troubles.iter().any(|trouble| trouble.is_silence());
        let failing = troubles.len() - usize::from(silent);
        let since_ms = troubles.iter().map(|trouble| trouble.since.millis()).min().unwrap_or(0);
        let gauge = |name: &'static str, value: f64| {
            let (plugin, instance) = (Arc::clone(&self.label), Arc::clone(&self.instance_label));
            metrics::gauge!(name, "plugin" => plugin, "instance" => instance).set(value);
        };
        gauge("entrepot_plugin_threads_silent", f64::from(u8::from(silent)));
        gauge("entrepot_plugin_breakers_open", failing as f64);
        gauge("entrepot_plugin_degraded_since_seconds", since_ms as f64 / 1_000.0);
    }

    pub(crate) fn report(&self, text: impl Into<String>) {
        let text = self.services.scrub(&text.into());
        locked(&self.reports).push(self.clock.now(), text);
    }

    /// Takes no more calls.
    pub(crate) fn shut(&self) {
        self.closed.store(true, Ordering::Release);
        self.publish();
    }

    pub(crate) const fn permits(&self, lane: Lane) -> &Semaphore {
        match lane {
            Lane::Translate => &self.translate,
            Lane::Reach => &self.reach,
        }
    }

    pub(crate) fn share(&self, lane: Lane, connection: Option<&ConnectionId>) -> Arc<Share> {
        let mut shares = locked(&self.shares);
        let key = (lane, connection.cloned());
        let full = shares.len() >= CONNECTIONS_LIMIT && !shares.contains_key(&key);
        let key = if full { (lane, None) } else { key };
        let share = shares.entry(key).or_insert_with(|| {
            let permits = Semaphore::new(self.connection_share());
            Arc::new(Share { permits, breaker: Mutex::new(Breaker::new(self.rules)), fault: Mutex::default() })
        });
        Arc::clone(share)
    }

    fn connection_share(&self) -> usize {
        self.limits.connection_in_flight.min(self.limits.in_flight).clamp(1, Semaphore::MAX_PERMITS)
    }
}

/// The answer to a call on an instance that takes none any more.
pub(crate) fn closed_fault(key: &InstanceKey) -> Fault {
    Fault::not_done(FaultKind::Unavailable, format!("{key} is closed"))
}

//! Keeps one process of a plugin running: starts the next one when it has ended, and opens the plugin's instances in it.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::manifest::Manifest;
use entrepot_contract::time::{Clock, Timestamp};
use tokio::sync::watch;

use super::ChildInstance;
use super::launch::ProcessDeclaration;
use super::process::{self, Process};
use super::restart::{ProcessRules, Restarts};
use super::said::StandardError;
use crate::instance::{Report, Reports};
use crate::locked;
use crate::manifest;

/// What everybody who uses the process holds. When nobody does any more, it is stopped.
pub(super) struct Handle {
    pub(super) supervisor: Arc<Supervisor>,
}

impl Handle {
    /// Stops the process and waits for its end.
    pub(super) async fn stop(&self) {
        self.supervisor.stop.send_replace(true);
        let mut stopped = self.supervisor.stopped.subscribe();
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.supervisor.stop.send_replace(true);
    }
}

/// Looks after the processes of one plugin, one after another.
pub(super) struct Supervisor {
    declaration: ProcessDeclaration,
    rules: ProcessRules,
    clock: Arc<dyn Clock>,
    /// The card of the first process: those after it have to show the same.
    pub(super) manifest: Manifest,
    pub(super) errors: Arc<StandardError>,
    state: Mutex<State>,
    instances: Mutex<Vec<Weak<ChildInstance>>>,
    reports: Mutex<Reports>,
    stop: watch::Sender<bool>,
    stopped: watch::Sender<bool>,
}

enum State {
    Runs(Arc<Process>),
    /// It has ended; the next one is started so long after it, in milliseconds.
    Ended {
        since: Timestamp,
        why: String,
        delay_ms: u64,
    },
    /// It is left alone.
    Failed {
        since: Timestamp,
        why: String,
    },
}

impl Supervisor {
    pub(super) fn new(
        declaration: ProcessDeclaration,
        rules: ProcessRules,
        clock: Arc<dyn Clock>,
        manifest: Manifest,
        errors: Arc<StandardError>,
        process: &Arc<Process>,
    ) -> Arc<Self> {
        Arc::new(Self {
            declaration,
            rules,
            clock,
            manifest,
            errors,
            state: Mutex::new(State::Runs(Arc::clone(process))),
            instances: Mutex::default(),
            reports: Mutex::default(),
            stop: watch::Sender::new(false),
            stopped: watch::Sender::new(false),
        })
    }

    /// Looks after the process, and after those that follow it, until the handle is dropped.
    pub(super) fn look_after(self: Arc<Self>, process: Arc<Process>) -> Arc<Handle> {
        let own = Arc::clone(&self);
        tokio::spawn(async move {
            own.run(process).await;
            own.stopped.send_replace(true);
        });
        Arc::new(Handle { supervisor: self })
    }

    /// The process that runs, or why none does.
    pub(super) fn process(&self) -> Result<Arc<Process>, Fault> {
        match &*locked(&self.state) {
            State::Runs(process) => Ok(Arc::clone(process)),
            State::Ended { why, .. } => Err(Fault::not_done(FaultKind::Busy, format!("its process {why}"))),
            State::Failed { why, .. } => Err(Fault::not_done(FaultKind::Unavailable, format!("its process {why}"))),
        }
    }

    /// The answer to a call that finds no process: it may be repeated where another one follows.
    pub(super) fn refusal(&self, why: &str) -> Fault {
        match &*locked(&self.state) {
            State::Failed { .. } => Fault::not_done(FaultKind::Unavailable, why),
            State::Ended { delay_ms, .. } => {
                Fault { retry_after_ms: Some(*delay_ms), ..Fault::not_done(FaultKind::Busy, why) }
            }
            State::Runs(_) => Fault::not_done(FaultKind::Busy, why),
        }
    }

    /// Since when no process runs, and whether it stays so; none while one runs.
    pub(super) fn threads(&self) -> Option<(Timestamp, bool)> {
        match &*locked(&self.state) {
            State::Runs(_) => None,
            State::Ended { since, .. } => Some((*since, false)),
            State::Failed { since, .. } => Some((*since, true)),
        }
    }

    pub(super) fn reports(&self) -> Vec<Report> {
        locked(&self.reports).list()
    }

    /// Something that an administrator should know, without secrets.
    pub(super) fn note(&self, text: &str) {
        tracing::warn!(plugin = self.declaration.plugin.as_str(), "{text}");
        locked(&self.reports).push(self.clock.now(), text);
    }

    /// Opens an instance in the processes to come, too.
    pub(super) fn keep(&self, instance: &Arc<ChildInstance>) {
        let mut instances = locked(&self.instances);
        instances.retain(|known| known.strong_count() > 0);
        instances.push(Arc::downgrade(instance));
    }

    async fn run(&self, mut process: Arc<Process>) {
        let mut restarts = Restarts::new(self.rules, self.clock.now());
        loop {
            let why = tokio::select! {
                biased;
                () = self.asked_to_stop() => return process.stop().await,
                why = process.ended() => why,
            };
            match self.next(&mut restarts, why).await {
                Some(next) => process = next,
                None => return,
            }
        }
    }

    async fn asked_to_stop(&self) {
        let mut stop = self.stop.subscribe();
        let _ = stop.wait_for(|stop| *stop).await;
    }

    /// The next process, once one runs. None: nobody wants one any more.
    async fn next(&self, restarts: &mut Restarts, mut why: String) -> Option<Arc<Process>> {
        loop {
            let Some(delay_ms) = restarts.ended(self.clock.now()) else {
                let (times, minutes) = (self.rules.restarts, self.rules.window_ms / 60_000);
                self.fail(format!("{why}, after {times} restarts within {minutes} minutes; mend it, then reload"));
                self.asked_to_stop().await;
                return None;
            };
            self.lose(why, delay_ms);
            tokio::select! {
                biased;
                () = self.asked_to_stop() => return None,
                () = tokio::time::sleep(Duration::from_millis(delay_ms)) => {}
            }
            let started = tokio::select! {
                biased;
                // What it has started is ended with it.
                () = self.asked_to_stop() => return None,
                started = process::start(&self.declaration, self.rules, &self.errors) => started,
            };
            why = match started {
                Err(text) => text,
                Ok((process, bytes)) if manifest::read(&bytes).as_ref() == Ok(&self.manifest) => {
                    restarts.started(self.clock.now());
                    self.resume(&process);
                    return Some(process);
                }
                Ok((process, _)) => {
                    process.stop().await;
                    self.fail("came back with another manifest; reload to take it".to_owned());
                    self.asked_to_stop().await;
                    return None;
                }
            };
        }
    }

    fn lose(&self, why: String, delay_ms: u64) {
        let now = self.clock.now();
        let plugin = self.declaration.plugin.as_str();
        tracing::error!(plugin, delay_ms, "its process {why}; it is started again");
        metrics::counter!("entrepot_plugin_process_ends_total", "plugin" => plugin.to_owned()).increment(1);
        locked(&self.reports).push(now, format!("its process {why}; it is started again in {delay_ms} ms"));
        let since = self.threads().map_or(now, |(since, _)| since);
        self.tell_instances(since, &why);
        *locked(&self.state) = State::Ended { since, why, delay_ms };
    }

    fn fail(&self, why: String) {
        let now = self.clock.now();
        tracing::error!(plugin = self.declaration.plugin.as_str(), "its process {why}");
        locked(&self.reports).push(now, format!("its process {why}"));
        let since = self.threads().map_or(now, |(since, _)| since);
        self.tell_instances(since, &why);
        *locked(&self.state) = State::Failed { since, why };
    }

    fn tell_instances(&self, since: Timestamp, why: &str) {
        self.known_instances().iter().for_each(|instance| instance.lose(since, why));
    }

    fn known_instances(&self) -> Vec<Arc<ChildInstance>> {
        locked(&self.instances).iter().filter_map(Weak::upgrade).collect()
    }

    /// Another process runs: the instances are opened in it, each by itself.
    fn resume(&self, process: &Arc<Process>) {
        self.note("its process runs again");
        *locked(&self.state) = State::Runs(Arc::clone(process));
        for instance in self.known_instances() {
            let (process, plugin, rules) = (Arc::clone(process), self.declaration.plugin.to_string(), self.rules);
            let instance = Arc::downgrade(&instance);
            tokio::spawn(async move {
                tokio::select! {
                    biased;
                    _ = process.ended() => {}
                    () = reopen(&instance, &process, &plugin, rules) => {}
                }
            });
        }
    }
}

/// Opens an instance in a process, again and again until it is open, closed, or nobody's.
async fn reopen(instance: &Weak<ChildInstance>, process: &Arc<Process>, plugin: &str, rules: ProcessRules) {
    let mut delay_ms = rules.first_delay_ms;
    while let Some(instance) = instance.upgrade() {
        let opening = instance.reopen(process, plugin);
        let text = match tokio::time::timeout(Duration::from_millis(rules.open_ms), opening).await {
            Ok(Ok(())) => return,
            Ok(Err(fault)) => fault.to_string(),
            Err(_) => format!("no answer within {} ms", rules.open_ms),
        };
        instance.stays_away(&text);
        drop(instance);
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        delay_ms = delay_ms.saturating_mul(2).min(rules.longest_delay_ms);
    }
}

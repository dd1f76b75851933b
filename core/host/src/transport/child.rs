//! A plugin in a process of its own, written in any language. It speaks the messages of the C table in frames over its
//! standard input and output; it has no sockets, tables and clock of the host's, as a library has none.
//!
//! - `frame`: four bytes of length, then JSON: an envelope around a message.
//! - `launch`: command, folder and environment.
//! - `said`: its standard error as log lines.
//! - `process`: one process, from its start to its end.
//! - `restart`: when one that ended is started again.
//! - `supervisor`: keeps one process running, and the plugin's instances open in it.

mod frame;
mod launch;
mod process;
mod restart;
mod said;
mod supervisor;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use entrepot_contract::abi::OpenMessage;
use entrepot_contract::declared;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::{InvalidId, PluginId};
use entrepot_contract::manifest::Manifest;
use entrepot_contract::message::{CallContext, OpenRequest, Opened, Request, Response};
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::services::Services;
use entrepot_contract::time::{Clock, Timestamp};

pub use launch::ProcessDeclaration;
use process::Process;
pub use restart::ProcessRules;
pub(crate) use said::Scrub;
use supervisor::{Handle, Supervisor};

use super::remote::{self, RemoteInstance};
use crate::fault::HostFault;
use crate::instance::Report;
use crate::locked;
use crate::manifest;
use crate::pulse::{Heart, Threads};

/// A plugin in a process. Its process ends when neither it nor an instance of it is held any more.
pub struct ChildPlugin {
    manifest: Manifest,
    handle: Arc<Handle>,
}

/// Starts a plugin's process and reads its manifest. Errors are one sentence that a person can act on.
pub async fn start(
    declaration: ProcessDeclaration,
    rules: ProcessRules,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<ChildPlugin>, HostFault> {
    let expected = declaration.plugin.clone();
    begin(declaration, Some(&expected), rules, clock).await
}

/// A process whose plugin says by itself which one it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnnamedProcess {
    /// As in [`ProcessDeclaration`].
    pub program: String,
    /// As in [`ProcessDeclaration`].
    pub arguments: Vec<String>,
    /// As in [`ProcessDeclaration`].
    pub folder: PathBuf,
    /// As in [`ProcessDeclaration`].
    pub environment: Vec<String>,
}

/// The same of a program that nobody configured: its manifest says which plugin it holds. With the declaration that it
/// could have stood in a configuration with.
pub async fn start_unnamed(
    process: UnnamedProcess,
    expected: Option<&PluginId>,
    rules: ProcessRules,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<ChildPlugin>, ProcessDeclaration), HostFault> {
    let UnnamedProcess { program, arguments, folder, environment } = process;
    let unfit = |fault: InvalidId| HostFault::Process(fault.to_string());
    let plugin = expected.map_or_else(|| PluginId::parse("unnamed").map_err(unfit), |id| Ok(id.clone()))?;
    let declaration = ProcessDeclaration { plugin, program, arguments, folder, environment };
    let started = begin(declaration.clone(), expected, rules, clock).await?;
    let plugin = started.manifest.id.clone();
    Ok((started, ProcessDeclaration { plugin, ..declaration }))
}

async fn begin(
    declaration: ProcessDeclaration,
    expected: Option<&PluginId>,
    rules: ProcessRules,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<ChildPlugin>, HostFault> {
    let command = declaration.shown();
    let shown = match expected {
        Some(id) => format!("plugin {id}: its process `{command}`"),
        None => format!("the process `{command}`"),
    };
    let refuse = |text: String| HostFault::Process(format!("{shown} {text}"));
    let errors = Arc::new(said::StandardError::new(Arc::from(declaration.plugin.as_str()), Arc::clone(clock)));
    let (process, bytes) = process::start(&declaration, rules, &errors).await.map_err(refuse)?;
    let manifest = match manifest::read(&bytes) {
        Ok(manifest) if expected.is_none_or(|id| *id == manifest.id) => Ok(manifest),
        Ok(manifest) => Err(format!("holds the plugin {}; correct one of the two", manifest.id)),
        Err(text) => Err(text),
    };
    let manifest = match manifest {
        Ok(manifest) => manifest,
        Err(text) => {
            process.stop().await;
            return Err(refuse(text));
        }
    };
    let declaration = ProcessDeclaration { plugin: manifest.id.clone(), ..declaration };
    let supervisor = Supervisor::new(declaration, rules, Arc::clone(clock), manifest.clone(), errors, &process);
    Ok(Arc::new(ChildPlugin { manifest, handle: supervisor.look_after(process) }))
}

impl ChildPlugin {
    /// Whether its process is left alone for good, after too many ends.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        matches!(self.handle.supervisor.threads(), Some((_, true)))
    }

    /// Whether its process runs.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.handle.supervisor.threads().is_none()
    }

    /// What was noticed of its process, oldest first.
    #[must_use]
    pub fn reports(&self) -> Vec<Report> {
        self.handle.supervisor.reports()
    }

    /// Stops its process and waits for its end. Instances that are still open in it are closed with it.
    pub async fn stop(&self) {
        self.handle.stop().await;
    }

    /// Opens an instance. `scrub` takes its secrets out of what the process says on its standard error.
    pub(crate) async fn open_child(
        &self,
        request: OpenRequest,
        services: Arc<dyn Services>,
        scrub: Scrub,
    ) -> Result<(Arc<ChildInstance>, Opened), Fault> {
        let supervisor = &self.handle.supervisor;
        let message = OpenMessage { request, workers: None };
        let process = supervisor.process()?;
        supervisor.errors.scrub_with(&scrub);
        let (remote, opened) =
            remote::open(Arc::clone(&process) as _, self.manifest.id.as_str(), &message, Arc::clone(&services)).await?;
        let instance = Arc::new(ChildInstance {
            handle: Arc::clone(&self.handle),
            message,
            services,
            scrub,
            seat: Mutex::new(Seated::Open { process: Arc::clone(&process), remote }),
        });
        supervisor.keep(&instance);
        // One that ended meanwhile was looked after before the instance was known.
        match process.why() {
            Some(why) => Err(Fault::not_done(FaultKind::Crashed, format!("its process {why}"))),
            None => Ok((instance, opened)),
        }
    }
}

#[async_trait]
impl Plugin for ChildPlugin {
    fn manifest(&self) -> Manifest {
        self.manifest.clone()
    }

    async fn open(
        &self,
        request: OpenRequest,
        services: Arc<dyn Services>,
    ) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let (instance, opened) = self.open_child(request, services, Arc::new(str::to_owned)).await?;
        Ok((instance, opened))
    }
}

/// An instance in a process; in the next one, when that has ended.
pub(crate) struct ChildInstance {
    handle: Arc<Handle>,
    message: OpenMessage,
    /// Services of the opening, which is repeated in each process.
    services: Arc<dyn Services>,
    /// Held, so that the process's standard error is scrubbed with it, too.
    scrub: Scrub,
    seat: Mutex<Seated>,
}

/// Where an instance is.
#[derive(Clone)]
enum Seated {
    Open {
        process: Arc<Process>,
        remote: Arc<RemoteInstance>,
    },
    /// Not open, since then and because of this.
    Away {
        since: Timestamp,
        why: String,
    },
    Closed,
}

impl ChildInstance {
    /// Its process has ended.
    fn lose(&self, since: Timestamp, why: &str) {
        let mut seat = locked(&self.seat);
        if !matches!(*seat, Seated::Closed) {
            *seat = Seated::Away { since, why: format!("its process {why}") };
        }
    }

    /// Opens it in the next process, unless it was closed meanwhile.
    async fn reopen(&self, process: &Arc<Process>, plugin: &str) -> Result<(), Fault> {
        if matches!(*locked(&self.seat), Seated::Closed) {
            return Ok(());
        }
        let opening = remote::open(Arc::clone(process) as _, plugin, &self.message, Arc::clone(&self.services));
        let (remote, _) = opening.await?;
        let mut seat = locked(&self.seat);
        // Asked under the lock: whoever tells of an end that comes later finds the instance open.
        if let Some(why) = process.why() {
            return Err(Fault::not_done(FaultKind::Crashed, format!("its process {why}")));
        }
        if matches!(*seat, Seated::Away { .. }) {
            *seat = Seated::Open { process: Arc::clone(process), remote };
        }
        Ok(())
    }

    /// It did not open in the process that runs.
    fn stays_away(&self, text: &str) {
        let text = format!("did not open again in its new process: {}", (self.scrub)(text));
        self.handle.supervisor.note(&format!("the instance {} {text}", self.message.request.application));
        if let Seated::Away { why, .. } = &mut *locked(&self.seat) {
            *why = format!("it {text}");
        }
    }
}

#[async_trait]
impl Instance for ChildInstance {
    async fn call(
        &self,
        context: CallContext,
        request: Request,
        services: Arc<dyn Services>,
    ) -> Result<Response, Fault> {
        // What the SDK does for a library: an author in another language need not repeat the card's rules.
        if let Some(what) = declared::missing(&self.handle.supervisor.manifest, &request) {
            return Err(Fault::not_done(FaultKind::Unsupported, format!("this plugin does not declare {what}")));
        }
        let seat = locked(&self.seat).clone();
        let (process, remote) = match seat {
            Seated::Open { process, remote } => (process, remote),
            Seated::Away { why, .. } => return Err(self.handle.supervisor.refusal(&why)),
            Seated::Closed => return Err(Fault::not_done(FaultKind::Unavailable, "the plugin's instance is closed")),
        };
        let answer = remote.call(context, request, services).await;
        match (answer, process.why()) {
            (Err(fault), Some(why)) if fault.kind == FaultKind::Crashed => {
                Err(Fault { text: format!("{}: its process {why}", fault.text), ..fault })
            }
            // Nobody took it.
            (Err(fault), Some(why)) if fault.kind == FaultKind::Unavailable => {
                Err(self.handle.supervisor.refusal(&format!("its process {why}")))
            }
            (answer, _) => answer,
        }
    }

    async fn close(&self) {
        let before = std::mem::replace(&mut *locked(&self.seat), Seated::Closed);
        if let Seated::Open { remote, .. } = before {
            remote.close().await;
        }
    }
}

impl Heart for ChildInstance {
    fn beat(&self, now: Timestamp) {
        if let Seated::Open { remote, .. } = locked(&self.seat).clone() {
            remote.beat(now);
        }
    }

    fn threads(&self, now: Timestamp) -> Threads {
        match &*locked(&self.seat) {
            Seated::Open { remote, .. } => remote.threads(now),
            Seated::Away { since, .. } => Threads::Gone { since: *since },
            Seated::Closed => Threads::Unwatched,
        }
    }
}

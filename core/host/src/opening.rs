//! Opens one instance: settings checked, services made, the plugin asked, its ready answers checked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use entrepot_contract::fault::Fault;
use entrepot_contract::ids::TraceId;
use entrepot_contract::manifest::Manifest;
use entrepot_contract::message::{OpenRequest, Opened};
use entrepot_contract::plugin::{Instance, Plugin};
use tokio::sync::Semaphore;

use crate::fault::HostFault;
use crate::instance::{InstanceKey, Parts, RunningInstance};
use crate::limits::{CLOSE_TIMEOUT_MS, HTTP_IN_FLIGHT, LOG_LINES_PER_SECOND, OPEN_TIMEOUT_MS, RateLimits, TokenBucket};
use crate::manifest::CheckedManifest;
use crate::masking::scrub;
use crate::pulse::{self, Heart};
use crate::registry::{HostParts, OpenOptions};
use crate::secret::SecretText;
use crate::services::{HostServices, InstanceServices, ServiceScope};
use crate::transport::child::{ChildPlugin, Scrub};
use crate::transport::direct::{self, Ended};
use crate::transport::library::LibraryPlugin;

/// A plugin with its checked card.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) plugin: Reached,
    pub(crate) card: Arc<CheckedManifest>,
}

/// A plugin, by the way in which it is reached.
#[derive(Clone)]
pub(crate) enum Reached {
    /// In this program.
    Here(Arc<dyn Plugin>),
    /// Through a library's table.
    Library(Arc<LibraryPlugin>),
    /// In a process of its own.
    Process(Arc<ChildPlugin>),
}

impl Reached {
    /// Opens an instance. What has threads of its own has a heart, too.
    async fn open(
        self,
        request: OpenRequest,
        services: HostServices,
        workers: Option<usize>,
        scrub: Scrub,
    ) -> Result<(Arc<dyn Instance>, Opened, Option<Arc<dyn Heart>>), Fault> {
        let services = Arc::new(services);
        match self {
            Self::Here(plugin) => {
                plugin.open(request, services).await.map(|(instance, opened)| (instance, opened, None))
            }
            Self::Library(library) => {
                let (instance, opened) = library.open_remote(request, services, workers).await?;
                Ok((Arc::clone(&instance) as _, opened, Some(instance)))
            }
            Self::Process(child) => {
                let (instance, opened) = child.open_child(request, services, scrub).await?;
                Ok((Arc::clone(&instance) as _, opened, Some(instance)))
            }
        }
    }
}

/// Opens an instance of a loaded plugin.
pub(crate) async fn open(
    parts: &HostParts,
    rate_limits: &Arc<RateLimits>,
    key: &InstanceKey,
    loaded: Loaded,
    request: OpenRequest,
    options: OpenOptions,
) -> Result<Arc<RunningInstance>, HostFault> {
    let Loaded { plugin, card } = loaded;
    card.instance(&request.settings, &key.to_string())?;
    let fault = |text: String| HostFault::Open { instance: key.clone(), text: scrub_all(&text, &options.secrets) };
    if request.application != key.application {
        return Err(fault(format!("it is asked to open for the application {}", request.application)));
    }
    rate_limits.set(key, &options.api_limits, &card.manifest.rates, parts.clock.now());
    let services = Arc::new(instance_services(parts, rate_limits, key, &card.manifest, &options));
    let trace = TraceId::parse("opening").map_err(|error| fault(error.to_string()))?;
    let scope = ServiceScope { trace, connection: None, order: None, deadline: None };
    let own = HostServices::new(Arc::clone(&services), scope);
    let wait = Duration::from_millis(options.limits.timeout_ms.max(OPEN_TIMEOUT_MS));
    let workers = options.workers;
    let shown = Arc::clone(&services);
    let scrub: Scrub = Arc::new(move |text: &str| shown.scrub(text));
    let future = direct::contained(plugin.open(request, own, workers, scrub));
    let (instance, opened, heart) = match direct::within(wait, future).await {
        Ended::Answered(Ok(opened)) => opened,
        Ended::Answered(Err(error)) => return Err(fault(error.to_string())),
        Ended::Panicked(text) => return Err(fault(format!("its code failed: {text}"))),
        Ended::TimedOut => return Err(fault(format!("no answer within {} ms", wait.as_millis()))),
    };
    if let Err(text) = complete(&card.manifest, &opened) {
        close(instance).await;
        return Err(fault(text));
    }
    let running = Arc::new(RunningInstance::new(Parts {
        key: key.clone(),
        card,
        instance,
        services,
        limits: options.limits,
        rules: parts.breaker,
        clock: Arc::clone(&parts.clock),
        answers: opened.answers,
        heart,
        required: options.required,
    }));
    running.publish();
    pulse::watch(&running);
    Ok(running)
}

fn instance_services(
    parts: &HostParts,
    rate_limits: &Arc<RateLimits>,
    key: &InstanceKey,
    manifest: &Manifest,
    options: &OpenOptions,
) -> InstanceServices {
    InstanceServices {
        plugin: key.plugin.clone(),
        application: key.application.clone(),
        declared_secrets: manifest.secrets.clone(),
        log_rules: manifest.log.clone(),
        secrets: options.secrets.clone(),
        allow_hosts: options.allow_hosts.clone(),
        clock: Arc::clone(&parts.clock),
        cache: Arc::clone(&parts.cache),
        interface_log: Arc::clone(&parts.interface_log),
        rate_limits: Arc::clone(rate_limits),
        client: parts.client.clone(),
        in_flight: Semaphore::new(HTTP_IN_FLIGHT),
        learnt: Mutex::new(VecDeque::new()),
        api_names: Mutex::new(BTreeSet::new()),
        log_lines: Mutex::new(TokenBucket::new(LOG_LINES_PER_SECOND, 1_000, parts.clock.now())),
    }
}

/// Every scene has its ready answers: without them the host could not answer in the partner's words.
fn complete(manifest: &Manifest, opened: &Opened) -> Result<(), String> {
    if let Some(stray) =
        opened.answers.iter().find(|ready| manifest.scenes.iter().all(|scene| scene.name != ready.scene))
    {
        return Err(format!("it has answers for the scene {}, which its manifest does not name", stray.scene));
    }
    let missing = manifest.scenes.iter().find(|scene| opened.answers.iter().all(|ready| ready.scene != scene.name));
    match missing {
        Some(scene) => Err(format!("it has no ready answers for its scene {}", scene.name)),
        None => Ok(()),
    }
}

/// Closes a plugin's instance; whether it did so in time and without failing.
pub(crate) async fn close(instance: Arc<dyn Instance>) -> bool {
    let future = direct::contained(async move { instance.close().await });
    let wait = Duration::from_millis(CLOSE_TIMEOUT_MS + 500);
    matches!(direct::within(wait, future).await, Ended::Answered(()))
}

fn scrub_all(text: &str, secrets: &BTreeMap<String, SecretText>) -> String {
    scrub(text, &secrets.values().cloned().collect::<Vec<_>>())
}

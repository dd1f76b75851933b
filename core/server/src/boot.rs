//! From a configuration to a running engine, in order: database, plugins, directory, engine.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use entrepot_contract::ids::{MerchantId, NodeId};
use entrepot_contract::plugin::Plugin;
use entrepot_contract::time::{Clock, SystemClock};
use entrepot_domain::catalogue::Distributor;
use entrepot_domain::command::CatalogueEntry;
use entrepot_engine::alerting::Teller;
use entrepot_engine::flows::administer::Asked;
use entrepot_engine::interface_log::{InterfaceQueue, OutboundLog};
use entrepot_engine::seed::{RandomSeeds, Seeds};
use entrepot_engine::{Engine, EngineSettings, Parts, Ticks};
use entrepot_host::breaker::BreakerRules;
use entrepot_host::{Host, HostParts, HttpClient};
use entrepot_store::{GuestKeys, Options, SqlStorage, StoredCache};
use tokio::task::JoinSet;

use crate::alerts::Webhooks;
use crate::config::{Config, Loaded, fingerprint};
use crate::plugins;
use crate::registry;
use crate::routing::checked_directory;

/// Everything that runs.
#[derive(Clone)]
pub struct App {
    /// The configuration it runs with; see [`App::running`].
    pub(crate) configuration: Arc<RwLock<Arc<Loaded>>>,
    /// Whose each connection is, for the log of calls that go out.
    pub(crate) owners: Owners,
    /// One reload at a time; with what still drains after those before.
    pub(crate) draining: Arc<tokio::sync::Mutex<JoinSet<()>>>,
    /// The engine.
    pub engine: Engine,
    /// The database, for the admin's lists.
    pub storage: SqlStorage,
    /// Ids and randomness.
    pub seeds: Arc<dyn Seeds>,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    interface_log: Arc<InterfaceQueue>,
    interface_task: Arc<tokio::sync::Mutex<Option<tokio::task::JoinHandle<()>>>>,
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Bring the schema up to date.
    Migrate,
    /// Refuse a schema that is not up to date.
    Expect,
}

/// Connects to the database that the configuration names.
pub async fn connect(config: &Config) -> Result<SqlStorage, String> {
    let keys = guest_keys(config)?;
    let options = Options {
        url: config.database.url.expose().to_owned(),
        lanes: usize::try_from(config.database.lanes).unwrap_or(1),
        readers: config.database.readers,
        connect_timeout_ms: config.database.connect_timeout_ms,
        keys,
    };
    let named = config.database.url.redacted();
    SqlStorage::connect(options).await.map_err(|fault| format!("database.url {named}: {fault}"))
}

/// The keys for guests' data. Changing the schema needs none; then a throw-away key stands in.
fn guest_keys(config: &Config) -> Result<GuestKeys, String> {
    let security = &config.security;
    let current = security.guest_key.as_ref().map_or([0; 32], |key| *key.expose());
    let mut keys =
        GuestKeys::new(&security.guest_key_id, current).map_err(|fault| format!("security.guest_key_id: {fault}"))?;
    for (id, key) in &security.previous_guest_keys {
        keys.add(id, *key.expose()).map_err(|fault| format!("security.previous_guest_keys: {fault}"))?;
    }
    Ok(keys)
}

/// Starts everything but the HTTP server.
pub async fn start(loaded: Loaded, schema: Schema) -> Result<App, String> {
    start_with(loaded, schema, Vec::new()).await
}

/// The same with plugins of this program beside the built-ins.
pub async fn start_with(loaded: Loaded, schema: Schema, more: Vec<Arc<dyn Plugin>>) -> Result<App, String> {
    start_in(loaded, schema, Surroundings { plugins: more, ..Surroundings::machine() }).await
}

/// What the application takes from whoever starts it.
pub struct Surroundings {
    /// Plugins of the starting program, beside the built-ins.
    pub plugins: Vec<Arc<dyn Plugin>>,
    /// Business time. Leases and the waits between a job's tries go by the database's time all the same.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub seeds: Arc<dyn Seeds>,
    /// Whether deadlines and rounds are looked at again and again, or when [`Engine::tick`] is called.
    pub ticks: Ticks,
}

impl Surroundings {
    /// This machine's time and chance, and nothing beside the built-ins.
    #[must_use]
    pub fn machine() -> Self {
        Self { plugins: Vec::new(), clock: Arc::new(SystemClock), seeds: Arc::new(RandomSeeds), ticks: Ticks::ByItself }
    }
}

/// The same in surroundings that the caller chooses: a test that moves the clock itself runs the whole application in
/// its own process, without a socket.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use entrepot_contract::time::{HandClock, Timestamp};
/// # use entrepot_engine::{Ticks, seed::CountedSeeds};
/// # use entrepot_server::{boot, http, config::Loaded};
/// # async fn example(loaded: Loaded) -> Result<(), String> {
/// let clock = Arc::new(HandClock::at(Timestamp::from_millis(1_790_000_000_000)));
/// let surroundings = boot::Surroundings {
///     clock: clock.clone(),
///     seeds: Arc::new(CountedSeeds::new(1)),
///     ticks: Ticks::ByHand,
///     ..boot::Surroundings::machine()
/// };
/// let app = boot::start_in(loaded, boot::Schema::Migrate, surroundings).await?;
/// let router = http::router(http::Shared::beside(app.clone(), "made-up local token")?);
/// // … requests through `tower::ServiceExt::oneshot(router.clone(), request)` …
/// clock.pass(600_000);
/// app.engine.tick().await;
/// # app.stop().await;
/// # Ok(())
/// # }
/// ```
pub async fn start_in(loaded: Loaded, schema: Schema, surroundings: Surroundings) -> Result<App, String> {
    let Surroundings { plugins: more, clock, seeds, ticks } = surroundings;
    let config = &loaded.config;
    if config.security.guest_key.is_none() {
        return Err("security.guest_key is missing; make one with: openssl rand -base64 32".to_owned());
    }
    let storage = connect(config).await?;
    let pending = storage.pending().await.map_err(|fault| fault.to_string())?;
    match schema {
        Schema::Migrate => {
            storage.migrate().await.map_err(|fault| fault.to_string())?;
        }
        Schema::Expect if pending > 0 => {
            let named = config.database.url.redacted();
            return Err(format!("the schema of {named} lacks {pending} changes; run: entrepot migrate --config …"));
        }
        Schema::Expect => {}
    }
    let shared = storage.shared();
    let kept = &config.interface_log;
    let (interface_log, interface_task) =
        InterfaceQueue::start_keeping(shared.clone(), kept.queue_limit, kept.body_limit_bytes);
    let owners = Owners::default();
    owners.replace(config);
    let log = OutboundLog::new(interface_log.clone(), {
        let owners = owners.clone();
        move |connection| owners.of(connection)
    });
    let plugins_here = plugins::built_ins(config).into_iter().chain(more).collect();
    let host = host(plugins_here, &storage, clock.clone(), log)?;
    plugins::load_all(&host, config).await?;
    let directory = checked_directory(&loaded, &host).map_err(|faults| faults.to_string())?;
    registry::check(&storage, &directory, clock.now()).await.map_err(|refused| refused.to_string())?;
    plugins::open_all(&host, config).await?;
    registry::register(&storage, &directory).await.map_err(|refused| refused.to_string())?;
    let teller = Webhooks::of(&config.alerts, clock.clone())?.map(|webhooks| webhooks as Arc<dyn Teller>);
    let parts = Parts {
        storage: shared,
        host,
        clock: clock.clone(),
        seeds: seeds.clone(),
        settings: EngineSettings { ticks, ..engine_settings(config, clock.as_ref())? },
        directory,
        interface_log: interface_log.clone(),
        teller,
    };
    let engine = Engine::start(parts).await.map_err(|fault| fault.to_string())?;
    let app = App {
        configuration: Arc::new(RwLock::new(Arc::new(loaded))),
        owners,
        draining: Arc::default(),
        engine,
        storage,
        seeds,
        clock,
        interface_log,
        interface_task: Arc::new(tokio::sync::Mutex::new(Some(interface_task))),
    };
    app.register_distributors(&app.running().config).await?;
    Ok(app)
}

impl App {
    /// The configuration that is in force.
    #[must_use]
    pub fn running(&self) -> Arc<Loaded> {
        self.configuration.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the other nodes from now on what this one runs. Whoever serves does it; a command is no node.
    pub fn announce(&self) {
        self.engine.announce(fingerprint(&self.running()));
    }

    /// Stops: nothing new, what is under way may end, then the log and the connections.
    pub async fn stop(&self) {
        let grace = std::time::Duration::from_millis(self.running().config.http.shutdown_ms);
        self.engine.stop(grace).await;
        // Their calls have ended or been given up by now.
        let drained = async { while self.draining.lock().await.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, drained).await.is_err() {
            tracing::warn!("instances of a configuration before did not close in time");
        }
        self.interface_log.close();
        if let Some(task) = self.interface_task.lock().await.take() {
            let _ = task.await;
        }
        self.storage.close().await;
    }

    /// A distributor that a connection names is registered, with limit 0.
    pub(crate) async fn register_distributors(&self, config: &Config) -> Result<(), String> {
        for (merchant, connection, channel) in config.channels() {
            let Some(id) = &channel.distributor else { continue };
            let rules = self.engine.rules(merchant).await.map_err(|fault| fault.to_string())?;
            if rules.catalogue.distributors.contains_key(id) {
                continue;
            }
            let asked = Asked { by: "configuration".to_owned(), key: format!("distributor-{id}-{connection}") };
            let distributor = Distributor {
                id: id.clone(),
                name: id.to_string(),
                prices: Default::default(),
                warn_below_minor: None,
            };
            let entries = vec![CatalogueEntry::Distributor(distributor)];
            self.engine
                .put_catalogue(&asked, merchant, entries)
                .await
                .map_err(|fault| format!("distributor {id} of {connection}: {fault}"))?;
        }
        Ok(())
    }
}

fn host(
    plugins_here: Vec<Arc<dyn Plugin>>,
    storage: &SqlStorage,
    clock: Arc<dyn Clock>,
    log: OutboundLog,
) -> Result<Host, String> {
    let parts = HostParts {
        clock: clock.clone(),
        cache: Arc::new(plugins::Cache(StoredCache::new(storage.clone(), clock))),
        interface_log: Arc::new(log),
        client: HttpClient::new().map_err(|fault| fault.to_string())?,
        breaker: BreakerRules::default(),
    };
    Host::new(parts, plugins_here).map_err(|fault| fault.to_string())
}

fn engine_settings(config: &Config, clock: &dyn Clock) -> Result<EngineSettings, String> {
    let node = match &config.node.id {
        Some(node) => node.clone(),
        None => {
            let seed = RandomSeeds.next(clock.now());
            NodeId::parse(format!("node-{}", seed.order())).map_err(|fault| fault.to_string())?
        }
    };
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(EngineSettings {
        queue_limit: config.engine.queue_limit,
        batch_limit: config.engine.batch_limit,
        answer_margin_ms: small(config.engine.answer_margin_ms),
        job_workers: config.jobs.workers,
        lease_ms: small(config.jobs.lease_ms),
        poll_ms: config.jobs.poll_ms,
        attempts_limit: config.jobs.attempts_limit,
        backoff_first_ms: config.jobs.backoff_first_ms,
        backoff_limit_ms: config.jobs.backoff_limit_ms,
        interface_keep_ms: i64::from(config.interface_log.retention_hours) * 3_600_000,
        ..EngineSettings::new(node)
    })
}

/// Whose each connection is.
#[derive(Clone, Default)]
pub(crate) struct Owners(Arc<RwLock<BTreeMap<String, MerchantId>>>);

impl Owners {
    /// As this configuration has them.
    pub(crate) fn replace(&self, config: &Config) {
        let channels = config.channels().map(|(merchant, id, _)| (id.to_string(), merchant.clone()));
        let suppliers = config.suppliers().map(|(merchant, id, _)| (id.to_string(), merchant.clone()));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = channels.chain(suppliers).collect();
    }

    fn of(&self, connection: &str) -> Option<MerchantId> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(connection).cloned()
    }
}

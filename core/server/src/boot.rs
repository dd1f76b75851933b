//! From a configuration to a running engine, in order: database, plugins, directory, engine.

use std::sync::Arc;

use entrepot_contract::ids::{ConnectionId, MerchantId, NodeId};
use entrepot_contract::manifest::PluginKind;
use entrepot_contract::message::ConnectionFacts;
use entrepot_contract::time::{Clock, SystemClock};
use entrepot_domain::catalogue::{ChannelRules, ConnectionRules, Distributor, SupplierRules};
use entrepot_domain::command::CatalogueEntry;
use entrepot_engine::alerting::Teller;
use entrepot_engine::directory::{Application, Connection, Directory};
use entrepot_engine::flows::administer::Asked;
use entrepot_engine::interface_log::{InterfaceQueue, OutboundLog};
use entrepot_engine::records::{Record, RegisteredConnection};
use entrepot_engine::seed::{RandomSeeds, Seeds};
use entrepot_engine::{Engine, EngineSettings, Parts};
use entrepot_host::breaker::BreakerRules;
use entrepot_host::{Host, HostParts, HttpClient};
use entrepot_store::{GuestKeys, Options, SqlStorage, StoredCache};
use serde_json::Value;

use crate::alerts::Webhooks;
use crate::config::{AcceptanceMode, AuditMode, Channel, Config, IssueAt, Supplier};
use crate::plugins;

/// Everything that runs.
#[derive(Clone)]
pub struct App {
    /// The configuration it runs with.
    pub config: Arc<Config>,
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
pub async fn start(config: Config, schema: Schema) -> Result<App, String> {
    if config.security.guest_key.is_none() {
        return Err("security.guest_key is missing; make one with: openssl rand -base64 32".to_owned());
    }
    let storage = connect(&config).await?;
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
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let shared = storage.shared();
    let (interface_log, interface_task) = InterfaceQueue::start(shared.clone(), config.interface_log.queue_limit);
    let host = host(&config, &storage, clock.clone(), interface_log.clone())?;
    plugins::load_libraries(&host, &config)?;
    let directory = directory(&config, &host)?;
    plugins::open_all(&host, &config).await?;
    register(&storage, &directory).await?;
    let teller = Webhooks::of(&config.alerts, clock.clone())?.map(|webhooks| webhooks as Arc<dyn Teller>);
    let parts = Parts {
        storage: shared,
        host,
        clock: clock.clone(),
        seeds: Arc::new(RandomSeeds),
        settings: engine_settings(&config, clock.as_ref())?,
        directory,
        interface_log: interface_log.clone(),
        teller,
    };
    let engine = Engine::start(parts).await.map_err(|fault| fault.to_string())?;
    let app = App {
        config: Arc::new(config),
        engine,
        storage,
        seeds: Arc::new(RandomSeeds),
        clock,
        interface_log,
        interface_task: Arc::new(tokio::sync::Mutex::new(Some(interface_task))),
    };
    app.register_distributors().await?;
    Ok(app)
}

impl App {
    /// Stops: nothing new, what is under way may end, then the log and the connections.
    pub async fn stop(&self) {
        self.engine.stop(std::time::Duration::from_millis(self.config.http.shutdown_ms)).await;
        self.interface_log.close();
        if let Some(task) = self.interface_task.lock().await.take() {
            let _ = task.await;
        }
        self.storage.close().await;
    }

    /// A distributor that a connection names is registered, with limit 0.
    async fn register_distributors(&self) -> Result<(), String> {
        for (merchant, connection, channel) in self.config.channels() {
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
    config: &Config,
    storage: &SqlStorage,
    clock: Arc<dyn Clock>,
    log: Arc<InterfaceQueue>,
) -> Result<Host, String> {
    let owners: std::collections::BTreeMap<String, MerchantId> = config
        .channels()
        .map(|(merchant, id, _)| (id.to_string(), merchant.clone()))
        .chain(config.suppliers().map(|(merchant, id, _)| (id.to_string(), merchant.clone())))
        .collect();
    let parts = HostParts {
        clock: clock.clone(),
        cache: Arc::new(plugins::Cache(StoredCache::new(storage.clone(), clock))),
        interface_log: Arc::new(OutboundLog::new(log, move |connection| owners.get(connection).cloned())),
        client: HttpClient::new().map_err(|fault| fault.to_string())?,
        breaker: BreakerRules::default(),
    };
    Host::new(parts, plugins::built_ins(config)).map_err(|fault| fault.to_string())
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
        ..EngineSettings::new(node)
    })
}

/// Applications and connections as configuration has them.
pub fn directory(config: &Config, host: &Host) -> Result<Directory, String> {
    let mut directory = Directory::default();
    for (id, application) in &config.applications {
        let entry = Application { id: id.clone(), family: application.family.clone(), plugins: Default::default() };
        directory.applications.insert(id.clone(), entry);
    }
    for (id, merchant) in &config.merchants {
        directory.merchants.insert(id.clone(), merchant.name.clone());
    }
    for (merchant, id, channel) in config.channels() {
        let manifest = host
            .manifest(&channel.plugin)
            .filter(|manifest| manifest.kind == PluginKind::Channel)
            .ok_or_else(|| format!("connection {id}: plugin {} is no channel that is loaded", channel.plugin))?;
        host.check_connection_settings(&channel.plugin, &Value::Object(channel.settings.clone()), id.as_str())
            .map_err(|fault| fault.to_string())?;
        directory.connections.insert(id.clone(), channel_connection(config, merchant, id, channel, &manifest));
        if let Some(application) = directory.applications.get_mut(&channel.application) {
            application.plugins.insert(channel.plugin.clone(), manifest);
        }
    }
    for (merchant, id, supplier) in config.suppliers() {
        let manifest = host
            .manifest(&supplier.plugin)
            .filter(|manifest| manifest.kind == PluginKind::Supplier)
            .ok_or_else(|| format!("connection {id}: plugin {} is no supplier that is loaded", supplier.plugin))?;
        directory.connections.insert(id.clone(), supplier_connection(merchant, id, supplier, &manifest)?);
    }
    Ok(directory)
}

fn channel_connection(
    config: &Config,
    merchant: &MerchantId,
    id: &ConnectionId,
    channel: &Channel,
    manifest: &entrepot_contract::manifest::Manifest,
) -> Connection {
    let abilities = manifest.capabilities.channel.clone().unwrap_or_default();
    let rules = ChannelRules {
        application: channel.application.clone(),
        distributor: channel.distributor.clone(),
        price_check: channel.price_check,
        accept_at_once: channel.acceptance == AcceptanceMode::Immediate,
        issue_at_acceptance: channel.issue_at == IssueAt::Acceptance,
        refund_by_rule: channel.audit == AuditMode::Rule,
        redeem_units: abilities.redeem_units,
        tells_redemption: abilities.notices.iter().any(|notice| notice == "redeemed"),
        times: channel.deadlines.times(i64::try_from(config.engine.hold_ms).unwrap_or(i64::MAX)),
        selling: channel.enabled,
    };
    Connection {
        id: id.clone(),
        merchant: merchant.clone(),
        plugin: channel.plugin.clone(),
        application: channel.application.clone(),
        facts: ConnectionFacts {
            id: id.clone(),
            merchant: merchant.clone(),
            account: Some(channel.account_id.clone()),
            shops: channel.shop_ids.clone(),
            settings: Value::Object(channel.settings.clone()),
        },
        rules: ConnectionRules::Channel(rules),
        external: format!("account {} of application {}", channel.account_id, channel.application),
    }
}

fn supplier_connection(
    merchant: &MerchantId,
    id: &ConnectionId,
    supplier: &Supplier,
    manifest: &entrepot_contract::manifest::Manifest,
) -> Result<Connection, String> {
    let abilities = manifest.capabilities.supplier.clone().unwrap_or_default();
    Ok(Connection {
        id: id.clone(),
        merchant: merchant.clone(),
        plugin: supplier.plugin.clone(),
        application: id.as_str().parse().map_err(|fault| format!("{id}: {fault}"))?,
        facts: ConnectionFacts {
            id: id.clone(),
            merchant: merchant.clone(),
            account: None,
            shops: Vec::new(),
            settings: Value::Object(supplier.settings.clone()),
        },
        rules: ConnectionRules::Supplier(SupplierRules {
            pool: abilities.is_pool(),
            cancel: abilities.calls().is_some_and(|calls| calls.cancel.is_some()),
            own_gate: supplier.gate && abilities.own_gate,
        }),
        // Not the base URL: a supplier may move its server and stays the same one.
        external: format!("supplier {}", supplier.plugin),
    })
}

/// Connections are registered; an id that names something else by now is refused.
async fn register(storage: &SqlStorage, directory: &Directory) -> Result<(), String> {
    let connections = directory.connections.values().map(|connection| RegisteredConnection {
        id: connection.id.clone(),
        merchant: connection.merchant.clone(),
        plugin: connection.plugin.to_string(),
        external: connection.external.clone(),
    });
    let record = Record::Register(connections.collect());
    storage.shared().record(record).await.map_err(|fault| fault.to_string())
}

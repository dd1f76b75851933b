//! The engine: what its parts share, and how it starts and stops.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use entrepot_contract::ids::{ConnectionId, MerchantId, NodeId};
use entrepot_contract::time::{Clock, Timestamp};
use entrepot_domain::answer::Answer;
use entrepot_domain::catalogue::{Catalogue, Connections, Rules};
use entrepot_domain::change::RefKey;
use entrepot_domain::command::{Body, Command, CommandKey};
use entrepot_domain::job::JobEnd;
use entrepot_host::Host;
use tokio::task::JoinHandle;

use crate::alerting::Teller;
use crate::directory::Directory;
use crate::flows::open_guests::OpenedTexts;
use crate::flows::scenes::Scenes;
use crate::interface_log::InterfaceQueue;
use crate::jobs::Jobs;
use crate::nodes;
use crate::records::Record;
use crate::rounds::{First, Rounds};
use crate::seed::Seeds;
use crate::sequencer::{Sequencer, Undecided};
use crate::storage::{NodeSeen, Storage, StorageFault, Switch};
use crate::ticker::Ticker;
use crate::together::{Lookups, Starts};
use crate::under_way::UnderWay;
use crate::watch::Watch;

/// Limits and habits.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// This process in its deployment.
    pub node: NodeId,
    /// Commands that may wait in one lane.
    pub queue_limit: usize,
    /// Commands of one batch.
    pub batch_limit: usize,
    /// Kept back from each scene's limit, in milliseconds.
    pub answer_margin_ms: u32,
    /// Jobs at work at once.
    pub job_workers: usize,
    /// How long a lease holds, in milliseconds.
    pub lease_ms: u32,
    /// How often due jobs are looked for, in milliseconds.
    pub poll_ms: u64,
    /// Tries before a job is dead.
    pub attempts_limit: u32,
    /// First wait after a failed try, in milliseconds; doubles.
    pub backoff_first_ms: u64,
    /// Longest wait between tries, in milliseconds.
    pub backoff_limit_ms: u64,
    /// How often holds and switches are looked at, in milliseconds.
    pub tick_ms: u64,
    /// Whether the engine looks by itself.
    pub ticks: Ticks,
    /// How long exchanges with partners are kept, in milliseconds.
    pub interface_keep_ms: i64,
}

/// Who makes the engine look at what has to happen as time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticks {
    /// The engine itself, again and again.
    ByItself,
    /// Whoever holds the clock, with [`Engine::tick`]; for tests that decide what time it is.
    ByHand,
}

impl EngineSettings {
    /// Settings that suit one small machine.
    #[must_use]
    pub const fn new(node: NodeId) -> Self {
        Self {
            node,
            queue_limit: 2048,
            batch_limit: 64,
            answer_margin_ms: 300,
            job_workers: 16,
            lease_ms: 30_000,
            poll_ms: 500,
            attempts_limit: 12,
            backoff_first_ms: 1_000,
            backoff_limit_ms: 300_000,
            tick_ms: 1_000,
            ticks: Ticks::ByItself,
            interface_keep_ms: 30 * 86_400_000,
        }
    }
}

/// Born jobs that may wait in memory for each command that may wait: what finds no place is left until its lease has
/// run out.
const JOBS_PER_COMMAND: usize = 16;

/// What an engine is made of.
pub struct Parts {
    /// The database.
    pub storage: Arc<dyn Storage>,
    /// The plugins.
    pub host: Host,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub seeds: Arc<dyn Seeds>,
    /// Limits and habits.
    pub settings: EngineSettings,
    /// Applications and connections.
    pub directory: Directory,
    /// Where exchanges with partners are written.
    pub interface_log: Arc<InterfaceQueue>,
    /// Who tells people about alerts; none where the list is enough.
    pub teller: Option<Arc<dyn Teller>>,
}

/// What the engine's parts share.
pub(crate) struct Core {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) host: Host,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) seeds: Arc<dyn Seeds>,
    pub(crate) settings: EngineSettings,
    pub(crate) watch: Watch,
    pub(crate) lookups: Lookups,
    pub(crate) starts: Starts,
    pub(crate) readings: Rounds,
    pub(crate) tellings: Rounds,
    pub(crate) product_tellings: Rounds,
    pub(crate) catch_ups: Rounds,
    pub(crate) comparisons: Rounds,
    pub(crate) uploads: Rounds,
    pub(crate) first: First,
    pub(crate) scenes: Scenes,
    pub(crate) opened: OpenedTexts,
    pub(crate) ticker: Ticker,
    pub(crate) under_way: UnderWay,
    pub(crate) jobs: Jobs,
    pub(crate) sequencer: Sequencer,
    pub(crate) interface_log: Arc<InterfaceQueue>,
    teller: RwLock<Option<Arc<dyn Teller>>>,
    fingerprint: RwLock<Option<String>>,
    directory: RwLock<Arc<Directory>>,
    switches: RwLock<BTreeMap<ConnectionId, Switch>>,
    connections: Mutex<BTreeMap<MerchantId, Arc<Connections>>>,
    catalogues: Mutex<BTreeMap<MerchantId, Arc<Catalogue>>>,
    creating: Mutex<BTreeSet<RefKey>>,
}

/// The engine. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Engine {
    pub(crate) core: Arc<Core>,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Engine {
    /// Starts the lanes, the jobs and the ticker. Reads the switches first, and takes back the jobs that this node had
    /// before it died: the first look for due jobs finds them.
    pub async fn start(parts: Parts) -> Result<Self, StorageFault> {
        let lanes = parts.storage.lanes();
        let under_way = UnderWay::default();
        let core = Arc::new(Core {
            jobs: Jobs::new(parts.settings.queue_limit.saturating_mul(JOBS_PER_COMMAND), under_way.clone()),
            under_way,
            ticker: Ticker::default(),
            sequencer: Sequencer::new(lanes, parts.settings.queue_limit),
            storage: parts.storage,
            host: parts.host,
            clock: parts.clock,
            seeds: parts.seeds,
            settings: parts.settings,
            watch: Watch::default(),
            lookups: Lookups::default(),
            starts: Starts::default(),
            readings: Rounds::default(),
            tellings: Rounds::default(),
            product_tellings: Rounds::default(),
            catch_ups: Rounds::default(),
            comparisons: Rounds::default(),
            uploads: Rounds::default(),
            first: First::default(),
            scenes: Scenes::default(),
            opened: OpenedTexts::default(),
            interface_log: parts.interface_log,
            teller: RwLock::new(parts.teller),
            fingerprint: RwLock::default(),
            directory: RwLock::new(Arc::new(parts.directory)),
            switches: RwLock::default(),
            connections: Mutex::default(),
            catalogues: Mutex::default(),
            creating: Mutex::default(),
        });
        core.refresh_switches().await?;
        let back = core.storage.reclaim_jobs(&core.settings.node).await?;
        if back > 0 {
            metrics::counter!("entrepot_jobs_taken_back_total").increment(back);
            tracing::info!(jobs = back, node = %core.settings.node, "took back the jobs that this node had before");
        }
        let mut tasks = core.sequencer.start(&core);
        tasks.push(tokio::spawn(crate::jobs::run(core.clone())));
        tasks.push(tokio::spawn(crate::together::look_up(core.clone())));
        if core.settings.ticks == Ticks::ByItself {
            tasks.push(tokio::spawn(crate::ticker::run(core.clone())));
        }
        tasks.push(tokio::spawn(crate::alerting::run(core.clone())));
        Ok(Self { core, tasks: Arc::new(Mutex::new(tasks)) })
    }

    /// Takes no new commands, lets what waits be decided, and stops. Jobs under way keep their leases, which run out.
    pub async fn stop(&self, grace: Duration) {
        self.core.jobs.close();
        self.core.sequencer.close();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let all = futures_util::future::join_all(tasks);
        if tokio::time::timeout(grace, all).await.is_err() {
            tracing::warn!("the engine did not come to rest in time; unfinished jobs go on after their leases");
        }
        if self.core.fingerprint().is_some() {
            let gone = Record::NodeGone(self.core.settings.node.clone());
            if let Err(fault) = self.core.storage.record(gone).await {
                tracing::warn!(%fault, "the other nodes could not be told that this one stops");
            }
        }
        self.core.host.close_all().await;
    }

    /// Tells the other nodes from now on which configuration this one runs, by its fingerprint, and what it sees
    /// failing. An engine that never announces itself takes no part in that: a command beside a server is no node.
    pub fn announce(&self, fingerprint: String) {
        *self.core.fingerprint.write().unwrap_or_else(PoisonError::into_inner) = Some(fingerprint);
    }

    /// Whether the other nodes know of this one.
    #[must_use]
    pub fn is_announced(&self) -> bool {
        self.core.fingerprint().is_some()
    }

    /// Puts another directory in the place of the one before, whole. Calls under way go on with what they began with.
    pub fn replace_directory(&self, directory: Directory) {
        *self.core.directory.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(directory);
        // Afterwards: rules made of the old one meanwhile must not stay.
        self.core.connections.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Puts somebody else in the place of whoever told people about alerts.
    pub fn replace_teller(&self, teller: Option<Arc<dyn Teller>>) {
        *self.core.teller.write().unwrap_or_else(PoisonError::into_inner) = teller;
    }

    /// This process in its deployment.
    #[must_use]
    pub fn node(&self) -> &NodeId {
        &self.core.settings.node
    }

    /// The nodes that live, with what they told of themselves.
    pub async fn nodes(&self) -> Result<Vec<NodeSeen>, StorageFault> {
        self.core.storage.nodes(nodes::GONE_MS).await
    }

    /// Applications and connections.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        self.core.directory()
    }

    /// The plugins.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.core.host
    }

    /// The database.
    #[must_use]
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.core.storage
    }

    /// Business time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.core.clock.now()
    }

    /// A merchant's catalogue as it is now.
    pub async fn rules(&self, merchant: &MerchantId) -> Result<Rules, StorageFault> {
        self.core.rules(merchant).await
    }

    /// Gives a command on behalf of a person or a program with a key of its own.
    pub async fn command(
        &self,
        merchant: &MerchantId,
        key: CommandKey,
        fingerprint: String,
        by: &str,
        body: Body,
    ) -> Result<Answer, Undecided> {
        let deadline = self.core.clock.now().plus_millis(10_000);
        self.core.command(merchant, key, fingerprint, by, body, Some(deadline), None).await
    }

    /// Switches a connection; in force here at once and on other nodes within two seconds.
    pub async fn switch(&self, connection: &ConnectionId, switch: Switch) -> Result<(), StorageFault> {
        self.core.storage.record(Record::Switch { connection: connection.clone(), switch }).await?;
        self.core.refresh_switches().await
    }

    /// Looks for due jobs now, for example after a person asked for a retry.
    pub fn nudge_jobs(&self) {
        self.core.jobs.nudge();
    }

    /// One look at what has to happen as time passes, and then [`Engine::rest`]. Deadlines that the clock has reached
    /// have passed when it returns, and what that told partners has been told. A look that goes on already is waited
    /// for.
    pub async fn tick(&self) {
        self.core.ticker.look(&self.core).await;
        self.rest().await;
    }

    /// Waits until this process does nothing beside its calls: no round goes on, and no job that it began. A job that
    /// waits for its next try is not waited for: it comes by the database's time, and [`Engine::nudge_jobs`] does not
    /// hurry it.
    pub async fn rest(&self) {
        self.core.under_way.rest().await;
    }
}

impl Core {
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn teller(&self) -> Option<Arc<dyn Teller>> {
        self.teller.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The configuration that this node told the others of; none for an engine that is no node.
    pub(crate) fn fingerprint(&self) -> Option<String> {
        self.fingerprint.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) async fn refresh_switches(&self) -> Result<(), StorageFault> {
        let fresh = self.storage.switches().await?;
        let mut switches = self.switches.write().unwrap_or_else(PoisonError::into_inner);
        if *switches != fresh {
            *switches = fresh;
            self.connections.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        Ok(())
    }

    fn connections_of(&self, merchant: &MerchantId) -> Arc<Connections> {
        let switches = self.switches.read().unwrap_or_else(PoisonError::into_inner);
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let known = connections.entry(merchant.clone());
        known.or_insert_with(|| Arc::new(self.directory().rules_of(merchant, &switches))).clone()
    }

    /// A merchant's rules at least at that revision.
    pub(crate) async fn rules_at(&self, merchant: &MerchantId, revision: i64) -> Result<Rules, StorageFault> {
        let known = self.catalogues.lock().unwrap_or_else(PoisonError::into_inner).get(merchant).cloned();
        let catalogue = match known.filter(|catalogue| catalogue.revision >= revision) {
            Some(catalogue) => catalogue,
            None => {
                let known = self.catalogues.lock().unwrap_or_else(PoisonError::into_inner).get(merchant).cloned();
                let fresh = Arc::new(self.storage.catalogue(merchant, known).await?);
                self.remember_catalogue(merchant.clone(), fresh.clone());
                fresh
            }
        };
        Ok(Rules { merchant: merchant.clone(), catalogue, connections: self.connections_of(merchant) })
    }

    /// A merchant's rules, where this node has them in memory.
    pub(crate) fn rules_in_memory(&self, merchant: &MerchantId) -> Option<Rules> {
        let catalogue = self.catalogues.lock().unwrap_or_else(PoisonError::into_inner).get(merchant).cloned()?;
        Some(Rules { merchant: merchant.clone(), catalogue, connections: self.connections_of(merchant) })
    }

    /// A merchant's rules as this node knows them; the ticker keeps them fresh.
    pub(crate) async fn rules(&self, merchant: &MerchantId) -> Result<Rules, StorageFault> {
        self.rules_at(merchant, 0).await
    }

    pub(crate) fn remember_catalogue(&self, merchant: MerchantId, catalogue: Arc<Catalogue>) {
        let mut catalogues = self.catalogues.lock().unwrap_or_else(PoisonError::into_inner);
        let known = catalogues.entry(merchant).or_insert_with(|| catalogue.clone());
        if known.revision < catalogue.revision {
            *known = catalogue;
        }
    }

    /// Merchants whose catalogue this node holds in memory.
    pub(crate) fn remembered(&self) -> Vec<(MerchantId, i64)> {
        let catalogues = self.catalogues.lock().unwrap_or_else(PoisonError::into_inner);
        catalogues.iter().map(|(merchant, catalogue)| (merchant.clone(), catalogue.revision)).collect()
    }

    /// Gives a command.
    #[allow(clippy::too_many_arguments)] // one for each part of a command; a struct would only repeat its names
    pub(crate) async fn command(
        &self,
        merchant: &MerchantId,
        key: CommandKey,
        fingerprint: String,
        by: &str,
        body: Body,
        deadline: Option<Timestamp>,
        job: Option<JobEnd>,
    ) -> Result<Answer, Undecided> {
        let at = self.clock.now();
        let name = body.name();
        let command = Command {
            merchant: merchant.clone(),
            key,
            fingerprint,
            at,
            by: by.to_owned(),
            seed: self.seeds.next(at),
            job,
            body,
        };
        let answer = self.sequencer.submit(command, deadline).await;
        let result = match &answer {
            Ok(Answer::Refused(_)) => "refused",
            Ok(_) => "done",
            Err(_) => "busy",
        };
        metrics::counter!("entrepot_commands_total", "command" => name, "result" => result).increment(1);
        answer
    }

    /// Marks an order as being created in this process; facts about it are asked to come again meanwhile.
    pub(crate) fn creating(&self, key: RefKey) -> Creating<'_> {
        self.creating.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        Creating { core: self, key }
    }

    pub(crate) fn is_creating(&self, key: &RefKey) -> bool {
        self.creating.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }
}

/// An order that is being created; ends when dropped.
pub(crate) struct Creating<'a> {
    core: &'a Core,
    key: RefKey,
}

impl Drop for Creating<'_> {
    fn drop(&mut self) {
        self.core.creating.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

//! One world: a database, the nodes on it, the partners around it, the guests in it. Its seed decides everything.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use entrepot_contract::ids::MerchantId;
use entrepot_contract::time::{Clock, Timestamp};
use entrepot_engine::Engine;
use entrepot_engine::memory::MemoryStorage;
use tokio::time::Instant;

use crate::chance::Chance;
use crate::ledger::Ledger;
use crate::node;
use crate::partners::{Shops, Suppliers};
use crate::plan::Plan;
use crate::storage::Turn;
use crate::trace::Trace;
use crate::{checks, house};

/// When every world begins, in Unix milliseconds: 2026-09-10 02:26:40 UTC.
pub const BEGIN_MS: i64 = 1_789_007_200_000;

/// How long nodes crash and partners lie, in milliseconds of the world; after that everything heals.
const TROUBLE_MS: u64 = 100_000;

/// How long everything may take to come to rest after that, in milliseconds of the world.
const REST_LIMIT_MS: u64 = 900_000;

/// Goes with tokio's paused clock.
pub(crate) struct WorldClock(Instant);

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(BEGIN_MS + i64::try_from(self.0.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

/// One process of the deployment.
#[derive(Default)]
struct Node {
    /// Counts its starts.
    generation: u64,
    /// Where calls go; none while it is down.
    engine: Option<Engine>,
    stalled_until: Option<Instant>,
    turns: Vec<std::sync::Weak<Mutex<Option<tokio::sync::OwnedMutexGuard<()>>>>>,
}

/// A world.
pub struct World {
    pub(crate) plan: Plan,
    pub(crate) clock: Arc<WorldClock>,
    pub(crate) memory: MemoryStorage,
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
    pub(crate) shops: Shops,
    pub(crate) suppliers: Suppliers,
    ledger: Mutex<Ledger>,
    chance: Mutex<Chance>,
    trace: Mutex<Trace>,
    nodes: Mutex<Vec<Node>>,
    trouble: Mutex<Trouble>,
    broken: Mutex<Vec<String>>,
}

/// What may still go wrong.
struct Trouble {
    over: bool,
    crashes: u32,
    stalls: u32,
    commits: u64,
}

/// What came of a world.
#[derive(Debug)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// What was found wrong; empty when all is well.
    pub broken: Vec<String>,
    /// Stands for everything that happened.
    pub digest: u64,
    /// Lines of the trace; empty unless asked for.
    pub lines: Vec<String>,
    /// Batches that were written.
    pub commits: u64,
    /// Things that were noted.
    pub steps: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the world of a seed from beginning to end.
#[must_use]
pub fn run(seed: u64, keep_lines: bool) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    // Without a runtime there is no world.
    let runtime = runtime.expect("a runtime of this thread");
    runtime.block_on(async {
        let world = World::new(seed, keep_lines);
        live(&world).await;
        world.report(seed)
    })
}

async fn live(world: &Arc<World>) {
    for node in 0..world.plan.nodes {
        node::start(world.clone(), node).await;
    }
    house::furnish(world).await;
    world.begin_trouble();
    let guests: Vec<_> =
        (0..world.plan.orders).map(|number| tokio::spawn(crate::guest::live(world.clone(), number))).collect();
    let office = tokio::spawn(crate::office::work(world.clone()));
    tokio::time::sleep(Duration::from_millis(TROUBLE_MS)).await;
    world.heal();
    let all = async {
        for guest in guests {
            if let Err(error) = guest.await {
                world.breach(format!("a guest failed: {error}"));
            }
        }
        if let Err(error) = office.await {
            world.breach(format!("the office failed: {error}"));
        }
        crate::office::rest(world).await;
    };
    if tokio::time::timeout(Duration::from_millis(REST_LIMIT_MS), all).await.is_err() {
        world.breach(format!("no rest: {}", checks::unrest(world)));
    }
    for (_, alert) in world.memory.alerts() {
        world.note(format_args!("alert {} about {}: {}", alert.kind, alert.subject, alert.text));
    }
    checks::everything(world).await;
}

impl World {
    fn new(seed: u64, keep_lines: bool) -> Arc<Self> {
        let mut chance = Chance::new(seed);
        let plan = Plan::of(&mut chance);
        let clock = Arc::new(WorldClock(Instant::now()));
        let trouble = Trouble { over: true, crashes: plan.crashes, stalls: plan.stalls, commits: 0 };
        let world = Arc::new(Self {
            memory: MemoryStorage::new(clock.clone()),
            clock,
            turn: Arc::default(),
            shops: Shops::default(),
            suppliers: Suppliers::default(),
            ledger: Mutex::default(),
            chance: Mutex::new(chance),
            trace: Mutex::new(Trace::new(keep_lines)),
            nodes: Mutex::new((0..plan.nodes).map(|_| Node::default()).collect()),
            trouble: Mutex::new(trouble),
            broken: Mutex::default(),
            plan,
        });
        world.note(format_args!("{:?}", world.plan));
        world
    }

    fn report(&self, seed: u64) -> Report {
        let trace = lock(&self.trace);
        Report {
            seed,
            broken: lock(&self.broken).clone(),
            digest: trace.digest(),
            lines: trace.lines().to_vec(),
            commits: lock(&self.trouble).commits,
            steps: trace.count(),
        }
    }

    pub(crate) fn merchant(&self) -> MerchantId {
        house::id(house::MERCHANT)
    }

    pub(crate) fn chance<T>(&self, draw: impl FnOnce(&mut Chance) -> T) -> T {
        draw(&mut lock(&self.chance))
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    /// A line of the trace.
    pub(crate) fn note(&self, line: std::fmt::Arguments<'_>) {
        let at_ms = self.clock.now().millis() - BEGIN_MS;
        lock(&self.trace).note(at_ms, line);
    }

    /// Something that must never be.
    pub(crate) fn breach(&self, text: String) {
        self.note(format_args!("BROKEN {text}"));
        let mut broken = lock(&self.broken);
        if broken.len() < 20 && !broken.contains(&text) {
            broken.push(text);
        }
    }

    pub(crate) fn broken_already(&self) -> bool {
        !lock(&self.broken).is_empty()
    }

    fn begin_trouble(&self) {
        lock(&self.trouble).over = false;
    }

    /// From now on everybody behaves.
    fn heal(&self) {
        lock(&self.trouble).over = true;
        for node in lock(&self.nodes).iter_mut() {
            node.stalled_until = None;
        }
        self.note(format_args!("all trouble is over"));
    }

    pub(crate) fn troubled(&self) -> bool {
        !lock(&self.trouble).over
    }

    /// How long a step takes, in milliseconds: mostly nothing, seldom long.
    pub(crate) fn toll(&self) -> u64 {
        self.chance(|chance| match chance.between(0, 99) {
            0..=59 => 0,
            60..=91 => chance.between(1, 8),
            92..=98 => chance.between(10, 90),
            _ => chance.between(100, 1_200),
        })
    }

    pub(crate) fn storage_fails(&self, permille: u64) -> bool {
        let share = permille * self.plan.storage_trouble / 100;
        self.troubled() && self.chance(|chance| chance.permille(share))
    }

    /// Whether a call to a partner goes wrong.
    pub(crate) fn partner_fails(&self) -> bool {
        let share = self.plan.partner_trouble;
        self.troubled() && self.chance(|chance| chance.percent(share))
    }

    /// Counts a batch that was written, and looks at every third whether the books are right.
    pub(crate) fn committed(&self) {
        let count = {
            let mut trouble = lock(&self.trouble);
            trouble.commits += 1;
            trouble.commits
        };
        if count.is_multiple_of(3) && !self.broken_already() {
            checks::books(self);
        }
    }
}

/// Nodes: their lives and deaths.
impl World {
    pub(crate) fn generation(&self, node: usize) -> u64 {
        lock(&self.nodes)[node].generation
    }

    /// Begins a new generation of a node.
    pub(crate) fn next_generation(&self, node: usize) -> u64 {
        let mut nodes = lock(&self.nodes);
        nodes[node].generation += 1;
        nodes[node].generation
    }

    pub(crate) fn put_engine(&self, node: usize, generation: u64, engine: Engine) {
        let mut nodes = lock(&self.nodes);
        if nodes[node].generation == generation {
            nodes[node].engine = Some(engine);
        }
    }

    /// Some node that is up, with its number.
    pub(crate) fn some_engine(&self) -> Option<(usize, Engine)> {
        let up: Vec<(usize, Engine)> = lock(&self.nodes)
            .iter()
            .enumerate()
            .filter_map(|(number, node)| Some((number, node.engine.clone()?)))
            .collect();
        if up.is_empty() {
            return None;
        }
        let chosen = self.chance(|chance| chance.between(0, up.len() as u64 - 1));
        up.into_iter().nth(usize::try_from(chosen).unwrap_or(0))
    }

    /// A node that is up; waits for one.
    pub(crate) async fn engine(&self) -> (usize, Engine) {
        loop {
            if let Some(found) = self.some_engine() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    pub(crate) fn stalled(&self, node: usize) -> Option<Instant> {
        lock(&self.nodes)[node].stalled_until.filter(|until| *until > Instant::now())
    }

    pub(crate) fn holds(&self, node: usize, turn: &Turn) {
        let mut nodes = lock(&self.nodes);
        nodes[node].turns.retain(|other| other.strong_count() > 0);
        nodes[node].turns.push(Arc::downgrade(turn));
    }

    /// Takes the writing turns of a node away.
    fn roll_back(node: &mut Node) {
        for turn in std::mem::take(&mut node.turns).iter().filter_map(std::sync::Weak::upgrade) {
            lock(&turn).take();
        }
    }

    /// Whether the node crashes at this step; then it starts again a while later.
    pub(crate) fn crashes_here(self: &Arc<Self>, node: usize, what: &str) -> bool {
        {
            let mut trouble = lock(&self.trouble);
            if trouble.over || trouble.crashes == 0 || !self.chance(|chance| chance.permille(2)) {
                return false;
            }
            trouble.crashes -= 1;
        }
        self.note(format_args!("node {node} CRASHES at {what}"));
        {
            let mut nodes = lock(&self.nodes);
            nodes[node].generation += 1;
            nodes[node].engine = None;
            nodes[node].stalled_until = None;
            Self::roll_back(&mut nodes[node]);
        }
        let down_ms = self.chance(|chance| chance.between(300, 6_000));
        let world = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(down_ms)).await;
            node::start(world, node).await;
        });
        true
    }

    /// Until when the node stalls from this step on, if it does.
    pub(crate) fn stalls_here(&self, node: usize, what: &str) -> Option<Instant> {
        {
            let mut trouble = lock(&self.trouble);
            // Where a stall hurts most: a lease is held, and the call is about to go out.
            let share = if what == "start_job" { 40 } else { 2 };
            if trouble.over || trouble.stalls == 0 || !self.chance(|chance| chance.permille(share)) {
                return None;
            }
            trouble.stalls -= 1;
        }
        let for_ms = self.chance(|chance| chance.between(3_000, 60_000));
        self.note(format_args!("node {node} STALLS for {for_ms} ms at {what}"));
        let until = Instant::now() + Duration::from_millis(for_ms);
        let mut nodes = lock(&self.nodes);
        nodes[node].stalled_until = Some(until);
        Self::roll_back(&mut nodes[node]);
        Some(until)
    }
}

//! One process: an engine with its own host, on the world's database.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use entrepot_contract::plugin::Plugin;
use entrepot_engine::interface_log::InterfaceQueue;
use entrepot_engine::seed::CountedSeeds;
use entrepot_engine::storage::Storage;
use entrepot_engine::{Engine, EngineSettings, Parts};
use entrepot_host::breaker::BreakerRules;
use entrepot_host::{
    Host, HostParts, HttpClient, InstanceKey, InstanceLimits, MemoryCache, NoInterfaceLog, OpenOptions,
};

use crate::house::{self, id};
use crate::partners::{ShopPlugin, SupplierKind, SupplierPlugin};
use crate::seat::Seat;
use crate::storage::NodeStorage;
use crate::world::World;

/// Starts a node, again and again until it runs.
pub(crate) async fn start(world: Arc<World>, node: usize) {
    loop {
        let generation = world.next_generation(node);
        let seat = Seat::new(world.clone(), node, generation);
        world.note(format_args!("node {node} starts as generation {generation}"));
        let parts = parts(&world, &seat).await;
        match Engine::start(parts).await {
            Ok(engine) => return world.put_engine(node, generation, engine),
            Err(fault) => world.note(format_args!("node {node} cannot start: {fault}")),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn parts(world: &Arc<World>, seat: &Seat) -> Parts {
    let host = host(world, seat).await;
    let directory = house::directory(&world.plan, &host);
    let storage: Arc<dyn Storage> = Arc::new(NodeStorage { seat: seat.clone(), memory: world.memory.clone() });
    let (interface_log, _) = InterfaceQueue::start(storage.clone(), 1_000);
    // No two generations of any node count the same.
    let first = (seat.node as u64 + 1) << 40 | seat.generation << 32;
    Parts {
        storage,
        host,
        clock: world.clock.clone(),
        seeds: Arc::new(CountedSeeds::new(first)),
        settings: EngineSettings {
            batch_limit: 32,
            job_workers: 8,
            lease_ms: world.plan.lease_ms,
            poll_ms: 1_500,
            tick_ms: 1_500,
            attempts_limit: 6,
            backoff_first_ms: 500,
            backoff_limit_ms: 8_000,
            ..EngineSettings::new(id(&format!("node-{}-{}", seat.node, seat.generation)))
        },
        directory,
        teller: None,
        interface_log,
    }
}

async fn host(world: &Arc<World>, seat: &Seat) -> Host {
    // Building a client reads the machine's certificates, and nobody here calls anybody: one is enough.
    static CLIENT: OnceLock<HttpClient> = OnceLock::new();
    let client = CLIENT.get_or_init(|| HttpClient::new().expect("an HTTP client that is never used")).clone();
    let parts = HostParts {
        cache: Arc::new(MemoryCache::new(world.clock.clone())),
        clock: world.clock.clone(),
        interface_log: Arc::new(NoInterfaceLog),
        client,
        breaker: BreakerRules { longest_open_ms: 4_000, ..BreakerRules::default() },
    };
    let supplier = |kind| -> Arc<dyn Plugin> { Arc::new(SupplierPlugin { kind, seat: seat.clone() }) };
    let plugins: Vec<Arc<dyn Plugin>> = vec![
        Arc::new(ShopPlugin { seat: seat.clone() }),
        supplier(SupplierKind::Asked),
        supplier(SupplierKind::Repeatable),
        supplier(SupplierKind::Blind),
    ];
    let host = Host::new(parts, plugins).expect("four plugins with cards that make sense");
    for (plugin, application) in house::INSTANCES {
        let request = house::opening(application);
        let options = OpenOptions { limits: InstanceLimits::new(1_024, 60_000), ..OpenOptions::default() };
        let opened = host.open(InstanceKey::new(id(plugin), id(application)), request, options).await;
        opened.expect("a plugin of our own opens");
    }
    host
}

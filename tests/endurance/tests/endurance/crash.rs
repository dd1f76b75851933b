//! One server, killed with -9 at random points under load.

use std::sync::Arc;
use std::time::Instant;

use entrepot_endurance::checks;
use entrepot_endurance::dice::Dice;
use entrepot_endurance::load::{self, Load};
use entrepot_endurance::run::{Run, tell};
use entrepot_endurance::world::World;
use entrepot_journeys::databases::{self, Kind};
use entrepot_journeys::stage::Stage;
use serde_json::{Value, json};
use simple_gate_simulator::Fault;

/// Most requests and answers between a start and the next kill.
const LATEST_KILL: usize = 100;

/// Codes in the pool, more than a series can sell.
const CODES: usize = 3_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_stays_true_over_kills_and_every_order_ends() {
    let run = Run::of("crash", 1);
    let kinds = databases::kinds();
    for (number, kills) in run.series().into_iter().enumerate() {
        let mut dice = run.dice_of(number);
        // A node with a name takes its jobs back at once: its leases would hold for an hour. One without waits for them.
        let named = (number / kinds.len()).is_multiple_of(2);
        series(number, kills, kinds[number % kinds.len()], named, &mut dice).await;
    }
}

/// What the series needs to know that the house's defaults do not say.
fn configuration(named: bool) -> Value {
    let mut more = json!({
        "jobs": { "lease_ms": if named { 3_600_000 } else { 1_000 }, "backoff_first_ms": 50, "backoff_limit_ms": 500 },
        "plugins": {
            "simple-gate": { "timeout_ms": 500 },
            "code-pool": { "timeout_ms": 500 },
            "douyin-calendar": { "timeout_ms": 800 },
        },
        "telemetry": { "filter": "info,sqlx=warn" },
    });
    if named {
        more["node"] = json!({ "id": "node-1" });
    }
    more
}

async fn series(number: usize, kills: usize, kind: Kind, named: bool, dice: &mut Dice) {
    let begun = Instant::now();
    let mut stage = Stage::set_with(kind.give().await, &configuration(named)).await;
    let shelves = load::shelves();
    for (offer, _) in &shelves {
        stage.office.offer(offer, &stage.day, 100_000).await;
    }
    let codes: Vec<Value> = (0..CODES).map(|code| json!({ "code": format!("SUN-{code:06}") })).collect();
    stage.office.post("/merchants/lakeside/pools/summer/codes", json!({ "codes": codes })).await;
    let world = Arc::new(World::new(stage.platform.clone(), Arc::clone(&stage.gate.desk)));
    let mut load = Load::start(&world, &stage, &shelves, dice.between(4, 16), dice);
    let mut known = 0;
    for _ in 0..kills {
        if dice.one_in(3) {
            stage.gate.desk.next_fault(Fault::HangAfterEffect);
        }
        world.open(vec![stage.office.clone()]);
        load.go_on(&world, dice.between(1, LATEST_KILL)).await;
        world.close();
        stage.server.kill();
        stage.restart();
        known = checks::after_a_kill(&world, &stage.office, known, dice).await;
    }
    world.open(vec![stage.office.clone()]);
    load.end().await;
    let orders = checks::at_rest(&world, &stage.office).await;
    assert_eq!(stage.server.terminate().code(), Some(0));
    let (said, seconds) = (world.said(0).len(), begun.elapsed().as_secs_f64());
    let name = if named { "named" } else { "nameless" };
    tell(&format!("series {number}, {kind:?}, {name}: {kills} kills, {said} answers, {orders} orders, {seconds:.1} s"));
}

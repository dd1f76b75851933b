//! One server, killed with -9 at random points under load.

use std::sync::Arc;
use std::time::Instant;

use entrepot_endurance::checks;
use entrepot_endurance::dice::Dice;
use entrepot_endurance::house::{self, PLENTY};
use entrepot_endurance::load::Load;
use entrepot_endurance::run::{Run, tell};
use entrepot_endurance::world::World;
use entrepot_journeys::databases::{self, Kind};
use entrepot_journeys::stage::Stage;
use simple_gate_simulator::Fault;

/// Most requests and answers between a start and the next kill.
const LATEST_KILL: usize = 100;

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

async fn series(number: usize, kills: usize, kind: Kind, named: bool, dice: &mut Dice) {
    let begun = Instant::now();
    let more = if named { house::configuration(Some("node-1"), 3_600_000) } else { house::configuration(None, 1_000) };
    let mut stage = Stage::set_with(kind.give().await, &more).await;
    let shelves = house::shelves();
    house::fill(&stage, &shelves, PLENTY).await;
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

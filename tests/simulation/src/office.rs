//! People at the merchant: they change stock and credit, import codes, decide refunds, and look after dead jobs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use entrepot_contract::ids::JobId;
use entrepot_contract::money::Money;
use entrepot_contract::order::RefundState;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::Body;
use entrepot_domain::job::JobState;
use entrepot_engine::flows::administer::Asked;
use entrepot_engine::memory::JobView;

use crate::checks;
use crate::house::{self, SHOPS, SKUS, id};
use crate::world::World;

/// How long a person waits for an answer before asking again, in milliseconds.
const PATIENCE_MS: u64 = 12_000;

/// How often a person tries a dead job again.
const RETRIES: u32 = 2;

/// How long a job may be dead before somebody is told, in milliseconds.
const SILENCE_MS: u64 = 10_000;

/// Gives a command under its key until it is answered.
pub(crate) async fn done(world: &World, key: &str, body: Body) -> Answer {
    loop {
        let (node, engine) = world.engine().await;
        let asked = Asked { by: "office".to_owned(), key: key.to_owned() };
        let merchant = world.merchant();
        let given = engine.administer(&asked, &merchant, body.clone());
        if let Ok(Ok(answer)) = tokio::time::timeout(Duration::from_millis(PATIENCE_MS), given).await {
            world.note(format_args!("node {node} answers {key}: {answer:?}"));
            if let Some(breach) = world.ledger().write_command(key, &answer) {
                world.breach(breach);
            }
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

/// A day's work.
pub(crate) async fn work(world: Arc<World>) {
    let mut codes = world.plan.codes;
    for number in 0.. {
        let wait = world.chance(|chance| chance.between(500, 12_000));
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if !world.troubled() {
            return;
        }
        let key = format!("office-{number}");
        let what = world.chance(|chance| chance.between(0, 5));
        match what {
            0 => top_up(&world, &key).await,
            1 => {
                let (sku, stock) = world.chance(|chance| (chance.one_of(&SKUS), chance.between(0, 20)));
                let rows = house::rows(sku, u32::try_from(stock).unwrap_or(0));
                done(&world, &key, Body::WriteCalendar { rows }).await;
            }
            2 => {
                // Some of them are there already.
                let more = codes + u32::try_from(world.chance(|chance| chance.between(1, 6))).unwrap_or(1);
                done(&world, &key, house::add_codes(codes.saturating_sub(1), more)).await;
                codes = more;
            }
            3 => {
                decide(&world, &key, 25).await;
            }
            _ => {
                for job in dead(&world) {
                    retry(&world, &job, true).await;
                }
            }
        }
    }
}

async fn top_up(world: &World, key: &str) {
    let (_, _, distributor) = world.chance(|chance| chance.one_of(&SHOPS));
    *world.ledger().top_ups.entry(distributor.to_owned()).or_default() += 1_500;
    let body = Body::TopUp { distributor: id(distributor), amount: Money::fen(1_500), note: None };
    done(world, key, body).await;
    // The channel of a browser that lost the first answer.
    let again = Body::TopUp { distributor: id(distributor), amount: Money::fen(1_500), note: None };
    done(world, key, again).await;
}

/// Decides refunds that wait; those that wait for a supplier only in so many of a hundred cases.
async fn decide(world: &World, key: &str, meddling: u64) -> bool {
    let mut decided = false;
    for order in world.memory.orders(&world.merchant()) {
        for refund in checks::refunds(world, &order.id) {
            let asked = world.memory.jobs().iter().any(|job| checks::is_open(job) && checks::cancels(job, &refund.id));
            let free = refund.state == RefundState::Waiting && !asked;
            let meddles =
                refund.state == RefundState::Waiting && asked && world.chance(|chance| chance.percent(meddling));
            if free || meddles {
                let agree = world.chance(|chance| chance.percent(60));
                let (order, refund) = (order.id.clone(), refund.id.clone());
                let key = format!("{key}-{refund}");
                done(world, &key, Body::DecideRefund { order, refund, agree, reason: None }).await;
                decided = true;
            }
        }
    }
    decided
}

fn dead(world: &World) -> Vec<JobView> {
    world.memory.jobs().into_iter().filter(|job| job.state == JobState::Dead).collect()
}

async fn retry(world: &World, job: &JobView, again: bool) {
    let (_, engine) = world.engine().await;
    world.note(format_args!("a person {} job {}", if again { "retries" } else { "abandons" }, job.job.id));
    let merchant = world.merchant();
    let decided = engine.decide_job(&merchant, job.job.id.clone(), again);
    // Lost or refused: the next look finds the job as it is.
    let _ = tokio::time::timeout(Duration::from_millis(PATIENCE_MS), decided).await;
}

/// Looks after everything until nothing is left to do.
pub(crate) async fn rest(world: &World) {
    let mut tries: BTreeMap<JobId, u32> = BTreeMap::new();
    let mut quiet = 0;
    for round in 0.. {
        tokio::time::sleep(Duration::from_millis(3_000)).await;
        let busy = decide(world, &format!("rest-{round}"), 0).await;
        let dead = dead(world);
        if !dead.is_empty() {
            tokio::time::sleep(Duration::from_millis(SILENCE_MS)).await;
        }
        for job in &dead {
            checks::died_aloud(world, job);
            let tried = tries.entry(job.job.id.clone()).or_default();
            *tried += 1;
            retry(world, job, *tried <= RETRIES).await;
        }
        let calm = !busy && dead.is_empty() && checks::at_rest(world);
        quiet = if calm { quiet + 1 } else { 0 };
        if quiet == 2 {
            return;
        }
    }
}

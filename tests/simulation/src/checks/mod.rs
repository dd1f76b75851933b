//! What has to hold: the books at many moments, everything at the end.
//!
//! - [`answers`]: what was acknowledged is still true.
//! - [`outside`]: the partners' truth is ours, and nobody was called twice.

mod answers;
mod outside;

use entrepot_contract::ids::{OrderId, RefundId};
use entrepot_contract::order::{Order, OrderState, Refund, RefundState, UnitState};
use entrepot_contract::product::Fulfilment;
use entrepot_domain::alert::AlertKind;
use entrepot_domain::answer::Answer;
use entrepot_domain::credit::PostingKind;
use entrepot_domain::invariants::{Snapshot, check};
use entrepot_domain::job::{JobKind, JobState};
use entrepot_engine::memory::JobView;
use entrepot_engine::storage::Storage;
use futures_util::FutureExt;

use crate::house::{self, SHOPS};
use crate::world::World;

/// The storage in memory answers at once.
fn now<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("the storage in memory waits for nobody")
}

fn snapshot(world: &World) -> Snapshot {
    now(world.memory.snapshot(&world.merchant())).expect("the storage in memory can be read")
}

pub(crate) fn refunds(world: &World, order: &OrderId) -> Vec<Refund> {
    let found = now(world.memory.order(&world.merchant(), order)).expect("the storage in memory can be read");
    found.map(|(_, refunds)| refunds).unwrap_or_default()
}

/// The books: what has to hold after every batch.
pub(crate) fn books(world: &World) {
    let snapshot = snapshot(world);
    for finding in check(&snapshot) {
        for line in finding.broken {
            world.breach(format!("{}: {line}", finding.name));
        }
    }
    for (key, count) in snapshot.limits.iter().filter(|(_, count)| **count > house::OWN_LIMIT) {
        world.breach(format!("somebody bought {count} of {}, the limit is {}", key.product, house::OWN_LIMIT));
    }
    for (distributor, account) in &snapshot.accounts {
        let unpaid = |order: &&Order| {
            order.state == OrderState::Created && order.terms.distributor.as_ref() == Some(distributor)
        };
        let of_order = |order: &Order| order.terms.settlement.amount_minor * order.units.len() as i64;
        let expected: i64 = snapshot.orders.iter().filter(unpaid).map(of_order).sum();
        if account.held_minor != expected {
            world.breach(format!("{distributor} has {} set aside for {expected} of unpaid orders", account.held_minor));
        }
    }
}

/// Everything, at the end.
pub(crate) async fn everything(world: &World) {
    books(world);
    let orders = world.memory.orders(&world.merchant());
    for order in &orders {
        ledger_of_units(world, order);
        ended(world, order);
        left_to_people(world, order);
    }
    money(world);
    answers::still_true(world, &orders);
    outside::suppliers(world, &orders);
    outside::channels(world, &orders);
    for job in world.memory.jobs().iter().filter(|job| is_open(job)) {
        world.breach(format!("a job never ended: {} of {}, {:?}", job.job.kind.name(), job.job.order, job.state));
    }
}

/// Every unit stands in exactly one place, and what was not paid was given back.
fn ledger_of_units(world: &World, order: &Order) {
    let live = [UnitState::Available, UnitState::Reserved, UnitState::Redeemed];
    let kept = order.units.iter().filter(|unit| live.contains(&unit.state)).count();
    if matches!(order.state, OrderState::Refunded | OrderState::Cancelled) && kept > 0 {
        world.breach(format!("order {} is {:?} and keeps {kept} units", order.id, order.state));
    }
    for refund in refunds(world, &order.id) {
        let gone = refund.state == RefundState::Agreed;
        let used = order.numbers(UnitState::Redeemed);
        if gone && refund.units.iter().any(|unit| used.contains(unit)) {
            world.breach(format!("a unit of order {} was used while refund {} was agreed", order.id, refund.id));
        }
    }
}

/// Whether an order waits for codes that only a person can bring, and an alert tells him: of the pool while it has too
/// few, of the order once the channel's time has ended.
fn waits_for_codes(world: &World, order: &Order) -> bool {
    let Fulfilment::Supplier { product_code, .. } = &order.terms.fulfilment else { return false };
    let told = |(_, alert): &(_, entrepot_domain::alert::Alert)| match alert.kind {
        AlertKind::PoolEmpty => alert.subject == *product_code,
        AlertKind::IssueDue => alert.subject == order.id.as_str(),
        _ => false,
    };
    product_code == "pool" && order.state == OrderState::Issuing && world.memory.alerts().iter().any(told)
}

/// An order that waits for something has somebody who waits with it.
fn ended(world: &World, order: &Order) {
    let waits = match order.state {
        OrderState::Created => true,
        OrderState::Paid => true,
        OrderState::Issuing => !excused(world, order) && !waits_for_codes(world, order),
        _ => false,
    };
    if waits {
        world.breach(format!("order {} is {:?} and nothing will ever happen to it", order.id, order.state));
    }
}

/// What a person is to decide while vouchers are on their way, no rule has agreed to.
fn left_to_people(world: &World, order: &Order) {
    let shop = SHOPS.iter().position(|(connection, ..)| *connection == order.connection.as_str());
    if !shop.is_some_and(|shop| world.plan.unissued_by_person[shop]) {
        return;
    }
    let mut on_its_way = false;
    for event in now(world.memory.events(&world.merchant(), &order.id)).unwrap_or_default() {
        match event.what.as_str() {
            "issuing" | "waits for codes" => on_its_way = true,
            "issued" | "supplier refused" => on_its_way = false,
            "refund asked" if on_its_way && event.detail.contains("the rule agrees") => {
                world.breach(format!("order {} is being issued, and a rule decided: {}", order.id, event.detail));
            }
            _ => {}
        }
    }
}

/// Money that came in is there once, however often it was announced.
fn money(world: &World) {
    let postings = snapshot(world).postings;
    for (distributor, expected) in &world.ledger().top_ups {
        let mine = postings.iter().filter(|posting| {
            posting.kind == PostingKind::TopUp && posting.distributor.as_str() == distributor.as_str()
        });
        let found: i64 = mine.map(|posting| posting.amount_minor).sum();
        if found != *expected {
            world.breach(format!("{distributor} paid {expected} in, and {found} are booked"));
        }
    }
    let mut used = std::collections::BTreeSet::new();
    for (key, answer) in &world.ledger().commands {
        let Answer::Redeemed { order, units } = answer else { continue };
        for unit in units {
            if !used.insert((order.clone(), *unit)) {
                world.breach(format!("unit {unit} of order {order} was let in twice, at last with {key}"));
            }
        }
    }
}

pub(crate) const fn is_open(job: &JobView) -> bool {
    matches!(job.state, JobState::Ready | JobState::Started)
}

/// Whether a job asks a supplier on behalf of this refund.
pub(crate) fn cancels(job: &JobView, refund: &RefundId) -> bool {
    matches!(&job.job.kind, JobKind::CancelAtSupplier { refund: Some(other), .. } if other == refund)
}

/// Nothing is left to do.
pub(crate) fn at_rest(world: &World) -> bool {
    let jobs = world.memory.jobs();
    let unpaid = |order: &Order| order.state == OrderState::Created;
    !jobs.iter().any(|job| is_open(job) || job.state == JobState::Dead)
        && !world.memory.orders(&world.merchant()).iter().any(unpaid)
}

/// What is left to do, for people.
pub(crate) fn unrest(world: &World) -> String {
    let jobs: Vec<String> = world
        .memory
        .jobs()
        .iter()
        .filter(|job| !matches!(job.state, JobState::Done | JobState::Abandoned))
        .map(|job| format!("{} of {} is {:?} ({})", job.job.kind.name(), job.job.order, job.state, job.note))
        .collect();
    let unpaid = world.memory.orders(&world.merchant());
    let unpaid = unpaid.iter().filter(|order| order.state == OrderState::Created).count();
    format!("{unpaid} unpaid orders, jobs: {jobs:?}")
}

/// A dead job has its alert.
pub(crate) fn died_aloud(world: &World, job: &JobView) {
    let told = |(_, alert): &(_, entrepot_domain::alert::Alert)| {
        alert.kind == AlertKind::DeadJob && alert.subject == job.job.id.as_str()
    };
    let dead = world.memory.jobs().into_iter().any(|now| now.job.id == job.job.id && now.state == JobState::Dead);
    if dead && !world.memory.alerts().iter().any(told) {
        world.breach(format!("job {} died and nobody was told: {}", job.job.id, job.note));
    }
}

/// Whether a person was told that something about this order does not fit, or gave up one of its jobs.
fn excused(world: &World, order: &Order) -> bool {
    let given_up =
        |job: &JobView| job.job.order == order.id && matches!(job.state, JobState::Abandoned | JobState::Dead);
    contradicted(world, order) || world.memory.jobs().iter().any(given_up)
}

/// Whether a person was told that what a partner says contradicts what we know.
fn contradicted(world: &World, order: &Order) -> bool {
    let subjects = [order.id.as_str(), order.channel_order.as_str()];
    let told = |(_, alert): &(_, entrepot_domain::alert::Alert)| {
        alert.kind == AlertKind::Contradiction && subjects.contains(&alert.subject.as_str())
    };
    world.memory.alerts().iter().any(told)
}

//! Tickets at a called supplier whose money goes back: whoever still has them is asked to give them back.

use entrepot_contract::intent::UnitChoice;
use entrepot_domain::command::Body;
use entrepot_domain::job::JobKind;

use crate::world::*;

/// Units that the supplier is asked to take back, one entry for each time.
fn asked_back(world: &World) -> Vec<Vec<u16>> {
    let units = |kind: &JobKind| match kind {
        JobKind::CancelAtSupplier { units, .. } => Some(units.clone()),
        _ => None,
    };
    world.jobs.iter().filter_map(|job| units(&job.kind)).collect()
}

#[test]
fn a_refund_agreed_before_issuing_gives_the_ticket_back_once_there_is_one() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 2);
    world.ok(ask("1", "r", UnitChoice::AllLeft, world.now));
    world.ok(start_issue("1"));
    world.ok(record_issued(&order, 2));
    assert!(asked_back(&world).is_empty(), "agreed is not yet refunded");
    world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
    assert_eq!(asked_back(&world), [vec![1, 2]]);
}

#[test]
fn a_refund_that_a_person_agreed_gives_the_ticket_back() {
    let mut world = World::new();
    world.channel("shop", |rules| rules.refund_by_rule = false);
    let order = world.issued("1", "gated", 2);
    world.ok(ask("1", "r", UnitChoice::AllLeft, world.now));
    let refund = world.refunds.values().next().unwrap().id.clone();
    world.ok(Body::DecideRefund { order, refund, agree: true, reason: None });
    world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
    assert_eq!(asked_back(&world), [vec![1, 2]]);
}

#[test]
fn units_refunded_before_issuing_are_booked_with_the_others_and_given_back() {
    let mut world = World::new();
    world.sold("1", "gated", 3);
    world.ok(refunded("1", "r", UnitChoice::Numbers(vec![2]), world.now));
    assert!(world.jobs.is_empty());
    world.ok(start_issue("1"));
    assert_eq!(world.jobs[0].kind, JobKind::Book);
    assert_eq!(asked_back(&world), [vec![2]]);
    assert_eq!(world.jobs[1].after, Some(world.jobs[0].id.clone()));
}

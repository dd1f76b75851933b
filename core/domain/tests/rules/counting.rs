//! From when on a channel counts for the tickets of a reservation.

use entrepot_contract::order::{DeadlineKind, OrderState};
use entrepot_contract::product::Fulfilment;
use entrepot_domain::command::{Body, IssueResult};
use entrepot_domain::deadline::IssueFrom;

use crate::reservations::{reservation, voucher};
use crate::world::*;

fn world() -> World {
    let mut world = World::new().with_voucher();
    world.channel("shop", |rules| rules.times.issue_from = IssueFrom::Acceptance);
    let supplied = Fulfilment::Supplier { connection: id("gate"), product_code: "G1".to_owned() };
    world.sku("entry", |sku| sku.fulfilment = supplied);
    voucher(&mut world, "v", 1);
    world.ok(reservation("r", "v", 1, Some(world.now)));
    world
}

fn look(world: &mut World) {
    let order = world.order("r").id.clone();
    world.ok(Body::PassDeadlines { order });
}

fn clock(world: &World, order: &str, kind: DeadlineKind) -> Option<i64> {
    let order = world.order(order);
    let found = order.deadlines.iter().find(|deadline| deadline.kind == kind);
    found.map(|deadline| deadline.due.since(order.created_at))
}

#[test]
fn ten_minutes_from_acceptance_although_no_call_comes() {
    let mut world = world();
    assert_eq!(clock(&world, "r", DeadlineKind::Issue), Some(600_000));
    assert_eq!(clock(&world, "r", DeadlineKind::Progress), None);
    world.pass(479_999);
    look(&mut world);
    assert_eq!(world.alerts_of("issue_due"), 0);
    world.pass(1);
    look(&mut world);
    let text = world.alerts.values().next().unwrap().text.clone();
    assert!(text.contains("120 s left"), "{text}");
    world.pass(120_000);
    look(&mut world);
    let text = world.alerts.values().next().unwrap().text.clone();
    assert!(text.contains("the channel gives the money back"), "{text}");
}

#[test]
fn a_call_for_the_tickets_does_not_begin_anew_and_tickets_end_it() {
    let mut world = world();
    world.pass(300_000);
    world.ok(start_issue("r"));
    assert_eq!(clock(&world, "r", DeadlineKind::Issue), Some(600_000));
    world.pass(200_000);
    look(&mut world);
    assert_eq!(world.alerts_of("issue_due"), 1);
    let order = world.order("r").id.clone();
    world.ok(record_issued(&order, 1));
    assert_eq!((clock(&world, "r", DeadlineKind::Issue), world.alerts_of("issue_due")), (None, 0));
}

#[test]
fn a_reservation_that_is_cancelled_or_refused_by_the_supplier_is_counted_for_no_more() {
    let mut world = world();
    world.ok(cancel("r"));
    assert_eq!(clock(&world, "r", DeadlineKind::Issue), None);
    world.ok(reservation("s", "v", 1, Some(world.now)));
    world.ok(start_issue("s"));
    let order = world.order("s").id.clone();
    world.ok(Body::RecordIssue { order, result: IssueResult::Refused { reason: "full".to_owned() } });
    assert_eq!((world.order("s").state, clock(&world, "s", DeadlineKind::Issue)), (OrderState::Refused, None));
}

#[test]
fn what_was_bought_is_counted_for_from_the_call_and_so_is_a_reservation_elsewhere() {
    let mut world = world();
    world.sold("1", "gated", 1);
    assert_eq!(clock(&world, "1", DeadlineKind::Issue), None);
    assert_eq!(clock(&world, "1", DeadlineKind::Progress), Some(3_600_000));
    world.channel("shop", |rules| rules.times.issue_from = IssueFrom::Call);
    world.ok(cancel("r"));
    world.ok(reservation("s", "v", 1, Some(world.now)));
    assert_eq!(clock(&world, "s", DeadlineKind::Issue), None);
    assert_eq!(clock(&world, "s", DeadlineKind::Progress), Some(3_600_000));
}

#[test]
fn a_reservation_that_a_person_accepts_later_is_counted_for_from_then_on() {
    let mut world = world();
    world.ok(cancel("r"));
    world.channel("shop", |rules| rules.accept_at_once = false);
    world.ok(reservation("s", "v", 1, Some(world.now)));
    assert_eq!(clock(&world, "s", DeadlineKind::Issue), None);
    world.pass(60_000);
    world.ok(Body::DecideAcceptance { order: name("s"), accept: true, reason: None });
    assert_eq!(clock(&world, "s", DeadlineKind::Issue), Some(660_000));
}

//! What a supplier tells of its own gate: a fact, told as totals.

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::{DeadlineKind, OrderState, RefundState, UnitState};
use entrepot_contract::outcome::Reason;
use entrepot_contract::supplier::{Usage, UsedUnits};
use entrepot_domain::catalogue::Cancels;
use entrepot_domain::command::Body;
use entrepot_domain::job::{JobKind, Notification};

use crate::world::*;

const POLL_MS: i64 = 600_000;

/// An issued order of three on its day; its supplier can be asked every ten minutes.
fn at_the_gate() -> World {
    let mut world = World::new();
    world.supplier("gate", |rules| rules.usage_poll_ms = Some(POLL_MS));
    world.issued("1", "gated", 3);
    world.at("2026-10-01T02:00:00Z");
    world.jobs.clear();
    world
}

fn numbers(units: &[u16]) -> UsedUnits {
    UsedUnits::Number { numbers: units.to_vec() }
}

fn counted(count: u16) -> UsedUnits {
    UsedUnits::Count { count }
}

fn told(world: &World, used: UsedUnits, gone: UsedUnits) -> Body {
    let usage = Usage { used, gone, last_used_at: None, ended: false };
    Body::RecordUse { order: world.order("1").id.clone(), usage, asked_at: world.now }
}

fn tell(world: &mut World, used: UsedUnits) {
    world.ok(told(world, used, numbers(&[])));
}

fn redeemed(world: &World) -> Vec<u16> {
    world.order("1").numbers(UnitState::Redeemed)
}

fn notices(world: &World) -> Vec<(Vec<u16>, bool)> {
    let of = |kind: &JobKind| match kind {
        JobKind::Notify(Notification::Redeemed { units, whole, .. }) => Some((units.clone(), *whole)),
        _ => None,
    };
    world.jobs.iter().filter_map(|job| of(&job.kind)).collect()
}

/// When the supplier is asked next, in milliseconds from now; nothing while a question is under way.
fn next(world: &World) -> Option<i64> {
    let deadline = world.order("1").deadlines.iter().find(|deadline| deadline.kind == DeadlineKind::Usage)?;
    deadline.next().map(|at| at.since(world.now))
}

fn questions(world: &World) -> usize {
    world.jobs.iter().filter(|job| job.kind == JobKind::AskUse).count()
}

#[test]
fn totals_are_facts_and_repeats_of_them_change_nothing() {
    let mut world = at_the_gate();
    for _ in 0..2 {
        tell(&mut world, numbers(&[2]));
        assert_eq!((redeemed(&world), notices(&world)), (vec![2], vec![(vec![2], false)]));
    }
    tell(&mut world, numbers(&[1, 2, 3]));
    assert_eq!(world.order("1").state, OrderState::Completed);
    assert_eq!(notices(&world), [(vec![2], false), (vec![1, 3], false)]);
    assert!(world.alerts.is_empty(), "{:?}", world.alerts);
}

#[test]
fn where_only_counts_are_told_the_first_free_units_are_meant() {
    let mut world = at_the_gate();
    world.channel("shop", |rules| rules.refund_by_rule = false);
    world.ok(ask("1", "r", UnitChoice::Numbers(vec![1]), world.now));
    tell(&mut world, counted(1));
    assert_eq!(redeemed(&world), [2], "the unit of a waiting refund comes last");
    tell(&mut world, counted(2));
    assert_eq!(redeemed(&world), [2, 3]);
    assert_eq!(world.alerts_of("contradiction"), 0);
    tell(&mut world, counted(3));
    assert_eq!((redeemed(&world), world.alerts_of("contradiction")), (vec![1, 2, 3], 1), "used while it was refunded");
    let refund = world.refunds.values().next().unwrap();
    assert_eq!(refund.state, RefundState::Waiting, "a person refuses it");
}

#[test]
fn what_contradicts_is_told_to_a_person_and_nothing_is_undone() {
    let mut world = at_the_gate();
    tell(&mut world, numbers(&[1, 2]));
    tell(&mut world, numbers(&[2]));
    assert_eq!((redeemed(&world), world.alerts_of("contradiction")), (vec![1, 2], 1));
    let mut world = at_the_gate();
    world.ok(refunded("1", "r", UnitChoice::Numbers(vec![1]), world.now));
    tell(&mut world, numbers(&[1, 2]));
    assert_eq!((redeemed(&world), world.alerts_of("contradiction")), (vec![2], 1), "unit 1 was given back");
    let mut world = at_the_gate();
    world.ok(told(&world, numbers(&[]), counted(2)));
    assert_eq!(world.alerts_of("contradiction"), 1, "nobody refunded two units here");
    let mut world = at_the_gate();
    world.ok(refunded("1", "r", UnitChoice::Numbers(vec![1]), world.now));
    world.ok(told(&world, numbers(&[]), numbers(&[1])));
    assert_eq!(world.alerts_of("contradiction"), 0);
}

#[test]
fn a_channel_that_redeems_whole_orders_hears_of_the_last_unit() {
    let mut world = at_the_gate();
    world.channel("shop", |rules| rules.redeem_units = false);
    tell(&mut world, numbers(&[3]));
    assert!(notices(&world).is_empty());
    tell(&mut world, numbers(&[1, 2, 3]));
    assert_eq!(notices(&world), [(vec![1, 2, 3], true)]);
}

#[test]
fn the_gate_is_asked_from_its_day_on_until_a_day_after() {
    let mut world = World::new();
    world.supplier("gate", |rules| rules.usage_poll_ms = Some(1));
    world.issued("1", "gated", 3);
    world.at("2026-09-30T16:00:00Z");
    assert_eq!(next(&world), Some(60_000), "a minute after the gate opens, however fast the supplier would be");
    world.pass(60_000);
    let order = world.order("1").id.clone();
    world.jobs.clear();
    world.ok(Body::PassDeadlines { order });
    assert_eq!((questions(&world), next(&world)), (1, None), "the question is under way");
    assert!(world.alerts.is_empty());
    tell(&mut world, numbers(&[]));
    assert_eq!(next(&world), Some(60_000));
    world.at("2026-10-02T16:00:00Z");
    tell(&mut world, numbers(&[]));
    assert_eq!(next(&world), None, "the day after is over");
    let mut world = at_the_gate();
    let order = world.order("1").id.clone();
    let usage = Usage { used: numbers(&[]), gone: numbers(&[]), last_used_at: None, ended: true };
    world.ok(Body::RecordUse { order, usage, asked_at: world.now });
    assert_eq!(next(&world), None, "nothing more happens there");
}

/// The answer that is on its way may be older than the news.
#[test]
fn news_during_a_question_are_asked_about_at_once() {
    let mut world = at_the_gate();
    let order = world.order("1").id.clone();
    for _ in 0..3 {
        world.ok(Body::AskUse { order: order.clone() });
    }
    assert!(next(&world).is_some_and(|ms| ms <= 0));
    world.ok(Body::PassDeadlines { order: order.clone() });
    assert_eq!(questions(&world), 1);
    let early = told(&world, numbers(&[]), numbers(&[]));
    world.pass(5);
    world.ok(Body::AskUse { order });
    assert_eq!((next(&world), questions(&world)), (None, 1), "one question at a time");
    world.ok(early);
    assert_eq!(next(&world), Some(0));
    tell(&mut world, numbers(&[]));
    assert_eq!(next(&world), Some(POLL_MS));
}

#[test]
fn who_cannot_be_asked_is_not() {
    let mut world = World::new();
    let order = world.issued("1", "gated", 1);
    world.ok(Body::AskUse { order });
    assert_eq!((next(&world), questions(&world)), (None, 0));
}

#[test]
fn an_order_that_the_supplier_could_never_book_is_not_sold() {
    let mut world = World::new();
    world.supplier("gate", |rules| rules.units_limit = Some(2));
    let text = world.no_because(Reason::TooManyUnits, create("1", "gated", 3, None));
    assert!(text.contains("at most 2"), "{text}");
    world.sold("2", "gated", 2);
}

#[test]
fn what_the_supplier_does_not_take_back_waits_for_a_person() {
    for (cancels, units, asked) in [
        (Cancels::Parts, vec![1], 1),
        (Cancels::Whole, vec![1], 0),
        (Cancels::Whole, vec![1, 2, 3], 1),
        (Cancels::Nothing, vec![1, 2, 3], 0),
    ] {
        let mut world = at_the_gate();
        world.supplier("gate", |rules| rules.cancel = cancels);
        world.ok(ask("1", "r", UnitChoice::Numbers(units), world.now));
        let jobs = world.jobs.iter().filter(|job| matches!(job.kind, JobKind::CancelAtSupplier { .. })).count();
        assert_eq!((jobs, world.alerts_of("refund_waiting")), (asked, 1 - asked), "{cancels:?}");
        assert_eq!(world.refunds.values().next().unwrap().state, RefundState::Waiting);
    }
}

//! A channel that redeems whole orders, whose guests come together: one used unit completes the order.

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::{OrderState, UnitState};
use entrepot_contract::outcome::Reason;
use entrepot_contract::supplier::{Usage, UsedUnits};
use entrepot_domain::answer::Answer;
use entrepot_domain::command::Body;
use entrepot_domain::job::{JobKind, Notification};

use crate::reservations::{ledger, reservation, voucher};
use crate::world::*;

fn world() -> World {
    let mut world = World::new().with_voucher();
    world.channel("shop", |rules| (rules.redeem_units, rules.one_completes_all) = (false, true));
    world
}

/// How often the channel was told about a use, and whether each told the whole order.
fn told(world: &World) -> Vec<(Vec<u16>, bool)> {
    let uses = world.jobs.iter().filter_map(|job| match &job.kind {
        JobKind::Notify(Notification::Redeemed { units, whole, .. }) => Some((units.clone(), *whole)),
        _ => None,
    });
    uses.collect()
}

fn usage(order: &str, world: &World, used: UsedUnits) -> Body {
    let usage = Usage { used, gone: UsedUnits::Count { count: 0 }, last_used_at: Some(world.now), ended: false };
    Body::RecordUse { order: world.order(order).id.clone(), usage, asked_at: world.now }
}

#[test]
fn at_the_desk() {
    let mut world = world();
    voucher(&mut world, "v", 3);
    world.ok(reservation("r", "v", 3, Some(world.now)));
    world.ok(start_issue("r"));
    world.at("2026-10-01T02:00:00Z");
    let answer = world.ok(redeem("r", UnitChoice::Numbers(vec![2]), world.now));
    assert!(matches!(answer, Answer::Redeemed { units, .. } if units == [1, 2, 3]));
    assert_eq!((world.order("r").state, world.order("v").state), (OrderState::Completed, OrderState::Completed));
    assert_eq!(ledger(&world, "v"), (0, 0, 3, 0));
    assert_eq!(told(&world), [(vec![1, 2, 3], true)]);
    world.no_because(Reason::StateForbids, redeem("r", UnitChoice::Numbers(vec![1]), world.now));
}

#[test]
fn at_the_suppliers_gate_and_its_totals_contradict_nothing() {
    let mut world = world();
    world.issued("1", "gated", 3);
    world.at("2026-10-01T02:00:00Z");
    let one = usage("1", &world, UsedUnits::Number { numbers: vec![2] });
    world.ok(one.clone());
    world.ok(one);
    let counted = usage("1", &world, UsedUnits::Count { count: 2 });
    world.ok(counted);
    assert_eq!(world.order("1").count(UnitState::Redeemed), 3);
    assert_eq!(told(&world), [(vec![1, 2, 3], true)]);
    assert_eq!(world.alerts_of("contradiction"), 0);
    // That nothing at all was used there is another matter.
    let none = usage("1", &world, UsedUnits::Count { count: 0 });
    world.ok(none);
    assert_eq!(world.alerts_of("contradiction"), 1);
}

#[test]
fn what_was_given_back_stays_so() {
    let mut world = world();
    world.issued("1", "gated", 3);
    world.ok(refunded("1", "k", UnitChoice::Numbers(vec![3]), world.now));
    world.at("2026-10-01T02:00:00Z");
    world.ok(redeem("1", UnitChoice::Numbers(vec![1]), world.now));
    let order = world.order("1");
    assert_eq!((order.numbers(UnitState::Redeemed), order.numbers(UnitState::Refunded)), (vec![1, 2], vec![3]));
}

#[test]
fn without_that_word_parts_are_refused_and_the_gates_first_unit_is_not_told() {
    let mut world = world();
    world.channel("shop", |rules| rules.one_completes_all = false);
    world.issued("1", "gated", 2);
    world.at("2026-10-01T02:00:00Z");
    world.no_because(Reason::StateForbids, redeem("1", UnitChoice::Numbers(vec![1]), world.now));
    let one = usage("1", &world, UsedUnits::Count { count: 1 });
    world.ok(one);
    assert!(told(&world).is_empty());
}

//! Units are used.

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::{OrderState, UnitState};
use entrepot_contract::outcome::Reason;
use entrepot_contract::product::Validity;
use entrepot_domain::answer::Answer;
use entrepot_domain::code::CodeState;
use entrepot_domain::job::{JobKind, Notification};

use crate::world::*;

/// An issued order on the day of its visit.
fn at_the_gate(sku: &str, count: u32) -> World {
    let mut world = World::new();
    world.ok(codes("codes-a", &["A", "B", "C"]));
    world.issued("1", sku, count);
    world.at("2026-10-01T02:00:00Z");
    world
}

#[test]
fn units_are_used_one_by_one_and_the_last_completes_the_order() {
    let mut world = at_the_gate("pooled", 3);
    let now = world.now;
    assert!(matches!(
        world.ok(redeem("1", UnitChoice::Numbers(vec![2, 2]), now)),
        Answer::Redeemed { units, .. } if units == [2]
    ));
    world.no_because(Reason::StateForbids, redeem("1", UnitChoice::Numbers(vec![2]), now));
    world.no_because(Reason::StateForbids, redeem("1", UnitChoice::Count(3), now));
    world.no_because(Reason::StateForbids, redeem("1", UnitChoice::Count(0), now));
    world.no_because(Reason::StateForbids, redeem("1", UnitChoice::Numbers(vec![]), now));
    world.ok(redeem("1", UnitChoice::AllLeft, now));
    assert_eq!(world.order("1").state, OrderState::Completed);
    assert_eq!(world.order("1").count(UnitState::Redeemed), 3);
    assert!(world.codes.iter().all(|code| code.state == CodeState::Used));
    world.no_because(Reason::StateForbids, redeem("1", UnitChoice::AllLeft, now));
    let told: Vec<(usize, bool)> = world
        .jobs
        .iter()
        .filter_map(|job| match &job.kind {
            JobKind::Notify(Notification::Redeemed { units, whole, .. }) => Some((units.len(), *whole)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(1, false), (2, false)]);
}

#[test]
fn a_ticket_is_used_on_its_date_at_the_venue() {
    let mut world = World::new();
    world.issued("1", "own", 1);
    world.at("2026-09-30T15:59:59Z");
    let text = world.no_because(Reason::StateForbids, redeem("1", UnitChoice::AllLeft, world.now));
    assert!(text.contains("from 2026-10-01"), "{text}");
    world.at("2026-10-01T16:00:00Z");
    let text = world.no_because(Reason::StateForbids, redeem("1", UnitChoice::AllLeft, world.now));
    assert!(text.contains("until 2026-10-01"), "{text}");
    world.at("2026-09-30T16:00:00Z");
    world.ok(redeem("1", UnitChoice::AllLeft, world.now));
}

#[test]
fn nothing_is_used_while_a_refund_is_pending() {
    let mut world = at_the_gate("own", 2);
    world.ok(ask("1", "r", UnitChoice::Numbers(vec![1]), world.now));
    world.no_because(Reason::RefundPending, redeem("1", UnitChoice::Numbers(vec![2]), world.now));
    world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
    world.ok(redeem("1", UnitChoice::AllLeft, world.now));
    let order = world.order("1");
    assert_eq!((order.state, order.count(UnitState::Refunded)), (OrderState::Completed, 1));
}

#[test]
fn a_channel_that_redeems_whole_orders_takes_no_part() {
    let mut world = at_the_gate("own", 2);
    world.channel("shop", |rules| rules.redeem_units = false);
    world.no_because(Reason::StateForbids, redeem("1", UnitChoice::Numbers(vec![2]), world.now));
    world.ok(redeem("1", UnitChoice::AllLeft, world.now));
    let last = &world.jobs.last().unwrap().kind;
    assert!(matches!(last, JobKind::Notify(Notification::Redeemed { whole: true, .. })));
}

#[test]
fn a_channel_that_cannot_be_told_is_not() {
    let mut world = at_the_gate("own", 1);
    world.channel("shop", |rules| rules.tells_redemption = false);
    world.ok(redeem("1", UnitChoice::AllLeft, world.now));
    assert!(world.jobs.is_empty());
}

#[test]
fn only_an_issued_order_is_used() {
    let mut world = World::new();
    world.sold("1", "own", 1);
    world.at("2026-10-01T02:00:00Z");
    world.no_because(Reason::StateForbids, redeem("1", UnitChoice::AllLeft, world.now));
}

#[test]
fn a_use_may_be_told_late_but_not_before_it_was() {
    const DAY_MS: i64 = 86_400_000;
    let mut world = World::new();
    world.product("own", |product| {
        product.validity = Validity::Window { from: date("2026-01-01"), to: date("2027-12-31") };
    });
    world.at("2026-09-01T02:00:00Z");
    world.issued("1", "own", 3);
    let made = world.now;
    world.at("2026-10-01T02:00:00Z");
    let now = world.now;
    for (used_at, word) in [
        (now.plus_millis(180_000), "in the future"),
        (made.plus_millis(-180_000), "before the order"),
        (now.plus_millis(-32 * DAY_MS), "31 days ago"),
    ] {
        let text = world.no_because(Reason::StateForbids, redeem("1", UnitChoice::Numbers(vec![1]), used_at));
        assert!(text.contains(word), "{text}");
    }
    for (unit, used_at) in [(1, now.plus_millis(60_000)), (2, now), (3, made.plus_millis(60_000))] {
        world.ok(redeem("1", UnitChoice::Numbers(vec![unit]), used_at));
    }
    assert_eq!(world.order("1").state, OrderState::Completed);
}

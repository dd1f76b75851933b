//! What comes before its order.

use entrepot_contract::intent::{CancelStage, GivesBack, Intent, RecordRefund, UnitChoice};
use entrepot_contract::money::Money;
use entrepot_contract::order::{OrderState, RefundState};
use entrepot_contract::outcome::{Acceptance, Reason};
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::change::{FACTS_LIMIT, RefKey};

use crate::world::*;

fn paid(number: &str, millis: i64) -> Intent {
    Intent::PayOrder { order: id(number), paid_at: Timestamp::from_millis(millis) }
}

fn cancelled(number: &str) -> Intent {
    Intent::CancelOrder {
        order: id(number),
        stage: CancelStage::BeforePayment,
        cancelled_at: Timestamp::from_millis(1),
    }
}

#[test]
fn a_create_after_a_stored_payment_is_paid_at_once() {
    let mut world = World::new();
    assert_eq!(world.ok(fact("1", paid("1", 7))), Answer::Stored);
    assert_eq!(world.alerts_of("unplaced"), 1);
    let answer = world.ok(create("1", "own", 2, None));
    assert!(matches!(answer, Answer::Created { acceptance: Some(Acceptance::Accepted), .. }));
    assert_eq!(world.order("1").paid_at, Some(Timestamp::from_millis(7)));
    assert_eq!((world.cell("gate").sold, world.account().balance_minor), (2, -2 * SETTLEMENT));
    assert_eq!(world.account().held_minor, 0);
}

#[test]
fn a_create_after_a_stored_end_is_refused() {
    let mut world = World::new();
    world.ok(fact("1", cancelled("1")));
    world.no_because(Reason::StateForbids, create("1", "own", 2, None));
    world.ok(fact("2", Intent::RecordRefund(result("2", "r", UnitChoice::AllLeft, world.now))));
    world.ok(fact("2", paid("2", 7)));
    world.no_because(Reason::StateForbids, create("2", "own", 2, None));
    assert_eq!((world.orders.len(), world.cell("gate").held), (0, 0));
}

#[test]
fn a_fact_about_an_order_that_stands_is_not_kept() {
    let mut world = World::new();
    let order = world.sold("1", "own", 1);
    assert_eq!(world.ok(fact("1", paid("1", 7))), Answer::Known { order });
}

#[test]
fn a_repeated_fact_counts_once_and_their_number_is_bounded() {
    let mut world = World::new();
    for _ in 0..3 {
        world.ok(fact("1", paid("1", 7)));
    }
    let key = RefKey { application: id("app"), order: id("1") };
    assert_eq!(world.refs[&key].facts.len(), 1);
    for millis in 0..100 {
        world.ok(fact("1", paid("1", millis)));
    }
    assert_eq!(world.refs[&key].facts.len(), FACTS_LIMIT);
    world.ok(create("1", "own", 1, None));
    assert_eq!(world.order("1").state, OrderState::Accepted);
    assert!(world.refs[&key].facts.is_empty());
}

/// Money alone leaves an order as it is: it comes to be, and the money is told of.
#[test]
fn money_that_was_given_before_its_order_came_is_kept_with_it() {
    let mut world = World::new();
    let told = RecordRefund { gives_back: GivesBack::Money, ..result("1", "r", UnitChoice::AllLeft, world.now) };
    assert_eq!(world.ok(fact("1", Intent::RecordRefund(told))), Answer::Stored);
    world.ok(create("1", "own", 2, Some(world.now)));
    let refund = world.refunds.values().next().unwrap();
    assert_eq!((refund.state, refund.units.len()), (RefundState::Done, 0));
    assert_eq!(refund.channel_amount, Some(Money::fen(RETAIL)));
    assert_eq!((world.order("1").state, world.cell("gate").sold), (OrderState::Accepted, 2));
    assert_eq!(world.alerts_of("contradiction"), 1);
    let told = RecordRefund { gives_back: GivesBack::Unknown, ..result("2", "r", UnitChoice::AllLeft, world.now) };
    world.ok(fact("2", Intent::RecordRefund(told)));
    world.no_because(Reason::StateForbids, create("2", "own", 2, None));
}

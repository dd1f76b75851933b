//! A voucher and its reservation given back: asked and told of either, of both, and in whatever order.

use entrepot_contract::intent::{GivesBack, UnitChoice};
use entrepot_contract::money::Money;
use entrepot_contract::order::{OrderState, RefundCause, RefundState, UnitState};
use entrepot_contract::outcome::Reason;
use entrepot_contract::product::{Fulfilment, Markup, RefundFee, RefundStep};
use entrepot_domain::answer::{Answer, RefundStanding};
use entrepot_domain::command::Body;
use entrepot_domain::job::{JobKind, Notification};
use proptest::prelude::*;

use crate::reservations::{ledger, reservation, voucher};
use crate::world::*;

/// Two units bought and reserved, with their tickets.
pub fn reserved() -> World {
    let mut world = World::new().with_voucher();
    voucher(&mut world, "v", 2);
    world.ok(reservation("r", "v", 2, Some(world.now)));
    world.ok(start_issue("r"));
    world
}

pub fn asks(world: &mut World, number: &str, key: &str, gives_back: GivesBack) -> RefundStanding {
    let mut intent = question(number, key, UnitChoice::AllLeft, world.now);
    intent.gives_back = gives_back;
    match world.ok(Body::AskRefund { order: name(number), intent }) {
        Answer::Refund { standing, .. } => standing,
        other => panic!("{other:?}"),
    }
}

pub fn tells(world: &mut World, number: &str, key: &str, fen: i64) {
    let mut intent = result(number, key, UnitChoice::AllLeft, world.now);
    intent.amount = Money::fen(fen);
    world.ok(Body::RecordRefund { order: name(number), intent });
}

pub fn states(world: &World) -> (OrderState, OrderState) {
    (world.order("v").state, world.order("r").state)
}

fn settle(world: &World, key: &str, agree: bool) -> Body {
    let refund = world.refunds.values().find(|refund| refund.key == key).unwrap();
    Body::DecideRefund { order: refund.order.clone(), refund: refund.id.clone(), agree, reason: None }
}

#[test]
fn a_date_that_goes_back_alone_goes_when_it_is_agreed() {
    let mut world = reserved();
    assert!(matches!(asks(&mut world, "r", "k", GivesBack::Reservation), RefundStanding::Agreed { .. }));
    assert_eq!((ledger(&world, "v"), world.cell("gate").sold), ((2, 0, 0, 0), 0));
    assert_eq!(world.order("r").state, OrderState::Refunded);
    // The guest reserves anew before the channel tells of the first date.
    world.ok(reservation("s", "v", 2, Some(world.now)));
    tells(&mut world, "r", "k", 0);
    assert_eq!((ledger(&world, "v"), world.cell("gate").sold), ((0, 2, 0, 0), 2));
    let refund = world.refunds.values().next().unwrap();
    assert_eq!((refund.state, refund.units.as_slice()), (RefundState::Done, [1, 2].as_slice()));
    assert_eq!((world.account().balance_minor, world.alerts_of("contradiction")), (-2 * SETTLEMENT, 0));
}

#[test]
fn units_that_are_agreed_to_go_stay_reserved_until_the_channel_tells() {
    let mut world = reserved();
    assert!(matches!(asks(&mut world, "r", "k", GivesBack::Units), RefundStanding::Agreed { .. }));
    assert_eq!(ledger(&world, "v"), (0, 2, 0, 0));
    world.no_because(Reason::StateForbids, reservation("s", "v", 2, Some(world.now)));
    tells(&mut world, "r", "k", 2 * RETAIL);
    assert_eq!((ledger(&world, "v"), states(&world)), ((0, 0, 0, 2), (OrderState::Refunded, OrderState::Refunded)));
    assert_eq!(world.account().balance_minor, 0, "the voucher's credit comes back with the money");
}

#[test]
fn a_no_changes_nothing() {
    let mut world = reserved();
    world.channel("shop", |rules| rules.refund_by_rule = false);
    assert_eq!(asks(&mut world, "r", "k", GivesBack::Reservation), RefundStanding::Waiting);
    let no = settle(&world, "k", false);
    world.ok(no);
    assert_eq!((ledger(&world, "v"), world.order("r").state), ((0, 2, 0, 0), OrderState::Issued));
}

#[test]
fn the_supplier_is_asked_once_for_a_date_that_goes_back() {
    for by_rule in [true, false] {
        let mut world = World::new().with_voucher();
        let supplied = Fulfilment::Supplier { connection: id("gate"), product_code: "G1".to_owned() };
        world.sku("entry", |sku| sku.fulfilment = supplied);
        world.channel("shop", |rules| rules.refund_by_rule = by_rule);
        voucher(&mut world, "v", 2);
        world.ok(reservation("r", "v", 2, Some(world.now)));
        world.ok(start_issue("r"));
        let order = world.order("r").id.clone();
        world.ok(record_issued(&order, 2));
        assert_eq!(asks(&mut world, "r", "k", GivesBack::Reservation), RefundStanding::Waiting);
        if by_rule {
            // The supplier's yes is the decision.
            world.job = Some(entrepot_domain::job::JobEnd { id: id("cancelling"), token: 1 });
        }
        let yes = settle(&world, "k", true);
        world.ok(yes);
        let cancels = world.jobs.iter().filter(|job| matches!(job.kind, JobKind::CancelAtSupplier { .. })).count();
        assert_eq!((cancels, ledger(&world, "v")), (1, (2, 0, 0, 0)), "by rule: {by_rule}");
    }
}

#[test]
fn only_a_reservation_has_a_date_that_can_go_back_alone() {
    let mut world = reserved();
    let mut intent = question("v", "k", UnitChoice::AllLeft, world.now);
    intent.gives_back = GivesBack::Reservation;
    let text = world.no_because(Reason::Malformed, Body::AskRefund { order: name("v"), intent });
    assert!(text.contains("is no reservation"), "{text}");
}

#[test]
fn reserved_units_of_a_voucher_wait_for_a_person() {
    let mut world = reserved();
    assert_eq!(asks(&mut world, "v", "k", GivesBack::Units), RefundStanding::Waiting);
    assert_eq!(world.alerts_of("refund_waiting"), 1);
    let yes = settle(&world, "k", true);
    world.ok(yes);
    assert_eq!(ledger(&world, "v"), (0, 2, 0, 0), "agreed is not gone");
    tells(&mut world, "v", "k", 2 * RETAIL);
    assert_eq!((ledger(&world, "v"), states(&world)), ((0, 0, 0, 2), (OrderState::Refunded, OrderState::Refunded)));
    // What is not reserved is decided by rule as ever.
    let mut world = World::new().with_voucher();
    voucher(&mut world, "v", 2);
    assert!(matches!(asks(&mut world, "v", "k", GivesBack::Units), RefundStanding::Agreed { .. }));
}

#[test]
fn a_reservation_that_costs_something_has_money_of_its_own() {
    let mut world = World::new().with_voucher();
    world.product("trip", |product| product.reservation.as_mut().unwrap().markup = Markup::Calendar);
    voucher(&mut world, "v", 2);
    world.ok(reservation("r", "v", 2, Some(world.now)));
    tells(&mut world, "r", "k", 2 * RETAIL);
    assert_eq!((ledger(&world, "v"), world.account().balance_minor), ((2, 0, 0, 0), -2 * SETTLEMENT));
    // So what is told of the voucher afterwards is more money.
    tells(&mut world, "v", "l", 2 * RETAIL);
    assert_eq!((ledger(&world, "v"), world.account().balance_minor), ((0, 0, 0, 2), 0));
}

#[test]
fn the_fee_of_the_reservations_rule_is_kept_of_the_vouchers_credit() {
    for asked in [true, false] {
        let mut world = World::new().with_voucher();
        world.product("entry", |product| {
            product.refund.steps = vec![RefundStep { hours_before_visit: 24, fee: RefundFee::Ratio(1_000) }];
        });
        voucher(&mut world, "v", 2);
        world.ok(reservation("r", "v", 2, Some(world.now)));
        if asked {
            assert!(matches!(asks(&mut world, "r", "k", GivesBack::Units), RefundStanding::Agreed { .. }));
        }
        tells(&mut world, "r", "k", 2 * RETAIL);
        assert_eq!(world.account().balance_minor, -2 * SETTLEMENT / 10, "asked: {asked}");
    }
}

#[test]
fn other_money_than_was_told_is_told_to_a_person_and_so_is_a_third_notice() {
    let mut world = reserved();
    tells(&mut world, "r", "k", 2 * RETAIL);
    tells(&mut world, "v", "l", 2 * RETAIL);
    assert_eq!(world.alerts_of("contradiction"), 0);
    let told = world.refunds.values().find(|refund| refund.key == "l").unwrap();
    assert_eq!(told.same_as.as_ref(), world.refunds.values().find(|refund| refund.key == "k").map(|refund| &refund.id));
    tells(&mut world, "v", "m", 2 * RETAIL);
    assert_eq!((world.alerts_of("contradiction"), world.account().balance_minor), (1, 0));
    let mut world = reserved();
    tells(&mut world, "r", "k", 2 * RETAIL);
    tells(&mut world, "v", "l", RETAIL);
    assert_eq!((world.alerts_of("contradiction"), world.account().balance_minor), (1, 0));
}

#[test]
fn what_was_used_is_not_given_back_by_a_notice() {
    let mut world = reserved();
    world.at("2026-10-01T02:00:00Z");
    world.ok(redeem("r", UnitChoice::AllLeft, world.now));
    assert!(matches!(asks(&mut world, "r", "q", GivesBack::Units), RefundStanding::Refused { .. }));
    tells(&mut world, "r", "k", 2 * RETAIL);
    assert_eq!((ledger(&world, "v"), states(&world)), ((0, 0, 2, 0), (OrderState::Completed, OrderState::Completed)));
    assert_eq!((world.alerts_of("contradiction"), world.account().balance_minor), (1, -2 * SETTLEMENT));
}

#[test]
fn a_question_that_the_channel_answered_itself_waits_for_nobody() {
    let mut world = reserved();
    world.channel("shop", |rules| rules.refund_by_rule = false);
    assert_eq!(asks(&mut world, "r", "k", GivesBack::Units), RefundStanding::Waiting);
    tells(&mut world, "v", "l", 2 * RETAIL);
    let asked = world.refunds.values().find(|refund| refund.key == "k").unwrap();
    assert_eq!((asked.state, asked.decided_by.as_deref()), (RefundState::Agreed, Some("channel")));
    assert_eq!(world.alerts_of("refund_waiting"), 0);
    let decided =
        |job: &&entrepot_domain::job::NewJob| matches!(job.kind, JobKind::Notify(Notification::RefundDecided { .. }));
    assert_eq!(world.jobs.iter().filter(decided).count(), 0, "it knows");
}

#[test]
fn a_question_about_a_reservation_that_had_ended_is_no_automatic_no() {
    // Cancelled, and its voucher is free: whether the money goes is a person's word.
    let mut world = reserved();
    world.ok(cancel("r"));
    assert_eq!(asks(&mut world, "r", "k", GivesBack::Units), RefundStanding::Waiting);
    // Nothing was issued and nothing is reserved: the money goes.
    let mut world = World::new().with_voucher();
    voucher(&mut world, "v", 2);
    world.ok(reservation("r", "v", 2, Some(world.now)));
    world.ok(cancel("r"));
    let mut intent = question("r", "k", UnitChoice::AllLeft, world.now);
    intent.cause = RefundCause::IssueFailed;
    let ask = Body::AskRefund { order: name("r"), intent: intent.clone() };
    assert!(matches!(world.ok(ask), Answer::Refund { standing: RefundStanding::Agreed { .. }, .. }));
    // It is reserved anew: giving the money back would take the new date away.
    let mut world = World::new().with_voucher();
    voucher(&mut world, "v", 2);
    world.ok(reservation("r", "v", 2, Some(world.now)));
    world.ok(cancel("r"));
    world.ok(reservation("s", "v", 2, Some(world.now)));
    let ask = Body::AskRefund { order: name("r"), intent };
    assert!(matches!(world.ok(ask), Answer::Refund { standing: RefundStanding::Waiting, .. }));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Ask,
    ToldOfReservation,
    ToldOfVoucher,
    Cancel,
}

fn happens(world: &mut World, event: Event, gives_back: GivesBack, fen: i64) {
    match event {
        Event::Ask => drop(asks(world, "r", "k", gives_back)),
        Event::ToldOfReservation => tells(world, "r", "k", fen),
        Event::ToldOfVoucher => tells(world, "v", "l", fen),
        Event::Cancel => drop(world.ok(cancel("r"))),
    }
}

/// Orders in which some of the events come, each as often as it is in the list.
fn orders(events: &'static [Event]) -> impl Strategy<Value = Vec<Event>> {
    Just(events.to_vec()).prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_124), ..ProptestConfig::default() })]

    #[test]
    fn money_that_went_back_is_settled_once_in_whatever_order_it_is_told(
        events in orders(&[Event::Ask, Event::ToldOfReservation, Event::ToldOfVoucher, Event::Cancel, Event::ToldOfReservation, Event::Ask, Event::Cancel]),
        by_rule in any::<bool>(),
    ) {
        let mut world = reserved();
        world.channel("shop", |rules| rules.refund_by_rule = by_rule);
        for event in &events {
            happens(&mut world, *event, GivesBack::Units, 2 * RETAIL);
        }
        prop_assert_eq!(ledger(&world, "v"), (0, 0, 0, 2));
        prop_assert_eq!(states(&world), (OrderState::Refunded, OrderState::Refunded));
        prop_assert_eq!(world.order("r").count(UnitState::Refunded), 2);
        prop_assert_eq!((world.account().balance_minor, world.cell("gate").sold), (0, 0));
        prop_assert!(world.refunds.values().all(|refund| refund.state == RefundState::Done));
        prop_assert_eq!(world.refunds.len(), 2);
        prop_assert_eq!((world.alerts_of("contradiction"), world.alerts_of("refund_waiting")), (0, 0));
    }

    #[test]
    fn one_notice_is_enough(
        events in prop_oneof![
            orders(&[Event::Ask, Event::ToldOfReservation, Event::Cancel]),
            orders(&[Event::Ask, Event::ToldOfVoucher]),
            orders(&[Event::ToldOfVoucher, Event::Cancel]),
        ],
        by_rule in any::<bool>(),
    ) {
        let mut world = reserved();
        world.channel("shop", |rules| rules.refund_by_rule = by_rule);
        for event in &events {
            happens(&mut world, *event, GivesBack::Units, 2 * RETAIL);
        }
        prop_assert_eq!(ledger(&world, "v"), (0, 0, 0, 2));
        prop_assert_eq!(states(&world), (OrderState::Refunded, OrderState::Refunded));
        prop_assert_eq!((world.account().balance_minor, world.cell("gate").sold), (0, 0));
        prop_assert_eq!((world.alerts_of("contradiction"), world.alerts_of("refund_waiting")), (0, 0));
    }

    #[test]
    fn a_date_given_back_alone_leaves_the_voucher(
        events in orders(&[Event::Ask, Event::ToldOfReservation, Event::Cancel, Event::Ask]),
        by_rule in any::<bool>(),
    ) {
        let mut world = reserved();
        world.channel("shop", |rules| rules.refund_by_rule = by_rule);
        for event in &events {
            happens(&mut world, *event, GivesBack::Reservation, 0);
        }
        prop_assert_eq!(ledger(&world, "v"), (2, 0, 0, 0));
        prop_assert_eq!(world.order("r").state, OrderState::Refunded);
        prop_assert_eq!((world.account().balance_minor, world.cell("gate").sold), (-2 * SETTLEMENT, 0));
        prop_assert_eq!((world.alerts_of("contradiction"), world.alerts_of("refund_waiting")), (0, 0));
    }
}

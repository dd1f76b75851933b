//! A refund that the channel asks for because it saw no ticket in time (301): tickets repair the order.

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::{OrderState, RefundCause, RefundState};
use entrepot_contract::outcome::Reason;
use entrepot_domain::answer::{Answer, RefundStanding};
use entrepot_domain::command::{Body, IssueResult};
use entrepot_domain::job::{JobKind, Notification};
use entrepot_domain::refund_rule::UnissuedRefund;

use crate::reservations;
use crate::world::*;

fn ask_unissued(world: &mut World) -> RefundStanding {
    let mut intent = question("1", "r", UnitChoice::AllLeft, world.now);
    intent.cause = RefundCause::IssueFailed;
    match world.ok(Body::AskRefund { order: name("1"), intent }) {
        Answer::Refund { standing, .. } => standing,
        other => panic!("{other:?}"),
    }
}

fn refund_state(world: &World) -> RefundState {
    world.refunds.values().next().unwrap().state
}

fn decide(world: &World, agree: bool) -> Body {
    let refund = world.refunds.values().next().unwrap();
    Body::DecideRefund { order: refund.order.clone(), refund: refund.id.clone(), agree, reason: None }
}

/// What the channel is told, by name.
fn told(world: &World) -> Vec<&'static str> {
    let notices = world.jobs.iter().filter_map(|job| match &job.kind {
        JobKind::Notify(notification) => Some(notification.event()),
        _ => None,
    });
    notices.collect()
}

#[test]
fn tickets_that_are_there_are_the_answer() {
    let mut world = World::new();
    world.issued("1", "own", 2);
    assert!(matches!(ask_unissued(&mut world), RefundStanding::Refused { .. }));
    assert_eq!(world.order("1").state, OrderState::Issued);
}

#[test]
fn tickets_that_come_while_it_waits_go_out_with_the_refusal_and_not_by_the_callback() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 2);
    world.ok(start_issue("1"));
    world.ok(Body::PromiseIssue { order: order.clone() });
    assert_eq!(ask_unissued(&mut world), RefundStanding::Waiting);
    assert_eq!(world.alerts_of("refund_waiting"), 1);
    world.ok(record_issued(&order, 2));
    assert_eq!((refund_state(&world), world.order("1").state), (RefundState::Refused, OrderState::Issued));
    assert_eq!(told(&world), ["refund_decided"]);
    assert_eq!(world.alerts_of("refund_waiting"), 0);
}

#[test]
fn a_refusal_without_tickets_is_refused_and_codes_typed_by_hand_are_one_with_tickets() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 2);
    world.ok(start_issue("1"));
    ask_unissued(&mut world);
    let refuse = decide(&world, false);
    let text = world.no_because(Reason::StateForbids, refuse);
    assert!(text.contains("issue the order first"), "{text}");
    assert_eq!(refund_state(&world), RefundState::Waiting);
    let result = IssueResult::ByHand { units: tickets(&order, 2), reason: "the gate's desk issued them".to_owned() };
    world.ok(Body::RecordIssue { order, result });
    assert_eq!((refund_state(&world), world.order("1").state), (RefundState::Refused, OrderState::Issued));
    assert_eq!(told(&world), ["refund_decided"]);
}

#[test]
fn a_person_may_agree_and_then_no_ticket_is_told() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    world.ok(Body::PromiseIssue { order: order.clone() });
    ask_unissued(&mut world);
    let agree = decide(&world, true);
    world.ok(agree);
    world.ok(record_issued(&order, 1));
    assert_eq!(told(&world), ["refund_decided"], "the channel takes no ticket for an order it gives back");
    let result = IssueResult::ByHand { units: tickets(&order, 1), reason: "r".to_owned() };
    world.no(Body::RecordIssue { order, result });
}

#[test]
fn when_no_ticket_will_come_the_money_goes_back() {
    for waits in [true, false] {
        let mut world = World::new();
        let order = world.sold("1", "gated", 2);
        world.ok(start_issue("1"));
        if waits {
            ask_unissued(&mut world);
        }
        world.ok(Body::RecordIssue { order, result: IssueResult::Refused { reason: "full".to_owned() } });
        if !waits {
            ask_unissued(&mut world);
        }
        assert_eq!(refund_state(&world), RefundState::Agreed, "asked before the refusal: {waits}");
        assert_eq!(world.alerts_of("refund_waiting"), 0);
    }
}

#[test]
fn where_people_decide_refunds_they_decide_this_one_too() {
    let mut world = World::new();
    world.channel("shop", |channel| channel.refund_by_rule = false);
    world.issued("1", "own", 1);
    assert_eq!(ask_unissued(&mut world), RefundStanding::Waiting);
    let refuse = decide(&world, false);
    world.ok(refuse);
    let decided = JobKind::Notify(Notification::RefundDecided { refund: world.refunds.keys().next().unwrap().clone() });
    assert!(world.jobs.iter().any(|job| job.kind == decided));
}

/// A channel whose guests' questions are decided by a person while tickets are on their way.
fn by_person() -> World {
    let mut world = World::new();
    world.channel("shop", |channel| channel.unissued_refund = UnissuedRefund::Person);
    world
}

fn ask_as_guest(world: &mut World, number: &str) -> RefundStanding {
    match world.ok(ask(number, "g", UnitChoice::AllLeft, world.now)) {
        Answer::Refund { standing, .. } => standing,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_guest_who_asks_while_tickets_are_on_their_way_waits_for_a_person() {
    let mut world = by_person();
    let order = world.sold("1", "gated", 2);
    world.ok(start_issue("1"));
    world.ok(Body::PromiseIssue { order: order.clone() });
    assert_eq!(ask_as_guest(&mut world, "1"), RefundStanding::Waiting);
    assert_eq!((world.alerts_of("refund_waiting"), told(&world).len()), (1, 0));
    // Tickets that come are told, and the question waits on.
    world.ok(record_issued(&order, 2));
    assert_eq!((told(&world), refund_state(&world)), (vec!["issued"], RefundState::Waiting));
    // A guest's wish is refused without tickets of its own.
    let no = decide(&world, false);
    world.ok(no);
    assert_eq!((told(&world), refund_state(&world)), (vec!["issued", "refund_decided"], RefundState::Refused));
    assert_eq!(world.alerts_of("refund_waiting"), 0);
}

#[test]
fn a_person_may_refuse_before_any_ticket_came_or_agree_without_a_fee() {
    for agree in [true, false] {
        let mut world = by_person();
        world.sold("1", "gated", 2);
        world.ok(start_issue("1"));
        ask_as_guest(&mut world, "1");
        let decision = decide(&world, agree);
        world.ok(decision);
        let refund = world.refunds.values().next().unwrap().clone();
        let (state, fee) = if agree { (RefundState::Agreed, Some(0)) } else { (RefundState::Refused, None) };
        assert_eq!((refund.state, refund.settlement_fee.map(|fee| fee.amount_minor)), (state, fee));
        assert_eq!(told(&world), ["refund_decided"]);
        if agree {
            world.ok(refunded("1", "g", UnitChoice::AllLeft, world.now));
            let cancelled = world.jobs.iter().any(|job| matches!(job.kind, JobKind::CancelAtSupplier { .. }));
            assert!(cancelled, "the supplier is stopped");
            assert_eq!((world.order("1").state, world.account().balance_minor), (OrderState::Refunded, 0));
        }
    }
}

#[test]
fn the_rule_decides_where_nothing_is_on_its_way_or_where_the_connection_says_so() {
    // Nobody asked for tickets yet; they are there; or the connection leaves it to the rule.
    let mut world = by_person();
    world.sold("1", "gated", 1);
    assert!(matches!(ask_as_guest(&mut world, "1"), RefundStanding::Agreed { .. }));
    let mut world = by_person();
    world.issued("1", "own", 1);
    assert!(matches!(ask_as_guest(&mut world, "1"), RefundStanding::Agreed { .. }));
    let mut world = World::new();
    world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    ask_as_guest(&mut world, "1");
    assert!(world.jobs.iter().any(|job| matches!(job.kind, JobKind::CancelAtSupplier { .. })), "the supplier is asked");
    assert_eq!(world.alerts_of("refund_waiting"), 0);
}

#[test]
fn a_voucher_that_nobody_reserved_waits_for_no_ticket_and_a_counted_reservation_does() {
    let mut world = World::new().with_voucher();
    world.channel("shop", |channel| {
        channel.unissued_refund = UnissuedRefund::Person;
        channel.times.issue_from = entrepot_domain::deadline::IssueFrom::Acceptance;
    });
    for number in ["v", "w"] {
        reservations::voucher(&mut world, number, 2);
    }
    assert!(matches!(ask_as_guest(&mut world, "w"), RefundStanding::Agreed { .. }));
    world.ok(reservations::reservation("r", "v", 2, Some(world.now)));
    assert_eq!(world.order("r").state, OrderState::Accepted);
    let mut intent = question("r", "k", UnitChoice::AllLeft, world.now);
    intent.gives_back = entrepot_contract::intent::GivesBack::Reservation;
    let answer = world.ok(Body::AskRefund { order: name("r"), intent });
    assert!(matches!(answer, Answer::Refund { standing: RefundStanding::Waiting, .. }), "{answer:?}");
}

#[test]
fn what_no_ticket_can_come_for_any_more_is_agreed_whatever_the_question_names() {
    let mut world = World::new();
    world.ok(create("1", "own", 1, None));
    world.ok(cancel("1"));
    assert!(matches!(ask_unissued(&mut world), RefundStanding::Agreed { .. }));
}

//! A refund that the channel asks for because it saw no ticket in time (301): tickets repair the order.

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::{OrderState, RefundCause, RefundState};
use entrepot_contract::outcome::Reason;
use entrepot_domain::answer::{Answer, RefundStanding};
use entrepot_domain::command::{Body, IssueResult};
use entrepot_domain::job::{JobKind, Notification};

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

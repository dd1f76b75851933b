//! What must happen in time: somebody is warned, then it takes its course.

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::{DeadlineKind, OrderState, RefundState};
use entrepot_contract::outcome::{Acceptance, Reason};
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, IssueResult};
use entrepot_domain::job::{JobKind, Notification};

use crate::reservations::voucher as buy_voucher;
use crate::world::*;

/// What the ticker does once an order is due.
fn look(world: &mut World, number: &str) {
    let order = world.order(number);
    assert!(order.next_deadline().is_some_and(|at| at <= world.now), "nothing is due: {:?}", order.deadlines);
    let order = order.id.clone();
    world.ok(Body::PassDeadlines { order });
}

#[test]
fn the_issue_clock_warns_at_minute_eight_tells_at_minute_ten_and_is_silent_once_met() {
    let mut world = World::new();
    world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    world.pass(480_000);
    look(&mut world, "1");
    let warned = world.alerts.values().next().unwrap().text.clone();
    assert!(warned.contains("credentials are not there") && warned.contains("120 s left"), "{warned}");
    world.pass(120_000);
    look(&mut world, "1");
    assert_eq!(world.alerts_of("issue_due"), 1, "the same alert, with another text");
    assert!(world.alerts.values().next().unwrap().text.contains("gives the money back"));
    assert_eq!((world.order("1").state, world.order("1").next_deadline()), (OrderState::Issuing, None));
    let order = world.order("1").id.clone();
    world.ok(record_issued(&order, 1));
    assert_eq!((world.alerts_of("issue_due"), world.order("1").state), (0, OrderState::Issued));
}

#[test]
fn nobody_is_warned_of_what_was_met() {
    let mut world = World::new();
    world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    let order = world.order("1").id.clone();
    world.ok(record_issued(&order, 1));
    world.pass(10_000_000);
    world.ok(Body::PassDeadlines { order });
    assert!(world.alerts.is_empty(), "{:?}", world.alerts);
}

#[test]
fn a_refused_supplier_stops_the_clock() {
    let mut world = World::new();
    world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    let order = world.order("1").id.clone();
    world.ok(Body::RecordIssue { order, result: IssueResult::Refused { reason: "no".to_owned() } });
    assert_eq!(world.order("1").next_deadline(), None);
}

#[test]
fn an_unpaid_hold_warns_before_it_ends_and_a_payment_ends_the_warning() {
    let mut world = World::new();
    world.ok(create("1", "own", 1, None));
    world.ok(create("2", "own", 1, None));
    world.pass(720_000);
    look(&mut world, "1");
    look(&mut world, "2");
    assert_eq!(world.alerts_of("hold_ending"), 2);
    world.ok(pay("1"));
    assert_eq!(world.alerts_of("hold_ending"), 1);
    world.pass(180_000);
    look(&mut world, "2");
    assert_eq!((world.alerts_of("hold_ending"), world.order("2").state), (0, OrderState::Cancelled));
    assert_eq!((world.cell("gate").held, world.cell("gate").sold), (0, 1));
}

#[test]
fn a_person_accepts_or_refuses_in_time() {
    let mut world = World::new();
    world.channel("shop", |rules| rules.accept_at_once = false);
    for number in ["1", "2", "3"] {
        world.ok(create(number, "own", 1, Some(world.now)));
    }
    let decide = |number: &str, accept| Body::DecideAcceptance { order: name(number), accept, reason: None };
    assert!(matches!(world.ok(decide("1", true)), Answer::Paid { acceptance: Acceptance::Accepted, .. }));
    assert!(matches!(world.ok(decide("2", false)), Answer::Paid { acceptance: Acceptance::Refused, .. }));
    let told: Vec<_> = world.jobs.iter().map(|job| job.kind.name()).collect();
    assert_eq!(told, ["notify_accepted", "notify_refused"]);
    assert_eq!((world.order("1").state, world.order("2").state), (OrderState::Accepted, OrderState::Refused));
    world.no_because(Reason::StateForbids, decide("1", false));
    world.pass(480_000);
    look(&mut world, "3");
    assert_eq!(world.alerts_of("acceptance_due"), 1);
    world.ok(decide("3", true));
    assert_eq!(world.alerts_of("acceptance_due"), 0);
    // The channel pays back what was refused; only then stock and credit move.
    world.ok(refunded("2", "k", UnitChoice::AllLeft, world.now));
    assert_eq!(world.cell("gate").sold, 2);
}

#[test]
fn an_audit_is_due_and_a_decision_or_the_channels_result_meets_it() {
    let mut world = World::new();
    world.channel("shop", |rules| rules.refund_by_rule = false);
    world.issued("1", "own", 2);
    world.ok(ask("1", "a", UnitChoice::Numbers(vec![1]), world.now));
    world.ok(ask("1", "b", UnitChoice::Numbers(vec![2]), world.now));
    assert_eq!(world.alerts_of("refund_waiting"), 2);
    // Somebody is warned while there is time to decide.
    world.pass(259_199_999);
    look(&mut world, "1");
    look_again(&mut world);
    assert_eq!(world.alerts_of("refund_due"), 2);
    let (order, refund) = {
        let refund = world.refunds.values().find(|refund| refund.key == "a").unwrap();
        (refund.order.clone(), refund.id.clone())
    };
    world.ok(Body::DecideRefund { order, refund, agree: false, reason: Some("used".to_owned()) });
    assert_eq!((world.alerts_of("refund_due"), world.alerts_of("refund_waiting")), (1, 1));
    world.ok(refunded("1", "b", UnitChoice::Numbers(vec![2]), world.now));
    assert_eq!((world.alerts_of("refund_due"), world.alerts_of("refund_waiting")), (0, 0));
    assert!(world.refunds.values().all(|refund| refund.state != RefundState::Waiting));
    assert!(world.order("1").deadlines.is_empty(), "{:?}", world.order("1").deadlines);
}

/// A second look at the same moment changes nothing more.
fn look_again(world: &mut World) {
    let before = (world.alerts.clone(), world.events.len());
    let order = world.order("1").id.clone();
    world.ok(Body::PassDeadlines { order });
    assert_eq!(before, (world.alerts.clone(), world.events.len()));
}

#[test]
fn an_accepted_order_that_nobody_goes_on_with_is_told() {
    let mut world = World::new();
    world.sold("1", "own", 1);
    world.pass(3_600_000);
    look(&mut world, "1");
    assert_eq!(world.alerts_of("stuck"), 1);
    world.ok(start_issue("1"));
    assert_eq!(world.alerts_of("stuck"), 0);
}

#[test]
fn a_vouchers_window_ends() {
    let mut world = World::new().with_voucher();
    buy_voucher(&mut world, "v", 2);
    let due = world.order("v").deadlines.iter().find(|deadline| deadline.kind == DeadlineKind::Reserve).unwrap().due;
    assert_eq!(due.to_string(), "2026-10-31T16:00:00.000Z", "the end of the last day at the venue");
    world.now = due;
    look(&mut world, "v");
    let text = &world.alerts.values().next().unwrap().text;
    assert!(text.contains("2 units are not reserved"), "{text}");
}

#[test]
fn the_channel_is_told_of_nothing_by_a_deadline() {
    let mut world = World::new();
    world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    world.pass(600_000);
    look(&mut world, "1");
    let notices = world.jobs.iter().filter(|job| matches!(job.kind, JobKind::Notify(Notification::IssueFailed { .. })));
    assert_eq!(notices.count(), 0);
}

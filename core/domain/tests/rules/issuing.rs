//! Credentials: own numbers, a called supplier, a pool.

use entrepot_contract::order::{OrderState, UnitCredentials};
use entrepot_contract::outcome::Reason;
use entrepot_domain::answer::Answer;
use entrepot_domain::code::CodeState;
use entrepot_domain::command::{Body, IssueResult};
use entrepot_domain::job::{JobKind, Notification};

use crate::world::*;

fn kinds(world: &World) -> Vec<String> {
    world.jobs.iter().map(|job| job.kind.name()).collect()
}

fn refused_by_supplier(order: &entrepot_contract::ids::OrderId) -> Body {
    Body::RecordIssue { order: order.clone(), result: IssueResult::Refused { reason: "full".to_owned() } }
}

#[test]
fn own_numbers_are_there_at_once_one_for_each_unit() {
    let mut world = World::new();
    let order = world.sold("1", "own", 3);
    assert_eq!(world.ok(start_issue("1")), Answer::Issued { order: order.clone() });
    let values: std::collections::BTreeSet<&str> =
        world.credentials[&order].iter().map(|unit| unit.credentials[0].value.as_str()).collect();
    assert_eq!(values.len(), 3);
    assert!(values.iter().all(|value| value.len() == 16));
    assert_eq!(world.ok(start_issue("1")), Answer::Issued { order });
    assert!(world.jobs.is_empty());
}

#[test]
fn nothing_is_issued_before_payment_or_for_an_order_that_ended() {
    let mut world = World::new();
    world.ok(create("1", "own", 1, None));
    world.no_because(Reason::StateForbids, start_issue("1"));
    world.ok(cancel("1"));
    assert!(matches!(world.ok(start_issue("1")), Answer::NotIssued { .. }));
    world.no_because(Reason::OrderUnknown, start_issue("2"));
}

#[test]
fn a_supplier_is_asked_once_and_the_channel_is_told_when_it_waits() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 2);
    for _ in 0..2 {
        assert_eq!(world.ok(start_issue("1")), Answer::Issuing { order: order.clone() });
    }
    assert_eq!(kinds(&world), ["book"]);
    assert_eq!(world.ok(Body::PromiseIssue { order: order.clone() }), Answer::Issuing { order: order.clone() });
    world.ok(record_issued(&order, 2));
    assert_eq!(kinds(&world), ["book", "notify_issued"]);
    assert_eq!(world.ok(Body::PromiseIssue { order: order.clone() }), Answer::Issued { order: order.clone() });
    world.ok(record_issued(&order, 2));
    assert_eq!(kinds(&world), ["book", "notify_issued"]);
    assert_eq!(world.order("1").supplier_reference, Some(id(&format!("S-{order}"))));
}

#[test]
fn a_channel_that_had_its_answer_in_the_call_is_not_told_again() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 2);
    world.ok(start_issue("1"));
    world.ok(record_issued(&order, 2));
    assert_eq!(kinds(&world), ["book"]);
}

#[test]
fn a_supplier_that_refuses_ends_the_order_with_an_alert() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 2);
    world.ok(start_issue("1"));
    world.ok(Body::PromiseIssue { order: order.clone() });
    world.ok(refused_by_supplier(&order));
    assert_eq!(world.order("1").state, OrderState::Refused);
    assert_eq!(world.alerts_of("issue_refused"), 1);
    let last = &world.jobs.last().unwrap().kind;
    assert!(matches!(last, JobKind::Notify(Notification::IssueFailed { reason }) if reason == "full"));
    assert!(matches!(world.ok(start_issue("1")), Answer::NotIssued { .. }));
}

#[test]
fn a_ticket_that_comes_too_late_is_given_back_and_told() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 2);
    world.ok(start_issue("1"));
    world.ok(refused_by_supplier(&order));
    world.ok(record_issued(&order, 2));
    assert_eq!(world.order("1").state, OrderState::Refused);
    assert!(world.order("1").supplier_reference.is_some());
    assert_eq!(world.alerts_of("contradiction"), 1);
    let last = &world.jobs.last().unwrap().kind;
    assert!(matches!(last, JobKind::CancelAtSupplier { units, refund: None, .. } if units == &[1, 2]));
}

#[test]
fn an_answer_that_fits_not_every_unit_is_no_answer() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 2);
    world.ok(start_issue("1"));
    world.no_because(Reason::Malformed, record_issued(&order, 1));
    world.no_because(Reason::Malformed, record_issued(&order, 3));
    let twice = vec![UnitCredentials { unit: 1, credentials: vec![voucher("a")] }; 2];
    let empty: Vec<UnitCredentials> = (1..=2).map(|unit| UnitCredentials { unit, credentials: Vec::new() }).collect();
    for units in [twice, empty] {
        let result = IssueResult::Issued { reference: None, units };
        world.no_because(Reason::Malformed, Body::RecordIssue { order: order.clone(), result });
    }
    assert_eq!(world.order("1").state, OrderState::Issuing);
}

#[test]
fn an_empty_pool_gives_nothing_and_takes_nothing() {
    let mut world = World::new();
    world.ok(codes("codes-a", &["A", "B"]));
    let order = world.sold("1", "pooled", 3);
    assert_eq!(world.ok(start_issue("1")), Answer::OutOfCodes { order: order.clone() });
    assert_eq!(world.alerts_of("pool_empty"), 1);
    assert_eq!(world.pools[&id("codes-a")].available, 2);
    assert_eq!(world.order("1").state, OrderState::Issuing, "it waits for codes");
    world.ok(codes("codes-a", &["C", "D"]));
    assert_eq!(world.ok(start_issue("1")), Answer::Issued { order: order.clone() });
    let given: Vec<&str> = world.credentials[&order].iter().map(|unit| unit.credentials[0].value.as_str()).collect();
    assert_eq!(given, ["A", "B", "C"], "the oldest codes go first");
    assert_eq!(world.pools[&id("codes-a")].available, 1);
}

#[test]
fn a_pool_that_nobody_filled_is_an_empty_one() {
    let mut world = World::new();
    world.sold("1", "pooled", 1);
    assert!(matches!(world.ok(start_issue("1")), Answer::OutOfCodes { .. }));
}

#[test]
fn issuing_may_start_with_the_acceptance() {
    let mut world = World::new();
    world.channel("shop", |rules| rules.issue_at_acceptance = true);
    world.sold("1", "pooled", 1);
    assert_eq!(world.order("1").state, OrderState::Issuing, "no code, but the sale stands");
    world.ok(codes("codes-a", &["A"]));
    world.sold("2", "pooled", 1);
    world.sold("3", "gated", 1);
    world.sold("4", "own", 1);
    let states: Vec<OrderState> = ["2", "3", "4"].iter().map(|number| world.order(number).state).collect();
    assert_eq!(states, [OrderState::Issued, OrderState::Issuing, OrderState::Issued]);
}

#[test]
fn a_code_is_unique_for_its_merchant_and_a_void_one_is_never_given() {
    let mut world = World::new();
    world.ok(codes("codes-a", &["A", "B", "A"]));
    let answer = world.ok(codes("other", &["B", "C"]));
    assert_eq!(answer, Answer::CodesAdded { added: 1, duplicates: Vec::new(), elsewhere: vec![1] });
    let first = world.codes[0].id.clone();
    let void = || Body::VoidCode { pool: id("codes-a"), code: first.clone() };
    world.ok(void());
    world.no_because(Reason::StateForbids, void());
    let order = world.issued("1", "pooled", 1);
    assert_eq!(world.credentials[&order][0].credentials[0].value, "B");
    assert_eq!(world.codes[0].state, CodeState::Void);
}

#[test]
fn a_low_pool_is_an_alert() {
    let mut world = World::new();
    world.no_because(
        Reason::OrderUnknown,
        Body::SetPoolThreshold { pool: id("codes-a"), threshold: 2, expiring_days: None },
    );
    world.ok(codes("codes-a", &["A", "B", "C"]));
    world.ok(Body::SetPoolThreshold { pool: id("codes-a"), threshold: 2, expiring_days: None });
    world.issued("1", "pooled", 1);
    assert_eq!(world.alerts_of("pool_low"), 0);
    world.issued("2", "pooled", 1);
    assert_eq!(world.alerts_of("pool_low"), 1);
}

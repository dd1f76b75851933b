//! Codes that a person types, and what the supplier tells afterwards.

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::{OrderState, UnitCredentials};
use entrepot_contract::outcome::Reason;
use entrepot_contract::product::{RefundFee, RefundOtherwise, RefundRule, RefundStep};
use entrepot_domain::answer::{Answer, RefundStanding};
use entrepot_domain::command::{Body, IssueResult};

use crate::world::*;

fn kinds(world: &World) -> Vec<String> {
    world.jobs.iter().map(|job| job.kind.name()).collect()
}

fn typed(order: &entrepot_contract::ids::OrderId, codes: &[&str]) -> Body {
    let unit = |(at, code): (usize, &&str)| UnitCredentials {
        unit: u16::try_from(at + 1).unwrap(),
        credentials: vec![voucher(code)],
    };
    let units = codes.iter().enumerate().map(unit).collect();
    let result = IssueResult::ByHand { units, reason: "the gate system is down".to_owned() };
    Body::RecordIssue { order: order.clone(), result }
}

#[test]
fn typed_codes_issue_an_order_and_the_channel_that_waits_is_told() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 2);
    world.ok(start_issue("1"));
    world.ok(Body::PromiseIssue { order: order.clone() });
    assert_eq!(world.ok(typed(&order, &["X", "Y"])), Answer::Issued { order: order.clone() });
    assert_eq!(kinds(&world), ["book", "notify_issued"]);
    assert_eq!((world.order("1").state, world.order("1").by_hand), (OrderState::Issued, true));
    assert_eq!(world.credentials[&order][1].credentials[0].value, "Y");
    let line = world.events.iter().find(|event| event.what == "issued").unwrap();
    assert!(line.detail.contains("the gate system is down") && !line.detail.contains('X'), "{line:?}");
    assert_eq!(world.ok(start_issue("1")), Answer::Issued { order: order.clone() });
    world.no_because(Reason::StateForbids, typed(&order, &["X", "Y"]));
}

#[test]
fn an_order_that_waits_for_codes_of_an_empty_pool_is_issued_with_typed_ones() {
    let mut world = World::new();
    world.ok(codes("codes-a", &["A"]));
    let order = world.sold("1", "pooled", 2);
    assert_eq!(world.ok(start_issue("1")), Answer::OutOfCodes { order: order.clone() });
    world.ok(typed(&order, &["X", "Y"]));
    assert_eq!(world.order("1").state, OrderState::Issued);
    assert_eq!(world.pools[&id("codes-a")].available, 1, "the pool keeps its own");
}

#[test]
fn what_does_not_fit_is_refused_and_no_text_repeats_a_code() {
    let mut world = World::new();
    world.ok(codes("codes-a", &["POOLED"]));
    let order = world.sold("1", "gated", 2);
    for codes in [&["X"][..], &["X", "Y", "Z"], &["X", "POOLED"]] {
        let text = world.no_because(Reason::Malformed, typed(&order, codes));
        assert!(!text.contains("POOLED"), "{text}");
    }
    let twice = vec![
        UnitCredentials { unit: 1, credentials: vec![voucher("X"), voucher("X")] },
        UnitCredentials { unit: 2, credentials: vec![voucher("Y")] },
    ];
    let result = IssueResult::ByHand { units: twice, reason: "r".to_owned() };
    world.no_because(Reason::Malformed, Body::RecordIssue { order: order.clone(), result });
    world.ok(create("2", "gated", 1, None));
    let unpaid = world.order("2").id.clone();
    world.no_because(Reason::StateForbids, typed(&unpaid, &["X"]));
    assert_eq!(world.order("1").state, OrderState::Accepted);
}

#[test]
fn a_supplier_that_issued_all_the_same_is_told_to_a_person_and_nothing_is_cancelled() {
    for result in [
        IssueResult::Issued { reference: Some(id("S1")), units: Vec::new() },
        IssueResult::Found { reference: Some(id("S1")), same: false },
    ] {
        let mut world = World::new();
        let order = world.sold("1", "gated", 1);
        world.ok(start_issue("1"));
        world.ok(typed(&order, &["X"]));
        world.ok(Body::RecordIssue { order: order.clone(), result });
        assert_eq!((world.alerts_of("contradiction"), kinds(&world)), (1, vec!["book".to_owned()]));
        assert_eq!(world.credentials[&order][0].credentials[0].value, "X", "the guest keeps what he has");
        assert!(world.order("1").by_hand);
    }
}

#[test]
fn a_supplier_that_holds_the_very_tickets_fulfils_the_order_again() {
    let mut world = World::new();
    world.supplier("gate", |rules| rules.usage_poll_ms = Some(600_000));
    let order = world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    world.ok(typed(&order, &["X"]));
    assert!(world.order("1").deadlines.is_empty(), "nobody is asked about codes that a person typed");
    let result = IssueResult::Found { reference: Some(id("S1")), same: true };
    world.ok(Body::RecordIssue { order: order.clone(), result });
    let now = world.order("1");
    assert!(!now.by_hand && now.supplier_reference == Some(id("S1")) && !now.deadlines.is_empty(), "{now:?}");
    assert_eq!(world.alerts_of("contradiction"), 0);
}

#[test]
fn typed_codes_are_taken_back_by_a_person() {
    let mut world = World::new();
    let free = RefundStep { hours_before_visit: -24, fee: RefundFee::Free };
    let rule = RefundRule { steps: vec![free], otherwise: RefundOtherwise::Manual, partial: true };
    world.product("gated", |product| product.refund = rule.clone());
    let order = world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    world.ok(typed(&order, &["X"]));
    let now = world.now;
    let asked = world.ok(ask("1", "r", UnitChoice::AllLeft, now));
    assert!(matches!(asked, Answer::Refund { standing: RefundStanding::Waiting, .. }), "{asked:?}");
    assert_eq!((world.alerts_of("refund_waiting"), kinds(&world)), (1, vec!["book".to_owned()]));
    world.ok(refunded("1", "r", UnitChoice::AllLeft, now));
    assert_eq!(kinds(&world), ["book"], "its supplier has nothing to give back");
}

#[test]
fn codes_are_not_typed_while_a_refund_is_pending() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    let now = world.now;
    world.ok(ask("1", "r", UnitChoice::AllLeft, now));
    world.no_because(Reason::StateForbids, typed(&order, &["X"]));
    assert_eq!(world.order("1").state, OrderState::Issuing);
}

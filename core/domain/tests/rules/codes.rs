//! Codes of a pool: on which days they are good, batches, orders that wait for them, codes that come back unseen.

use entrepot_contract::ids::OrderId;
use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::{Acceptance, Reason};
use entrepot_domain::answer::Answer;
use entrepot_domain::catalogue::{CodeRules, OnEmpty};
use entrepot_domain::code::NewCode;
use entrepot_domain::code::{BatchState, CodeState};
use entrepot_domain::command::Body;
use entrepot_domain::deadline::Times;
use entrepot_domain::job::{JobKind, Notification};

use crate::world::*;

fn add(world: &mut World, codes: Vec<NewCode>) -> Answer {
    world.ok(Body::AddCodes { pool: id("codes-a"), codes })
}

fn given(world: &World, order: &OrderId) -> Vec<String> {
    let units = world.credentials[order].iter();
    units.flat_map(|unit| unit.credentials.iter().map(|credential| credential.value.clone())).collect()
}

fn move_batch(batch: &str, to: BatchState) -> Body {
    Body::MoveBatch { pool: id("codes-a"), batch: id(batch), to }
}

fn available(world: &World) -> u32 {
    world.pools[&id("codes-a")].available
}

/// A world whose pool gives nobody-knows-what codes back to later guests, issued as orders are accepted.
fn returning() -> World {
    let mut world = World::new();
    world.channel("shop", |rules| rules.issue_at_acceptance = true);
    world.supplier("codes", |rules| rules.codes.return_unshown = true);
    world
}

#[test]
fn what_ends_first_goes_first_and_what_does_not_cover_the_visit_never_goes() {
    let mut world = World::new();
    let codes = vec![
        new_code("for-ever", "b1", None, None),
        new_code("late", "b1", None, Some("2026-12-31")),
        new_code("over-before", "b1", None, Some("2026-09-30")),
        new_code("not-yet", "b1", Some("2026-10-02"), Some("2026-10-03")),
        new_code("fits", "b1", Some("2026-10-01"), Some(DAY)),
    ];
    add(&mut world, codes);
    let order = world.issued("1", "pooled", 2);
    assert_eq!(given(&world, &order), ["fits", "late"]);
    let order = world.issued("2", "pooled", 1);
    assert_eq!(given(&world, &order), ["for-ever"]);
    let order = world.sold("3", "pooled", 1);
    assert_eq!(world.ok(start_issue("3")), Answer::OutOfCodes { order });
    assert_eq!(available(&world), 2, "those that fit nobody's day are there still");
    let text = &world.alerts.values().find(|alert| alert.kind.name() == "pool_empty").unwrap().text;
    assert!(text.contains("that are good from 2026-10-01 to 2026-10-01"), "{text}");
}

#[test]
fn a_unit_may_have_several_codes() {
    let mut world = World::new();
    world.supplier("codes", |rules| rules.codes.per_unit = 2);
    world.ok(codes("codes-a", &["A", "B", "C", "D", "E"]));
    let order = world.issued("1", "pooled", 2);
    let shown: Vec<usize> = world.credentials[&order].iter().map(|unit| unit.credentials.len()).collect();
    assert_eq!((shown, given(&world, &order).join("")), (vec![2, 2], "ABCD".to_owned()));
    world.sold("2", "pooled", 1);
    assert!(matches!(world.ok(start_issue("2")), Answer::OutOfCodes { .. }), "one is too few");
    world.at("2026-10-01T02:00:00Z");
    world.ok(redeem("1", UnitChoice::Numbers(vec![1]), world.now));
    let used = world.codes.iter().filter(|code| code.state == CodeState::Used).count();
    assert_eq!(used, 2, "both codes of the unit");
    assert_eq!(available(&world), 1);
}

#[test]
fn units_given_back_before_get_no_code() {
    let mut world = World::new();
    world.ok(codes("codes-a", &["A", "B"]));
    world.sold("1", "pooled", 2);
    world.ok(refunded("1", "r", UnitChoice::Numbers(vec![1]), world.now));
    let Answer::Issued { order } = world.ok(start_issue("1")) else { panic!("one code is enough") };
    assert_eq!(world.credentials[&order].iter().map(|unit| unit.unit).collect::<Vec<_>>(), [2]);
    assert_eq!(available(&world), 1);
}

#[test]
fn an_order_that_waits_is_issued_when_codes_come_and_the_channel_is_told() {
    let mut world = World::new();
    let order = world.sold("1", "pooled", 2);
    assert_eq!(world.ok(start_issue("1")), Answer::OutOfCodes { order: order.clone() });
    assert_eq!(world.ok(Body::PromiseIssue { order: order.clone() }), Answer::Issuing { order: order.clone() });
    assert_eq!(world.waits[&order].wanted, 2);
    world.ok(codes("codes-a", &["A"]));
    let waiting = || Body::IssueWaiting { order: order.clone() };
    assert_eq!(world.ok(waiting()), Answer::OutOfCodes { order: order.clone() });
    world.ok(codes("codes-a", &["B"]));
    assert_eq!(world.ok(waiting()), Answer::Issued { order: order.clone() });
    assert!(world.waits.is_empty());
    let last = &world.jobs.last().unwrap().kind;
    assert!(matches!(last, JobKind::Notify(Notification::Issued)), "{last:?}");
    assert!(matches!(world.ok(waiting()), Answer::NotIssued { .. }), "once is enough");
}

#[test]
fn codes_that_come_after_the_channels_time_are_not_spent_by_themselves() {
    let mut world = World::new();
    world.channel("shop", |rules| rules.times = Times { issue_ms: Some(60_000), ..rules.times });
    let order = world.sold("1", "pooled", 1);
    world.ok(start_issue("1"));
    world.pass(60_000);
    world.ok(codes("codes-a", &["A"]));
    let answer = world.ok(Body::IssueWaiting { order: order.clone() });
    assert!(matches!(&answer, Answer::NotIssued { reason, .. } if reason.contains("had ended")), "{answer:?}");
    assert!(world.waits.is_empty());
    assert_eq!(world.ok(start_issue("1")), Answer::Issued { order }, "the channel may still ask for it");
}

#[test]
fn an_order_that_ends_while_it_waits_waits_no_more() {
    let mut world = World::new();
    world.sold("1", "pooled", 1);
    world.ok(start_issue("1"));
    assert_eq!(world.waits.len(), 1);
    world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
    assert_eq!((world.order("1").state, world.waits.len()), (OrderState::Refunded, 0));
}

#[test]
fn an_empty_pool_may_refuse_at_once() {
    let mut world = World::new();
    world.supplier("codes", |rules| rules.codes.on_empty = OnEmpty::Refuse);
    world.sold("1", "pooled", 1);
    assert!(matches!(world.ok(start_issue("1")), Answer::NotIssued { .. }));
    assert_eq!((world.order("1").state, world.alerts_of("pool_empty")), (OrderState::Refused, 1));
    world.channel("shop", |rules| rules.issue_at_acceptance = true);
    let answer = world.ok(create("2", "pooled", 1, Some(world.now)));
    assert!(matches!(answer, Answer::Created { acceptance: Some(Acceptance::Refused), .. }), "{answer:?}");
    world.channel("shop", |rules| rules.accept_at_once = false);
    let order = world.sold("3", "pooled", 1);
    let accept = Body::DecideAcceptance { order: name("3"), accept: true, reason: None };
    assert_eq!(world.ok(accept), Answer::Paid { order, acceptance: Acceptance::Refused });
    let told = &world.jobs.last().unwrap().kind;
    assert!(matches!(told, JobKind::Notify(Notification::Refused { .. })), "{told:?}");
}

#[test]
fn pools_of_one_connection_may_give_codes_in_ways_of_their_own() {
    let mut world = World::new();
    world.supplier("codes", |rules| {
        let own = CodeRules { per_unit: 2, on_empty: OnEmpty::Refuse, return_unshown: false };
        rules.pools.insert(id("codes-a"), own);
        rules.pools.insert(id("another"), CodeRules { per_unit: 9, ..own });
    });
    world.ok(codes("codes-a", &["A", "B", "C"]));
    let order = world.issued("1", "pooled", 1);
    assert_eq!(given(&world, &order).join(""), "AB");
    world.sold("2", "pooled", 1);
    assert!(matches!(world.ok(start_issue("2")), Answer::NotIssued { .. }), "it refuses, though the connection waits");
    world.supplier("codes", |rules| rules.pools.clear());
    let order = world.issued("3", "pooled", 1);
    assert_eq!(given(&world, &order).join(""), "C", "as the connection has it");
}

#[test]
fn a_batch_is_paused_resumed_and_voided() {
    let mut world = World::new();
    let two = vec![new_code("A", "b1", None, None), new_code("B", "b2", None, None)];
    add(&mut world, two);
    assert_eq!(world.ok(move_batch("b1", BatchState::Paused)), Answer::Changed { rows: 1 });
    assert_eq!((available(&world), world.batch("codes-a", "b1")), (1, BatchState::Paused));
    add(&mut world, vec![new_code("C", "b1", None, None)]);
    assert_eq!(available(&world), 1, "what comes into a paused batch is paused");
    let order = world.issued("1", "pooled", 1);
    assert_eq!(given(&world, &order), ["B"]);
    assert_eq!(world.ok(move_batch("b1", BatchState::Active)), Answer::Changed { rows: 2 });
    assert_eq!(available(&world), 2);
    let order = world.issued("2", "pooled", 1);
    assert_eq!(given(&world, &order), ["A"]);
    assert_eq!(world.ok(move_batch("b1", BatchState::Void)), Answer::Changed { rows: 1 });
    let states: Vec<CodeState> = world.codes.iter().map(|code| code.state).collect();
    assert_eq!(states, [CodeState::Assigned, CodeState::Assigned, CodeState::Void], "a guest keeps his");
    world.no_because(Reason::StateForbids, move_batch("b1", BatchState::Active));
    world.no_because(Reason::OrderUnknown, move_batch("b9", BatchState::Void));
    let late = Body::AddCodes { pool: id("codes-a"), codes: vec![new_code("D", "b1", None, None)] };
    world.no_because(Reason::StateForbids, late);
    assert_eq!(available(&world), 0);
}

#[test]
fn codes_whose_last_day_has_ended_leave_the_pool_and_a_low_pool_is_told() {
    let mut world = World::new();
    let codes = vec![
        new_code("A", "b1", None, Some("2026-09-18")),
        new_code("B", "b2", None, Some("2026-09-18")),
        new_code("C", "b1", None, Some("2026-09-19")),
    ];
    add(&mut world, codes);
    world.ok(Body::SetPoolThreshold { pool: id("codes-a"), threshold: 2, expiring_days: Some(7) });
    assert_eq!(world.pools[&id("codes-a")].expiring_days, 7);
    world.ok(move_batch("b2", BatchState::Paused));
    assert_eq!(world.alerts_of("pool_low"), 0);
    let expire = || Body::ExpireCodes { pool: id("codes-a"), before: date("2026-09-19") };
    assert_eq!(world.ok(expire()), Answer::Changed { rows: 2 });
    let states: Vec<CodeState> = world.codes.iter().map(|code| code.state).collect();
    assert_eq!(states, [CodeState::Expired, CodeState::Expired, CodeState::Available]);
    assert_eq!((available(&world), world.alerts_of("pool_low")), (1, 1));
    assert_eq!(world.ok(expire()), Answer::Changed { rows: 0 });
}

#[test]
fn codes_that_nobody_saw_go_back_where_the_merchant_allows_it() {
    let mut world = returning();
    world.ok(codes("codes-a", &["A", "B", "C"]));
    let first = world.sold("1", "pooled", 2);
    assert_eq!(given(&world, &first), ["A", "B"]);
    world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
    assert_eq!(available(&world), 3);
    assert!(world.credentials[&first].is_empty(), "the order knows them no more");
    let states: Vec<CodeState> = world.codes.iter().map(|code| code.state).collect();
    assert_eq!(states, [CodeState::Returned, CodeState::Returned, CodeState::Available]);
    let fresh = world.sold("0", "pooled", 1);
    assert_eq!(given(&world, &fresh), ["C"], "what was never given goes first");
    let second = world.sold("2", "pooled", 1);
    assert_eq!(given(&world, &second), ["A"]);
    // Whatever of an order was shown, or given back in parts, is void.
    world.ok(start_issue("2"));
    world.ok(refunded("2", "r", UnitChoice::AllLeft, world.now));
    let third = world.sold("3", "pooled", 1);
    assert_eq!(given(&world, &third), ["B"]);
    world.ok(Body::ShowCredentials { order: third });
    world.ok(refunded("3", "r", UnitChoice::AllLeft, world.now));
    let states: Vec<CodeState> = world.codes.iter().map(|code| code.state).collect();
    assert_eq!(states, [CodeState::Void, CodeState::Void, CodeState::Assigned]);
}

#[test]
fn what_came_back_counts_rests_ends_and_is_voided_with_the_others() {
    let mut world = returning();
    add(&mut world, vec![new_code("A", "b1", None, Some("2026-12-30")), new_code("B", "b2", None, None)]);
    world.ok(Body::SetPoolThreshold { pool: id("codes-a"), threshold: 2, expiring_days: None });
    world.sold("1", "pooled", 2);
    assert_eq!((available(&world), world.alerts_of("pool_low")), (0, 1));
    world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
    assert_eq!((available(&world), world.alerts_of("pool_low")), (2, 0), "they count for the threshold");
    let states = |world: &World| world.codes.iter().map(|code| code.state).collect::<Vec<_>>();
    assert_eq!(world.ok(move_batch("b1", BatchState::Paused)), Answer::Changed { rows: 1 });
    assert_eq!((states(&world), available(&world)), (vec![CodeState::Paused, CodeState::Returned], 1));
    assert_eq!(world.ok(move_batch("b1", BatchState::Active)), Answer::Changed { rows: 1 });
    assert_eq!((states(&world), available(&world)), (vec![CodeState::Available, CodeState::Returned], 2));
    let code = world.codes[1].id.clone();
    world.ok(Body::VoidCode { pool: id("codes-a"), code });
    assert_eq!((states(&world), available(&world)), (vec![CodeState::Available, CodeState::Void], 1));
    let line = world.history.last().unwrap();
    assert_eq!(line.cells[0].before, serde_json::json!("returned"), "{line:?}");
    world.sold("2", "pooled", 1);
    world.ok(refunded("2", "r", UnitChoice::AllLeft, world.now));
    assert_eq!(states(&world), [CodeState::Returned, CodeState::Void]);
    let expire = Body::ExpireCodes { pool: id("codes-a"), before: date("2026-12-31") };
    assert_eq!(world.ok(expire), Answer::Changed { rows: 1 });
    assert_eq!((states(&world), available(&world)), (vec![CodeState::Expired, CodeState::Void], 0));
}

#[test]
fn part_of_an_order_or_a_merchant_who_forbids_it_voids() {
    let mut world = returning();
    world.ok(codes("codes-a", &["A", "B", "C"]));
    world.sold("1", "pooled", 2);
    world.ok(refunded("1", "r", UnitChoice::Numbers(vec![1]), world.now));
    world.supplier("codes", |rules| rules.codes.return_unshown = false);
    world.sold("2", "pooled", 1);
    world.ok(refunded("2", "r", UnitChoice::AllLeft, world.now));
    let states: Vec<CodeState> = world.codes.iter().map(|code| code.state).collect();
    assert_eq!(states, [CodeState::Void, CodeState::Assigned, CodeState::Void]);
}

#[test]
fn what_comes_back_stands_as_its_batch_does() {
    let mut world = returning();
    add(&mut world, vec![new_code("A", "b1", None, None), new_code("B", "b2", None, None)]);
    world.sold("1", "pooled", 2);
    world.ok(move_batch("b1", BatchState::Paused));
    world.ok(move_batch("b2", BatchState::Void));
    world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
    let states: Vec<CodeState> = world.codes.iter().map(|code| code.state).collect();
    assert_eq!((states, available(&world)), (vec![CodeState::Paused, CodeState::Void], 0));
}

#[test]
fn a_code_of_another_pool_is_told_apart_from_one_of_this() {
    let mut world = World::new();
    world.ok(codes("codes-a", &["A", "B"]));
    let answer = world.ok(codes("other", &["A", "C", "C"]));
    assert_eq!(answer, Answer::CodesAdded { added: 1, duplicates: vec![3], elsewhere: vec![1] });
    let answer = world.ok(codes("codes-a", &["B"]));
    assert_eq!(answer, Answer::CodesAdded { added: 0, duplicates: vec![1], elsewhere: Vec::new() });
}

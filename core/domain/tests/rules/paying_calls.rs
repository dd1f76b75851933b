//! A call for credentials that is the payment, too; and one that comes before its order.

use entrepot_contract::intent::{CancelStage, Intent, IssueOrder};
use entrepot_contract::listing::UnitNames;
use entrepot_contract::order::{DeadlineKind, OrderState};
use entrepot_contract::outcome::{Acceptance, Reason};
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, ChannelNames, IssueResult};
use entrepot_domain::job::JobKind;

use crate::world::*;

fn names(names: &[(Option<&str>, &str)]) -> Vec<UnitNames> {
    let one = |(item, certificate): &(Option<&str>, &str)| UnitNames {
        certificate: Some((*certificate).to_owned()),
        item: item.map(str::to_owned),
        code: None,
    };
    names.iter().map(one).collect()
}

fn paying(number: &str) -> Body {
    let names = ChannelNames::default();
    Body::StartIssue { order: name(number), count: None, names, paid_at: Some(Timestamp::from_millis(7)) }
}

/// The call as a fact of an order that is not here.
fn called(number: &str, millis: i64, units: &[(Option<&str>, &str)]) -> Body {
    let paid_at = Some(Timestamp::from_millis(millis));
    fact(number, Intent::IssueOrder(IssueOrder { paid_at, unit_names: names(units), ..IssueOrder::new(id(number)) }))
}

fn told(world: &World) -> Vec<String> {
    let notices = world.jobs.iter().filter_map(|job| match &job.kind {
        JobKind::Notify(notification) => Some(notification.event().to_owned()),
        _ => None,
    });
    notices.collect()
}

fn issue_due(world: &World, number: &str) -> Option<Timestamp> {
    let deadlines = &world.order(number).deadlines;
    deadlines.iter().find(|deadline| deadline.kind == DeadlineKind::Issue).map(|deadline| deadline.due)
}

#[test]
fn one_call_pays_and_issues_and_its_repeat_pays_nothing() {
    let mut world = World::new();
    world.ok(create("1", "own", 2, None));
    let order = world.order("1").id.clone();
    for _ in 0..2 {
        assert_eq!(world.ok(paying("1")), Answer::Issued { order: order.clone() });
    }
    assert_eq!(world.order("1").paid_at, Some(Timestamp::from_millis(7)));
    assert_eq!((world.account().balance_minor, world.account().held_minor), (-2 * SETTLEMENT, 0));
    assert_eq!((world.cell("gate").sold, world.cell("gate").held), (2, 0));
    assert!(told(&world).is_empty());
}

#[test]
fn of_a_paid_order_it_is_a_call_like_any_other() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 1);
    let paid_at = world.order("1").paid_at;
    assert_eq!(world.ok(paying("1")), Answer::Issuing { order });
    assert_eq!(world.order("1").paid_at, paid_at);
    assert_eq!(world.account().balance_minor, -SETTLEMENT);
}

#[test]
fn a_supplier_is_asked_once_whoever_begins_at_acceptance() {
    let mut world = World::new();
    world.channel("shop", |channel| channel.issue_at_acceptance = true);
    world.ok(create("1", "gated", 2, None));
    let order = world.order("1").id.clone();
    assert_eq!(world.ok(paying("1")), Answer::Issuing { order: order.clone() });
    assert_eq!(world.jobs.iter().filter(|job| job.kind == JobKind::Book).count(), 1);
    world.ok(Body::PromiseIssue { order: order.clone() });
    world.ok(record_issued(&order, 2));
    assert_eq!(told(&world), ["issued"]);
}

#[test]
fn an_order_that_ended_is_answered_with_a_no_and_nothing_is_sold() {
    let mut world = World::new();
    world.ok(create("1", "own", 2, None));
    world.ok(cancel("1"));
    world.ok(create("2", "own", 2, None));
    world.now = world.now.plus_millis(1_000_000);
    let order = world.order("2").id.clone();
    world.ok(Body::PassDeadlines { order });
    for number in ["1", "2"] {
        assert!(matches!(world.ok(paying(number)), Answer::NotIssued { .. }), "{number}");
        assert_eq!(world.order(number).state, OrderState::Cancelled);
    }
    assert_eq!((world.cell("gate").sold, world.account().balance_minor), (0, 0));
    assert_eq!(world.alerts_of("paid_after_end"), 2);
}

#[test]
fn where_a_person_accepts_the_channel_is_told_later() {
    for yes in [true, false] {
        let mut world = World::new();
        world.channel("shop", |channel| channel.accept_at_once = false);
        world.ok(create("1", "own", 1, None));
        let order = world.order("1").id.clone();
        for _ in 0..2 {
            assert_eq!(world.ok(paying("1")), Answer::Issuing { order: order.clone() });
            assert_eq!(world.ok(Body::PromiseIssue { order: order.clone() }), Answer::Issuing { order: order.clone() });
        }
        assert_eq!(world.order("1").state, OrderState::Paid);
        assert!(issue_due(&world, "1").is_some(), "the channel counts");
        world.ok(Body::DecideAcceptance { order: name("1"), accept: yes, reason: None });
        let (state, notice) = if yes { (OrderState::Issued, "issued") } else { (OrderState::Refused, "issue_failed") };
        assert_eq!((world.order("1").state, told(&world)), (state, vec![notice.to_owned()]));
        assert_eq!(issue_due(&world, "1"), None);
    }
}

#[test]
fn a_call_before_its_order_pays_it_and_its_codes_go_by_callback() {
    for (sku, paid_with_create) in [("own", false), ("own", true), ("pooled", false)] {
        let mut world = World::new();
        world.ok(codes("codes-a", &["a", "b", "c"]));
        let first = world.now;
        assert_eq!(world.ok(called("1", 7, &[])), Answer::Stored);
        assert_eq!(world.alerts_of("unplaced"), 1);
        let paid_at = paid_with_create.then(|| Timestamp::from_millis(1));
        let answer = world.ok(create("1", sku, 2, paid_at));
        assert!(matches!(answer, Answer::Created { acceptance: Some(Acceptance::Accepted), .. }), "{answer:?}");
        let order = world.order("1").clone();
        assert_eq!((order.state, order.callback_owed), (OrderState::Issued, false));
        assert_eq!(order.paid_at, Some(Timestamp::from_millis(if paid_with_create { 1 } else { 7 })));
        assert_eq!(told(&world), ["issued"]);
        assert_eq!(world.credentials[&order.id].len(), 2);
        assert_eq!((world.alerts_of("unplaced"), world.account().balance_minor), (0, -2 * SETTLEMENT));
        assert!(world.now >= first);
    }
}

#[test]
fn the_channel_counts_since_its_call_and_a_late_supplier_is_told() {
    let mut world = World::new();
    world.ok(called("1", 7, &[]));
    let since = world.now;
    world.now = world.now.plus_millis(60_000);
    world.ok(create("1", "gated", 1, None));
    let order = world.order("1").id.clone();
    let due = issue_due(&world, "1").unwrap();
    assert!(due.since(since) <= 600_000 + 10 && due.since(world.now) < 600_000, "{due} {since}");
    world.ok(Body::RecordIssue { order, result: IssueResult::Refused { reason: "full".to_owned() } });
    assert_eq!((world.order("1").state, told(&world)), (OrderState::Refused, vec!["issue_failed".to_owned()]));
}

#[test]
fn a_call_that_comes_again_is_one_fact_and_one_without_payment_is_none() {
    let mut world = World::new();
    for millis in [7, 9, 11] {
        world.ok(called("1", millis, &[]));
    }
    let key = entrepot_domain::change::RefKey { application: id("app"), order: id("1") };
    assert_eq!(world.refs[&key].facts.len(), 1);
    world.no_because(Reason::OrderUnknown, start_issue("2"));
}

#[test]
fn an_order_that_ended_before_it_came_is_not_sold_for_a_call() {
    let mut world = World::new();
    world.ok(called("1", 7, &[]));
    let cancelled_at = Timestamp::from_millis(9);
    world.ok(fact("1", Intent::CancelOrder { order: id("1"), stage: CancelStage::AfterPayment, cancelled_at }));
    world.no_because(Reason::StateForbids, create("1", "own", 2, None));
    assert_eq!(world.cell("gate").sold, 0);
}

#[test]
fn units_keep_the_names_of_both_calls_by_their_items_and_else_by_their_places() {
    let named = |units: &[(Option<&str>, &str)], items: bool| {
        let mut world = World::new();
        world.ok(called("1", 7, units));
        let mut intent = creation("1", "own", 2, None);
        let item = |name: &str| UnitNames { item: Some(name.to_owned()), ..UnitNames::default() };
        if items {
            intent.unit_names = vec![item("i-1"), item("i-2")];
        }
        world.ok(Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() });
        (world.order("1").unit_names.clone(), world.alerts_of("contradiction"))
    };
    let both = names(&[(Some("i-1"), "c-1"), (Some("i-2"), "c-2")]);
    assert_eq!(named(&[(Some("i-2"), "c-2"), (Some("i-1"), "c-1")], true), (both.clone(), 0));
    assert_eq!(named(&[(None, "c-1"), (None, "c-2")], true), (both.clone(), 0));
    assert_eq!(named(&[(Some("i-1"), "c-1"), (Some("i-2"), "c-2")], false), (both.clone(), 0));
    let (some, none) = named(&[(Some("i-2"), "c-2")], true);
    assert_eq!((some[0].certificate.as_deref(), some[1].certificate.as_deref(), none), (None, Some("c-2"), 0));
    let (kept, told) = named(&[(None, "c-1")], true);
    assert_eq!((kept[0].certificate.as_deref(), told), (None, 1), "one name, two units");
}

#[test]
fn a_voucher_without_anything_to_show_is_told_too() {
    let mut world = World::new();
    world.sku("own", |sku| sku.fulfilment = entrepot_contract::product::Fulfilment::Nothing);
    world.ok(called("1", 7, &[]));
    world.ok(create("1", "own", 1, None));
    assert_eq!((world.order("1").state, told(&world)), (OrderState::Issued, vec!["issued".to_owned()]));
}

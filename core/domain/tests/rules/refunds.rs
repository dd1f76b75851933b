//! Refunds: asked, decided, announced.

use entrepot_contract::intent::{RecordRefund, UnitChoice};
use entrepot_contract::money::Money;
use entrepot_contract::order::{OrderState, RefundCause, RefundState, UnitState};
use entrepot_contract::outcome::Reason;
use entrepot_contract::product::{RefundFee, RefundOtherwise, RefundRule, RefundStep};
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::{Answer, RefundStanding};
use entrepot_domain::command::Body;
use entrepot_domain::job::{JobEnd, JobKind, Notification};

use crate::world::*;

fn standing(answer: Answer) -> RefundStanding {
    match answer {
        Answer::Refund { standing, .. } => standing,
        other => panic!("{other:?}"),
    }
}

fn with_rule(steps: &[(i32, RefundFee)], otherwise: RefundOtherwise, partial: bool) -> World {
    let mut world = World::new();
    let steps = steps.iter().map(|(hours, fee)| RefundStep { hours_before_visit: *hours, fee: *fee }).collect();
    world.product("own", |product| product.refund = RefundRule { steps, otherwise, partial });
    world
}

fn instant(text: &str) -> Timestamp {
    Timestamp::from_millis(text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_millis())
}

fn decide(world: &World, agree: bool) -> Body {
    let refund = world.refunds.values().next_back().unwrap();
    Body::DecideRefund {
        order: refund.order.clone(),
        refund: refund.id.clone(),
        agree,
        reason: (!agree).then(|| "no".to_owned()),
    }
}

/// What the distributor got back in all.
fn returned(world: &World, number: &str) -> i64 {
    world.order(number).units.iter().map(|unit| unit.returned_minor).sum()
}

#[test]
fn units_stock_and_credit_come_back_once() {
    let mut world = World::new();
    world.sold("1", "own", 3);
    let now = world.now;
    for _ in 0..2 {
        world.ok(refunded("1", "r", UnitChoice::Count(1), now));
        assert_eq!(world.order("1").count(UnitState::Refunded), 1);
        assert_eq!((world.cell("gate").sold, world.account().balance_minor), (2, -2 * SETTLEMENT));
    }
    world.ok(refunded("1", "s", UnitChoice::AllLeft, now));
    assert_eq!(world.order("1").state, OrderState::Refunded);
    assert_eq!((world.cell("gate").sold, world.account().balance_minor), (0, 0));
    assert_eq!(world.alerts_of("contradiction"), 0);
}

#[test]
fn a_unit_named_twice_comes_back_once() {
    let mut world = World::new();
    world.sold("1", "own", 3);
    world.ok(refunded("1", "r", UnitChoice::Numbers(vec![2, 2]), world.now));
    assert_eq!((world.cell("gate").sold, world.order("1").numbers(UnitState::Refunded)), (2, vec![2]));
}

#[test]
fn a_count_of_nothing_gives_nothing_back() {
    let mut world = World::new();
    world.sold("1", "own", 3);
    world.ok(refunded("1", "r", UnitChoice::Count(0), world.now));
    assert_eq!((world.cell("gate").sold, world.alerts_of("contradiction")), (3, 1));
}

#[test]
fn a_count_leaves_units_alone_that_another_refund_names() {
    let mut world = World::new();
    world.sold("1", "own", 3);
    world.ok(ask("1", "asked", UnitChoice::Numbers(vec![3]), world.now));
    world.ok(refunded("1", "unasked", UnitChoice::Count(1), world.now));
    assert_eq!(world.order("1").numbers(UnitState::Refunded), [2]);
    world.ok(refunded("1", "asked", UnitChoice::AllLeft, world.now));
    assert_eq!(world.order("1").numbers(UnitState::Refunded), [2, 3]);
    assert_eq!(world.alerts_of("contradiction"), 0);
}

#[test]
fn fewer_units_than_asked_are_taken_from_those_of_the_question() {
    let mut world = World::new();
    world.sold("1", "own", 4);
    world.ok(ask("1", "r", UnitChoice::Numbers(vec![1, 2]), world.now));
    world.ok(refunded("1", "r", UnitChoice::Count(1), world.now));
    assert_eq!(world.order("1").numbers(UnitState::Refunded), [1]);
}

#[test]
fn a_result_without_a_question_is_recorded() {
    let mut world = World::new();
    world.issued("1", "own", 2);
    world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
    let refund = world.refunds.values().next().unwrap();
    assert_eq!((refund.state, refund.decided_by.as_deref()), (RefundState::Done, Some("channel")));
    assert_eq!(refund.channel_amount, Some(Money::fen(RETAIL)));
    assert_eq!(world.order("1").state, OrderState::Refunded);
}

#[test]
fn the_refund_of_a_used_unit_returns_nothing_and_is_an_alert() {
    let mut world = World::new();
    world.issued("1", "own", 2);
    world.at("2026-10-01T02:00:00Z");
    world.ok(redeem("1", UnitChoice::Numbers(vec![1]), world.now));
    world.ok(refunded("1", "r", UnitChoice::Numbers(vec![1]), world.now));
    assert_eq!((returned(&world, "1"), world.cell("gate").sold), (0, 2));
    assert_eq!(world.alerts_of("contradiction"), 1);
    world.ok(refunded("1", "s", UnitChoice::AllLeft, world.now));
    assert_eq!((returned(&world, "1"), world.cell("gate").sold), (SETTLEMENT, 1));
    assert_eq!(world.order("1").state, OrderState::Completed);
    world.ok(refunded("1", "t", UnitChoice::AllLeft, world.now));
    assert_eq!((returned(&world, "1"), world.alerts_of("contradiction")), (SETTLEMENT, 1));
}

#[test]
fn a_refund_before_the_payment_is_known_ends_the_order() {
    let mut world = World::new();
    world.ok(create("1", "own", 2, None));
    world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
    assert_eq!(world.order("1").state, OrderState::Cancelled);
    assert_eq!((world.cell("gate").held, world.account().balance_minor), (0, 0));
}

#[test]
fn one_key_is_one_question() {
    let mut world = World::new();
    world.issued("1", "own", 2);
    let now = world.now;
    let first = world.ok(ask("1", "r", UnitChoice::Count(1), now));
    assert_eq!(world.ok(ask("1", "r", UnitChoice::Count(1), now)), first);
    assert_eq!(world.refunds.len(), 1);
    world.ok(ask("1", "s", UnitChoice::Count(1), now));
    let refused = world.ok(ask("1", "t", UnitChoice::Count(1), now));
    assert!(matches!(standing(refused), RefundStanding::Refused { .. }), "both units are asked for");
    world.ok(refunded("1", "r", UnitChoice::AllLeft, now));
    assert_eq!(standing(world.ok(ask("1", "r", UnitChoice::Count(1), now))), RefundStanding::Done);
}

#[test]
fn the_fee_follows_the_steps_of_the_rule() {
    let steps = [(48, RefundFee::Free), (24, RefundFee::Fixed(100)), (0, RefundFee::Ratio(2_500))];
    // 00:00 of the visit at the venue is 16:00 UTC of the day before.
    let cases = [
        ("2026-09-28T15:59:59Z", Some(0)),
        ("2026-09-28T16:00:00Z", Some(100)),
        ("2026-09-29T15:59:59Z", Some(100)),
        ("2026-09-29T16:00:00Z", Some(200)),
        ("2026-09-30T15:59:59Z", Some(200)),
        ("2026-09-30T16:00:00Z", None),
    ];
    for (asked_at, fee) in cases {
        let mut world = with_rule(&steps, RefundOtherwise::Never, true);
        world.issued("1", "own", 2);
        let answer = standing(world.ok(ask("1", "r", UnitChoice::AllLeft, instant(asked_at))));
        let Some(fee) = fee else {
            assert!(matches!(answer, RefundStanding::Refused { .. }), "{asked_at}");
            continue;
        };
        assert!(matches!(answer, RefundStanding::Agreed { .. }), "{asked_at}");
        world.ok(refunded("1", "r", UnitChoice::AllLeft, instant("2026-10-05T00:00:00Z")));
        assert_eq!(returned(&world, "1"), 2 * (SETTLEMENT - fee), "{asked_at}");
        assert_eq!(world.account().balance_minor, -2 * fee);
    }
}

#[test]
fn what_is_kept_never_exceeds_the_channels_fee() {
    for (channel, kept) in [(Some(70), 70), (Some(0), 0), (Some(5_000), 200), (None, 200)] {
        let mut world = with_rule(&[(-1_000, RefundFee::Fixed(100))], RefundOtherwise::Never, true);
        world.issued("1", "own", 2);
        let mut intent = question("1", "r", UnitChoice::AllLeft, world.now);
        intent.fee = channel.map(Money::fen);
        let answer = standing(world.ok(Body::AskRefund { order: name("1"), intent }));
        assert_eq!(answer, RefundStanding::Agreed { fee: Money::fen(channel.unwrap_or(0)) });
        world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
        assert_eq!(world.account().balance_minor, -kept);
    }
}

#[test]
fn a_fee_above_the_price_keeps_the_price() {
    let mut world = with_rule(&[(-1_000, RefundFee::Fixed(9_999))], RefundOtherwise::Never, true);
    world.issued("1", "own", 2);
    world.ok(refunded("1", "r", UnitChoice::Count(1), world.now));
    assert_eq!((returned(&world, "1"), world.account().balance_minor), (0, -2 * SETTLEMENT));
    assert_eq!(world.cell("gate").sold, 1);
}

#[test]
fn what_is_not_the_guests_wish_costs_no_fee() {
    let mut world = with_rule(&[(-1_000, RefundFee::Fixed(100))], RefundOtherwise::Never, false);
    world.issued("1", "own", 2);
    let mut intent = result("1", "r", UnitChoice::AllLeft, world.now);
    intent.cause = RefundCause::IssueFailed;
    world.ok(Body::RecordRefund { order: name("1"), intent });
    assert_eq!(world.account().balance_minor, 0);
}

#[test]
fn a_part_of_an_order_goes_to_a_person_where_the_rule_knows_no_parts() {
    let mut world = with_rule(&[(-1_000, RefundFee::Free)], RefundOtherwise::Never, false);
    world.issued("1", "own", 2);
    assert_eq!(standing(world.ok(ask("1", "r", UnitChoice::Count(1), world.now))), RefundStanding::Waiting);
    let body = decide(&world, true);
    world.ok(body);
    assert!(matches!(
        standing(world.ok(ask("1", "r", UnitChoice::Count(1), world.now))),
        RefundStanding::Agreed { .. }
    ));
    assert_eq!(world.ok(decide(&world, true)), world.ok(decide(&world, true)));
    let body = decide(&world, false);
    world.no_because(Reason::StateForbids, body);
}

#[test]
fn a_person_decides_and_the_channel_is_told() {
    for agree in [true, false] {
        let mut world = with_rule(&[], RefundOtherwise::Manual, true);
        world.issued("1", "own", 2);
        assert_eq!(standing(world.ok(ask("1", "r", UnitChoice::AllLeft, world.now))), RefundStanding::Waiting);
        assert_eq!(world.alerts_of("refund_waiting"), 1);
        assert!(world.refunds.values().all(|refund| refund.notice_owed));
        let body = decide(&world, agree);
        world.ok(body);
        let last = &world.jobs.last().unwrap().kind;
        assert!(matches!(last, JobKind::Notify(Notification::RefundDecided { .. })));
        world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
        assert_eq!(world.alerts_of("contradiction"), usize::from(!agree));
        assert_eq!(world.order("1").state, OrderState::Refunded, "the channel's word stands");
    }
}

#[test]
fn a_connection_may_leave_every_refund_to_a_person() {
    let mut world = World::new();
    world.channel("shop", |rules| rules.refund_by_rule = false);
    world.issued("1", "own", 2);
    assert_eq!(standing(world.ok(ask("1", "r", UnitChoice::AllLeft, world.now))), RefundStanding::Waiting);
}

#[test]
fn a_ticket_at_a_supplier_is_cancelled_there_before_we_agree() {
    let mut world = World::new();
    let order = world.issued("1", "gated", 2);
    assert_eq!(standing(world.ok(ask("1", "r", UnitChoice::AllLeft, world.now))), RefundStanding::Waiting);
    let refund = world.refunds.values().next().unwrap().id.clone();
    let cancels =
        |world: &World| world.jobs.iter().filter(|job| matches!(job.kind, JobKind::CancelAtSupplier { .. })).count();
    assert_eq!(cancels(&world), 1);
    let told = world.ok(Body::PromiseRefund { order, refund });
    assert_eq!(standing(told), RefundStanding::Waiting);
    let body = decide(&world, true);
    world.job = world.jobs.last().map(|job| JobEnd { id: job.id.clone(), token: 1 });
    world.ok(body);
    world.ok(refunded("1", "r", UnitChoice::AllLeft, world.now));
    assert_eq!(cancels(&world), 1, "it agreed before: it is not asked twice");
}

#[test]
fn money_that_is_gone_makes_the_supplier_give_its_ticket_back() {
    let mut world = World::new();
    let order = world.issued("1", "gated", 2);
    world.ok(refunded("1", "r", UnitChoice::Count(1), world.now));
    let last = &world.jobs.last().unwrap().kind;
    assert!(matches!(last, JobKind::CancelAtSupplier { units, refund: None, .. } if units == &[2]));
    world.ok(Body::RecordSupplierCancel { order, refused: Some("used".to_owned()), fee: None });
    assert_eq!(world.alerts_of("contradiction"), 1);
    assert_eq!(world.order("1").count(UnitState::Refunded), 1);
}

#[test]
fn codes_of_returned_units_are_void() {
    let mut world = World::new();
    world.ok(codes("codes-a", &["A", "B"]));
    world.issued("1", "pooled", 2);
    world.ok(refunded("1", "r", UnitChoice::Numbers(vec![1]), world.now));
    let states: Vec<_> = world.codes.iter().map(|code| code.state).collect();
    use entrepot_domain::code::CodeState::{Assigned, Void};
    assert_eq!(states, [Void, Assigned]);
}

#[test]
fn an_order_that_was_refused_after_payment_gives_everything_back() {
    let mut world = World::new();
    let order = world.sold("1", "gated", 2);
    world.ok(start_issue("1"));
    let result = entrepot_domain::command::IssueResult::Refused { reason: "full".to_owned() };
    world.ok(Body::RecordIssue { order, result });
    let mut intent = result_of_failure(&world);
    intent.cause = RefundCause::IssueFailed;
    world.ok(Body::RecordRefund { order: name("1"), intent });
    assert_eq!((world.order("1").state, world.account().balance_minor), (OrderState::Refused, 0));
    assert_eq!(world.cell("gate").sold, 0);
}

fn result_of_failure(world: &World) -> RecordRefund {
    result("1", "r", UnitChoice::AllLeft, world.now)
}

/// Nobody asks whether a refund that happened is served: it is written down, and a person says what it means here.
#[test]
fn money_that_names_no_unit_is_written_down_and_takes_none() {
    use entrepot_contract::intent::GivesBack;
    for gives_back in [GivesBack::Money, GivesBack::Reservation, GivesBack::Unknown] {
        let mut world = World::new();
        world.issued("1", "own", 2);
        let intent = RecordRefund { gives_back, ..result("1", "r", UnitChoice::AllLeft, world.now) };
        for _ in 0..2 {
            world.ok(Body::RecordRefund { order: name("1"), intent: intent.clone() });
        }
        let refund = world.refunds.values().next().unwrap();
        assert_eq!((world.refunds.len(), refund.state, refund.units.len()), (1, RefundState::Done, 0));
        assert_eq!((world.order("1").state, returned(&world, "1")), (OrderState::Issued, 0));
        assert_eq!(world.alerts_of("contradiction"), 1);
        // What comes after it is a refund like any other.
        world.ok(refunded("1", "s", UnitChoice::AllLeft, world.now));
        assert_eq!(world.order("1").state, OrderState::Refunded);
    }
}

#[test]
fn units_go_back_by_the_names_that_the_channel_gave_them() {
    use entrepot_contract::listing::UnitNames;
    let mut world = World::new();
    let named = |name: &str| UnitNames { certificate: Some(name.to_owned()), ..UnitNames::default() };
    let mut intent = creation("1", "own", 3, Some(world.now));
    intent.unit_names = vec![named("a"), named("b"), named("c")];
    world.ok(Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() });
    world.ok(start_issue("1"));
    let text = world.ok(ask("1", "q", UnitChoice::Named(vec![named("z")]), world.now));
    assert!(
        matches!(standing(text), RefundStanding::Refused { reason } if reason.contains("no units that the channel"))
    );
    world.ok(refunded("1", "r", UnitChoice::Named(vec![named("b")]), world.now));
    assert_eq!(world.order("1").numbers(UnitState::Refunded), [2]);
    assert_eq!(world.alerts_of("contradiction"), 0);
}

#[test]
fn what_the_channel_says_when_it_asks_is_there_for_who_decides() {
    let mut world = with_rule(&[], RefundOtherwise::Manual, true);
    world.issued("1", "own", 2);
    let mut intent = question("1", "r", UnitChoice::AllLeft, world.now);
    (intent.amount, intent.reason) = (Some(Money::fen(90)), Some("the weather".to_owned()));
    world.ok(Body::AskRefund { order: name("1"), intent });
    let refund = world.refunds.values().next().unwrap();
    assert_eq!((refund.asked_amount, refund.reason.as_deref()), (Some(Money::fen(90)), Some("the weather")));
}

//! What the channel decided about a refund by itself: kept as it was told, and applied once.

use entrepot_contract::intent::decided::{AmountsBack, DecidedUnit, RecordDecision, TimesBack};
use entrepot_contract::intent::{GivesBack, Intent, UnitChoice};
use entrepot_contract::listing::UnitNames;
use entrepot_contract::money::Money;
use entrepot_contract::order::{OrderState, RefundState, UnitState};
use entrepot_contract::outcome::Reason;
use entrepot_domain::alert::AlertKind;
use entrepot_domain::answer::{Answer, RefundStanding};
use entrepot_domain::command::Body;
use entrepot_domain::credit::PostingKind;
use entrepot_domain::job::{JobKind, NewJob, Notification};
use entrepot_domain::refund_line::RefundLine;

use crate::joint::{asks, reserved, states, tells};
use crate::reservations::{ledger, reservation, voucher};
use crate::world::*;

fn line(certificate: &str, agreed: Option<bool>) -> DecidedUnit {
    DecidedUnit {
        names: UnitNames {
            certificate: Some(certificate.to_owned()),
            item: None,
            code: Some(format!("secret-{certificate}")),
        },
        agreed,
        asked_at: None,
        decided_at: None,
        times: None,
        credentials: Vec::new(),
    }
}

fn decision(number: &str, key: Option<&str>, gives_back: GivesBack, lines: Vec<DecidedUnit>) -> RecordDecision {
    RecordDecision { order: id(number), refund: key.map(str::to_owned), gives_back, units: lines }
}

fn body(told: RecordDecision) -> Body {
    let number = told.order.to_string();
    Body::RecordDecision { order: name(&number), key: format!("{number}-decision"), told: Box::new(told) }
}

fn agreed(world: &mut World, number: &str, key: Option<&str>, gives_back: GivesBack) {
    let lines = vec![line("c1", Some(true)), line("c2", Some(true))];
    assert!(matches!(world.ok(body(decision(number, key, gives_back, lines))), Answer::Recorded { .. }));
}

fn applied(world: &World) -> Vec<(Option<u16>, bool)> {
    world.refund_lines.iter().map(|line| (line.unit, line.applied)).collect()
}

fn contradiction(world: &World, number: &str) -> String {
    let subject = world.order(number).id.to_string();
    world.alerts.get(&(AlertKind::Contradiction, subject)).map(|alert| alert.text.clone()).unwrap_or_default()
}

fn told_the_channel(world: &World) -> usize {
    let told = |job: &&NewJob| matches!(job.kind, JobKind::Notify(Notification::RefundDecided { .. }));
    world.jobs.iter().filter(told).count()
}

#[test]
fn t16_money_decided_by_the_channel_goes_with_units_and_credit_before_any_notice_of_it() {
    for gives_back in [GivesBack::Units, GivesBack::Money] {
        let mut world = reserved();
        agreed(&mut world, "r", None, gives_back);
        assert_eq!((ledger(&world, "v"), states(&world)), ((0, 0, 0, 2), (OrderState::Refunded, OrderState::Refunded)));
        assert_eq!((world.account().balance_minor, world.cell("gate").sold), (0, 0));
        assert_eq!(applied(&world), [(Some(1), true), (Some(2), true)], "by their places, where no names were told");
        assert_eq!(world.alerts_of("contradiction"), 0);
        let refund = world.refunds.values().next().unwrap();
        assert_eq!((refund.state, refund.channel_amount), (RefundState::Done, None), "the amount is not told yet");
        tells(&mut world, "r", "k", 2 * RETAIL);
        let refund = world.refunds.values().next().unwrap();
        assert_eq!((world.refunds.len(), refund.channel_amount), (1, Some(Money::fen(2 * RETAIL))));
    }
}

#[test]
fn t16_a_reservation_cancelled_by_the_channel_leaves_its_voucher() {
    for asked in [true, false] {
        let mut world = reserved();
        world.channel("shop", |rules| rules.refund_by_rule = false);
        if asked {
            assert_eq!(asks(&mut world, "r", "k", GivesBack::Units), RefundStanding::Waiting);
        }
        agreed(&mut world, "r", None, GivesBack::Reservation);
        assert_eq!((ledger(&world, "v"), world.cell("gate").sold), ((2, 0, 0, 0), 0));
        assert_eq!((world.order("r").state, world.account().balance_minor), (OrderState::Refunded, -2 * SETTLEMENT));
        assert_eq!((world.alerts_of("refund_waiting"), told_the_channel(&world)), (0, 0));
        // The guest reserves anew, and the notice of the first date comes late.
        world.ok(reservation("s", "v", 2, Some(world.now)));
        tells(&mut world, "r", "k", 0);
        assert_eq!((ledger(&world, "v"), world.alerts_of("contradiction")), ((0, 2, 0, 0), 0), "asked: {asked}");
    }
}

#[test]
fn t17_a_no_ends_the_question_and_nothing_is_told_back() {
    for key in [Some("k"), None] {
        let mut world = reserved();
        world.channel("shop", |rules| rules.refund_by_rule = false);
        assert_eq!(asks(&mut world, "r", "k", GivesBack::Units), RefundStanding::Waiting);
        assert_eq!(world.alerts_of("refund_waiting"), 1);
        let lines = vec![line("c1", Some(false)), line("c2", Some(false))];
        world.ok(body(decision("r", key, GivesBack::Units, lines)));
        let refund = world.refunds.values().next().unwrap();
        assert_eq!((refund.state, refund.decided_by.as_deref()), (RefundState::Refused, Some("channel")));
        assert_eq!((world.alerts_of("refund_waiting"), told_the_channel(&world)), (0, 0));
        assert_eq!((ledger(&world, "v"), world.order("r").state), ((0, 2, 0, 0), OrderState::Issued));
        assert_eq!((applied(&world), world.alerts_of("contradiction")), (vec![(Some(1), true), (Some(2), true)], 0));
    }
}

#[test]
fn a_no_to_what_was_agreed_here_is_the_channels_word_and_a_persons_matter() {
    let mut world = reserved();
    assert!(matches!(asks(&mut world, "r", "k", GivesBack::Units), RefundStanding::Agreed { .. }));
    let lines = vec![line("c1", Some(false)), line("c2", Some(false))];
    world.ok(body(decision("r", Some("k"), GivesBack::Units, lines)));
    assert!(contradiction(&world, "r").contains("which was agreed here"), "{}", contradiction(&world, "r"));
    assert_eq!(world.refunds.values().next().unwrap().state, RefundState::Refused);
}

#[test]
fn a_yes_to_what_was_used_moves_nothing_and_is_told_to_a_person() {
    let mut world = reserved();
    world.at("2026-10-01T02:00:00Z");
    world.ok(redeem("r", UnitChoice::AllLeft, world.now));
    agreed(&mut world, "r", None, GivesBack::Units);
    assert_eq!((ledger(&world, "v"), world.account().balance_minor), ((0, 0, 2, 0), -2 * SETTLEMENT));
    assert_eq!(world.alerts_of("contradiction"), 1);
}

fn card(used: u32, refunded: u32, due: i64, back: i64, kept: i64) -> TimesBack {
    let amounts = AmountsBack { due: Money::fen(due), back: Money::fen(back), kept: Money::fen(kept) };
    TimesBack { total: 10, used, refunded, amounts, each: Vec::new() }
}

#[test]
fn figures_that_do_not_add_up_are_kept_with_their_fault_and_move_nothing() {
    let mut world = reserved();
    let wrong = DecidedUnit { times: Some(card(0, 10, 2_000, 1_800, 100)), ..line("c1", Some(true)) };
    let right = DecidedUnit { times: Some(card(0, 10, 2_000, 1_800, 200)), ..line("c2", Some(true)) };
    world.product("trip", |product| product.reservation.as_mut().unwrap().together = false);
    world.ok(body(decision("r", None, GivesBack::Units, vec![wrong, right])));
    assert_eq!(applied(&world), [(Some(1), false), (Some(2), true)]);
    assert_eq!(ledger(&world, "v"), (0, 1, 0, 1), "each line for itself");
    let text = contradiction(&world, "r");
    assert!(text.contains("20.00 CNY due is not 18.00 CNY given back and 1.00 CNY kept"), "{text}");
    assert!(text.contains(world.order("r").id.as_str()) && text.contains("card of 10 uses"), "{text}");
    assert_eq!(world.refund_lines[0].faults.len(), 1);
}

#[test]
fn a_part_of_a_card_is_kept_shown_and_told_and_gives_no_unit_back() {
    let mut world = reserved();
    let part = |name| DecidedUnit { times: Some(card(4, 6, 1_200, 1_200, 0)), ..line(name, Some(true)) };
    world.ok(body(decision("r", None, GivesBack::Units, vec![part("c1"), part("c2")])));
    assert_eq!((applied(&world), ledger(&world, "v")), (vec![(Some(1), false), (Some(2), false)], (0, 2, 0, 0)));
    assert_eq!((world.refunds.len(), world.alerts_of("contradiction")), (0, 1));
}

#[test]
fn lines_of_units_that_nobody_knows_are_kept_and_told_to_a_person() {
    let mut world = reserved();
    world.ok(body(decision("r", None, GivesBack::Units, vec![line("c7", Some(true))])));
    assert_eq!((applied(&world), ledger(&world, "v")), (vec![(None, false)], (0, 2, 0, 0)));
    let text = contradiction(&world, "r");
    assert!(text.contains("no unit of this order") && !text.contains("secret"), "{text}");
    assert!(!format!("{:?}", world.refund_lines).contains("secret-c7"), "a code is hidden");
}

#[test]
fn units_are_found_by_the_names_that_the_channel_told_before() {
    let mut world = World::new().with_voucher();
    world.product("trip", |product| product.reservation.as_mut().unwrap().together = false);
    voucher(&mut world, "v", 2);
    let Body::CreateOrder { connection, mut intent, people } = reservation("r", "v", 2, Some(world.now)) else {
        panic!("a creation")
    };
    let named = |name: &str| UnitNames { certificate: Some(name.to_owned()), ..UnitNames::default() };
    intent.unit_names = vec![named("c1"), named("c2")];
    world.ok(Body::CreateOrder { connection, intent, people });
    world.ok(start_issue("r"));
    let lines = vec![line("c2", Some(true)), line("c1", Some(false))];
    world.ok(body(decision("r", None, GivesBack::Units, lines)));
    assert_eq!(applied(&world), [(Some(2), true), (Some(1), true)]);
    assert_eq!((ledger(&world, "v"), world.account().balance_minor), ((0, 1, 0, 1), -SETTLEMENT));
    let open = world.order("r").numbers(UnitState::Available);
    assert_eq!((open, world.alerts_of("contradiction")), (vec![1], 0));
}

#[test]
fn where_one_unit_is_the_whole_order_a_mixed_decision_is_a_persons() {
    let mut world = reserved();
    world.channel("shop", |rules| rules.one_completes_all = true);
    let lines = vec![line("c1", Some(true)), line("c2", Some(false))];
    world.ok(body(decision("r", None, GivesBack::Units, lines)));
    assert_eq!((applied(&world), ledger(&world, "v")), (vec![(Some(1), false), (Some(2), false)], (0, 2, 0, 0)));
    assert!(contradiction(&world, "r").contains("together or not at all"));
    agreed(&mut world, "r", None, GivesBack::Units);
    assert_eq!(ledger(&world, "v"), (0, 0, 0, 2), "one that speaks with one voice is applied");
}

#[test]
fn what_cannot_be_applied_is_kept_all_the_same() {
    let mut world = reserved();
    agreed(&mut world, "v", None, GivesBack::Reservation);
    assert!(contradiction(&world, "v").contains("this order is none"));
    agreed(&mut world, "r", None, GivesBack::Unknown);
    assert!(contradiction(&world, "r").contains("nothing that this build knows"));
    let lines = vec![line("c1", None), line("c2", None)];
    world.ok(body(decision("r", None, GivesBack::Units, lines)));
    assert_eq!((ledger(&world, "v"), world.refund_lines.len(), world.refunds.len()), ((0, 2, 0, 0), 6, 0));
    assert!(world.refund_lines.iter().all(|line: &RefundLine| !line.applied));
}

#[test]
fn a_decision_that_comes_before_its_order_is_kept_for_it() {
    let mut world = World::new().with_voucher();
    voucher(&mut world, "v", 2);
    let yes = decision("r", None, GivesBack::Units, vec![line("c1", Some(true)), line("c2", Some(true))]);
    let no = decision("s", None, GivesBack::Units, vec![line("c1", Some(false)), line("c2", Some(false))]);
    world.ok(fact("r", Intent::RecordDecision(Box::new(yes))));
    world.ok(fact("s", Intent::RecordDecision(Box::new(no))));
    let text = world.no_because(Reason::StateForbids, reservation("r", "v", 2, Some(world.now)));
    assert!(text.contains("ended this order before it came"), "{text}");
    assert_eq!(ledger(&world, "v"), (2, 0, 0, 0));
    world.ok(reservation("s", "v", 2, Some(world.now)));
    assert_eq!((applied(&world), world.alerts_of("contradiction")), (vec![(Some(1), false), (Some(2), false)], 0));
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Ask,
    ToldOfReservation,
    ToldOfVoucher,
    Decided,
    Cancel,
}

/// Every order in which the five may come.
fn permutations() -> Vec<Vec<Event>> {
    let mut all = vec![Vec::new()];
    for event in [Event::Ask, Event::ToldOfReservation, Event::ToldOfVoucher, Event::Decided, Event::Cancel] {
        all = all
            .iter()
            .flat_map(|shorter| {
                (0..=shorter.len()).map(move |place| {
                    let mut longer = shorter.clone();
                    longer.insert(place, event);
                    longer
                })
            })
            .collect();
    }
    all
}

#[test]
fn in_whatever_order_the_five_come_the_end_is_the_same_and_credit_is_returned_once() {
    let all = permutations();
    assert_eq!(all.len(), 120);
    for events in all {
        for (by_rule, key, gives_back) in [
            (true, None, GivesBack::Units),
            (false, Some("k"), GivesBack::Money),
            (false, Some("as1"), GivesBack::Units),
        ] {
            let mut world = reserved();
            world.channel("shop", |rules| rules.refund_by_rule = by_rule);
            for event in &events {
                match event {
                    Event::Ask => drop(asks(&mut world, "r", "k", GivesBack::Units)),
                    Event::ToldOfReservation => tells(&mut world, "r", "k", 2 * RETAIL),
                    Event::ToldOfVoucher => tells(&mut world, "v", "l", 2 * RETAIL),
                    Event::Decided => agreed(&mut world, "r", key, gives_back),
                    Event::Cancel => drop(world.ok(cancel("r"))),
                }
            }
            let case = format!("{events:?}, by rule {by_rule}, key {key:?}");
            assert_eq!(ledger(&world, "v"), (0, 0, 0, 2), "{case}");
            assert_eq!(states(&world), (OrderState::Refunded, OrderState::Refunded), "{case}");
            assert_eq!(world.order("r").count(UnitState::Refunded), 2, "{case}");
            assert_eq!((world.account().balance_minor, world.cell("gate").sold), (0, 0), "{case}");
            let returned = world.postings.iter().filter(|posting| posting.kind == PostingKind::Refund).count();
            assert_eq!(returned, 1, "{case}");
            assert!(
                world.refunds.values().all(|refund| refund.state == RefundState::Done),
                "{case}: {:?}",
                world.refunds
            );
            let amounts: Vec<_> = world.refunds.values().map(|refund| refund.channel_amount).collect();
            assert!(
                amounts.iter().all(|amount| *amount == Some(Money::fen(2 * RETAIL))),
                "{case}: {:?}",
                world.refunds
            );
            assert_eq!((world.alerts_of("contradiction"), world.alerts_of("refund_waiting")), (0, 0), "{case}");
            assert_eq!((world.refund_lines.len(), told_the_channel(&world)), (2, 0), "{case}");
        }
    }
}

#[test]
fn after_a_decision_a_third_notice_of_money_is_still_told_to_a_person() {
    let mut world = reserved();
    agreed(&mut world, "r", None, GivesBack::Units);
    tells(&mut world, "v", "l", 2 * RETAIL);
    tells(&mut world, "r", "k", 2 * RETAIL);
    assert_eq!((world.alerts_of("contradiction"), world.account().balance_minor), (0, 0));
    tells(&mut world, "v", "m", 2 * RETAIL);
    assert_eq!((world.alerts_of("contradiction"), world.account().balance_minor), (1, 0));
    let mut world = reserved();
    agreed(&mut world, "r", None, GivesBack::Units);
    tells(&mut world, "r", "k", 0);
    assert_eq!(world.alerts_of("contradiction"), 1, "money was decided, and none was told");
}

//! The distributor's line.

use entrepot_contract::money::{Currency, Money};
use entrepot_contract::outcome::Reason;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::Body;
use proptest::prelude::*;

use crate::world::*;

fn limit(minor: i64) -> Body {
    Body::SetCreditLimit { distributor: id("dist"), limit: Money::fen(minor) }
}

fn top_up(minor: i64) -> Body {
    Body::TopUp { distributor: id("dist"), amount: Money::fen(minor), note: None }
}

fn adjust(minor: i64) -> Body {
    Body::AdjustCredit { distributor: id("dist"), amount: Money::fen(minor), note: "by hand".to_owned() }
}

#[test]
fn a_sale_beyond_the_line_is_refused_and_holds_nothing() {
    let mut world = World::new();
    world.ok(limit(2 * SETTLEMENT));
    world.sold("1", "own", 2);
    let text = world.no_because(Reason::CreditShort, create("2", "own", 1, None));
    assert!(text.contains("0.00 CNY left, 8.00 CNY is needed"), "{text}");
    world.no_because(Reason::CreditShort, create("3", "own", 1, Some(world.now)));
    assert_eq!((world.cell("gate").held, world.cell("gate").sold), (0, 2));
    let answer = world.ok(top_up(SETTLEMENT));
    assert_eq!(answer, Answer::Posted { balance_minor: -SETTLEMENT, available_minor: SETTLEMENT });
    world.ok(create("4", "own", 1, None));
}

#[test]
fn a_limit_is_not_lowered_below_what_is_owed() {
    let mut world = World::new();
    world.ok(limit(3 * SETTLEMENT));
    world.ok(create("1", "own", 2, None));
    let text = world.no_because(Reason::StateForbids, limit(0));
    assert!(text.contains("owes 16.00 CNY"), "{text}");
    world.ok(limit(2 * SETTLEMENT));
    world.no_because(Reason::CreditShort, adjust(-1));
    world.ok(pay("1"));
    assert_eq!((world.account().balance_minor, world.account().held_minor), (-2 * SETTLEMENT, 0));
    world.no_because(Reason::CreditShort, create("2", "own", 1, None));
}

#[test]
fn amounts_that_cannot_be_are_refused() {
    let mut world = World::new();
    world.no_because(Reason::Malformed, top_up(0));
    world.no_because(Reason::Malformed, top_up(-1));
    world.no_because(Reason::Malformed, adjust(0));
    world.no_because(Reason::Malformed, adjust(i64::MIN));
    world.no_because(Reason::Malformed, limit(-1));
    let foreign = Money::new(1, Currency::parse("USD").unwrap());
    world.no_because(Reason::Malformed, Body::SetCreditLimit { distributor: id("dist"), limit: foreign });
    world.no(Body::TopUp { distributor: id("dist"), amount: foreign, note: None });
    world
        .no_because(Reason::OrderUnknown, Body::TopUp { distributor: id("nobody"), amount: Money::fen(1), note: None });
    world.ok(top_up(i64::MAX));
    world.no(top_up(1));
    assert_eq!(world.account().sequence, 1);
}

#[test]
fn a_merchant_who_sells_by_himself_needs_no_line() {
    let mut world = World::new();
    world.channel("shop", |rules| rules.distributor = None);
    world.sold("1", "own", 2);
    world.ok(refunded("1", "r", entrepot_contract::intent::UnitChoice::AllLeft, world.now));
    assert_eq!(world.account().sequence, 0);
    assert!(world.order("1").units.iter().all(|unit| unit.captured_minor == 0));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_122), ..ProptestConfig::default() })]

    #[test]
    fn the_line_is_never_overdrawn_by_a_sale(
        line in 0_i64..20_000,
        steps in prop::collection::vec((0_u8..4, 1_u32..4), 1..20),
    ) {
        let mut world = World::new();
        world.ok(limit(line));
        let mut spent = 0;
        for (number, (what, count)) in steps.into_iter().enumerate() {
            let amount = i64::from(count) * SETTLEMENT;
            let (body, moves) = match what {
                0 => (top_up(amount), Some(-amount)),
                1 => (adjust(amount), Some(-amount)),
                2 => (create(&number.to_string(), "own", count, None), None),
                _ => (create(&number.to_string(), "own", count, Some(world.now)), None),
            };
            let fits = world.cell("gate").left().unwrap() >= count && spent + amount <= line;
            let done = !matches!(world.give(body), Answer::Refused(_));
            match moves {
                Some(moves) => { prop_assert!(done); spent += moves; }
                None => { prop_assert_eq!(done, fits); if fits { spent += amount; } }
            }
            prop_assert_eq!(world.account().balance_minor, -spent);
        }
    }
}

fn transfer(from: &str, to: &str, minor: i64) -> Body {
    Body::TransferCredit { from: id(from), to: id(to), amount: Money::fen(minor), note: Some("season".to_owned()) }
}

#[test]
fn a_transfer_moves_money_between_two_lines_and_overdraws_none() {
    let mut world = World::new();
    let second = entrepot_domain::catalogue::Distributor {
        id: id("second"),
        name: "Second".to_owned(),
        prices: std::collections::BTreeMap::new(),
        warn_below_minor: Some(500),
    };
    let entries = vec![entrepot_domain::command::CatalogueEntry::Distributor(second)];
    world.ok(Body::PutCatalogue { entries });
    world.ok(limit(0));
    world.ok(top_up(1_000));
    world.no_because(Reason::CreditShort, transfer("dist", "second", 1_001));
    world.ok(transfer("dist", "second", 600));
    assert_eq!((world.account().balance_minor, world.accounts[&id("second")].balance_minor), (400, 600));
    assert_eq!(world.alerts_of("credit_low"), 0);
    world.ok(transfer("second", "dist", 200));
    assert_eq!(world.alerts_of("credit_low"), 1);
    world.ok(transfer("dist", "second", 300));
    assert_eq!(world.alerts_of("credit_low"), 0);
    let notes: Vec<_> = world.postings.iter().filter_map(|posting| posting.note.as_deref()).collect();
    assert_eq!(notes[..2], ["second: season", "dist: season"]);
    for (from, to, minor) in [("dist", "dist", 1), ("dist", "second", 0), ("dist", "second", -5)] {
        world.no_because(Reason::Malformed, transfer(from, to, minor));
    }
    world.no_because(Reason::OrderUnknown, transfer("dist", "nobody", 1));
}

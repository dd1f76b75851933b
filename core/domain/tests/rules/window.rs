//! How far ahead the dates of a voucher may be reserved: the same when it is asked before and when the order comes.

use entrepot_contract::calendar::{CalendarDay, Capacity, StockKey};
use entrepot_contract::intent::CreateOrder;
use entrepot_contract::order::Visit;
use entrepot_contract::outcome::Reason;
use entrepot_contract::product::{ReservationRule, Validity};
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CalendarRow, CatalogueEntry};
use entrepot_domain::decide::check_booking;

use crate::reservations::voucher;
use crate::world::*;

/// A voucher that is good for a year, whose reservation SKU is open on these dates.
fn world_with(dates: &[&str]) -> World {
    let mut world = World::new().with_voucher();
    world.product("trip", |product| {
        product.validity = Validity::Window { from: date("2026-09-20"), to: date("2027-09-20") };
    });
    for day in dates {
        let open = CalendarDay { date: Some(date(day)), ..crate::make::day("entry") };
        let cell = StockKey { date: open.date, ..cell("gate") };
        world.ok(Body::WriteCalendar {
            rows: vec![CalendarRow { day: open, stock: Some((cell, Capacity::Limited(9))) }],
        });
    }
    world
}

fn wanted(number: &str, day: &str) -> CreateOrder {
    let mut intent = creation(number, "trip", 1, None);
    intent.source_order = Some(id("v"));
    intent.wish.visit = Some(Visit { arrive: date(day), leave: date(day) });
    intent
}

/// Whether the check and the order both take that date; they never differ.
fn takes(world: &mut World, day: &str) -> bool {
    let number = format!("r-{day}-{}", world.orders.len());
    let intent = wanted(&number, day);
    let checked = check_booking(&world.rules, &id("shop"), &intent.wish, world.now).map(drop);
    let body = Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() };
    let answer = world.give(body);
    match answer {
        Answer::Created { .. } => {
            assert!(checked.is_ok(), "{checked:?}");
            world.ok(cancel(&number));
            true
        }
        Answer::Refused(refusal) => {
            assert_eq!(refusal.reason, Reason::DateClosed, "{}", refusal.text);
            assert_eq!(checked.unwrap_err().reason, Reason::DateClosed);
            false
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn today_is_day_one_and_day_ninety_is_the_last() {
    // It is 2026-09-20 at the venue: day 90 is 2026-12-18.
    let mut world = world_with(&["2026-09-20", "2026-12-18", "2026-12-19"]);
    voucher(&mut world, "v", 1);
    assert!(takes(&mut world, "2026-09-20"));
    assert!(takes(&mut world, "2026-12-18"));
    assert!(!takes(&mut world, "2026-12-19"));
    world.at("2026-09-20T15:59:59Z");
    assert!(!takes(&mut world, "2026-12-19"), "the day ends at the venue, not in Greenwich");
    world.at("2026-09-20T16:00:00Z");
    assert!(takes(&mut world, "2026-12-19"));
}

#[test]
fn a_product_may_allow_fewer_days() {
    let mut world = world_with(&["2026-10-19", "2026-10-20"]);
    let rule = ReservationRule { window_days: 30, ..ReservationRule::default() };
    world.product("trip", |product| product.reservation = Some(rule));
    voucher(&mut world, "v", 1);
    assert!(takes(&mut world, "2026-10-19"));
    assert!(!takes(&mut world, "2026-10-20"));
}

#[test]
fn the_check_knows_the_vouchers_own_dates() {
    let mut world = world_with(&["2026-11-01"]);
    world.product("trip", |product| {
        product.validity = Validity::Window { from: date("2026-09-20"), to: date("2026-10-31") };
    });
    voucher(&mut world, "v", 1);
    assert!(!takes(&mut world, "2026-11-01"));
    let text = check_booking(&world.rules, &id("shop"), &wanted("r", "2026-11-01").wish, world.now).unwrap_err().text;
    assert!(text.contains("voucher trip: it is for dates from 2026-09-20 to 2026-10-31"), "{text}");
}

#[test]
fn whoever_bought_before_dates_were_taken_away_keeps_his() {
    let mut world = world_with(&["2026-11-01"]);
    voucher(&mut world, "v", 1);
    world.product("trip", |product| {
        product.validity = Validity::Window { from: date("2026-09-20"), to: date("2026-10-31") };
        product.reservation = Some(ReservationRule { window_days: 3, ..ReservationRule::default() });
    });
    let intent = wanted("r", "2026-11-01");
    world.ok(Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() });
}

#[test]
fn a_window_of_no_day_is_no_window() {
    let mut world = World::new().with_voucher();
    let mut product = world.rules.catalogue.products[&id("trip-product")].clone();
    product.reservation = Some(ReservationRule { window_days: 0, ..ReservationRule::default() });
    let text =
        world.no_because(Reason::Malformed, Body::PutCatalogue { entries: vec![CatalogueEntry::Product(product)] });
    assert!(text.contains("window_days is from 1"), "{text}");
    // What was stored before there was a window has the usual one.
    let stored: ReservationRule = serde_json::from_str("{\"together\":true,\"markup\":\"nothing\"}").unwrap();
    assert_eq!(stored.window_days, 90);
}

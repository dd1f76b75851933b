//! Units of a voucher take a date, and come back.

use entrepot_contract::intent::{CreateOrder, UnitChoice};
use entrepot_contract::money::Money;
use entrepot_contract::order::{OrderState, UnitState, Visit};
use entrepot_contract::outcome::Reason;
use entrepot_contract::product::{Fulfilment, Markup, ReservationRule};
use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, IssueResult};

use crate::world::*;

/// A voucher order: no date, paid.
pub fn voucher(world: &mut World, number: &str, count: u32) -> Answer {
    let mut intent = creation(number, "trip", count, Some(world.now));
    intent.wish.visit = None;
    world.give(Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() })
}

/// A reservation of a voucher order.
pub fn reservation(number: &str, source: &str, count: u32, paid_at: Option<Timestamp>) -> Body {
    let intent = CreateOrder { source_order: Some(id(source)), ..creation(number, "trip", count, paid_at) };
    Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() }
}

pub fn ledger(world: &World, number: &str) -> (usize, usize, usize, usize) {
    let order = world.order(number);
    let count = |state| order.count(state);
    (count(UnitState::Available), count(UnitState::Reserved), count(UnitState::Redeemed), count(UnitState::Refunded))
}

fn reserved(world: &mut World, count: u32) {
    assert!(matches!(voucher(world, "v", count), Answer::Created { .. }));
    world.ok(reservation("r", "v", count, Some(world.now)));
}

#[test]
fn a_reservation_takes_the_vouchers_units_and_the_tickets_stock() {
    let mut world = World::new().with_voucher();
    reserved(&mut world, 3);
    assert_eq!(ledger(&world, "v"), (0, 3, 0, 0));
    assert_eq!(world.cell("gate").sold, 3, "one dated stock behind the ticket and the reservation");
    assert_eq!(world.order("r").family, world.order("v").id);
    // The voucher captured its price; its reservation captures nothing more.
    assert_eq!(world.account().balance_minor, -3 * SETTLEMENT);
    world.ok(create("t", "own", 7, Some(world.now)));
    world.no_because(Reason::SoldOut, create("u", "own", 1, Some(world.now)));
}

#[test]
fn a_reservation_before_its_voucher_comes_again() {
    let mut world = World::new().with_voucher();
    let early = world.give(reservation("r", "v", 2, Some(world.now)));
    assert!(matches!(&early, Answer::Early(refusal) if refusal.reason == Reason::OrderUnknown), "{early:?}");
    let mut unpaid = creation("v", "trip", 2, None);
    unpaid.wish.visit = None;
    world.ok(Body::CreateOrder { connection: id("shop"), intent: Box::new(unpaid), people: Vec::new() });
    assert!(matches!(world.give(reservation("r", "v", 2, Some(world.now))), Answer::Early(_)), "not paid yet");
    world.ok(pay("v"));
    world.ok(reservation("r", "v", 2, Some(world.now)));
    assert_eq!(ledger(&world, "v"), (0, 2, 0, 0));
}

#[test]
fn all_units_go_together_and_one_reservation_lives() {
    let mut world = World::new().with_voucher();
    voucher(&mut world, "v", 3);
    let text = world.no_because(Reason::StateForbids, reservation("r", "v", 2, Some(world.now)));
    assert!(text.contains("3 are free, 0 reserved, 2 asked for"), "{text}");
    world.ok(reservation("r", "v", 3, Some(world.now)));
    world.no_because(Reason::StateForbids, reservation("s", "v", 3, Some(world.now)));
    world.ok(cancel("r"));
    assert_eq!((ledger(&world, "v"), world.cell("gate").sold), ((3, 0, 0, 0), 0));
    assert_eq!(world.order("r").state, OrderState::Refunded);
    world.ok(reservation("s", "v", 3, Some(world.now)));
    world.ok(cancel("r"));
    assert_eq!(ledger(&world, "v"), (0, 3, 0, 0), "an ended reservation gives nothing back twice");
}

#[test]
fn where_the_product_allows_it_units_go_apart() {
    let mut world = World::new().with_voucher();
    world.product("trip", |product| product.reservation.as_mut().unwrap().together = false);
    voucher(&mut world, "v", 3);
    world.ok(reservation("r", "v", 2, Some(world.now)));
    world.ok(reservation("s", "v", 1, Some(world.now)));
    world.no_because(Reason::StateForbids, reservation("t", "v", 1, Some(world.now)));
    world.ok(cancel("r"));
    assert_eq!(ledger(&world, "v"), (2, 1, 0, 0));
}

#[test]
fn using_a_reservation_uses_the_vouchers_units_and_the_voucher_alone_is_not_used() {
    let mut world = World::new().with_voucher();
    reserved(&mut world, 2);
    world.no_because(Reason::StateForbids, redeem("v", UnitChoice::AllLeft, world.now));
    world.ok(start_issue("r"));
    world.at("2026-10-01T02:00:00Z");
    world.ok(redeem("r", UnitChoice::Numbers(vec![2]), world.now));
    assert_eq!(ledger(&world, "v"), (0, 1, 1, 0));
    world.ok(redeem("r", UnitChoice::AllLeft, world.now));
    assert_eq!(ledger(&world, "v"), (0, 0, 2, 0));
    assert_eq!((world.order("v").state, world.order("r").state), (OrderState::Completed, OrderState::Completed));
}

#[test]
fn an_unpaid_reservation_runs_out_and_gives_the_units_back() {
    let mut world = World::new().with_voucher();
    voucher(&mut world, "v", 2);
    world.ok(reservation("r", "v", 2, None));
    assert_eq!((ledger(&world, "v"), world.cell("gate").held), ((0, 2, 0, 0), 2));
    world.pass(900_000);
    let order = world.order("r").id.clone();
    world.ok(Body::PassDeadlines { order });
    assert_eq!((ledger(&world, "v"), world.cell("gate").held), ((2, 0, 0, 0), 0));
}

#[test]
fn a_supplier_that_refuses_a_reservation_gives_the_units_back_at_once() {
    let mut world = World::new().with_voucher();
    world.sku("entry", |sku| {
        sku.fulfilment = Fulfilment::Supplier { connection: id("gate"), product_code: "G1".to_owned() };
    });
    reserved(&mut world, 2);
    world.ok(start_issue("r"));
    let order = world.order("r").id.clone();
    let result = IssueResult::Refused { reason: "closed".to_owned() };
    world.ok(Body::RecordIssue { order, result });
    assert_eq!((ledger(&world, "v"), world.cell("gate").sold), ((2, 0, 0, 0), 0));
    assert_eq!(world.order("r").state, OrderState::Refused);
}

#[test]
fn a_voucher_refunded_by_the_channel_ends_its_reservation() {
    let mut world = World::new().with_voucher();
    reserved(&mut world, 2);
    world.ok(refunded("v", "k", UnitChoice::AllLeft, world.now));
    assert_eq!((ledger(&world, "v"), world.cell("gate").sold), ((0, 0, 0, 2), 0));
    assert_eq!((world.order("v").state, world.order("r").state), (OrderState::Refunded, OrderState::Refunded));
    assert_eq!(world.account().balance_minor, 0);
    world.no_because(Reason::StateForbids, reservation("s", "v", 2, Some(world.now)));
}

#[test]
fn an_unpaid_reservation_ends_whole_with_its_voucher_and_holds_nothing() {
    let mut world = World::new().with_voucher();
    let rule = ReservationRule { markup: Markup::Calendar, ..ReservationRule::default() };
    world.product("trip", |product| product.reservation = Some(rule));
    voucher(&mut world, "v", 3);
    world.ok(reservation("r", "v", 3, None));
    assert_eq!(world.account().held_minor, 3 * SETTLEMENT);
    world.ok(refunded("v", "k", UnitChoice::Count(1), world.now));
    assert_eq!((world.account().held_minor, world.cell("gate").held), (0, 0));
    assert_eq!((ledger(&world, "v"), world.order("r").state), ((2, 0, 0, 1), OrderState::Cancelled));
}

#[test]
fn redemption_is_refused_while_a_refund_is_pending_on_either_order() {
    let mut world = World::new().with_voucher();
    world.channel("shop", |rules| rules.refund_by_rule = false);
    world.product("trip", |product| product.reservation.as_mut().unwrap().together = false);
    voucher(&mut world, "v", 3);
    world.ok(reservation("r", "v", 2, Some(world.now)));
    world.ok(start_issue("r"));
    world.ok(ask("v", "k", UnitChoice::AllLeft, world.now));
    world.at("2026-10-01T02:00:00Z");
    let refusal = world.no(redeem("r", UnitChoice::AllLeft, world.now));
    assert_eq!(refusal.reason, Reason::RefundPending);
    assert!(refusal.text.contains("has to be refused first"), "{}", refusal.text);
    assert_eq!(refusal.zh.as_deref(), Some("订单正在申请退改中，必须先拒绝退改申请，才能进行验证!"));
}

#[test]
fn a_reservation_captures_only_its_markup_and_gives_it_back() {
    for (markup, expected) in [(Markup::Nothing, 0), (Markup::Difference, 300), (Markup::Calendar, SETTLEMENT + 300)] {
        let mut world = World::new().with_voucher();
        world.product("trip", |product| product.reservation.as_mut().unwrap().markup = markup);
        let mut dear = day("entry");
        dear.settlement = Money::fen(SETTLEMENT + 300);
        world.ok(Body::WriteCalendar { rows: vec![entrepot_domain::command::CalendarRow { day: dear, stock: None }] });
        reserved(&mut world, 2);
        assert_eq!(world.account().balance_minor, -2 * (SETTLEMENT + expected), "{markup:?}");
        world.ok(cancel("r"));
        assert_eq!(world.account().balance_minor, -2 * SETTLEMENT, "{markup:?}");
    }
}

#[test]
fn what_cannot_be_a_reservation_is_refused_by_name() {
    let mut world = World::new().with_voucher();
    voucher(&mut world, "v", 2);
    world.ok(create("t", "own", 1, Some(world.now)));
    let alone = Body::CreateOrder {
        connection: id("shop"),
        intent: Box::new(creation("a", "trip", 2, Some(world.now))),
        people: Vec::new(),
    };
    let text = world.no_because(Reason::StateForbids, alone);
    assert!(text.contains("reserved with an order of voucher trip"), "{text}");
    let text = world.no_because(Reason::StateForbids, reservation("b", "t", 1, Some(world.now)));
    assert!(text.contains("is no voucher"), "{text}");
    let mut late = creation("c", "trip", 2, Some(world.now));
    late.source_order = Some(id("v"));
    late.wish.visit = Some(Visit { arrive: date("2026-11-01"), leave: date("2026-11-01") });
    let mut open = day("entry");
    open.date = Some(date("2026-11-01"));
    let cell = entrepot_contract::calendar::StockKey { date: open.date, ..cell("gate") };
    let stock = Some((cell, entrepot_contract::calendar::Capacity::Limited(5)));
    world.ok(Body::WriteCalendar { rows: vec![entrepot_domain::command::CalendarRow { day: open, stock }] });
    let late = Body::CreateOrder { connection: id("shop"), intent: Box::new(late), people: Vec::new() };
    let text = world.no_because(Reason::DateClosed, late);
    assert!(text.contains("from 2026-09-20 to 2026-10-31"), "{text}");
}

#[test]
fn whoever_holds_a_voucher_reserves_although_nothing_is_sold_any_more() {
    let mut world = World::new().with_voucher();
    voucher(&mut world, "v", 1);
    world.channel("shop", |channel| channel.selling = false);
    world.no_because(Reason::Paused, create("t", "own", 1, Some(world.now)));
    world.ok(reservation("r", "v", 1, Some(world.now)));
    world.ok(cancel("r"));
    world.channel("shop", |channel| channel.selling = true);
    world.product("trip", |product| product.on_sale = false);
    world.ok(reservation("s", "v", 1, Some(world.now)));
    world.ok(cancel("s"));
    world.product("entry", |product| product.on_sale = false);
    world.no_because(Reason::OffSale, reservation("t", "v", 1, Some(world.now)));
}

#[test]
fn no_amount_of_a_reservation_counts() {
    let mut world = World::new().with_voucher();
    world.channel("shop", |channel| channel.price_check = true);
    let mut bought = creation("v", "trip", 1, Some(world.now));
    bought.wish.visit = None;
    world.ok(Body::CreateOrder { connection: id("shop"), intent: Box::new(bought), people: Vec::new() });
    let mut intent = CreateOrder { source_order: Some(id("v")), ..creation("r", "trip", 1, Some(world.now)) };
    intent.wish.origin_amount = Some(Money::fen(1));
    world.ok(Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() });
}

#[test]
fn a_check_asks_for_the_credit_that_a_reservation_will_take() {
    for (markup, owed) in [(Markup::Nothing, 0), (Markup::Calendar, SETTLEMENT), (Markup::Difference, 0)] {
        let mut world = World::new().with_voucher();
        world.product("trip", |product| product.reservation.as_mut().unwrap().markup = markup);
        let wish = creation("r", "trip", 1, None).wish;
        let offer = entrepot_domain::decide::check_wish(&world.rules, &id("shop"), &wish, world.now).unwrap();
        assert_eq!(offer.owed, Money::fen(owed), "{markup:?}");
        voucher(&mut world, "v", 1);
        let before = world.account().balance_minor;
        world.ok(reservation("r", "v", 1, Some(world.now)));
        assert_eq!(before - world.account().balance_minor, owed, "{markup:?}");
    }
}

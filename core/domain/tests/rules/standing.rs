//! The three words of the desks.

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::Order;
use entrepot_contract::product::Fulfilment;
use entrepot_domain::standing::{Together, linked, together};

use crate::reservations::{reservation, voucher};
use crate::world::*;

fn family(world: &World) -> Vec<Order> {
    world.orders.values().cloned().collect()
}

/// How an order stands, with the order beside it.
fn stands(world: &World, number: &str) -> (Option<Together>, Option<String>) {
    let family = family(world);
    let order = world.order(number);
    (together(order, &family), linked(order, &family).map(|other| other.channel_order.to_string()))
}

#[test]
fn from_the_purchase_to_the_use() {
    let mut world = World::new().with_voucher();
    let supplied = Fulfilment::Supplier { connection: id("gate"), product_code: "G1".to_owned() };
    world.sku("entry", |sku| sku.fulfilment = supplied);
    voucher(&mut world, "v", 2);
    assert_eq!(stands(&world, "v"), (Some(Together::ToReserve), None));
    world.ok(reservation("r", "v", 2, Some(world.now)));
    let beside = |number: &str| Some(number.to_owned());
    assert_eq!(stands(&world, "v"), (Some(Together::ToReserve), beside("r")), "accepted is not reserved");
    world.ok(start_issue("r"));
    let order = world.order("r").id.clone();
    assert_eq!((stands(&world, "v").0, stands(&world, "r").0), (Some(Together::ToReserve), None));
    world.ok(record_issued(&order, 2));
    assert_eq!(stands(&world, "v"), (Some(Together::Reserved), beside("r")));
    assert_eq!(stands(&world, "r"), (Some(Together::Reserved), beside("v")));
    world.at("2026-10-01T02:00:00Z");
    world.ok(redeem("r", UnitChoice::AllLeft, world.now));
    assert_eq!(stands(&world, "v"), (Some(Together::Completed), beside("r")));
    assert_eq!(stands(&world, "r"), (Some(Together::Completed), beside("v")));
}

#[test]
fn a_cancelled_date_is_to_be_reserved_again_and_what_was_given_back_is_nothing_of_these() {
    let mut world = World::new().with_voucher();
    voucher(&mut world, "v", 1);
    world.ok(reservation("r", "v", 1, Some(world.now)));
    world.ok(start_issue("r"));
    world.ok(cancel("r"));
    assert_eq!(stands(&world, "v"), (Some(Together::ToReserve), None));
    assert_eq!(stands(&world, "r"), (None, Some("v".to_owned())));
    world.ok(reservation("s", "v", 1, Some(world.now)));
    world.ok(start_issue("s"));
    assert_eq!(stands(&world, "v"), (Some(Together::Reserved), Some("s".to_owned())));
    world.ok(refunded("v", "k", UnitChoice::AllLeft, world.now));
    assert_eq!(stands(&world, "v"), (None, None));
    world.sold("t", "own", 1);
    assert_eq!(stands(&world, "t"), (None, None), "a ticket has no such words");
}

#[test]
fn the_words_are_those_of_the_desks() {
    let words = [Together::ToReserve, Together::Reserved, Together::Completed].map(Together::zh);
    assert_eq!(words, ["待预约", "已预约", "交易完成"]);
}

//! What has to be known of whoever buys, where nobody else's data is collected.

use entrepot_contract::intent::CreateOrder;
use entrepot_contract::order::{Guest, GuestField, Guests};
use entrepot_contract::outcome::Reason;
use entrepot_contract::product::{Collect, GuestRequirement};
use entrepot_domain::command::Body;
use entrepot_domain::decide::check_wish;

use crate::world::*;

fn purchase(number: &str, buyer: Option<Guest>) -> CreateOrder {
    let mut intent = creation(number, "own", 1, None);
    intent.wish.guests = Guests { buyer, ..Guests::default() };
    intent
}

fn bought(intent: CreateOrder) -> Body {
    Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() }
}

fn with_phone(field: GuestField) -> Option<Guest> {
    Some(Guest { phone: Some(field), ..Guest::default() })
}

#[test]
fn the_buyers_phone_is_asked_for_and_nothing_else() {
    let mut world = World::new();
    world.product("own", |product| {
        product.guests = GuestRequirement { collect: Collect::Buyer, phone: true, ..GuestRequirement::default() };
    });
    world.no_because(Reason::PhoneMissing, bought(purchase("1", None)));
    let nameless = Guest { name: Some(GuestField::Plain("Lin".to_owned())), ..Guest::default() };
    world.no_because(Reason::PhoneMissing, bought(purchase("2", Some(nameless))));
    world.no_because(Reason::PhoneMalformed, bought(purchase("3", with_phone(GuestField::Plain("none".to_owned())))));
    // What the channel keeps sealed is there, too.
    world.ok(bought(purchase("4", with_phone(GuestField::Sealed("c2VhbGVk".to_owned())))));
    world.ok(bought(purchase("5", with_phone(GuestField::Plain("13800000000".to_owned())))));
}

#[test]
fn the_buyers_name_where_the_product_says_so() {
    let mut world = World::new();
    world.product("own", |product| product.guests = GuestRequirement { name: true, ..GuestRequirement::default() });
    world.no_because(
        Reason::NameMissing,
        bought(purchase("1", with_phone(GuestField::Plain("13800000000".to_owned())))),
    );
}

#[test]
fn a_check_that_names_nobody_yet_asks_for_nobody() {
    let mut world = World::new();
    world.product("own", |product| product.guests = GuestRequirement { phone: true, ..GuestRequirement::default() });
    let mut wish = purchase("1", None).wish;
    wish.guests_final = false;
    check_wish(&world.rules, &id("shop"), &wish, world.now).unwrap();
    wish.guests_final = true;
    assert_eq!(check_wish(&world.rules, &id("shop"), &wish, world.now).unwrap_err().reason, Reason::PhoneMissing);
}

//! Shares of stock, stops, limits for one person, limits for one date, slots, costs.

use entrepot_contract::calendar::{Capacity, StockKey};
use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::Guest;
use entrepot_contract::outcome::Reason;
use entrepot_contract::product::{Collect, DocumentKind, LimitPeriod, LimitSubject, PurchaseLimit};
use entrepot_domain::catalogue::StopSale;
use entrepot_domain::change::HistoryKind;
use entrepot_domain::command::{Body, CalendarRow, CatalogueEntry, StockChange, StockCorrection};
use entrepot_domain::decide::check_wish;
use entrepot_domain::limits::Person;

use crate::world::*;

fn correct(key: StockKey, change: StockChange) -> Body {
    Body::CorrectStock { rows: vec![StockCorrection { key, change }] }
}

/// A world where `shop` has a share of 3 before the common pool of 10.
fn shared() -> World {
    let mut world = World::new();
    let mut listing = listing("shop", "own");
    listing.allotment = Some(id("shop-share"));
    world.ok(Body::PutCatalogue { entries: vec![CatalogueEntry::Listing(listing)] });
    world.ok(correct(cell("shop-share"), StockChange::Set(Capacity::Limited(3))));
    world
}

#[test]
fn a_share_goes_first_and_comes_back_last() {
    let mut world = shared();
    world.ok(create("1", "own", 5, Some(world.now)));
    assert_eq!((world.cell("shop-share").sold, world.cell("gate").sold), (3, 2));
    world.ok(refunded("1", "a", UnitChoice::Count(1), world.now));
    assert_eq!((world.cell("shop-share").sold, world.cell("gate").sold), (3, 1));
    world.ok(refunded("1", "b", UnitChoice::Count(3), world.now));
    assert_eq!((world.cell("shop-share").sold, world.cell("gate").sold), (1, 0));
    world.ok(create("2", "own", 10, None));
    assert_eq!((world.cell("shop-share").held, world.cell("gate").held), (2, 8));
    world.ok(cancel("2"));
    assert_eq!((world.cell("shop-share").held, world.cell("gate").held), (0, 0));
}

#[test]
fn share_and_pool_are_sold_to_the_last_unit_and_not_beyond() {
    let mut world = shared();
    world.sku("own", |sku| sku.maximum_units = 20);
    let text = world.no_because(Reason::SoldOut, create("1", "own", 14, Some(world.now)));
    assert!(text.contains("10 left, 11 asked for"), "{text}");
    assert_eq!((world.cell("shop-share").sold, world.cell("gate").sold), (0, 0), "nothing was taken");
    world.ok(create("1", "own", 13, Some(world.now)));
    world.no_because(Reason::SoldOut, create("2", "own", 1, Some(world.now)));
}

#[test]
fn stock_is_corrected_with_its_numbers_and_remembered() {
    let mut world = World::new();
    world.ok(create("1", "own", 4, Some(world.now)));
    let text = world.no_because(Reason::StateForbids, correct(cell("gate"), StockChange::Add(-7)));
    assert!(text.contains("stock cannot become 3; 4 are sold and 0 held"), "{text}");
    world.ok(correct(cell("gate"), StockChange::Add(-6)));
    assert_eq!(world.cell("gate").capacity, Capacity::Limited(4));
    world.no_because(Reason::Malformed, correct(cell("gate"), StockChange::Add(-5)));
    world.no_because(Reason::Malformed, correct(cell("nobody"), StockChange::Set(Capacity::Unlimited)));
    let line = world.history.last().unwrap();
    assert_eq!((line.kind, line.subject.as_str(), line.by.as_str()), (HistoryKind::Stock, "gate", "test"));
    assert_eq!(line.cells[0].before, serde_json::json!({ "limited": 10 }));
    assert_eq!(line.cells[0].after, serde_json::json!({ "limited": 4 }));
}

#[test]
fn history_has_before_and_after_and_nothing_of_what_stayed() {
    let mut world = World::new();
    let before = world.history.len();
    world.ok(calendar("own", "gate", 10));
    assert_eq!(world.history.len(), before, "nothing changed");
    let mut dear = day("own");
    dear.retail.amount_minor += 1;
    world.ok(Body::WriteCalendar { rows: vec![CalendarRow { day: dear, stock: None }] });
    let line = world.history.last().unwrap();
    assert_eq!((line.kind, line.subject.as_str()), (HistoryKind::Calendar, "own"));
    assert_eq!(line.dates, Some((date(DAY), date(DAY))));
    assert_eq!(line.cells[0].before["retail"]["amount_minor"], RETAIL);
    assert_eq!(line.cells[0].after["retail"]["amount_minor"], RETAIL + 1);
}

fn stop(change: impl FnOnce(&mut StopSale)) -> Body {
    let mut stop = StopSale {
        id: id("fog"),
        sku: Some(id("own")),
        connection: None,
        from: None,
        to: None,
        reason: "fog on the lake".to_owned(),
        lifted: false,
    };
    change(&mut stop);
    Body::PutCatalogue { entries: vec![CatalogueEntry::StopSale(stop)] }
}

#[test]
fn a_stop_holds_for_what_it_names_until_it_is_lifted() {
    let mut world = World::new();
    world.ok(stop(|_| {}));
    let text = world.no_because(Reason::DateClosed, create("1", "own", 1, None));
    assert!(text.contains("fog on the lake"), "{text}");
    assert!(check_wish(&world.rules, &id("shop"), &wish("own", 1), world.now).is_err());
    world.ok(create("2", "gated", 1, None));
    world.ok(stop(|stop| (stop.from, stop.to) = (Some(date("2026-10-02")), Some(date("2026-10-03")))));
    world.ok(create("3", "own", 1, None));
    world.ok(stop(|stop| (stop.from, stop.to) = (Some(date(DAY)), None)));
    world.no_because(Reason::DateClosed, create("4", "own", 1, None));
    world.ok(stop(|stop| stop.lifted = true));
    world.ok(create("5", "own", 1, None));
    world.no_because(Reason::Malformed, stop(|stop| stop.connection = Some(id("nowhere"))));
    world.no_because(Reason::Malformed, stop(|stop| stop.sku = Some(id("nothing"))));
}

fn limited(per: LimitSubject, period: LimitPeriod, units: u32) -> World {
    let mut world = World::new();
    world.product("own", |product| {
        product.guests.collect = Collect::EveryGuest;
        product.guests.documents = vec![DocumentKind::Passport];
        product.limits = vec![PurchaseLimit { per, period, units }];
    });
    world
}

/// A paid order of as many units as guests, each told apart by his word.
fn bought(world: &World, number: &str, guests: &[&str], phone: &str) -> Body {
    let count = u32::try_from(guests.len()).unwrap();
    let mut intent = creation(number, "own", count, Some(world.now));
    let field = |text: &str| Some(entrepot_contract::order::GuestField::Plain(text.to_owned()));
    let guest =
        |text: &&str| Guest { document: field(text), document_kind: Some(DocumentKind::Passport), ..Guest::default() };
    intent.wish.guests.visitors = guests.iter().map(guest).collect();
    let person = |(place, word): (usize, &&str)| Person {
        per: LimitSubject::Document,
        digest: format!("digest of {word}"),
        place,
    };
    let mut people: Vec<Person> = guests.iter().enumerate().map(person).collect();
    people.push(Person { per: LimitSubject::Phone, digest: format!("digest of {phone}"), place: 0 });
    Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people }
}

#[test]
fn one_document_buys_so_much_and_a_refund_gives_it_back_for_that_guest_only() {
    let mut world = limited(LimitSubject::Document, LimitPeriod::VisitDate, 1);
    let order = bought(&world, "1", &["ann", "bob"], "p");
    world.ok(order);
    let again = bought(&world, "2", &["cid", "ann"], "p");
    let text = world.no_because(Reason::DocumentLimit, again);
    assert!(text.contains("sells 1 units to one document in 2026-10-01: 1 are bought, 1 more asked for"), "{text}");
    assert_eq!(world.cell("gate").sold, 2);
    world.ok(refunded("1", "k", UnitChoice::Numbers(vec![1]), world.now));
    let again = bought(&world, "3", &["bob"], "p");
    world.no_because(Reason::DocumentLimit, again);
    let again = bought(&world, "4", &["ann"], "p");
    world.ok(again);
}

#[test]
fn one_phone_buys_so_much_a_day_at_the_venue() {
    let mut world = limited(LimitSubject::Phone, LimitPeriod::PurchaseDay, 3);
    world.at("2026-09-20T15:59:00Z");
    let order = bought(&world, "1", &["a", "b"], "p");
    world.ok(order);
    let more = bought(&world, "2", &["c", "d"], "p");
    world.no_because(Reason::PhoneLimit, more);
    let other = bought(&world, "3", &["c", "d"], "q");
    world.ok(other);
    world.at("2026-09-20T16:00:00Z");
    let tomorrow = bought(&world, "4", &["c", "d"], "p");
    world.ok(tomorrow);
}

#[test]
fn a_limit_that_cannot_be_counted_is_refused() {
    let mut world = World::new();
    let mut product = world.rules.catalogue.products[&id("own-product")].clone();
    product.limits = vec![PurchaseLimit { per: LimitSubject::Document, period: LimitPeriod::Always, units: 1 }];
    let text = world
        .no_because(Reason::Malformed, Body::PutCatalogue { entries: vec![CatalogueEntry::Product(product.clone())] });
    assert!(text.contains("guests.documents"), "{text}");
    product.limits[0] = PurchaseLimit { per: LimitSubject::Phone, period: LimitPeriod::Always, units: 0 };
    world.no_because(Reason::Malformed, Body::PutCatalogue { entries: vec![CatalogueEntry::Product(product)] });
}

#[test]
fn a_date_may_have_limits_and_costs_of_its_own() {
    let mut world = World::new();
    let mut peak = day("own");
    (peak.minimum_units, peak.maximum_units, peak.cost) =
        (Some(2), Some(3), Some(entrepot_contract::money::Money::fen(700)));
    world.ok(Body::WriteCalendar { rows: vec![CalendarRow { day: peak.clone(), stock: None }] });
    world.no_because(Reason::TooFewUnits, create("1", "own", 1, None));
    world.no_because(Reason::TooManyUnits, create("1", "own", 4, None));
    world.ok(create("1", "own", 2, None));
    assert_eq!(world.order("1").terms.cost, peak.cost);
    peak.minimum_units = Some(11);
    world.no_because(Reason::Malformed, Body::WriteCalendar { rows: vec![CalendarRow { day: peak, stock: None }] });
}

#[test]
fn slots_of_a_date_sell_apart() {
    let mut world = World::new();
    let slot = |name: &str| StockKey { slot: Some(name.to_owned()), ..cell("gate") };
    world.ok(correct(slot("am"), StockChange::Set(Capacity::Limited(1))));
    let at = |number: &str, name: &str| {
        let mut intent = creation(number, "own", 1, None);
        intent.wish.slot = Some(name.to_owned());
        Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() }
    };
    world.ok(at("1", "am"));
    world.no_because(Reason::SoldOut, at("2", "am"));
    world.no_because(Reason::DateClosed, at("3", "pm"));
    assert_eq!(world.stock[&cell("gate")].held, 0);
}

//! Prices, stock and the catalogue.

use entrepot_contract::calendar::Capacity;
use entrepot_contract::money::{Currency, Money};
use entrepot_contract::outcome::Reason;
use entrepot_domain::command::{BULK_LIMIT_ROWS, Body, CalendarRow, CatalogueEntry};

use crate::world::*;

#[test]
fn stock_is_not_lowered_below_what_is_sold() {
    let mut world = World::new();
    world.sold("1", "own", 3);
    world.ok(create("2", "own", 2, None));
    let text = world.no_because(Reason::StateForbids, calendar("own", "gate", 4));
    assert!(text.contains("cannot become 4; 3 are sold and 2 held"), "{text}");
    world.ok(calendar("own", "gate", 5));
    assert_eq!(world.cell("gate").left(), Some(0));
    world.ok(calendar("own", "gate", 6));
    assert_eq!(world.cell("gate").left(), Some(1));
}

#[test]
fn all_rows_are_written_or_none() {
    let mut world = World::new();
    world.sold("1", "own", 3);
    let good = CalendarRow {
        day: entrepot_contract::calendar::CalendarDay { retail: Money::fen(1), ..day("gated") },
        stock: Some((cell("gated"), Capacity::Limited(99))),
    };
    let bad = CalendarRow { day: day("own"), stock: Some((cell("gate"), Capacity::Limited(1))) };
    world.no_because(Reason::StateForbids, Body::WriteCalendar { rows: vec![good, bad] });
    assert_eq!(world.cell("gated").capacity, Capacity::Limited(10));
    assert_eq!(world.rules.catalogue.day(&id("gated"), Some(date(DAY))).unwrap().retail, Money::fen(RETAIL));
}

#[test]
fn rows_that_cannot_be_are_refused() {
    let mut world = World::new();
    let mut no = |row: CalendarRow| {
        world.no(Body::WriteCalendar { rows: vec![row] });
    };
    let base = || CalendarRow { day: day("own"), stock: None };
    no(CalendarRow { stock: Some((cell("gated"), Capacity::Unlimited)), ..base() });
    let mut row = base();
    row.day.retail = Money::fen(-1);
    no(row);
    let mut row = base();
    row.day.settlement = Money::new(1, Currency::parse("USD").unwrap());
    no(row);
    let mut row = base();
    row.day.date = None;
    no(row);
    let mut row = base();
    row.day.sku = id("unknown");
    no(row);
    world.no_because(Reason::Malformed, Body::WriteCalendar { rows: Vec::new() });
    world.no_because(Reason::Malformed, Body::WriteCalendar { rows: vec![base(); BULK_LIMIT_ROWS + 1] });
}

#[test]
fn unlimited_stock_sells_and_counts() {
    let mut world = World::new();
    let row = CalendarRow { day: day("own"), stock: Some((cell("gate"), Capacity::Unlimited)) };
    world.ok(Body::WriteCalendar { rows: vec![row] });
    world.sold("1", "own", 10);
    world.sold("2", "own", 10);
    assert_eq!((world.cell("gate").sold, world.cell("gate").left()), (20, None));
    world.no_because(Reason::StateForbids, calendar("own", "gate", 19));
}

#[test]
fn an_entry_needs_what_it_refers_to() {
    let mut world = World::new();
    let mut sku = world.rules.catalogue.skus[&id("own")].clone();
    let put = |entries| Body::PutCatalogue { entries };
    sku.product = id("unknown");
    world.no_because(Reason::Malformed, put(vec![CatalogueEntry::Sku(sku.clone())]));
    sku.product = id("own-product");
    sku.buckets = Vec::new();
    world.no_because(Reason::Malformed, put(vec![CatalogueEntry::Sku(sku)]));
    world.no_because(Reason::Malformed, put(vec![CatalogueEntry::Listing(listing("gate", "own"))]));
    world.no_because(Reason::Malformed, put(vec![CatalogueEntry::Listing(listing("shop", "unknown"))]));
    let mut product = world.rules.catalogue.products[&id("own-product")].clone();
    product.time_zone = "Beijing".to_owned();
    world.no_because(Reason::Malformed, put(vec![CatalogueEntry::Product(product.clone())]));
    product.time_zone = "Asia/Shanghai".to_owned();
    product.merchant = id("other");
    world.no_because(Reason::Malformed, put(vec![CatalogueEntry::Product(product)]));
}

#[test]
fn a_batch_raises_the_revision_once() {
    let mut world = World::new();
    let before = world.rules.catalogue.revision;
    world.ok(calendar("own", "gate", 10));
    assert_eq!(world.rules.catalogue.revision, before + 1);
    let mut state = entrepot_domain::state::State::new(world.rules.clone());
    let row = CalendarRow { day: day("own"), stock: None };
    state.apply(vec![entrepot_domain::change::Change::Calendar(vec![row.clone()])]);
    state.apply(vec![entrepot_domain::change::Change::Calendar(vec![row])]);
    assert_eq!(state.rules.catalogue.revision, before + 2, "storage counts batches, not commands");
}

/// An order is a list of units and of guests for whoever is told of it, and lists end somewhere.
#[test]
fn an_order_may_have_as_many_units_as_a_list_holds_guests() {
    let mut world = World::new();
    let sku = world.rules.catalogue.skus[&id("own")].clone();
    let put = |maximum_units, persons_per_unit| {
        let sku = entrepot_contract::product::Sku { maximum_units, persons_per_unit, ..sku.clone() };
        Body::PutCatalogue { entries: vec![CatalogueEntry::Sku(sku)] }
    };
    world.ok(put(10_000, 1));
    let text = world.no_because(Reason::Malformed, put(10_001, 1));
    assert!(text.contains("at most 10000 units") && text.contains("maximum_units is 10001"), "{text}");
    let text = world.no_because(Reason::Malformed, put(3_334, 3));
    assert!(text.contains("at most 3333 units, for 3 people each (10000 in all)"), "{text}");
    world.ok(put(3_333, 3));
    let peak = entrepot_contract::calendar::CalendarDay { maximum_units: Some(4_000), ..day("own") };
    let text =
        world.no_because(Reason::Malformed, Body::WriteCalendar { rows: vec![CalendarRow { day: peak, stock: None }] });
    assert!(text.contains("maximum_units is 4000"), "{text}");
}

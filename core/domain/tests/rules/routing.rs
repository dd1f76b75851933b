//! Several suppliers of one SKU.

use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::{Fulfilment, Route, RouteCondition};
use entrepot_contract::supplier::Holding;
use entrepot_domain::catalogue::{ConnectionRules, Holds, OnEmpty, SupplierRules};
use entrepot_domain::command::{Body, CatalogueEntry, IssueResult};
use entrepot_domain::job::JobKind;

use crate::world::*;

fn route(connection: &str, code: &str, when: RouteCondition) -> Route {
    Route { connection: id(connection), product_code: code.to_owned(), when }
}

/// `gated` is booked at `gate`, otherwise at `second`, otherwise from the pool `codes-a`.
fn world(when: impl FnOnce(&mut RouteCondition)) -> World {
    let mut world = World::new();
    world.connection("second", ConnectionRules::Supplier(SupplierRules::called()));
    world.sku("gated", |sku| {
        when(&mut sku.when);
        sku.otherwise =
            vec![route("second", "G2", RouteCondition::default()), route("codes", "codes-a", Default::default())];
    });
    world
}

fn booked_at(world: &World) -> Vec<String> {
    let books = world.jobs.iter().filter(|job| job.kind == JobKind::Book);
    books.map(|job| job.connection.to_string()).collect()
}

fn refuse(world: &mut World, number: &str) {
    let order = world.order(number).id.clone();
    world.ok(Body::RecordIssue { order, result: IssueResult::Refused { reason: "full".to_owned() } });
}

fn fulfils(world: &World, number: &str) -> String {
    match &world.order(number).terms.fulfilment {
        Fulfilment::Supplier { connection, .. } => connection.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_certain_no_goes_to_the_next_supplier_and_at_last_to_the_pool() {
    let mut world = world(|_| {});
    world.ok(codes("codes-a", &["A", "B"]));
    world.sold("1", "gated", 2);
    world.ok(start_issue("1"));
    assert_eq!(booked_at(&world), ["gate"]);
    refuse(&mut world, "1");
    assert_eq!(
        (booked_at(&world), world.order("1").state),
        (vec!["gate".into(), "second".into()], OrderState::Issuing)
    );
    refuse(&mut world, "1");
    assert_eq!((world.order("1").state, fulfils(&world, "1")), (OrderState::Issued, "codes".to_owned()));
    assert_eq!(world.alerts_of("issue_refused"), 0, "nobody has to do anything");
}

#[test]
fn when_all_refuse_it_is_refused_once() {
    let mut world = world(|_| {});
    world.supplier("codes", |rules| rules.codes.on_empty = OnEmpty::Refuse);
    world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    refuse(&mut world, "1");
    assert_eq!(world.order("1").state, OrderState::Issuing);
    refuse(&mut world, "1");
    assert!(!matches!(world.order("1").state, OrderState::Issuing | OrderState::Issued));
    assert_eq!(world.alerts_of("pool_empty"), 1, "the pool is the last, and empty");
}

#[test]
fn an_order_that_fell_over_to_an_empty_pool_is_issued_when_codes_come() {
    let mut world = world(|_| {});
    world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    refuse(&mut world, "1");
    refuse(&mut world, "1");
    assert_eq!((world.order("1").state, fulfils(&world, "1")), (OrderState::Issuing, "codes".to_owned()));
    world.ok(codes("codes-a", &["A"]));
    let order = world.order("1").id.clone();
    assert_eq!(world.waits.len(), 1, "it is among those who wait");
    world.ok(Body::IssueWaiting { order });
    assert_eq!(world.order("1").state, OrderState::Issued);
}

#[test]
fn a_pending_or_unknown_outcome_asks_nobody_else() {
    let mut world = world(|_| {});
    world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    let order = world.order("1").id.clone();
    world.ok(Body::RecordIssue { order, result: IssueResult::Pending { reference: None } });
    assert_eq!((booked_at(&world), fulfils(&world, "1")), (vec!["gate".to_owned()], "gate".to_owned()));
}

#[test]
fn conditions_choose_the_first_supplier_of_a_sale() {
    let first = |when: fn(&mut RouteCondition)| {
        let mut world = world(when);
        world.sold("1", "gated", 1);
        fulfils(&world, "1")
    };
    assert_eq!(first(|_| {}), "gate");
    assert_eq!(first(|when| when.from = Some(date("2026-10-01"))), "gate");
    assert_eq!(first(|when| when.from = Some(date("2026-10-02"))), "second");
    assert_eq!(first(|when| when.to = Some(date("2026-09-30"))), "second");
    assert_eq!(first(|when| when.channels = vec![id("shop")]), "gate");
    assert_eq!(first(|when| when.channels = vec![id("elsewhere")]), "second");
    assert_eq!(first(|when| when.least_left = Some(10)), "gate", "ten are left before this sale");
    assert_eq!(first(|when| when.least_left = Some(11)), "second");
}

#[test]
fn a_supplier_that_is_off_or_too_small_is_passed_over() {
    let mut world = world(|_| {});
    world.supplier("gate", |rules| rules.units_limit = Some(1));
    world.sold("1", "gated", 2);
    assert_eq!(fulfils(&world, "1"), "second");
    world.supplier("gate", |rules| rules.selling = false);
    world.sold("2", "gated", 1);
    assert_eq!(fulfils(&world, "2"), "second");
    for connection in ["second", "codes"] {
        world.supplier(connection, |rules| rules.selling = false);
    }
    world.no_because(Reason::Paused, create("3", "gated", 1, None));
}

#[test]
fn who_was_switched_off_meanwhile_is_not_asked_after_a_no() {
    let mut world = world(|_| {});
    world.ok(codes("codes-a", &["A"]));
    world.sold("1", "gated", 1);
    world.ok(start_issue("1"));
    world.supplier("second", |rules| rules.selling = false);
    refuse(&mut world, "1");
    assert_eq!((world.order("1").state, fulfils(&world, "1")), (OrderState::Issued, "codes".to_owned()));
}

#[test]
fn a_hold_that_is_refused_is_asked_of_the_next() {
    let mut world = world(|_| {});
    for connection in ["gate", "second"] {
        world.supplier(connection, |rules| rules.holds = Some(Holds { longest_ms: 600_000, extends: false }));
    }
    world.ok(create("1", "gated", 1, None));
    let order = world.order("1").id.clone();
    let holding = Holding::Refused(Refusal::new(Reason::SoldOut, "full"));
    world.ok(Body::RecordHold { order: order.clone(), holding: holding.clone() });
    assert_eq!((world.order("1").state, fulfils(&world, "1")), (OrderState::Created, "second".to_owned()));
    let holds = world.jobs.iter().filter(|job| matches!(job.kind, JobKind::Hold { .. })).count();
    assert_eq!(holds, 2);
}

#[test]
fn a_sku_names_suppliers_that_are_there() {
    let mut world = world(|_| {});
    let base = world.rules.catalogue.skus[&id("gated")].clone();
    let with = |routes| entrepot_contract::product::Sku { otherwise: routes, ..base.clone() };
    let always = RouteCondition::default;
    let elsewhere = RouteCondition { channels: vec![id("nowhere")], ..always() };
    let backwards = RouteCondition { from: Some(date("2026-10-02")), to: Some(date("2026-10-01")), ..always() };
    for (routes, told) in [
        (vec![route("shop", "x", always())], "no supplier"),
        (vec![route("gate", "G1", always())], "twice"),
        (vec![route("second", "x", elsewhere)], "no channel"),
        (vec![route("second", "x", backwards)], "end before"),
    ] {
        let entries = vec![CatalogueEntry::Sku(with(routes))];
        let text = world.no_because(Reason::Malformed, Body::PutCatalogue { entries });
        assert!(text.contains(told), "{text}");
    }
    let own = entrepot_contract::product::Sku { fulfilment: Fulfilment::OwnNumber, ..base };
    let text = world.no_because(Reason::Malformed, Body::PutCatalogue { entries: vec![CatalogueEntry::Sku(own)] });
    assert!(text.contains("no supplier"), "{text}");
}

//! The guest's own document is the credential.

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::{CredentialKind, Guest, GuestField, Guests, OrderState};
use entrepot_contract::outcome::Reason;
use entrepot_contract::product::{Collect, DocumentKind, Fulfilment, Product, Sku};
use entrepot_domain::alert::AlertKind;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CatalogueEntry};

use crate::world::*;

/// `own` shows documents: one for each unit, identity cards and passports.
fn world() -> World {
    let mut world = World::new();
    let (product, sku) = entry(&world, |product| product.guests.collect = Collect::EveryGuest, |_| {});
    world.ok(put(&[product, sku]));
    world
}

/// The product and SKU behind `own`, changed; documents are asked for and shown.
fn entry(
    world: &World,
    of_product: impl FnOnce(&mut Product),
    of_sku: impl FnOnce(&mut Sku),
) -> (CatalogueEntry, CatalogueEntry) {
    let catalogue = &world.rules.catalogue;
    let mut sku = catalogue.skus[&id("own")].clone();
    let mut product = catalogue.products[&sku.product].clone();
    product.guests.documents = vec![DocumentKind::IdentityCard, DocumentKind::Passport];
    sku.fulfilment = Fulfilment::Document;
    of_product(&mut product);
    of_sku(&mut sku);
    (CatalogueEntry::Product(product), CatalogueEntry::Sku(sku))
}

fn put(entries: &[CatalogueEntry]) -> Body {
    Body::PutCatalogue { entries: entries.to_vec() }
}

fn passport(number: Option<GuestField>) -> Guest {
    Guest { document: number, document_kind: Some(DocumentKind::Passport), ..Guest::default() }
}

fn plain(number: &str) -> Option<GuestField> {
    Some(GuestField::Plain(number.to_owned()))
}

/// An order of `own` for these guests, paid.
fn sale(world: &World, number: &str, visitors: Vec<Guest>) -> Body {
    let count = u32::try_from(visitors.len()).unwrap();
    let mut intent = creation(number, "own", count, Some(world.now));
    intent.wish.guests = Guests { buyer: None, visitors, ..Guests::default() };
    Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() }
}

#[test]
fn every_unit_is_shown_by_the_document_of_its_guest() {
    let mut world = world();
    let guests = vec![
        Guest { document_kind: Some(DocumentKind::IdentityCard), ..passport(plain("110101199003070011")) },
        passport(plain(" E1234567x ")),
    ];
    let Answer::Created { order, .. } = world.ok(sale(&world, "1", guests)) else { panic!("not created") };
    assert!(!world.credentials.contains_key(&order), "what is sold is not issued yet");
    world.ok(start_issue("1"));
    let shown: Vec<_> = world.credentials[&order].iter().map(|unit| (unit.unit, unit.credentials[0].clone())).collect();
    let told: Vec<_> =
        shown.iter().map(|(unit, one)| (*unit, one.kind, one.value.as_str(), one.document_kind.unwrap())).collect();
    assert_eq!(
        told,
        [
            (1, CredentialKind::Document, "110101199003070011", DocumentKind::IdentityCard),
            (2, CredentialKind::Document, "E1234567x", DocumentKind::Passport),
        ]
    );
    world.at("2026-10-01T02:00:00Z");
    world.ok(redeem("1", UnitChoice::Numbers(vec![2]), world.now));
}

#[test]
fn they_are_there_at_once_where_acceptance_issues() {
    let mut world = world();
    world.channel("shop", |rules| rules.issue_at_acceptance = true);
    let Answer::Created { order, .. } = world.ok(sale(&world, "1", vec![passport(plain("E1"))])) else { panic!() };
    assert_eq!(world.order("1").state, OrderState::Issued);
    assert_eq!(world.credentials[&order][0].credentials[0].value, "E1");
}

#[test]
fn documents_that_nobody_can_read_are_not_sold() {
    let mut world = world();
    let sealed = Some(GuestField::Sealed("Enc.abc".to_owned()));
    let text = world.no_because(Reason::DocumentMissing, sale(&world, "1", vec![passport(sealed)]));
    assert!(text.contains("guest 1") && text.contains("sealed"), "{text}");
    world.no_because(Reason::DocumentMissing, sale(&world, "2", vec![passport(None)]));
    world.no_because(Reason::DocumentMissing, sale(&world, "3", vec![passport(plain("  "))]));
    let twice = vec![passport(plain("e7")), passport(plain("E7"))];
    let text = world.no_because(Reason::GuestsMismatch, sale(&world, "4", twice));
    assert!(text.contains("guest 2") && !text.to_uppercase().contains("E7"), "{text}");
    assert!(world.orders.is_empty());
}

#[test]
fn an_order_whose_guests_were_taken_away_is_not_issued() {
    let mut world = world();
    let Answer::Created { order, .. } = world.ok(sale(&world, "1", vec![passport(plain("E1"))])) else { panic!() };
    world.guests.insert(order, Guests::default());
    assert!(matches!(world.ok(start_issue("1")), Answer::NotIssued { .. }));
    assert_eq!(world.order("1").state, OrderState::Refused);
    assert!(world.alerts.keys().any(|(kind, _)| *kind == AlertKind::IssueRefused));
}

#[test]
fn the_catalogue_has_one_document_for_each_unit() {
    let mut world = World::new();
    let every = |product: &mut Product| product.guests.collect = Collect::EveryGuest;
    let refused = [
        (entry(&world, |_| {}, |_| {}), "every_guest"),
        (entry(&world, every, |sku| sku.persons_per_unit = 2), "persons_per_unit 1"),
        (entry(&world, |product| product.guests.collect = Collect::OneGuest, |_| {}), "maximum_units 1"),
        (
            entry(
                &world,
                |product| {
                    every(product);
                    product.guests.documents.clear();
                },
                |_| {},
            ),
            "guests.documents",
        ),
    ];
    for ((product, sku), expected) in refused {
        let text = world.no_because(Reason::Malformed, put(&[product, sku]));
        assert!(text.contains(expected), "{text}");
    }
    let one = |product: &mut Product| product.guests.collect = Collect::OneGuest;
    let (product, sku) = entry(&world, one, |sku| sku.maximum_units = 1);
    world.ok(put(&[product, sku]));
    // The product alone cannot stop asking afterwards.
    let (product, _) = entry(&world, |product| product.guests.documents.clear(), |_| {});
    world.no_because(Reason::Malformed, put(std::slice::from_ref(&product)));
    let CatalogueEntry::Sku(sku) = entry(&world, |_| {}, |sku| sku.fulfilment = Fulfilment::OwnNumber).1 else {
        panic!()
    };
    world.ok(put(&[product, CatalogueEntry::Sku(sku)]));
}

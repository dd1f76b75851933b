//! What has to hold for a voucher and what is reserved with it: each fault by itself, with its sentence in both languages.

use std::collections::BTreeSet;

use entrepot_contract::listing::{Listing, ListingNames, Sells};
use entrepot_contract::outcome::Reason;
use entrepot_contract::product::{
    Collect, DocumentKind, Fulfilment, GuestRequirement, Markup, ProductKind, ReservationRule, Validity,
};
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, CatalogueEntry};
use entrepot_domain::pair::{
    HalfFault, KindFault, PairFault, ReservationFault, TextFault, VoucherFault, fits, read, text_of,
};

use crate::world::*;

/// The pair of voucher `trip` and ticket `entry`, as it has to be.
fn world() -> World {
    let mut world = World::new().with_voucher();
    world.product("trip", |product| {
        product.guests = GuestRequirement { phone: true, ..GuestRequirement::default() };
    });
    world.product("entry", |product| {
        let documents = vec![DocumentKind::IdentityCard, DocumentKind::Passport];
        product.guests = GuestRequirement { collect: Collect::EveryGuest, name: true, phone: true, documents };
    });
    world
}

fn pair(text: &str) -> Listing {
    Listing {
        sells: Sells::Pair { voucher: id("trip"), reservation: id("entry") },
        names: ListingNames { sku_out: Some(text.to_owned()), ..ListingNames::default() },
        ..listing("shop", "trip")
    }
}

fn faults(world: &World, listing: &Listing) -> Vec<PairFault> {
    fits(&world.rules.catalogue, listing, '|')
}

#[test]
fn a_text_has_two_halves_and_one_bar() {
    let halves = read("trip|entry", '|').unwrap();
    assert_eq!((halves.voucher, halves.reservation), ("trip", "entry"));
    for (text, fault) in [
        ("", TextFault::NoBar),
        ("tripentry", TextFault::NoBar),
        ("trip｜entry", TextFault::FullWidthBar),
        ("trip|en｜try", TextFault::FullWidthBar),
        ("trip |entry", TextFault::Spaces),
        ("trip|entry\u{3000}", TextFault::Spaces),
        ("trip||entry", TextFault::TwoBars),
        ("trip|entry|more", TextFault::TwoBars),
        ("|entry", TextFault::NoVoucher),
        ("trip|", TextFault::NoReservation),
    ] {
        assert_eq!(read(text, '|'), Err(fault), "{text}");
    }
}

#[test]
fn the_text_is_our_name_that_holds_a_bar() {
    let names = |sku_out: Option<&str>, product_out: Option<&str>| ListingNames {
        sku_out: sku_out.map(str::to_owned),
        product_out: product_out.map(str::to_owned),
        ..ListingNames::default()
    };
    assert_eq!(text_of(&names(Some("x"), Some("a|b")), '|'), Some("a|b"));
    assert_eq!(text_of(&names(Some("a｜b"), Some("x")), '|'), Some("a｜b"));
    assert_eq!(text_of(&names(Some("x"), Some("y")), '|'), Some("x"));
    assert_eq!(text_of(&names(None, None), '|'), None);
}

#[test]
fn halves_are_what_the_listing_sells() {
    let world = world();
    assert_eq!(faults(&world, &pair("trip|entry")), []);
    let half = |fault| vec![PairFault::Half(fault)];
    for (text, found) in [
        ("entry|trip", half(HalfFault::Swapped)),
        ("trip|nothing", half(HalfFault::Unknown("nothing".to_owned()))),
        ("nothing|entry", half(HalfFault::Unknown("nothing".to_owned()))),
        ("trip|own", half(HalfFault::Other { named: "own".to_owned(), sold: id("entry") })),
        ("trip|entry,own", half(HalfFault::Several("entry,own".to_owned()))),
        ("trip", vec![PairFault::Text(TextFault::NoBar)]),
    ] {
        assert_eq!(faults(&world, &pair(text)), found, "{text}");
    }
    assert_eq!(faults(&world, &Listing { sells: Sells::One(id("own")), ..pair("x") }), [], "one SKU is no pair");
}

#[test]
fn one_thing_is_reserved_with_a_voucher() {
    let mut world = world();
    let second = Listing {
        id: id("second"),
        sells: Sells::Pair { voucher: id("trip"), reservation: id("own") },
        on_sale: false,
        ..pair("trip|own")
    };
    world.ok(Body::PutCatalogue { entries: vec![CatalogueEntry::Listing(second.clone())] });
    assert_eq!(faults(&world, &pair("trip|entry")), [], "what is off sale does not count");
    let on_sale = Listing { on_sale: true, ..second };
    world.ok(Body::PutCatalogue { entries: vec![CatalogueEntry::Listing(on_sale)] });
    let fault = PairFault::SecondReservation { listing: id("second"), reservation: id("own") };
    assert_eq!(faults(&world, &pair("trip|entry")), [fault]);
    assert_eq!(faults(&world, &Listing { on_sale: false, ..pair("trip|entry") }), []);
}

/// What one change of the catalogue comes to.
fn changed(change: impl FnOnce(&mut World)) -> Vec<PairFault> {
    let mut world = world();
    change(&mut world);
    faults(&world, &pair("trip|entry"))
}

#[test]
fn each_is_of_its_kind() {
    let voucher = |kind| changed(|world| world.product("trip", |product| product.kind = kind));
    let reserved = |kind| changed(|world| world.product("entry", |product| product.kind = kind));
    let presale = ProductKind::PresaleVoucher;
    assert_eq!(voucher(presale), [PairFault::Kind(id("trip"), KindFault::NoVoucher(presale))]);
    assert_eq!(reserved(ProductKind::Package), []);
    assert_eq!(reserved(ProductKind::RoomStay), [PairFault::Kind(id("entry"), KindFault::Accommodation)]);
    assert_eq!(reserved(presale), [PairFault::Kind(id("entry"), KindFault::NotReserved(presale))]);
}

#[test]
fn the_voucher_asks_for_a_phone_and_costs_once() {
    let rule = |rule| changed(|world| world.product("trip", |product| product.reservation = rule));
    assert_eq!(rule(None), [PairFault::Voucher(VoucherFault::NoRule)]);
    let usual = ReservationRule::default();
    assert_eq!(rule(Some(ReservationRule { together: false, ..usual })), [PairFault::NotTogether]);
    let dear = ReservationRule { markup: Markup::Difference, ..usual };
    assert_eq!(rule(Some(dear)), [PairFault::Markup(Markup::Difference)]);
    let guests = |guests| changed(|world| world.product("trip", |product| product.guests = guests));
    let phone = GuestRequirement { phone: true, ..GuestRequirement::default() };
    for (asked, fault) in [
        (GuestRequirement { collect: Collect::OneGuest, ..phone.clone() }, VoucherFault::MoreThanTheBuyer),
        (GuestRequirement::default(), VoucherFault::NoPhone),
        (GuestRequirement { name: true, ..phone.clone() }, VoucherFault::Name),
        (GuestRequirement { documents: vec![DocumentKind::Passport], ..phone }, VoucherFault::Documents),
    ] {
        assert_eq!(guests(asked), [PairFault::Voucher(fault)]);
    }
    let undated = changed(|world| world.product("trip", |product| product.validity = Validity::VisitDay));
    assert_eq!(undated, [PairFault::Voucher(VoucherFault::NoWindow)]);
    let by = |fulfilment| changed(|world| world.sku("trip", |sku| sku.fulfilment = fulfilment));
    assert_eq!(by(Fulfilment::OwnNumber), []);
    let supplied = Fulfilment::Supplier { connection: id("gate"), product_code: "G".to_owned() };
    assert_eq!(by(supplied), [PairFault::Voucher(VoucherFault::Fulfilment)]);
}

#[test]
fn what_is_reserved_asks_for_guests_and_issues_something() {
    let guests = |change: fn(&mut GuestRequirement)| {
        changed(|world| world.product("entry", |product| change(&mut product.guests)))
    };
    let reservation = |fault| vec![PairFault::Reservation(fault)];
    assert_eq!(guests(|guests| guests.collect = Collect::OneGuest), []);
    assert_eq!(guests(|guests| guests.collect = Collect::Buyer), reservation(ReservationFault::NoGuest));
    assert_eq!(guests(|guests| guests.name = false), reservation(ReservationFault::NoName));
    assert_eq!(guests(|guests| guests.phone = false), reservation(ReservationFault::NoPhone));
    assert_eq!(guests(|guests| guests.documents.clear()), []);
    let foreign = DocumentKind::ForeignPassport;
    assert_eq!(
        guests(|guests| guests.documents.push(DocumentKind::ForeignPassport)),
        reservation(ReservationFault::Document(foreign))
    );
    let window = Validity::Window { from: date("2026-09-20"), to: date("2026-10-31") };
    let windowed = changed(|world| world.product("entry", |product| product.validity = window));
    assert_eq!(windowed, reservation(ReservationFault::Window));
    let nothing = changed(|world| world.sku("entry", |sku| sku.fulfilment = Fulfilment::Nothing));
    assert_eq!(nothing, reservation(ReservationFault::NothingIssued));
}

#[test]
fn every_fault_has_a_sentence_of_its_own_in_both_languages() {
    use {HalfFault as H, KindFault as K, ReservationFault as R, TextFault as T, VoucherFault as V};
    let texts = [T::NoBar, T::FullWidthBar, T::Spaces, T::TwoBars, T::NoVoucher, T::NoReservation];
    let halves = [
        H::Unknown("x".to_owned()),
        H::Other { named: "x".to_owned(), sold: id("entry") },
        H::Swapped,
        H::Several("x,y".to_owned()),
    ];
    let kinds = [K::NoVoucher(ProductKind::Ticket), K::NotReserved(ProductKind::PresaleVoucher), K::Accommodation];
    let of_voucher = [V::NoRule, V::NoWindow, V::MoreThanTheBuyer, V::NoPhone, V::Name, V::Documents, V::Fulfilment];
    let of_reserved =
        [R::Window, R::NoGuest, R::NoName, R::NoPhone, R::Document(DocumentKind::ForeignPassport), R::NothingIssued];
    let mut all: Vec<PairFault> = vec![
        PairFault::SecondReservation { listing: id("second"), reservation: id("own") },
        PairFault::Markup(Markup::Calendar),
        PairFault::NotTogether,
    ];
    all.extend(texts.map(PairFault::Text));
    all.extend(halves.map(PairFault::Half));
    all.extend(kinds.map(|fault| PairFault::Kind(id("entry"), fault)));
    all.extend(of_voucher.map(PairFault::Voucher));
    all.extend(of_reserved.map(PairFault::Reservation));
    let told: Vec<_> = all.iter().map(|fault| fault.said('|')).collect();
    let chinese: BTreeSet<&str> = told.iter().map(|told| told.zh.as_str()).collect();
    let english: BTreeSet<&str> = told.iter().map(|told| told.en.as_str()).collect();
    assert_eq!((chinese.len(), english.len()), (all.len(), all.len()));
    assert!(english.iter().all(|text| text.is_ascii()), "{english:?}");
    assert!(chinese.iter().all(|text| !text.is_ascii()), "{chinese:?}");
}

/// Whoever typed a pair's text wrongly at the channel is told by the order that fails, in the words of the check.
#[test]
fn an_order_for_a_wrong_text_is_refused_with_its_own_sentence() {
    let mut world = world();
    world.channel("shop", |channel| channel.pairs = Some('|'));
    world.ok(Body::PutCatalogue { entries: vec![CatalogueEntry::Listing(pair("trip|entry"))] });
    let buy = |text: &str| {
        let mut intent = creation("1", "trip", 1, None);
        intent.wish.names = ListingNames { sku_out: Some(text.to_owned()), ..ListingNames::default() };
        (intent.wish.visit, intent.wish.guests_final) = (None, false);
        Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() }
    };
    let half = PairFault::Half;
    for (text, fault) in [
        ("trip｜entry", PairFault::Text(TextFault::FullWidthBar)),
        ("trip||entry", PairFault::Text(TextFault::TwoBars)),
        ("trip| entry", PairFault::Text(TextFault::Spaces)),
        ("|entry", PairFault::Text(TextFault::NoVoucher)),
        ("trip|", PairFault::Text(TextFault::NoReservation)),
        ("trip", PairFault::Text(TextFault::NoBar)),
        ("entry|trip", half(HalfFault::Swapped)),
        ("trip|nothing", half(HalfFault::Unknown("nothing".to_owned()))),
        ("nothing|entry", half(HalfFault::Unknown("nothing".to_owned()))),
        ("nothing|nobody", half(HalfFault::Unknown("nothing".to_owned()))),
        ("trip|own", half(HalfFault::Other { named: "own".to_owned(), sold: id("entry") })),
        ("trip|entry,own", half(HalfFault::Several("entry,own".to_owned()))),
    ] {
        let told = fault.said('|');
        match world.give(buy(text)) {
            Answer::Refused(refusal) => {
                assert_eq!((refusal.reason, refusal.text), (Reason::OffSale, told.en), "{text}");
                assert_eq!(refusal.zh, Some(told.zh), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    // What does not look like a pair, or stands on a channel without pairs, is only not listed.
    for (text, pairs) in [("a name of its own", Some('|')), ("trip｜entry", None)] {
        world.channel("shop", |channel| channel.pairs = pairs);
        let Answer::Refused(refusal) = world.give(buy(text)) else { panic!("{text}") };
        assert_eq!((refusal.reason, refusal.zh), (Reason::OffSale, None), "{text}");
    }
    world.ok(buy("trip|entry"));
}

#[test]
fn a_listing_known_by_another_name_does_not_hide_a_wrong_text() {
    let mut world = world();
    world.channel("shop", |channel| channel.pairs = Some('|'));
    let mut listed = pair("trip|entry");
    listed.names = ListingNames { sku: Some("17".to_owned()), ..ListingNames::default() };
    world.ok(Body::PutCatalogue { entries: vec![CatalogueEntry::Listing(listed)] });
    let named = |text: &str| ListingNames {
        sku: Some("17".to_owned()),
        sku_out: Some(text.to_owned()),
        ..ListingNames::default()
    };
    let buy = |names: ListingNames| {
        let mut intent = creation("1", "trip", 1, None);
        (intent.wish.names, intent.wish.visit, intent.wish.guests_final) = (names, None, false);
        Body::CreateOrder { connection: id("shop"), intent: Box::new(intent), people: Vec::new() }
    };
    world.no_because(Reason::OffSale, buy(named("entry|trip")));
    world.ok(buy(named("trip|entry")));
}

//! A voucher and its reservation beside what the channel shows of them.

use std::collections::BTreeMap;

use entrepot_contract::looking::{OrderSeen, SeenState};
use entrepot_contract::money::Money;
use entrepot_contract::product::Markup;
use entrepot_domain::difference::{Difference, DifferenceKind, OwnOrder, orders, under_vouchers};

use crate::joint::{reserved, tells};
use crate::reservations::{reservation, voucher};
use crate::world::*;

fn seen(number: &str, state: SeenState) -> OrderSeen {
    OrderSeen {
        order: id(number),
        state,
        raw_state: format!("{state:?}"),
        own_order: None,
        source_order: None,
        names: Default::default(),
        ordered_at: None,
        paid_at: None,
        updated_at: None,
        units: None,
        used_units: None,
        refunded_units: None,
        paid: None,
        refunded: None,
    }
}

/// As a comparison has them: with what the channel told of each order's own refunds.
fn ours(world: &World) -> Vec<OwnOrder> {
    let own = |number: &str| {
        let order = world.order(number).clone();
        let told = world.refunds.values().filter(|refund| refund.order == order.id);
        let back: Vec<Money> = told.filter_map(|refund| refund.channel_amount).collect();
        let sum = back.iter().map(|amount| amount.amount_minor).sum();
        OwnOrder { order, refunded: (!back.is_empty()).then_some(Money::fen(sum)) }
    };
    vec![own("v"), own("r")]
}

fn kinds(found: &[Difference]) -> Vec<(&str, DifferenceKind)> {
    found.iter().map(|one| (one.subject.as_str(), one.kind)).collect()
}

#[test]
fn the_money_of_a_reservation_is_its_vouchers() {
    let mut world = reserved();
    let shown = |state, of_voucher: i64, of_reservation: i64, back: i64| {
        let voucher = OrderSeen {
            paid: Some(Money::fen(of_voucher)),
            refunded: Some(Money::fen(back)),
            ..seen("v", if back > 0 { SeenState::Refunded } else { SeenState::Paid })
        };
        let money = Some(Money::fen(of_reservation));
        let reservation = OrderSeen { paid: money, refunded: Some(Money::fen(0)), ..seen("r", state) };
        [voucher, OrderSeen { source_order: Some(id("v")), ..reservation }]
    };
    // It shows nothing as paid for the reservation, or the voucher's price: neither is a difference.
    for told in [0, 7] {
        let found = orders(&ours(&world), &shown(SeenState::Issued, 2 * RETAIL, told, 0), world.now);
        assert_eq!(kinds(&found), [], "{found:?}");
    }
    // Money of the voucher itself is compared as ever.
    let found = orders(&ours(&world), &shown(SeenState::Issued, 7, 0, 0), world.now);
    assert_eq!(kinds(&found), [("v", DifferenceKind::Amount)]);
    // It went back by a notice of the reservation, and the channel shows it with the voucher.
    tells(&mut world, "r", "k", 2 * RETAIL);
    let found = orders(&ours(&world), &shown(SeenState::Refunded, 2 * RETAIL, 0, 2 * RETAIL), world.now);
    assert_eq!(kinds(&found), [], "{found:?}");
}

#[test]
fn a_reservation_that_costs_something_is_compared_by_its_own_money() {
    let mut world = World::new().with_voucher();
    world.product("trip", |product| product.reservation.as_mut().unwrap().markup = Markup::Calendar);
    voucher(&mut world, "v", 2);
    world.ok(reservation("r", "v", 2, Some(world.now)));
    world.ok(start_issue("r"));
    let told = OrderSeen { paid: Some(Money::fen(1)), ..seen("r", SeenState::Issued) };
    let found = orders(&ours(&world), &[seen("v", SeenState::Paid), told], world.now);
    assert_eq!(kinds(&found), [("r", DifferenceKind::Amount)]);
}

#[test]
fn a_reservation_is_listed_under_its_voucher() {
    let world = reserved();
    // One that we have, by what we know; one that we miss, by what the channel tells.
    let missed = OrderSeen { source_order: Some(id("v")), ..seen("s", SeenState::Issued) };
    let theirs = [seen("v", SeenState::Paid), OrderSeen { units: Some(9), ..seen("r", SeenState::Issued) }, missed];
    let ours = ours(&world);
    let mut found = orders(&ours, &theirs, world.now);
    let numbers = BTreeMap::from([(world.order("v").id.clone(), id("v"))]);
    under_vouchers(&mut found, &ours, &theirs, &numbers);
    assert_eq!(kinds(&found), [("r", DifferenceKind::Units), ("s", DifferenceKind::MissingHere)]);
    assert!(found.iter().all(|one| one.voucher == Some(id("v"))), "{found:?}");
}

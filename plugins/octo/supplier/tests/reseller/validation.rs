//! The steps of OCTO's reseller validation (§7): the validator plays a supplier, takes the calls of a reseller in one
//! fixed order, and answers FORBIDDEN to any that is out of it. Headers count on each call.

use std::sync::{Arc, Mutex};

use entrepot_sdk::contract::supplier::{SupplierRequest, SupplierResponse};
use entrepot_sdk::prelude::*;
use octo_simulator::Call;
use serde_json::json;

use crate::desk::{DAY, MUSEUM, Table, issued, known, options, order, refused};

const STEPS: [Call; 8] = [
    Call::Supplier,
    Call::Products,
    Call::Product,
    Call::Calendar,
    Call::Availability,
    Call::Reserve,
    Call::Confirm,
    Call::Cancel,
];

/// What a validator notes: the first broken rule of each step.
type Notes = Arc<Mutex<(usize, Vec<String>)>>;

/// The validator: a supplier behind a guard who knows the next step.
async fn validator() -> (Table, Notes) {
    let notes: Notes = Arc::default();
    let guard = Arc::clone(&notes);
    let table = Table::before(json!({"pricing": false}), options(), move |request, response| {
        let path = request.url.strip_prefix("http://partner.test").unwrap_or_default();
        let (mut step, mut complaints) = std::mem::take(&mut *guard.lock().unwrap());
        let call = Call::route(&request.method, path).map(|(call, _)| call);
        let answer = if call == STEPS.get(step).copied() {
            step += 1;
            response
        } else {
            complaints.push(format!("{call:?} is out of order"));
            let body = json!({"error": "FORBIDDEN", "errorMessage": "out of order"}).to_string();
            HttpResponse { status: 403, headers: Vec::new(), body }
        };
        for name in ["authorization", "content-type", "octo-capabilities"] {
            if !request.headers.iter().any(|(held, _)| held == name) {
                complaints.push(format!("{call:?} lacks {name}"));
            }
        }
        *guard.lock().unwrap() = (step, complaints);
        answer
    })
    .await;
    (table, notes)
}

#[tokio::test]
async fn the_validation_s_steps_are_walked_in_its_order() {
    let (table, notes) = validator().await;
    let order = order("1000000000000000001", 2);
    table.read(SupplierRequest::ReadCatalogue { page: None }).await.unwrap();
    let (first, last) = (DAY.parse().unwrap(), DAY.parse().unwrap());
    let product_code = MUSEUM.to_owned();
    table.read(SupplierRequest::ReadCalendar { product_code, first, last, page: None }).await.unwrap();
    issued(table.book(&order).await.unwrap());
    let back = table.cancel(&known(&order), &[1, 2]).await.unwrap();
    assert!(matches!(back, Cancellation::Done { .. }), "{back:?}");
    let (step, complaints) = notes.lock().unwrap().clone();
    assert!(complaints.is_empty(), "{complaints:?}");
    assert_eq!(step, STEPS.len(), "every step was taken");
}

#[tokio::test]
async fn a_hold_keeps_to_the_steps_as_well() {
    let (table, notes) = validator().await;
    let order = order("1000000000000000001", 1);
    table.read(SupplierRequest::ReadCatalogue { page: None }).await.unwrap();
    let (first, last) = (DAY.parse().unwrap(), DAY.parse().unwrap());
    let product_code = MUSEUM.to_owned();
    table.read(SupplierRequest::ReadCalendar { product_code, first, last, page: None }).await.unwrap();
    table.hold(&order, 10).await.unwrap();
    issued(table.book(&known(&order)).await.unwrap());
    table.cancel(&known(&order), &[1]).await.unwrap();
    assert_eq!(notes.lock().unwrap().clone(), (STEPS.len(), Vec::new()));
}

/// §7's list of what is asked of a supplier, from the side of a client: each flow with its answers, good and bad.
#[tokio::test]
async fn every_flow_of_the_supplier_s_validation_is_understood() {
    let table = Table::new().await;
    let read = |code: &str, first: &str, last: &str| SupplierRequest::ReadCalendar {
        product_code: code.to_owned(),
        first: first.parse().unwrap(),
        last: last.parse().unwrap(),
        page: None,
    };
    // supplier, products; calendar and availability: interval, unknown product, unknown option
    let SupplierResponse::Catalogue(goods) = table.read(SupplierRequest::ReadCatalogue { page: None }).await.unwrap()
    else {
        panic!()
    };
    assert!(goods.goods.iter().any(|good| good.product_code == MUSEUM));
    for code in [MUSEUM, crate::desk::BOAT] {
        let SupplierResponse::Calendar(page) = table.read(read(code, DAY, "2026-03-08")).await.unwrap() else {
            panic!()
        };
        assert!(page.cells.iter().all(|cell| cell.open));
    }
    for code in ["nothing/museum-day/adult", "museum/nothing/adult"] {
        assert_eq!(table.read(read(code, DAY, DAY)).await.unwrap_err().kind, FaultKind::NotFound, "{code}");
    }
    // reserve: fine, sold out; extend: fine; confirm: fine; get: hold, booking; cancel: hold, booking
    let held = order("M1", 2);
    table.hold(&held, 10).await.unwrap();
    table.hold(&known(&held), 20).await.unwrap();
    assert!(matches!(table.inquire(&held).await.unwrap(), Booking::Held { .. }));
    table.release(&known(&held)).await.unwrap();
    let sunset = SupplierOrder {
        slot: Some("boat.boat-sunset.20260305T1800".to_owned()),
        ..crate::desk::order_of("boat/boat-sunset/adult", "M2", 1)
    };
    assert_eq!(refused(table.book(&sunset).await.unwrap()).reason, Reason::SoldOut);
    let booked = order("M3", 2);
    issued(table.book(&booked).await.unwrap());
    issued(table.inquire(&booked).await.unwrap());
    // update: unit items; cancel: booking; unknown uuids
    assert!(matches!(table.cancel(&booked, &[1]).await.unwrap(), Cancellation::Done { .. }));
    let mut rest = known(&booked);
    rest.units[0].gone = true;
    assert!(matches!(table.cancel(&rest, &[2]).await.unwrap(), Cancellation::Done { .. }));
    assert_eq!(table.inquire(&order("M404", 1)).await.unwrap(), Booking::NotFound);
    assert!(matches!(table.cancel(&order("M404", 1), &[1]).await.unwrap(), Cancellation::Refused(_)));
}

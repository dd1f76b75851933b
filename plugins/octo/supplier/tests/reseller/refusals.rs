//! Errors by their id in the place of each answer (§5), and answers that never come.

use entrepot_sdk::contract::supplier::Holding;
use entrepot_sdk::prelude::*;
use octo_simulator::Options;
use serde_json::json;

use crate::desk::{Table, known, options, order};

/// A supplier that answers calls whose path ends so with an error.
async fn failing(end: &'static str, status: u16, error: &'static str) -> Table {
    failing_at(options(), json!({}), end, status, error).await
}

async fn failing_at(
    options: Options,
    settings: serde_json::Value,
    end: &'static str,
    status: u16,
    error: &'static str,
) -> Table {
    Table::before(settings, options, move |request, response| {
        if !request.url.ends_with(end) {
            return response;
        }
        let body = json!({"error": error, "errorMessage": "guest 19900000000 may not"}).to_string();
        let headers = vec![("retry-after".to_owned(), "3".to_owned())];
        HttpResponse { status, headers, body }
    })
    .await
}

const NOS: [(&str, Reason); 7] = [
    ("INVALID_PRODUCT_ID", Reason::OffSale),
    ("INVALID_OPTION_ID", Reason::OffSale),
    ("INVALID_UNIT_ID", Reason::OffSale),
    ("INVALID_AVAILABILITY_ID", Reason::DateClosed),
    ("BAD_REQUEST", Reason::Malformed),
    ("UNPROCESSABLE_ENTITY", Reason::SupplierRefused),
    ("NOT_FOUND", Reason::SupplierRefused),
];

#[tokio::test]
async fn every_no_to_a_sale_is_a_refusal_with_its_reason() {
    for (error, reason) in NOS {
        let table = failing("/availability", 400, error).await;
        for told in [table.book(&order("M1", 1)).await.unwrap(), {
            let Holding::Refused(refusal) = table.hold(&order("M1", 1), 10).await.unwrap() else { panic!() };
            Booking::Refused(refusal)
        }] {
            let Booking::Refused(refusal) = told else { panic!("{error}: {told:?}") };
            assert_eq!(refusal.reason, reason, "{error}");
            assert!(refusal.text.contains(error) && !refusal.text.contains("199"), "{}", refusal.text);
        }
    }
}

#[tokio::test]
async fn a_no_is_believed_only_when_nothing_is_there() {
    // The reservation was made, and its answer is a no: the booking that is there counts.
    for (error, _) in NOS {
        let table = failing("/bookings", 400, error).await;
        let booking = table.book(&order("M1", 1)).await.unwrap();
        assert!(matches!(booking, Booking::Issued { .. }), "{error}: {booking:?}");
    }
    for (error, _) in NOS {
        let table = failing("/confirm", 400, error).await;
        let booking = table.book(&order("M1", 1)).await.unwrap();
        assert!(matches!(booking, Booking::Issued { .. }), "{error}: {booking:?}");
    }
    for (error, _) in NOS {
        let table = failing("/cancel", 400, error).await;
        table.book(&order("M1", 1)).await.unwrap();
        let told = table.cancel(&order("M1", 1), &[1]).await.unwrap();
        assert!(matches!(told, Cancellation::Done { .. }), "{error}: {told:?}");
    }
}

#[tokio::test]
async fn what_is_no_certain_no_is_a_fault() {
    for (error, status, kind, effect) in [
        ("UNAUTHORIZED", 400, FaultKind::Unauthenticated, Effect::NotDone),
        ("UNAUTHORIZED", 401, FaultKind::Unauthenticated, Effect::NotDone),
        ("FORBIDDEN", 403, FaultKind::Unauthenticated, Effect::NotDone),
        ("INTERNAL_SERVER_ERROR", 500, FaultKind::Unavailable, Effect::Unknown),
        ("GATEWAY_TIMEOUT", 504, FaultKind::Unavailable, Effect::Unknown),
        ("CLIENT_CLOSED_REQUEST", 499, FaultKind::Unavailable, Effect::Unknown),
        ("UNPROCESSABLE_ENTITY", 503, FaultKind::Unavailable, Effect::Unknown),
        ("SOMETHING_NEW", 400, FaultKind::Refused, Effect::Unknown),
        ("BAD_REQUEST", 429, FaultKind::RateLimited, Effect::NotDone),
    ] {
        for end in ["/availability", "/bookings", "/confirm"] {
            let table = failing(end, status, error).await;
            let fault = table.book(&order("M1", 1)).await.unwrap_err();
            assert_eq!((fault.kind, fault.effect), (kind, effect), "{end} {error} {status}: {fault:?}");
            assert_eq!(fault.retry_after_ms, Some(3_000));
            assert!(!fault.text.contains("199"), "{}", fault.text);
        }
        let table = failing("/cancel", status, error).await;
        table.book(&order("M1", 1)).await.unwrap();
        let fault = table.cancel(&order("M1", 1), &[1]).await.unwrap_err();
        assert_eq!((fault.kind, fault.effect), (kind, effect), "{error} {status}");
    }
}

#[tokio::test]
async fn a_question_that_is_refused_says_nothing_about_the_booking() {
    let uuid_of = |table: &Table| table.desk.bookings()[0].uuid.clone();
    let table = Table::new().await;
    table.book(&order("M1", 1)).await.unwrap();
    let end: &'static str = uuid_of(&table).leak();
    for (error, not_found) in [("INVALID_BOOKING_UUID", true), ("NOT_FOUND", false), ("BAD_REQUEST", false)] {
        for missing_as_not_found in [false, true] {
            let settings = json!({"missing_as_not_found": missing_as_not_found});
            let table = failing_at(options(), settings, end, 404, error).await;
            let told = table.inquire(&order("M1", 1)).await;
            if not_found || (missing_as_not_found && error == "NOT_FOUND") {
                assert_eq!(told.unwrap(), Booking::NotFound);
            } else {
                assert_eq!(told.unwrap_err().effect, Effect::Unknown, "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_may_not_call_is_told_apart() {
    let table = Table::new().await;
    table.desk.block_key(true);
    let fault = table.book(&order("M1", 1)).await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Unauthenticated, Effect::NotDone));
    assert_eq!(fault.partner_code.as_deref(), Some("FORBIDDEN"));
    assert_eq!(table.hold(&known(&order("M1", 1)), 5).await.unwrap_err().kind, FaultKind::Unauthenticated);
    table.desk.block_key(false);
    table.book(&order("M1", 1)).await.unwrap();
}

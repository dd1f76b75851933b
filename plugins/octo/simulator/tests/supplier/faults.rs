//! What goes wrong on purpose.

use std::time::Duration;

use octo_simulator::{Call, Corruption, Fault, Manner, Status};
use serde_json::{Value, json};

use crate::support::*;

#[test]
fn a_hang_comes_before_or_after_the_effect() {
    let desk = desk();
    desk.next_fault(Fault::HangBefore);
    assert_eq!(post(&desk, "/bookings", &museum(1, &["adult"])).manner, Manner::Never);
    assert!(desk.bookings().is_empty());
    desk.next_fault(Fault::HangAfter);
    assert_eq!(post(&desk, "/bookings", &museum(1, &["adult"])).manner, Manner::Never);
    assert_eq!(desk.bookings().len(), 1);
    assert_eq!(reserve(&desk, &museum(1, &["adult"]))["status"], "ON_HOLD", "asked again, it is the same one");
    assert_eq!(desk.bookings().len(), 1);
}

#[test]
fn a_fault_waits_for_its_call() {
    let desk = desk();
    desk.next_fault_on(Call::Confirm, Fault::ServerErrorAfter);
    desk.next_fault_on(Call::Cancel, Fault::ServerError);
    desk.next_fault_on(Call::Get, Fault::GatewayTimeout);
    reserve(&desk, &museum(1, &["adult"]));
    refused(&confirm(&desk, &uuid(1)), 500, "INTERNAL_SERVER_ERROR");
    assert_eq!(desk.booking(&uuid(1)).unwrap().status, Status::Confirmed, "it had its effect");
    refused(&cancel(&desk, &uuid(1)), 500, "INTERNAL_SERVER_ERROR");
    assert_eq!(desk.booking(&uuid(1)).unwrap().status, Status::Confirmed, "it had none");
    refused(&get(&desk, &format!("/bookings/{}", uuid(1))), 504, "GATEWAY_TIMEOUT");
    assert_eq!(desk.faults_waiting(), 0);
}

#[test]
fn answers_come_unreadable_long_or_late() {
    let desk = desk();
    let whole = get(&desk, "/supplier");
    desk.next_fault(Fault::Html);
    assert_eq!(get(&desk, "/supplier").content_type, "text/html");
    desk.next_fault(Fault::EmptyBody);
    assert_eq!(get(&desk, "/supplier").body, "");
    desk.next_fault(Fault::Truncated);
    assert_eq!(get(&desk, "/supplier").value(), Value::Null);
    desk.next_fault(Fault::Oversize(1_000_000));
    let long = get(&desk, "/supplier");
    assert!(long.body.len() > 1_000_000 && long.value() == whole.value());
    desk.next_fault(Fault::Slow(Duration::from_secs(3)));
    let late = get(&desk, "/supplier");
    assert_eq!((late.manner, late.value()), (Manner::After(Duration::from_secs(3)), whole.value()));
}

#[test]
fn another_booking_is_told() {
    let desk = desk();
    reserve(&desk, &museum(1, &["adult"]));
    desk.next_fault(Fault::OtherBooking);
    assert_ne!(get(&desk, &format!("/bookings/{}", uuid(1))).value()["uuid"], json!(uuid(1)), "made up");
    reserve(&desk, &boat(2, &["adult"]));
    desk.next_fault(Fault::OtherBooking);
    let told = confirm(&desk, &uuid(1)).value();
    assert_eq!((&told["uuid"], &told["productId"]), (&json!(uuid(2)), &json!("boat")));
    assert_eq!(desk.booking(&uuid(1)).unwrap().status, Status::Confirmed);
}

/// Each corruption leaves status 200 and damages what it names, in one of: a confirmed booking with tickets, one with
/// a voucher, a cancelled one, a hold, a list of slots.
#[test]
fn every_corruption_damages_an_answer() {
    let desk = desk();
    booked(&desk, &museum(1, &["adult", "adult"]));
    booked(&desk, &boat(2, &["adult"]));
    booked(&desk, &museum(3, &["adult"]));
    ok(&cancel(&desk, &uuid(3)));
    reserve(&desk, &museum(4, &["adult"]));
    let slots = json!({"productId": "boat", "optionId": "boat-day", "localDate": "2026-03-05"});
    let ask = |at: u32| match at {
        0 => desk.answer(&request("POST", "/availability", "octo/pricing").body(&slots)),
        _ => desk.answer(&request("GET", &format!("/bookings/{}", uuid(at)), "octo/pricing")),
    };
    for corruption in Corruption::ALL {
        let damaged = (0..=4).filter(|at| {
            let right = ask(*at);
            desk.next_fault(Fault::Corrupt(corruption));
            let wrong = ask(*at);
            assert_eq!(wrong.status, 200);
            wrong.body != right.body
        });
        assert!(damaged.count() > 0, "{corruption:?}");
    }
    desk.next_fault(Fault::Corrupt(Corruption::Null));
    refused(&get(&desk, "/products/none"), 400, "INVALID_PRODUCT_ID");
}

#[test]
fn corruptions_do_what_their_names_say() {
    let desk = desk();
    booked(&desk, &museum(1, &["adult", "child"]));
    let told = |corruption: Corruption| {
        desk.next_fault(Fault::Corrupt(corruption));
        get_priced(&desk, &format!("/bookings/{}", uuid(1)))
    };
    assert!(told(Corruption::MissingUuid).get("uuid").is_none());
    assert_eq!(told(Corruption::WrongStatus)["status"], "CANCELLED");
    assert!(told(Corruption::NegativePrice)["pricing"]["net"].as_i64().unwrap() < 0);
    assert_eq!(told(Corruption::CurrencyChanged)["unitItems"][0]["pricing"]["currency"], "XTS");
    assert_eq!(told(Corruption::PrecisionChanged)["pricing"]["currencyPrecision"], 3);
    assert_eq!(told(Corruption::FractionalPrice)["pricing"]["retail"], json!(18_000.5));
    assert_eq!(told(Corruption::TicketsNull)["unitItems"][1]["ticket"], Value::Null);
    assert_eq!(told(Corruption::UnitsShort)["unitItems"].as_array().unwrap().len(), 1);
    assert_eq!(told(Corruption::UnitsDoubled)["unitItems"].as_array().unwrap().len(), 3);
    assert_eq!(told(Corruption::ErrorBody)["error"], "UNPROCESSABLE_ENTITY");
    assert!(told(Corruption::WrongShape).is_array());
    let codes = told(Corruption::SameCodes);
    let code = |at: usize| &codes["unitItems"][at]["ticket"]["deliveryOptions"][0]["deliveryValue"];
    assert_eq!(code(0), code(1));
}

//! What the page leaves open: each answer can be chosen.

use chrono::TimeDelta;
use octo_simulator::options::{CancelledHold, Counting, LapsedHolds, LateDelivery, Refund, Repeat, Unissued};
use serde_json::{Value, json};

use crate::support::*;

#[test]
fn lapsed_holds_may_be_forgotten() {
    let desk = desk_with(|options| options.lapsed_holds = LapsedHolds::Forgotten);
    reserve(&desk, &museum(1, &["adult"]));
    desk.advance(TimeDelta::minutes(30));
    refused(&confirm(&desk, &uuid(1)), 400, "INVALID_BOOKING_UUID");
    assert_eq!(confirm(&desk, &uuid(1)).value()["uuid"], json!(uuid(1)));
    assert_eq!(museum_left(&desk), 200);
    assert_eq!(reserve(&desk, &museum(1, &["adult"]))["status"], "ON_HOLD");
}

#[test]
fn repeats_may_be_answered_or_refused() {
    let desk = desk_with(|options| {
        options.repeated_reserve = Repeat::Refused;
        options.repeated_confirm = Repeat::Booking;
        options.repeated_cancel = Repeat::Booking;
    });
    reserve(&desk, &museum(1, &["adult"]));
    refused(&post(&desk, "/bookings", &museum(1, &["adult"])), 400, "UNPROCESSABLE_ENTITY");
    let booked = ok(&confirm(&desk, &uuid(1)));
    desk.advance(TimeDelta::seconds(5));
    assert_eq!(ok(&confirm(&desk, &uuid(1))), booked);
    let cancelled = ok(&cancel(&desk, &uuid(1)));
    desk.advance(TimeDelta::seconds(5));
    assert_eq!(ok(&cancel(&desk, &uuid(1))), cancelled);
    let desk = self::desk();
    self::booked(&desk, &museum(1, &["adult"]));
    refused(&confirm(&desk, &uuid(1)), 400, "UNPROCESSABLE_ENTITY");
}

#[test]
fn cancelling_may_expire_holds_force_and_pay_less() {
    let desk = desk_with(|options| {
        options.cancelled_hold = CancelledHold::Expired;
        options.hold_refund = Refund::None;
        options.refund = Refund::Partial;
        options.force_cancels = true;
    });
    reserve(&desk, &museum(1, &["adult"]));
    let released = ok(&cancel(&desk, &uuid(1)));
    assert_eq!((&released["status"], &released["cancellation"]["refund"]), (&json!("EXPIRED"), &json!("NONE")));
    booked(&desk, &museum(2, &["adult"]));
    assert_eq!(ok(&cancel(&desk, &uuid(2)))["cancellation"]["refund"], "PARTIAL");
    booked(&desk, &museum(3, &["adult"]));
    desk.advance(TimeDelta::days(4));
    refused(&cancel(&desk, &uuid(3)), 400, "UNPROCESSABLE_ENTITY");
    let forced = ok(&post(&desk, &format!("/bookings/{}/cancel", uuid(3)), &json!({"force": true})));
    assert_eq!((&forced["status"], &forced["cancellation"]["refund"]), (&json!("CANCELLED"), &json!("NONE")));
}

#[test]
fn a_part_may_be_refused() {
    let desk = desk_with(|options| options.fewer_units = false);
    let hold = reserve(&desk, &museum(1, &["adult", "adult"]));
    let fewer = json!({"unitItems": [{"uuid": hold["unitItems"][0]["uuid"], "unitId": "adult"}]});
    ok(&confirm(&desk, &uuid(1)));
    refused(&patch(&desk, &uuid(1), &fewer), 400, "UNPROCESSABLE_ENTITY");
    assert_eq!(museum_left(&desk), 198);
}

#[test]
fn places_may_count_heads() {
    let desk = desk_with(|options| options.counting = Counting::Pax);
    let charter =
        |number| body(number, ("charter", "charter-day", "charter.charter-day.20260305T1030"), &["family"; 2]);
    reserve(&desk, &charter(1));
    refused(&post(&desk, "/bookings", &charter(2)), 400, "UNPROCESSABLE_ENTITY");
}

#[test]
fn tickets_may_be_null_before_they_are_issued_and_come_late() {
    let desk = desk_with(|options| {
        options.unissued = Unissued::Null;
        options.late_delivery = LateDelivery::Confirmed;
        options.embed_catalogue = false;
        options.test_mode = true;
    });
    let slot = ("charter", "charter-day", "charter.charter-day.20260305T1030");
    let told = booked(&desk, &body(1, slot, &["family", "family"]));
    assert_eq!(
        (&told["status"], &told["voucher"], &told["testMode"]),
        (&json!("CONFIRMED"), &Value::Null, &json!(true))
    );
    assert_eq!(told["unitItems"][0]["ticket"], Value::Null);
    assert!(told.get("product").is_none() && told["unitItems"][0].get("unit").is_none());
    desk.accept(&uuid(1)).unwrap();
    assert!(get(&desk, &format!("/bookings/{}", uuid(1))).value()["voucher"].is_object());
}

#[test]
fn units_need_not_narrow_availability() {
    let ask = |narrow: bool| {
        let desk = desk_with(|options| options.units_narrow = narrow);
        let units = json!([{"id": "adult", "quantity": 11}]);
        let body = json!({"productId": "boat", "optionId": "boat-day", "localDate": "2026-03-05", "units": units});
        ok(&post(&desk, "/availability", &body))[0]["status"].clone()
    };
    assert_eq!((ask(true), ask(false)), (json!("SOLD_OUT"), json!("AVAILABLE")));
}

#[test]
fn limits_can_be_set() {
    let desk = desk_with(|options| {
        options.unit_items_limit = 2;
        options.range_limit_days = 2;
        options.hold_minutes = 5;
        options.hold_limit_minutes = 7;
        options.strict.known_unit_items = false;
    });
    refused(&post(&desk, "/bookings", &museum(1, &["adult"; 3])), 400, "UNPROCESSABLE_ENTITY");
    assert_eq!(reserve(&desk, &museum(1, &["adult"; 2]))["utcExpiresAt"], "2026-03-01T00:05:00Z");
    let extended = ok(&post(&desk, &format!("/bookings/{}/extend", uuid(1)), &json!({"expirationMinutes": 60})));
    assert_eq!(extended["utcExpiresAt"], "2026-03-01T00:07:00Z");
    let item = json!({"unitItems": [{"uuid": uuid(77), "unitId": "adult"}]});
    assert_eq!(ok(&patch(&desk, &uuid(1), &item))["unitItems"][0]["uuid"], json!(uuid(77)));
    let days = |end: &str| {
        let range =
            json!({"productId": "boat", "optionId": "boat-day", "localDateStart": "2026-03-05", "localDateEnd": end});
        post(&desk, "/availability/calendar", &range)
    };
    assert_eq!(ok(&days("2026-03-06")).as_array().unwrap().len(), 2);
    refused(&days("2026-03-07"), 400, "BAD_REQUEST");
}

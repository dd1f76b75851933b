//! Cancelling and the gate (§4).

use chrono::TimeDelta;
use octo_simulator::Status;
use serde_json::{Value, json};

use crate::support::*;

#[test]
fn a_booking_is_cancelled_whole() {
    let desk = desk();
    booked(&desk, &museum(1, &["adult", "adult"]));
    let told = ok(&cancel(&desk, &uuid(1)));
    assert_eq!((&told["status"], &told["cancellable"]), (&json!("CANCELLED"), &json!(false)));
    let cancellation = json!({"refund": "FULL", "reason": "plans changed", "utcCancelledAt": "2026-03-01T00:00:00Z"});
    assert_eq!(told["cancellation"], cancellation);
    assert_eq!(told["unitItems"][1]["status"], "CANCELLED");
    assert_eq!(museum_left(&desk), 200);
    refused(&cancel(&desk, &uuid(1)), 400, "UNPROCESSABLE_ENTITY");
    refused(&cancel(&desk, &uuid(9)), 400, "INVALID_BOOKING_UUID");
    refused(&confirm(&desk, &uuid(1)), 400, "UNPROCESSABLE_ENTITY");
}

#[test]
fn a_hold_is_released() {
    let desk = desk();
    reserve(&desk, &museum(1, &["adult"]));
    let told = ok(&cancel(&desk, &uuid(1)));
    assert_eq!((&told["status"], &told["utcExpiresAt"]), (&json!("CANCELLED"), &Value::Null));
    assert!(told["cancellation"].is_object());
    desk.advance(TimeDelta::hours(1));
    assert_eq!(desk.booking(&uuid(1)).unwrap().status, Status::Cancelled, "nothing lapses afterwards");
    assert_eq!(museum_left(&desk), 200);
}

#[test]
fn the_cut_off_ends_cancelling() {
    let desk = desk();
    booked(&desk, &museum(1, &["adult"]));
    // Opens 09:00 +08:00 on the 5th, one day of cut-off: until 01:00 UTC on the 4th.
    desk.advance(TimeDelta::days(3) + TimeDelta::hours(1));
    assert_eq!(get(&desk, &format!("/bookings/{}", uuid(1))).value()["cancellable"], true);
    desk.advance(TimeDelta::seconds(1));
    assert_eq!(get(&desk, &format!("/bookings/{}", uuid(1))).value()["cancellable"], false);
    refused(&cancel(&desk, &uuid(1)), 400, "UNPROCESSABLE_ENTITY");
    let force = post(&desk, &format!("/bookings/{}/cancel", uuid(1)), &json!({"force": true}));
    refused(&force, 400, "UNPROCESSABLE_ENTITY");
    desk.cancel_by_supplier(&uuid(1)).unwrap();
    assert_eq!(desk.booking(&uuid(1)).unwrap().status, Status::Cancelled);
    assert!(desk.cancel_by_supplier(&uuid(1)).is_err());
}

#[test]
fn tickets_are_redeemed_singly() {
    let desk = desk();
    let booked = booked(&desk, &museum(1, &["adult", "adult"]));
    let code = |at: usize| {
        let value = &booked["unitItems"][at]["ticket"]["deliveryOptions"][0]["deliveryValue"];
        value.as_str().unwrap().to_owned()
    };
    assert!(desk.redeem("T-none").is_err());
    desk.redeem(&code(0)).unwrap();
    assert!(desk.redeem(&code(0)).is_err(), "used before");
    let told = ok(&get(&desk, &format!("/bookings/{}", uuid(1))));
    assert_eq!((&told["status"], &told["cancellable"]), (&json!("CONFIRMED"), &json!(false)));
    assert_eq!(told["unitItems"][0]["status"], "REDEEMED");
    assert_eq!(told["unitItems"][0]["ticket"]["utcRedeemedAt"], "2026-03-01T00:00:00Z");
    assert_eq!((&told["unitItems"][1]["status"], &told["utcRedeemedAt"]), (&json!("CONFIRMED"), &Value::Null));
    refused(&cancel(&desk, &uuid(1)), 400, "UNPROCESSABLE_ENTITY");
    desk.redeem(&code(1)).unwrap();
    let told = ok(&get(&desk, &format!("/bookings/{}", uuid(1))));
    assert_eq!((&told["status"], &told["utcRedeemedAt"]), (&json!("REDEEMED"), &json!("2026-03-01T00:00:00Z")));
    assert_eq!(museum_left(&desk), 198, "places stay taken");
}

#[test]
fn a_voucher_redeems_the_booking_and_a_name_list_needs_no_code() {
    let desk = desk();
    let boat = booked(&desk, &boat(1, &["adult", "youth"]));
    desk.redeem(boat["voucher"]["deliveryOptions"][0]["deliveryValue"].as_str().unwrap()).unwrap();
    assert_eq!(desk.booking(&uuid(1)).unwrap().status, Status::Redeemed);
    booked(&desk, &body(2, ("walk", "walk-day", "walk.walk-day.20260305T0800"), &["adult", "adult"]));
    desk.redeem_units(&uuid(2), &[1]).unwrap();
    assert!(desk.redeem_units(&uuid(2), &[5]).is_err());
    let walk = desk.booking(&uuid(2)).unwrap();
    assert_eq!(
        (walk.status, walk.items[0].status, walk.items[1].status),
        (Status::Confirmed, Status::Confirmed, Status::Redeemed)
    );
}

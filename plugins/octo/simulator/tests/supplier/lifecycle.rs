//! Reserve, confirm, extend, expire, find (§2, §4).

use chrono::TimeDelta;
use octo_simulator::catalogue::Price;
use octo_simulator::{Desk, PriceChange, Status};
use serde_json::{Value, json};

use crate::support::*;

#[test]
fn a_hold_is_confirmed_into_tickets() {
    let desk = desk();
    let hold = reserve(&desk, &museum(1, &["adult", "adult", "child"]));
    assert_eq!((&hold["status"], &hold["utcExpiresAt"]), (&json!("ON_HOLD"), &json!("2026-03-01T00:30:00Z")));
    for name in ["utcConfirmedAt", "utcRedeemedAt", "cancellation", "voucher", "notes"] {
        assert_eq!(hold[name], Value::Null, "{name}");
    }
    assert_eq!(hold["uuid"], json!(uuid(1)));
    assert_ne!(hold["id"], hold["uuid"]);
    assert_eq!(hold["availabilityId"], MUSEUM_SLOT);
    assert_eq!(
        (&hold["testMode"], &hold["freesale"], &hold["cancellable"]),
        (&json!(false), &json!(false), &json!(true))
    );
    assert_eq!(hold["unitItems"][0]["ticket"]["deliveryOptions"], json!([]), "nothing to show yet");
    let booked = ok(&confirm(&desk, &uuid(1)));
    assert_eq!((&booked["status"], &booked["utcExpiresAt"]), (&json!("CONFIRMED"), &Value::Null));
    assert_eq!(booked["utcConfirmedAt"], "2026-03-01T00:00:00Z");
    assert_eq!(booked["resellerReference"], "ORDER-1");
    assert_eq!(booked["deliveryMethods"], json!(["TICKET"]));
    assert_eq!(booked["voucher"], Value::Null);
    let code = |at: usize| &booked["unitItems"][at]["ticket"]["deliveryOptions"][0];
    assert_eq!(code(0)["deliveryFormat"], "QRCODE");
    assert_ne!(code(0)["deliveryValue"], code(1)["deliveryValue"]);
    assert_eq!(ok(&get(&desk, &format!("/bookings/{}", uuid(1)))), booked);
    assert_eq!(museum_left(&desk), 197);
}

#[test]
fn a_voucher_is_one_for_the_booking() {
    let booked = booked(&desk(), &boat(1, &["adult", "youth"]));
    let options = &booked["voucher"]["deliveryOptions"];
    assert_eq!((&options[0]["deliveryFormat"], &options[1]["deliveryFormat"]), (&json!("QRCODE"), &json!("PDF_URL")));
    let code = options[0]["deliveryValue"].as_str().unwrap();
    assert_eq!(options[1]["deliveryValue"], format!("https://tickets.example/{code}.pdf"));
    assert_eq!(booked["unitItems"][0]["ticket"], Value::Null);
    let walk = self::booked(&desk(), &body(2, ("walk", "walk-day", "walk.walk-day.20260305T0800"), &["adult"]));
    assert_eq!((&walk["voucher"], &walk["deliveryMethods"]), (&Value::Null, &json!([])), "MANIFEST: no ticket");
}

#[test]
fn a_repeated_reservation_is_the_same_booking() {
    let desk = desk();
    let first = reserve(&desk, &museum(1, &["adult", "child"]));
    assert_eq!(reserve(&desk, &museum(1, &["child", "adult"])), first, "the order of units is no difference");
    assert_eq!(museum_left(&desk), 198);
    refused(&post(&desk, "/bookings", &museum(1, &["adult"])), 400, "UNPROCESSABLE_ENTITY");
    ok(&confirm(&desk, &uuid(1)));
    assert_eq!(reserve(&desk, &museum(1, &["adult", "child"]))["status"], "CONFIRMED", "as it is now");
    assert_eq!(desk.bookings().len(), 1);
}

#[test]
fn what_cannot_be_sold_is_refused_by_id() {
    let desk = desk();
    let with = |name: &str, value: Value| {
        let mut body = museum(1, &["adult"]);
        body[name] = value;
        post(&desk, "/bookings", &body)
    };
    refused(&with("productId", json!("none")), 400, "INVALID_PRODUCT_ID");
    refused(&with("productId", Value::Null), 400, "BAD_REQUEST");
    refused(&with("optionId", json!("boat-day")), 400, "INVALID_OPTION_ID");
    for id in [BOAT_SLOT, "museum.museum-day.20260305T0900", "museum.museum-day.2026", "", "..", "é"] {
        refused(&with("availabilityId", json!(id)), 400, "INVALID_AVAILABILITY_ID");
    }
    assert_eq!(with("availabilityId", json!(BOAT_SLOT)).value()["availabilityId"], BOAT_SLOT);
    refused(&with("availabilityId", Value::Null), 400, "BAD_REQUEST");
    refused(&with("uuid", json!("order-1")), 400, "INVALID_BOOKING_UUID");
    refused(&with("uuid", json!("5C1B2C3A-0000-4000-8000-00000000000A")), 400, "INVALID_BOOKING_UUID");
    refused(&with("unitItems", json!([{"unitId": "pensioner"}])), 400, "INVALID_UNIT_ID");
    refused(&with("unitItems", Value::Null), 400, "UNPROCESSABLE_ENTITY");
    refused(&with("unitItems", json!([])), 400, "UNPROCESSABLE_ENTITY");
    refused(&with("expirationMinutes", json!(0)), 400, "BAD_REQUEST");
    refused(&with("currency", json!("EUR")), 400, "BAD_REQUEST");
    let twice = json!([{"unitId": "adult", "uuid": uuid(7)}, {"unitId": "adult", "uuid": uuid(7)}]);
    refused(&with("unitItems", twice), 400, "BAD_REQUEST");
    assert_eq!(museum_left(&desk), 200, "no refusal took a place");
}

#[test]
fn restrictions_hold() {
    let desk = desk();
    let units = |units: &[&str]| post(&desk, "/bookings", &museum(1, units));
    refused(&units(&["child"]), 400, "UNPROCESSABLE_ENTITY");
    refused(&units(&["senior", "senior", "senior"]), 400, "UNPROCESSABLE_ENTITY");
    refused(&units(&["adult"; 7]), 400, "UNPROCESSABLE_ENTITY");
    let charter = |units: &[&str]| body(2, ("charter", "charter-day", "charter.charter-day.20260305T1030"), units);
    refused(&post(&desk, "/bookings", &charter(&["guest"])), 400, "UNPROCESSABLE_ENTITY");
    assert_eq!(units(&["adult", "child", "senior", "senior"]).status, 200);
    assert_eq!(post(&desk, "/bookings", &charter(&["guest", "family"])).status, 200);
}

#[test]
fn the_last_place_is_sold_once() {
    let desk = desk();
    reserve(&desk, &boat(1, &["adult"; 9]));
    refused(&post(&desk, "/bookings", &boat(2, &["adult"; 2])), 400, "UNPROCESSABLE_ENTITY");
    reserve(&desk, &boat(3, &["adult"]));
    refused(&post(&desk, "/bookings", &boat(4, &["adult"])), 400, "UNPROCESSABLE_ENTITY");
    let sunset = body(5, ("boat", "boat-sunset", "boat.boat-sunset.20260305T1800"), &["adult"]);
    refused(&post(&desk, "/bookings", &sunset), 400, "UNPROCESSABLE_ENTITY");
    ok(&cancel(&desk, &uuid(3)));
    reserve(&desk, &boat(4, &["adult"]));
}

#[test]
fn holds_lapse_and_give_their_places_back() {
    let desk = desk();
    let mut body = museum(1, &["adult", "adult"]);
    body["expirationMinutes"] = json!(10);
    assert_eq!(reserve(&desk, &body)["utcExpiresAt"], "2026-03-01T00:10:00Z");
    desk.advance(TimeDelta::minutes(10) - TimeDelta::seconds(1));
    assert_eq!(desk.booking(&uuid(1)).unwrap().status, Status::OnHold);
    desk.advance(TimeDelta::seconds(1));
    assert_eq!(museum_left(&desk), 200);
    let lapsed = ok(&get(&desk, &format!("/bookings/{}", uuid(1))));
    assert_eq!((&lapsed["status"], &lapsed["unitItems"][0]["status"]), (&json!("EXPIRED"), &json!("EXPIRED")));
    refused(&confirm(&desk, &uuid(1)), 400, "UNPROCESSABLE_ENTITY");
    refused(&cancel(&desk, &uuid(1)), 400, "UNPROCESSABLE_ENTITY");
    refused(&post(&desk, &format!("/bookings/{}/extend", uuid(1)), &json!({})), 400, "UNPROCESSABLE_ENTITY");
}

#[test]
fn a_hold_is_extended_up_to_the_cap() {
    let desk = desk();
    reserve(&desk, &museum(1, &["adult"]));
    let extend = |body: Value| post(&desk, &format!("/bookings/{}/extend", uuid(1)), &body);
    desk.advance(TimeDelta::minutes(20));
    assert_eq!(ok(&extend(json!({"expirationMinutes": 45})))["utcExpiresAt"], "2026-03-01T01:05:00Z");
    assert_eq!(ok(&extend(json!({"expirationMinutes": 600})))["utcExpiresAt"], "2026-03-01T01:20:00Z", "capped");
    assert_eq!(ok(&extend(json!({"expirationMinutes": 1})))["utcExpiresAt"], "2026-03-01T01:20:00Z", "never earlier");
    refused(&extend(json!({"expirationMinutes": "45"})), 400, "BAD_REQUEST");
    desk.advance(TimeDelta::minutes(59));
    assert_eq!(confirm(&desk, &uuid(1)).status, 200);
    refused(&extend(json!({})), 400, "UNPROCESSABLE_ENTITY");
    refused(&post(&desk, &format!("/bookings/{}/extend", uuid(9)), &json!({})), 400, "INVALID_BOOKING_UUID");
}

#[test]
fn confirmation_asks_for_contacts() {
    let desk = desk();
    reserve(&desk, &boat(1, &["adult"]));
    let confirm = |number: u32, body: Value| post(&desk, &format!("/bookings/{}/confirm", uuid(number)), &body);
    refused(&confirm(1, json!({})), 400, "BAD_REQUEST");
    refused(&confirm(1, json!({"contact": {"emailAddress": "a@example.com"}})), 400, "UNPROCESSABLE_ENTITY");
    refused(&confirm(1, json!({"contact": {"idCard": "1"}})), 400, "BAD_REQUEST");
    refused(&confirm(9, json!({"contact": {}})), 400, "INVALID_BOOKING_UUID");
    assert_eq!(desk.booking(&uuid(1)).unwrap().status, Status::OnHold, "a refusal leaves the hold");
    let told = ok(&confirm(1, json!({"contact": {"fullName": "Test Guest"}, "resellerReference": "ORDER-X"})));
    assert_eq!((&told["resellerReference"], &told["contact"]["fullName"]), (&json!("ORDER-X"), &json!("Test Guest")));
    assert_eq!(told["contact"]["locales"], json!([]));
    let mut charter = body(2, ("charter", "charter-day", "charter.charter-day.20260305T1030"), &["guest", "guest"]);
    let guest = json!({"firstName": "Test", "lastName": "Guest"});
    charter["unitItems"] = json!([{"unitId": "guest", "contact": guest}, {"unitId": "guest"}]);
    reserve(&desk, &charter);
    refused(&confirm(2, json!({"contact": {}})), 400, "UNPROCESSABLE_ENTITY");
}

#[test]
fn late_confirmation_is_pending_until_the_supplier_decides() {
    let desk = desk();
    for number in [1, 2] {
        pending(&desk, number);
    }
    assert!(desk.accept(&uuid(3)).is_err());
    desk.accept(&uuid(1)).unwrap();
    desk.reject(&uuid(2)).unwrap();
    assert!(desk.reject(&uuid(1)).is_err());
    let accepted = ok(&get(&desk, &format!("/bookings/{}", uuid(1))));
    assert_eq!(accepted["status"], "CONFIRMED");
    assert_eq!(accepted["voucher"]["deliveryOptions"].as_array().unwrap().len(), 1);
    assert_eq!(accepted["unitItems"][1]["ticket"]["deliveryOptions"].as_array().unwrap().len(), 1);
    let rejected = ok(&get(&desk, &format!("/bookings/{}", uuid(2))));
    assert_eq!((&rejected["status"], &rejected["cancellable"]), (&json!("REJECTED"), &json!(false)));
    pending(&desk, 3);
}

fn pending(desk: &Desk, number: u32) {
    let slot = ("charter", "charter-day", "charter.charter-day.20260305T1030");
    let told = booked(desk, &body(number, slot, &["family"; 4]));
    assert_eq!((&told["status"], &told["utcConfirmedAt"]), (&json!("PENDING"), &Value::Null));
    assert_eq!(told["voucher"]["deliveryOptions"], json!([]));
}

#[test]
fn free_sale_needs_no_availability() {
    let desk = desk();
    let mut body = body(1, ("pass", "pass-any", ""), &["adult"]);
    body.as_object_mut().unwrap().remove("availabilityId");
    let told = booked(&desk, &body);
    assert_eq!(
        (&told["freesale"], &told["availabilityId"], &told["availability"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    let formats = &told["unitItems"][0]["ticket"]["deliveryOptions"];
    assert_eq!(
        (&formats[0]["deliveryFormat"], &formats[1]["deliveryFormat"]),
        (&json!("CODE128"), &json!("PKPASS_URL"))
    );
    desk.advance(TimeDelta::days(400));
    assert_eq!(ok(&cancel(&desk, &uuid(1)))["status"], "CANCELLED", "nothing to cut off from");
}

#[test]
fn prices_are_kept_as_booked() {
    let desk = desk();
    let hold = ok(&post_priced(&desk, "/bookings", &museum(1, &["adult", "child", "adult"])));
    assert_eq!(hold["pricing"]["retail"], 30_000);
    assert_eq!(hold["pricing"]["net"], 24_000);
    assert_eq!(hold["pricing"]["includedTaxes"][0]["retail"], 1_500, "taxes of one name are added");
    assert_eq!(hold["unitItems"][1]["pricing"]["net"], 4_800);
    assert!(hold["option"]["units"][0]["pricing"].is_array() && hold["option"]["units"][0]["pricingFrom"].is_null());
    assert!(!get(&desk, &format!("/bookings/{}", uuid(1))).body.contains("ricing"));
    let price =
        Price { currency: "CNY".to_owned(), precision: 2, original: 2, retail: 2, net: Some(1), taxes: Vec::new() };
    let (product, option, unit, date) = ("museum", "museum-day", Some("adult"), None);
    desk.set_price(PriceChange { product, option, unit, date, price }).unwrap();
    assert_eq!(get_priced(&desk, &format!("/bookings/{}", uuid(1)))["pricing"], hold["pricing"]);
    assert_eq!(ok(&post_priced(&desk, "/bookings", &museum(3, &["adult"])))["pricing"]["net"], 1);
    let mut charter = body(2, ("charter", "charter-day", "charter.charter-day.20260305T1030"), &["family"; 2]);
    charter["currency"] = json!("USD");
    let charter = ok(&post_priced(&desk, "/bookings", &charter));
    assert_eq!((&charter["pricing"]["currency"], &charter["pricing"]["retail"]), (&json!("USD"), &json!(42_857)));
    assert_eq!(charter["unitItems"][0]["pricing"], Value::Null);
}

#[test]
fn bookings_are_found_by_one_filter() {
    let desk = desk();
    let first = reserve(&desk, &museum(1, &["adult"]));
    reserve(&desk, &boat(2, &["adult"]));
    let found = |query: &str| {
        let list = ok(&get(&desk, &format!("/bookings?{query}")));
        list.as_array().unwrap().iter().map(|one| one["productId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("resellerReference=ORDER%2D1"), ["museum"]);
    assert_eq!(found(&format!("supplierReference={}", first["supplierReference"].as_str().unwrap())), ["museum"]);
    assert_eq!(found("localDate=2026-03-05"), ["museum", "boat"]);
    assert_eq!(found("localDateStart=2026-03-01&localDateEnd=2026-03-31&productId=boat"), ["boat"]);
    assert_eq!(found("localDate=2026-03-05&optionId=museum-day"), ["museum"]);
    assert!(found("localDate=2026-03-06").is_empty());
    for query in ["", "productId=boat", "localDateStart=2026-03-05", "localDate=tomorrow", "reference=1"] {
        refused(&get(&desk, &format!("/bookings?{query}")), 400, "BAD_REQUEST");
    }
    refused(&get(&desk, "/bookings?localDate=2026-03-05&resellerReference=ORDER-1"), 400, "BAD_REQUEST");
    refused(&get(&desk, &format!("/bookings/{}", uuid(9))), 400, "INVALID_BOOKING_UUID");
    refused(&get(&desk, &format!("/bookings/{}", first["id"].as_str().unwrap())), 400, "INVALID_BOOKING_UUID");
}

//! Updates (§2, §4): a part given back, another date, another product.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::*;

fn items(booking: &Value, kept: &[usize]) -> Vec<Value> {
    let item = |at: &usize| {
        let held = &booking["unitItems"][*at];
        json!({"uuid": held["uuid"], "unitId": held["unitId"]})
    };
    kept.iter().map(item).collect()
}

#[test]
fn fewer_unit_items_give_a_part_back() {
    let desk = desk();
    let booked = booked(&desk, &museum(1, &["adult", "adult", "child"]));
    let told = ok(&patch(&desk, &uuid(1), &json!({"unitItems": items(&booked, &[0, 2])})));
    assert_eq!(told["status"], "CONFIRMED");
    assert_eq!(told["unitItems"].as_array().unwrap().len(), 2);
    assert_eq!(told["unitItems"][0]["ticket"], booked["unitItems"][0]["ticket"], "what stays keeps its ticket");
    assert_eq!(told["unitItems"][1]["uuid"], booked["unitItems"][2]["uuid"]);
    assert_eq!(museum_left(&desk), 198);
    let alone = json!({"unitItems": items(&booked, &[2])});
    refused(&patch(&desk, &uuid(1), &alone), 400, "UNPROCESSABLE_ENTITY");
    refused(&patch(&desk, &uuid(1), &json!({"unitItems": []})), 400, "UNPROCESSABLE_ENTITY");
    let gone = json!({"unitItems": items(&booked, &[0, 1])});
    refused(&patch(&desk, &uuid(1), &gone), 400, "UNPROCESSABLE_ENTITY");
    assert_eq!(museum_left(&desk), 198);
}

#[test]
fn more_unit_items_get_tickets_and_need_places() {
    let desk = desk();
    let booked = booked(&desk, &museum(1, &["adult"]));
    let mut more = items(&booked, &[0]);
    more.push(json!({"unitId": "child"}));
    let told = ok(&patch(&desk, &uuid(1), &json!({"unitItems": more})));
    let code = |at: usize| told["unitItems"][at]["ticket"]["deliveryOptions"][0]["deliveryValue"].clone();
    assert!(code(1).is_string() && code(0) != code(1));
    desk.sell_out("museum", "museum-day", "2026-03-05").unwrap();
    let mut more = items(&told, &[0, 1]);
    more.push(json!({"unitId": "child"}));
    refused(&patch(&desk, &uuid(1), &json!({"unitItems": more})), 400, "UNPROCESSABLE_ENTITY");
    let retyped = json!({"unitItems": [{"uuid": told["unitItems"][0]["uuid"], "unitId": "child"}]});
    refused(&patch(&desk, &uuid(1), &retyped), 400, "INVALID_UNIT_ID");
}

#[test]
fn confirmation_may_change_the_units() {
    let desk = desk();
    let hold = reserve(&desk, &museum(1, &["adult", "adult"]));
    let body = json!({"contact": {}, "unitItems": items(&hold, &[1])});
    let told = ok(&post(&desk, &format!("/bookings/{}/confirm", uuid(1)), &body));
    assert_eq!(told["unitItems"].as_array().unwrap().len(), 1);
    assert_eq!(told["unitItems"][0]["uuid"], hold["unitItems"][1]["uuid"]);
    assert_eq!(museum_left(&desk), 199);
}

#[test]
fn another_date_moves_the_places() {
    let desk = desk();
    booked(&desk, &museum(1, &["adult"]));
    let told = ok(&patch(&desk, &uuid(1), &json!({"availabilityId": "museum.museum-day.20260306"})));
    assert_eq!(told["availabilityId"], "museum.museum-day.20260306");
    assert_eq!(museum_left(&desk), 200);
    desk.sell_out("museum", "museum-day", "2026-03-07").unwrap();
    let sold_out = json!({"availabilityId": "museum.museum-day.20260307"});
    refused(&patch(&desk, &uuid(1), &sold_out), 400, "UNPROCESSABLE_ENTITY");
    refused(&patch(&desk, &uuid(1), &json!({"availabilityId": BOAT_SLOT})), 400, "INVALID_AVAILABILITY_ID");
    refused(&patch(&desk, &uuid(9), &json!({})), 400, "INVALID_BOOKING_UUID");
}

#[test]
fn another_product_needs_its_own_ids() {
    let desk = desk();
    reserve(&desk, &museum(1, &["adult", "child"]));
    refused(&patch(&desk, &uuid(1), &json!({"productId": "boat"})), 400, "INVALID_OPTION_ID");
    refused(&patch(&desk, &uuid(1), &json!({"productId": "boat", "optionId": "boat-day"})), 400, "BAD_REQUEST");
    let mut whole = json!({"productId": "boat", "optionId": "boat-day", "availabilityId": BOAT_SLOT});
    refused(&patch(&desk, &uuid(1), &whole), 400, "INVALID_UNIT_ID");
    whole["unitItems"] = json!([{"unitId": "youth"}]);
    let told = ok(&patch(&desk, &uuid(1), &whole));
    assert_eq!((&told["productId"], &told["deliveryMethods"]), (&json!("boat"), &json!(["VOUCHER"])));
    let priced = get_priced(&desk, &format!("/bookings/{}", uuid(1)));
    assert_eq!(priced["pricing"]["retail"], 15_000);
}

#[test]
fn details_change_while_cancellable() {
    let desk = desk();
    booked(&desk, &museum(1, &["adult"]));
    let change = json!({"contact": {"fullName": "Other Guest"}, "notes": "by the window", "resellerReference": "R2"});
    let told = ok(&patch(&desk, &uuid(1), &change));
    assert_eq!((&told["notes"], &told["resellerReference"]), (&json!("by the window"), &json!("R2")));
    refused(&patch(&desk, &uuid(1), &json!({"expirationMinutes": 5})), 400, "UNPROCESSABLE_ENTITY");
    refused(&patch(&desk, &uuid(1), &json!({"status": "CONFIRMED"})), 400, "BAD_REQUEST");
    desk.advance(TimeDelta::days(4));
    refused(&patch(&desk, &uuid(1), &json!({"notes": "too late"})), 400, "UNPROCESSABLE_ENTITY");
}
